package account

import (
	"net/http"
	"strings"
	"time"

	"gongxin/internal/identity"
)

// The cookies beside the session's own. Over TLS they carry the prefix that binds them to this host.
const (
	waitCookie   = "gx_step"   // token of a session that waits for its second factor, and which ones its account has
	deviceCookie = "gx_device" // token of this browser, which outlives sessions
	flowCookie   = "gx_flow"   // binds the answer of a unified identity to this browser, and the page to come back to
)

// maxCookie bounds what is read from a cookie; ours are far shorter, but for the page to come back to.
const maxCookie = 4096

// setCookie keeps a value in the browser; Lax, because the answer of a unified identity comes from another site.
func (p *Pages) setCookie(w http.ResponseWriter, name, value string, age time.Duration) {
	c := &http.Cookie{ //nolint:gosec // G124: Secure follows the site; without TLS the site is on loopback
		Name: p.site.CookieName(name), Value: value, Path: "/", MaxAge: max(int(age.Seconds()), 1), HttpOnly: true, Secure: p.site.Secure, SameSite: http.SameSiteLaxMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func (p *Pages) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(p.site.CookieName(name))
	if err != nil || len(c.Value) > maxCookie {
		return ""
	}
	return c.Value
}

// drop takes a cookie back if the browser has it.
func (p *Pages) drop(w http.ResponseWriter, r *http.Request, name string) {
	if _, err := r.Cookie(p.site.CookieName(name)); err == nil {
		p.setCookie(w, name, "", 0)
	}
}

// step is a session that waits for its second factor. The marks only choose what the page offers.
type step struct {
	token         string
	totp, passkey bool
}

// setStep keeps a waiting session apart from the session's own cookie: it opens nothing, and whoever reads pages with it stays a stranger.
func (p *Pages) setStep(w http.ResponseWriter, s *identity.Session) {
	marks := ""
	if s.TOTP {
		marks += "t"
	}
	if s.Passkey {
		marks += "p"
	}
	p.setCookie(w, waitCookie, s.Token+"."+marks, s.EndsAt.Sub(p.Clock.Now()))
}

func (p *Pages) step(r *http.Request) step {
	token, marks, _ := strings.Cut(p.cookie(r, waitCookie), ".")
	return step{token: token, totp: strings.Contains(marks, "t"), passkey: p.Passkeys && strings.Contains(marks, "p")}
}

// hold gives an open session to the browser.
func (p *Pages) hold(w http.ResponseWriter, s *identity.Session) {
	p.site.SetSession(w, s.Token, s.EndsAt)
	if s.Device != "" {
		p.setCookie(w, deviceCookie, s.Device, identity.DeviceFor)
	}
}
