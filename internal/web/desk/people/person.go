package people

import (
	"context"
	"net/http"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/identity"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// personView is one account with what the caller may do about it.
type personView struct {
	*identity.Account
	unit, region string
	held         []heldView
	keys         []keyView
	units        []ui.Option
	regions      []ui.Option

	cases                              int  // open ones that it was given to
	handover                           bool // the caller may hand over cases
	own                                bool // the caller's own: shown, not changed
	manage, sessions, keyring, lookups bool
	grant                              grantForm
	password                           string // temporary, shown this once
	done                               string
	fault                              *fault.Error
}

func (v *personView) link() string { return personLink(v.ID) }

// heldView is a grant in words.
type heldView struct {
	identity.Held
	unit, region string
}

// bounds says in words how far the grant reaches.
func (h *heldView) bounds() string {
	switch {
	case h.Subject != 0:
		return "本人认领的主体"
	case h.unit != "" && h.Region != "":
		return h.unit + "，" + h.region
	case h.unit != "":
		return h.unit
	default:
		return h.region
	}
}

// keyView is a key in words.
type keyView struct {
	identity.Key
	scopes, networks string
	state            string
	live             bool
}

// grantForm is what was chosen to be given.
type grantForm struct {
	role, unit, region string
	open               bool
}

// view gathers what a page about an account shows.
func (d *Desk) view(ctx context.Context, account int64) (*personView, error) {
	by := authz.From(ctx)
	a, held, err := d.Accounts.Show(ctx, by, account)
	if err != nil {
		return nil, err
	}
	v := &personView{Account: a, unit: d.unitName(ctx, a.Agency), region: d.regionName(a.Region), regions: d.regions(), own: by.ID == a.ID}
	for _, h := range held {
		v.held = append(v.held, heldView{h, d.unitName(ctx, h.Agency), d.regionName(h.Region)})
	}
	if v.units, err = d.units(ctx); err != nil {
		return nil, err
	}
	if d.Cases != nil {
		name := string(authz.Account) + ":" + desk.Dec(a.ID)
		counts, err := d.Cases.Holders(ctx, flow.Filter{Assignee: []string{name}})
		if err != nil {
			return nil, err
		}
		v.cases, v.handover = counts[name], desk.Could(ctx, d.site, authz.CaseHandover)
	}
	scope := scopeOf(a)
	v.manage, v.sessions = d.site.May(ctx, authz.AccountManage, scope), d.site.May(ctx, authz.SessionManage, scope)
	v.lookups = desk.Could(ctx, d.site, authz.AccessAudit)
	if v.keyring = d.site.May(ctx, authz.KeyManage, scope); v.keyring {
		keys, err := d.Accounts.Keys(ctx, by, account)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			v.keys = append(v.keys, d.keyView(k))
		}
	}
	return v, nil
}

func (d *Desk) keyView(k identity.Key) keyView {
	out := keyView{Key: k, networks: "不限"}
	var scopes, networks []string
	for _, a := range k.Scopes {
		scopes = append(scopes, a.Label())
	}
	for _, p := range k.Networks {
		networks = append(networks, p.String())
	}
	out.scopes = strings.Join(scopes, "、")
	if len(networks) > 0 {
		out.networks = strings.Join(networks, "、")
	}
	switch {
	case !k.RevokedAt.IsZero():
		out.state = "已停用"
	case !k.Expires.After(d.Clock.Now()):
		out.state = "已到期"
	default:
		out.state, out.live = "有效", true
	}
	return out
}

func (d *Desk) person(w http.ResponseWriter, r *http.Request) error {
	return d.showPerson(w, r, http.StatusOK, func(v *personView) { v.done = doneWords[r.URL.Query().Get("done")] })
}

// showPerson shows the account that the address names, with what change adds.
func (d *Desk) showPerson(w http.ResponseWriter, r *http.Request, status int, change func(*personView)) error {
	id, ok := desk.Number(r.PathValue("id"))
	if !ok {
		return errNoAccount
	}
	v, err := d.view(r.Context(), id)
	if err != nil {
		return err
	}
	if change != nil {
		change(v)
	}
	p := desk.Page(d.site, r, "账号", ui.Link{Href: "/desk/people", Label: "账号和角色"}, ui.Link{Label: "账号"})
	return desk.Show(d.site, w, r, status, p, personPage(v))
}

// answer leads back to the account after a step, or shows there why it was not taken.
func (d *Desk) answer(w http.ResponseWriter, r *http.Request, done string, err error, change func(*personView)) error {
	if err == nil {
		return desk.See(w, r, desk.Query(strings.Join([]string{"/desk/people", r.PathValue("id")}, "/"), "done", done))
	}
	f, ok := desk.Refusal(err)
	if !ok {
		return err
	}
	return d.showPerson(w, r, web.Status(err), func(v *personView) {
		if v.fault = f; change != nil {
			change(v)
		}
	})
}

// step makes the handler of a change that takes nothing but the account.
func (d *Desk) step(done string, do func(ctx context.Context, by authz.Actor, account int64) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, ok := desk.Number(r.PathValue("id"))
		if !ok {
			return errNoAccount
		}
		return d.answer(w, r, done, do(r.Context(), authz.From(r.Context()), id), nil)
	}
}

// reset gives a temporary password. It stands on the page that answers, and nowhere else.
func (d *Desk) reset(w http.ResponseWriter, r *http.Request) error {
	id, ok := desk.Number(r.PathValue("id"))
	if !ok {
		return errNoAccount
	}
	password, err := d.Accounts.Reset(r.Context(), authz.From(r.Context()), id)
	if err != nil {
		return d.answer(w, r, "", err, nil)
	}
	return d.showPerson(w, r, http.StatusOK, func(v *personView) { v.password, v.done = password, "口令已重置，原来的登录已全部结束" })
}

// grantOf reads the grant that a form chose.
func grantOf(g grantForm) authz.Grant {
	out := authz.Grant{Role: authz.Role(g.role), Region: g.region}
	out.Agency, _ = desk.Number(g.unit)
	return out
}

func (d *Desk) grant(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	id, ok := desk.Number(r.PathValue("id"))
	if !ok {
		return errNoAccount
	}
	g := grantForm{role: form.Get("role"), unit: form.Get("unit"), region: form.Get("region"), open: true}
	err = d.Accounts.Grant(r.Context(), authz.From(r.Context()), id, grantOf(g))
	if f, reach := reachRefusal(err); reach {
		err = f
	}
	return d.answer(w, r, "grant", err, func(v *personView) { v.grant = g })
}

// reachRefusal is the refusal of a grant that reaches beyond where the giver manages accounts: another choice in the form would do.
func reachRefusal(err error) (*fault.Error, bool) {
	if err == nil || fault.KindOf(err) != fault.Denied {
		return nil, false
	}
	if _, ok := desk.Refusal(err); ok {
		return nil, false
	}
	return fault.New(fault.Denied, "people.reach", "授予的范围超出了您管理的辖区", "请选择您辖区以内的范围；全市范围的角色，由全市的安全管理员授予"), true
}

func (d *Desk) revoke(w http.ResponseWriter, r *http.Request) error {
	id, ok := desk.Number(r.PathValue("id"))
	grant, ok2 := desk.Number(r.PathValue("grant"))
	if !ok || !ok2 {
		return errNoAccount
	}
	return d.answer(w, r, "revoke", d.Accounts.Revoke(r.Context(), authz.From(r.Context()), id, grant), nil)
}

// revokeKey ends a key of the account that the address names; a key of another account is none.
func (d *Desk) revokeKey(w http.ResponseWriter, r *http.Request) error {
	id, ok := desk.Number(r.PathValue("id"))
	key, ok2 := desk.Number(r.PathValue("key"))
	if !ok || !ok2 {
		return errNoAccount
	}
	by := authz.From(r.Context())
	keys, err := d.Accounts.Keys(r.Context(), by, id)
	if err != nil {
		return err
	}
	err = identity.ErrMissing
	for _, k := range keys {
		if k.ID == key {
			err = d.Accounts.RevokeKey(r.Context(), by, key)
		}
	}
	return d.answer(w, r, "key", err, nil)
}
