package db

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"gongxin/internal/fault"
)

// ErrRetry marks an error that running the whole transaction function again will mend, such as a unique violation by a
// concurrent writer whose row the next run will find: return fmt.Errorf("…: %w", errors.Join(db.ErrRetry, err)).
var ErrRetry = errors.New("db: run the transaction again")

// Faults of transactions.
var (
	ErrBusy = fault.New(fault.Busy, "db.busy", "数据库正忙，多次重试后仍未成功，本次操作没有写入", "请稍后重试")
	// ErrNested is a defect of the caller: the inner transaction would wait for the outer one for ever.
	ErrNested = fault.New(fault.Internal, "db.nested", "事务中又开启了事务", "")
)

// SQLSTATE classes that Go code may decide on; never decide on a constraint's name, which Citus changes.
const (
	stateUnique        = "23505"
	stateForeignKey    = "23503"
	stateSerialization = "40001"
	stateDeadlock      = "40P01"
	stateCanceled      = "57014" // statement_timeout, or the client gave up
)

// IsUnique reports whether err is a violation of a primary key or a unique index.
func IsUnique(err error) bool {
	if code, ok := sqliteCode(err); ok {
		return code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY ||
			code == sqlite3.SQLITE_CONSTRAINT_ROWID
	}
	return sqlState(err) == stateUnique
}

// IsForeignKey reports whether err is a violation of a foreign key.
func IsForeignKey(err error) bool {
	if code, ok := sqliteCode(err); ok {
		return code == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
	}
	return sqlState(err) == stateForeignKey
}

// IsTimeout reports whether the server ended the statement because it ran too long.
func IsTimeout(err error) bool { return sqlState(err) == stateCanceled }

// isTransient reports whether the engine asks to run the transaction again.
func isTransient(err error) bool {
	if errors.Is(err, ErrRetry) {
		return true
	}
	if code, ok := sqliteCode(err); ok {
		primary := code & 0xff
		return primary == sqlite3.SQLITE_BUSY || primary == sqlite3.SQLITE_LOCKED
	}
	state := sqlState(err)
	return state == stateSerialization || state == stateDeadlock
}

func sqliteCode(err error) (int, bool) {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code(), true
	}
	return 0, false
}

func sqlState(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
