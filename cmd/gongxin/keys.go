package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"

	"gongxin/internal/app"
	"gongxin/internal/audit"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/gm"
)

// KeysCmd holds the commands on the key ring.
type KeysCmd struct {
	List   KeysListCmd   `cmd:"" help:"列出密钥（不含内容）和尚待换封的数量。"`
	Rotate KeysRotateCmd `cmd:"" help:"换用新的封存密钥；旧密钥仍能开封。服务不必停。"`
	Reseal KeysResealCmd `cmd:"" help:"把可以更改的封存内容换到现行密钥下；可随时中断、重做。"`
	Token  KeysTokenCmd  `cmd:"" help:"更换检索令牌的密钥，分三步：add、promote、retire。"`
	Wrap   KeysWrapCmd   `cmd:"" help:"用主密钥文件封装密钥环，或换一个主密钥。"`
}

// keyDesk is what a command on keys works with.
type keyDesk struct {
	*app.App
	ring   *gm.KeyRing
	stores []gm.Resealer
	log    *audit.Log
}

func (e *Env) openKeys() (*keyDesk, error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return nil, err
	}
	stores := append([]gm.Resealer{a.Subjects.Resealer(), a.Ingest.Resealer(), a.Procedures.Notices.Resealer(), a.Reports.Resealer(), a.Checks.Resealer()}, a.Trust.Identity.Resealers()...)
	stores = append(stores, a.TextResealers()...)
	return &keyDesk{App: a, ring: a.Trust.Ring, stores: stores, log: a.Trust.Audit}, nil
}

// act puts what was done with a key on file; the key's name is all that is said of it.
func (d *keyDesk) act(e *Env, action, key string) error {
	return d.DB.Tx(e, func(ctx context.Context, tx *db.Tx) error {
		return d.log.WriteAct(ctx, tx, audit.Act{Who: audit.Who{Kind: "local"}, Action: action, Entity: "key:" + key})
	})
}

// KeysListCmd lists keys.
type KeysListCmd struct{}

// Run lists.
func (*KeysListCmd) Run(e *Env) (err error) {
	d, err := e.openKeys()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	keys, wrapped := d.ring.List()
	stale := map[string]int64{}
	for _, s := range d.stores {
		if stale[s.Name()], err = s.Stale(e); err != nil {
			return err
		}
	}
	if e.CLI.JSON {
		return e.answer(map[string]any{"keys": keys, "wrapped": wrapped, "stale": stale})
	}
	t := newTable(e.Out)
	for _, k := range keys {
		use, state := "封存", "仅供开封"
		if k.Use == "token" {
			use, state = "检索", "仅供检索"
		}
		if k.Current {
			state = "现行"
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\n", k.Name, use, state)
	}
	for name, n := range stale {
		_, _ = fmt.Fprintf(t, "%s\t待换封\t%d\n", name, n)
	}
	return t.Flush()
}

// KeysRotateCmd rotates the sealing key.
type KeysRotateCmd struct{}

// Run rotates.
func (*KeysRotateCmd) Run(e *Env) (err error) {
	d, err := e.openKeys()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	name, err := d.ring.Rotate()
	if err != nil {
		return errKeys(err)
	}
	if err := d.act(e, "key.rotate", name); err != nil {
		return err
	}
	if e.CLI.JSON {
		return e.answer(map[string]string{"key": name})
	}
	e.say("新的封存密钥 %s 已启用。请立即备份 keys.json，再执行 gongxin keys reseal。", name)
	return nil
}

// KeysResealCmd reseals rows.
type KeysResealCmd struct{}

// Run reseals.
func (*KeysResealCmd) Run(e *Env) (err error) {
	d, err := e.openKeys()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	done := map[string]int{}
	n, err := gm.Reseal(e, d.stores, func(name string, batch int) {
		done[name] += batch
		e.say("%s：已换封 %d 条。", name, done[name])
	})
	if err != nil {
		return err
	}
	if e.CLI.JSON {
		return e.answer(map[string]int{"resealed": n})
	}
	e.say("换封完成，共 %d 条。", n)
	return nil
}

// KeysTokenCmd exchanges the token key.
type KeysTokenCmd struct {
	Step string `arg:"" enum:"add,promote,retire" help:"add：加入新密钥，两个都检索；promote：新数据用新密钥；retire：停用旧密钥。每步之后执行 gongxin keys reseal。"`
}

// errStale refuses a step that comes too early.
var errStale = fault.New(fault.Conflict, "keys.stale", "还有数据没有换到新的密钥下，不能进行这一步", "请先执行 gongxin keys reseal，并确认各节点都已读到新的密钥环")

// Run takes one step; the later ones only when no row is left behind.
func (c *KeysTokenCmd) Run(e *Env) (err error) {
	d, err := e.openKeys()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if c.Step != "add" {
		for _, s := range d.stores {
			n, err := s.Stale(e)
			if err != nil {
				return err
			}
			if n > 0 {
				return errStale
			}
		}
	}
	var name string
	switch c.Step {
	case "add":
		name, err = d.ring.AddToken()
	case "promote":
		name, err = d.ring.PromoteToken()
	default:
		name, err = "old", d.ring.RetireTokens()
	}
	if err != nil {
		return errKeys(err)
	}
	if err := d.act(e, "key.token_"+c.Step, name); err != nil {
		return err
	}
	e.say("完成：%s。请备份 keys.json，再执行 gongxin keys reseal。", c.Step)
	return nil
}

// KeysWrapCmd wraps the ring under a master key.
type KeysWrapCmd struct {
	Master string `help:"主密钥文件的路径（16 字节，base64）。" type:"path" xor:"how"`
	Make   string `help:"先在这个路径生成主密钥文件（不覆盖），再封装。" type:"path" xor:"how"`
	None   bool   `help:"解除封装。" xor:"how"`
}

// Run wraps.
func (c *KeysWrapCmd) Run(e *Env) (err error) {
	if c.Master == "" && c.Make == "" && !c.None {
		return usage{errors.New("请写明怎样封装：--make 生成主密钥，--master 用已有的主密钥，--none 解除封装")}
	}
	d, err := e.openKeys()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	path := c.Master
	if c.Make != "" {
		path = c.Make
		if err := makeMaster(path); err != nil {
			return errKeys(err)
		}
	}
	if err := d.ring.SetMaster(path); err != nil {
		return errKeys(err)
	}
	if err := d.act(e, "key.wrap", "ring"); err != nil {
		return err
	}
	e.say("密钥环已%s。", map[bool]string{true: "解除封装", false: "由主密钥封装"}[path == ""])
	return nil
}

// makeMaster makes a master key's file that its owner alone may read; one that is there is never overwritten.
func makeMaster(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(gm.NewMaster()) + "\n")
	return errors.Join(err, f.Sync(), f.Close())
}

// errKeys says in words what did not work with the key files.
func errKeys(err error) error {
	f := fault.New(fault.Conflict, "keys.file", "密钥文件没有更改", "请检查密钥文件的权限，以及是否有其他进程正在更改它（keys.json.lock）")
	return f.With(err)
}
