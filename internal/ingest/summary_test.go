package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gongxin/internal/catalog"
	"gongxin/internal/cntext"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/subject"
)

// kept is a row as keep writes it.
type kept struct {
	row     int
	outcome string
	late    bool
	reasons []catalog.Reason
}

// receipt puts a submission with kept rows on file.
func receipt(t testing.TB, d *db.DB, id string, state State, n int, at func(i int) kept) {
	t.Helper()
	ctx, i := context.Background(), 0
	err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO submission (submission_id, item, edition, agency_id, actor, file_name, file_hash, file_bytes, same_as, dry, state, received_at, finished_at,
			lease_owner, lease_until, rows_done, bytes_done, accepted, updated, duplicate, withdrawn, rejected, late, warnings, mapping, failure)
			VALUES ($1, 'XZCF', '1', 1, '', '', '', 0, '', 0, $2, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', '')`, id, string(state)); err != nil {
			return err
		}
		_, err := tx.CopyFrom(ctx, "submission_row", []string{"submission_id", "row_no", "line_no", "outcome", "late", "reasons"}, func() ([]any, error) {
			if i == n {
				return nil, nil
			}
			k := at(i)
			i++
			raw, err := json.Marshal(k.reasons)
			if err != nil {
				return nil, err
			}
			return []any{id, int64(k.row), int64(k.row + 1), k.outcome, bit(k.late), string(raw)}, nil
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func deskOn(d *db.DB) *Desk { return NewDesk(NewService(Config{DB: d})) }

// tricky are texts that look like the marks of a stored reason.
var tricky = []string{"", `"code":9999,"severity":"error"`, `,"code":1`, `{"code":2,`, `\"code\":3,`, `\`, "“引号”", "<b>&", "\u2028", `{"code":7,"severity":"error"},{"code":8`}

func TestEachReasonReadsWhatMarshalWrote(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.SampledFrom(tricky), rapid.String())
		reasons := rapid.SliceOf(rapid.Custom(func(t *rapid.T) catalog.Reason {
			return catalog.Reason{
				Field: text.Draw(t, "field"), Code: rapid.IntRange(0, 99999).Draw(t, "code"),
				Severity: rapid.SampledFrom([]string{catalog.Error, catalog.Warning}).Draw(t, "severity"), Message: text.Draw(t, "message"), Fix: text.Draw(t, "fix"),
			}
		})).Draw(t, "reasons")
		raw, err := json.Marshal(reasons)
		if err != nil {
			t.Fatal(err)
		}
		i := 0
		eachReason(raw, func(code int, severe bool) {
			if i >= len(reasons) || code != reasons[i].Code || severe != (reasons[i].Severity == catalog.Error) {
				t.Fatalf("reason %d is %d %v in %s", i, code, severe, raw)
			}
			i++
		})
		if i != len(reasons) {
			t.Fatalf("%d of %d reasons in %s", i, len(reasons), raw)
		}
	})
}

func FuzzEachReason(f *testing.F) {
	for _, s := range append(tricky, `[{"field":"A","code":2103,"severity":"error","message":"m","fix":"f"}]`, `[{"code":`, `[{"code":1,"severity":"`) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		n := 0
		eachReason(raw, func(int, bool) { n++ })
		if n > len(raw)/len(`"code":`) {
			t.Errorf("%d reasons in %d bytes", n, len(raw))
		}
	})
}

func TestRowsByFilter(t *testing.T) {
	t.Parallel()
	codes := []int{1002, 2001, 2103, 2302}
	outcomes := []string{accepted, updated, duplicate, withdrawn, rejected}
	all := make([]kept, 400)
	for i := range all {
		k := kept{row: 3*i + 1, outcome: outcomes[i*7%5], late: i%11 == 0}
		for j := range i % 4 { // a reason may stand twice in a row
			severity := catalog.Error
			if (i+j)%3 == 0 {
				severity = catalog.Warning
			}
			k.reasons = append(k.reasons, catalog.Reason{Field: "F", Code: codes[(i/2+j/2)%4], Severity: severity, Message: tricky[i%len(tricky)]})
		}
		all[i] = k
	}
	passes := func(k kept, f RowFilter) bool {
		reason, warned := f.Reason == 0, false
		for _, r := range k.reasons {
			reason, warned = reason || r.Code == f.Reason, warned || r.Severity == catalog.Warning
		}
		return reason && (warned || !f.Warned) && (k.late || !f.Late) && (f.Outcome == "" || f.Outcome == k.outcome)
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, desk := context.Background(), deskOn(d)
		receipt(t, d, "a", Done, len(all), func(i int) kept { return all[i] })
		receipt(t, d, "b", Failed, 1, func(int) kept { return kept{row: 9, outcome: rejected} })
		for _, f := range []RowFilter{
			{},
			{Outcome: rejected},
			{Reason: 2103},
			{Late: true},
			{Warned: true},
			{Outcome: duplicate, Reason: 2001, Late: true},
			{Reason: 9999},
			{Outcome: "nothing"},
			{Outcome: accepted, Warned: true},
		} {
			var want, got []int
			for _, k := range all {
				if passes(k, f) {
					want = append(want, k.row)
				}
			}
			for after := 0; ; {
				page, err := desk.Rows(ctx, "a", f, after, 7)
				if err != nil {
					t.Fatal(err)
				}
				if page.Total != len(want) || (len(page.Rows) > 0 && page.First != len(got)+1) || len(page.Rows) > 7 {
					t.Fatalf("%+v after %d: total %d of %d, first %d", f, after, page.Total, len(want), page.First)
				}
				for _, r := range page.Rows {
					got = append(got, r.Row)
				}
				if after = page.Next; after == 0 {
					break
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%+v: %s", f, d)
			}
		}
		sum, err := desk.Summary(ctx, "a")
		if err != nil || sum.Kept != len(all) {
			t.Fatalf("%d kept, %v", sum.Kept, err)
		}
		for i, r := range sum.Reasons {
			rows, severe := 0, 0
			for _, k := range all {
				in, bad := false, false
				for _, reason := range k.reasons {
					in, bad = in || reason.Code == r.Code, bad || reason.Code == r.Code && reason.Severity == catalog.Error
				}
				rows, severe = rows+int(bit(in)), severe+int(bit(bad))
			}
			if r.Rows != rows || r.Errors != severe || (i > 0 && sum.Reasons[i-1].Rows < r.Rows) {
				t.Errorf("reason %+v, want %d rows, %d errors", r, rows, severe)
			}
		}
		if other, err := desk.Summary(ctx, "b"); err != nil || other.Kept != 1 {
			t.Errorf("a failed submission: %+v, %v", other, err)
		}
	})
}

func TestSummaryOfWhatIsNotFinished(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	ctx, desk := context.Background(), deskOn(d)
	receipt(t, d, "a", Running, 1, func(int) kept { return kept{row: 1, outcome: rejected} })
	if _, err := desk.Summary(ctx, "a"); !errors.Is(err, ErrUnfinished) {
		t.Errorf("running: %v", err)
	}
	if _, err := desk.Rows(ctx, "none", RowFilter{}, 0, 5); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
}

func TestSummariesAreRemembered(t *testing.T) {
	t.Parallel()
	var c summaries
	ctx := context.Background()
	gives := func(s *Summary, err error) func(context.Context) (*Summary, error) {
		return func(context.Context) (*Summary, error) { return s, err }
	}
	broken := errors.New("no")
	if _, err := c.get(ctx, "a", gives(nil, broken)); !errors.Is(err, broken) || len(c.list) != 0 {
		t.Fatal("an error is remembered", err)
	}
	var wg sync.WaitGroup
	var made atomic.Int32
	for range 20 {
		wg.Go(func() {
			s, err := c.get(ctx, "a", func(context.Context) (*Summary, error) { made.Add(1); return &Summary{Kept: 7}, nil })
			if err != nil || s.Kept != 7 {
				t.Error(s, err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("made %d times", made.Load())
	}
	for i := range keepSummaries {
		_, _ = c.get(ctx, fmt.Sprint(i), gives(&Summary{}, nil))
	}
	if len(c.list) != keepSummaries || c.list[0].id != "0" {
		t.Errorf("%d remembered, the oldest is %s", len(c.list), c.list[0].id)
	}

	gone, cancel := context.WithCancel(ctx)
	release := make(chan struct{})
	cancel()
	_, err := c.get(gone, "slow", func(ctx context.Context) (*Summary, error) {
		<-release
		return &Summary{Kept: 9}, ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that left waits on: %v", err)
	}
	close(release)
	if s, err := c.get(ctx, "slow", gives(nil, broken)); err != nil || s.Kept != 9 {
		t.Errorf("what its caller did not wait for is lost: %v, %v", s, err)
	}
}

func TestQueueReads(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, desk := context.Background(), deskOn(d)
		err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			for i := range 9 {
				state, decided := Waiting, 0
				if i >= 3 {
					state, decided = Refused, 1000-i/2 // pairs are decided in the same instant
				}
				_, err := tx.ExecContext(ctx, `INSERT INTO ingest_queue (queue_id, submission_id, row_no, item, edition, agency_id, reason, values_sealed, fingerprint, state, subject_id,
					record_key, created_at, decided_at, decided_by, note) VALUES ($1, 's', $5, 'XZCF', '1', 1, 1002, '', $2, $3, 0, 0, 5, $4, 'x', 'n')`, int64(i+1), fmt.Sprint(i), string(state), int64(decided), i+1)
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		counts, err := desk.QueueCounts(ctx)
		if d := cmp.Diff(map[QueueState]int{Waiting: 3, Refused: 6}, counts); err != nil || d != "" {
			t.Error(d, err)
		}
		var got []int64
		var after *QueueEntry
		for {
			page, err := desk.Decided(ctx, Refused, after, 4)
			if err != nil {
				t.Fatal(err)
			}
			for i := range page {
				got = append(got, page[i].ID)
			}
			if len(page) < 4 {
				break
			}
			after = &page[3]
		}
		if d := cmp.Diff([]int64{4, 6, 5, 8, 7, 9}, got); d != "" {
			t.Error(d)
		}
		if e, err := desk.Entry(ctx, 5); err != nil || e.Row != 5 || e.State != Refused {
			t.Error(e, err)
		}
		if _, err := desk.Entry(ctx, 77); !errors.Is(err, ErrNoEntry) {
			t.Error(err)
		}
	})
}

func TestNaming(t *testing.T) {
	t.Parallel()
	name := func(s string) subject.Name { return subject.Name{Name: s, Key: cntext.Name(s)} }
	known := []subject.Name{name("甲公司"), name("乙（临溪）公司")}
	for s, want := range map[string]Naming{"乙(临溪)公司": NameSame, " 甲公司 ": NameFormer, "丙公司": NameOther, "": NameNone} {
		if got := naming(s, known); got != want {
			t.Errorf("%q is %s, want %s", s, got, want)
		}
	}
}

// BenchmarkSummary sums a submission of a million refused rows up, once, and then asks for pages of it.
func BenchmarkSummary(b *testing.B) {
	d := dbtest.SQLite(b)
	desk := deskOn(d)
	ctx := context.Background()
	reason := catalog.NewReason(2103, "CF_XDR_SHXYM", "行政相对人代码_1（统一社会信用代码）", "")
	other := catalog.NewReason(2001, "CF_NR", "处罚内容", "")
	receipt(b, d, "a", Done, 1_000_000, func(i int) kept {
		k := kept{row: i + 1, outcome: rejected, late: i%9 == 0, reasons: []catalog.Reason{reason}}
		if i%1000 == 0 {
			k.reasons = append(k.reasons, other)
		}
		return k
	})
	b.Run("once", func(b *testing.B) {
		for b.Loop() {
			if _, err := desk.sumUp(ctx, "a"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("page", func(b *testing.B) {
		if _, err := desk.Summary(ctx, "a"); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if p, err := desk.Rows(ctx, "a", RowFilter{Outcome: rejected, Reason: 2001}, 500_000, 50); err != nil || len(p.Rows) != 50 {
				b.Fatal(p, err)
			}
		}
	})
}
