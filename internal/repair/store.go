package repair

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/record"
)

type scanner interface{ Scan(...any) error }

// rowsOf reads rows to their end.
func rowsOf[T any](ctx context.Context, q db.Querier, query string, scan func(scanner) (T, error), args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("repair: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []T
	for rows.Next() {
		x, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("repair: %w", err)
		}
		out = append(out, x)
	}
	return out, rows.Err()
}

// one gives the only row of a list, or ErrNone.
func one[T any](list []T, err error) (T, error) {
	var none T
	switch {
	case err != nil:
		return none, err
	case len(list) == 0:
		return none, ErrNone
	}
	return list[0], nil
}

func asJSON(v any) string {
	raw, _ := json.Marshal(v) //nolint:errchkjson // strings, numbers and days
	return string(raw)
}

const appColumns = `subject_id, application_id, state, statement, picks, files, letter, letter_key, signature, made_at, made_by, changed_at, sent_at, letter_text`

func scanApp(row scanner) (Application, error) {
	var a Application
	var picks, files string
	var made, changed, sent int64
	var letter string
	err := row.Scan(&a.Subject, &a.ID, &a.State, &a.Statement, &picks, &files, &a.Letter, &a.KeyID, &a.Signature, &made, &a.MadeBy, &changed, &sent, &letter)
	if err != nil {
		return a, err
	}
	if letter != "" {
		a.Letter = []byte(letter) // sealed as yet
	}
	a.MadeAt, a.ChangedAt, a.SentAt = db.Instant(made), db.Instant(changed), db.Instant(sent)
	return a, errors.Join(json.Unmarshal([]byte(picks), &a.Picks), json.Unmarshal([]byte(files), &a.Files))
}

// application gives one by its number.
func (s *Service) application(ctx context.Context, q db.Querier, id int64) (Application, error) {
	return one(s.apps(ctx, q, `SELECT `+appColumns+` FROM repair_application WHERE application_id = $1`, id))
}

// apps reads applications and opens their texts.
func (s *Service) apps(ctx context.Context, q db.Querier, query string, args ...any) ([]Application, error) {
	t := s.appTexts()
	return rowsOf(ctx, q, query, func(row scanner) (a Application, err error) {
		if a, err = scanApp(row); err != nil {
			return a, err
		}
		if a.Statement, err = t.Open("statement", a.Subject, a.ID, a.Statement); err != nil {
			return a, err
		}
		letter, err := t.Open("letter_text", a.Subject, a.ID, string(a.Letter))
		a.Letter = []byte(letter)
		return a, err
	}, args...)
}

// write puts an application on file, or what changed of it.
func (s *Service) writeApp(ctx context.Context, tx *db.Tx, a *Application) error {
	t := s.appTexts()
	_, err := tx.ExecContext(ctx, `INSERT INTO repair_application (`+appColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		ON CONFLICT (subject_id, application_id) DO UPDATE SET state = excluded.state, statement = excluded.statement, picks = excluded.picks, files = excluded.files,
		letter = excluded.letter, letter_key = excluded.letter_key, signature = excluded.signature, changed_at = excluded.changed_at, sent_at = excluded.sent_at,
		letter_text = excluded.letter_text`,
		a.Subject, a.ID, a.State, t.Seal("statement", a.Subject, a.ID, a.Statement), asJSON(a.Picks), asJSON(a.Files), []byte{}, a.KeyID, bytesOf(a.Signature), db.Micros(a.MadeAt), a.MadeBy, db.Micros(a.ChangedAt),
		db.Micros(a.SentAt), t.Seal("letter_text", a.Subject, a.ID, string(a.Letter)))
	if err != nil {
		return fmt.Errorf("repair: application: %w", err)
	}
	return nil
}

// bytesOf keeps empty bytes from becoming NULL.
func bytesOf(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

const caseColumns = `subject_id, repair_id, application_id, case_id, target, record_key, open, state, item, title, doc_no, agency_id, region, decided_on, class, rule_set,
	earliest, end_on, max_on, held, sent_at, sent_by, accepted_by, answered_at, answered_by, answer_no, answer_on, reason, next_on, reopened_for`

func scanCase(row scanner) (Case, error) {
	var c Case
	var target, held, item string
	var key, open, sent, answered int64
	err := row.Scan(&c.Subject, &c.ID, &c.Application, &c.Flow, &target, &key, &open, &c.State, &item, &c.Title, &c.DocNo, &c.Agency, &c.Region, &c.On, &c.Class, &c.Set,
		&c.Earliest, &c.End, &c.Max, &held, &sent, &c.SentBy, &c.AcceptedBy, &answered, &c.AnsweredBy, &c.AnswerNo, &c.AnswerOn, &c.Reason, &c.Next, &c.ReopenedFor)
	if err != nil {
		return c, err
	}
	c.Item, c.Open, c.SentAt, c.AnsweredAt = itemCode(item), open == 1, db.Instant(sent), db.Instant(answered)
	if key != 0 {
		c.At = record.ID{Subject: c.Subject, Key: key}
	}
	if c.Target, err = ParseTarget(target); err != nil {
		return c, err
	}
	return c, json.Unmarshal([]byte(held), &c.Held)
}

func (s *Service) cases(ctx context.Context, q db.Querier, where string, args ...any) ([]Case, error) {
	t := s.caseTexts()
	return rowsOf(ctx, q, `SELECT `+caseColumns+` FROM repair_case WHERE `+where, func(row scanner) (c Case, err error) {
		if c, err = scanCase(row); err == nil {
			c.Reason, err = t.Open("reason", c.Subject, c.ID, c.Reason)
		}
		return c, err
	}, args...)
}

func (c *Case) insert(ctx context.Context, tx *db.Tx) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO repair_case (entry_id, `+caseColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
		$20, $21, $22, '', 0, '', '', 0, '', 0, '')`,
		c.Entry, c.Subject, c.ID, c.Application, c.Flow, c.Target.String(), c.At.Key, c.State, string(c.Item), c.Title, c.DocNo, c.Agency, c.Region, int64(c.On), c.Class, c.Set,
		int64(c.Earliest), int64(c.End), int64(c.Max), asJSON(c.Held), db.Micros(c.SentAt), c.SentBy)
	switch {
	case db.IsUnique(err):
		return ErrTwice
	case err != nil:
		return fmt.Errorf("repair: case: %w", err)
	}
	return nil
}

// save writes what changes in the life of a case.
func (s *Service) saveCase(ctx context.Context, tx *db.Tx, c *Case) error {
	open := 0
	if c.Open {
		open = 1
	}
	_, err := tx.ExecContext(ctx, `UPDATE repair_case SET open = $3, state = $4, accepted_by = $5, answered_at = $6, answered_by = $7, answer_no = $8, answer_on = $9, reason = $10, next_on = $11, reopened_for = $12
		WHERE subject_id = $1 AND repair_id = $2`,
		c.Subject, c.ID, open, c.State, c.AcceptedBy, db.Micros(c.AnsweredAt), c.AnsweredBy, c.AnswerNo, int64(c.AnswerOn), s.caseTexts().Seal("reason", c.Subject, c.ID, c.Reason), int64(c.Next), c.ReopenedFor)
	if err != nil {
		return fmt.Errorf("repair: save: %w", err)
	}
	return nil
}

const breachColumns = `subject_id, breach_id, repair_id, case_id, agency_id, region, state, cause, notice_no, notice_on, stated, made_by, made_at, decided_by, decided_at, doc_no, reason, barred_until`

func scanBreach(row scanner) (Breach, error) {
	var b Breach
	var stated, made, decided int64
	err := row.Scan(&b.Subject, &b.ID, &b.Repair, &b.Flow, &b.Agency, &b.Region, &b.State, &b.Cause, &b.NoticeNo, &b.NoticeOn, &stated, &b.MadeBy, &made, &b.DecidedBy, &decided, &b.DocNo,
		&b.Reason, &b.Until)
	b.Stated, b.MadeAt, b.DecidedAt = stated == 1, db.Instant(made), db.Instant(decided)
	return b, err
}

func (s *Service) breaches(ctx context.Context, q db.Querier, where string, args ...any) ([]Breach, error) {
	t := s.breachTexts()
	return rowsOf(ctx, q, `SELECT `+breachColumns+` FROM repair_breach WHERE `+where, func(row scanner) (b Breach, err error) {
		if b, err = scanBreach(row); err != nil {
			return b, err
		}
		if b.Cause, err = t.Open("cause", b.Subject, b.ID, b.Cause); err == nil {
			b.Reason, err = t.Open("reason", b.Subject, b.ID, b.Reason)
		}
		return b, err
	}, args...)
}

func (s *Service) writeBreach(ctx context.Context, tx *db.Tx, b *Breach) error {
	t := s.breachTexts()
	open, stated := 0, 0
	if b.State == "notified" {
		open = 1
	}
	if b.Stated {
		stated = 1
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO repair_breach (open, `+breachColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
		ON CONFLICT (subject_id, breach_id) DO UPDATE SET open = excluded.open, state = excluded.state, stated = excluded.stated, decided_by = excluded.decided_by,
		decided_at = excluded.decided_at, doc_no = excluded.doc_no, reason = excluded.reason, barred_until = excluded.barred_until`,
		open, b.Subject, b.ID, b.Repair, b.Flow, b.Agency, b.Region, b.State, t.Seal("cause", b.Subject, b.ID, b.Cause), b.NoticeNo, int64(b.NoticeOn), stated, b.MadeBy, db.Micros(b.MadeAt), b.DecidedBy,
		db.Micros(b.DecidedAt), b.DocNo, t.Seal("reason", b.Subject, b.ID, b.Reason), int64(b.Until))
	if err != nil {
		return fmt.Errorf("repair: breach: %w", err)
	}
	return nil
}

// barredUntil gives the first day on which a subject may apply again.
func barredUntil(ctx context.Context, q db.Querier, of int64) (clock.Date, error) {
	var until sql.NullInt64
	err := q.QueryRowContext(ctx, `SELECT MAX(barred_until) FROM repair_breach WHERE subject_id = $1 AND state = 'cancelled'`, of).Scan(&until)
	if err != nil {
		return 0, fmt.Errorf("repair: barred: %w", err)
	}
	return clock.Date(until.Int64), nil
}

const shieldColumns = `subject_id, shield_id, case_id, region, state, court, ruling_no, ruling_on, until, asked_by, asked_at, decided_by, decided_at, ended_at`

func scanShield(row scanner) (Shield, error) {
	var x Shield
	var asked, decided, ended int64
	err := row.Scan(&x.Subject, &x.ID, &x.Flow, &x.Region, &x.State, &x.Court, &x.No, &x.On, &x.Until, &x.AskedBy, &asked, &x.DecidedBy, &decided, &ended)
	x.AskedAt, x.DecidedAt, x.EndedAt = db.Instant(asked), db.Instant(decided), db.Instant(ended)
	return x, err
}

func shields(ctx context.Context, q db.Querier, where string, args ...any) ([]Shield, error) {
	return rowsOf(ctx, q, `SELECT `+shieldColumns+` FROM repair_shield WHERE `+where, scanShield, args...)
}

func (x *Shield) write(ctx context.Context, tx *db.Tx) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO repair_shield (`+shieldColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		ON CONFLICT (subject_id, shield_id) DO UPDATE SET state = excluded.state, decided_by = excluded.decided_by, decided_at = excluded.decided_at, ended_at = excluded.ended_at`,
		x.Subject, x.ID, x.Flow, x.Region, x.State, x.Court, x.No, int64(x.On), int64(x.Until), x.AskedBy, db.Micros(x.AskedAt), x.DecidedBy, db.Micros(x.DecidedAt), db.Micros(x.EndedAt))
	if err != nil {
		return fmt.Errorf("repair: shield: %w", err)
	}
	return nil
}
