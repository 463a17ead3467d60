package record

import (
	"fmt"
	"strings"
	"testing"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// One record is read by its keys, however large the register is: no step of SQLite's plan walks a table.
func TestChainsAreShort(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	of := fmt.Sprintf(knownThen, `AND r.record_key = $3`)
	for name, query := range map[string]string{
		"get":     of + versionThen + ofChain + `AND chain.recorded_at <= $2`,
		"history": of + historySelect,
		"queued":  fmt.Sprintf(knownThen, ``) + queuedSelect,
		"locate":  of + `SELECT v.outbox_id, v.outbox_pos FROM ` + ofChain + `ORDER BY v.version DESC LIMIT 1`,
	} {
		found := planSteps(t, d, query, int64(1), int64(1), int64(1))
		for _, step := range found {
			if strings.HasPrefix(step, "SCAN ") && step != "SCAN chain" {
				t.Errorf("%s: %s", name, strings.Join(found, "; "))
				break
			}
		}
		if len(found) == 0 {
			t.Errorf("%s: no plan", name)
		}
	}
}

func planSteps(t *testing.T, d *db.DB, query string, args ...any) []string {
	t.Helper()
	rows, err := d.Read().QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		out = append(out, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
