package check

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/cntext"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
)

// chunk is how many codes are asked about, logged and kept together.
const chunk = 100

// Stream checks many codes in their order and yields each answer, or why there is none, as soon as it is on file.
func (s *Service) Stream(ctx context.Context, ask Ask, codes []string, yield func(code string, g *Given, err error) error) error {
	if len(codes) > MostCodes {
		return ErrMany
	}
	if err := s.permit(ctx, &ask); err != nil {
		return err
	}
	for part := range slices.Chunk(codes, chunk) {
		k := s.keeper(&ask, len(part))
		outcomes, err := s.Discloser.DiscloseMany(ctx, s.question(&ask, k), part)
		if err != nil {
			return err
		}
		for i := range part {
			if err := yield(part[i], k.rows[i].given, typed(outcomes[i].Err, part[i])); err != nil {
				return err
			}
		}
	}
	return nil
}

// BatchState is how far a batch is.
type BatchState string

// The states.
const (
	Waiting BatchState = "waiting"
	Running BatchState = "running"
	Done    BatchState = "done"
	Stopped BatchState = "stopped" // the account may no longer check
)

// Batch is a list of codes that is checked as a job.
type Batch struct {
	ID         int64
	Agency     int64
	Matter     string
	Basis      string
	Name       string
	Account    int64
	CreatedAt  time.Time
	State      BatchState
	Why        string
	Total      int
	Done       int
	Hits       int
	Refused    int
	FinishedAt time.Time

	address string
}

// Order is what a batch begins with.
type Order struct {
	Who    authz.Actor
	Matter string
	Basis  string
	Name   string // of the file
	Codes  []string
	Missed []string // why further lines of the list are not checked; each stands in the result behind the codes
}

// ErrBatch is the answer for a batch that is not there, or of another unit.
var ErrBatch = fault.New(fault.NotFound, "check.batch", "没有这个批次", "请从批量核查的列表中选择")

// ErrUnfinished refuses the result of a batch that still runs.
var ErrUnfinished = fault.New(fault.Conflict, "check.unfinished", "这个批次还没有核查完", "请等进度走完再下载结果")

// Start puts a batch on file; a worker runs it. What would refuse every single check refuses it, and that refusal is in the access log.
func (s *Service) Start(ctx context.Context, o Order) (int64, error) {
	switch {
	case len(o.Codes) > MostCodes:
		return 0, ErrMany
	case o.Matter == "":
		return 0, ErrNoMatter
	}
	m, err := s.opened(ctx, o.Who, authz.CheckBatch, o.Matter, o.Basis)
	if err != nil {
		return 0, err
	}
	if len(o.Codes) == 0 {
		return 0, ErrFile
	}
	batch := s.IDs.Next()
	name := []rune(cntext.Clean(o.Name))
	if len(name) > 120 {
		name = name[:120]
	}
	if flow.HasPersonal(cntext.Fold(string(name))) {
		name = []rune("名单") // what a file was called on somebody's computer may name whom it is about
	}
	return batch, s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now := s.Clock.Now().UTC().Truncate(time.Microsecond)
		_, err := tx.ExecContext(ctx, `INSERT INTO check_batch (batch_id, agency_id, matter, basis, name, who_id, address, created_at, state, why, total, done, hits, refused,
			finished_at, lease_owner, lease_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', '', $9, $10, 0, $10, 0, '', 0)`,
			batch, m.Agency, m.Code, o.Basis, string(name), o.Who.ID, o.Who.Address, now.UnixMicro(), len(o.Codes)+len(o.Missed), len(o.Missed))
		if err != nil {
			return fmt.Errorf("check: batch: %w", err)
		}
		place := 0
		_, err = tx.CopyFrom(ctx, "check_batch_row", []string{"batch_id", "place", "code", "receipt_id", "why"}, func() ([]any, error) {
			if place++; place <= len(o.Codes) {
				return []any{batch, place, o.Codes[place-1], int64(0), ""}, nil
			}
			if at := place - len(o.Codes); at <= len(o.Missed) {
				return []any{batch, place, "", int64(0), o.Missed[at-1]}, nil
			}
			return nil, nil
		})
		if err != nil {
			return fmt.Errorf("check: batch: %w", err)
		}
		return s.Log.WriteAct(ctx, tx, audit.Act{
			At: now, Who: o.Who.Who(m.Agency), Action: "check.batch", Entity: "check_batch:" + strconv.FormatInt(batch, 10), Detail: "codes=" + strconv.Itoa(len(o.Codes)) + " matter=" + m.Code,
		})
	})
}

const batchColumns = `batch_id, agency_id, matter, basis, name, who_id, address, created_at, state, why, total, done, hits, refused, finished_at`

func scanBatch(row interface{ Scan(...any) error }) (*Batch, error) {
	var b Batch
	var made, finished int64
	err := row.Scan(&b.ID, &b.Agency, &b.Matter, &b.Basis, &b.Name, &b.Account, &b.address, &made, &b.State, &b.Why, &b.Total, &b.Done, &b.Hits, &b.Refused, &finished)
	b.CreatedAt = time.UnixMicro(made).UTC()
	if finished > 0 {
		b.FinishedAt = time.UnixMicro(finished).UTC()
	}
	return &b, err
}

// Batch gives a batch of the caller's unit.
func (s *Service) Batch(ctx context.Context, who authz.Actor, batch int64) (*Batch, error) {
	b, err := scanBatch(s.DB.Read().QueryRowContext(ctx, `SELECT `+batchColumns+` FROM check_batch WHERE batch_id = $1`, batch))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrBatch
	}
	if err != nil {
		return nil, fmt.Errorf("check: batch: %w", err)
	}
	if err := s.see(ctx, who, authz.CheckBatch, &stored{agency: b.Agency}, ErrBatch); err != nil {
		if errors.Is(err, authz.ErrDenied) {
			return nil, ErrBatch
		}
		return nil, err
	}
	return b, nil
}

// Batches gives the newest batches of a unit.
func (s *Service) Batches(ctx context.Context, who authz.Actor, unit int64, limit int) ([]Batch, error) {
	if err := s.may(ctx, who, authz.CheckBatch, unit); err != nil {
		return nil, err
	}
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT `+batchColumns+` FROM check_batch WHERE agency_id = $1 ORDER BY created_at DESC, batch_id DESC LIMIT $2+0`, unit, limit)
	if err != nil {
		return nil, fmt.Errorf("check: batches: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Batch
	for rows.Next() {
		b, err := scanBatch(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, *b)
	}
	return out, rows.Err()
}

// A worker has a batch for so long without finishing a part; then another one may take it over.
const leaseTime = 60 * time.Second

const pollEvery = 2 * time.Second

// Work runs waiting batches until ctx ends. wake says that one was just ordered in this process.
func (s *Service) Work(ctx context.Context, wake <-chan struct{}) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		for {
			ran, err := s.RunNext(ctx)
			if err != nil && ctx.Err() == nil {
				s.Errors.ErrorContext(ctx, "batch of checks stopped; it will be taken up again", slog.Any("error", err))
			}
			if !ran || err != nil {
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-tick.C:
		}
	}
}

// RunNext runs the oldest batch that nobody works on, to its end; ran is false when there is none.
func (s *Service) RunNext(ctx context.Context) (ran bool, err error) {
	defer fault.Wrap(&err, "check.RunNext")
	b, err := s.claim(ctx)
	if err != nil || b == nil {
		return false, err
	}
	for {
		more, err := s.part(ctx, b)
		if err != nil {
			s.release(ctx, b)
			return true, err
		}
		if !more {
			return true, nil
		}
	}
}

// claim takes the lease of the oldest batch that is free.
func (s *Service) claim(ctx context.Context) (b *Batch, err error) {
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		b = nil
		now := s.Clock.Now()
		var id int64
		err := tx.QueryRowContext(ctx, `SELECT batch_id FROM check_batch WHERE state IN ('waiting', 'running') AND (lease_owner = '' OR lease_owner = $1 OR lease_until <= $2)
			ORDER BY created_at, batch_id LIMIT 1`, s.Owner, now.UnixMicro()).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err = tx.ExecContext(ctx, `UPDATE check_batch SET state = 'running', lease_owner = $2, lease_until = $3 WHERE batch_id = $1`, id, s.Owner, now.Add(leaseTime).UnixMicro()); err != nil {
			return err
		}
		b, err = scanBatch(tx.QueryRowContext(ctx, `SELECT `+batchColumns+` FROM check_batch WHERE batch_id = $1`, id))
		return err
	})
	return b, err
}

// release lets others take the batch up again.
func (s *Service) release(ctx context.Context, b *Batch) {
	_ = s.DB.Tx(context.WithoutCancel(ctx), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE check_batch SET lease_owner = '', lease_until = 0 WHERE batch_id = $1 AND lease_owner = $2`, b.ID, s.Owner)
		return err
	})
}

// errLost says that another worker has taken the batch over: what this one did in its transaction is undone.
var errLost = errors.New("check: the batch belongs to another worker")

type place struct {
	at   int
	code string
}

// part checks the next codes. What is answered is kept and ticked off in one transaction, so that nothing is asked twice after a crash; refusals are ticked off
// afterwards.
func (s *Service) part(ctx context.Context, b *Batch) (more bool, err error) {
	next, err := s.open100(ctx, b.ID)
	if err != nil {
		return false, err
	}
	if len(next) == 0 {
		return false, s.finish(ctx, b, Done, "")
	}
	who, err := s.Account(ctx, b.Account)
	if err != nil {
		return false, s.stop(ctx, b, err)
	}
	who.Address = b.address
	if err := s.may(ctx, who, authz.CheckBatch, b.Agency); err != nil {
		return false, s.stop(ctx, b, err)
	}
	codes := make([]string, len(next))
	for i := range next {
		codes[i] = next[i].code
	}
	ask := Ask{Who: who, Matter: b.Matter, Basis: b.Basis}
	k := s.keeper(&ask, len(next))
	k.batch = b.ID
	k.after = func(ctx context.Context, tx *db.Tx, answered []int) error {
		hits := 0
		ticks := make([]tick, len(answered))
		for i, at := range answered {
			ticks[i] = tick{place: next[at], receipt: k.rows[at].receipt}
			if k.rows[at].given.Answer.Outcome == Hit {
				hits++
			}
		}
		return s.tickOff(ctx, tx, b, ticks, hits)
	}
	outcomes, err := s.Discloser.DiscloseMany(ctx, s.question(&ask, k), codes)
	if err != nil {
		return false, err
	}
	var refused []tick
	for i := range outcomes {
		if outcomes[i].Err != nil {
			refused = append(refused, tick{place: next[i], why: words(typed(outcomes[i].Err, codes[i]))})
		}
	}
	if len(refused) == 0 {
		return true, nil
	}
	return true, s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return s.tickOff(ctx, tx, b, refused, 0) })
}

// words are a refusal's sentence.
func words(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Message
	}
	return "没有作答"
}

// open100 gives the next codes that are neither answered nor refused.
func (s *Service) open100(ctx context.Context, batch int64) ([]place, error) {
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT place, code FROM check_batch_row WHERE batch_id = $1 AND receipt_id = 0 AND why = '' ORDER BY place LIMIT $2+0`, batch, chunk)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []place
	for rows.Next() {
		var p place
		if err := rows.Scan(&p.at, &p.code); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// tick is a code that is done with.
type tick struct {
	place   place
	receipt int64
	why     string
}

// tickOff marks codes as done within tx and renews the lease; without the lease it fails, and everything in tx with it.
func (s *Service) tickOff(ctx context.Context, tx *db.Tx, b *Batch, ticks []tick, hits int) error {
	refused := 0
	for i := range ticks {
		if ticks[i].why != "" {
			refused++
		}
	}
	res, err := tx.ExecContext(ctx, `UPDATE check_batch SET done = done + $3, hits = hits + $4, refused = refused + $5, lease_until = $6 WHERE batch_id = $1 AND lease_owner = $2`,
		b.ID, s.Owner, len(ticks), hits, refused, s.Clock.Now().Add(leaseTime).UnixMicro())
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(errLost, err)
	}
	if len(ticks) == 0 {
		return nil
	}
	args, rows := make([]any, 0, 5*len(ticks)), make([]string, len(ticks))
	for i, t := range ticks {
		args = append(args, b.ID, t.place.at, t.place.code, t.receipt, t.why)
		rows[i] = db.In(5, i*5+1)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO check_batch_row (batch_id, place, code, receipt_id, why) VALUES `+strings.Join(rows, ", ")+`
		ON CONFLICT (batch_id, place) DO UPDATE SET receipt_id = excluded.receipt_id, why = excluded.why`, args...)
	return err
}

// stop ends a batch whose account may no longer check; a database that fails is no such reason.
func (s *Service) stop(ctx context.Context, b *Batch, err error) error {
	switch fault.KindOf(err) {
	case fault.Denied, fault.NotFound, fault.Conflict, fault.Invalid:
		return s.finish(ctx, b, Stopped, words(err))
	}
	return err
}

func (s *Service) finish(ctx context.Context, b *Batch, state BatchState, why string) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE check_batch SET state = $3, why = $4, finished_at = $5, lease_owner = '', lease_until = 0 WHERE batch_id = $1 AND lease_owner = $2`,
			b.ID, s.Owner, string(state), why, s.Clock.Now().UnixMicro())
		return err
	})
}
