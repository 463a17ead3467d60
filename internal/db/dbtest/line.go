package dbtest

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Line is the way to a PostgreSQL database of a test, which the test can cut and mend as a server's restart does: connections break off, and new ones are
// refused until the line is mended.
type Line struct {
	URL string

	t        testing.TB
	network  string // of the server itself
	server   string
	address  string
	mu       sync.Mutex
	listener net.Listener
	open     map[net.Conn]bool
	wg       sync.WaitGroup
}

// PostgresLine gives the line to a fresh, migrated database, or skips or fails the test as Postgres does.
func PostgresLine(t testing.TB) *Line {
	t.Helper()
	raw := create(t, template(t))
	cfg, err := pgx.ParseConfig(raw)
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	l := &Line{t: t, address: "127.0.0.1:0", open: map[net.Conn]bool{}}
	l.network, l.server = pgconn.NetworkAddress(cfg.Host, cfg.Port)
	l.Mend()
	t.Cleanup(func() {
		l.Cut()
		l.wg.Wait()
	})
	user := url.User(cfg.User)
	if cfg.Password != "" {
		user = url.UserPassword(cfg.User, cfg.Password)
	}
	l.URL = (&url.URL{Scheme: "postgres", User: user, Host: l.address, Path: "/" + cfg.Database, RawQuery: "sslmode=disable"}).String()
	return l
}

// Cut breaks every connection off and refuses new ones.
func (l *Line) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener == nil {
		return
	}
	_ = l.listener.Close()
	l.listener = nil
	for c := range l.open {
		_ = c.Close()
	}
	clear(l.open)
}

// Mend lets connections through, under the same address as before.
func (l *Line) Mend() {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	listener, err := net.Listen("tcp", l.address)
	if err != nil {
		l.t.Fatalf("dbtest: line: %v", err)
	}
	l.listener, l.address = listener, listener.Addr().String()
	l.wg.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			l.wg.Go(func() { l.pass(listener, c) })
		}
	})
}

// pass carries one connection until either side ends or the line is cut.
func (l *Line) pass(on net.Listener, c net.Conn) {
	defer func() { _ = c.Close() }()
	s, err := net.Dial(l.network, l.server)
	if err != nil {
		return
	}
	defer func() { _ = s.Close() }()
	l.mu.Lock()
	whole := l.listener == on
	if whole {
		l.open[c], l.open[s] = true, true
	}
	l.mu.Unlock()
	if !whole {
		return
	}
	ended := make(chan struct{}, 2)
	carry := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		ended <- struct{}{}
	}
	l.wg.Go(func() { carry(s, c) })
	l.wg.Go(func() { carry(c, s) })
	<-ended
	l.mu.Lock()
	delete(l.open, c)
	delete(l.open, s)
	l.mu.Unlock()
}
