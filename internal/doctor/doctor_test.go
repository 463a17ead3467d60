package doctor_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gongxin/internal/backup"
	"gongxin/internal/blob"
	"gongxin/internal/clamd/clamdtest"
	"gongxin/internal/clock"
	"gongxin/internal/config"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/doctor"
	"gongxin/internal/gm"
	"gongxin/internal/translog"
)

// healthy makes an installation that nothing is wrong with, at noon of a day whose next year's holidays are known too.
func healthy(t *testing.T, url string) (doctor.Input, *db.DB, *clock.Manual) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if url == "" {
		url = filepath.Join(dir, "gongxin.db")
	}
	c, err := config.Config{Data: dir, Database: url}.Defaults()
	if err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), url, db.Options{MaxConns: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := clock.NewManual(time.Date(2026, 3, 2, 12, 0, 0, 0, clock.Zone))
	ring, err := gm.OpenKeyRing(c.KeyFile())
	if err != nil {
		t.Fatal(err)
	}
	store, err := blob.Open(filepath.Join(dir, "blobs"), ring)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Put(t.Context(), strings.NewReader("a file as it came in"), 1<<20); err != nil {
		t.Fatal(err)
	}
	_, err = backup.Create(t.Context(), backup.Source{DB: d, Data: dir, Ring: ring, Clock: now, Program: "test"}, backup.Options{Dir: filepath.Join(t.TempDir(), "b")})
	if err != nil {
		t.Fatal(err)
	}
	return doctor.Input{Config: c, Clock: now}, d, now
}

// verdict gives what a check found worst, and its words.
func verdict(list []doctor.Finding, check string) (doctor.Verdict, string) {
	var mine []doctor.Finding
	text := ""
	for _, f := range list {
		if f.Check == check {
			mine = append(mine, f)
			text += f.Message + " / " + f.Fix + "\n"
		}
	}
	if len(mine) == 0 {
		return "", ""
	}
	return doctor.Worst(mine), text
}

// Each thing that can be wrong is found by its check, with a step to take, and nothing else turns bad.
func TestFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do    func(t *testing.T, in *doctor.Input, d *db.DB, now *clock.Manual)
		check string
		want  doctor.Verdict
		also  []string // checks that the same cause spoils
	}{
		"open key file": {func(t *testing.T, in *doctor.Input, _ *db.DB, _ *clock.Manual) {
			must(t, os.Chmod(in.Config.KeyFile(), 0o644))
		}, "文件权限", doctor.Fault, nil},
		"open database": {func(t *testing.T, in *doctor.Input, _ *db.DB, _ *clock.Manual) {
			must(t, os.Chmod(in.Config.Database, 0o640))
		}, "文件权限", doctor.Fault, nil},
		"no keys": {func(t *testing.T, in *doctor.Input, _ *db.DB, _ *clock.Manual) {
			must(t, os.Remove(in.Config.KeyFile()))
		}, "密钥", doctor.Fault, nil},
		"torn keys": {func(t *testing.T, in *doctor.Input, _ *db.DB, _ *clock.Manual) {
			must(t, os.WriteFile(in.Config.KeyFile(), []byte(`{"current":`), 0o600))
		}, "密钥", doctor.Fault, nil},
		"clock behind": {func(t *testing.T, in *doctor.Input, d *db.DB, now *clock.Manual) {
			// An outbox id of a day later.
			must(t, d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				later := now.Now().Add(24 * time.Hour)
				return translog.Queue(ctx, tx, (later.UnixMilli()-1577836800000)<<22, "record", []translog.Leaf{{}}, later.UnixMicro())
			}))
		}, "时钟", doctor.Fault, nil},
		"clock of another age": {func(_ *testing.T, _ *doctor.Input, _ *db.DB, now *clock.Manual) {
			now.Set(time.Date(1970, 1, 1, 0, 0, 0, 0, clock.Zone))
		}, "时钟", doctor.Fault, []string{"节假日表", "信用目录"}},
		"notices given up": {func(t *testing.T, _ *doctor.Input, d *db.DB, _ *clock.Manual) {
			must(t, d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.ExecContext(ctx, `INSERT INTO notice_delivery (delivery_id, notice_id, channel_id, state, attempts, next_at, lease_owner, lease_until, failure, made_at, sent_at)
					VALUES (1, 1, 1, 'dead', 12, 0, '', 0, '', 0, 0), (2, 1, 1, 'waiting', 0, 0, '', 0, '', 0, 0)`)
				return err
			}))
		}, "通知", doctor.Warn, nil},
		"no holidays": {func(_ *testing.T, _ *doctor.Input, _ *db.DB, now *clock.Manual) {
			now.Set(time.Date(2040, 3, 2, 12, 0, 0, 0, clock.Zone))
		}, "节假日表", doctor.Fault, []string{"备份", "临时文件"}},
		"old backup": {func(_ *testing.T, _ *doctor.Input, _ *db.DB, now *clock.Manual) {
			now.Advance(3 * 24 * time.Hour)
		}, "备份", doctor.Warn, []string{"临时文件"}},
		"too old backup": {func(_ *testing.T, _ *doctor.Input, _ *db.DB, now *clock.Manual) {
			now.Advance(30 * 24 * time.Hour)
		}, "备份", doctor.Fault, []string{"临时文件"}},
		"half restored": {func(t *testing.T, _ *doctor.Input, d *db.DB, _ *clock.Manual) {
			must(t, d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return db.SetMeta(ctx, tx, "backup.restoring", "{}") }))
		}, "数据库结构", doctor.Fault, nil},
		"older tables": {func(t *testing.T, _ *doctor.Input, d *db.DB, _ *clock.Manual) {
			must(t, d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.ExecContext(ctx, `DELETE FROM schema_version WHERE version_id = (SELECT max(version_id) FROM schema_version)`)
				_, err2 := tx.ExecContext(ctx, `DROP TABLE notice_delivery`)
				return errors.Join(err, err2)
			}))
		}, "数据库结构", doctor.Fault, nil},
		"damaged file": {func(t *testing.T, in *doctor.Input, _ *db.DB, _ *clock.Manual) {
			found, err := filepath.Glob(filepath.Join(in.Config.Data, "blobs", "??", "??", "*"))
			if err != nil || len(found) != 1 {
				t.Fatal(found, err)
			}
			raw, err := os.ReadFile(found[0])
			must(t, err)
			raw[len(raw)-1] ^= 1
			must(t, os.WriteFile(found[0], raw, 0o600))
		}, "原始文件", doctor.Fault, nil},
		"leftovers": {func(t *testing.T, in *doctor.Input, _ *db.DB, now *clock.Manual) {
			leave(t, in, now)
		}, "临时文件", doctor.Warn, nil},
		"plain beyond this machine": {func(_ *testing.T, in *doctor.Input, _ *db.DB, _ *clock.Manual) {
			in.Config.Listen = "0.0.0.0:8080"
		}, "传输加密", doctor.Warn, nil},
		"plain to the database": {func(_ *testing.T, in *doctor.Input, _ *db.DB, _ *clock.Manual) {
			in.Config.Database = "postgres://u@db.invalid:1/x?sslmode=disable&connect_timeout=1"
		}, "传输加密", doctor.Warn, []string{"数据库"}},
		"nobody asks who the database is": {func(_ *testing.T, in *doctor.Input, _ *db.DB, _ *clock.Manual) {
			in.Config.Database = "postgres://u@db.invalid:1/x?sslmode=require&connect_timeout=1"
		}, "传输加密", doctor.Warn, []string{"数据库"}},
		"no database": {func(_ *testing.T, in *doctor.Input, _ *db.DB, _ *clock.Manual) {
			in.Config.Database = filepath.Join(in.Config.Data, "other.db")
		}, "数据库", doctor.Fault, nil},
		"scanner away": {func(_ *testing.T, in *doctor.Input, _ *db.DB, _ *clock.Manual) {
			in.Config.Scan.Address = "unix:/nonexistent/clamd.ctl"
		}, "病毒检查", doctor.Fault, nil},
		"scanner outside": {func(_ *testing.T, in *doctor.Input, _ *db.DB, _ *clock.Manual) {
			in.Config.Scan.Address = "tcp:8.8.8.8:3310"
		}, "病毒检查", doctor.Fault, nil},
		"no signatures": {func(t *testing.T, in *doctor.Input, _ *db.DB, _ *clock.Manual) {
			scanner(t, in, "ClamAV 1.4.1")
		}, "病毒检查", doctor.Fault, nil},
		"old signatures": {func(t *testing.T, in *doctor.Input, _ *db.DB, _ *clock.Manual) {
			scanner(t, in, "ClamAV 1.4.1/27464/Sat Feb  7 09:29:49 2026")
		}, "病毒检查", doctor.Warn, nil},
		"scanner without the signature of the test file": {func(t *testing.T, in *doctor.Input, _ *db.DB, _ *clock.Manual) {
			scanner(t, in, "ClamAV 1.4.1/27464/Sat Feb 28 09:29:49 2026").Blind = true
		}, "病毒检查", doctor.Fault, nil},
		"scanner that passes over what is beyond its limits": {func(t *testing.T, in *doctor.Input, _ *db.DB, _ *clock.Manual) {
			scanner(t, in, "ClamAV 1.4.1/27464/Sat Feb 28 09:29:49 2026").Lax = true
		}, "病毒检查", doctor.Warn, nil},
		"scanner well": {func(t *testing.T, in *doctor.Input, _ *db.DB, _ *clock.Manual) {
			scanner(t, in, "ClamAV 1.4.1/27464/Sat Feb 28 09:29:49 2026")
		}, "病毒检查", doctor.OK, nil},
		"log stalled": {func(_ *testing.T, in *doctor.Input, _ *db.DB, _ *clock.Manual) {
			in.Log = func(context.Context, *db.DB) (doctor.LogState, error) {
				return doctor.LogState{Pending: 3, Lag: time.Hour, Paused: true}, nil
			}
		}, "公开日志", doctor.Fault, nil},
		"log keys gone": {func(_ *testing.T, in *doctor.Input, _ *db.DB, _ *clock.Manual) {
			in.Log = func(context.Context, *db.DB) (doctor.LogState, error) { return doctor.LogState{Size: 7}, nil }
		}, "日志密钥", doctor.Fault, nil},
		"log behind": {func(_ *testing.T, in *doctor.Input, _ *db.DB, _ *clock.Manual) {
			in.Log = func(context.Context, *db.DB) (doctor.LogState, error) {
				return doctor.LogState{Pending: 3, Lag: 2 * time.Minute}, nil
			}
		}, "公开日志", doctor.Warn, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, d, now := healthy(t, "")
			before := doctor.Examine(t.Context(), in)
			c.do(t, &in, d, now)
			after := doctor.Examine(t.Context(), in)
			v, text := verdict(after, c.check)
			if v != c.want {
				t.Errorf("%s: %q, want %q\n%s", c.check, v, c.want, text)
			}
			for _, f := range after {
				if f.Verdict != doctor.OK && f.Fix == "" {
					t.Errorf("%s says nothing to do: %s", f.Check, f.Message)
				}
				was, _ := verdict(before, f.Check)
				spoilt := f.Check == c.check
				for _, a := range c.also {
					spoilt = spoilt || f.Check == a
				}
				if f.Verdict != doctor.OK && was == doctor.OK && !spoilt {
					t.Errorf("%s turned bad too: %s", f.Check, f.Message)
				}
			}
		})
	}
}

// scanner sets up a virus scanner that says it is so.
func scanner(t *testing.T, in *doctor.Input, version string) *clamdtest.Daemon {
	t.Helper()
	d := clamdtest.Start(t, "unix")
	d.Version, in.Config.Scan.Address = version, d.Address()
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// leave leaves what a broken-off upload does, and one that is still going on.
func leave(t *testing.T, in *doctor.Input, now *clock.Manual) {
	t.Helper()
	for name, age := range map[string]time.Duration{"in-old": 48 * time.Hour, "in-new": time.Minute} {
		path := filepath.Join(in.Config.Data, "blobs", "tmp", name)
		must(t, os.WriteFile(path, []byte("x"), 0o600))
		must(t, os.Chtimes(path, now.Now().Add(-age), now.Now().Add(-age)))
	}
}

// Sweeping takes what is old and leaves what is being written.
func TestSweeps(t *testing.T) {
	t.Parallel()
	in, _, now := healthy(t, "")
	leave(t, &in, now)
	in.Sweep = true
	if v, text := verdict(doctor.Examine(t.Context(), in), "临时文件"); v != doctor.OK || !strings.Contains(text, "已清理 1 个") {
		t.Errorf("%s %s", v, text)
	}
	left, err := os.ReadDir(filepath.Join(in.Config.Data, "blobs", "tmp"))
	if err != nil || len(left) != 1 || left[0].Name() != "in-new" {
		t.Errorf("%v are left (%v)", left, err)
	}
}

// Looking makes neither keys nor a database.
func TestLookingMakesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c, err := config.Config{Data: dir}.Defaults()
	must(t, err)
	if doctor.Worst(doctor.Examine(t.Context(), doctor.Input{Config: c, Clock: clock.System{}, Deep: true})) != doctor.Fault {
		t.Error("an empty folder is well")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v were made (%v)", left, err)
	}
}

// The temporary server of the tests gives durability up, and the doctor says so.
func TestPostgresSettings(t *testing.T) {
	t.Parallel()
	in, d, _ := healthy(t, dbtest.PostgresURL(t))
	var fsync string
	must(t, d.Read().QueryRowContext(t.Context(), `SHOW fsync`).Scan(&fsync))
	want := doctor.Fault
	if fsync == "on" {
		t.Skip("this server keeps what it acknowledges")
	}
	if v, text := verdict(doctor.Examine(t.Context(), in), "PostgreSQL"); v != want || !strings.Contains(text, "fsync = off") {
		t.Errorf("%s %s", v, text)
	}
}
