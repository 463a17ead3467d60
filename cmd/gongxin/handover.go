package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"gongxin/internal/app"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/identity"
)

// HandoverCmd hands over what somebody who left was dealing with, whatever the procedure, in one act after a preview; or names a deputy. Who runs it signs in: each
// case moves only where its own procedure lets that account move it.
type HandoverCmd struct {
	signFlags `embed:""`

	From   string `help:"离岗人员的账号编号，见 user list。" required:"" placeholder:"N"`
	To     string `help:"接手人员或者代办人的账号编号。" required:"" placeholder:"N"`
	Reason string `help:"转交的原因，写入每件事项的办理经过。" placeholder:"TEXT"`
	Yes    bool   `help:"照预览转交；不加时只预览，什么都不改变。"`
	Deputy string `help:"不转交，从今天到这一天由 --to 代办。" placeholder:"DAY"`
}

// The faults of handing over.
var (
	errHandAccount = fault.New(fault.Invalid, "handover.account", "--from 和 --to 应为两个不同账号的编号", "编号见 gongxin user list")
	errHandNobody  = fault.New(fault.NotFound, "handover.nobody", "接手的账号不存在、已经停用，或者与离岗人员不在一个单位", "请选择同一单位在岗的人员")
	errHandNothing = fault.New(fault.NotFound, "handover.nothing", "这个账号名下没有您可以转交的事项", "请核对账号编号；转交限于本单位或者本辖区、您自己的角色可以指定经办人的事项")
	errHandReason  = fault.New(fault.Invalid, "handover.reason", "转交要写明原因", "请用 --reason 写明，例如“调离岗位”")
	errHandDay     = fault.New(fault.Invalid, "handover.day", "代办的截止日期写得不对", "请按 2026-11-30 的格式填写，不早于今天，最长一年")
)

// handed is what a hand-over did or would do.
type handed struct {
	Shares []flow.Share `json:"shares"`
	Moved  int          `json:"moved"`
	Left   int          `json:"left"`
	Done   bool         `json:"done"`
}

// Run previews, hands over, or names a deputy.
func (c *HandoverCmd) Run(e *Env) (err error) {
	from, ferr := strconv.ParseInt(c.From, 10, 64)
	to, terr := strconv.ParseInt(c.To, 10, 64)
	switch {
	case ferr != nil || terr != nil || from <= 0 || to <= 0 || from == to:
		return errHandAccount
	case c.Yes && c.Deputy == "" && c.Reason == "":
		return errHandReason
	}
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	who, end, err := c.sign(e, a)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	if err := a.Trust.Authority.Could(who, authz.CaseHandover).Err(); err != nil {
		return err
	}
	as := &Env{Context: authz.With(e, who), CLI: e.CLI, Out: e.Out, Msg: e.Msg}
	next, err := c.successor(as, a, who, from, to)
	if err != nil {
		return err
	}
	cases, old, heir := a.Procedures.Flow, spelt(from), spelt(to)
	shares, err := cases.PlanHandover(as, old, mayOf(a, next))
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(shares, func(s flow.Share) bool { return s.Moves > 0 }) {
		return errHandNothing
	}
	if c.Deputy != "" {
		return c.deputy(as, a, flow.Deputy{Of: old, By: heir})
	}
	out := handed{Shares: shares}
	if c.Yes {
		if out.Moved, out.Left, err = cases.Handover(as, old, heir, c.Reason); err != nil {
			return err
		}
		out.Done = true
	}
	return out.print(as)
}

func spelt(account int64) string { return string(authz.Account) + ":" + strconv.FormatInt(account, 10) }

// successor gives who takes over: an active colleague of who leaves, within the reach of who hands over.
func (c *HandoverCmd) successor(e *Env, a *app.App, who authz.Actor, from, to int64) (identity.Colleague, error) {
	known, err := a.Trust.Identity.Colleagues(e, []int64{from, to})
	if err != nil {
		return identity.Colleague{}, err
	}
	next, ok := known[to]
	if !ok || !next.Active {
		return next, errHandNobody
	}
	b := a.Trust.Authority.Bounds(who, authz.CaseHandover)
	units := func(list []authz.Grant) (out []int64) {
		for _, g := range list {
			if g.Subject == 0 && !g.Role.Watches() {
				out = append(out, g.Agency)
			}
		}
		return out
	}
	left := units(known[from].Grants)
	for _, unit := range units(next.Grants) {
		region := ""
		if u, err := a.Agencies.ByID(e, unit); err == nil {
			region = u.Region
		}
		reached := b.Unit(unit, region) || unit == 0 && b.All
		if reached && (len(left) == 0 || slices.Contains(left, unit)) { // the roles of who left are gone already, or they worked together
			return next, nil
		}
	}
	return next, errHandNobody
}

// mayOf asks the permission table about who takes over.
func mayOf(a *app.App, c identity.Colleague) func(string, *flow.Case) bool {
	who := authz.Actor{ID: c.ID, Kind: authz.Account, Strong: true, Grants: c.Grants}
	return func(action string, one *flow.Case) bool {
		author := authz.AuthorOf(one.Author)
		return a.Trust.Authority.Decide(who, authz.Action(action), authz.Scope{
			Agency: one.Agency, Region: one.Region, Subject: one.Subject, Author: author, Account: max(author, 0),
		}).Allowed
	}
}

// deputy names a deputy for somebody who deals with what the caller may hand over.
func (c *HandoverCmd) deputy(e *Env, a *app.App, d flow.Deputy) error {
	until, err := clock.ParseDate(c.Deputy)
	if err != nil {
		return errHandDay
	}
	d.From, d.Until = clock.Today(a.Clock), until
	if err := a.Procedures.Flow.SetDeputy(e, d); err != nil {
		return err
	}
	if e.CLI.JSON {
		return json.NewEncoder(e.Out).Encode(map[string]any{"deputy": d.By, "of": d.Of, "from": d.From, "until": d.Until})
	}
	_, err = fmt.Fprintf(e.Out, "从 %s 到 %s 由 %s 代办 %s 经办的事项。代办人只能办自己角色本来能办的事。\n", d.From, d.Until, d.By, d.Of)
	return err
}

func (h *handed) print(e *Env) error {
	if e.CLI.JSON {
		return json.NewEncoder(e.Out).Encode(h)
	}
	w := newTable(e.Out)
	_, _ = fmt.Fprintln(w, "种类\t可以转交\t不能转交\t接手人员没有办理权限")
	for _, s := range h.Shares {
		_, _ = fmt.Fprintf(w, "%s\t%d\t%d\t%d\n", s.Title, s.Moves, s.Stays, s.Strange)
	}
	err := w.Flush()
	if h.Done {
		_, _ = fmt.Fprintf(e.Msg, "已转交 %d 件，%d 件没有动（您没有转交它们的权限）。\n", h.Moved, h.Left)
	} else {
		_, _ = fmt.Fprintln(e.Msg, "以上是预览，还没有转交；确认无误后加 --yes 和 --reason。")
	}
	return err
}
