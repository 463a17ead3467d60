package db_test

import (
	"os"
	"testing"
	"testing/fstest"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// A first migration that was broken off leaves a database that is not complete, which the next Migrate finishes.
func TestCompleteAfterABrokenStart(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		d, err := db.Open(t.Context(), url, db.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		is := func(want bool) {
			t.Helper()
			if have, err := d.Complete(t.Context()); have != want || err != nil {
				t.Errorf("complete: %v (%v), want %v", have, err, want)
			}
		}
		is(false)
		first := fstest.MapFS{}
		for _, engine := range []string{"sqlite", "postgres"} {
			name := "migrations/" + engine + "/00001_init.sql"
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			first[name] = &fstest.MapFile{Data: text}
		}
		if err := d.MigrateFiles(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		if v, err := d.SchemaVersion(t.Context()); v != 1 || err != nil {
			t.Fatalf("version %d (%v), want 1", v, err)
		}
		is(false)
		for range 2 {
			if err := d.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			is(true)
		}
	})
}
