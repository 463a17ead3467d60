package portal

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"gongxin/internal/catalog"
	"gongxin/internal/web/ui"
)

type catalogueView struct {
	edition *catalog.Edition
	groups  []itemGroup
}

type itemGroup struct {
	name  string
	items []*catalog.Item
}

// catalogue lists the items in force by category, in the catalogue's order.
func (p *Portal) catalogue(w http.ResponseWriter, r *http.Request) error {
	v := catalogueView{edition: p.edition()}
	for _, item := range v.edition.Items {
		if n := len(v.groups); n == 0 || v.groups[n-1].name != item.Category {
			v.groups = append(v.groups, itemGroup{name: item.Category})
		}
		g := &v.groups[len(v.groups)-1]
		g.items = append(g.items, item)
	}
	page := p.site.Page(r, "信用目录", ui.Link{Label: "信用目录"})
	page.Section = sectionCatalog
	return p.show(w, r, page, cataloguePage(&v))
}

type catalogueItemView struct {
	*catalog.Item
	editions []editionRow
}

func (p *Portal) item(w http.ResponseWriter, r *http.Request) error {
	item, err := p.findItem(r.PathValue("item"))
	if err != nil {
		return err
	}
	page := p.site.Page(r, item.Name+"的目录规定",
		ui.Link{Href: "/catalog", Label: "信用目录"}, ui.Link{Label: item.Name})
	page.Section = sectionCatalog
	return p.show(w, r, page, itemPage(&catalogueItemView{Item: item, editions: p.editions(item.Code)}))
}

func kindsWords(kinds []catalog.SubjectKind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = kindWord(k)
	}
	return strings.Join(words, "、")
}

func itemFacts(item *catalog.Item) []ui.Fact {
	facts := []ui.Fact{
		{Label: "事项代码", Value: string(item.Code), Code: true},
		{Label: "信息类别", Value: item.Category},
		{Label: "信用主体", Value: kindsWords(item.SubjectKinds)},
		{Label: "信息性质", Value: word(polarityWords, string(item.Polarity))},
		{Label: "披露方式", Value: string(item.Class) + " " + classWord(item.Class)},
		{Label: "报告章节", Value: chapterWords(item.Chapter)},
		{Label: "提供单位", Value: strings.Join(item.Providers, "、"), Wide: true},
		{Label: "报送时限", Value: clockWords(item.Clock), Wide: true},
		{Label: "公示规则", Value: word(publicityWords, item.Publicity), Wide: true},
		{Label: "保存期限", Value: dash(item.Retention), Wide: true},
		{Label: "同一记录", Value: keyWords(item), Note: "主体和这些字段都相同的，视为同一条记录：再次报送即更新，不会重复。", Wide: true},
	}
	if item.Note != "" {
		facts = append(facts, ui.Fact{Label: "备注", Value: item.Note, Wide: true})
	}
	return facts
}

func clockWords(c catalog.FilingClock) string {
	switch {
	case c.WorkingDays > 0:
		return "自决定之日起 " + strconv.Itoa(c.WorkingDays) + " 个工作日内报送（决定次日为第 1 个工作日）；超过时限的仍然收下，记为迟报。"
	case c.MonthDay > 0:
		return "次月 " + strconv.Itoa(c.MonthDay) + " 日前报送。"
	default:
		return "没有统一时限。"
	}
}

func keyWords(item *catalog.Item) string {
	words := []string{"信用主体"}
	for _, code := range item.NaturalKey {
		words = append(words, fieldName(item, code))
	}
	return strings.Join(words, " + ")
}

// typeWord says what may stand in a field.
func typeWord(f *catalog.Field) string {
	s := word(typeWords, string(f.Type))
	if f.Unit != "" {
		s += "（" + f.Unit + "）"
	}
	if f.MaxLen > 0 && f.Type == catalog.Text {
		s += "，至多 " + strconv.Itoa(f.MaxLen) + " 字"
	}
	if f.Scale > 0 {
		s += "，至多 " + strconv.Itoa(f.Scale) + " 位小数"
	}
	return s
}

// mustWord says when a field must be filled.
func mustWord(f *catalog.Field) string {
	switch {
	case f.Required:
		return "必填"
	case f.RequiredWhen != "" || len(f.RequiredFor) > 0 || f.RequiredWith != "" || f.RequiredIf != nil:
		return "视情况必填"
	default:
		return "选填"
	}
}

// mustNote explains a conditional requirement where it can be said from the data.
func mustNote(item *catalog.Item, f *catalog.Field) string {
	var notes []string
	if len(f.RequiredFor) > 0 {
		notes = append(notes, kindsWords(f.RequiredFor)+"必填")
	}
	if f.RequiredWith != "" {
		notes = append(notes, "填了“"+fieldName(item, f.RequiredWith)+"”时必填")
	}
	if c := f.RequiredIf; c != nil {
		notes = append(notes, "“"+fieldName(item, c.Field)+"”含"+strings.Join(c.Any, "、")+"时必填")
	}
	if len(f.EmptyFor) > 0 {
		notes = append(notes, kindsWords(f.EmptyFor)+"不填")
	}
	return strings.Join(notes, "；")
}

func fieldName(item *catalog.Item, code string) string {
	if f, ok := item.Field(code); ok {
		return f.Name
	}
	return code
}

// openField says whether everyone may see a field.
func openField(item *catalog.Item, f *catalog.Field) bool {
	switch f.Role {
	case catalog.RolePersonID, catalog.RolePersonIDType, catalog.RoleRepID, catalog.RoleRepIDType:
		return false
	}
	return item.FieldClass(f) == catalog.Public && !f.Sensitive && !f.Personal
}

// showWord says how a field is disclosed.
func showWord(item *catalog.Item, f *catalog.Field) string {
	switch {
	case f.Sensitive:
		return "不公开，加密保存"
	case item.FieldClass(f) == catalog.Public && !openField(item, f):
		return "不公开"
	case len(f.Mask) == 2:
		return classWord(item.FieldClass(f)) + "，隐去中间部分"
	default:
		return classWord(item.FieldClass(f))
	}
}

func basisPeriod(b catalog.Basis) string {
	switch {
	case b.From.IsZero() && b.To.IsZero():
		return "—"
	case b.To.IsZero():
		return "自 " + b.From.String() + " 起"
	default:
		return b.From.String() + " 至 " + b.To.String()
	}
}

func itemLink(code catalog.ItemCode) string { return "/catalog/" + url.PathEscape(string(code)) }

var (
	catalogueColumns = []ui.Column{
		{Label: "事项"},
		{Label: "代码", Class: "short"},
		{Label: "披露方式", Class: "short"},
		{Label: "性质", Class: "short"},
		{Label: "信用主体"},
		{Label: "提供单位"},
	}
	fieldColumns   = []ui.Column{{Label: "字段"}, {Label: "类型"}, {Label: "填写"}, {Label: "披露"}, {Label: "说明"}}
	editionColumns = []ui.Column{{Label: "版本"}, {Label: "施行日期", Class: "short"}, {Label: "本事项"}}
	basisColumns   = []ui.Column{{Label: "依据"}, {Label: "条款"}, {Label: "施行期间", Class: "short"}}
)

// listNames are the values that a field may take.
func listNames(item *catalog.Item, f *catalog.Field) []string {
	list, ok := item.ListOf(f.Code)
	if !ok {
		return nil
	}
	names := make([]string, len(list.Values))
	for i, v := range list.Values {
		names[i] = v.Name
	}
	return names
}

// editionRow says what an edition of the catalogue did to an item.
type editionRow struct {
	id, from, words string
	now             bool
}

// editions lists the editions that hold an item, newest first.
func (p *Portal) editions(code catalog.ItemCode) []editionRow {
	all, now := p.catalog.All(), p.edition()
	var rows []editionRow
	for i, e := range all {
		if _, ok := e.Item(code); !ok {
			continue
		}
		row := editionRow{id: e.ID, from: e.EffectiveFrom.String(), words: "首次列入", now: e == now}
		if i > 0 {
			if _, before := all[i-1].Item(code); before {
				row.words = changeWords(all[i-1].Diff(e), code)
			}
		}
		rows = append(rows, row)
	}
	slices.Reverse(rows)
	return rows
}

func changeWords(changes []catalog.Change, code catalog.ItemCode) string {
	n := 0
	for _, c := range changes {
		if c.Item == code {
			n++
		}
	}
	if n == 0 {
		return "没有变化"
	}
	return "修改 " + strconv.Itoa(n) + " 处"
}
