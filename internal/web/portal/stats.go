package portal

import (
	"net/http"
	"strconv"

	"gongxin/internal/publish"
	"gongxin/internal/web/ui"
)

type statsView struct {
	*publish.Stats
	shapes *districtMap
}

func (p *Portal) stats(w http.ResponseWriter, r *http.Request) error {
	s, err := p.source.Stats(r.Context())
	if err != nil {
		return err
	}
	page := p.site.Page(r, "数据统计", ui.Link{Label: "数据统计"})
	page.Section, page.Charts = sectionStats, true
	return p.show(w, r, page, statsPage(&statsView{Stats: s, shapes: p.shapes}))
}

func statsFigures(s *publish.Stats) []ui.Figure {
	f := []ui.Figure{{Label: "信用主体", Value: ui.Num(s.Subjects)}, {Label: "公示中的记录", Value: ui.Num(s.Records)}}
	for _, i := range s.ByItem {
		if i.Item == itemLicence || i.Item == itemPenalty {
			f = append(f, ui.Figure{Label: i.Name, Value: ui.Num(i.Count), Href: "/c/" + string(i.Item)})
		}
	}
	return f
}

func trendChart(months []publish.MonthCount) ui.ChartSpec {
	c := ui.ChartSpec{ID: "trend", Title: "按决定日期统计的每月公示数量（条）", Kind: ui.LineChart, Unit: "条"}
	licences, penalties := ui.Series{Name: "行政许可"}, ui.Series{Name: "行政处罚"}
	for _, m := range months {
		c.Labels = append(c.Labels, m.Month)
		licences.Values = append(licences.Values, m.Licences)
		penalties.Values = append(penalties.Values, m.Penalties)
	}
	c.Series = []ui.Series{licences, penalties}
	return c
}

func facetChart(id, title string, kind ui.ChartKind, facets []publish.Facet) ui.ChartSpec {
	c := ui.ChartSpec{ID: id, Title: title, Kind: kind, Unit: "条", Series: []ui.Series{{Name: title}}}
	for _, f := range facets {
		c.Labels = append(c.Labels, facetName(f))
		c.Series[0].Values = append(c.Series[0].Values, f.Count)
	}
	return c
}

// facetName spells out the kinds of subjects, which come as codes.
func facetName(f publish.Facet) string {
	if f.Name != "" && f.Name != f.Code {
		return f.Name
	}
	return word(kindWords, f.Code)
}

func total(facets []publish.Facet) int {
	n := 0
	for _, f := range facets {
		n += f.Count
	}
	return n
}

func regionRecords(r publish.RegionCount) int { return r.Licences + r.Penalties + r.Others }

var (
	itemColumns   = []ui.Column{{Label: "事项"}, {Label: "公示中的记录", Class: "num"}}
	monthColumns  = []ui.Column{{Label: "月份"}, {Label: "行政许可", Class: "num"}, {Label: "行政处罚", Class: "num"}}
	regionColumns = []ui.Column{
		{Label: "地区"},
		{Label: "信用主体", Class: "num"},
		{Label: "行政许可", Class: "num"},
		{Label: "行政处罚", Class: "num"},
		{Label: "其他信息", Class: "num"},
		{Label: "记录合计", Class: "num"},
	}
)

// coord writes a coordinate of the picture.
func coord(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

// chartKind draws few shares as a ring and many as bars.
func chartKind(facets []publish.Facet) ui.ChartKind {
	if len(facets) <= 5 {
		return ui.ShareChart
	}
	return ui.BarChart
}

func shareColumns(what string) []ui.Column {
	return []ui.Column{{Label: what}, {Label: "数量", Class: "num"}, {Label: "占比", Class: "num"}}
}
