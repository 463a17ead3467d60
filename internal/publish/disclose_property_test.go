package publish_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/consent"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/publish"
)

var (
	allItems = []string{"XZCF", "XZJF", "XZBC"}
	days     = []clock.Date{20251231, 20261117, 20261118, 20261119, 20270601}
)

// TestNothingOutsideIsDisclosed: for random officers, matters, consents and times an answer comes exactly when law would give one, and holds exactly
// what it would give; every question is in the log with what was missing. The expectation is worked out here from the rule's words, without the product's code.
func TestNothingOutsideIsDisclosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	answered, refused, n := 0, 0, 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		w.clock.Set(today)
		var ask publish.Ask
		var allowed map[string]bool // items that law would show; nil = no answer
		if rapid.Bool().Draw(r, "by matter") {
			ask, allowed = drawMatter(t, r, w, n)
		} else {
			ask, allowed = drawConsent(t, r, w)
		}
		answer, err := w.Disclose(context.Background(), ask)
		newest := w.newest(t, ask.Who)
		if newest.Who.ID != ask.Who.ID || (newest.Outcome == audit.Answered) != (answer != nil) || (newest.Missing == "") != (err == nil) {
			r.Fatalf("the log says otherwise: %+v, %v", newest, err)
		}
		if allowed == nil {
			refused++
			if answer != nil || err == nil {
				r.Fatalf("answered outside the law: %+v", ask.Purpose)
			}
			return
		}
		answered++
		if err != nil {
			r.Fatalf("refused what law gives: %v", err)
		}
		got := map[string]bool{}
		for i := range answer.Records {
			got[string(answer.Records[i].Item)] = true
		}
		if fmt.Sprint(got) != fmt.Sprint(allowed) {
			r.Fatalf("shows %v, law shows %v", got, allowed)
		}
		raw, _ := json.Marshal(answer)
		if strings.Contains(string(raw), number) || strings.Contains(string(raw), person) || strings.Contains(string(raw), "sm4:") {
			r.Fatal("a person in clear")
		}
	})
	if answered == 0 || refused == 0 {
		t.Fatalf("%d answered, %d refused: the test shows nothing", answered, refused)
	}
}

// newest gives the entry that was written last for an actor; the clock may have gone back meanwhile.
func (w *world) newest(t *testing.T, who authz.Actor) audit.Access {
	t.Helper()
	kind := string(who.Kind)
	if kind == "" {
		kind = string(authz.Anonymous)
	}
	list, _, err := w.log.Search(context.Background(), audit.Who{Kind: "local"}, audit.Filter{WhoKind: kind, WhoID: who.ID}, "", 200)
	if err != nil || len(list) == 0 {
		t.Fatalf("no entry: %v", err)
	}
	return slices.MaxFunc(list, func(a, b audit.Access) int { return cmp.Compare(a.ID, b.ID) })
}

func drawWhom(r *rapid.T) (publish.Whom, string) {
	if rapid.Bool().Draw(r, "about the person") {
		return publish.Whom{DocKind: docKind, Number: number}, "person"
	}
	return publish.Whom{Code: firmCode}, "legal_entity"
}

func drawSome[T any](r *rapid.T, label string, of []T) []T {
	var out []T
	for i, x := range of {
		if rapid.IntRange(0, 3).Draw(r, fmt.Sprint(label, i)) > 0 {
			out = append(out, x)
		}
	}
	if len(out) == 0 {
		return of[:1]
	}
	return out
}

func drawMatter(t *testing.T, r *rapid.T, w *world, n int) (publish.Ask, map[string]bool) {
	m := agency.Matter{
		Code: fmt.Sprintf("R-%d", n), Name: "随机事项", Agency: w.unit.ID, Law: "《某法》", Article: "第一条", BasisFrom: 20200101, ValidFrom: 20200101,
		Items: drawSome(r, "item", allItems), Kinds: drawSome(r, "kind", []string{"legal_entity", "person"}),
	}
	rare := func(label string) bool { return rapid.IntRange(0, 4).Draw(r, label) == 0 }
	if rare("other agency") {
		m.Agency = w.other.ID
	}
	if rare("basis from") {
		m.BasisFrom = rapid.SampledFrom(days).Draw(r, "basis from day")
	}
	if rare("valid until") {
		m.ValidUntil = rapid.SampledFrom(days).Draw(r, "valid until day")
	}
	if rare("basis until") {
		m.BasisUntil = rapid.SampledFrom(days).Draw(r, "basis until day")
	}
	if !m.BasisUntil.IsZero() && m.BasisUntil <= m.BasisFrom {
		m.BasisUntil = 0
	}
	if _, _, err := w.matters.Save(context.Background(), audit.Who{Kind: "local"}, m); err != nil {
		t.Fatal(err)
	}
	whom, kind := drawWhom(r)
	ask := publish.Ask{Who: rapid.SampledFrom([]authz.Actor{w.officer(), w.officer(), w.officer(), w.banker(), w.agent(), {}}).Draw(r, "who"), Subject: whom, Purpose: publish.Purpose{Matter: m.Code}}
	ask.Who.ID += int64(1000 * n) // each question is of an account of its own, so that no rate stands in the way
	if ask.Who.Kind == "" {
		ask.Who.ID = 0
	}
	if rare("some items") {
		ask.Items = codesOf(drawSome(r, "asked item", allItems))
	}
	now := clock.DateOf(today)
	in := func(from, until clock.Date) bool { return from <= now && (until == 0 || now < until) }
	officer := ask.Who.Kind == authz.Account && ask.Who.Grants[0].Role == authz.WindowOfficer
	if !officer || m.Agency != w.unit.ID || !in(m.ValidFrom, m.ValidUntil) || !in(m.BasisFrom, m.BasisUntil) || !slices.Contains(m.Kinds, kind) {
		return ask, nil
	}
	for _, item := range ask.Items {
		if !slices.Contains(m.Items, string(item)) {
			return ask, nil
		}
	}
	shown := map[string]bool{}
	for _, item := range m.Items {
		if len(ask.Items) == 0 || slices.Contains(ask.Items, catalog.ItemCode(item)) {
			shown[item] = true
		}
	}
	return ask, shown
}

func codesOf(list []string) []catalog.ItemCode {
	out := make([]catalog.ItemCode, len(list))
	for i, code := range list {
		out[i] = catalog.ItemCode(code)
	}
	return out
}

func drawConsent(t *testing.T, r *rapid.T, w *world) (publish.Ask, map[string]bool) {
	whom, kind := drawWhom(r)
	rare := func(label string) bool { return rapid.IntRange(0, 4).Draw(r, label) == 0 }
	terms := consent.Terms{
		Subject: w.firm, Grantee: bankCode, Purpose: "credit", Uses: rapid.IntRange(1, 3).Draw(r, "uses"),
		Items:   drawSome(r, "item", []catalog.ItemCode{"XZCF", "XZJF"}),
		Classes: rapid.SampledFrom([][]catalog.Class{nil, {"A"}, {"B"}, {"A", "B"}}).Draw(r, "classes"),
		Until:   today.Add(time.Duration(rapid.IntRange(1, 72).Draw(r, "hours")) * time.Hour),
	}
	if kind == "person" {
		terms.Subject = w.human
	}
	given := w.consent(t, func(c *consent.Terms) { *c = terms })
	ask := publish.Ask{Who: w.banker(), Subject: whom, Purpose: publish.Purpose{Consent: given, Aim: "credit"}}
	ok := true
	if rare("other subject") {
		ask.Subject, ok = publish.Whom{Code: firmCode}, kind == "legal_entity"
	}
	if rare("other grantee") {
		ask.Who, ok = w.officer(), false
	}
	if rare("other purpose") {
		ask.Purpose.Aim, ok = "loan", false
	}
	if rare("used up") {
		for range terms.Uses {
			w.clock.Set(today)
			drain := ask
			drain.Who, drain.Subject, drain.Purpose.Aim = w.banker(), whom, "credit"
			drain.Who.ID = given // an account of its own
			if _, err := w.Disclose(context.Background(), drain); err != nil {
				t.Fatal(err)
			}
		}
		ok = false
	}
	if rare("revoked") {
		by := w.agent()
		if terms.Subject == w.human {
			by = w.resident()
		}
		if _, err := w.consents.Revoke(context.Background(), by, given, ""); err != nil {
			t.Fatal(err)
		}
		ok = false
	}
	ask.Who.ID = given + 1
	if rare("some items") {
		ask.Items = codesOf(drawSome(r, "asked item", allItems))
		for _, item := range ask.Items {
			ok = ok && slices.Contains(terms.Items, item)
		}
	}
	if rare("later") {
		later := today.Add(time.Duration(rapid.IntRange(1, 96).Draw(r, "later by")) * time.Hour)
		w.clock.Set(later)
		ok = ok && later.Before(terms.Until)
	}
	if !ok {
		return ask, nil
	}
	// Class B only when the consent names it; an item of class A that it names is shown, also of a person, whose data is public to nobody.
	opensB := len(terms.Classes) == 0 || slices.Contains(terms.Classes, catalog.Authorised)
	shown := map[string]bool{}
	for _, item := range terms.Items {
		switch {
		case len(ask.Items) > 0 && !slices.Contains(ask.Items, item):
		case item == "XZJF" && !opensB:
		default:
			shown[string(item)] = true
		}
	}
	return ask, shown
}

// TestViewersAreMadeInOnePlace: a Viewer that sees more than the public is written down in disclose.go and nowhere else, and bodies are decoded at the gate only.
func TestViewersAreMadeInOnePlace(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	made, decoded := map[string]int{}, map[string]int{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				if id, ok := n.Type.(*ast.Ident); ok && id.Name == "Viewer" {
					made[name]++
				}
			case *ast.SelectorExpr:
				if n.Sel.Name == "DecodeBody" || n.Sel.Name == "Body" {
					decoded[name]++
				}
			}
			return true
		})
	}
	if made["gate.go"] != 1 || made["disclose.go"] != 3 || len(made) != 2 {
		t.Errorf("viewers are made in %v", made)
	}
	if len(decoded) != 1 || decoded["service.go"] != 2 {
		t.Errorf("bodies are read in %v", decoded)
	}
}
