package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"gongxin/internal/app"
	"gongxin/internal/authz"
	"gongxin/internal/fault"
	"gongxin/internal/identity"
)

// signFlags are how somebody signs in at the command line, for what the permission table gives to people and not to whoever runs commands on the machine.
type signFlags struct {
	As      string `help:"用哪个账号登录（登录名）。" required:"" placeholder:"LOGIN"`
	Secrets string `help:"一个文件：第一行是口令，第二行是动态口令或者恢复码；没有终端时用，- 是标准输入。" placeholder:"FILE"`
}

// The faults of signing in.
var (
	errSecrets      = fault.New(fault.Invalid, "sign.secrets", "没有给出口令和第二步验证的代码", "请在终端运行，或者用 --secrets 给出一个文件（权限 600）：第一行口令，第二行动态口令或者恢复码")
	errSignFactor   = fault.New(fault.Denied, "sign.factor", "这个命令要完成第二步验证才能使用", "请先登录网站，在“账号设置”登记动态口令，再运行这个命令，并给出动态口令")
	errSignPassword = fault.New(fault.Denied, "sign.change", "这个账号的口令还没有修改过，没有任何权限", "请先登录网站修改口令")
)

// sign signs in with a second factor; end ends the session, which lasts as long as the command.
func (f *signFlags) sign(e *Env, a *app.App) (who authz.Actor, end func() error, err error) {
	password, code, err := f.secrets(e)
	if err != nil {
		return who, nil, err
	}
	accounts := a.Trust.Identity
	session, err := accounts.SignIn(e, identity.Attempt{Login: f.As, Password: password, Code: code, Address: "127.0.0.1", Agent: "gongxin"})
	if err != nil {
		return who, nil, err
	}
	end = func() error {
		ctx, stop := context.WithTimeout(context.WithoutCancel(e), 10*time.Second)
		defer stop()
		return accounts.SignOut(ctx, session.Token)
	}
	switch {
	case session.MustChange:
		err = errSignPassword
	case !session.Strong:
		err = errSignFactor
	default:
		who, err = accounts.Actor(e, session.Token)
	}
	if err != nil {
		return who, nil, errors.Join(err, end())
	}
	who.Address = "127.0.0.1"
	return who, end, nil
}

// secrets reads password and code, from a file or at the terminal.
func (f *signFlags) secrets(e *Env) (password, code string, err error) {
	in := int(os.Stdin.Fd())
	if f.Secrets == "" && term.IsTerminal(in) {
		for _, ask := range []struct {
			prompt string
			into   *string
		}{{"口令：", &password}, {"动态口令或者恢复码：", &code}} {
			_, _ = fmt.Fprint(e.Msg, ask.prompt)
			raw, err := term.ReadPassword(in)
			_, _ = fmt.Fprintln(e.Msg)
			if err != nil {
				return "", "", errSecrets.With(err)
			}
			*ask.into = strings.TrimSpace(string(raw))
		}
		return password, code, nil
	}
	var raw []byte
	switch f.Secrets {
	case "":
		return "", "", errSecrets
	case "-":
		raw, err = io.ReadAll(io.LimitReader(os.Stdin, 4096))
	default:
		raw, err = os.ReadFile(f.Secrets)
	}
	if err != nil {
		return "", "", errSecrets.With(err)
	}
	first, rest, _ := bytes.Cut(raw, []byte("\n"))
	second, _, _ := bytes.Cut(rest, []byte("\n"))
	password, code = strings.TrimSuffix(string(first), "\r"), strings.TrimSpace(string(second))
	if password == "" {
		return "", "", errSecrets
	}
	return password, code, nil
}
