// Package e2e keeps one rule: the tests here see what a stranger sees. They run the built program — its commands, its pages in a browser, its
// interface over HTTP — and end it without warning, on both engines.
package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gongxin/internal/app"
	"gongxin/internal/config"
	"gongxin/internal/db"
)

// program is the built binary.
var program string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "gongxin-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program = filepath.Join(dir, "gongxin")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", program, "../cmd/gongxin")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "e2e: build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// install is one installation: a data folder and a database.
type install struct {
	dir      string
	database string
	filer    filer
}

// newInstall makes an installation; without a database it has one of its own in its folder.
func newInstall(t testing.TB, database string) *install {
	t.Helper()
	in := &install{dir: filepath.Join(t.TempDir(), "data"), database: database}
	if database == "" {
		in.database = filepath.Join(in.dir, "gongxin.db")
	}
	if err := os.MkdirAll(in.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return in
}

// ran is what a finished command gave.
type ran struct {
	out, msg string
	code     int
}

// command prepares the program for an installation.
func (in *install) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "GONGXIN_DATA="+in.dir, "GONGXIN_DATABASE="+in.database, "GONGXIN_LISTEN=")
	return cmd
}

// run runs a command to its end.
func (in *install) run(t testing.TB, args ...string) ran {
	t.Helper()
	var out, msg bytes.Buffer
	cmd := in.command(t.Context(), args...)
	cmd.Stdout, cmd.Stderr = &out, &msg
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("gongxin %s: %v", strings.Join(args, " "), err)
	}
	return ran{out.String(), msg.String(), cmd.ProcessState.ExitCode()}
}

// must runs a command that has to succeed and gives its standard output.
func (in *install) must(t testing.TB, args ...string) string {
	t.Helper()
	r := in.run(t, args...)
	if r.code != 0 {
		t.Fatalf("gongxin %s: exit code %d\n%s%s", strings.Join(args, " "), r.code, r.out, r.msg)
	}
	return r.out
}

// open opens the installation within the test, to look at what is on file.
func (in *install) open(t testing.TB) *app.App {
	t.Helper()
	conf, err := config.Config{Data: in.dir, Database: in.database}.Defaults()
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), conf, app.Options{}, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// look asks the installation's database one question.
func (in *install) look(t testing.TB, query string) []string {
	t.Helper()
	d, err := db.Open(t.Context(), in.database, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	return table(t, d, query)
}

// table reads a query's rows as text, cells joined by bars.
func table(t testing.TB, d *db.DB, query string) []string {
	t.Helper()
	rows, err := d.Read().QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	cells, to := make([]any, len(names)), make([]any, len(names))
	for i := range cells {
		to[i] = &cells[i]
	}
	var out []string
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			t.Fatal(err)
		}
		var line []string
		for _, c := range cells {
			if raw, ok := c.([]byte); ok {
				c = fmt.Sprintf("%x", raw)
			}
			line = append(line, fmt.Sprint(c))
		}
		out = append(out, strings.Join(line, " | "))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// await asks until it is so, at most for a while.
func await(t testing.TB, limit time.Duration, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited %s in vain: %s", limit, what)
		case <-tick.C:
		}
	}
}
