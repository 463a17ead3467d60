package db_test

import (
	"os"
	"testing"
	"testing/fstest"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// First migrations that were broken off leave a database that nobody uses, whatever its version: whoever opens it next may finish them. From
// the first department on the database is its operator's to migrate.
func TestInUseAfterABrokenStart(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		d, err := db.Open(t.Context(), url, db.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		is := func(want bool) {
			t.Helper()
			if have, err := d.InUse(t.Context()); have != want || err != nil {
				t.Errorf("in use: %v (%v), want %v", have, err, want)
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
			is(false)
		}
		_, err = execTx(t.Context(), d, `INSERT INTO agency (agency_id, code, name, region, active, created_at) VALUES (1, 'c', 'n', 'r', 1, 0)`)
		if err != nil {
			t.Fatal(err)
		}
		is(true)
	})
}
