package repair_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/flow"
	"gongxin/internal/record"
	"gongxin/internal/repair"
)

// granted gives a penalty that was repaired on 20 August 2026.
func (w *world) granted(change func(*record.Draft)) (record.ID, repair.Case) {
	w.t.Helper()
	penalty := w.file("XZCF", 20260510, change)
	w.day(20260820)
	c := w.send(at(penalty))[0]
	_, err := w.Accept(w.clerk(), c.ID, 0)
	w.must(err)
	c, err = w.Grant(w.reviewer(), c.ID, w.answer("修1号"))
	w.must(err)
	return penalty, c
}

// takeBack gives notice, hears the subject and cancels.
func (w *world) takeBack(repairID int64) (repair.Breach, error) {
	w.t.Helper()
	b, err := w.Notify(w.clerk(), repairID, "检测报告系伪造", w.answer("告1号"))
	w.must(err)
	_, err = w.State(w.agent(), b.ID, "本公司并不知情", nil)
	w.must(err)
	return w.Cancel(w.reviewer(), b.ID, w.answer("撤1号"))
}

func (w *world) turn(id record.ID, to record.Status) {
	w.t.Helper()
	w.must(w.db.Tx(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := w.records.Turn(ctx, tx, []record.Turn{{ID: id, To: to}}, record.Change{At: w.clock.Now(), Actor: "test"})
		return err
	}))
}

// Taking a repair back undoes what the repair did and nothing else: what an objection took down, or its source withdrew, stays away, and the subject is barred all the
// same.
func TestTakenBackWhatIsGone(t *testing.T) {
	t.Parallel()
	for name, gone := range map[string]record.Status{"taken down by an objection": record.Annulled, "withdrawn by its source": record.Withdrawn, "over": record.Ended} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, dbtest.SQLite(t))
			penalty, c := w.granted(nil)
			if gone == record.Withdrawn {
				w.n--
				w.file("XZCF", 20260510, func(d *record.Draft) { d.Status, d.Listed = record.Withdrawn, false })
			} else {
				w.turn(penalty, gone)
			}
			b, err := w.takeBack(c.ID)
			if err != nil {
				t.Fatal(err)
			}
			if v := w.status(penalty); v.Status != gone || v.Listed {
				t.Errorf("it came back: %+v", v.Facts)
			}
			if b.Until != 20270820 {
				t.Errorf("barred until %v", b.Until)
			}
		})
	}
}

// While a court's plan is carried out a repair that is taken back is not shown either; it comes back with the others when the shielding ends.
func TestTakenBackWhileShielded(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		penalty, c := w.granted(nil)
		ctx := w.agent()
		ruling := repair.Ruling{Court: "临溪市中级人民法院", No: "（2026）鲁99破1号", On: 20260501, Until: 20261201, Text: "法院裁定批准重整计划"}
		for _, f := range w.proof(ctx) {
			ruling.Files = append(ruling.Files, f.Hash)
		}
		x, err := w.AskShield(ctx, firm, ruling)
		w.must(err)
		_, err = w.Shield(w.officer(), x.ID, "裁定已经核实", 0)
		w.must(err)
		_, err = w.takeBack(c.ID)
		w.must(err)
		if v := w.status(penalty); v.Status != record.Shielded || v.Listed || v.PublicUntil != 20270510 {
			t.Errorf("shown while a plan is carried out: %+v", v.Facts)
		}
		w.day(20261201)
		_, err = w.RunDue(t.Context())
		w.must(err)
		if v := w.status(penalty); v.Status != record.Active || !v.Listed {
			t.Errorf("it did not come back: %+v", v.Facts)
		}
	})
}

// A source that corrects the day of a decision, or its severity, while an application waits moves the earliest day: nothing is repaired before it.
func TestCorrectedWhileItWaits(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*record.Draft){
		"a later decision":   func(d *record.Draft) { d.DecidedOn, d.PublicFrom, d.PublicUntil = 20260701, 20260701, 20270701 },
		"a serious failure":  func(d *record.Draft) { d.Severity, d.PublicUntil = record.Serious, 20290510 },
		"not a failure here": func(d *record.Draft) { d.Severity, d.Listed = record.Minor, false },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, dbtest.SQLite(t))
			penalty := w.file("XZCF", 20260510, nil)
			w.day(20260820)
			c := w.send(at(penalty))[0]
			_, err := w.Accept(w.clerk(), c.ID, 0)
			w.must(err)
			key := w.status(penalty).NaturalKey
			w.file("XZCF", 20260510, func(d *record.Draft) { d.NaturalKey = key; change(d) })
			_, err = w.Grant(w.reviewer(), c.ID, w.answer("修1号"))
			if name == "not a failure here" {
				return // it is shown to nobody: a repair changes nothing
			}
			if !errors.Is(err, repair.ErrEarly) {
				t.Errorf("repaired before its earliest day: %v", err)
			}
			if v := w.status(penalty); v.Status != record.Active {
				t.Errorf("the record is %v", v.Status)
			}
		})
	}
}

// The name of a firm makes no domain, wherever in a record it stands.
func TestNameMakesNoDomain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	penalty := w.file("XZCF", 20250510, func(d *record.Draft) { d.Agency, d.PublicUntil = w.second.ID, 20280510 })
	w.says[penalty] = "经查，临溪市示例消防安全有限公司未按规定排放"
	w.name = "临溪市示例消防安全有限公司"
	w.day(20250820)
	r, err := w.Review(w.agent(), firm)
	w.must(err)
	if f, _ := r.Find(at(penalty)); f.Earliest != 20250810 || len(f.Domains) != 0 {
		t.Errorf("%s in %v", f.Earliest, f.Domains)
	}
	w.says[penalty] = "违反《中华人民共和国消防法》"
	r, err = w.Review(w.agent(), firm)
	w.must(err)
	if f, _ := r.Find(at(penalty)); f.Earliest != 20260510 {
		t.Errorf("a record of fire safety: %s", f.Earliest)
	}
}

// What ends by itself before it could be asked for again is not put off to a day on which there is nothing left.
func TestNextBeyondEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	penalty := w.file("XZCF", 20260510, nil)
	w.day(20260820)
	c := w.send(at(penalty))[0]
	_, err := w.Accept(w.clerk(), c.ID, 0)
	w.must(err)
	no := w.answer("拒1号")
	no.Next = 20270510
	if _, err := w.Refuse(w.reviewer(), c.ID, no); !errors.Is(err, repair.ErrNext) || !strings.Contains(err.Error(), "2027-05-10") {
		t.Errorf("put off to its end: %v", err)
	}
	no.Next = 20270509
	if _, err := w.Refuse(w.reviewer(), c.ID, no); err != nil {
		t.Error(err)
	}
}

// An entry whose repair was taken back does not come back onto its list, and its subject can still find the taking back wrong.
func TestEntryTakenBackIsDisputed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	rec := w.file("YZSX", 20260510, func(d *record.Draft) { d.NaturalKey, d.PublicUntil = "列1号\x1f119", 20290510 })
	w.entries = []repair.Entry{{ID: 7, Subject: firm, Name: "严重违法失信名单", Item: "YZSX", Agency: w.unit.ID, Region: "990100", DocNo: "列1号", ListedOn: 20260510, Until: 20290510, Early: 12}}
	w.day(20270510)
	c := w.send(repair.Target{Entry: 7})[0]
	_, err := w.Accept(w.clerk(), c.ID, 0)
	w.must(err)
	approver := w.as(7, true, authz.Grant{Role: authz.ListApprover, Agency: w.unit.ID})
	_, err = w.Grant(approver, c.ID, w.answer("移1号"))
	w.must(err)
	_, err = w.takeBack(c.ID)
	w.must(err)
	if v := w.status(rec); v.Status != record.Repaired || len(w.entries) != 0 {
		t.Errorf("listed again without a listing: %v", v.Status)
	}
	if !strings.Contains(w.bodies[len(w.bodies)-1], "名单条目不因此恢复") {
		t.Errorf("told %q", w.bodies[len(w.bodies)-1])
	}
	out, ok, err := w.OutcomeOf(t.Context(), w.db.Read(), rec)
	if err != nil || !ok || out.Word != "修复已撤销" {
		t.Fatalf("%+v, %v, %v", out, ok, err)
	}
	w.must(w.reopen(c.ID, repair.StageKept))
	r, err := w.Review(w.agent(), firm)
	w.must(err)
	if !r.Barred.IsZero() || w.status(rec).Status != record.Repaired {
		t.Errorf("still barred until %v", r.Barred)
	}
}

// What an objection takes down until somebody verifies it may come back: an application that waits is not ended before the objection is decided, and nothing is repaired
// meanwhile.
func TestTakenDownForNow(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		penalty := w.file("XZCF", 20260510, nil)
		w.day(20260820)
		c := w.send(at(penalty))[0]
		_, err := w.Accept(w.clerk(), c.ID, 0)
		w.must(err)
		mark := func(set func(context.Context, *db.Tx, record.ID, string, string, time.Time) error) {
			w.must(d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				return set(ctx, tx, penalty, record.Disputed, "YY20260820-000001", w.clock.Now())
			}))
		}
		mark(w.records.SetMark)
		w.turn(penalty, record.Annulled)
		if n, err := w.RunDue(t.Context()); n != 0 || err != nil {
			t.Errorf("%d ended: %v", n, err)
		}
		if _, err := w.Grant(w.reviewer(), c.ID, w.answer("修1号")); !errors.Is(err, repair.ErrTakenDown) {
			t.Errorf("repaired what is taken down: %v", err)
		}
		mark(w.records.ClearMark)
		if n, err := w.RunDue(t.Context()); n != 1 || err != nil {
			t.Errorf("the objection took it down for good, and %d ended: %v", n, err)
		}
	})
}

// What one agent drafted with its proofs another agent of the firm looks at and sends; a file that somebody else attached is of no draft, and another firm's agent
// reads nothing.
func TestAnotherAgentSends(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		penalty := w.file("XZCF", 20260510, nil)
		w.day(20260820)
		a, err := w.save(at(penalty))
		w.must(err)
		colleague := w.as(11, false, authz.Grant{Role: authz.BusinessAgent, Subject: firm})
		stranger := w.as(12, false, authz.Grant{Role: authz.BusinessAgent, Subject: other})
		in := repair.DraftIn{Targets: []repair.Target{at(penalty)}, Statement: "罚款已经缴清，设备已经更换并通过验收", Files: a.Files}
		if _, err := w.Save(colleague, firm, 0, in); !errors.Is(err, flow.ErrFileNone) {
			t.Errorf("a new draft with somebody's file: %v", err)
		}
		if _, _, err := w.DraftFile(stranger, a.ID, a.Files[0].Hash); !errors.Is(err, authz.ErrDenied) {
			t.Errorf("another firm's agent reads a proof: %v", err)
		}
		if _, _, err := w.DraftFile(colleague, a.ID, strings.Repeat("0", 64)); !errors.Is(err, flow.ErrFileNone) {
			t.Errorf("a file that the draft does not name: %v", err)
		}
		file, f, err := w.DraftFile(colleague, a.ID, a.Files[0].Hash)
		w.must(err)
		w.must(f.Close())
		if file.Title != "缴款凭证" {
			t.Errorf("%+v", file)
		}
		forged := slices.Clone(in.Files)
		forged[0].By = "account:12"
		in.Files = append(forged, w.proof(colleague)...)
		a, err = w.Save(colleague, firm, a.ID, in)
		w.must(err)
		if a.Files[0].By != "account:1" {
			t.Errorf("attached by %s", a.Files[0].By)
		}
		a, err = w.Service.Send(colleague, firm, a.ID, a.ChangedAt, true)
		w.must(err)
		list, err := w.CasesOf(t.Context(), a.ID)
		w.must(err)
		steps, err := w.flow.Timeline(t.Context(), list[0].Flow)
		if err != nil || len(steps[0].Files) == 0 || steps[0].Files[0].Type != "application/pdf" {
			t.Errorf("%+v: %v", steps, err)
		}
	})
}

// The notice of a listing has the terms of its list, not those of lists in general.
func TestNoticeOfAnEntry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	rec := w.file("YZSX", 20260510, func(d *record.Draft) { d.NaturalKey, d.PublicUntil = "列1号\x1f119", 20290510 })
	w.entries = []repair.Entry{{ID: 8, Subject: firm, Name: "不提前移出的名单", Item: "YZSX", Agency: w.unit.ID, Region: "990100", DocNo: "列1号", ListedOn: 20260510, Until: 20290510, Early: -1}}
	list, err := w.UnitPapers(t.Context(), w.unit.ID, []record.ID{rec}, nil, map[int64]string{firm: "示例"})
	w.must(err)
	if len(list) != 1 || list[0].Excluded == "" || !strings.Contains(list[0].Lines()[0], "不能申请提前停止公示") {
		t.Errorf("%+v", list)
	}
}
