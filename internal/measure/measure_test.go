package measure_test

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
	"gongxin/internal/measure"
	"gongxin/internal/notice"
	"gongxin/internal/subject"
)

const (
	firm, person = int64(100), int64(101)
	entry        = int64(7) // of the firm on the market list
	personal     = int64(8) // of the person among the defaulters
)

type people struct{}

func (people) ByIDs(context.Context, []int64) (map[int64]subject.Subject, error) {
	return map[int64]subject.Subject{firm: {ID: firm, Kind: catalog.LegalEntity, Code: "91990102MA0A00014H"}, person: {ID: person, Kind: catalog.Person}}, nil
}

// causes are the entries that stand.
type causes map[int64]measure.Cause

func (c causes) Standing(_ context.Context, _ db.Querier, entry int64, on clock.Date) (measure.Cause, bool, error) {
	cause, ok := c[entry]
	return cause, ok && (cause.Until.IsZero() || on < cause.Until), nil
}

// told keeps who was told what.
type told struct{ list []string }

func (n *told) Send(_ context.Context, _ *db.Tx, m notice.Notice) error {
	n.list = append(n.list, m.To.Kind+" "+m.Topic)
	return nil
}

type desk struct {
	*measure.Service
	t                  testing.TB
	db                 *db.DB
	clock              *clock.Manual
	market, court, aid agency.Agency
	causes             causes
	told               *told
}

func newDesk(t testing.TB, d *db.DB) *desk {
	t.Helper()
	ctx := context.Background()
	c := clock.NewManual(time.Date(2026, 3, 2, 10, 0, 0, 0, clock.Zone))
	ids, divisions := id.NewMaker(c.Now), ident.DefaultDivisions()
	agencies := agency.NewStore(d, ids, c, divisions)
	x := &desk{t: t, db: d, clock: c, told: &told{}}
	for code, unit := range map[string]*agency.Agency{"11990100001000010R": &x.market, "11990100001000029H": &x.court, "11990100001000037B": &x.aid} {
		a, err := agencies.Add(ctx, withCheck(code), "单位"+code[14:17], "990100")
		if err != nil {
			t.Fatal(err)
		}
		*unit = a
	}
	log, authority := audit.New(audit.Config{DB: d, IDs: ids, Clock: c}), authz.New(divisions)
	book, err := measure.NewBook(d, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	engine := flow.New(flow.Config{
		DB: d, IDs: ids, Clock: c, Calendar: clock.DefaultCalendar(), Log: log, Periods: measure.Periods(book),
		Who: func(ctx context.Context) audit.Who { return authz.From(ctx).Who(0) },
		May: func(ctx context.Context, action string, c *flow.Case) error {
			author, _ := strconv.ParseInt(strings.TrimPrefix(c.Author, "account:"), 10, 64)
			return authority.Decide(authz.From(ctx), authz.Action(action), authz.Scope{Agency: c.Agency, Region: c.Region, Author: author}).Err()
		},
	})
	matters := agency.NewMatters(agencies, log, nil)
	for code, unit := range map[string]agency.Agency{"ZJ-01": x.aid, "PX-01": x.court} {
		_, _, err := matters.Save(ctx, audit.Who{Kind: "local"}, agency.Matter{
			Code: code, Name: "财政资金项目审核", Agency: unit.ID, Law: "山东省社会信用条例", Article: "第二十条", BasisFrom: 20201001, ValidFrom: 20201001,
			Items: []string{"YZSX"}, Kinds: []string{"legal_entity", "person"},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	x.causes = causes{
		entry:    {Entry: entry, Subject: firm, List: "YZSX-SCJG", Agency: x.market.ID, Until: 20290302},
		personal: {Entry: personal, Subject: person, List: "SXBZXR", Agency: x.market.ID},
	}
	x.Service = measure.New(measure.Config{
		DB: d, IDs: ids, Clock: c, Base: book, Subjects: people{}, Agencies: agencies, Matters: matters, Causes: x.causes, Authority: authority, Flow: engine, Notices: x.told, Acts: log,
	})
	if err := errors.Join(engine.Register(measure.Table(), x.Hooks()), engine.Register(measure.WithdrawTable(), flow.Hooks{})); err != nil {
		t.Fatal(err)
	}
	return x
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

func as(id int64, strong bool, role authz.Role, unit int64) context.Context {
	return authz.With(context.Background(), authz.Actor{ID: id, Kind: authz.Account, Strong: strong, Session: id, Grants: []authz.Grant{{Role: role, Agency: unit}}})
}

func (x *desk) issuer() context.Context { return as(2, true, authz.ListApprover, x.market.ID) }

// second is another person of the unit that issues.
func (x *desk) second() context.Context { return as(12, true, authz.Reviewer, x.market.ID) }

// withdraw takes an order back as two people do.
func (x *desk) withdraw(order int64, why string) error {
	if err := x.AskWithdrawal(x.issuer(), order, why); err != nil {
		return err
	}
	return x.Withdraw(x.second(), order)
}

func (x *desk) clerk(unit agency.Agency) context.Context {
	return as(unit.ID, false, authz.WindowOfficer, unit.ID)
}

func (x *desk) lists(matter string, lists, measures []string) error {
	return x.SaveMatter(as(9, false, authz.OfficeOperator, 0), measure.MatterLists{Matter: matter, Lists: lists, Measures: measures, Must: true, From: 20260101})
}

func (x *desk) issue() measure.Order {
	x.t.Helper()
	if err := x.lists("ZJ-01", []string{"YZSX-SCJG"}, []string{"CF-21-01"}); err != nil {
		x.t.Fatal(err)
	}
	o, err := x.Issue(x.issuer(), measure.Issue{Entry: entry, Measure: "CF-21-01", Reason: "列入严重违法失信名单"})
	if err != nil {
		x.t.Fatal(err)
	}
	return o
}

func (x *desk) tasks(order int64) []measure.Task {
	x.t.Helper()
	list, err := x.Tasks(context.Background(), measure.Filter{Order: order})
	if err != nil {
		x.t.Fatal(err)
	}
	return list
}

func (x *desk) put(text string, on clock.Date) {
	x.t.Helper()
	err := x.db.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error { return x.Base.Apply(ctx, tx, []byte(text), on, "draft:1") })
	if err == nil {
		err = x.Base.Refresh(context.Background())
	}
	if err != nil {
		x.t.Fatal(err)
	}
}

// The loop closes: pushed, responded, fed back, recalled when the entry is removed, acknowledged; the subject and the units are told at each turn.
func TestJointActionClosesItsLoop(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x := newDesk(t, d)
		o := x.issue()
		list := x.tasks(o.ID)
		if len(list) != 1 || list[0].Agency != x.aid.ID || list[0].State != "pushed" || o.Until != 20290302 {
			t.Fatalf("order %+v with tasks %+v", o, list)
		}
		task := list[0].ID
		if _, err := x.Respond(x.clerk(x.court), task); err == nil {
			t.Error("another unit responded")
		}
		if _, err := x.Respond(x.clerk(x.aid), task); err != nil {
			t.Fatal(err)
		}
		for name, f := range map[string]measure.Feedback{
			"nothing": {}, "executed without a day": {Result: measure.Executed, Reason: "已取消资格"}, "not executed without a reason": {Result: measure.NotExecuted},
			"executed tomorrow": {Result: measure.Executed, Reason: "已取消资格", ExecutedOn: 20260303},
		} {
			if _, err := x.Feedback(x.clerk(x.aid), task, f); err == nil {
				t.Errorf("%s was taken", name)
			}
		}
		if _, err := x.Feedback(x.clerk(x.aid), task, measure.Feedback{Result: measure.Executed, Reason: "取消项目申报资格", CaseNo: "2026-17", ExecutedOn: 20260302}); err != nil {
			t.Fatal(err)
		}
		if _, err := x.Release(x.clerk(x.aid), task); err == nil {
			t.Error("released what was not recalled")
		}
		delete(x.causes, entry)
		err := d.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error { return x.CauseEnded(ctx, tx, entry, "提前移出") })
		if err != nil {
			t.Fatal(err)
		}
		if list = x.tasks(o.ID); list[0].State != "recalled" {
			t.Fatalf("after the removal: %+v", list[0])
		}
		if _, err := x.Release(x.clerk(x.aid), task); err != nil {
			t.Fatal(err)
		}
		if o, err = x.Order(context.Background(), d.Read(), o.ID); err != nil || o.State != measure.Released || o.RecallWhy != measure.CauseEnded {
			t.Errorf("%+v: %v", o, err)
		}
		want := []string{"agency measure.pushed", "subject measure.issued", "agency measure.recalled", "subject measure.recalled", "subject measure.released"}
		if diff := cmp.Diff(want, x.told.list); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		got, err := x.Tallies(context.Background())
		if diff := cmp.Diff([]measure.Tally{{Agency: x.aid.ID, Measure: o.Measure, State: "released", Result: measure.Executed, N: 1, InTime: 1}}, got); diff != "" || err != nil {
			t.Errorf("tallies: %s %v", diff, err)
		}
	})
}

// An order needs a valid row that names the list and the kind of subject, a standing entry, and the unit that decided on it.
func TestIssueRefuses(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x := newDesk(t, d)
		if err := x.lists("ZJ-01", []string{"YZSX-SCJG", "SXBZXR"}, []string{"CF-21-01", "CF-22-01"}); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			in   measure.Issue
			ctx  context.Context
			want error
		}{
			"no such row":             {measure.Issue{Entry: entry, Measure: "CF-99-99"}, x.issuer(), measure.ErrRow},
			"no entry":                {measure.Issue{Entry: 99, Measure: "CF-21-01"}, x.issuer(), measure.ErrCause},
			"another list":            {measure.Issue{Entry: entry, Measure: "CF-11-01"}, x.issuer(), measure.ErrTarget},
			"a person":                {measure.Issue{Entry: personal, Measure: "CF-22-01"}, x.issuer(), measure.ErrTarget},
			"no matter has it":        {measure.Issue{Entry: entry, Measure: "CF-24-01", Reason: "列入名单"}, x.issuer(), measure.ErrNobody},
			"without a reason":        {measure.Issue{Entry: entry, Measure: "CF-21-01"}, x.issuer(), flow.ErrReason},
			"longer than the entry":   {measure.Issue{Entry: entry, Measure: "CF-21-01", Reason: "列入名单", Until: 20300101}, x.issuer(), measure.ErrUntil},
			"another unit":            {measure.Issue{Entry: entry, Measure: "CF-21-01", Reason: "列入名单"}, as(3, true, authz.ListApprover, x.aid.ID), nil},
			"without a second factor": {measure.Issue{Entry: entry, Measure: "CF-21-01", Reason: "列入名单"}, as(3, false, authz.ListApprover, x.market.ID), nil},
			"the machine":             {measure.Issue{Entry: entry, Measure: "CF-21-01", Reason: "列入名单"}, authz.With(context.Background(), authz.SystemActor("rating")), nil},
		} {
			_, err := x.Issue(c.ctx, c.in)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if list, err := x.Orders(context.Background(), measure.Filter{}); len(list) != 0 || err != nil {
			t.Errorf("left behind: %v, %v", list, err)
		}
		o := x.issue()
		if _, err := x.Issue(x.issuer(), measure.Issue{Entry: entry, Measure: "CF-21-01", Reason: "列入名单"}); !errors.Is(err, measure.ErrTwice) {
			t.Errorf("issued twice: %v", err)
		}
		if err := x.AskWithdrawal(as(3, true, authz.ListApprover, x.aid.ID), o.ID, "发错了"); err == nil {
			t.Error("another unit asks to take it back")
		}
		if _, err := x.Issue(as(3, true, authz.ListApprover, x.aid.ID), measure.Issue{Entry: entry, Measure: "CF-21-01", Reason: "列入名单"}); !errors.Is(err, authz.ErrDenied) {
			t.Errorf("another unit learns that there is an order: %v", err)
		}
		if err := x.AskWithdrawal(x.issuer(), o.ID, "发给11010519491231002X的发错了"); !errors.Is(err, flow.ErrPersonal) {
			t.Errorf("withdrawn with the number of a resident: %v", err)
		}
		if err := x.withdraw(o.ID, "发错了"); err != nil {
			t.Error(err)
		}
	})
}

// counted counts how often entries are asked about.
type counted struct {
	causes
	asked *int
}

func (c counted) Standing(ctx context.Context, q db.Querier, entry int64, on clock.Date) (measure.Cause, bool, error) {
	*c.asked++
	return c.causes.Standing(ctx, q, entry, on)
}

// The job asks about an entry once, however many orders rest on it, and recalls all of them when it has ended.
func TestDueAsksOncePerEntry(t *testing.T) {
	t.Parallel()
	x := newDesk(t, dbtest.SQLite(t))
	x.issue()
	if err := x.lists("ZJ-01", []string{"YZSX-SCJG"}, []string{"CF-21-01", "CF-22-01"}); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Issue(x.issuer(), measure.Issue{Entry: entry, Measure: "CF-22-01", Reason: "列入名单"}); err != nil {
		t.Fatal(err)
	}
	asked := 0
	x.Causes = counted{x.causes, &asked}
	if n, err := x.RunDue(context.Background()); n != 0 || err != nil || asked != 1 {
		t.Errorf("recalled %d, asked %d times: %v", n, asked, err)
	}
	delete(x.causes, entry)
	if n, err := x.RunDue(context.Background()); n != 2 || err != nil {
		t.Errorf("recalled %d of 2: %v", n, err)
	}
}

// A row that leaves the list, a basis that lapses, and the end of the entry or of the order stop what rests on them, once, however late the job runs.
func TestWhatLosesItsBasisIsRecalled(t *testing.T) {
	t.Parallel()
	text := func(change func(string) string) string { return change(measure.Shipped()) }
	for name, c := range map[string]struct {
		lose func(x *desk)
		want measure.RecallWhy
	}{
		"row leaves": {func(x *desk) {
			x.put(text(func(s string) string { return strings.Replace(s, "CF-21-01", "CF-21-77", 1) }), 20260303)
		}, measure.RowEnded},
		"basis lapses": {func(x *desk) {
			x.put(text(func(s string) string {
				return strings.Replace(s, `content = "限制申请财政性资金项目"`, "content = \"限制申请财政性资金项目\"\nuntil = \"2026-03-04\"", 1)
			}), 20260303)
		}, measure.RowEnded},
		"entry removed": {func(x *desk) { delete(x.causes, entry) }, measure.CauseEnded},
		"entry expires": {func(x *desk) { x.clock.Set(clock.Date(20290401).Start()) }, measure.TimeEnded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				x := newDesk(t, d)
				o := x.issue()
				if n, err := x.RunDue(context.Background()); n != 0 || err != nil {
					t.Fatalf("recalled %d too early: %v", n, err)
				}
				c.lose(x)
				x.clock.Advance(49 * time.Hour)
				if n, err := x.RunDue(context.Background()); n != 1 || err != nil {
					t.Fatalf("recalled %d: %v", n, err)
				}
				if n, err := x.RunDue(context.Background()); n != 0 || err != nil {
					t.Errorf("recalled again: %d, %v", n, err)
				}
				o, err := x.Order(context.Background(), d.Read(), o.ID)
				if err != nil || o.RecallWhy != c.want || o.State != measure.Recalled {
					t.Errorf("%+v: %v", o, err)
				}
			})
		})
	}
}

// What a matter may apply is cut by its own lists, the base list of the day, and the kind of subject; persons only where the national row names them.
func TestAllowed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x := newDesk(t, d)
		ctx := context.Background()
		if err := x.lists("ZJ-01", []string{"YZSX-SCJG", "SXBZXR", "SX-SXDX"}, []string{"CF-21-01", "CF-12-01", "CF-13-01", "JL-92-01"}); err != nil {
			t.Fatal(err)
		}
		allowed := func(matter string, kind catalog.SubjectKind, on clock.Date, known time.Time, lists ...string) string {
			t.Helper()
			list, err := x.Allowed(ctx, d.Read(), matter, kind, lists, on, known)
			if err != nil {
				t.Fatal(err)
			}
			var codes []string
			for _, a := range list {
				codes = append(codes, a.Measure)
			}
			return strings.Join(codes, " ")
		}
		now := time.Time{}
		for _, c := range []struct{ got, want string }{
			{allowed("ZJ-01", catalog.LegalEntity, 20260302, now, "YZSX-SCJG"), "CF-21-01"},
			{allowed("ZJ-01", catalog.LegalEntity, 20260302, now, "SXBZXR", "SX-SXDX"), "CF-13-01 CF-21-01 JL-92-01"},
			{allowed("ZJ-01", catalog.Person, 20260302, now, "SXBZXR"), "CF-12-01 CF-13-01"},
			{allowed("ZJ-01", catalog.LegalEntity, 20260302, now, "YZSX-WHLY"), ""},
			{allowed("ZJ-01", catalog.LegalEntity, 20260302, now), ""},
			{allowed("ZJ-01", catalog.LegalEntity, 20251231, now, "YZSX-SCJG"), ""}, // before the matter's lists held
			{allowed("PX-01", catalog.LegalEntity, 20260302, now, "YZSX-SCJG"), ""}, // a matter without lists
			{allowed("ZJ-01", catalog.LegalEntity, 20260302, x.clock.Now().Add(-time.Hour), "YZSX-SCJG"), ""},
		} {
			if c.got != c.want {
				t.Errorf("allowed %q, want %q", c.got, c.want)
			}
		}
		if err := x.lists("PX-01", []string{"JYYC"}, []string{"CF-21-01"}); !errors.Is(err, measure.ErrMatter) {
			t.Errorf("a measure that no list of the matter leads to: %v", err)
		}
	})
}
