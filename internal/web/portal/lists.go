package portal

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"gongxin/internal/catalog"
	"gongxin/internal/listing"
	"gongxin/internal/measure"
	"gongxin/internal/publish"
	"gongxin/internal/web/ui"
)

// Lists are shown by what the register makes public about them: the records that their entries are filed as. The tables behind the procedure are never read
// here, so that what the law keeps back, and what was taken off a list, cannot appear.

// kindDoor is a list with its public entries, when they have a column.
type kindDoor struct {
	*listing.Kind
	href    string // its entries; "" = they are not public here
	inForce bool
}

type listsView struct{ adverse, incentive []kindDoor }

func (p *Portal) kinds() []kindDoor {
	var out []kindDoor
	list := p.lists().List()
	for i := range list {
		k := kindDoor{Kind: &list[i], inForce: list[i].Basis.InForce(p.today())}
		if item, ok := p.edition().Item(k.Item); ok && hasColumn(item) {
			k.href = "/lists/" + k.Code
		}
		out = append(out, k)
	}
	return out
}

// listKinds names every list with its basis, its criteria and the ways out.
func (p *Portal) listKinds(w http.ResponseWriter, r *http.Request) error {
	var v listsView
	for _, k := range p.kinds() {
		if k.Polarity == listing.Incentive {
			v.incentive = append(v.incentive, k)
		} else {
			v.adverse = append(v.adverse, k)
		}
	}
	page := p.site.Page(r, "名单", ui.Link{Href: "/c", Label: "信用公示"}, ui.Link{Label: "名单"})
	page.Section = sectionColumns
	return p.show(w, r, page, listKindsPage(&v))
}

// facts says what the public should know of a list.
func (k *kindDoor) facts() []ui.Fact {
	until := "没有固定期限，至移出为止"
	switch {
	case k.Months > 0 && k.Months%12 == 0:
		until = ui.Num(k.Months/12) + " 年"
	case k.Months > 0:
		until = ui.Num(k.Months) + " 个月"
	}
	from := "自 " + k.Basis.From.String() + " 起施行"
	if !k.Basis.Until.IsZero() {
		from += "，" + k.Basis.Until.String() + " 起失效"
	}
	return []ui.Fact{
		{Label: "设列依据", Value: k.Basis.String(), Note: from, Wide: true},
		{Label: "认定单位", Value: k.Decider},
		{Label: "期限", Value: until},
		{Label: "列入条件", Value: k.Criteria, Wide: true},
		{Label: "移出条件", Value: k.Removal, Wide: true},
	}
}

type listView struct {
	kindDoor
	page  *publish.ListPage
	pager ui.PagerSpec
}

// listEntries shows who stands on a list, as far as it is public: businesses and organisations, by the records of the entries. Persons never.
func (p *Portal) listEntries(w http.ResponseWriter, r *http.Request) error {
	v := listView{}
	for _, k := range p.kinds() {
		if k.Code == r.PathValue("kind") {
			v.kindDoor = k
		}
	}
	if v.href == "" {
		return errNoItem
	}
	cursor := r.URL.Query().Get("cursor")
	var err error
	if v.page, err = p.entriesOf(r.Context(), v.Kind, cursor); err != nil {
		return err
	}
	if cursor != "" {
		v.pager.First = v.href
	}
	if v.page.Next != "" {
		v.pager.Next = v.href + "?cursor=" + url.QueryEscape(v.page.Next)
	}
	page := p.site.Page(r, v.Name, ui.Link{Href: "/c", Label: "信用公示"}, ui.Link{Href: "/lists", Label: "名单"}, ui.Link{Label: v.Name})
	page.Section, page.NoIndex = sectionColumns, cursor != ""
	return p.show(w, r, page, listEntriesPage(&v))
}

// sieved is how many pages of a column are gone through for one page of a list that is only a part of it.
const sieved = 50

// entriesOf reads a page of a list's entries: a category of its item, or all of it. A list that its item has no category for is only what names the list: another honour
// of the same item puts nobody onto it.
func (p *Portal) entriesOf(ctx context.Context, k *listing.Kind, cursor string) (*publish.ListPage, error) {
	f := publish.ListFilter{}
	if len(k.Match) > 0 && k.Match[0] != "*" {
		f.Category = k.Match[0]
	}
	var rows []publish.ListRow
	for range sieved {
		page, err := p.source.List(ctx, k.Item, f, cursor, rowsPerPage)
		if err != nil {
			return nil, err
		}
		for i := range page.Rows {
			if row := &page.Rows[i]; row.Subject.Kind != catalog.Person && (len(k.Match) > 0 || strings.Contains(row.Title, k.Name)) {
				rows = append(rows, *row)
			}
		}
		cursor = page.Next
		if cursor == "" || len(k.Match) > 0 || len(rows) >= rowsPerPage {
			break
		}
	}
	return &publish.ListPage{Rows: rows, Next: cursor}, nil
}

// measureGroup is a kind of measures with those that are valid today.
type measureGroup struct {
	measure.Kind
	rows []measureLine
}

type measureLine struct {
	*measure.Row
	targets []string
}

type measuresView struct{ adverse, incentive []measureGroup }

var levels = map[string]string{"national": "全国", "provincial": "省", "local": "本市"}

var classes = map[int]string{1: "由公共管理机构依法减损权益或者增加义务", 2: "由公共管理机构采取的管理措施", 3: "由市场主体自主采取的措施"}

// measures shows the base list that is in force: nothing else may be done to anybody because of a list.
func (p *Portal) measures(w http.ResponseWriter, r *http.Request) error {
	base, lists := p.base(), p.lists()
	var v measuresView
	at := map[string]*measureGroup{}
	var order []string
	rows := base.Rows()
	for i := range rows {
		row := &rows[i]
		if !row.Valid(p.today()) {
			continue
		}
		kind := base.KindOf(row)
		if at[kind.Code] == nil {
			at[kind.Code] = &measureGroup{Kind: kind}
			order = append(order, kind.Code)
		}
		line := measureLine{Row: row}
		for _, code := range row.Targets {
			if k, ok := lists.ByCode(code); ok {
				line.targets = append(line.targets, k.Name)
			}
		}
		at[kind.Code].rows = append(at[kind.Code].rows, line)
	}
	for _, code := range order {
		if g := *at[code]; g.Class == measure.Incentives {
			v.incentive = append(v.incentive, g)
		} else {
			v.adverse = append(v.adverse, g)
		}
	}
	page := p.site.Page(r, "奖惩措施清单", ui.Link{Href: "/lists", Label: "名单"}, ui.Link{Label: "奖惩措施清单"})
	page.Section = sectionColumns
	return p.show(w, r, page, measuresPage(&v))
}
