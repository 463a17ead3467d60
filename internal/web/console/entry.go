package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"gongxin/internal/agency"
	"gongxin/internal/catalog"
	"gongxin/internal/fault"
	"gongxin/internal/ident"
	"gongxin/internal/ingest"
	"gongxin/internal/publish"
	"gongxin/internal/subject"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

const (
	// maxNote bounds the reason of a decision, in characters.
	maxNote = 500
	// maxQuery bounds what is searched for.
	maxQuery = 100
)

// entryView is one row of the queue, with what may be done about it.
type entryView struct {
	*ingest.QueueEntry
	item      *catalog.Item
	opened    *ingest.Opened // once its page is made: opening leaves an entry in the access log
	unit      agency.Agency
	query     string // typed
	found     []candidate
	findFault string // why nothing could be looked for
	pointers  []ingest.Pointer
	preview   *ingest.Preview
	fault     string // of an action
	note      string // typed
	noteFault string
	noteFor   string // the action it was typed for: match, refuse, undo
	subject   *subject.Subject
	done      bool  // just decided
	next      int64 // the next one that waits; 0 = none
	waiting   int
}

func (v *entryView) itemName() string {
	if v.item == nil {
		return string(v.Item)
	}
	return v.item.Name
}

func (v *entryView) link() string { return entryLink(v.ID) }

// noteOf gives the note's field of an action with what was typed for it.
func (v *entryView) noteOf(action, label, hint string) ui.FieldSpec {
	f := ui.FieldSpec{ID: action + "-note", Name: "note", Label: label, Hint: hint, Rows: 3, Required: true, MaxLength: maxNote}
	if v.noteFor == action {
		f.Value, f.Fault = v.note, v.noteFault
	}
	return f
}

// person says that the row is about a natural person and so can be put under nobody here.
func (v *entryView) person() bool { return v.opened.Person }

func (v *entryView) facts() []ui.Fact { return content(v.opened) }

// entry shows one row of the queue.
func (c *Console) entry(w http.ResponseWriter, r *http.Request) error {
	v, err := c.entryOf(r)
	if err != nil {
		return err
	}
	v.done = r.URL.Query().Get("done") == "1" && v.State != ingest.Waiting
	return c.showEntry(w, r, http.StatusOK, v, r.URL.Query().Get("subject"))
}

// entryOf finds the row that the address names, without opening it.
func (c *Console) entryOf(r *http.Request) (*entryView, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return nil, ingest.ErrNoEntry
	}
	e, err := c.Queue.Entry(r.Context(), id)
	if err != nil {
		return nil, err
	}
	query := cut(strings.TrimSpace(r.URL.Query().Get("q")), maxQuery)
	return &entryView{QueueEntry: e, item: c.item(e.Edition, e.Item), unit: c.unit(r.Context(), e.Agency), query: query}, nil
}

func cut(s string, n int) string {
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n])
	}
	return s
}

// showEntry writes the page of a row; code is the subject that is chosen for it, if any.
func (c *Console) showEntry(w http.ResponseWriter, r *http.Request, status int, v *entryView, code string) error {
	ctx := r.Context()
	if err := c.around(ctx, v); err != nil {
		return err
	}
	var err error
	if v.opened, err = c.Queue.Content(ctx, v.QueueEntry); err != nil {
		return err
	}
	if v.State == ingest.Waiting {
		if v.pointers, err = c.Queue.Pointers(ctx, v.opened); err != nil {
			return err
		}
		if err := c.candidates(ctx, v); err != nil {
			var known *fault.Error
			if !errors.As(err, &known) || known.Kind == fault.Internal {
				return err
			}
			v.findFault = known.Message + "。" + known.Fix
		}
		if code != "" && v.fault == "" {
			if err := c.choose(ctx, v, code); err != nil {
				return err
			}
		}
		if v.fault != "" && status == http.StatusOK {
			status = http.StatusConflict
		}
	}
	p := c.page(r, "匹配主体", desks, ui.Link{Href: "/desk/filing", Label: "数据报送"}, ui.Link{Href: "/desk/queue", Label: "人工匹配"}, ui.Link{Label: "办理"})
	return c.show(w, r, status, p, entryPage(v))
}

// around reads what stands around a row: its subject when it has one, and the next row that waits.
func (c *Console) around(ctx context.Context, v *entryView) error {
	counts, err := c.queueCounts(ctx, ingest.QueueFilter{})
	if err != nil {
		return err
	}
	v.waiting = counts[ingest.Waiting]
	if v.Subject != 0 {
		subjects, err := c.Register.ByIDs(ctx, []int64{v.Subject})
		if err != nil {
			return err
		}
		if s, ok := subjects[v.Subject]; ok {
			v.subject = &s
		}
	}
	for _, after := range []int64{v.ID, 0} { // behind this one, or else from the start
		list, err := c.waitingOf(ctx, ingest.QueueFilter{}, after, 2)
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].ID != v.ID {
				v.next = list[i].ID
				return nil
			}
		}
	}
	return nil
}

// choose prepares the preview of a match; what stands against it goes into the view's fault.
func (c *Console) choose(ctx context.Context, v *entryView, code string) error {
	target, err := c.target(ctx, code)
	if err == nil {
		v.preview, err = c.Queue.Preview(ctx, v.opened, target.ID)
	}
	return v.blame(err)
}

// blame keeps an error that a person can do something about; others are given back.
func (v *entryView) blame(err error) error {
	var known *fault.Error
	if err == nil || !errors.As(err, &known) || known.Kind == fault.Internal || known.Kind == fault.Unavailable {
		return err
	}
	v.fault = known.Message + "。"
	if known.Fix != "" {
		v.fault += known.Fix + "。"
	}
	return nil
}

// target finds the subject of a code; persons cannot be found by one.
func (c *Console) target(ctx context.Context, code string) (subject.Subject, error) {
	// Pilot-era codes fail the check digit and are lawful; the register knows which of them it holds.
	uscc, problem := ident.ParseUSCCWith(code, func(string) bool { return true })
	if problem != nil {
		return subject.Subject{}, ingest.ErrNoTarget
	}
	s, ok, err := c.Register.ByCode(ctx, string(uscc))
	if err != nil {
		return subject.Subject{}, err
	}
	if !ok || s.Kind == catalog.Person {
		return subject.Subject{}, ingest.ErrNoTarget
	}
	return s, nil
}

// match files a row under the subject that was previewed.
func (c *Console) match(w http.ResponseWriter, r *http.Request) error {
	v, err := c.decision(w, r, "match")
	if err != nil {
		return err
	}
	code := r.PostForm.Get("subject")
	if v.noteFault != "" {
		return c.showEntry(w, r, http.StatusBadRequest, v, code)
	}
	target, err := c.target(r.Context(), code)
	if err == nil {
		err = c.Queue.Match(r.Context(), v.ID, target.ID, whoActs(r.Context()), v.note)
	}
	return c.decided(w, r, v, err)
}

// refuse ends a row without a record.
func (c *Console) refuse(w http.ResponseWriter, r *http.Request) error {
	v, err := c.decision(w, r, "refuse")
	if err != nil {
		return err
	}
	if v.noteFault != "" {
		return c.showEntry(w, r, http.StatusBadRequest, v, "")
	}
	return c.decided(w, r, v, c.Queue.Refuse(r.Context(), v.ID, whoActs(r.Context()), v.note))
}

// undo takes a decision back.
func (c *Console) undo(w http.ResponseWriter, r *http.Request) error {
	v, err := c.decision(w, r, "undo")
	if err != nil {
		return err
	}
	if v.noteFault != "" {
		return c.showEntry(w, r, http.StatusBadRequest, v, "")
	}
	return c.decided(w, r, v, c.Queue.Undo(r.Context(), v.ID, whoActs(r.Context()), v.note))
}

// decision reads the form of an action with its note.
func (c *Console) decision(w http.ResponseWriter, r *http.Request, action string) (*entryView, error) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return nil, err
		}
		return nil, errForm.With(err)
	}
	v, err := c.entryOf(r)
	if err != nil {
		return nil, err
	}
	v.noteFor, v.note = action, strings.TrimSpace(r.PostForm.Get("note"))
	v.query = cut(strings.TrimSpace(r.PostForm.Get("q")), maxQuery)
	switch n := len([]rune(v.note)); {
	case n == 0:
		v.noteFault = "请写明理由，例如核对了哪份材料。"
	case n > maxNote:
		v.noteFault = "理由最长 " + strconv.Itoa(maxNote) + " 个字，请缩短。"
	}
	return v, nil
}

// decided leads on after an action, or shows why it was not done.
func (c *Console) decided(w http.ResponseWriter, r *http.Request, v *entryView, err error) error {
	if err == nil {
		http.Redirect(w, r, v.link()+"?done=1", http.StatusSeeOther) //nolint:gosec // G710: the link is made from a number
		return nil
	}
	status := web.Status(err)
	if err := v.blame(err); err != nil {
		return err
	}
	if e, err := c.Queue.Entry(r.Context(), v.ID); err == nil { // somebody else may have decided it meanwhile
		v.QueueEntry = e
	}
	return c.showEntry(w, r, status, v, "")
}

// namingWords say how the name in the row stands to the chosen subject.
func namingWords(n ingest.Naming) (string, ui.Tone) {
	switch n {
	case ingest.NameSame:
		return "行中的名称与该主体现用名称一致", ui.Good
	case ingest.NameFormer:
		return "行中的名称是该主体的曾用名", ui.Accent
	case ingest.NameNone:
		return "行中没有填名称，无法对照", ui.Warn
	default:
		return "行中的名称与该主体的名称都不一致，请再核对材料", ui.Bad
	}
}

// publicWords say whether and how long everyone would see the record.
func publicWords(p *ingest.Preview) (title, why string, tone ui.Tone) {
	switch p.Refusal {
	case publish.Passes:
		if p.Until.IsZero() {
			return "将向社会公开，长期公示", p.Why, ui.Accent
		}
		return "将向社会公开，公示至 " + p.Until.AddDays(-1).String(), p.Why, ui.Accent
	case publish.SimpleOnly:
		return "不向社会公开", "适用简易程序作出的处罚，只存档、不公示。", ui.Plain
	case publish.NeverPublic:
		return "不向社会公开", "按公示规则不予公示。" + p.Why, ui.Plain
	case publish.AfterWindow:
		return "不向社会公开", "公示期到 " + p.Until.AddDays(-1).String() + " 已经届满。", ui.Plain
	case publish.BeforeWindow:
		return "现在不公开，自 " + p.From.String() + " 起公开", p.Why, ui.Accent
	case publish.ClassTooHigh:
		return "不向社会公开", "目录规定这个事项只供授权查询或者部门共享。", ui.Plain
	default:
		return "不向社会公开", "目录或者主体的情况不允许公开。", ui.Plain
	}
}

func namingBadge(n ingest.Naming) string {
	switch n {
	case ingest.NameSame:
		return "名称一致"
	case ingest.NameFormer:
		return "曾用名"
	case ingest.NameNone:
		return "没有名称"
	default:
		return "名称不一致"
	}
}

// statusNote warns of a subject that is no longer in business, or that nobody has registered.
func statusNote(p *ingest.Preview) string {
	switch {
	case p.Subject.Provisional, p.Subject.Status == subject.Unknown:
		return "库中还没有这个主体的登记注册信息。"
	case p.Subject.Status != subject.Operating:
		return "这个主体" + statusWord(string(p.Subject.Status)) + "。"
	default:
		return ""
	}
}

func chooseLink(v *entryView, code string) string {
	q := url.Values{"subject": {code}}
	if v.query != "" {
		q.Set("q", v.query)
	}
	return v.link() + "?" + q.Encode() + "#preview"
}

func doneTitle(v *entryView) string {
	switch v.State {
	case ingest.Refused:
		return "已退回，这一行没有入库"
	case ingest.Superseded:
		return "报送单位已补正代码重新报送"
	}
	if v.subject != nil {
		return "已归到 " + v.subject.Name + " 名下"
	}
	return "已匹配"
}

func decisionFacts(v *entryView) []ui.Fact {
	facts := []ui.Fact{}
	if v.subject != nil {
		facts = append(facts, ui.Fact{Label: "归到", Value: v.subject.Name, Link: "/s/" + v.subject.Code, Note: v.subject.Code, Wide: true})
	}
	return append(facts, ui.Fact{Label: "处理时间", Value: exact(v.DecidedAt), Wide: true}, ui.Fact{Label: "处理人", Value: actorWord(v.DecidedBy), Wide: true},
		ui.Fact{Label: "理由", Value: v.Note, Wide: true})
}

func entryAction(s ingest.QueueState) string {
	if s == ingest.Waiting {
		return "办理"
	}
	return "查看或撤销"
}

func queueColumns(s ingest.QueueState) []ui.Column {
	columns := []ui.Column{{Label: "相对人名称"}, {Label: "事项"}, {Label: "报送单位"}, {Label: "为什么等待"}}
	switch s {
	case ingest.Matched:
		columns = append(columns, ui.Column{Label: "归到"}, ui.Column{Label: "处理"})
	case ingest.Superseded:
		columns = append(columns, ui.Column{Label: "已入库到"}, ui.Column{Label: "处理"})
	case ingest.Refused:
		columns = append(columns, ui.Column{Label: "处理"})
	default:
		columns = append(columns, ui.Column{Label: "进入队列", Class: "date"})
	}
	return append(columns, ui.Column{Label: "办理", Class: "short"})
}
