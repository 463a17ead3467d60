package people

import (
	"errors"
	"net/http"

	"gongxin/internal/authz"
	"gongxin/internal/fault"
	"gongxin/internal/identity"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// openForm is what an account is to be opened with.
type openForm struct {
	kind, login, name, unit, region     string
	grant                               grantForm
	units, regions                      []ui.Option
	kindFault, loginFault, nameFault    string
	grantFault, unitFault, generalFault string
}

func (f *openForm) bad() bool {
	return f.kindFault+f.loginFault+f.nameFault+f.grantFault+f.unitFault+f.generalFault != ""
}

func (d *Desk) newForm(w http.ResponseWriter, r *http.Request) error {
	return d.showForm(w, r, http.StatusOK, &openForm{kind: string(identity.StaffAccount)})
}

func (d *Desk) showForm(w http.ResponseWriter, r *http.Request, status int, f *openForm) error {
	var err error
	if f.units, err = d.units(r.Context()); err != nil {
		return err
	}
	f.regions = d.regions()
	p := desk.Page(d.site, r, "开立账号", ui.Link{Href: "/desk/people", Label: "账号和角色"}, ui.Link{Label: "开立账号"})
	return desk.Show(d.site, w, r, status, p, openPage(f))
}

// open opens an account with a temporary password and shows it once.
func (d *Desk) open(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	f := &openForm{
		kind: form.Get("kind"), login: desk.Cut(form.Get("login"), maxText), name: desk.Cut(form.Get("name"), maxText), unit: form.Get("unit"), region: form.Get("region"),
		grant: grantForm{role: form.Get("role"), unit: form.Get("unit"), region: form.Get("region")},
	}
	n := identity.NewAccount{Kind: identity.AccountKind(f.kind), Login: f.login, Name: f.name, Region: f.region, HandOut: true}
	if f.unit != "" {
		id, _ := desk.Number(f.unit)
		unit, err := d.Agencies.ByID(r.Context(), id)
		if err != nil {
			f.unitFault = "没有这个单位，请重新选择。"
			if err := d.site.Check(r.Context(), authz.Scope{Region: n.Region, Author: authz.NoAccount}); err != nil {
				return err
			}
			return d.showForm(w, r, http.StatusBadRequest, f)
		}
		if n.Agency = unit.ID; n.Region == "" {
			n.Region = unit.Region // whoever manages the unit's district manages its people
		}
	}
	if err := d.site.Check(r.Context(), authz.Scope{Agency: n.Agency, Region: n.Region, Author: authz.NoAccount}); err != nil {
		return err
	}
	if f.grant.role != "" {
		g := grantOf(f.grant)
		n.Grants = []authz.Grant{g}
	}
	acc, password, err := d.Accounts.Open(r.Context(), authz.From(r.Context()), n)
	if err != nil {
		return d.again(w, r, f, err)
	}
	r.SetPathValue("id", desk.Dec(acc.ID))
	return d.showPerson(w, r, http.StatusCreated, func(v *personView) { v.password, v.done = password, "账号已开立" })
}

// again shows the form with the refusal beside the field that it is about.
func (d *Desk) again(w http.ResponseWriter, r *http.Request, f *openForm, err error) error {
	known, ok := desk.Refusal(err)
	if !ok {
		if known, ok = reachRefusal(err); !ok {
			return err
		}
		err = known
	}
	words := desk.Words(known)
	switch {
	case errors.Is(err, identity.ErrLogin), errors.Is(err, identity.ErrLoginUsed):
		f.loginFault = words
	case errors.Is(err, identity.ErrName):
		f.nameFault = words
	case errors.Is(err, identity.ErrKind):
		f.kindFault = "请选择账号的种类。"
	case errors.Is(err, identity.ErrRoleKind), errors.Is(err, authz.ErrGrant), errors.Is(err, authz.ErrApart), fault.KindOf(err) == fault.Denied:
		f.grantFault = words
	default:
		f.generalFault = words
	}
	return d.showForm(w, r, web.Status(err), f)
}
