package portal

import (
	"net/http"
	"net/url"

	"gongxin/internal/publish"
	"gongxin/internal/web/ui"
)

type recordPageView struct {
	*publish.RecordView
	asOf     asOf
	negative bool
}

func (p *Portal) record(w http.ResponseWriter, r *http.Request) error {
	at, err := p.readAsOf(r)
	if err != nil {
		return err
	}
	rec, err := p.source.Record(r.Context(), r.PathValue("id"), at.at)
	if err != nil {
		return err
	}
	v := recordPageView{RecordView: rec, asOf: at, negative: p.negative(rec.Item)}
	page := p.site.Page(r, rec.Title,
		ui.Link{Href: subjectLink(rec.Subject.Code) + at.query(), Label: rec.Subject.Name},
		ui.Link{Label: rec.ItemName})
	page.NoIndex = at.past()
	return p.show(w, r, page, recordPage(&v))
}

// windowFacts say why a record is public and until when.
func windowFacts(v *publish.RecordView) []ui.Fact {
	facts := []ui.Fact{}
	add := func(label, value, note string) {
		if value != "" {
			facts = append(facts, ui.Fact{Label: label, Value: value, Note: note, Wide: note != ""})
		}
	}
	add("披露方式", classWord(v.Class), "")
	add("公示自", v.PublicFrom.String(), "")
	add("公示至", until(v), v.WindowWhy)
	add("失信程度", word(severityWords, v.Severity), "")
	return facts
}

// sourceFacts say where a record is from and under which catalogue it was checked.
func sourceFacts(v *publish.RecordView) []ui.Fact {
	facts := []ui.Fact{{Label: "数据来源单位", Value: v.Source.Name}}
	if v.Source.Code != "" {
		facts = append(facts, ui.Fact{Label: "来源单位代码", Value: v.Source.Code, Code: true})
	}
	return append(facts,
		ui.Fact{Label: "入库时间", Value: moment(v.RecordedAt)},
		ui.Fact{Label: "记录版本", Value: "第 " + ui.Num(v.Version) + " 版"},
		ui.Fact{Label: "目录事项", Value: v.ItemName, Link: "/catalog/" + url.PathEscape(string(v.Item)), Note: "目录版本 " + v.Edition},
		ui.Fact{Label: "记录编号", Value: v.ID, Code: true},
	)
}

// history writes the versions, newest first.
func history(v *publish.RecordView) []ui.Event {
	events := make([]ui.Event, 0, len(v.Versions))
	for i := len(v.Versions) - 1; i >= 0; i-- {
		m := v.Versions[i]
		e := ui.Event{When: moment(m.RecordedAt), What: "第 " + ui.Num(m.Version) + " 版：" + word(actionWords, m.Action), Why: m.Why}
		if m.Version == v.Version {
			e.Tone = ui.Accent
		}
		events = append(events, e)
	}
	return events
}
