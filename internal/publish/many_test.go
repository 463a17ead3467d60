package publish_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/subject"
)

// crowd files more organisations, each with some of the items, and gives their codes.
func (w *world) crowd(t *testing.T, d *db.DB, n int) []string {
	t.Helper()
	ids := id.NewMaker(w.clock.Now)
	subjects, records := subject.NewStore(d, ids, nil), record.NewStore(d, ids)
	codes := make([]string, n)
	err := d.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
		var drafts []record.Draft
		for i := range codes {
			org := fmt.Sprintf("MA0B%04d", i)
			first := "91990102" + org + string(ident.OrgCheck(org))
			codes[i] = first + string(ident.USCCCheck(first))
			answers, err := subjects.Resolve(ctx, tx, []subject.Claim{
				{Kind: catalog.LegalEntity, Name: fmt.Sprintf("临溪市第%d示例有限公司", i), Region: "990102", Idents: []subject.Ident{{Kind: subject.Code, Value: codes[i]}}},
			}, w.clock.Now())
			if err != nil {
				return err
			}
			for j, item := range filed {
				if (i+j)%3 > 0 {
					drafts = append(drafts, w.draft(item, answers[0].Subject.ID, false, nil))
				}
			}
		}
		_, _, err := records.Apply(ctx, tx, drafts, record.Change{At: w.clock.Now(), Actor: "test"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

// said is what an outcome and its entry say, without the numbers that differ from look-up to look-up.
func said(t *testing.T, a *publish.Answer, err error) string {
	t.Helper()
	if err != nil {
		return "refused: " + err.Error()
	}
	b := *a
	b.Entry = 0
	raw, jerr := json.Marshal(b)
	if jerr != nil {
		t.Fatal(jerr)
	}
	return string(raw)
}

// TestManyAreAsManySingles: for random matters, askers and lists of codes, a set is answered and refused, code by code, exactly as single questions are, and
// the log says the same of it.
func TestManyAreAsManySingles(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		codes := append(w.crowd(t, d, 12), firmCode, "91990102MA0A00014X", "x", "")
		answered, refused, n := 0, 0, 0
		rapid.Check(t, func(r *rapid.T) {
			n++
			m := agency.Matter{
				Code: fmt.Sprintf("B-%d", n), Name: "批量事项", Agency: w.unit.ID, Law: "《某法》", Article: "第一条", BasisFrom: 20200101, ValidFrom: 20200101,
				Items: drawSome(r, "item", allItems), Kinds: drawSome(r, "kind", []string{"legal_entity", "person"}),
			}
			if rapid.IntRange(0, 5).Draw(r, "lapsed") == 0 {
				m.ValidUntil = rapid.SampledFrom(days).Draw(r, "until")
			}
			if rapid.IntRange(0, 5).Draw(r, "other unit") == 0 {
				m.Agency = w.other.ID
			}
			if _, _, err := w.matters.Save(context.Background(), audit.Who{Kind: "local"}, m); err != nil {
				t.Fatal(err)
			}
			ask := publish.Ask{
				Who: rapid.SampledFrom([]authz.Actor{w.officer(), w.officer(), w.agent(), {}}).Draw(r, "who"), Purpose: publish.Purpose{Matter: m.Code}, What: "check",
				Limit: rapid.SampledFrom([]int{0, 1, 2}).Draw(r, "limit"),
			}
			if rapid.Bool().Draw(r, "narrow") {
				ask.Items = codesOf(drawSome(r, "asked", allItems))
			}
			if rapid.Bool().Draw(r, "as of") {
				ask.AsOf = today
			}
			list := rapid.SliceOfN(rapid.SampledFrom(codes), 0, 20).Draw(r, "codes")
			many, err := w.DiscloseMany(context.Background(), ask, list)
			if err != nil || len(many) != len(list) {
				r.Fatalf("%d outcomes for %d codes: %v", len(many), len(list), err)
			}
			for i, code := range list {
				one := ask
				one.Subject = publish.Whom{Code: code}
				a, err := w.Disclose(context.Background(), one)
				if diff := cmp.Diff(said(t, a, err), said(t, many[i].Answer, many[i].Err)); diff != "" {
					r.Fatalf("code %d: single and many differ:\n%s", i, diff)
				}
				if err != nil {
					refused++
					continue
				}
				answered++
				single, inSet := w.entry(t, a.Entry), w.entry(t, many[i].Answer.Entry)
				if single.ID = inSet.ID; cmp.Diff(single, inSet) != "" {
					r.Fatalf("the log differs:\n%s", cmp.Diff(single, inSet))
				}
			}
		})
		if answered == 0 || refused == 0 {
			t.Fatalf("%d answered, %d refused: the test shows nothing", answered, refused)
		}
	})
}

func (w *world) entry(t *testing.T, number int64) audit.Access {
	t.Helper()
	list, _, err := w.log.Search(context.Background(), audit.Who{Kind: "local"}, audit.Filter{ID: number}, "", 2)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d entries %d: %v", len(list), number, err)
	}
	return list[0]
}

// keeper keeps nothing and remembers what it saw.
type keeper struct {
	fail           error
	prepared, kept []int64
}

func (k *keeper) Prepare(_ context.Context, answers []publish.Kept) error {
	for _, a := range answers {
		k.prepared = append(k.prepared, a.Answer.Entry)
	}
	return nil
}

func (k *keeper) Keep(_ context.Context, _ *db.Tx, answers []publish.Kept) error {
	for _, a := range answers {
		k.kept = append(k.kept, a.Answer.Entry)
	}
	return k.fail
}

// TestNothingLeavesUnkept: what cannot be kept is neither answered nor in the log.
func TestNothingLeavesUnkept(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ask := publish.Ask{Who: w.officer(), Subject: publish.Whom{Code: firmCode}, Purpose: publish.Purpose{Matter: w.matter(t, "M-KEEP", nil)}}
		good := &keeper{}
		ask.Keeper = good
		a, err := w.Disclose(context.Background(), ask)
		if err != nil || len(good.kept) != 1 || good.kept[0] != a.Entry || good.prepared[0] != a.Entry || w.entry(t, a.Entry).ID != a.Entry {
			t.Fatalf("%+v %v %v", a, good, err)
		}
		before, broken := len(w.entries(t)), errors.New("disk")
		ask.Keeper = &keeper{fail: broken}
		if a, err := w.Disclose(context.Background(), ask); a != nil || !errors.Is(err, broken) {
			t.Fatalf("answered: %v %v", a, err)
		}
		if out, err := w.DiscloseMany(context.Background(), ask, []string{firmCode, firmCode}); out != nil || !errors.Is(err, broken) {
			t.Fatalf("answered: %v %v", out, err)
		}
		if after := len(w.entries(t)); after != before {
			t.Errorf("%d entries were written", after-before)
		}
		ask.Keeper, ask.Purpose.Own, ask.Purpose.Matter = nil, true, ""
		if _, err := w.DiscloseMany(context.Background(), ask, []string{firmCode}); !errors.Is(err, publish.ErrMany) {
			t.Errorf("a set of one's own: %v", err)
		}
	})
}
