package flow

import (
	"errors"
	"strings"
	"testing"

	"gongxin/internal/clock"
)

func TestLoadUnnamed(t *testing.T) {
	t.Parallel()
	one := func(from, days, basis string) string {
		return "[[unnamed]]\nfrom = \"" + from + "\"\ndays = " + days + "\nbasis = \"" + basis + "\"\n"
	}
	for name, text := range map[string]string{
		"nothing": "", "too short": one("2020-01-01", "30", "b"), "too long": one("2020-01-01", "3651", "b"), "no basis": one("2020-01-01", "90", ""),
		"turned round": one("2021-01-01", "90", "b") + one("2020-01-01", "90", "b"), "unknown key": one("2020-01-01", "90", "b") + "more = 1\n", "no toml": "[[",
	} {
		if _, err := LoadUnnamed(strings.NewReader(text)); !errors.Is(err, ErrUnnamed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	list, err := LoadUnnamed(strings.NewReader(one("2020-01-01", "90", "b") + one("2026-07-01", "31", "b")))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		added, today clock.Date
		want         bool
	}{
		{20260601, 20260830, false},
		{20260601, 20260831, true}, // ninety days, and the day after
		{20260701, 20260801, false},
		{20260701, 20260802, true},
		{20190101, 20190401, false},
		{20190101, 20190402, true}, // before all periods: the first one
	} {
		if got := over(list, c.added, c.today); got != c.want {
			t.Errorf("%s on %s: %v", c.added, c.today, got)
		}
	}
	if _, err := DefaultUnnamed(); err != nil {
		t.Error(err)
	}
}
