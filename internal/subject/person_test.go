package subject_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/subject"
)

// people is a store of persons with its ring, as one process has them.
type people struct {
	*subject.Store
	ring *gm.KeyRing
	db   *db.DB
}

func openPeople(t *testing.T, d *db.DB, path string) *people {
	t.Helper()
	ring, err := gm.OpenKeyRing(path)
	if err != nil {
		t.Fatal(err)
	}
	return &people{subject.NewStore(d, id.NewMaker(func() time.Time { return now }), ring), ring, d}
}

func (p *people) claim(i int, name string) subject.Claim {
	raw, _ := json.Marshal(subject.Identity{DocKind: "身份证", Number: numberOf(i), Name: name})
	return subject.Claim{
		Kind: catalog.Person, Name: name, Region: "370303", Sealed: p.ring.Seal("subject", string(raw)),
		Idents: []subject.Ident{p.PersonIdent("身份证", numberOf(i))},
	}
}

func numberOf(i int) string { return fmt.Sprintf("37030319900101%03dX", i) }

func (p *people) file(t *testing.T, i int, name string) subject.Answer {
	t.Helper()
	return resolve(t, p.db, p.Store, p.claim(i, name))[0]
}

func (p *people) found(t *testing.T, i int) int64 {
	t.Helper()
	sub, ok, err := p.ByPerson(context.Background(), "身份证", numberOf(i))
	if err != nil {
		t.Fatal(err)
	}
	if ok {
		return sub.ID
	}
	return 0
}

func (p *people) stale(t *testing.T) int64 {
	t.Helper()
	n, err := p.Resealer().Stale(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (p *people) reseal(t *testing.T) int {
	t.Helper()
	n, err := gm.Reseal(context.Background(), []gm.Resealer{p.Resealer()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPersonsAreFoundByTheWholeNumberAlone(t *testing.T) {
	t.Parallel()
	p, ctx := openPeople(t, dbtest.SQLite(t), filepath.Join(t.TempDir(), "keys.json")), context.Background()
	a := p.file(t, 1, "张三")
	if p.found(t, 1) != a.Subject.ID || p.found(t, 2) != 0 {
		t.Error("by number")
	}
	for _, part := range []string{numberOf(1)[:17], numberOf(1) + "0", "", "张三"} {
		if _, ok, err := p.ByPerson(ctx, "身份证", part); ok || err != nil {
			t.Errorf("found by %q: %v", part, err)
		}
	}
	if _, ok, _ := p.ByPerson(ctx, "护照号", numberOf(1)); ok {
		t.Error("found by another kind of document")
	}
	who, ok, err := p.Identity(ctx, a.Subject.ID)
	if err != nil || !ok || who.Name != "张三" || who.Number != numberOf(1) {
		t.Errorf("identity: %v %v", ok, err)
	}
	if _, ok, err := p.Identity(ctx, 5); ok || err != nil {
		t.Errorf("of nobody: %v", err)
	}
}

// TestKeysAreExchangedWhileTheRegisterRuns walks the whole exchange with two processes, of which one learns late, and files persons at every step: each
// is found by both at every moment, and nobody becomes two.
func TestKeysAreExchangedWhileTheRegisterRuns(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		path := filepath.Join(t.TempDir(), "keys.json")
		ops, server := openPeople(t, d, path), openPeople(t, d, path)
		ids := map[int]int64{}
		next := 0
		must := func(_ string, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		step := func(name string) {
			t.Helper()
			next++
			ids[next] = server.file(t, next, fmt.Sprint("王某", next)).Subject.ID
			for i, want := range ids {
				for who, p := range map[string]*people{"operator": ops, "server": server} {
					if got := p.found(t, i); got != want {
						t.Fatalf("%s: the %s finds person %d as %d, want %d", name, who, i, got, want)
					}
				}
				again := server.file(t, i, fmt.Sprint("王某", i))
				if again.Link != subject.Linked || again.Subject.ID != want {
					t.Fatalf("%s: person %d is filed again and %d, %+v", name, i, again.Link, again.Subject.ID)
				}
				if wrong := server.file(t, i, "李某"); wrong.Link != subject.Contradicts {
					t.Fatalf("%s: another name links", name)
				}
			}
		}
		for range 3 {
			step("before")
		}
		must(ops.ring.Rotate())
		step("rotated, the server does not know")
		if ops.stale(t) != 4 || ops.reseal(t) != 4 || ops.stale(t) != 0 {
			t.Error("four seals were under the old key")
		}
		step("resealed")
		must(ops.ring.AddToken())
		step("token added, the server does not know")
		ops.reseal(t)
		step("both tokens on file")
		must("", server.ring.Refresh())
		step("the server knows")
		ops.reseal(t)
		if n := ops.stale(t); n != 0 {
			t.Fatalf("%d persons miss the new token", n)
		}
		must(ops.ring.PromoteToken())
		step("promoted, the server does not know")
		must("", server.ring.Refresh())
		step("promoted")
		ops.reseal(t)
		if n := ops.stale(t); n != 0 {
			t.Fatalf("%d persons are left under the old token", n)
		}
		step("old tokens gone")
		must("", ops.ring.RetireTokens())
		must("", server.ring.Refresh())
		step("retired")
		var rows, persons int
		if err := d.Read().QueryRowContext(context.Background(), `SELECT count(*), count(DISTINCT subject_id) FROM subject_identifier WHERE kind = 'person'`).Scan(&rows, &persons); err != nil {
			t.Fatal(err)
		}
		if rows != next || persons != next {
			t.Errorf("%d tokens of %d persons, filed %d", rows, persons, next)
		}
	})
}

// TestResealGoesOn: batches are small, and a run that was broken off behind one of them is started again.
func TestResealGoesOn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p, ctx := openPeople(t, d, filepath.Join(t.TempDir(), "keys.json")), context.Background()
		for i := range 7 {
			p.file(t, i, "王某")
		}
		if _, err := p.ring.Rotate(); err != nil {
			t.Fatal(err)
		}
		next, done, err := p.Resealer().Reseal(ctx, "", 3)
		if err != nil || done != 3 || next == "" || p.stale(t) != 4 {
			t.Fatalf("a batch: %q %d %v", next, done, err)
		}
		if n := p.reseal(t); n != 4 || p.stale(t) != 0 {
			t.Errorf("the rest: %d", n)
		}
		if n := p.reseal(t); n != 0 {
			t.Errorf("a third run has nothing to do: %d", n)
		}
		if who, ok, err := p.Identity(ctx, p.found(t, 3)); !ok || err != nil || who.Number != numberOf(3) {
			t.Errorf("resealed identities open: %v", err)
		}
	})
}

// TestTwoRowsOfOnePersonKeepTheirTokens: where the newest token leads to another subject nothing is dropped, and the exchange does not go on.
func TestTwoRowsOfOnePersonKeepTheirTokens(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	p, ctx := openPeople(t, d, filepath.Join(t.TempDir(), "keys.json")), context.Background()
	first := p.file(t, 1, "王某").Subject.ID
	second := p.file(t, 2, "王某").Subject.ID
	if _, err := p.ring.AddToken(); err != nil {
		t.Fatal(err)
	}
	newest := p.ring.Tokens("person-doc", "身份证\x00"+numberOf(1))[0]
	err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO subject_identifier (kind, token, dup, subject_id, created_at) VALUES ('person', $1, 0, $2, 0)`, newest, second)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	p.reseal(t)
	if _, err := p.ring.PromoteToken(); err != nil {
		t.Fatal(err)
	}
	p.reseal(t)
	if p.stale(t) != 1 {
		t.Error("the clash must be counted, so that nothing is retired over it")
	}
	var n int
	if err := d.Read().QueryRowContext(ctx, `SELECT count(*) FROM subject_identifier WHERE kind = 'person' AND subject_id = $1`, first).Scan(&n); err != nil || n != 1 {
		t.Errorf("the first row keeps its token: %d %v", n, err)
	}
}
