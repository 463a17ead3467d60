package account

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"gongxin/internal/authz"
	"gongxin/internal/identity"
	"gongxin/internal/web/ui"
)

// SignUps opens an account for whoever asks for one of their own; *identity.Service does. It also holds what keeps strangers from trying logins.
type SignUps interface {
	Open(ctx context.Context, by authz.Actor, n identity.NewAccount) (*identity.Account, string, error)
}

const (
	signUpPath = "/sign-up"
	// claimPath is where a new account says for whom it is; without that it opens nothing.
	claimPath = "/me/claim"
)

// The bounds that the form tells the browser; identity holds them.
const (
	maxLogin    = 64
	maxFullName = 100
	maxPassword = 1000
)

// agreed is the value of the box by which somebody consents.
const agreed = "yes"

// signUpKinds are the accounts that people open themselves.
var signUpKinds = []ui.Option{
	{Value: string(identity.ResidentAccount), Label: "居民：看关于本人的信用信息"},
	{Value: string(identity.BusinessAccount), Label: "企业代理人：看所代理企业的信用档案"},
}

// signUpView is the form with what was typed and what is wrong. Passwords are never given back.
type signUpView struct {
	kind, login, name string
	agreed            bool
	least             int
	city, service     string
	notice            *notice

	kindFault, loginFault, nameFault, passwordFault, againFault, agreeFault string
}

func (v *signUpView) faulty() bool {
	return v.kindFault+v.loginFault+v.nameFault+v.passwordFault+v.againFault+v.agreeFault != ""
}

// agreement ties the box to what is wrong with it.
func (v *signUpView) agreement() templ.Attributes {
	if v.agreeFault == "" {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-describedby": "agree-fault"}
}

// signUp shows the form. Whoever is signed in has an account, and is led on.
func (p *Pages) signUp(w http.ResponseWriter, r *http.Request) error {
	if who := authz.From(r.Context()); who.Kind == authz.Account {
		return redirect(w, r, p.start(who, ""))
	}
	return p.showSignUp(w, r, http.StatusOK, &signUpView{})
}

func (p *Pages) showSignUp(w http.ResponseWriter, r *http.Request, status int, v *signUpView) error {
	f := p.page(r, "开立账号")
	v.least, v.city, v.service = p.MinPassword, f.City, f.Service
	if v.faulty() && v.notice == nil {
		v.notice = &notice{title: "账号没有开立", text: "请按下面标出的地方改好后再提交。口令要重新填写。"}
	}
	return p.show(w, r, status, f, signUpPage(v))
}

// trySignUp opens the account, signs in with it and leads to the claim. What can be said without asking identity is said first: identity counts
// what it is asked by the caller's network, and thereby bounds how many logins anyone can try.
func (p *Pages) trySignUp(w http.ResponseWriter, r *http.Request) error {
	if err := form(w, r); err != nil {
		return err
	}
	who := authz.From(r.Context())
	if who.Kind == authz.Account {
		return redirect(w, r, p.start(who, ""))
	}
	v, password := readSignUp(r)
	if v.faulty() {
		return p.showSignUp(w, r, http.StatusBadRequest, v)
	}
	_, _, err := p.Accounts.Open(r.Context(), who, identity.NewAccount{Kind: identity.AccountKind(v.kind), Login: v.login, Name: v.name, Password: password})
	if err != nil {
		return p.signUpRefused(w, r, err, v)
	}
	in := p.attempt(r)
	in.Login, in.Password = v.login, password
	s, err := p.Accounts.SignIn(r.Context(), in)
	if err != nil {
		return p.openedOnly(w, r, err, v)
	}
	return p.begun(w, r, s, claimPath)
}

// readSignUp reads the form and finds what is missing.
func readSignUp(r *http.Request) (*signUpView, string) {
	get := r.PostForm.Get
	v := &signUpView{kind: get("kind"), login: strings.TrimSpace(get("login")), name: strings.TrimSpace(get("name")), agreed: get("agree") == agreed}
	if !slices.ContainsFunc(signUpKinds, func(o ui.Option) bool { return o.Value == v.kind }) {
		v.kind, v.kindFault = "", "请选择账号的种类。工作人员和机构的账号由安全管理员开立。"
	}
	if v.login == "" {
		v.loginFault = "请填写登录名。"
	}
	if v.name == "" {
		v.nameFault = "请填写姓名。"
	}
	password := get("password")
	if password == "" {
		v.passwordFault = "请填写口令。"
	} else if get("again") != password {
		v.againFault = "两次填写的口令不一样。"
	}
	if !v.agreed {
		v.agreeFault = "开立账号要保存下面写明的个人信息，请阅读后决定是否同意。不同意的，不能开立账号，仍可以查询公开的信息。"
	}
	return v, password
}

// signUpRefused says beside the field what is wrong with it.
func (p *Pages) signUpRefused(w http.ResponseWriter, r *http.Request, err error, v *signUpView) error {
	n, status, hidden := p.explain(w, "账号没有开立", err)
	if hidden != nil {
		return hidden
	}
	is := func(want error) bool { return errors.Is(err, want) }
	switch {
	case is(identity.ErrLogin), is(identity.ErrLoginUsed):
		v.loginFault = n.text + n.fix
	case is(identity.ErrName):
		v.nameFault = n.text + n.fix
	case slices.ContainsFunc(passwordFaults, is):
		v.passwordFault = n.text + n.fix
	case is(identity.ErrThrottled):
		// The advice of a sign-in, another way in, is of no use here.
		n.fix = "同一网络地址开立账号的次数有限。已经有账号的，请直接登录。"
		v.notice = n
	default:
		v.notice = n
	}
	return p.showSignUp(w, r, status, v)
}

// openedOnly says that the account is there although signing in with it has to wait.
func (p *Pages) openedOnly(w http.ResponseWriter, r *http.Request, err error, v *signUpView) error {
	n, status, hidden := p.explain(w, "账号已经开立，还没有登录", err)
	if hidden != nil {
		return hidden
	}
	return p.showSignIn(w, r, status, &signInView{login: v.login, back: claimPath, notice: n})
}
