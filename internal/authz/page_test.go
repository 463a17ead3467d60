package authz

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the permission table into docs/operate/permissions.md")

const (
	page  = "../../docs/operate/permissions.md"
	begin = "<!-- 权限表：由 internal/authz 的测试生成，不要手改 -->\n"
	end   = "<!-- 权限表完 -->\n"
)

// The published table is the table that decides.
func TestPage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", page)
	}
	want := render()
	if *update {
		if err := os.WriteFile(page, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, old); diff != "" {
		t.Errorf("the published table differs; run go test ./internal/authz -run Page -update and look at the change:\n%s", diff)
	}
}

func render() string {
	var b strings.Builder
	b.WriteString("\n### 角色\n\n| 角色 | 代码 | 做什么 | 授予时写明 | 第二因素 |\n|---|---|---|---|---|\n")
	for _, r := range roles {
		factor := "部分操作要"
		switch {
		case r.role.Watches():
			factor = "一律要"
		case r.family == citizen:
			factor = "不要求"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s |\n", r.name, r.role, r.does, named(r), factor)
	}
	b.WriteString("\n授予以外，权限表还有四种：")
	for i, r := range others {
		if i > 0 {
			b.WriteString("；")
		}
		fmt.Fprintf(&b, "%s（`%s`）", r.name, r.role)
		if r.does != "" {
			b.WriteString("指" + r.does)
		}
	}
	b.WriteString("。\n")
	for _, g := range Table() {
		fmt.Fprintf(&b, "\n### %s\n\n| 操作 | 代码 | 谁可以（范围） | 接口密钥 |\n|---|---|---|---|\n", g.Title)
		for _, d := range g.Actions {
			key := "否"
			if d.Key {
				key = "可"
			}
			fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", d.Label, d.Action, holdersOf(d), key)
		}
	}
	b.WriteString("\n")
	return b.String()
}

func named(r bound) string {
	switch {
	case r.agency && r.region:
		return "单位；可限区域"
	case r.agency:
		return "单位"
	case r.subject:
		return "认领的主体"
	case r.region:
		return "区域，不写为全市"
	default:
		return "全市"
	}
}

func holdersOf(d Described) string {
	parts := make([]string, len(d.Rules))
	for i, r := range d.Rules {
		s := r.Role.Name()
		var marks []string
		if r.Reach != Any {
			marks = append(marks, r.Reach.String())
		}
		if r.Strong {
			marks = append(marks, "双因素")
		}
		if r.Separate {
			marks = append(marks, "不办自己的")
		}
		if len(marks) > 0 {
			s += "（" + strings.Join(marks, "，") + "）"
		}
		parts[i] = s
	}
	return strings.Join(parts, "；")
}
