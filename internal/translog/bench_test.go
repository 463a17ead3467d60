package translog

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"gongxin/internal/db/dbtest"
	"gongxin/internal/verify"
)

// BenchmarkSequence measures leaves from outbox to tree and mark, in rows of 1,000; the set is left out.
func BenchmarkSequence(b *testing.B) {
	for _, rows := range []int{1, 1000} {
		b.Run(fmt.Sprintf("rows of %d", rows), func(b *testing.B) {
			x := newBench(b, dbtest.SQLite(b))
			x.conf.SetEvery = time.Hour
			l := x.open()
			total := 0
			x.term(l, func(s *session) {
				s.lastSet = time.Now()
				b.ResetTimer()
				for range b.N {
					b.StopTimer()
					for range 16000 / rows {
						x.queue(rows, one(1, "XZCF"))
					}
					b.StartTimer()
					for {
						n, err := s.sequence(context.Background())
						if err != nil {
							b.Fatal(err)
						}
						if n == 0 {
							break
						}
						total += n
					}
				}
			})
			b.ReportMetric(float64(total)/b.Elapsed().Seconds(), "leaves/s")
		})
	}
}

// BenchmarkSets measures what keeping the sets costs a version, and a proof, at the number of subjects in GONGXIN_BENCH_SUBJECTS (20,000 unless
// told), each with ten versions in passes of 100,000.
func BenchmarkSets(b *testing.B) {
	subjects := 20_000
	if n, err := strconv.Atoi(os.Getenv("GONGXIN_BENCH_SUBJECTS")); err == nil {
		subjects = n
	}
	ctx := context.Background()
	secret, salt := make([]byte, 32), make([]byte, 16)
	store, err := openSets(ctx, b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.db.Close() }()
	keys := make([]hash, subjects)
	for i := range keys {
		keys[i] = setKey(salt, int64(i)<<22)
	}
	next := int64(0)
	pass := func(n int) time.Duration {
		additions := make([]addition, n)
		for i := range additions {
			at := next + int64(i)
			subject := int(uint64(at) * 0x9e3779b97f4a7c15 >> 20 % uint64(subjects))
			additions[i] = addition{keys[subject], int(at % 3), at, Hash(salt, strconv.FormatInt(at, 10))}
		}
		next += int64(n)
		start := time.Now()
		if _, err := store.apply(ctx, secret, additions, next); err != nil {
			b.Fatal(err)
		}
		return time.Since(start)
	}
	var load time.Duration
	for next < int64(10*subjects) {
		load += pass(100_000)
	}
	metrics := map[string]float64{"µs/version-bulk": float64(load.Microseconds()) / float64(next)}
	for _, n := range []int{1, 100, 1000} {
		var d time.Duration
		const rounds = 5
		for range rounds {
			d += pass(n)
		}
		metrics[fmt.Sprintf("µs/version-of-%d", n)] = float64(d.Microseconds()) / float64(rounds*n)
	}
	size, err := store.db.Size(ctx)
	if err != nil {
		b.Fatal(err)
	}
	metrics["B/version"] = float64(size) / float64(next)
	b.ResetTimer() // forgets metrics
	for i := range b.N {
		var v setView
		tx := store.db.Read()
		key := keys[i%subjects]
		if v.state, err = readSetState(ctx, tx); err != nil {
			b.Fatal(err)
		}
		top, err := store.tree(ctx, tx, v.state)
		if err != nil {
			b.Fatal(err)
		}
		if v.set, err = readSubject(ctx, tx, key); err != nil {
			b.Fatal(err)
		}
		entries, err := readBucket(ctx, tx, key)
		if err != nil {
			b.Fatal(err)
		}
		path, end := bucketPath(entries, key)
		if end != nil && end.key == key && len(append(top.path(bucketOf(key)), path...)) < topLevels {
			b.Fatal("no path")
		}
		p := v.set.places(secret)
		head(p[:], 0, nil)
	}
	for name, value := range metrics {
		b.ReportMetric(value, name)
	}
}

// BenchmarkProve measures a whole proof of a set, with its file's size, and its check.
func BenchmarkProve(b *testing.B) {
	x := newBench(b, dbtest.SQLite(b))
	l := x.open()
	x.term(l, func(s *session) {
		for range 20 {
			n := int64(0)
			x.queue(1000, func(i int) (int64, string) { n++; return n, []string{"XZCF", "XZXK"}[i%2] })
		}
		x.drain(s)
		x.published(l, s.size)
	})
	k := x.keys(l)
	var raw []byte
	b.Run("make", func(b *testing.B) {
		for i := range b.N {
			p, err := l.ProveSet(context.Background(), int64(1+i%1000), "XZCF")
			if err != nil {
				b.Fatal(err)
			}
			raw = marshal(b, p)
		}
		b.ReportMetric(float64(len(raw)), "bytes")
	})
	b.Run("check", func(b *testing.B) {
		for range b.N {
			if r := verify.Proof(raw, k); !r.OK() {
				b.Fatal(r.Failures)
			}
		}
	})
}
