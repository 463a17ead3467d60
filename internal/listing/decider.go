package listing

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// Decider is a line of 认定清单: a unit may decide on a list in a period.
type Decider struct {
	Kind       string
	Agency     int64
	Seq        int
	From       clock.Date
	Until      clock.Date // first day on which it may no longer; 0 = open
	Basis      string     // 权责清单 or law that gives the unit the power
	RecordedAt time.Time
	RecordedBy string
}

// ErrEmpower refuses a line of the list of deciders.
var ErrEmpower = fault.New(fault.Invalid, "listing.empower", "认定清单的内容不完整或有误", "请写明名单种类、单位、依据和起始日期")

// Empower puts a line into the list of deciders; a line that says the same as the one in use writes nothing. Only who may manage lists may.
func (s *Service) Empower(ctx context.Context, d Decider) error {
	_, err := s.EmpowerOrTry(ctx, d, false)
	return err
}

// errTry undoes what was only tried.
var errTry = errors.New("tried")

// EmpowerOrTry is Empower that says whether anything was written; try does everything but keep it.
func (s *Service) EmpowerOrTry(ctx context.Context, d Decider, try bool) (changed bool, err error) {
	defer fault.Wrap(&err, "listing.Empower(%s)", d.Kind)
	if err := s.checkDecider(ctx, &d); err != nil {
		return false, err
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if changed, err = s.empower(ctx, tx, &d); err == nil && try {
			err = errTry
		}
		return err
	})
	if try && errors.Is(err, errTry) {
		err = nil
	}
	return changed, err
}

// checkDecider refuses a line that the caller may not put on file, or that is not whole.
func (s *Service) checkDecider(ctx context.Context, d *Decider) error {
	k, err := s.kind(d.Kind)
	if err != nil {
		return err
	}
	unit, err := s.Agencies.ByID(ctx, d.Agency)
	if err != nil {
		return err
	}
	if err := s.Authority.Decide(authz.From(ctx), authz.ListingManage, authz.Scope{Agency: unit.ID, Region: unit.Region}).Err(); err != nil {
		return err
	}
	d.Basis = strings.TrimSpace(d.Basis)
	switch n := utf8.RuneCountInString(d.Basis); {
	case n < 2 || n > 200:
		return ErrEmpower.Messagef("没有写明%s认定“%s”的依据", unit.Name, k.Name)
	case !d.From.Valid() || !d.Until.IsZero() && (!d.Until.Valid() || d.Until <= d.From):
		return ErrEmpower.Messagef("认定清单的起止日期不正确")
	}
	return nil
}

// empower puts a line on file within tx, unless it says what the one in use says.
func (s *Service) empower(ctx context.Context, tx *db.Tx, d *Decider) (bool, error) {
	last, err := deciders(ctx, tx, `kind = $1 AND agency_id = $2 ORDER BY seq DESC LIMIT 1`, d.Kind, d.Agency)
	if err != nil {
		return false, err
	}
	seq := 1
	if len(last) > 0 {
		if l := last[0]; l.From == d.From && l.Until == d.Until && l.Basis == d.Basis {
			return false, nil
		}
		seq = last[0].Seq + 1
	}
	now, who := s.now(), authz.From(ctx)
	_, err = tx.ExecContext(ctx, `INSERT INTO listing_decider (kind, agency_id, seq, valid_from, valid_until, basis, recorded_at, recorded_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		d.Kind, d.Agency, seq, int64(d.From), int64(d.Until), d.Basis, now.UnixMicro(), who.String())
	if err != nil {
		return false, fmt.Errorf("listing: decider: %w", err)
	}
	return true, s.Acts.WriteAct(ctx, tx, audit.Act{
		At: now, Who: who.Who(0), Action: "listing.empower", Entity: "listing:" + d.Kind, Detail: fmt.Sprintf("agency=%d seq=%d from=%s", d.Agency, seq, d.From),
	})
}

func deciders(ctx context.Context, q db.Querier, where string, args ...any) ([]Decider, error) {
	rows, err := q.QueryContext(ctx, `SELECT kind, agency_id, seq, valid_from, valid_until, basis, recorded_at, recorded_by FROM listing_decider WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("listing: deciders: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Decider
	for rows.Next() {
		var d Decider
		var at int64
		if err := rows.Scan(&d.Kind, &d.Agency, &d.Seq, &d.From, &d.Until, &d.Basis, &at, &d.RecordedBy); err != nil {
			return nil, fmt.Errorf("listing: deciders: %w", err)
		}
		d.RecordedAt = db.Instant(at)
		out = append(out, d)
	}
	return out, rows.Err()
}

// Deciders gives the lines in use, of one list or of all ("").
func (s *Service) Deciders(ctx context.Context, kind string) ([]Decider, error) {
	return deciders(ctx, s.DB.Read(), `($1 = '' OR kind = $1) AND seq = (SELECT max(n.seq) FROM listing_decider AS n WHERE n.kind = listing_decider.kind AND n.agency_id = listing_decider.agency_id)
		ORDER BY kind, agency_id`, kind)
}

// empowered reports whether a unit may decide on a list on a day.
func (s *Service) empowered(ctx context.Context, q db.Querier, kind string, unit int64, on clock.Date) (bool, error) {
	last, err := deciders(ctx, q, `kind = $1 AND agency_id = $2 ORDER BY seq DESC LIMIT 1`, kind, unit)
	if err != nil || len(last) == 0 {
		return false, err
	}
	return last[0].holds(on), nil
}

// holds reports whether the line empowers on a day.
func (d *Decider) holds(on clock.Date) bool {
	return on >= d.From && (d.Until.IsZero() || on < d.Until)
}
