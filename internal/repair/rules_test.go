package repair

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/flow"
	"gongxin/internal/record"
)

func rulesOf(t testing.TB, old, with string) *Rules {
	t.Helper()
	text := string(shipped)
	if old != "" {
		if !strings.Contains(text, old) {
			t.Fatalf("the shipped rules have no %q", old)
		}
		text = strings.Replace(text, old, with, 1)
	}
	r, err := LoadRules(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The dates of the orders, day by day (standards, rule 26 and 5.1 to 5.3).
func TestJudge(t *testing.T) {
	t.Parallel()
	r := rulesOf(t, "", "")
	xzcf := func(on clock.Date, s record.Severity) Matter {
		return Matter{Item: "XZCF", DecidedOn: on, Severity: s, Procedure: record.Ordinary, Kinds: []string{"罚款"}, Unit: "临溪市生态环境局"}
	}
	market := xzcf(20260110, record.Moderate)
	market.Unit = "临溪市市场监督管理局"
	closed := market
	closed.DecidedOn, closed.Kinds = 20240110, []string{"罚款", "责令停产停业"}
	food := xzcf(20251130, record.Moderate)
	food.Text = "违反《中华人民共和国食品安全法》第三十四条"
	fire := xzcf(20250601, record.Moderate)
	fire.Unit = "临溪市消防救援大队"
	simple := xzcf(20260510, record.Moderate)
	simple.Procedure = record.Simple
	warning := xzcf(20260510, record.Minor)
	list := Matter{Item: "YZSX", DecidedOn: 20260510}
	never := list
	never.List = &ListTerms{Early: -1, Until: 20290510}
	sooner := list
	sooner.List = &ListTerms{Early: 6, Until: 20280510}
	shown := xzcf(20260510, record.Moderate)
	shown.PublicUntil = 20261231
	for _, c := range []struct {
		name          string
		m             Matter
		set, class    string
		earliest, end clock.Date
		excluded      bool
		shown         bool
	}{
		{"ordinary", xzcf(20260510, record.Moderate), "order36", "ordinary", 20260810, 20270510, false, true},
		{"serious", xzcf(20260510, record.Serious), "order36", "serious", 20270510, 20290510, false, true},
		{"the month's end", xzcf(20261130, record.Moderate), "order36", "ordinary", 20270228, 20271130, false, true},
		{"a leap day", xzcf(20240229, record.Moderate), "order58", "ordinary", 20240529, 20270228, false, true},
		{"minor is not shown", warning, "order36", "minor", 20260510, 20260810, false, false},
		{"simple procedure", simple, "order36", "minor", 20260510, 20260810, false, false},
		{"the last day of Order 58", xzcf(20260331, record.Moderate), "order58", "ordinary", 20260630, 20290331, false, true},
		{"the first day of Order 36", xzcf(20260401, record.Moderate), "order36", "ordinary", 20260701, 20270401, false, true},
		{"food under Order 58", food, "order58", "ordinary", 20261130, 20281130, false, true},
		{"fire under Order 58", fire, "order58", "ordinary", 20260601, 20280601, false, true},
		{"the guide of 2019", xzcf(20220510, record.Serious), "guide2019", "serious", 20221110, 20250510, false, true},
		{"the market line", market, "samr107", "ordinary", 20260410, 20270110, false, true},
		{"what Order 45 keeps", closed, "samr45", "serious", 20240110, 20270110, true, true},
		{"a serious list", list, "others", "serious", 20270510, 20290510, false, true},
		{"a list without early removal", never, "others", "serious", 20270510, 20290510, true, true},
		{"the list's own end is sooner", sooner, "others", "serious", 20270510, 20280510, false, true},
		{"abnormal listing", Matter{Item: "JYYC", DecidedOn: 20260510}, "others", "ordinary", 20260510, 20310510, false, true},
		{"courts decide on debtors", Matter{Item: "SXBZXR", DecidedOn: 20260510}, "others", "serious", 20260510, 20310510, true, true},
		{"the source gave a shorter period", shown, "order36", "ordinary", 20260810, 20261231, false, true},
	} {
		v := r.Judge(c.m)
		if v.Set != c.set || v.Class != c.class || v.Earliest != c.earliest || v.End != c.end || (v.Excluded != "") != c.excluded || v.Shown != c.shown {
			t.Errorf("%s: %+v", c.name, v)
		}
		if v.Why == "" || v.Name == "" {
			t.Errorf("%s says nothing of why", c.name)
		}
	}
	v := r.Judge(xzcf(20260510, record.Moderate))
	for on, want := range map[clock.Date]bool{20260809: false, 20260810: true, 20270509: true, 20270510: false} {
		if v.Open(on) != want {
			t.Errorf("on %v it is open: %v", on, !want)
		}
	}
}

// What is not settled is a setting.
func TestSettings(t *testing.T) {
	t.Parallel()
	m := Matter{Item: "XZCF", DecidedOn: 20260510, Severity: record.Moderate, Unit: "临溪市消防救援大队"}
	if v := rulesOf(t, `first_day = "end"`, `first_day = "next"`).Judge(m); v.Earliest != 20260811 {
		t.Errorf("the day after: %v", v.Earliest)
	}
	if v := rulesOf(t, "years = 5", "years = 1").Judge(Matter{Item: "XZCF", DecidedOn: 20260510, Severity: record.Serious}); v.End != 20270510 || !v.Local {
		t.Errorf("the region's shorter bound: %+v", v)
	}
	if v := rulesOf(t, "", "").Judge(Matter{Item: "JYYC", DecidedOn: 20260510, ConductEnd: 20250101}); v.End != 20300101 {
		t.Errorf("counted from the end of the conduct: %v", v.End)
	}
}

// That what is not corrected goes on being shown is no rule any more: a file that says so is refused with what to do instead.
func TestUncorrectedIsRefused(t *testing.T) {
	t.Parallel()
	for _, do := range []string{"keep", "stop"} {
		text := string(shipped) + "\n[[uncorrected]]\ndomain = \"*\"\ndo = \"" + do + "\"\n"
		if _, err := LoadRules(strings.NewReader(text)); !errors.Is(err, ErrUncorrected) || !strings.Contains(err.Error(), "请删去 [[uncorrected]] 各节") {
			t.Errorf("%s: %v", do, err)
		}
	}
}

// A file that could not be used, or would leave somebody without an answer, is refused.
func TestLoadRulesRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ old, with string }{
		{`first_day = "end"`, `first_day = "soon"`},
		{`first_day = "end"`, "first_day = \"end\"\nlast_day = 1"},
		{"accept = 3 ", "accept = 0 "},
		{"extend = 10", "extend = 100"},
		{`free = "`, `fre = "`},
		{"{记录}", "记录"},
		{`to = "2023-04-30"`, `to = "2023-04-29"`},
		{`code = "order58"`, `code = "guide2019"`},
		{`domains = ["equipment", "safety", "fire", "food", "drugs"]`, `domains = ["moon"]`},
		{"earliest = 6\n  end = 36", "earliest = 48\n  end = 36"},
		{`second_officer = ["serious"]`, `second_officer = ["all"]`},
		{"other = true", "other = false"},
	} {
		text := strings.Replace(string(shipped), c.old, c.with, 1)
		if text == string(shipped) {
			t.Errorf("the shipped rules have no %q", c.old)
		}
		if _, err := LoadRules(strings.NewReader(text)); !errors.Is(err, ErrRules) {
			t.Errorf("%q instead of %q: %v", c.with, c.old, err)
		}
	}
	if _, err := LoadRules(bytes.NewReader(make([]byte, maxRules+1))); !errors.Is(err, ErrRules) {
		t.Errorf("a huge file: %v", err)
	}
}

// Whatever a failure is, it cannot be repaired before its earliest day, nor when it is excluded, never shown or over; and no end lies behind the ceilings.
func TestPropertyJudge(t *testing.T) {
	t.Parallel()
	r := rulesOf(t, "", "")
	rapid.Check(t, func(t *rapid.T) {
		day := clock.Date(20200101).AddDays(rapid.IntRange(0, 3000).Draw(t, "day"))
		m := Matter{
			Item: rapid.SampledFrom([]catalog.ItemCode{"XZCF", "YZSX", "JYYC", "XZQZ", "SXBZXR"}).Draw(t, "item"), DecidedOn: day,
			Severity:  rapid.SampledFrom([]record.Severity{record.NoSeverity, record.Minor, record.Moderate, record.Serious}).Draw(t, "severity"),
			Procedure: rapid.SampledFrom([]record.Procedure{record.Ordinary, record.Simple}).Draw(t, "procedure"),
			Kinds:     rapid.SliceOfN(rapid.SampledFrom([]string{"警告", "罚款", "责令停产停业"}), 0, 3).Draw(t, "kinds"),
			Unit:      rapid.SampledFrom([]string{"市场监督管理局", "消防救援大队", "生态环境局"}).Draw(t, "unit"),
			Text:      rapid.SampledFrom([]string{"", "食品安全法"}).Draw(t, "text"),
		}
		if rapid.Bool().Draw(t, "public") {
			m.PublicUntil = day.AddMonths(rapid.IntRange(1, 40).Draw(t, "until"))
		}
		v := r.Judge(m)
		on := day.AddDays(rapid.IntRange(-30, 2500).Draw(t, "on"))
		if v.Open(on) && (on < v.Earliest || v.Excluded != "" || !v.Shown || !v.End.IsZero() && on >= v.End) {
			t.Fatalf("open on %v: %+v", on, v)
		}
		if v.Earliest < day || day >= 20201001 && (v.End.IsZero() || v.End > day.AddMonths(60)) {
			t.Fatalf("dates of %v: %+v", day, v)
		}
		if !m.PublicUntil.IsZero() && (v.End.IsZero() || v.End > m.PublicUntil) {
			t.Fatalf("ends after the register stops showing it: %+v", v)
		}
	})
}

func FuzzLoadRules(f *testing.F) {
	f.Add(shipped)
	f.Add([]byte("first_day = \"end\""))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := LoadRules(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, item := range []catalog.ItemCode{"XZCF", "YZSX", "?"} {
			if v := r.Judge(Matter{Item: item, DecidedOn: 20260510, Severity: record.Moderate}); v.Why == "" {
				t.Errorf("no reason: %+v", v)
			}
		}
	})
}

// The tables of the procedures are sound.
func TestTables(t *testing.T) {
	t.Parallel()
	c := rulesOf(t, "", "").Clocks
	for _, table := range []flow.Table{Table(c), BreachTable(), ShieldTable()} {
		if err := table.Check(); err != nil {
			t.Errorf("%s: %v", table.Kind, err)
		}
	}
}
