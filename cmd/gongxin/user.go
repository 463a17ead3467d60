package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/app"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/identity"
)

// UserCmd holds the commands on accounts.
type UserCmd struct {
	Add     UserAddCmd     `cmd:"" help:"开立账号，给出临时口令（首次登录必须修改）。"`
	List    UserListCmd    `cmd:"" help:"列出账号。"`
	Show    UserShowCmd    `cmd:"" help:"查看一个账号的状态、角色和第二步验证。"`
	Disable UserDisableCmd `cmd:"" help:"停用账号：立即结束登录、停用接口密钥。"`
	Enable  UserEnableCmd  `cmd:"" help:"恢复停用的账号。"`
	Reset   UserResetCmd   `cmd:"" help:"重置口令，给出临时口令；--factor 改为清除第二步验证。"`
	Grant   UserGrantCmd   `cmd:"" help:"授予角色。"`
	Revoke  UserRevokeCmd  `cmd:"" help:"收回角色（编号见 user show）。"`
	Key     UserKeyCmd     `cmd:"" help:"接口密钥：新建、列出、更换、停用。"`
}

// userDesk is what a command on accounts works with.
type userDesk struct {
	*app.App
	accounts *identity.Service
	by       authz.Actor
}

// openUsers opens the installation for a command on accounts; whoever acts is the operator at the command line.
func (e *Env) openUsers() (*userDesk, error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return nil, err
	}
	return &userDesk{App: a, accounts: a.Trust.Identity, by: authz.LocalActor("user")}, nil
}

// withUsers runs a command over an open installation.
func withUsers(e *Env, run func(d *userDesk) error) (err error) {
	d, err := e.openUsers()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return run(d)
}

// find gives the account of a login, or of a number written as #123.
func (d *userDesk) find(e *Env, who string) (*identity.Account, error) {
	if text, ok := strings.CutPrefix(who, "#"); ok {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, usage{errNoAccount}
		}
		a, _, err := d.accounts.Show(e, d.by, n)
		return a, missing(err, errNoAccount)
	}
	a, err := d.accounts.Find(e, d.by, who)
	return a, missing(err, errNoAccount)
}

// What the site calls “this one” has a name at the command line.
var (
	errNoAccount = fault.New(fault.NotFound, "identity.missing", "没有这个账号", "请核对登录名，或者写 #编号；全部账号见 gongxin user list")
	errNoGrant   = fault.New(fault.NotFound, "identity.missing", "这个账号没有这个编号的角色", "角色的编号见 gongxin user show 登录名")
	errNoKey     = fault.New(fault.NotFound, "identity.missing", "没有这个编号的接口密钥", "密钥的编号见 gongxin user key list 登录名")
)

// missing words “not found” as what was looked for.
func missing(err error, what *fault.Error) error {
	if errors.Is(err, identity.ErrMissing) {
		return what
	}
	return err
}

// scopeFlags are the bounds of a role.
type scopeFlags struct {
	Agency string `help:"角色所属单位的统一社会信用代码。" placeholder:"USCC"`
	Region string `help:"角色的区域（行政区划代码），默认全市。" placeholder:"CODE"`
}

func (f scopeFlags) agency(e *Env, d *userDesk) (int64, error) {
	if f.Agency == "" {
		return 0, nil
	}
	unit, err := d.Agencies.ByCode(e, f.Agency)
	return unit.ID, err
}

// UserAddCmd opens an account.
type UserAddCmd struct {
	Login string   `arg:"" help:"登录名。"`
	Name  string   `required:"" help:"姓名或名称。"`
	Kind  string   `enum:"staff,institution,business,resident" default:"staff" help:"staff 工作人员，institution 机构，business 企业代理人，resident 居民。"`
	Role  []string `help:"角色，逗号分隔；全部角色见 docs/operate/permissions.md。" placeholder:"ROLE"`
	Stdin bool     `name:"password-stdin" help:"从标准输入读口令，不另给临时口令。"`
	scopeFlags
}

// Run opens.
func (c *UserAddCmd) Run(e *Env) error {
	return withUsers(e, func(d *userDesk) error {
		unit, err := c.agency(e, d)
		if err != nil {
			return err
		}
		n := identity.NewAccount{Kind: identity.AccountKind(c.Kind), Login: c.Login, Name: c.Name, Agency: unit, Region: c.Region, HandOut: !c.Stdin}
		for _, r := range c.Role {
			n.Grants = append(n.Grants, authz.Grant{Role: authz.Role(r), Agency: unit, Region: c.Region})
		}
		if c.Stdin {
			if n.Password, err = readSecret(); err != nil {
				return err
			}
		}
		a, temp, err := d.accounts.Open(e, d.by, n)
		if err != nil {
			return err
		}
		if e.CLI.JSON {
			return e.answer(map[string]any{"id": number(a.ID), "login": a.Login, "password": temp})
		}
		e.say("已开立账号 %s（编号 #%d）。", a.Login, a.ID)
		return e.handOver(temp)
	})
}

// errNoPassword says that standard input was empty.
var errNoPassword = fault.New(fault.Invalid, "user.no_password", "标准输入中没有口令", "请把口令作为一行传给标准输入")

func readSecret() (string, error) {
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", usage{errNoPassword.With(err)}
	}
	return line, nil
}

// handOver prints a temporary password on standard output.
func (e *Env) handOver(temp string) error {
	if temp == "" {
		return nil
	}
	e.say("临时口令如下，只显示这一次；首次登录必须修改：")
	_, err := fmt.Fprintln(e.Out, temp)
	return err
}

// UserListCmd lists accounts.
type UserListCmd struct {
	Kind  string `enum:",staff,institution,business,resident" default:"" help:"只看这一种账号。"`
	Limit int    `default:"200" help:"最多列出几个。"`
}

// Run lists.
func (c *UserListCmd) Run(e *Env) error {
	return withUsers(e, func(d *userDesk) error {
		list, err := d.accounts.List(e, d.by, identity.Filter{Kind: identity.AccountKind(c.Kind), Limit: c.Limit})
		if err != nil {
			return err
		}
		if e.CLI.JSON {
			items := make([]map[string]any, len(list))
			for i := range list {
				items[i] = accountJSON(&list[i])
			}
			return e.answer(map[string]any{"items": items})
		}
		if len(list) == 0 {
			e.say("还没有账号。开立：gongxin user add 登录名 --name 姓名 --role system_admin")
			return nil
		}
		t := newTable(e.Out)
		for i := range list {
			a := &list[i]
			fmt.Fprintf(t, "#%d\t%s\t%s\t%s\t%s\t%s\n", a.ID, a.Login, a.Name, kindWords[a.Kind], stateWords[a.State], factorWords(a))
		}
		return t.Flush()
	})
}

func accountJSON(a *identity.Account) map[string]any {
	m := map[string]any{
		"id": number(a.ID), "login": a.Login, "name": a.Name, "kind": a.Kind, "agency": number(a.Agency), "region": a.Region, "state": a.State, "mustChange": a.MustChange,
		"totp": a.TOTP, "passkeys": a.Passkeys, "createdAt": a.CreatedAt,
	}
	if !a.LoginAt.IsZero() {
		m["loginAt"] = a.LoginAt
	}
	return m
}

// number writes an id as text: JSON readers that keep numbers in 53 bits would change it.
func number(id int64) string { return strconv.FormatInt(id, 10) }

// What the page of an account calls its kinds and states.
var (
	kindWords = map[identity.AccountKind]string{
		identity.StaffAccount: "工作人员", identity.InstitutionAccount: "机构", identity.BusinessAccount: "企业代理人", identity.ResidentAccount: "居民",
	}
	stateWords = map[identity.State]string{identity.Active: "可用", identity.Disabled: "已停用", identity.Closed: "本人已注销"}
)

func factorWords(a *identity.Account) string {
	var words []string
	if a.TOTP {
		words = append(words, "动态口令")
	}
	if a.Passkeys > 0 {
		words = append(words, fmt.Sprintf("通行密钥 %d 把", a.Passkeys))
	}
	if len(words) == 0 {
		return "无第二步验证"
	}
	return strings.Join(words, "、")
}

// UserShowCmd shows one account.
type UserShowCmd struct {
	Login string `arg:"" help:"登录名，或 #编号。"`
}

// Run shows.
func (c *UserShowCmd) Run(e *Env) error {
	return withUsers(e, func(d *userDesk) error {
		found, err := d.find(e, c.Login)
		if err != nil {
			return err
		}
		a, held, err := d.accounts.Show(e, d.by, found.ID)
		if err != nil {
			return err
		}
		if e.CLI.JSON {
			m, grants := accountJSON(a), make([]map[string]any, len(held))
			for i, h := range held {
				grants[i] = map[string]any{"id": number(h.ID), "role": h.Role, "agency": number(h.Agency), "region": h.Region, "subject": number(h.Subject), "claim": number(h.Claim)}
			}
			m["grants"] = grants
			return e.answer(m)
		}
		t := newTable(e.Out)
		fmt.Fprintf(t, "编号\t#%d\n登录名\t%s\n姓名\t%s\n种类\t%s\n状态\t%s\n第二步验证\t%s\n", a.ID, a.Login, a.Name, kindWords[a.Kind], stateWords[a.State], factorWords(a))
		for _, h := range held {
			within := "全市"
			if h.Agency != 0 {
				unit, err := d.Agencies.ByID(e, h.Agency)
				if err != nil {
					return err
				}
				within = unit.Name
			}
			if h.Region != "" {
				within += "，区域 " + h.Region
			}
			if h.Subject != 0 {
				within = "认领的主体"
			}
			fmt.Fprintf(t, "角色 %d\t%s（%s）：%s\n", h.ID, h.Role.Name(), h.Role, within)
		}
		return t.Flush()
	})
}

// UserDisableCmd closes an account.
type UserDisableCmd struct {
	Login string `arg:"" help:"登录名，或 #编号。"`
}

// Run closes.
func (c *UserDisableCmd) Run(e *Env) error {
	return withUsers(e, func(d *userDesk) error {
		a, err := d.find(e, c.Login)
		if err != nil {
			return err
		}
		if err := d.accounts.Disable(e, d.by, a.ID); err != nil {
			return err
		}
		e.say("账号 #%d 已停用。登录和接口密钥已失效；正在运行的服务几秒内生效。", a.ID)
		return nil
	})
}

// UserEnableCmd opens a closed account.
type UserEnableCmd struct {
	Login string `arg:"" help:"登录名，或 #编号。"`
}

// Run opens.
func (c *UserEnableCmd) Run(e *Env) error {
	return withUsers(e, func(d *userDesk) error {
		a, err := d.find(e, c.Login)
		if err != nil {
			return err
		}
		if err := d.accounts.Enable(e, d.by, a.ID); err != nil {
			return err
		}
		e.say("账号 #%d 已恢复。", a.ID)
		return nil
	})
}

// UserResetCmd resets what proves an account.
type UserResetCmd struct {
	Login  string `arg:"" help:"登录名，或 #编号。"`
	Factor bool   `help:"清除动态口令、通行密钥和恢复码；口令不变。"`
}

// Run resets.
func (c *UserResetCmd) Run(e *Env) error {
	return withUsers(e, func(d *userDesk) error {
		a, err := d.find(e, c.Login)
		if err != nil {
			return err
		}
		if c.Factor {
			if err := d.accounts.ResetFactor(e, d.by, a.ID); err != nil {
				return err
			}
			e.say("账号 #%d 的第二步验证已清除，下次登录时重新登记。", a.ID)
			return nil
		}
		temp, err := d.accounts.Reset(e, d.by, a.ID)
		if err != nil {
			return err
		}
		if e.CLI.JSON {
			return e.answer(map[string]any{"id": number(a.ID), "password": temp})
		}
		return e.handOver(temp)
	})
}

// UserGrantCmd gives a role.
type UserGrantCmd struct {
	Login string `arg:"" help:"登录名，或 #编号。"`
	Role  string `arg:"" help:"角色。"`
	scopeFlags
}

// Run gives.
func (c *UserGrantCmd) Run(e *Env) error {
	return withUsers(e, func(d *userDesk) error {
		a, err := d.find(e, c.Login)
		if err != nil {
			return err
		}
		unit, err := c.agency(e, d)
		if err != nil {
			return err
		}
		role := authz.Role(c.Role)
		if err := d.accounts.Grant(e, d.by, a.ID, authz.Grant{Role: role, Agency: unit, Region: c.Region}); err != nil {
			return err
		}
		e.say("已授予 #%d %s。该账号须重新登录。", a.ID, role.Name())
		return nil
	})
}

// UserRevokeCmd takes a role away.
type UserRevokeCmd struct {
	Login string `arg:"" help:"登录名，或 #编号。"`
	Grant int64  `arg:"" help:"角色的编号（user show 列出）。"`
}

// Run takes away.
func (c *UserRevokeCmd) Run(e *Env) error {
	return withUsers(e, func(d *userDesk) error {
		a, err := d.find(e, c.Login)
		if err != nil {
			return err
		}
		if err := missing(d.accounts.Revoke(e, d.by, a.ID, c.Grant), errNoGrant); err != nil {
			return err
		}
		e.say("已收回。该账号须重新登录。")
		return nil
	})
}

// endOfDay reads a day as the end of that day.
func endOfDay(text string) (time.Time, error) {
	day, err := clock.ParseDate(text)
	if err != nil {
		return time.Time{}, usage{err}
	}
	return day.AddDays(1).Start(), nil
}
