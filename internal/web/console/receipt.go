package console

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/ingest"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// rowsPerPage is how many rows a page of the receipt lists.
const rowsPerPage = 50

// receiptView is the answer to one filing.
type receiptView struct {
	*ingest.Submission
	item    *catalog.Item // nil when no edition has it any more
	unit    agency.Agency
	summary *ingest.Summary // nil while it runs, and until its rows are summed up
	filter  rowFilter
	page    *ingest.RowPage
	earlier *ingest.Submission // the filing of the same file before, if any
	mayFile bool               // the reader may have the rows back: the file and the book of its errors
}

func (v *receiptView) itemName() string {
	if v.item == nil {
		return string(v.Item)
	}
	return v.item.Name
}

// ready says that there is nothing left to wait for.
func (v *receiptView) ready() bool { return finished(v.Submission) && v.summary != nil }

func (v *receiptView) link() string { return receiptLink(v.ID) }

// again leads back to the form, filled in as before.
func (v *receiptView) again() string {
	return "/desk/filing?" + url.Values{"unit": {v.unit.Code}, "item": {string(v.Item)}}.Encode() + "#form-h"
}

// field names the field of a reason.
func (v *receiptView) field(code string) string {
	if code == "" {
		return "整行"
	}
	if v.item != nil {
		if f, ok := v.item.Field(code); ok {
			return f.Name
		}
	}
	return code
}

// queued is the number of rows that wait for a person to name their subject.
func (v *receiptView) queued() int {
	n := 0
	if v.summary != nil {
		for _, r := range v.summary.Reasons {
			if waits(r.Code) {
				n += r.Rows - r.Errors
			}
		}
	}
	return n
}

// waits says that a reason puts its row into the queue: no identifier links, or several point at different subjects.
func waits(code int) bool { return code == 1002 || code == 1003 }

// queuedRow says that a row counts as accepted and yet waits for a person.
func queuedRow(r *ingest.ReceiptRow) bool {
	return r.Outcome == accepted && slices.ContainsFunc(r.Reasons, func(f catalog.Reason) bool { return waits(f.Code) })
}

// rowFilter is the choice of rows in the address.
type rowFilter struct {
	ingest.RowFilter
	after int
}

func readRowFilter(q url.Values) rowFilter {
	var f rowFilter
	switch o := q.Get("outcome"); o {
	case accepted, updated, duplicate, withdrawn, rejected:
		f.Outcome = o
	case "late":
		f.Late = true
	case "warned":
		f.Warned = true
	}
	if n, err := strconv.Atoi(q.Get("reason")); err == nil && n > 0 && n < 10_000 {
		f.Reason = n
	}
	if n, err := strconv.Atoi(q.Get("after")); err == nil && n > 0 {
		f.after = n
	}
	return f
}

// show is the name of the outcome that is shown, as the address writes it.
func (f rowFilter) show() string {
	switch {
	case f.Late:
		return "late"
	case f.Warned:
		return "warned"
	default:
		return f.Outcome
	}
}

// rowsLink leads to a choice of rows of a receipt.
func rowsLink(id, show string, reason, after int) string {
	q := url.Values{}
	if show != "" {
		q.Set("outcome", show)
	}
	if reason != 0 {
		q.Set("reason", strconv.Itoa(reason))
	}
	if after != 0 {
		q.Set("after", strconv.Itoa(after))
	}
	address := receiptLink(id)
	if len(q) > 0 {
		address += "?" + q.Encode()
	}
	return address + "#rows"
}

// receipt shows the answer to a filing, or how far it is.
func (c *Console) receipt(w http.ResponseWriter, r *http.Request) error {
	v, err := c.receiptOf(r)
	if err != nil {
		return err
	}
	p := c.page(r, receiptTitle(v.Submission, v.itemName()), desks, ui.Link{Href: "/desk/filing", Label: "数据报送"}, ui.Link{Label: "回执"})
	if !v.ready() {
		p.Refresh = 2
	}
	return c.show(w, r, http.StatusOK, p, receiptPage(v))
}

// live answers the page of a running filing. p is what the reader has been told last, in quarters.
func (c *Console) live(w http.ResponseWriter, r *http.Request) error {
	v, err := c.receiptOf(r)
	if err != nil {
		return err
	}
	told, _ := strconv.Atoi(r.URL.Query().Get("p"))
	w.Header().Set("Cache-Control", "no-store")
	return c.fragment(w, r, http.StatusOK, livePart(v, told))
}

func receiptTitle(s *ingest.Submission, item string) string {
	if !finished(s) {
		return strconv.Itoa(progress(s)) + "% 处理中 · " + item
	}
	return item + "报送回执"
}

// quarter is the last quarter of the way that a filing has passed.
func quarter(s *ingest.Submission) int { return progress(s) / 25 }

func (c *Console) receiptOf(r *http.Request) (*receiptView, error) {
	ctx := r.Context()
	sub, err := c.Intake.Get(ctx, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	v := &receiptView{Submission: sub, item: c.item(sub.Edition, sub.Item), unit: c.unit(ctx, sub.Agency), filter: readRowFilter(r.URL.Query())}
	v.mayFile = c.site.May(ctx, authz.SubmissionErrors, c.scopeOf(ctx, sub))
	if sub.SameAs != "" {
		if v.earlier, err = c.Intake.Get(ctx, sub.SameAs); errors.Is(err, ingest.ErrNotFound) {
			v.earlier = nil
		} else if err != nil {
			return nil, err
		}
	}
	if !finished(sub) {
		return v, nil
	}
	return v, c.rowsOf(ctx, v)
}

// patienceForRows is how long a page waits for the sums over a large filing's rows; they are made all the same, and the page asks again.
const patienceForRows = 3 * time.Second

// rowsOf reads the rows that a finished receipt lists. Without a summary they are not ready yet.
func (c *Console) rowsOf(ctx context.Context, v *receiptView) (err error) {
	wait, cancel := context.WithTimeout(ctx, patienceForRows)
	defer cancel()
	if v.summary, err = c.Intake.Summary(wait, v.ID); err != nil {
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			v.summary = nil
			return nil
		}
		return err
	}
	v.page, err = c.Intake.Rows(ctx, v.ID, v.filter.RowFilter, v.filter.after, rowsPerPage)
	return err
}

// tally is the receipt's counts as tiles. The accepted tile leads nowhere: plainly accepted rows are not listed.
func (v *receiptView) tally() ui.TallySpec {
	parts := countParts(v.Counts)
	for i, o := range []string{accepted, updated, duplicate, withdrawn, rejected} {
		p := &parts[i]
		if v.summary != nil && v.summary.Count(ingest.RowFilter{Outcome: o}) > 0 {
			p.Href, p.On = rowsLink(v.ID, o, 0, 0), v.filter.Outcome == o
		}
		if o == accepted && p.Href != "" {
			p.Href = "" // the tabs below list those with a note
		}
		if n := v.queued(); o == accepted && n > 0 {
			p.Note = "其中待匹配 " + ui.Num(n)
		}
	}
	return ui.TallySpec{Label: "各种结果的行数，相加等于收到的行数", Whole: ui.Part{Label: "收到", Count: v.Received()}, Parts: parts}
}

// tabs lead to the rows of each outcome; empty ones are left out.
func (v *receiptView) tabs() []ui.Tab {
	on := v.filter.show()
	tabs := []ui.Tab{{Href: rowsLink(v.ID, "", v.filter.Reason, 0), Label: "全部", Count: v.summary.Count(ingest.RowFilter{Reason: v.filter.Reason}), On: on == ""}}
	add := func(show, label string, f ingest.RowFilter) {
		f.Reason = v.filter.Reason
		if n := v.summary.Count(f); n > 0 || on == show {
			tabs = append(tabs, ui.Tab{Href: rowsLink(v.ID, show, v.filter.Reason, 0), Label: label, Count: n, On: on == show})
		}
	}
	add(rejected, "退回", ingest.RowFilter{Outcome: rejected})
	add(updated, "更新", ingest.RowFilter{Outcome: updated})
	add(duplicate, "重复", ingest.RowFilter{Outcome: duplicate})
	add(withdrawn, "撤回", ingest.RowFilter{Outcome: withdrawn})
	add("late", "迟报", ingest.RowFilter{Late: true})
	add("warned", "有提醒", ingest.RowFilter{Warned: true})
	add(accepted, "新增（有说明）", ingest.RowFilter{Outcome: accepted})
	return tabs
}

// pager leads through the rows.
func (v *receiptView) pager() ui.PagerSpec {
	show, reason := v.filter.show(), v.filter.Reason
	var p ui.PagerSpec
	if v.page.First > 1 {
		p.First = rowsLink(v.ID, show, reason, 0)
	}
	if v.page.Next != 0 {
		p.Next = rowsLink(v.ID, show, reason, v.page.Next)
	}
	return p
}

// span says which of the rows this page lists, when it does not list all.
func (v *receiptView) span() string {
	n := len(v.page.Rows)
	if n == 0 || n == v.page.Total {
		return ""
	}
	return "本页列出第 " + ui.Num(v.page.First) + "–" + ui.Num(v.page.First+n-1) + " 条，共 " + ui.Num(v.page.Total) + " 条；全部退回的行见错误表。"
}

// facts say what was filed.
func (v *receiptView) facts() []ui.Fact {
	facts := []ui.Fact{
		{Label: "批次编号", Value: v.ID, Code: true, Wide: true},
		{Label: "报送单位", Value: v.unit.Name, Note: v.unit.Code},
		{Label: "事项", Value: v.itemName() + "（" + string(v.Item) + "）", Link: "/catalog/" + string(v.Item), Note: "目录版本 " + v.Edition},
		v.original(),
		{Label: "收到时间", Value: exact(v.ReceivedAt)},
	}
	if finished(v.Submission) {
		facts = append(facts, ui.Fact{Label: "处理完成", Value: exact(v.FinishedAt), Note: "用时 " + took(v.FinishedAt.Sub(v.ReceivedAt))})
	}
	return facts
}

// original names the file, and leads to it whom the permission table lets have it.
func (v *receiptView) original() ui.Fact {
	f := ui.Fact{Label: "文件", Value: fileName(v.Submission), Note: byteSize(v.FileBytes)}
	if v.mayFile {
		f.Link, f.Note = v.link()+"/file", f.Note+"，点击下载收到的原件"
	}
	return f
}

// columnsNote sums the mapping up in one line.
func columnsNote(m *ingest.Mapping) string {
	used := 0
	for _, c := range m.Columns {
		if c.Field != "" || c.Name != "" {
			used++
		}
	}
	words := "认出 " + ui.Num(used) + " 列"
	if unused := len(m.Columns) - used; unused > 0 {
		words += "，没有使用 " + ui.Num(unused) + " 列"
	}
	return words
}

func mappingFacts(m *ingest.Mapping) []ui.Fact {
	facts := []ui.Fact{{Label: "文件格式", Value: dash(string(m.Format))}, {Label: "识别的模板", Value: templateWord(m.Template)}}
	if m.Encoding != "" {
		facts = append(facts, ui.Fact{Label: "文字编码", Value: m.Encoding})
	}
	if m.Header > 0 {
		facts = append(facts, ui.Fact{Label: "表头位置", Value: "第 " + strconv.Itoa(m.Header) + " 行"})
	}
	return facts
}

// errorBook sends the error workbook.
func (c *Console) errorBook(w http.ResponseWriter, r *http.Request) error {
	sub, err := c.Intake.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	name := strings.TrimSuffix(fileName(sub), path.Ext(fileName(sub))) + "-错误表.xlsx"
	out := &download{w: w, kind: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", name: name, rc: http.NewResponseController(w)}
	if err := c.Intake.WriteErrors(r.Context(), out, sub.ID); err != nil {
		if !out.begun {
			return err
		}
		if c.site.Log != nil && !errors.Is(err, context.Canceled) {
			c.site.Log.LogAttrs(r.Context(), slog.LevelError, "error workbook broke off", slog.String("request", web.RequestID(r.Context())), slog.String("error", err.Error()))
		}
		panic(http.ErrAbortHandler) // nobody shall take a part for the whole
	}
	return nil
}

// file sends the file as it was received.
func (c *Console) file(w http.ResponseWriter, r *http.Request) error {
	sub, err := c.Intake.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	f, err := c.Intake.File(r.Context(), sub)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", attachment(fileName(sub)))
	h.Set("Cache-Control", "no-store")
	out := &download{w: w, rc: http.NewResponseController(w), begun: true}
	http.ServeContent(out, r, "", sub.ReceivedAt, f)
	return nil
}

// attachment writes a file name so that browsers keep its Chinese characters.
func attachment(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || r < ' ' || r == 0x7f {
			return '_'
		}
		return r
	}, name)
	return mime.FormatMediaType("attachment", map[string]string{"filename": name})
}

// download names its content with the first byte, so that an error before it still becomes a page, and moves the connection's deadline with
// every part.
type download struct {
	w          http.ResponseWriter
	rc         *http.ResponseController
	kind, name string
	begun      bool
	until      time.Time
}

func (d *download) Header() http.Header { return d.w.Header() }

func (d *download) WriteHeader(status int) { d.w.WriteHeader(status) }

func (d *download) Write(b []byte) (int, error) {
	if !d.begun {
		d.begun = true
		h := d.w.Header()
		h.Set("Content-Type", d.kind)
		h.Set("Content-Disposition", attachment(d.name))
		h.Set("Cache-Control", "no-store")
	}
	if now := (clock.System{}).Now(); d.until.Sub(now) < patience-time.Second {
		d.until = now.Add(patience)
		_ = d.rc.SetWriteDeadline(d.until) // a recorder in a test has none
	}
	return d.w.Write(b)
}

var _ io.Writer = (*download)(nil)

var (
	reasonColumns  = []ui.Column{{Label: "编号", Class: "short"}, {Label: "原因"}, {Label: "后果", Class: "short"}, {Label: "行数", Class: "num"}, {Label: "占收到的行", Class: "share"}}
	rowColumns     = []ui.Column{{Label: "文件中的位置"}, {Label: "结果", Class: "short"}, {Label: "原因和改法"}}
	mappingColumns = []ui.Column{{Label: "列", Class: "short"}, {Label: "文件中的列名"}, {Label: "目录的字段"}}
)

// doneWords is what is told to those who do not see the end.
func doneWords(v *receiptView) string {
	if v.Failure != nil {
		return failureTitle(v.Submission) + "。" + v.Failure.Message
	}
	return "处理完成。" + sentence(v.Counts)
}

func failureTitle(s *ingest.Submission) string {
	if s.Received() > 0 {
		return "文件没有读完"
	}
	return "整份文件没有被接收，没有任何一行入库"
}

func progressLabel(s *ingest.Submission) string {
	if s.RowsDone == 0 {
		return "文件已收到"
	}
	return "正在逐行核对"
}

// plainOutcome explains a row that has no reason beside it.
func plainOutcome(r *ingest.ReceiptRow) string {
	switch {
	case r.Late && r.Outcome == accepted:
		return "已入库，但超过了报送时限。"
	case r.Outcome == updated:
		return "库中已有这条记录，内容有变化，已更新为新的版本。"
	case r.Outcome == duplicate:
		return "与库中的记录内容相同，没有变化。"
	case r.Outcome == withdrawn:
		return "按操作标识撤回，不再公示，历史版本保留。"
	default:
		return "已入库。"
	}
}

// noticeWord says what a notice about the whole file means: no row was refused for it.
func noticeWord(n catalog.Reason) string {
	if n.Severity == catalog.Error {
		return "须补"
	}
	return "提醒"
}

// stop ends a sentence that another package wrote with or without its full stop.
func stop(s string) string {
	if s == "" || strings.HasSuffix(s, "。") || strings.HasSuffix(s, "！") || strings.HasSuffix(s, "？") {
		return s
	}
	return s + "。"
}

// lateWords explain what a late row means.
func lateWords(item *catalog.Item) string {
	const after = "迟报的行照常入库，但会计入迟报率。"
	if item == nil {
		return after
	}
	return "这个事项应" + clockWords(item.Clock) + "。" + after
}

// failureNumber finds the reason's number that the words of a refusal begin with; 0 when they do not.
func failureNumber(f *ingest.Failure) int {
	rest, ok := strings.CutPrefix(f.Message, "【")
	if !ok {
		return 0
	}
	number, _, _ := strings.Cut(rest, "】")
	n, err := strconv.Atoi(number)
	if _, known := catalog.ReasonFor(n); err != nil || !known {
		return 0
	}
	return n
}
