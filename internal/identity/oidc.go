package identity

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// Provider is a unified identity of a city or the state, spoken to by OpenID Connect.
type Provider struct {
	Name         string // in addresses: letters, digits and dashes
	Label        string // on the button
	Issuer       string
	ClientID     string
	ClientSecret string
	RedirectURL  string
	Scopes       []string // beside openid
	Claims       ClaimMap
	Create       AccountKind  // open an account for whoever is new: ResidentAccount or BusinessAccount; "" = refuse
	StrongACR    []string     // values of acr or amr that mean a second factor
	HTTP         *http.Client // nil = one with a time-out of 10 s
}

// ClaimMap says in which claims of the token things stand; "" = not given.
type ClaimMap struct {
	Name         string // of the person or business, for the account
	DocKind      string // constant kind of document that DocNumber is of
	DocNumber    string // number of the resident's document
	BusinessCode string // unified code of the business for which the agent acts
}

// Faults of unified identity.
var (
	ErrOIDCConfig  = fault.New(fault.Invalid, "identity.oidc_config", "统一身份认证的配置不完整", "请检查名称、发行方（https）、客户端编号和回调地址")
	ErrOIDCUnknown = fault.New(fault.NotFound, "identity.oidc_provider", "没有这个统一身份认证", "请从登录页面重新开始")
	ErrOIDCDown    = fault.New(fault.Unavailable, "identity.oidc_down", "统一身份认证暂时无法连接", "请稍后再试，或改用口令登录")
	ErrOIDC        = fault.New(fault.Denied, "identity.oidc", "统一身份认证没有通过", "请从登录页面重新开始")
	ErrOIDCNobody  = fault.New(fault.Denied, "identity.oidc_nobody", "这个统一身份还没有关联本系统的账号", "请先用口令登录，在账号页面关联；或请管理员开立账号")
	ErrOIDCTaken   = fault.New(fault.Conflict, "identity.oidc_taken", "这个统一身份已经关联另一个账号", "请先在原来的账号里解除关联")
)

func (p *Provider) check() error {
	u, err := url.Parse(p.Issuer)
	safe := err == nil && (u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "::1" || u.Hostname() == "localhost"))
	named := p.Name != "" && strings.Trim(p.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
	kinds := []AccountKind{"", ResidentAccount, BusinessAccount}
	if !safe || !named || p.ClientID == "" || p.RedirectURL == "" || !slices.Contains(kinds, p.Create) {
		return ErrOIDCConfig
	}
	return nil
}

// oidcClient speaks to one provider; its discovery document is read when it is first needed, and again after a failure.
type oidcClient struct {
	Provider
	now func() time.Time

	mu       sync.Mutex
	provider *oidc.Provider
}

func (c *oidcClient) client() *http.Client {
	if c.HTTP != nil {
		return c.HTTP
	}
	// What is asked goes where the configuration says and nowhere else.
	return &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (c *oidcClient) ready(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.provider == nil {
		// The provider keeps its context for fetching keys later, so it must not end with this request.
		p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), c.client()), c.Issuer)
		if err != nil {
			return nil, nil, ErrOIDCDown.With(err)
		}
		c.provider = p
	}
	conf := &oauth2.Config{
		ClientID: c.ClientID, ClientSecret: c.ClientSecret, RedirectURL: c.RedirectURL, Endpoint: c.provider.Endpoint(), Scopes: append([]string{oidc.ScopeOpenID}, c.Scopes...),
	}
	return c.provider, conf, nil
}

// oidcSecrets are what a flow must remember.
type oidcSecrets struct {
	Nonce    string `json:"n"`
	Verifier string `json:"v"`
}

// OIDCStart is where to send the browser, and the token for a cookie (SameSite=Lax) that binds the answer to it.
type OIDCStart struct {
	URL     string
	Browser string
}

const oidcPrefix = "gxo_"

// BeginOIDC starts a sign-in by unified identity; with a signed-in actor it starts tying that identity to the actor's account.
func (s *Service) BeginOIDC(ctx context.Context, provider string, a authz.Actor, address string) (*OIDCStart, error) {
	c := s.oidc[provider]
	if c == nil {
		return nil, ErrOIDCUnknown
	}
	if err := s.admit(ctx, s.gate(gateLoad, network(address))); err != nil {
		return nil, err
	}
	_, conf, err := c.ready(ctx)
	if err != nil {
		return nil, err
	}
	state, browser := token(oidcPrefix), token(oidcPrefix)
	secrets := oidcSecrets{token(""), oauth2.GenerateVerifier()}
	kept, err := json.Marshal(secrets)
	if err != nil {
		return nil, wrap(err, "begin oidc")
	}
	account, session := int64(0), int64(0)
	if self(a) == nil {
		account, session = a.ID, a.Session
	}
	hs, hb := sha256.Sum256([]byte(state)), sha256.Sum256([]byte(browser))
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO oidc_flow (hash, browser, provider, account_id, session_id, sealed, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			hs[:], hb[:], provider, account, session, s.Ring.Seal("oidc-flow", string(kept)), s.Clock.Now().Add(ceremonyFor).UnixMicro())
		return err
	})
	if err != nil {
		return nil, wrap(err, "begin oidc")
	}
	return &OIDCStart{URL: conf.AuthCodeURL(state, oidc.Nonce(secrets.Nonce), oauth2.S256ChallengeOption(secrets.Verifier)), Browser: browser}, nil
}

// OIDCAnswer is what the provider sent the browser back with.
type OIDCAnswer struct {
	Provider string // whose callback address it came to: an answer of another provider is not taken there (RFC 9700 section 4.4)
	State    string
	Code     string
	Issuer   string // RFC 9207; "" when not given
	Error    string // code of the provider's refusal
	Browser  string // the cookie
}

// oidcFlow is a flow taken out of the database.
type oidcFlow struct {
	client           *oidcClient
	account, session int64
	secrets          oidcSecrets
}

// FinishOIDC ends a flow: a session of the account that the identity is pinned to, or of the account that just tied it to itself.
func (s *Service) FinishOIDC(ctx context.Context, answer OIDCAnswer, in Attempt) (*Session, error) {
	f, err := s.takeFlow(ctx, answer)
	if err != nil {
		return nil, err
	}
	if answer.Error != "" || answer.Code == "" || answer.Issuer != "" && answer.Issuer != f.client.Issuer {
		return nil, ErrOIDC
	}
	tok, claims, err := f.verify(ctx, answer.Code)
	if err != nil {
		return nil, err
	}
	if f.account != 0 {
		return s.tie(ctx, f, tok.Subject, in)
	}
	return s.signInOIDC(ctx, f, tok.Subject, claims, in)
}

// takeFlow takes the flow of a state out of the database, for the browser that began it and no other.
func (s *Service) takeFlow(ctx context.Context, answer OIDCAnswer) (*oidcFlow, error) {
	hs, ok := tokenHash(oidcPrefix, answer.State)
	hb, bound := tokenHash(oidcPrefix, answer.Browser)
	if !ok || !bound {
		return nil, ErrOIDC
	}
	var f oidcFlow
	var provider, sealed string
	var browser []byte
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.QueryRowContext(ctx, `DELETE FROM oidc_flow WHERE hash = $1 AND expires_at > $2 RETURNING provider, browser, account_id, session_id, sealed`,
			hs[:], s.Clock.Now().UnixMicro()).Scan(&provider, &browser, &f.account, &f.session, &sealed)
	})
	if isNoRows(err) {
		return nil, ErrOIDC
	}
	if err != nil {
		return nil, wrap(err, "finish oidc")
	}
	f.client = s.oidc[provider]
	if subtle.ConstantTimeCompare(browser, hb[:]) != 1 || f.client == nil || answer.Provider != "" && answer.Provider != provider {
		return nil, ErrOIDC
	}
	text, err := s.Ring.Open("oidc-flow", sealed)
	if err == nil {
		err = json.Unmarshal([]byte(text), &f.secrets)
	}
	return &f, wrap(err, "finish oidc")
}

// verify trades the code for a token and checks it: signature, issuer, audience, expiry, nonce, and the access token's hash where given.
func (f *oidcFlow) verify(ctx context.Context, code string) (*oidc.IDToken, map[string]any, error) {
	provider, conf, err := f.client.ready(ctx)
	if err != nil {
		return nil, nil, err
	}
	ctx = oidc.ClientContext(ctx, f.client.client())
	access, err := conf.Exchange(ctx, code, oauth2.VerifierOption(f.secrets.Verifier))
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) {
			return nil, nil, ErrOIDC.With(err)
		}
		return nil, nil, ErrOIDCDown.With(err)
	}
	raw, ok := access.Extra("id_token").(string)
	if !ok {
		return nil, nil, ErrOIDC
	}
	tok, err := provider.Verifier(&oidc.Config{ClientID: f.client.ClientID, Now: f.client.now}).Verify(ctx, raw)
	if err != nil {
		return nil, nil, ErrOIDC.With(err)
	}
	if subtle.ConstantTimeCompare([]byte(tok.Nonce), []byte(f.secrets.Nonce)) != 1 || tok.Subject == "" {
		return nil, nil, ErrOIDC
	}
	if tok.AccessTokenHash != "" {
		if err := tok.VerifyAccessToken(access.AccessToken); err != nil {
			return nil, nil, ErrOIDC.With(err)
		}
	}
	claims := map[string]any{}
	if err := tok.Claims(&claims); err != nil {
		return nil, nil, ErrOIDC.With(err)
	}
	if azp, ok := claims["azp"].(string); ok && azp != f.client.ClientID {
		return nil, nil, ErrOIDC
	}
	return tok, claims, nil
}
