package objection_test

import (
	"context"
	"crypto/md5"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

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
	"gongxin/internal/notice"
	"gongxin/internal/objection"
	"gongxin/internal/record"
)

const (
	unitCode = "11990100001000010R"
	firm     = int64(100)
	other    = int64(101)

	agent   = int64(1)
	officer = int64(2)
	second  = int64(3)
	clerk   = int64(4)
	both    = int64(5) // an officer who is the firm's agent too
)

// world is objections over the real register and the real engine.
type world struct {
	*objection.Service
	t       testing.TB
	db      *db.DB
	clock   *clock.Manual
	records *record.Store
	unit    agency.Agency
	people  map[int64]authz.Actor
	told    []notice.Notice
	lists   lists
	repairs repairs
	filed   func(row map[string]string) []string // what the intake says
	serial  int
}

// Send keeps who was told what.
func (w *world) Send(_ context.Context, _ *db.Tx, n notice.Notice) error {
	w.told = append(w.told, n)
	return nil
}

// lists has one entry.
type lists struct {
	entry    objection.ListEntry
	disputed map[string]bool
	filed    []record.ID // as which the entry is on file
}

func (l *lists) FiledAs(context.Context, db.Querier, int64) ([]record.ID, error) { return l.filed, nil }

func (l *lists) Entry(_ context.Context, _ db.Querier, entry int64) (objection.ListEntry, error) {
	if entry != 7 {
		return objection.ListEntry{}, objection.ErrTarget
	}
	return l.entry, nil
}

func (l *lists) Dispute(_ context.Context, _ *db.Tx, _ int64, ref string, on bool) error {
	l.disputed[ref] = on
	return nil
}

// File takes corrected rows in as the intake does: the record gets another version.
func (w *world) File(ctx context.Context, _ catalog.ItemCode, _, _ string, row map[string]string) ([]string, error) {
	if reasons := w.filed(row); len(reasons) > 0 {
		return reasons, nil
	}
	w.file(firm, row["no"], row["text"])
	return nil, nil
}

func newWorld(t testing.TB, d *db.DB) *world {
	t.Helper()
	c := clock.NewManual(time.Date(2026, 3, 2, 10, 0, 0, 0, clock.Zone))
	ids, divisions := id.NewMaker(c.Now), ident.DefaultDivisions()
	agencies := agency.NewStore(d, ids, c, divisions)
	unit, err := agencies.Add(context.Background(), unitCode, "临溪市市场监督管理局", "990102")
	must(t, err)
	book, err := objection.NewBook(d, c)
	must(t, err)
	log, authority := audit.New(audit.Config{DB: d, IDs: ids, Clock: c}), authz.New(divisions)
	engine := flow.New(flow.Config{
		DB: d, IDs: ids, Clock: c, Calendar: clock.DefaultCalendar(), Log: log, Periods: objection.Periods(book),
		Who:      func(ctx context.Context) audit.Who { return authz.From(ctx).Who(0) },
		AsSystem: func(ctx context.Context) context.Context { return authz.With(ctx, authz.SystemActor("flow")) },
		May: func(ctx context.Context, action string, c *flow.Case) error {
			author := authz.AuthorOf(c.Author)
			return authority.Decide(authz.From(ctx), authz.Action(action), authz.Scope{Agency: c.Agency, Region: c.Region, Subject: c.Subject, Author: author, Account: max(author, 0)}).Err()
		},
	})
	w := &world{t: t, db: d, clock: c, records: record.NewStore(d, ids), unit: unit, filed: func(map[string]string) []string { return nil }}
	w.lists = lists{objection.ListEntry{Subject: firm, Agency: unit.ID, List: "严重违法失信名单", Stands: true}, map[string]bool{}, nil}
	w.Service = objection.New(objection.Config{
		DB: d, IDs: ids, Clock: c, Calendar: clock.DefaultCalendar(), Rules: book, Records: w.records, Lists: &w.lists, Agencies: agencies, Authority: authority, Flow: engine, Notices: w, Filer: w,
		Repairs: &w.repairs, ItemName: func(catalog.ItemCode) string { return "行政处罚" },
	})
	must(t, engine.Register(objection.Table(), w.Hooks()))
	grant := func(role authz.Role) authz.Grant { return authz.Grant{Role: role, Agency: unit.ID} }
	w.people = map[int64]authz.Actor{
		agent: {Grants: []authz.Grant{{Role: authz.BusinessAgent, Subject: firm}}}, officer: {Grants: []authz.Grant{{Role: authz.OfficeOperator}}},
		second: {Grants: []authz.Grant{{Role: authz.OfficeOperator}}}, clerk: {Grants: []authz.Grant{grant(authz.FilingClerk)}},
		both: {Grants: []authz.Grant{{Role: authz.OfficeOperator}, {Role: authz.BusinessAgent, Subject: firm}, grant(authz.Reviewer)}},
	}
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) as(who int64) context.Context {
	a := w.people[who]
	a.ID, a.Kind, a.Session, a.Strong = who, authz.Account, who, true
	return authz.With(context.Background(), a)
}

// file files a record, or a changed one.
func (w *world) file(subject int64, no, text string) string {
	w.t.Helper()
	var ids []record.ID
	must(w.t, w.db.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
		var err error
		_, ids, err = w.records.Apply(ctx, tx, []record.Draft{{
			Subject: subject, Body: `{"text":"` + text + `"}`, Digest: md5.Sum([]byte(text)),
			Facts: record.Facts{
				Item: "XZCF", Edition: "2026.1", NaturalKey: no, Class: catalog.Public, Status: record.Active, Listed: true, DecidedOn: 20260105, PublicFrom: 20260105, PublicUntil: 20290105,
				Agency: w.unit.ID, Region: "990102",
			},
		}}, record.Change{At: w.clock.Now(), Actor: "account:4", Why: "报送", Submission: "s" + no + text})
		return err
	}))
	return ids[0].String()
}

func (w *world) penalty() string {
	w.serial++
	return w.file(firm, "罚"+strings.Repeat("甲", w.serial), "罚款一万元")
}

// stands gives the newest version and whether it is marked.
func (w *world) stands(target string) (record.Version, bool) {
	w.t.Helper()
	at, err := record.ParseID(target)
	must(w.t, err)
	list, err := w.records.Standing(context.Background(), w.db.Read(), []record.ID{at})
	must(w.t, err)
	marks, err := w.records.MarksOf(context.Background(), w.db.Read(), []record.ID{at})
	must(w.t, err)
	return list[at], len(marks[at]) > 0
}

func (w *world) submit(target string) objection.Objection {
	w.t.Helper()
	o, err := w.Submit(w.as(agent), objection.Submission{Subject: firm, Kind: objection.OfRecord, Target: target, Ask: objection.AskCorrect, Statement: "金额有误，应为五千元"})
	must(w.t, err)
	return o
}

func day(text string) clock.Date {
	d, err := clock.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

func (w *world) due(o *objection.Objection) clock.Date {
	w.t.Helper()
	c, err := w.Flow.Get(context.Background(), o.Case)
	must(w.t, err)
	return c.Due
}

func (w *world) state(id int64) objection.Objection {
	w.t.Helper()
	o, err := w.Get(context.Background(), w.db.Read(), id)
	must(w.t, err)
	return o
}

func (w *world) runDue() {
	w.t.Helper()
	_, err := w.Flow.RunDue(context.Background())
	must(w.t, err)
}

// 2026-03-02 is a Monday. Shandong: marked at once, answered by 03-05, or by 03-11 when another unit must help.
func TestDates(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		target := w.penalty()
		o := w.submit(target)
		if !strings.HasPrefix(o.No, "YY20260302-") || o.State != objection.Submitted || o.AnswerBy != day("2026-03-05") || w.due(&o) != day("2026-03-03") {
			t.Errorf("submitted: %+v, due %v", o, w.due(&o))
		}
		if _, marked := w.stands(target); marked {
			t.Error("marked before it was accepted")
		}
		o, err := w.Accept(w.as(officer), o.ID, objection.Step{})
		must(t, err)
		if _, marked := w.stands(target); !marked || o.State != objection.Accepted || w.due(&o) != day("2026-03-05") {
			t.Errorf("accepted: marked %v, due %v", marked, w.due(&o))
		}
		w.clock.Advance(24 * time.Hour) // the deadline stays where it was
		o, err = w.Refer(w.as(officer), o.ID, objection.Step{})
		must(t, err)
		if o.AnswerBy != day("2026-03-11") || w.due(&o) != day("2026-03-06") {
			t.Errorf("referred: by %v, due %v", o.AnswerBy, w.due(&o))
		}
		o, err = w.Answer(w.as(clerk), o.ID, objection.FoundRight, objection.Step{Text: "与决定书一致"})
		must(t, err)
		if w.due(&o) != day("2026-03-11") {
			t.Errorf("replied: due %v", w.due(&o))
		}
		w.clock.Set(time.Date(2026, 3, 11, 23, 59, 0, 0, clock.Zone))
		o, err = w.Decide(w.as(officer), o.ID, objection.Verdict{Result: objection.Kept, Step: objection.Step{Text: "与原始材料一致"}})
		must(t, err)
		if _, marked := w.stands(target); marked || o.Late || o.Result != objection.Kept {
			t.Errorf("decided: %+v, marked %v", o, marked)
		}
		if w.due(&o) != day("2026-03-25") {
			t.Errorf("a review can be asked for until %v", w.due(&o))
		}
		w.clock.Set(time.Date(2026, 3, 26, 0, 1, 0, 0, clock.Zone))
		w.runDue()
		if o = w.state(o.ID); o.State != objection.Closed || o.Open() {
			t.Errorf("three weeks later: %+v", o)
		}
	})
}

// A record that its source does not verify in time is shown no longer, by the clock alone; it comes back only with proof.
func TestUnproven(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		referred := func() (string, objection.Objection) {
			target := w.penalty()
			o := w.submit(target)
			_, err := w.Accept(w.as(officer), o.ID, objection.Step{})
			must(t, err)
			o, err = w.Refer(w.as(officer), o.ID, objection.Step{})
			must(t, err)
			return target, o
		}
		silent, o := referred()
		proved, p := referred()
		unable, u := referred()
		u, err := w.Answer(w.as(clerk), u.ID, objection.NotVerified, objection.Step{Text: "案卷已经遗失"})
		must(t, err)
		if v, marked := w.stands(unable); v.Status != record.Annulled || !marked || !u.TakenDown {
			t.Errorf("cannot be verified: %v, marked %v", v.Status, marked)
		}
		w.clock.Set(time.Date(2026, 3, 5, 23, 59, 59, 0, clock.Zone))
		w.runDue()
		if v, _ := w.stands(silent); v.Status != record.Active {
			t.Errorf("a second before midnight: %v", v.Status)
		}
		w.clock.Set(time.Date(2026, 3, 6, 0, 0, 0, 0, clock.Zone))
		w.runDue()
		v, marked := w.stands(silent)
		if o = w.state(o.ID); v.Status != record.Annulled || !marked || o.State != objection.Unproven || !o.TakenDown || w.due(&o) != day("2026-03-11") {
			t.Fatalf("at midnight: %v, marked %v, %+v", v.Status, marked, o)
		}
		if _, err := w.Decide(w.as(officer), o.ID, objection.Verdict{Result: objection.Kept, Step: objection.Step{Text: "维持"}}); !errors.Is(err, objection.ErrUnverified) {
			t.Errorf("kept without proof: %v", err)
		}
		if _, err := w.Withdraw(w.as(agent), o.ID, objection.Step{}); !errors.Is(err, flow.ErrStep) {
			t.Errorf("withdrawn: %v", err)
		}
		o, err = w.Decide(w.as(officer), o.ID, objection.Verdict{Result: objection.Deleted, Step: objection.Step{Text: "无法核实"}})
		must(t, err)
		if v, marked := w.stands(silent); v.Status != record.Annulled || marked || o.State != objection.Answered {
			t.Errorf("deleted: %v, marked %v, %+v", v.Status, marked, o)
		}
		_, err = w.Answer(w.as(clerk), p.ID, objection.FoundRight, objection.Step{Text: "补交决定书"})
		must(t, err)
		if _, err := w.Withdraw(w.as(agent), p.ID, objection.Step{}); !errors.Is(err, objection.ErrTakenDown) {
			t.Errorf("withdrawn after it was taken down: %v", err)
		}
		_, err = w.Decide(w.as(officer), p.ID, objection.Verdict{Result: objection.Kept, Step: objection.Step{Text: "与补交的决定书一致"}})
		must(t, err)
		if v, marked := w.stands(proved); v.Status != record.Active || !v.Listed || marked {
			t.Errorf("proved late: %v, listed %v, marked %v", v.Status, v.Listed, marked)
		}
		told := 0
		for _, n := range w.told {
			if n.Topic == "objection.unproven" && strings.Contains(n.Title, "停止公示") {
				told++
			}
		}
		if told != 4 {
			t.Errorf("%d notices that records were taken down, want both parties of two", told)
		}
	})
}

// The source corrects by filing the row again, through the checks; and nothing else counts as corrected.
func TestCorrected(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		target := w.penalty()
		o := w.submit(target)
		_, err := w.Accept(w.as(officer), o.ID, objection.Step{})
		must(t, err)
		if _, err := w.Decide(w.as(officer), o.ID, objection.Verdict{Result: objection.Corrected, Step: objection.Step{Text: "更正"}}); !errors.Is(err, objection.ErrUnfixed) {
			t.Errorf("corrected without a row: %v", err)
		}
		if _, err := w.Decide(w.as(officer), o.ID, objection.Verdict{Result: objection.Kept, Step: objection.Step{Text: "维持"}}); !errors.Is(err, objection.ErrUnasked) {
			t.Errorf("kept without asking the source: %v", err)
		}
		row := map[string]string{"no": "罚甲", "text": "罚款五千元"}
		if _, err := w.Correct(w.as(clerk), o.ID, row, objection.Step{Text: "金额更正"}); !errors.Is(err, flow.ErrStep) {
			t.Errorf("corrected before it was asked: %v", err)
		}
		_, err = w.Refer(w.as(officer), o.ID, objection.Step{})
		must(t, err)
		if _, err := w.Answer(w.as(clerk), o.ID, objection.FoundWrong, objection.Step{Text: "有误"}); !errors.Is(err, objection.ErrUnfixed) {
			t.Errorf("answered as corrected without a row: %v", err)
		}
		if _, err := w.Correct(w.as(officer), o.ID, row, objection.Step{Text: "金额更正"}); !errors.Is(err, flow.ErrStep) {
			t.Errorf("corrected by the office: %v", err)
		}
		w.filed = func(map[string]string) []string { return []string{"金额不是数"} }
		if _, err := w.Correct(w.as(clerk), o.ID, row, objection.Step{Text: "金额更正"}); !errors.Is(err, objection.ErrCorrection) || !strings.Contains(err.Error(), "金额不是数") {
			t.Errorf("refused by the checks: %v", err)
		}
		w.filed = func(map[string]string) []string { return nil }
		if _, err := w.Correct(w.as(clerk), o.ID, map[string]string{"no": "罚甲", "text": "罚款一万元"}, objection.Step{Text: "核对"}); !errors.Is(err, objection.ErrSame) {
			t.Errorf("the same content: %v", err)
		}
		w.clock.Advance(time.Minute)
		o, err = w.Correct(w.as(clerk), o.ID, row, objection.Step{Text: "金额更正"})
		must(t, err)
		if v, marked := w.stands(target); v.Number != 2 || !marked || o.State != objection.Verified || o.Reply != objection.FoundWrong {
			t.Errorf("corrected: version %d, marked %v, %+v", v.Number, marked, o)
		}
		o, err = w.Decide(w.as(officer), o.ID, objection.Verdict{Result: objection.Corrected, Step: objection.Step{Text: "来源单位已更正"}})
		must(t, err)
		if v, marked := w.stands(target); v.Number != 2 || v.Status != record.Active || marked || o.State != objection.Answered {
			t.Errorf("decided: version %d %v, marked %v", v.Number, v.Status, marked)
		}
	})
}

func TestReview(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		target := w.penalty()
		o := w.submit(target)
		_, err := w.Accept(w.as(second), o.ID, objection.Step{})
		must(t, err)
		_, err = w.Refer(w.as(second), o.ID, objection.Step{})
		must(t, err)
		_, err = w.Answer(w.as(clerk), o.ID, objection.FoundRight, objection.Step{Text: "属实"})
		must(t, err)
		_, err = w.Decide(w.as(officer), o.ID, objection.Verdict{Result: objection.Kept, Step: objection.Step{Text: "属实"}})
		must(t, err)
		_, err = w.Appeal(w.as(agent), o.ID, objection.Step{Text: "决定书已被撤销"})
		must(t, err)
		if _, marked := w.stands(target); !marked {
			t.Error("a review does not mark")
		}
		v := objection.Verdict{Result: objection.Deleted, Step: objection.Step{Text: "法院已撤销处罚决定"}}
		if _, err := w.Conclude(w.as(officer), o.ID, v); !errors.Is(err, flow.ErrSeparate) {
			t.Errorf("reviewed by whoever decided: %v", err)
		}
		if _, err := w.Conclude(w.as(both), o.ID, v); err != nil { // neither author nor decider of this one
			t.Errorf("reviewed by another officer: %v", err)
		}
		got, marked := w.stands(target)
		if o = w.state(o.ID); got.Status != record.Annulled || marked || o.State != objection.Closed || o.Review != objection.Deleted || o.Result != objection.Kept {
			t.Errorf("reviewed: %v, marked %v, %+v", got.Status, marked, o)
		}
		all, err := w.Stats(context.Background(), 20260301, 20260331)
		must(t, err)
		if len(all) != 1 || all[0].Received != 1 || all[0].Answered != 1 || all[0].Reviewed != 1 || all[0].Changed != 1 || all[0].Results[objection.Kept] != 1 || all[0].Helped != 1 || all[0].Late != 0 {
			t.Errorf("figures: %+v", all)
		}
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	target, foreign := w.penalty(), w.file(other, "罚", "x")
	good := objection.Submission{Subject: firm, Kind: objection.OfRecord, Target: target, Ask: objection.AskCorrect, Statement: "金额有误，应为五千元"}
	for _, c := range []struct {
		name   string
		who    int64
		change func(*objection.Submission)
		want   error
	}{
		{"evaluations", agent, func(s *objection.Submission) { s.Kind = objection.OfEvaluation }, objection.ErrEvaluation},
		{"no kind", agent, func(s *objection.Submission) { s.Kind = "x" }, objection.ErrKind},
		{"nothing asked", agent, func(s *objection.Submission) { s.Ask = "" }, objection.ErrAsk},
		{"what another kind asks", agent, func(s *objection.Submission) { s.Ask = objection.AskRemove }, objection.ErrAsk},
		{"nothing said", agent, func(s *objection.Submission) { s.Statement = " 错 " }, objection.ErrStatement},
		{"too much said", agent, func(s *objection.Submission) { s.Statement = strings.Repeat("错", 1901) }, objection.ErrStatement},
		{"an identity number", agent, func(s *objection.Submission) { s.Statement = "我是11010519491231002X" }, flow.ErrPersonal},
		{"another's record", agent, func(s *objection.Submission) { s.Target = foreign }, objection.ErrTarget},
		{"no record", agent, func(s *objection.Submission) { s.Target = "x" }, objection.ErrTarget},
		{"another's entry", agent, func(s *objection.Submission) { s.Kind, s.Target, s.Ask = objection.OfEntry, "8", objection.AskRemove }, objection.ErrTarget},
		{"an officer", officer, func(*objection.Submission) {}, authz.ErrDenied},
		{"for another", agent, func(s *objection.Submission) { s.Subject, s.Target = other, foreign }, authz.ErrDenied},
	} {
		in := good
		c.change(&in)
		if _, err := w.Submit(w.as(c.who), in); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	o := w.submit(target)
	if _, err := w.Submit(w.as(agent), good); !errors.Is(err, objection.ErrTwice) {
		t.Errorf("twice: %v", err)
	}
	if _, err := w.Refuse(w.as(officer), o.ID, "whim", objection.Step{Text: "不办"}); !errors.Is(err, objection.ErrRefusal) {
		t.Errorf("refused at whim: %v", err)
	}
	if _, err := w.Accept(w.as(clerk), o.ID, objection.Step{}); !errors.Is(err, authz.ErrDenied) {
		t.Errorf("accepted by the source: %v", err)
	}
	o, err := w.AskFor(w.as(officer), o.ID, objection.Step{Text: "请附决定书"})
	must(t, err)
	if w.due(&o) != day("2026-03-16") {
		t.Errorf("to be supplemented by %v", w.due(&o))
	}
	w.clock.Set(time.Date(2026, 3, 9, 10, 0, 0, 0, clock.Zone))
	o, err = w.Supplement(w.as(agent), o.ID, objection.Step{Text: "已附"})
	must(t, err)
	if o.AnswerBy != day("2026-03-12") || w.due(&o) != day("2026-03-10") {
		t.Errorf("supplemented: by %v, due %v", o.AnswerBy, w.due(&o))
	}
	o, err = w.Refuse(w.as(officer), o.ID, "decision", objection.Step{Text: "应当申请行政复议"})
	must(t, err)
	if o.State != objection.Refused || o.Open() || o.Marked {
		t.Errorf("refused: %+v", o)
	}
	o = w.submit(target) // a refusal is no bar
	_, err = w.AskFor(w.as(officer), o.ID, objection.Step{Text: "请附决定书"})
	must(t, err)
	w.clock.Advance(30 * 24 * time.Hour)
	w.runDue()
	if o = w.state(o.ID); o.State != objection.Lapsed || o.Open() {
		t.Errorf("not supplemented: %+v", o)
	}
	for _, n := range w.told {
		if strings.Contains(n.Body+n.Title, "金额有误") || strings.Contains(n.Body+n.Title, "食品") {
			t.Errorf("a notice says what was stated, or who: %+v", n)
		}
	}
}

// A list is left by its decider's own decision; the objection ends only then.
func TestEntry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	o, err := w.Submit(w.as(agent), objection.Submission{Subject: firm, Kind: objection.OfEntry, Target: "7", Ask: objection.AskRemove, Statement: "已经履行完毕"})
	must(t, err)
	_, err = w.Accept(w.as(officer), o.ID, objection.Step{})
	must(t, err)
	if !w.lists.disputed[o.No] {
		t.Error("the entry is not marked")
	}
	_, err = w.Refer(w.as(officer), o.ID, objection.Step{})
	must(t, err)
	if _, err := w.Correct(w.as(clerk), o.ID, map[string]string{"a": "b"}, objection.Step{Text: "更正"}); !errors.Is(err, objection.ErrReply) {
		t.Errorf("an entry was corrected as a row: %v", err)
	}
	_, err = w.Answer(w.as(clerk), o.ID, objection.FoundVoid, objection.Step{Text: "同意移出"})
	must(t, err)
	v := objection.Verdict{Result: objection.Removed, Step: objection.Step{Text: "认定单位同意"}}
	if _, err := w.Decide(w.as(officer), o.ID, v); !errors.Is(err, objection.ErrUnremoved) {
		t.Errorf("removed by the office: %v", err)
	}
	w.lists.entry.Stands = false
	o, err = w.Decide(w.as(officer), o.ID, v)
	must(t, err)
	if w.lists.disputed[o.No] || o.State != objection.Answered {
		t.Errorf("removed: %+v", o)
	}
}

func TestShortened(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	target := w.penalty()
	o, err := w.Submit(w.as(agent), objection.Submission{Subject: firm, Kind: objection.OfWindow, Target: target, Ask: objection.AskShorten, Statement: "应当公示一年"})
	must(t, err)
	_, err = w.Accept(w.as(officer), o.ID, objection.Step{})
	must(t, err)
	for _, until := range []clock.Date{0, 20260105, 20290105, 20300101, 20261399} {
		if _, err := w.Decide(w.as(officer), o.ID, objection.Verdict{Result: objection.Shortened, Until: until, Step: objection.Step{Text: "按一般处罚"}}); !errors.Is(err, objection.ErrUntil) {
			t.Errorf("until %d: %v", until, err)
		}
	}
	_, err = w.Decide(w.as(officer), o.ID, objection.Verdict{Result: objection.Shortened, Until: 20270105, Step: objection.Step{Text: "按一般处罚"}})
	must(t, err)
	if v, marked := w.stands(target); v.PublicUntil != 20270105 || v.Status != record.Active || !v.Listed || marked {
		t.Errorf("shortened: %+v, marked %v", v.Facts, marked)
	}
}

// What its source has withdrawn meanwhile has no period that could be shortened.
func TestShortenedWhatIsWithdrawn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	target := w.penalty()
	o, err := w.Submit(w.as(agent), objection.Submission{Subject: firm, Kind: objection.OfWindow, Target: target, Ask: objection.AskShorten, Statement: "应当公示一年"})
	must(t, err)
	_, err = w.Accept(w.as(officer), o.ID, objection.Step{})
	must(t, err)
	v, _ := w.stands(target)
	must(t, w.db.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		f := v.Facts
		f.Status, f.Listed = record.Withdrawn, false
		_, _, err := w.records.Apply(ctx, tx, []record.Draft{{Subject: firm, Facts: f, Body: "{}"}}, record.Change{At: w.clock.Now(), Actor: "test", Submission: "w"})
		return err
	}))
	_, err = w.Decide(w.as(officer), o.ID, objection.Verdict{Result: objection.Shortened, Until: 20270105, Step: objection.Step{Text: "按一般处罚"}})
	if v, _ := w.stands(target); !errors.Is(err, objection.ErrUntil) || v.Status != record.Withdrawn || v.Action != "withdrawn" {
		t.Errorf("%v: %q %+v", err, v.Action, v.Facts)
	}
}

func TestDrafts(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		target, ctx := w.penalty(), w.as(agent)
		x, err := w.SaveDraft(ctx, objection.Draft{Subject: firm, Kind: objection.OfRecord, Target: target, Statement: "金额"})
		must(t, err)
		x.Statement, x.Ask = "金额有误，应为五千元", objection.AskCorrect
		again, err := w.SaveDraft(ctx, x)
		must(t, err)
		list, err := w.Drafts(ctx, firm)
		must(t, err)
		if len(list) != 1 || again.ID != x.ID || list[0].Statement != x.Statement {
			t.Fatalf("drafts: %+v", list)
		}
		if theirs, err := w.Drafts(w.as(both), firm); err != nil || len(theirs) != 0 {
			t.Errorf("another agent reads the draft: %+v %v", theirs, err)
		}
		if _, err := w.SaveDraft(w.as(officer), x); !errors.Is(err, authz.ErrDenied) {
			t.Errorf("an officer keeps a draft: %v", err)
		}
		_, err = w.Submit(ctx, objection.Submission{Subject: firm, Kind: x.Kind, Target: target, Ask: x.Ask, Statement: x.Statement, Draft: x.ID})
		must(t, err)
		if list, err := w.Drafts(ctx, firm); err != nil || len(list) != 0 {
			t.Errorf("a draft that was handed in stays: %+v %v", list, err)
		}
		_, err = w.SaveDraft(ctx, objection.Draft{Subject: firm, Kind: objection.OfRecord, Target: w.penalty(), Statement: "金额"})
		must(t, err)
		w.clock.Advance(30 * 24 * time.Hour)
		if n, err := w.SweepDrafts(context.Background()); err != nil || n != 0 {
			t.Errorf("swept %d after 30 days, %v", n, err)
		}
		w.clock.Advance(time.Minute)
		if n, err := w.SweepDrafts(context.Background()); err != nil || n != 1 {
			t.Errorf("swept %d later, %v", n, err)
		}
	})
}

func TestTable(t *testing.T) {
	t.Parallel()
	table := objection.Table()
	must(t, table.Check())
	for _, s := range table.States {
		if s.Final && objection.Marked(s.Code) {
			t.Errorf("%s is an end, and marked", s.Code)
		}
	}
	for i := range table.Moves {
		if m := &table.Moves[i]; m.Event == objection.EventConclude && !slices.Contains(m.Not, objection.EventDecide) {
			t.Error("whoever decided may review")
		}
	}
}
