package listing_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/flow"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/listing"
	"gongxin/internal/notice"
	"gongxin/internal/subject"
)

const (
	market = "11990100001000010R" // 市场监督管理局
	firm   = int64(100)
	person = int64(101)
)

// people are the subjects of the tests.
type people struct{}

func (people) ByIDs(_ context.Context, ids []int64) (map[int64]subject.Subject, error) {
	all := map[int64]subject.Subject{
		firm:   {ID: firm, Kind: catalog.LegalEntity, Code: "91990102MA0A00014H", Name: "临溪市示例食品有限公司", Region: "990102"},
		person: {ID: person, Kind: catalog.Person},
	}
	out := map[int64]subject.Subject{}
	for _, id := range ids {
		if s, ok := all[id]; ok {
			out[id] = s
		}
		if id >= crowd {
			out[id] = subject.Subject{ID: id, Kind: catalog.LegalEntity, Code: "CODE" + strconv.FormatInt(id, 10), Name: "临溪市众多公司", Region: "990102"}
		}
	}
	return out, nil
}

// crowd is the first of many more businesses.
const crowd = int64(1000)

// filer keeps what was filed.
type filer struct {
	rows  []string
	while func() // what happens while a row is on its way
}

func (f *filer) File(_ context.Context, item catalog.ItemCode, unit, _, key string, rows []byte) error {
	if f.while != nil {
		f.while()
	}
	f.rows = append(f.rows, string(item)+" "+unit+" "+string(rows))
	return nil
}

type desk struct {
	*listing.Service
	t       testing.TB
	db      *db.DB
	clock   *clock.Manual
	unit    agency.Agency
	filed   *filer
	changed []string
	told    []string
}

// Send keeps who was told what.
func (x *desk) Send(_ context.Context, _ *db.Tx, n notice.Notice) error {
	x.told = append(x.told, n.To.Kind+" "+n.Topic)
	return nil
}

func newDesk(t testing.TB, d *db.DB) *desk {
	t.Helper()
	c := clock.NewManual(time.Date(2026, 3, 2, 10, 0, 0, 0, clock.Zone))
	ids, divisions := id.NewMaker(c.Now), ident.DefaultDivisions()
	agencies := agency.NewStore(d, ids, c, divisions)
	unit, err := agencies.Add(context.Background(), market, "临溪市市场监督管理局", "990100")
	if err != nil {
		t.Fatal(err)
	}
	book, err := listing.NewBook(d, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	log, authority := audit.New(audit.Config{DB: d, IDs: ids, Clock: c}), authz.New(divisions)
	engine := flow.New(flow.Config{
		DB: d, IDs: ids, Clock: c, Calendar: clock.DefaultCalendar(), Log: log,
		Who: func(ctx context.Context) audit.Who { return authz.From(ctx).Who(0) },
		May: func(ctx context.Context, action string, c *flow.Case) error {
			author, _ := strconv.ParseInt(strings.TrimPrefix(c.Author, "account:"), 10, 64)
			return authority.Decide(authz.From(ctx), authz.Action(action), authz.Scope{Agency: c.Agency, Region: c.Region, Author: author}).Err()
		},
	})
	if err := engine.Register(listing.Table(), flow.Hooks{}); err != nil {
		t.Fatal(err)
	}
	x := &desk{t: t, db: d, clock: c, unit: unit, filed: &filer{}}
	x.Service = listing.New(listing.Config{
		DB: d, IDs: ids, Clock: c, Calendar: clock.DefaultCalendar(), Kinds: book, Subjects: people{}, Agencies: agencies, Authority: authority, Flow: engine, Acts: log, Filer: x.filed, Notices: x,
		Changed: func(_ context.Context, _ *db.Tx, e *listing.Entry) error {
			x.changed = append(x.changed, string(e.State))
			return nil
		},
	})
	return x
}

func (x *desk) as(id int64, strong bool, role authz.Role) context.Context {
	a := authz.Actor{ID: id, Kind: authz.Account, Strong: strong, Session: id, Grants: []authz.Grant{{Role: role, Agency: x.unit.ID}}}
	return authz.With(context.Background(), a)
}

func (x *desk) clerk() context.Context    { return x.as(1, false, authz.Reviewer) }
func (x *desk) approver() context.Context { return x.as(2, true, authz.ListApprover) }
func (x *desk) empower(kind string) {
	x.t.Helper()
	ctx := authz.With(context.Background(), authz.Actor{ID: 9, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.OfficeOperator}}})
	if err := x.Empower(ctx, listing.Decider{Kind: kind, Agency: x.unit.ID, From: 20200101, Basis: "权责清单"}); err != nil {
		x.t.Fatal(err)
	}
}

func (x *desk) propose(kind string) listing.Entry {
	x.t.Helper()
	e, err := x.Propose(x.clerk(), listing.Proposal{Kind: kind, Subject: firm, Agency: x.unit.ID, Cause: "生产销售不符合食品安全标准的食品，被处以较重行政处罚"})
	if err != nil {
		x.t.Fatal(err)
	}
	return e
}

func (x *desk) day(d clock.Date) { x.clock.Set(d.Start().Add(10 * time.Hour)) }

func (x *desk) paper(no string) listing.Document {
	return listing.Document{No: no, On: clock.Today(x.clock)}
}

func (x *desk) decide(ctx context.Context, e listing.Entry) (listing.Entry, error) {
	return x.Decide(ctx, e.ID, listing.Decision{Document: x.paper("临市监列字〔2026〕1号"), Reason: "事实清楚，证据充分"})
}

// revoke takes an entry off as two people do.
func (x *desk) revoke(entry int64) error {
	_, err := x.Leave(x.clerk(), entry, listing.Revoked, "决定被撤销", nil)
	if err == nil {
		_, err = x.Remove(x.approver(), entry, listing.Removal{Document: x.paper("撤1号"), Reason: "决定被撤销"})
	}
	return err
}

// standing gives the lists that the firm stands on at an instant.
func (x *desk) standing(at time.Time) []string {
	x.t.Helper()
	list, err := x.Of(context.Background(), x.db.Read(), firm, at)
	if err != nil {
		x.t.Fatal(err)
	}
	var out []string
	for i := range list {
		out = append(out, list[i].Kind)
	}
	return out
}

const kind = "YZSX-SCJG"

// An entry goes from the proposal by notice and decision onto the list, stands for its time, and ends at the midnight of its last day though nothing ran for
// weeks; what was known at any instant can be asked again.
func TestFromProposalToExpiry(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x := newDesk(t, d)
		x.empower(kind)
		e := x.propose(kind)
		if got := x.standing(time.Time{}); got != nil {
			t.Errorf("a proposal lists: %v", got)
		}
		if _, err := x.decide(x.approver(), e); !errors.Is(err, listing.ErrNotice) {
			t.Errorf("decided without a notice: %v", err)
		}
		if _, err := x.Notify(x.clerk(), e.ID, x.paper("临市监告字〔2026〕1号")); err != nil {
			t.Fatal(err)
		}
		x.day(20260305) // third working day after Monday 2 March: still in time
		if _, err := x.decide(x.approver(), e); !errors.Is(err, listing.ErrNotice) {
			t.Errorf("decided while the notified may state their case: %v", err)
		}
		if _, err := x.Statement(x.clerk(), e.ID, "当事人称已召回产品；经核，不影响列入情形的认定", nil); err != nil {
			t.Fatal(err)
		}
		x.day(20260306)
		if _, err := x.decide(x.clerk(), e); err == nil {
			t.Error("who proposed decided")
		}
		both := authz.With(context.Background(), authz.Actor{ID: 1, Kind: authz.Account, Strong: true, Session: 1, Grants: []authz.Grant{
			{Role: authz.Reviewer, Agency: x.unit.ID}, {Role: authz.ListApprover, Agency: x.unit.ID},
		}})
		if _, err := x.decide(both, e); err == nil || !strings.Contains(err.Error(), "自己") {
			t.Errorf("who proposed decided in another role: %v", err)
		}
		before := x.clock.Now()
		x.clock.Advance(time.Minute)
		e, err := x.decide(x.approver(), e)
		if err != nil {
			t.Fatal(err)
		}
		if e.Until != 20290306 || e.State != listing.Listed || !strings.Contains(e.Law, "第44号") {
			t.Errorf("listed as %+v", e)
		}
		listed := x.clock.Now()
		x.day(20290305)
		if got := x.standing(time.Time{}); len(got) != 1 {
			t.Errorf("on the last day: %v", got)
		}
		x.day(20290420) // the server was down for weeks
		if got := x.standing(time.Time{}); got != nil {
			t.Errorf("after the last day, before anything ran: %v", got)
		}
		if n, err := x.RunDue(context.Background()); n != 1 || err != nil {
			t.Fatalf("%d ended: %v", n, err)
		}
		if e, err = x.Get(context.Background(), d.Read(), e.ID); err != nil || e.RemovedOn != 20290306 || e.RemovedWhy != listing.Expired {
			t.Errorf("ended as %+v: %v", e, err)
		}
		if n, err := x.RunDue(context.Background()); n != 0 || err != nil {
			t.Errorf("ended again: %d, %v", n, err)
		}
		if got := x.standing(before); got != nil {
			t.Errorf("as known before the decision: %v", got)
		}
		if diff := cmp.Diff([]string{kind}, x.standing(listed)); diff != "" {
			t.Errorf("as known at the decision: %s", diff)
		}
		if diff := cmp.Diff([]string{"listed", "removed"}, x.changed); diff != "" {
			t.Errorf("who was told: %s", diff)
		}
		if diff := cmp.Diff([]string{"subject listing.notified", "subject listing.listed", "subject listing.removed"}, x.told); diff != "" {
			t.Errorf("what the subject was told: %s", diff)
		}
	})
}

// Whoever lacks a basis, the power or the right kind of subject is refused, and nobody is proposed twice.
func TestRefusals(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x := newDesk(t, d)
		try := func(kind string, subject int64, ctx context.Context) error {
			_, err := x.Propose(ctx, listing.Proposal{Kind: kind, Subject: subject, Agency: x.unit.ID, Cause: "有列入情形，证据确凿"})
			return err
		}
		if err := try(kind, firm, x.clerk()); !errors.Is(err, listing.ErrDecider) {
			t.Errorf("a unit that is not empowered: %v", err)
		}
		x.empower(kind)
		for name, c := range map[string]struct {
			kind    string
			subject int64
			want    error
		}{
			"no such list":       {"NONE", firm, listing.ErrKind},
			"nobody":             {kind, 999, listing.ErrSubject},
			"a person":           {kind, person, listing.ErrAdmits},
			"incentives, person": {"SX-SXDX", person, listing.ErrAdmits},
		} {
			if err := try(c.kind, c.subject, x.clerk()); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, actor := range map[string]authz.Actor{
			"nobody": {}, "the machine": authz.SystemActor("rating"), "an operator": authz.LocalActor("root"),
			"another unit": {ID: 3, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.Reviewer, Agency: x.unit.ID + 1}}},
		} {
			if err := try(kind, firm, authz.With(context.Background(), actor)); err == nil {
				t.Errorf("%s proposed", name)
			}
		}
		x.propose(kind)
		if err := try(kind, firm, x.clerk()); !errors.Is(err, listing.ErrTwice) {
			t.Errorf("proposed twice: %v", err)
		}
		x.day(20210801) // before the law
		if err := try("YZSX-SCJG", firm, x.clerk()); !errors.Is(err, listing.ErrBasis) {
			t.Errorf("before the basis came into force: %v", err)
		}
	})
}

// A basis that lapses between proposal and decision keeps the entry from being made.
func TestBasisLapsesBeforeTheDecision(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x := newDesk(t, d)
		x.empower(kind)
		e := x.propose(kind)
		if _, err := x.Notify(x.clerk(), e.ID, x.paper("1号")); err != nil {
			t.Fatal(err)
		}
		text := strings.Replace(listing.Shipped, `from = "2021-09-01"`, "from = \"2021-09-01\"\n  until = \"2026-03-05\"", 1)
		err := d.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
			return x.Kinds.Apply(ctx, tx, []byte(text), 20260303, "draft:1")
		})
		if err == nil {
			err = x.Kinds.Refresh(context.Background())
		}
		if err != nil {
			t.Fatal(err)
		}
		x.day(20260310)
		if _, err := x.decide(x.approver(), e); !errors.Is(err, listing.ErrBasis) {
			t.Errorf("decided without a basis in force: %v", err)
		}
		if k, _ := x.Kinds.On(20260302).ByCode(kind); !k.Basis.Until.IsZero() {
			t.Error("the kinds of the day before changed")
		}
	})
}

// Removal needs a way out that the list knows, its time, and a document; the record of an entry that was removed is withdrawn, of one that expired not.
func TestRemovalAndRecords(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x := newDesk(t, d)
		ctx := context.Background()
		x.empower("SX-SXDX")
		x.empower("YZSX-ZFCG") // asks for no notice of its own
		good, bad := x.propose("SX-SXDX"), x.propose("YZSX-ZFCG")
		for _, e := range []listing.Entry{good, bad} {
			if _, err := x.decide(x.approver(), e); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := x.FileDue(ctx); n != 2 || err != nil {
			t.Fatalf("filed %d: %v", n, err)
		}
		if n, err := x.FileDue(ctx); n != 0 || err != nil {
			t.Errorf("filed again: %d, %v", n, err)
		}
		if !strings.HasPrefix(x.filed.rows[1], "YZSX "+market) || !strings.Contains(x.filed.rows[1], `"YZ_YXQZI":"2029-03-01"`) || !strings.Contains(x.filed.rows[1], `"操作标识":"I"`) {
			t.Errorf("filed as %s", x.filed.rows[1])
		}
		for why, want := range map[listing.Why]error{"": listing.ErrWhy, listing.Expired: listing.ErrWhy, listing.Early: listing.ErrEarly} {
			if _, err := x.Leave(x.clerk(), bad.ID, why, "符合移出条件", nil); !errors.Is(err, want) {
				t.Errorf("removal proposed for %q: %v", why, err)
			}
		}
		if _, err := x.Leave(x.clerk(), bad.ID, listing.Revoked, "决定被撤销", nil); err != nil {
			t.Fatal(err)
		}
		if _, err := x.Remove(x.approver(), bad.ID, listing.Removal{Document: x.paper("移出1号"), Why: listing.Repaired, Reason: "符合移出条件"}); !errors.Is(err, listing.ErrWhy) {
			t.Errorf("removed for another reason than was proposed: %v", err)
		}
		if _, err := x.Remove(x.approver(), bad.ID, listing.Removal{Why: listing.Revoked, Reason: "决定被撤销"}); !errors.Is(err, listing.ErrDoc) {
			t.Errorf("removed without a document: %v", err)
		}
		known := x.clock.Now()
		x.day(20260401)
		before := listing.Document{No: "移出1号", On: 20260301}
		if _, err := x.Remove(x.approver(), bad.ID, listing.Removal{Document: before, Reason: "决定被撤销"}); !errors.Is(err, listing.ErrBefore) {
			t.Errorf("removed before it was listed: %v", err)
		}
		if _, err := x.Remove(x.approver(), bad.ID, listing.Removal{Document: x.paper("移出1号"), Why: listing.Revoked, Reason: "决定被撤销"}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"SX-SXDX"}, x.standing(time.Time{})); diff != "" {
			t.Errorf("after the removal: %s", diff)
		}
		if got := x.standing(known); len(got) != 2 {
			t.Errorf("as known before the removal: %v", got)
		}
		if n, err := x.FileDue(ctx); n != 1 || err != nil || !strings.Contains(x.filed.rows[2], `"操作标识":"D"`) {
			t.Errorf("withdrew %d: %v", n, err)
		}
	})
}

// edit puts the shipped kinds with a change in force from a day on.
func (x *desk) edit(on clock.Date, old, instead string) {
	x.t.Helper()
	text := strings.Replace(listing.Shipped, old, instead, 1)
	err := x.db.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error { return x.Kinds.Apply(ctx, tx, []byte(text), on, "draft:1") })
	if err == nil {
		err = x.Kinds.Refresh(context.Background())
	}
	if err != nil {
		x.t.Fatal(err)
	}
}

// A list that loses its basis, or is no longer kept, lets everybody go by itself from that day on, and the record goes with the entry.
func TestListLosesItsBasis(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][2]string{
		"lapses":       {`from = "2003-01-01"`, "from = \"2003-01-01\"\n  until = \"2026-03-05\""},
		"is given up":  {`code = "YZSX-ZFCG"`, `code = "YZSX-OTHER"`},
		"begins later": {`from = "2003-01-01"`, `from = "2027-01-01"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				x, ctx := newDesk(t, d), context.Background()
				x.empower("YZSX-ZFCG")
				e, err := x.decide(x.approver(), x.propose("YZSX-ZFCG"))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := x.FileDue(ctx); err != nil {
					t.Fatal(err)
				}
				x.edit(20260304, change[0], change[1])
				if n, err := x.RunDue(ctx); n != 0 || err != nil {
					t.Fatalf("%d ended before the day: %v", n, err)
				}
				x.day(20260310)
				if n, err := x.RunDue(ctx); n != 1 || err != nil {
					t.Fatalf("%d ended: %v", n, err)
				}
				if e, err = x.Get(ctx, d.Read(), e.ID); err != nil || e.RemovedWhy != listing.Lapsed || x.standing(time.Time{}) != nil {
					t.Errorf("ended as %+v: %v", e, err)
				}
				if n, err := x.FileDue(ctx); n != 1 || err != nil || !strings.Contains(x.filed.rows[1], `"操作标识":"D"`) {
					t.Errorf("withdrew %d: %v", n, err)
				}
			})
		})
	}
}

// An entry that is removed while its record is on its way leaves no record behind.
func TestRemovedWhileFiled(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x, ctx := newDesk(t, d), context.Background()
		x.empower("YZSX-ZFCG")
		e, err := x.decide(x.approver(), x.propose("YZSX-ZFCG"))
		if err != nil {
			t.Fatal(err)
		}
		x.filed.while = func() {
			x.filed.while = nil
			if err := x.revoke(e.ID); err != nil {
				t.Error(err)
			}
		}
		for range 2 {
			if _, err := x.FileDue(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if len(x.filed.rows) != 2 || !strings.Contains(x.filed.rows[1], `"操作标识":"D"`) {
			t.Errorf("filed %v", x.filed.rows)
		}
	})
}

// However many entries wait for something, those behind them are filed, and those that were taken off are withdrawn.
func TestNobodyWaitsForTheStuck(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x, ctx := newDesk(t, d), context.Background()
		known := "欧阳代表"
		x.Representative = func(_ context.Context, code string) (string, error) {
			if strings.HasPrefix(code, "CODE") {
				return "", nil
			}
			return known, nil
		}
		const kind = "YZSX-SCJG"
		x.empower(kind)
		var all []listing.Entry
		for i := range int64(103) {
			who := crowd + i
			if i == 102 {
				who = firm
			}
			e, err := x.Propose(x.clerk(), listing.Proposal{Kind: kind, Subject: who, Agency: x.unit.ID, Cause: "生产销售不符合食品安全标准的食品"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := x.Notify(x.clerk(), e.ID, x.paper("告1号")); err != nil {
				t.Fatal(err)
			}
			all = append(all, e)
		}
		x.day(20260320)
		for i := range all {
			if _, err := x.decide(x.approver(), all[i]); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := x.FileDue(ctx); !errors.Is(err, listing.ErrRepresentative) || len(x.filed.rows) != 1 {
			t.Fatalf("filed %d: %v", len(x.filed.rows), err)
		}
		if err := x.revoke(all[102].ID); err != nil {
			t.Fatal(err)
		}
		if _, err := x.FileDue(ctx); !errors.Is(err, listing.ErrRepresentative) || len(x.filed.rows) != 2 || !strings.Contains(x.filed.rows[1], `"操作标识":"D"`) {
			t.Errorf("the record of an entry that was taken off stays: %v", err)
		}
	})
}

// The record of an entry names who represents the business where a law of that list in force on the day says so, and nobody else; then it waits until the
// name is registered. A withdrawal names nobody and waits for nothing.
func TestRecordNamesTheRepresentativeOnlyByLaw(t *testing.T) {
	t.Parallel()
	const law = "article = \"第三十一条\""
	for name, c := range map[string]struct {
		kind       string
		old, then  string // change of the kinds
		registered string
		want       bool
		wait       bool
	}{
		"named by law":                {kind: "YZSX-SCJG", registered: "欧阳代表", want: true},
		"named by law, not known yet": {kind: "YZSX-SCJG", wait: true},
		"the law is over":             {kind: "YZSX-SCJG", old: law, then: law + "\n  until = \"2026-03-01\"", registered: "欧阳代表"},
		"the law comes later":         {kind: "YZSX-SCJG", old: law, then: law + "\n  from = \"2027-03-01\"", registered: "欧阳代表"},
		"no law":                      {kind: "YZSX-ZFCG", registered: "欧阳代表"},
		"no law, not known":           {kind: "YZSX-ZFCG"},
		"an honour":                   {kind: "SX-SXDX", registered: "欧阳代表"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				x, ctx := newDesk(t, d), context.Background()
				registered := c.registered
				x.Representative = func(context.Context, string) (string, error) { return registered, nil }
				if c.old != "" {
					x.edit(20260302, c.old, c.then)
				}
				x.empower(c.kind)
				e := x.propose(c.kind)
				if _, err := x.Notify(x.clerk(), e.ID, x.paper("告1号")); err != nil {
					t.Fatal(err)
				}
				x.day(20260320)
				e, err := x.decide(x.approver(), e)
				if err != nil {
					t.Fatal(err)
				}
				_, err = x.FileDue(ctx)
				if c.wait != errors.Is(err, listing.ErrRepresentative) || c.wait != (len(x.filed.rows) == 0) {
					t.Fatalf("filed %v: %v", x.filed.rows, err)
				}
				if c.wait {
					registered = "欧阳代表"
					if _, err := x.FileDue(ctx); err != nil {
						t.Fatal(err)
					}
				}
				if got := strings.Contains(x.filed.rows[0], "欧阳代表") && strings.Contains(x.filed.rows[0], "FRDB"); got != (c.want || c.wait) {
					t.Errorf("filed %s", x.filed.rows[0])
				}
				registered = ""
				if err := x.revoke(e.ID); err != nil {
					t.Fatal(err)
				}
				if _, err := x.FileDue(ctx); err != nil || len(x.filed.rows) != 2 || strings.Contains(x.filed.rows[1], "FRDB") {
					t.Errorf("withdrawn as %v: %v", x.filed.rows, err)
				}
			})
		})
	}
}

// A disputed entry says so, as of any instant, until every objection to it is settled; nothing else about it changes.
func TestDispute(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x := newDesk(t, d)
		x.empower("YZSX-ZFCG")
		e, err := x.decide(x.approver(), x.propose("YZSX-ZFCG"))
		if err != nil {
			t.Fatal(err)
		}
		mark := func(entry int64, ref string, on bool) error {
			x.clock.Advance(time.Minute)
			return d.Tx(x.approver(), func(ctx context.Context, tx *db.Tx) error { return x.Dispute(ctx, tx, entry, ref, on) })
		}
		is := func(at time.Time) bool {
			t.Helper()
			got, err := x.Get(context.Background(), d.Read(), e.ID)
			if err != nil {
				t.Fatal(err)
			}
			list, err := x.Of(context.Background(), d.Read(), firm, time.Time{})
			if err != nil || len(list) != 1 || list[0].Disputed(at) != got.Disputed(at) || got.State != listing.Listed {
				t.Fatalf("stands as %+v and %+v: %v", list, got, err)
			}
			return got.Disputed(at)
		}
		if err := mark(e.ID, " ", true); !errors.Is(err, listing.ErrDispute) {
			t.Errorf("a dispute of nobody: %v", err)
		}
		if err := mark(e.ID+1, "objection:1", true); !errors.Is(err, listing.ErrNone) {
			t.Errorf("a dispute of no entry: %v", err)
		}
		before := x.clock.Now()
		for _, step := range []struct {
			ref  string
			on   bool
			want bool
		}{{"objection:1", false, false}, {"objection:1", true, true}, {"objection:1", true, true}, {"objection:2", true, true}, {"objection:1", false, true}, {"objection:2", false, false}, {"objection:2", true, true}} {
			if err := mark(e.ID, step.ref, step.on); err != nil {
				t.Fatal(err)
			}
			if got := is(time.Time{}); got != step.want {
				t.Errorf("%s %v: disputed %v", step.ref, step.on, got)
			}
		}
		if is(before) || !is(before.Add(4*time.Minute)) || is(before.Add(6*time.Minute+time.Second)) || !is(x.clock.Now()) {
			t.Error("what was known of the dispute cannot be asked again")
		}
	})
}
