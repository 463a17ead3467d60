package translog

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/verify"
)

// TestMain lets the test program be a sequencer of its own, which a test kills.
func TestMain(m *testing.M) {
	if url := os.Getenv("GONGXIN_TEST_SEQUENCER"); url != "" {
		if err := sequencerProcess(url, os.Getenv("GONGXIN_TEST_DIR"), os.Getenv("GONGXIN_TEST_DIE") != ""); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir := os.Getenv("GONGXIN_TEST_WITNESS"); dir != "" {
		if err := witnessProcess(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// witnessProcess is a witness on its own: it prints its address and serves until its standard input closes.
func witnessProcess(dir string) error {
	secret, err := os.ReadFile(filepath.Join(dir, "witness.key"))
	if err != nil {
		return err
	}
	keys, err := os.ReadFile(filepath.Join(dir, "log.pub"))
	if err != nil {
		return err
	}
	known, err := verify.ParseKeys(strings.Split(string(keys), "\n")...)
	if err != nil {
		return err
	}
	w, err := verify.NewWitness(string(secret), filepath.Join(dir, "witness.json"), known, time.Now)
	if err != nil {
		return err
	}
	server := httptest.NewServer(w)
	defer server.Close()
	fmt.Println(server.URL)
	_, _ = os.Stdin.Read(make([]byte, 1))
	return nil
}

// sequencerProcess sequences until its standard input closes, or kills itself between the tree and the database.
func sequencerProcess(url, dir string, die bool) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	d, err := db.Open(ctx, url, db.Options{NoSync: true, MaxConns: 4})
	if err != nil {
		return err
	}
	l, err := Open(ctx, Config{
		DB: d, Dir: filepath.Join(dir, "log"), Keys: filepath.Join(dir, "keys"), Origin: Origin("990100"), Clock: clock.System{},
		CheckpointEvery: 100 * time.Millisecond, SetEvery: 50 * time.Millisecond,
		afterAppend: func() {
			if die {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
		},
	})
	if err != nil {
		return err
	}
	if !die {
		go func() {
			_, _ = os.Stdin.Read(make([]byte, 1))
			stop()
		}()
	}
	return l.Run(ctx, nil)
}

// shared is a bench over a database that processes share.
func shared(t *testing.T, url string) *bench {
	t.Helper()
	d, err := db.Open(t.Context(), url, db.Options{NoSync: true, MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return newBench(t, d)
}

func (b *bench) process(url string, die bool) *exec.Cmd {
	b.t.Helper()
	c := exec.CommandContext(b.t.Context(), os.Args[0])
	c.Env = append(os.Environ(), "GONGXIN_TEST_SEQUENCER="+url, "GONGXIN_TEST_DIR="+b.dir)
	if die {
		c.Env = append(c.Env, "GONGXIN_TEST_DIE=1")
	}
	c.Stderr = os.Stderr
	return c
}

func TestKilledBetweenTreeAndDatabase(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		b := shared(t, url)
		want := map[string]int{}
		for round := range 3 {
			outbox := b.queue(400, one(int64(round+1), "XZCF"))
			for i := range 400 {
				want[fmt.Sprintf("%d/%d", outbox, i)] = 1
			}
			if err := b.process(url, true).Run(); err == nil {
				t.Fatal("the process was not killed")
			}
			var waiting int
			if err := b.db.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM log_pending`).Scan(&waiting); err != nil || waiting == 0 {
				t.Fatalf("%d rows wait (%v): the kill came too late", waiting, err)
			}
		}
		l := b.open()
		b.term(l, func(s *session) {
			b.drain(s)
			b.published(l, s.size)
		})
		if got := b.events(l); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%d leaves in the log, want %d, each once", len(got), len(want))
		}
	})
}

// While a lease runs, nobody takes over from another directory; and a term whose lease is gone writes nothing more.
func TestLeaseFences(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b, rival := newBench(t, d), newBench(t, d)
		rival.conf.Keys = b.conf.Keys
		l := b.open()
		s, err := l.begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rival.open().begin(t.Context()); !errors.Is(err, errLease) {
			t.Fatalf("two terms at once: %v", err)
		}
		if _, err := b.open().begin(t.Context()); !errors.Is(err, errLocked) {
			t.Fatalf("two in one directory: %v", err)
		}
		if err := d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE log_lease SET owner = 'rival', epoch = epoch + 1`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		b.queue(5, one(1, "XZCF"))
		if _, err := s.turn(t.Context()); !errors.Is(err, errLease) {
			t.Errorf("a term without a lease went on: %v", err)
		}
		var marked int
		if err := d.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM log_sequence`).Scan(&marked); err != nil || marked != 0 {
			t.Errorf("%d rows were marked: %v", marked, err)
		}
		if err := s.end(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A batch of which only a part reached the tree, as when the program dies between two flushes.
func TestPartOfARowInTheTree(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	l := b.open()
	outbox := b.queue(10, one(1, "XZCF"))
	b.term(l, func(s *session) {
		rows, err := s.pending(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var part [][]byte
		for i := range 4 {
			part = append(part, leafEntry{outbox, i, Leaf(rows[0].payload[32*i:])}.bytes())
		}
		if err := s.put(t.Context(), part); err != nil {
			t.Fatal(err)
		}
	})
	b.term(l, func(s *session) {
		b.drain(s)
		b.published(l, s.size)
	})
	got := b.events(l)
	for i := range 10 {
		if n := got[fmt.Sprintf("%d/%d", outbox, i)]; n != 1 {
			t.Errorf("position %d stands %d times in the log", i, n)
		}
	}
}

func TestManySequencers(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		b := shared(t, url)
		// Two other processes and two Logs of this one want the office; one of the processes is killed on its way.
		kill := b.process(url, false)
		stay := b.process(url, false)
		in, err := stay.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := kill.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		for _, c := range []*exec.Cmd{kill, stay} {
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		l := b.open()
		for _, x := range []*Log{l, b.open()} {
			wg.Go(func() { _ = x.Run(ctx, nil) })
		}
		want := map[string]int{}
		for round := range 20 {
			outbox := b.queue(50, one(int64(round), "XZXK"))
			for i := range 50 {
				want[fmt.Sprintf("%d/%d", outbox, i)] = 1
			}
			if round == 10 {
				_ = kill.Process.Kill()
				_ = kill.Wait()
			}
		}
		b.until(func() bool {
			var waiting int
			err := b.db.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM log_pending`).Scan(&waiting)
			return err == nil && waiting == 0
		})
		stop()
		wg.Wait()
		_ = in.Close()
		_ = stay.Wait()
		var size int64
		if err := b.db.Read().QueryRowContext(t.Context(), `SELECT size FROM log_state`).Scan(&size); err != nil {
			t.Fatal(err)
		}
		b.term(l, func(s *session) { b.published(l, s.size) })
		if got := b.events(l); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%d leaves in the log, want %d, each once", len(got), len(want))
		}
	})
}

// witness starts a witness in a process of its own and gives its address.
func (b *bench) witness(dir string) string {
	b.t.Helper()
	c := exec.CommandContext(b.t.Context(), os.Args[0])
	c.Env = append(os.Environ(), "GONGXIN_TEST_WITNESS="+dir)
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		_ = in.Close()
		_ = c.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// until waits for a condition that another goroutine or process brings about.
func (b *bench) until(ok func() bool) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
	defer cancel()
	for !ok() {
		if wait(ctx, 20*time.Millisecond, nil); ctx.Err() != nil {
			b.t.Fatal("waited for a minute in vain")
		}
	}
}

// The directory is made again from the database, to the byte.
func TestDirectoryLost(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		l := b.open()
		var size int64
		b.term(l, func(s *session) {
			for i := range 4 {
				b.queue(100, one(int64(i), "XZCF"))
				b.queue(1, nil)
				b.drain(s)
			}
			size = s.size
			b.published(l, size)
		})
		before, err := l.dir.checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(b.conf.Dir); err != nil {
			t.Fatal(err)
		}
		b.term(l, func(s *session) {
			if s.size != size {
				t.Errorf("size %d, was %d", s.size, size)
			}
			b.drain(s)
			after := b.published(l, size)
			if after.size == before.size {
				x, y, err := roots(before, after)
				if err != nil || string(x) != string(y) {
					t.Errorf("another root: %x, was %x (%v)", y, x, err)
				}
			}
		})
		p, err := l.ProveSet(t.Context(), 2, "XZCF")
		if err != nil || len(p.Set.Versions) != 100 {
			t.Errorf("%v", err)
		}
	})
}

// A database that went back behind the log is refused: going on would lose what the log has promised.
func TestDatabaseBehindTheLog(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	l := b.open()
	b.term(l, func(s *session) {
		b.queue(3, one(1, "XZCF"))
		b.drain(s)
		b.published(l, s.size)
	})
	older := newBench(t, dbtest.SQLite(t))
	older.dir, older.conf.Dir, older.conf.Keys = b.dir, b.conf.Dir, b.conf.Keys
	if _, err := older.open().begin(t.Context()); err == nil {
		t.Fatal("an empty database took over a log")
	}
	other := newBench(t, b.db)
	other.conf.Origin, other.conf.Keys = Origin("110000"), b.conf.Keys
	if l, err := Open(t.Context(), other.conf); !errors.Is(err, ErrOrigin) {
		t.Fatalf("the log took another name: %v, %v", l, err)
	}
}
