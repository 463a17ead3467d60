package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"gongxin/internal/app"
	"gongxin/internal/audit"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/translog"
)

// LogNewKeysCmd makes keys for a log that has begun and lost its own. Serving never does.
type LogNewKeysCmd struct {
	Lost bool `help:"确认旧密钥已经找不回来。"`
}

var (
	errKeysThere = fault.New(fault.Conflict, "log.keys_there", "日志的签名密钥都在，没有更改", "密钥不需要更换；怀疑泄露的，请先停止服务，另行保存旧密钥后移走 keys 中的 log-ed25519.key 和 log-sm2.key，再执行本命令")
	errKeysLost  = fault.New(fault.Conflict, "log.keys_lost", "另立密钥以后，以前公布的公钥、证明上的签名和见证人都要重新核对，不能撤回", "请先找密钥的备份；确实找不回来的，加 --lost 再执行一次")
)

// Run makes what is missing and puts the act on file, with the new public keys.
func (c *LogNewKeysCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	dir := filepath.Join(a.Config.Data, "keys")
	switch {
	case len(translog.MissingKeys(dir)) == 0:
		return errKeysThere
	case !c.Lost:
		return errKeysLost
	}
	keys, err := translog.OpenKeys(dir, translog.Origin(a.Config.City.Code))
	if err != nil {
		return err
	}
	list := keys.Verifiers()
	err = a.DB.Tx(e, func(ctx context.Context, tx *db.Tx) error {
		return a.Trust.Audit.WriteAct(ctx, tx, audit.Act{Who: audit.Who{Kind: "local"}, Action: "key.log_new", Entity: "log", Detail: strings.Join(list, " ")})
	})
	if err != nil {
		return err
	}
	if e.CLI.JSON {
		return e.answer(map[string][]string{"keys": list})
	}
	e.say("已另立日志的签名密钥。请立即备份 keys 目录，把下面的新公钥交给核验者和见证人，并公开说明：")
	for _, k := range list {
		e.say("%s", k)
	}
	return nil
}
