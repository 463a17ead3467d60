package main

import (
	"errors"
	"fmt"
	"strconv"

	"gongxin/internal/agency"
	"gongxin/internal/app"
	"gongxin/internal/authz"
	"gongxin/internal/notice"
)

// AgencyHookCmd holds the commands on the systems that an agency is told by.
type AgencyHookCmd struct {
	Add    AgencyHookAddCmd    `cmd:"" help:"登记一个系统地址，打印签名密钥（只显示这一次）。"`
	List   AgencyHookListCmd   `cmd:"" help:"列出系统地址。"`
	Remove AgencyHookRemoveCmd `cmd:"" help:"删除一个系统地址。"`
}

// hooked opens the program, and the unit whose addresses are meant.
func hooked(e *Env, code string, run func(a *app.App, unit agency.Agency, to notice.Recipient) error) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	unit, err := a.Agencies.ByCode(e, code)
	if err != nil {
		return err
	}
	return run(a, unit, notice.Recipient{Kind: notice.Agency, ID: unit.ID})
}

// AgencyHookAddCmd registers an address.
type AgencyHookAddCmd struct {
	Agency string `required:"" help:"单位的统一社会信用代码。" placeholder:"USCC"`
	URL    string `arg:"" help:"https:// 开头的地址；政务内网的要先在配置的 notice.networks 中写明网段。"`
}

// Run registers.
func (c *AgencyHookAddCmd) Run(e *Env) error {
	return hooked(e, c.Agency, func(a *app.App, unit agency.Agency, to notice.Recipient) error {
		channel, secret, err := a.Procedures.Notices.AddChannel(authz.With(e, authz.LocalActor("agency hook")), to, notice.Webhook, c.URL)
		if err != nil {
			return err
		}
		if e.CLI.JSON {
			return e.answer(map[string]any{"id": strconv.FormatInt(channel.ID, 10), "agency": unit.Code, "address": channel.Address, "secret": secret})
		}
		e.say("已登记 %s 的系统地址 %d：%s。下面是签名密钥，只显示这一次，请交给接收系统保存。", unit.Name, channel.ID, channel.Address)
		_, err = fmt.Fprintln(e.Out, secret)
		return err
	})
}

// AgencyHookListCmd lists addresses.
type AgencyHookListCmd struct {
	Agency string `required:"" help:"单位的统一社会信用代码。" placeholder:"USCC"`
}

// Run lists.
func (c *AgencyHookListCmd) Run(e *Env) error {
	return hooked(e, c.Agency, func(a *app.App, unit agency.Agency, to notice.Recipient) error {
		list, err := a.Procedures.Notices.Channels(e, to)
		if err != nil {
			return err
		}
		rows := []map[string]any{}
		table := newTable(e.Out)
		for _, channel := range list {
			rows = append(rows, map[string]any{"id": strconv.FormatInt(channel.ID, 10), "kind": channel.Kind, "address": channel.Address})
			_, _ = fmt.Fprintf(table, "%d\t%s\t%s\n", channel.ID, channel.Kind, channel.Address)
		}
		if e.CLI.JSON {
			return e.answer(map[string]any{"agency": unit.Code, "items": rows})
		}
		if len(list) == 0 {
			e.say("%s 还没有登记系统地址。", unit.Name)
		}
		return table.Flush()
	})
}

// AgencyHookRemoveCmd forgets an address.
type AgencyHookRemoveCmd struct {
	Agency string `required:"" help:"单位的统一社会信用代码。" placeholder:"USCC"`
	ID     int64  `arg:"" help:"地址的编号，见 list。"`
}

// Run forgets.
func (c *AgencyHookRemoveCmd) Run(e *Env) error {
	return hooked(e, c.Agency, func(a *app.App, unit agency.Agency, to notice.Recipient) error {
		if err := a.Procedures.Notices.RemoveChannel(authz.With(e, authz.LocalActor("agency hook")), to, c.ID); err != nil {
			return err
		}
		if e.CLI.JSON {
			return e.answer(map[string]any{"agency": unit.Code, "removed": strconv.FormatInt(c.ID, 10)})
		}
		e.say("已删除，不再推送到这个地址。")
		return nil
	})
}
