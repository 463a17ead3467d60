package portal

import (
	"net/http"
	"net/url"

	"gongxin/internal/catalog"
	"gongxin/internal/publish"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// rowsPerPage is the number of rows on a page of a public column.
const rowsPerPage = 20

type columnDoor struct {
	item  *catalog.Item
	count int // -1 = not known
}

// columnsView parts the two items of double publicity from the others.
type columnsView struct {
	double []columnDoor
	others []columnDoor
}

// columns leads to the columns in the order of the catalogue.
func (p *Portal) columns(w http.ResponseWriter, r *http.Request) error {
	counts := map[catalog.ItemCode]int{}
	stats, err := p.source.Stats(r.Context())
	if err != nil {
		p.missing(r.Context(), "counts", err)
	} else {
		for _, c := range stats.ByItem {
			counts[c.Item] = c.Count
		}
	}
	var v columnsView
	for _, item := range p.publicItems() {
		d := columnDoor{item: item, count: -1}
		if stats != nil {
			d.count = counts[item.Code]
		}
		if item.Code == itemLicence || item.Code == itemPenalty {
			v.double = append(v.double, d)
		} else {
			v.others = append(v.others, d)
		}
	}
	page := p.site.Page(r, "信用公示", ui.Link{Label: "信用公示"})
	page.Section = sectionColumns
	return p.show(w, r, page, columnsPage(&v))
}

// publicItems are the items that have a public column.
func (p *Portal) publicItems() []*catalog.Item {
	var out []*catalog.Item
	for _, item := range p.edition().Items {
		if hasColumn(item) {
			out = append(out, item)
		}
	}
	return out
}

func hasColumn(item *catalog.Item) bool {
	return item.Class == catalog.Public && item.Publicity != "none"
}

type columnView struct {
	item   *catalog.Item
	filter filter
	facets *publish.Facets
	page   *publish.ListPage
	pager  ui.PagerSpec
}

// column lists one item, newest decision first.
func (p *Portal) column(w http.ResponseWriter, r *http.Request) error {
	item, err := p.findItem(r.PathValue("item"))
	if err != nil {
		return err
	}
	if !hasColumn(item) {
		return errNoItem
	}
	q := r.URL.Query()
	v := columnView{item: item, filter: readFilter(q)}
	if v.facets, err = p.source.Facets(r.Context(), item.Code); err != nil {
		return err
	}
	cursor := q.Get("cursor")
	here := "/c/" + url.PathEscape(string(item.Code))
	status := http.StatusBadRequest
	if !v.filter.bad() {
		status = http.StatusOK
		if v.page, err = p.source.List(r.Context(), item.Code, v.filter.ListFilter, cursor, rowsPerPage); err != nil {
			return err
		}
		if cursor != "" {
			v.pager.First = v.filter.link(here, "")
		}
		if v.page.Next != "" {
			v.pager.Next = v.filter.link(here, v.page.Next)
		}
	}
	page := p.site.Page(r, item.Name+"公示", ui.Link{Href: "/c", Label: "信用公示"}, ui.Link{Label: item.Name})
	page.Section = sectionColumns
	page.NoIndex = cursor != ""
	return p.site.Render(w, r, status, web.Frame(page, columnPage(&v)))
}

func facetOptions(facets []publish.Facet) []ui.Option {
	options := make([]ui.Option, len(facets))
	for i, f := range facets {
		options[i] = ui.Option{Value: f.Code, Label: f.Name + "（" + ui.Num(f.Count) + "）"}
	}
	return options
}

func categoryLabel(item *catalog.Item) string {
	for i := range item.Fields {
		if item.Fields[i].Role == catalog.RoleCategory {
			return item.Fields[i].Name
		}
	}
	return "类别"
}

func aboutWords(n int) string {
	if n < 0 {
		return ""
	}
	return "约 " + ui.Num(n) + " 条，按决定日期从新到旧排列"
}

func rowColumns(item *catalog.Item) []ui.Column {
	return []ui.Column{
		{Label: "决定日期", Class: "date"},
		{Label: "行政相对人"},
		{Label: item.Name},
		{Label: categoryLabel(item)},
		{Label: "决定机关"},
	}
}
