package db_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

func TestIn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n, from int
		want    string
	}{
		{-1, 1, "(NULL)"}, {0, 1, "(NULL)"}, {1, 1, "($1)"}, {3, 2, "($2,$3,$4)"}, {2, 99, "($99,$100)"},
	} {
		if got := db.In(c.n, c.from); got != c.want {
			t.Errorf("In(%d, %d) = %s, want %s", c.n, c.from, got, c.want)
		}
	}
}

func TestInFindsRows(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if _, err := execTx(t.Context(), d, `INSERT INTO meta (key, value) VALUES ('a','1'), ('b','1'), ('c','2')`); err != nil {
			t.Fatal(err)
		}
		for n, want := range []int{0, 1, 2} {
			var got int
			keys := []any{"1", "a", "b", "c"}[:n+1]
			// $1 twice and out of order: the portable subset allows it.
			err := d.Read().QueryRowContext(t.Context(),
				`SELECT count(*) FROM meta WHERE key IN `+db.In(n, 2)+` AND value = $1 AND '$1' <> $1 -- $9`, keys...).Scan(&got)
			if err != nil || got != want {
				t.Errorf("IN of %d keys: %d (%v), want %d", n, got, err, want)
			}
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("this is no database, but long enough to be read as one by mistake"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		url  string
		want error
	}{
		{"", db.ErrAddress},
		{"  ", db.ErrAddress},
		{":memory:", db.ErrAddress},
		{"sqlite:", db.ErrAddress},
		{"mysql://u@h/x", db.ErrAddress},
		{"postgres://u:secret@h:port/x", db.ErrAddress},
		{"postgres://nobody@localhost:1/x?connect_timeout=1", db.ErrOpen},
		{file, db.ErrOpen},
		{file + "/below/a.db", db.ErrOpen},
	} {
		d, err := db.Open(t.Context(), c.url, db.Options{})
		if !errors.Is(err, c.want) {
			t.Errorf("Open(%q) = %v, want %v", c.url, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("Open(%q) shows the password: %v", c.url, err)
		}
		if d != nil {
			_ = d.Close()
		}
	}
}

func TestOpenSQLiteFile(t *testing.T) {
	t.Parallel()
	// Characters that mean something in an address must not in a path.
	path := filepath.Join(t.TempDir(), "数据 50%?#&", "公信.db")
	d, err := db.Open(t.Context(), "sqlite:"+path, db.Options{Readers: 2, CacheSize: 4 << 20, MmapSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		st, err := os.Stat(path + suffix)
		if err != nil {
			t.Error(err)
		} else if m := st.Mode().Perm(); m != 0o600 {
			t.Errorf("mode of %q is %o, want 600", suffix, m)
		}
	}
	want := map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000",
		"temp_store": "2", "cache_size": "-4096", "mmap_size": "1048576", "wal_autocheckpoint": "64000",
	}
	err = d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		for name, value := range want {
			var got string
			if err := tx.QueryRowContext(ctx, `PRAGMA `+name).Scan(&got); err != nil || got != value {
				t.Errorf("writer: %s = %s (%v), want %s", name, got, err, value)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := put(t.Context(), d.Read(), "a", "1"); err == nil {
		t.Error("the reader pool wrote")
	}
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		ctx := t.Context()
		d, err := db.Open(ctx, url, db.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		if v, err := d.SchemaVersion(ctx); v != 0 || err != nil {
			t.Errorf("empty database: version %d (%v)", v, err)
		}
		if err := d.CheckSchema(ctx); !errors.Is(err, db.ErrSchemaOlder) {
			t.Errorf("empty database: CheckSchema = %v, want older", err)
		}
		var wg sync.WaitGroup
		for range 3 { // as when several nodes start at once
			wg.Go(func() {
				if err := d.Migrate(ctx); err != nil {
					t.Errorf("migrate: %v", err)
				}
			})
		}
		wg.Wait()
		if err := d.CheckSchema(ctx); err != nil {
			t.Errorf("migrated: CheckSchema = %v", err)
		}
		now, err := d.SchemaVersion(ctx)
		if now < 1 || err != nil {
			t.Errorf("migrated: version %d (%v)", now, err)
		}

		// A later version of the program adds a migration; this one must then keep its hands off.
		later := fstest.MapFS{}
		for _, engine := range []string{"sqlite", "postgres"} {
			later["migrations/"+engine+"/09999_later.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE later (id BIGINT);\n")}
			if err := addEmbedded(later, engine); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.MigrateFiles(ctx, later); err != nil {
			t.Fatalf("later version: %v", err)
		}
		if err := d.CheckSchema(ctx); !errors.Is(err, db.ErrSchemaNewer) {
			t.Errorf("newer schema: CheckSchema = %v, want newer", err)
		}
		if err := d.Migrate(ctx); !errors.Is(err, db.ErrSchemaNewer) {
			t.Errorf("newer schema: Migrate = %v, want newer", err)
		}
		if v, err := d.SchemaVersion(ctx); v != 9999 || err != nil {
			t.Errorf("newer schema: version %d (%v), want 9999", v, err)
		}
	})
}

// A migration that fails leaves the schema as it was.
func TestMigrateFailsWhole(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		broken := fstest.MapFS{}
		for _, engine := range []string{"sqlite", "postgres"} {
			broken["migrations/"+engine+"/09999_broken.sql"] = &fstest.MapFile{
				Data: []byte("-- +goose Up\nCREATE TABLE half (id BIGINT);\nCREATE NONSENSE;\n"),
			}
			if err := addEmbedded(broken, engine); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.MigrateFiles(t.Context(), broken); err == nil {
			t.Fatal("no error")
		}
		if err := d.CheckSchema(t.Context()); err != nil {
			t.Errorf("CheckSchema = %v", err)
		}
		if err := d.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM half`).Scan(new(int)); err == nil {
			t.Error("the first statement of the failed migration stayed")
		}
	})
}

func addEmbedded(to fstest.MapFS, engine string) error {
	folder := "migrations/" + engine
	return fs.WalkDir(os.DirFS("."), folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		to[path] = &fstest.MapFile{Data: data}
		return err
	})
}

func TestErrorKinds(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		for _, s := range []string{
			`CREATE TABLE parent (id BIGINT PRIMARY KEY, code TEXT UNIQUE)`,
			`CREATE TABLE child (id BIGINT PRIMARY KEY, parent BIGINT REFERENCES parent (id))`,
			`INSERT INTO parent (id, code) VALUES (1, 'a')`,
		} {
			if _, err := execTx(ctx, d, s); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			sql         string
			unique, key bool
		}{
			{`INSERT INTO parent (id, code) VALUES (1, 'b')`, true, false},
			{`INSERT INTO parent (id, code) VALUES (2, 'a')`, true, false},
			{`INSERT INTO child (id, parent) VALUES (1, 7)`, false, true},
			{`INSERT INTO nowhere (id) VALUES (1)`, false, false},
		} {
			_, err := execTx(ctx, d, c.sql)
			if err == nil || db.IsUnique(err) != c.unique || db.IsForeignKey(err) != c.key {
				t.Errorf("%s: %v: unique %v, foreign key %v", c.sql, err, db.IsUnique(err), db.IsForeignKey(err))
			}
		}
		if db.IsUnique(nil) || db.IsForeignKey(nil) || db.IsTimeout(nil) {
			t.Error("nil is an error of some kind")
		}
	})
}

func TestStatementTimeout(t *testing.T) {
	t.Parallel()
	d, err := db.Open(t.Context(), dbtest.PostgresURL(t), db.Options{StatementTimeout: 2 * time.Second}) // holds for what opening asks, too
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	err = d.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM pg_sleep(600)`).Scan(new(int))
	if !db.IsTimeout(err) {
		t.Errorf("err = %v, want a timeout", err)
	}
}

func TestPostgresSession(t *testing.T) {
	t.Parallel()
	d := dbtest.Postgres(t)
	var zone, app, isolation string
	err := d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT current_setting('timezone'), current_setting('application_name'),
			current_setting('transaction_isolation')`).Scan(&zone, &app, &isolation)
	})
	if err != nil || zone != "UTC" || app != "gongxin" || isolation != "repeatable read" {
		t.Errorf("timezone %q, application %q, isolation %q (%v)", zone, app, isolation, err)
	}
	err = d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT current_setting('transaction_isolation')`).Scan(&isolation)
	}, db.ReadCommitted)
	if err != nil || isolation != "read committed" {
		t.Errorf("with ReadCommitted: %q (%v)", isolation, err)
	}
	// No point read starts workers or a compiler, unless the address asks for them.
	settings := func(d *db.DB) (out string) {
		t.Helper()
		err := d.Read().QueryRowContext(t.Context(), `SELECT concat_ws(' ', current_setting('plan_cache_mode'), current_setting('max_parallel_workers_per_gather'), current_setting('jit'))`).Scan(&out)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got := settings(d); got != "force_generic_plan 0 off" {
		t.Errorf("settings %q", got)
	}
	url := dbtest.PostgresURL(t)
	mark := "?"
	if strings.Contains(url, "?") {
		mark = "&"
	}
	other, err := db.Open(t.Context(), url+mark+"max_parallel_workers_per_gather=3", db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	if got := settings(other); got != "force_generic_plan 3 off" {
		t.Errorf("settings by the address %q", got)
	}
}

func TestMaintenance(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		if _, err := execTx(ctx, d, wideDDL); err != nil {
			t.Fatal(err)
		}
		before, err := d.Size(ctx)
		if err != nil || before <= 0 {
			t.Fatalf("size %d (%v)", before, err)
		}
		err = d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.CopyFrom(ctx, "wide", wideColumns, wideRows(0, 2000))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := count(t, d.Read(), "wide"); n != 2000 { // leaves a prepared reader behind, which must not hold the log
			t.Fatalf("%d rows", n)
		}
		for name, f := range map[string]func(context.Context) error{"Checkpoint": d.Checkpoint, "Analyze": d.Analyze, "Vacuum": d.Vacuum, "Ping": d.Ping} {
			if err := f(ctx); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		after, err := d.Size(ctx)
		if err != nil || after <= before {
			t.Errorf("size %d (%v) after loading, was %d", after, err, before)
		}
	})
}

func TestMeta(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, want := range []string{"", "1", "2"} {
			if want != "" {
				if err := d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return db.SetMeta(ctx, tx, "a", want) }); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := db.Meta(t.Context(), d.Read(), "a"); got != want || err != nil {
				t.Errorf("Meta = %q (%v), want %q", got, err, want)
			}
		}
	})
}

func TestBackup(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return put(ctx, tx, "a", "1") }); err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(t.TempDir(), "copy.db")
		err := d.Backup(t.Context(), to)
		if d.Engine() == db.Postgres {
			if err == nil {
				t.Error("PostgreSQL: no error")
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := db.Open(t.Context(), to, db.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.Close() })
		if got := get(t, b.Read(), "a"); got != "1" {
			t.Errorf("a = %q in the copy", got)
		}
	})
}

// More texts than are kept, from several goroutines: none may meet a closed statement.
func TestReadKeepsStatements(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				for i := range 700 {
					var got int
					n := (i*7 + g) % 400
					if err := d.Read().QueryRowContext(t.Context(), fmt.Sprintf(`SELECT %d + $1`, n), 1).Scan(&got); err != nil || got != n+1 {
						t.Errorf("%d + 1 = %d (%v)", n, got, err)
						return
					}
				}
			})
		}
		wg.Wait()
		// A kept statement notices that the table changed.
		if n := count(t, d.Read(), "meta"); n != 0 {
			t.Errorf("%d rows", n)
		}
		if _, err := execTx(t.Context(), d, `ALTER TABLE meta ADD COLUMN extra INTEGER`); err != nil {
			t.Fatal(err)
		}
		if n := count(t, d.Read(), "meta"); n != 0 {
			t.Errorf("%d rows after ALTER", n)
		}
	})
}

// A reader that is cancelled in the middle of a long statement stops, and the pool goes on working.
func TestReadCancel(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const long = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT count(*) FROM n`
		for range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), 20e6)
			if err := d.Read().QueryRowContext(ctx, long).Scan(new(int)); err == nil {
				t.Error("no error")
			}
			cancel()
			if n := count(t, d.Read(), "meta"); n != 0 {
				t.Errorf("%d rows", n)
			}
		}
	})
}

func TestRemoteFUSE(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("mountinfo is Linux's")
	}
	const mounts = `22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:40 / /mnt/far rw,nosuid - fuse.sshfs u@h:/ rw
41 22 0:41 / /mnt/far/near rw - fuse.ntfs-3g /dev/sdb rw
42 22 0:42 / /mnt/my\040disk rw - fuse.rclone r: rw
broken line
`
	for dir, want := range map[string]string{
		"/": "", "/srv/data": "", "/mnt/far": "fuse.sshfs", "/mnt/far/a": "fuse.sshfs", "/mnt/farther": "",
		"/mnt/far/near/b": "", "/mnt/my disk/c": "fuse.rclone",
	} {
		if got := db.RemoteFUSE(mounts, dir); got != want {
			t.Errorf("%s is on %q, want %q", dir, got, want)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			d := open(b)
			if _, err := execTx(b.Context(), d, wideDDL); err != nil {
				b.Fatal(err)
			}
			err := d.Tx(b.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.CopyFrom(ctx, "wide", wideColumns, wideRows(0, 100_000))
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
			i := 0
			for b.Loop() {
				i++
				var seq, d1, ver int64
				var body, nk, src, cls string
				err := d.Read().QueryRowContext(b.Context(), `SELECT seq, body, nk, d1, src, cls, ver FROM wide WHERE subject_id = $1 ORDER BY seq LIMIT 1`,
					i*7919%25000).Scan(&seq, &body, &nk, &d1, &src, &cls, &ver)
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What is overwritten while erasing is not in the file afterwards; without, it is.
func TestErasing(t *testing.T) {
	t.Parallel()
	for erasing, want := range map[bool]bool{false: true, true: false} {
		path := filepath.Join(t.TempDir(), "erasing.db")
		d, err := db.Open(t.Context(), path, db.Options{})
		if err != nil {
			t.Fatal(err)
		}
		run := func(query string, args ...any) error {
			return d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.ExecContext(ctx, query, args...)
				return err
			})
		}
		long := strings.Repeat("secret ", 3000) // over several pages
		for _, err := range []error{run(`CREATE TABLE x (y INTEGER PRIMARY KEY, z TEXT)`), run(`INSERT INTO x VALUES (1, $1), (2, 'secret')`, long), d.Checkpoint(t.Context())} {
			if err != nil {
				t.Fatal(err)
			}
		}
		erase := func() error { return run(`UPDATE x SET z = ''`) }
		if erasing {
			err = d.Erasing(t.Context(), erase)
		} else {
			err = erase()
		}
		if err = errors.Join(err, d.Checkpoint(t.Context()), d.Close()); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil || bytes.Contains(content, []byte("secret")) != want {
			t.Errorf("erasing %v: it is not as wanted, %v", erasing, err)
		}
	}
}
