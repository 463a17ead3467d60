package soak

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// server is the process under test, started again after each kill.
type server struct {
	o        Options
	data     string
	database string
	log      *os.File

	mu    sync.Mutex
	url   string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	ended chan struct{}
	said  chan string // what a child said beside where it listens
}

// readyWithin is how long a server may take from its start to being ready; the name index of a large register takes a while.
const readyWithin = 3 * time.Minute

func newServer(o Options, database string) (*server, error) {
	s := &server{o: o, data: filepath.Join(o.Dir, "data"), database: database, said: make(chan string, 16)}
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	if err := os.WriteFile(filepath.Join(s.data, markName), nil, 0o600); err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	var err error
	s.log, err = os.OpenFile(filepath.Join(o.Dir, "server.log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	return s, nil
}

// start starts the process and waits until it is ready.
func (s *server) start(ctx context.Context) error {
	// Not CommandContext: the parent ends it in its own order.
	cmd := exec.Command(s.o.Program, "--data", s.data, "--database", s.database, "soak", "child") //nolint:noctx,gosec // see above; it is this very program
	cmd.Env = append(os.Environ(), "GONGXIN_LISTEN=127.0.0.1:0", "GONGXIN_DATA=", "GONGXIN_DATABASE=")
	cmd.Stderr = s.log
	in, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("soak: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("soak: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return ErrStart.With(err)
	}
	address, ended := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if url, ok := strings.CutPrefix(lines.Text(), "listening "); ok {
				address <- url
				continue
			}
			select {
			case s.said <- lines.Text():
			default:
			}
		}
	}()
	s.mu.Lock()
	s.cmd, s.stdin, s.ended = cmd, in, ended
	s.mu.Unlock()
	limit, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	select {
	case url := <-address:
		s.mu.Lock()
		s.url = url
		s.mu.Unlock()
		return s.ready(limit)
	case <-ended:
		_ = cmd.Wait()
		return ErrStart
	case <-limit.Done():
		return ErrStart.With(limit.Err())
	}
}

// ready waits until the server says so.
func (s *server) ready(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if ask(ctx, s.address()+"/readyz") == http.StatusOK {
			return nil
		}
		select {
		case <-ctx.Done():
			return ErrStart.With(ctx.Err())
		case <-tick.C:
		}
	}
}

func ask(ctx context.Context, url string) int {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// address is where the server listens, or did last.
func (s *server) address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// tell gives the server a command.
func (s *server) tell(command string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := io.WriteString(s.stdin, command+"\n")
	return err
}

// agent has the child open an account that acts for a firm, and gives its number.
func (s *server) agent(ctx context.Context, code string) (int64, error) {
	if err := s.tell("agent " + code); err != nil {
		return 0, fmt.Errorf("soak: agent: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	select {
	case line := <-s.said:
		var account int64
		if _, err := fmt.Sscanf(line, agentWord+code+" %d", &account); err != nil {
			return 0, fmt.Errorf("soak: agent: %w", err)
		}
		return account, nil
	case <-ctx.Done():
		return 0, fmt.Errorf("soak: agent: %w", ctx.Err())
	}
}

// kill ends the process without warning.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.ended
	_ = s.cmd.Wait()
}

// stop asks it to end.
func (s *server) stop() {
	_ = s.stdin.Close()
	select {
	case <-s.ended:
	case <-time.After(30 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
	_ = s.cmd.Wait()
}
