// Package pgtemp keeps one rule: a PostgreSQL server started for tests never outlives them and never listens to the network. It runs
// initdb in a temporary folder, as an unprivileged user when the caller is root, serves on a Unix socket in that folder, and is
// stopped and deleted when its owner stops it or dies, however it dies.
package pgtemp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNoServer says that this machine has no PostgreSQL server programs.
var ErrNoServer = errors.New("no PostgreSQL server programs (initdb, postgres) in PATH or the usual folders")

// Server is a running server.
type Server struct {
	dir   string
	guard *exec.Cmd
	leash io.Closer // the guard stops the server when this closes, also by the death of this process
	once  sync.Once
}

// running keeps every server's leash from the garbage collector, which would close it: a caller may remember only the URL.
var running sync.Map

// How long a server may take to come up on a busy machine.
const startLimit = 60 * time.Second

// guardScript runs the server, waits until standard input ends, stops the server at once and removes the folder. $1 is the
// program, $2 the folder.
const guardScript = `
"$1" -D "$2/data" </dev/null >>"$2/log" 2>&1 &
server=$!
cat >/dev/null
kill -INT "$server" 2>/dev/null
wait "$server"
rm -rf "$2"
`

// settings trade durability, which throw-away data does not need, for speed.
const settings = `
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 300
shared_buffers = 256MB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
autovacuum_naptime = 10s
log_min_messages = warning
`

// Start starts a server. The caller stops it, or dies.
func Start(ctx context.Context) (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "gongxin-pg-")
	if err != nil {
		return nil, fmt.Errorf("pgtemp: %w", err)
	}
	s := &Server{dir: dir}
	if err := s.start(ctx, bin); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		s.Stop()
		return nil, fmt.Errorf("pgtemp: %w\n%s", err, bytes.TrimSpace(log))
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, bin string) error {
	attr, err := unprivileged(s.dir)
	if err != nil {
		return err
	}
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.SysProcAttr = s.dir, attr
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "PGTZ=", "HOME="+s.dir)
		return cmd
	}
	if err := initdb(run, filepath.Join(bin, "initdb"), filepath.Join(s.dir, "data")); err != nil {
		return err
	}
	// The socket lies in the folder, which only its owner may enter: no port, no password.
	conf := settings + "unix_socket_directories = '" + s.dir + "'\n"
	if err := appendFile(filepath.Join(s.dir, "data", "postgresql.conf"), conf); err != nil {
		return err
	}
	s.guard = run("/bin/sh", "-c", guardScript, "sh", filepath.Join(bin, "postgres"), s.dir)
	if s.leash, err = s.guard.StdinPipe(); err != nil {
		return err
	}
	running.Store(s, true)
	if err := s.guard.Start(); err != nil {
		return err
	}
	return s.await(ctx)
}

// initdb makes the cluster, with the Chinese collation of ICU where the server has it: a query that relies on the database's order
// instead of saying COLLATE "C" then fails in tests and not in a city.
func initdb(run func(string, ...string) *exec.Cmd, program, data string) error {
	base := []string{"-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"}
	icu := append(base[:len(base):len(base)], "--locale-provider=icu", "--icu-locale=zh-CN")
	if _, err := run(program, icu...).CombinedOutput(); err == nil {
		return nil
	}
	_ = os.RemoveAll(data)
	if out, err := run(program, base...).CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, bytes.TrimSpace(out))
	}
	return nil
}

// await connects until the server answers.
func (s *Server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return c.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("server does not answer: %w", err)
		case <-tick.C:
		}
	}
}

// URL gives the address of one of its databases.
func (s *Server) URL(database string) string {
	q := url.Values{"host": {s.dir}, "user": {"postgres"}}
	return "postgres:///" + url.PathEscape(database) + "?" + q.Encode()
}

// Stop stops the server and removes its folder. It may be called twice.
func (s *Server) Stop() {
	s.once.Do(func() {
		running.Delete(s)
		if s.leash != nil {
			_ = s.leash.Close()
			_ = s.guard.Wait()
		}
		_ = os.RemoveAll(s.dir)
	})
}

// programs finds the folder of initdb and postgres: behind the PATH, or the newest in the places where distributions put them.
func programs() (string, error) {
	var dirs []string
	if p, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			p = real
		}
		dirs = append(dirs, filepath.Dir(p))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin",
		"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
	} {
		found, _ := filepath.Glob(pattern)
		sort.Sort(sort.Reverse(sort.StringSlice(found)))
		dirs = append(dirs, found...)
	}
	for _, d := range dirs {
		if isProgram(filepath.Join(d, "initdb")) && isProgram(filepath.Join(d, "postgres")) {
			return d, nil
		}
	}
	return "", ErrNoServer
}

func isProgram(path string) bool {
	st, err := os.Stat(path)
	return err == nil && !st.IsDir() && st.Mode()&0o111 != 0
}

func appendFile(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, strings.NewReader(text))
	return errors.Join(err, f.Close())
}
