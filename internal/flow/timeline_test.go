package flow

import (
	"testing"

	"gongxin/internal/audit"
)

// What a person does is said with who did it; what the system brings about says so itself.
func TestDoersOfSteps(t *testing.T) {
	t.Parallel()
	p := &procedure{Table: Table{
		States: []State{{Code: "open", Name: "在办"}, {Code: "over", Name: "已召回"}},
		Moves:  []Move{{Event: "recall", Name: "召回", From: []string{"open"}, To: "over", Say: "措施的原因已经消除，召回任务"}},
	}}
	for _, c := range []struct {
		who  audit.Who
		want string
	}{
		{audit.Who{Kind: system}, "措施的原因已经消除，召回任务"},
		{audit.Who{Kind: "account", ID: 7}, "经办人措施的原因已经消除，召回任务"},
	} {
		if got := p.deed(&Step{Event: "recall", From: "open", To: "over", Who: c.who}, ""); got != c.want {
			t.Errorf("by %v: %q, want %q", c.who, got, c.want)
		}
	}
}
