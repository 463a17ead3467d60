package approval_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gongxin/internal/approval"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/id"
	"gongxin/internal/publish"
)

// office is a service over the real catalogue, calendars and rules, with a clock that the test sets.
type office struct {
	*approval.Service
	db    *db.DB
	clock *clock.Manual
	log   *audit.Log
	store *catalog.Store
	rules *publish.Rules
}

func newOffice(t testing.TB, d *db.DB) *office {
	t.Helper()
	c := clock.NewManual(time.Date(2026, 11, 18, 10, 0, 0, 0, clock.Zone))
	ids := id.NewMaker(c.Now)
	rules, err := publish.DefaultRules()
	must(t, err)
	o := &office{db: d, clock: c, log: audit.New(audit.Config{DB: d, IDs: ids, Clock: c}), rules: rules}
	o.Service = approval.New(approval.Config{DB: d, IDs: ids, Clock: c, Authority: authz.New(nil), Acts: o.log})
	o.Register(approval.Calendar, &catalog.Years{DB: d, Clock: c})
	o.Register(approval.Rules, &publish.RuleSets{DB: d, Rules: rules, Clock: c, Used: func() []string { return []string{"penalty"} }})
	return o
}

// withCatalog lets the office draft editions too, which takes long to open.
func (o *office) withCatalog(t testing.TB) *office {
	t.Helper()
	var err error
	o.store, err = catalog.OpenStore(context.Background(), o.db, o.clock.Now())
	must(t, err)
	o.Register(approval.Catalog, &catalog.Editions{DB: o.db, Store: o.store, Clock: o.clock})
	return o
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// as is a context of an account; its second factor was given unless weak.
func as(account int64, role authz.Role) context.Context {
	return authz.With(context.Background(), authz.Actor{ID: account, Kind: authz.Account, Strong: true, Session: 3, Address: "10.0.0.9", Grants: []authz.Grant{{Role: role}}})
}

var (
	author   = as(1, authz.OfficeOperator)
	approver = as(2, authz.ListApprover)
	stranger = as(3, authz.FilingClerk)
)

// holidays is a table of 2027 whose first day off has a name.
func holidays(name string) []byte {
	return []byte(fmt.Sprintf("year = 2027\ndocument = \"国办发明电〔2026〕9号\"\nissued = \"2026-11-04\"\nwork = []\n[[off]]\nname = %q\nfrom = \"2027-01-01\"\nto = \"2027-01-03\"\n", name))
}

func day(s string) clock.Date {
	d, err := clock.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// submitted drafts a holiday table and hands it in.
func (o *office) submitted(t testing.TB, in approval.Input) *approval.Draft {
	t.Helper()
	d, err := o.Create(author, in)
	must(t, err)
	must(t, o.Submit(author, d.ID))
	return d
}

func (o *office) state(t testing.TB, draft int64) *approval.Draft {
	t.Helper()
	d, err := o.Get(author, draft)
	must(t, err)
	return d
}

var newYear = approval.Input{Kind: approval.Calendar, Title: "2027年节假日", Content: holidays("元旦"), EffectiveOn: day("2026-12-01")}

func TestFromDraftToItsDay(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		draft := o.submitted(t, newYear)
		got := o.state(t, draft.ID)
		if got.State != approval.Submitted || !strings.Contains(got.Diff, "2027-01-01：平常日 改为 放假（元旦）") || got.Base == "" || got.Author != 1 || !bytes.Equal(got.Content, newYear.Content) {
			t.Fatalf("submitted: %+v", got)
		}
		must(t, o.Approve(approver, draft.ID))
		if n, err := o.ApplyDue(context.Background()); n != 0 || err != nil {
			t.Fatalf("before its day: %d, %v", n, err)
		}
		if c, err := catalog.Calendars(context.Background(), d.Read()); err != nil || c.Covers(2027) {
			t.Fatalf("in force before its day: %v", err)
		}
		o.clock.Set(time.Date(2026, 12, 1, 0, 0, 1, 0, clock.Zone))
		if n, err := o.ApplyDue(context.Background()); n != 1 || err != nil {
			t.Fatalf("on its day: %d, %v", n, err)
		}
		if n, err := o.ApplyDue(context.Background()); n != 0 || err != nil {
			t.Fatalf("again: %d, %v", n, err)
		}
		c, err := catalog.Calendars(context.Background(), d.Read())
		if err != nil || !c.Covers(2027) || c.HolidayName(day("2027-01-02")) != "元旦" {
			t.Fatalf("not in force: %v", err)
		}
		if got := o.state(t, draft.ID); got.State != approval.Applied || got.Approver != 2 || got.AppliedAt.IsZero() {
			t.Errorf("applied: %+v", got)
		}
		var steps []string
		must(t, o.log.EachAct(context.Background(), func(e *audit.ActEntry) error {
			steps = append(steps, e.Who.String()+" "+e.Action)
			if e.Entity != fmt.Sprintf("draft:%d", draft.ID) || strings.Contains(e.Detail, "节假日") || !strings.Contains(e.Detail, got.Hash) {
				t.Errorf("act %+v", e)
			}
			return nil
		}))
		want := []string{"account:1 approval.draft", "account:1 approval.submit", "account:2 approval.approve", "system:0 approval.apply"}
		if diff := cmp.Diff(want, steps); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	o := newOffice(t, dbtest.SQLite(t))
	weak := authz.With(context.Background(), authz.Actor{ID: 2, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.ListApprover}}})
	part := authz.With(context.Background(), authz.Actor{ID: 2, Kind: authz.Account, Strong: true, Grants: []authz.Grant{{Role: authz.ListApprover, Region: "990102"}}})
	draft := o.submitted(t, newYear)
	both := authz.With(context.Background(), authz.Actor{ID: 1, Kind: authz.Account, Strong: true, Grants: []authz.Grant{{Role: authz.OfficeOperator}, {Role: authz.ListApprover}}})
	for name, ctx := range map[string]context.Context{
		"the author": author, "the author as approver": both, "somebody": stranger, "nobody": context.Background(), "without second factor": weak,
		"of a district": part, "a command": authz.With(context.Background(), authz.LocalActor("draft")), "a job": authz.With(context.Background(), authz.SystemActor("x")),
	} {
		if err := o.Approve(ctx, draft.ID); fault.KindOf(err) != fault.Denied {
			t.Errorf("%s approves: %v", name, err)
		}
		if err := o.Reject(ctx, draft.ID, "不行"); fault.KindOf(err) != fault.Denied {
			t.Errorf("%s rejects: %v", name, err)
		}
	}
	if _, err := o.Create(stranger, newYear); fault.KindOf(err) != fault.Denied {
		t.Errorf("a clerk drafts: %v", err)
	}
	if _, err := o.Get(stranger, draft.ID); fault.KindOf(err) != fault.Denied {
		t.Errorf("a clerk reads: %v", err)
	}
	if _, err := o.List(stranger, approval.Filter{}); fault.KindOf(err) != fault.Denied {
		t.Errorf("a clerk lists: %v", err)
	}
	if err := o.Withdraw(approver, draft.ID); fault.KindOf(err) != fault.Denied {
		t.Errorf("another withdraws: %v", err)
	}
	mine, err := o.Create(author, newYear)
	must(t, err)
	for name, ctx := range map[string]context.Context{"another": as(4, authz.OfficeOperator), "a command": authz.With(context.Background(), authz.LocalActor("draft"))} {
		if err := o.Submit(ctx, mine.ID); fault.KindOf(err) != fault.Denied {
			t.Errorf("%s submits: %v", name, err)
		}
		if err := o.Revise(ctx, mine.ID, newYear); fault.KindOf(err) != fault.Denied {
			t.Errorf("%s revises: %v", name, err)
		}
	}
}

// The table itself refuses what the code above it must not let through.
func TestTableKeepsDutiesApart(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		draft := o.submitted(t, newYear)
		for name, statement := range map[string]string{
			"approved by its author": `UPDATE approval_draft SET approver = author, state = 'approved' WHERE draft_id = $1`,
			"approved by nobody":     `UPDATE approval_draft SET state = 'approved' WHERE draft_id = $1`,
			"applied by nobody":      `UPDATE approval_draft SET state = 'applied' WHERE draft_id = $1`,
			"the author changed":     `UPDATE approval_draft SET approver = 2, author = 2 WHERE draft_id = $1`,
			"no author":              `UPDATE approval_draft SET author = 0 WHERE draft_id = $1`,
		} {
			err := d.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.ExecContext(ctx, statement, draft.ID)
				return err
			})
			if err == nil {
				t.Errorf("%s: the table takes it", name)
			}
		}
	})
}

// Every state meets every step: allowed, or a conflict.
func TestStates(t *testing.T) {
	t.Parallel()
	o := newOffice(t, dbtest.SQLite(t))
	reach := map[approval.State]func(int64){
		approval.Drafted:   func(int64) {},
		approval.Submitted: func(n int64) { must(t, o.Submit(author, n)) },
		approval.Approved:  func(n int64) { must(t, o.Submit(author, n)); must(t, o.Approve(approver, n)) },
		approval.Rejected:  func(n int64) { must(t, o.Submit(author, n)); must(t, o.Reject(approver, n, "依据不对")) },
		approval.Withdrawn: func(n int64) { must(t, o.Withdraw(author, n)) },
	}
	steps := map[string]func(int64) error{
		"revise":   func(n int64) error { return o.Revise(author, n, newYear) },
		"submit":   func(n int64) error { return o.Submit(author, n) },
		"approve":  func(n int64) error { return o.Approve(approver, n) },
		"reject":   func(n int64) error { return o.Reject(approver, n, "依据不对") },
		"withdraw": func(n int64) error { return o.Withdraw(author, n) },
	}
	allowed := map[approval.State][]string{
		approval.Drafted: {"revise", "submit", "withdraw"}, approval.Submitted: {"approve", "reject", "withdraw"}, approval.Approved: {"withdraw"},
	}
	for state, to := range reach {
		for name, step := range steps {
			d, err := o.Create(author, newYear)
			must(t, err)
			to(d.ID)
			if got := o.state(t, d.ID).State; got != state {
				t.Fatalf("reached %s, want %s", got, state)
			}
			err = step(d.ID)
			switch want := slices.Contains(allowed[state], name); {
			case want && err != nil:
				t.Errorf("%s in %s: %v", name, state, err)
			case !want && !errors.Is(err, approval.ErrState):
				t.Errorf("%s in %s: %v, want a conflict", name, state, err)
			}
			if s := o.state(t, d.ID).State; s == approval.Drafted || s == approval.Submitted || s == approval.Approved {
				must(t, o.Withdraw(author, d.ID)) // makes room: only one of a base is approved
			}
		}
	}
	if err := o.Submit(author, 12345); !errors.Is(err, approval.ErrNone) {
		t.Errorf("a draft that is not there: %v", err)
	}
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	o := newOffice(t, dbtest.SQLite(t)).withCatalog(t)
	with := func(change func(*approval.Input)) approval.Input {
		in := newYear
		change(&in)
		return in
	}
	for _, c := range []struct {
		name string
		in   approval.Input
		want error
	}{
		{"no title", with(func(in *approval.Input) { in.Title = " " }), approval.ErrTitle},
		{"a person's number", with(func(in *approval.Input) { in.Title = "关于11010519491231002X" }), flow.ErrPersonal},
		{"a long title", with(func(in *approval.Input) { in.Title = strings.Repeat("长", 101) }), approval.ErrTitle},
		{"too large", with(func(in *approval.Input) { in.Content = make([]byte, 4<<20+1) }), approval.ErrLarge},
		{"no such kind", with(func(in *approval.Input) { in.Kind = "tax" }), approval.ErrKind},
		{"nobody applies it here", with(func(in *approval.Input) { in.Kind = approval.Measures }), approval.ErrKind},
	} {
		if _, err := o.Create(author, c.in); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	embedded, _ := clockFile()
	for _, c := range []struct {
		name string
		in   approval.Input
		code string
	}{
		{"the past", with(func(in *approval.Input) { in.EffectiveOn = day("2026-11-17") }), "approval.past"},
		{"no day", with(func(in *approval.Input) { in.EffectiveOn = 0 }), "approval.day"},
		{"nothing", with(func(in *approval.Input) { in.Content = nil }), "approval.empty"},
		{"no table", with(func(in *approval.Input) { in.Content = []byte("year = 2027") }), "clock.calendar"},
		{"what holds already", with(func(in *approval.Input) { in.Content = embedded }), "approval.same"},
		{"rules without what the catalogue asks for", approval.Input{Kind: approval.Rules, Title: "x", Content: []byte("a = 1"), EffectiveOn: day("2026-12-01")}, "publish.rules"},
		{"no archive", approval.Input{Kind: approval.Catalog, Title: "x", Content: []byte("PK"), EffectiveOn: day("2026-12-01")}, "catalog.draft"},
	} {
		d, err := o.Create(author, c.in)
		must(t, err)
		var f *fault.Error
		if err := o.Submit(author, d.ID); !errors.As(err, &f) || f.Code != c.code || f.Message == "" {
			t.Errorf("%s: %v", c.name, err)
		}
		if s := o.state(t, d.ID).State; s != approval.Drafted {
			t.Errorf("%s: now %s", c.name, s)
		}
	}
	draft := o.submitted(t, newYear)
	for _, why := range []string{"", "  ", strings.Repeat("长", 501)} {
		if err := o.Reject(approver, draft.ID, why); !errors.Is(err, approval.ErrWhy) {
			t.Errorf("rejected with %q: %v", why, err)
		}
	}
	if err := o.Reject(approver, draft.ID, "请问 110105-19491231-002X"); !errors.Is(err, flow.ErrPersonal) {
		t.Errorf("rejected with a person's number: %v", err)
	}
	o.clock.Set(time.Date(2026, 12, 2, 9, 0, 0, 0, clock.Zone))
	if err := o.Approve(approver, draft.ID); !errors.Is(err, approval.ErrPast) {
		t.Errorf("approved behind its day: %v", err)
	}
}

// clockFile writes the table of 2026 that ships with the program.
func clockFile() ([]byte, error) {
	var b bytes.Buffer
	for _, y := range clock.DefaultCalendar().Years() {
		if y.Year != 2026 {
			continue
		}
		fmt.Fprintf(&b, "year = 2026\ndocument = %q\nissued = %q\nwork = [", y.Document, y.Issued.String())
		for _, d := range y.Work {
			fmt.Fprintf(&b, "%q, ", d.String())
		}
		b.WriteString("]\n")
		for _, off := range y.Off {
			fmt.Fprintf(&b, "[[off]]\nname = %q\nfrom = %q\nto = %q\n", off.Name, off.From.String(), off.To.String())
		}
	}
	return b.Bytes(), nil
}

// Two drafts of the same content exclude each other, before approval, while one waits, and on the day itself.
func TestTheSameBase(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		second := newYear
		second.Content = holidays("新年")
		a, b := o.submitted(t, newYear), o.submitted(t, second)
		must(t, o.Approve(approver, a.ID))
		if err := o.Approve(approver, b.ID); !errors.Is(err, approval.ErrOverlaps) {
			t.Fatalf("both wait: %v", err)
		}
		o.clock.Set(time.Date(2026, 12, 1, 8, 0, 0, 0, clock.Zone))
		if n, err := o.ApplyDue(context.Background()); n != 1 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		if err := o.Approve(approver, b.ID); !errors.Is(err, approval.ErrBase) {
			t.Fatalf("approved on what is gone: %v", err)
		}
		third := newYear
		third.Content, third.EffectiveOn = holidays("一月一日"), day("2026-12-05")
		c := o.submitted(t, third)
		must(t, o.Approve(approver, c.ID))
		if _, err := catalog.SaveCalendar(context.Background(), d, string(holidays("别的")), "operator", o.clock.Now()); err != nil {
			t.Fatal(err)
		}
		o.clock.Set(time.Date(2026, 12, 5, 8, 0, 0, 0, clock.Zone))
		if n, err := o.ApplyDue(context.Background()); n != 0 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		if got := o.state(t, c.ID); got.State != approval.Rejected || !strings.Contains(got.Why, "没有施行") || got.Approver != 2 {
			t.Errorf("given back: %+v", got)
		}
		if years, err := catalog.Calendars(context.Background(), d.Read()); err != nil || years.HolidayName(day("2027-01-01")) != "别的" {
			t.Errorf("overwritten: %v", err)
		}
	})
}

func TestRuleSetsAndEditions(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d).withCatalog(t)
		text := strings.ReplaceAll(defaultRules(t), "minor = { public = false", "minor = { public = true")
		sets := strings.Count(text, "minor = { public = true")
		rules := o.submitted(t, approval.Input{Kind: approval.Rules, Title: "轻微公示", Content: []byte(text), EffectiveOn: day("2026-11-20")})
		if diff := o.state(t, rules.ID).Diff; !strings.Contains(diff, "- minor = { public = false") || !strings.Contains(diff, "+ minor = { public = true") || sets == 0 || strings.Count(diff, "\n") != 2*sets {
			t.Errorf("diff of rules:\n%s", diff)
		}
		edition := o.submitted(t, approval.Input{Kind: approval.Catalog, Title: "新目录", Content: nextEdition(t, "2027.1", "2026-11-21"), EffectiveOn: day("2026-11-21")})
		if diff := o.state(t, edition.ID).Diff; !strings.Contains(diff, "修改 事项 XZCF name：") {
			t.Errorf("diff of editions:\n%s", diff)
		}
		must(t, o.Approve(approver, rules.ID))
		must(t, o.Approve(approver, edition.ID))
		other, err := publish.DefaultRules() // of another process
		must(t, err)
		for _, c := range []struct {
			day             int
			rules, editions bool
		}{{19, false, false}, {20, true, false}, {21, true, true}} {
			o.clock.Set(time.Date(2026, 11, c.day, 1, 0, 0, 0, clock.Zone))
			if _, err := o.ApplyDue(context.Background()); err != nil {
				t.Fatal(err)
			}
			must(t, other.Refresh(context.Background(), d.Read(), clock.Today(o.clock)))
			for _, r := range []*publish.Rules{o.rules, other} {
				w := r.Window(publish.Matter{Rule: "penalty", DecidedOn: day("2026-11-01"), Kinds: []string{"警告"}})
				if w.Public != c.rules {
					t.Errorf("on day %d: minor penalties shown: %+v", c.day, w)
				}
			}
			if got := o.store.Current(clock.Today(o.clock)).ID == "2027.1"; got != c.editions {
				t.Errorf("on day %d: new edition in force %v", c.day, got)
			}
		}
	})
}

func defaultRules(t testing.TB) string {
	t.Helper()
	text, err := publish.DefaultRulesText()
	must(t, err)
	return string(text)
}

// nextEdition is the shipped edition with another number, day and name of an item.
func nextEdition(t testing.TB, number, from string) []byte {
	t.Helper()
	was := catalog.Default()
	files := fstest.MapFS{}
	for _, name := range was.FileNames() {
		text, _ := was.File(name)
		switch name {
		case "edition.toml":
			text = bytes.ReplaceAll(text, []byte(was.ID), []byte(number))
			text = bytes.ReplaceAll(text, []byte(was.EffectiveFrom.String()), []byte(from))
		default:
			text = bytes.Replace(text, []byte(`name = "行政处罚"`), []byte(`name = "行政处罚（新）"`), 1)
		}
		files[name] = &fstest.MapFile{Data: text}
	}
	e, err := catalog.Load(files)
	must(t, err)
	raw, err := e.Archive()
	must(t, err)
	return raw
}

// Whatever people try in whatever order, nothing is in force that somebody else than its author did not approve, nor before its day.
func TestPropertyNothingPassesAlone(t *testing.T) {
	t.Parallel()
	o := newOffice(t, dbtest.SQLite(t))
	rapid.Check(t, func(rt *rapid.T) {
		var drafts []int64
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			who := authz.With(context.Background(), authz.Actor{
				ID: rapid.Int64Range(1, 3).Draw(rt, "who"), Kind: authz.Account, Strong: rapid.Bool().Draw(rt, "strong"),
				Grants: []authz.Grant{{Role: rapid.SampledFrom([]authz.Role{authz.OfficeOperator, authz.ListApprover, authz.SystemAdmin, authz.Auditor}).Draw(rt, "role")}},
			})
			if len(drafts) == 0 || rapid.IntRange(0, 4).Draw(rt, "new") == 0 {
				in := newYear
				in.Content = holidays(rapid.SampledFrom([]string{"元旦", "新年", "一月"}).Draw(rt, "name"))
				in.EffectiveOn = clock.Today(o.clock).AddDays(rapid.IntRange(-1, 3).Draw(rt, "day"))
				if d, err := o.Create(who, in); err == nil {
					drafts = append(drafts, d.ID)
				}
				continue
			}
			n := rapid.SampledFrom(drafts).Draw(rt, "draft")
			switch rapid.IntRange(0, 5).Draw(rt, "step") {
			case 0:
				_ = o.Submit(who, n)
			case 1:
				_ = o.Approve(who, n)
			case 2:
				_ = o.Reject(who, n, "再想想")
			case 3:
				_ = o.Withdraw(who, n)
			case 4:
				o.clock.Advance(24 * time.Hour)
			default:
				if _, err := o.ApplyDue(context.Background()); err != nil {
					rt.Fatal(err)
				}
			}
		}
		for _, n := range drafts {
			d := o.state(t, n)
			if (d.State == approval.Approved || d.State == approval.Applied) && (d.Approver <= 0 || d.Approver == d.Author || d.DecidedAt.IsZero()) {
				rt.Fatalf("passed alone: %+v", d)
			}
			if d.State == approval.Applied && clock.DateOf(d.AppliedAt) < d.EffectiveOn {
				rt.Fatalf("in force before its day: %+v", d)
			}
			if d.State == approval.Submitted || d.State == approval.Drafted || d.State == approval.Approved {
				_ = o.Withdraw(authz.With(context.Background(), authz.LocalActor("tidy")), n)
			}
		}
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		var want []int64
		for range 5 {
			draft, err := o.Create(author, newYear)
			must(t, err)
			want = append([]int64{draft.ID}, want...)
		}
		must(t, o.Submit(author, want[0]))
		page, err := o.List(as(9, authz.Auditor), approval.Filter{Limit: 2})
		must(t, err)
		if len(page) != 2 || page[0].ID != want[0] || page[1].ID != want[1] || page[0].Content != nil {
			t.Fatalf("first page: %+v", page)
		}
		rest, err := o.List(author, approval.Filter{Kind: approval.Calendar, State: approval.Drafted, After: page[1].ID})
		must(t, err)
		if len(rest) != 3 || rest[0].ID != want[2] {
			t.Errorf("the rest: %+v", rest)
		}
		if none, err := o.List(author, approval.Filter{Kind: approval.Rules}); err != nil || len(none) != 0 {
			t.Errorf("of rules: %v, %v", none, err)
		}
	})
}
