package publish

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"gongxin/internal/catalog"
)

// Every answer of the gate and every element has its own place, however it was declared: a new one cannot be forgotten here.
func TestTallyKnowsEveryAnswer(t *testing.T) {
	t.Parallel()
	answers, elements := map[string]bool{}, map[string]bool{}
	for _, r := range gateAnswers {
		answers[string(r)] = true
	}
	for _, m := range disclosureElements {
		elements[string(m)] = true
	}
	for file, kinds := range map[string]map[string]map[string]bool{"gate.go": {"Refusal": answers}, "missing.go": {"Missing": elements}} {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			kind, ok := v.Type.(*ast.Ident)
			if !ok || kinds[kind.Name] == nil || len(v.Values) != 1 {
				return true
			}
			lit, ok := v.Values[0].(*ast.BasicLit)
			if !ok {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			if err != nil || !kinds[kind.Name][text] {
				t.Errorf("%s %q is not counted: %v", kind.Name, text, err)
			}
			found++
			return true
		})
		if found < 10 {
			t.Errorf("%s: only %d constants found", file, found)
		}
	}
}

func TestTallyCounts(t *testing.T) {
	t.Parallel()
	s := &Service{}
	s.tally.decided(catalog.Public, Passes)
	s.tally.decided(catalog.Public, Passes)
	s.tally.decided(catalog.Shared, ClassTooHigh)
	s.tally.decided("X", Passes)
	s.tally.decided(catalog.Public, "invented")
	s.tally.disclosed("record", "")
	s.tally.disclosed("record", MissingRate)
	s.tally.disclosed("record", "张三") // never a label
	s.tally.disclosed("x", "")
	gate, looks := int64(0), int64(0)
	s.GateDecisions(func(c catalog.Class, r Refusal, n int64) {
		gate += n
		want := map[[2]string]int64{{"A", ""}: 2, {"C", "class"}: 1}[[2]string{string(c), string(r)}]
		if n != want {
			t.Errorf("%s %q: %d", c, r, n)
		}
	})
	s.Disclosures(func(what string, m Missing, n int64) {
		looks += n
		want := map[[2]string]int64{{"record", ""}: 1, {"record", "rate"}: 1, {"record", "other"}: 1}[[2]string{what, string(m)}]
		if n != want {
			t.Errorf("%s %q: %d", what, m, n)
		}
	})
	if gate != 3 || looks != 3 {
		t.Errorf("%d and %d counted", gate, looks)
	}
}

func BenchmarkTally(b *testing.B) {
	s := &Service{}
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			s.tally.decided(catalog.Public, AfterWindow)
		}
	})
}
