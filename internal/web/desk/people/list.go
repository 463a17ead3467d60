package people

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/identity"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

const (
	rowsPerPage = 30
	// maxScan is how many accounts one page looks through for those that a filter by role or state lets pass.
	maxScan = 1000
	maxText = 128
)

// filter is how the list is narrowed. A login stands in no address: it is personal data.
type filter struct {
	unit, kind, role, state string
	after                   int64
}

func filterOf(r *http.Request) filter {
	q := r.URL.Query()
	f := filter{unit: q.Get("unit"), kind: q.Get("kind"), role: q.Get("role"), state: q.Get("state")}
	f.after, _ = desk.Number(q.Get("after"))
	return f
}

func (f filter) active() bool { return f.unit+f.kind+f.role+f.state != "" }

func (f filter) at(after int64) string {
	next := ""
	if after > 0 {
		next = desk.Dec(after)
	}
	return desk.Query("/desk/people", "unit", f.unit, "kind", f.kind, "role", f.role, "state", f.state, "after", next)
}

// row is one account in the list.
type row struct {
	identity.Account
	unit  string
	roles []string
}

func (r *row) link() string { return personLink(r.ID) }

func personLink(id int64) string { return "/desk/people/" + desk.Dec(id) }

type listView struct {
	filter
	login, loginFault string
	units             []ui.Option
	rows              []row
	pager             ui.PagerSpec
	manage            bool
	scanned           bool // stopped before the end of the accounts
}

// list shows the accounts that the caller may know of.
func (d *Desk) list(w http.ResponseWriter, r *http.Request) error {
	return d.showList(w, r, http.StatusOK, &listView{filter: filterOf(r)})
}

func (d *Desk) showList(w http.ResponseWriter, r *http.Request, status int, v *listView) error {
	ctx := r.Context()
	last, err := d.scan(ctx, v)
	if err != nil {
		return err
	}
	if v.units, err = d.units(ctx); err != nil {
		return err
	}
	v.manage = desk.Could(ctx, d.site, authz.AccountManage)
	if v.after > 0 {
		v.pager.First = v.at(0)
	}
	if last > 0 {
		v.pager.Next = v.at(last)
	}
	return desk.Show(d.site, w, r, status, desk.Page(d.site, r, "账号和角色", ui.Link{Label: "账号和角色"}), listPage(v))
}

// scan fills a page with the accounts that pass the filter, and gives the last one looked at when there may be more.
func (d *Desk) scan(ctx context.Context, v *listView) (last int64, err error) {
	by := authz.From(ctx)
	f := identity.Filter{Kind: identity.AccountKind(v.kind), After: v.after, Limit: 200}
	f.Agency, _ = desk.Number(v.unit)
	if role := authz.Role(v.role); role.Valid() {
		if f.Kind != "" && f.Kind != kindOf(role) {
			return 0, nil // no account of this kind can hold it
		}
		f.Kind = kindOf(role)
	}
	for looked := 0; looked < maxScan; {
		list, err := d.Accounts.List(ctx, by, f)
		if err != nil {
			return 0, err
		}
		for i := range list {
			looked, f.After = looked+1, list[i].ID
			ok, err := d.pass(ctx, by, v, &list[i])
			if err != nil {
				return 0, err
			}
			if ok && len(v.rows) == rowsPerPage {
				return f.After, nil
			}
		}
		if len(list) < f.Limit {
			return 0, nil
		}
	}
	v.scanned = true
	return f.After, nil
}

// pass puts an account into the page when the filter lets it.
func (d *Desk) pass(ctx context.Context, by authz.Actor, v *listView, a *identity.Account) (bool, error) {
	if v.state != "" && string(a.State) != v.state {
		return false, nil
	}
	_, held, err := d.Accounts.Show(ctx, by, a.ID)
	if err != nil {
		return false, err
	}
	if v.role != "" && !slices.ContainsFunc(held, func(h identity.Held) bool { return string(h.Role) == v.role }) {
		return false, nil
	}
	line := row{Account: *a, unit: d.unitName(ctx, a.Agency)}
	for _, h := range held {
		if name := h.Role.Name(); !slices.Contains(line.roles, name) {
			line.roles = append(line.roles, name)
		}
	}
	v.rows = append(v.rows, line)
	return true, nil
}

// find leads to the account of a login. The login comes in the body, so that it stands in no address.
func (d *Desk) find(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	v := &listView{login: desk.Cut(form.Get("login"), maxText)}
	if v.login == "" {
		v.loginFault = "请填写登录名。"
		return d.showList(w, r, http.StatusBadRequest, v)
	}
	a, err := d.Accounts.Find(r.Context(), authz.From(r.Context()), v.login)
	if err == nil {
		return desk.See(w, r, personLink(a.ID))
	}
	if errors.Is(err, authz.ErrDenied) { // which logins there are elsewhere is not told
		err = identity.ErrMissing
	}
	f, ok := desk.Refusal(err)
	if !ok {
		return err
	}
	v.loginFault = "没有这个登录名，或者它不在您管理的范围内。请核对后再查。"
	if web.Status(f) != http.StatusNotFound {
		v.loginFault = desk.Words(f)
	}
	return d.showList(w, r, web.Status(err), v)
}

func (r *row) roleWords() string { return desk.Dash(strings.Join(r.roles, "、")) }
