package id_test

import (
	"errors"
	"testing"

	"gongxin/internal/id"
)

func TestDated(t *testing.T) {
	t.Parallel()
	given := map[string]bool{}
	take := func(seed int64) string {
		t.Helper()
		n, err := id.Dated("YY", 20261123, seed, func(number string) (bool, error) { return given[number], nil })
		if err != nil || given[n] {
			t.Fatalf("%q: %v", n, err)
		}
		given[n] = true
		return n
	}
	const seed = 912381100173999999
	for _, want := range []string{"YY20261123-999999", "YY20261123-000000", "YY20261123-000001"} {
		if got := take(seed); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if _, err := id.Dated("YY", 20261123, 7, func(string) (bool, error) { return true, nil }); err == nil {
		t.Error("a day without end")
	}
	broken := errors.New("broken")
	if _, err := id.Dated("YY", 20261123, 7, func(string) (bool, error) { return false, broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}
