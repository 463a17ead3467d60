package db

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlainOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		query, text string
		order       []int
	}{
		{``, ``, nil},
		{`SELECT 1`, `SELECT 1`, nil},
		{`a = $1 AND b IN ($2,$3)`, `a = ? AND b IN (?,?)`, nil},
		{`a = $2 AND b = $1`, `a = ? AND b = ?`, []int{1, 0}},
		{`a = $1 OR b = $1`, `a = ? OR b = ?`, []int{0, 0}},
		{`$10$11`, `??`, []int{9, 10}},
		{`a = '$1' AND "b$2" = $1`, `a = '$1' AND "b$2" = ?`, nil},
		{`a = 'it''s $1' AND b = $1`, `a = 'it''s $1' AND b = ?`, nil},
		{"a = $1 -- not $2\nAND b = $2", "a = ? -- not $2\nAND b = ?", nil},
		{`a = $1 /* $2 */ AND b = $2`, `a = ? /* $2 */ AND b = ?`, nil},
		{`a = '$1`, `a = '$1`, nil},
		{`a -- $1`, `a -- $1`, nil},
		{`/*/ $1 */ $1`, `/*/ $1 */ ?`, nil},
		{`body->>'$.a' = $1 AND c = $`, `body->>'$.a' = ? AND c = $`, nil},
		{`处罚 = $1`, `处罚 = ?`, nil},
	} {
		got := plainOf(c.query)
		if diff := cmp.Diff(plain{c.text, c.order}, got, cmp.AllowUnexported(plain{})); diff != "" {
			t.Errorf("plainOf(%q) (-want +got):\n%s", c.query, diff)
		}
	}
	if diff := cmp.Diff([]any{"b", "a", "b"}, plainOf(`$2 $1 $2`).args([]any{"a", "b"})); diff != "" {
		t.Errorf("args (-want +got):\n%s", diff)
	}
}

func FuzzPlainOf(f *testing.F) {
	f.Add(`SELECT $1, '$2', "$3" -- $4`)
	f.Add(`/* $1 */ $2 '`)
	f.Fuzz(func(t *testing.T, query string) {
		p := plainOf(query)
		if again := plainOf(p.text); again.text != p.text {
			t.Errorf("%q became %q, then %q", query, p.text, again.text)
		}
	})
}
