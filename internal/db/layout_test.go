package db_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// TestLayoutKeepsRecords upgrades a database that holds records in the layout of the first release: every version and every current row
// is there afterwards, chained, with who changed it.
func TestLayoutKeepsRecords(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		d, err := db.Open(t.Context(), url, db.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		ctx := t.Context()
		first := fstest.MapFS{}
		for _, engine := range []string{"sqlite", "postgres"} {
			for _, name := range []string{"00001_init.sql", "00002_register.sql"} {
				path := "migrations/" + engine + "/" + name
				raw, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				first[path] = &fstest.MapFile{Data: raw}
			}
		}
		if err := d.MigrateFiles(ctx, first); err != nil {
			t.Fatal(err)
		}
		err = d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			for subject := 1; subject <= 20; subject++ {
				if _, err := tx.ExecContext(ctx, `INSERT INTO record VALUES ($1, 7, 'XZCF', '1号', 2, 1, 1, 20260102, 20260102, 20290102, 3, '990102', 4, $2, 1700)`,
					subject, []byte("0123456789abcdef")); err != nil {
					return err
				}
				for version := 1; version <= 2; version++ {
					if _, err := tx.ExecContext(ctx, `INSERT INTO record_version VALUES ($1, 7, $2, 'XZCF', 'e1', '1号', 'A', 1, 1, 20260102, 20260102, 20290102, 3, '990102', 4, 1, 1, 'r',
						'{}', 'filed', 'clerk', 'law', 'why', $3, $4, $5, $6, $7)`, subject, version, fmt.Sprint("s", version), 1600+100*(version-1), []byte("salt"), version, subject); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		rows, err := d.Read().QueryContext(ctx, `SELECT r.subject_id || ' ' || v.version || ' ' || v.outbox_pos || ' ' || c.submission || ' ' || p.version || ' ' || p.prev_id || ' ' || pc.submission || ' ' || r.region
			FROM record r JOIN record_version v ON v.version_id = r.version_id AND v.subject_id = r.subject_id JOIN record_change c ON c.change_id = v.outbox_id
			JOIN record_version p ON p.version_id = v.prev_id AND p.subject_id = v.subject_id JOIN record_change pc ON pc.change_id = p.outbox_id WHERE p.record_key = r.record_key`)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		var have, want []string
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			have = append(have, line)
		}
		for subject := 1; subject <= 20; subject++ {
			want = append(want, fmt.Sprintf("%d 2 %d s2 1 0 s1 990102", subject, subject))
		}
		slices.Sort(have)
		slices.Sort(want)
		if diff := cmp.Diff(want, have); diff != "" || rows.Err() != nil {
			t.Errorf("after the upgrade (- want, + have): %s %v", diff, rows.Err())
		}
	})
}
