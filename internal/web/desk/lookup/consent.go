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
	result
}

// consentRow is a living consent in words.
type consentRow struct {
	consent.Consent
	label, aim, items string
}

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
	v.live, err = d.living(ctx, v)
	return err
}

// living gives the consents in force that the unit was given. Their subjects are named as internal lists name them.
func (d *Desk) living(ctx context.Context, v *consentView) ([]consentRow, error) {
	var out []consentRow
	var ids []int64
	now := d.Clock.Now()
	for _, u := range v.units {
		if u.ID != v.unit || !d.site.May(ctx, authz.ConsentRead, authz.Scope{Agency: u.ID, Region: u.Region}) {
			continue
		}
		list, _, err := d.Consents.OfGrantee(ctx, authz.From(ctx), u.ID, "", recentConsents)
		if err != nil {
			return nil, err
		}
		for i := range list {
			if list[i].State(now) == consent.Live {
				out = append(out, consentRow{Consent: list[i], aim: word(v.aims, list[i].Purpose)})
				ids = append(ids, list[i].Subject)
			}
		}
	}
	labels, err := d.Discloser.Labels(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i := range out {
		var items []string
		for _, code := range out[i].Items {
			items = append(items, d.itemName(string(code)))
		}
		out[i].items, out[i].label = strings.Join(items, "、"), labels[out[i].Subject]
	}
	return out, nil
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
	title := "授权查询"
	if v.said() != "" {
		title = v.said() + " · " + title
	}
	return desk.Show(d.site, w, r, status, desk.Page(d.site, r, title, ui.Link{Label: "授权查询"}), consentPage(v))
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
	if v.live, err = d.living(r.Context(), v); err != nil { // the use that this took
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
