package objection

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gongxin/internal/clock"
	"gongxin/internal/db"
)

const columns = `subject_id, objection_id, no, kind, target, item, title, ask, version, agency_id, region, case_id, state, filed_by, filed_at, received_on, accepted_at, referred_at,
	answer_by, refusal, reply, replied_at, marked, taken_down, result, until, answered_at, late, review, reviewed_at, closed_at,
	repair_id, stage, extended`

func scan(row interface{ Scan(...any) error }) (Objection, error) {
	var o Objection
	var filed, accepted, referred, replied, answered, reviewed, closed, marked, down, late int64
	err := row.Scan(&o.Subject, &o.ID, &o.No, &o.Kind, &o.Target, &o.Item, &o.Title, &o.Ask, &o.Version, &o.Agency, &o.Region, &o.Case, &o.State, &o.FiledBy, &filed, &o.ReceivedOn,
		&accepted, &referred, &o.AnswerBy, &o.Refusal, &o.Reply, &replied, &marked, &down, &o.Result, &o.Until, &answered, &late, &o.Review, &reviewed, &closed,
		&o.Repair, &o.Stage, &o.Extended)
	o.FiledAt, o.AcceptedAt, o.ReferredAt, o.RepliedAt = db.Instant(filed), db.Instant(accepted), db.Instant(referred), db.Instant(replied)
	o.AnsweredAt, o.ReviewedAt, o.ClosedAt = db.Instant(answered), db.Instant(reviewed), db.Instant(closed)
	o.Marked, o.TakenDown, o.Late = marked == 1, down == 1, late == 1
	return o, err
}

func query(ctx context.Context, q db.Querier, where string, args ...any) ([]Objection, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM objection WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("objection: list: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Objection
	for rows.Next() {
		o, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("objection: list: %w", err)
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

func one(ctx context.Context, q db.Querier, where string, args ...any) (Objection, error) {
	o, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM objection WHERE `+where, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return Objection{}, ErrNone
	}
	if err != nil {
		return Objection{}, fmt.Errorf("objection: get: %w", err)
	}
	return o, nil
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func insert(ctx context.Context, tx *db.Tx, o *Objection) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO objection (`+columns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, '', $12, $13, $14, 0, 0, $15, '', '', 0, 0, 0, '', 0, 0, 0, '', 0, 0, $16, '', 0)`,
		o.Subject, o.ID, o.No, string(o.Kind), o.Target, string(o.Item), o.Title, string(o.Ask), o.Version, o.Agency, o.Region, o.FiledBy, db.Micros(o.FiledAt), int64(o.ReceivedOn), int64(o.AnswerBy), o.Repair)
	if err != nil {
		return fmt.Errorf("objection: insert: %w", err)
	}
	return nil
}

// save writes what changes in an objection's life.
func save(ctx context.Context, tx *db.Tx, o *Objection) error {
	_, err := tx.ExecContext(ctx, `UPDATE objection SET case_id = $3, state = $4, received_on = $5, accepted_at = $6, referred_at = $7, answer_by = $8, refusal = $9, reply = $10, replied_at = $11,
		marked = $12, taken_down = $13, result = $14, until = $15, answered_at = $16, late = $17, review = $18, reviewed_at = $19, closed_at = $20, stage = $21, extended = $22 WHERE subject_id = $1 AND objection_id = $2`,
		o.Subject, o.ID, o.Case, o.State, int64(o.ReceivedOn), db.Micros(o.AcceptedAt), db.Micros(o.ReferredAt), int64(o.AnswerBy), o.Refusal, string(o.Reply), db.Micros(o.RepliedAt),
		bit(o.Marked), bit(o.TakenDown), string(o.Result), int64(o.Until), db.Micros(o.AnsweredAt), bit(o.Late), string(o.Review), db.Micros(o.ReviewedAt), db.Micros(o.ClosedAt),
		o.Stage, o.Extended)
	if err != nil {
		return fmt.Errorf("objection: save: %w", err)
	}
	return nil
}

// Get gives an objection by the number of its row.
func (s *Service) Get(ctx context.Context, q db.Querier, id int64) (Objection, error) {
	return one(ctx, q, `objection_id = $1`, id)
}

// ByNo gives an objection by the number that its subject reads.
func (s *Service) ByNo(ctx context.Context, no string) (Objection, error) {
	return one(ctx, s.DB.Read(), `no = $1`, no)
}

// busy reports whether something is disputed already: by an objection that is being handled, or by one of the same kind that is answered and can be reviewed.
func (*Service) busy(ctx context.Context, q db.Querier, o *Objection) (bool, error) {
	list, err := query(ctx, q, `subject_id = $1 AND target = $2 AND closed_at = 0 AND (state <> $3 OR kind = $4) LIMIT 1`, o.Subject, o.Target, Answered, string(o.Kind))
	return len(list) > 0, err
}

// OpenOn gives the newest objection of a subject about something that is not closed yet, also one that only waits for a review; ok is false when there is none.
func (s *Service) OpenOn(ctx context.Context, q db.Querier, subject int64, target string) (Objection, bool, error) {
	list, err := query(ctx, q, `subject_id = $1 AND target = $2 AND closed_at = 0 ORDER BY objection_id DESC LIMIT 1`, subject, target)
	if err != nil || len(list) == 0 {
		return Objection{}, false, err
	}
	return list[0], true, nil
}

// Filter picks objections. Zero values do not narrow.
type Filter struct {
	Subject  int64
	Agencies []int64 // nil = every unit
	State    string
	Kind     Kind
	Open     bool
	After    int64 // the last one of the page before
	Limit    int
}

// MaxPage is the largest page of objections.
const MaxPage = 100

// List gives objections, newest first.
func (s *Service) List(ctx context.Context, f Filter) ([]Objection, error) {
	where, args := `1 = 1`, []any{}
	and := func(cond string, v any) {
		args = append(args, v)
		where += fmt.Sprintf(` AND `+cond, len(args))
	}
	if f.Subject != 0 {
		and(`subject_id = $%d`, f.Subject)
	}
	if f.State != "" {
		and(`state = $%d`, f.State)
	}
	if f.Kind != "" {
		and(`kind = $%d`, string(f.Kind))
	}
	if f.Open {
		where += ` AND closed_at = 0`
	}
	if f.After != 0 {
		and(`objection_id < $%d`, f.After)
	}
	if f.Agencies != nil {
		if len(f.Agencies) == 0 {
			return nil, nil
		}
		where += ` AND agency_id IN ` + db.In(len(f.Agencies), len(args)+1)
		for _, a := range f.Agencies {
			args = append(args, a)
		}
	}
	limit := f.Limit
	if limit <= 0 || limit > MaxPage+1 {
		limit = MaxPage
	}
	args = append(args, limit)
	return query(ctx, s.DB.Read(), where+fmt.Sprintf(` ORDER BY objection_id DESC LIMIT $%d`, len(args)), args...)
}

// Tally is how a unit's objections of some days went.
type Tally struct {
	Agency    int64
	Received  int
	Accepted  int
	Refused   int
	Withdrawn int // by the subject, or not supplemented
	Pending   int // not answered yet
	Answered  int
	Late      int // answered after the last day
	Overdue   int // not answered, and the last day is over
	Helped    int // the source had to verify
	TakenDown int // nobody verified it
	Results   map[Result]int
	Reviewed  int
	Changed   int // by the review
}

// Add adds another one's figures.
func (t *Tally) Add(o *Tally) {
	t.Received, t.Accepted, t.Refused, t.Withdrawn, t.Pending = t.Received+o.Received, t.Accepted+o.Accepted, t.Refused+o.Refused, t.Withdrawn+o.Withdrawn, t.Pending+o.Pending
	t.Answered, t.Late, t.Overdue, t.Helped, t.TakenDown = t.Answered+o.Answered, t.Late+o.Late, t.Overdue+o.Overdue, t.Helped+o.Helped, t.TakenDown+o.TakenDown
	t.Reviewed, t.Changed = t.Reviewed+o.Reviewed, t.Changed+o.Changed
	if t.Results == nil {
		t.Results = map[Result]int{}
	}
	for r, n := range o.Results {
		t.Results[r] += n
	}
}

// Stats counts the objections that were received from a day to another, both included, by source.
func (s *Service) Stats(ctx context.Context, from, to clock.Date) ([]Tally, error) {
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT agency_id, state, result, review, CASE WHEN accepted_at > 0 THEN 1 ELSE 0 END, CASE WHEN referred_at > 0 THEN 1 ELSE 0 END, taken_down, late,
		CASE WHEN answered_at = 0 AND closed_at = 0 AND answer_by < $3 AND state <> 'supplement' THEN 1 ELSE 0 END, count(*)
		FROM objection WHERE received_on BETWEEN $1 AND $2 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 ORDER BY 1`, int64(from), int64(to), int64(clock.Today(s.Clock)))
	if err != nil {
		return nil, fmt.Errorf("objection: stats: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Tally
	for rows.Next() {
		var agency int64
		var state string
		var result, review Result
		var accepted, helped, down, late, overdue, n int
		if err := rows.Scan(&agency, &state, &result, &review, &accepted, &helped, &down, &late, &overdue, &n); err != nil {
			return nil, fmt.Errorf("objection: stats: %w", err)
		}
		if len(out) == 0 || out[len(out)-1].Agency != agency {
			out = append(out, Tally{Agency: agency, Results: map[Result]int{}})
		}
		t := &out[len(out)-1]
		t.Received += n
		t.Accepted += accepted * n
		t.Helped += helped * n
		t.TakenDown += down * n
		t.Late += late * n
		t.Overdue += overdue * n
		switch {
		case state == Refused:
			t.Refused += n
		case state == Withdrawn || state == Lapsed:
			t.Withdrawn += n
		case result == "":
			t.Pending += n
		}
		if result != "" {
			t.Answered += n
			t.Results[result] += n
		}
		if review != "" {
			t.Reviewed += n
			if review != Upheld {
				t.Changed += n
			}
		}
	}
	return out, rows.Err()
}
