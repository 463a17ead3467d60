package identity

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/id"
)

func isNoRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }

func (s *Service) oidcToken(issuer, subject string) string {
	return s.keyed("oidc-subject", issuer, subject)
}

// pinned gives the account of an identity, or 0.
func (s *Service) pinned(ctx context.Context, q db.Querier, issuer, token string) (account int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT account_id FROM oidc_identity WHERE issuer = $1 AND subject = $2`, issuer, token).Scan(&account)
	if isNoRows(err) {
		return 0, nil
	}
	return account, err
}

func (s *Service) pin(ctx context.Context, tx *db.Tx, by authz.Actor, issuer, token string, account int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO oidc_identity (issuer, subject, account_id, created_at) VALUES ($1, $2, $3, $4)`, issuer, token, account, s.Clock.Now().UnixMicro())
	if err != nil {
		return err
	}
	return s.act(ctx, tx, by, "oidc.tie", account, issuer)
}

// tie pins an identity to the account that began the flow, whose session must still be open; the session gets another token.
func (s *Service) tie(ctx context.Context, f *oidcFlow, subject string, in Attempt) (*Session, error) {
	r, err := s.byID(ctx, s.DB.Read(), f.account)
	if err != nil {
		return nil, wrap(err, "tie identity")
	}
	token := s.oidcToken(f.client.Issuer, subject)
	out := &Session{ID: f.session, Account: f.account}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		have, err := s.pinned(ctx, tx, f.client.Issuer, token)
		if err != nil {
			return err
		}
		if have != 0 && have != f.account {
			return ErrOIDCTaken
		}
		var strong bool
		err = tx.QueryRowContext(ctx, `SELECT strong = 1 FROM session WHERE session_id = $1 AND account_id = $2 AND ended_at = 0 AND stage = 1`, f.session, f.account).Scan(&strong)
		if isNoRows(err) {
			return ErrSession
		}
		if err != nil {
			return err
		}
		if have == 0 {
			who := authz.Actor{ID: f.account, Kind: authz.Account, Session: f.session, Address: in.Address}
			if err := s.pin(ctx, tx, who, f.client.Issuer, token, f.account); err != nil {
				return err
			}
		}
		if out.Token, err = s.rotate(ctx, tx, f.session, f.account, false); err != nil {
			return err
		}
		return s.describe(ctx, tx, r, out, start{stage: stageOpen, strong: strong, Attempt: in})
	})
	if db.IsUnique(err) {
		err = ErrOIDCTaken
	}
	if err != nil {
		return nil, wrap(err, "tie identity")
	}
	s.forget(f.account)
	return out, nil
}

// signInOIDC opens a session for a verified identity. Where the provider did not vouch for a second factor, one that the account has is asked for.
func (s *Service) signInOIDC(ctx context.Context, f *oidcFlow, subject string, claims map[string]any, in Attempt) (*Session, error) {
	c, token := f.client, s.oidcToken(f.client.Issuer, subject)
	account, err := s.pinned(ctx, s.DB.Read(), c.Issuer, token)
	if err != nil {
		return nil, wrap(err, "oidc sign in")
	}
	if account == 0 {
		if account, err = s.openOIDC(ctx, c, token, claims, in); err != nil {
			return nil, err
		}
	}
	r, err := s.byID(ctx, s.DB.Read(), account)
	if err != nil {
		return nil, wrap(err, "oidc sign in")
	}
	p, err := s.vouched(ctx, c, r, claims)
	if err != nil {
		return nil, err
	}
	strong := vouchedStrong(c, claims)
	st := start{method: "oidc:" + c.Name, stage: stageOpen, strong: strong, Attempt: in}
	if r.factor() && !strong {
		st.stage = stageFactor
	}
	var out *Session
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if p != nil {
			if err := s.claimVouched(ctx, tx, c, r, *p); err != nil {
				return err
			}
		}
		var err error
		out, err = s.begin(ctx, tx, r, proof{}, st)
		return err
	})
	if db.IsUnique(err) {
		err = ErrPersonTaken
	}
	if err != nil {
		return nil, wrap(err, "oidc sign in")
	}
	s.forget(r.ID)
	return out, nil
}

// openOIDC opens an account for an identity that is new, when the configuration allows it. It has no password.
func (s *Service) openOIDC(ctx context.Context, c *oidcClient, token string, claims map[string]any, in Attempt) (int64, error) {
	if c.Create == "" {
		return 0, ErrOIDCNobody
	}
	name := strings.TrimSpace(text(claims, c.Claims.Name))
	if checkName(name) != nil {
		name = "统一身份用户"
	}
	n := NewAccount{Kind: c.Create, Login: "oidc-" + strings.ToLower(id.Random()), Name: name}
	account := s.IDs.Next()
	by := visitor(in.Address)
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.insertAccount(ctx, tx, account, n, ""); err != nil {
			return err
		}
		if err := s.act(ctx, tx, by, "account.open", account, string(n.Kind)+" oidc:"+c.Name); err != nil {
			return err
		}
		return s.pin(ctx, tx, by, c.Issuer, token, account)
	})
	if db.IsUnique(err) { // two first sign-ins at once: the other one opened it
		return s.pinned(ctx, s.DB.Read(), c.Issuer, token)
	}
	return account, wrap(err, "open account")
}

// text gives a claim that is a text.
func text(claims map[string]any, name string) string {
	if name == "" {
		return ""
	}
	t, _ := claims[name].(string)
	return t
}

// vouchedStrong says whether the provider vouches for a second factor.
func vouchedStrong(c *oidcClient, claims map[string]any) bool {
	if slices.Contains(c.StrongACR, text(claims, "acr")) && text(claims, "acr") != "" {
		return true
	}
	list, _ := claims["amr"].([]any)
	return slices.ContainsFunc(list, func(v any) bool {
		t, ok := v.(string)
		return ok && t != "" && slices.Contains(c.StrongACR, t)
	})
}

// vouched gives whom the token says that the account is or acts for; nil when it says nothing that fits the account.
func (s *Service) vouched(ctx context.Context, c *oidcClient, r *record, claims map[string]any) (*party, error) {
	in := ClaimIn{Code: text(claims, c.Claims.BusinessCode), DocKind: c.Claims.DocKind, DocNumber: text(claims, c.Claims.DocNumber)}
	if s.Registry == nil || r.Kind == BusinessAccount && in.Code == "" || r.Kind == ResidentAccount && in.DocNumber == "" || r.Kind != BusinessAccount && r.Kind != ResidentAccount {
		return nil, nil //nolint:nilnil // nothing vouched for is no error
	}
	p, err := s.party(ctx, r.Kind, in)
	if errors.Is(err, ErrClaimSubject) { // a business that is not on file yet: the next sign-in finds it
		return nil, nil //nolint:nilnil // as above
	}
	return &p, err
}

// claimVouched puts on file what the provider vouched for. A resident's account stays with the one person that it is.
func (s *Service) claimVouched(ctx context.Context, tx *db.Tx, c *oidcClient, r *record, p party) error {
	var have int64
	var err error
	if p.kind == ResidentAccount {
		var person string
		err = tx.QueryRowContext(ctx, `SELECT claim_id, person FROM claim WHERE account_id = $1 AND kind = 'resident' AND state IN ('pending', 'approved')`, r.ID).Scan(&have, &person)
		if err == nil && person != p.person {
			return ErrPersonTaken.Messagef("统一身份认证给出的身份与本账号已验证的身份不是同一个人")
		}
	} else {
		err = tx.QueryRowContext(ctx, `SELECT claim_id FROM claim WHERE account_id = $1 AND kind = 'business' AND subject_id = $2 AND state IN ('pending', 'approved')`, r.ID, p.subject).Scan(&have)
	}
	if err == nil {
		return nil
	}
	if !isNoRows(err) {
		return err
	}
	claim := &Claim{ID: s.IDs.Next(), Account: r.ID, Kind: p.kind, Method: "oidc:" + c.Name, Subject: p.subject, Region: p.region, State: ClaimApproved, CreatedAt: s.Clock.Now()}
	if err := s.insertClaim(ctx, tx, claim, p); err != nil {
		return err
	}
	by := authz.SystemActor("oidc")
	if err := s.act(ctx, tx, by, "claim.make", r.ID, claimDetail(claim)); err != nil {
		return err
	}
	return s.grantClaim(ctx, tx, by, claim)
}
