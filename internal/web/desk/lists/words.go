package lists

import (
	"strconv"

	"gongxin/internal/listing"
	"gongxin/internal/web/ui"
)

// nothing says why a page offers no step.
func (v *entryView) nothing() string {
	switch v.State {
	case listing.Open:
		return "您的岗位现在没有可以办理的步骤：提出、送达由经办人办理，决定由没有经手提出和送达的认定人员办理（须第二步验证）。"
	case listing.Listed:
		if v.RemovedWhy != "" {
			return "已经提出移出，由没有经手提出列入和提出移出的认定人员决定（须第二步验证）；决定以前条目继续有效。"
		}
		return "移出由认定单位的经办人提出，由另一名认定人员决定（须第二步验证）；期满自动移出，不用办理。"
	default:
		return "已经办结。"
	}
}

// effect says what a decision does.
func (v *entryView) effect() string {
	what := "从决定日期起列入“" + v.kind.Name + "”，" + v.last + "。"
	if v.kind.Polarity == listing.Adverse {
		return what + "依法公示，可以据此发起惩戒措施。当事人会收到消息，写明救济途径。"
	}
	return what + "依法公示，可以据此给予激励措施。"
}

// leaving says what proposing a removal does.
func (v *entryView) leaving() string {
	what := "由另一名认定人员决定以后才移出；决定以前条目继续有效。"
	if v.kind.Polarity == listing.Incentive {
		return what + "当事人会收到消息，可以陈述申辩。"
	}
	return what
}

// whys are the ways out that the list knows.
func (v *entryView) whys() []ui.Option {
	var out []ui.Option
	for _, w := range listing.Manual() {
		if w == listing.Early && v.kind.EarlyAfter == listing.NoEarly {
			continue
		}
		out = append(out, ui.Option{Value: string(w), Label: w.Word()})
	}
	return out
}

func (v *paperView) polarityWords() string { return "列入“" + v.kind.Name + "”" }

func (v *paperView) term() string {
	if v.kind.Months == 0 {
		return "至移出为止"
	}
	return "为 " + months(v.kind.Months) + "，自决定之日起计算"
}

// you is how the notice speaks to whom it is served.
func (v *paperView) you() string {
	if v.person {
		return "你"
	}
	return "你单位"
}

// preview says whom and why, before it is confirmed. A person is shown masked.
func (v *newView) preview() []ui.Fact {
	out := []ui.Fact{{Label: "主体", Value: v.name}}
	if v.found == "" {
		out = append(out, ui.Fact{Label: "统一社会信用代码", Value: v.who.Code, Code: true})
	} else {
		out = append(out, ui.Fact{Label: "主体种类", Value: "自然人", Note: "姓名已遮盖；证件号码已核对"})
	}
	return append(out, ui.Fact{Label: "列入事由", Value: v.cause, Wide: true})
}

// rights say what the notified may do, and until when.
func (v *paperView) rights() string {
	k := v.kind
	out := v.you() + "有权陈述、申辩。"
	if k.Notice > 0 {
		out = v.you() + "有权在收到本告知书之日起 " + strconv.Itoa(k.Notice) + " 个工作日内，向本单位书面或者口头陈述、申辩；逾期不提出的，视为放弃。"
	}
	if k.Hearing {
		out += v.you() + "也有权在同一期限内要求举行听证。"
	}
	return out + "陈述、申辩不会使处理加重。"
}
