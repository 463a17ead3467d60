package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"gongxin/internal/fault"
	"gongxin/internal/ingest"
	"gongxin/internal/synth"
)

// mark is a committed batch: so many rows in so much time.
type mark struct {
	rows int
	took time.Duration
}

// tally sums up filings.
type tally struct {
	rows, files int
	bytes       int64
	wall, cpu   time.Duration
	counts      ingest.Counts
	marks       []mark
}

func (t *tally) speed() Speed { return speed(t.rows, t.wall, t.cpu) }

// edge gives the rows per second of the first or the last tenth.
func (t *tally) edge(last bool) float64 {
	rows, took := 0, time.Duration(0)
	for i := range t.marks {
		m := t.marks[i]
		if last {
			m = t.marks[len(t.marks)-1-i]
		}
		rows, took = rows+m.rows, took+m.took
		if rows*10 >= t.rows {
			break
		}
	}
	return float64(rows) / max(took.Seconds(), 1e-9)
}

// file files a piece as import does. The file is made before; the time runs from the moment it is handed over until its receipt has been read.
func (r *runner) file(ctx context.Context, p *piece, t *tally, f *FilingFigures) error {
	began := time.Now()
	name, size, err := p.writeTemp(r.dir)
	defer func() { _ = os.Remove(name) }()
	if err != nil {
		return err
	}
	f.MakeSeconds += time.Since(began).Seconds()
	in, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	start, used := time.Now(), cpuTime()
	last, done := start, 0
	sub, err := r.app.Ingest.Submit(ctx, ingest.Request{Item: string(p.spec.Item), Unit: p.spec.UnitCode, FileName: p.spec.Name, Actor: "bench", Hold: true}, in)
	if err != nil {
		return fmt.Errorf("file %s: %w", p.spec.Name, err)
	}
	sub, err = r.app.Ingest.Run(ctx, sub.ID, func(g ingest.Progress) {
		now := time.Now()
		t.marks = append(t.marks, mark{g.Rows - done, now.Sub(last)})
		last, done = now, g.Rows
	})
	if err != nil {
		return fmt.Errorf("file %s: %w", p.spec.Name, err)
	}
	if _, err := r.app.Ingest.Receipt(ctx, sub.ID, 0, 50); err != nil {
		return err
	}
	t.wall, t.cpu = t.wall+time.Since(start), t.cpu+cpuTime()-used
	t.files, t.rows, t.bytes = t.files+1, t.rows+sub.Received(), t.bytes+size
	t.counts = add(t.counts, sub.Counts)
	return r.forget(sub, p)
}

// forget checks that the file went in as a whole and takes its bytes off the disk, which ten million rows would fill.
func (r *runner) forget(sub *ingest.Submission, p *piece) error {
	if sub.State == ingest.Failed {
		return fmt.Errorf("file %s was refused: %w", p.spec.Name, fault.New(fault.Invalid, sub.Failure.Code, sub.Failure.Message, sub.Failure.Fix))
	}
	if sub.Received() != p.rows() {
		return fmt.Errorf("file %s: %d rows received of %d", p.spec.Name, sub.Received(), p.rows())
	}
	err := os.Remove(r.app.Ingest.Blobs.Path(sub.FileHash)) //nolint:gosec // G703: a hash that the intake gave
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return err
}

func add(a, b ingest.Counts) ingest.Counts {
	return ingest.Counts{
		Accepted: a.Accepted + b.Accepted, Updated: a.Updated + b.Updated, Duplicate: a.Duplicate + b.Duplicate, Withdrawn: a.Withdrawn + b.Withdrawn,
		Rejected: a.Rejected + b.Rejected, Late: a.Late + b.Late, Warnings: a.Warnings + b.Warnings,
	}
}

func countsOf(c ingest.Counts) map[string]int {
	return map[string]int{"accepted": c.Accepted, "updated": c.Updated, "duplicate": c.Duplicate, "withdrawn": c.Withdrawn, "rejected": c.Rejected, "late": c.Late, "warnings": c.Warnings}
}

// maxRejected is the share of rows that may be refused before the figures are about something else than filing.
const maxRejected = 0.01

func (t *tally) check() error {
	if float64(t.counts.Rejected) > maxRejected*float64(t.rows) {
		return fmt.Errorf("%d of %d rows of a clean city were refused", t.counts.Rejected, t.rows)
	}
	return nil
}

// fill grows the database by a city and measures how fast that goes.
func (r *runner) fill(ctx context.Context, s *Stage, before int) error {
	f := &s.Filing
	delta := s.Records - before
	subjects := max(1, int(int64(r.Subjects)*int64(delta)/int64(r.Sizes[len(r.Sizes)-1])))
	seed := r.Seed + uint64(len(r.cities))
	sample := min(r.Sample, s.Records/4, delta/2)
	warm := sample / 8
	measured := r.wants(Filing)
	if measured {
		delta -= sample + warm
	}
	city, err := synth.New(synth.Options{Seed: seed, Subjects: subjects, Records: delta})
	if err != nil {
		return err
	}
	r.cities = append(r.cities, city)
	if err := r.filling(ctx, true); err != nil {
		return err
	}
	if err := r.app.RegisterCity(ctx, city); err != nil {
		return err
	}
	resetPeak()
	registrations, stock := stockPieces(city, r.rng)
	var made, filed tally
	if err := r.fileAll(ctx, "报送登记注册", registrations, &made, f); err != nil {
		return err
	}
	if err := r.fileAll(ctx, "报送存量", stock, &filed, f); err != nil {
		return err
	}
	if err := r.filling(ctx, false); err != nil {
		return err
	}
	f.Registrations, f.Stock, f.Begin, f.End = made.speed(), filed.speed(), filed.edge(false), filed.edge(true)
	f.StockFiles, f.StockBytes, f.Counts, f.PeakBytes = filed.files, filed.bytes, countsOf(filed.counts), peak()
	if !measured {
		return nil
	}
	return r.fillWeek(ctx, s, seed, subjects, sample, warm)
}

func (r *runner) fileAll(ctx context.Context, what string, pieces []piece, t *tally, f *FilingFigures) error {
	total, done := 0, 0
	for i := range pieces {
		total += pieces[i].rows()
	}
	for i := range pieces {
		r.Progress(what, float64(done)/float64(total))
		if err := r.file(ctx, &pieces[i], t, f); err != nil {
			return err
		}
		done += pieces[i].rows()
	}
	return t.check()
}

// singles is the most files of one row that are filed to see what filing costs without batches.
const singles = 2000

// fillWeek files large files of the last week and holds them against the floor, which starts from a copy of the same database.
func (r *runner) fillWeek(ctx context.Context, s *Stage, seed uint64, subjects, sample, warm int) error {
	f := &s.Filing
	each := (sample + warm + weekFiles - 1) / weekFiles
	files, rest, err := weekOf(seed, subjects, each, min(singles, each))
	if err != nil {
		return err
	}
	var first, then []piece
	for _, p := range files {
		cut := p.to * warm / (sample + warm)
		first = append(first, piece{p.city, p.spec, 0, cut})
		then = append(then, piece{p.city, p.spec, cut, p.to})
	}
	r.Progress("复制数据库", 0)
	snapshot, err := r.snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = snapshot.drop(context.WithoutCancel(ctx)) }()
	var warming, week tally
	t0 := r.clock.Now().UnixMicro()
	if err := r.fileAll(ctx, "报送最近一周（预热）", first, &warming, f); err != nil {
		return err
	}
	t1 := r.clock.Now().UnixMicro()
	if err := r.fileAll(ctx, "报送最近一周", then, &week, f); err != nil {
		return err
	}
	speed := week.speed()
	f.Week, f.WeekFiles, f.PeakBytes = &speed, week.files, max(f.PeakBytes, peak())
	if snapshot.url == "" {
		r.report.Notes = append(r.report.Notes, fmt.Sprintf("%d 条记录时磁盘放不下数据库的副本，没有测报送的下限。", s.Records))
	} else if err := r.floorOf(ctx, f, snapshot.url, t0, t1); err != nil {
		return err
	}
	return r.fileSingles(ctx, f, rest)
}

// fileSingles files one row a file, one after the other.
func (r *runner) fileSingles(ctx context.Context, f *FilingFigures, rows piece) error {
	r.Progress("逐行报送", 0)
	var samples []time.Duration
	wall := time.Duration(0)
	for at := rows.from; at < rows.to && (wall < r.span(1) || len(samples) < 3); at++ {
		p := piece{rows.city, rows.spec, at, at + 1}
		var b bytes.Buffer
		if err := p.write(&b); err != nil {
			return err
		}
		start := time.Now()
		sub, err := r.app.Ingest.Submit(ctx, ingest.Request{Item: string(p.spec.Item), Unit: p.spec.UnitCode, FileName: p.spec.Name, Actor: "bench", Hold: true}, &b)
		if err != nil {
			return err
		}
		if sub, err = r.app.Ingest.Run(ctx, sub.ID, nil); err != nil {
			return err
		}
		took := time.Since(start)
		samples, wall = append(samples, took), wall+took
		if err := r.forget(sub, &p); err != nil {
			return err
		}
	}
	l := latency(samples, wall)
	f.Single = &l
	return nil
}
