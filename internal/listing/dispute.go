package listing

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// ErrDispute refuses a dispute that does not say what raised it.
var ErrDispute = fault.New(fault.Internal, "listing.dispute", "异议标注没有写明由哪件异议引起", "请联系系统管理员")

// Dispute marks an entry as disputed (异议中) within tx because of ref, or takes that mark away. An entry stays disputed until every ref that disputes it is
// cleared. The same again writes nothing; a mark changes nothing but what is shown.
func (s *Service) Dispute(ctx context.Context, tx *db.Tx, entry int64, ref string, on bool) (err error) {
	defer fault.Wrap(&err, "listing.Dispute")
	if ref = strings.TrimSpace(ref); ref == "" || utf8.RuneCountInString(ref) > 128 {
		return ErrDispute
	}
	e, err := s.Get(ctx, tx, entry)
	if err != nil {
		return err
	}
	have := false
	for _, d := range e.disputes {
		have = have || d.ref == ref && d.cleared.IsZero()
	}
	if have == on {
		return nil
	}
	now := s.now()
	action := "listing.dispute"
	if on {
		_, err = tx.ExecContext(ctx, `INSERT INTO listing_dispute (subject_id, entry_id, ref, raised_at, cleared_at) VALUES ($1, $2, $3, $4, 0)
			ON CONFLICT (subject_id, entry_id, ref, raised_at) DO UPDATE SET cleared_at = 0`, e.Subject, e.ID, ref, now.UnixMicro())
	} else {
		action = "listing.undispute"
		_, err = tx.ExecContext(ctx, `UPDATE listing_dispute SET cleared_at = $4 WHERE subject_id = $1 AND entry_id = $2 AND ref = $3 AND cleared_at = 0`, e.Subject, e.ID, ref, now.UnixMicro())
	}
	if err != nil {
		return fmt.Errorf("listing: dispute: %w", err)
	}
	if e.filed == filedYes || e.filed == filedWithdraw { // what is still on its way is marked when it is on file
		if err := s.mark(ctx, tx, &e, ref, on); err != nil {
			return err
		}
	}
	return s.Acts.WriteAct(ctx, tx, audit.Act{
		At: now, Who: authz.From(ctx).Who(e.Agency), Action: action, Entity: "entry:" + strconv.FormatInt(e.ID, 10), Detail: "ref=" + ref,
	})
}

// mark puts the dispute of an entry onto its record, where the public sees it.
func (s *Service) mark(ctx context.Context, tx *db.Tx, e *Entry, ref string, on bool) error {
	if s.Mark == nil {
		return nil
	}
	r, err := s.rowFor(ctx, e, "I")
	if err != nil {
		return err
	}
	return s.Mark(ctx, tx, r, ref, on)
}

// markFiled puts every dispute that stands onto the record that has come onto file.
func (s *Service) markFiled(ctx context.Context, tx *db.Tx, subject, entry int64) error {
	list, err := s.query(ctx, tx, `subject_id = $1 AND entry_id = $2`, subject, entry)
	if err != nil || len(list) == 0 {
		return err
	}
	for _, d := range list[0].disputes {
		if d.cleared.IsZero() {
			if err := s.mark(ctx, tx, &list[0], d.ref, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// dispute is from when to when an entry is disputed.
type dispute struct {
	ref             string
	raised, cleared time.Time
}

// Disputed reports whether somebody disputed the entry at an instant, as known then; the zero instant is now.
func (e *Entry) Disputed(at time.Time) bool {
	return slices.ContainsFunc(e.disputes, func(d dispute) bool {
		if at.IsZero() {
			return d.cleared.IsZero()
		}
		return !d.raised.After(at) && (d.cleared.IsZero() || d.cleared.After(at))
	})
}

// disputed puts onto entries how they were disputed.
func disputed(ctx context.Context, q db.Querier, list []Entry) error {
	at := make(map[int64]*Entry, len(list))
	ids := make([]int64, 0, len(list))
	for i := range list {
		at[list[i].ID] = &list[i]
		ids = append(ids, list[i].Subject)
	}
	slices.Sort(ids)
	for part := range slices.Chunk(slices.Compact(ids), 500) {
		if err := disputesOf(ctx, q, part, at); err != nil {
			return fmt.Errorf("listing: disputes: %w", err)
		}
	}
	return nil
}

func disputesOf(ctx context.Context, q db.Querier, subjects []int64, at map[int64]*Entry) error {
	rows, err := q.QueryContext(ctx, `SELECT entry_id, ref, raised_at, cleared_at FROM listing_dispute WHERE subject_id IN `+db.In(len(subjects), 1)+` ORDER BY subject_id, entry_id, raised_at, ref`,
		anys(subjects)...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var entry, raised, cleared int64
		var d dispute
		if err := rows.Scan(&entry, &d.ref, &raised, &cleared); err != nil {
			return err
		}
		if e := at[entry]; e != nil {
			d.raised, d.cleared = db.Instant(raised), db.Instant(cleared)
			e.disputes = append(e.disputes, d)
		}
	}
	return rows.Err()
}
