package portal

import (
	"net/http"
	"net/url"
	"strings"

	"gongxin/internal/catalog"
	"gongxin/internal/web/ui"
)

type openView struct {
	items  []*catalog.Item
	counts map[catalog.ItemCode]int
	known  bool
	host   string
	feeds  bool // there is a list of changes
}

// openData leads to the downloads and says what they hold and under which terms.
func (p *Portal) openData(w http.ResponseWriter, r *http.Request) error {
	v := openView{items: p.publicItems(), counts: map[catalog.ItemCode]int{}, host: p.origin(r), feeds: p.changes != nil}
	stats, err := p.source.Stats(r.Context())
	if err != nil {
		p.missing(r.Context(), "counts", err)
	} else {
		v.known = true
		for _, c := range stats.ByItem {
			v.counts[c.Item] = c.Count
		}
	}
	page := p.site.Page(r, "开放数据", ui.Link{Label: "开放数据"})
	page.Section = sectionOpen
	return p.show(w, r, page, openPage(&v))
}

func (v *openView) count(code catalog.ItemCode) string {
	if !v.known {
		return "—"
	}
	return ui.Num(v.counts[code])
}

// splitFile reads "XZXK.csv".
func splitFile(name string) (code, format string, ok bool) {
	code, format, ok = strings.Cut(name, ".")
	return code, format, ok && (format == "csv" || format == "ndjson")
}

func downloadLink(code catalog.ItemCode, format string) string {
	return "/open-data/" + url.PathEscape(string(code)) + "." + format
}

var (
	openColumns  = []ui.Column{{Label: "事项"}, {Label: "公示中的记录", Class: "num"}, {Label: "下载"}, {Label: "字段"}}
	metaColumns  = []ui.Column{{Label: "CSV 列名"}, {Label: "NDJSON 字段"}, {Label: "说明"}}
	paramColumns = []ui.Column{{Label: "参数"}, {Label: "含义"}, {Label: "例"}}
)

// metaFields explains the columns that every download has.
var metaFields = [][3]string{
	{"记录编号", "id", "本站内唯一，可以用 /r/编号 打开"},
	{"主体代码", "subject.code", "统一社会信用代码"},
	{"主体名称", "subject.name", "主体现在的名称；报送时的名称见事项自己的字段"},
	{"主体类型", "subject.kind", "legal_entity 法人，other_org 非法人组织，individual_business 个体工商户"},
	{"主体所在区划", "subject.region", "行政区划代码"},
	{"（事项的公开字段）", "body", "字段名称和代码见信用目录；不公开的字段不在其中"},
	{"公示起始日期", "publicFrom", ""},
	{"公示截止日期", "publicUntil", "当日起不再公示；空表示长期公示"},
	{"数据来源单位", "source.name", ""},
	{"版本", "version", "更正一次加一"},
	{"入库时间", "recordedAt", "该版本入库的时间"},
	{"目录版本", "edition", "核对该记录所依据的目录"},
	{"异议", "disputed", "“异议中”（NDJSON 中为 true）：已受理对它的异议，还没有处理完；没有异议的为空"},
}
