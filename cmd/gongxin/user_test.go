package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"gongxin/internal/clock"
	"gongxin/internal/db/dbtest"
)

// TestUserCommands walks an operator through accounts and keys as the command line reads them.
func TestUserCommands(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		dir := t.TempDir()
		run := func(args ...string) (string, string, error) {
			t.Helper()
			var cli struct {
				User UserCmd `cmd:""`
			}
			parser, err := kong.New(&cli)
			if err != nil {
				t.Fatal(err)
			}
			k, err := parser.Parse(append([]string{"user"}, args...))
			if err != nil {
				t.Fatal(err)
			}
			var out, msg bytes.Buffer
			err = k.Run(&Env{Context: context.Background(), CLI: &CLI{Database: url, Data: dir, JSON: true}, Out: &out, Msg: &msg})
			return out.String(), msg.String(), err
		}
		good := func(args ...string) map[string]any {
			t.Helper()
			out, _, err := run(args...)
			if err != nil {
				t.Fatalf("user %v: %v", args, err)
			}
			m := map[string]any{}
			if out != "" {
				if err := json.Unmarshal([]byte(out), &m); err != nil {
					t.Fatalf("user %v: %s", args, out)
				}
			}
			return m
		}
		first := good("add", "sysadmin", "--name", "系统管理员甲", "--role", "system_admin")
		if p, _ := first["password"].(string); len(p) != 19 {
			t.Fatal(first)
		}
		for _, bad := range [][]string{
			{"add", "sysadmin", "--name", "又一个", "--role", "system_admin"},
			{"grant", "sysadmin", "security_admin"},
			{"grant", "sysadmin", "nonsense"},
			{"show", "nobody"},
			{"add", "clerk", "--name", "甲", "--role", "filing_clerk"},
			{"key", "add", "sysadmin", "--label", "k", "--scope", "account.manage", "--until", clock.Today(clock.System{}).AddDays(5).String()},
		} {
			if _, _, err := run(bad...); err == nil {
				t.Errorf("user %v: done", bad)
			}
		}
		good("add", "operator", "--name", "经办乙", "--role", "office_operator")
		show := good("show", "operator")
		grants, _ := show["grants"].([]any)
		if len(grants) != 1 || show["state"] != "active" {
			t.Fatal(show)
		}
		good("grant", "operator", "list_approver")
		good("disable", "operator")
		if m := good("show", "operator"); m["state"] != "disabled" {
			t.Fatal(m)
		}
		good("enable", "operator")
		if p := good("reset", "operator")["password"]; p == "" {
			t.Fatal("no password")
		}
		good("reset", "operator", "--factor")
		until := clock.Today(clock.System{}).AddDays(30).String()
		key := good("key", "add", "operator", "--label", "前置机", "--scope", "submission.read,matter.read", "--network", "203.0.113.0/24", "--until", until)
		if raw, _ := key["key"].(string); !strings.HasPrefix(raw, "gxk_") {
			t.Fatal(key)
		}
		next := good("key", "rotate", key["id"].(string), "--overlap", "1h")
		good("key", "revoke", next["id"].(string))
		if items, _ := good("key", "list", "operator")["items"].([]any); len(items) != 2 {
			t.Fatal(items)
		}
		if items, _ := good("list")["items"].([]any); len(items) != 2 {
			t.Fatal(items)
		}
	})
}
