package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"gongxin/internal/app"
	"gongxin/internal/approval"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/measure"
)

// MeasureCmd holds the commands on measures. No command orders a measure against anybody.
type MeasureCmd struct {
	Base    MeasureBaseCmd    `cmd:"" help:"列出现行的奖惩措施基础清单。"`
	Matters MeasureMattersCmd `cmd:"" help:"列出各应用事项的奖惩对象清单和奖惩措施清单。"`
	Load    MeasureLoadCmd    `cmd:"" help:"装载事项的奖惩清单；--base 用文件起草新的基础清单，由另一人审批以后施行。"`
}

// MeasureBaseCmd lists the base list.
type MeasureBaseCmd struct {
	All bool `help:"连同今天不在有效期内的。"`
}

// Run lists.
func (c *MeasureBaseCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	today, base := clock.Today(a.Clock), a.Lists.Base()
	rows := []map[string]any{}
	table := newTable(e.Out)
	for i := range base.Rows() {
		r := &base.Rows()[i]
		if !c.All && !r.Valid(today) {
			continue
		}
		kind := base.KindOf(r)
		rows = append(rows, map[string]any{
			"code": r.Code, "class": kind.Class, "kind": kind.Name, "content": r.Content, "targets": r.Targets, "subjectKinds": r.SubjectKinds, "persons": r.Persons, "basis": r.Basis(),
			"body": r.Body, "level": r.Level, "from": r.From.String(), "until": r.Until.String(), "valid": r.Valid(today), "adverse": base.Adverse(r),
		})
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.Code, kind.Name, r.Content, r.Basis())
	}
	if e.CLI.JSON {
		return e.answer(map[string]any{"items": rows})
	}
	return table.Flush()
}

// MeasureMattersCmd lists what matters look at and may apply.
type MeasureMattersCmd struct {
	Agency string `help:"只列这个单位的。" placeholder:"USCC"`
}

// Run lists.
func (c *MeasureMattersCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	only := int64(0)
	if c.Agency != "" {
		unit, err := a.Agencies.ByCode(e, c.Agency)
		if err != nil {
			return err
		}
		only = unit.ID
	}
	list, err := a.Lists.Measures.MattersInUse(e)
	if err != nil {
		return err
	}
	today := clock.Today(a.Clock)
	rows := []map[string]any{}
	table := newTable(e.Out)
	for i := range list {
		m := &list[i]
		if only != 0 && m.Agency != only {
			continue
		}
		unit, err := a.Agencies.ByID(e, m.Agency)
		if err != nil {
			return err
		}
		rows = append(rows, map[string]any{
			"matter": m.Matter, "agency": unit.Code, "lists": m.Lists, "measures": m.Measures, "must": m.Must, "from": m.From.String(), "until": m.Until.String(),
			"inForce": today >= m.From && (m.Until.IsZero() || today < m.Until), "seq": m.Seq,
		})
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", m.Matter, unit.Name, strings.Join(m.Lists, "、"), strings.Join(m.Measures, "、"))
	}
	if e.CLI.JSON {
		return e.answer(map[string]any{"items": rows})
	}
	if len(rows) == 0 {
		e.say("还没有登记奖惩清单。装载：gongxin measure load 文件")
	}
	return table.Flush()
}

// MeasureLoadCmd loads the lists of matters, or drafts a base list.
type MeasureLoadCmd struct {
	File   string `arg:"" help:"TOML 文件：每个应用事项一个 [[matter]]；用 --base 时是整个基础清单。" type:"existingfile"`
	Base   bool   `help:"文件是基础清单：起草，由另一人审批。"`
	On     string `help:"基础清单从这一天起施行，默认今天；审批以前不施行。" placeholder:"DATE"`
	Title  string `help:"草案的标题。" default:"奖惩措施基础清单"`
	DryRun bool   `help:"只检查并列出变化，不写入。"`
}

// Run loads.
func (c *MeasureLoadCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if c.Base {
		return e.draft(a, drafting{kind: approval.Measures, file: c.File, on: c.On, title: c.Title, dry: c.DryRun})
	}
	r, err := os.Open(c.File)
	if err != nil {
		return usage{err}
	}
	defer func() { _ = r.Close() }()
	f, err := measure.ReadFile(r)
	if err != nil {
		return err
	}
	list, err := a.Lists.Measures.Load(authz.With(e, authz.LocalActor("measure load")), f, c.DryRun)
	if err != nil {
		return err
	}
	changed := []string{}
	for i := range list {
		if list[i].Changed {
			changed = append(changed, list[i].Matter)
		}
	}
	if e.CLI.JSON {
		return e.answer(map[string]any{"matters": len(list), "changed": changed, "dryRun": c.DryRun})
	}
	verb := "新登记或更改"
	if c.DryRun {
		verb = "检查通过，没有写入；装载会新登记或更改"
	}
	e.say("文件中有 %d 个应用事项，%s %d 个。", len(list), verb, len(changed))
	for _, code := range changed {
		_, _ = fmt.Fprintln(e.Out, code)
	}
	return nil
}
