package identity

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
)

// ClaimState says how far a claim is.
type ClaimState string

// The states.
const (
	ClaimPending  ClaimState = "pending"
	ClaimApproved ClaimState = "approved"
	ClaimRejected ClaimState = "rejected"
	ClaimEnded    ClaimState = "ended"
)

// Claim is an account's word that it acts for a subject, or is a person, with what proves it.
type Claim struct {
	ID        int64
	Account   int64
	Kind      AccountKind // business or resident
	Method    string
	Subject   int64  // 0 = a person of whom nothing is on file yet
	Region    string // of the subject
	Evidence  string // name of the kept file
	State     ClaimState
	DecidedBy string
	DecidedAt time.Time
	Why       string
	CreatedAt time.Time
}

// Faults of claims.
var (
	ErrClaimKind    = fault.New(fault.Invalid, "identity.claim_kind", "这种账号不能做这种认领", "企业代理人账号认领企业，居民账号验证本人身份；请用对应的账号")
	ErrClaimMethod  = fault.New(fault.Invalid, "identity.claim_method", "没有这种验证方式", "请选择页面上列出的验证方式")
	ErrClaimSubject = fault.New(fault.NotFound, "identity.claim_subject", "没有找到这个统一社会信用代码的主体", "请核对代码；新设立的企业请等登记信息报送后再认领")
	ErrClaimed      = fault.New(fault.Conflict, "identity.claimed", "已经有一项相同的认领正在办理或已通过；居民账号只能对应一个人", "请在账号页面查看认领的进度")
	ErrPersonTaken  = fault.New(fault.Conflict, "identity.person_taken", "这个身份已经由另一个账号验证", "请登录原来的账号；不是本人办理的，请联系信用办")
	ErrProof        = fault.New(fault.Invalid, "identity.proof", "验证没有通过", "请核对验证码或材料后重试")
	ErrDecided      = fault.New(fault.Conflict, "identity.claim_decided", "这项认领已经办结", "请刷新列表")
	ErrReviewer     = fault.New(fault.Denied, "identity.claim_self", "不能审核自己的认领", "请由另一位工作人员审核")
	ErrWhy          = fault.New(fault.Invalid, "identity.claim_why", "退回认领要写明原因", "请写明哪里不符合、怎么补正")
)

// ClaimIn is a claim to make.
type ClaimIn struct {
	Method    string
	Code      string // unified code, of a business
	DocKind   string // kind and number of the document, of a resident; nothing of them stays once the person's subject is known
	DocNumber string
	Proof     string // what the method asks for: a code
	Evidence  string // name of the kept file that shows it
}

// party is who is claimed.
type party struct {
	kind    AccountKind
	subject int64
	region  string
	person  string // keyed hash of the document
	doc     string // kind and number, as long as nothing is on file of the person
}

// Claim makes a claim of the caller's. When the method proves it at once, the account has its new role, the caller's session gets another
// token and the others end; otherwise somebody else reviews it.
func (s *Service) Claim(ctx context.Context, a authz.Actor, in ClaimIn) (*Claim, *Session, error) {
	if err := self(a); err != nil {
		return nil, nil, err
	}
	m := s.methods[in.Method]
	if m == nil {
		return nil, nil, ErrClaimMethod
	}
	r, err := s.byID(ctx, s.DB.Read(), a.ID)
	if err != nil {
		return nil, nil, wrap(err, "claim")
	}
	tries := s.gate(gateClaim, accountEntity(a.ID))
	if err := s.admit(ctx, tries); err != nil {
		return nil, nil, err
	}
	p, err := s.party(ctx, r.Kind, in)
	if err != nil {
		return nil, nil, err
	}
	state, err := m.Prove(ctx, ClaimAsk{Account: a.ID, Kind: r.Kind, Subject: p.subject, Person: p.person, Proof: in.Proof, Evidence: in.Evidence})
	if err != nil {
		return nil, nil, err
	}
	return s.makeClaim(ctx, a, r, p, in, state, tries)
}

// party finds whom a claim is about.
func (s *Service) party(ctx context.Context, kind AccountKind, in ClaimIn) (party, error) {
	switch {
	case s.Registry == nil:
		return party{}, ErrClaimMethod
	case kind == BusinessAccount && in.Code != "":
		subject, region, ok, err := s.Registry.Business(ctx, strings.ToUpper(strings.TrimSpace(in.Code)))
		if err == nil && !ok {
			err = ErrClaimSubject
		}
		return party{kind: kind, subject: subject, region: region}, wrap(err, "claim")
	case kind == ResidentAccount && in.DocNumber != "":
		number := strings.ToUpper(strings.TrimSpace(in.DocNumber))
		subject, ok, err := s.Registry.Person(ctx, in.DocKind, number)
		p := party{kind: kind, subject: subject, person: s.DocHash(in.DocKind, number)}
		if !ok {
			p.subject, p.doc = 0, in.DocKind+"\x00"+number
		}
		return p, wrap(err, "claim")
	default:
		return party{}, ErrClaimKind
	}
}

func (s *Service) makeClaim(ctx context.Context, a authz.Actor, r *record, p party, in ClaimIn, state ClaimState, tries gate) (*Claim, *Session, error) {
	c := &Claim{
		ID: s.IDs.Next(), Account: a.ID, Kind: p.kind, Method: in.Method, Subject: p.subject, Region: p.region, Evidence: in.Evidence, State: state, CreatedAt: s.Clock.Now(),
	}
	var out *Session
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := clearGates(ctx, tx, tries); err != nil {
			return err
		}
		if err := s.insertClaim(ctx, tx, c, p); err != nil {
			return err
		}
		if err := s.act(ctx, tx, a, "claim.make", a.ID, claimDetail(c)); err != nil || state != ClaimApproved {
			return err
		}
		if err := s.grantClaim(ctx, tx, a, c); err != nil {
			return err
		}
		if err := s.endSessions(ctx, tx, a.ID, a.Session, "grants"); err != nil {
			return err
		}
		out = &Session{ID: a.Session, Account: a.ID}
		var err error
		if out.Token, err = s.rotate(ctx, tx, a.Session, a.ID, false); err != nil {
			return err
		}
		return s.describe(ctx, tx, r, out, start{stage: stageOpen, strong: a.Strong})
	})
	if err != nil {
		return nil, nil, wrap(claimConflict(err, p.kind, state), "claim")
	}
	s.forget(a.ID)
	return c, out, nil
}

// claimConflict says what a violated unique index means: the same claim again, or a person whom another account proved.
func claimConflict(err error, kind AccountKind, state ClaimState) error {
	switch {
	case !db.IsUnique(err):
		return err
	case kind == ResidentAccount && state == ClaimApproved:
		return ErrPersonTaken
	default:
		return ErrClaimed
	}
}

func claimDetail(c *Claim) string {
	return claimLabel(c.ID) + " " + string(c.Kind) + " " + c.Method + " " + string(c.State)
}

func (s *Service) insertClaim(ctx context.Context, tx *db.Tx, c *Claim, p party) error {
	var have int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM claim WHERE account_id = $1 AND state IN ('pending', 'approved') AND (kind = 'resident' OR subject_id = $2)`, c.Account, c.Subject).Scan(&have)
	if err != nil {
		return err
	}
	if have > 0 {
		return ErrClaimed
	}
	decided := ""
	if c.State == ClaimApproved {
		c.DecidedBy, c.DecidedAt = c.Method, c.CreatedAt
		decided = c.Method
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO claim (claim_id, account_id, kind, method, subject_id, person, sealed, evidence, region, state, decided_by, decided_at, why,
		created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '', $13)`,
		c.ID, c.Account, string(c.Kind), c.Method, c.Subject, p.person, s.sealDoc(c.ID, p.doc), c.Evidence, c.Region, string(c.State), decided, db.Micros(c.DecidedAt), c.CreatedAt.UnixMicro())
	return err
}

func (s *Service) sealDoc(claim int64, doc string) string {
	if doc == "" {
		return ""
	}
	return s.Ring.Seal(claimLabel(claim), doc)
}

func claimLabel(claim int64) string { return "claim:" + strconv.FormatInt(claim, 10) }

// grantClaim gives the account the role that an approved claim proves. A person of whom nothing is on file gets it when something is.
func (s *Service) grantClaim(ctx context.Context, tx *db.Tx, by authz.Actor, c *Claim) error {
	if c.Subject == 0 {
		return nil
	}
	role := authz.BusinessAgent
	if c.Kind == ResidentAccount {
		role = authz.Resident
	}
	have, err := s.grants(ctx, tx, c.Account)
	if err != nil {
		return err
	}
	g := authz.Grant{Role: role, Subject: c.Subject}
	if err := s.checkGrants(c.Kind, append(plain(have), g)); err != nil {
		return err
	}
	if err := s.touchAccount(ctx, tx, c.Account); err != nil {
		return err
	}
	return s.insertGrant(ctx, tx, by, c.Account, g, c.ID)
}

const claimColumns = `claim_id, account_id, kind, method, subject_id, region, evidence, state, decided_by, decided_at, why, created_at`

func scanClaim(row scanner) (*Claim, error) {
	var c Claim
	var decided, created int64
	err := row.Scan(&c.ID, &c.Account, &c.Kind, &c.Method, &c.Subject, &c.Region, &c.Evidence, &c.State, &c.DecidedBy, &decided, &c.Why, &created)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrMissing
	}
	c.DecidedAt, c.CreatedAt = instant(decided), instant(created)
	return &c, err
}

// DecideClaim approves or rejects a claim that waits. Nobody decides on their own, and a rejection says why.
func (s *Service) DecideClaim(ctx context.Context, by authz.Actor, claim int64, approve bool, why string) error {
	if why = strings.TrimSpace(why); flow.HasPersonal(why) {
		return flow.ErrPersonal
	}
	if !approve && checkName(why) != nil {
		return ErrWhy
	}
	account, kind, state := int64(0), AccountKind(""), ClaimRejected
	if approve {
		state = ClaimApproved
	}
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		c, err := scanClaim(tx.QueryRowContext(ctx, `SELECT `+claimColumns+` FROM claim WHERE claim_id = $1`, claim))
		if err != nil {
			return err
		}
		account, kind = c.Account, c.Kind
		if by.Kind == authz.Account && by.ID == c.Account {
			return ErrReviewer
		}
		if err := s.allow(by, authz.ClaimReview, authz.Scope{Region: c.Region, Subject: c.Subject, Author: c.Account, Account: c.Account}); err != nil {
			return err
		}
		ok, err := changed(ctx, tx, `UPDATE claim SET state = $2, decided_by = $3, decided_at = $4, why = $5, sealed = CASE WHEN $6 = 1 THEN sealed ELSE '' END WHERE claim_id = $1 AND state = 'pending'`,
			claim, string(state), by.String(), s.Clock.Now().UnixMicro(), why, bit(approve))
		if err != nil {
			return err
		}
		if !ok {
			return ErrDecided
		}
		c.State = state
		if err := s.act(ctx, tx, by, "claim.decide", c.Account, claimDetail(c)); err != nil || !approve {
			return err
		}
		if err := s.grantClaim(ctx, tx, by, c); err != nil {
			return err
		}
		return s.endSessions(ctx, tx, c.Account, 0, "grants")
	})
	if err == nil {
		s.forget(account)
	}
	return wrap(claimConflict(err, kind, state), "decide claim")
}

// waitingClaims is how many claims are read at a time, and at most listed.
const waitingClaims = 200

// Waiting lists the claims that the caller may decide, oldest first, as many as a page shows. Claims of other districts that wait longer hide none of them.
func (s *Service) Waiting(ctx context.Context, by authz.Actor, after int64) ([]Claim, error) {
	var out []Claim
	for {
		list, err := s.claims(ctx, `SELECT `+claimColumns+` FROM claim WHERE state = 'pending' AND claim_id > $1 ORDER BY claim_id LIMIT `+strconv.Itoa(waitingClaims), after)
		if err != nil {
			return nil, wrap(err, "claims")
		}
		for _, c := range list {
			after = c.ID
			if s.Authority.Decide(by, authz.ClaimReview, authz.Scope{Region: c.Region, Subject: c.Subject, Author: c.Account, Account: c.Account}).Allowed {
				out = append(out, c)
			}
		}
		if len(list) < waitingClaims || len(out) >= waitingClaims {
			return out[:min(len(out), waitingClaims)], nil
		}
	}
}

// Claims lists the caller's own claims, newest first.
func (s *Service) Claims(ctx context.Context, a authz.Actor) ([]Claim, error) {
	if err := self(a); err != nil {
		return nil, err
	}
	out, err := s.claims(ctx, `SELECT `+claimColumns+` FROM claim WHERE account_id = $1 ORDER BY claim_id DESC LIMIT 200`, a.ID)
	return out, wrap(err, "claims")
}

func (s *Service) claims(ctx context.Context, query string, arg int64) ([]Claim, error) {
	rows, err := s.DB.Read().QueryContext(ctx, query, arg)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []Claim
	for rows.Next() {
		c, err := scanClaim(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, *c)
	}
	return out, rows.Err()
}

// EndClaim gives up a claim of the caller's own, with the role that rests on it.
func (s *Service) EndClaim(ctx context.Context, a authz.Actor, claim int64) error {
	if err := self(a); err != nil {
		return err
	}
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		ok, err := changed(ctx, tx, `UPDATE claim SET state = 'ended', sealed = '', decided_at = CASE WHEN decided_at = 0 THEN $3 ELSE decided_at END
			WHERE claim_id = $1 AND account_id = $2 AND state IN ('pending', 'approved')`, claim, a.ID, s.Clock.Now().UnixMicro())
		if err != nil {
			return err
		}
		if !ok {
			return ErrMissing
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM account_grant WHERE account_id = $1 AND claim_id = $2`, a.ID, claim); err != nil {
			return err
		}
		return s.act(ctx, tx, a, "claim.end", a.ID, claimLabel(claim))
	})
	if err == nil {
		s.forget(a.ID)
	}
	return wrap(err, "end claim")
}

// settle ties a resident's approved claim to the person's subject once something is on file of that person.
func (s *Service) settle(ctx context.Context, tx *db.Tx, r *record) error {
	if r.Kind != ResidentAccount || s.Registry == nil {
		return nil
	}
	var sealed string
	var claim int64
	err := tx.QueryRowContext(ctx, `SELECT claim_id, sealed FROM claim WHERE account_id = $1 AND kind = 'resident' AND state = 'approved' AND subject_id = 0`, r.ID).Scan(&claim, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	doc, err := s.Ring.Open(claimLabel(claim), sealed)
	if err != nil {
		return err
	}
	kind, number, _ := strings.Cut(doc, "\x00")
	subject, ok, err := s.Registry.Person(ctx, kind, number)
	if err != nil || !ok {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE claim SET subject_id = $2, sealed = '' WHERE claim_id = $1`, claim, subject); err != nil {
		return err
	}
	c := &Claim{ID: claim, Account: r.ID, Kind: ResidentAccount, Subject: subject}
	return s.grantClaim(ctx, tx, authz.SystemActor("settle"), c)
}
