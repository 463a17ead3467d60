package ruleset_test

import (
	"errors"
	"strings"
	"testing"

	"gongxin/internal/fault"
	"gongxin/internal/ruleset"
)

func TestLine(t *testing.T) {
	t.Parallel()
	text := []byte("# [[row]]\n[[ row ]]\na = 1\n\n[[other]]\nb = \"\"\"\n[[row]]\n\"\"\"\n  [[row]] # the second\nc = '''x'''\n[[row]]\n")
	for n, want := range []int{2, 9, 11, 0} {
		if got := ruleset.Line(text, "row", n); got != want {
			t.Errorf("table %d on line %d, want %d", n, got, want)
		}
	}
	if got := ruleset.Line(nil, "row", 0); got != 0 {
		t.Errorf("line %d of nothing", got)
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	refusal := fault.New(fault.Invalid, "test.file", "错", "改")
	for text, want := range map[string]string{
		"a = 1":            "",
		"a = 1\nb = [":     "测试文件第 2 行不是正确的 TOML",
		"a = 1\nc = 2":     "测试文件含有未知的键 c",
		"a = \"text\"\n\n": "测试文件",
	} {
		var v struct {
			A int   `toml:"a"`
			B []int `toml:"b"`
		}
		err := ruleset.Decode([]byte(text), &v, refusal, "测试文件")
		if want == "" {
			if err != nil || v.A != 1 {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		if !errors.Is(err, refusal) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
