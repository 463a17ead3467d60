package web

import (
	"net/http"

	"gongxin/internal/web/ui"
)

// The cookies of a reader's choices. They hold a word, nothing about the reader.
const (
	themeCookie = "gx_theme"
	sizeCookie  = "gx_size"
)

// PrefsOf reads the reader's choices; anything unknown counts as none.
func (s *Site) PrefsOf(r *http.Request) ui.Prefs {
	var p ui.Prefs
	if c, err := r.Cookie(s.CookieName(themeCookie)); err == nil {
		switch t := ui.Theme(c.Value); t {
		case ui.ThemeLight, ui.ThemeDark:
			p.Theme = t
		}
	}
	if c, err := r.Cookie(s.CookieName(sizeCookie)); err == nil {
		p.Large = c.Value == "large"
	}
	return p
}

// setPrefs answers the switches: it keeps the choice for a year and leads back to the page.
func (s *Site) setPrefs(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if err := r.ParseForm(); err != nil {
		s.Problem(w, r, err)
		return
	}
	switch v := r.PostForm.Get("theme"); v {
	case "light", "dark":
		s.setCookie(w, themeCookie, v)
	case "system":
		s.setCookie(w, themeCookie, "")
	}
	switch v := r.PostForm.Get("size"); v {
	case "large":
		s.setCookie(w, sizeCookie, v)
	case "normal":
		s.setCookie(w, sizeCookie, "")
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, Local(r.PostForm.Get("back")), http.StatusSeeOther) //nolint:gosec // G710: Local lets only paths of this site pass
}

func (s *Site) setCookie(w http.ResponseWriter, name, value string) {
	c := &http.Cookie{ //nolint:gosec // G124: Secure follows the site, the display choice is no secret
		Name: s.CookieName(name), Value: value, Path: "/", MaxAge: 365 * 24 * 60 * 60,
		HttpOnly: true, Secure: s.Secure, SameSite: http.SameSiteLaxMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
