package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gongxin/internal/audit"
	"gongxin/internal/clock"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/id"
)

// command runs a command over a data folder and gives what it answered as JSON.
type command interface{ Run(e *Env) error }

func runCommand(t *testing.T, cli *CLI, c command) (map[string]any, error) {
	t.Helper()
	var out bytes.Buffer
	err := c.Run(&Env{Context: context.Background(), CLI: cli, Out: &out, Msg: &bytes.Buffer{}})
	answer := map[string]any{}
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
			t.Fatalf("not JSON: %v", err)
		}
	}
	return answer, err
}

func TestMatterCommands(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		cli := &CLI{Data: t.TempDir(), Database: url, JSON: true}
		if _, err := runCommand(t, cli, &AgencyAddCmd{Code: unit, Name: "临溪市市场监督管理局", Region: "990100"}); err != nil {
			t.Fatal(err)
		}
		add := &MatterAddCmd{
			Code: "zj-1", Name: "食品经营许可", Agency: unit, Law: "《山东省社会信用条例》", Article: "第二十条", BasisFrom: "2020-10-01", Items: []string{"XZCF"}, Kinds: []string{"legal_entity"},
		}
		if got, err := runCommand(t, cli, add); err != nil || got["code"] != "ZJ-1" || got["changed"] != true {
			t.Fatalf("add: %v %v", got, err)
		}
		if got, err := runCommand(t, cli, add); err != nil || got["changed"] != false {
			t.Errorf("again: %v %v", got, err)
		}
		wrong := *add
		wrong.BasisFrom = "第一天"
		if _, err := runCommand(t, cli, &wrong); err == nil {
			t.Error("took a day that is none")
		}
		wrong = *add
		wrong.Items = []string{"NONE"}
		if _, err := runCommand(t, cli, &wrong); err == nil || !strings.Contains(err.Error(), "agency.matter") {
			t.Errorf("took an item that is none: %v", err)
		}
		file := filepath.Join(t.TempDir(), "matters.toml")
		text := "[[matter]]\ncode='zj-2'\nname='招标'\nagency='" + unit + "'\nlaw='《某法》'\narticle='第一条'\nbasis_from='2020-01-01'\nitems=['XZBC']\nkinds=['legal_entity']\nvalid_from='2099-01-01'\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := runCommand(t, cli, &MatterLoadCmd{File: file}); err != nil || got["changed"] != 1.0 {
			t.Fatalf("load: %v %v", got, err)
		}
		got, err := runCommand(t, cli, &MatterListCmd{Agency: unit})
		if err != nil {
			t.Fatal(err)
		}
		list, _ := got["items"].([]any)
		if len(list) != 2 {
			t.Fatalf("list: %v", got)
		}
		for i, want := range []bool{true, false} {
			if line, _ := list[i].(map[string]any); line["inForce"] != want {
				t.Errorf("line %d: %v", i, line)
			}
		}
	})
}

func TestKeysCommands(t *testing.T) {
	cli := &CLI{Data: t.TempDir(), JSON: true}
	must := func(c command) map[string]any {
		t.Helper()
		got, err := runCommand(t, cli, c)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	count := func() (n int) {
		list, _ := must(&KeysListCmd{})["keys"].([]any)
		return len(list)
	}
	if n := count(); n != 2 {
		t.Fatalf("a new ring has two keys, not %d", n)
	}
	if got := must(&KeysRotateCmd{}); got["key"] != "k2" {
		t.Errorf("rotate: %v", got)
	}
	if got := must(&KeysResealCmd{}); got["resealed"] != 0.0 {
		t.Errorf("nothing was sealed yet: %v", got)
	}
	must(&KeysTokenCmd{Step: "add"})
	if n := count(); n != 4 {
		t.Errorf("%d keys", n)
	}
	if _, err := runCommand(t, cli, &KeysTokenCmd{Step: "add"}); err == nil {
		t.Error("a second exchange before the first ended")
	}
	must(&KeysTokenCmd{Step: "promote"})
	must(&KeysTokenCmd{Step: "retire"})
	if n := count(); n != 3 {
		t.Errorf("%d keys", n)
	}
	master := filepath.Join(t.TempDir(), "master.key")
	must(&KeysWrapCmd{Make: master})
	if info, err := os.Stat(master); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the master key: %v", err)
	}
	if got := must(&KeysListCmd{}); got["wrapped"] != true {
		t.Errorf("wrapped: %v", got)
	}
	if _, err := runCommand(t, cli, &KeysWrapCmd{Make: master}); err == nil {
		t.Error("overwrote a master key")
	}
	must(&KeysWrapCmd{None: true})

	// Every change of keys is an act; none says more than a name.
	e := &Env{Context: context.Background(), CLI: cli, Out: &bytes.Buffer{}, Msg: &bytes.Buffer{}}
	d, err := e.openKeys()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	acts, _, err := audit.New(audit.Config{DB: d.DB, IDs: id.NewMaker(d.Clock.Now), Clock: clock.System{}}).Acts(e, audit.Who{Kind: "local"}, audit.Filter{Entity: "key:k2"}, "", 0)
	if err != nil || len(acts) != 1 || acts[0].Action != "key.rotate" {
		t.Errorf("acts: %v %v", acts, err)
	}
}
