package catalog

import (
	"archive/zip"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/id"
	"gongxin/internal/translog"
)

// ErrDamaged says that an edition in the database is not what was put there.
var ErrDamaged = fault.New(fault.Internal, "catalog.damaged", "数据库里的目录版本与登记的校验值不符", "请从备份恢复 catalog_edition 表")

// Save puts an edition into the table catalog_edition, once, with its leaf for the public log: saving it again changes nothing, and the same id
// with other content is refused.
func Save(ctx context.Context, tx *db.Tx, e *Edition, by string, at time.Time) (err error) {
	defer fault.Wrap(&err, "catalog.Save(%s)", e.ID)
	var hash, loadedBy string
	var loadedAt int64
	err = tx.QueryRowContext(ctx, `SELECT hash, loaded_at, loaded_by FROM catalog_edition WHERE edition = $1`, e.ID).Scan(&hash, &loadedAt, &loadedBy)
	switch {
	case err == nil && hash == e.Hash:
		return logOnce(ctx, tx, e, loadedBy, time.UnixMicro(loadedAt)) // on file from before there was a log
	case err == nil:
		return ErrSameID.Messagef("版本“%s”已经存在，内容不同", e.ID)
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	content, err := e.Archive()
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO catalog_edition (edition, effective_from, content, hash, loaded_at, loaded_by) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (edition) DO NOTHING`, // two programs starting at once; the transaction of one is repeated and compares
		e.ID, int64(e.EffectiveFrom), content, e.Hash, at.UnixMicro(), by)
	if err != nil {
		return err
	}
	return logOnce(ctx, tx, e, by, at)
}

// logOnce queues an edition's leaf unless it was queued before. The content is the one on file: what another program packed may differ in its bytes.
func logOnce(ctx context.Context, tx *db.Tx, e *Edition, by string, at time.Time) error {
	name := "edition/" + e.ID
	if there, err := translog.Changed(ctx, tx, "catalog/1", name); err != nil || there {
		return err
	}
	var content []byte
	if err := tx.QueryRowContext(ctx, `SELECT content FROM catalog_edition WHERE edition = $1`, e.ID).Scan(&content); err != nil {
		return err
	}
	return logChange(ctx, tx, name, at, by, strconv.FormatInt(int64(e.EffectiveFrom), 10), e.Hash, translog.Digest(content))
}

// LogEarlier queues the leaves of the editions and holiday tables that are on file from before there was a log. Whoever calls it knows that nothing of
// the catalogue was ever queued: a row that is put there later by hand must stay without a leaf, which is how it is found.
func LogEarlier(ctx context.Context, tx *db.Tx) (err error) {
	defer fault.Wrap(&err, "catalog.LogEarlier")
	type row struct {
		name, by string
		at       int64
		parts    []string
	}
	var earlier []row
	read := func(query string, scan func(rows *sql.Rows) (row, error)) error {
		rows, err := tx.QueryContext(ctx, query)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			r, err := scan(rows)
			if err != nil {
				return err
			}
			earlier = append(earlier, r)
		}
		return rows.Err()
	}
	err = errors.Join(
		read(`SELECT edition, effective_from, hash, content, loaded_at, loaded_by FROM catalog_edition ORDER BY edition`, func(rows *sql.Rows) (r row, err error) {
			var from int64
			var hash string
			var content []byte
			err = rows.Scan(&r.name, &from, &hash, &content, &r.at, &r.by)
			r.name, r.parts = "edition/"+r.name, []string{strconv.FormatInt(from, 10), hash, translog.Digest(content)}
			return r, err
		}),
		read(`SELECT year, content, loaded_at, loaded_by FROM calendar_year ORDER BY year`, func(rows *sql.Rows) (r row, err error) {
			var year int64
			var content string
			err = rows.Scan(&year, &content, &r.at, &r.by)
			r.name, r.parts = "calendar/"+strconv.FormatInt(year, 10), []string{translog.Digest([]byte(content))}
			return r, err
		}))
	if err != nil {
		return err
	}
	for _, r := range earlier {
		if err := logChange(ctx, tx, r.name, time.UnixMicro(r.at), r.by, r.parts...); err != nil {
			return err
		}
	}
	return nil
}

// logChange queues the leaf of what was loaded.
func logChange(ctx context.Context, tx *db.Tx, name string, at time.Time, by string, parts ...string) error {
	return translog.QueueChange(ctx, tx, id.NewMaker(func() time.Time { return at }), translog.CatalogChange(name, at.UnixMicro(), by, parts...))
}

// LoadAll reads every edition of the table. Each is loaded under the rules of this program, and its hash must be
// the one that was saved.
func LoadAll(ctx context.Context, q db.Querier) (editions []*Edition, err error) {
	defer fault.Wrap(&err, "catalog.LoadAll")
	rows, err := q.QueryContext(ctx, `SELECT edition, effective_from, content, hash FROM catalog_edition ORDER BY effective_from, loaded_at, edition`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id, hash string
		var from int64
		var content []byte
		if err := rows.Scan(&id, &from, &content, &hash); err != nil {
			return nil, err
		}
		e, err := openArchive(content)
		if err != nil {
			return nil, fmt.Errorf("edition %s: %w", id, err)
		}
		if e.ID != id || e.Hash != hash || e.EffectiveFrom != clock.Date(from) {
			return nil, ErrDamaged.Messagef("版本“%s”与登记的校验值不符", id)
		}
		editions = append(editions, e)
	}
	return editions, rows.Err()
}

// Archive packs the edition's files into a zip, for the table and for an operator to start from.
func (e *Edition) Archive() ([]byte, error) {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, name := range e.FileNames() {
		f, err := w.Create(name)
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", name, err)
		}
		if _, err := f.Write(e.files[name]); err != nil {
			return nil, fmt.Errorf("pack %s: %w", name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	return buf.Bytes(), nil
}

// openArchive loads an edition from what Archive packed.
func openArchive(content []byte) (*Edition, error) {
	r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, ErrDamaged.With(err)
	}
	return Load(r)
}
