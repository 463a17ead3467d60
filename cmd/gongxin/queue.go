package main

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"gongxin/internal/app"
	"gongxin/internal/catalog"
	"gongxin/internal/ingest"
	"gongxin/internal/publish"
)

// QueueCmd holds the commands on rows that no identifier links.
type QueueCmd struct {
	List   QueueListCmd   `cmd:"" help:"列出等待人工匹配的行。"`
	Match  QueueMatchCmd  `cmd:"" help:"把一行归到指定主体名下。"`
	Refuse QueueRefuseCmd `cmd:"" help:"退回一行。"`
	Undo   QueueUndoCmd   `cmd:"" help:"撤销对一行的处理。"`
}

// QueueListCmd lists entries.
type QueueListCmd struct {
	State string `enum:"waiting,matched,refused" default:"waiting" help:"waiting 等待，matched 已匹配，refused 已退回。"`
	Limit int    `default:"100" help:"最多列出几条。"`
}

// Run lists.
func (c *QueueListCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	list, err := a.Ingest.Queue(e, ingest.QueueState(c.State), 0, c.Limit)
	if err != nil {
		return err
	}
	if e.CLI.JSON {
		items := make([]map[string]any, len(list))
		for i, q := range list {
			items[i] = map[string]any{"id": q.ID, "item": q.Item, "submission": q.Submission, "row": q.Row, "reason": q.Reason, "state": q.State, "createdAt": q.CreatedAt}
		}
		return e.answer(map[string]any{"items": items})
	}
	if len(list) == 0 {
		e.say("队列中没有这类行。")
		return nil
	}
	t := tabwriter.NewWriter(e.Out, 0, 4, 2, ' ', 0)
	for _, q := range list {
		info, _ := catalog.ReasonFor(q.Reason)
		fmt.Fprintf(t, "%d\t%s\t批次 %s 第 %d 行\t%d %s\n", q.ID, q.Item, q.Submission, q.Row, q.Reason, info.Title)
	}
	return t.Flush()
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
