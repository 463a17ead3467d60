package main

import (
	"bytes"
	"fmt"
	"testing"
	"unicode/utf8"
)

func TestTable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"一句话\n", "一句话\n"},
		{"a\t名单\tx\nbbb\t严重名单\ty\n", "a    名单      x\nbbb  严重名单  y\n"},
		{"标题\n甲\t1\n甲乙\t2\n\n长长的一列\t3\n", "标题\n甲    1\n甲乙  2\n\n长长的一列  3\n"},
		{"a\tb\t\nccc\td\t\n", "a    b\nccc  d\n"},
		{"（全角）\tA\nab\tB\n", "（全角）  A\nab        B\n"},
		{"没有换行", "没有换行"},
	} {
		var out bytes.Buffer
		w := newTable(&out)
		if _, err := fmt.Fprint(w, c.in); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil || out.String() != c.want {
			t.Errorf("%q:\n%q, want\n%q (%v)", c.in, out.String(), c.want, err)
		}
	}
}

func FuzzPlaces(f *testing.F) {
	f.Add("临溪市A")
	f.Fuzz(func(t *testing.T, s string) {
		if n := places(s); n < utf8.RuneCountInString(s) || n > 2*utf8.RuneCountInString(s) {
			t.Errorf("%d places", n)
		}
	})
}
