// Package account keeps the rule that a person proves who they are on pages that tell a stranger nothing: no answer says whether a login exists,
// no secret stands in an address or is shown twice, and what cannot be undone is asked for twice. It holds signing in and out, opening an account of
// one's own, the second factor, and what an account's owner sees and changes: password, sessions, passkeys, API keys. Everything works without JavaScript but
// passkeys, which browsers offer to scripts only.
package account

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/a-h/templ"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/identity"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// SignIns proves who somebody is; *identity.Service does.
type SignIns interface {
	Actor(ctx context.Context, raw string) (authz.Actor, error)
	SignIn(ctx context.Context, in identity.Attempt) (*identity.Session, error)
	SignInFactor(ctx context.Context, raw, code string, in identity.Attempt) (*identity.Session, error)
	SignOut(ctx context.Context, raw string) error
	BeginPasskeySignIn(ctx context.Context, in identity.Attempt) (*identity.Ceremony, error)
	SignInPasskey(ctx context.Context, ceremony string, answer []byte, in identity.Attempt) (*identity.Session, error)
	BeginPasskeyFactor(ctx context.Context, raw string) (*identity.Ceremony, error)
	SignInPasskeyFactor(ctx context.Context, raw, ceremony string, answer []byte, in identity.Attempt) (*identity.Session, error)
	BeginOIDC(ctx context.Context, provider string, a authz.Actor, address string) (*identity.OIDCStart, error)
	FinishOIDC(ctx context.Context, answer identity.OIDCAnswer, in identity.Attempt) (*identity.Session, error)
}

// Owner keeps an account for the one whose it is; *identity.Service does.
type Owner interface {
	Show(ctx context.Context, by authz.Actor, account int64) (*identity.Account, []identity.Held, error)
	ChangePassword(ctx context.Context, a authz.Actor, current, next string) (*identity.Session, error)
	Sessions(ctx context.Context, a authz.Actor) ([]identity.SessionInfo, error)
	EndSession(ctx context.Context, a authz.Actor, session int64) error
	EndOthers(ctx context.Context, a authz.Actor) error
	Ties(ctx context.Context, a authz.Actor) ([]identity.Tie, error)
	Untie(ctx context.Context, a authz.Actor, issuer string) error
	CloseAccount(ctx context.Context, a authz.Actor, c identity.Closing) error
}

// Factors keeps second factors; *identity.Service does.
type Factors interface {
	BeginTOTP(ctx context.Context, a authz.Actor) (*identity.TOTPSetup, error)
	ConfirmTOTP(ctx context.Context, a authz.Actor, ceremony, code string) (*identity.Session, []string, error)
	RemoveTOTP(ctx context.Context, a authz.Actor) error
	NewRecoveryCodes(ctx context.Context, a authz.Actor) ([]string, error)
	Passkeys(ctx context.Context, a authz.Actor) ([]identity.PasskeyInfo, error)
	BeginPasskey(ctx context.Context, a authz.Actor) (*identity.Ceremony, error)
	FinishPasskey(ctx context.Context, a authz.Actor, ceremony string, answer []byte, label string) (*identity.Session, []string, error)
	RenamePasskey(ctx context.Context, a authz.Actor, passkey int64, label string) error
	RemovePasskey(ctx context.Context, a authz.Actor, passkey int64) error
}

// Keys keeps API keys; *identity.Service does.
type Keys interface {
	Keys(ctx context.Context, by authz.Actor, account int64) ([]identity.Key, error)
	NewKey(ctx context.Context, by authz.Actor, account int64, spec identity.KeySpec) (*identity.Key, string, error)
	RotateKey(ctx context.Context, by authz.Actor, key int64, overlap time.Duration) (*identity.Key, string, error)
	RevokeKey(ctx context.Context, by authz.Actor, key int64) error
}

// Accounts is everything that these pages ask of accounts; *identity.Service is one.
type Accounts interface {
	SignIns
	SignUps
	Owner
	Factors
	Keys
}

// Provider is a unified identity that the sign-in page offers.
type Provider struct{ Name, Label string }

// Providers gives what the page shows of the providers that identity knows.
func Providers(list []identity.Provider) []Provider {
	out := make([]Provider, len(list))
	for i := range list {
		out[i] = Provider{list[i].Name, list[i].Label}
	}
	return out
}

// DemoAccount is an account that a demo offers to everyone with one click.
type DemoAccount struct {
	Login  string
	Role   string // what one can try with it, in words
	SignIn func(ctx context.Context, in identity.Attempt) (*identity.Session, error)
}

// Deps are what the pages are made of.
type Deps struct {
	Site      *web.Site
	Accounts  Accounts
	Authority *authz.Authority
	Clock     clock.Clock
	// Passkeys says that the site has them: identity was given the site's domain.
	Passkeys  bool
	Providers []Provider
	// Demo lists the accounts of a demo. It must be empty anywhere else.
	Demo []DemoAccount
	// MinPassword is the least length of a password in characters; 10 when zero.
	MinPassword int
	// Home gives where an actor starts who did not come from a page; nil leads to /account.
	Home func(authz.Actor) string
	// Agency and Region name a unit and a division; nil leaves the unit out and shows the division's code.
	Agency func(ctx context.Context, id int64) string
	Region func(code string) string
	// MenuLinks gives what the header shows to a signed-in actor beside the own account; may be nil.
	MenuLinks func(authz.Actor) []ui.Link
	// Links stand below the sign-in form, under opening an account.
	Links []ui.Link
	// Consents leads to the consents that an account gave; without address the page about closing does not speak of them.
	Consents ui.Link
}

// Pages are signing in and the account's own pages.
type Pages struct {
	Deps
	site *web.Site
}

// New makes the pages.
func New(d Deps) *Pages {
	if d.MinPassword <= 0 {
		d.MinPassword = 10
	}
	if d.Home == nil {
		d.Home = func(authz.Actor) string { return overviewPath }
	}
	if d.Agency == nil {
		d.Agency = func(context.Context, int64) string { return "" }
	}
	if d.Region == nil {
		d.Region = func(code string) string { return code }
	}
	return &Pages{Deps: d, site: d.Site}
}

// The addresses that others lead to.
const (
	signInPath   = "/sign-in"
	factorPath   = "/sign-in/factor"
	overviewPath = "/account"
	passwordPath = "/account/password"
	factorsPath  = "/account/factors"
	sessionsPath = "/account/sessions"
	keysPath     = "/account/keys"
	untiePath    = "/account/untie"
	closePath    = "/account/close"
)

// CallbackPath is where a provider sends the browser back to; it is registered there below the site's address.
func CallbackPath(provider string) string { return signInPath + "/oidc/" + provider + "/callback" }

// Routes hangs the pages into the site.
func (p *Pages) Routes(rt *web.Router) {
	page := func(pattern string, g web.Guard, h web.Handler) { rt.Handle(pattern, g, p.site.Handle(h)) }
	open := web.Public(authz.SessionOpen)
	page("GET /sign-in", open, p.signIn)
	page("POST /sign-in", open, p.trySignIn)
	page("POST /sign-in/passkey/begin", open, p.beginSignInPasskey)
	page("POST /sign-in/passkey", open, p.signInPasskey)
	page("GET /sign-in/factor", open, p.factor)
	page("POST /sign-in/factor", open, p.tryFactor)
	page("POST /sign-in/factor/passkey/begin", open, p.beginFactorPasskey)
	page("POST /sign-in/factor/passkey", open, p.factorPasskey)
	page("GET /sign-in/oidc/{provider}", open, p.beginOIDC)
	page("GET /sign-in/oidc/{provider}/callback", open, p.finishOIDC)
	if len(p.Demo) > 0 {
		page("POST /sign-in/demo", open, p.demo)
	}
	page("POST /sign-out", web.Public(authz.SessionClose), p.signOut)
	page("GET /sign-up", web.Public(authz.AccountOpen), p.signUp)
	page("POST /sign-up", web.Public(authz.AccountOpen), p.trySignUp)

	own := web.Own(authz.AccountOwn)
	page("GET /account", own, p.overview)
	page("GET /account/password", own, p.password)
	page("POST /account/password", own, p.changePassword)
	page("POST /account/oidc/{provider}", own, p.tieOIDC)
	page("POST /account/untie", own, p.untie)
	page("GET /account/close", own, p.askClose)
	page("POST /account/close", own, p.closeAccount)

	sessions := web.Own(authz.SessionOwn)
	page("GET /account/sessions", sessions, p.sessions)
	page("POST /account/sessions/others", sessions, p.endOthers)
	page("POST /account/sessions/{id}/end", sessions, p.endSession)

	factors := web.Own(authz.FactorEnrol)
	page("GET /account/factors", factors, p.factors)
	page("POST /account/factors/totp", factors, p.beginTOTP)
	page("POST /account/factors/totp/confirm", factors, p.confirmTOTP)
	page("POST /account/factors/totp/remove", factors, p.removeTOTP)
	page("POST /account/factors/recovery", factors, p.recovery)
	page("POST /account/passkeys/begin", factors, p.beginPasskey)
	page("POST /account/passkeys", factors, p.addPasskey)
	page("POST /account/passkeys/{id}/rename", factors, p.renamePasskey)
	page("POST /account/passkeys/{id}/remove", factors, p.removePasskey)

	keys := web.Own(authz.KeyOwn)
	page("GET /account/keys", keys, p.keys)
	page("POST /account/keys", keys, p.newKey)
	page("POST /account/keys/{id}/rotate", keys, p.rotateKey)
	page("POST /account/keys/{id}/revoke", keys, p.revokeKey)

	// Some pages are the answer to a form. Whoever asks for one again, or comes back to it after signing in, gets the page of the form.
	page("GET /sign-in/{rest...}", open, to(signInPath))
	page("GET /account/oidc/{provider}", own, to(overviewPath))
	page("GET /account/untie", own, to(overviewPath))
	page("GET /account/sessions/{rest...}", sessions, to(sessionsPath))
	page("GET /account/factors/{rest...}", factors, to(factorsPath))
	page("GET /account/passkeys", factors, to(factorsPath))
	page("GET /account/passkeys/{rest...}", factors, to(factorsPath))
	page("GET /account/keys/{rest...}", keys, to(keysPath))
}

// to leads to another page.
func to(path string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error { return redirect(w, r, path) }
}

// section is the pages' mark in the main navigation.
const section = "account"

// page makes the frame of a page.
func (p *Pages) page(r *http.Request, title string, crumbs ...ui.Link) *ui.Page {
	f := p.site.Page(r, title, append(crumbs, ui.Link{Label: title})...)
	f.Section, f.NoIndex = section, true
	// The display switches lead back to a page that can be asked for again, without what stands in the query of this one.
	switch at := r.URL.Path; {
	case r.Method == http.MethodGet && !strings.HasPrefix(at, signInPath+"/oidc/"):
		f.Path = withBack(at, backOf(r))
	case strings.HasPrefix(at, signInPath):
		f.Path = signInPath
	case at == signUpPath:
		f.Path = signUpPath
	default:
		f.Path = overviewPath
	}
	return f
}

// ownPage makes the frame of a page of the account.
func (p *Pages) ownPage(r *http.Request, title string) *ui.Page {
	return p.page(r, title, ui.Link{Href: overviewPath, Label: "我的账号"})
}

// show writes a page that nobody keeps.
func (p *Pages) show(w http.ResponseWriter, r *http.Request, status int, f *ui.Page, body templ.Component) error {
	return p.site.Render(noStore{w}, r, status, web.Frame(f, body))
}

// noStore keeps a page out of every cache, also for a reader who is not signed in: it may hold a login, a secret or a key.
type noStore struct{ http.ResponseWriter }

// WriteHeader sets the header as the last before it leaves.
func (n noStore) WriteHeader(status int) {
	n.Header().Set("Cache-Control", "no-store")
	n.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (n noStore) Unwrap() http.ResponseWriter { return n.ResponseWriter }

// maxForm bounds a form of these pages; an answer of an authenticator is the largest thing in one.
const maxForm = 64 << 10

var errForm = fault.New(fault.Invalid, "account.form", "提交的内容不是这个页面的表单", "请回到页面重新填写")

// form reads a form.
func form(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	err := r.ParseForm()
	var large *http.MaxBytesError
	if err == nil || errors.As(err, &large) {
		return err
	}
	return errForm.With(err)
}

// maxBack bounds the address of the page to come back to.
const maxBack = 2000

// backOf gives the page to come back to, "" when there is none worth it. Pages of signing in themselves would lead in a circle.
func backOf(r *http.Request) string {
	back := web.Back(r)
	u, err := url.Parse(back)
	if err != nil || len(back) > maxBack {
		return ""
	}
	// A browser folds dots away, so that what looks like another path may be one of these.
	switch at := path.Clean(u.Path); {
	case at == "/", at == signInPath, strings.HasPrefix(at, signInPath+"/"), at == signUpPath, at == "/sign-out":
		return ""
	}
	return back
}

// withBack adds the page to come back to.
func withBack(to, back string) string {
	if back == "" {
		return to
	}
	return to + "?" + url.Values{"back": {back}}.Encode()
}

// start is where an actor goes on.
func (p *Pages) start(a authz.Actor, back string) string {
	if back != "" {
		return back
	}
	return web.Local(p.Home(a))
}

// redirect leads on after a form, or past a page that has nothing to say.
func redirect(w http.ResponseWriter, r *http.Request, to string) error {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // G710: addresses of this package, or what web.Local let pass
	return nil
}
