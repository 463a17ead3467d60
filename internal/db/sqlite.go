package db

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	_ "modernc.org/sqlite" // the driver named "sqlite"
)

// openSQLite opens the writer (which sets the file to write-ahead logging) and then the readers.
func openSQLite(ctx context.Context, path string, o Options) (*DB, error) {
	if path == "" || strings.Contains(path, ":memory:") || strings.HasPrefix(path, "file:") {
		// Two pools of one in-memory database would be two databases.
		return nil, ErrAddress
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, ErrAddress.With(err)
	}
	if err := prepareFile(abs); err != nil {
		return nil, err
	}
	write, err := sql.Open("sqlite", dsn(abs, o, true))
	if err != nil {
		return nil, errOpenFile.With(err)
	}
	write.SetMaxOpenConns(1)
	write.SetMaxIdleConns(1)
	if err := write.PingContext(ctx); err != nil {
		_ = write.Close()
		return nil, errOpenFile.With(err)
	}
	read, err := sql.Open("sqlite", dsn(abs, o, false))
	if err != nil {
		_ = write.Close()
		return nil, errOpenFile.With(err)
	}
	n := o.Readers
	if n <= 0 {
		n = DefaultReaders
	}
	read.SetMaxOpenConns(n)
	read.SetMaxIdleConns(n)
	d := &DB{engine: SQLite, write: write, read: read, reader: newPrepared(read), writer: newPrepared(write), path: abs}
	if err := d.Ping(ctx); err != nil {
		_ = d.Close()
		return nil, err
	}
	if d.folder, err = newFolder(d, o); err != nil {
		_ = d.Close()
		return nil, errOpenFile.With(err)
	}
	return d, nil
}

// prepareFile creates the file with its folder, readable by the owner alone, and refuses file systems over a network. The
// engine gives its log files the same mode.
func prepareFile(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return errOpenFile.With(err)
	}
	if name := networkFS(dir); name != "" {
		return ErrNetworkFS.With(fmt.Errorf("file system %s", name))
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return errOpenFile.With(err)
	}
	return f.Close()
}

// dsn builds the driver's address. The driver runs busy_timeout before the other pragmas, so that opening waits for a
// process that is just closing the file.
func dsn(path string, o Options, writer bool) string {
	cache := o.CacheSize
	if cache <= 0 {
		cache = DefaultCacheSize
		if writer {
			cache = DefaultWriterCacheSize
		}
	}
	sync := "FULL" // an acknowledged write survives a power cut
	if o.NoSync {
		sync = "OFF"
	}
	q := url.Values{}
	pragma := func(name, value string) { q.Add("_pragma", name+"("+value+")") }
	pragma("busy_timeout", strconv.FormatInt(DefaultBusyTimeout.Milliseconds(), 10))
	pragma("cache_size", strconv.FormatInt(-max(cache>>10, 1), 10)) // negative: KiB
	pragma("foreign_keys", "ON")
	pragma("mmap_size", strconv.FormatInt(max(o.MmapSize, 0), 10))
	pragma("temp_store", "MEMORY")
	if writer {
		pragma("journal_mode", "WAL")
		pragma("synchronous", sync)
		pragma("wal_autocheckpoint", strconv.Itoa(autoFactor*autoCheckpoint(o)))
		pragma("journal_size_limit", "0") // the log's file is cut when the log begins anew, so that its length says how much is in it
		q.Set("_txlock", "immediate")
	} else {
		pragma("query_only", "ON")
		q.Set("_txlock", "deferred")
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}
