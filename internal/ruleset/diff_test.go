package ruleset

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestLineDiff(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ a, b, want string }{
		{"x = 1\ny = 2", "x = 1\ny = 2", ""},
		{"x = 1\n# note\n\ny = 2", "x = 1\ny = 3", "- y = 2\n+ y = 3\n"},
		{"", "x = 1", "+ x = 1\n"},
		{"x = 1", "", "- x = 1\n"},
		{"a = 1\nb = 2\nc = 3", "b = 2\nc = 3\nd = 4", "- a = 1\n+ d = 4\n"},
	} {
		if got := Lines([]byte(c.a), []byte(c.b)); got != c.want {
			t.Errorf("%q to %q: %q, want %q", c.a, c.b, got, c.want)
		}
	}
	long := make([]string, 3000)
	if got := diff(long, long); !strings.Contains(got, "没有逐行列出") {
		t.Errorf("a long comparison: %q", got)
	}
}

// Whoever takes the lines of the first away and puts those of the second in has the second.
func TestPropertyLineDiff(t *testing.T) {
	t.Parallel()
	some := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 12)
	rapid.Check(t, func(t *rapid.T) {
		a, b := some.Draw(t, "a"), some.Draw(t, "b")
		count := map[string]int{}
		for line := range strings.Lines(diff(a, b)) {
			text := strings.TrimSpace(line[2:])
			if line[0] == '-' {
				count[text]--
			} else {
				count[text]++
			}
		}
		for _, x := range a {
			count[x]++
		}
		for _, x := range b {
			count[x]--
		}
		for x, n := range count {
			if n != 0 {
				t.Fatalf("%v to %v: %s is off by %d", a, b, x, n)
			}
		}
	})
}
