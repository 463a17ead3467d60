package console

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/ingest"
	"gongxin/internal/web/ui"
)

// queueRowsPerPage is how many entries a page of the queue lists; each is opened to show its name.
const queueRowsPerPage = 30

// queueRow is one entry in the list.
type queueRow struct {
	*ingest.QueueEntry
	itemName string
	unit     agency.Agency
	name     string // of the subject in the row, masked when it is a person
	docNo    string
	subject  string // that it was put under
	waited   time.Duration
}

func (r *queueRow) link() string { return entryLink(r.ID) }

func entryLink(id int64) string { return "/desk/queue/" + strconv.FormatInt(id, 10) }

// queueView is the queue, one state of it.
type queueView struct {
	state  ingest.QueueState
	filter queueFilter
	units  []ui.Option
	items  []ui.Option
	counts map[ingest.QueueState]int
	rows   []queueRow
	pager  ui.PagerSpec
}

var queueStates = []ingest.QueueState{ingest.Waiting, ingest.Matched, ingest.Refused, ingest.Superseded}

func queueStateWord(s ingest.QueueState) string {
	switch s {
	case ingest.Waiting:
		return "待匹配"
	case ingest.Matched:
		return "已匹配"
	case ingest.Refused:
		return "已退回"
	case ingest.Superseded:
		return "已补正重报"
	default:
		return string(s)
	}
}

func queueStateTone(s ingest.QueueState) ui.Tone {
	switch s {
	case ingest.Matched:
		return ui.Good
	case ingest.Refused:
		return ui.Bad
	case ingest.Superseded:
		return ui.Plain
	default:
		return ui.Accent
	}
}

// queueFilter is what the list is narrowed to, as the address has it.
type queueFilter struct{ unit, item, batch string }

func (f queueFilter) active() bool { return f != queueFilter{} }

func (f queueFilter) link(state ingest.QueueState, after int64) string {
	q := url.Values{}
	for name, value := range map[string]string{"unit": f.unit, "item": f.item, "batch": f.batch} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if state != ingest.Waiting {
		q.Set("state", string(state))
	}
	if after != 0 {
		q.Set("after", strconv.FormatInt(after, 10))
	}
	if len(q) == 0 {
		return "/desk/queue"
	}
	return "/desk/queue?" + q.Encode()
}

func queueLink(state ingest.QueueState, after int64) string { return queueFilter{}.link(state, after) }

// batchQueueLink leads to the rows of one filing that wait.
func batchQueueLink(submission string) string {
	return queueFilter{batch: submission}.link(ingest.Waiting, 0)
}

// resolve finds what the filter names; a unit that is not there is nobody's.
func (c *Console) resolve(ctx context.Context, f queueFilter) (ingest.QueueFilter, error) {
	out := ingest.QueueFilter{Item: catalog.ItemCode(f.item), Submission: f.batch}
	if f.unit == "" {
		return out, nil
	}
	unit, err := c.Agencies.ByCode(ctx, f.unit)
	out.Agency = unit.ID
	return out, err
}

// choices fills in what the list can be narrowed to.
func (c *Console) choices(ctx context.Context, v *queueView) error {
	units, err := c.units(ctx, authz.QueueRead)
	if err != nil {
		return err
	}
	for _, u := range units {
		v.units = append(v.units, ui.Option{Value: u.Code, Label: u.Name})
	}
	for _, item := range c.edition().Items {
		v.items = append(v.items, ui.Option{Value: string(item.Code), Label: item.Name})
	}
	return nil
}

func (v *queueView) tabs() []ui.Tab {
	tabs := make([]ui.Tab, len(queueStates))
	for i, s := range queueStates {
		tabs[i] = ui.Tab{Href: v.filter.link(s, 0), Label: queueStateWord(s), Count: v.counts[s], On: s == v.state}
	}
	return tabs
}

// queue lists what waits, oldest first, or what has been decided, latest first.
func (c *Console) queue(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	query := r.URL.Query()
	v := queueView{state: ingest.Waiting, filter: queueFilter{unit: query.Get("unit"), item: query.Get("item"), batch: query.Get("batch")}}
	switch s := ingest.QueueState(query.Get("state")); s {
	case ingest.Matched, ingest.Refused, ingest.Superseded:
		v.state = s
	}
	after, _ := strconv.ParseInt(query.Get("after"), 10, 64)
	f, err := c.resolve(ctx, v.filter)
	if err != nil {
		return err
	}
	if err := c.choices(ctx, &v); err != nil {
		return err
	}
	if v.counts, err = c.queueCounts(ctx, f); err != nil {
		return err
	}
	list, err := c.queuePage(ctx, v.state, f, max(after, 0))
	if err != nil {
		return err
	}
	if len(list) > queueRowsPerPage {
		list = list[:queueRowsPerPage]
		v.pager.Next = v.filter.link(v.state, list[queueRowsPerPage-1].ID)
	}
	if after > 0 {
		v.pager.First = v.filter.link(v.state, 0)
	}
	if v.rows, err = c.queueRows(ctx, list); err != nil {
		return err
	}
	p := c.page(r, "人工匹配", desks, ui.Link{Href: "/desk/filing", Label: "数据报送"}, ui.Link{Label: "人工匹配"})
	return c.show(w, r, http.StatusOK, p, queuePage(&v))
}

// queuePage reads one entry more than a page shows.
func (c *Console) queuePage(ctx context.Context, state ingest.QueueState, f ingest.QueueFilter, after int64) ([]ingest.QueueEntry, error) {
	if state == ingest.Waiting {
		return c.waitingOf(ctx, f, after, queueRowsPerPage+1)
	}
	var from *ingest.QueueEntry
	if after != 0 {
		e, err := c.Queue.Entry(ctx, after)
		if err != nil {
			return nil, err
		}
		from = e
	}
	return c.queued(ctx, from, queueRowsPerPage+1, func(from *ingest.QueueEntry, n int) ([]ingest.QueueEntry, error) {
		return c.Queue.DecidedOf(ctx, state, f, from, n)
	})
}

func (c *Console) queueRows(ctx context.Context, list []ingest.QueueEntry) ([]queueRow, error) {
	var ids []int64
	for i := range list {
		if list[i].Subject != 0 {
			ids = append(ids, list[i].Subject)
		}
	}
	subjects, err := c.Register.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	opened, err := c.Queue.Contents(ctx, list)
	if err != nil {
		return nil, err
	}
	rows := make([]queueRow, len(list))
	for i := range list {
		e := &list[i]
		row := queueRow{
			QueueEntry: e, itemName: c.itemName(e.Edition, e.Item), unit: c.unit(ctx, e.Agency), waited: c.now().Sub(e.CreatedAt),
			name: opened[i].Name, docNo: opened[i].DocNo,
		}
		if s, ok := subjects[e.Subject]; ok {
			row.subject = s.Name
			if s.Kind == catalog.Person {
				row.subject = "自然人"
			}
		}
		rows[i] = row
	}
	return rows, nil
}

// content lists the fields of an opened row.
func content(o *ingest.Opened) []ui.Fact {
	facts := make([]ui.Fact, len(o.Fields))
	for i, f := range o.Fields {
		shown := f.Value + f.Unit
		facts[i] = ui.Fact{Label: f.Name, Value: shown, Wide: len([]rune(shown)) > 24}
	}
	return facts
}

// candidate is a subject that the row may belong to.
type candidate struct {
	code, name, kind, region, status string
	how                              string // why it is listed
	former                           string
}

// candidates looks for subjects by what is typed, or by what the row says when nothing has been typed.
func (c *Console) candidates(ctx context.Context, v *entryView) error {
	queries := []string{v.query}
	if v.query == "" {
		queries = v.opened.Leads
	}
	seen := map[string]bool{}
	for _, q := range queries {
		if strings.TrimSpace(q) == "" {
			continue
		}
		page, err := c.Finder.Search(ctx, q, "", 8)
		if err != nil {
			return err
		}
		for _, h := range page.Hits {
			if !seen[h.Code] {
				seen[h.Code] = true
				v.found = append(v.found, candidate{code: h.Code, name: h.Name, kind: kindWord(h.Kind), region: h.RegionName, status: statusWord(h.Status), how: howWord(h.How), former: h.Former})
			}
		}
	}
	return nil
}

var howWords = map[string]string{
	"exact": "名称完全一致", "code": "代码一致", "prefix": "名称开头一致", "contains": "名称中含有", "words": "各词都在名称中", "initials": "拼音首字母一致", "fuzzy": "名称相近",
}

func howWord(how string) string {
	if w, ok := howWords[how]; ok {
		return w
	}
	return "名称相关"
}

var statusWords = map[string]string{
	"active": "存续", "cancelled": "已注销", "revoked": "已吊销", "moved": "已迁出", "provisional": "登记信息待补", "unknown": "登记信息待补",
}

func statusWord(s string) string {
	if w, ok := statusWords[s]; ok {
		return w
	}
	return s
}

// pointerFacts say whose the numbers of a row are; persons are not named.
func pointerFacts(pointers []ingest.Pointer) []ui.Fact {
	var facts []ui.Fact
	for _, p := range pointers {
		f := ui.Fact{Label: p.Name, Value: p.Value, Wide: true, Note: "库中没有主体使用这个代码"}
		if p.Value == "" {
			f.Value = "（已遮盖）"
		}
		names := make([]string, 0, len(p.Subjects))
		for i := range p.Subjects {
			if s := &p.Subjects[i]; s.Kind == catalog.Person {
				names = append(names, "一名自然人")
			} else {
				names = append(names, s.Name+"（"+s.Code+"，"+statusWord(string(s.Status))+"）")
			}
		}
		if len(names) > 0 {
			f.Note = "属于 " + strings.Join(names, "、")
		}
		facts = append(facts, f)
	}
	return facts
}
