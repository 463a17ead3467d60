package pdf

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// em measures as most fonts do: half an em below CJK.
func em(r rune) Length {
	if r < 0x2e80 && r != '“' && r != '”' && r != '…' && r != '—' {
		return 500
	}
	return 1000
}

func TestLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		width Length
		want  []string
	}{
		{"", 5000, []string{""}},
		{"公信", 5000, []string{"公信"}},
		{"一二三四五六", 3000, []string{"一二三", "四五六"}},
		{"一二三，四", 3000, []string{"一二", "三，四"}},       // no comma at the start
		{"一二（三四）", 3000, []string{"一二", "（三", "四）"}}, // no bracket at the end
		{"处罚 91370303MA3C000118 号", 10000, []string{"处罚", "91370303MA3C000118", "号"}},
		{"ABCDEFGH", 2000, []string{"ABCD", "EFGH"}}, // longer than a line: broken anyway
		{"罚款2000元", 4000, []string{"罚款2000", "元"}},
		{"罚款2000元", 3900, []string{"罚款", "2000元"}},
		{"甲……乙", 2000, []string{"甲…", "…乙"}},
		{"一\n二", 5000, []string{"一", "二"}},
		{"宽", 10, []string{"宽"}}, // narrower than a character: it stands alone, and the breaker ends
		{"宽字", 10, []string{"宽", "字"}},
		{"a\u200bb\u00a0c", 9000, []string{"ab c"}},
	} {
		if diff := cmp.Diff(c.want, lines(c.text, c.width, em)); diff != "" {
			t.Errorf("%q in %d:\n%s", c.text, c.width, diff)
		}
	}
}

func TestLinesKeepTheTextAndTheWidth(t *testing.T) {
	t.Parallel()
	alphabet := []rune("一二三四五六七八九十，。（）《》“”…、ABCabc0129 -/.%\n")
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOfN(rapid.SampledFrom(alphabet), 0, 80).Draw(t, "text"))
		width := Length(rapid.IntRange(1, 12000).Draw(t, "width"))
		list := lines(s, width, em)
		if squeeze(strings.Join(list, "")) != squeeze(s) {
			t.Fatalf("text changed: %q became %q", s, list)
		}
		for _, line := range list {
			var w Length
			for _, r := range line {
				w += em(r)
			}
			if w > width && len([]rune(line)) > 1 {
				t.Fatalf("%q is %d wide, may be %d", line, w, width)
			}
		}
	})
}

// Where a line may be broken at all within its width, no line begins or ends with what may not stand there.
func TestLinesObeyPunctuation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var s strings.Builder
		for range rapid.IntRange(1, 20).Draw(t, "clauses") {
			s.WriteString(strings.Repeat("字", rapid.IntRange(2, 6).Draw(t, "n")))
			s.WriteString(rapid.SampledFrom([]string{"，", "。", "（内）", "《书》", "、", "“引”", "", "％"}).Draw(t, "mark"))
		}
		list := lines(s.String(), Length(rapid.IntRange(6, 20).Draw(t, "ems"))*1000, em)
		for i, line := range list {
			r := []rune(line)
			if i > 0 && first[r[0]] || i+1 < len(list) && last[r[len(r)-1]] {
				t.Fatalf("line %d of %q stands wrong: %q", i, s.String(), line)
			}
		}
	})
}

func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '\n' {
			return -1
		}
		return r
	}, s)
}

func BenchmarkLines(b *testing.B) {
	text := strings.Repeat("当事人未依照规定公示年度报告（2025年度），处以罚款2000元。", 20)
	for b.Loop() {
		lines(text, 400_000, em)
	}
}
