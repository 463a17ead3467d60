package bench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"gongxin/internal/db"
)

// trigrams is a side database with SQLite's own full-text index on the same names, for comparison.
type trigrams struct {
	db   *db.DB
	path string
}

// buildTrigrams puts every name into the side database.
func (r *runner) buildTrigrams(ctx context.Context, q *SearchFigures) (*trigrams, error) {
	r.Progress("建立 FTS5 对照", 0)
	t := &trigrams{path: filepath.Join(r.dir, "names.db")}
	var err error
	if t.db, err = db.Open(ctx, t.path, db.Options{NoSync: true}); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := t.fill(ctx, r); err != nil {
		return nil, errors.Join(err, t.close())
	}
	q.TrigramSecs = time.Since(began).Seconds()
	if err := t.db.Checkpoint(ctx); err != nil {
		return nil, errors.Join(err, t.close())
	}
	q.TrigramSize, err = t.db.Size(ctx)
	return t, err
}

func (t *trigrams) fill(ctx context.Context, r *runner) error {
	const most = 50_000
	if err := t.exec(ctx, `CREATE VIRTUAL TABLE names USING fts5(name, tokenize = 'trigram')`); err != nil {
		return err
	}
	var rows [][]any
	flush := func() error {
		err := t.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.CopyFrom(ctx, "names", []string{"name"}, each(rows))
			return err
		})
		rows = rows[:0]
		return err
	}
	err := r.eachFirm(ctx, func(f firm) error {
		if rows = append(rows, []any{f.name}); len(rows) < most {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	return t.exec(ctx, `INSERT INTO names (names) VALUES ('optimize')`)
}

func (t *trigrams) exec(ctx context.Context, statement string) error {
	return t.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, statement)
		return err
	})
}

func (t *trigrams) find(ctx context.Context, k *searchKind, text string) ([]string, error) {
	query, args := k.trigram(text)
	rows, err := t.db.Read().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		out = append(out, name)
	}
	return out, rows.Err()
}

// close also deletes the files: the next size makes them anew.
func (t *trigrams) close() error {
	err := t.db.Close()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if e := os.Remove(t.path + suffix); e != nil && !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}
