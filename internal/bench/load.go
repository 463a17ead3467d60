package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"gongxin/internal/web"
)

// paths gives the address of the next request.
type paths func(*rand.Rand) string

// server answers on loopback until stopped.
type server struct {
	address string
	http    *http.Server
	done    chan error
}

// serve starts a server with the product's bounds on slow clients, which cost the floor the same.
func serve(ctx context.Context, h http.Handler) (*server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{address: listener.Addr().String(), http: web.NewServer("", h, slog.New(slog.DiscardHandler)), done: make(chan error, 1)}
	go func() { s.done <- s.http.Serve(listener) }()
	return s, nil
}

func (s *server) stop() error {
	err := s.http.Close()
	if e := <-s.done; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// client is one keep-alive connection. It reads answers no further than it must, so that the processor is left to the server.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
	host string
}

func dial(ctx context.Context, address string) (*client, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 64<<10), host: address}, nil
}

// get asks and reads the whole answer; gzip is accepted as by every browser.
func (c *client) get(path string) error {
	c.out = append(append(c.out[:0], "GET "...), path...)
	c.out = append(append(append(c.out, " HTTP/1.1\r\nHost: "...), c.host...), "\r\nAccept-Encoding: gzip\r\n\r\n"...)
	if _, err := c.conn.Write(c.out); err != nil {
		return err
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("GET %s: %s", path, bytes.TrimSpace(line))
	}
	length, chunked := -1, false
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if value, ok := header(line, "Content-Length"); ok {
			if length, err = strconv.Atoi(value); err != nil {
				return err
			}
		}
		if value, ok := header(line, "Transfer-Encoding"); ok {
			chunked = value == "chunked"
		}
	}
	if !chunked {
		_, err = c.in.Discard(max(length, 0))
		return err
	}
	return c.chunks()
}

// header gives the value of a header line of that name, as net/http writes it.
func header(line []byte, name string) (string, bool) {
	if len(line) <= len(name)+2 || line[len(name)] != ':' || string(line[:len(name)]) != name {
		return "", false
	}
	return string(line[len(name)+2:]), true
}

func (c *client) chunks() error {
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseUint(string(bytes.TrimRight(line, "\r\n")), 16, 31)
		if err != nil {
			return err
		}
		if _, err := c.in.Discard(int(n) + 2); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
	}
}

// pace is the mean time between the requests of one client, which come at random as those of many people do; 0 = at once after each answer.
type pace time.Duration

// next draws the time to the next request.
func (p pace) next(r *rand.Rand) time.Duration { return time.Duration(r.ExpFloat64() * float64(p)) }

// drive lets clients ask for a while, each at least once, and gives every request's time. At a pace, a request that could not leave in time because the one before
// was still running counts from when it was due: who queues waits too. What the generator itself is late does not count.
func drive(ctx context.Context, address string, clients int, d time.Duration, p pace, next paths) ([]time.Duration, time.Duration, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	samples, errs := make([][]time.Duration, clients), make([]error, clients)
	var wg sync.WaitGroup
	conns := make([]*client, clients)
	for i := range conns {
		c, err := dial(ctx, address)
		if err != nil {
			return nil, 0, err
		}
		defer func() { _ = c.conn.Close() }()
		conns[i] = c
	}
	began := time.Now()
	for i, c := range conns {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), uint64(d)))
			if samples[i], errs[i] = c.drive(ctx, began, d, p, next, r); errs[i] != nil {
				cancel()
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	var all []time.Duration
	for _, s := range samples {
		all = append(all, s...)
	}
	return all, took, errors.Join(errs...)
}

func (c *client) drive(ctx context.Context, began time.Time, d time.Duration, p pace, next paths, r *rand.Rand) ([]time.Duration, error) {
	var out []time.Duration
	due := began.Add(p.next(r))
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		path := next(r)
		start := time.Now()
		if p > 0 {
			if due.Sub(began) >= d && len(out) > 0 {
				break
			}
			if wait := due.Sub(start); wait > 0 {
				timer.Reset(wait)
				select {
				case <-timer.C:
				case <-ctx.Done():
					return out, nil
				}
				start = time.Now()
			} else {
				start = due
			}
			due = due.Add(p.next(r))
		}
		if start.Sub(began) >= d && len(out) > 0 {
			break
		}
		if err := c.get(path); err != nil {
			if errors.Is(err, io.EOF) || ctx.Err() == nil {
				return out, err
			}
			return out, nil
		}
		out = append(out, time.Since(start))
	}
	return out, nil
}

// rounds is how often product and floor take turns, so that a slow moment of the machine meets both.
const rounds = 2

// compare measures the product against its floor over HTTP: at full load with each number of connections, then at half of the best rate. The floor's
// addresses may be other ones.
func (r *runner) compare(ctx context.Context, product, floor http.Handler, next, floorNext paths) (HTTPFigures, error) {
	var out HTTPFigures
	servers := [2]*server{}
	for i, h := range []http.Handler{product, floor} {
		s, err := serve(ctx, h)
		if err != nil {
			return out, err
		}
		defer func() { _ = s.stop() }()
		servers[i] = s
	}
	both := func(clients int, span time.Duration, p pace) (l [2]Latency, err error) {
		var samples [2][]time.Duration
		var took [2]time.Duration
		for round := range 1 + rounds {
			for i, n := range []paths{next, floorNext} {
				d := span / rounds
				if round == 0 {
					d = span / 5 // warming up
				}
				s, t, err := drive(ctx, servers[i].address, clients, d, p, n)
				if err != nil {
					return l, err
				}
				if round > 0 {
					samples[i], took[i] = append(samples[i], s...), took[i]+t
				}
			}
		}
		for i := range l {
			l[i] = latency(samples[i], took[i])
		}
		return l, nil
	}
	for _, n := range r.Clients {
		l, err := both(n, r.span(1), 0)
		if err != nil {
			return out, err
		}
		out.Loads = append(out.Loads, Load{n, l[0], l[1], l[0].PerSecond / max(l[1].PerSecond, 1e-9)})
	}
	// More connections than requests under way: whoever comes meets the server, not the queue of one connection.
	clients, rate := slices.Max(r.Clients), out.best().Product.PerSecond/2
	l, err := both(clients, r.span(1), pace(float64(time.Second)*float64(clients)/max(rate, 1e-3)))
	out.Half = Half{clients, rate, l[0], l[1]}
	return out, err
}

// alone measures one connection at full load.
func (r *runner) alone(ctx context.Context, h http.Handler, span time.Duration, next paths) (Latency, error) {
	s, err := serve(ctx, h)
	if err != nil {
		return Latency{}, err
	}
	defer func() { _ = s.stop() }()
	if _, _, err := drive(ctx, s.address, 1, span/5, 0, next); err != nil {
		return Latency{}, err
	}
	samples, took, err := drive(ctx, s.address, 1, span, 0, next)
	return latency(samples, took), err
}

// direct measures calls within the process, one after the other, after warming up for a fifth of the time. At least a few calls are made however slow
// they are.
func direct(ctx context.Context, span time.Duration, f func(*rand.Rand) error) (Latency, error) {
	const least = 5
	r := rand.New(rand.NewPCG(7, uint64(span)))
	for began, n := time.Now(), 0; n < 1 || time.Since(began) < span/5; n++ {
		if err := errors.Join(ctx.Err(), f(r)); err != nil {
			return Latency{}, err
		}
	}
	var samples []time.Duration
	began := time.Now()
	for len(samples) < least || time.Since(began) < span {
		start := time.Now()
		if err := errors.Join(ctx.Err(), f(r)); err != nil {
			return Latency{}, err
		}
		samples = append(samples, time.Since(start))
	}
	return latency(samples, time.Since(began)), nil
}
