package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// city is a unified identity: an OpenID Connect server on loopback with discovery, authorization by code with PKCE, tokens and keys.
type city struct {
	*httptest.Server
	clock *clock.Manual

	mu     sync.Mutex
	key    *ecdsa.PrivateKey
	kid    string
	codes  map[string]url.Values  // code → the authorization request
	who    map[string]any         // claims of the one who signs in
	change func(map[string]any)   // of the token, to break it
	signer func() jose.SigningKey // another key, to break it
	broken bool                   // the server is down
}

func newCity(t *testing.T, c *clock.Manual) *city {
	t.Helper()
	x := &city{clock: c, codes: map[string]url.Values{}, who: map[string]any{"sub": "u-1", "name": "统一身份甲"}}
	x.rotate(t, "k1")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, map[string]any{
			"issuer": x.URL, "authorization_endpoint": x.URL + "/authorize", "token_endpoint": x.URL + "/token", "jwks_uri": x.URL + "/jwks",
			"id_token_signing_alg_values_supported": []string{"ES256"}, "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		})
	})
	mux.HandleFunc("GET /authorize", x.authorize)
	mux.HandleFunc("POST /token", x.token)
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) {
		x.mu.Lock()
		defer x.mu.Unlock()
		answerJSON(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: x.key.Public(), KeyID: x.kid, Algorithm: "ES256", Use: "sig"}}})
	})
	x.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if x.broken {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(x.Close)
	return x
}

func answerJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// rotate replaces the signing key.
func (x *city) rotate(t *testing.T, kid string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.key, x.kid = key, kid
}

// authorize signs the user in without asking and sends the browser back.
func (x *city) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != "gongxin" || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" || q.Get("state") == "" {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	code := token("")
	x.mu.Lock()
	x.codes[code] = q
	x.mu.Unlock()
	back := q.Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {x.URL}}.Encode()
	http.Redirect(w, r, back, http.StatusFound)
}

func (x *city) token(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	id, secret, _ := r.BasicAuth()
	code := r.PostFormValue("code")
	request, ok := x.codes[code]
	delete(x.codes, code)
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || id != "gongxin" || secret != "s3cret" || base64.RawURLEncoding.EncodeToString(sum[:]) != request.Get("code_challenge") {
		w.WriteHeader(http.StatusBadRequest)
		answerJSON(w, map[string]string{"error": "invalid_grant"})
		return
	}
	now := x.clock.Now()
	claims := map[string]any{"iss": x.URL, "aud": "gongxin", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "nonce": request.Get("nonce")}
	for k, v := range x.who {
		claims[k] = v
	}
	if x.change != nil {
		x.change(claims)
	}
	key := jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: x.key, KeyID: x.kid}}
	if x.signer != nil {
		key = x.signer()
	}
	signer, err := jose.NewSigner(key, nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	raw, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answerJSON(w, map[string]any{"access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": raw})
}

// with gives a service that trusts the city.
func (x *city) with(change ...func(*Provider)) func(*Config) {
	p := Provider{
		Name: "city", Label: "统一身份", Issuer: x.URL, ClientID: "gongxin", ClientSecret: "s3cret", RedirectURL: "http://127.0.0.1/oidc/city",
		Claims: ClaimMap{Name: "name", DocKind: "身份证", DocNumber: "idcard", BusinessCode: "uscc"}, StrongACR: []string{"mfa"},
	}
	for _, f := range change {
		f(&p)
	}
	return func(c *Config) { c.Providers = []Provider{p} }
}

func creates(k AccountKind) func(*Provider) { return func(p *Provider) { p.Create = k } }

// browse does what a browser does: it goes to the provider and comes back with its answer.
func (b *bench) browse(t *testing.T, a authz.Actor) OIDCAnswer {
	t.Helper()
	begun, err := b.BeginOIDC(ctx, "city", a, home)
	must(t, err)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := client.Get(begun.URL)
	must(t, err)
	_ = r.Body.Close()
	back, err := r.Location()
	must(t, err)
	q := back.Query()
	return OIDCAnswer{State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss"), Error: q.Get("error"), Browser: begun.Browser}
}

func (b *bench) finish(t *testing.T, a authz.Actor) (*Session, error) {
	t.Helper()
	return b.FinishOIDC(ctx, b.browse(t, a), from("", "", home))
}

// TestOIDC ties an identity to an account, signs in with it, and asks for the account's own second factor unless the provider vouches for one.
func TestOIDC(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := clock.NewManual(time.Date(2026, 11, 22, 9, 0, 0, 0, clock.Zone))
		x := newCity(t, c)
		b := newBench(t, d, x.with(), func(conf *Config) { conf.Clock = c })
		b.clock = c
		_, err := b.finish(t, authz.Actor{})
		wantErr(t, err, ErrOIDCNobody)
		acc := b.open(t, StaffAccount, "worker", clerk)
		s, a := b.signIn(t, "worker")
		tied, err := b.finish(t, a)
		must(t, err)
		_, err = b.Actor(ctx, s.Token)
		wantErr(t, err, ErrSession) // rotated
		a = b.actor(t, tied)
		in, err := b.finish(t, authz.Actor{})
		must(t, err)
		if got := b.actor(t, in); got.ID != acc.ID || got.Strong || !hasRole(got, authz.FilingClerk) {
			t.Fatalf("%+v", got)
		}
		b.open(t, StaffAccount, "other")
		_, oa := b.signIn(t, "other")
		_, err = b.finish(t, oa)
		wantErr(t, err, ErrOIDCTaken)

		strong, secret, _ := b.enrol(t, a)
		_ = strong
		in, err = b.finish(t, authz.Actor{})
		if err != nil || !in.FactorDue {
			t.Fatalf("%+v, %v", in, err)
		}
		b.clock.Advance(stepSeconds * time.Second)
		full, err := b.SignInFactor(ctx, in.Token, b.code(t, secret), from("", "", home))
		if err != nil || !full.Strong {
			t.Fatal(full, err)
		}
		x.who["acr"] = "mfa"
		if in, err = b.finish(t, authz.Actor{}); err != nil || in.FactorDue || !in.Strong {
			t.Fatalf("%+v, %v", in, err)
		}
		delete(x.who, "acr")
		x.who["amr"] = []string{"pwd", "mfa"}
		if in, err = b.finish(t, authz.Actor{}); err != nil || !in.Strong {
			t.Fatalf("%+v, %v", in, err)
		}
		must(t, b.Disable(ctx, local, acc.ID))
		_, err = b.finish(t, authz.Actor{})
		wantErr(t, err, ErrSignIn)
	})
}

// TestOIDCRefusals breaks the token and the flow in every way that has a name.
func TestOIDCRefusals(t *testing.T) {
	t.Parallel()
	c := clock.NewManual(time.Date(2026, 11, 22, 9, 0, 0, 0, clock.Zone))
	x := newCity(t, c)
	b := newBench(t, dbtest.SQLite(t), x.with(creates(ResidentAccount)), func(conf *Config) { conf.Clock = c })
	b.clock = c
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	for name, change := range map[string]func(map[string]any){
		"wrong nonce":    func(m map[string]any) { m["nonce"] = "another" },
		"no nonce":       func(m map[string]any) { delete(m, "nonce") },
		"wrong audience": func(m map[string]any) { m["aud"] = "somebody-else" },
		"wrong issuer":   func(m map[string]any) { m["iss"] = "https://evil.example" },
		"expired":        func(m map[string]any) { m["exp"] = c.Now().Add(-time.Hour).Unix() },
		"not yet valid":  func(m map[string]any) { m["nbf"] = c.Now().Add(time.Hour).Unix() },
		"other party":    func(m map[string]any) { m["aud"], m["azp"] = []string{"gongxin", "evil"}, "evil" },
		"no subject":     func(m map[string]any) { delete(m, "sub") },
		"access token":   func(m map[string]any) { m["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA" },
	} {
		x.change = change
		if _, err := b.finish(t, authz.Actor{}); !errors.Is(err, ErrOIDC) {
			t.Errorf("%s: %v", name, err)
		}
	}
	x.change = nil
	for name, key := range map[string]jose.SigningKey{
		"another key":         {Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: stranger, KeyID: "k1"}},
		"the secret as a key": {Algorithm: jose.HS256, Key: []byte("s3cret-s3cret-s3cret-s3cret-s3cret")},
	} {
		x.signer = func() jose.SigningKey { return key }
		if _, err := b.finish(t, authz.Actor{}); !errors.Is(err, ErrOIDC) {
			t.Errorf("%s: %v", name, err)
		}
	}
	x.signer = nil
	for name, change := range map[string]func(*OIDCAnswer){
		"another browser": func(a *OIDCAnswer) { a.Browser = token(oidcPrefix) },
		"no browser":      func(a *OIDCAnswer) { a.Browser = "" },
		"another state":   func(a *OIDCAnswer) { a.State = token(oidcPrefix) },
		"another issuer":  func(a *OIDCAnswer) { a.Issuer = "https://evil.example" },
		"refused":         func(a *OIDCAnswer) { a.Error = "access_denied" },
		"another code":    func(a *OIDCAnswer) { a.Code = "guessed" },
	} {
		answer := b.browse(t, authz.Actor{})
		change(&answer)
		if _, err := b.FinishOIDC(ctx, answer, from("", "", home)); !errors.Is(err, ErrOIDC) {
			t.Errorf("%s: %v", name, err)
		}
	}
	answer := b.browse(t, authz.Actor{})
	stolen := b.browse(t, authz.Actor{})
	mixed := answer
	mixed.Code = stolen.Code // a code of another flow: its PKCE does not fit
	_, err = b.FinishOIDC(ctx, mixed, from("", "", home))
	wantErr(t, err, ErrOIDC)
	_, err = b.FinishOIDC(ctx, stolen, from("", "", home))
	wantErr(t, err, ErrOIDC) // its code was used up
	answer = b.browse(t, authz.Actor{})
	_, err = b.FinishOIDC(ctx, answer, from("", "", home))
	must(t, err)
	_, err = b.FinishOIDC(ctx, answer, from("", "", home))
	wantErr(t, err, ErrOIDC)
	answer = b.browse(t, authz.Actor{})
	b.clock.Advance(ceremonyFor)
	_, err = b.FinishOIDC(ctx, answer, from("", "", home))
	wantErr(t, err, ErrOIDC)

	x.rotate(t, "k2") // the provider changes its key: the new one is fetched
	_, err = b.finish(t, authz.Actor{})
	must(t, err)
	answer = b.browse(t, authz.Actor{})
	x.broken = true
	_, err = b.FinishOIDC(ctx, answer, from("", "", home))
	if err == nil || errors.Is(err, ErrSignIn) {
		t.Fatal(err)
	}
	_, err = b.BeginOIDC(ctx, "nobody", authz.Actor{}, home)
	wantErr(t, err, ErrOIDCUnknown)
	fresh := newBenchWith(t, b.DB, b.ring, c, x.with())
	_, err = fresh.BeginOIDC(ctx, "city", authz.Actor{}, home)
	wantErr(t, err, ErrOIDCDown)
	x.broken = false
	_, err = fresh.BeginOIDC(ctx, "city", authz.Actor{}, home)
	must(t, err)
}

// TestOIDCOpensAccounts opens accounts where the configuration says so, and takes the provider's word for who somebody is.
func TestOIDCOpensAccounts(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := clock.NewManual(time.Date(2026, 11, 22, 9, 0, 0, 0, clock.Zone))
		x := newCity(t, c)
		b := newBench(t, d, x.with(creates(ResidentAccount)), func(conf *Config) { conf.Clock = c })
		b.clock = c
		b.people.persons["身份证990102199001011234"] = 77
		x.who["idcard"] = "990102199001011234"
		s, err := b.finish(t, authz.Actor{})
		must(t, err)
		a := b.actor(t, s)
		if len(a.Grants) != 1 || a.Grants[0] != (authz.Grant{Role: authz.Resident, Subject: 77}) {
			t.Fatal(a.Grants)
		}
		again, err := b.finish(t, authz.Actor{})
		if err != nil || again.Account != s.Account {
			t.Fatal(again, err)
		}
		if n := b.acts(t, "account.open"); n != 1 {
			t.Fatalf("%d accounts", n)
		}
		x.who["idcard"] = "990102199001015678" // the provider says suddenly that it is somebody else
		_, err = b.finish(t, authz.Actor{})
		wantErr(t, err, ErrPersonTaken)
		x.who["sub"], x.who["idcard"] = "u-2", "990102199001011234" // another identity, the same person
		_, err = b.finish(t, authz.Actor{})
		wantErr(t, err, ErrPersonTaken)

		y := newCity(t, c)
		agent := newBenchWith(t, d, b.ring, c, y.with(creates(BusinessAccount)))
		y.who["uscc"] = codeX
		s, err = agent.finish(t, authz.Actor{})
		must(t, err)
		if a := agent.actor(t, s); s.Account == again.Account || len(a.Grants) != 1 || a.Grants[0] != (authz.Grant{Role: authz.BusinessAgent, Subject: 501}) {
			t.Fatal(a.Grants) // the same sub of another issuer is somebody else
		}
		y.who["uscc"] = codeY
		s, err = agent.finish(t, authz.Actor{})
		must(t, err)
		if a := agent.actor(t, s); len(a.Grants) != 2 {
			t.Fatal(a.Grants)
		}
	})
}

func TestProviderCheck(t *testing.T) {
	t.Parallel()
	good := Provider{Name: "city", Issuer: "https://id.example.gov.cn", ClientID: "x", RedirectURL: "https://credit.example.gov.cn/oidc/city"}
	if err := good.check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Provider){
		"in clear": func(p *Provider) { p.Issuer = "http://id.example.gov.cn" }, "no client": func(p *Provider) { p.ClientID = "" },
		"name": func(p *Provider) { p.Name = "City/1" }, "staff": func(p *Provider) { p.Create = StaffAccount }, "back": func(p *Provider) { p.RedirectURL = "" },
	} {
		p := good
		change(&p)
		if p.check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
