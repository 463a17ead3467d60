// Package consent keeps the rule that class B is read by nobody but with the subject's living consent: an artefact that says who consents, to whom, to
// which data, for what purpose, how long and how often, signed by the platform, revocable at once, with receipts that anyone can verify offline.
package consent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/cntext"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/gm"
	"gongxin/internal/id"
)

// Consent is one artefact.
type Consent struct {
	ID         int64
	Subject    int64
	Grantor    audit.Who // the account that consented for the subject
	Grantee    int64     // the institution or agency that may look
	Items      []catalog.ItemCode
	Classes    []catalog.Class
	Purpose    string // code of a Purpose
	From       time.Time
	Until      time.Time // first instant at which it is no longer valid
	Uses       int       // how often it may be used
	UsesLeft   int
	CreatedAt  time.Time
	Document   []byte // the signed bytes
	KeyID      string
	Signature  []byte
	RevokedAt  time.Time // zero = not
	RevokedBy  audit.Who
	RevokedWhy string
}

// The states of a consent at an instant.
const (
	Live    = "live"
	Early   = "early"
	Expired = "expired"
	UsedUp  = "used"
	Revoked = "revoked"
)

// State gives the state at an instant. Revocation counts before everything else.
func (c *Consent) State(at time.Time) string {
	switch {
	case !c.RevokedAt.IsZero():
		return Revoked
	case at.Before(c.From):
		return Early
	case !at.Before(c.Until):
		return Expired
	case c.UsesLeft <= 0:
		return UsedUp
	default:
		return Live
	}
}

// Bounds are the limits that a city sets to what can be consented to.
type Bounds struct {
	Days     int // longest period
	Default  int // period when none is asked for
	Uses     int // largest number of uses
	Purposes []Purpose
}

// Purpose is what a consent can be for.
type Purpose struct {
	Code string
	Name string
}

// DefaultBounds are the limits of this program: 90 days unless asked for less or more, a year at most. [design]
func DefaultBounds() Bounds {
	return Bounds{Days: 366, Default: 90, Uses: 1000, Purposes: []Purpose{
		{"credit", "授信审批"},
		{"loan", "贷后管理"},
		{"guarantee", "融资担保"},
		{"insurance", "保险承保"},
		{"tender", "招标采购"},
		{"trade", "商业合作"},
		{"service", "办理政务服务"},
		{"incentive", "守信激励"},
	}}
}

// Faults.
var (
	ErrNone    = fault.New(fault.NotFound, "consent.none", "没有这份授权书", "请从授权列表中选择")
	ErrInvalid = fault.New(fault.Invalid, "consent.invalid", "授权内容不完整或超出限度", "请写明被授权单位、信息事项、用途、期限和次数")
	ErrRevoked = fault.New(fault.Conflict, "consent.revoked", "这份授权书已经撤销", "无需重复操作")
	ErrGrantor = fault.New(fault.Denied, "consent.grantor", "只有主体本人或其代理人的账号可以授权和撤销", "请用认领了该主体的账号登录")
)

// Store keeps consents.
type Store struct {
	db        *db.DB
	ids       *id.Maker
	clock     clock.Clock
	log       *audit.Log
	key       *gm.SigningKey
	agencies  *agency.Store
	editions  *catalog.Store
	authority *authz.Authority
	subjects  Subjects
	bounds    Bounds
}

// Subjects says which subject an id is, as the document names it: the unified code of an organisation, "" for a person.
type Subjects interface {
	CodeOf(ctx context.Context, subject int64) (code string, ok bool, err error)
}

// Config is what a Store is made of.
type Config struct {
	DB        *db.DB
	IDs       *id.Maker
	Clock     clock.Clock
	Log       *audit.Log
	Key       *gm.SigningKey
	Agencies  *agency.Store
	Editions  *catalog.Store
	Authority *authz.Authority
	Subjects  Subjects
	Bounds    Bounds // zero = DefaultBounds
}

// NewStore makes a Store.
func NewStore(c Config) *Store {
	if c.Bounds.Days == 0 {
		c.Bounds = DefaultBounds()
	}
	return &Store{
		db: c.DB, ids: c.IDs, clock: c.Clock, log: c.Log, key: c.Key, agencies: c.Agencies, editions: c.Editions, authority: c.Authority,
		subjects: c.Subjects, bounds: c.Bounds,
	}
}

// Bounds gives the limits in force.
func (s *Store) Bounds() Bounds { return s.bounds }

// Terms are what a subject consents to.
type Terms struct {
	Subject int64
	Grantee string // unified code of the institution or agency
	Items   []catalog.ItemCode
	Classes []catalog.Class // empty = B
	Purpose string
	From    time.Time // zero = now
	Until   time.Time // zero = Bounds.Default days after From
	Uses    int       // 0 = 1
}

// Grant makes a consent: the actor is the subject's own account. It gives the artefact and its receipt.
func (s *Store) Grant(ctx context.Context, who authz.Actor, t Terms) (*Consent, *Receipt, error) {
	if err := s.may(who, authz.ConsentGrant, t.Subject); err != nil {
		return nil, nil, err
	}
	c, grantee, err := s.check(ctx, &t)
	if err != nil {
		return nil, nil, err
	}
	c.ID, c.Grantor = s.ids.Next(), who.Who(0)
	code, ok, err := s.subjects.CodeOf(ctx, t.Subject)
	if err != nil {
		return nil, nil, fmt.Errorf("consent: grant: %w", err)
	}
	if !ok {
		return nil, nil, ErrInvalid.Messagef("没有这个主体")
	}
	c.Document = document(c, code, &grantee)
	if c.Signature, err = s.key.Sign(c.Document); err != nil {
		return nil, nil, fmt.Errorf("consent: grant: %w", err)
	}
	c.KeyID = s.key.ID()
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := insert(ctx, tx, c); err != nil {
			return err
		}
		return s.log.WriteAct(ctx, tx, audit.Act{
			At: c.CreatedAt, Who: c.Grantor, Action: "consent.grant", Entity: "consent:" + number(c.ID), Detail: "document=" + digest(c.Document),
		})
	})
	if err != nil {
		return nil, nil, fmt.Errorf("consent: grant: %w", err)
	}
	return c, s.receipt(c.Document, c.Signature, c.KeyID), nil
}

func (s *Store) may(who authz.Actor, act authz.Action, subject int64) error {
	if subject == 0 {
		return ErrGrantor
	}
	return s.authority.Decide(who, act, authz.Scope{Subject: subject}).Err()
}

// check brings terms into one spelling and refuses what is outside the bounds.
func (s *Store) check(ctx context.Context, t *Terms) (*Consent, agency.Agency, error) {
	now := s.clock.Now().UTC().Truncate(time.Second)
	c := &Consent{Subject: t.Subject, Purpose: t.Purpose, From: t.From.UTC().Truncate(time.Second), Until: t.Until.UTC().Truncate(time.Second), Uses: t.Uses, CreatedAt: now}
	if t.From.IsZero() || c.From.Before(now) {
		c.From = now
	}
	if t.Until.IsZero() {
		c.Until = c.From.AddDate(0, 0, s.bounds.Default)
	}
	if c.Uses == 0 {
		c.Uses = 1
	}
	c.UsesLeft = c.Uses
	switch {
	case !slices.ContainsFunc(s.bounds.Purposes, func(p Purpose) bool { return p.Code == t.Purpose }):
		return nil, agency.Agency{}, ErrInvalid.Messagef("授权用途不在用途清单中")
	case !c.Until.After(c.From) || c.Until.After(c.From.AddDate(0, 0, s.bounds.Days)) || c.From.After(now.AddDate(0, 0, s.bounds.Days)):
		return nil, agency.Agency{}, ErrInvalid.Messagef("授权期限须在 %d 天以内", s.bounds.Days)
	case c.Uses < 1 || c.Uses > s.bounds.Uses:
		return nil, agency.Agency{}, ErrInvalid.Messagef("授权次数须为 1 至 %d 次", s.bounds.Uses)
	}
	if err := s.checkData(c, t); err != nil {
		return nil, agency.Agency{}, err
	}
	grantee, err := s.agencies.ByCode(ctx, t.Grantee)
	if err != nil {
		return nil, agency.Agency{}, err
	}
	if !grantee.Active {
		return nil, agency.Agency{}, ErrInvalid.Messagef("被授权单位已停用")
	}
	c.Grantee = grantee.ID
	return c, grantee, nil
}

// checkData takes items of the catalogue in force and the classes that a subject can open: its own B and what is public anyway, never what only departments
// share.
func (s *Store) checkData(c *Consent, t *Terms) error {
	edition := s.editions.Current(clock.DateOf(c.CreatedAt))
	c.Items = slices.Clone(t.Items)
	slices.Sort(c.Items)
	c.Items = slices.Compact(c.Items)
	if len(c.Items) == 0 {
		return ErrInvalid.Messagef("没有选择授权的信息事项")
	}
	for _, code := range c.Items {
		item, ok := edition.Item(code)
		if !ok {
			return ErrInvalid.Messagef("授权的信息事项不在现行信用目录中")
		}
		if item.Class == catalog.Shared {
			return ErrInvalid.Messagef("事项 %s 只在部门之间共享，不能授权给他人", code)
		}
	}
	c.Classes = slices.Clone(t.Classes)
	if len(c.Classes) == 0 {
		c.Classes = []catalog.Class{catalog.Authorised}
	}
	slices.Sort(c.Classes)
	c.Classes = slices.Compact(c.Classes)
	for _, class := range c.Classes {
		if class != catalog.Public && class != catalog.Authorised {
			return ErrInvalid.Messagef("只能授权公开（A）和授权查询（B）两类信息")
		}
	}
	return nil
}

// Revoke ends a consent at once: no later look-up can use it. It gives the receipt of the revocation, and keeps it.
func (s *Store) Revoke(ctx context.Context, who authz.Actor, consent int64, why string) (*Receipt, error) {
	why = cntext.Clean(why)
	if utf8.RuneCountInString(why) > 200 {
		return nil, ErrInvalid.Messagef("撤销原因不能超过 200 字")
	}
	if flow.HasPersonal(why) {
		return nil, flow.ErrPersonal
	}
	c, err := s.byID(ctx, consent)
	if err != nil {
		return nil, err
	}
	if err := s.may(who, authz.ConsentRevoke, c.Subject); err != nil {
		return nil, err
	}
	at := s.clock.Now().UTC().Truncate(time.Microsecond)
	text := revocation(c, at, who.Who(0))
	signature, err := s.key.Sign(text)
	if err != nil {
		return nil, fmt.Errorf("consent: revoke: %w", err)
	}
	by := who.Who(0)
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE consent SET revoked_at = $3, revoked_kind = $4, revoked_by = $5, revoke_why = $6 WHERE subject_id = $1 AND consent_id = $2
			AND revoked_at = 0`, c.Subject, c.ID, at.UnixMicro(), by.Kind, by.ID, why)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(ErrRevoked, err)
		}
		if err := keepRevocation(ctx, tx, c, signed{text, signature, s.key.ID()}); err != nil {
			return err
		}
		return s.log.WriteAct(ctx, tx, audit.Act{At: at, Who: by, Action: "consent.revoke", Entity: "consent:" + number(c.ID), Detail: "document=" + digest(text)})
	}, db.ReadCommitted)
	if err != nil {
		return nil, fmt.Errorf("consent: revoke: %w", err)
	}
	return s.receipt(text, signature, s.key.ID()), nil
}

// The elements of a consent that can be missing, as codes for machines.
const (
	MissingConsent = "consent"         // none of this number, or about another subject
	MissingGrantee = "consent_grantee" // given to somebody else
	MissingPurpose = "consent_purpose" // given for something else
	MissingRevoked = "consent_revoked"
	MissingEarly   = "consent_early"
	MissingExpired = "consent_expired"
	MissingUses    = "consent_used"
)

var missingState = map[string]string{Revoked: MissingRevoked, Early: MissingEarly, Expired: MissingExpired, UsedUp: MissingUses}

// Peek says what a consent opens to a grantee for a purpose at an instant, or which element is missing; it uses nothing up.
func (s *Store) Peek(ctx context.Context, consent, subject, grantee int64, purpose string, at time.Time) (items []catalog.ItemCode, classes []catalog.Class, missing string, err error) {
	list, err := s.read(ctx, s.db.Read(), `subject_id = $1 AND consent_id = $2`, subject, consent)
	switch {
	case err != nil:
		return nil, nil, "", fmt.Errorf("consent: peek: %w", err)
	case len(list) == 0:
		return nil, nil, MissingConsent, nil
	}
	c := &list[0]
	switch {
	case c.Grantee != grantee:
		return nil, nil, MissingGrantee, nil
	case c.Purpose != purpose:
		return nil, nil, MissingPurpose, nil
	case c.State(at) != Live:
		return nil, nil, missingState[c.State(at)], nil
	}
	return c.Items, c.Classes, "", nil
}

// Take uses a consent up by one within the transaction that logs the look-up; of two that want the last use one gets it. missing says why it
// could not be used.
func (s *Store) Take(ctx context.Context, tx *db.Tx, consent, subject int64, at time.Time) (missing string, err error) {
	now := at.UnixMicro()
	res, err := tx.ExecContext(ctx, `UPDATE consent SET uses_left = uses_left - 1 WHERE subject_id = $1 AND consent_id = $2 AND uses_left > 0 AND revoked_at = 0
		AND from_at <= $3 AND until_at > $3`, subject, consent, now)
	if err != nil {
		return "", fmt.Errorf("consent: take: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil || n == 1 {
		return "", err
	}
	list, err := s.read(ctx, tx, `subject_id = $1 AND consent_id = $2`, subject, consent)
	if err != nil {
		return "", fmt.Errorf("consent: take: %w", err)
	}
	if len(list) == 0 {
		return MissingConsent, nil
	}
	if state := list[0].State(at); state != Live {
		return missingState[state], nil
	}
	return MissingUses, nil
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func codes[T ~string](list []T) string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = string(v)
	}
	return strings.Join(texts, " ")
}

func parseCodes[T ~string](text string) []T {
	parts := strings.Fields(text)
	out := make([]T, len(parts))
	for i, p := range parts {
		out[i] = T(p)
	}
	return out
}
