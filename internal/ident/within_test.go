package ident

import (
	"strings"
	"testing"
)

func TestFindPersonNumber(t *testing.T) {
	t.Parallel()
	const id = "11010519491231002X"
	for text, want := range map[string]string{
		"": "", id: "as it is", "号码" + strings.ToLower(id) + "。": "as it is", "1" + id: "", id[:17]: "",
		"110105 19491231 002X": "in groups", "12 110105-1949·1231_00/2 X": "in groups", "110105    19491231002X": "", "110105，19491231002X": "",
		"1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X": "in groups", "110105—19491231\u3000002X": "in groups", "110105 19491231 0021": "",
	} {
		got := ""
		FindPersonNumber(text, func(number string, spaced bool) bool {
			if number != id {
				return false
			}
			if got = "as it is"; spaced {
				got = "in groups"
			}
			return true
		})
		if got != want {
			t.Errorf("FindPersonNumber(%q) found it %q, want %q", text, got, want)
		}
	}
}

func FuzzFindPersonNumber(f *testing.F) {
	f.Add("110105 19491231 002x", "a", 3)
	f.Fuzz(func(t *testing.T, before, after string, gap int) {
		const id = "11010519491231002X"
		FindPersonNumber(before, func(number string, _ bool) bool {
			if len(number) != 18 {
				t.Errorf("a number of %d characters", len(number))
			}
			return false
		})
		at := min(max(gap, 1), 17)
		text := strings.TrimRight(before, "0123456789") + "：" + id[:at] + strings.Repeat(" ", at%(maxGap+1)) + id[at:] + "；" + after
		if !FindPersonNumber(text, func(number string, _ bool) bool { return number == id }) {
			t.Errorf("not found in %q", text)
		}
	})
}
