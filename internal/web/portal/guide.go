package portal

import (
	"net/http"
	"strings"

	"gongxin/internal/catalog"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
	"gongxin/internal/web/ui"
)

type guideView struct {
	office  Office
	record  *publish.RecordView // the record that the reader came from
	missing bool                // there was a number, but no such public record
	asked   string
}

// guide reads the record that a reader came from, so that the page can name its source and number.
func (p *Portal) guide(r *http.Request) (guideView, error) {
	v := guideView{office: p.office, asked: clip(r.URL.Query().Get("record"))}
	if v.asked == "" {
		return v, nil
	}
	rec, err := p.source.Record(r.Context(), v.asked, asOf{}.at)
	switch {
	case err == nil:
		v.record = rec
	case fault.KindOf(err) == fault.NotFound || fault.KindOf(err) == fault.Invalid:
		v.missing = true
	default:
		return v, err
	}
	return v, nil
}

func (p *Portal) objection(w http.ResponseWriter, r *http.Request) error {
	v, err := p.guide(r)
	if err != nil {
		return err
	}
	page := p.site.Page(r, "异议指南", ui.Link{Href: "/help", Label: "办事指南"}, ui.Link{Label: "提出异议"})
	page.Section, page.NoIndex = sectionGuide, v.asked != ""
	return p.show(w, r, page, objectionPage(&v))
}

// recordFacts name the record that the reader came from, to be quoted in the application.
func recordFacts(rec *publish.RecordView) []ui.Fact {
	facts := []ui.Fact{
		{Label: "记录编号", Value: rec.ID, Code: true, Wide: true},
		{Label: "记录", Value: rec.ItemName + "：" + rec.Title, Link: recordLink(rec.ID, asOf{}), Wide: true},
		{Label: "信用主体", Value: rec.Subject.Name},
		{Label: "统一社会信用代码", Value: rec.Subject.Code, Code: true},
	}
	if rec.DocNo != "" {
		facts = append(facts, ui.Fact{Label: "文书号", Value: rec.DocNo})
	}
	return append(facts,
		ui.Fact{Label: "决定机关", Value: dash(rec.Authority)},
		ui.Fact{Label: "数据来源单位", Value: dash(rec.Source.Name)},
		ui.Fact{Label: "公示至", Value: until(rec)})
}

func officeFacts(o Office) []ui.Fact {
	var facts []ui.Fact
	for _, f := range []ui.Fact{
		{Label: "单位", Value: o.Name},
		{Label: "电话", Value: o.Phone},
		{Label: "地址", Value: o.Address},
		{Label: "办公时间", Value: o.Hours},
	} {
		if f.Value != "" {
			facts = append(facts, f)
		}
	}
	return facts
}

func (p *Portal) about(w http.ResponseWriter, r *http.Request) error {
	page := p.site.Page(r, "关于本站", ui.Link{Label: "关于本站"})
	return p.show(w, r, page, aboutPage(page, p.office))
}

func (p *Portal) help(w http.ResponseWriter, r *http.Request) error {
	page := p.site.Page(r, "办事指南", ui.Link{Label: "办事指南"})
	page.Section = sectionGuide
	return p.show(w, r, page, helpPage(p.office))
}

// reasons is the table of reason numbers that a filing receipt uses.
func (p *Portal) reasons(w http.ResponseWriter, r *http.Request) error {
	page := p.site.Page(r, "校验原因对照", ui.Link{Href: "/help", Label: "办事指南"}, ui.Link{Label: "校验原因对照"})
	page.Section = sectionGuide
	return p.show(w, r, page, reasonsPage(groupReasons(catalog.Reasons())))
}

type reasonGroup struct {
	id, title string
	rows      []catalog.ReasonInfo
}

var levelWords = map[string]string{
	catalog.LevelLink: "这一行说的是谁",
	catalog.LevelRow:  "单元格和行",
	catalog.LevelFile: "整个文件",
	catalog.LevelFlow: "更新和撤回",
}

func groupReasons(all []catalog.ReasonInfo) []reasonGroup {
	var groups []reasonGroup
	for _, r := range all {
		if n := len(groups); n == 0 || groups[n-1].id != r.Level {
			groups = append(groups, reasonGroup{id: r.Level, title: word(levelWords, r.Level)})
		}
		g := &groups[len(groups)-1]
		g.rows = append(g.rows, r)
	}
	return groups
}

func severityWord(s string) (string, ui.Tone) {
	if s == catalog.Warning {
		return "提醒", ui.Warn
	}
	return "退回", ui.Bad
}

var reasonColumns = []ui.Column{{Label: "编号", Class: "short"}, {Label: "原因"}, {Label: "后果", Class: "short"}, {Label: "怎样改"}}

// plainFix writes a fix without the places that a receipt fills in.
func plainFix(s string) string {
	return strings.NewReplacer("下列值中选填：{d}", "目录列出的值中选填", "到{d}位小数", "到目录规定的位数",
		"“{f}”", "该项", "{f}", "该项", "{d}", "相应的内容").Replace(s)
}
