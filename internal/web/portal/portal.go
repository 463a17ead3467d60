// Package portal keeps the rule that a public page shows what the gate gave it and nothing else: every figure, row
// and field comes through Source, every page works without JavaScript, and every page says where its data is from, as of
// when, and what a reader can do about it. It holds one file per page.
package portal

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/listing"
	"gongxin/internal/measure"
	"gongxin/internal/publish"
	"gongxin/internal/repair"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// Source is where the pages read. A zero asOf is now; what may not be seen and what does not exist both answer with
// a *fault.Error of kind NotFound.
type Source interface {
	Subject(ctx context.Context, code string, asOf time.Time) (*publish.SubjectView, error)
	SubjectRecords(ctx context.Context, code string, item catalog.ItemCode, asOf time.Time, cursor string, limit int) ([]publish.RecordView, string, error)
	Record(ctx context.Context, id string, asOf time.Time) (*publish.RecordView, error)
	List(ctx context.Context, item catalog.ItemCode, f publish.ListFilter, cursor string, limit int) (*publish.ListPage, error)
	Facets(ctx context.Context, item catalog.ItemCode) (*publish.Facets, error)
	Search(ctx context.Context, q string, cursor string, limit int) (*publish.SearchPage, error)
	Stats(ctx context.Context) (*publish.Stats, error)
	Latest(ctx context.Context, n int) (licences, penalties []publish.ListRow, err error)
	Export(ctx context.Context, item catalog.ItemCode, f publish.ListFilter, yield func(*publish.RecordView) error) error
}

// Office is whom a reader may turn to; empty fields are left out.
type Office struct {
	Name    string // 临溪市社会信用中心
	Phone   string
	Address string
	Hours   string
}

// Deps are what the portal is made of.
type Deps struct {
	Site    *web.Site
	Source  Source
	Catalog *catalog.Store
	Clock   clock.Clock
	BaseURL string // address of the site for QR codes, such as https://credit.example; the request's host when empty
	Map     []byte // GeoJSON of the districts; empty leaves the map out
	Office  Office
	Dev     bool // also serve the gallery of components at /ui
	// Lists and Measures give the lists and the base list of measures in force; their pages are left out without them.
	Lists    func() *listing.Kinds
	Measures func() *measure.Base
	// Changes gives the public feed of changes; its page is left out without it.
	Changes Changes
	// Repair gives the rules of repair in force; without it the guide explains those that ship.
	Repair func() *repair.Rules
	// MaxExports bounds the downloads that run at the same time; 4 when zero.
	MaxExports int
}

// Portal is the public site.
type Portal struct {
	site    *web.Site
	source  Source
	catalog *catalog.Store
	clock   clock.Clock
	baseURL string
	shapes  *districtMap
	office  Office
	repairs func() *repair.Rules
	dev     bool
	lists   func() *listing.Kinds
	base    func() *measure.Base
	changes Changes
	exports chan struct{}
	log     *slog.Logger
}

// Sections of the navigation.
const (
	sectionColumns = "columns"
	sectionCatalog = "catalog"
	sectionStats   = "stats"
	sectionOpen    = "open"
	sectionGuide   = "guide"
)

// Nav is the portal's part of the main navigation.
func Nav() []ui.NavItem {
	return []ui.NavItem{
		{Href: "/c", Label: "信用公示", Section: sectionColumns},
		{Href: "/catalog", Label: "信用目录", Section: sectionCatalog},
		{Href: "/stats", Label: "数据统计", Section: sectionStats},
		{Href: "/open-data", Label: "开放数据", Section: sectionOpen},
		{Href: "/help", Label: "办事指南", Section: sectionGuide},
	}
}

// Footer is the portal's part of the links at the foot of each page.
func Footer() []ui.Link {
	return []ui.Link{
		{Href: "/about", Label: "关于本站"},
		{Href: "/lists", Label: "名单"},
		{Href: "/measures", Label: "奖惩措施清单"},
		{Href: "/help", Label: "使用帮助"},
		{Href: "/verify/report", Label: "报告核验"},
		{Href: "/guide/objection", Label: "异议指南"},
		{Href: "/guide/repair", Label: "信用修复指南"},
		{Href: "/help/reasons", Label: "校验原因对照"},
		{Href: "/open-data", Label: "开放数据"},
		{Href: "/verify", Label: "核验证明"},
	}
}

// New makes the portal. A map that cannot be read is logged and left out; its table stays.
func New(d Deps) *Portal {
	log := d.Site.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	n := d.MaxExports
	if n <= 0 {
		n = 4
	}
	p := &Portal{
		site: d.Site, source: d.Source, catalog: d.Catalog, clock: d.Clock, baseURL: d.BaseURL,
		office: d.Office, dev: d.Dev, lists: d.Lists, base: d.Measures, changes: d.Changes, repairs: d.Repair, exports: make(chan struct{}, n), log: log,
	}
	if len(d.Map) > 0 {
		shapes, err := parseMap(d.Map)
		if err != nil {
			log.Warn("the map of districts is left out", slog.String("error", err.Error()))
		}
		p.shapes = shapes
	}
	return p
}

// Routes hangs the pages into the site. All of them are for everyone.
func (p *Portal) Routes(rt *web.Router) {
	page := func(pattern string, a authz.Action, h web.Handler) {
		rt.Handle("GET "+pattern, web.Public(a), p.site.Handle(h))
	}
	page("/{$}", authz.PortalRead, p.home)
	page("/search", authz.SubjectSearch, p.search)
	page("/s/{code}", authz.SubjectRead, p.subject)
	page("/s/{code}/{item}", authz.SubjectRead, p.subjectItem)
	page("/s/{code}/qr.svg", authz.SubjectRead, p.qr)
	page("/r/{id}", authz.RecordRead, p.record)
	page("/c", authz.ColumnRead, p.columns)
	page("/c/{item}", authz.ColumnRead, p.column)
	if p.lists != nil && p.base != nil {
		page("/lists", authz.ColumnRead, p.listKinds)
		page("/lists/{kind}", authz.ColumnRead, p.listEntries)
		page("/measures", authz.ColumnRead, p.measures)
	}
	page("/catalog", authz.CatalogRead, p.catalogue)
	page("/catalog/{item}", authz.CatalogRead, p.item)
	page("/catalog/{item}/template.csv", authz.CatalogRead, p.templateCSV)
	page("/catalog/{item}/template.xlsx", authz.CatalogRead, p.templateXLSX)
	page("/stats", authz.StatisticsRead, p.stats)
	page("/open-data", authz.OpenDataRead, p.openData)
	if p.changes != nil {
		page("/open-data/changes", authz.OpenDataRead, p.recordChanges)
	}
	rt.Handle("GET /open-data/{file}", web.Public(authz.OpenDataRead), p.site.Stream(p.download))
	page("/about", authz.PortalRead, p.about)
	page("/help", authz.PortalRead, p.help)
	page("/help/reasons", authz.PortalRead, p.reasons)
	page("/guide/objection", authz.PortalRead, p.objection)
	page("/guide/repair", authz.PortalRead, p.repair)
	if p.dev {
		page("/ui", authz.PortalRead, p.gallery)
	}
}

// today is the day in China.
func (p *Portal) today() clock.Date { return clock.DateOf(p.clock.Now()) }

// edition is the catalogue in force today.
func (p *Portal) edition() *catalog.Edition { return p.catalog.Current(p.today()) }

// show writes a page.
func (p *Portal) show(w http.ResponseWriter, r *http.Request, page *ui.Page, body templ.Component) error {
	return p.site.Render(w, r, http.StatusOK, web.Frame(page, body))
}
