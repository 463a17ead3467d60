package catalog

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// editionOf loads the small catalogue under an id, from a day on, with changes to its item.
func editionOf(t testing.TB, id, from string, edit func(string) string) *Edition {
	t.Helper()
	files := small()
	files[editionFile] = strings.NewReplacer(`"t.1"`, `"`+id+`"`, "2026-01-01", from).Replace(files[editionFile])
	if edit != nil {
		files["items/X.toml"] = edit(files["items/X.toml"])
	}
	ed, err := Load(filesOf(files))
	if err != nil {
		t.Fatal(err)
	}
	return ed
}

func TestStoreByDay(t *testing.T) {
	t.Parallel()
	first, second := editionOf(t, "a", "2025-01-01", nil), editionOf(t, "b", "2026-07-01", nil)
	s, err := NewStore(second, first)
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[clock.Date]string{20200101: "a", 20250101: "a", 20260630: "a", 20260701: "b", 20991231: "b"} {
		if got := s.Current(day); got.ID != want {
			t.Errorf("%s: edition %s, want %s", day, got.ID, want)
		}
	}
	if e, ok := s.ByID("a"); !ok || e != first {
		t.Error("edition a is not found")
	}
	if _, ok := s.ByID("c"); ok {
		t.Error("edition c is found")
	}
	if err := s.Add(editionOf(t, "a", "2025-01-01", nil)); err != nil {
		t.Errorf("the same edition again: %v", err)
	}
	if err := s.Add(editionOf(t, "a", "2025-01-01", swap(`retention = "长期"`, `retention = "五年"`))); !errors.Is(err, ErrSameID) {
		t.Errorf("other content under the same id: %v", err)
	}
	if len(s.All()) != 2 {
		t.Errorf("%d editions", len(s.All()))
	}
	if empty, _ := NewStore(); empty.Current(20260101) != nil {
		t.Error("an empty store has an edition")
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	a, b := editionOf(t, "a", "2025-01-01", nil), editionOf(t, "a", "2025-01-01", nil)
	if a.Hash != b.Hash || len(a.Hash) != 64 {
		t.Errorf("the same files have hashes %s and %s", a.Hash, b.Hash)
	}
	if c := editionOf(t, "a", "2025-01-01", add("# remark")); c.Hash == a.Hash {
		t.Error("a changed file has the same hash")
	}
	packed, err := a.Archive()
	if err != nil {
		t.Fatal(err)
	}
	c, err := openArchive(packed)
	if err != nil || c.Hash != a.Hash {
		t.Errorf("out of the archive: %v", err)
	}
	if _, err := openArchive(packed[:len(packed)/2]); !errors.Is(err, ErrDamaged) {
		t.Errorf("half an archive: %v", err)
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	a := editionOf(t, "a", "2025-01-01", nil)
	if got := a.Diff(a); len(got) != 0 {
		t.Errorf("an edition differs from itself: %+v", got)
	}
	b := editionOf(t, "b", "2026-01-01", func(s string) string {
		s = swap(`retention = "长期"`, `retention = "五年"`)(s)
		s = swap("[[field]]\ncode = \"X_SUM\"\nname = \"金额\"\ntype = \"number\"\nscale = 2\n", "")(s)
		s = swap(`name = "文号"`, "name = \"文号\"\nmax_len = 64")(s)
		return field(`code = "X_NEW"`, `name = "新栏"`, `type = "text"`)(s)
	})
	want := []Change{
		{Kind: Changed, Item: "X", What: "retention", From: "长期", To: "五年"},
		{Kind: Changed, Item: "X", Field: "X_NO", What: "max_len", From: "0", To: "64"},
		{Kind: Removed, Item: "X", Field: "X_SUM", From: "金额"},
		{Kind: Added, Item: "X", Field: "X_NEW", To: "新栏"},
	}
	if diff := cmp.Diff(want, a.Diff(b)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	files := maps.Clone(b.files)
	delete(files, "items/X.toml")
	files["items/Y.toml"] = []byte(strings.ReplaceAll(strings.ReplaceAll(smallItem, "X_", "Y_"), `code = "X"`, `code = "Y"`))
	files["lists/what.toml"] = []byte(strings.Replace(string(files["lists/what.toml"]), `title = "种类"`, `title = "新种类"`, 1))
	c, err := build(files)
	if err != nil {
		t.Fatal(err)
	}
	want = []Change{
		{Kind: Removed, Item: "X", From: "测试项"},
		{Kind: Added, Item: "Y", To: "测试项"},
		{Kind: Changed, List: "what", What: "title", From: "种类", To: "新种类"},
	}
	if diff := cmp.Diff(want, b.Diff(c)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestItemLooks(t *testing.T) {
	t.Parallel()
	it, v := row(t, "XZCF", map[string]string{"CF_SYFW": "社会公开"})
	if got := it.Key(v); got != "临市监罚〔2025〕1号\x1f11990100001000010R" {
		t.Errorf("key %q", got)
	}
	if diff := cmp.Diff([]string{"罚款", "没收违法所得"}, it.Categories(v)); diff != "" {
		t.Errorf("categories (-want +got):\n%s", diff)
	}
	if it.Date(v, RoleDecidedOn) != 20250603 || it.Get(v, RoleFine) != "0.2" || it.Title(v) != "经营标签不符合规定的预包装食品" {
		t.Error("date, fine or title")
	}
	if it.Title(make(Values, len(it.Fields))) != "行政处罚" {
		t.Error("without a title the item's name heads a row")
	}
	for scope, want := range map[string]Class{"": Public, "社会公开": Public, "授权查询": Authorised, "部门共享": Shared} {
		it, v := row(t, "XZCF", map[string]string{"CF_SYFW": scope})
		if got := it.RowClass(v); got != want {
			t.Errorf("%q: class %s, want %s", scope, got, want)
		}
	}
	if l, ok := it.ListOf("CF_CFLB"); !ok || l.Name != "penalty_kind" {
		t.Error("list of CF_CFLB")
	}
	if _, ok := it.ListOf("CF_NR"); ok {
		t.Error("CF_NR has no list")
	}
	if !it.Admits(Person) {
		t.Error("penalties are about persons too")
	}
}

func TestSaveAndLoadAll(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, clock.Zone)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		save := func(e *Edition) error {
			return d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return Save(ctx, tx, e, "测试", at) })
		}
		second, first := editionOf(t, "b", "2026-07-01", nil), editionOf(t, "a", "2025-01-01", nil)
		for _, e := range []*Edition{second, first, first, Default()} {
			if err := save(e); err != nil {
				t.Fatal(err)
			}
		}
		if err := save(editionOf(t, "a", "2025-01-01", add("# other"))); !errors.Is(err, ErrSameID) {
			t.Errorf("other content under the same id: %v", err)
		}
		got, err := LoadAll(ctx, d.Read())
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, e := range got {
			ids = append(ids, e.ID+" "+e.Hash[:8])
		}
		if diff := cmp.Diff([]string{"a " + first.Hash[:8], Default().ID + " " + Default().Hash[:8], "b " + second.Hash[:8]}, ids); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		err = d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE catalog_edition SET hash = 'x' WHERE edition = 'a'`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := LoadAll(ctx, d.Read()); !errors.Is(err, ErrDamaged) {
			t.Errorf("damaged edition: %v", err)
		}
	})
}
