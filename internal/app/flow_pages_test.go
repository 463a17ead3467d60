package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/flow"
)

const flowPages = "../../docs/flow"

// Each procedure has its page, generated from the table that runs, and no page stands for one that is gone. Every action that a table names is in the permission
// table.
func TestFlowPages(t *testing.T) {
	t.Parallel()
	a, _ := newApp(t, nil)
	labels := map[string]string{}
	for _, g := range authz.Table() {
		for _, d := range g.Actions {
			labels[string(d.Action)] = d.Label
		}
	}
	pages := map[string]string{}
	var index strings.Builder
	index.WriteString("# 办理流程\n\n由程序里的流程表生成，不要手工修改：`go test ./internal/app -run FlowPages -update`。\n\n")
	for _, table := range a.Procedures.Flow.Tables() {
		pages[table.Kind+".md"] = flow.Document(table, func(action string) string {
			if labels[action] == "" {
				t.Errorf("%s asks for %s, which the permission table does not have", table.Kind, action)
			}
			return labels[action]
		})
		index.WriteString("- [" + table.Title + "](" + table.Kind + ".md)\n")
	}
	pages["README.md"] = index.String()
	if *update {
		must(t, os.MkdirAll(flowPages, 0o755))
		for name, want := range pages {
			must(t, os.WriteFile(filepath.Join(flowPages, name), []byte(want), 0o644))
		}
	}
	have, err := filepath.Glob(flowPages + "/*.md")
	must(t, err)
	for _, path := range have {
		if _, ok := pages[filepath.Base(path)]; !ok {
			t.Errorf("%s stands for no procedure", filepath.Base(path))
		}
	}
	for name, want := range pages {
		if got, err := os.ReadFile(filepath.Join(flowPages, name)); err != nil || string(got) != want {
			t.Errorf("%s is not what the table says; run with -update (%v)", name, err)
		}
	}
}
