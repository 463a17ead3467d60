package report

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/cntext"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/publish"
	"gongxin/internal/record"
)

// JobState is how far a list is.
type JobState string

// The states.
const (
	Draft     JobState = "draft" // looked over, not ordered yet
	Waiting   JobState = "waiting"
	Running   JobState = "running"
	Done      JobState = "done"
	Stopped   JobState = "stopped" // the account may no longer have reports made
	Cancelled JobState = "cancelled"
	Gone      JobState = "expired" // the list and its archive are gone; the reports stay
)

// Job is a list of businesses that reports are made of.
type Job struct {
	ID         int64
	Agency     int64
	Account    int64
	Name       string // of the file
	Use        string // printed on the reports
	CreatedAt  time.Time
	State      JobState
	Why        string
	Total      int
	Made       int
	Refused    int
	Repeated   int
	Without    int
	FinishedAt time.Time
	ExpiresAt  time.Time

	address string
}

// Open reports whether a worker has or will have it.
func (j *Job) Open() bool { return j.State == Waiting || j.State == Running }

// Row is one business of a list, with its report or why there is none.
type Row struct {
	Listed
	Place  int
	Number string
	Why    string
}

// JobOrder is what a job begins with.
type JobOrder struct {
	Who  authz.Actor
	Unit agency.Agency // in whose name
	Name string
	Use  string
	List *List
}

// Times of jobs.
const (
	draftTime   = 24 * time.Hour
	archiveTime = 7 * 24 * time.Hour
)

// Faults of jobs.
var (
	ErrJob      = fault.New(fault.NotFound, "report.job", "没有这个批次，或者它不是您提交的", "请从批量报告的列表中选择")
	ErrJobGone  = fault.New(fault.NotFound, "report.job_gone", "这个批次的压缩包已经过期删除", "报告本身还在：按编号查看；或者重新提交名单")
	ErrJobOpen  = fault.New(fault.Conflict, "report.job_open", "这个批次还没有生成完", "请等进度走完再下载，或者先取消")
	ErrJobState = fault.New(fault.Conflict, "report.job_state", "这个批次已经不是可以这样办理的状态", "请刷新页面查看现在的状态")
	ErrJobNone  = fault.New(fault.Conflict, "report.job_none", "名单中没有一个能生成报告", "请按预检列出的原因改正名单，重新提交")
	errStale    = errors.New("report: the job belongs to another worker, or has been cancelled")
)

// Plan looks a list over and puts it on file as a draft: of each business stands there whether its report will be made, and if not, why not. Nothing is
// made, no consent is used up, and nothing that is not public is read.
func (s *Service) Plan(ctx context.Context, o JobOrder) (int64, error) {
	if err := s.c.Authority.Decide(o.Who, authz.ReportBatch, authz.Scope{Agency: o.Unit.ID, Region: o.Unit.Region}).Err(); err != nil {
		return 0, err
	}
	if err := CheckBatch(len(o.List.Lines)); err != nil {
		return 0, err
	}
	if o.Use = cntext.Clean(o.Use); len([]rune(o.Use)) > 100 {
		return 0, ErrUse
	}
	if flow.HasPersonal(o.Use) {
		return 0, ErrUseNumber
	}
	why, err := s.Foresee(ctx, o.Who, o.Unit.ID, o.List.Lines)
	if err != nil {
		return 0, err
	}
	refused := 0
	for _, w := range why {
		if w != "" {
			refused++
		}
	}
	id, now := s.c.IDs.Next(), s.c.Clock.Now().UTC()
	return id, s.c.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO report_batch (batch_id, agency_id, who_id, address, name, purpose, created_at, state, why, total, made, refused, repeated,
			without, finished_at, expires_at, lease_owner, lease_until) VALUES ($1, $2, $3, $4, $5, $6, $7, 'draft', '', $8, 0, $9, $10, $11, 0, $12, '', 0)`,
			id, o.Unit.ID, o.Who.ID, o.Who.Address, nameOf(o.Name), o.Use, now.UnixMicro(), len(why), refused, o.List.Repeated, o.List.Without, now.Add(draftTime).UnixMicro())
		if err != nil {
			return fmt.Errorf("report: plan: %w", err)
		}
		rows := make([][]any, len(why))
		for i, l := range o.List.Lines {
			rows[i] = []any{id, int64(i + 1), l.Code, l.Consent, l.Aim, "", why[i]}
		}
		if _, err := tx.CopyFrom(ctx, "report_batch_row", []string{"batch_id", "place", "code", "consent_id", "aim", "number", "why"}, each(rows)); err != nil {
			return fmt.Errorf("report: plan: %w", err)
		}
		return nil
	})
}

// nameOf gives what is kept of the name of a list: what a file was called on somebody's computer may name whom it is about.
func nameOf(name string) string {
	if name = cntext.Clean(name); flow.HasPersonal(cntext.Fold(name)) {
		return "名单"
	}
	return cut(name, 120)
}

func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// Foresee says of each line why no report could be made of it now; empty where one could.
func (s *Service) Foresee(ctx context.Context, who authz.Actor, unit int64, lines []Listed) ([]string, error) {
	out := make([]string, len(lines))
	for i := range lines {
		err := s.foresee(ctx, who, unit, &lines[i])
		if err == nil {
			continue
		}
		why, ok := refusal(err)
		if !ok || ctx.Err() != nil {
			return nil, err
		}
		out[i] = why
	}
	return out, nil
}

func (s *Service) foresee(ctx context.Context, who authz.Actor, unit int64, l *Listed) error {
	if l.Consent == 0 {
		sub, ok, err := s.c.Subjects.ByCode(ctx, l.Code)
		if err != nil || ok && sub.Kind != catalog.Person { // whoever has a code has a standard report
			return err
		}
		_, err = s.c.Register.Subject(ctx, l.Code, s.c.Clock.Now()) // says what is wrong with the code
		return err
	}
	if err := s.c.Authority.Decide(who, authz.ReportConsented, authz.Scope{Agency: unit}).Err(); err != nil {
		return err
	}
	sub, ok, err := s.c.Subjects.ByCode(ctx, l.Code)
	if err != nil {
		return err
	}
	if !ok || s.c.Consents == nil {
		return publish.MissingSubject.Err()
	}
	items, classes, missing, err := s.c.Consents.Peek(ctx, l.Consent, sub.ID, unit, l.Aim, s.c.Clock.Now())
	switch {
	case err != nil:
		return err
	case missing != "":
		return publish.Missing(missing).Err()
	}
	return s.opens(items, classes)
}

// refusal gives the sentence of an error that belongs to one line; ok is false for what stops everything.
func refusal(err error) (why string, ok bool) {
	var f *fault.Error
	if !errors.As(err, &f) {
		return "", false
	}
	switch f.Kind {
	case fault.Internal, fault.Unavailable, fault.Busy:
		return "", false
	}
	return f.Message, true
}

// Begin orders what was planned.
func (s *Service) Begin(ctx context.Context, who authz.Actor, job int64) error {
	j, err := s.Job(ctx, who, job)
	if err != nil {
		return err
	}
	switch {
	case j.State != Draft:
		return ErrJobState
	case j.Refused == j.Total:
		return ErrJobNone
	}
	if _, err := s.c.Fonts(); err != nil {
		return err
	}
	return s.setState(ctx, who, j, `UPDATE report_batch SET state = 'waiting', expires_at = 0 WHERE batch_id = $1 AND state = 'draft' AND expires_at > $2`, "report.batch")
}

// Cancel ends a job, or drops a draft. What was made of it can still be fetched.
func (s *Service) Cancel(ctx context.Context, who authz.Actor, job int64) error {
	j, err := s.Job(ctx, who, job)
	if err != nil {
		return err
	}
	return s.setState(ctx, who, j, `UPDATE report_batch SET state = 'cancelled', finished_at = $2, expires_at = $2 + `+strconv.FormatInt(archiveTime.Microseconds(), 10)+`,
		lease_owner = '', lease_until = 0 WHERE batch_id = $1 AND state IN ('draft', 'waiting', 'running')`, "report.batch_cancel")
}

func (s *Service) setState(ctx context.Context, who authz.Actor, j *Job, statement, action string) error {
	return s.c.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now := s.c.Clock.Now().UTC()
		res, err := tx.ExecContext(ctx, statement, j.ID, now.UnixMicro())
		if err != nil {
			return fmt.Errorf("report: job: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return errors.Join(ErrJobState, err)
		}
		return s.c.Acts.WriteAct(ctx, tx, audit.Act{
			At: now, Who: who.Who(j.Agency), Action: action, Entity: "report_batch:" + strconv.FormatInt(j.ID, 10), Detail: "lines=" + strconv.Itoa(j.Total) + " refused=" + strconv.Itoa(j.Refused),
		})
	})
}

const jobColumns = `batch_id, agency_id, who_id, address, name, purpose, created_at, state, why, total, made, refused, repeated, without, finished_at, expires_at`

func scanJob(row interface{ Scan(...any) error }) (*Job, error) {
	var j Job
	var made, finished, expires int64
	err := row.Scan(&j.ID, &j.Agency, &j.Account, &j.address, &j.Name, &j.Use, &made, &j.State, &j.Why, &j.Total, &j.Made, &j.Refused, &j.Repeated, &j.Without, &finished, &expires)
	j.CreatedAt = record.Micros(made)
	if finished > 0 {
		j.FinishedAt = record.Micros(finished)
	}
	if expires > 0 {
		j.ExpiresAt = record.Micros(expires)
	}
	return &j, err
}

// Job gives a job to the account that ordered it, as long as it may have reports made for that unit.
func (s *Service) Job(ctx context.Context, who authz.Actor, job int64) (*Job, error) {
	j, err := scanJob(s.c.DB.Read().QueryRowContext(ctx, `SELECT `+jobColumns+` FROM report_batch WHERE batch_id = $1`, job))
	if err == nil && (j.Account != who.ID || who.ID == 0) {
		authz.Refused(ctx, who, authz.ReportBatch, authz.Scope{Agency: j.Agency, Account: j.Account})
		return nil, ErrJob
	}
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrJob
	}
	if err != nil {
		return nil, fmt.Errorf("report: job: %w", err)
	}
	u, err := s.c.Unit(ctx, j.Agency)
	if err != nil {
		return nil, err
	}
	return j, s.c.Authority.See(ctx, who, authz.ReportBatch, authz.Scope{Agency: j.Agency, Region: u.Region}, ErrJob)
}

func (s *Service) may(ctx context.Context, who authz.Actor, unit int64) error {
	u, err := s.c.Unit(ctx, unit)
	if err != nil {
		return err
	}
	return s.c.Authority.Decide(who, authz.ReportBatch, authz.Scope{Agency: unit, Region: u.Region}).Err()
}

// Jobs gives the newest jobs of an account, drafts that were dropped left out.
func (s *Service) Jobs(ctx context.Context, who authz.Actor, limit int) ([]Job, error) {
	rows, err := s.c.DB.Read().QueryContext(ctx, `SELECT `+jobColumns+` FROM report_batch WHERE who_id = $1 AND state <> 'draft' ORDER BY created_at DESC, batch_id DESC LIMIT $2+0`, who.ID, limit)
	if err != nil {
		return nil, fmt.Errorf("report: jobs: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Job
	for rows.Next() {
		j, err := scanJob(rows)
		if err != nil {
			return nil, fmt.Errorf("report: jobs: %w", err)
		}
		out = append(out, *j)
	}
	return out, rows.Err()
}

// JobRows gives lines of a job behind a place; refused gives only those without a report.
func (s *Service) JobRows(ctx context.Context, who authz.Actor, job int64, refused bool, after, limit int) ([]Row, error) {
	if _, err := s.Job(ctx, who, job); err != nil {
		return nil, err
	}
	return s.jobRows(ctx, job, refused, after, limit)
}

func (s *Service) jobRows(ctx context.Context, job int64, refused bool, after, limit int) ([]Row, error) {
	only := ""
	if refused {
		only = ` AND why <> ''`
	}
	rows, err := s.c.DB.Read().QueryContext(ctx, `SELECT place, code, consent_id, aim, number, why FROM report_batch_row WHERE batch_id = $1 AND place > $2`+only+` ORDER BY place LIMIT $3+0`, job, after, limit)
	if err != nil {
		return nil, fmt.Errorf("report: job rows: %w", err)
	}
	return scanRows(rows)
}

func scanRows(rows *sql.Rows) ([]Row, error) {
	defer func() { _ = rows.Close() }()
	var out []Row
	for rows.Next() {
		var r Row
		if err := rows.Scan(&r.Place, &r.Code, &r.Consent, &r.Aim, &r.Number, &r.Why); err != nil {
			return nil, fmt.Errorf("report: job rows: %w", err)
		}
		out = append(out, r)
	}
	return out, rows.Err()
}
