package api

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gongxin/internal/ingest"
)

// pipes is a listener whose connections are in memory, so that hours pass at once in a bubble of time.
type pipes struct {
	conns chan net.Conn
	once  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.once:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.once)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

// serving gives a connection to a server with the bounds of the real one.
func serving(t *testing.T, h http.Handler) net.Conn {
	t.Helper()
	l := &pipes{conns: make(chan net.Conn), once: make(chan struct{})}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute}
	go func() { _ = server.Serve(l) }()
	near, far := net.Pipe()
	l.conns <- far
	t.Cleanup(func() {
		_ = near.Close()
		_ = server.Close()
	})
	return near
}

// slowFiler writes and reads with long rests.
type slowFiler struct {
	Filer
	left error // why the context ended
}

func (f *slowFiler) WriteReceipt(ctx context.Context, w io.Writer, _ string, _ bool) error {
	for range 20 {
		if _, err := io.WriteString(w, "row"); err != nil {
			return err
		}
		select {
		case <-time.After(25 * time.Second):
		case <-ctx.Done():
			f.left = context.Cause(ctx)
			return ctx.Err()
		}
	}
	return nil
}

// A receipt of many minutes arrives whole as long as it moves.
func TestLongDownload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTestAPI(t)
		id := submitted(t, a, "a.csv", "x")
		slow := &slowFiler{Filer: a.filer}
		conn := serving(t, newTestAPI(t, func(d *Deps) { d.Filer = slow }))
		go func() {
			_, _ = io.WriteString(conn, "GET /api/v1/submissions/"+id+"?all=true HTTP/1.1\r\nHost: localhost\r\n\r\n")
		}()
		start := time.Now()
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil || string(body) != strings.Repeat("row", 20) {
			t.Errorf("%q, %v after %v; %v", body, err, time.Since(start), slow.left)
		}
	})
}

// An upload of many minutes is taken in as long as it moves; one that rests too long is refused and leaves nothing.
func TestLongUpload(t *testing.T) {
	for _, c := range []struct {
		name   string
		rest   time.Duration
		status int
	}{{"moving", 25 * time.Second, http.StatusAccepted}, {"resting", patience + time.Second, http.StatusRequestTimeout}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newTestAPI(t)
				conn := serving(t, a)
				var sender sync.WaitGroup
				sender.Go(func() {
					_, _ = io.WriteString(conn, "POST "+submitURL+" HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 60\r\n\r\n")
					for range 20 {
						<-time.After(c.rest)
						if _, err := io.WriteString(conn, "a,b"); err != nil {
							return
						}
					}
				})
				res, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				if res.StatusCode != c.status || (c.status == 202) != (len(a.filer.order) == 1) {
					t.Errorf("status %d, %d filings, reading ended with %v", res.StatusCode, len(a.filer.order), a.filer.readErr)
				}
				if c.status != 202 && !errors.Is(a.filer.readErr, os.ErrDeadlineExceeded) {
					t.Errorf("reading ended with %v", a.filer.readErr)
				}
				_ = conn.Close()
				sender.Wait()
			})
		})
	}
}

// A form whose end was read again does not shorten the time for the answer.
func TestWaitAfterUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTestAPI(t)
		probe := &restingFiler{Filer: a.filer}
		conn := serving(t, newTestAPI(t, func(d *Deps) { d.Filer = probe }))
		go func() {
			_, _ = io.WriteString(conn, "POST "+submitURL+"&wait=30 HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 4\r\n\r\na,b\n")
		}()
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusAccepted || probe.left != nil {
			t.Errorf("status %d; the caller seemed to have left: %v", res.StatusCode, probe.left)
		}
	})
}

// restingFiler reads behind the end and then takes its time to commit.
type restingFiler struct {
	Filer
	left error
}

func (f *restingFiler) Submit(ctx context.Context, req ingest.Request, r io.Reader) (*ingest.Submission, error) {
	sub, err := f.Filer.Submit(ctx, req, r)
	if n, end := r.Read(make([]byte, 10)); n != 0 || end != io.EOF {
		return nil, errors.New("content behind the end")
	}
	select {
	case <-time.After(patience + 10*time.Second):
	case <-ctx.Done():
		f.left = ctx.Err()
	}
	return sub, err
}

// A caller that leaves ends the wait.
func TestCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTestAPI(t)
		id := submitted(t, a, "a.csv", "x")
		conn := serving(t, a)
		go func() {
			_, _ = io.WriteString(conn, "GET /api/v1/submissions/"+id+"?wait=30 HTTP/1.1\r\nHost: localhost\r\n\r\n")
		}()
		<-time.After(time.Second)
		_ = conn.Close()
		<-time.After(time.Second)
		synctest.Wait()
		a.filer.mu.Lock()
		looked := a.filer.looked
		a.filer.mu.Unlock()
		<-time.After(5 * time.Second)
		a.filer.mu.Lock()
		defer a.filer.mu.Unlock()
		if a.filer.looked != looked {
			t.Errorf("looked %d times after the caller had left", a.filer.looked-looked)
		}
	})
}
