package audit_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/audit"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/id"
)

// bench is a Log over one database at a time that the test sets: a working day in China, ten o'clock.
type bench struct {
	*audit.Log
	db    *db.DB
	clock *clock.Manual
}

func newBench(d *db.DB) *bench {
	c := clock.NewManual(time.Date(2026, 11, 18, 10, 0, 0, 0, clock.Zone))
	return &bench{audit.New(audit.Config{DB: d, IDs: id.NewMaker(c.Now), Clock: c}), d, c}
}

func (b *bench) write(t testing.TB, list ...audit.Access) {
	t.Helper()
	err := b.db.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
		for _, a := range list {
			if _, err := b.Write(ctx, tx, a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func look(who, subject int64) audit.Access {
	return audit.Access{
		Who: audit.Who{Kind: "account", ID: who, Agency: 70, Address: "10.0.0.7", Session: 5}, Subject: subject, Matter: "M-1", Basis: "某法第一条", What: "subject",
		Records: []audit.Ref{{Subject: subject, Key: 9, Version: 2}, {Subject: subject, Key: 10, Version: 1}}, Outcome: audit.Answered,
	}
}

// leaf computes a leaf from the documented format with nothing of the program.
func leaf(salt []byte, parts []string) [32]byte {
	var buf bytes.Buffer
	for _, p := range append([]string{string(salt)}, parts...) {
		_ = binary.Write(&buf, binary.BigEndian, uint64(len(p)))
		buf.WriteString(p)
	}
	return sha256.Sum256(buf.Bytes())
}

func TestEntriesAndActsAreBoundIntoTheLog(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b, ctx := newBench(d), context.Background()
		a := look(1, 100)
		a.HiddenUntil, a.SecrecyBasis = b.clock.Now().Add(48*time.Hour), "某法第九条"
		refused := audit.Access{Who: a.Who, What: "subject", Outcome: audit.Refused, Missing: "matter"}
		b.write(t, a, look(2, 100), refused)
		err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			return b.WriteAct(ctx, tx, audit.Act{Who: a.Who, Action: "grant.give", Entity: "account:9", Detail: "role=auditor"})
		})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		check := func(outbox int64, pos int, want [32]byte) {
			t.Helper()
			var payload []byte
			if err := d.Read().QueryRowContext(ctx, `SELECT payload FROM log_outbox WHERE outbox_id = $1`, outbox).Scan(&payload); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(payload[32*pos:32*pos+32], want[:]) {
				t.Error("the queued leaf is not the one of the row")
			}
			n++
		}
		err = b.EachEntry(ctx, func(e *audit.Entry) error {
			check(e.Outbox, e.Pos, leaf(e.Salt, e.Parts()))
			changed := e.Access
			changed.Matter += "x"
			if leaf(e.Salt, changed.Parts()) == leaf(e.Salt, e.Parts()) {
				t.Error("a changed entry has the same leaf")
			}
			return nil
		})
		if err == nil {
			err = b.EachAct(ctx, func(e *audit.ActEntry) error {
				check(e.Outbox, e.Pos, leaf(e.Salt, e.Parts()))
				return nil
			})
		}
		if err != nil || n != 4 {
			t.Fatalf("walked %d rows: %v", n, err)
		}
	})
}

func TestSubjectSeesItsEntriesAndSecrecyOnlyDelays(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b, ctx := newBench(d), context.Background()
		hidden := look(1, 100)
		hidden.HiddenUntil, hidden.SecrecyBasis = b.clock.Now().Add(30*24*time.Hour), "某法第九条"
		b.write(t, look(1, 100), look(3, 200), hidden)
		own := audit.Access{Who: audit.Who{Kind: "account", ID: 44, Address: "10.0.0.8"}, Subject: 100, What: audit.Own, Outcome: audit.Answered}
		b.write(t, own)

		list, _, err := b.OfSubject(ctx, 100, "", 0)
		if err != nil || len(list) != 2 {
			t.Fatalf("want two lines, have %d: %v", len(list), err)
		}
		if list[0].Who.ID != 44 || list[1].Who.ID != 0 || list[1].Who.Address != "" || list[1].Who.Agency != 70 || list[1].Matter != "M-1" || len(list[1].Records) != 2 {
			t.Errorf("the subject learns the agency and what was read, not the officer: %+v", list)
		}
		all, _, err := b.Search(ctx, audit.Who{Kind: "account", ID: 8}, audit.Filter{Subject: 100}, "", 0)
		if err != nil || len(all) != 3 {
			t.Fatalf("the auditor sees every entry at once, has %d: %v", len(all), err)
		}
		b.clock.Advance(31 * 24 * time.Hour)
		list, _, err = b.OfSubject(ctx, 100, "", 0)
		if err != nil || len(list) != 3 {
			t.Fatalf("the delayed line comes on its day, have %d: %v", len(list), err)
		}
		if list[1].SecrecyBasis != "某法第九条" {
			t.Error("a delayed line says on which law it was delayed")
		}
	})
}

func TestEntriesThatAreRefused(t *testing.T) {
	t.Parallel()
	b, ctx := newBench(dbtest.SQLite(t)), context.Background()
	for name, change := range map[string]func(*audit.Access){
		"nobody looked":           func(a *audit.Access) { a.Who = audit.Who{} },
		"no outcome":              func(a *audit.Access) { a.Outcome = "" },
		"refused for nothing":     func(a *audit.Access) { a.Outcome, a.Records = audit.Refused, nil },
		"refused with records":    func(a *audit.Access) { a.Outcome, a.Missing = audit.Refused, "matter" },
		"answered though missing": func(a *audit.Access) { a.Missing = "matter" },
		"secret without law":      func(a *audit.Access) { a.HiddenUntil = b.clock.Now().Add(time.Hour) },
		"law without a day":       func(a *audit.Access) { a.SecrecyBasis = "某法" },
		"secret for more than year": func(a *audit.Access) {
			a.At, a.HiddenUntil, a.SecrecyBasis = b.clock.Now(), b.clock.Now().AddDate(2, 0, 0), "某法"
		},
	} {
		a := look(1, 100)
		change(&a)
		err := b.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := b.Write(ctx, tx, a)
			return err
		})
		if !errors.Is(err, audit.ErrEntry) && !errors.Is(err, audit.ErrSecrecy) {
			t.Errorf("%s: want a refusal, have %v", name, err)
		}
	}
	if list, _, err := b.OfSubject(ctx, 100, "", 0); err != nil || len(list) != 0 {
		t.Errorf("nothing was written: %v %v", list, err)
	}
}

func TestOrdersOfSecrecy(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b, ctx := newBench(d), context.Background()
		by := audit.Who{Kind: "account", ID: 3}
		until := b.clock.Now().Add(90 * 24 * time.Hour)
		for name, o := range map[string]audit.Order{
			"no law": {Agency: 70, Subject: 100, Until: until, By: by}, "no end": {Agency: 70, Subject: 100, Basis: "某法第九条", By: by},
			"too long": {Agency: 70, Subject: 100, Basis: "某法第九条", Until: until.AddDate(2, 0, 0), By: by}, "nobody": {Agency: 70, Basis: "某法第九条", Until: until, By: by},
		} {
			if _, err := b.OrderSecrecy(ctx, o); !errors.Is(err, audit.ErrSecrecy) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := b.OrderSecrecy(ctx, audit.Order{Agency: 70, Subject: 100, Basis: "某法第九条，11010519491231002X", Until: until, By: by}); !errors.Is(err, audit.ErrNumber) {
			t.Errorf("with a person's number: %v", err)
		}
		order, err := b.OrderSecrecy(ctx, audit.Order{Agency: 70, Subject: 100, Basis: "某法第九条", Until: until, By: by})
		if err != nil {
			t.Fatal(err)
		}
		got := func(agency, subject int64) bool {
			end, basis, err := b.Secrecy(ctx, d.Read(), agency, subject, b.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			return end.Equal(until) && basis != ""
		}
		if !got(70, 100) || got(71, 100) || got(70, 101) {
			t.Error("an order covers one agency and one subject")
		}
		if list, err := b.Orders(ctx); err != nil || len(list) != 1 {
			t.Errorf("orders: %v %v", list, err)
		}
		if err := b.EndSecrecy(ctx, by, order); err != nil || got(70, 100) {
			t.Errorf("an ended order covers nothing: %v", err)
		}
		if err := b.EndSecrecy(ctx, by, order); !errors.Is(err, audit.ErrNoOrder) {
			t.Errorf("ended twice: %v", err)
		}
	})
}

func TestSearchAndPaging(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b, ctx := newBench(d), context.Background()
		for i := range 25 {
			a := look(int64(1+i%3), int64(100+i%5))
			a.Who.Agency = int64(70 + i%2)
			b.write(t, a)
			b.clock.Advance(time.Minute)
		}
		start := b.clock.Now().Add(-25 * time.Minute)
		auditor := audit.Who{Kind: "account", ID: 9}
		for _, tt := range []struct {
			name string
			f    audit.Filter
			want int
		}{
			{"all", audit.Filter{}, 25},
			{"who", audit.Filter{WhoKind: "account", WhoID: 1}, 9},
			{"agency", audit.Filter{Agency: 71}, 12},
			{"subject", audit.Filter{Subject: 104}, 5},
			{"time", audit.Filter{From: start.Add(5 * time.Minute), To: start.Add(15 * time.Minute)}, 10},
			{"reach", audit.Filter{Agencies: []int64{70, 99}}, 13},
			{"both units", audit.Filter{Agencies: []int64{70, 71}, WhoID: 1}, 9},
			{"no reach", audit.Filter{Agencies: []int64{}}, 0},
			{"what", audit.Filter{What: "own"}, 0},
			{"outcome", audit.Filter{Outcome: audit.Answered, WhoID: 2}, 8},
		} {
			seen := map[int64]bool{}
			for cursor := ""; ; {
				list, next, err := b.Search(ctx, auditor, tt.f, cursor, 4)
				if err != nil {
					t.Fatal(err)
				}
				for _, a := range list {
					seen[a.ID] = true
				}
				if cursor = next; next == "" {
					break
				}
			}
			if len(seen) != tt.want {
				t.Errorf("%s: %d entries, want %d", tt.name, len(seen), tt.want)
			}
		}
		if _, _, err := b.Search(ctx, auditor, audit.Filter{}, "x", 4); !errors.Is(err, audit.ErrCursor) {
			t.Errorf("an invented place: %v", err)
		}
		acts, _, err := b.Acts(ctx, auditor, audit.Filter{Action: "access.search", WhoID: 9}, "", 200)
		if err != nil || len(acts) < 20 {
			t.Errorf("every search is an act: %d %v", len(acts), err)
		}
		var buf bytes.Buffer
		n, err := b.Export(ctx, auditor, audit.Filter{Agency: 70}, &buf)
		if err != nil || n != 13 {
			t.Fatalf("export: %d %v", n, err)
		}
		lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(buf.String(), "\uFEFF"))).ReadAll()
		if err != nil || len(lines) != 14 || lines[1][8] != "M-1" {
			t.Errorf("the CSV: %d lines, %v", len(lines), err)
		}
		acts, _, err = b.Acts(ctx, auditor, audit.Filter{Action: "access.export"}, "", 0)
		if err != nil || len(acts) != 1 || acts[0].Detail != "agency=70" {
			t.Errorf("the export is an act: %v %v", acts, err)
		}
	})
}

func TestCSVHoldsNoFormula(t *testing.T) {
	t.Parallel()
	b, ctx := newBench(dbtest.SQLite(t)), context.Background()
	a := look(1, 100)
	a.Matter = "=HYPERLINK(1)"
	b.write(t, a)
	var buf bytes.Buffer
	if _, err := b.Export(ctx, audit.Who{Kind: "account", ID: 9}, audit.Filter{}, &buf); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(buf.String(), "'=HYPERLINK") || strings.Contains(buf.String(), ",=HYPERLINK") {
		t.Error("a cell begins a formula")
	}
}

func TestTakePersonStopsAtTheLimit(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b, ctx := newBench(d), context.Background()
		who := audit.Who{Kind: "account", ID: 1}
		var got []bool
		for range 4 {
			err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
				ok, err := b.TakePerson(ctx, tx, who, time.Time{}, 3)
				got = append(got, ok)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff([]bool{true, true, true, false}, got); diff != "" {
			t.Error(diff)
		}
		if n, err := b.PersonsThisHour(ctx, who); err != nil || n != 4 {
			t.Errorf("counted %d: %v", n, err)
		}
		b.clock.Advance(time.Hour)
		if n, err := b.PersonsThisHour(ctx, who); err != nil || n != 0 {
			t.Errorf("a new hour begins at nothing: %d %v", n, err)
		}
	})
}

// TestOneEntry finds a look-up by the number on its receipt, and an alert by its own, within the reader's units alone.
func TestOneEntry(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b, ctx := newBench(d), context.Background()
		first, second := look(1, 100), look(2, 101)
		second.Outside = true
		b.write(t, first, second)
		alerts, _, err := b.Alerts(ctx, "", nil, "", 0)
		if err != nil || len(alerts) != 1 {
			t.Fatalf("%+v %v", alerts, err)
		}
		unit := second.Who.Agency
		for name, c := range map[string]struct {
			reach []int64
			found bool
		}{"the whole city": {nil, true}, "the unit": {[]int64{unit - 1, unit}, true}, "another unit": {[]int64{unit + 1}, false}, "no unit": {[]int64{}, false}} {
			list, next, err := b.Search(ctx, audit.Who{Kind: "account", ID: 9}, audit.Filter{ID: alerts[0].Access, Agencies: c.reach}, "", 0)
			if err != nil || next != "" || (len(list) == 1) != c.found || c.found && (list[0].ID != alerts[0].Access || list[0].Who.ID != 2) {
				t.Errorf("%s: %+v %v", name, list, err)
			}
			a, err := b.Alert(ctx, alerts[0].ID, c.reach)
			if c.found && (err != nil || cmp.Diff(alerts[0], *a) != "") || !c.found && !errors.Is(err, audit.ErrNoAlert) {
				t.Errorf("%s: %+v %v", name, a, err)
			}
		}
		if list, _, err := b.Search(ctx, audit.Who{Kind: "account", ID: 9}, audit.Filter{ID: alerts[0].ID}, "", 0); err != nil || len(list) != 0 {
			t.Errorf("an alert's number names no look-up: %v %v", list, err)
		}
		acts, _, err := b.Acts(ctx, audit.Who{Kind: "local"}, audit.Filter{Action: "access.search", WhoID: 9}, "", 0)
		if err != nil || len(acts) != 5 || !strings.HasPrefix(acts[1].Detail, "id=") {
			t.Errorf("looking is an act: %+v %v", acts, err)
		}
	})
}
