package drafts

import (
	"strings"

	"gongxin/internal/approval"
	"gongxin/internal/authz"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

func stateTone(s approval.State) ui.Tone {
	switch s {
	case approval.Submitted:
		return ui.Accent
	case approval.Approved, approval.Applied:
		return ui.Good
	case approval.Rejected:
		return ui.Bad
	default:
		return ui.Plain
	}
}

func stateOptions() []ui.Option {
	var out []ui.Option
	for _, s := range []approval.State{approval.Drafted, approval.Submitted, approval.Approved, approval.Rejected, approval.Applied, approval.Withdrawn} {
		out = append(out, ui.Option{Value: string(s), Label: s.Word()})
	}
	return out
}

// byWord names who acted by number; a number never becomes a name here.
func byWord(account, me int64) string {
	switch account {
	case authz.NoAccount:
		return "本机操作员"
	case 0:
		return "—"
	case me:
		return "您本人"
	default:
		return "账号 " + desk.Dec(account)
	}
}

// doneWords are what a page says after a step; the address carries the key alone.
var doneWords = map[string]string{
	"create": "草案已保存，提交以前可以随时修改", "revise": "草案已修改", "submit": "已提交，等待另一个人审批", "approve": "已批准，到施行日自动施行", "reject": "已退回，起草人会看到理由",
	"withdraw": "已撤回",
}

// change is one line of a difference.
type change struct {
	word string
	tone ui.Tone
	text string
}

// maxChanges is how many lines of a difference a page lists.
const maxChanges = 1000

// changes reads the lines of a difference, as the appliers write them; rest is how many the page leaves out.
func changes(diff string) (list []change, rest int) {
	for line := range strings.Lines(diff) {
		if line = strings.TrimRight(line, "\r\n"); strings.TrimSpace(line) == "" {
			continue
		}
		if len(list) == maxChanges {
			rest++
			continue
		}
		list = append(list, changeOf(line))
	}
	return list, rest
}

func changeOf(line string) change {
	for _, p := range []struct {
		prefix, word string
		tone         ui.Tone
	}{
		{"- ", "去掉", ui.Bad}, {"+ ", "加上", ui.Good}, {"新增 ", "新增", ui.Good}, {"删除 ", "删除", ui.Bad}, {"修改 ", "修改", ui.Accent},
	} {
		if rest, ok := strings.CutPrefix(line, p.prefix); ok {
			return change{p.word, p.tone, rest}
		}
	}
	return change{"更改", ui.Accent, line}
}

// guides say what a draft of a kind is made of.
var guides = map[approval.Kind]struct{ what, accept, ext string }{
	approval.Catalog:  {"目录版本各文件（TOML）打成的 zip。请在 edition.toml 中换一个新的版本号，effective_from 与施行日期写成同一天。", ".zip", ".zip"},
	approval.Calendar: {"一年的节假日表（TOML）：年份、文号、放假和调休上班的日子。施行后代替这一年原来的表。", ".toml,.txt", ".toml"},
	approval.Rules:    {"整个公示规则文件（TOML）。施行后代替现行的全部规则；已经公示的记录按新规则重新计算。", ".toml,.txt", ".toml"},
	approval.Lists:    {"整个名单种类文件（TOML）：设列依据、认定单位、列入条件、期限和移出条件。施行后代替现行的全部种类；已经列入的条目按列入时的规定。", ".toml,.txt", ".toml"},
	approval.Measures: {"整个惩戒措施清单文件（TOML）：措施、惩戒对象、依据和实施主体。施行后不在清单里的措施立即停止，相关指令全部召回。", ".toml,.txt", ".toml"},

	approval.Archive:     {"整个档案保存期文件（TOML）：哪些信息在撤回、修复、撤下或者期满以后保存多久，依据是什么。施行后，超过保存期的内容销毁，不能恢复。", ".toml,.txt", ".toml"},
	approval.Corrections: {"整个更正落实期限文件（TOML）：取得过记录的单位在告知后几个工作日内落实变更，公开的变更清单保留几个月，依据是什么。施行后发出的告知适用；以前发出的期限不变。", ".toml,.txt", ".toml"},
	approval.Repairs:     {"整个信用修复规则文件（TOML）：各规则集的失信程度、最早可以申请的时间、自动停止公示的时间、不能修复的情形、办理期限和承诺书。施行后代替现行的全部规则；已经提交的申请按提交时的规则。", ".toml,.txt", ".toml"},
	approval.Objections:  {"整个异议规则文件（TOML）：依据、各步骤的期限、不予受理的情形、来源单位没有核实时怎么办。施行后收到的异议适用；以前收到的按收到时的规则。", ".toml,.txt", ".toml"},

	approval.Declarations: {"整个自主申报规则文件（TOML）：主体自己可以申报哪些事项、由哪个单位受理、各步骤的期限、要承诺的内容、不予接收的情形。施行后收到的申报适用；以前收到的按收到时的规则。", ".toml,.txt", ".toml"},
}

// timeline is what happened to a draft, in order, and what is still to come.
func timeline(x *approval.Draft, me int64) []ui.Event {
	events := []ui.Event{{When: desk.Moment(x.CreatedAt), What: byWord(x.Author, me) + " 起草"}}
	if !x.SubmittedAt.IsZero() {
		events = append(events, ui.Event{When: desk.Moment(x.SubmittedAt), What: byWord(x.Author, me) + " 提交审批", Tone: ui.Accent})
	}
	if !x.DecidedAt.IsZero() {
		if x.State == approval.Rejected && x.Why != "" {
			events = append(events, ui.Event{When: desk.Moment(x.DecidedAt), What: byWord(x.Approver, me) + " 审批后退回", Why: x.Why, Tone: ui.Bad})
		} else {
			events = append(events, ui.Event{When: desk.Moment(x.DecidedAt), What: byWord(x.Approver, me) + " 批准", Tone: ui.Good})
		}
	} else if x.State == approval.Rejected {
		events = append(events, ui.Event{What: "退回", Why: x.Why, Tone: ui.Bad})
	}
	switch x.State {
	case approval.Withdrawn:
		events = append(events, ui.Event{What: "已撤回", Tone: ui.Plain})
	case approval.Approved:
		events = append(events, ui.Event{When: x.EffectiveOn.String(), What: "到这一天自动施行", Tone: ui.Plain})
	case approval.Applied:
		events = append(events, ui.Event{When: desk.Moment(x.AppliedAt), What: "施行", Tone: ui.Good})
	}
	return events
}

func diffTitle(v *draftView) string {
	if v.early {
		return "将要改什么（预览）"
	}
	return "改了什么"
}
