package main

import (
	"errors"
	"fmt"
	"strings"

	"gongxin/internal/app"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/ingest"
	"gongxin/internal/publish"
	"gongxin/internal/subject"
)

// QueueCmd holds the commands on rows that no identifier links.
type QueueCmd struct {
	List   QueueListCmd   `cmd:"" help:"列出等待人工匹配的行。"`
	Show   QueueShowCmd   `cmd:"" help:"查看一行的各个代码指向哪些主体。"`
	Match  QueueMatchCmd  `cmd:"" help:"把一行归到指定主体名下。"`
	Refuse QueueRefuseCmd `cmd:"" help:"退回一行。"`
	Undo   QueueUndoCmd   `cmd:"" help:"撤销对一行的处理。"`
}

// QueueListCmd lists entries.
type QueueListCmd struct {
	State      string `enum:"waiting,matched,refused,superseded" default:"waiting" help:"waiting 等待，matched 已匹配，refused 已退回，superseded 已由单位补正重报。"`
	Unit       string `help:"只看这个报送单位。" placeholder:"USCC"`
	Item       string `help:"只看这个事项。" placeholder:"CODE"`
	Submission string `help:"只看这个批次。" placeholder:"ID"`
	Limit      int    `default:"100" help:"最多列出几条。"`
}

// filter resolves the flags.
func (c *QueueListCmd) filter(e *Env, a *app.App) (f ingest.QueueFilter, err error) {
	f.Item, f.Submission = catalog.ItemCode(strings.ToUpper(c.Item)), c.Submission
	if c.Unit != "" {
		unit, err := a.Agencies.ByCode(e, c.Unit)
		if err != nil {
			return f, err
		}
		f.Agency = unit.ID
	}
	if _, ok := a.Editions.Current(clock.Today(a.Clock)).Item(f.Item); c.Item != "" && !ok {
		return f, ingest.ErrItem
	}
	if c.Submission != "" {
		_, err = a.Ingest.Get(e, c.Submission)
	}
	return f, err
}

// Run lists.
func (c *QueueListCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	f, err := c.filter(e, a)
	if err != nil {
		return err
	}
	list, err := a.Ingest.QueueOf(e, ingest.QueueState(c.State), f, 0, c.Limit)
	if err != nil {
		return err
	}
	opened, err := ingest.NewDesk(a.Ingest).Contents(authz.With(e, authz.LocalActor("queue")), list)
	if err != nil {
		return err
	}
	if e.CLI.JSON {
		items := make([]map[string]any, len(list))
		for i := range list {
			items[i] = entryJSON(&list[i], &opened[i])
		}
		return e.answer(map[string]any{"items": items})
	}
	if len(list) == 0 {
		e.say("队列中没有这类行。")
		return nil
	}
	t := newTable(e.Out)
	for i, q := range list {
		info, _ := catalog.ReasonFor(q.Reason)
		fmt.Fprintf(t, "%d\t%s\t%s\t批次 %s 第 %d 行\t%d %s\t%s\n", q.ID, q.Item, opened[i].Name, q.Submission, q.Row, q.Reason, info.Title, q.Note)
	}
	return t.Flush()
}

func entryJSON(q *ingest.QueueEntry, o *ingest.Opened) map[string]any {
	m := map[string]any{"name": o.Name, "docNo": o.DocNo, "id": q.ID, "item": q.Item, "submission": q.Submission, "row": q.Row, "reason": q.Reason, "state": q.State, "createdAt": q.CreatedAt}
	if q.State != ingest.Waiting {
		m["decidedAt"], m["decidedBy"], m["note"] = q.DecidedAt, q.DecidedBy, q.Note
	}
	return m
}

// QueueShowCmd shows whose the numbers of a row are.
type QueueShowCmd struct {
	ID int64 `arg:"" help:"队列编号。"`
}

// Run shows.
func (c *QueueShowCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	desk := ingest.NewDesk(a.Ingest)
	q, err := desk.Entry(e, c.ID)
	if err != nil {
		return err
	}
	opened, err := desk.Content(authz.With(e, authz.LocalActor("queue")), q)
	if err != nil {
		return err
	}
	pointers, err := desk.Pointers(e, opened)
	if err != nil {
		return err
	}
	if e.CLI.JSON {
		m := entryJSON(q, opened)
		m["pointers"] = pointersJSON(pointers)
		return e.answer(m)
	}
	info, _ := catalog.ReasonFor(q.Reason)
	fmt.Fprintf(e.Out, "%d  %s  %s  批次 %s 第 %d 行  %d %s\n", q.ID, q.Item, opened.Name, q.Submission, q.Row, q.Reason, info.Title)
	if q.Note != "" {
		fmt.Fprintf(e.Out, "处理：%s\n", q.Note)
	}
	if len(pointers) == 0 {
		fmt.Fprintln(e.Out, "这一行没有任何代码。")
	}
	for _, p := range pointers {
		fmt.Fprintf(e.Out, "%s %s：%s\n", p.Name, p.Value, strings.Join(pointed(p.Subjects), "；"))
	}
	return nil
}

// pointed names the subjects of a number; persons are not named.
func pointed(subjects []subject.Subject) []string {
	out := make([]string, 0, len(subjects))
	for i := range subjects {
		if s := &subjects[i]; s.Kind == catalog.Person {
			out = append(out, "自然人（已遮盖）")
		} else {
			out = append(out, s.Name+"（"+s.Code+"）")
		}
	}
	if len(out) == 0 {
		out = append(out, "库中没有主体使用这个代码")
	}
	return out
}

func pointersJSON(pointers []ingest.Pointer) []map[string]any {
	out := make([]map[string]any, len(pointers))
	for i, p := range pointers {
		subjects := make([]map[string]any, len(p.Subjects))
		for k := range p.Subjects {
			s := &p.Subjects[k]
			subjects[k] = map[string]any{"kind": s.Kind, "code": s.Code, "name": s.Name}
		}
		out[i] = map[string]any{"field": p.Field, "name": p.Name, "value": p.Value, "subjects": subjects}
	}
	return out
}

// QueueMatchCmd files a row under a subject.
type QueueMatchCmd struct {
	ID   int64  `arg:"" help:"队列编号。"`
	Code string `required:"" help:"主体的统一社会信用代码。" placeholder:"USCC"`
	Note string `required:"" help:"理由，例如核对过的材料。"`
}

// Run matches.
func (c *QueueMatchCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	sub, ok, err := a.Subjects.ByCode(e, c.Code)
	if err != nil {
		return err
	}
	if !ok {
		return publish.ErrNoSubject
	}
	if err := a.Ingest.Match(e, c.ID, sub.ID, actor(), c.Note); err != nil {
		return err
	}
	e.say("已归到代码 %s 的主体名下。撤销：gongxin queue undo %d --note 理由", sub.Code, c.ID)
	return nil
}

// QueueRefuseCmd refuses a row.
type QueueRefuseCmd struct {
	ID   int64  `arg:"" help:"队列编号。"`
	Note string `required:"" help:"理由。"`
}

// Run refuses.
func (c *QueueRefuseCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := a.Ingest.Refuse(e, c.ID, actor(), c.Note); err != nil {
		return err
	}
	e.say("已退回。撤销：gongxin queue undo %d --note 理由", c.ID)
	return nil
}

// QueueUndoCmd takes a decision back.
type QueueUndoCmd struct {
	ID   int64  `arg:"" help:"队列编号。"`
	Note string `required:"" help:"理由。"`
}

// Run undoes.
func (c *QueueUndoCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := a.Ingest.Undo(e, c.ID, actor(), c.Note); err != nil {
		return err
	}
	e.say("已撤销，该行重新等待匹配。")
	return nil
}
