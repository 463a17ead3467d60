package main

import (
	"errors"
	"fmt"

	"gongxin/internal/app"
	"gongxin/internal/approval"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/listing"
)

// ListingCmd holds the commands on lists. Nobody is listed by a command.
type ListingCmd struct {
	Kinds    ListingKindsCmd    `cmd:"" help:"列出名单种类和它们的依据。"`
	Deciders ListingDecidersCmd `cmd:"" help:"列出认定清单：哪个单位可以认定哪种名单。"`
	Empower  ListingEmpowerCmd  `cmd:"" help:"在认定清单中登记一个单位；写截止日期的，从那天起不再认定。"`
	Load     ListingLoadCmd     `cmd:"" help:"用 TOML 文件起草新的名单种类，由另一人审批以后施行。"`
}

// ListingKindsCmd lists the kinds in force.
type ListingKindsCmd struct{}

// Run lists.
func (*ListingKindsCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	today, kinds := clock.Today(a.Clock), a.Lists.Kinds().List()
	rows := make([]map[string]any, len(kinds))
	table := newTable(e.Out)
	for i := range kinds {
		k := &kinds[i]
		rows[i] = map[string]any{
			"code": k.Code, "name": k.Name, "polarity": k.Polarity, "domain": k.Domain, "subjectKinds": k.SubjectKinds, "item": k.Item, "decider": k.Decider, "criteria": k.Criteria,
			"noticeWorkdays": k.Notice, "hearing": k.Hearing, "months": k.Months, "earlyAfterMonths": k.EarlyAfter, "removal": k.Removal, "basis": k.Basis.String(),
			"basisFrom": k.Basis.From.String(), "basisUntil": k.Basis.Until.String(), "inForce": k.Basis.InForce(today), "representative": k.Representative.String(),
		}
		state := "有效"
		if !k.Basis.InForce(today) {
			state = "依据不在有效期"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", k.Code, state, k.Polarity.Name(), k.Name, k.Basis)
	}
	if e.CLI.JSON {
		return e.answer(map[string]any{"items": rows})
	}
	return table.Flush()
}

// ListingDecidersCmd lists who may decide.
type ListingDecidersCmd struct {
	Kind string `help:"只列这种名单的。" placeholder:"CODE"`
}

// Run lists.
func (c *ListingDecidersCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if _, ok := a.Lists.Kinds().ByCode(c.Kind); c.Kind != "" && !ok {
		return usage{listing.ErrKind}
	}
	list, err := a.Lists.Listing.Deciders(e, c.Kind)
	if err != nil {
		return err
	}
	today := clock.Today(a.Clock)
	rows := make([]map[string]any, len(list))
	table := newTable(e.Out)
	for i := range list {
		d := &list[i]
		unit, err := a.Agencies.ByID(e, d.Agency)
		if err != nil {
			return err
		}
		state, live := "有效", today >= d.From && (d.Until.IsZero() || today < d.Until)
		if !live {
			state = "不在有效期"
		}
		rows[i] = map[string]any{"kind": d.Kind, "agency": unit.Code, "name": unit.Name, "basis": d.Basis, "from": d.From.String(), "until": d.Until.String(), "inForce": live, "seq": d.Seq}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", d.Kind, state, unit.Code, unit.Name, d.Basis)
	}
	if e.CLI.JSON {
		return e.answer(map[string]any{"items": rows})
	}
	if len(list) == 0 {
		e.say("认定清单是空的，任何单位都不能列入。登记：gongxin listing empower")
	}
	return table.Flush()
}

// ListingEmpowerCmd puts a unit into the list of deciders.
type ListingEmpowerCmd struct {
	Kind   string `required:"" help:"名单种类代码，见 gongxin listing kinds。" placeholder:"CODE"`
	Agency string `required:"" help:"单位的统一社会信用代码。" placeholder:"USCC"`
	Basis  string `required:"" help:"赋予认定职权的依据：权责清单或者法律条款。"`
	From   string `help:"起始日期，默认今天。" placeholder:"DATE"`
	Until  string `help:"从这一天起不再认定；不写为长期。" placeholder:"DATE"`
	DryRun bool   `help:"只检查，不写入。"`
}

// Run registers.
func (c *ListingEmpowerCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	unit, err := a.Agencies.ByCode(e, c.Agency)
	if err != nil {
		return err
	}
	d := listing.Decider{Kind: c.Kind, Agency: unit.ID, Basis: c.Basis, From: clock.Today(a.Clock)}
	for _, day := range []struct {
		flag, text string
		to         *clock.Date
	}{{"--from", c.From, &d.From}, {"--until", c.Until, &d.Until}} {
		if day.text == "" {
			continue
		}
		if *day.to, err = clock.ParseDate(day.text); err != nil {
			return usage{listing.ErrEmpower.Messagef("%s 的日期不正确", day.flag).With(err)}
		}
	}
	changed, err := a.Lists.Listing.EmpowerOrTry(authz.With(e, authz.LocalActor("listing empower")), d, c.DryRun)
	if err != nil {
		return err
	}
	if e.CLI.JSON {
		return e.answer(map[string]any{"kind": d.Kind, "agency": unit.Code, "changed": changed, "dryRun": c.DryRun})
	}
	switch {
	case !changed:
		e.say("认定清单没有变化。")
	case c.DryRun:
		e.say("检查通过：%s 可以登记为 %s 的认定单位。没有写入。", unit.Name, d.Kind)
	default:
		e.say("已登记 %s 为 %s 的认定单位。", unit.Name, d.Kind)
	}
	return nil
}

// ListingLoadCmd drafts a file of kinds.
type ListingLoadCmd struct {
	File   string `arg:"" help:"TOML 文件，每种名单一个 [[kind]]，代替现行的整个文件。" type:"existingfile"`
	On     string `help:"从这一天起施行，默认今天；审批以前不施行。" placeholder:"DATE"`
	Title  string `help:"草案的标题。" default:"名单种类"`
	DryRun bool   `help:"只检查并列出变化，不起草。"`
}

// Run drafts.
func (c *ListingLoadCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return e.draft(a, drafting{kind: approval.Lists, file: c.File, on: c.On, title: c.Title, dry: c.DryRun})
}
