package correction

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/flow"
	"gongxin/internal/notice"
)

// Bounds of a note.
const (
	minNote = 2
	maxNote = 500
)

// Apply records that a unit has applied what it was told: all that is open of it, or single rows by their numbers. note says what was done. It gives how many
// rows that closed here. Older open rows of the same records are closed with them: who uses the newest state uses no older one.
func (s *Service) Apply(ctx context.Context, id int64, rows []int64, note string) (n int, err error) {
	note = strings.TrimSpace(note)
	if l := utf8.RuneCountInString(note); l < minNote || l > maxNote || !utf8.ValidString(note) {
		return 0, ErrNote
	}
	if flow.HasPersonal(note) {
		return 0, flow.ErrPersonal
	}
	who := authz.From(ctx)
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		t, err := s.told(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := s.may(ctx, authz.CorrectionApply, t.To); err != nil {
			return err
		}
		if !t.Open() {
			return ErrApplied
		}
		a := applying{s: s, t: &t, who: who.String(), note: note, at: db.Micros(s.now())}
		if n, err = a.mark(ctx, tx, rows); err != nil {
			return err
		}
		if n == 0 {
			return ErrApplied
		}
		err = s.Acts.WriteAct(ctx, tx, audit.Act{
			Who: who.Who(t.To.ID), Action: "correction.confirm", Entity: "correction:" + strconv.FormatInt(t.ID, 10), Detail: "records=" + strconv.Itoa(n),
		})
		if err != nil {
			return err
		}
		return a.close(ctx, tx)
	})
	if err != nil {
		return 0, fmt.Errorf("correction: apply: %w", err)
	}
	return n, nil
}

// ApplyRow is Apply for one row, by its number.
func (s *Service) ApplyRow(ctx context.Context, row int64, note string) (Notice, error) {
	n, err := s.Notice(ctx, row)
	if err != nil {
		return n, err
	}
	if _, err := s.Apply(ctx, n.Told, []int64{row}, note); err != nil {
		return n, err
	}
	return s.Notice(ctx, row)
}

// may asks the permission table about what a recipient was told.
func (s *Service) may(ctx context.Context, action authz.Action, to notice.Recipient) error {
	scope, err := s.Scope(ctx, to)
	if err != nil {
		return err
	}
	return s.Authority.Decide(authz.From(ctx), action, scope).Err()
}

// Scope says whose it is what a recipient was told.
func (s *Service) Scope(ctx context.Context, to notice.Recipient) (authz.Scope, error) {
	if to.Kind != notice.Agency {
		return authz.Scope{Account: to.ID}, nil
	}
	unit, err := s.Agencies.ByID(ctx, to.ID)
	if err != nil {
		return authz.Scope{}, err
	}
	return authz.Scope{Agency: unit.ID, Region: unit.Region}, nil
}

// applying is one confirmation.
type applying struct {
	s    *Service
	t    *Told
	who  string
	note string
	at   int64
}

// markChunk is how many rows are named in one statement.
const markChunk = 500

// mark closes rows of what was told, and older open ones of the same records.
func (a *applying) mark(ctx context.Context, tx *db.Tx, rows []int64) (int, error) {
	set := `UPDATE correction_notice SET applied_at = $2, applied_by = $3, note = $4 WHERE told_id = $1 AND applied_at = 0 AND due_on > 0`
	args := []any{a.t.ID, a.at, a.who, a.note}
	n := int64(0)
	if len(rows) == 0 {
		res, err := tx.ExecContext(ctx, set, args...)
		if err != nil {
			return 0, err
		}
		if n, err = res.RowsAffected(); err != nil {
			return 0, err
		}
	}
	for len(rows) > 0 {
		k := min(len(rows), markChunk)
		more := args[:len(args):len(args)]
		for _, id := range rows[:k] {
			more = append(more, id)
		}
		res, err := tx.ExecContext(ctx, set+` AND notice_id IN `+db.In(k, len(args)+1), more...)
		if err != nil {
			return 0, err
		}
		done, err := res.RowsAffected()
		if err != nil {
			return 0, err
		}
		n += done
		rows = rows[k:]
	}
	if n == 0 {
		return 0, nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE correction_notice SET applied_at = $3, applied_by = $4, note = $5 WHERE to_kind = $1 AND to_id = $2 AND applied_at = 0 AND due_on > 0
		AND EXISTS (SELECT 1 FROM correction_notice n WHERE n.subject_id = correction_notice.subject_id AND n.record_key = correction_notice.record_key
			AND n.to_kind = $1 AND n.to_id = $2 AND n.told_id = $6 AND n.applied_at = $3 AND n.version > correction_notice.version)`,
		a.t.To.Kind, a.t.To.ID, a.at, a.who, a.note, a.t.ID)
	return int(n), err
}

// close ends whatever the recipient was told and has applied to the last row. Counting in the row itself keeps two confirmations at once, and one while the
// list grows, from passing each other by.
func (a *applying) close(ctx context.Context, tx *db.Tx) error {
	type state struct {
		id, number int64
		n, had     int
		done       int
	}
	var list []state
	err := db.ForEach(ctx, tx, func(rows *sql.Rows) error {
		var x state
		err := rows.Scan(&x.id, &x.number, &x.n, &x.had, &x.done)
		list = append(list, x)
		return err
	}, `SELECT t.told_id, t.case_id, t.n, t.applied, (SELECT count(*) FROM correction_notice n WHERE n.told_id = t.told_id AND n.applied_at > 0) AS done
		FROM correction_told t WHERE t.to_kind = $1 AND t.to_id = $2 AND t.closed_at = 0 ORDER BY t.told_id`, a.t.To.Kind, a.t.To.ID)
	if err != nil {
		return err
	}
	for _, x := range list {
		if x.done == x.had {
			continue
		}
		closed := int64(0)
		if x.done >= x.n {
			closed = a.at
		}
		if _, err := tx.ExecContext(ctx, `UPDATE correction_told SET applied = $2, closed_at = $3 WHERE told_id = $1`, x.id, x.done, closed); err != nil {
			return err
		}
		if closed == 0 || x.number == 0 {
			continue
		}
		if _, err := a.s.Cases.Fire(ctx, tx, x.number, EventApply, flow.Input{Reason: a.note}); err != nil {
			return err
		}
	}
	return nil
}
