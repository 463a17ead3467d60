package me

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/web/ui"
)

const (
	// looksShown is how many look-ups a page shows; one of those by others may hold up to twice as many.
	looksShown = 20
	// looksRead is how many entries are read at a time when the own ones are left out, and looksRounds how often for one page.
	looksRead   = 40
	looksRounds = 10
	// refsNamed is how many of a subject's records are looked at to say what they are about.
	refsNamed = 1000
	// refsShown is how many records of one look-up are listed by number.
	refsShown = 50
)

// lookedView is the list of who looked.
type lookedView struct {
	around
	all   bool // the own look-ups too
	rows  []lookRow
	first bool
	pager ui.PagerSpec
}

// lookRow is one look-up in plain words.
type lookRow struct {
	at, who, through string
	what             string
	matter, basis    string
	consent          string // address of the consent it rests on
	items            []itemCount
	records          []ui.Link
	more             int // records that are not listed
	refused          string
	delayed          string
}

// itemCount says how many records of an item were seen.
type itemCount struct {
	name  string
	count int
}

// looked answers who looked, newest first.
func (c *Centre) looked(w http.ResponseWriter, r *http.Request) error {
	a, err := c.around(r, "looked", "/me/looked")
	if err != nil {
		return err
	}
	a.keeps = true
	q := r.URL.Query()
	v := &lookedView{around: a, all: q.Get("who") == "all", first: q.Get("cursor") == ""}
	read := c.others
	if v.all {
		read = c.Looks.OfSubject
	}
	list, next, err := read(r.Context(), a.subject, q.Get("cursor"), looksShown)
	if err != nil {
		return err
	}
	if v.rows, err = c.lookRows(r.Context(), &v.around, list); err != nil {
		return err
	}
	who := ""
	if v.all {
		who = "all"
	}
	if !v.first {
		v.pager.First = v.link("/me/looked", "who", who)
	}
	if next != "" {
		v.pager.Next = v.link("/me/looked", "who", who, "cursor", next)
	}
	return c.show(w, r, http.StatusOK, c.page(r, "谁查过", ui.Link{Label: "谁查过"}), lookedPage(v))
}

// others gives look-ups that were not the subject's own, at least want of them unless there are no more, or very many own ones stand between.
func (c *Centre) others(ctx context.Context, subject int64, cursor string, want int) ([]audit.Access, string, error) {
	var out []audit.Access
	for range looksRounds {
		list, next, err := c.Looks.OfSubject(ctx, subject, cursor, looksRead)
		if err != nil {
			return nil, "", err
		}
		for i := range list {
			if list[i].What != audit.Own {
				out = append(out, list[i])
			}
		}
		if cursor = next; cursor == "" || len(out) >= want {
			break
		}
	}
	return out, cursor, nil
}

// lookRows puts look-ups into words.
func (c *Centre) lookRows(ctx context.Context, a *around, list []audit.Access) ([]lookRow, error) {
	items, err := c.itemsOf(ctx, a.subject, list)
	if err != nil {
		return nil, err
	}
	matters := map[string]string{}
	out := make([]lookRow, len(list))
	for i := range list {
		e := &list[i]
		row := lookRow{
			at: moment(e.At), who: c.lookerWord(ctx, a, e), what: lookWord(e.What), matter: c.matterName(ctx, matters, e.Matter), basis: e.Basis,
		}
		if e.Who.Kind == string(authz.Key) {
			row.through = "通过程序接口"
		}
		if e.Consent != 0 && e.Outcome == audit.Answered { // a refused one may name a consent that is nobody's
			row.consent, row.basis = a.link("/me/consents/"+strconv.FormatInt(e.Consent, 10)), ""
		}
		if e.Outcome == audit.Refused {
			row.refused = publish.Missing(e.Missing).Err().Message
		}
		if !e.HiddenUntil.IsZero() {
			row.delayed = "依法延迟到 " + moment(e.HiddenUntil) + " 才显示，依据：" + e.SecrecyBasis
		}
		row.list(a, e.Records, items)
		out[i] = row
	}
	return out, nil
}

// list names the records that a look-up showed: how many of which item, and each by its number.
func (row *lookRow) list(a *around, refs []audit.Ref, items map[int64]itemAt) {
	counts := map[string]int{}
	for i, ref := range refs {
		name := items[ref.Key].name
		if name == "" {
			name = "其他记录"
		}
		counts[name]++
		if i < refsShown {
			number := record.ID{Subject: ref.Subject, Key: ref.Key}.String()
			row.records = append(row.records, ui.Link{
				Href: a.link("/me/file/"+number, "version", strconv.Itoa(ref.Version)), Label: name + "，第 " + strconv.Itoa(ref.Version) + " 版",
			})
		}
	}
	row.more = max(0, len(refs)-refsShown)
	for name, n := range counts {
		row.items = append(row.items, itemCount{name, n})
	}
	slices.SortFunc(row.items, func(x, y itemCount) int {
		if x.count != y.count {
			return y.count - x.count
		}
		if x.name < y.name {
			return -1
		}
		return 1
	})
}

// seen counts the records by item: 行政处罚 2 条、给付 1 条.
func (row *lookRow) seen() string {
	parts := make([]string, len(row.items))
	for i, item := range row.items {
		parts[i] = item.name + " " + strconv.Itoa(item.count) + " 条"
	}
	return strings.Join(parts, "、")
}

// itemAt is what a record's key belongs to.
type itemAt struct{ name string }

// itemsOf tells to which items the subject's records belong, when any of the look-ups showed one.
func (c *Centre) itemsOf(ctx context.Context, subject int64, list []audit.Access) (map[int64]itemAt, error) {
	if !slices.ContainsFunc(list, func(e audit.Access) bool { return len(e.Records) > 0 }) {
		return nil, nil //nolint:nilnil // nothing to name is no error
	}
	records, err := c.Records.OfSubject(ctx, record.Query{Subject: subject, Limit: refsNamed})
	if err != nil {
		return nil, err
	}
	names := map[catalog.ItemCode]string{}
	out := make(map[int64]itemAt, len(records))
	for i := range records {
		code := records[i].Item
		if names[code] == "" {
			names[code] = string(code)
			if item := c.item(code, records[i].Edition); item != nil {
				names[code] = item.Name
			}
		}
		out[records[i].Key] = itemAt{names[code]}
	}
	return out, nil
}

// lookerWord says who looked: the subject's own accounts apart, everyone else by department or institution, never by name.
func (c *Centre) lookerWord(ctx context.Context, a *around, e *audit.Access) string {
	switch {
	case e.What == audit.Own && e.Who.ID == a.who.ID:
		return "您自己"
	case e.What == audit.Own && a.resident():
		return "您的另一个账号"
	case e.What == audit.Own:
		return "企业的另一位代理人"
	case e.Who.Agency != 0:
		return c.unit(ctx, e.Who.Agency)
	}
	switch authz.Kind(e.Who.Kind) {
	case authz.Local, authz.System:
		return "平台运行维护"
	case authz.Anonymous:
		return "没有登录的访问者"
	default:
		return "没有单位的账号"
	}
}

// matterName names a matter as it is called today; one that is gone keeps its code.
func (c *Centre) matterName(ctx context.Context, known map[string]string, code string) string {
	if code == "" {
		return ""
	}
	if _, ok := known[code]; !ok {
		known[code] = code
		if m, err := c.Matters.ByCode(ctx, code); err == nil {
			known[code] = m.Name
		}
	}
	return known[code]
}

func (v *lookedView) sides() []ui.Tab {
	return []ui.Tab{
		{Href: v.link("/me/looked"), Label: "别人的查询", Count: -1, On: !v.all},
		{Href: v.link("/me/looked", "who", "all"), Label: "全部（含您自己的）", Count: -1, On: v.all},
	}
}

var lookColumns = []ui.Column{
	{Label: "时间", Class: "date"}, {Label: "谁查的"}, {Label: "为什么"}, {Label: "看了什么"},
}
