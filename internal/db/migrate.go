package db

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"hash"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"gongxin/internal/fault"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// Faults of the schema.
var (
	ErrSchemaNewer = fault.New(fault.Conflict, "db.schema_newer", "数据库由更新版本的公信建立，本程序版本过旧，继续运行可能损坏数据",
		"请升级本程序，或改用与本程序版本一致的备份")
	ErrSchemaOlder = fault.New(fault.Unavailable, "db.schema_older", "数据库结构尚未升级到本程序需要的版本",
		"请先执行 gongxin migrate（升级前请备份）")
)

// versionTable remembers which migrations were applied.
const versionTable = "schema_version"

// Migrate brings the schema to the version of this binary. It refuses a schema newer than the binary, and several processes
// may call it at once on PostgreSQL.
func (d *DB) Migrate(ctx context.Context) error {
	return d.migrate(ctx, migrations)
}

// firstWhole is the first version that holds the register's tables.
const firstWhole = 2

// InUse reports whether somebody has begun to work with the register: a department is registered. As long as nobody has, as when the first
// migrations were broken off, whoever opens the database may bring it to this binary's version without asking.
func (d *DB) InUse(ctx context.Context) (bool, error) {
	version, err := d.SchemaVersion(ctx)
	if err != nil || version < firstWhole {
		return false, err
	}
	var n int
	if err := d.read.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM agency LIMIT 1) a`).Scan(&n); err != nil {
		return false, fmt.Errorf("db: in use: %w", err)
	}
	return n > 0, nil
}

func (d *DB) migrate(ctx context.Context, files fs.FS) error {
	p, err := d.provider(files)
	if err != nil {
		return err
	}
	have, err := d.SchemaVersion(ctx)
	if err != nil {
		return err
	}
	if want := newest(p); have > want {
		return ErrSchemaNewer.With(fmt.Errorf("schema %d, binary %d", have, want))
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("db: migrate: %w", err)
	}
	return nil
}

// CheckSchema refuses to work on a schema that is newer or older than this binary's.
func (d *DB) CheckSchema(ctx context.Context) error {
	p, err := d.provider(migrations)
	if err != nil {
		return err
	}
	have, err := d.SchemaVersion(ctx)
	if err != nil {
		return err
	}
	switch want := newest(p); {
	case have > want:
		return ErrSchemaNewer.With(fmt.Errorf("schema %d, binary %d", have, want))
	case have < want:
		return ErrSchemaOlder.With(fmt.Errorf("schema %d, binary %d", have, want))
	}
	return nil
}

// SchemaVersion gives the number of the newest migration applied, 0 for an empty database.
func (d *DB) SchemaVersion(ctx context.Context) (int64, error) {
	exists := `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = $1`
	if d.engine == Postgres {
		exists = `SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1`
	}
	var n, version int64
	if err := d.read.QueryRowContext(ctx, exists, versionTable).Scan(&n); err != nil {
		return 0, fmt.Errorf("db: schema version: %w", err)
	}
	if n == 0 {
		return 0, nil
	}
	err := d.read.QueryRowContext(ctx,
		`SELECT coalesce(max(version_id), 0) FROM `+versionTable+` WHERE is_applied`).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("db: schema version: %w", err)
	}
	return version, nil
}

func (d *DB) provider(files fs.FS) (*goose.Provider, error) {
	dialect, folder := goose.DialectSQLite3, "migrations/sqlite"
	opts := []goose.ProviderOption{goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true)}
	if d.engine == Postgres {
		dialect, folder = goose.DialectPostgres, "migrations/postgres"
		// Asks each second, for ten minutes: as long as another node's migration may take.
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 600))
		if err != nil {
			return nil, fmt.Errorf("db: migration lock: %w", err)
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	sub, err := fs.Sub(files, folder)
	if err != nil {
		return nil, fmt.Errorf("db: migrations: %w", err)
	}
	p, err := goose.NewProvider(dialect, d.write, sub, opts...)
	if err != nil {
		return nil, fmt.Errorf("db: migrations: %w", err)
	}
	return p, nil
}

func newest(p *goose.Provider) int64 {
	sources := p.ListSources()
	if len(sources) == 0 {
		return 0
	}
	return sources[len(sources)-1].Version
}

var errNotSQLite = errors.New("db: only an embedded database has this")

// MigrationsDigest hashes the embedded migrations, so that tests know whether a template database is of this schema.
func MigrationsDigest(h hash.Hash) []byte {
	_ = fs.WalkDir(migrations, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := migrations.ReadFile(path)
		h.Write([]byte(path))
		h.Write(text)
		return err
	})
	return h.Sum(nil)
}
