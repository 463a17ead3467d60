package account

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"gongxin/internal/identity"
)

// city is a unified identity: a small OpenID Connect server on loopback.
type city struct {
	*httptest.Server
	key   *ecdsa.PrivateKey
	who   string
	now   func() time.Time
	codes map[string]url.Values
}

func newCity(t *testing.T) *city {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	x := &city{key: key, who: "u-1", codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer": x.URL, "authorization_endpoint": x.URL + "/authorize", "token_endpoint": x.URL + "/token", "jwks_uri": x.URL + "/jwks",
			"id_token_signing_alg_values_supported": []string{"ES256"}, "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		})
	})
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: x.key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		q, ok := x.codes[r.PostFormValue("code")]
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		if !ok || base64.RawURLEncoding.EncodeToString(sum[:]) != q.Get("code_challenge") {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: x.key, KeyID: "k"}}, nil)
		must(t, err)
		raw, err := jwt.Signed(signer).Claims(map[string]any{
			"iss": x.URL, "aud": "gongxin", "sub": x.who, "iat": x.now().Unix(), "exp": x.now().Add(time.Minute).Unix(), "nonce": q.Get("nonce"),
		}).Serialize()
		must(t, err)
		answer(w, map[string]any{"access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": raw})
	})
	x.Server = httptest.NewServer(mux)
	t.Cleanup(x.Close)
	return x
}

// house is a house that trusts the city.
func (x *city) house(t *testing.T, changes ...func(*identity.Provider)) *house {
	t.Helper()
	p := identity.Provider{
		Name: "city", Label: "临溪通", Issuer: x.URL, ClientID: "gongxin", ClientSecret: "s3cret", RedirectURL: "https://" + host + CallbackPath("city"),
	}
	for _, f := range changes {
		f(&p)
	}
	h := newHouse(t, change{identity: func(c *identity.Config) { c.Providers = []identity.Provider{p} }})
	x.now = h.clock.Now
	return h
}

// visit does what the provider does with a browser that was sent to it: it signs its user in and sends the browser back with an answer.
func (x *city) visit(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	must(t, err)
	q := u.Query()
	if !strings.HasPrefix(address, x.URL+"/authorize?") || q.Get("redirect_uri") != "https://"+host+"/sign-in/oidc/city/callback" {
		t.Fatalf("sent to %s", address)
	}
	x.codes["c-"+q.Get("state")] = q
	return CallbackPath("city") + "?" + url.Values{"code": {"c-" + q.Get("state")}, "state": {q.Get("state")}, "iss": {x.URL}}.Encode()
}

// from makes the request with which the provider's page leads the browser back.
func (x *city) from(callback string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, callback, nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	return r
}

// tie ties the identity of the city to the account of a browser, through the pages.
func (b *browser) tie(x *city) {
	b.t.Helper()
	page := b.post("/account/oidc/city", http.StatusOK).Body.String()
	link := page[strings.Index(page, x.URL):]
	link = strings.ReplaceAll(link[:strings.Index(link, `"`)], "&amp;", "&")
	b.at(b.do(x.from(x.visit(b.t.(*testing.T), link)), http.StatusSeeOther), "/account?done=tied")
}

func getRequest(path string) *http.Request { return httptest.NewRequest(http.MethodGet, path, nil) }

// TestUnifiedIdentity ties an identity to an account and signs in with it; what fails says so on our own pages.
func TestUnifiedIdentity(t *testing.T) {
	t.Parallel()
	x := newCity(t)
	h := x.house(t)
	h.open(t, identity.StaffAccount, "clerk", clerk)
	start := func(b *browser, back string) string {
		t.Helper()
		w := b.do(httptest.NewRequest(http.MethodGet, withBack("/sign-in/oidc/city", back), nil), http.StatusSeeOther)
		return x.visit(t, w.Header().Get("Location"))
	}
	stranger := h.browser(t)
	wantMarks(t, stranger.get("/sign-in?back=/desk", http.StatusOK), `href="/sign-in/oidc/city?back=%2Fdesk"`, "用临溪通登录")
	wantText(t, stranger.do(x.from(start(stranger, "")), http.StatusForbidden).Body.String(), "还没有关联本系统的账号")

	b := h.browser(t).signIn("clerk")
	page := b.post("/account/oidc/city", http.StatusOK).Body.String()
	wantText(t, page, "关联临溪通", "请确认在那边登录的是您本人")
	link := page[strings.Index(page, x.URL):]
	link = strings.ReplaceAll(link[:strings.Index(link, `"`)], "&amp;", "&")
	before := b.jar["__Host-gx"]
	b.at(b.do(x.from(x.visit(t, link)), http.StatusSeeOther), "/account?done=tied")
	if b.jar["__Host-gx"] == before || b.jar["__Host-gx_flow"] != "" {
		t.Fatal("the session kept its token, or the flow its cookie")
	}
	wantText(t, b.get("/account?done=tied", http.StatusOK), "统一身份已经关联")
	b.leads("/account/oidc/city", "/account")
	b.leads("/sign-in/oidc/city?back=/desk", "/desk") // signed in already

	in := h.browser(t)
	callback := start(in, "/desk")
	in.at(in.do(x.from(callback), http.StatusSeeOther), "/desk")
	wantText(t, in.get("/account/sessions", http.StatusOK), "临溪通")
	in.posts("/sign-out", "/")
	wantText(t, in.do(x.from(callback), http.StatusForbidden).Body.String(), "统一身份认证没有通过") // once

	// An answer that another browser began is not taken: nobody can be signed in to somebody else's account.
	victim := h.browser(t)
	wantText(t, victim.do(x.from(start(h.browser(t), "")), http.StatusForbidden).Body.String(), "统一身份认证没有完成")
	if victim.jar["__Host-gx"] != "" {
		t.Fatal("signed in by another's answer")
	}
	refused := start(in, "")
	u, err := url.Parse(refused)
	must(t, err)
	in.do(x.from(CallbackPath("city")+"?error=access_denied&state="+u.Query().Get("state")), http.StatusForbidden)
	wantText(t, in.get("/sign-in/oidc/none", http.StatusNotFound), "没有这个统一身份认证")
	b.post("/account/oidc/none", http.StatusNotFound)

	// Where the account has a factor, the identity alone is not enough.
	secret, _ := b.enrol("")
	in = h.browser(t)
	in.at(in.do(x.from(start(in, "/desk")), http.StatusSeeOther), "/sign-in/factor?back=%2Fdesk")
	h.clock.Advance(time.Minute)
	in.posts("/sign-in/factor", "/desk", "code", b.code(secret), "back", "/desk")
	h.open(t, identity.StaffAccount, "other", clerk)
	other := h.browser(t).signIn("other")
	page = other.post("/account/oidc/city", http.StatusOK).Body.String()
	link = page[strings.Index(page, x.URL):]
	link = strings.ReplaceAll(link[:strings.Index(link, `"`)], "&amp;", "&")
	wantText(t, other.do(x.from(x.visit(t, link)), http.StatusConflict).Body.String(), "这个统一身份已经关联另一个账号")
}
