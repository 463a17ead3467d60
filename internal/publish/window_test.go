package publish

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gongxin/internal/clock"
	"gongxin/internal/record"
)

func rules(t interface {
	Helper()
	Fatal(...any)
},
) *Rules {
	t.Helper()
	r, err := DefaultRules()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func dateOf(t *testing.T, s string) clock.Date {
	t.Helper()
	if s == "" {
		return 0
	}
	d, err := clock.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWindow(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name            string
		rule, decided   string
		validTo, stated string
		procedure       record.Procedure
		kinds           []string
		fine            float64
		severity        record.Severity
		public          bool
		until, set      string
		want            record.Severity
		longer          bool
	}{
		// Facts sheet, rule 26: the day of the automatic stop.
		{name: "ordinary under Order 36", rule: "penalty", decided: "2026-05-10", kinds: []string{"罚款"}, fine: 0.2, public: true, until: "2027-05-10", set: "order36", want: record.Moderate},
		{name: "serious under Order 36", rule: "penalty", decided: "2026-05-10", kinds: []string{"罚款", "责令停产停业"}, fine: 0.2, public: true, until: "2029-05-10", set: "order36", want: record.Serious},
		{name: "very large fine is serious", rule: "penalty", decided: "2026-05-10", kinds: []string{"罚款"}, fine: 100, public: true, until: "2029-05-10", set: "order36", want: record.Serious},
		{name: "month end clamps", rule: "penalty", decided: "2028-02-29", kinds: []string{"罚款"}, fine: 1, public: true, until: "2029-02-28", set: "order36", want: record.Moderate},
		{name: "warning alone", rule: "penalty", decided: "2026-05-10", kinds: []string{"警告"}, set: "order36", until: "2026-08-10", want: record.Minor},
		{name: "warning with a fine", rule: "penalty", decided: "2026-05-10", kinds: []string{"警告", "罚款"}, fine: 1, public: true, until: "2027-05-10", set: "order36", want: record.Moderate},
		{name: "last day of the old rules", rule: "penalty", decided: "2026-03-31", kinds: []string{"罚款"}, fine: 1, public: true, until: "2029-03-31", set: "order58", want: record.Moderate},
		{name: "first day of the new rules", rule: "penalty", decided: "2026-04-01", kinds: []string{"罚款"}, fine: 1, public: true, until: "2027-04-01", set: "order36", want: record.Moderate},
		{name: "warning under the old rules", rule: "penalty", decided: "2025-01-02", kinds: []string{"通报批评"}, set: "order58", want: record.Minor},
		{name: "simple procedure", rule: "penalty", decided: "2026-05-10", kinds: []string{"罚款"}, fine: 0.02, procedure: record.Simple, set: "order36", until: "2026-08-10", want: record.Minor},
		{name: "simple procedure whatever the class stated", rule: "penalty", decided: "2026-05-10", kinds: []string{"罚款"}, procedure: record.Simple, severity: record.Serious, set: "order36", until: "2026-08-10", want: record.Minor},
		{name: "class stated by the regulator", rule: "penalty", decided: "2026-05-10", kinds: []string{"罚款"}, fine: 1, severity: record.Serious, public: true, until: "2029-05-10", set: "order36", want: record.Serious},
		{name: "shorter end stated", rule: "penalty", decided: "2026-05-10", stated: "2026-09-30", kinds: []string{"罚款"}, fine: 1, public: true, until: "2026-10-01", set: "order36", want: record.Moderate},
		{name: "longer end stated is not taken over", rule: "penalty", decided: "2026-05-10", stated: "2030-01-01", kinds: []string{"罚款"}, fine: 1, public: true, until: "2027-05-10", set: "order36", want: record.Moderate, longer: true},
		{name: "licence until its last day", rule: "licence", decided: "2025-01-16", validTo: "2053-03-24", public: true, until: "2053-03-25", set: "licence"},
		{name: "long-term licence", rule: "licence", decided: "2025-01-16", validTo: "2099-12-31", public: true, set: "licence"},
		{name: "listing ends after three years at most", rule: "listing", decided: "2026-05-10", validTo: "2031-01-01", public: true, until: "2029-05-10", set: "listing"},
		{name: "none", rule: "none", decided: "2026-05-10"},
		{name: "unknown rule shows nothing", rule: "???", decided: "2026-05-10"},
	}
	r := rules(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := r.Window(Matter{
				Rule: tt.rule, DecidedOn: dateOf(t, tt.decided), ValidTo: dateOf(t, tt.validTo), PublicEnd: dateOf(t, tt.stated), Procedure: tt.procedure,
				Kinds: tt.kinds, Fine: tt.fine, Severity: tt.severity,
			})
			if w.Public != tt.public || w.Until.String() != tt.until || w.RuleSet != tt.set || w.Severity != tt.want || w.Longer != tt.longer || w.From != dateOf(t, tt.decided) {
				t.Errorf("got %+v", w)
			}
		})
	}
}

func TestWindowProperties(t *testing.T) {
	t.Parallel()
	r := rules(t)
	all := []string{"警告", "通报批评", "罚款", "没收违法所得", "吊销许可证件", "责令停产停业", "限制从业", "其他"}
	rapid.Check(t, func(t *rapid.T) {
		decided, _ := clock.MakeDate(rapid.IntRange(2015, 2035).Draw(t, "y"), rapid.IntRange(1, 12).Draw(t, "m"), rapid.IntRange(1, 28).Draw(t, "d"))
		m := Matter{
			Rule: "penalty", DecidedOn: decided, Kinds: rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 4, rapid.ID[string]).Draw(t, "kinds"),
			Fine: rapid.Float64Range(0, 1000).Draw(t, "fine"), Procedure: record.Procedure(rapid.IntRange(0, 2).Draw(t, "procedure")),
			Severity: record.Severity(rapid.IntRange(0, 3).Draw(t, "severity")),
		}
		if rapid.Bool().Draw(t, "has end") {
			m.PublicEnd = decided.AddDays(rapid.IntRange(1, 3000).Draw(t, "end"))
		}
		w := r.Window(m)
		if w.Public && (w.Until.IsZero() || w.Until > decided.AddMonths(36)) {
			t.Fatalf("a penalty stays public beyond three years: %+v", w)
		}
		if w.Public && m.Procedure == record.Simple {
			t.Fatal("a simple-procedure penalty became public")
		}
		if !m.PublicEnd.IsZero() && w.Public && w.Until > m.PublicEnd.AddDays(1) {
			t.Fatal("longer than its source wants it public")
		}
	})
}

func TestRuleFilesAreRefused(t *testing.T) {
	t.Parallel()
	good := "[[set]]\ncode='a'\nname='a'\nfrom=2020-01-01\nto=2020-12-31\n[[set.severity]]\nclass='minor'\n[set.period]\nminor={public=false,months=0}\n"
	if _, err := LoadRules(strings.NewReader(good)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty":        "",
		"unknown key":  good + "colour='red'\n",
		"no period":    strings.Replace(good, "minor={public=false,months=0}", "", 1),
		"gap":          good + strings.NewReplacer("'a'", "'b'", "2020-01-01", "2021-02-01", "2020-12-31", "2022-01-01").Replace(good),
		"conditional":  strings.Replace(good, "class='minor'", "class='minor'\nfine_from=1.0", 1),
		"rule twice":   good + "[[rule]]\nname='x'\n[[rule]]\nname='x'\n",
		"penalty rule": good + "[[rule]]\nname='penalty'\n",
		"broken":       "[[",
	} {
		if _, err := LoadRules(strings.NewReader(text)); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
}

func FuzzLoadRules(f *testing.F) {
	f.Add("[[set]]\nfrom=2020-01-01")
	f.Fuzz(func(_ *testing.T, s string) { _, _ = LoadRules(strings.NewReader(s)) })
}
