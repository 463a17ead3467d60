package portal

import (
	"context"
	"log/slog"
	"net/http"

	"gongxin/internal/catalog"
	"gongxin/internal/publish"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// newest is the number of rows in each of the home page's columns.
const newest = 6

// The two items of double publicity (双公示).
const (
	itemLicence = catalog.ItemCode("XZXK")
	itemPenalty = catalog.ItemCode("XZCF")
)

type homeView struct {
	stats     *publish.Stats
	licences  []publish.ListRow
	penalties []publish.ListRow
	latest    bool
}

// home shows the search box even when the figures or the newest rows cannot be had.
func (p *Portal) home(w http.ResponseWriter, r *http.Request) error {
	var v homeView
	var err error
	if v.stats, err = p.source.Stats(r.Context()); err != nil {
		p.missing(r.Context(), "figures", err)
		v.stats = nil
	}
	if v.licences, v.penalties, err = p.source.Latest(r.Context(), newest); err != nil {
		p.missing(r.Context(), "newest rows", err)
	} else {
		v.latest = true
	}
	page := p.site.Page(r, "")
	page.NoSearch = true
	page.Description = page.City + page.Service + "：查询企业、个体工商户和其他组织的公共信用信息，查看行政许可和行政处罚公示。"
	return p.show(w, r, page, homePage(page, &v))
}

func (p *Portal) missing(ctx context.Context, what string, err error) {
	p.log.LogAttrs(ctx, slog.LevelWarn, "a part of a page is missing", slog.String("part", what),
		slog.String("request", web.RequestID(ctx)), slog.String("error", err.Error()))
}

func homeFigures(s *publish.Stats) []ui.Figure {
	f := []ui.Figure{
		{Label: "信用主体", Value: ui.Num(s.Subjects)},
		{Label: "公示中的记录", Value: ui.Num(s.Records), Href: "/c"},
	}
	for _, i := range s.ByItem {
		if i.Item == itemLicence || i.Item == itemPenalty {
			f = append(f, ui.Figure{Label: i.Name, Value: ui.Num(i.Count), Href: "/c/" + string(i.Item)})
		}
	}
	return f
}
