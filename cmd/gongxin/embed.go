package main

import (
	"errors"
	"fmt"

	"gongxin/internal/agency"
	"gongxin/internal/app"
	"gongxin/internal/authz"
)

// EmbedCmd holds the commands on sites that may frame a unit's checks.
type EmbedCmd struct {
	Add    EmbedAddCmd    `cmd:"" help:"允许一个网站在页面里嵌入本单位的核查窗口。"`
	Remove EmbedRemoveCmd `cmd:"" help:"不再允许；已经打开的窗口到下一次提问为止。"`
	List   EmbedListCmd   `cmd:"" help:"列出单位允许的网站。"`
}

// embedSite is a unit and a site.
type embedSite struct {
	Agency string `required:"" help:"单位的统一社会信用代码。" placeholder:"USCC"`
	Origin string `arg:"" help:"网站来源，如 https://banshi.example.gov.cn。"`
}

func (c *embedSite) set(e *Env, may bool) error {
	return withUnit(e, c.Agency, func(a *app.App, unit agency.Agency) error {
		origin, err := a.Checks.SetOrigin(e, authz.LocalActor("embed"), unit.ID, c.Origin, may)
		if err != nil {
			return err
		}
		if e.CLI.JSON {
			return e.answer(map[string]any{"agency": unit.Code, "origin": origin, "allowed": may})
		}
		if may {
			e.say("%s 的核查窗口可以嵌入 %s 的页面。", unit.Name, origin)
		} else {
			e.say("%s 的核查窗口不再嵌入 %s 的页面。", unit.Name, origin)
		}
		return nil
	})
}

// EmbedAddCmd allows a site.
type EmbedAddCmd struct{ embedSite }

// Run allows.
func (c *EmbedAddCmd) Run(e *Env) error { return c.set(e, true) }

// EmbedRemoveCmd allows a site no longer.
type EmbedRemoveCmd struct{ embedSite }

// Run ends it.
func (c *EmbedRemoveCmd) Run(e *Env) error { return c.set(e, false) }

// EmbedListCmd lists sites.
type EmbedListCmd struct {
	Agency string `required:"" help:"单位的统一社会信用代码。" placeholder:"USCC"`
}

// Run lists.
func (c *EmbedListCmd) Run(e *Env) error {
	return withUnit(e, c.Agency, func(a *app.App, unit agency.Agency) error {
		list, err := a.Checks.Origins(e, unit.ID)
		if err != nil {
			return err
		}
		if e.CLI.JSON {
			return e.answer(map[string]any{"agency": unit.Code, "origins": append([]string{}, list...)})
		}
		if len(list) == 0 {
			e.say("%s 没有允许任何网站嵌入核查窗口。登记：gongxin embed add", unit.Name)
		}
		for _, o := range list {
			if _, err := fmt.Fprintln(e.Out, o); err != nil {
				return err
			}
		}
		return nil
	})
}

// withUnit opens the register and finds a unit by its code.
func withUnit(e *Env, code string, f func(a *app.App, unit agency.Agency) error) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	unit, err := a.Agencies.ByCode(e, code)
	if err != nil {
		return err
	}
	return f(a, unit)
}
