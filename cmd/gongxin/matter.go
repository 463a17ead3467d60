package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"gongxin/internal/agency"
	"gongxin/internal/app"
	"gongxin/internal/audit"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/id"
)

// MatterCmd holds the commands on matters.
type MatterCmd struct {
	Add  MatterAddCmd  `cmd:"" help:"登记一个应用事项；已登记的记为新的一版。"`
	List MatterListCmd `cmd:"" help:"列出应用事项。"`
	Load MatterLoadCmd `cmd:"" help:"从 TOML 文件装载应用事项。"`
}

// matters opens the keeper of matters; whoever acts is the operator at the command line.
func matters(a *app.App) (*agency.Matters, audit.Who) {
	log := audit.New(audit.Config{DB: a.DB, IDs: id.NewMaker(a.Clock.Now), Clock: a.Clock, Calendar: a.Calendar})
	edition := a.Editions.Current(clock.Today(a.Clock))
	known := func(item string) bool {
		_, ok := edition.Item(catalog.ItemCode(item))
		return ok
	}
	return agency.NewMatters(a.Agencies, log, known), audit.Who{Kind: "local"}
}

// MatterAddCmd registers a matter.
type MatterAddCmd struct {
	Code       string   `required:"" help:"应用事项代码：字母、数字、连字符。"`
	Name       string   `required:"" help:"应用事项名称。"`
	Agency     string   `required:"" help:"单位的统一社会信用代码。" placeholder:"USCC"`
	Law        string   `required:"" help:"法律依据，例如《山东省社会信用条例》。"`
	Article    string   `required:"" help:"条款，例如第二十条。"`
	BasisFrom  string   `required:"" help:"依据的施行日期。" placeholder:"DATE"`
	BasisUntil string   `help:"依据失效的日期（当天起不再有效）。" placeholder:"DATE"`
	Items      []string `required:"" help:"可查的目录事项代码，逗号分隔。"`
	Kinds      []string `required:"" help:"可查的主体种类，逗号分隔：legal_entity、other_org、individual_business、person。"`
	From       string   `help:"事项的起始日期，默认今天。" placeholder:"DATE"`
	Until      string   `help:"事项停用的日期（当天起不再有效）。" placeholder:"DATE"`
}

// Run registers.
func (c *MatterAddCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	unit, err := a.Agencies.ByCode(e, c.Agency)
	if err != nil {
		return err
	}
	m := agency.Matter{Code: c.Code, Name: c.Name, Agency: unit.ID, Law: c.Law, Article: c.Article, Items: c.Items, Kinds: c.Kinds, ValidFrom: clock.Today(a.Clock)}
	for _, day := range []struct {
		flag, text string
		to         *clock.Date
	}{{"--basis-from", c.BasisFrom, &m.BasisFrom}, {"--basis-until", c.BasisUntil, &m.BasisUntil}, {"--from", c.From, &m.ValidFrom}, {"--until", c.Until, &m.ValidUntil}} {
		if day.text == "" {
			continue
		}
		if *day.to, err = clock.ParseDate(day.text); err != nil {
			return usage{agency.ErrMatter.Messagef("%s 的日期不正确", day.flag).With(err)}
		}
	}
	keeper, who := matters(a)
	saved, changed, err := keeper.Save(e, who, m)
	if err != nil {
		return err
	}
	if e.CLI.JSON {
		return e.answer(map[string]any{"code": saved.Code, "seq": saved.Seq, "changed": changed})
	}
	if !changed {
		e.say("应用事项 %s 没有变化。", saved.Code)
		return nil
	}
	e.say("已登记应用事项 %s（第 %d 版）。", saved.Code, saved.Seq)
	return nil
}

// MatterListCmd lists matters.
type MatterListCmd struct {
	Agency string `help:"只列这个单位的。" placeholder:"USCC"`
}

// Run lists.
func (c *MatterListCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	unit := agency.ID(0)
	if c.Agency != "" {
		found, err := a.Agencies.ByCode(e, c.Agency)
		if err != nil {
			return err
		}
		unit = found.ID
	}
	keeper, _ := matters(a)
	list, err := keeper.List(e, unit)
	if err != nil {
		return err
	}
	today := clock.Today(a.Clock)
	rows := make([]map[string]any, len(list))
	table := newTable(e.Out)
	for i := range list {
		m := &list[i]
		owner, err := a.Agencies.ByID(e, m.Agency)
		if err != nil {
			return err
		}
		rows[i] = map[string]any{
			"code": m.Code, "seq": m.Seq, "name": m.Name, "agency": owner.Code, "basis": m.Basis(), "items": m.Items, "kinds": m.Kinds, "inForce": m.Missing(today) == "",
			"missing": m.Missing(today), "validFrom": m.ValidFrom.String(), "validUntil": m.ValidUntil.String(),
		}
		state := "有效"
		if m.Missing(today) != "" {
			state = "未生效或已失效"
		}
		if !e.CLI.JSON {
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", m.Code, state, owner.Name, m.Name, m.Basis(), strings.Join(m.Items, "、"))
		}
	}
	if e.CLI.JSON {
		return e.answer(map[string]any{"items": rows})
	}
	if len(list) == 0 {
		e.say("还没有登记应用事项。登记：gongxin matter load 文件")
	}
	return table.Flush()
}

// MatterLoadCmd loads matters from a file.
type MatterLoadCmd struct {
	File string `arg:"" help:"TOML 文件，每个应用事项一个 [[matter]]。" type:"existingfile"`
}

// Run loads.
func (c *MatterLoadCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	f, err := os.Open(c.File)
	if err != nil {
		return usage{err}
	}
	defer func() { _ = f.Close() }()
	keeper, who := matters(a)
	changed, all, err := keeper.Load(e, who, f)
	if err != nil {
		return err
	}
	if e.CLI.JSON {
		return e.answer(map[string]int{"changed": changed, "matters": all})
	}
	e.say("文件中有 %d 个应用事项，新登记或更改 %d 个。", all, changed)
	return nil
}
