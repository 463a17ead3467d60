package audit

import (
	"net/http"
	"strings"
	"unicode/utf8"

	log "gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/cntext"
	"gongxin/internal/fault"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// secrecyForm is an order that is being written. A document's number is not kept in it: it is never shown again.
type secrecyForm struct {
	unit, code, docKind, basis, until                       string
	unitFault, subjectFault, numberFault, basisFault, fault string
	untilFault                                              string
}

func (f *secrecyForm) bad() bool {
	return f.unitFault+f.subjectFault+f.numberFault+f.basisFault+f.untilFault+f.fault != ""
}

// secrecyView is the orders in force with the form for another.
type secrecyView struct {
	form     secrecyForm
	units    []ui.Option
	docKinds []ui.Option
	rows     []log.Order
	names    *names
	done     string
	earliest string
	latest   string
	refused  *fault.Error
}

var secrecyDone = map[string]string{"order": "已设定延迟告知", "end": "已结束，以后的查询不再延迟；已经延迟的，到原定日期显示"}

func (d *Desk) secrecy(w http.ResponseWriter, r *http.Request) error {
	return d.showSecrecy(w, r, http.StatusOK, &secrecyView{done: secrecyDone[r.URL.Query().Get("done")]})
}

func (d *Desk) showSecrecy(w http.ResponseWriter, r *http.Request, status int, v *secrecyView) error {
	ctx := r.Context()
	var err error
	if v.rows, err = d.Log.Orders(ctx); err != nil {
		return err
	}
	var subjects []int64
	for i := range v.rows[:min(len(v.rows), 100)] {
		subjects = append(subjects, v.rows[i].Subject)
	}
	if v.names, err = d.names(ctx, subjects); err != nil {
		return err
	}
	if v.units, err = d.unitOptions(ctx, authz.AccessSecrecy); err != nil {
		return err
	}
	today := clock.Today(d.Clock)
	v.docKinds, v.earliest, v.latest = d.docKinds(), today.AddDays(1).String(), today.AddDays(365).String()
	return desk.Show(d.site, w, r, status, desk.Page(d.site, r, "延迟告知", ui.Link{Label: "延迟告知"}), secrecyPage(v))
}

// order puts an order on file: which agency's look-ups, about whom, on what law, until when.
func (d *Desk) order(w http.ResponseWriter, r *http.Request) error {
	if err := d.site.Check(r.Context(), authz.Scope{Author: authz.NoAccount}); err != nil { // who looks is never who delays: the roles do not combine
		return err
	}
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	f := secrecyForm{
		unit: form.Get("unit"), code: strings.ToUpper(cntext.Fold(form.Get("code"))), docKind: form.Get("doc_kind"), basis: desk.Cut(form.Get("basis"), 300), until: form.Get("until"),
	}
	o := log.Order{By: who(r.Context()), Basis: f.basis}
	if err := d.readOrder(r, &f, &o, strings.ToUpper(cntext.Fold(form.Get("number")))); err != nil {
		return err
	}
	if f.bad() {
		return d.showSecrecy(w, r, http.StatusBadRequest, &secrecyView{form: f})
	}
	if _, err := d.Log.OrderSecrecy(r.Context(), o); err != nil {
		known, ok := desk.Refusal(err)
		if !ok {
			return err
		}
		f.fault = desk.Words(known)
		return d.showSecrecy(w, r, web.Status(err), &secrecyView{form: f})
	}
	return desk.See(w, r, "/desk/audit/secrecy?done=order")
}

// readOrder fills the order from the form and notes beside each field what is wrong with it.
func (d *Desk) readOrder(r *http.Request, f *secrecyForm, o *log.Order, number string) error {
	if id, ok := desk.Number(f.unit); ok {
		o.Agency = id
	} else {
		f.unitFault = "请选择单位。"
	}
	if n := utf8.RuneCountInString(f.basis); n < 4 || n > 200 {
		f.basisFault = "请写明法律名称和条款，4 到 200 个字。"
	}
	day, err := clock.ParseDate(f.until)
	switch today := clock.Today(d.Clock); {
	case err != nil:
		f.untilFault = "请选择从哪一天起向本人显示。"
	case day <= today || day > today.AddDays(365):
		f.untilFault = "日期要在明天以后、一年以内：延迟告知必须有尽头。"
	default:
		o.Until = day.Start()
	}
	return d.readSubject(r, f, o, number)
}

func (d *Desk) readSubject(r *http.Request, f *secrecyForm, o *log.Order, number string) error {
	switch {
	case f.code == "" && number == "":
		f.subjectFault = "请填写统一社会信用代码，或者选择证件类型、填写完整的证件号码。"
	case f.code != "" && number != "":
		f.subjectFault = "代码和证件号码只填一种。"
	case f.code != "":
		sub, ok, err := d.Register.ByCode(r.Context(), f.code)
		if err != nil {
			return err
		}
		if o.Subject = sub.ID; !ok {
			f.subjectFault = "库中没有这个统一社会信用代码，请核对。"
		}
	default:
		sub, ok, err := d.Register.ByPerson(r.Context(), cntext.Fold(f.docKind), number)
		if err != nil {
			return err
		}
		if o.Subject = sub.ID; !ok {
			f.numberFault = "库中没有这个证件号码的人。请核对后重新填写；为保护隐私，页面不显示刚才填写的号码。"
		}
	}
	return nil
}

// ofOrder guards ending an order.
func (d *Desk) ofOrder() web.Guard {
	return web.Of(authz.AccessSecrecy, "", func(*http.Request) (authz.Scope, error) { return authz.Scope{Author: authz.NoAccount}, nil })
}

// end calls an order off.
func (d *Desk) end(w http.ResponseWriter, r *http.Request) error {
	id, ok := desk.Number(r.PathValue("id"))
	if !ok {
		return log.ErrNoOrder
	}
	if err := d.Log.EndSecrecy(r.Context(), who(r.Context()), id); err != nil {
		f, known := desk.Refusal(err)
		if !known {
			return err
		}
		return d.showSecrecy(w, r, web.Status(err), &secrecyView{refused: f})
	}
	return desk.See(w, r, "/desk/audit/secrecy?done=end")
}
