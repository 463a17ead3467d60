package casework

import (
	"context"
	"net/http"
	"net/url"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/identity"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// deputyRow is a deputy in words.
type deputyRow struct {
	flow.Deputy
	by   int64
	name string
	now  bool // the days have begun
}

// deputiesView is the page of one's own deputies.
type deputiesView struct {
	rows     []deputyRow
	standing []string // names of those whose cases the caller looks after today
	others   []ui.Option
	today    string
	by       string
	from     string
	until    string
	refused  *fault.Error
	done     string
}

func (d *Desk) deputies(w http.ResponseWriter, r *http.Request) error {
	done := map[string]string{"set": "代办人已经设定", "ended": "代办已经结束"}[r.URL.Query().Get("done")]
	return d.showDeputies(w, r, http.StatusOK, &deputiesView{done: done})
}

// self is the caller as a colleague.
func self(ctx context.Context) identity.Colleague {
	who := authz.From(ctx)
	return identity.Colleague{ID: who.ID, Grants: who.Grants}
}

func (d *Desk) showDeputies(w http.ResponseWriter, r *http.Request, status int, v *deputiesView) error {
	ctx := r.Context()
	me := self(ctx)
	var err error
	if v.rows, err = d.deputyRows(ctx, me.ID); err != nil {
		return err
	}
	others, err := d.colleagues(ctx, me)
	if err != nil {
		return err
	}
	for _, c := range others {
		v.others = append(v.others, ui.Option{Value: desk.Dec(c.ID), Label: c.Name})
	}
	principals, err := d.Cases.Principals(ctx, spelt(me.ID))
	if err != nil {
		return err
	}
	for _, p := range principals[1:] {
		known, err := d.People.Colleagues(ctx, []int64{number(p)})
		if err != nil {
			return err
		}
		v.standing = append(v.standing, known[number(p)].Name)
	}
	v.today = clock.Today(d.Clock).String()
	return desk.Show(d.Site, w, r, status, desk.Page(d.Site, r, "代办", ui.Link{Href: "/desk/inbox", Label: "待办"}, ui.Link{Label: "代办"}), deputiesPage(v))
}

// deputyRows gives who looks after an account's cases, now or later.
func (d *Desk) deputyRows(ctx context.Context, account int64) ([]deputyRow, error) {
	list, err := d.Cases.Deputies(ctx, spelt(account))
	if err != nil {
		return nil, err
	}
	today := clock.Today(d.Clock)
	var out []deputyRow
	for _, one := range list {
		row := deputyRow{Deputy: one, by: number(one.By), now: one.From <= today}
		known, err := d.People.Colleagues(ctx, []int64{row.by})
		if err != nil {
			return nil, err
		}
		row.name = known[row.by].Name
		out = append(out, row)
	}
	return out, nil
}

// set lets a colleague of an account look after its cases on the days of a form.
func (d *Desk) set(ctx context.Context, of identity.Colleague, form url.Values) error {
	by, err := d.colleague(ctx, of, form.Get("by"))
	if err != nil {
		return err
	}
	from, err1 := clock.ParseDate(form.Get("from"))
	until, err2 := clock.ParseDate(form.Get("until"))
	if err1 != nil || err2 != nil {
		return flow.ErrDeputyDay
	}
	return d.Cases.SetDeputy(ctx, flow.Deputy{Of: spelt(of.ID), By: spelt(by), From: from, Until: until})
}

func (d *Desk) setDeputy(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	err = d.set(r.Context(), self(r.Context()), form)
	if err == nil {
		return desk.See(w, r, deputyPath+"?done=set")
	}
	f, ok := desk.Refusal(err)
	if !ok {
		return err
	}
	return d.showDeputies(w, r, web.Status(err), &deputiesView{refused: f, by: form.Get("by"), from: form.Get("from"), until: form.Get("until")})
}

func (d *Desk) endDeputy(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	by, ok := desk.Number(form.Get("by"))
	if !ok {
		return desk.ErrForm
	}
	if err := d.Cases.EndDeputy(r.Context(), spelt(authz.From(r.Context()).ID), spelt(by)); err != nil {
		return err
	}
	return desk.See(w, r, deputyPath+"?done=ended")
}

// deputyOf sets a deputy for somebody who cannot do so, such as one who fell ill.
func (d *Desk) deputyOf(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	who, err := d.holder(ctx, r.PathValue("account"))
	if err != nil {
		return err
	}
	err = d.set(ctx, who.Colleague, form)
	if err == nil {
		return desk.See(w, r, who.href()+"?done=deputy")
	}
	f, ok := desk.Refusal(err)
	if !ok {
		return err
	}
	return d.showPlan(w, r, web.Status(err), &planView{refused: f})
}
