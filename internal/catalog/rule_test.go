package catalog

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// one loads the small catalogue with changes and gives its item with an empty row.
func one(t *testing.T, edit func(string) string) (*Item, Values) {
	t.Helper()
	it, _ := editionOf(t, "r", "2026-01-01", edit).Item("X")
	v := make(Values, len(it.Fields))
	v[it.byCode["X_NAME"]] = "甲"
	return it, v
}

func TestRuleFunctions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		expr string
		no   string // X_NO
		want bool
	}{
		{"part(X_NO, 0, 2) == 'ab'", "abc", true},
		{"part(X_NO, 1, 9) == '二三'", "一二三", true},
		{"part(X_NO, 5, 9) == ''", "abc", true},
		{"part(X_NO, 2, 1) == ''", "abc", true},
		{"part(X_NO, -1, 2) == ''", "abc", true},
		{"isDate(X_NO)", "20260228", true},
		{"isDate(X_NO)", "2026-02-28", true},
		{"isDate(X_NO)", "20260229", false},
		{"isDate(X_NO)", "2026022", false},
		{"division(X_NO)", "370303", true},
		{"division(X_NO)", "000303", false},
		{"number(X_NO) == 0.25", "0.25", true},
		{"number(X_NO) == 0.0", "abc", true},
		{"X_NO < today", "2026-03-04", true},
		{"X_NO < today", "2026-03-05", false},
		{"kind == 'legal_entity'", "x", true},
		{"int(X_NO) > 1", "abc", false}, // cannot be evaluated: a person must look
	}
	for _, tt := range tests {
		it, v := one(t, rule(tt.expr))
		v[it.byCode["X_NO"]] = tt.no
		want := []string{}
		if !tt.want {
			want = []string{"2403 X_NO"}
		}
		v[it.byCode["X_KIND"]] = "组织"
		if diff := cmp.Diff(want, brief(it.Check(v, &CheckInput{Received: received}))); diff != "" {
			t.Errorf("%s with %q (-want +got):\n%s", tt.expr, tt.no, diff)
		}
	}
}

// A rule waits for right values in the fields it names, unless it says always.
func TestRuleWaits(t *testing.T) {
	t.Parallel()
	fails := "X_NO == 'a' && X_DAY == 'b'"
	for _, tt := range []struct {
		name, always, day string
		want              []string
	}{
		{"no day", "", "", []string{}},
		{"wrong day", "", "2026-02-30", []string{"2008 X_DAY"}},
		{"right day", "", "2026-02-03", []string{"2403 X_NO"}},
		{"no day, always", "\nalways = true", "", []string{"2403 X_NO"}},
	} {
		it, v := one(t, func(s string) string { return rule(fails)(s) + tt.always + "\n" })
		v[it.byCode["X_NO"]], v[it.byCode["X_DAY"]] = "x", tt.day
		if diff := cmp.Diff(tt.want, brief(it.Check(v, &CheckInput{Received: received}))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, no, what string
		want           []string
	}{
		{"required by rule", "a", "", []string{"2401 X_A"}},
		{"not required", "b", "", []string{}},
		{"emptied by rule", "c", "甲", []string{"w2010 X_A"}},
		{"kept", "d", "甲", []string{}},
	}
	for _, tt := range tests {
		it, v := one(t, field(`code = "X_A"`, `name = "甲栏"`, `type = "text"`, `required_when = "X_NO == 'a'"`, `required_code = 2401`, `empty_when = "X_NO == 'c'"`))
		v[it.byCode["X_NO"]], v[it.byCode["X_A"]] = tt.no, tt.what
		if diff := cmp.Diff(tt.want, brief(it.Check(v, &CheckInput{Received: received}))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestInteger(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]string{
		"3": {"3", ""}, "３": {"3", ""}, "3.0": {"3", ""}, "03": {"3", ""}, "1,000": {"1000", ""}, "3个": {"3", ""},
		"3.5": {"3.5", "2005 X_A"}, "-3": {"-3", "2007 X_A"}, "三": {"三", "2005 X_A"},
	} {
		it, v := one(t, field(`code = "X_A"`, `name = "个数"`, `type = "integer"`, `unit = "个"`))
		v[it.byCode["X_A"]] = in
		got := brief(it.Check(v, &CheckInput{Received: received}))
		reason := ""
		if len(got) > 0 {
			reason = got[0]
		}
		if v[it.byCode["X_A"]] != want[0] || reason != want[1] {
			t.Errorf("%q becomes %q with %q, want %q with %q", in, v[it.byCode["X_A"]], reason, want[0], want[1])
		}
	}
}

func TestRowShape(t *testing.T) {
	t.Parallel()
	it, _ := one(t, nil)
	if got := brief(it.Check(Values{"甲"}, &CheckInput{})); len(got) != 1 || got[0] != itoa(ReasonRowShape)+" " {
		t.Errorf("a row of another shape gives %v", got)
	}
}

func TestKindBits(t *testing.T) {
	t.Parallel()
	it, v := row(t, "XZCF", fine("罚款、其他-责令改正", "罚款2000元", "0.2"))
	if got := brief(it.Check(v, &CheckInput{Received: received})); len(got) != 0 {
		t.Fatal(got)
	}
	if diff := cmp.Diff([]string{"罚款", "其他"}, it.KindNames(it.KindBits(it.Categories(v)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
