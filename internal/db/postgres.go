package db

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// minServerVersion is PostgreSQL 15 as server_version_num counts.
const minServerVersion = 150000

// defaultSettings hold for every connection unless the address says otherwise.
var defaultSettings = map[string]string{
	"application_name": "gongxin",
	// Every statement is written for one plan; planning a point read over the partitions anew costs several times its execution.
	"plan_cache_mode": "force_generic_plan",
	// A plan for any value expects many rows. Starting workers for it, or compiling it, takes tens of milliseconds, reading what one subject has takes one.
	"max_parallel_workers_per_gather": "0",
	"jit":                             "off",
}

// openPostgres opens one pool for reading and writing and refuses servers that the SQL was not tested on.
func openPostgres(ctx context.Context, url string, o Options) (*DB, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		// The driver's text may hold the password; keep it out.
		return nil, ErrAddress
	}
	if linkOf(cfg) == linkFallback {
		return nil, ErrLink
	}
	p := cfg.RuntimeParams
	p["timezone"] = "UTC"
	for name, value := range defaultSettings {
		if p[name] == "" {
			p[name] = value
		}
	}
	if o.StatementTimeout > 0 {
		p["statement_timeout"] = strconv.FormatInt(o.StatementTimeout.Milliseconds(), 10)
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 10 * time.Second
	}
	cfg.DialFunc = lines(cfg.DialFunc)
	pool := stdlib.OpenDB(*cfg)
	n := o.MaxConns
	if n <= 0 {
		n = defaultPostgresMaxConns
	}
	pool.SetMaxOpenConns(n)
	pool.SetMaxIdleConns(n)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	pool.SetConnMaxLifetime(time.Hour)
	d := &DB{engine: Postgres, write: pool, read: pool, reader: pool}
	if err := d.checkServer(ctx); err != nil {
		_ = d.Close()
		return nil, err
	}
	return d, nil
}

// checkServer refuses an old server and an encoding that cannot hold Chinese.
func (d *DB) checkServer(ctx context.Context) error {
	var version int
	var encoding string
	err := d.read.QueryRowContext(ctx,
		`SELECT current_setting('server_version_num')::int, current_setting('server_encoding')`).Scan(&version, &encoding)
	if err != nil {
		return ErrOpen.With(err)
	}
	if version < minServerVersion {
		return ErrServerVersion.With(fmt.Errorf("server_version_num %d", version))
	}
	if encoding != "UTF8" {
		return ErrServerEncoding.With(fmt.Errorf("server_encoding %s", encoding))
	}
	return nil
}
