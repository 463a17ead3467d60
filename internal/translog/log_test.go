package translog

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/id"
	"gongxin/internal/verify"
)

// bench is a log over a database, with what a test needs to drive it.
type bench struct {
	t    testing.TB
	db   *db.DB
	dir  string
	ids  *id.Maker
	conf Config
}

func newBench(t testing.TB, d *db.DB) *bench {
	t.Helper()
	dir, err := os.MkdirTemp("", "translog-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // the library's publisher may just be looking once more
		for range 100 {
			if err = os.RemoveAll(dir); err == nil {
				return
			}
		}
		t.Error(err)
	})
	return &bench{t: t, db: d, dir: dir, ids: id.NewMaker(time.Now), conf: Config{
		DB: d, Dir: filepath.Join(dir, "log"), Keys: filepath.Join(dir, "keys"), Origin: Origin("990100"), Clock: clock.System{},
		CheckpointEvery: 100 * time.Millisecond, SetEvery: time.Millisecond,
	}}
}

func (b *bench) open() *Log {
	b.t.Helper()
	l, err := Open(b.t.Context(), b.conf)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		if err := l.Close(); err != nil {
			b.t.Error(err)
		}
	})
	return l
}

// queue commits n leaves of subjects in one row and gives its id.
func (b *bench) queue(n int, subject func(i int) (int64, string)) int64 {
	b.t.Helper()
	outbox := b.ids.Next()
	b.queueAs(outbox, n, subject)
	return outbox
}

func (b *bench) queueAs(outbox int64, n int, subject func(i int) (int64, string)) {
	b.t.Helper()
	leaves, subjects, items := make([]Leaf, n), make([]int64, n), make([]string, n)
	for i := range n {
		leaves[i] = Hash([]byte("salt"), fmt.Sprint(outbox), fmt.Sprint(i))
		if subject != nil {
			subjects[i], items[i] = subject(i)
		}
	}
	err := b.db.Tx(b.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		if subject == nil {
			return Queue(ctx, tx, outbox, "act", leaves, time.Now().UnixMicro())
		}
		return QueueRecords(ctx, tx, outbox, leaves, subjects, items, time.Now().UnixMicro())
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func one(subject int64, item string) func(int) (int64, string) {
	return func(int) (int64, string) { return subject, item }
}

// term runs fn as the elected sequencer.
func (b *bench) term(l *Log, fn func(s *session)) {
	b.t.Helper()
	s, err := l.begin(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() {
		if err := s.end(b.t.Context()); err != nil {
			b.t.Error(err)
		}
	}()
	fn(s)
}

// drain works until nothing waits.
func (b *bench) drain(s *session) {
	b.t.Helper()
	for {
		worked, err := s.turn(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		var waiting int
		if err := b.db.Read().QueryRowContext(b.t.Context(), `SELECT count(*) FROM log_pending`).Scan(&waiting); err != nil {
			b.t.Fatal(err)
		}
		if !worked && waiting == 0 {
			break
		}
	}
	for again := true; again || s.pass != nil; again = false {
		if s.pass != nil {
			r := <-s.pass
			s.pass <- r // the turn takes it
		}
		s.lastSet = time.Time{}
		if _, err := s.turn(b.t.Context()); err != nil {
			b.t.Fatal(err)
		}
	}
}

// published waits for the checkpoint over the whole tree.
func (b *bench) published(l *Log, size int64) checkpoint {
	b.t.Helper()
	c, err := l.awaitCheckpoint(b.t.Context(), size-1)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func (b *bench) keys(l *Log) *verify.Keys {
	b.t.Helper()
	k, err := verify.ParseKeys(l.Verifiers()...)
	if err != nil {
		b.t.Fatal(err)
	}
	return k
}

// events reads how often each position of each event stands in the log.
func (b *bench) events(l *Log) map[string]int {
	b.t.Helper()
	found := map[string]int{}
	r, _ := verify.Log(b.t.Context(), verify.Folder(b.conf.Dir), b.keys(l), "", func(_ int64, e verify.Entry) {
		if e.Kind == entryLeaf {
			found[fmt.Sprintf("%d/%d", e.Event, e.Position)]++
		}
	})
	if !r.OK() {
		b.t.Fatalf("the log does not verify: %+v", r.Failures)
	}
	return found
}

func TestEveryCommittedLeafOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		l := b.open()
		want := map[string]int{}
		add := func(outbox int64, n int) {
			for i := range n {
				want[fmt.Sprintf("%d/%d", outbox, i)] = 1
			}
		}
		early := b.ids.Next() // its transaction commits after rows with greater ids are in the log
		b.term(l, func(s *session) {
			for _, n := range []int{1, 300, 7} {
				add(b.queue(n, one(int64(n), "XZCF")), n)
			}
			add(b.queue(3, nil), 3)
			b.drain(s)
			b.queueAs(early, 5, one(9, "XZXK"))
			add(early, 5)
			b.drain(s)
			b.published(l, s.size)
		})
		got := b.events(l)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("in the log: %v\nwant: %v", got, want)
		}
		if ok, err := l.Sequenced(t.Context(), early); err != nil || !ok {
			t.Errorf("sequenced: %v %v", ok, err)
		}
	})
}

func TestProofs(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		l := b.open()
		subjects := []int64{11, 12, 13, 14}
		var outbox int64
		b.term(l, func(s *session) {
			for round := range 5 {
				outbox = b.queue(8, func(i int) (int64, string) { return subjects[i%4], []string{"XZXK", "XZCF"}[(i/4+round)%2] })
				b.drain(s)
			}
			b.published(l, s.size)
		})
		k := b.keys(l)
		check := func(p *Proof, err error, code string) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			r := verify.Proof(marshal(t, p), k)
			switch {
			case code == "" && !r.OK():
				t.Errorf("refused: %+v", r.Failures)
			case code != "" && (r.OK() || r.Failures[0].Code != code):
				t.Errorf("got %+v, want %s", r.Failures, code)
			}
		}
		p, err := l.ProveRecord(t.Context(), Location{Event: outbox, Position: 3})
		check(p, err, "")
		p.Record.Entry[20] ^= 1
		check(p, nil, "proof.inclusion")

		for _, subject := range subjects {
			for _, item := range []string{"XZXK", "XZCF", "HTLY"} {
				p, err := l.ProveSet(t.Context(), subject, item)
				check(p, err, "")
				if item == "XZXK" && len(p.Set.Versions) != 5 {
					t.Errorf("%d versions", len(p.Set.Versions))
				}
			}
		}
		p, err = l.ProveSet(t.Context(), 99, "XZCF") // nobody
		check(p, err, "")
		if !p.Set.Absent {
			t.Error("an unknown subject is not absent")
		}
		// Who leaves a version out, or says that a subject is absent, is found.
		p, err = l.ProveSet(t.Context(), 12, "XZXK")
		check(p, err, "")
		whole := p.Set.Versions
		p.Set.Versions = whole[:4]
		check(p, nil, "set.path")
		p.Set.Versions = nil
		check(p, nil, "set.path")
		p.Set.Absent = true
		check(p, nil, "set.path")
		p.Set.Absent, p.Set.Versions, p.Set.Subject = false, whole, "13"
		check(p, nil, "set.path")
		p.Set.Subject, p.Set.Item = "12", "HTLY"
		check(p, nil, "set.slots")
	})
}
