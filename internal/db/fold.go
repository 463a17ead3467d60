package db

import (
	"context"
	"database/sql"
	"os"
	"sync"
	"sync/atomic"
)

// folder copies SQLite's write-ahead log back into the file beside the writer. Left to itself the engine does it within the commit that crosses the bound,
// and that one, with all that wait for the writer, takes a hundred times as long as the others.
type folder struct {
	db   *DB
	conn *sql.DB      // its own connection: copying does not take the writer's
	at   int64        // bytes of log that start it
	next atomic.Int64 // bytes from which it starts again

	turn   sync.Mutex // one checkpoint at a time: the engine refuses a second one
	closed atomic.Bool
	work   sync.WaitGroup
}

// autoFactor times the bound, the writer folds within its commit after all: when copying beside it did not come to an end.
const autoFactor = 4

// pageLogged is what a page of 4 KiB takes in the log.
const pageLogged = 4096 + 24

func newFolder(d *DB, o Options) (*folder, error) {
	conn, err := sql.Open("sqlite", dsn(d.path, Options{CacheSize: 1 << 20, NoSync: o.NoSync}, true))
	if err != nil {
		return nil, err
	}
	conn.SetMaxOpenConns(1)
	return &folder{db: d, conn: conn, at: int64(autoCheckpoint(o)) * pageLogged}, nil
}

// autoCheckpoint is how many pages of log start copying.
func autoCheckpoint(o Options) int {
	if o.AutoCheckpoint <= 0 {
		return DefaultAutoCheckpoint
	}
	return o.AutoCheckpoint
}

// committed is told after each commit, and starts copying when there is enough. The log's file is as long as the log, because the engine cuts it when the log
// begins anew (journal_size_limit); it is not opened here: closing it would give up the locks that the engine holds for the whole process.
func (f *folder) committed() {
	if f == nil {
		return
	}
	size := f.logged()
	if size < f.at {
		f.next.Store(f.at) // the log began anew
		return
	}
	if size < f.next.Load() || !f.turn.TryLock() {
		return
	}
	if f.closed.Load() {
		f.turn.Unlock()
		return
	}
	f.work.Go(func() {
		defer f.turn.Unlock()
		f.fold()
		f.next.Store(f.logged() + f.at) // when a reader of an old snapshot keeps the log from beginning anew, not at every commit
	})
}

// logged is the length of the log's file; 0 when it cannot be told.
func (f *folder) logged() int64 {
	st, err := os.Stat(f.db.path + "-wal")
	if err != nil {
		return 0
	}
	return st.Size()
}

// fold copies what is in the log while the writer goes on, and then the little that came meanwhile on the writer's own connection, so that the next commit
// begins the log anew. It waits for no reader. What fails is tried again after a later commit, and by the engine itself in the end.
func (f *folder) fold() {
	ctx := context.Background()
	var busy, logged, moved int64
	if err := f.conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(PASSIVE)`).Scan(&busy, &logged, &moved); err != nil || busy != 0 {
		return
	}
	_ = f.db.write.QueryRowContext(ctx, `PRAGMA wal_checkpoint(PASSIVE)`).Scan(&busy, &logged, &moved)
}

// close ends the copying before the connections are closed.
func (f *folder) close() error {
	if f == nil {
		return nil
	}
	f.turn.Lock() // what was about to start has ended, and from here on nothing starts
	f.closed.Store(true)
	f.turn.Unlock()
	f.work.Wait()
	return f.conn.Close()
}
