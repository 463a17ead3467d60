package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"gongxin/internal/catalog"
	"gongxin/internal/db"
	"gongxin/internal/ingest/parse"
	"gongxin/internal/sheet"
)

// Progress is how far a run has come.
type Progress struct {
	Rows        int
	Bytes       int64
	TotalBytes  int64
	Counts      Counts
	LastOfBatch bool
}

// chunkRows rows travel together between the goroutines of a run.
const chunkRows = 512

// chunk is a run of rows on its way from the reader through a checker to the writer.
type chunk struct {
	rows  []rawRow
	out   []parse.Row
	bytes int64
	ready chan struct{}
}

// rawRow is a row as it was read.
type rawRow struct {
	n, line  int
	values   catalog.Values
	template string // which template the columns follow
	flag     string // operation flag, "" when there is none
	problems []catalog.Reason
}

// Run files a submission from where it stands to its end, and gives its final state. A file that cannot be read as a whole ends it as failed, which
// is no error of Run. ErrWorking means that another process has it.
func (s *Service) Run(ctx context.Context, id string, progress func(Progress)) (_ *Submission, err error) {
	sub, err := s.claim(ctx, id)
	if err != nil || sub.State == Done || sub.State == Failed {
		return sub, err
	}
	defer func() {
		if err != nil {
			s.release(ctx, id)
		}
	}()
	f, err := s.filing(ctx, sub)
	if err != nil {
		return nil, err
	}
	if err := s.runFile(ctx, sub, f, progress); err != nil {
		if err := s.fail(ctx, sub, err); err != nil {
			return nil, fmt.Errorf("ingest: run %s: %w", id, err)
		}
		return sub, nil
	}
	return s.Get(ctx, id)
}

func (s *Service) runFile(ctx context.Context, sub *Submission, f parse.Filing, progress func(Progress)) error {
	reader, err := s.open(sub, f.Item)
	if err != nil {
		return err
	}
	defer func() { _ = reader.Close() }()
	columns, err := mapColumns(f.Item, reader)
	if err != nil {
		return err
	}
	if err := columns.skip(reader, sub.RowsDone); err != nil {
		return err
	}
	sub.Mapping = columns.mapping
	return s.pipe(ctx, sub, f, reader, columns, progress)
}

// pipe runs reader, checkers and writer side by side; the writer sees the rows in their order.
func (s *Service) pipe(ctx context.Context, sub *Submission, f parse.Filing, reader *sheet.Reader, columns *columns, progress func(Progress)) error {
	again, err := s.filedBefore(ctx, sub)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	workers := s.Workers
	if workers <= 0 {
		workers = max(1, runtime.GOMAXPROCS(0))
	}
	work, ordered := make(chan *chunk, workers), make(chan *chunk, 4*workers)
	var readErr error
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(ordered)
		defer close(work)
		readErr = read(ctx, reader, columns, work, ordered)
	})
	for range workers {
		wg.Go(func() {
			p := parse.NewParser(f)
			for c := range work {
				c.out = make([]parse.Row, len(c.rows))
				for i := range c.rows {
					c.out[i] = check(p, &c.rows[i])
				}
				c.rows = nil
				close(c.ready)
			}
		})
	}
	w := writer{service: s, sub: sub, filing: f, progress: progress, total: sub.FileBytes, again: again}
	if sub.DryRun {
		w.dry = newDryRun()
	}
	// The channel closes after the reader's last word, so that what it left is seen here.
	err = w.take(ctx, ordered, func() error {
		columns.mapping.Notes = reader.Notes() // complete only now
		sub.Mapping = columns.mapping          // NDJSON rows bring their names with them
		return readErr
	})
	cancel()
	wg.Wait()
	return err
}

// read cuts the file into chunks and hands each to a checker and, in order, to the writer.
func read(ctx context.Context, reader *sheet.Reader, columns *columns, work, ordered chan<- *chunk) error {
	var row sheet.Row
	for {
		c := &chunk{rows: make([]rawRow, 0, chunkRows), ready: make(chan struct{})}
		for len(c.rows) < chunkRows {
			err := reader.Next(&row)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			c.rows = append(c.rows, columns.row(&row))
		}
		if len(c.rows) == 0 {
			return nil
		}
		c.bytes, _ = reader.Progress()
		for _, to := range []chan<- *chunk{ordered, work} {
			select {
			case to <- c:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// check answers one row.
func check(p *parse.Parser, raw *rawRow) parse.Row {
	if len(raw.problems) > 0 {
		return parse.Row{N: raw.n, Line: raw.line, Reasons: raw.problems, Rejected: true}
	}
	withdraw, problem := operation(raw.flag)
	if problem != nil {
		r := p.Row(raw.input(false))
		r.Reject(*problem)
		return r
	}
	return p.Row(raw.input(withdraw))
}

func (r *rawRow) input(withdraw bool) parse.Input {
	return parse.Input{N: r.n, Line: r.line, Values: r.values, Template: r.template, Withdraw: withdraw}
}

// writer commits rows batch by batch.
type writer struct {
	service  *Service
	sub      *Submission
	filing   parse.Filing
	progress func(Progress)
	total    int64
	batch    []parse.Row
	bytes    int64
	dry      *dryRun
	again    map[string]bool // earlier submissions of the same file, see record.Change
}

// take commits batches until the rows end, and the submission's end with the last of them. What was read before the file broke off is filed.
func (w *writer) take(ctx context.Context, ordered <-chan *chunk, ended func() error) error {
	for c := range ordered {
		select {
		case <-c.ready:
		case <-ctx.Done():
			return ctx.Err()
		}
		w.batch = append(w.batch, c.out...)
		w.bytes = c.bytes
		if len(w.batch)+chunkRows > w.service.BatchRows {
			if err := w.commit(ctx, Running); err != nil {
				return err
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if broken := ended(); broken != nil {
		return errors.Join(broken, w.commit(ctx, Running))
	}
	return w.commit(ctx, Done)
}

// commit files the rows at hand and moves the submission forward with them, in one transaction.
func (w *writer) commit(ctx context.Context, state State) error {
	if len(w.batch) == 0 {
		if state == Done {
			return w.finish(ctx)
		}
		return nil
	}
	last := w.batch[len(w.batch)-1].N
	var b *batch
	if w.dry != nil {
		err := w.service.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			b = w.newBatch()
			return errors.Join(b.file(ctx, tx), errDry) // rolled back
		})
		if !onlyDry(err) {
			return err
		}
	}
	var counts Counts
	err := w.service.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if w.dry == nil {
			b = w.newBatch()
			if err := b.file(ctx, tx); err != nil {
				return err
			}
		}
		if err := b.keep(ctx, tx); err != nil {
			return err
		}
		counts = w.sub.Counts.plus(b.counts())
		return w.save(ctx, tx, state, last, counts)
	})
	if err != nil {
		return err
	}
	rows := len(w.batch)
	w.sub.Counts, w.sub.RowsDone, w.sub.BytesDone = counts, last, w.bytes
	w.batch = w.batch[:0]
	if w.service.AfterBatch != nil {
		w.service.AfterBatch(w.sub.ID, rows, last)
	}
	if w.progress != nil {
		w.progress(Progress{Rows: last, Bytes: w.bytes, TotalBytes: w.total, Counts: counts})
	}
	return nil
}

// onlyDry reports whether a dry run's batch was rolled back as meant, and for no other reason.
func onlyDry(err error) bool {
	joined, ok := err.(interface{ Unwrap() []error })
	return ok && len(joined.Unwrap()) == 1 && errors.Is(err, errDry)
}

// save moves the submission forward within the batch's transaction; a process that lost its lease stops here and changes nothing.
func (w *writer) save(ctx context.Context, tx *db.Tx, state State, last int, c Counts) error {
	now := w.service.Clock.Now()
	owner, until, finished := w.service.Owner, now.Add(leaseTime).UnixMicro(), int64(0)
	if state == Done {
		owner, until, finished = "", 0, now.UnixMicro()
	}
	mapping, err := json.Marshal(w.sub.Mapping)
	if err != nil {
		return err
	}
	res, err := tx.ExecContext(ctx, `UPDATE submission SET state = $14, rows_done = $2, bytes_done = $3, accepted = $4, updated = $5, duplicate = $6, withdrawn = $7,
		rejected = $8, late = $9, warnings = $10, mapping = $11, lease_until = $12, lease_owner = $15, finished_at = $16 WHERE submission_id = $1 AND lease_owner = $13 AND rows_done < $2`,
		w.sub.ID, last, w.bytes, c.Accepted, c.Updated, c.Duplicate, c.Withdrawn, c.Rejected, c.Late, c.Warnings, string(mapping),
		until, w.service.Owner, string(state), owner, finished)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(ErrWorking, err)
	}
	return nil
}

// finish ends a submission that has no rows left to commit.
func (w *writer) finish(ctx context.Context) error {
	mapping, err := json.Marshal(w.sub.Mapping)
	if err != nil {
		return err
	}
	return w.service.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE submission SET state = 'done', finished_at = $2, bytes_done = file_bytes, mapping = $3, lease_owner = '', lease_until = 0
			WHERE submission_id = $1 AND lease_owner = $4`, w.sub.ID, w.service.Clock.Now().UnixMicro(), string(mapping), w.service.Owner)
		return err
	})
}

func (c Counts) plus(d Counts) Counts {
	return Counts{
		Accepted: c.Accepted + d.Accepted, Updated: c.Updated + d.Updated, Duplicate: c.Duplicate + d.Duplicate, Withdrawn: c.Withdrawn + d.Withdrawn,
		Rejected: c.Rejected + d.Rejected, Late: c.Late + d.Late, Warnings: c.Warnings + d.Warnings,
	}
}
