package portal

import (
	"net/http"
	"strconv"
	"strings"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/repair"
	"gongxin/internal/web/ui"
)

// repairGuide explains the rules of repair that are in force, and counts for whoever asks: by a day and a class, without an account, or for a public record.
type repairGuide struct {
	guideView
	rules    *repair.Rules
	on, kind string
	class    string
	domain   string
	verdict  *repair.Verdict // of what was typed
	own      *repair.Verdict // of the record that the reader came from
	fault    string
	today    clock.Date
}

// The kinds of failures that the calculator knows.
var repairKinds = []ui.Option{{Value: "XZCF", Label: "行政处罚"}, {Value: "YZSX", Label: "严重失信主体名单"}, {Value: "JYYC", Label: "经营异常名录"}, {Value: "other", Label: "其他失信信息"}}

var repairClasses = []ui.Option{{Value: "ordinary", Label: "一般失信"}, {Value: "serious", Label: "严重失信"}, {Value: "minor", Label: "轻微失信"}}

// failureWord names a class.
func failureWord(class string) string {
	for _, o := range repairClasses {
		if o.Value == class {
			return o.Label
		}
	}
	return class
}

var repairSeverities = map[string]record.Severity{"minor": record.Minor, "ordinary": record.Moderate, "serious": record.Serious}

func (p *Portal) repair(w http.ResponseWriter, r *http.Request) error {
	g, err := p.guide(r)
	if err != nil {
		return err
	}
	rules, err := p.repairRules()
	if err != nil {
		return err
	}
	q := r.URL.Query()
	v := &repairGuide{guideView: g, rules: rules, on: clip(q.Get("on")), kind: clip(q.Get("kind")), class: clip(q.Get("class")), domain: clip(q.Get("domain")), today: clock.Today(p.clock)}
	v.count()
	if g.record != nil {
		verdict := rules.Judge(matterOf(g.record))
		v.own = &verdict
	}
	page := p.site.Page(r, "信用修复指南", ui.Link{Href: "/help", Label: "办事指南"}, ui.Link{Label: "信用修复"})
	page.Section, page.NoIndex = sectionGuide, g.asked != "" || v.on != ""
	return p.show(w, r, page, repairPage(v))
}

// repairRules gives the rules in force, or those that ship where the site keeps none.
func (p *Portal) repairRules() (*repair.Rules, error) {
	if p.repairs != nil {
		return p.repairs(), nil
	}
	return repair.DefaultRules()
}

// count answers the calculator.
func (v *repairGuide) count() {
	if v.on == "" {
		return
	}
	day, err := clock.ParseDate(strings.TrimSpace(v.on))
	if err != nil || !day.Valid() {
		v.fault = "日期要写成 2026-05-10 这样。"
		return
	}
	item := catalog.ItemCode(v.kind)
	switch v.kind {
	case "":
		item = "XZCF"
	case "other":
		item = "" // falls to what the rules say of all others
	}
	m := matterOf(&publish.RecordView{Item: item, DecidedOn: day, Severity: v.class})
	m = v.rules.In(m, v.domain)
	verdict := v.rules.Judge(m)
	v.verdict = &verdict
}

// matterOf says what the days of a public record depend on.
func matterOf(rec *publish.RecordView) repair.Matter {
	var text strings.Builder
	for _, f := range rec.Fields {
		text.WriteString(f.Value + "\n")
	}
	return repair.Matter{
		Item: rec.Item, DecidedOn: rec.DecidedOn, Severity: repairSeverities[rec.Severity], Kinds: rec.Categories, Unit: rec.Authority + " " + rec.Source.Name, Text: repair.Nameless(text.String(), rec.Subject.Name), PublicUntil: rec.PublicUntil,
	}
}

func (v *repairGuide) domains() []ui.Option {
	var out []ui.Option
	for _, d := range v.rules.Domains {
		out = append(out, ui.Option{Value: d.Code, Label: d.Name})
	}
	return out
}

// verdictFacts say when, until when, and why.
func verdictFacts(x *repair.Verdict, today clock.Date) []ui.Fact {
	var out []ui.Fact
	switch {
	case x.Excluded != "":
		out = append(out, ui.Fact{Label: "能不能申请", Value: "不能在这里申请：" + x.Excluded, Wide: true})
	case !x.Shown:
		out = append(out, ui.Fact{Label: "能不能申请", Value: "不公示，不用申请"})
	case !x.End.IsZero() && today >= x.End:
		out = append(out, ui.Fact{Label: "能不能申请", Value: "期限已经届满，自 " + x.End.String() + " 起已经停止公示，不用申请", Wide: true})
		return append(out, ui.Fact{Label: "失信程度", Value: failureWord(x.Class)}, ui.Fact{Label: "依据", Value: x.Why + "（" + x.Name + "）", Wide: true})
	default:
		note := "已经到了"
		if today < x.Earliest {
			note = "还没有到"
		}
		out = append(out, ui.Fact{Label: "最早可以申请", Value: x.Earliest.String(), Note: note})
	}
	if x.Shown && !x.End.IsZero() {
		out = append(out, ui.Fact{Label: "自动停止公示", Value: x.End.String(), Note: "不申请也会停止"})
	}
	out = append(out, ui.Fact{Label: "失信程度", Value: failureWord(x.Class)})
	if x.Excluded == "" && x.Shown {
		out = append(out, ui.Fact{Label: "要准备", Value: strings.Join(x.Needs, "；"), Wide: true})
	}
	return append(out, ui.Fact{Label: "依据", Value: x.Why + "（" + x.Name + "）", Wide: true})
}

// months writes a length.
func repairMonths(n int, none string) string {
	switch {
	case n == 0:
		return none
	case n%12 == 0:
		return strconv.Itoa(n/12) + " 年"
	default:
		return strconv.Itoa(n) + " 个月"
	}
}

func setDays(s *repair.Set) string {
	if s.Other {
		return "名单、异常名录和其他失信信息"
	}
	words := s.From.String() + " 起的处罚决定"
	if s.To < clock.LongTerm {
		words = s.From.String() + " 至 " + s.To.String() + " 的处罚决定"
	}
	if s.From < 20100101 {
		words = s.To.String() + " 以前的处罚决定"
	}
	return words
}

func lineEarliest(l *repair.Line) string {
	switch {
	case l.Excluded != "":
		return "不能提前"
	case !l.Shown:
		return "不用申请"
	}
	return repairMonths(l.Earliest, "履行义务后即可")
}

func lineEnd(l *repair.Line) string {
	if !l.Shown {
		return "不公示"
	}
	return repairMonths(l.End, "到移出为止")
}

var repairColumns = []ui.Column{{Label: "程度", Class: "short"}, {Label: "包括"}, {Label: "最早可以申请", Class: "short"}, {Label: "自动停止", Class: "short"}}

func repairSteps(c repair.Clocks) []ui.Step {
	return []ui.Step{
		{Label: "履行义务", Note: "缴清罚款、改正违法行为等"},
		{Label: "网上申请", Note: "“我的信用—信用修复”，一次可以选多条"},
		{Label: "认定单位受理", Note: strconv.Itoa(c.Accept) + " 个工作日内"},
		{Label: "答复", Note: "受理后 " + strconv.Itoa(c.Answer) + " 个工作日内，情况复杂的可以延长"},
		{Label: "停止公示", Note: "同时停止共享和使用"},
	}
}

func localWords(r *repair.Rules) string {
	if r.Local.Years == 0 {
		return ""
	}
	return "按《" + r.Local.Name + "》" + r.Local.Article + "，失信信息最长公示 " + strconv.Itoa(r.Local.Years) + " 年；国家规定更短的，从其规定。"
}

func letterLines(r *repair.Rules) []string {
	text := strings.NewReplacer("{主体}", "＿＿＿＿", "{代码}", "＿＿＿＿", "{记录}", "（申请修复的每一条信息）").Replace(r.Letter.Text)
	return strings.FieldsFunc(text, func(c rune) bool { return c == '\n' })
}
