package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gongxin/internal/blob"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/gm"
	"gongxin/internal/ingest"
)

// A trial check goes with its file and its outcomes after a day, ended or killed; filings and younger trials stay.
func TestSweep(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		dir, ctx := t.TempDir(), context.Background()
		b := newBench(t, d, "2025-06-05", func(c *ingest.Config) { c.Blobs = openBlobs(t, dir) })
		filed := b.file(t, "XZCF", "filed.csv", table(b.example("XZCF", nil)))
		trial := func(run bool) *ingest.Submission {
			t.Helper()
			sub, err := b.Submit(ctx, ingest.Request{Item: "XZCF", Unit: unit, FileName: "trial.csv", Actor: "test", DryRun: true}, bytes.NewReader(table(b.example("XZCF", row{"CF_WSH": ""}))))
			if err != nil {
				t.Fatal(err)
			}
			if run {
				if _, err := b.Run(ctx, sub.ID, nil); err != nil {
					t.Fatal(err)
				}
			}
			age(t, b, sub)
			return sub
		}
		ended, killed := trial(true), trial(false)
		b.clock.Advance(23 * time.Hour)
		young := trial(true)
		lost, err := b.Blobs.PutAlone(ctx, bytes.NewReader([]byte("x")), 10)
		if err != nil {
			t.Fatal(err)
		}
		age(t, b, &ingest.Submission{FileHash: lost.Hash, ReceivedAt: b.clock.Now().Add(-23 * time.Hour)})
		half := filepath.Join(dir, "tmp", "in-half")
		if err := os.WriteFile(half, []byte("半"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(half, b.clock.Now(), b.clock.Now().Add(-23*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if w, err := b.Sweep(ctx); err != nil || w != (ingest.Swept{}) {
			t.Fatalf("swept within the day: %+v %v", w, err)
		}
		b.clock.Advance(2 * time.Hour)
		if w, err := b.Sweep(ctx); err != nil || w != (ingest.Swept{Trials: 2, Files: 1, Received: 1}) {
			t.Fatalf("after the day: %+v %v", w, err)
		}
		for _, sub := range []*ingest.Submission{ended, killed} {
			if _, err := b.Get(ctx, sub.ID); !errors.Is(err, ingest.ErrNotFound) {
				t.Errorf("a stale trial is still there: %v", err)
			}
			if _, err := os.Stat(b.Blobs.Path(sub.FileHash)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("its file is still there: %v", err)
			}
		}
		for _, id := range []string{filed.ID, young.ID} {
			if sub, err := b.Get(ctx, id); err != nil {
				t.Error(err)
			} else if _, err := os.Stat(b.Blobs.Path(sub.FileHash)); err != nil {
				t.Error(err)
			}
		}
		var rows int
		if err := d.Read().QueryRowContext(ctx, `SELECT count(*) FROM submission_row WHERE submission_id = $1`, ended.ID).Scan(&rows); err != nil || rows != 0 {
			t.Errorf("%d outcomes of a trial that is gone: %v", rows, err)
		}
		if w, err := b.Sweep(ctx); err != nil || w != (ingest.Swept{}) {
			t.Errorf("a second sweep: %+v %v", w, err)
		}
	})
}

// With the service's clock set ahead, what has just come stays: trial checks, their files and uploads that are on their way.
func TestSweepWithAClockAhead(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		dir, ctx := t.TempDir(), context.Background()
		b := newBench(t, d, "2025-06-05", func(c *ingest.Config) { c.Blobs = openBlobs(t, dir) })
		sub, err := b.Submit(ctx, ingest.Request{Item: "XZCF", Unit: unit, FileName: "trial.csv", Actor: "test", DryRun: true}, bytes.NewReader(table(b.example("XZCF", nil))))
		if err != nil {
			t.Fatal(err)
		}
		lost, err := b.Blobs.PutAlone(ctx, bytes.NewReader([]byte("x")), 10)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "tmp", "in-half"), []byte("半"), 0o600); err != nil {
			t.Fatal(err)
		}
		b.clock.Advance(10 * 365 * 24 * time.Hour)
		if w, err := b.Sweep(ctx); err != nil || w != (ingest.Swept{}) {
			t.Fatalf("swept what has just come: %+v %v", w, err)
		}
		old := time.Now().Add(-25 * time.Hour)
		for _, path := range []string{b.Blobs.Path(sub.FileHash), b.Blobs.Path(lost.Hash), filepath.Join(dir, "tmp", "in-half")} {
			if err := os.Chtimes(path, old, old); err != nil {
				t.Fatal(err)
			}
		}
		if w, err := b.Sweep(ctx); err != nil || w != (ingest.Swept{Trials: 1, Files: 1, Received: 1}) {
			t.Fatalf("a day later: %+v %v", w, err)
		}
	})
}

// age gives a submission's file the time at which it was received by the test's clock.
func age(t *testing.T, b *bench, sub *ingest.Submission) {
	t.Helper()
	if err := os.Chtimes(b.Blobs.Path(sub.FileHash), sub.ReceivedAt, sub.ReceivedAt); err != nil {
		t.Fatal(err)
	}
}

func openBlobs(t *testing.T, dir string) *blob.Store {
	t.Helper()
	ring, err := gm.OpenKeyRing(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := blob.Open(dir, ring)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
