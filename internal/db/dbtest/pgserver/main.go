// Command pgserver runs a command with a temporary PostgreSQL server beside it, whose address the command finds in
// GONGXIN_TEST_PG_URL: one server then serves all packages of a `go test ./...`. If that variable is set already, or the
// machine has no server programs, it just runs the command, and the tests decide what that means to them.
//
//	go run ./internal/db/dbtest/pgserver go test ./...
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"gongxin/internal/db/dbtest/pgtemp"
)

const variable = "GONGXIN_TEST_PG_URL"

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: pgserver COMMAND [ARGUMENT …]")
		os.Exit(2)
	}
	code, err := run(os.Args[1], os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "pgserver:", err)
	}
	os.Exit(code)
}

func run(name string, args []string) (int, error) {
	// The command gets Ctrl-C too and ends by itself; this process must live on to stop the server. Caught and not
	// ignored: the command would inherit that.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	cmd := exec.Command(name, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = os.Stdin, os.Stdout, os.Stderr, os.Environ()
	if os.Getenv(variable) == "" {
		server, err := pgtemp.Start(context.Background())
		switch {
		case err == nil:
			defer server.Stop()
			cmd.Env = append(cmd.Env, variable+"="+server.URL("postgres"))
		case errors.Is(err, pgtemp.ErrNoServer) && os.Getenv("GONGXIN_TEST_PG") != "required":
			fmt.Fprintln(os.Stderr, "pgserver: PostgreSQL tests will be skipped:", err)
		default:
			return 1, err
		}
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if s, ok := exit.Sys().(syscall.WaitStatus); ok && s.Signaled() {
			return 128 + int(s.Signal()), nil
		}
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}
