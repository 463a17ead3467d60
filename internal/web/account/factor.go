package account

import (
	"errors"
	"net/http"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/identity"
)

// stepView is the second step of a sign-in.
type stepView struct {
	step
	back      string
	codeFault string
	notice    *notice
	script    string
}

// factor shows the second step to whoever gave the first one. Whoever is signed in already and lacks a factor enrols one here: pages that ask
// for it lead to this address.
func (p *Pages) factor(w http.ResponseWriter, r *http.Request) error {
	back, who := backOf(r), authz.From(r.Context())
	switch {
	case who.Kind == authz.Account && who.Strong:
		return redirect(w, r, p.start(who, back))
	case who.Kind == authz.Account:
		return p.needFactor(w, r, who, back)
	case p.step(r).token == "":
		return redirect(w, r, withBack(signInPath, back))
	}
	return p.showStep(w, r, http.StatusOK, &stepView{back: back})
}

func (p *Pages) showStep(w http.ResponseWriter, r *http.Request, status int, v *stepView) error {
	v.step, v.script = p.step(r), p.script()
	return p.show(w, r, status, p.page(r, "第二步验证"), stepPage(v))
}

// needFactor leads a session without a second factor to one: by enrolling it, or by signing in again with the one that there is.
func (p *Pages) needFactor(w http.ResponseWriter, r *http.Request, who authz.Actor, back string) error {
	v, err := p.factorsOf(r, who)
	if err != nil {
		return err
	}
	v.back, v.asked = back, true
	return p.show(w, r, http.StatusOK, p.page(r, "设置第二步验证"), enrolPage(v))
}

// tryFactor takes a code of the authenticator, or a recovery code.
func (p *Pages) tryFactor(w http.ResponseWriter, r *http.Request) error {
	if err := form(w, r); err != nil {
		return err
	}
	v, token := &stepView{back: backOf(r)}, p.step(r).token
	code := strings.TrimSpace(r.PostForm.Get("code"))
	switch {
	case token == "":
		return redirect(w, r, withBack(signInPath, v.back))
	case code == "":
		v.codeFault = "请填写动态口令，或者一个恢复码。"
		return p.showStep(w, r, http.StatusBadRequest, v)
	}
	s, err := p.Accounts.SignInFactor(r.Context(), token, code, p.attempt(r))
	return p.stepped(w, r, s, err, v)
}

// stepped goes on after the second step, or shows why it failed. The password was right, so that saying that the code is wrong tells a stranger
// nothing.
func (p *Pages) stepped(w http.ResponseWriter, r *http.Request, s *identity.Session, err error, v *stepView) error {
	switch {
	case err == nil:
		return p.begun(w, r, s, v.back)
	case errors.Is(err, identity.ErrSession):
		p.drop(w, r, waitCookie)
		n := &notice{title: "第二步验证没有在时限内完成", text: "为了安全，请重新输入登录名和口令。"}
		return p.showSignIn(w, r, http.StatusForbidden, &signInView{back: v.back, notice: n})
	case errors.Is(err, identity.ErrSignIn):
		v.codeFault = "验证码不对，或者已经用过。请等下一个动态口令出现后再输入，并核对手机时间；恢复码每个只能用一次。"
		return p.showStep(w, r, http.StatusForbidden, v)
	}
	n, status, err := p.explain(w, "没有通过第二步验证", err)
	if err != nil {
		return err
	}
	v.notice = n
	return p.showStep(w, r, status, v)
}

// codeLabel names what the account can type.
func (v *stepView) codeLabel() string {
	if v.totp {
		return "动态口令或恢复码"
	}
	return "恢复码"
}

func (v *stepView) codeHint() string {
	if v.totp {
		return "动态口令是身份验证器应用里正在显示的 6 位数字；恢复码是 24 个字母和数字。"
	}
	return "这个账号登记的是通行密钥；密钥不在身边时，可以填一个恢复码（24 个字母和数字）。"
}
