// Package ingest keeps the rules of filing (归集): what is acknowledged is on disk; every row is answered and the counts add up; the same file or row
// twice changes nothing; a run that is killed goes on behind its last committed row; and rows that no identifier links wait for a person.
package ingest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/catalog"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/sheet"
)

// State of a submission.
type State string

// The states. A submission only moves forward.
const (
	Received State = "received" // kept and acknowledged, not begun
	Running  State = "running"
	Done     State = "done"
	Failed   State = "failed" // the file cannot be read, or not to its end; rows counted before were filed
)

// Submission is one filing (报送批次).
type Submission struct {
	ID         string
	IdemKey    string
	Item       catalog.ItemCode
	Edition    string
	Agency     agency.ID
	Actor      string
	FileName   string
	FileHash   string
	FileBytes  int64
	SameAs     string // an earlier submission of the same file, item and unit
	DryRun     bool   // checked only; nothing of it goes on file
	State      State
	ReceivedAt time.Time
	FinishedAt time.Time
	RowsDone   int
	BytesDone  int64
	Counts
	Mapping Mapping
	Failure *Failure
}

// Counts are the receipt's counts. Accepted, Updated, Duplicate, Withdrawn and Rejected add up to the rows received; Late and Warnings count
// rows among them.
type Counts struct {
	Accepted  int `json:"accepted"`
	Updated   int `json:"updated"`
	Duplicate int `json:"duplicate"`
	Withdrawn int `json:"withdrawn"`
	Rejected  int `json:"rejected"`
	Late      int `json:"late"`
	Warnings  int `json:"warnings"`
}

// Received is the number of rows answered.
func (c Counts) Received() int {
	return c.Accepted + c.Updated + c.Duplicate + c.Withdrawn + c.Rejected
}

// Mapping is how the file's columns were understood.
type Mapping struct {
	Format   sheet.Format     `json:"format,omitempty"`
	Encoding string           `json:"encoding,omitempty"`
	Template string           `json:"template,omitempty"`
	Columns  []MappedColumn   `json:"columns,omitempty"`
	Notices  []catalog.Reason `json:"notices,omitempty"` // about the file as a whole: unknown and missing columns
	Header   int              `json:"header,omitempty"`  // line of the header
	Notes    []string         `json:"notes,omitempty"`   // what the reader has to say about the file
}

// MappedColumn is one column of the file and the field it was taken for; Field is empty when it is not used.
type MappedColumn struct {
	Column string `json:"column"`
	Field  string `json:"field,omitempty"`
	Name   string `json:"name,omitempty"`
}

// Failure says why a file as a whole was refused.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Fix     string `json:"fix"`
}

// Faults of submissions.
var (
	ErrNotFound = fault.New(fault.NotFound, "ingest.not_found", "没有这个报送批次", "请核对批次编号")
	ErrItem     = fault.New(fault.NotFound, "ingest.item", "目录中没有这个事项", "事项代码见信用目录页面，例如 XZXK（行政许可）、XZCF（行政处罚）")
	ErrProvider = fault.New(fault.Denied, "ingest.provider", "目录没有规定由该单位提供此事项（规则2402）", "请核对事项代码和单位代码；确需报送的，由信用管理部门修订目录")
	ErrNoBasis  = fault.New(fault.Denied, "ingest.no_basis", "该事项的法律依据均已失效，不得归集（国办发〔2020〕49号）", "请由信用管理部门核对目录并装载新版本")
	ErrInactive = fault.New(fault.Denied, "ingest.inactive", "该单位已停用，不能报送", "请联系信用管理部门")
	ErrIdemKey  = fault.New(fault.Conflict, "ingest.idempotency", "同一个 Idempotency-Key 已用于另一份文件", "新的报送请使用新的键")
	ErrWorking  = fault.New(fault.Conflict, "ingest.working", "这个批次正由另一个进程处理", "请稍候查看回执")
)

const submissionColumns = `submission_id, coalesce(idem_key, ''), item, edition, agency_id, actor, file_name, file_hash, file_bytes, same_as, dry, state, received_at,
	finished_at, rows_done, bytes_done, accepted, updated, duplicate, withdrawn, rejected, late, warnings, mapping, failure`

type scanner interface{ Scan(dest ...any) error }

func scanSubmission(row scanner) (*Submission, error) {
	var s Submission
	var received, finished, dry int64
	var mapping, failure string
	err := row.Scan(&s.ID, &s.IdemKey, &s.Item, &s.Edition, &s.Agency, &s.Actor, &s.FileName, &s.FileHash, &s.FileBytes, &s.SameAs, &dry, &s.State, &received,
		&finished, &s.RowsDone, &s.BytesDone, &s.Accepted, &s.Updated, &s.Duplicate, &s.Withdrawn, &s.Rejected, &s.Late, &s.Warnings, &mapping, &failure)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("ingest: read submission: %w", err)
	}
	s.ReceivedAt, s.DryRun = time.UnixMicro(received).UTC(), dry == 1
	if finished != 0 {
		s.FinishedAt = time.UnixMicro(finished).UTC()
	}
	if mapping != "" {
		if err := json.Unmarshal([]byte(mapping), &s.Mapping); err != nil {
			return nil, fmt.Errorf("ingest: mapping of %s: %w", s.ID, err)
		}
	}
	if failure != "" {
		s.Failure = &Failure{}
		if err := json.Unmarshal([]byte(failure), s.Failure); err != nil {
			return nil, fmt.Errorf("ingest: failure of %s: %w", s.ID, err)
		}
	}
	return &s, nil
}

// Get gives a submission.
func (s *Service) Get(ctx context.Context, id string) (*Submission, error) {
	return scanSubmission(s.db.Read().QueryRowContext(ctx, `SELECT `+submissionColumns+` FROM submission WHERE submission_id = $1`, id))
}

// The newest submissions, of everybody and of a unit. They are two statements, so that each is read off its own index however many others file.
const (
	recentAll = `SELECT ` + submissionColumns + ` FROM submission WHERE dry = 0 ORDER BY received_at DESC, submission_id DESC LIMIT $1+0`
	recentOf  = `SELECT ` + submissionColumns + ` FROM submission WHERE agency_id = $2 AND dry = 0 ORDER BY received_at DESC, submission_id DESC LIMIT $1+0`
)

// Recent gives submissions, newest first; a zero agency is every agency.
func (s *Service) Recent(ctx context.Context, agency agency.ID, limit int) ([]*Submission, error) {
	query, args := recentAll, []any{limit}
	if agency != 0 {
		query, args = recentOf, []any{limit, agency}
	}
	rows, err := s.db.Read().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("ingest: recent: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []*Submission
	for rows.Next() {
		sub, err := scanSubmission(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, sub)
	}
	return out, rows.Err()
}

// firstOf gives the first submission of a query, or nil.
func firstOf(ctx context.Context, q db.Querier, where string, args ...any) (*Submission, error) {
	sub, err := scanSubmission(q.QueryRowContext(ctx, `SELECT `+submissionColumns+` FROM submission WHERE dry = 0 AND `+where+` ORDER BY received_at, submission_id LIMIT 1`, args...))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return sub, err
}

// filedBefore names the finished submissions of the same bytes by the same unit, checked under the same edition. A file that corrects or withdraws
// its own earlier rows has left the register in the state of its last ones: filed again it must change nothing, though each row on its own would.
func (s *Service) filedBefore(ctx context.Context, sub *Submission) (map[string]bool, error) {
	if sub.SameAs == "" {
		return nil, nil
	}
	rows, err := s.db.Read().QueryContext(ctx, `SELECT submission_id FROM submission WHERE file_hash = $1 AND item = $2 AND agency_id = $3 AND edition = $4
		AND state = 'done' AND dry = 0 AND submission_id <> $5`, sub.FileHash, string(sub.Item), sub.Agency, sub.Edition, sub.ID)
	if err != nil {
		return nil, fmt.Errorf("ingest: earlier filings: %w", err)
	}
	defer func() { _ = rows.Close() }()
	out := map[string]bool{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out[id] = true
	}
	return out, rows.Err()
}
