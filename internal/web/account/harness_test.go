package account

import (
	"bytes"
	"context"
	"encoding/json"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/identity"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

const (
	home     = "203.0.113.7"
	goodPass = "seven-herons-over-linxi"
	nextPass = "quiet river, nine stones"
	unit     = 7
	host     = "credit.example.test"
)

var (
	ctx   = context.Background()
	local = authz.LocalActor("test")
	clerk = authz.Grant{Role: authz.FilingClerk, Agency: unit}
)

// house is the pages over the real service on a database of their own, at a time that the test sets.
type house struct {
	http.Handler
	svc    *identity.Service
	clock  *clock.Manual
	pages  *Pages
	routes []authz.Route
	log    *bytes.Buffer
}

type change struct {
	deps     func(*Deps)
	identity func(*identity.Config)
}

func newHouse(t testing.TB, changes ...change) *house {
	t.Helper()
	d := dbtest.SQLite(t)
	ring, err := gm.OpenKeyRing(filepath.Join(t.TempDir(), "keys.json"))
	must(t, err)
	h := &house{clock: clock.NewManual(time.Date(2026, 11, 22, 9, 0, 0, 0, clock.Zone)), log: &bytes.Buffer{}}
	ids := id.NewMaker(h.clock.Now)
	authority := authz.New(ident.DefaultDivisions())
	log := slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	conf := identity.Config{
		DB: d, Clock: h.clock, IDs: ids, Ring: ring, Acts: audit.New(audit.Config{DB: d, IDs: ids, Clock: h.clock}), Authority: authority, Log: log,
		Hashing:  identity.Hashing{MemoryKiB: 8, Passes: 1, Lanes: 1, Concurrency: 4},
		Passkeys: identity.PasskeySite{ID: host, Name: "公信", Origins: []string{"https://" + host}},
	}
	for _, c := range changes {
		if c.identity != nil {
			c.identity(&conf)
		}
	}
	h.svc, err = identity.New(conf)
	must(t, err)
	t.Cleanup(h.svc.Close)
	assets, err := ui.LoadAssets()
	must(t, err)
	site := &web.Site{City: "临溪市", Assets: assets, Log: log, Secure: true, Actors: h.svc, Authority: authority, Now: h.clock.Now, Licence: "Apache-2.0"}
	deps := Deps{
		Site: site, Accounts: h.svc, Authority: authority, Clock: h.clock, Passkeys: true, Providers: Providers(conf.Providers),
		Agency: func(_ context.Context, n int64) string {
			if n == unit {
				return "临溪市市场监督管理局"
			}
			return ""
		},
		Region: ident.DefaultDivisions().Name,
	}
	for _, c := range changes {
		if c.deps != nil {
			c.deps(&deps)
		}
	}
	h.pages = New(deps)
	site.Menu = h.pages.Menu()
	rt := site.Router()
	site.Mount(rt)
	h.pages.Routes(rt)
	rt.Handle("GET /desk", web.Anywhere(authz.DeskOpen), site.Handle(func(w http.ResponseWriter, r *http.Request) error {
		return site.Render(w, r, http.StatusOK, web.Frame(site.Page(r, "工作台"), ui.PageHead("工作台", "")))
	}))
	h.routes = rt.Routes()
	h.Handler = site.Wrap(rt)
	return h
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open opens an account with a password of its own, and grants.
func (h *house) open(t testing.TB, kind identity.AccountKind, login string, grants ...authz.Grant) *identity.Account {
	t.Helper()
	n := identity.NewAccount{Kind: kind, Login: login, Name: "张三" + login, Password: goodPass, Grants: grants}
	if kind == identity.StaffAccount {
		n.Agency = unit
	}
	a, _, err := h.svc.Open(ctx, local, n)
	must(t, err)
	return a
}

// browser keeps cookies and goes from page to page.
type browser struct {
	t       testing.TB
	h       *house
	jar     map[string]string
	address string
}

func (h *house) browser(t testing.TB) *browser {
	return &browser{t: t, h: h, jar: map[string]string{}, address: home}
}

func (b *browser) do(r *http.Request, status int) *httptest.ResponseRecorder {
	b.t.Helper()
	r.Host = host
	r.RemoteAddr = b.address + ":4711"
	r.Header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0")
	r.Header.Set("Accept", "text/html")
	if r.Header.Get("Sec-Fetch-Site") == "" {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for k, v := range b.jar {
		r.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	w := httptest.NewRecorder()
	b.h.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.jar, c.Name)
			continue
		}
		if !c.HttpOnly || !c.Secure || c.Path != "/" || c.SameSite != http.SameSiteLaxMode || !strings.HasPrefix(c.Name, "__Host-") {
			b.t.Errorf("cookie %s lacks its protection", c.Name)
		}
		b.jar[c.Name] = c.Value
	}
	if w.Code != status {
		b.t.Fatalf("%s %s: %d, want %d\n%s %s", r.Method, r.URL, w.Code, status, w.Header().Get("Location"), text(w.Body.String()))
	}
	if !strings.Contains(w.Body.String(), `class="problem"`) && !strings.Contains(w.Header().Get("Cache-Control"), "no-store") {
		b.t.Errorf("%s %s may be kept: %q", r.Method, r.URL.Path, w.Header().Get("Cache-Control"))
	}
	return w
}

func (b *browser) get(path string, status int) string {
	b.t.Helper()
	return b.do(httptest.NewRequest(http.MethodGet, path, nil), status).Body.String()
}

// leads asks for a page and wants to be sent on.
func (b *browser) leads(path, to string) {
	b.t.Helper()
	b.at(b.do(httptest.NewRequest(http.MethodGet, path, nil), http.StatusSeeOther), to)
}

func (b *browser) at(w *httptest.ResponseRecorder, to string) {
	b.t.Helper()
	if got := w.Header().Get("Location"); got != to {
		b.t.Fatalf("sent to %q, want %q", got, to)
	}
}

// post sends a form of pairs.
func (b *browser) post(path string, status int, pairs ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r, status)
}

// posts sends a form and wants to be sent on.
func (b *browser) posts(path, to string, pairs ...string) {
	b.t.Helper()
	b.at(b.post(path, http.StatusSeeOther, pairs...), to)
}

// signIn signs in by password.
func (b *browser) signIn(login string) *browser {
	b.t.Helper()
	b.post("/sign-in", http.StatusSeeOther, "login", login, "password", goodPass)
	return b
}

// enrol enrols an authenticator through the pages and gives its secret and the recovery codes.
func (b *browser) enrol(back string) (secret string, codes []string) {
	b.t.Helper()
	page := b.post("/account/factors/totp", http.StatusOK, "back", back).Body.String()
	uri := field(b.t, page, "uri")
	u, err := url.Parse(uri)
	must(b.t, err)
	secret = u.Query().Get("secret")
	page = b.post("/account/factors/totp/confirm", http.StatusOK, "ceremony", field(b.t, page, "ceremony"), "uri", uri, "code", b.code(secret), "back", back).Body.String()
	return secret, recoveryCodes(page)
}

func (b *browser) code(secret string) string {
	b.t.Helper()
	c, err := totp.GenerateCodeCustom(secret, b.h.clock.Now(), totp.ValidateOpts{Period: 30, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	must(b.t, err)
	return c
}

var recoveryCode = regexp.MustCompile(`<code>([A-Z2-7]{4}(?:-[A-Z2-7]{4}){5})</code>`)

func recoveryCodes(page string) []string {
	var out []string
	for _, m := range recoveryCode.FindAllStringSubmatch(page, -1) {
		out = append(out, m[1])
	}
	return out
}

// field gives the value of a hidden field.
func field(t testing.TB, page, name string) string {
	t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no field %s in\n%s", name, page)
	}
	return html.UnescapeString(m[1])
}

// text gives what a page says, without its marks.
func text(page string) string {
	var b strings.Builder
	in := false
	for _, r := range page {
		switch {
		case r == '<':
			in = true
		case r == '>':
			in = false
		case !in:
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(html.UnescapeString(b.String())), " ")
}

func wantText(t testing.TB, page string, wants ...string) {
	t.Helper()
	said := text(page)
	for _, want := range wants {
		if !strings.Contains(said, want) {
			t.Errorf("the page does not say %q:\n%s", want, said)
		}
	}
}

func wantMarks(t testing.TB, page string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
}

func wantNone(t testing.TB, page string, never ...string) {
	t.Helper()
	for _, x := range never {
		if strings.Contains(page, x) {
			t.Errorf("the page holds %s:\n%s", x, page)
		}
	}
}

func decode(t testing.TB, w *httptest.ResponseRecorder, v any) {
	t.Helper()
	if kind := w.Header().Get("Content-Type"); kind != "application/json" {
		t.Fatalf("content type %q", kind)
	}
	must(t, json.Unmarshal(w.Body.Bytes(), v))
}
