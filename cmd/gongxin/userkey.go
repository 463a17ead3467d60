package main

import (
	"fmt"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/identity"
)

// UserKeyCmd holds the commands on API keys.
type UserKeyCmd struct {
	Add    UserKeyAddCmd    `cmd:"" help:"为账号新建接口密钥，只显示一次。"`
	List   UserKeyListCmd   `cmd:"" help:"列出账号的接口密钥。"`
	Rotate UserKeyRotateCmd `cmd:"" help:"更换密钥：给出新密钥，旧密钥再用一段时间。"`
	Revoke UserKeyRevokeCmd `cmd:"" help:"立即停用密钥。"`
}

// UserKeyAddCmd makes a key.
type UserKeyAddCmd struct {
	Login   string   `arg:"" help:"登录名，或 #编号。"`
	Label   string   `required:"" help:"名称，例如“前置机 1 号”。"`
	Scope   []string `required:"" help:"可做的操作，逗号分隔，例如 submission.create。" placeholder:"ACTION"`
	Network []string `help:"允许的网络地址，逗号分隔，例如 203.0.113.0/24；默认不限。" placeholder:"CIDR"`
	Until   string   `required:"" help:"最后一个有效日，最长一年。" placeholder:"DATE"`
}

// Run makes.
func (c *UserKeyAddCmd) Run(e *Env) error {
	return withUsers(e, func(d *userDesk) error {
		a, err := d.find(e, c.Login)
		if err != nil {
			return err
		}
		spec := identity.KeySpec{Label: c.Label}
		if spec.Expires, err = endOfDay(c.Until); err != nil {
			return err
		}
		for _, s := range c.Scope {
			spec.Scopes = append(spec.Scopes, authz.Action(s))
		}
		for _, n := range c.Network {
			list, err := identity.ParseNetworks(n)
			if err != nil {
				return err
			}
			spec.Networks = append(spec.Networks, list...)
		}
		k, raw, err := d.accounts.NewKey(e, d.by, a.ID, spec)
		if err != nil {
			return err
		}
		return e.showKey(k, raw)
	})
}

// showKey prints a new key on standard output.
func (e *Env) showKey(k *identity.Key, raw string) error {
	if e.CLI.JSON {
		m := keyJSON(k)
		m["key"] = raw
		return e.answer(m)
	}
	e.say("接口密钥（编号 %d，有效至 %s）如下，只显示这一次：", k.ID, k.Expires.Format("2006-01-02 15:04"))
	_, err := fmt.Fprintln(e.Out, raw)
	return err
}

func keyJSON(k *identity.Key) map[string]any {
	networks := make([]string, len(k.Networks))
	for i, n := range k.Networks {
		networks[i] = n.String()
	}
	m := map[string]any{"id": number(k.ID), "account": number(k.Account), "label": k.Label, "scopes": k.Scopes, "networks": networks, "expiresAt": k.Expires, "createdAt": k.CreatedAt}
	for name, t := range map[string]time.Time{"revokedAt": k.RevokedAt, "usedAt": k.UsedAt} {
		if !t.IsZero() {
			m[name] = t
		}
	}
	return m
}

// UserKeyListCmd lists keys.
type UserKeyListCmd struct {
	Login string `arg:"" help:"登录名，或 #编号。"`
}

// Run lists.
func (c *UserKeyListCmd) Run(e *Env) error {
	return withUsers(e, func(d *userDesk) error {
		a, err := d.find(e, c.Login)
		if err != nil {
			return err
		}
		list, err := d.accounts.Keys(e, d.by, a.ID)
		if err != nil {
			return err
		}
		if e.CLI.JSON {
			items := make([]map[string]any, len(list))
			for i := range list {
				items[i] = keyJSON(&list[i])
			}
			return e.answer(map[string]any{"items": items})
		}
		if len(list) == 0 {
			e.say("这个账号没有接口密钥。")
			return nil
		}
		t := newTable(e.Out)
		now := d.Clock.Now()
		for _, k := range list {
			state := "有效"
			switch {
			case !k.RevokedAt.IsZero():
				state = "已停用"
			case !k.Expires.After(now):
				state = "已过期"
			}
			used := "从未使用"
			if !k.UsedAt.IsZero() {
				used = k.UsedAt.Format("2006-01-02 15:04") + " " + k.UsedFrom
			}
			fmt.Fprintf(t, "%d\t%s\t%s\t至 %s\t%s\n", k.ID, k.Label, state, k.Expires.Format("2006-01-02 15:04"), used)
		}
		return t.Flush()
	})
}

// UserKeyRotateCmd replaces a key.
type UserKeyRotateCmd struct {
	Key     int64         `arg:"" help:"密钥编号。"`
	Overlap time.Duration `default:"24h" help:"旧密钥再用多久，最长 30 天（720h）。"`
}

// Run replaces.
func (c *UserKeyRotateCmd) Run(e *Env) error {
	return withUsers(e, func(d *userDesk) error {
		k, raw, err := d.accounts.RotateKey(e, d.by, c.Key, c.Overlap)
		if err != nil {
			return missing(err, errNoKey)
		}
		return e.showKey(k, raw)
	})
}

// UserKeyRevokeCmd ends a key.
type UserKeyRevokeCmd struct {
	Key int64 `arg:"" help:"密钥编号。"`
}

// Run ends.
func (c *UserKeyRevokeCmd) Run(e *Env) error {
	return withUsers(e, func(d *userDesk) error {
		if err := missing(d.accounts.RevokeKey(e, d.by, c.Key), errNoKey); err != nil {
			return err
		}
		e.say("密钥 %d 已停用。", c.Key)
		return nil
	})
}
