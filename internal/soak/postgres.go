package soak

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
	"strconv"
	"strings"
	"syscall"
	"time"

	"gongxin/internal/db"
)

// postgres is a PostgreSQL server of the soak's own, as durable as a city's: it is killed, and must come back with everything.
type postgres struct {
	bin, dir string
	attr     *syscall.SysProcAttr
	leash    io.Closer // the guard stops the server when this closes, also by the death of this process
	guard    *exec.Cmd
}

// guardScript runs the server and stops it when standard input ends. $1 is the program, $2 the folder.
const guardScript = `
"$1" -D "$2/data" </dev/null >>"$2/log" 2>&1 &
server=$!
cat >/dev/null
kill -INT "$server" 2>/dev/null
wait "$server"
`

// The socket lies in the folder, which only its owner may enter: no port, no password. Durability stays as PostgreSQL ships it.
const pgSettings = `
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 60
shared_buffers = 128MB
log_min_messages = warning
`

// newPostgres makes a cluster in a folder of its own and starts it.
func newPostgres(ctx context.Context, bin string) (_ *postgres, err error) {
	p := &postgres{}
	if p.bin, err = programs(bin); err != nil {
		return nil, err
	}
	if p.dir, err = os.MkdirTemp("", "gongxin-soak-pg-"); err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	defer func() {
		if err != nil {
			p.remove()
		}
	}()
	if p.attr, err = unprivileged(p.dir); err != nil {
		return nil, err
	}
	init := p.command(filepath.Join(p.bin, "initdb"), "-D", filepath.Join(p.dir, "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
	if out, err := init.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("soak: initdb: %w\n%s", err, bytes.TrimSpace(out))
	}
	conf, err := os.OpenFile(filepath.Join(p.dir, "data", "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	_, err = conf.WriteString(pgSettings + "unix_socket_directories = '" + p.dir + "'\n")
	if err = errors.Join(err, conf.Close()); err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	return p, p.start(ctx)
}

func (p *postgres) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...) //nolint:noctx,gosec // its leash ends it; the operator names the program
	cmd.Dir, cmd.SysProcAttr = p.dir, p.attr
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "PGTZ=", "HOME="+p.dir)
	return cmd
}

// url is the address of its one database.
func (p *postgres) url() string {
	return "postgres:///postgres?" + url.Values{"host": {p.dir}, "user": {"postgres"}}.Encode()
}

// start starts the server and waits until it answers; after a kill it first waits for what the dead one left behind.
func (p *postgres) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		if p.guard == nil || p.pid() == 0 {
			if err := p.launch(); err != nil {
				return err
			}
		}
		d, err := db.Open(ctx, p.url(), db.Options{MaxConns: 1})
		if err == nil {
			return d.Close()
		}
		select {
		case <-ctx.Done():
			return ErrStart.Messagef("被测的 PostgreSQL 没有启动").With(err)
		case <-tick.C:
		}
	}
}

func (p *postgres) launch() (err error) {
	p.release()
	p.guard = p.command("/bin/sh", "-c", guardScript, "sh", filepath.Join(p.bin, "postgres"), p.dir)
	if p.leash, err = p.guard.StdinPipe(); err != nil {
		return fmt.Errorf("soak: %w", err)
	}
	if err := p.guard.Start(); err != nil {
		return fmt.Errorf("soak: %w", err)
	}
	// It writes its number first of all.
	for range 50 {
		if p.pid() != 0 {
			break
		}
		<-time.After(20 * time.Millisecond)
	}
	return nil
}

// pid gives the running server's number, 0 when there is none.
func (p *postgres) pid() int {
	raw, err := os.ReadFile(filepath.Join(p.dir, "data", "postmaster.pid"))
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil || pid <= 1 || syscall.Kill(pid, 0) != nil {
		return 0
	}
	return pid
}

// kill ends the server without warning; restart stops it as an operator in a hurry does. Both bring it back.
func (p *postgres) kill(ctx context.Context) error {
	if pid := p.pid(); pid != 0 {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	p.gone()
	return p.start(ctx)
}

func (p *postgres) restart(ctx context.Context) error {
	p.release()
	return p.start(ctx)
}

// gone waits until the killed server is no more.
func (p *postgres) gone() {
	for range 100 {
		if p.pid() == 0 {
			return
		}
		<-time.After(20 * time.Millisecond)
	}
}

// release ends the guard, and with it the server.
func (p *postgres) release() {
	if p.leash != nil {
		_ = p.leash.Close()
		_ = p.guard.Wait()
		p.leash, p.guard = nil, nil
	}
}

func (p *postgres) remove() {
	p.release()
	_ = os.RemoveAll(p.dir)
}

// programs finds the folder of the server's programs.
func programs(bin string) (string, error) {
	dirs := []string{bin}
	if bin == "" {
		dirs = nil
		if path, err := exec.LookPath("initdb"); err == nil {
			dirs = append(dirs, filepath.Dir(path))
		}
		for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin"} {
			found, _ := filepath.Glob(pattern)
			sort.Sort(sort.Reverse(sort.StringSlice(found)))
			dirs = append(dirs, found...)
		}
	}
	for _, d := range dirs {
		_, err1 := os.Stat(filepath.Join(d, "initdb"))
		_, err2 := os.Stat(filepath.Join(d, "postgres"))
		if err1 == nil && err2 == nil {
			return d, nil
		}
	}
	return "", ErrNoServer
}
