package ingest_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"path/filepath"
	"sort"
	"testing"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/blob"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/ingest"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/subject"
)

// unit is the agency of the tests.
const unit = "11990100001000010R"

// bench is a whole intake over one database, at a time that the test sets.
type bench struct {
	*ingest.Service
	desk     *ingest.Desk
	log      *audit.Log
	db       *db.DB
	clock    *clock.Manual
	subjects *subject.Store
	records  *record.Store
	agencies *agency.Store
	portal   *publish.Service
	names    *publish.Names
	edition  *catalog.Edition
}

func newBench(t testing.TB, d *db.DB, at string, change ...func(*ingest.Config)) *bench {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	day, err := clock.ParseDate(at)
	must(err)
	c := clock.NewManual(day.Start().Add(10 * time.Hour))
	dir := t.TempDir()
	ring, err := gm.OpenKeyRing(filepath.Join(dir, "keys.json"))
	must(err)
	blobs, err := blob.Open(filepath.Join(dir, "blobs"), ring)
	must(err)
	editions, err := catalog.NewStore(catalog.Default())
	must(err)
	rules, err := publish.DefaultRules()
	must(err)
	ids := id.NewMaker(c.Now)
	b := &bench{
		db: d, clock: c, subjects: subject.NewStore(d, ids, ring), records: record.NewStore(d, ids), edition: catalog.Default(),
		agencies: agency.NewStore(d, ids, c, ident.DefaultDivisions()), log: audit.New(audit.Config{DB: d, IDs: ids, Clock: c}),
	}
	_, err = b.agencies.Add(context.Background(), unit, "临溪市市场监督管理局", "990100")
	must(err)
	conf := ingest.Config{
		DB: d, Blobs: blobs, Subjects: b.subjects, Records: b.records, Agencies: b.agencies, Editions: editions, Rules: rules,
		Calendar: clock.DefaultCalendar(), Ring: ring, Clock: c, IDs: ids, Access: b.log, Owner: ingest.Owner("test"),
	}
	for _, f := range change {
		f(&conf)
	}
	b.Service = ingest.NewService(conf)
	b.desk = ingest.NewDesk(b.Service)
	b.names = publish.NewNames(b.subjects, c, nil)
	b.portal = publish.NewService(publish.Config{
		Records: b.records, Subjects: b.subjects, Agencies: b.agencies, Editions: editions, Rules: rules,
		Divisions: ident.DefaultDivisions(), Clock: c, Names: b.names, Figures: publish.NewFigures(d),
	})
	return b
}

// file submits and runs a file, and gives its receipt with every kept row.
func (b *bench) file(t testing.TB, item, name string, content []byte) *ingest.Receipt {
	t.Helper()
	sub, err := b.Submit(context.Background(), ingest.Request{Item: item, Unit: unit, FileName: name, Actor: "test"}, bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Run(context.Background(), sub.ID, nil); err != nil {
		t.Fatal(err)
	}
	r, err := b.Receipt(context.Background(), sub.ID, 0, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	if r.Received != r.Accepted+r.Updated+r.Duplicate+r.Withdrawn+r.Rejected {
		t.Fatalf("the counts do not add up: %+v", r.Counts)
	}
	return r
}

// row is a row by field code.
type row map[string]string

// example gives the catalogue's example row of an item with changes; "" empties a field.
func (b *bench) example(item catalog.ItemCode, changes row) row {
	it, _ := b.edition.Item(item)
	out := row{}
	for k, v := range it.Example {
		out[k] = v
	}
	for k, v := range changes {
		out[k] = v
	}
	return out
}

// table writes rows as CSV with the union of their fields as header.
func table(rows ...row) []byte {
	seen := map[string]bool{}
	var header []string
	for _, r := range rows {
		for k := range r {
			if !seen[k] {
				seen[k] = true
				header = append(header, k)
			}
		}
	}
	sort.Strings(header)
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	_ = w.Write(header)
	for _, r := range rows {
		line := make([]string, len(header))
		for i, k := range header {
			line[i] = r[k]
		}
		_ = w.Write(line)
	}
	w.Flush()
	return buf.Bytes()
}

// outcome gives a row's outcome and reason numbers; a row that is not kept was plainly accepted.
func outcome(r *ingest.Receipt, n int) (string, []int, bool) {
	for _, row := range r.Rows {
		if row.Row == n {
			var codes []int
			for _, reason := range row.Reasons {
				codes = append(codes, reason.Code)
			}
			return row.Outcome, codes, row.Late
		}
	}
	return "accepted", nil, false
}

var listAll publish.ListFilter
