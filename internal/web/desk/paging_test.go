package desk_test

import (
	"testing"

	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

func TestShown(t *testing.T) {
	t.Parallel()
	list := make([]int64, desk.ListRows+1)
	for i := range list {
		list[i] = int64(100 + i)
	}
	for _, c := range []struct {
		of, want int
		next     string
	}{{0, 0, ""}, {desk.ListRows, desk.ListRows, ""}, {desk.ListRows + 1, desk.ListRows, "?after=129"}} {
		var p ui.PagerSpec
		got := desk.Shown(list[:c.of], &p, func(last *int64) string { return "?after=" + desk.Dec(*last) })
		if len(got) != c.want || p.Next != c.next {
			t.Errorf("%d rows: %d shown, next %q", c.of, len(got), p.Next)
		}
	}
}
