package publish_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/consent"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
)

// missingOf gives the code of a refusal without its package, "" for none.
func missingOf(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return strings.TrimPrefix(f.Code, "disclosure.")
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestDisclose(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ctx := context.Background()
		all := w.matter(t, "M-ALL", nil)
		lapsed := w.matter(t, "M-LAPSED", func(m *agency.Matter) { m.ValidUntil = 20261118 })
		early := w.matter(t, "M-EARLY", func(m *agency.Matter) { m.ValidFrom = 20261119 })
		baseless := w.matter(t, "M-BASELESS", func(m *agency.Matter) { m.BasisUntil = 20261118 })
		others := w.matter(t, "M-OTHERS", func(m *agency.Matter) { m.Agency = w.other.ID })
		firms := w.matter(t, "M-FIRMS", func(m *agency.Matter) { m.Kinds, m.Items = []string{"legal_entity"}, []string{"XZBC"} })
		given := w.consent(t, nil)
		onlyA := w.consent(t, func(c *consent.Terms) { c.Classes = []catalog.Class{catalog.Public} })
		later := w.consent(t, func(c *consent.Terms) { c.From = today.Add(time.Hour) })
		revoked := w.consent(t, nil)
		if _, err := w.consents.Revoke(ctx, w.agent(), revoked, ""); err != nil {
			t.Fatal(err)
		}
		firm, human := publish.Whom{Code: firmCode}, publish.Whom{DocKind: docKind, Number: number}
		stranger := publish.Whom{DocKind: docKind, Number: "110105194912310011"}
		purpose := func(m string) publish.Purpose { return publish.Purpose{Matter: m} }
		consented := func(c int64) publish.Purpose { return publish.Purpose{Consent: c, Aim: "credit"} }
		strong := w.officer()
		strong.Grants = append(strong.Grants, authz.Grant{Role: authz.Auditor})
		for _, tt := range []struct {
			name    string
			ask     publish.Ask
			missing string
			want    string // items of the answer
		}{
			{"class C for a matter", publish.Ask{Who: w.officer(), Subject: firm, Purpose: purpose(all)}, "", "XZBC XZCF XZJF"},
			{"only one item", publish.Ask{Who: w.officer(), Subject: firm, Purpose: purpose(all), Items: []catalog.ItemCode{"XZBC"}}, "", "XZBC"},
			{"several items", publish.Ask{Who: w.officer(), Subject: firm, Purpose: purpose(all), Items: []catalog.ItemCode{"XZBC", "XZCF"}}, "", "XZBC XZCF"},
			{"one item too many", publish.Ask{Who: w.officer(), Subject: firm, Purpose: purpose(firms), Items: []catalog.ItemCode{"XZBC", "XZCF"}}, "matter_item", ""},
			{"no more than the matter names", publish.Ask{Who: w.officer(), Subject: firm, Purpose: purpose(firms)}, "", "XZBC"},
			{"a person by number", publish.Ask{Who: w.officer(), Subject: human, Purpose: purpose(all)}, "", "XZBC XZCF XZJF"},
			{"basis as told", publish.Ask{Who: w.officer(), Subject: firm, Purpose: publish.Purpose{Matter: all, Basis: "《山东省社会信用条例》第二十条"}}, "", "XZBC XZCF XZJF"},
			{"another basis", publish.Ask{Who: w.officer(), Subject: firm, Purpose: publish.Purpose{Matter: all, Basis: "某法"}}, "matter_basis", ""},
			{"no purpose", publish.Ask{Who: w.officer(), Subject: firm}, "purpose", ""},
			{"unknown matter", publish.Ask{Who: w.officer(), Subject: firm, Purpose: purpose("NONE")}, "matter", ""},
			{"matter over", publish.Ask{Who: w.officer(), Subject: firm, Purpose: purpose(lapsed)}, "matter_lapsed", ""},
			{"matter not yet", publish.Ask{Who: w.officer(), Subject: firm, Purpose: purpose(early)}, "matter_lapsed", ""},
			{"law over", publish.Ask{Who: w.officer(), Subject: firm, Purpose: purpose(baseless)}, "matter_basis", ""},
			{"others' matter", publish.Ask{Who: w.officer(), Subject: firm, Purpose: purpose(others)}, "matter_agency", ""},
			{"item outside the matter", publish.Ask{Who: w.officer(), Subject: firm, Purpose: purpose(firms), Items: []catalog.ItemCode{"XZJF"}}, "matter_item", ""},
			{"kind outside the matter", publish.Ask{Who: w.officer(), Subject: human, Purpose: purpose(firms)}, "matter_kind", ""},
			{"kind outside the matter, nobody on file", publish.Ask{Who: w.officer(), Subject: stranger, Purpose: purpose(firms)}, "matter_kind", ""},
			{"a person who is not on file", publish.Ask{Who: w.officer(), Subject: stranger, Purpose: purpose(all)}, "subject", ""},
			{"nobody of that code", publish.Ask{Who: w.officer(), Subject: publish.Whom{Code: "91370303MA3C000200"}, Purpose: purpose(all)}, "subject", ""},
			{"a number without its kind", publish.Ask{Who: w.officer(), Subject: publish.Whom{Number: number}, Purpose: purpose(all)}, "subject", ""},
			{"part of a number", publish.Ask{Who: w.officer(), Subject: publish.Whom{DocKind: docKind, Number: number[:17]}, Purpose: purpose(all)}, "subject", ""},
			{"a name", publish.Ask{Who: w.officer(), Subject: publish.Whom{Code: person}, Purpose: purpose(all)}, "subject", ""},
			{"a number of the register", publish.Ask{Who: w.officer(), Subject: publish.Whom{ID: w.human}, Purpose: purpose(all)}, "subject", ""},
			{"nobody signed in", publish.Ask{Subject: firm, Purpose: purpose(all)}, "sign_in", ""},
			{"operator at the machine", publish.Ask{Who: authz.LocalActor("x"), Subject: firm, Purpose: purpose(all)}, "sign_in", ""},
			{"banker with a matter", publish.Ask{Who: w.banker(), Subject: firm, Purpose: purpose(all)}, "matter_agency", ""},
			{"agent with a matter", publish.Ask{Who: w.agent(), Subject: firm, Purpose: purpose(all)}, "role", ""},
			{"watcher without a second factor", publish.Ask{Who: strong, Subject: firm, Purpose: purpose(all)}, "factor", ""},

			{"class B with consent", publish.Ask{Who: w.banker(), Subject: firm, Purpose: consented(given)}, "", "XZCF XZJF"},
			{"one item of the consent", publish.Ask{Who: w.banker(), Subject: firm, Purpose: consented(given), Items: []catalog.ItemCode{"XZJF"}}, "", "XZJF"},
			{"used up", publish.Ask{Who: w.banker(), Subject: firm, Purpose: consented(given)}, "consent_used", ""},
			{"a consent to class A only", publish.Ask{Who: w.banker(), Subject: firm, Purpose: consented(onlyA)}, "", "XZCF"},
			{"several items, one outside the consent", publish.Ask{Who: w.banker(), Subject: firm, Purpose: consented(onlyA), Items: []catalog.ItemCode{"XZCF", "XZBC"}}, "consent_item", ""},
			{"item outside the consent", publish.Ask{Who: w.banker(), Subject: firm, Purpose: consented(onlyA), Items: []catalog.ItemCode{"XZBC"}}, "consent_item", ""},
			{"not yet", publish.Ask{Who: w.banker(), Subject: firm, Purpose: consented(later)}, "consent_early", ""},
			{"revoked", publish.Ask{Who: w.banker(), Subject: firm, Purpose: consented(revoked)}, "consent_revoked", ""},
			{"another purpose", publish.Ask{Who: w.banker(), Subject: firm, Purpose: publish.Purpose{Consent: onlyA, Aim: "loan"}}, "consent_purpose", ""},
			{"another subject", publish.Ask{Who: w.banker(), Subject: human, Purpose: consented(onlyA)}, "consent", ""},
			{"invented consent, a person", publish.Ask{Who: w.banker(), Subject: human, Purpose: consented(12345)}, "consent", ""},
			{"invented consent, nobody on file", publish.Ask{Who: w.banker(), Subject: stranger, Purpose: consented(12345)}, "consent", ""},
			{"invented consent", publish.Ask{Who: w.banker(), Subject: firm, Purpose: consented(12345)}, "consent", ""},
			{"another grantee", publish.Ask{Who: w.officer(), Subject: firm, Purpose: consented(onlyA)}, "consent_grantee", ""},
			{"in another's name", publish.Ask{Who: w.officer(), Subject: firm, Purpose: publish.Purpose{Consent: onlyA, Aim: "credit", Agency: w.bank.ID}}, "role", ""},

			{"the firm's own file", publish.Ask{Who: w.agent(), Subject: publish.Whom{ID: w.firm}, Purpose: publish.Purpose{Own: true}}, "", "XZBC XZCF XZJF"},
			{"the person's own file", publish.Ask{Who: w.resident(), Subject: publish.Whom{ID: w.human}, Purpose: publish.Purpose{Own: true}}, "", "XZBC XZCF XZJF"},
			{"somebody else's file as own", publish.Ask{Who: w.agent(), Subject: publish.Whom{ID: w.human}, Purpose: publish.Purpose{Own: true}}, "role", ""},
			{"an officer's as own", publish.Ask{Who: w.officer(), Subject: firm, Purpose: publish.Purpose{Own: true}}, "role", ""},
		} {
			before := len(w.entries(t))
			answer, err := w.Disclose(ctx, tt.ask)
			if got := missingOf(err); got != tt.missing {
				t.Errorf("%s: missing %q, want %q (%v)", tt.name, got, tt.missing, err)
			}
			var codes []string
			for code := range items(answer) {
				codes = append(codes, string(code))
			}
			slices.Sort(codes)
			if got := strings.Join(codes, " "); got != tt.want {
				t.Errorf("%s: items %q, want %q", tt.name, got, tt.want)
			}
			list := w.entries(t)
			if len(list) != before+1 {
				t.Fatalf("%s: %d entries were written, want one", tt.name, len(list)-before)
			}
			e := list[0]
			if e.Missing != tt.missing || (e.Outcome == audit.Answered) != (tt.missing == "") || (answer != nil && (e.ID != answer.Entry || len(e.Records) != len(answer.Records))) {
				t.Errorf("%s: the entry says otherwise: %+v", tt.name, e)
			}
			if e.Who.ID != tt.ask.Who.ID || e.Consent != tt.ask.Purpose.Consent || (answer != nil && e.Basis == "") {
				t.Errorf("%s: the entry lacks who, consent or basis: %+v", tt.name, e)
			}
		}
	})
}

// TestSeveralItemsAreOneQuestion: they take one use of a consent, one entry and one receipt, and the entry names every record that was answered.
func TestSeveralItemsAreOneQuestion(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, ctx := newWorld(t, d), context.Background()
		given := w.consent(t, nil) // twice
		ask := publish.Ask{
			Who: w.banker(), Subject: publish.Whom{Code: firmCode}, Purpose: publish.Purpose{Consent: given, Aim: "credit"}, Items: []catalog.ItemCode{"XZJF", "XZCF"},
		}
		for n := 1; n <= 2; n++ {
			answer, err := w.Disclose(ctx, ask)
			if err != nil || len(answer.Records) != 2 {
				t.Fatalf("%+v %v", answer, err)
			}
			list := w.entries(t)
			if len(list) != n || list[0].ID != answer.Entry || len(list[0].Records) != 2 {
				t.Fatalf("question %d: %+v", n, list)
			}
			named := map[string]bool{}
			for _, r := range list[0].Records {
				named[r.String()] = true
			}
			for i := range answer.Records {
				if v := &answer.Records[i]; !named[v.ID+"@"+fmt.Sprint(v.Version)] {
					t.Errorf("the entry does not name %s", v.ID)
				}
			}
		}
		if _, err := w.Disclose(ctx, ask); missingOf(err) != "consent_used" {
			t.Errorf("a third question: %v", err)
		}
	})
}

// TestEmptyPagesAreReadPast: records that the purpose does not cover take no page of the answer.
func TestEmptyPagesAreReadPast(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t, dbtest.SQLite(t)), context.Background()
	all := w.matter(t, "M-ALL", nil)
	for _, item := range filed {
		ask := publish.Ask{Who: w.officer(), Subject: publish.Whom{Code: firmCode}, Purpose: publish.Purpose{Matter: all}, Items: []catalog.ItemCode{item, item}, Limit: 1}
		answer, err := w.Disclose(ctx, ask)
		if err != nil || len(answer.Records) != 1 || answer.Records[0].Item != item {
			t.Errorf("%s: the first page is %+v, %v", item, answer, err)
		}
	}
}

// TestPersonsStayMasked: nobody but the person gets name or number in clear, and no sealed text leaves.
func TestPersonsStayMasked(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t, dbtest.SQLite(t)), context.Background()
	all := w.matter(t, "M-ALL", nil)
	given := w.consent(t, func(c *consent.Terms) { c.Subject = w.human })
	human := publish.Whom{DocKind: docKind, Number: number}
	for name, ask := range map[string]publish.Ask{
		"department": {Who: w.officer(), Subject: human, Purpose: publish.Purpose{Matter: all}},
		"consent":    {Who: w.banker(), Subject: human, Purpose: publish.Purpose{Consent: given, Aim: "credit"}},
	} {
		answer, err := w.Disclose(ctx, ask)
		if err != nil || len(answer.Records) == 0 {
			t.Fatalf("%s: %v", name, err)
		}
		raw, _ := json.Marshal(answer)
		for _, secret := range []string{person, number, "sm4:"} {
			if strings.Contains(string(raw), secret) {
				t.Errorf("%s: the answer holds %q", name, secret)
			}
		}
		if answer.Subject.Name != "张**" || !strings.Contains(string(raw), "张**") {
			t.Errorf("%s: the name is masked, not left out: %q", name, answer.Subject.Name)
		}
	}
	own, err := w.Disclose(ctx, publish.Ask{Who: w.resident(), Subject: publish.Whom{ID: w.human}, Purpose: publish.Purpose{Own: true}})
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := json.Marshal(own)
	if !strings.Contains(string(raw), person) || !strings.Contains(string(raw), number) || strings.Contains(string(raw), "sm4:") {
		t.Error("the person sees its own name and number in clear")
	}
	labels, err := w.Labels(ctx, []int64{w.human, w.firm, 5})
	if diff := cmp.Diff(map[int64]string{w.human: "张**", w.firm: "临溪市示例食品有限公司"}, labels); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := w.Labels(ctx, make([]int64, publish.MaxNames+1)); !errors.Is(err, publish.ErrNames) {
		t.Errorf("a longer list: %v", err)
	}
}

// TestPersonsAreCapped: an account looks up so many persons an hour and no more.
func TestPersonsAreCapped(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, ctx := newWorld(t, d), context.Background()
		ask := publish.Ask{Who: w.officer(), Subject: publish.Whom{DocKind: docKind, Number: number}, Purpose: publish.Purpose{Matter: w.matter(t, "M-ALL", nil)}}
		for i := range 5 {
			if _, err := w.Disclose(ctx, ask); err != nil {
				t.Fatalf("look-up %d: %v", i, err)
			}
		}
		if _, err := w.Disclose(ctx, ask); missingOf(err) != "rate" {
			t.Errorf("the sixth within an hour: %v", err)
		}
		firm := ask
		firm.Subject = publish.Whom{Code: firmCode}
		if _, err := w.Disclose(ctx, firm); err != nil {
			t.Errorf("organisations are not counted: %v", err)
		}
		w.clock.Advance(time.Hour)
		if _, err := w.Disclose(ctx, ask); err != nil {
			t.Errorf("an hour later: %v", err)
		}
		nobody := ask
		nobody.Subject.Number = "110105194912310011"
		for i := range 4 {
			if _, err := w.Disclose(ctx, nobody); missingOf(err) != "subject" {
				t.Fatalf("number %d of nobody: %v", i, err)
			}
		}
		for _, x := range []publish.Ask{nobody, ask} {
			if _, err := w.Disclose(ctx, x); missingOf(err) != "rate" {
				t.Errorf("tried numbers are not counted: %v", err)
			}
		}
	})
}

// TestNoEntryNoAnswer: when the entry cannot be written nothing is answered, nothing is used up and nothing is counted.
func TestNoEntryNoAnswer(t *testing.T) {
	t.Parallel()
	for _, table := range []string{"access_log", "log_outbox"} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w, ctx := newWorld(t, d), context.Background()
				matter, given := w.matter(t, "M-ALL", nil), w.consent(t, nil)
				asks := []publish.Ask{
					{Who: w.officer(), Subject: publish.Whom{Code: firmCode}, Purpose: publish.Purpose{Matter: matter}},
					{Who: w.officer(), Subject: publish.Whom{DocKind: docKind, Number: number}, Purpose: publish.Purpose{Matter: matter}},
					{Who: w.banker(), Subject: publish.Whom{Code: firmCode}, Purpose: publish.Purpose{Consent: given, Aim: "credit"}},
					{Who: w.agent(), Subject: publish.Whom{ID: w.firm}, Purpose: publish.Purpose{Own: true}},
				}
				rename := func(from, to string) {
					t.Helper()
					err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
						_, err := tx.ExecContext(ctx, `ALTER TABLE `+from+` RENAME TO `+to)
						return err
					})
					if err != nil {
						t.Fatal(err)
					}
				}
				rename(table, "gone")
				for i, ask := range asks {
					if answer, err := w.Disclose(ctx, ask); answer != nil || err == nil {
						t.Errorf("question %d was answered without an entry", i)
					}
				}
				rename("gone", table)
				c, _, err := w.consents.Get(ctx, w.agent(), given)
				if err != nil || c.UsesLeft != c.Uses {
					t.Errorf("a use is gone: %v", err)
				}
				if n, err := w.log.PersonsThisHour(ctx, audit.Who{Kind: "account", ID: 1}); err != nil || n != 0 {
					t.Errorf("a person was counted: %d %v", n, err)
				}
				for i, ask := range asks {
					if answer, err := w.Disclose(ctx, ask); answer == nil || err != nil {
						t.Errorf("question %d, with the log in order: %v", i, err)
					}
				}
			})
		})
	}
}

// TestTheLastUseAnswersOne: of many that want the last use of a consent one is answered, and every one is in the log.
func TestTheLastUseAnswersOne(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		given := w.consent(t, func(c *consent.Terms) { c.Uses = 1 })
		ask := publish.Ask{Who: w.banker(), Subject: publish.Whom{Code: firmCode}, Purpose: publish.Purpose{Consent: given, Aim: "credit"}}
		var mu sync.Mutex
		var wg sync.WaitGroup
		got := map[string]int{}
		for range 6 {
			wg.Go(func() {
				answer, err := w.Disclose(context.Background(), ask)
				mu.Lock()
				defer mu.Unlock()
				if (answer == nil) != (err != nil) {
					t.Error("an answer and an error")
				}
				got[missingOf(err)]++
			})
		}
		wg.Wait()
		if got[""] != 1 || got["consent_used"] != 5 || len(w.entries(t)) != 6 {
			t.Errorf("six wanted one use: %v, %d entries", got, len(w.entries(t)))
		}
	})
}

// TestSecrecyDelaysTheLine: an order of secrecy keeps a look-up from the subject until its day, and no longer.
func TestSecrecyDelaysTheLine(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t, dbtest.SQLite(t)), context.Background()
	ask := publish.Ask{Who: w.officer(), Subject: publish.Whom{Code: firmCode}, Purpose: publish.Purpose{Matter: w.matter(t, "M-ALL", nil)}}
	_, err := w.log.OrderSecrecy(ctx, audit.Order{Agency: w.unit.ID, Subject: w.firm, Basis: "某法第九条", Until: today.AddDate(0, 1, 0), By: audit.Who{Kind: "account", ID: 9}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Disclose(ctx, ask); err != nil {
		t.Fatal(err)
	}
	if list, _, err := w.log.OfSubject(ctx, w.firm, "", 0); err != nil || len(list) != 0 {
		t.Errorf("the line came too early: %v %v", list, err)
	}
	w.clock.Advance(40 * 24 * time.Hour)
	if list, _, err := w.log.OfSubject(ctx, w.firm, "", 0); err != nil || len(list) != 1 || list[0].Matter != "M-ALL" {
		t.Errorf("the line must come on its day: %v %v", list, err)
	}
}

// TestWatchIsTold: a subject outside the officer's region, and another agency's matter, alert the auditor.
func TestWatchIsTold(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t, dbtest.SQLite(t)), context.Background()
	here, there := w.officer(), w.officer()
	there.ID, there.Grants = 8, []authz.Grant{{Role: authz.WindowOfficer, Agency: w.unit.ID, Region: "990103"}}
	others := w.matter(t, "M-OTHERS", func(m *agency.Matter) { m.Agency = w.other.ID })
	all := w.matter(t, "M-ALL", nil)
	for _, ask := range []publish.Ask{
		{Who: here, Subject: publish.Whom{Code: firmCode}, Purpose: publish.Purpose{Matter: all}},
		{Who: there, Subject: publish.Whom{Code: firmCode}, Purpose: publish.Purpose{Matter: all}},
		{Who: here, Subject: publish.Whom{Code: firmCode}, Purpose: publish.Purpose{Matter: others}},
	} {
		_, _ = w.Disclose(ctx, ask)
	}
	list, _, err := w.log.Alerts(ctx, audit.Open, nil, "", 0)
	var got []string
	for _, a := range list {
		got = append(got, fmt.Sprint(a.Rule, " ", a.Who.ID))
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"matter 1", "region 8"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// TestPublicStaysPublic: what everyone sees is not changed by any of this.
func TestPublicStaysPublic(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t, dbtest.SQLite(t)), context.Background()
	list, _, err := w.SubjectRecords(ctx, firmCode, "", time.Time{}, "", 0)
	if err != nil || len(list) != 1 || list[0].Item != "XZCF" {
		t.Fatalf("the public sees the penalty alone: %v %v", list, err)
	}
	raw, _ := json.Marshal(list)
	if strings.Contains(string(raw), "sm4:") {
		t.Error("sealed text in public")
	}
}

func BenchmarkDisclose(b *testing.B) {
	w := newWorld(b, dbtest.SQLite(b))
	ask := publish.Ask{Who: w.officer(), Subject: publish.Whom{Code: firmCode}, Purpose: publish.Purpose{Matter: w.matter(b, "M-ALL", nil)}}
	for b.Loop() {
		if _, err := w.Disclose(context.Background(), ask); err != nil {
			b.Fatal(err)
		}
	}
}

// TestOneRecordPagesAndTimes: one record by its number, pages that are each a look-up, and the register as it was known.
func TestOneRecordPagesAndTimes(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, ctx := newWorld(t, d), context.Background()
		ask := publish.Ask{Who: w.officer(), Subject: publish.Whom{Code: firmCode}, Purpose: publish.Purpose{Matter: w.matter(t, "M-ALL", nil)}}
		all, err := w.Disclose(ctx, ask)
		if err != nil || len(all.Records) != 3 {
			t.Fatalf("all: %v", err)
		}
		seen := map[string]bool{}
		ask.Limit = 2
		for {
			page, err := w.Disclose(ctx, ask)
			if err != nil {
				t.Fatal(err)
			}
			for i := range page.Records {
				seen[page.Records[i].ID] = true
			}
			if ask.Cursor = page.Next; page.Next == "" {
				break
			}
		}
		if len(seen) != 3 || len(w.entries(t)) != 3 {
			t.Errorf("two pages hold %d records and left %d entries with the first", len(seen), len(w.entries(t)))
		}
		ask.Cursor = "x"
		if _, err := w.Disclose(ctx, ask); !errors.Is(err, publish.ErrCursor) {
			t.Errorf("an invented place: %v", err)
		}
		ask.Cursor, ask.Limit = "", 0
		for id := range seen {
			one := ask
			one.Record = id
			answer, err := w.Disclose(ctx, one)
			if err != nil || len(answer.Records) != 1 || answer.Records[0].ID != id || w.entries(t)[0].What != "record" {
				t.Errorf("one record: %v", err)
			}
			one.Subject = publish.Whom{DocKind: docKind, Number: number}
			if _, err := w.Disclose(ctx, one); missingOf(err) != "record" {
				t.Errorf("another subject's record: %v", err)
			}
		}
		narrow := ask
		narrow.Purpose.Matter = w.matter(t, "M-XZJF", func(m *agency.Matter) { m.Items = []string{"XZJF"} })
		for i := range all.Records {
			narrow.Record = all.Records[i].ID
			_, err := w.Disclose(ctx, narrow)
			if want := map[bool]string{true: "", false: "record"}[all.Records[i].Item == "XZJF"]; missingOf(err) != want {
				t.Errorf("%s by a matter for XZJF: %v", all.Records[i].Item, err)
			}
		}
		then := ask
		then.AsOf = today.Add(-time.Hour)
		if answer, err := w.Disclose(ctx, then); err != nil || len(answer.Records) != 0 {
			t.Errorf("before anything was filed: %v", err)
		}
		then.AsOf = today.Add(time.Hour)
		if _, err := w.Disclose(ctx, then); !errors.Is(err, publish.ErrAsOf) {
			t.Errorf("in the future: %v", err)
		}
	})
}
