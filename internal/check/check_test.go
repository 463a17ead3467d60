package check_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/check"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/publish"
	"gongxin/internal/record"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 2)
		ctx := context.Background()
		m := w.matter(t, "M-ALL", nil)
		w.list(w.firm)
		w.list(w.human)

		g, err := w.Check(ctx, w.ask(m))
		must(t, err)
		a := g.Answer
		if a.Outcome != check.Hit || len(a.Hits) != 1 || a.Hits[0].Item != "XZCF" || a.Hits[0].Polarity != check.Adverse || len(a.Others) != 2 || len(a.Lists) != 1 || len(a.Measures) != 1 {
			t.Errorf("%+v", a)
		}
		if want := "命中 1 项：行政处罚 1 项；所在名单：" + dishonest.Name + "；本事项可以采取的措施 1 项"; a.Result != want {
			t.Errorf("says %q, want %q", a.Result, want)
		}
		if a.Hits[0].Basis == "" || a.Hits[0].Source.Name != w.unit.Name || len(a.Hits[0].Fields) == 0 || a.Lists[0].Unit != w.unit.Name || a.Lists[0].Basis == "" {
			t.Errorf("a hit without its grounds: %+v", a.Hits[0])
		}
		newest := w.entries(t)[0]
		if fmt.Sprint(newest.ID) != a.Receipt || newest.What != check.What || newest.Matter != m || newest.Outcome != audit.Answered {
			t.Errorf("the log says %+v", newest)
		}

		human, err := w.Check(ctx, check.Ask{Who: w.officer(), Subject: publish.Whom{DocKind: docKind, Number: number}, Matter: m})
		must(t, err)
		if len(human.Answer.Lists) != 1 || len(human.Answer.Measures) != 0 {
			t.Errorf("of a person: %+v", human.Answer)
		}
		for _, secret := range []string{number, person, "sm4:"} {
			if bytes.Contains(human.JSON, []byte(secret)) {
				t.Errorf("a person in clear")
			}
		}

		// A list whose items the matter does not cover is not shown, and gives no measures.
		narrow := w.matter(t, "M-NARROW", func(m *agency.Matter) { m.Items = []string{"XZBC"} })
		n, err := w.Check(ctx, w.ask(narrow))
		must(t, err)
		if n.Answer.Outcome != check.None || len(n.Answer.Lists)+len(n.Answer.Measures)+len(n.Answer.Hits) != 0 || !strings.HasPrefix(n.Answer.Result, "未命中") {
			t.Errorf("more than the matter covers: %+v", n.Answer)
		}
	})
}

// TestRefusalsNameWhatIsMissing: no check without a matter, a basis, an account; each refusal is on file.
func TestRefusalsNameWhatIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t), 1)
	ctx := context.Background()
	m := w.matter(t, "M-ALL", nil)
	lapsed := w.matter(t, "M-LAPSED", func(m *agency.Matter) { m.ValidUntil = 20261118 })
	for _, tt := range []struct {
		missing publish.Missing
		change  func(*check.Ask)
	}{
		{publish.MissingPurpose, func(a *check.Ask) { a.Matter = "" }},
		{publish.MissingMatter, func(a *check.Ask) { a.Matter = "NONE" }},
		{publish.MissingLapsed, func(a *check.Ask) { a.Matter = lapsed }},
		{publish.MissingBasis, func(a *check.Ask) { a.Basis = "《别的法》第一条" }},
		{publish.MissingAgency, func(a *check.Ask) { a.Who = w.stranger() }},
		{publish.MissingSubject, func(a *check.Ask) { a.Subject.Code = "91990102MA0A00014H" }},
		{publish.MissingSignIn, func(a *check.Ask) { a.Who = authz.Actor{} }},
	} {
		ask := w.ask(m)
		tt.change(&ask)
		g, err := w.Check(ctx, ask)
		if g != nil || !errors.Is(err, tt.missing.Err()) {
			t.Errorf("%s: %v %v", tt.missing, g, err)
		}
		if e := w.entries(t)[0]; e.Outcome != audit.Refused || e.Missing != string(tt.missing) || e.What != check.What {
			t.Errorf("%s: the log says %+v", tt.missing, e)
		}
	}
	if n := len(w.acts(t, "check.make")); n != 0 {
		t.Errorf("%d answers were kept", n)
	}
}

// TestKeysForSomethingElse: a key that was given for look-ups makes no checks, and one for checks makes none without look-ups.
func TestKeysForSomethingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t), 1)
	ctx := context.Background()
	m := w.matter(t, "M-ALL", nil)
	for _, tt := range []struct {
		scopes []authz.Action
		ok     bool
	}{
		{nil, true},
		{[]authz.Action{authz.CheckMake, authz.DiscloseDepartment}, true},
		{[]authz.Action{authz.CheckMake}, false},
		{[]authz.Action{authz.DiscloseDepartment}, false},
	} {
		ask := w.ask(m)
		ask.Who.Kind, ask.Who.Scopes = authz.Key, tt.scopes
		before := len(w.entries(t))
		g, err := w.Check(ctx, ask)
		if (err == nil) != tt.ok || (g != nil) != tt.ok || len(w.entries(t)) != before+1 {
			t.Errorf("%v: %v, %d entries", tt.scopes, err, len(w.entries(t))-before)
		}
	}
}

// TestGoneIsGone: what was withdrawn, and what has left public view, is no hit any more; nor is an old answer's text once its time is over.
func TestGoneIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t), 1)
	ctx := context.Background()
	m := w.matter(t, "M-ALL", func(m *agency.Matter) { m.Items = []string{"XZCF", "YZSX"} })
	first, err := w.Check(ctx, w.ask(m))
	must(t, err)
	if first.Answer.Outcome != check.Hit {
		t.Fatal("no hit to begin with")
	}
	w.clock.Set(time.Date(2029, 3, 2, 9, 0, 0, 0, clock.Zone)) // the first day after the window
	later, err := w.Check(ctx, w.ask(m))
	must(t, err)
	if later.Answer.Outcome != check.None {
		t.Errorf("shown after its window: %+v", later.Answer.Hits)
	}
	ask := w.ask(m)
	ask.AsOf = now
	asOf, err := w.Check(ctx, ask)
	must(t, err)
	if asOf.Answer.Outcome != check.None {
		t.Errorf("shown by asking about a day before: %+v", asOf.Answer.Hits)
	}
	w.clock.Set(now)
	must(t, d2(w, func(ctx context.Context, tx *db.Tx) error {
		draft := w.draft("XZCF", w.firm, false)
		draft.Status = record.Withdrawn
		draft.Digest = [16]byte{1}
		_, _, err := w.records.Apply(ctx, tx, []record.Draft{draft}, record.Change{At: w.clock.Now().Add(time.Minute), Actor: "test"})
		return err
	}))
	gone, err := w.Check(ctx, w.ask(m))
	must(t, err)
	if gone.Answer.Outcome != check.None {
		t.Errorf("shown after it was withdrawn: %+v", gone.Answer.Hits)
	}
	if n, err := w.Sweep(ctx); n != 0 || err != nil {
		t.Errorf("%d swept early: %v", n, err)
	}
	w.clock.Set(now.AddDate(3, 0, 0))
	n, err := w.Sweep(ctx)
	must(t, err)
	if n != 2 {
		t.Errorf("%d swept", n)
	}
	if _, err := w.Again(ctx, w.officer(), first.Answer.Receipt); !errors.Is(err, check.ErrGone) {
		t.Errorf("swept and there: %v", err)
	}
}

func d2(w *world, fn func(ctx context.Context, tx *db.Tx) error) error {
	return w.db.Tx(context.Background(), fn)
}

// TestAgain: the same bytes for the same unit, whatever changed since; for others there is nothing; and each look is on file.
func TestAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 2)
		ctx := context.Background()
		m := w.matter(t, "M-ALL", nil)
		w.list(w.firm)
		g, err := w.Check(ctx, w.ask(m))
		must(t, err)
		w.lists.entries, w.measures.gone = nil, true
		w.matter(t, "M-ALL", func(m *agency.Matter) { m.Items = []string{"XZBC"} })
		before := len(w.entries(t))
		again, err := w.Again(ctx, w.officer(), g.Answer.Receipt)
		must(t, err)
		sum := sha256.Sum256(again.JSON)
		if !bytes.Equal(again.JSON, g.JSON) || hex.EncodeToString(sum[:]) != g.Digest {
			t.Errorf("other bytes")
		}
		entries := w.entries(t)
		if len(entries) != before+1 || entries[0].What != check.ReadAgain || len(entries[0].Records) != 3 || entries[0].Subject != w.firm {
			t.Errorf("the log says %+v", entries[0])
		}
		for _, who := range []authz.Actor{w.stranger(), w.office()} {
			if _, err := w.Again(ctx, who, g.Answer.Receipt); !errors.Is(err, check.ErrNone) {
				t.Errorf("%v: %v", who, err)
			}
		}
		for _, receipt := range []string{"", "0", "-1", "x", " " + g.Answer.Receipt, "0" + g.Answer.Receipt, "9223372036854775807"} {
			if _, err := w.Again(ctx, w.officer(), receipt); !errors.Is(err, check.ErrNone) {
				t.Errorf("%q: %v", receipt, err)
			}
		}
		// The digest stands in the log.
		lines := sha256.Sum256(fmt.Appendf(nil, "%s %s\n", g.Answer.Receipt, g.Digest))
		acts := w.acts(t, "check.make")
		if len(acts) != 1 || acts[0].Entity != "check:"+g.Answer.Receipt || acts[0].Detail != "answers=1 digest="+hex.EncodeToString(lines[:]) {
			t.Errorf("%+v", acts)
		}
	})
}

// TestOneAnswerForOneQuestion: an answer holds only what the disclosure gave, in its polarity, whatever the matter covers; it reads back as what was written.
func TestOneAnswerForOneQuestion(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t), 4)
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		var items []string
		for _, item := range []string{"XZCF", "XZJF", "XZBC", "YZSX"} {
			if rapid.Bool().Draw(r, item) {
				items = append(items, item)
			}
		}
		if len(items) == 0 {
			items = []string{"XZBC"}
		}
		m := w.matter(t, fmt.Sprintf("R-%d", n), func(m *agency.Matter) { m.Items = items })
		w.lists.entries = map[int64][]check.ListEntry{}
		if rapid.Bool().Draw(r, "on the list") {
			w.list(w.firm)
		}
		ask := w.ask(m)
		ask.Subject.Code = rapid.SampledFrom(w.codes).Draw(r, "code")
		g, err := w.Check(context.Background(), ask)
		if err != nil {
			r.Fatal(err)
		}
		plain, err := w.publish.Disclose(context.Background(), publish.Ask{Who: ask.Who, Subject: ask.Subject, Purpose: publish.Purpose{Matter: m}})
		if err != nil {
			r.Fatal(err)
		}
		if len(plain.Records) != len(g.Answer.Hits)+len(g.Answer.Others) {
			r.Fatalf("%d records disclosed, %d answered", len(plain.Records), len(g.Answer.Hits)+len(g.Answer.Others))
		}
		covered := strings.Contains(strings.Join(items, " "), "YZSX") && len(w.lists.entries) > 0 && ask.Subject.Code == firmCode
		if (len(g.Answer.Lists) > 0) != covered || len(g.Answer.Measures) > len(g.Answer.Lists) || (g.Answer.Outcome == check.Hit) != (len(g.Answer.Hits)+len(g.Answer.Lists) > 0) {
			r.Fatalf("%+v", g.Answer)
		}
		var back check.Answer
		if err := json.Unmarshal(g.JSON, &back); err != nil {
			r.Fatal(err)
		}
		if raw, _ := json.Marshal(back); !bytes.Equal(raw, g.JSON) {
			r.Fatal("reads back as something else")
		}
		if strings.ContainsAny(g.Answer.Result, "\r\n") {
			r.Fatal("more than one line")
		}
	})
}

// TestAnswersMoveToANewKey: after a change of the sealing key the answers are the same, under the new one.
func TestAnswersMoveToANewKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t), 2)
	ctx := context.Background()
	var given []*check.Given
	for _, code := range w.codes {
		ask := w.ask(w.matter(t, "M-ALL", nil))
		ask.Subject.Code = code
		g, err := w.Check(ctx, ask)
		must(t, err)
		given = append(given, g)
	}
	_, err := w.ring.Rotate()
	must(t, err)
	r := w.Resealer()
	if n, err := r.Stale(ctx); n != 2 || err != nil {
		t.Fatalf("%d stale: %v", n, err)
	}
	next, done, err := r.Reseal(ctx, "", 1)
	must(t, err)
	if next == "" || done != 1 {
		t.Fatal(next, done)
	}
	if next, done, err = r.Reseal(ctx, next, 10); next != "" || done != 1 || err != nil {
		t.Fatal(next, done, err)
	}
	if n, err := r.Stale(ctx); n != 0 || err != nil {
		t.Fatalf("%d stale: %v", n, err)
	}
	for _, g := range given {
		again, err := w.Again(ctx, w.officer(), g.Answer.Receipt)
		if err != nil || !bytes.Equal(again.JSON, g.JSON) {
			t.Errorf("other bytes: %v", err)
		}
	}
}

// TestDisputed: a record that an objection stands against is a hit like any other, with its mark in the sentence and beside it, until the objection is settled.
func TestDisputed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 2)
		ctx := context.Background()
		m := w.matter(t, "M-ALL", nil)
		before, err := w.Check(ctx, w.ask(m))
		must(t, err)
		hit, err := record.ParseID(before.Answer.Hits[0].Record)
		must(t, err)
		set := func(change func(context.Context, *db.Tx) error) *check.Answer {
			t.Helper()
			w.clock.Advance(time.Minute)
			must(t, d2(w, change))
			w.clock.Advance(time.Minute)
			g, err := w.Check(ctx, w.ask(m))
			must(t, err)
			return g.Answer
		}
		marked := set(func(ctx context.Context, tx *db.Tx) error {
			return w.records.SetMark(ctx, tx, hit, record.Disputed, "x1", w.clock.Now())
		})
		if len(marked.Hits) != len(before.Answer.Hits) || !marked.Hits[0].Disputed || marked.Outcome != check.Hit || !strings.Contains(marked.Result, "（1 项异议中）") {
			t.Errorf("disputed: %s %+v", marked.Result, marked.Hits)
		}
		settled := set(func(ctx context.Context, tx *db.Tx) error {
			return w.records.ClearMark(ctx, tx, hit, record.Disputed, "x1", w.clock.Now())
		})
		if settled.Hits[0].Disputed || settled.Result != before.Answer.Result {
			t.Errorf("settled: %s", settled.Result)
		}
		if again, err := w.Again(ctx, w.officer(), marked.Receipt); err != nil || !again.Answer.Hits[0].Disputed {
			t.Errorf("the answer given then has lost its mark: %v", err)
		}
	})
}

// TestSimpleProcedureIsNoFailure: a penalty by the simple procedure is shown to whoever may see it, as a fact: it is no hit and nothing rests on it.
func TestSimpleProcedureIsNoFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t), 1)
	ctx := context.Background()
	m := w.matter(t, "M-PENALTY", func(m *agency.Matter) { m.Items = []string{"XZCF"} })
	before, err := w.Check(ctx, w.ask(m))
	must(t, err)
	d := w.draft("XZCF", w.firm, false)
	d.Digest[0] ^= 1
	d.Facts.NaturalKey, d.Facts.Procedure, d.Facts.Listed = "simple", record.Simple, false
	must(t, w.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, _, err := w.records.Apply(ctx, tx, []record.Draft{d}, record.Change{At: w.clock.Now(), Actor: "test"})
		return err
	}))
	g, err := w.Check(ctx, w.ask(m))
	must(t, err)
	if a := g.Answer; len(a.Hits) != len(before.Answer.Hits) || len(a.Others) != 1 || a.Others[0].Polarity != check.Neutral || a.Result != before.Answer.Result {
		t.Errorf("before %+v\nafter %+v", before.Answer, a)
	}
}
