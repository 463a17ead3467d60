package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"gongxin/internal/app"
	"gongxin/internal/authz"
	"gongxin/internal/check"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
)

// CheckCmd checks a business for a matter. At the command line nobody is anybody: whose check it is says an API key, as it does over the network.
type CheckCmd struct {
	Code   string `arg:"" help:"统一社会信用代码。"`
	Matter string `help:"应用事项的代码。" short:"m" placeholder:"CODE"`
	Basis  string `help:"法律依据和条款，须与应用事项登记的一致。" placeholder:"TEXT"`
	Key    string `help:"接口密钥所在的文件；或者放在环境变量 GONGXIN_KEY 里。" name:"key-file" type:"existingfile" placeholder:"FILE"`
}

var errCheckNobody = fault.New(fault.Denied, "check.nobody", "核查要知道是哪个单位的谁在查，这里没有给出接口密钥；这次拒绝已经记入查询日志", "用 --key-file 或者环境变量 GONGXIN_KEY 给出有核查权限的接口密钥；怎样申领见 docs/user/check.md")

var errCheckKey = fault.New(fault.Invalid, "check.key", "接口密钥的文件无法读取", "请检查路径和权限")

// Run checks, and prints the sentence with what it rests on.
func (c *CheckCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	who, err := c.actor(e, a)
	if err != nil {
		return err
	}
	g, err := a.Checks.Check(e, check.Ask{Who: who, Subject: publish.Whom{Code: c.Code}, Matter: c.Matter, Basis: c.Basis})
	if who.Kind == authz.Local && fault.KindOf(err) == fault.Denied {
		return errCheckNobody.With(err)
	}
	if err != nil {
		return err
	}
	if e.CLI.JSON {
		_, err := fmt.Fprintf(e.Out, "%s\n", g.JSON)
		return err
	}
	c.print(e, g.Answer)
	return nil
}

// actor is who the key stands for; without one it is the operator, who is refused, and the refusal is on file.
func (c *CheckCmd) actor(e *Env, a *app.App) (authz.Actor, error) {
	key := os.Getenv("GONGXIN_KEY")
	if c.Key != "" {
		raw, err := os.ReadFile(c.Key)
		if err != nil {
			return authz.Actor{}, errCheckKey.With(err)
		}
		key = string(raw)
	}
	if key = strings.TrimSpace(key); key == "" {
		return authz.LocalActor("check"), nil
	}
	return a.Trust.Identity.KeyActor(e, key, "127.0.0.1")
}

func (*CheckCmd) print(e *Env, a *check.Answer) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(e.Out, format+"\n", args...) }
	say("%s", a.Result)
	say("主体：%s %s", a.Subject.Name, a.Subject.Code)
	say("依据：%s", a.Basis)
	for i := range a.Hits {
		h := &a.Hits[i]
		say("  %s  %s  %s  %s  来源 %s%s", h.DecidedOn, h.Polarity.Word(), h.ItemName, h.Title, h.Source.Name, disputed(h.Disputed))
	}
	for i := range a.Lists {
		l := &a.Lists[i]
		say("  名单：%s，%s 列入，%s%s", l.Name, l.DecidedOn, l.Unit, disputed(l.Disputed))
	}
	for i := range a.Measures {
		say("  可以采取的措施 %s：%s（%s）", a.Measures[i].Code, a.Measures[i].Content, a.Measures[i].Basis)
	}
	say("回执编号：%s", a.Receipt)
}

// disputed marks what an objection stands against; it is shown all the same.
func disputed(is bool) string {
	if is {
		return "（异议中）"
	}
	return ""
}
