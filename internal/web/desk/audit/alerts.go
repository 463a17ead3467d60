package audit

import (
	"context"
	"net/http"

	log "gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/fault"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// alertsView is a page of alerts.
type alertsView struct {
	state string
	rows  []log.Alert
	names *names
	pager ui.PagerSpec
	done  bool
}

func alertLink(a *log.Alert) string { return "/desk/audit/alerts/" + place(a.FirstAt, a.ID) }

// alerts shows what is open, or what was handled.
func (d *Desk) alerts(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	v := &alertsView{state: log.Open, done: q.Get("done") != ""}
	if q.Get("state") == log.Handled {
		v.state = log.Handled
	}
	units, err := d.reach(ctx, authz.AlertRead)
	if err != nil {
		return err
	}
	var next string
	if v.rows, next, err = d.Log.Alerts(ctx, v.state, units, q.Get("after"), rowsPerPage); err != nil {
		return err
	}
	var subjects []int64
	for i := range v.rows {
		subjects = append(subjects, v.rows[i].Subject)
	}
	if v.names, err = d.names(ctx, subjects); err != nil {
		return err
	}
	if q.Get("after") != "" {
		v.pager.First = desk.Query("/desk/audit/alerts", "state", v.state)
	}
	if next != "" {
		v.pager.Next = desk.Query("/desk/audit/alerts", "state", v.state, "after", next)
	}
	return desk.Show(d.site, w, r, http.StatusOK, desk.Page(d.site, r, "异常提醒", ui.Link{Label: "异常提醒"}), alertsPage(v))
}

// alertAt gives the alert that an address names.
func (d *Desk) alertAt(ctx context.Context, text string) (log.Alert, error) {
	_, id, before, ok := parsePlace(text)
	if !ok {
		return log.Alert{}, errNoAlert
	}
	list, _, err := d.Log.Alerts(ctx, "", nil, before, 1)
	if err != nil {
		return log.Alert{}, err
	}
	if len(list) == 0 || list[0].ID != id {
		return log.Alert{}, errNoAlert
	}
	return list[0], nil
}

// ofAlert guards an alert: it is the unit's whose officer raised it, and nobody handles one about themselves.
func (d *Desk) ofAlert(a authz.Action) web.Guard {
	return web.Of(a, unitPlace, func(r *http.Request) (authz.Scope, error) {
		alert, err := d.alertAt(r.Context(), r.PathValue("place"))
		if err != nil {
			return authz.Scope{}, err
		}
		s, err := d.unitScope(r.Context(), alert.Who.Agency)
		s.Author = authz.NoAccount
		if alert.Who.Kind == string(authz.Account) || alert.Who.Kind == string(authz.Key) {
			s.Author = alert.Who.ID
		}
		return s, err
	})
}

// alertView is one alert with the form to handle it.
type alertView struct {
	log.Alert
	names       *names
	account     string
	mayHandle   bool
	reason      string
	reasonFault string
	fault       *fault.Error
}

func (d *Desk) alert(w http.ResponseWriter, r *http.Request) error {
	return d.showAlert(w, r, http.StatusOK, &alertView{})
}

func (d *Desk) showAlert(w http.ResponseWriter, r *http.Request, status int, v *alertView) error {
	ctx := r.Context()
	var err error
	if v.Alert, err = d.alertAt(ctx, r.PathValue("place")); err != nil {
		return err
	}
	if v.names, err = d.names(ctx, []int64{v.Subject}); err != nil {
		return err
	}
	scope, err := d.unitScope(ctx, v.Who.Agency)
	if err != nil {
		return err
	}
	scope.Author = authz.NoAccount
	if v.Who.ID != 0 {
		scope.Author = v.Who.ID
	}
	v.mayHandle = v.State == log.Open && d.site.May(ctx, authz.AlertHandle, scope)
	v.account = d.accountName(ctx, v.Who)
	p := desk.Page(d.site, r, "异常提醒", ui.Link{Href: "/desk/audit/alerts", Label: "异常提醒"}, ui.Link{Label: "一条提醒"})
	return desk.Show(d.site, w, r, status, p, alertPage(v))
}

// handle closes an alert with what was found.
func (d *Desk) handle(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	_, id, _, ok := parsePlace(r.PathValue("place"))
	if !ok {
		return errNoAlert
	}
	v := &alertView{reason: desk.Cut(form.Get("reason"), 600)}
	err = d.Log.Handle(r.Context(), who(r.Context()), id, v.reason)
	if err == nil {
		return desk.See(w, r, "/desk/audit/alerts?done=1")
	}
	f, known := desk.Refusal(err)
	if !known {
		return err
	}
	if f.Is(log.ErrReason) {
		v.reasonFault = desk.Words(f)
	} else {
		v.fault = f
	}
	return d.showAlert(w, r, web.Status(err), v)
}

func (v *alertView) facts() []ui.Fact {
	facts := []ui.Fact{
		{Label: "判断标准", Value: v.RuleName},
		{Label: "哪一天", Value: v.Day.String()},
		{Label: "情况", Value: detailWords(v.Detail), Note: "当天共 " + ui.Num(int(v.Count)) + " 次", Wide: true},
		{Label: "谁", Value: whoWords(v.Who), Note: v.account},
		{Label: "单位", Value: v.names.unit(v.Who.Agency)},
		{Label: "被查主体", Value: v.names.subject(v.Subject)},
		{Label: "第一次", Value: desk.Exact(v.FirstAt)},
		{Label: "最近一次", Value: desk.Exact(v.LastAt)},
		{Label: "提醒编号", Value: desk.Dec(v.ID), Code: true},
		{Label: "引起提醒的查询", Value: desk.Dec(v.Access), Link: desk.Query("/desk/audit/find", "number", desk.Dec(v.Access))},
	}
	if v.State == log.Handled {
		facts = append(facts, ui.Fact{Label: "处理", Value: whoWords(v.HandledBy) + "，" + desk.Exact(v.HandledAt), Note: v.Reason, Wide: true})
	}
	return facts
}

// lookups leads to what the alert's actor, or everyone about its subject, looked up that day.
func (v *alertView) lookups() string {
	day := v.Day.String()
	if v.Who.ID != 0 {
		return desk.Query("/desk/audit/access", "who", desk.Dec(v.Who.ID), "from", day, "to", day)
	}
	return desk.Query("/desk/audit/access", "subject", desk.Dec(v.Subject))
}
