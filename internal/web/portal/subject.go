package portal

import (
	"context"
	"net/http"
	"net/url"

	"gongxin/internal/catalog"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
	"gongxin/internal/web/ui"
)

// How many records of one item the subject page shows before it leads to the item's own list, and how many that list
// shows on a page.
const (
	recordsShown   = 10
	recordsPerPage = 20
)

type subjectView struct {
	*publish.SubjectView
	asOf     asOf
	today    string
	total    int
	chapters []chapterView
}

type chapterView struct {
	publish.ChapterCount
	items []itemView
}

type itemView struct {
	publish.ItemCount
	negative bool
	records  []publish.RecordView
	more     string // address of the rest
}

// subject shows who it is, then the chapters of the standard report in order.
func (p *Portal) subject(w http.ResponseWriter, r *http.Request) error {
	at, err := p.readAsOf(r)
	if err != nil {
		return err
	}
	s, err := p.source.Subject(r.Context(), r.PathValue("code"), at.at)
	if err != nil {
		return err
	}
	v := subjectView{SubjectView: s, asOf: at, today: p.today().String()}
	for _, c := range s.Chapters {
		v.total += c.Count
		chapter := chapterView{ChapterCount: c}
		for _, i := range c.Items {
			if i.Count == 0 {
				continue
			}
			item, err := p.subjectItems(r.Context(), s, i, at)
			if err != nil {
				return err
			}
			chapter.items = append(chapter.items, item)
		}
		v.chapters = append(v.chapters, chapter)
	}
	page := p.site.Page(r, s.Name, ui.Link{Label: s.Name})
	page.NoIndex = at.past()
	page.Description = s.Name + "的公共信用信息：登记注册、行政许可、行政处罚等依法公开的记录。"
	return p.show(w, r, page, subjectPage(&v))
}

// subjectItems reads the newest records of one item about a subject.
func (p *Portal) subjectItems(ctx context.Context, s *publish.SubjectView, i publish.ItemCount, at asOf) (itemView, error) {
	v := itemView{ItemCount: i}
	records, next, err := p.source.SubjectRecords(ctx, s.Code, i.Item, at.at, "", recordsShown)
	if err != nil {
		return v, err
	}
	v.records = records
	if next != "" {
		v.more = subjectLink(s.Code) + "/" + url.PathEscape(string(i.Item)) + at.query()
	}
	item, ok := p.edition().Item(i.Item)
	if !ok {
		return v, nil
	}
	v.negative = item.Polarity == catalog.Negative
	if item.Establishes && len(s.Basics) > 0 {
		// The basics above are this record's fields; once is enough.
		for k := range v.records {
			v.records[k].Fields = nil
		}
	}
	return v, nil
}

type subjectItemView struct {
	*publish.SubjectView
	name     string
	negative bool
	asOf     asOf
	records  []publish.RecordView
	pager    ui.PagerSpec
}

// subjectItem lists all records of one item about a subject.
func (p *Portal) subjectItem(w http.ResponseWriter, r *http.Request) error {
	at, err := p.readAsOf(r)
	if err != nil {
		return err
	}
	item, err := p.findItem(r.PathValue("item"))
	if err != nil {
		return err
	}
	s, err := p.source.Subject(r.Context(), r.PathValue("code"), at.at)
	if err != nil {
		return err
	}
	cursor := r.URL.Query().Get("cursor")
	records, next, err := p.source.SubjectRecords(r.Context(), s.Code, item.Code, at.at, cursor, recordsPerPage)
	if err != nil {
		return err
	}
	v := subjectItemView{SubjectView: s, name: item.Name, negative: item.Polarity == catalog.Negative, asOf: at, records: records}
	here := subjectLink(s.Code) + "/" + url.PathEscape(string(item.Code))
	if cursor != "" {
		v.pager.First = here + at.query()
	}
	if next != "" {
		q := url.Values{"cursor": {next}}
		if at.past() {
			q.Set("asOf", at.day.String())
		}
		v.pager.Next = withQuery(here, q)
	}
	page := p.site.Page(r, s.Name+"的"+item.Name,
		ui.Link{Href: subjectLink(s.Code) + at.query(), Label: s.Name}, ui.Link{Label: item.Name})
	page.NoIndex = true
	return p.show(w, r, page, subjectItemPage(&v))
}

func subjectLink(code string) string { return "/s/" + url.PathEscape(code) }

func recordLink(id string, at asOf) string { return "/r/" + url.PathEscape(id) + at.query() }

// negative says whether records of an item speak against their subject, so that repair is a question.
func (p *Portal) negative(code catalog.ItemCode) bool {
	item, ok := p.edition().Item(code)
	return ok && item.Polarity == catalog.Negative
}

var errNoItem = fault.New(fault.NotFound, "portal.no_item",
	"信用目录中没有这个事项。", "请从信用目录中选择。")

// findItem finds an item of the catalogue in force by its code as it stands in an address.
func (p *Portal) findItem(code string) (*catalog.Item, error) {
	item, ok := p.edition().Item(catalog.ItemCode(code))
	if !ok {
		return nil, errNoItem
	}
	return item, nil
}

func basicsFacts(pairs []publish.Pair) []ui.Fact {
	facts := make([]ui.Fact, len(pairs))
	for i, b := range pairs {
		facts[i] = ui.Fact{Label: b.Label, Value: b.Value, Wide: longValue(b.Value)}
	}
	return facts
}

// longValue says whether a value needs the whole width of a list of facts.
func longValue(s string) bool {
	n := 0
	for range s {
		if n++; n > 24 {
			return true
		}
	}
	return false
}

// mainFacts are what a record says on a list: number, dates, who decided, where it is from, when it leaves.
func mainFacts(v *publish.RecordView) []ui.Fact {
	facts := make([]ui.Fact, 0, 6)
	add := func(label, value, note string) {
		if value != "" {
			facts = append(facts, ui.Fact{Label: label, Value: value, Note: note})
		}
	}
	add("文书号", v.DocNo, "")
	add("决定日期", v.DecidedOn.String(), "")
	add("决定机关", v.Authority, "")
	add("数据来源", v.Source.Name, "")
	add("公示至", until(v), v.WindowWhy)
	add("入库时间", moment(v.RecordedAt), "")
	return facts
}

// allFacts are all fields that everyone may see.
func allFacts(v *publish.RecordView) []ui.Fact {
	facts := make([]ui.Fact, len(v.Fields))
	for i := range v.Fields {
		f := &v.Fields[i]
		facts[i] = ui.Fact{Label: f.Name, Value: f.Shown, Wide: longValue(f.Shown)}
		if f.Masked {
			facts[i].Note = "依法隐去部分内容"
		}
	}
	return facts
}

func severityTone(s string) ui.Tone {
	if s == "serious" {
		return ui.Bad
	}
	return ui.Warn
}
