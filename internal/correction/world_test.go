package correction_test

import (
	"context"
	"testing"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/correction"
	"gongxin/internal/db"
	"gongxin/internal/flow"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/notice"
	"gongxin/internal/record"
)

var start = time.Date(2026, 5, 11, 10, 0, 0, 0, clock.Zone) // a Monday

// told keeps who was told what.
type told struct{ list []notice.Notice }

func (n *told) Send(_ context.Context, _ *db.Tx, m notice.Notice) error {
	n.list = append(n.list, m)
	return nil
}

// packages stands for another outlet, such as the exchange will be.
type packages struct{ sent []correction.Copy }

func (p *packages) Copies(_ context.Context, _ db.Querier, subjects []int64, yield func(correction.Copy)) error {
	asked := map[int64]bool{}
	for _, s := range subjects {
		asked[s] = true
	}
	for _, c := range p.sent {
		if asked[c.At.Subject] {
			yield(c)
		}
	}
	return nil
}

type world struct {
	*correction.Service
	t        testing.TB
	db       *db.DB
	clock    *clock.Manual
	records  *record.Store
	log      *audit.Log
	cases    *flow.Engine
	told     *told
	packages *packages
	units    []agency.Agency
}

func newWorld(t testing.TB, d *db.DB) *world {
	t.Helper()
	c := clock.NewManual(start)
	ids, divisions := id.NewMaker(c.Now), ident.DefaultDivisions()
	w := &world{t: t, db: d, clock: c, records: record.NewStore(d, ids), log: audit.New(audit.Config{DB: d, IDs: ids, Clock: c}), told: &told{}, packages: &packages{}}
	agencies, authority := agency.NewStore(d, ids, c, divisions), authz.New(divisions)
	for _, code := range []string{"11990100001000010R", "11990100001000029H", "11990100001000037B"} {
		a, err := agencies.Add(context.Background(), withCheck(code), "单位"+code[14:17], "990100")
		must(t, err)
		w.units = append(w.units, a)
	}
	terms, err := correction.NewBook(d, c)
	must(t, err)
	w.cases = flow.New(flow.Config{
		DB: d, IDs: ids, Clock: c, Calendar: clock.DefaultCalendar(), Log: w.log, Periods: correction.Periods(terms),
		Who: func(ctx context.Context) audit.Who { return authz.From(ctx).Who(0) },
		May: func(ctx context.Context, action string, c *flow.Case) error {
			return authority.Decide(authz.From(ctx), authz.Action(action), authz.Scope{Agency: c.Agency, Region: c.Region}).Err()
		},
	})
	must(t, w.cases.Register(correction.Table(), flow.Hooks{}))
	w.Service = correction.New(correction.Config{
		DB: d, IDs: ids, Clock: c, Records: w.records, Outlets: []correction.Outlet{correction.Looked(w.log, "objection"), w.packages}, Cases: w.cases, Notices: w.told,
		Agencies: agencies, Authority: authority, Acts: w.log, Terms: terms,
	})
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// withCheck gives a code its right check character.
func withCheck(code string) string {
	for _, c := range "0123456789ABCDEFGHJKLMNPQRTUWXY" {
		if _, problem := ident.ParseUSCC(code[:17] + string(c)); problem == nil {
			return code[:17] + string(c)
		}
	}
	return code
}

func (w *world) clerk(unit int) context.Context {
	return authz.With(context.Background(), authz.Actor{
		ID: int64(100 + unit), Kind: authz.Account, Session: 1, Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: w.units[unit].ID}},
	})
}

func draft(subject int64, key, body string) record.Draft {
	d := record.Draft{Subject: subject, Body: body, Facts: record.Facts{
		Item: "XZCF", Edition: "1", NaturalKey: key, Status: record.Active, Listed: true, DecidedOn: 20260110, PublicFrom: 20260110, PublicUntil: 20270110, Agency: 7, Region: "990102",
	}}
	copy(d.Digest[:], body)
	return d
}

// file puts rows on file, or changes them.
func (w *world) file(why string, drafts ...record.Draft) []record.ID {
	w.t.Helper()
	var ids []record.ID
	must(w.t, w.db.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) (err error) {
		_, ids, err = w.records.Apply(ctx, tx, drafts, record.Change{At: w.clock.Now(), Actor: "account:1", Basis: "某法第一条", Why: why, Submission: why})
		return err
	}))
	return ids
}

// turn gives records another status.
func (w *world) turn(why string, to record.Status, ids ...record.ID) error {
	list := make([]record.Turn, len(ids))
	for i, at := range ids {
		list[i] = record.Turn{ID: at, To: to}
	}
	return w.db.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
		_, err := w.records.Turn(ctx, tx, list, record.Change{At: w.clock.Now(), Actor: "account:2", Basis: "某办法第二条", Why: why})
		return err
	})
}

// look answers somebody a version of a record.
func (w *world) look(a audit.Access, version int, ids ...record.ID) {
	w.t.Helper()
	for _, at := range ids {
		a.Records = append(a.Records, audit.Ref{Subject: at.Subject, Key: at.Key, Version: version})
	}
	a.Subject, a.Outcome = ids[0].Subject, audit.Answered
	if !a.HiddenUntil.IsZero() {
		a.SecrecyBasis = "某法第九条"
	}
	if a.What == "" {
		a.What = "check"
	}
	_, err := w.log.Record(context.Background(), a)
	must(w.t, err)
}

func (w *world) unit(i int) audit.Who {
	return audit.Who{Kind: "account", ID: int64(100 + i), Agency: w.units[i].ID}
}

// pass passes everything on.
func (w *world) pass() int {
	w.t.Helper()
	n, err := w.Tell(context.Background(), w.clock.Now().Add(time.Second))
	must(w.t, err)
	return n
}

// receipts gives all receipts of a subject.
func (w *world) receipts(subject int64) []correction.Receipt {
	w.t.Helper()
	var out []correction.Receipt
	for cursor := ""; ; {
		list, next, err := w.Receipts(context.Background(), subject, 0, cursor, 3)
		must(w.t, err)
		out = append(out, list...)
		if cursor = next; cursor == "" {
			return out
		}
	}
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	must(w.t, w.db.Read().QueryRowContext(context.Background(), query, args...).Scan(&n))
	return n
}
