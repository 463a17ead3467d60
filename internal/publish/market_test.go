package publish

import (
	"strings"
	"testing"

	"gongxin/internal/record"
)

const (
	marketUnit = "临溪市市场监督管理局"
	otherUnit  = "临溪市生态环境局"
)

// Decisions of market regulators go by their ministry's orders: 45 until 2025-12-24, 107 from 2025-12-25 on, whatever holds for others (facts sheet, 5.3).
func TestMarketWindow(t *testing.T) {
	t.Parallel()
	r := rules(t)
	fine, warning, criticism, closed := []string{"罚款"}, []string{"警告"}, []string{"通报批评"}, []string{"责令停产停业", "罚款"}
	for _, c := range []struct {
		unit, authority, decided string
		kinds                    []string
		amount                   float64
		stated                   record.Severity
		public                   bool
		until, set               string
		want                     record.Severity
	}{
		{otherUnit, "", "2023-04-30", fine, 1, 0, true, "2024-04-30", "guide2019", record.Moderate},
		{otherUnit, "", "2023-04-30", fine, 1, record.Serious, true, "2026-04-30", "guide2019", record.Serious},
		{otherUnit, "", "2023-05-01", fine, 1, 0, true, "2026-05-01", "order58", record.Moderate},
		{marketUnit, "", "2021-08-31", fine, 1, 0, true, "2022-08-31", "guide2019", record.Moderate},
		{marketUnit, "", "2021-09-01", fine, 1, 0, true, "2024-09-01", "samr45", record.Moderate},
		{marketUnit, "", "2025-12-24", fine, 1, 0, true, "2028-12-24", "samr45", record.Moderate},
		{marketUnit, "", "2025-12-24", fine, 1, record.Minor, true, "2028-12-24", "samr45", record.Moderate}, // the order knows no classes
		{marketUnit, "", "2025-12-24", warning, 0, 0, false, "", "samr45", record.Minor},
		{marketUnit, "", "2025-12-24", criticism, 0, 0, true, "2026-03-24", "samr45", record.Minor},
		{marketUnit, "", "2025-12-24", closed, 1, 0, true, "2028-12-24", "samr45", record.Serious},
		{marketUnit, "", "2025-12-25", fine, 1, 0, true, "2026-12-25", "samr107", record.Moderate},
		{marketUnit, "", "2025-12-26", fine, 1, 0, true, "2026-12-26", "samr107", record.Moderate},
		{marketUnit, "", "2025-12-25", closed, 1, 0, true, "2028-12-25", "samr107", record.Serious},
		{marketUnit, "", "2025-12-25", fine, 100, 0, true, "2028-12-25", "samr107", record.Serious},
		{marketUnit, "", "2025-12-25", warning, 0, 0, false, "2026-03-25", "samr107", record.Minor},
		{marketUnit, "", "2025-12-25", warning, 0, record.Minor, false, "2026-03-25", "samr107", record.Minor},
		{marketUnit, "", "2025-12-25", fine, 0.1, record.Minor, true, "2026-03-25", "samr107", record.Minor},
		{marketUnit, "", "2026-03-31", fine, 1, 0, true, "2027-03-31", "samr107", record.Moderate},
		{marketUnit, "", "2026-04-01", fine, 1, 0, true, "2027-04-01", "samr107", record.Moderate},
		{marketUnit, "", "2026-05-10", fine, 0.1, record.Minor, true, "2026-08-10", "samr107", record.Minor},
		{otherUnit, "", "2025-12-24", fine, 1, 0, true, "2028-12-24", "order58", record.Moderate},
		{otherUnit, "", "2025-12-25", fine, 1, 0, true, "2028-12-25", "order58", record.Moderate},
		{otherUnit, "", "2026-03-31", fine, 1, 0, true, "2029-03-31", "order58", record.Moderate},
		{otherUnit, "", "2026-04-01", fine, 1, 0, true, "2027-04-01", "order36", record.Moderate},
		{otherUnit, "", "2026-05-10", fine, 0.1, record.Minor, false, "2026-08-10", "order36", record.Minor},
		{otherUnit, marketUnit, "2025-12-25", fine, 1, 0, true, "2026-12-25", "samr107", record.Moderate}, // filed by another unit than decided
	} {
		w := r.Window(Matter{Rule: "penalty", DecidedOn: dateOf(t, c.decided), Kinds: c.kinds, Fine: c.amount, Severity: c.stated, Unit: c.unit, Authority: c.authority, Failure: true})
		until := w.Until.String()
		if !w.Public && c.until == "" {
			until = "" // the general bound of failures
		}
		if w.Public != c.public || until != c.until || w.RuleSet != c.set || w.Severity != c.want {
			t.Errorf("%s %s of %s, stated %q: %+v", c.unit, strings.Join(c.kinds, "、"), c.decided, c.stated, w)
		}
		if !strings.Contains(r.Explain(w.RuleSet), "依据") {
			t.Errorf("%s is not explained", w.RuleSet)
		}
	}
}

func TestDomainsOfRuleFiles(t *testing.T) {
	t.Parallel()
	text, err := DefaultRulesText()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"不存在":  {`domain = "market"`, `domain = "markt"`},
		"重复":   {`code = "samr107"`, `code = "samr45"`},
		"不衔接":  {`from = 2025-12-25`, `from = 2025-12-24`},
		"没有名称": {`units = ["市场监督管理", "市场监管"]`, `units = []`},
		"有误":   {`stated = "minor"`, `stated = "ordinary"`},
	} {
		changed := strings.Replace(string(text), change[0], change[1], 1)
		if _, err := LoadRules(strings.NewReader(changed)); changed == string(text) || err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
