package synth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"gongxin/internal/agency"
	"gongxin/internal/blob"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/ingest"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/subject"
	"gongxin/internal/synth"
)

// intake is the real intake over a database of its own, at a time that the test sets.
type intake struct {
	*ingest.Service
	clock *clock.Manual
}

func newIntake(t *testing.T, d *db.DB, c *synth.City) *intake {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	now := clock.NewManual(c.Options().Today.Start())
	dir := t.TempDir()
	ring, err := gm.OpenKeyRing(filepath.Join(dir, "keys.json"))
	must(err)
	blobs, err := blob.Open(filepath.Join(dir, "blobs"), ring)
	must(err)
	editions, err := catalog.NewStore(catalog.Default())
	must(err)
	rules, err := publish.DefaultRules()
	must(err)
	ids := id.NewMaker(now.Now)
	agencies := agency.NewStore(d, ids, now, ident.DefaultDivisions())
	for _, a := range c.Agencies() {
		_, err := agencies.Add(context.Background(), a.Code, a.Name, a.Region)
		must(err)
	}
	return &intake{ingest.NewService(ingest.Config{
		DB: d, Blobs: blobs, Subjects: subject.NewStore(d, ids, ring), Records: record.NewStore(d, ids), Agencies: agencies,
		Editions: editions, Rules: rules, Calendar: clock.DefaultCalendar(), Ring: ring, Clock: now, IDs: ids, Owner: ingest.Owner("test"),
	}), now}
}

// file files one file of the city on its day and gives the intake's answer to every row of it.
func (in *intake) file(t *testing.T, c *synth.City, f synth.FileSpec) *ingest.Receipt {
	t.Helper()
	var content bytes.Buffer
	if _, err := c.WriteFile(&content, f); err != nil {
		t.Fatal(err)
	}
	in.clock.Set(f.Received.Start())
	ctx := context.Background()
	sub, err := in.Submit(ctx, ingest.Request{Item: string(f.Item), Unit: f.UnitCode, FileName: f.Name, Actor: "test"}, &content)
	if err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	if _, err := in.Run(ctx, sub.ID, nil); err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	var answer bytes.Buffer
	if err := in.WriteReceipt(ctx, &answer, sub.ID, true); err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	var receipt ingest.Receipt
	if err := json.Unmarshal(answer.Bytes(), &receipt); err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	return &receipt
}

// The whole of the promise: every row of a city full of faults, filed through the real intake, gets the answer that the
// sidecar foretells, and the receipts add up to the totals.
func TestIntakeAnswersAsForetold(t *testing.T) {
	t.Parallel()
	for _, opt := range []synth.Options{
		{Seed: 11, Subjects: 1200, Records: 6000, Messy: 0.35},
		{Seed: 12, Subjects: 600, Records: 2500},
		{Seed: 13, Subjects: 300, Records: 700, Messy: 0.2, Every: synth.Monthly, Format: synth.NDJSON},
		{Seed: 14, Subjects: 200, Records: 400, Messy: 0.2, Format: synth.XLSX},
	} {
		t.Run(fmt.Sprintf("seed %d", opt.Seed), func(t *testing.T) {
			t.Parallel()
			c, err := synth.New(opt)
			if err != nil {
				t.Fatal(err)
			}
			in := newIntake(t, dbtest.SQLite(t), c)
			waits := map[int]int{}
			for _, f := range c.Files() {
				compare(t, c, f, in.file(t, c, f))
				if t.Failed() {
					return
				}
				c.Expect(f, func(e synth.Expected) bool {
					for _, code := range e.Warnings {
						if (code == 1002 || code == 1003) && e.Outcome == synth.Accepted {
							waits[code]++
						}
					}
					return true
				})
			}
			// What waits for a person is what was foretold to.
			list, err := in.Queue(t.Context(), ingest.Waiting, 0, 1_000_000)
			if err != nil {
				t.Fatal(err)
			}
			for i := range list {
				waits[list[i].Reason]--
			}
			if len(list) == 0 && opt.Records > 1000 || waits[1002] != 0 || waits[1003] != 0 {
				t.Errorf("%d rows wait; foretold more than wait: %v", len(list), waits)
			}
		})
	}
}

func compare(t *testing.T, c *synth.City, f synth.FileSpec, r *ingest.Receipt) {
	t.Helper()
	if r.Received != f.Rows || len(r.Rows) != f.Rows {
		t.Fatalf("%s: %d rows received of %d, %+v", f.Name, r.Received, f.Rows, r.Failure)
	}
	at := 0
	c.Expect(f, func(e synth.Expected) bool {
		row := &r.Rows[at]
		at++
		var codes, warnings []int
		for _, reason := range row.Reasons {
			if reason.Severity == catalog.Error {
				codes = append(codes, reason.Code)
			} else {
				warnings = append(warnings, reason.Code)
			}
		}
		slices.Sort(codes)
		slices.Sort(warnings)
		codes, warnings = slices.Compact(codes), slices.Compact(warnings)
		if row.Outcome != string(e.Outcome) || row.Late != e.Late || !slices.Equal(codes, e.Codes) || !slices.Equal(warnings, e.Warnings) {
			t.Errorf("%s row %d (%s): %s late %v %v %v, foretold %s late %v %v %v", f.Name, e.Row, e.Fault,
				row.Outcome, row.Late, codes, warnings, e.Outcome, e.Late, e.Codes, e.Warnings)
		}
		return !t.Failed()
	})
	totals, err := c.WriteFile(&bytes.Buffer{}, f)
	if err != nil {
		t.Fatal(err)
	}
	want := ingest.Counts{
		Accepted: totals.Accepted, Updated: totals.Updated, Duplicate: totals.Duplicate, Withdrawn: totals.Withdrawn, Rejected: totals.Rejected,
		Late: totals.Late, Warnings: totals.Warnings,
	}
	if r.Counts != want {
		t.Errorf("%s: counts %+v, foretold %+v", f.Name, r.Counts, want)
	}
}
