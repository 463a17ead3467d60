package objections

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/objection"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/web/ui"
)

// What differs between versions is marked, a field that one version lacks too.
func TestLines(t *testing.T) {
	t.Parallel()
	view := func(pairs ...string) publish.RecordView {
		var v publish.RecordView
		for i := 0; i+1 < len(pairs); i += 2 {
			v.Fields = append(v.Fields, publish.FieldView{Code: pairs[i], Name: "字段" + pairs[i], Shown: pairs[i+1]})
		}
		return v
	}
	got := lines([]publish.RecordView{view("a", "1", "b", "2", "c", "3"), view("a", "1", "b", "5", "d", "4")})
	want := []line{
		{name: "字段a", values: []string{"1", "1"}},
		{name: "字段b", values: []string{"2", "5"}, differs: true},
		{name: "字段d", values: []string{"", "4"}, differs: true},
		{name: "字段c", values: []string{"3", ""}, differs: true},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(line{})); diff != "" {
		t.Error(diff)
	}
	if got := lines(nil); got != nil {
		t.Errorf("nothing to compare: %v", got)
	}
}

// The first version, the disputed one, and the last two are compared, however many there are.
func TestChosen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n, disputed int
		want        []int
	}{{1, 1, []int{1}}, {4, 2, []int{1, 2, 3, 4}}, {9, 4, []int{1, 4, 8, 9}}, {9, 1, []int{1, 8, 9}}, {9, 9, []int{1, 8, 9}}} {
		var marks []record.Mark
		for i := range c.n {
			marks = append(marks, record.Mark{Number: i + 1})
		}
		var got []int
		for _, m := range chosen(marks, c.disputed) {
			got = append(got, m.Number)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%d versions, the %d. disputed: %s", c.n, c.disputed, diff)
		}
	}
}

// The form asks for the last day on which the record is shown; the objection has the first day after it.
func TestVerdict(t *testing.T) {
	t.Parallel()
	v, err := verdict(url.Values{"result": {"shortened"}, "until": {"2026-12-31"}}, objection.Step{Text: "x"})
	if err != nil || v.Until != 20270101 || v.Result != objection.Shortened || v.Text != "x" {
		t.Errorf("shortened: %+v %v", v, err)
	}
	if _, err := verdict(url.Values{"result": {"shortened"}, "until": {"年底"}}, objection.Step{}); err == nil {
		t.Error("a day that is none is taken")
	}
	if v, err := verdict(url.Values{"result": {"deleted"}, "until": {"年底"}}, objection.Step{}); err != nil || v.Until != 0 {
		t.Errorf("deleted: %+v %v", v, err)
	}
	if in := input(url.Values{"seen": {"7"}, "reason": {"r"}, "note": {"n"}}, []string{"h"}); in.Seen != 7 || in.Text != "r" || in.Note != "n" || len(in.Files) != 1 {
		t.Errorf("input: %+v", in)
	}
}

// What the law does not let an officer decide is not offered.
func TestOffers(t *testing.T) {
	t.Parallel()
	values := func(list []ui.Option) string {
		var out []string
		for _, o := range list {
			if o.Label == "" {
				t.Errorf("%s has no words", o.Value)
			}
			out = append(out, o.Value)
		}
		return strings.Join(out, " ")
	}
	page := func(kind objection.Kind, state string, reply objection.Reply) *caseView {
		return &caseView{row: row{Objection: objection.Objection{Kind: kind, State: state, Reply: reply}}}
	}
	for _, c := range []struct {
		v      *caseView
		review bool
		want   string
	}{
		{page(objection.OfRecord, objection.Accepted, ""), false, "corrected deleted shortened"},
		{page(objection.OfRecord, objection.Unproven, ""), false, "corrected deleted shortened"},
		{page(objection.OfRecord, objection.Verified, objection.FoundRight), false, "corrected deleted shortened kept"},
		{page(objection.OfRecord, objection.Verified, objection.FoundVoid), false, "corrected deleted shortened"},
		{page(objection.OfEntry, objection.Verified, objection.FoundRight), false, "removed kept"},
		{page(objection.OfRepair, objection.Accepted, ""), false, ""}, // it was applied for again meanwhile
		{&caseView{row: row{Objection: objection.Objection{Kind: objection.OfRepair, State: objection.Accepted}}, stages: []objection.Stage{{Code: "sent"}}}, false, "redone"},
		{page(objection.OfRecord, objection.Reviewing, objection.FoundRight), true, "upheld corrected deleted shortened"},
	} {
		if got := values(c.v.results(c.review)); got != c.want {
			t.Errorf("%s in %s: %s, want %s", c.v.Kind, c.v.State, got, c.want)
		}
	}
	if got := values(page(objection.OfEntry, objection.Referred, "").replies()); got != "keep delete" {
		t.Errorf("replies about an entry: %s", got)
	}
	if got := values(page(objection.OfRepair, objection.Referred, "").replies()); got != "keep corrected" {
		t.Errorf("replies about a repair: %s", got)
	}
	for _, k := range objection.Kinds() {
		for _, a := range k.Asks() {
			if a.Word() == "" {
				t.Errorf("%s %s has no words", k, a)
			}
		}
		for _, r := range k.Results() {
			if r.Word() == "" || resultWords[r] == "" {
				t.Errorf("%s %s has no words", k, r)
			}
		}
	}
}

// Every state has a reason for which a page offers nothing, and a tone.
func TestNothing(t *testing.T) {
	t.Parallel()
	table := objection.Table()
	for _, s := range table.States {
		v := &caseView{row: row{Objection: objection.Objection{State: s.Code}, state: s.Name}}
		if v.nothing() == "" || tone(&v.Objection) == "" {
			t.Errorf("%s", s.Code)
		}
		v.progress()
		if len(v.steps) < 2 {
			t.Errorf("%s: %+v", s.Code, v.steps)
		}
	}
	for _, s := range steps {
		if doneWords[s.name] == "" {
			t.Errorf("%s has no words when it is done", s.name)
		}
	}
}

// A share of nothing is not shown as a number.
func TestOnTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		answered, late int
		want           string
	}{{0, 0, "—"}, {4, 1, "75.0%"}, {3, 0, "100.0%"}} {
		r := statsRow{Tally: objection.Tally{Answered: c.answered, Late: c.late, Results: map[objection.Result]int{objection.Kept: 1, objection.Deleted: 2}}}
		if got := r.onTime(); got != c.want || r.changed() != 2 {
			t.Errorf("%d of %d late: %s, changed %d", c.late, c.answered, got, r.changed())
		}
	}
}
