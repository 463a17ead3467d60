package measure

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/sealed"
)

const orderColumns = `subject_id, order_id, entry_id, list, measure, law, base_on, agency_id, reason, issued_at, issued_by, valid_from, until, state, recalled_at, recall_why, recall_note, released_at, withdraw_case`

func (s *Service) scanOrder(row interface{ Scan(...any) error }) (Order, error) {
	var o Order
	var issued, recalled, released int64
	err := row.Scan(&o.Subject, &o.ID, &o.Entry, &o.List, &o.Measure, &o.Law, &o.BaseOn, &o.Agency, &o.Reason, &issued, &o.IssuedBy, &o.From, &o.Until, &o.State, &recalled, &o.RecallWhy, &o.RecallNote, &released, &o.Withdrawal)
	if err != nil {
		return o, err
	}
	o.IssuedAt, o.RecalledAt, o.ReleasedAt = db.Instant(issued), db.Instant(recalled), db.Instant(released)
	t := s.orderTexts()
	if o.Reason, err = t.Open("reason", o.Subject, o.ID, o.Reason); err == nil {
		o.RecallNote, err = t.Open("recall_note", o.Subject, o.ID, o.RecallNote)
	}
	return o, err
}

func (s *Service) orderTexts() *sealed.Texts {
	return &sealed.Texts{DB: s.DB, Ring: s.Ring, Title: "联合奖惩指令的理由", Table: "measure_order", Key: [2]string{"subject_id", "order_id"}, Columns: []string{"reason", "recall_note"}}
}

func (s *Service) taskTexts() *sealed.Texts {
	return &sealed.Texts{DB: s.DB, Ring: s.Ring, Title: "联合奖惩任务的反馈", Table: "measure_task", Key: [2]string{"subject_id", "task_id"}, Columns: []string{"reason"}}
}

// Texts are why orders were issued and recalled and what units fed back, which rest sealed.
func (s *Service) Texts() []*sealed.Texts { return []*sealed.Texts{s.orderTexts(), s.taskTexts()} }

func (s *Service) orders(ctx context.Context, q db.Querier, where string, args ...any) ([]Order, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+orderColumns+` FROM measure_order WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("measure: orders: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Order
	for rows.Next() {
		o, err := s.scanOrder(rows)
		if err != nil {
			return nil, fmt.Errorf("measure: orders: %w", err)
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

// Order gives an order by its number.
func (s *Service) Order(ctx context.Context, q db.Querier, order int64) (Order, error) {
	o, err := s.scanOrder(q.QueryRowContext(ctx, `SELECT `+orderColumns+` FROM measure_order WHERE order_id = $1`, order))
	if errors.Is(err, sql.ErrNoRows) {
		return Order{}, ErrNone
	}
	if err != nil {
		return Order{}, fmt.Errorf("measure: order: %w", err)
	}
	return o, nil
}

// OrdersOf gives orders by their numbers, with one query for every 500.
func (s *Service) OrdersOf(ctx context.Context, q db.Querier, numbers []int64) (map[int64]Order, error) {
	ids := slices.Clone(numbers)
	slices.Sort(ids)
	out := make(map[int64]Order, len(ids))
	for part := range slices.Chunk(slices.Compact(ids), 500) {
		args := make([]any, len(part))
		for i, v := range part {
			args[i] = v
		}
		list, err := s.orders(ctx, q, `order_id IN `+db.In(len(part), 1), args...)
		if err != nil {
			return nil, err
		}
		for i := range list {
			out[list[i].ID] = list[i]
		}
	}
	return out, nil
}

func (s *Service) insertOrder(ctx context.Context, tx *db.Tx, o *Order) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO measure_order (`+orderColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, '', '', 0, 0)`,
		o.Subject, o.ID, o.Entry, o.List, o.Measure, o.Law, int64(o.BaseOn), o.Agency, s.orderTexts().Seal("reason", o.Subject, o.ID, o.Reason), db.Micros(o.IssuedAt), o.IssuedBy, int64(o.From), int64(o.Until), string(o.State))
	if db.IsUnique(err) {
		return ErrTwice // somebody else issued it at the same moment
	}
	if err != nil {
		return fmt.Errorf("measure: insert order: %w", err)
	}
	return nil
}

func (s *Service) saveOrder(ctx context.Context, tx *db.Tx, o *Order) error {
	_, err := tx.ExecContext(ctx, `UPDATE measure_order SET state = $3, recalled_at = $4, recall_why = $5, recall_note = $6, released_at = $7, withdraw_case = $8 WHERE subject_id = $1 AND order_id = $2`,
		o.Subject, o.ID, string(o.State), db.Micros(o.RecalledAt), string(o.RecallWhy), s.orderTexts().Seal("recall_note", o.Subject, o.ID, o.RecallNote), db.Micros(o.ReleasedAt), o.Withdrawal)
	if err != nil {
		return fmt.Errorf("measure: save order: %w", err)
	}
	return nil
}

const taskColumns = `subject_id, task_id, order_id, agency_id, matter, case_id, state, result, reason, case_no, executed_on, evidence, answered_at, released_at, pushed_at, responded_at, late, recalled_at`

func (s *Service) scanTask(row interface{ Scan(...any) error }) (Task, error) {
	var t Task
	var answered, released, pushed, responded, late, recalled int64
	err := row.Scan(&t.Subject, &t.ID, &t.Order, &t.Agency, &t.Matter, &t.Case, &t.State, &t.Result, &t.Reason, &t.CaseNo, &t.ExecutedOn, &t.Evidence, &answered, &released,
		&pushed, &responded, &late, &recalled)
	if err != nil {
		return t, err
	}
	t.AnsweredAt, t.ReleasedAt, t.PushedAt, t.RespondedAt, t.Late, t.RecalledAt = db.Instant(answered), db.Instant(released), db.Instant(pushed), db.Instant(responded), late == 1, db.Instant(recalled)
	t.Reason, err = s.taskTexts().Open("reason", t.Subject, t.ID, t.Reason)
	return t, err
}

func (s *Service) tasks(ctx context.Context, q db.Querier, where string, args ...any) ([]Task, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+taskColumns+` FROM measure_task WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("measure: tasks: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Task
	for rows.Next() {
		t, err := s.scanTask(rows)
		if err != nil {
			return nil, fmt.Errorf("measure: tasks: %w", err)
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

// Task gives a task by its number.
func (s *Service) Task(ctx context.Context, q db.Querier, task int64) (Task, error) {
	t, err := s.scanTask(q.QueryRowContext(ctx, `SELECT `+taskColumns+` FROM measure_task WHERE task_id = $1`, task))
	if errors.Is(err, sql.ErrNoRows) {
		return Task{}, ErrNone
	}
	if err != nil {
		return Task{}, fmt.Errorf("measure: task: %w", err)
	}
	return t, nil
}

func (s *Service) insertTask(ctx context.Context, tx *db.Tx, t *Task) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO measure_task (`+taskColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, '', '', '', 0, '', 0, 0, $8, 0, 0, 0)`,
		t.Subject, t.ID, t.Order, t.Agency, t.Matter, t.Case, t.State, db.Micros(t.PushedAt))
	if err != nil {
		return fmt.Errorf("measure: insert task: %w", err)
	}
	return nil
}

func (s *Service) saveTask(ctx context.Context, tx *db.Tx, t *Task) error {
	_, err := tx.ExecContext(ctx, `UPDATE measure_task SET state = $3, result = $4, reason = $5, case_no = $6, executed_on = $7, evidence = $8, answered_at = $9, released_at = $10, responded_at = $11,
		late = CASE WHEN late = 1 THEN 1 ELSE $12 END, recalled_at = $13
		WHERE subject_id = $1 AND task_id = $2`,
		t.Subject, t.ID, t.State, string(t.Result), s.taskTexts().Seal("reason", t.Subject, t.ID, t.Reason), t.CaseNo, int64(t.ExecutedOn), t.Evidence, db.Micros(t.AnsweredAt), db.Micros(t.ReleasedAt), db.Micros(t.RespondedAt), bit(t.Late),
		db.Micros(t.RecalledAt))
	if err != nil {
		return fmt.Errorf("measure: save task: %w", err)
	}
	return nil
}

// Filter picks orders or tasks. Zero values do not narrow.
type Filter struct {
	Agencies []int64 // nil = every unit
	Measure  string
	Result   Result // of tasks alone
	Subject  int64
	Order    int64
	Entry    int64
	State    string
	After    int64 // the last of the page before
	Limit    int
}

// MaxPage is the largest page of orders or tasks.
const MaxPage = 100

// conditions writes a filter as a condition over the key column.
func (f *Filter) conditions(key string) (string, []any, bool) {
	where, args := `1 = 1`, []any{}
	and := func(cond string, v any) {
		args = append(args, v)
		where += fmt.Sprintf(` AND `+cond, len(args))
	}
	if f.Agencies != nil {
		if len(f.Agencies) == 0 {
			return "", nil, false
		}
		where += ` AND agency_id IN ` + db.In(len(f.Agencies), len(args)+1)
		for _, a := range f.Agencies {
			args = append(args, a)
		}
	}
	if f.Subject != 0 {
		and(`subject_id = $%d`, f.Subject)
	}
	if f.Order != 0 {
		and(`order_id = $%d`, f.Order)
	}
	if f.Entry != 0 {
		and(`entry_id = $%d`, f.Entry)
	}
	if f.State != "" {
		and(`state = $%d`, f.State)
	}
	if f.Measure != "" {
		if key == "order_id" {
			and(`measure = $%d`, f.Measure)
		} else {
			and(`EXISTS (SELECT 1 FROM measure_order AS o WHERE o.subject_id = measure_task.subject_id AND o.order_id = measure_task.order_id AND o.measure = $%d)`, f.Measure)
		}
	}
	if f.Result != "" {
		and(`result = $%d`, string(f.Result))
	}
	if f.After != 0 {
		and(key+` < $%d`, f.After)
	}
	return where, args, true
}

func (f *Filter) limit() int {
	if f.Limit <= 0 || f.Limit > MaxPage {
		return MaxPage
	}
	return f.Limit
}

// Orders gives orders, newest first.
func (s *Service) Orders(ctx context.Context, f Filter) ([]Order, error) {
	where, args, some := f.conditions("order_id")
	if !some {
		return nil, nil
	}
	args = append(args, f.limit())
	return s.orders(ctx, s.DB.Read(), where+fmt.Sprintf(` ORDER BY order_id DESC LIMIT $%d`, len(args)), args...)
}

// Tasks gives tasks, newest first. A desk asks for those with State "recalled" first: they stand above all others.
func (s *Service) Tasks(ctx context.Context, f Filter) ([]Task, error) {
	where, args, some := f.conditions("task_id")
	if !some {
		return nil, nil
	}
	args = append(args, f.limit())
	return s.tasks(ctx, s.DB.Read(), where+fmt.Sprintf(` ORDER BY task_id DESC LIMIT $%d`, len(args)), args...)
}

// TasksOf gives every task of an order, in the order in which they were pushed.
func (s *Service) TasksOf(ctx context.Context, o *Order) ([]Task, error) {
	return s.tasks(ctx, s.DB.Read(), `subject_id = $1 AND order_id = $2 ORDER BY task_id`, o.Subject, o.ID)
}

// fitting gives the matters, as they are in use, that handle a kind of subject, look at a list and have a measure on a day.
func (s *Service) fitting(ctx context.Context, q db.Querier, kind catalog.SubjectKind, list, code string, on clock.Date) ([]MatterLists, error) {
	all, err := matterLists(ctx, q, `seq = (SELECT max(n.seq) FROM measure_matter AS n WHERE n.matter = measure_matter.matter) ORDER BY matter`)
	if err != nil {
		return nil, err
	}
	if all, err = s.live(ctx, all, kind, on); err != nil {
		return nil, err
	}
	return withMeasure(all, list, code, on), nil
}

// live keeps of the lists of matters those whose matter is handled on a day, on a law that holds, for a kind of subject. The unit is the one that handles it now; one
// that is no longer there could neither apply a measure nor acknowledge its recall.
func (s *Service) live(ctx context.Context, all []MatterLists, kind catalog.SubjectKind, on clock.Date) ([]MatterLists, error) {
	list, err := s.Matters.List(ctx, 0)
	if err != nil {
		return nil, err
	}
	by := make(map[string]*agency.Matter, len(list))
	for i := range list {
		by[list[i].Code] = &list[i]
	}
	var out []MatterLists
	for _, m := range all {
		matter := by[m.Matter]
		if matter == nil || matter.Missing(on) != "" || !slices.Contains(matter.Kinds, string(kind)) {
			continue
		}
		unit, err := s.Agencies.ByID(ctx, matter.Agency)
		if err != nil {
			return nil, err
		}
		if m.Agency = unit.ID; unit.Active {
			out = append(out, m)
		}
	}
	return out, nil
}

// mayIssue asks whether the caller may issue and take back in a unit's name.
func (s *Service) mayIssue(ctx context.Context, agency int64) error {
	unit, err := s.Agencies.ByID(ctx, agency)
	if err != nil {
		return err
	}
	return s.Authority.Decide(authz.From(ctx), authz.MeasureIssue, authz.Scope{Agency: unit.ID, Region: unit.Region}).Err()
}

// Tally counts an agency's tasks because of a measure by where they stand: what the joint action's statistics are made of.
type Tally struct {
	Agency  int64
	Measure string
	State   string
	Result  Result
	N       int
	InTime  int // of them, answered on or before their last day
	Late    int // of them, answered afterwards or not at all by then
}

// Tallies counts tasks by agency, measure, state and result.
func (s *Service) Tallies(ctx context.Context) ([]Tally, error) {
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT t.agency_id, o.measure, t.state, t.result, count(*), sum(CASE WHEN t.responded_at > 0 AND t.late = 0 THEN 1 ELSE 0 END), sum(t.late)
		FROM measure_task AS t JOIN measure_order AS o ON o.subject_id = t.subject_id AND o.order_id = t.order_id
		GROUP BY t.agency_id, o.measure, t.state, t.result ORDER BY t.agency_id, o.measure, t.state, t.result`)
	if err != nil {
		return nil, fmt.Errorf("measure: tallies: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Tally
	for rows.Next() {
		var t Tally
		if err := rows.Scan(&t.Agency, &t.Measure, &t.State, &t.Result, &t.N, &t.InTime, &t.Late); err != nil {
			return nil, fmt.Errorf("measure: tallies: %w", err)
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

// Unacknowledged is how many recalls a unit has not acknowledged, and since when the oldest waits.
type Unacknowledged struct {
	Agency int64
	N      int
	Oldest time.Time
}

// Unacknowledged counts by unit the recalls that wait for an acknowledgement, the unit whose oldest is the oldest first.
func (s *Service) Unacknowledged(ctx context.Context) ([]Unacknowledged, error) {
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT agency_id, count(*), min(recalled_at) FROM measure_task WHERE state = 'recalled' GROUP BY agency_id ORDER BY min(recalled_at), agency_id`)
	if err != nil {
		return nil, fmt.Errorf("measure: unacknowledged: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Unacknowledged
	for rows.Next() {
		var u Unacknowledged
		var oldest int64
		if err := rows.Scan(&u.Agency, &u.N, &oldest); err != nil {
			return nil, fmt.Errorf("measure: unacknowledged: %w", err)
		}
		u.Oldest = db.Instant(oldest)
		out = append(out, u)
	}
	return out, rows.Err()
}
