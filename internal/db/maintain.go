package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
)

// Size gives the bytes that the database takes on disk, the write-ahead log of SQLite included.
func (d *DB) Size(ctx context.Context) (int64, error) {
	if d.engine == Postgres {
		var n int64
		if err := d.read.QueryRowContext(ctx, `SELECT pg_database_size(current_database())`).Scan(&n); err != nil {
			return 0, fmt.Errorf("db: size: %w", err)
		}
		return n, nil
	}
	var n int64
	for _, suffix := range []string{"", "-wal"} {
		st, err := os.Stat(d.path + suffix)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("db: size: %w", err)
		}
		n += st.Size()
	}
	return n, nil
}

// Checkpoint folds SQLite's write-ahead log into the file and empties it, as before copying the file. It waits for the
// writer; with a reader on an older snapshot it fails with ErrBusy. PostgreSQL does this by itself.
func (d *DB) Checkpoint(ctx context.Context) error {
	if d.engine != SQLite {
		return nil
	}
	d.folder.turn.Lock()
	defer d.folder.turn.Unlock()
	var busy, logged, moved int64
	err := d.write.QueryRowContext(context.WithoutCancel(ctx), `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &logged, &moved)
	if err != nil {
		return fmt.Errorf("db: checkpoint: %w", err)
	}
	if busy != 0 {
		return ErrBusy.With(fmt.Errorf("checkpoint moved %d of %d pages", moved, logged))
	}
	return nil
}

// Vacuum gives free space back and refreshes the planner's statistics. It locks out writers of SQLite for its duration and
// needs as much free disk as the database takes.
func (d *DB) Vacuum(ctx context.Context) error {
	statements := []string{`VACUUM`, `ANALYZE`}
	if d.engine == Postgres {
		statements = []string{`VACUUM (ANALYZE)`}
	}
	return d.maintain(ctx, "vacuum", statements...)
}

// Erasing runs what destroys content, so that it does not stay on the pages it is taken from: SQLite writes zeros over them. Copies that pages kept from before, when
// rows were moved, go with Vacuum only, and those in the write-ahead log with Checkpoint. PostgreSQL keeps what was overwritten until it vacuums.
func (d *DB) Erasing(ctx context.Context, do func() error) (err error) {
	if d.engine != SQLite {
		return do()
	}
	turn := func(to string) error {
		var on int
		if err := d.write.QueryRowContext(context.WithoutCancel(ctx), `PRAGMA secure_delete = `+to).Scan(&on); err != nil {
			return fmt.Errorf("db: erasing: %w", err)
		}
		return nil
	}
	if err := turn("ON"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, turn("OFF")) }()
	return do()
}

// Analyze refreshes the planner's statistics, as after a bulk load.
func (d *DB) Analyze(ctx context.Context) error {
	return d.maintain(ctx, "analyze", `ANALYZE`)
}

func (d *DB) maintain(ctx context.Context, name string, statements ...string) error {
	if d.engine == SQLite {
		ctx = context.WithoutCancel(ctx)
	}
	for _, s := range statements {
		if _, err := d.write.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("db: %s: %w", name, err)
		}
	}
	return nil
}

// Backup writes a consistent copy of a SQLite database to a new file while it serves. PostgreSQL has its own tools for this.
func (d *DB) Backup(ctx context.Context, path string) error {
	if d.engine != SQLite {
		return errNotSQLite
	}
	// A reader connection would refuse: VACUUM INTO counts as writing. It holds the writer only for its own duration.
	if _, err := d.write.ExecContext(context.WithoutCancel(ctx), `VACUUM INTO $1`, path); err != nil {
		return fmt.Errorf("db: backup: %w", err)
	}
	return nil
}

// Meta gives what is remembered under a key about the database as a whole, "" if nothing is.
func Meta(ctx context.Context, q Querier, key string) (string, error) {
	var value string
	err := q.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = $1`, key).Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("db: meta %s: %w", key, err)
	}
	return value, nil
}

// SetMeta remembers a value under a key.
func SetMeta(ctx context.Context, tx *Tx, key, value string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO meta (key, value) VALUES ($1, $2)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
	if err != nil {
		return fmt.Errorf("db: set meta %s: %w", key, err)
	}
	return nil
}
