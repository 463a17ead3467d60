package backup_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/app"
	"gongxin/internal/authz"
	"gongxin/internal/backup"
	"gongxin/internal/clock"
	"gongxin/internal/config"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/gm"
	"gongxin/internal/ingest"
	"gongxin/internal/synth"
)

// place is an installation: a folder and a database of its own.
type place struct {
	data, url string
}

func newPlace(t *testing.T, engine string) place {
	t.Helper()
	p := place{data: filepath.Join(t.TempDir(), "data")}
	if engine == "postgres" {
		p.url = dbtest.PostgresURL(t)
	} else {
		p.url = filepath.Join(p.data, "gongxin.db")
	}
	if err := os.MkdirAll(p.data, 0o700); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p place) open(t *testing.T, c clock.Clock) *app.App {
	t.Helper()
	conf, err := config.Config{Data: p.data, Database: p.url}.Defaults()
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), conf, app.Options{Clock: c, BatchRows: 64, DB: db.Options{MaxConns: 10}}, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func (p place) db(t *testing.T) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), p.url, db.Options{MaxConns: 5})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func (p place) source(t *testing.T, d *db.DB) backup.Source {
	t.Helper()
	ring, err := gm.OpenKeyRing(filepath.Join(p.data, "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	return backup.Source{DB: d, Data: p.data, Ring: ring, Clock: clock.System{}, Program: "test"}
}

// city is what the departments of a small city file.
func city(t *testing.T, a *app.App) (*synth.City, []synth.FileSpec) {
	t.Helper()
	c, err := synth.New(synth.Options{Seed: 7, Subjects: 60, Records: 900, Messy: 0.05, Today: clock.Today(a.Clock), Every: synth.Monthly})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.RegisterCity(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return c, c.Files()
}

// file files one file and works on it to the end.
func file(ctx context.Context, a *app.App, c *synth.City, spec synth.FileSpec) error {
	r, w := io.Pipe()
	go func() {
		_, err := c.WriteFile(w, spec)
		_ = w.CloseWithError(err)
	}()
	sub, err := a.Ingest.Submit(ctx, ingest.Request{Item: string(spec.Item), Unit: spec.UnitCode, FileName: spec.Name, Actor: "test", Hold: true}, r)
	_ = r.CloseWithError(context.Canceled)
	if err == nil {
		_, err = a.Ingest.Run(ctx, sub.ID, nil)
	}
	return err
}

// TestDrill saves a register on each engine while departments file into it, restores it on each engine, and goes on working there.
func TestDrill(t *testing.T) {
	t.Parallel()
	for _, from := range []string{"sqlite", "postgres"} {
		t.Run("from "+from, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "backups")
			here := newPlace(t, from)
			a := here.open(t, clock.System{})
			m := saveWhileFiling(t, here, a, dir)
			for _, to := range []string{"sqlite", "postgres"} {
				t.Run("to "+to, func(t *testing.T) {
					there := newPlace(t, to)
					restoreThere(t, m, here, there)
					goOn(t, a, there)
				})
			}
		})
	}
}

// saveWhileFiling gives a backup that was begun and ended within the filing.
func saveWhileFiling(t *testing.T, p place, a *app.App, dir string) *backup.Manifest {
	t.Helper()
	c, files := city(t, a)
	half := make(chan struct{})
	var filed atomic.Int64
	done := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		for i, spec := range files {
			if i == 5 {
				close(half)
			}
			if err := file(ctx, a, c, spec); err != nil {
				done <- err
				return
			}
			filed.Add(1)
		}
		done <- nil
	}()
	<-half
	before := filed.Load()
	m, err := backup.Create(t.Context(), p.source(t, a.DB), backup.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	after := filed.Load()
	stop()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	t.Logf("%d files were filed before the backup and %d during it; %d rows in %d tables, %.1f MB/s, %.0f rows/s", before, after-before, m.Rows(), len(m.Tables),
		float64(m.Bytes)/1e6/m.Ended.Sub(m.Begun).Seconds(), float64(m.Rows())/m.Ended.Sub(m.Begun).Seconds())
	if err := backup.Verify(t.Context(), m, nil); err != nil {
		t.Fatal(err)
	}
	return m
}

func restoreThere(t *testing.T, m *backup.Manifest, from, to place) {
	t.Helper()
	d := to.db(t)
	if _, err := backup.Restore(t.Context(), m, backup.Target{DB: d, Data: to.data}); !errors.Is(err, backup.ErrKeys) {
		t.Fatalf("without keys: %v", err)
	}
	copyFile(t, filepath.Join(from.data, "keys.json"), filepath.Join(to.data, "keys.json"))
	r, err := backup.Restore(t.Context(), m, backup.Target{DB: d, Data: to.data})
	if err != nil {
		t.Fatal(err)
	}
	if r.Rows != m.Rows() || r.Rows == 0 || r.Blobs != m.Blobs.Files || r.Blobs == 0 {
		t.Errorf("restored %+v of %d rows and %d files", r, m.Rows(), m.Blobs.Files)
	}
	if half, err := backup.Restoring(t.Context(), d.Read()); half || err != nil {
		t.Errorf("still restoring: %v", err)
	}
	// What was restored gives, saved again, the very same digests, whatever the engines.
	again, err := backup.Create(t.Context(), to.source(t, d), backup.Options{Dir: filepath.Join(t.TempDir(), "again")})
	if err != nil {
		t.Fatal(err)
	}
	digests := func(m *backup.Manifest) map[string]string {
		out := map[string]string{}
		for i := range m.Tables {
			out[m.Tables[i].Name] = m.Tables[i].Digest
		}
		return out
	}
	if diff := cmp.Diff(digests(m), digests(again)); diff != "" {
		t.Errorf("tables differ (-saved +restored):\n%s", diff)
	}
}

// goOn finishes what was unfinished at the moment of the backup and holds every finished filing against where it came from.
func goOn(t *testing.T, was *app.App, p place) {
	t.Helper()
	a := p.open(t, clock.System{})
	subs, err := a.Ingest.Recent(t.Context(), 0, 10_000)
	if err != nil || len(subs) < 5 {
		t.Fatalf("%d filings (%v)", len(subs), err)
	}
	finished := 0
	for _, s := range subs {
		open := s.State != ingest.Done
		if open {
			if s, err = a.Ingest.Run(t.Context(), s.ID, nil); err != nil {
				t.Fatal(err)
			}
		}
		have, err := a.Ingest.Receipt(t.Context(), s.ID, 0, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		if c := have.Counts; have.Received != c.Accepted+c.Updated+c.Duplicate+c.Withdrawn+c.Rejected {
			t.Errorf("the receipt of %s does not add up: %+v", have.File, c)
		}
		if open {
			continue
		}
		want, err := was.Ingest.Receipt(t.Context(), s.ID, 0, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		finished++
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("the receipt of %s differs (-was +is):\n%s", have.File, diff)
		}
		// The file as it came in opens with the keys.
		f, err := ingest.NewDesk(a.Ingest).File(authz.With(t.Context(), authz.LocalActor("drill")), s)
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	}
	if finished == 0 {
		t.Error("no finished filing to compare")
	}
	for _, q := range []string{
		`SELECT count(*) FROM record_version v LEFT JOIN log_outbox o ON o.outbox_id = v.outbox_id WHERE o.outbox_id IS NULL OR v.outbox_pos >= o.n`,
		`SELECT count(*) FROM log_outbox o WHERE o.kind = 'record' AND o.n <> (SELECT count(*) FROM record_version v WHERE v.outbox_id = o.outbox_id)`,
		`SELECT count(*) FROM submission WHERE state = 'done' AND rows_done <> accepted + updated + duplicate + withdrawn + rejected`,
	} {
		var n int
		if err := a.DB.Read().QueryRowContext(t.Context(), q).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s: %d (%v)", q, n, err)
		}
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, raw, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// saved makes a small register and a backup of it.
func saved(t *testing.T, o backup.Options) (place, *db.DB, *backup.Manifest) {
	t.Helper()
	p := newPlace(t, "sqlite")
	a := p.open(t, clock.System{})
	c, files := city(t, a)
	for _, spec := range files[:4] {
		if err := file(t.Context(), a, c, spec); err != nil {
			t.Fatal(err)
		}
	}
	if o.Dir == "" {
		o.Dir = filepath.Join(t.TempDir(), "backups")
	}
	m, err := backup.Create(t.Context(), p.source(t, a.DB), o)
	if err != nil {
		t.Fatal(err)
	}
	return p, a.DB, m
}

// Broken off after each batch, a restore goes on where it stood, and a stranger's backup cannot go on in its place.
func TestRestoreGoesOn(t *testing.T) {
	t.Parallel()
	from, d, m := saved(t, backup.Options{})
	other, err := backup.Create(t.Context(), from.source(t, d), backup.Options{Dir: filepath.Dir(m.Dir)})
	if err != nil {
		t.Fatal(err)
	}
	to := newPlace(t, "sqlite")
	copyFile(t, filepath.Join(from.data, "keys.json"), filepath.Join(to.data, "keys.json"))
	target := to.db(t)
	stop := errors.New("broken off")
	breaks := 0
	for {
		n := 0
		after := func(string, int64) error {
			if n++; n == 3 {
				return stop
			}
			return nil
		}
		_, err := backup.Restore(t.Context(), m, backup.WithBreaks(backup.Target{DB: target, Data: to.data}, 60, after))
		if err == nil {
			break
		}
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		if breaks++; breaks == 1 {
			if half, err := backup.Restoring(t.Context(), target.Read()); !half || err != nil {
				t.Errorf("a half restored database passes for whole (%v)", err)
			}
			if _, err := backup.Restore(t.Context(), other, backup.Target{DB: target, Data: to.data}); !errors.Is(err, backup.ErrOther) {
				t.Errorf("another backup went on: %v", err)
			}
		}
	}
	if breaks < 3 {
		t.Errorf("only %d breaks", breaks)
	}
	if _, err := backup.Restore(t.Context(), m, backup.Target{DB: target, Data: to.data}); !errors.Is(err, backup.ErrNotEmpty) {
		t.Errorf("into a full database: %v", err)
	}
}

// Each kind of damage is found and the file named.
func TestVerifyFindsDamage(t *testing.T) {
	t.Parallel()
	_, _, m := saved(t, backup.Options{})
	if err := backup.Verify(t.Context(), m, nil); err != nil {
		t.Fatal(err)
	}
	var paths []string
	err := filepath.WalkDir(m.Dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d files (%v)", len(paths), err)
	}
	check := func() error {
		again, err := backup.Find(m.Dir)
		if err == nil {
			err = backup.Verify(t.Context(), again, nil)
		}
		return err
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := append([]byte(nil), raw...)
		changed[len(changed)/2] ^= 1
		for what, content := range map[string][]byte{"a changed bit": changed, "a torn end": raw[:len(raw)-1], "nothing": nil} {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := check(); !errors.Is(err, backup.ErrBroken) {
				t.Errorf("%s in %s: %v", what, filepath.Base(path), err)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := check(); !errors.Is(err, backup.ErrBroken) && !errors.Is(err, backup.ErrNone) {
			t.Errorf("%s is gone: %v", filepath.Base(path), err)
		}
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := check(); err != nil {
		t.Error(err)
	}
}

// Keys are in a backup only under a passphrase, and keys that are not those of the backup are refused before anything is written.
func TestKeys(t *testing.T) {
	t.Parallel()
	const phrase = "一句足够长的口令，十二字以上"
	if _, err := backup.Create(t.Context(), backup.Source{}, backup.Options{Passphrase: "short"}); !errors.Is(err, backup.ErrWeak) {
		t.Errorf("a short passphrase: %v", err)
	}
	from, d, m := saved(t, backup.Options{Passphrase: phrase})
	if !m.Keys.Included || len(m.Keys.Names) == 0 {
		t.Errorf("keys %+v", m.Keys)
	}
	ring, err := os.ReadFile(filepath.Join(from.data, "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.Split(string(ring), `"`)[9] // of the first key
	if err := filepath.WalkDir(m.Dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if strings.Contains(string(raw), secret) {
				t.Errorf("%s shows a key", path)
			}
			if st, _ := e.Info(); st.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %o", path, st.Mode().Perm())
			}
		}
		return err
	}); err != nil || len(secret) < 20 {
		t.Fatalf("secret %q: %v", secret, err)
	}
	to := newPlace(t, "sqlite")
	target := backup.Target{DB: to.db(t), Data: to.data, Passphrase: "这句口令不是那一句口令呀"}
	if _, err := backup.Restore(t.Context(), m, target); !errors.Is(err, backup.ErrPassword) {
		t.Errorf("a wrong passphrase: %v", err)
	}
	if _, err := gm.OpenKeyRing(filepath.Join(to.data, "keys.json")); err != nil { // makes a ring of its own
		t.Fatal(err)
	}
	target.Passphrase = ""
	if _, err := backup.Restore(t.Context(), m, target); !errors.Is(err, backup.ErrWrongKeys) {
		t.Errorf("another installation's keys: %v", err)
	}
	target.Passphrase = phrase
	if _, err := backup.Restore(t.Context(), m, target); !errors.Is(err, backup.ErrWrongKeys) {
		t.Errorf("keys were overwritten: %v", err)
	}
	if err := os.Remove(filepath.Join(to.data, "keys.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Restore(t.Context(), m, target); err != nil {
		t.Error(err)
	}
	if have, err := os.ReadFile(filepath.Join(to.data, "keys.json")); err != nil || string(have) != string(ring) {
		t.Errorf("the keys came back changed (%v)", err)
	}
	_ = d
}

// A second backup shares the received files with the first, the oldest go, and what is broken off is no backup.
func TestSeriesOfBackups(t *testing.T) {
	t.Parallel()
	from, d, first := saved(t, backup.Options{})
	dir := filepath.Dir(first.Dir)
	if err := os.Mkdir(filepath.Join(dir, ".partial-x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "20990101-000000-half"), 0o700); err != nil {
		t.Fatal(err)
	}
	var last *backup.Manifest
	for range 3 {
		m, err := backup.Create(t.Context(), from.source(t, d), backup.Options{Dir: dir, Keep: 2})
		if err != nil {
			t.Fatal(err)
		}
		if m.Bytes-m.NewBytes != m.Blobs.Bytes || m.Blobs.Files == 0 {
			t.Errorf("%d new bytes of %d with %d of received files", m.NewBytes, m.Bytes, m.Blobs.Bytes)
		}
		last = m
	}
	list, err := backup.List(dir)
	if err != nil || len(list) != 2 || list[1].ID != last.ID {
		t.Fatalf("%d backups (%v)", len(list), err)
	}
	for _, m := range list {
		if err := backup.Verify(t.Context(), m, nil); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, ".partial-x")); err == nil {
		t.Error("what a broken-off backup left is still there")
	}
	if _, err := backup.Find(filepath.Join(dir, "20990101-000000-half")); !errors.Is(err, backup.ErrNone) {
		t.Errorf("half a backup: %v", err)
	}
	l, err := backup.Newest(t.Context(), d.Read())
	if err != nil || l == nil || l.ID != last.ID {
		t.Errorf("the register remembers %+v (%v)", l, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = backup.Create(ctx, from.source(t, d), backup.Options{Dir: dir, Progress: func(stage backup.Stage, _ float64, _ int64) {
		if stage == backup.StageTables {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("broken off: %v", err)
	}
	if again, err := backup.List(dir); err != nil || len(again) != 2 {
		t.Errorf("%d backups after one that was broken off (%v)", len(again), err)
	}
	if _, err := backup.Create(t.Context(), from.source(t, d), backup.Options{Dir: filepath.Join(from.data, "backups")}); !errors.Is(err, backup.ErrInside) {
		t.Errorf("inside of the data: %v", err)
	}
}

// Two at once are one too many.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	from, d, m := saved(t, backup.Options{})
	var second error
	_, err := backup.Create(t.Context(), from.source(t, d), backup.Options{Dir: filepath.Dir(m.Dir), Progress: func(backup.Stage, float64, int64) {
		if second == nil {
			_, second = backup.Create(t.Context(), from.source(t, d), backup.Options{Dir: filepath.Dir(m.Dir)})
		}
	}})
	if err != nil || !errors.Is(second, backup.ErrRunning) {
		t.Errorf("the first %v, the second %v", err, second)
	}
}

// A clock that went back makes no newer backup look older.
func TestClockBack(t *testing.T) {
	t.Parallel()
	from, d, m := saved(t, backup.Options{})
	s := from.source(t, d)
	s.Clock = clock.NewManual(time.Date(2020, 1, 1, 0, 0, 0, 0, clock.Zone))
	again, err := backup.Create(t.Context(), s, backup.Options{Dir: filepath.Dir(m.Dir)})
	if err != nil {
		t.Fatal(err)
	}
	if newest, err := backup.Find(filepath.Dir(m.Dir)); err != nil || newest.ID != again.ID {
		t.Errorf("the newest is %v (%v)", newest, err)
	}
}
