package correction

import (
	"context"
	"fmt"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/record"
)

// Receipts gives the changes of a subject's records, the latest first, each with everyone who was told. key narrows it to one record; 0 = all. A recipient whose
// look is under lawful secrecy appears on the day that the access list shows the look, and nothing counts or mentions it before. The caller has seen to it that
// whoever asks stands for the subject.
func (s *Service) Receipts(ctx context.Context, subject, key int64, cursor string, limit int) ([]Receipt, string, error) {
	before := [3]int64{1<<63 - 1, 1<<63 - 1, 1<<63 - 1}
	if cursor != "" {
		list, err := numbers(cursor, 3)
		if err != nil {
			return nil, "", err
		}
		before = [3]int64(list)
	}
	limit = clamp(limit)
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT c.change_id, c.record_key, c.version, c.status, c.does, c.item, c.changed_at, c.told_at FROM correction c
		WHERE c.subject_id = $1 AND (c.record_key = $2 OR $2 = 0) AND (c.changed_at, c.change_id, c.record_key) < ($3, $4, $5)
		ORDER BY c.changed_at DESC, c.change_id DESC, c.record_key DESC LIMIT $6+0`, subject, key, before[0], before[1], before[2], limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("correction: receipts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Receipt
	for rows.Next() {
		r := Receipt{}
		c := &r.Change
		c.Record.Subject = subject
		var does, item string
		var at, told int64
		if err := rows.Scan(&c.ID, &c.Record.Key, &c.Version, &c.Status, &does, &item, &at, &told); err != nil {
			return nil, "", fmt.Errorf("correction: receipts: %w", err)
		}
		c.Does, c.Item, c.ChangedAt, c.ToldAt = Does(does), catalog.ItemCode(item), db.Instant(at), db.Instant(told)
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, "", fmt.Errorf("correction: receipts: %w", err)
	}
	next := ""
	if len(out) > limit {
		out = out[:limit]
		last := &out[limit-1]
		next = join3(db.Micros(last.ChangedAt), last.ID, last.Record.Key)
	}
	return out, next, s.complete(ctx, subject, out)
}

// complete adds why each change was made, and who was told of it.
func (s *Service) complete(ctx context.Context, subject int64, list []Receipt) error {
	if len(list) == 0 {
		return nil
	}
	ids := make([]int64, len(list))
	args := []any{subject, db.Micros(s.now())}
	at := map[record.ID]map[int64]*Receipt{}
	for i := range list {
		r := &list[i]
		ids[i] = r.ID
		args = append(args, r.ID)
		if at[r.Record] == nil {
			at[r.Record] = map[int64]*Receipt{}
		}
		at[r.Record][r.ID] = r
	}
	changes, err := s.Changes(ctx, ids)
	if err != nil {
		return err
	}
	for i := range list {
		c := changes[list[i].ID]
		list[i].Basis, list[i].Why = c.Basis, c.Why
	}
	told, err := notices(ctx, s.DB.Read(), `WHERE n.subject_id = $1 AND n.hidden_until <= $2 AND n.change_id IN `+db.In(len(list), 3)+` ORDER BY n.change_id, n.record_key, n.notice_id`, args...)
	if err != nil {
		return err
	}
	for _, n := range told {
		if r := at[n.Record][n.Change]; r != nil {
			r.To = append(r.To, n)
		}
	}
	return nil
}

// Unapplied counts, of what a subject may see, the recipients that have not applied a change of its records, and those of them that are silent.
func (s *Service) Unapplied(ctx context.Context, subject int64) (open, silent int, err error) {
	err = s.DB.Read().QueryRowContext(ctx, `SELECT count(*), coalesce(sum(CASE WHEN due_on < $3 THEN 1 ELSE 0 END), 0) FROM correction_notice
		WHERE subject_id = $1 AND hidden_until <= $2 AND applied_at = 0 AND due_on > 0`, subject, db.Micros(s.now()), int64(clock.Today(s.Clock))).Scan(&open, &silent)
	if err != nil {
		return 0, 0, fmt.Errorf("correction: unapplied: %w", err)
	}
	return open, silent, nil
}

// Published is a change of a record that everyone could see: which one, what became of it and when; nothing of what it says.
type Published struct {
	Record record.ID
	State  string    // removed, corrected, restored
	Reason string    // withdrawn, repaired, annulled, ended, suspended; "" = it is still, or again, public
	At     time.Time // of the change
	Told   time.Time // when it was passed on: the feed goes by that
}

// Feed gives the public changes that were passed on from a day on, in that order, as far back as the terms let it.
func (s *Service) Feed(ctx context.Context, since clock.Date, cursor string, limit int) ([]Published, string, error) {
	at, id, err := place2(cursor)
	if err != nil {
		return nil, "", err
	}
	today := clock.Today(s.Clock)
	since = max(since, today.AddMonths(-s.Terms.On(today).Feed.Months))
	limit = clamp(limit)
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT subject_id, record_key, status, does, changed_at, told_at, feed_id FROM correction WHERE public = 1 AND told_at >= $1 AND (told_at, feed_id) > ($2, $3)
		ORDER BY told_at, feed_id LIMIT $4+0`, db.Micros(since.Start()), at, id, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("correction: feed: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Published
	next := ""
	for rows.Next() {
		var p Published
		var status record.Status
		var does string
		var changed int64
		if len(out) == limit {
			next = join2(at, id)
			break
		}
		if err := rows.Scan(&p.Record.Subject, &p.Record.Key, &status, &does, &changed, &at, &id); err != nil {
			return nil, "", fmt.Errorf("correction: feed: %w", err)
		}
		p.At, p.Told = db.Instant(changed), db.Instant(at)
		p.State, p.Reason = publicState(status, Does(does))
		out = append(out, p)
	}
	return out, next, rows.Err()
}

// publicState says what became of a record that everyone could see. Why a business is in reorganisation is nobody's to read here: what is shielded is suspended.
func publicState(s record.Status, d Does) (state, reason string) {
	switch s {
	case record.Active:
		if d == Resume {
			return "restored", ""
		}
		return "corrected", ""
	case record.Repaired:
		return "removed", "repaired"
	case record.Annulled:
		return "removed", "annulled"
	case record.Ended:
		return "removed", "ended"
	case record.Shielded:
		return "removed", "suspended"
	default:
		return "removed", "withdrawn"
	}
}
