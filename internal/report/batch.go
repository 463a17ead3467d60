package report

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/sheet"
)

// maxBatch is how many reports one archive holds at most.
const maxBatch = 1000

// CheckBatch refuses an empty batch and one that is too long.
func CheckBatch(n int) error {
	if n < 1 || n > maxBatch {
		return ErrMany
	}
	return nil
}

// Batch writes one archive with a report for each order, as PDF, and what became of each. It streams: a report is in the archive as soon as it is made.
// An order that is refused is a line of the table and no error; what stops everything is one.
func (s *Service) Batch(ctx context.Context, orders []Order, w io.Writer, name func(i int) string) error {
	if err := CheckBatch(len(orders)); err != nil {
		return err
	}
	if _, err := s.c.Fonts(); err != nil {
		return err
	}
	a := newArchive(w, s.c.Clock.Now())
	ctx, stop := context.WithCancel(ctx)
	next, wait := s.ahead(ctx, orders)
	defer func() { stop(); wait() }()
	for i := range orders {
		e := Entry{Place: i + 1, Code: name(i)}
		m := <-next(i)
		err := m.err
		if err == nil {
			err = a.put(&e, m.report, func() ([]byte, error) { return m.raw, m.printed })
		}
		if err = a.refused(ctx, &e, err); err != nil {
			return err
		}
	}
	return a.close()
}

// aheadOf is how many reports of an archive are in the making at once: while one waits for the database, another is composed.
const aheadOf = 4

// making is a report for an archive: why there is none, or the PDF of it or why that cannot be.
type making struct {
	report       *Report
	raw          []byte
	err, printed error
}

// ahead makes the reports of some orders, a few at once and never more than a few before they are asked for. next gives where an order's report comes out; wait
// returns when nothing is in the making any more. What uses up a consent is made when it is its turn, and alone: whoever breaks off has not used up what was not given.
func (s *Service) ahead(ctx context.Context, orders []Order) (next func(i int) <-chan making, wait func()) {
	width := aheadOf
	for i := range orders {
		if orders[i].Purpose.Consent != 0 {
			width = 1
		}
	}
	out := make([]chan making, len(orders))
	var wg sync.WaitGroup
	start := func(i int) {
		if i >= len(orders) {
			return
		}
		out[i] = make(chan making, 1)
		wg.Go(func() {
			var m making
			defer func() {
				if p := recover(); p != nil { // one report must not end the process
					m.err = fmt.Errorf("report: ahead: %v", p)
				}
				out[i] <- m
			}()
			if m.report, m.err = s.Create(ctx, orders[i]); m.err == nil {
				m.raw, m.printed = s.Print(ctx, m.report)
			}
		})
	}
	for i := range width - 1 {
		start(i)
	}
	return func(i int) <-chan making {
		start(i + width - 1)
		return out[i]
	}, wg.Wait
}

// Archive writes the archive of a job that has ended: the reports as they are given again, to whom they may be given. One that has changed since, or is kept
// no longer, is a line of the table. That it was fetched is an act, on file before the first byte leaves.
func (s *Service) Archive(ctx context.Context, who authz.Actor, job int64, w io.Writer) error {
	j, err := s.Job(ctx, who, job)
	switch {
	case err != nil:
		return err
	case j.Open() || j.State == Draft:
		return ErrJobOpen
	case j.State == Gone || !s.c.Clock.Now().Before(j.ExpiresAt):
		return ErrJobGone
	}
	err = s.c.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return s.c.Acts.WriteAct(ctx, tx, audit.Act{At: s.c.Clock.Now().UTC(), Who: who.Who(j.Agency), Action: "report.batch_result", Entity: "report_batch:" + strconv.FormatInt(job, 10)})
	})
	if err != nil {
		return err
	}
	a := newArchive(w, j.FinishedAt)
	for after := 0; ; {
		rows, err := s.jobRows(ctx, job, false, after, portion)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return a.close()
		}
		for i := range rows {
			if err := s.again(ctx, who, a, &rows[i]); err != nil {
				return err
			}
			after = rows[i].Place
		}
	}
}

// again puts one line of a job into its archive.
func (s *Service) again(ctx context.Context, who authz.Actor, a *archive, row *Row) error {
	e := Entry{Place: row.Place, Code: row.Code, Why: row.Why}
	if row.Number == "" {
		if e.Why == "" {
			e.Why = "批次取消或者停止时还没有生成"
		}
		a.list = append(a.list, e)
		return nil
	}
	f, err := s.read(ctx, who, row.Number)
	if err == nil {
		err = a.put(&e, &f.row.Report, func() ([]byte, error) { return s.print(ctx, &f.row.Report, f.row.pdfSigned, false) })
	}
	e.Number = row.Number
	return a.refused(ctx, &e, err)
}

// Entry is a line of an archive's table.
type Entry struct {
	Place  int    `json:"place"`
	Code   string `json:"subject"`
	Number string `json:"number,omitempty"`
	Check  string `json:"code,omitempty"` // for checking from paper
	File   string `json:"file,omitempty"`
	Bytes  int    `json:"bytes,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	Why    string `json:"why,omitempty"` // there is no file
}

// Manifest is the table of an archive for machines.
type Manifest struct {
	Format  string    `json:"format"`
	MadeAt  time.Time `json:"madeAt"`
	Entries []Entry   `json:"reports"`
}

// ManifestFormat is the format of Manifest.
const ManifestFormat = "gongxin/report-batch/1"

// archive is an archive on its way.
type archive struct {
	zip  *zip.Writer
	at   time.Time
	list []Entry
}

func newArchive(w io.Writer, at time.Time) *archive {
	return &archive{zip: zip.NewWriter(w), at: at.UTC().Truncate(time.Second)}
}

// put takes a report in: its PDF, or, where the fonts lack one of its characters, its data.
func (a *archive) put(e *Entry, r *Report, print func() ([]byte, error)) error {
	raw, err := print()
	e.File = r.Number + ".pdf"
	if errors.Is(err, ErrGlyph) {
		e.File = r.Number + ".json"
		raw, err = r.File()
	}
	if err != nil {
		e.File = ""
		return err
	}
	entry, err := a.zip.CreateHeader(&zip.FileHeader{Name: e.File, Method: zip.Store, Modified: r.CreatedAt}) // a PDF does not get smaller by packing
	if err != nil {
		return fmt.Errorf("report: archive: %w", err)
	}
	if _, err := entry.Write(raw); err != nil {
		return fmt.Errorf("report: archive: %w", err)
	}
	sum := sha256.Sum256(raw)
	e.Number, e.Check, e.Bytes, e.SHA256 = r.Number, r.Code, len(raw), hex.EncodeToString(sum[:])
	return nil
}

// refused keeps the line, with the sentence of an error that belongs to it alone; every other error ends the archive.
func (a *archive) refused(ctx context.Context, e *Entry, err error) error {
	if err != nil {
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind == fault.Internal || ctx.Err() != nil {
			return err
		}
		e.Why = f.Message
	}
	a.list = append(a.list, *e)
	if err := a.zip.Flush(); err != nil {
		return fmt.Errorf("report: archive: %w", err)
	}
	return nil
}

// close adds the table, for people and for machines, and ends the archive.
func (a *archive) close() error {
	var table bytes.Buffer
	table.WriteString("\ufeff")
	rows := csv.NewWriter(&table)
	_ = rows.Write([]string{"序号", "主体", "结果", "报告编号", "核验码", "文件", "SHA-256", "说明"}) // a buffer takes everything
	for i := range a.list {
		e := &a.list[i]
		result := "已生成"
		switch {
		case e.Number == "":
			result = "未生成"
		case e.File == "":
			result = "不再提供"
		}
		_ = rows.Write(sheet.PlainAll([]string{strconv.Itoa(e.Place), e.Code, result, e.Number, e.Check, e.File, e.SHA256, e.Why}))
	}
	rows.Flush()
	manifest, err := encode(&Manifest{ManifestFormat, a.at, a.list})
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{"结果.csv", table.Bytes()}, {"manifest.json", append(manifest, '\n')}} {
		entry, err := a.zip.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: a.at})
		if err != nil {
			return fmt.Errorf("report: archive: %w", err)
		}
		if _, err := entry.Write(f.data); err != nil {
			return fmt.Errorf("report: archive: %w", err)
		}
	}
	if err := a.zip.Close(); err != nil {
		return fmt.Errorf("report: archive: %w", err)
	}
	return nil
}
