package lookup

import (
	"context"
	"net/http"
	"strings"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/consent"
	"gongxin/internal/publish"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// recentConsents is how many of the consents that its unit was given the desk looks through for living ones.
const recentConsents = 50

// consentView is the desk of institutions.
type consentView struct {
	whomForm
	units       []agency.Agency
	unit        int64
	number, aim string
	numbered    string // fault of the consent's number
	aimFault    string
	aims        []ui.Option
	live        []consentRow
	revoked     []consentRow
	result
}

// consentRow is a living consent in words.
type consentRow struct {
	consent.Consent
	label, aim, items string
}

// paper is the page of the consent itself.
func (c *consentRow) paper() string { return "/desk/lookup/consent/" + desk.Dec(c.ID) }

func (c *consentRow) link() string {
	return desk.Query("/desk/lookup/consent", "consent", desk.Dec(c.ID), "aim", c.Purpose, "unit", desk.Dec(c.Grantee)) + "#code"
}

// institution shows the desk.
func (d *Desk) institution(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	v := &consentView{number: desk.Cut(q.Get("consent"), 20), aim: q.Get("aim")}
	if err := d.fillConsent(r, v, q.Get("unit")); err != nil {
		return err
	}
	return d.showConsent(w, r, http.StatusOK, v)
}

// fillConsent puts what can be chosen into the view.
func (d *Desk) fillConsent(r *http.Request, v *consentView, unit string) error {
	ctx := r.Context()
	var err error
	if v.units, err = d.units(ctx, authz.DiscloseConsented); err != nil {
		return err
	}
	v.persons, v.docKinds = true, d.docKinds()
	v.unit, _ = desk.Number(unit)
	if v.unit == 0 && len(v.units) > 0 {
		v.unit = v.units[0].ID
	}
	v.aims = nil
	for _, p := range d.Consents.Bounds().Purposes {
		v.aims = append(v.aims, ui.Option{Value: p.Code, Label: p.Name})
	}
	return d.given(ctx, v)
}

// given reads the newest consents that the unit was given: those in force, and those that were revoked. Their subjects are named as internal lists name
// them.
func (d *Desk) given(ctx context.Context, v *consentView) error {
	var rows []consentRow
	for _, u := range v.units {
		if u.ID != v.unit || !d.site.May(ctx, authz.ConsentRead, authz.Scope{Agency: u.ID, Region: u.Region}) {
			continue
		}
		list, _, err := d.Consents.OfGrantee(ctx, authz.From(ctx), u.ID, "", recentConsents)
		if err != nil {
			return err
		}
		for i := range list {
			rows = append(rows, consentRow{Consent: list[i]})
		}
	}
	if err := d.describe(ctx, rows); err != nil {
		return err
	}
	now := d.Clock.Now()
	v.live, v.revoked = nil, nil
	for i := range rows {
		switch rows[i].State(now) {
		case consent.Live:
			v.live = append(v.live, rows[i])
		case consent.Revoked:
			v.revoked = append(v.revoked, rows[i])
		}
	}
	return nil
}

// describe puts consents into words.
func (d *Desk) describe(ctx context.Context, rows []consentRow) error {
	ids := make([]int64, len(rows))
	for i := range rows {
		ids[i] = rows[i].Subject
	}
	labels, err := d.Discloser.Labels(ctx, ids)
	if err != nil {
		return err
	}
	for i := range rows {
		var items []string
		for _, code := range rows[i].Items {
			items = append(items, d.itemName(string(code)))
		}
		rows[i].items, rows[i].label, rows[i].aim = strings.Join(items, "、"), labels[rows[i].Subject], rows[i].Purpose
		for _, p := range d.Consents.Bounds().Purposes {
			if p.Code == rows[i].Purpose {
				rows[i].aim = p.Name
			}
		}
	}
	return nil
}

func word(options []ui.Option, value string) string {
	for _, o := range options {
		if o.Value == value {
			return o.Label
		}
	}
	return value
}

func (d *Desk) showConsent(w http.ResponseWriter, r *http.Request, status int, v *consentView) error {
	title := "凭授权查询"
	if v.said() != "" {
		title = v.said() + " · " + title
	}
	return desk.Show(d.site, w, r, status, desk.Page(d.site, r, title, ui.Link{Label: "凭授权查询"}), consentPage(v))
}

// askConsented asks about one subject under a consent. It is used up by one when it is answered.
func (d *Desk) askConsented(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	v := &consentView{number: desk.Cut(form.Get("consent"), 20), aim: desk.Cut(form.Get("aim"), 40)}
	if err := d.fillConsent(r, v, form.Get("unit")); err != nil {
		return err
	}
	whom, ok := v.read(form)
	id, numbered := desk.Number(v.number)
	if !numbered {
		v.numbered, ok = "请填写授权书编号，是一串数字，在授权书上或者下面的列表里。", false
	}
	if v.aim == "" {
		v.aimFault, ok = "请选择用途，须与授权书写明的一致。", false
	}
	if !ok {
		if whom.Number != "" {
			v.numberFault, v.openPerson = again, true
		}
		return d.showConsent(w, r, http.StatusBadRequest, v)
	}
	answer, err := d.Discloser.Disclose(r.Context(), publish.Ask{
		Who: authz.From(r.Context()), Subject: whom, Purpose: publish.Purpose{Consent: id, Agency: v.unit, Aim: v.aim}, Limit: answerRows,
	})
	status, err := v.take(answer, err)
	if err != nil {
		return err
	}
	if answer != nil {
		answer.Basis = strings.Replace(answer.Basis, "（"+v.aim+"）", "（"+word(v.aims, v.aim)+"）", 1)
	}
	if err := d.given(r.Context(), v); err != nil { // the use that this took
		return err
	}
	if v.forget(whom); v.answer != nil {
		v.code = ""
	}
	return d.showConsent(w, r, status, v)
}

// lasts says until when a consent can be used.
func (c *consentRow) lasts() string { return desk.Moment(c.Until.Add(-time.Second)) }

func (v *consentView) unitOptions() []ui.Option {
	out := make([]ui.Option, len(v.units))
	for i, u := range v.units {
		out[i] = ui.Option{Value: desk.Dec(u.ID), Label: u.Name}
	}
	return out
}
