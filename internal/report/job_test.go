package report_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/consent"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/gm"
	"gongxin/internal/pdf"
	"gongxin/internal/record"
	"gongxin/internal/report"
)

// list reads a list of businesses from text.
func list(t testing.TB, text string) *report.List {
	t.Helper()
	l, err := report.ReadText(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (w *world) plan(t testing.TB, text string) int64 {
	t.Helper()
	id, err := w.Plan(t.Context(), report.JobOrder{Who: w.banker(), Unit: w.bank, Name: "名单.csv", Use: "贷前审查", List: list(t, text)})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (w *world) job(t testing.TB, id int64) *report.Job {
	t.Helper()
	j, err := w.Job(t.Context(), w.banker(), id)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func (w *world) begin(t testing.TB, id int64) {
	t.Helper()
	if err := w.Begin(t.Context(), w.banker(), id); err != nil {
		t.Fatal(err)
	}
}

// fetch reads an archive: its files, and its table for machines.
func (w *world) fetch(t testing.TB, id int64) (map[string][]byte, report.Manifest) {
	t.Helper()
	var b bytes.Buffer
	if err := w.Archive(t.Context(), w.banker(), id, &b); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	var m report.Manifest
	if err := json.Unmarshal(files["manifest.json"], &m); err != nil {
		t.Fatal(err)
	}
	return files, m
}

func (w *world) granted(t testing.TB, uses int) string {
	t.Helper()
	c, _, err := w.consents.Grant(t.Context(), w.agent(), consent.Terms{
		Subject: w.firm, Grantee: bankCode, Items: []catalog.ItemCode{"XZCF", "XZQZ", "YZSX", "SFPJ"}, Classes: []catalog.Class{"A", "B"}, Purpose: "credit", Uses: uses,
	})
	if err != nil {
		t.Fatal(err)
	}
	return decimal(c.ID)
}

func decimal(n int64) string { raw, _ := json.Marshal(n); return string(raw) }

// What a file was called on somebody's computer may hold the number of a resident; it is not kept then.
func TestJobNameHoldsNoNumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	for name, want := range map[string]string{"贷前 名单.csv": "贷前 名单.csv", "张三11010519491231002X.csv": "名单"} {
		id, err := w.Plan(t.Context(), report.JobOrder{Who: w.banker(), Unit: w.bank, Name: name, List: list(t, firmCode)})
		if err != nil {
			t.Fatal(err)
		}
		if j := w.job(t, id); j.Name != want {
			t.Errorf("%s is kept as %s", name, j.Name)
		}
	}
}

// A list is looked over first, made after, and comes as one archive that says of every line what became of it.
func TestJob(t *testing.T) {
	t.Parallel()
	needFonts(t)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		given := w.granted(t, 1)
		id := w.plan(t, "统一社会信用代码,授权书,用途\n"+firmCode+","+given+",credit\n"+bareCode+"\n"+bareCode+"\n91990102MA0A00014H\n没有代码\n")
		j := w.job(t, id)
		if j.State != report.Draft || j.Total != 3 || j.Refused != 1 || j.Repeated != 1 || j.Without != 1 {
			t.Errorf("planned: %+v", j)
		}
		rows, err := w.JobRows(t.Context(), w.banker(), id, true, 0, 10)
		if err != nil || len(rows) != 1 || rows[0].Place != 3 || rows[0].Why == "" {
			t.Errorf("refused: %+v %v", rows, err)
		}
		if ran, err := w.RunNext(t.Context()); ran || err != nil {
			t.Errorf("a draft runs: %v", err)
		}
		w.begin(t, id)
		if err := w.Archive(t.Context(), w.banker(), id, io.Discard); !errors.Is(err, report.ErrJobOpen) {
			t.Errorf("an archive before the end: %v", err)
		}
		if ran, err := w.RunNext(t.Context()); !ran || err != nil {
			t.Fatal(ran, err)
		}
		if j = w.job(t, id); j.State != report.Done || j.Made != 2 || j.Refused != 1 {
			t.Errorf("done: %+v", j)
		}
		files, m := w.fetch(t, id)
		if len(m.Entries) != 3 || len(files) != 4 || m.Format != report.ManifestFormat {
			t.Fatalf("%d lines, %d files", len(m.Entries), len(files))
		}
		for _, e := range m.Entries[:2] {
			sum := sha256.Sum256(files[e.File])
			if e.SHA256 != hex.EncodeToString(sum[:]) || e.Bytes != len(files[e.File]) {
				t.Errorf("%s is not what the table says", e.File)
			}
			if _, err := pdf.Open(files[e.File]); err != nil {
				t.Error(err)
			}
			if v, err := w.Verify(t.Context(), e.Number, e.Check); err != nil || v.State != report.Valid {
				t.Errorf("%+v %v", v, err)
			}
		}
		if v, _ := w.Verify(t.Context(), m.Entries[0].Number, m.Entries[0].Check); v.Kind != report.Special {
			t.Errorf("with a consent: %s", v.Kind)
		}
		if e := m.Entries[2]; e.File != "" || e.Why == "" || !strings.Contains(string(files["结果.csv"]), e.Why) {
			t.Errorf("%+v", e)
		}
		var b1, b2 bytes.Buffer
		if err := errors.Join(w.Archive(t.Context(), w.banker(), id, &b1), w.Archive(t.Context(), w.banker(), id, &b2)); err != nil || !bytes.Equal(b1.Bytes(), b2.Bytes()) {
			t.Errorf("another archive the second time: %v", err)
		}
	})
}

// What a report holds is remembered with the unit that it was made for.
func TestJobsReportsAreKnownToHaveGoneOut(t *testing.T) {
	t.Parallel()
	needFonts(t)
	w := newWorld(t, dbtest.SQLite(t))
	id := w.plan(t, firmCode)
	w.begin(t, id)
	if _, err := w.RunNext(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows, err := w.JobRows(t.Context(), w.banker(), id, false, 0, 10)
	if err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	r, err := w.Get(t.Context(), w.banker(), rows[0].Number)
	if err != nil {
		t.Fatal(err)
	}
	at, err := record.ParseID(document(t, r).Chapters[1].Items[0].Records[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	held, err := w.Holders(t.Context(), w.db.Read(), at)
	if err != nil || len(held) != 1 || held[0].Agency != w.bank.ID || held[0].WhoID != w.banker().ID {
		t.Errorf("%+v %v", held, err)
	}
}

func TestJobIsItsOwners(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	id := w.plan(t, firmCode)
	other := w.banker()
	other.ID = 99
	for name, who := range map[string]authz.Actor{"a colleague": other, "a firm": w.agent(), "nobody": {}} {
		if _, err := w.Job(t.Context(), who, id); !errors.Is(err, report.ErrJob) {
			t.Errorf("%s: %v", name, err)
		}
		if err := w.Begin(t.Context(), who, id); err == nil {
			t.Errorf("%s begins it", name)
		}
		if err := w.Cancel(t.Context(), who, id); err == nil {
			t.Errorf("%s cancels it", name)
		}
	}
	if _, err := w.Plan(t.Context(), report.JobOrder{Who: w.agent(), Unit: w.bank, List: list(t, firmCode)}); !errors.Is(err, authz.ErrDenied) {
		t.Errorf("a firm plans for a bank: %v", err)
	}
	if jobs, err := w.Jobs(t.Context(), other, 10); err != nil || len(jobs) != 0 {
		t.Errorf("%v %v", jobs, err)
	}
}

// A job that is cancelled makes no further report, also when a worker is at it; what it made can be fetched, until its time is over.
func TestJobCancelledAndExpired(t *testing.T) {
	t.Parallel()
	needFonts(t)
	w := newWorld(t, dbtest.SQLite(t))
	first := w.plan(t, firmCode)
	if err := w.Cancel(t.Context(), w.banker(), first); err != nil {
		t.Fatal(err)
	}
	if err := w.Begin(t.Context(), w.banker(), first); !errors.Is(err, report.ErrJobState) {
		t.Errorf("begun after it was dropped: %v", err)
	}
	id := w.plan(t, firmCode+"\n"+bareCode)
	w.begin(t, id)
	cancel := true
	w.between = func() { // the second account look-up is within the run
		if cancel {
			cancel = false
			if err := w.Cancel(context.Background(), w.banker(), id); err != nil {
				t.Error(err)
			}
		}
	}
	if ran, err := w.RunNext(t.Context()); !ran || err != nil {
		t.Fatal(ran, err)
	}
	j := w.job(t, id)
	if j.State != report.Cancelled || j.Made != 0 || j.ExpiresAt.IsZero() {
		t.Errorf("%+v", j)
	}
	var n int
	if err := w.db.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM report`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d reports of a cancelled job: %v", n, err)
	}
	if _, m := w.fetch(t, id); len(m.Entries) != 2 || m.Entries[0].Why == "" {
		t.Errorf("%+v", m)
	}
	w.clock.Advance(8 * 24 * time.Hour)
	if err := w.Archive(t.Context(), w.banker(), id, io.Discard); !errors.Is(err, report.ErrJobGone) {
		t.Errorf("after its time: %v", err)
	}
	if n, err := w.SweepJobs(t.Context()); err != nil || n != 2 {
		t.Errorf("%d %v", n, err)
	}
	if j := w.job(t, id); j.State != report.Gone {
		t.Errorf("%+v", j)
	}
	if rows, err := w.JobRows(t.Context(), w.banker(), id, false, 0, 10); err != nil || len(rows) != 0 {
		t.Errorf("%v %v", rows, err)
	}
}

// A worker that dies leaves a job that another one ends; no report is made twice.
func TestJobGoesOn(t *testing.T) {
	t.Parallel()
	needFonts(t)
	w := newWorld(t, dbtest.SQLite(t))
	id := w.plan(t, firmCode+"\n"+bareCode)
	w.begin(t, id)
	ctx, die := context.WithCancel(t.Context())
	w.between = func() { w.between = nil; die() }
	if _, err := w.RunNext(ctx); err == nil {
		t.Fatal("did not die")
	}
	if _, err := w.RunNext(t.Context()); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := w.db.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM report`).Scan(&n); err != nil || n != 2 || w.job(t, id).State != report.Done {
		t.Errorf("%d reports, %+v: %v", n, w.job(t, id), err)
	}
	// An account that may no longer order it stops the next one.
	id = w.plan(t, bareCode)
	w.begin(t, id)
	w.gone = true
	if _, err := w.RunNext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if j := w.job(t, id); j.State != report.Stopped || j.Why == "" || j.Made != 0 {
		t.Errorf("%+v", j)
	}
}

// A report that has changed since is not in the archive any more; the table says why.
func TestArchiveLeavesOutWhatChanged(t *testing.T) {
	t.Parallel()
	needFonts(t)
	w := newWorld(t, dbtest.SQLite(t))
	id := w.plan(t, firmCode+"\n"+bareCode)
	w.begin(t, id)
	if _, err := w.RunNext(t.Context()); err != nil {
		t.Fatal(err)
	}
	changed := w.draft("XZCF", w.firm, "1", func(f *record.Facts) { f.DecidedOn = 20260303 })
	changed.Digest = sha16("another")
	w.apply(t, changed)
	files, m := w.fetch(t, id)
	if len(files) != 3 || m.Entries[0].File != "" || !strings.Contains(m.Entries[0].Why, "更正") || m.Entries[1].File == "" {
		t.Errorf("%+v", m.Entries)
	}
}

func TestReadList(t *testing.T) {
	t.Parallel()
	l := list(t, "\ufeff代码\n"+strings.ToLower(firmCode)+",某公司,13800138000\n\n"+bareCode+"\t912009461760856300\tcredit\n"+firmCode+"\nxxx\n")
	want := []report.Listed{{Code: firmCode}, {Code: bareCode, Consent: 912009461760856300, Aim: "credit"}}
	if diff := cmp.Diff(want, l.Lines); diff != "" || l.Repeated != 1 || l.Without != 1 {
		t.Errorf("%s %d %d", diff, l.Repeated, l.Without)
	}
	if l = list(t, "11010519491231002X\n"+firmCode+"\n１１０１０５１９４９１２３１００２ｘ\n"); len(l.Lines) != 1 || l.Lines[0].Code != firmCode {
		t.Errorf("the number of a resident is kept in a list: %+v", l.Lines)
	}
	for _, bad := range []string{"", "只有字\n", strings.Repeat("x", 1<<17)} {
		if _, err := report.ReadText(strings.NewReader(bad)); !errors.Is(err, report.ErrList) {
			t.Errorf("%.10q: %v", bad, err)
		}
	}
	var many strings.Builder
	for i := range 1001 {
		many.WriteString("9199010200000" + decimal(int64(10000+i)) + "\n")
	}
	if _, err := report.ReadText(strings.NewReader(many.String())); !errors.Is(err, report.ErrMany) {
		t.Errorf("1001: %v", err)
	}
	book := excelize.NewFile()
	for i, row := range [][]any{{"名称", "统一社会信用代码"}, {"某公司", firmCode}, {"另一公司", bareCode}} {
		if err := book.SetSheetRow("Sheet1", "A"+decimal(int64(i+1)), &row); err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Join(t.TempDir(), "list.xlsx")
	if err := errors.Join(book.SaveAs(name), book.Close()); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	if l, err = report.ReadFile(f, "list.xlsx"); err != nil || len(l.Lines) != 2 || l.Without != 0 {
		t.Errorf("%+v %v", l, err)
	}
}

func FuzzReadText(f *testing.F) {
	f.Add("代码\n" + firmCode + ",912009461760856300,credit\n")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := report.ReadText(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, x := range l.Lines {
			if len(x.Code) < 15 || len(x.Code) > 18 || gm.Sealed(x.Code) || x.Consent < 0 {
				t.Errorf("%+v", x)
			}
		}
	})
}
