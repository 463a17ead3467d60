package publish

import (
	"strings"
	"testing"

	"gongxin/internal/clock"
	"gongxin/internal/record"
)

// The page says what gave a record its last day: the rules, or the decision that filings do not undo.
func TestWhyOf(t *testing.T) {
	t.Parallel()
	rules, err := DefaultRules()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		until clock.Date
		end   record.End
		want  string
	}{
		"rules":                    {20270510, record.End{}, "第36号"},
		"shortened":                {20261201, record.End{Until: 20261201, Ruled: 20270510}, "经异议处理缩短"},
		"shorter by a filing":      {20261101, record.End{Until: 20261201, Ruled: 20270510}, "第36号"},
		"lengthened":               {20290510, record.End{Until: 20290510, Ruled: 20270510}, "撤销"},
		"lengthened, then shorter": {20290503, record.End{Until: 20290510, Ruled: 20270510}, "撤销"},
	} {
		if got := rules.whyOf(&record.Facts{RuleSet: "order36", PublicUntil: c.until, Decided: c.end}); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}
