package account

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"rsc.io/qr"

	"gongxin/internal/authz"
	"gongxin/internal/fault"
	"gongxin/internal/identity"
	"gongxin/internal/web/ui"
)

// factorsView is the second factors of the account.
type factorsView struct {
	tabs       []ui.Tab
	account    *identity.Account
	keys       []identity.PasskeyInfo
	strong     bool // the session gave one
	must       bool // the account's roles demand one
	asked      bool // a page asked for it: the view stands at /sign-in/factor
	passkeys   bool // the site has them
	script     string
	back       string
	label      string // typed name of a new passkey
	labelFault string
	done       string
	notice     *notice
}

func (v *factorsView) any() bool { return v.account.TOTP || len(v.keys) > 0 }

// may reports whether the session may change factors: the first one after the password alone, every further change with a factor.
func (v *factorsView) may() bool { return v.strong || !v.any() }

// last reports whether a removal would leave an account without a factor that must have one.
func (v *factorsView) last() bool {
	n := len(v.keys)
	if v.account.TOTP {
		n++
	}
	return v.must && n == 1
}

func (p *Pages) factorsOf(r *http.Request, who authz.Actor) (*factorsView, error) {
	a, held, err := p.Accounts.Show(r.Context(), who, who.ID)
	if err != nil {
		return nil, err
	}
	keys, err := p.Accounts.Passkeys(r.Context(), who)
	if err != nil {
		return nil, err
	}
	v := &factorsView{tabs: p.tabs(who, factorsPath), account: a, keys: keys, strong: who.Strong, passkeys: p.Passkeys, script: p.script()}
	for _, h := range held {
		v.must = v.must || h.Role.Watches()
	}
	return v, nil
}

func (p *Pages) factors(w http.ResponseWriter, r *http.Request) error {
	v, err := p.factorsOf(r, authz.From(r.Context()))
	if err != nil {
		return err
	}
	v.done, v.back = doneOf(r), backOf(r)
	return p.showFactors(w, r, http.StatusOK, v)
}

func (p *Pages) showFactors(w http.ResponseWriter, r *http.Request, status int, v *factorsView) error {
	return p.show(w, r, status, p.ownPage(r, "第二步验证"), factorsPage(v))
}

// factorsAgain shows the page with why a change was refused.
func (p *Pages) factorsAgain(w http.ResponseWriter, r *http.Request, err error, change func(*factorsView)) error {
	n, status, err := p.explain(w, "没有办成", err)
	if err != nil {
		return err
	}
	v, err := p.factorsOf(r, authz.From(r.Context()))
	if err != nil {
		return err
	}
	v.notice = n
	change(v)
	return p.showFactors(w, r, status, v)
}

func (p *Pages) factorDone(w http.ResponseWriter, r *http.Request, err error, done string) error {
	if err == nil {
		return redirect(w, r, factorsPath+"?done="+done)
	}
	return p.factorsAgain(w, r, err, func(*factorsView) {})
}

func (p *Pages) removeTOTP(w http.ResponseWriter, r *http.Request) error {
	return p.factorDone(w, r, p.Accounts.RemoveTOTP(r.Context(), authz.From(r.Context())), "totp-removed")
}

// setupView is the page that hands the secret of an authenticator over. The secret stands in the page alone: it comes back with the form, so that a
// slip of the code shows the same one again, and never stands in an address.
type setupView struct {
	ceremony, uri, secret string
	image                 string // SVG
	back                  string
	codeFault             string
	notice                *notice
}

func (p *Pages) beginTOTP(w http.ResponseWriter, r *http.Request) error {
	if err := form(w, r); err != nil {
		return err
	}
	setup, err := p.Accounts.BeginTOTP(r.Context(), authz.From(r.Context()))
	if err != nil {
		return p.factorsAgain(w, r, err, func(v *factorsView) { v.back = backOf(r) })
	}
	return p.showSetup(w, r, http.StatusOK, &setupView{ceremony: setup.Ceremony, uri: setup.URL, back: backOf(r)})
}

var errSetup = fault.New(fault.Invalid, "account.totp", "设置动态口令的内容不完整", "请回到第二步验证页面重新开始")

func (p *Pages) showSetup(w http.ResponseWriter, r *http.Request, status int, v *setupView) error {
	u, err := url.Parse(v.uri)
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || len(v.uri) > 2000 {
		return errSetup
	}
	if v.secret = u.Query().Get("secret"); v.secret == "" {
		return errSetup
	}
	if v.image, err = drawQR(v.uri); err != nil {
		return err
	}
	return p.show(w, r, status, p.ownPage(r, "启用动态口令"), setupPage(v))
}

// confirmTOTP takes the first code of the authenticator.
func (p *Pages) confirmTOTP(w http.ResponseWriter, r *http.Request) error {
	if err := form(w, r); err != nil {
		return err
	}
	v := &setupView{ceremony: r.PostForm.Get("ceremony"), uri: r.PostForm.Get("uri"), back: backOf(r)}
	code := strings.TrimSpace(r.PostForm.Get("code"))
	if code == "" {
		v.codeFault = "请填写应用里显示的 6 位动态口令。"
		return p.showSetup(w, r, http.StatusBadRequest, v)
	}
	s, codes, err := p.Accounts.ConfirmTOTP(r.Context(), authz.From(r.Context()), v.ceremony, code)
	if err == nil {
		return p.enrolled(w, r, s, codes, v.back, "totp")
	}
	n, status, hidden := p.explain(w, "没有启用", err)
	var wait *identity.Throttled
	switch {
	case hidden != nil:
		return hidden
	case errors.Is(err, identity.ErrCode):
		v.codeFault = n.text + n.fix
	case errors.As(err, &wait):
		v.notice = n
	default: // expired, or another session was faster
		return p.factorsAgain(w, r, err, func(f *factorsView) { f.back = v.back })
	}
	return p.showSetup(w, r, status, v)
}

// enrolled goes on with the session that a new factor made strong; recovery codes are shown now or never.
func (p *Pages) enrolled(w http.ResponseWriter, r *http.Request, s *identity.Session, codes []string, back, what string) error {
	p.hold(w, s)
	to := back
	if to == "" {
		to = factorsPath + "?done=" + what
	}
	if s.MustChange {
		to = withBack(passwordPath, back)
	}
	if len(codes) == 0 {
		return redirect(w, r, to)
	}
	return p.showCodes(w, r, &codesView{codes: codes, done: doneWords[what], next: to})
}

// codesView shows recovery codes, once.
type codesView struct {
	codes []string
	done  string
	next  string
}

func (p *Pages) showCodes(w http.ResponseWriter, r *http.Request, v *codesView) error {
	return p.show(w, r, http.StatusOK, p.ownPage(r, "恢复码"), codesPage(v))
}

// recovery replaces the recovery codes.
func (p *Pages) recovery(w http.ResponseWriter, r *http.Request) error {
	codes, err := p.Accounts.NewRecoveryCodes(r.Context(), authz.From(r.Context()))
	if err != nil {
		return p.factorsAgain(w, r, err, func(*factorsView) {})
	}
	return p.showCodes(w, r, &codesView{codes: codes, done: "新的恢复码已经生成，以前的恢复码全部作废", next: factorsPath})
}

// quiet is the white border that ISO/IEC 18004 asks for, in modules.
const quiet = 4

// drawQR draws a text as an element of the page, dark on white whatever the theme, so that every camera reads it. It is no image of its own: its
// address would hold the secret, or the server would have to remember it.
func drawQR(text string) (string, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", errSetup.With(err)
	}
	side := strconv.Itoa(code.Size + 2*quiet)
	var b strings.Builder
	b.WriteString(`<svg role="img" aria-label="动态口令的二维码，内容与下面的密钥相同" width="240" height="240" viewBox="0 0 ` + side + ` ` + side +
		`" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h` + side + `v` + side + `H0z"/><path fill="#000" d="`)
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			if !code.Black(x, y) {
				continue
			}
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			run := strconv.Itoa(x - from)
			b.WriteString("M" + strconv.Itoa(from+quiet) + " " + strconv.Itoa(y+quiet) + "h" + run + "v1h-" + run + "z")
		}
	}
	b.WriteString(`"/></svg>`)
	return b.String(), nil
}

// enrolTitle says why a factor is asked for.
func enrolTitle(v *factorsView) string {
	if v.must {
		return "您的角色必须有第二步验证，设置以后才能办理业务"
	}
	return "这项操作要求第二步验证，您还没有设置"
}
