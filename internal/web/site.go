package web

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/web/ui"
)

// Site is what all pages of one installation share. The zero values of the optional fields are safe.
type Site struct {
	City    string // 临溪市
	Product string // 公信 when empty
	Service string // 公共信用信息平台 when empty
	Assets  *ui.Assets
	Log     *slog.Logger

	Nav       []ui.NavItem
	Footer    []ui.Link
	SourceURL string
	Licence   string

	// Secure says that readers come over TLS: HSTS is sent and cookies carry Secure.
	Secure bool
	// Timeout bounds the work for one page; 10 s when zero.
	Timeout time.Duration
	// AsOf gives the moment up to which the pages know; nil leaves it out. Edition is the catalogue's.
	AsOf    func() time.Time
	Edition func() string
	// Now is the clock of the log; time.Now when nil.
	Now func() time.Time

	// Actors finds out who calls; no site works without it.
	Actors authz.Actors
	// Authority decides; without one, grants of a part of the city reach nothing.
	Authority *authz.Authority
	// SignIn and Factor are the pages where people sign in and add their second factor; /sign-in and /sign-in/factor when empty.
	SignIn, Factor string
	// Notice gives what every page must tell its reader now; nil, and a nil answer, are nothing. It is asked for every page and must be cheap.
	Notice func(ctx context.Context) *ui.Notice
	// Menu gives what the header shows to a caller; with nil it is a link to sign in.
	Menu Menu
	// Desks gives the head of the desks for a caller at an address below /desk; nil, and an empty answer, leave the portal's.
	Desks func(who authz.Actor, path string) []ui.DeskGroup
	// Before stands before everything that is served, behind the headers and the log: what it turns away is answered and logged like the rest.
	Before func(http.Handler) http.Handler
	// Refused is told of every refused look at what exists; nil = nobody. It must not block.
	Refused func(authz.Refusal)
	// Even is the step in which answers "not there" leave for callers who are somebody, so that their time does not say whether something is; 0 = at once.
	Even time.Duration
	// ClientAddr gives a caller's address behind a proxy that is trusted; nil = the connection's.
	ClientAddr func(*http.Request) string
}

// Menu fills the account's part of the header.
type Menu interface {
	Account(ctx context.Context, who authz.Actor) ui.Account
}

func (s *Site) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}

func (s *Site) now() time.Time {
	if s.Now == nil {
		return clock.System{}.Now()
	}
	return s.Now()
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// Page fills the frame of a page from the site and the reader's choices.
func (s *Site) Page(r *http.Request, title string, crumbs ...ui.Link) *ui.Page {
	p := &ui.Page{
		Title:     title,
		Product:   or(s.Product, "公信"),
		City:      s.City,
		Service:   or(s.Service, "公共信用信息平台"),
		Nav:       s.Nav,
		Crumbs:    crumbs,
		Prefs:     s.PrefsOf(r),
		Path:      "/",
		Footer:    s.Footer,
		SourceURL: s.SourceURL,
		Licence:   s.Licence,
		Assets:    s.Assets,
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		p.Path = r.URL.RequestURI()
	}
	p.Account = s.account(r)
	if s.Desks != nil && atDesk(r.URL.Path) {
		p.Desks = s.Desks(authz.From(r.Context()), r.URL.Path)
	}
	p.Crumbs = slices.Clone(p.Crumbs)
	for i := range p.Crumbs {
		if !s.Leads(r, p.Crumbs[i].Href) {
			p.Crumbs[i].Href = ""
		}
	}
	p.Account.Links = slices.DeleteFunc(slices.Clone(p.Account.Links), func(l ui.Link) bool { // once is enough
		return slices.ContainsFunc(p.Nav, func(n ui.NavItem) bool { return n.Href == l.Href }) ||
			slices.ContainsFunc(p.Desks, func(g ui.DeskGroup) bool { return g.Places[0].Href == l.Href })
	})
	if s.Notice != nil {
		p.Notice = s.Notice(r.Context())
	}
	if s.AsOf != nil {
		if t := s.AsOf(); !t.IsZero() {
			p.AsOf = t.In(china).Format("2006-01-02 15:04")
		}
	}
	if s.Edition != nil {
		p.Edition = s.Edition()
	}
	return p
}

// deskRoot is where the desks are.
const deskRoot = "/desk"

// atDesk reports whether an address is one of the desks'.
func atDesk(path string) bool { return path == deskRoot || strings.HasPrefix(path, deskRoot+"/") }

// Leads reports whether a link to one of the desks takes the caller of a request anywhere: it lies in a place of the caller's own head. It chooses what a page
// offers; the route behind decides. Links to elsewhere always lead.
func (s *Site) Leads(r *http.Request, href string) bool {
	path, _, _ := strings.Cut(href, "?")
	if s.Desks == nil || !atDesk(path) {
		return true
	}
	return slices.ContainsFunc(s.Desks(authz.From(r.Context()), path), func(g ui.DeskGroup) bool { return g.On })
}

// account is what the header says about who is signed in.
func (s *Site) account(r *http.Request) ui.Account {
	switch who := authz.From(r.Context()); {
	case s.Menu != nil:
		return s.Menu.Account(r.Context(), who)
	case who.SignedIn():
		return ui.Account{Name: "已登录"}
	}
	return ui.Account{Links: []ui.Link{{Href: or(s.SignIn, defaultSignIn), Label: "登录"}}}
}

var china = time.FixedZone("Asia/Shanghai", 8*60*60)

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Render writes a page. It is composed in memory first, so that a fault on the way still becomes a proper error page.
func (s *Site) Render(w http.ResponseWriter, r *http.Request, status int, c templ.Component) error {
	b, _ := buffers.Get().(*bytes.Buffer)
	b.Reset()
	defer func() {
		if b.Cap() < 1<<20 {
			buffers.Put(b)
		}
	}()
	if err := c.Render(r.Context(), b); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	switch {
	case authz.From(r.Context()).SignedIn():
		h.Set("Cache-Control", "no-store") // the header names who is signed in
	case h.Get("Cache-Control") != "no-store": // which a handler has said of what only its reader may see
		h.Set("Cache-Control", "no-cache")
	}
	h.Add("Vary", "Cookie")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes())
	}
	return nil
}

// Frame is the layout with its main part.
func Frame(p *ui.Page, body templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return ui.Layout(p).Render(templ.WithChildren(ctx, body), w)
	})
}

// Handler is a page's handler; its error becomes the error page.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Handle makes an http.Handler that bounds the page's time and turns its error into an error page.
func (s *Site) Handle(h Handler) http.Handler {
	limit := s.Timeout
	if limit <= 0 {
		limit = 10 * time.Second
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		if err := h(w, r.WithContext(ctx)); err != nil {
			s.Problem(w, r, err)
		}
	})
}

// Stream makes an http.Handler without a bound on its whole time, for downloads that set their own deadlines.
func (s *Site) Stream(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.Problem(w, r, err)
		}
	})
}

// Local gives back a path of this site, or "/" when the text leads elsewhere.
func Local(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	u, err := url.Parse(path)
	if err != nil || u.Host != "" || u.Scheme != "" {
		return "/"
	}
	return path
}
