package portal

import (
	"net/http"
	"strings"
	"testing"
)

// Whoever asks learns the days of a failure without an account (standards, rule 26), and the page says what the rules in force say.
func TestRepairGuideCounts(t *testing.T) {
	t.Parallel()
	h := newHandler(t, newFake(3))
	for _, c := range []struct {
		query string
		says  []string
		lacks string
	}{
		{"", []string{"算一算", "不收费", "满3个月可以申请", "国家发展改革委令第58号", "谁认定、谁修复", "郑重承诺"}, "已经到了"},
		{"?on=2026-05-10", []string{"2026-08-10", "2027-05-10", "一般失信"}, ""},
		{"?on=2026-05-10&class=serious", []string{"2027-05-10", "2029-05-10", "严重失信"}, ""},
		{"?on=2026-11-30", []string{"2027-02-28", "还没有到"}, ""},
		{"?on=2025-06-01&domain=fire", []string{"2026-06-01", "2028-06-01"}, ""},
		{"?on=2026-05-10&kind=YZSX", []string{"2027-05-10", "严重失信主体名单"}, ""},
		{"?on=2019-12-31", []string{"期限已经届满", "2020-12-31", "已经停止公示，不用申请"}, "不申请也会停止"},
		{"?on=soon", []string{"日期要写成"}, "最早可以申请</dt>"},
		{"?record=" + penaltyID, []string{"这条记录什么时候可以修复", "自动停止公示"}, ""},
	} {
		w := get(h, "/guide/repair"+c.query)
		text := w.Body.String()
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d", c.query, w.Code)
		}
		for _, words := range c.says {
			if !strings.Contains(text, words) {
				t.Errorf("%s does not say %q", c.query, words)
			}
		}
		if c.lacks != "" && strings.Contains(text, c.lacks) {
			t.Errorf("%s says %q", c.query, c.lacks)
		}
	}
}
