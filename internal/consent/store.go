package consent

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// MaxPage is the largest page of a list.
const MaxPage = 100

// ErrCursor refuses a place that no page gave.
var ErrCursor = fault.New(fault.Invalid, "consent.cursor", "翻页位置无效", "请从第一页重新查看")

const columns = `subject_id, consent_id, grantor_kind, grantor_id, grantee_id, items, classes, purpose, from_at, until_at, uses, uses_left, created_at, document, key_id,
	signature, revoked_at, revoked_kind, revoked_by, revoke_why`

func insert(ctx context.Context, tx *db.Tx, c *Consent) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO consent (subject_id, consent_id, grantor_kind, grantor_id, grantee_id, items, classes, purpose, from_at, until_at, uses, uses_left,
		created_at, document, key_id, signature, revoked_at, revoked_kind, revoked_by, revoke_why)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 0, '', 0, '')`,
		c.Subject, c.ID, c.Grantor.Kind, c.Grantor.ID, c.Grantee, codes(c.Items), codes(c.Classes), c.Purpose, c.From.UnixMicro(), c.Until.UnixMicro(), int64(c.Uses),
		int64(c.UsesLeft), c.CreatedAt.UnixMicro(), c.Document, c.KeyID, c.Signature)
	return err
}

func (*Store) read(ctx context.Context, q db.Querier, where string, args ...any) ([]Consent, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM consent WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []Consent
	for rows.Next() {
		var c Consent
		var items, classes string
		var from, until, created, revoked int64
		err := rows.Scan(&c.Subject, &c.ID, &c.Grantor.Kind, &c.Grantor.ID, &c.Grantee, &items, &classes, &c.Purpose, &from, &until, &c.Uses, &c.UsesLeft, &created,
			&c.Document, &c.KeyID, &c.Signature, &revoked, &c.RevokedBy.Kind, &c.RevokedBy.ID, &c.RevokedWhy)
		if err != nil {
			return nil, err
		}
		c.Items, c.Classes = parseCodes[itemCode](items), parseCodes[class](classes)
		c.From, c.Until, c.CreatedAt = time.UnixMicro(from).UTC(), time.UnixMicro(until).UTC(), time.UnixMicro(created).UTC()
		if revoked != 0 {
			c.RevokedAt = time.UnixMicro(revoked).UTC()
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

func (s *Store) byID(ctx context.Context, consent int64) (*Consent, error) {
	list, err := s.read(ctx, s.db.Read(), `consent_id = $1`, consent)
	if err != nil {
		return nil, fmt.Errorf("consent: by id: %w", err)
	}
	if len(list) == 0 {
		return nil, ErrNone
	}
	return &list[0], nil
}

// Get gives a consent with its receipt to the subject's account, to staff of the grantee, or to an auditor.
func (s *Store) Get(ctx context.Context, who authz.Actor, consent int64) (*Consent, *Receipt, error) {
	c, err := s.byID(ctx, consent)
	if err != nil {
		return nil, nil, err
	}
	unit, err := s.agencies.ByID(ctx, c.Grantee)
	if err != nil {
		return nil, nil, err
	}
	if err := s.authority.See(ctx, who, authz.ConsentRead, authz.Scope{Subject: c.Subject, Agency: c.Grantee, Region: unit.Region}, ErrNone); err != nil {
		if fault.KindOf(err) == fault.Denied && who.SignedIn() {
			return nil, nil, ErrNone // whoever may not read it does not learn that it is there
		}
		return nil, nil, err
	}
	return c, s.receipt(c.Document, c.Signature, c.KeyID), nil
}

// LookKind names a look at somebody's consent in the access log.
const LookKind = "consent"

// Foreign gives those of a list to which an actor is no party, as an auditor is none: neither on the subject's own side, nor staff of the grantee, whose paper it is.
func Foreign(who authz.Actor, list []Consent) (out []Consent) {
	for i := range list {
		if !list[i].party(who) {
			out = append(out, list[i])
		}
	}
	return out
}

func (c *Consent) party(who authz.Actor) bool {
	return slices.ContainsFunc(who.Grants, func(g authz.Grant) bool {
		return g.Role != authz.Auditor && (g.Subject != 0 && g.Subject == c.Subject || g.Agency != 0 && g.Agency == c.Grantee)
	})
}

// Look is the access entry of whoever reads a consent without being a party to it.
func Look(c Consent) audit.Access {
	return audit.Access{Subject: c.Subject, What: LookKind, Basis: "审计：授权书 " + number(c.ID)}
}

// OfSubject gives the consents that a subject gave, newest first, whatever their state.
func (s *Store) OfSubject(ctx context.Context, who authz.Actor, subject int64, cursor string, limit int) ([]Consent, string, error) {
	if err := s.may(who, authz.ConsentRead, subject); err != nil {
		return nil, "", err
	}
	return s.page(ctx, `subject_id = $1`, subject, cursor, limit)
}

// OfGrantee gives the consents that were given to an institution or agency, newest first, to its staff.
func (s *Store) OfGrantee(ctx context.Context, who authz.Actor, grantee int64, cursor string, limit int) ([]Consent, string, error) {
	unit, err := s.agencies.ByID(ctx, grantee)
	if err != nil {
		return nil, "", err
	}
	if err := s.authority.Decide(who, authz.ConsentRead, authz.Scope{Agency: grantee, Region: unit.Region}).Err(); err != nil {
		return nil, "", err
	}
	return s.page(ctx, `grantee_id = $1`, grantee, cursor, limit)
}

func (s *Store) page(ctx context.Context, where string, arg int64, cursor string, limit int) ([]Consent, string, error) {
	before := int64(1<<63 - 1)
	if cursor != "" {
		var err error
		if before, err = strconv.ParseInt(cursor, 10, 64); err != nil {
			return nil, "", ErrCursor
		}
	}
	if limit <= 0 {
		limit = 20
	}
	limit = min(limit, MaxPage)
	list, err := s.read(ctx, s.db.Read(), where+` AND consent_id < $2 ORDER BY consent_id DESC LIMIT $3+0`, arg, before, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("consent: list: %w", err)
	}
	if len(list) > limit {
		return list[:limit], number(list[limit-1].ID), nil
	}
	return list, "", nil
}
