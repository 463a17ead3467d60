package repair

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/notice"
	"gongxin/internal/record"
)

// Reminders. Whoever may act for a subject is told when one of its failures can be applied for: on its earliest day, on the day that a refusal named, on the day on
// which a bar ends; once for each. They are set when a failure is filed or changes, by a walk through the versions of the register that goes on where it stopped, so
// that a run has the same work however large the register is; a page that reads the own file sets them more exactly.

const (
	walkRows = 5000      // versions that one run looks at: seven million in a day of runs
	walkLag  = time.Hour // how long a writer may take from making an id to its commit
)

// lookAhead sets reminders for failures that came on file since the last run. It gives how many it set.
func (s *Service) lookAhead(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "repair.lookAhead")
	var at int64
	err = s.DB.Read().QueryRowContext(ctx, `SELECT at FROM repair_walk WHERE name = 'remind'`).Scan(&at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	list, next, err := s.Records.Since(ctx, at, s.now().Add(-walkLag), s.failures(), walkRows)
	if err != nil || next == at {
		return 0, err
	}
	var due []reminder
	for i := range list {
		x, ok, err := s.reminderOf(ctx, &list[i])
		if err != nil {
			return 0, err
		}
		if ok {
			due = append(due, x)
		}
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n = 0
		r, err := tx.ExecContext(ctx, `INSERT INTO repair_walk (name, at) VALUES ('remind', $1) ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE repair_walk.at = $2`, next, at)
		if err != nil {
			return fmt.Errorf("repair: walk: %w", err)
		}
		if took, err := r.RowsAffected(); err != nil || took == 0 {
			return err // another process was first
		}
		for _, x := range due { // what was sent already is not sent again because its source filed something else
			_, err := tx.ExecContext(ctx, `INSERT INTO repair_reminder (subject_id, target, due_on, label, sent_at) VALUES ($1, $2, $3, $4, 0)
				ON CONFLICT (subject_id, target) DO UPDATE SET due_on = excluded.due_on, label = excluded.label WHERE repair_reminder.sent_at = 0`, x.subject, x.target, int64(x.due), x.label)
			if err != nil {
				return fmt.Errorf("repair: reminder: %w", err)
			}
			n++
		}
		return nil
	})
	return n, err
}

// failures are the items that speak against their subjects.
func (s *Service) failures() []string {
	var out []string
	edition := s.Editions.Current(s.today())
	for _, item := range edition.Items {
		if item.Polarity == catalog.Negative {
			out = append(out, string(item.Code))
		}
	}
	return out
}

// reminderOf gives when the subject of a record is to be reminded of it; ok is false when it is not. What the record says is not read for that: where its text could
// put it into a domain with a later day, the later day counts.
func (s *Service) reminderOf(ctx context.Context, v *record.Version) (x reminder, ok bool, err error) {
	rules := s.Rules.Today()
	item, known := s.Editions.Current(s.today()).Item(v.Item)
	if !known {
		return x, false, nil
	}
	unit, err := s.unit(ctx, v.Agency)
	if err != nil {
		return x, false, err
	}
	x = reminder{v.Subject, Target{Record: v.ID}.String(), 0, item.Name}
	m := Matter{Item: v.Item, DecidedOn: v.DecidedOn, Severity: v.Severity, Procedure: v.Procedure, Kinds: item.KindNames(v.Kinds), Unit: unit, PublicUntil: v.PublicUntil}
	if v.Item != penalty {
		entries, err := s.Lists.Of(ctx, s.DB.Read(), v.Subject)
		if err != nil {
			return x, false, err
		}
		if e := entryOf(entries, v); e != nil {
			x.target, x.label = Target{Entry: e.ID}.String(), e.Name
			m.List = &ListTerms{Early: e.Early, Removal: e.Removal, Until: e.Until}
		}
	}
	verdict := rules.latest(m)
	x.due = verdict.Earliest
	return x, verdict.Shown && verdict.Excluded == "" && (verdict.End.IsZero() || verdict.End > max(x.due, s.today())), nil
}

// latest judges a matter whose text is not known: of the days that its text could give, the last.
func (r *Rules) latest(m Matter) Verdict {
	v := r.Judge(m)
	for i := range r.Domains {
		if len(r.Domains[i].Words) == 0 {
			continue
		}
		m.Text = r.Domains[i].Words[0]
		if other := r.Judge(m); other.Earliest > v.Earliest || other.Excluded != "" {
			v = other
		}
	}
	return v
}

// remember sets reminders for what can be applied for later, by what the subject's own file says.
func (s *Service) remember(ctx context.Context, r *Review) error {
	have, err := s.reminders(ctx, s.DB.Read(), `subject_id = $1`, r.Subject)
	if err != nil {
		return err
	}
	due := map[string]reminder{}
	for _, x := range have {
		due[x.target] = x
	}
	var fresh []reminder
	for i := range r.Findings {
		f := &r.Findings[i]
		x := reminder{r.Subject, f.Target.String(), f.From, f.ItemName}
		if f.State != Early && f.State != Barred {
			continue
		}
		if old, ok := due[x.target]; !ok || old.due != x.due {
			fresh = append(fresh, x)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, x := range fresh {
			_, err := tx.ExecContext(ctx, `INSERT INTO repair_reminder (subject_id, target, due_on, label, sent_at) VALUES ($1, $2, $3, $4, 0)
				ON CONFLICT (subject_id, target) DO UPDATE SET due_on = excluded.due_on, label = excluded.label, sent_at = 0`, x.subject, x.target, int64(x.due), x.label)
			if err != nil {
				return fmt.Errorf("repair: reminder: %w", err)
			}
		}
		return nil
	}, db.ReadCommitted)
}

type reminder struct {
	subject int64
	target  string
	due     clock.Date
	label   string
}

func (*Service) reminders(ctx context.Context, q db.Querier, where string, args ...any) ([]reminder, error) {
	return rowsOf(ctx, q, `SELECT subject_id, target, due_on, label FROM repair_reminder WHERE `+where, func(row scanner) (reminder, error) {
		var x reminder
		return x, row.Scan(&x.subject, &x.target, &x.due, &x.label)
	}, args...)
}

// forget drops the reminder of what is applied for.
func (*Service) forget(ctx context.Context, tx *db.Tx, c *Case) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM repair_reminder WHERE subject_id = $1 AND target = $2`, c.Subject, c.Target.String())
	if err != nil {
		return fmt.Errorf("repair: reminder: %w", err)
	}
	return nil
}

// remindAgain sets a reminder for another day, for another reason than before.
func (*Service) remindAgain(ctx context.Context, tx *db.Tx, x reminder) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO repair_reminder (subject_id, target, due_on, label, sent_at) VALUES ($1, $2, $3, $4, 0)
		ON CONFLICT (subject_id, target) DO UPDATE SET due_on = excluded.due_on, label = excluded.label, sent_at = 0`, x.subject, x.target, int64(x.due), x.label)
	if err != nil {
		return fmt.Errorf("repair: reminder: %w", err)
	}
	return nil
}

// remindAll tells subjects whose day has come, once each, and of everything that has come in one notice. What was ended or repaired meanwhile, or is applied for, is
// dropped without a word. It gives of how many failures.
func (s *Service) remindAll(ctx context.Context) (n int, err error) {
	due, err := s.reminders(ctx, s.DB.Read(), `sent_at = 0 AND due_on <= $1 ORDER BY due_on, subject_id LIMIT $2+0`, int64(s.today()), batch)
	if err != nil {
		return 0, err
	}
	slices.SortStableFunc(due, func(a, b reminder) int { return cmp.Compare(a.subject, b.subject) })
	for len(due) > 0 {
		k := 1
		for k < len(due) && due[k].subject == due[0].subject {
			k++
		}
		told, one := s.remindOf(ctx, due[:k])
		if one != nil && k > 1 { // one of them does not keep the others
			one = nil
			for _, x := range due[:k] {
				m, failed := s.remindOf(ctx, []reminder{x})
				told, one = told+m, errors.Join(one, failed)
			}
		}
		n, err, due = n+told, errors.Join(err, one), due[k:]
	}
	return n, err
}

// remindOf tells a subject of those of some reminders that still hold.
func (s *Service) remindOf(ctx context.Context, list []reminder) (n int, err error) {
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		var come []reminder
		for _, x := range list {
			holds, err := s.comes(ctx, tx, x)
			if err != nil {
				return err
			}
			if holds {
				come = append(come, x)
			}
		}
		if n = len(come); n == 0 {
			return nil
		}
		title, which := eligible(come)
		return s.send(ctx, tx, notice.Subject, come[0].subject, "repair.eligible", title, which+"可以申请修复。修复不收取任何费用，也不需要委托中介。不想再收到这种提醒的，可以在“信用修复”页面关闭。", "/me/repairs", 0)
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// namedAtOnce is how many failures one reminder names; the page lists all.
const namedAtOnce = 5

// eligible says of what a reminder speaks.
func eligible(list []reminder) (title, which string) {
	title = "有一条失信信息可以申请信用修复了"
	if len(list) > 1 {
		title = fmt.Sprintf("有 %d 条失信信息可以申请信用修复了", len(list))
	}
	var parts []string
	for _, x := range list[:min(len(list), namedAtOnce)] {
		parts = append(parts, "“"+x.label+"”自 "+x.due.String()+" 起")
	}
	which = strings.Join(parts, "，")
	if len(list) > namedAtOnce {
		which += fmt.Sprintf("，另有 %d 条，", len(list)-namedAtOnce)
	}
	return title, which
}

// comes takes a reminder off the list and reports whether its subject is to be told; it may be put off to the day on which it can be applied for after all, or dropped.
func (s *Service) comes(ctx context.Context, tx *db.Tx, x reminder) (bool, error) {
	r, err := tx.ExecContext(ctx, `UPDATE repair_reminder SET sent_at = $3 WHERE subject_id = $1 AND target = $2 AND sent_at = 0`, x.subject, x.target, db.Micros(s.now()))
	if err != nil {
		return false, fmt.Errorf("repair: remind: %w", err)
	}
	if took, err := r.RowsAffected(); err != nil || took == 0 {
		return false, err // another process was first
	}
	quiet, err := s.quiet(ctx, tx, x.subject)
	if err != nil || quiet {
		return false, err
	}
	past, err := s.past(ctx, tx, x.subject)
	if err != nil || past.open[x.target] != 0 {
		return false, err
	}
	stands, err := s.stands(ctx, tx, x)
	if err != nil || !stands {
		return false, err
	}
	if later := max(past.next[x.target], past.barred); later > s.today() {
		x.due = later
		return false, s.remindAgain(ctx, tx, x)
	}
	return true, nil
}

// quiet reports whether a subject wants no reminders.
func (*Service) quiet(ctx context.Context, q db.Querier, of int64) (bool, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT count(*) FROM repair_quiet WHERE subject_id = $1`, of).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("repair: quiet: %w", err)
	}
	return n > 0, nil
}

// Quiet reports whether reminders are switched off for a subject, to those who act for it.
func (s *Service) Quiet(ctx context.Context, of int64) (bool, error) {
	if err := s.mine(ctx, of); err != nil {
		return false, err
	}
	return s.quiet(ctx, s.DB.Read(), of)
}

// SetQuiet switches reminders off for a subject, or on again: for everybody who acts for it. What came due while they were off is not sent later.
func (s *Service) SetQuiet(ctx context.Context, of int64, off bool) (err error) {
	defer fault.Wrap(&err, "repair.SetQuiet")
	if err := s.mine(ctx, of); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		act := "repair.remind_on"
		if off {
			act = "repair.remind_off"
			_, err = tx.ExecContext(ctx, `INSERT INTO repair_quiet (subject_id, off_by, off_at) VALUES ($1, $2, $3) ON CONFLICT (subject_id) DO NOTHING`, of, authz.From(ctx).String(), db.Micros(s.now()))
		} else {
			_, err = tx.ExecContext(ctx, `DELETE FROM repair_quiet WHERE subject_id = $1`, of)
		}
		if err != nil {
			return fmt.Errorf("repair: quiet: %w", err)
		}
		return s.act(ctx, tx, act, fmt.Sprint("subject:", of), "")
	})
}

// stands reports whether what somebody is to be reminded of is still shown.
func (s *Service) stands(ctx context.Context, tx *db.Tx, x reminder) (bool, error) {
	t, err := ParseTarget(x.target)
	if err != nil {
		return false, err
	}
	if t.Entry != 0 {
		return s.onList(ctx, tx, x.subject, t.Entry)
	}
	now, err := s.Records.Standing(ctx, tx, []record.ID{t.Record})
	if err != nil {
		return false, err
	}
	v, ok := now[t.Record]
	return ok && v.Status == record.Active && (v.PublicUntil.IsZero() || s.today() < v.PublicUntil), nil
}
