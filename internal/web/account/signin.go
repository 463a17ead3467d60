package account

import (
	"net/http"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/fault"
	"gongxin/internal/identity"
	"gongxin/internal/web/ui"
)

// signInView is the sign-in page with what was typed and what is wrong. A password is never given back.
type signInView struct {
	login, back               string
	loginFault, passwordFault string
	notice                    *notice
	done                      string
	passkeys                  bool
	script                    string // address of the script for passkeys
	providers                 []Provider
	demo                      []DemoAccount
	links                     []ui.Link
}

// signIn shows the page, or leads whoever is signed in on.
func (p *Pages) signIn(w http.ResponseWriter, r *http.Request) error {
	back := backOf(r)
	if who := authz.From(r.Context()); who.Kind == authz.Account {
		return redirect(w, r, p.start(who, back))
	}
	v := &signInView{back: back}
	if r.URL.Query().Get("done") == doneClosed {
		v.done = doneWords[doneClosed]
	}
	return p.showSignIn(w, r, http.StatusOK, v)
}

func (p *Pages) showSignIn(w http.ResponseWriter, r *http.Request, status int, v *signInView) error {
	v.passkeys, v.script, v.providers, v.demo, v.links = p.Passkeys, p.script(), p.Providers, p.Demo, p.Links
	return p.show(w, r, status, p.page(r, "登录"), signInPage(v))
}

// script is the address of the script for passkeys.
func (p *Pages) script() string { return p.site.Assets.URL("js/passkey.js") }

// attempt is who tries to sign in, by where from.
func (p *Pages) attempt(r *http.Request) identity.Attempt {
	return identity.Attempt{Address: authz.From(r.Context()).Address, Agent: r.UserAgent(), Device: p.cookie(r, deviceCookie)}
}

// trySignIn takes login and password, and the code if one came along.
func (p *Pages) trySignIn(w http.ResponseWriter, r *http.Request) error {
	if err := form(w, r); err != nil {
		return err
	}
	in := p.attempt(r)
	in.Login, in.Password, in.Code = strings.TrimSpace(r.PostForm.Get("login")), r.PostForm.Get("password"), strings.TrimSpace(r.PostForm.Get("code"))
	v := &signInView{login: in.Login, back: backOf(r)}
	if in.Login == "" {
		v.loginFault = "请填写登录名。"
	}
	if in.Password == "" {
		v.passwordFault = "请填写口令。"
	}
	if v.loginFault+v.passwordFault != "" {
		return p.showSignIn(w, r, http.StatusBadRequest, v)
	}
	s, err := p.Accounts.SignIn(r.Context(), in)
	if err != nil {
		return p.refused(w, r, err, v)
	}
	return p.begun(w, r, s, v.back)
}

// refused shows the sign-in page again with why it did not work.
func (p *Pages) refused(w http.ResponseWriter, r *http.Request, err error, v *signInView) error {
	n, status, err := p.explain(w, "没有登录", err)
	if err != nil {
		return err
	}
	v.notice = n
	return p.showSignIn(w, r, status, v)
}

var errNoDemo = fault.New(fault.NotFound, "account.demo", "演示没有这个账号", "请从登录页面选择")

// demo signs in to an account of the demo.
func (p *Pages) demo(w http.ResponseWriter, r *http.Request) error {
	if err := form(w, r); err != nil {
		return err
	}
	v := &signInView{back: backOf(r)}
	for _, d := range p.Demo {
		if d.Login != r.PostForm.Get("login") {
			continue
		}
		s, err := d.SignIn(r.Context(), p.attempt(r))
		if err != nil {
			return p.refused(w, r, err, v)
		}
		return p.begun(w, r, s, v.back)
	}
	return p.refused(w, r, errNoDemo, v)
}

// begun goes on with a session that just began: to the second factor, to what must be done first, or to the page that was asked for.
func (p *Pages) begun(w http.ResponseWriter, r *http.Request, s *identity.Session, back string) error {
	if old := p.site.Session(r); old != "" { // whoever used this browser before is not left signed in behind the new session
		if err := p.Accounts.SignOut(r.Context(), old); err != nil {
			return err
		}
	}
	if s.FactorDue {
		p.site.ClearSession(w)
		p.setStep(w, s)
		return redirect(w, r, withBack(factorPath, back))
	}
	p.hold(w, s)
	p.drop(w, r, waitCookie)
	to, err := p.next(r, s, back)
	if err != nil {
		return err
	}
	return redirect(w, r, to)
}

// next is where an open session goes: a handed-out password is changed first, then a missing factor is enrolled.
func (p *Pages) next(r *http.Request, s *identity.Session, back string) (string, error) {
	switch {
	case s.MustChange:
		return withBack(passwordPath, back), nil
	case s.EnrolDue:
		return withBack(factorPath, back), nil
	case back != "":
		return back, nil
	}
	who, err := p.Accounts.Actor(r.Context(), s.Token)
	if err != nil {
		return "", err
	}
	return p.start(who, ""), nil
}

// signOut ends the session, and one that waits.
func (p *Pages) signOut(w http.ResponseWriter, r *http.Request) error {
	for _, raw := range []string{p.site.Session(r), p.step(r).token} {
		if raw == "" {
			continue
		}
		if err := p.Accounts.SignOut(r.Context(), raw); err != nil {
			return err
		}
	}
	p.site.ClearSession(w)
	p.drop(w, r, waitCookie)
	p.drop(w, r, flowCookie)
	// Not the cookies: the browser stays known, and the display as it was. Not the storage: the checkpoint that a reader verified last lies there, and
	// nothing of what was seen behind the sign-in.
	w.Header().Set("Clear-Site-Data", `"cache"`)
	return redirect(w, r, "/")
}
