package desk

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/clock"
	"gongxin/internal/flow"
	"gongxin/internal/web/ui"
)

func TestTold(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 10, 5, 0, 0, clock.Zone)
	paper := flow.Attachment{Hash: "a/b", Title: "营业执照"}
	events, files := Told([]flow.Step{
		{At: at, Recorded: at, Said: "申请人提交。", Files: []flow.Attachment{paper}},
		{At: at, Recorded: at, Said: "经办人受理。", Note: "已经核对", Late: true, Files: []flow.Attachment{paper}},
	}, "/desk/x/1")
	want := []ui.Event{
		{When: Moment(at), What: "申请人提交。", Tone: ui.Plain},
		{When: Moment(at), What: "经办人受理。", Why: "内部备注：已经核对", Tone: ui.Bad},
	}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]File{{"/desk/x/1/files/a%2Fb", "营业执照", Moment(at)}}, files); diff != "" {
		t.Errorf("the same paper, twice (-want +got)\n%s", diff)
	}
}

func TestAttempt(t *testing.T) {
	t.Parallel()
	var none Attempt
	if none.Opens("accept") || none.Value("accept", "reason", "照旧") != "照旧" {
		t.Error("nothing was tried")
	}
	tried := Attempt{Step: "refuse", Typed: url.Values{"reason": {"材料不全"}}}
	if !tried.Opens("refuse") || tried.Opens("accept") || tried.Value("refuse", "reason", "") != "材料不全" || tried.Value("accept", "reason", "照旧") != "照旧" || tried.Value("refuse", "note", "照旧") != "" {
		t.Errorf("%+v", tried)
	}
}
