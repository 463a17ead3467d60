package translog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// However the leaves come in passes, the root is that of all at once, and every subject's way through the map leads to it.
func TestSetsInPasses(t *testing.T) {
	t.Parallel()
	secret := []byte("secret of thirty-two bytes ......")
	dir := t.TempDir()
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		open := func(name string) *setStore {
			s, err := openSets(context.Background(), fmt.Sprintf("%s/%d-%s", dir, run, name))
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		passes, once := open("passes"), open("once")
		defer func() { _ = errors.Join(passes.db.Close(), once.db.Close()) }()
		n := rapid.IntRange(1, 60).Draw(t, "leaves")
		crowd := rapid.IntRange(1, 40).Draw(t, "subjects")
		all := make([]addition, n)
		for i := range all {
			key := setKey(nil, int64(rapid.IntRange(1, crowd).Draw(t, "subject")))
			key[0], key[1] = key[0]&1, 0 // crowded buckets
			all[i] = addition{key, rapid.IntRange(0, 3).Draw(t, "slot"), int64(i), Leaf{byte(i)}}
		}
		want, err := once.apply(context.Background(), secret, slices.Clone(all), int64(n))
		if err != nil {
			t.Fatal(err)
		}
		var got hash
		for from := 0; from < n; {
			to := min(n, from+rapid.IntRange(1, 20).Draw(t, "pass"))
			if got, err = passes.apply(context.Background(), secret, slices.Clone(all[from:to]), int64(to)); err != nil {
				t.Fatal(err)
			}
			from = to
		}
		if got != want {
			t.Fatalf("root %x in passes, %x at once", got, want)
		}
		passes.ready = false // read back what is stored
		top, err := passes.tree(context.Background(), passes.db.Read(), setState{covered: int64(n), root: want})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range all {
			entries, err := readBucket(context.Background(), passes.db.Read(), a.key)
			if err != nil {
				t.Fatal(err)
			}
			below, end := bucketPath(entries, a.key)
			if end == nil || end.key != a.key {
				t.Fatal("a subject is not in the map")
			}
			at := mapLeaf(end.key, end.head)
			path := append(top.path(bucketOf(a.key)), below...)
			for depth := len(path) - 1; depth >= 0; depth-- {
				if bit(a.key, depth) == 0 {
					at = mapNode(at, path[depth])
				} else {
					at = mapNode(path[depth], at)
				}
			}
			if at != want {
				t.Fatal("the way of a subject does not lead to the root")
			}
		}
	})
}

func TestPackedSubjects(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "n")
		subjects, items := make([]int64, n), make([]string, n)
		for i := range n {
			subjects[i] = rapid.Int64().Draw(t, "subject")
			items[i] = rapid.SampledFrom([]string{"XZXK", "XZCF", "A", "一"}).Draw(t, "item")
		}
		raw, err := packSubjects(subjects, items)
		if err != nil {
			t.Fatal(err)
		}
		list, err := unpackSubjects(raw, n)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if s, item := list.at(i); s != subjects[i] || item != items[i] {
				t.Fatalf("leaf %d: %d %s", i, s, item)
			}
		}
		if _, err := unpackSubjects(raw, n+1); err == nil {
			t.Fatal("subjects of fewer leaves pass")
		}
	})
	if _, err := packSubjects([]int64{1}, nil); err == nil {
		t.Error("a subject without an item")
	}
}

func FuzzStored(f *testing.F) {
	s := subjectSet{items: []itemSet{{slot: 3}}}
	for i := range 5 {
		s.items[0].add(int64(100*i), Leaf{byte(i)})
	}
	f.Add(s.pack())
	f.Add(leafEntry{event: 5, position: 1}.bytes())
	f.Add(rootEntry{covered: 5}.bytes())
	f.Add(slotEntry(1, "XZCF"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := unpackSet(hash{}, b); err == nil {
			again, err := unpackSet(hash{}, s.pack())
			if err != nil || !bytes.Equal(again.pack(), s.pack()) {
				t.Error("a set does not survive being stored")
			}
		}
		if e, err := parseLeafEntry(b); err == nil && !bytes.Equal(e.bytes(), b) {
			t.Error("leaf entry")
		}
		if e, err := parseRootEntry(b); err == nil && !bytes.Equal(e.bytes(), b) {
			t.Error("root entry")
		}
		if slot, item, err := parseSlotEntry(b); err == nil && !bytes.Equal(slotEntry(slot, item), b) {
			t.Error("slot entry")
		}
		_, _ = splitBundle(b)
		_, _ = parseCheckpoint(b)
		_, _ = unpackSubjects(b, 2)
	})
}

// Rows from before there were sets get their subjects when the log begins.
func TestOwnersOfOldRows(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		old := b.ids.Next()
		if err := d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return Queue(ctx, tx, old, "record", []Leaf{{1}, {2}}, time.Now().UnixMicro())
		}); err != nil {
			t.Fatal(err)
		}
		b.conf.Owners = func(_ context.Context, id int64) ([]int64, []string, error) {
			if id != old {
				return nil, nil, errors.New("another row")
			}
			return []int64{7, 8}, []string{"XZCF", "XZXK"}, nil
		}
		l := b.open()
		b.term(l, func(s *session) {
			b.drain(s)
			b.published(l, s.size)
		})
		p, err := l.ProveSet(t.Context(), 8, "XZXK")
		if err != nil || len(p.Set.Versions) != 1 || p.Set.Versions[0].Position != 1 {
			t.Errorf("%+v %v", p, err)
		}
	})
}
