// Package db keeps one rule: a change is made in one transaction or not at all, by the same SQL on SQLite and on
// PostgreSQL. It opens either engine behind database/sql, runs transactions as functions that are
// retried when the engine asks for it, loads rows in bulk, and applies the embedded migrations.
//
// Statements are written once, with $1…$n placeholders, in the subset that both engines share: ON CONFLICT, RETURNING,
// CTEs, window functions, row values. What cannot be shared stands behind one function that asks Tx.Engine. Instants
// are stored as integers (microseconds since 1970, UTC), days as yyyymmdd integers, JSON as opaque text.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"gongxin/internal/fault"
)

// Engine names a database engine.
type Engine string

// The engines. Citus counts as Postgres.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Defaults of Options, chosen for a two-core machine with a million subjects.
const (
	DefaultReaders          = 8
	DefaultCacheSize        = 64 << 20
	DefaultBusyTimeout      = 10 * time.Second
	DefaultWriterCacheSize  = 256 << 20 // the one writer of a bulk load works on the inner pages of every index
	DefaultAutoCheckpoint   = 16000     // pages of 4 KiB: about 64 MiB of log between checkpoints; a hot page is then copied back once, not once a batch
	defaultPostgresMaxConns = 20
)

// Options tune an opened database. The zero value is right for serving.
type Options struct {
	Readers          int           // SQLite: connections of the reader pool; 0 is DefaultReaders
	CacheSize        int64         // SQLite: bytes of page cache per connection; 0 is DefaultCacheSize, for the writer DefaultWriterCacheSize
	MmapSize         int64         // SQLite: bytes of the file to map; 0 maps nothing
	AutoCheckpoint   int           // SQLite: pages of write-ahead log from which it is folded into the file; 0 is DefaultAutoCheckpoint
	NoSync           bool          // SQLite: do not wait for the disk; only for tests and data that can be made again
	MaxConns         int           // PostgreSQL: connections of the pool; 0 is 20
	StatementTimeout time.Duration // PostgreSQL: the server ends a longer statement; 0 (as for migrations and jobs) is no limit
}

// Querier runs statements: the reader pool, or a transaction.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// DB is an opened database. It is safe for concurrent use.
type DB struct {
	engine Engine
	write  *sql.DB   // SQLite: exactly one connection, so writers queue in Go and not on the file's lock
	read   *sql.DB   // PostgreSQL: the same pool as write
	reader Querier   // read, on SQLite with its statements kept prepared
	writer *prepared // SQLite: the statements that transactions use again and again
	path   string    // SQLite: the file
	folder *folder   // SQLite: folds the write-ahead log into the file
}

// Faults of opening.
var (
	ErrAddress = fault.New(fault.Invalid, "db.address", "数据库地址无法识别",
		"请填写文件路径（如 data/gongxin.db），或 postgres://用户@主机/库名")
	ErrNetworkFS = fault.New(fault.Invalid, "db.network_fs", "数据库文件位于网络文件系统，文件锁不可靠，数据可能损坏",
		"请把数据文件放在本机磁盘，或改用 PostgreSQL")
	ErrServerVersion = fault.New(fault.Invalid, "db.server_version", "PostgreSQL 版本过低，需要 15 或更高版本",
		"请升级数据库服务器")
	ErrServerEncoding = fault.New(fault.Invalid, "db.server_encoding", "PostgreSQL 数据库的字符编码不是 UTF8，中文会丢失",
		"请用 createdb -E UTF8 重新建库")
	ErrOpen = fault.New(fault.Unavailable, "db.open", "无法打开数据库",
		"请检查地址、权限和服务器是否运行；数据库日志里有详细原因")
	errOpenFile = fault.New(fault.Unavailable, "db.open", "无法打开数据库文件",
		"请检查它是不是本程序的数据库文件，运行程序的用户能不能读写它和所在的文件夹，磁盘满没满；文件已损坏的，从备份恢复")
)

// Open opens the database at url: postgres:// or postgresql:// is a server, everything else a file path, with or without the
// prefix "sqlite:". A missing file is created, readable by its owner alone. Open does not migrate; see Migrate and
// CheckSchema.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	switch {
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return openPostgres(ctx, url, o)
	case strings.Contains(url, "://"), strings.TrimSpace(url) == "":
		return nil, ErrAddress
	default:
		return openSQLite(ctx, strings.TrimPrefix(url, "sqlite:"), o)
	}
}

// Engine says which engine this is.
func (d *DB) Engine() Engine { return d.engine }

// Read gives the reader pool. It sees what is committed; two statements may see different states (use ReadTx for one
// snapshot). On SQLite it refuses to write.
func (d *DB) Read() Querier { return d.reader }

// Ping reports whether the database answers.
func (d *DB) Ping(ctx context.Context) error {
	if err := d.read.PingContext(ctx); err != nil {
		return ErrOpen.With(err)
	}
	return nil
}

// Close waits for running transactions and closes. On SQLite the last process to close folds the write-ahead log into the
// file.
func (d *DB) Close() error {
	if d.read == d.write {
		return d.write.Close()
	}
	// Readers first: the writer, closing last, can then fold the whole log.
	return errors.Join(d.read.Close(), d.folder.close(), d.write.Close())
}

// In writes the placeholders of a list: In(3, 2) is "($2,$3,$4)". In(0, …) is "(NULL)", which is IN for no row at all;
// do not use it with NOT IN.
func In(n, from int) string {
	if n <= 0 {
		return "(NULL)"
	}
	b := make([]byte, 0, 2+n*5)
	for i := range n {
		b = append(b, ',', '$')
		b = fmt.Append(b, from+i)
	}
	b[0] = '('
	return string(append(b, ')'))
}
