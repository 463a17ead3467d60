package ingest

import (
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gongxin/internal/db"
)

// TestFirstPageReadsOffIndexes: what the desks' first page asks of the intake is read off an index, and not out of everything that was ever filed.
func TestFirstPageReadsOffIndexes(t *testing.T) {
	t.Parallel()
	d, err := db.Open(t.Context(), filepath.Join(t.TempDir(), "plan.db"), db.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		query string
		args  []any
		want  []string
	}{
		{recentOf, []any{int64(5), int64(1)}, []string{"SEARCH submission USING INDEX submission_unit (agency_id=?)"}},
		{recentAll, []any{int64(5)}, []string{"SCAN submission USING INDEX submission_recent"}},
	} {
		var got []string
		err := db.ForEach(t.Context(), d.Read(), func(rows *sql.Rows) error {
			var id, parent, unused int
			var step string
			err := rows.Scan(&id, &parent, &unused, &step)
			got = append(got, step)
			return err
		}, `EXPLAIN QUERY PLAN `+c.query, c.args...)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s...\nis read by %s", c.query[:20], strings.Join(got, "; "))
		}
	}
}
