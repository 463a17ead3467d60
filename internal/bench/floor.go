package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"gongxin/internal/db"
)

// snapshot is a copy of the database as it stood before the measured files.
type snapshot struct {
	url  string // "" when there was no room
	drop func(context.Context) error
}

// snapshot copies the database as it lies on the disk: the floor then meets the same tables, the same depth and the same disorder of the indexes.
func (r *runner) snapshot(ctx context.Context) (snapshot, error) {
	if r.app.DB.Engine() == db.Postgres {
		return r.template(ctx)
	}
	none := snapshot{drop: func(context.Context) error { return nil }}
	if err := r.app.DB.Checkpoint(ctx); err != nil {
		return none, err
	}
	size, err := r.app.DB.Size(ctx)
	if err != nil {
		return none, err
	}
	if free := freeBytes(r.dir); free > 0 && free < size*5/4 {
		return none, nil
	}
	path := filepath.Join(r.dir, "floor.db")
	drop := func(context.Context) error {
		var err error
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if e := os.Remove(path + suffix); e != nil && !errors.Is(e, os.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
		return err
	}
	return snapshot{path, drop}, copyFile(path, r.Database)
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// template clones the database within the server. Nobody else may be connected meanwhile, so the product is closed and opened again.
func (r *runner) template(ctx context.Context) (_ snapshot, err error) {
	u, err := url.Parse(r.Database)
	if err != nil {
		return snapshot{}, db.ErrAddress
	}
	if err := r.close(); err != nil {
		return snapshot{}, err
	}
	var name string
	err = r.onServer(ctx, func(q db.Querier) error {
		if err := q.QueryRowContext(ctx, `SELECT current_database()`).Scan(&name); err != nil {
			return err
		}
		name += "_floor"
		var source string
		if err := q.QueryRowContext(ctx, `SELECT format('CREATE DATABASE %I TEMPLATE %I STRATEGY FILE_COPY', $1::text, current_database())`, name).Scan(&source); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, source)
		return err
	})
	if err != nil {
		return snapshot{}, fmt.Errorf("clone the database: %w", err)
	}
	drop := func(ctx context.Context) error {
		return r.onServer(ctx, func(q db.Querier) error {
			var statement string
			if err := q.QueryRowContext(ctx, `SELECT format('DROP DATABASE IF EXISTS %I', $1::text)`, name).Scan(&statement); err != nil {
				return err
			}
			_, err := q.ExecContext(ctx, statement)
			return err
		})
	}
	u.Path = "/" + name
	if q := u.Query(); q.Has("dbname") || q.Has("database") {
		q.Del("dbname")
		q.Del("database")
		u.RawQuery = q.Encode()
	}
	return snapshot{u.String(), drop}, r.reopen(ctx)
}

// onServer runs f on a single connection of its own to the run's database.
func (r *runner) onServer(ctx context.Context, f func(db.Querier) error) (err error) {
	d, err := db.Open(ctx, r.Database, db.Options{MaxConns: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return f(d.Read())
}

// bulkTable is a table into which filing puts rows in bulk, and how to find the rows that were put in since an instant.
type bulkTable struct {
	name  string
	when  string // column with the instant of the batch; "" = the batch does not show, or only in the versions
	since string
}

var bulkTables = []bulkTable{
	{"subject", "created_at", `SELECT * FROM subject WHERE created_at >= $1 ORDER BY subject_id`},
	{"subject_identifier", "created_at", `SELECT * FROM subject_identifier WHERE created_at >= $1 ORDER BY kind, token, dup`},
	{"subject_name", "recorded_at", `SELECT * FROM subject_name WHERE recorded_at >= $1 ORDER BY subject_id, seq`},
	{"subject_sealed", "", `SELECT * FROM subject_sealed WHERE subject_id IN (SELECT subject_id FROM subject WHERE created_at >= $1) ORDER BY subject_id`},
	{"record_change", "recorded_at", `SELECT * FROM record_change WHERE recorded_at >= $1 ORDER BY change_id`},
	{"record_version", "recorded_at", `SELECT * FROM record_version v WHERE ` + versionsSince + ` ORDER BY version_id`},
	{"record", "", `SELECT r.* FROM record_version v JOIN record r ON r.subject_id = v.subject_id AND r.record_key = v.record_key
		WHERE v.version = 1 AND ` + versionsSince + ` ORDER BY r.subject_id, r.record_key`},
	{"ingest_queue", "created_at", `SELECT * FROM ingest_queue WHERE created_at >= $1 ORDER BY queue_id`},
	{"log_outbox", "created_at", `SELECT * FROM log_outbox WHERE created_at >= $1 ORDER BY outbox_id`},
	{"submission_row", "", `SELECT * FROM submission_row WHERE submission_id IN (SELECT submission_id FROM submission WHERE received_at >= $1) ORDER BY submission_id, row_no`},
}

// versionsSince finds versions by their ids, which grow with time (package id): milliseconds since 2020 in the upper bits.
const versionsSince = `v.version_id >= (CAST($1 AS BIGINT) / 1000 - 1577836800000) * 4194304`

// captured is what one batch of the intake put into the tables.
type captured struct {
	at   int64
	rows map[string][][]any
}

// capture reads back what filing wrote since an instant, batch by batch.
func (r *runner) capture(ctx context.Context, since int64) (batches []*captured, columns map[string][]string, err error) {
	columns, byTime := map[string][]string{}, map[int64]*captured{}
	made := map[[2]int64]int64{} // when a record's first version was filed: with that batch its current row came in
	loose := map[string][][]any{}
	take := func(t bulkTable, row []any, cols []string) {
		var at int64
		switch {
		case t.name == "record":
			at = made[keyOf(row, cols)]
		case t.when == "":
			loose[t.name] = append(loose[t.name], row)
			return
		default:
			at, _ = row[slices.Index(cols, t.when)].(int64)
		}
		if t.name == "record_version" && row[slices.Index(cols, "version")] == int64(1) {
			made[keyOf(row, cols)] = at
		}
		b := byTime[at]
		if b == nil {
			b = &captured{at: at, rows: map[string][][]any{}}
			byTime[at] = b
		}
		b.rows[t.name] = append(b.rows[t.name], row)
	}
	for _, t := range bulkTables {
		if columns[t.name], err = eachRow(ctx, r.app.DB.Read(), t.since, since, func(row []any, cols []string) { take(t, row, cols) }); err != nil {
			return nil, nil, fmt.Errorf("capture %s: %w", t.name, err)
		}
	}
	for _, b := range byTime {
		batches = append(batches, b)
	}
	slices.SortFunc(batches, func(a, b *captured) int { return int(a.at - b.at) })
	for name, rows := range loose { // spread evenly
		for i, row := range rows {
			b := batches[i*len(batches)/len(rows)]
			b.rows[name] = append(b.rows[name], row)
		}
	}
	return batches, columns, nil
}

func keyOf(row []any, cols []string) [2]int64 {
	subject, _ := row[slices.Index(cols, "subject_id")].(int64)
	key, _ := row[slices.Index(cols, "record_key")].(int64)
	return [2]int64{subject, key}
}

// eachRow reads rows of whatever columns.
func eachRow(ctx context.Context, q db.Querier, query string, arg any, yield func(row []any, cols []string)) ([]string, error) {
	rows, err := q.QueryContext(ctx, query, arg)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	cols, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		row, err := scanAny(rows, len(cols))
		if err != nil {
			return nil, err
		}
		yield(row, cols)
	}
	return cols, rows.Err()
}

func scanAny(rows *sql.Rows, n int) ([]any, error) {
	row, to := make([]any, n), make([]any, n)
	for i := range row {
		to[i] = &row[i]
	}
	return row, rows.Scan(to...)
}

// floorOf puts the rows that filing wrote since t0 into the copy, and measures those since t1: those before warm it up as they warmed the product.
func (r *runner) floorOf(ctx context.Context, f *FilingFigures, url string, t0, t1 int64) (err error) {
	r.Progress("测报送的下限", 0)
	batches, columns, err := r.capture(ctx, t0)
	if err != nil {
		return err
	}
	d, err := db.Open(ctx, url, db.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	f.FloorRows = map[string]int{}
	var wall, cpu time.Duration
	for _, b := range batches {
		began, used := time.Now(), cpuTime()
		err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			for _, t := range bulkTables {
				if _, err := tx.CopyFrom(ctx, t.name, columns[t.name], each(b.rows[t.name])); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("floor: %w", err)
		}
		if b.at < t1 {
			continue
		}
		wall, cpu = wall+time.Since(began), cpu+cpuTime()-used
		for name, rows := range b.rows {
			f.FloorRows[name] += len(rows)
		}
	}
	s := speed(f.FloorRows["record_version"], wall, cpu)
	f.Floor, f.Ratio = &s, f.Week.PerSecond/max(s.PerSecond, 1e-9)
	return nil
}

// each gives rows one by one.
func each(rows [][]any) db.Rows {
	return func() ([]any, error) {
		if len(rows) == 0 {
			return nil, nil
		}
		row := rows[0]
		rows = rows[1:]
		return row, nil
	}
}
