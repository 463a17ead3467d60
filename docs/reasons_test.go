// Package docs keeps the manual true: pages that repeat what the program knows are generated from it or compared with it. It has tests only.
package docs_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/catalog"
)

var update = flag.Bool("update", false, "write the generated pages")

const reasonsHead = `# 原因编号

<!-- 由 docs/reasons_test.go 从程序的原因表生成：go test ./docs -update。请不要手工修改。 -->

回执、错误表和接口里的每个原因都有一个固定的编号。编号的含义不会改变，不再使用的编号不会挪作他用。

“退回”的行没有入库，改好后重新报送；“提示”的行已经入库，只是提请注意。少数原因在旧模板里或者在个别事项里比表中宽：以回执为准。
正在运行的平台在 /help/reasons 页面和 /api/v1/catalog/reasons 接口给出同一张表。
`

var levels = []struct{ level, title, words string }{
	{catalog.LevelLink, "这一行说的是谁", "把行归到主体时发现的问题。"},
	{catalog.LevelRow, "单元格和行", "逐格、逐行检查时发现的问题。一行有几处问题的，全部列出。"},
	{catalog.LevelFile, "整个文件", "读文件和表头时发现的问题。文件不能读取的，整个批次没有入库；读到中途损坏的，损坏之前的行已经入库，回执上有数。"},
	{catalog.LevelFlow, "更新和撤回", "操作标识和撤回的问题。"},
}

// reasonsPage writes the table of reason numbers.
func reasonsPage() []byte {
	var b bytes.Buffer
	b.WriteString(reasonsHead)
	for _, l := range levels {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| 编号 | 原因 | 后果 | 怎样改 |\n|---|---|---|---|\n", l.title, l.words)
		for _, r := range catalog.Reasons() {
			if r.Level == l.level {
				fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", r.Code, r.Title, severity(r.Severity), strings.ReplaceAll(plain.Replace(r.Fix), "|", "\\|"))
			}
		}
	}
	return b.Bytes()
}

// plain replaces the places that a receipt fills in.
var plain = strings.NewReplacer("下列值中选填：{d}", "目录列出的值中选填", "到{d}位小数", "到目录规定的位数", "“{f}”", "该项", "{f}", "该项", "{d}", "相应的内容")

func severity(s string) string {
	if s == catalog.Warning {
		return "提示"
	}
	return "退回"
}

func TestReasonsPage(t *testing.T) {
	t.Parallel()
	const path = "user/reasons.md"
	want := reasonsPage()
	for _, r := range catalog.Reasons() {
		if !bytes.Contains(want, fmt.Appendf(nil, "| %d | %s |", r.Code, r.Title)) {
			t.Errorf("reason %d of level %q is in no section of the page", r.Code, r.Level)
		}
	}
	if bytes.ContainsAny(want, "{}") {
		t.Error("a place that receipts fill in is left on the page")
	}
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(have)); diff != "" {
		t.Errorf("%s is stale; run go test ./docs -update (-want +have):\n%s", path, diff)
	}
}
