package sheet_test

import (
	"testing"

	"gongxin/internal/sheet"
)

func TestPlain(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "临溪市示例有限公司": "临溪市示例有限公司", "2026-11-22": "2026-11-22", "1=1": "1=1", "\xff": "\xff",
		`=HYPERLINK("http://x.example")`: `'=HYPERLINK("http://x.example")`, "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)",
		"\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1", "＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠A1": "'＠A1",
	} {
		if got := sheet.Plain(text); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}
