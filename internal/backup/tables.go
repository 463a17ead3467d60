package backup

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gongxin/internal/db"
)

// table is a table of the register as both engines know it.
type table struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
	Kinds   []kind   `json:"kinds"`
}

// notes is the table in which the database says things about itself; what backup writes there itself is no part of a backup.
const notes = "meta"

// versions is the migrations' own table: restoring makes it anew.
const versions = "schema_version"

const sqliteColumns = `SELECT t.name, c.name, c.type FROM sqlite_schema t JOIN pragma_table_info(t.name) c
	WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY t.name, c.cid`

// Of a partitioned table only the whole counts.
const postgresColumns = `SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
	WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
	ORDER BY c.relname, a.attnum`

// tables lists the register's tables by name.
func tables(ctx context.Context, tx *db.Tx) ([]table, error) {
	query := sqliteColumns
	if tx.Engine() == db.Postgres {
		query = postgresColumns
	}
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("backup: tables: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []table
	for rows.Next() {
		var name, column, declared string
		if err := rows.Scan(&name, &column, &declared); err != nil {
			return nil, fmt.Errorf("backup: tables: %w", err)
		}
		if name == versions || name == "sqlite_stat1" {
			continue
		}
		k, ok := kinds[strings.ToLower(declared)]
		if !ok {
			return nil, ErrColumn.With(fmt.Errorf("%s.%s is %s", name, column, declared))
		}
		if len(out) == 0 || out[len(out)-1].Name != name {
			out = append(out, table{Name: name})
		}
		t := &out[len(out)-1]
		t.Columns, t.Kinds = append(t.Columns, column), append(t.Kinds, k)
	}
	slices.SortFunc(out, func(a, b table) int { return strings.Compare(a.Name, b.Name) })
	return out, rows.Err()
}

var kinds = map[string]kind{
	"integer": kindInt, "int": kindInt, "bigint": kindInt, "smallint": kindInt,
	"real": kindReal, "double precision": kindReal,
	"text": kindText, "character varying": kindText,
	"blob": kindBlob, "bytea": kindBlob,
}

func (t *table) selectAll() string {
	return `SELECT "` + strings.Join(t.Columns, `","`) + `" FROM "` + t.Name + `"`
}

// own reports whether a row is a note of backup itself.
func (t *table) own(line []byte) bool {
	return t.Name == notes && strings.HasPrefix(string(line[:min(len(line), 16)]), `["backup.`)
}

// each gives every row of the table as a line.
func (t *table) each(ctx context.Context, tx *db.Tx, yield func(line []byte) error) error {
	rows, err := tx.QueryContext(ctx, t.selectAll())
	if err != nil {
		return fmt.Errorf("backup: read %s: %w", t.Name, err)
	}
	defer func() { _ = rows.Close() }()
	w := newRowWriter(t.Kinds)
	for n := 0; rows.Next(); n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := rows.Scan(w.cells...); err != nil {
			return fmt.Errorf("backup: read %s: %w", t.Name, err)
		}
		line := w.line()
		if t.own(line) {
			continue
		}
		if err := yield(line); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("backup: read %s: %w", t.Name, err)
	}
	return nil
}

// any reports whether the table has a row besides notes of backup.
func (t *table) any(ctx context.Context, tx *db.Tx) (bool, error) {
	found := false
	err := t.each(ctx, tx, func([]byte) error {
		found = true
		return errEnough
	})
	if found {
		return true, nil
	}
	return false, err
}

var errEnough = fmt.Errorf("enough")
