package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/pquerna/otp/totp"

	"gongxin/internal/app"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/fault"
	"gongxin/internal/identity"
)

// auditHouse is an installation with two units' looks, an auditor of a district with a second factor, and a clerk.
func auditHouse(t *testing.T, url, dir string) (unit string, codes []string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, local := t.Context(), authz.LocalActor("test")
	e := &Env{Context: ctx, CLI: &CLI{Database: url, Data: dir}}
	a, err := e.openApp(app.Options{})
	must(err)
	defer func() { must(a.Close()) }()
	here, err := a.Agencies.Add(ctx, "11990102MB0000019H", "甲局", "990102")
	must(err)
	there, err := a.Agencies.Add(ctx, "11990103MB00000190", "乙局", "990103")
	must(err)
	for i, id := range []int64{here.ID, there.ID, here.ID} {
		_, err := a.Trust.Audit.Record(ctx, audit.Access{
			Who: audit.Who{Kind: "account", ID: int64(11 + i), Agency: id}, Matter: []string{"SX-1", "SX-1", "SX-2"}[i], What: "check", Basis: "某法", Outcome: audit.Answered,
		})
		must(err)
	}
	accounts := a.Trust.Identity
	const password = "临江仙月下独酌七十二"
	_, _, err = accounts.Open(ctx, local, identity.NewAccount{Kind: identity.StaffAccount, Login: "clerk", Name: "经办", Password: password, Grants: []authz.Grant{{Role: authz.OfficeOperator}}})
	must(err)
	_, _, err = accounts.Open(ctx, local, identity.NewAccount{
		Kind: identity.StaffAccount, Login: "watcher", Name: "审计", Region: "990102", Password: password, Grants: []authz.Grant{{Role: authz.Auditor, Region: "990102"}},
	})
	must(err)
	s, err := accounts.SignIn(ctx, identity.Attempt{Login: "watcher", Password: password, Address: "127.0.0.1"})
	must(err)
	who, err := accounts.Actor(ctx, s.Token)
	must(err)
	setup, err := accounts.BeginTOTP(ctx, who)
	must(err)
	code, err := totp.GenerateCode(setup.Secret, a.Clock.Now())
	must(err)
	_, codes, err = accounts.ConfirmTOTP(ctx, who, setup.Ceremony, code)
	must(err)
	return here.Code, codes
}

// An auditor reads both logs at the command line within the own reach, under the own account, and every look is on file; nobody else reads them.
func TestAuditCommand(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		dir := t.TempDir()
		unit, codes := auditHouse(t, url, dir)
		secrets := func(second string) string {
			path := filepath.Join(t.TempDir(), "secrets")
			if err := os.WriteFile(path, []byte("临江仙月下独酌七十二\n"+second+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		next := func() string {
			code := codes[0]
			codes = codes[1:]
			return secrets(code)
		}
		run := func(asJSON bool, args ...string) (string, error) {
			t.Helper()
			var cli struct {
				Audit AuditCmd `cmd:""`
			}
			parser, err := kong.New(&cli)
			if err != nil {
				t.Fatal(err)
			}
			k, err := parser.Parse(append([]string{"audit"}, args...))
			if err != nil {
				return "", err
			}
			var out bytes.Buffer
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			err = k.Run(&Env{Context: ctx, CLI: &CLI{Database: url, Data: dir, JSON: asJSON}, Out: &out, Msg: &bytes.Buffer{}})
			return out.String(), err
		}
		entries := func(args ...string) []look {
			t.Helper()
			out, err := run(true, append([]string{"access", "--as", "watcher", "--secrets", next()}, args...)...)
			if err != nil {
				t.Fatal(err)
			}
			var v struct{ Entries []look }
			if err := json.Unmarshal([]byte(out), &v); err != nil {
				t.Fatal(err)
			}
			return v.Entries
		}
		if list := entries("--what", "check"); len(list) != 2 || list[0].Unit != "甲局" || list[1].Unit != "甲局" || list[0].Kind != "信用核查" {
			t.Errorf("the district's looks: %+v", list)
		}
		if list := entries("--purpose", "SX-2", "--unit", unit); len(list) != 1 || list[0].Who != "account:13" {
			t.Errorf("for one matter: %+v", list)
		}
		if list := entries("--what", "check", "--limit", "1"); len(list) != 1 {
			t.Errorf("one line: %+v", list)
		}
		file := filepath.Join(dir, "looks.csv")
		if _, err := run(false, "access", "--as", "watcher", "--secrets", next(), "--what", "check", "--csv", file); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if lines, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\uFEFF")))).ReadAll(); err != nil || len(lines) != 3 {
			t.Errorf("the file: %d lines, %v", len(lines), err)
		}
		// Its own looks are among the acts; what the whole city's auditors alone see is not.
		out, err := run(true, "acts", "--as", "watcher", "--secrets", next())
		if err != nil || strings.Contains(out, "system_admin") {
			t.Errorf("acts: %s %v", out, err)
		}
		for name, c := range map[string]struct {
			args []string
			code string
		}{
			"no second factor":  {[]string{"access", "--as", "watcher", "--secrets", secrets("")}, "sign.factor"},
			"not an auditor":    {[]string{"access", "--as", "clerk", "--secrets", secrets("")}, ""},
			"no secrets":        {[]string{"access", "--as", "watcher", "--secrets", filepath.Join(dir, "none")}, "sign.secrets"},
			"a day":             {[]string{"access", "--as", "watcher", "--secrets", secrets(""), "--from", "2026-13-01"}, "audit.day"},
			"days turned round": {[]string{"acts", "--as", "watcher", "--secrets", secrets(""), "--from", "2026-03-02", "--to", "2026-03-01"}, "audit.day"},
			"an account's name": {[]string{"acts", "--as", "watcher", "--secrets", secrets(""), "--account", "clerk"}, "audit.account"},
			"too many":          {[]string{"acts", "--as", "watcher", "--secrets", secrets(""), "--limit", "0"}, "audit.limit"},
			"the file is there": {[]string{"access", "--as", "watcher", "--secrets", next(), "--csv", file}, "audit.file"},
			"no such subject":   {[]string{"access", "--as", "watcher", "--secrets", next(), "--subject", "91990102MA0A00014H"}, "audit.subject"},
		} {
			_, err := run(false, c.args...)
			var f *fault.Error
			if !errors.As(err, &f) || c.code != "" && f.Code != c.code || f.Fix == "" {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
