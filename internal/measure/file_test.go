package measure_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/fault"
	"gongxin/internal/measure"
)

const fileOfMatters = `[[matter]]
code = "ZJ-01"
lists = ["YZSX-SCJG", "YZSX-SCJG"]
measures = ["CF-21-01"]
must = true
from = "2026-01-01"

[[matter]]
code = "PX-01"
lists = ["YZSX-SCJG"]
measures = ["CF-22-01"]
from = "2026-01-01"
`

// A file is put on file whole or not at all, once; a dry run leaves nothing.
func TestLoadFile(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x := newDesk(t, d)
		ctx := authz.With(context.Background(), authz.LocalActor("test"))
		load := func(text string, dry bool) ([]string, error) {
			t.Helper()
			f, err := measure.ReadFile(strings.NewReader(text))
			if err != nil {
				return nil, err
			}
			list, err := x.Load(ctx, f, dry)
			var changed []string
			for i := range list {
				if list[i].Changed {
					changed = append(changed, list[i].Matter)
				}
			}
			return changed, err
		}
		inUse := func() int {
			t.Helper()
			list, err := x.MattersInUse(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		both := []string{"ZJ-01", "PX-01"}
		if changed, err := load(fileOfMatters, true); err != nil || !slices.Equal(changed, both) || inUse() != 0 {
			t.Errorf("tried: %v, %v, %d on file", changed, err, inUse())
		}
		wrong := strings.Replace(fileOfMatters, `"CF-22-01"`, `"CF-99-99"`, 1)
		if _, err := load(wrong, false); !errors.Is(err, measure.ErrMatter) || !strings.Contains(err.Error(), "第 8 行：措施 CF-99-99") || inUse() != 0 {
			t.Errorf("half a file: %v, %d on file", err, inUse())
		}
		if changed, err := load(fileOfMatters, false); err != nil || !slices.Equal(changed, both) || inUse() != 2 {
			t.Errorf("loaded: %v, %v, %d on file", changed, err, inUse())
		}
		if changed, err := load(fileOfMatters, false); err != nil || len(changed) != 0 {
			t.Errorf("again: %v, %v", changed, err)
		}
		ctx = authz.With(context.Background(), authz.Actor{ID: 1, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: x.aid.ID}}})
		if _, err := load(strings.ReplaceAll(fileOfMatters, "2026-01-01", "2026-01-02"), false); fault.KindOf(err) != fault.Denied {
			t.Errorf("a window officer loads: %v", err)
		}
	})
}

// Whatever the bytes are, reading them ends in lists with their lines or in a refusal.
func FuzzReadFile(f *testing.F) {
	for _, text := range []string{fileOfMatters, "", "[[matter]]\n", "matter = 1", "[[matter]]\ncode = '''\n[[matter]]\n'''\nfrom = 20260101", "\xff"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := measure.ReadFile(strings.NewReader(string(text)))
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%v", err)
			}
			return
		}
		if len(got.Matters) == 0 || len(got.Matters) != len(got.Lines) {
			t.Errorf("%d matters, %d lines", len(got.Matters), len(got.Lines))
		}
	})
}
