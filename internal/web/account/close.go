package account

import (
	"errors"
	"net/http"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/identity"
	"gongxin/internal/web/ui"
)

// doneClosed is what the sign-in page says after an account was closed.
const doneClosed = "closed"

// closeCodeHint says when a code is asked for.
func closeCodeHint(v *closeView) string {
	if v.account.Password {
		return "这次登录还没有做第二步验证，请填一个。"
	}
	return "刚刚登录的可以不填。"
}

// closeView is the page that says what closing the account erases and what stays, and asks whether it shall be.
type closeView struct {
	tabs                     []ui.Tab
	account                  *identity.Account
	strong                   bool
	consents                 ui.Link
	passwordFault, codeFault string
	notice                   *notice
}

// own reports whether the account is its owner's to close.
func (v *closeView) own() bool { return ownersOwn(v.account) }

// asksCode reports whether a code is asked for: beside the password when the session gave no second factor, and instead of one where there is none.
func (v *closeView) asksCode() bool {
	factor := v.account.TOTP || v.account.Passkeys > 0
	return factor && (!v.account.Password || !v.strong)
}

func (p *Pages) askClose(w http.ResponseWriter, r *http.Request) error {
	return p.showClose(w, r, http.StatusOK, &closeView{})
}

func (p *Pages) showClose(w http.ResponseWriter, r *http.Request, status int, v *closeView) error {
	who := authz.From(r.Context())
	a, _, err := p.Accounts.Show(r.Context(), who, who.ID)
	if err != nil {
		return err
	}
	v.tabs, v.account, v.strong, v.consents = p.tabs(who, overviewPath), a, who.Strong, p.Consents
	return p.show(w, r, status, p.ownPage(r, "注销账号"), closePage(v))
}

// closeAccount closes the account for good. Whoever did it is signed out and told so on the page of signing in.
func (p *Pages) closeAccount(w http.ResponseWriter, r *http.Request) error {
	if err := form(w, r); err != nil {
		return err
	}
	c := identity.Closing{Password: r.PostForm.Get("password"), Code: strings.TrimSpace(r.PostForm.Get("code"))}
	if r.PostForm.Get("sure") == "" {
		return p.showClose(w, r, http.StatusBadRequest, &closeView{notice: &notice{title: "账号没有注销", text: "请勾选“我知道注销不能恢复”，再提交。"}})
	}
	err := p.Accounts.CloseAccount(r.Context(), authz.From(r.Context()), c)
	if err == nil {
		p.site.ClearSession(w)
		p.drop(w, r, deviceCookie)
		return redirect(w, r, signInPath+"?done="+doneClosed)
	}
	n, status, hidden := p.explain(w, "账号没有注销", err)
	v := &closeView{}
	switch {
	case hidden != nil:
		return hidden
	case errors.Is(err, identity.ErrCurrent):
		v.passwordFault = n.text + n.fix
	case errors.Is(err, identity.ErrCode):
		v.codeFault = n.text + n.fix
	default:
		v.notice = n
	}
	return p.showClose(w, r, status, v)
}
