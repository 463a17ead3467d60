package account

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/identity"
	"gongxin/internal/web/ui"
)

// overviewView is the account's first page.
type overviewView struct {
	tabs      []ui.Tab
	account   *identity.Account
	unit      string
	roles     []string
	locked    bool
	providers []Provider
	ties      []identity.Tie
	done      string
	notice    *notice
}

// fewCodes is how many recovery codes are few: the page then asks to make new ones.
const fewCodes = 3

// fewLeft reports whether recovery codes run out on an account that lives by them.
func fewLeft(a *identity.Account) bool { return (a.TOTP || a.Passkeys > 0) && a.Recovery <= fewCodes }

// leftWords say how many recovery codes are left.
func leftWords(a *identity.Account) string {
	if a.Recovery == 0 {
		return "已经用完"
	}
	return "还剩 " + ui.Num(a.Recovery) + " 个"
}

// free lists the unified identities that the account is not tied to yet.
func (v *overviewView) free() []Provider {
	return slices.DeleteFunc(slices.Clone(v.providers), func(p Provider) bool {
		return slices.ContainsFunc(v.ties, func(t identity.Tie) bool { return t.Name == p.Name })
	})
}

// tieLabel names a unified identity; one that is no longer offered by its address.
func tieLabel(t identity.Tie) string {
	if t.Label == "" {
		return t.Issuer
	}
	return t.Label
}

// mayClose says whether the account is its owner's to close; accounts for work are their unit's.
func (v *overviewView) mayClose() bool { return ownersOwn(v.account) }

func ownersOwn(a *identity.Account) bool {
	return a.Kind == identity.ResidentAccount || a.Kind == identity.BusinessAccount
}

func (v *overviewView) facts() []ui.Fact {
	a := v.account
	facts := []ui.Fact{{Label: "姓名或名称", Value: a.Name}, {Label: "登录名", Value: a.Login}, {Label: "账号种类", Value: kindWords[a.Kind]}}
	if v.unit != "" {
		facts = append(facts, ui.Fact{Label: "单位", Value: v.unit})
	}
	return append(facts, ui.Fact{Label: "开立时间", Value: moment(a.CreatedAt)}, ui.Fact{Label: "上次登录", Value: moment(a.LoginAt)})
}

func (v *overviewView) safety() []ui.Fact {
	a := v.account
	password := "没有设置，用统一身份登录"
	if a.Password {
		password = "上次更换 " + moment(a.PasswordAt)
	}
	facts := []ui.Fact{{Label: "口令", Value: password, Link: passwordPath}, {Label: "第二步验证", Value: factorWords(a), Link: factorsPath}}
	if a.TOTP || a.Passkeys > 0 {
		facts = append(facts, ui.Fact{Label: "恢复码", Value: leftWords(a), Link: factorsPath + "#recovery", Note: "可以重新生成"})
	}
	return facts
}

func factorWords(a *identity.Account) string {
	var parts []string
	if a.TOTP {
		parts = append(parts, "动态口令")
	}
	if a.Passkeys > 0 {
		parts = append(parts, "通行密钥 "+ui.Num(a.Passkeys)+" 把")
	}
	if len(parts) == 0 {
		return "还没有设置"
	}
	return strings.Join(parts, "，")
}

// locked reports whether the account's roles rest until the password is changed: it has grants that count, and the session has none of them.
func locked(who authz.Actor, a *identity.Account, held []identity.Held) bool {
	if a.MustChange {
		return true
	}
	counts := func(h identity.Held) bool { return h.Check() == nil }
	return a.Password && len(who.Grants) == 0 && slices.ContainsFunc(held, counts)
}

func (p *Pages) overview(w http.ResponseWriter, r *http.Request) error {
	return p.showOverview(w, r, http.StatusOK, nil)
}

func (p *Pages) showOverview(w http.ResponseWriter, r *http.Request, status int, n *notice) error {
	ctx, who := r.Context(), authz.From(r.Context())
	a, held, err := p.Accounts.Show(ctx, who, who.ID)
	if err != nil {
		return err
	}
	v := &overviewView{tabs: p.tabs(who, overviewPath), account: a, locked: locked(who, a, held), providers: p.Providers, notice: n}
	if n == nil {
		v.done = doneOf(r)
	}
	if v.ties, err = p.Accounts.Ties(ctx, who); err != nil {
		return err
	}
	if a.Agency != 0 {
		v.unit = p.Agency(ctx, a.Agency)
	}
	for _, h := range held {
		v.roles = append(v.roles, p.grantWords(ctx, h.Grant))
	}
	return p.show(w, r, status, p.page(r, "我的账号"), overviewPage(v))
}

// tabs are the account's pages that the actor has a use for.
func (p *Pages) tabs(who authz.Actor, on string) []ui.Tab {
	list := []ui.Tab{
		{Href: overviewPath, Label: "概况"}, {Href: passwordPath, Label: "口令"}, {Href: factorsPath, Label: "第二步验证"}, {Href: sessionsPath, Label: "登录设备"},
	}
	strong := who
	strong.Strong = true // with a second factor the page would open: the refusal then says how
	if p.Authority.Could(strong, authz.KeyOwn).Allowed {
		list = append(list, ui.Tab{Href: keysPath, Label: "接口密钥"})
	}
	for i := range list {
		list[i].Count, list[i].On = -1, list[i].Href == on
	}
	return list
}

// passwordView is the page to change the password.
type passwordView struct {
	tabs                                []ui.Tab
	has                                 bool // there is a password to change
	must                                bool // it must be changed before anything else
	least                               int
	login                               string // for the browser's store of passwords
	back                                string
	currentFault, nextFault, againFault string
	notice                              *notice
}

func (p *Pages) password(w http.ResponseWriter, r *http.Request) error {
	return p.showPassword(w, r, http.StatusOK, &passwordView{back: backOf(r)})
}

func (p *Pages) showPassword(w http.ResponseWriter, r *http.Request, status int, v *passwordView) error {
	who := authz.From(r.Context())
	a, held, err := p.Accounts.Show(r.Context(), who, who.ID)
	if err != nil {
		return err
	}
	v.tabs, v.has, v.must, v.least, v.login = p.tabs(who, passwordPath), a.Password, locked(who, a, held), p.MinPassword, a.Login
	return p.show(w, r, status, p.ownPage(r, "更换口令"), passwordPage(v))
}

// changePassword changes the password. The session goes on under another token, every other one ends.
func (p *Pages) changePassword(w http.ResponseWriter, r *http.Request) error {
	if err := form(w, r); err != nil {
		return err
	}
	current, next, again := r.PostForm.Get("current"), r.PostForm.Get("next"), r.PostForm.Get("again")
	v := &passwordView{back: backOf(r)}
	if current == "" {
		v.currentFault = "请填写现用口令。"
	}
	if next == "" {
		v.nextFault = "请填写新口令。"
	} else if again != next {
		v.againFault = "两次填写的新口令不一样。"
	}
	if v.currentFault+v.nextFault+v.againFault != "" {
		return p.showPassword(w, r, http.StatusBadRequest, v)
	}
	s, err := p.Accounts.ChangePassword(r.Context(), authz.From(r.Context()), current, next)
	if err != nil {
		return p.passwordRefused(w, r, err, v)
	}
	p.hold(w, s)
	to, err := p.next(r, s, v.back)
	if err != nil {
		return err
	}
	if v.back == "" && !s.EnrolDue {
		to = overviewPath + "?done=password"
	}
	return redirect(w, r, to)
}

var passwordFaults = []error{
	identity.ErrPasswordShort, identity.ErrPasswordLong, identity.ErrPasswordLogin, identity.ErrPasswordCommon, identity.ErrPasswordSame,
}

// passwordRefused says beside the field what is wrong with it.
func (p *Pages) passwordRefused(w http.ResponseWriter, r *http.Request, err error, v *passwordView) error {
	n, status, hidden := p.explain(w, "口令没有更换", err)
	if hidden != nil {
		return hidden
	}
	is := func(want error) bool { return errors.Is(err, want) }
	switch {
	case errors.Is(err, identity.ErrCurrent):
		v.currentFault = n.text + n.fix
	case slices.ContainsFunc(passwordFaults, is):
		v.nextFault = n.text + n.fix
	default:
		v.notice = n
	}
	return p.showPassword(w, r, status, v)
}

// sessionsView lists the open sessions.
type sessionsView struct {
	tabs   []ui.Tab
	list   []sessionRow
	done   string
	notice *notice
}

type sessionRow struct {
	identity.SessionInfo
	method string
}

func (v *sessionsView) others() bool {
	return slices.ContainsFunc(v.list, func(s sessionRow) bool { return !s.Current })
}

func (p *Pages) sessions(w http.ResponseWriter, r *http.Request) error {
	return p.showSessions(w, r, http.StatusOK, nil)
}

func (p *Pages) showSessions(w http.ResponseWriter, r *http.Request, status int, n *notice) error {
	who := authz.From(r.Context())
	list, err := p.Accounts.Sessions(r.Context(), who)
	if err != nil {
		return err
	}
	v := &sessionsView{tabs: p.tabs(who, sessionsPath), notice: n}
	if n == nil {
		v.done = doneOf(r)
	}
	for _, s := range list {
		v.list = append(v.list, sessionRow{s, p.methodWords(s.Method)})
	}
	return p.show(w, r, status, p.ownPage(r, "登录设备"), sessionsPage(v))
}

func (p *Pages) endSession(w http.ResponseWriter, r *http.Request) error {
	session, err := number(r)
	if err == nil {
		err = p.Accounts.EndSession(r.Context(), authz.From(r.Context()), session)
	}
	return p.sessionDone(w, r, err, "ended")
}

func (p *Pages) endOthers(w http.ResponseWriter, r *http.Request) error {
	return p.sessionDone(w, r, p.Accounts.EndOthers(r.Context(), authz.From(r.Context())), "others")
}

// sessionDone leads back to the list. Whoever ended the session that they are in is led to sign in from there.
func (p *Pages) sessionDone(w http.ResponseWriter, r *http.Request, err error, done string) error {
	if err == nil {
		return redirect(w, r, sessionsPath+"?done="+done)
	}
	n, status, err := p.explain(w, "没有办成", err)
	if err != nil {
		return err
	}
	return p.showSessions(w, r, status, n)
}

// Menu fills the header's account part: whose session it is, what must be done first, and the way out.
func (p *Pages) Menu() *Menu { return &Menu{p} }

// Menu is the header's account part.
type Menu struct{ pages *Pages }

// maxName bounds the name in the header, so that it fits beside the city's on a phone.
const maxName = 12

// Account gives the header's part for a caller. The name is the owner's own, on pages that nobody keeps.
func (m *Menu) Account(ctx context.Context, who authz.Actor) ui.Account {
	switch who.Kind {
	case authz.Account:
	case authz.Key:
		return ui.Account{}
	default:
		return ui.Account{Links: []ui.Link{{Href: signInPath, Label: "登录"}}}
	}
	out := ui.Account{Name: "已登录", SignOut: "/sign-out"}
	if a, held, err := m.pages.Accounts.Show(ctx, who, who.ID); err == nil { // else the page itself says what is wrong
		out.Name = cut(a.Name, maxName)
		if locked(who, a, held) {
			out.Links = []ui.Link{{Href: passwordPath, Label: "更换口令"}}
			return out
		}
	}
	if watches(who) && !who.Strong {
		out.Links = []ui.Link{{Href: factorPath, Label: "设置第二步验证"}}
		return out
	}
	if m.pages.MenuLinks != nil {
		out.Links = m.pages.MenuLinks(who)
	}
	out.Links = append(slices.Clip(out.Links), ui.Link{Href: overviewPath, Label: "我的账号"})
	return out
}

func watches(who authz.Actor) bool {
	return slices.ContainsFunc(who.Grants, func(g authz.Grant) bool { return g.Role.Watches() })
}

func cut(s string, n int) string {
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n]) + "…"
	}
	return s
}
