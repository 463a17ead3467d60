package db

import (
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	sqlite3 "modernc.org/sqlite/lib"

	"gongxin/internal/fault"
)

// ErrDown is what a caller is told when IsDown: nothing is wrong with what was asked, and trying again later is right. Whether the last
// transaction was committed is not known when the connection broke while it was.
var ErrDown = fault.New(fault.Unavailable, "db.down", "数据库或磁盘暂时不能使用，没有得到写入的确认", "请稍后重试；报送请用相同的幂等键（Idempotency-Key）")

// States in which a PostgreSQL server cannot work just now: it is ending, starting or out of disk, memory or connections, or, after
// another one took over, it no longer takes writes.
var statesDown = []string{"57P01", "57P02", "57P03", "53100", "53200", "53300", "58030", "25006"}

// IsDown reports whether err says that the database cannot be reached or that a disk fails or takes nothing more, as against an error in what was
// asked of it.
func IsDown(err error) bool {
	if code, ok := sqliteCode(err); ok {
		primary := code & 0xff
		return primary == sqlite3.SQLITE_IOERR || primary == sqlite3.SQLITE_FULL || primary == sqlite3.SQLITE_CANTOPEN
	}
	if state := sqlState(err); state != "" {
		return strings.HasPrefix(state, "08") || slices.Contains(statesDown, state)
	}
	for _, no := range []syscall.Errno{syscall.ENOSPC, syscall.EFBIG, syscall.EDQUOT, syscall.EIO, syscall.EROFS} {
		if errors.Is(err, no) {
			return true
		}
	}
	var connect *pgconn.ConnectError
	return errors.As(err, &connect) || errors.Is(err, driver.ErrBadConn) || lost(err)
}

// lost reports whether the driver's connection broke under a statement. Errors of the driver and of its connections alone are looked at: a caller of ours
// whose connection broke says the same.
func lost(err error) bool {
	var line *brokenLine
	if errors.As(err, &line) {
		return true
	}
	var drivers interface{ SafeToRetry() bool }
	if !errors.As(err, &drivers) {
		return false
	}
	var network *net.OpError
	return errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network)
}
