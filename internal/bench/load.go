package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
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

// bodies gives the body of the next request; none asks by GET.
type bodies func(*rand.Rand) string

// server answers on loopback until stopped.
type server struct {
	address string
	plain   bool     // clients do not say that they accept gzip
	lines   []string // of each client in turn: further lines in the head of every request, each with its end
	http    *http.Server
	done    chan error
}

// serve starts a server with the product's bounds on slow clients, which cost the floor the same.
func serve(ctx context.Context, x side) (*server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{
		address: listener.Addr().String(), plain: x.plain, lines: x.lines, http: web.NewServer("", x.handler, slog.New(slog.DiscardHandler)), done: make(chan error, 1),
	}
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
	head string // of every request, behind the path
}

// dial opens the connection of the nth client.
func dial(ctx context.Context, to *server, n int) (*client, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", to.address)
	if err != nil {
		return nil, err
	}
	head := " HTTP/1.1\r\nHost: " + to.address + "\r\n"
	if !to.plain {
		head += "Accept-Encoding: gzip\r\n"
	}
	if len(to.lines) > 0 {
		head += to.lines[n%len(to.lines)]
	}
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 64<<10), head: head}, nil
}

// get asks and reads the whole answer.
func (c *client) get(path string) error {
	c.out = append(append(append(append(c.out[:0], "GET "...), path...), c.head...), "\r\n"...)
	return c.answer("GET " + path)
}

// post sends JSON and reads the whole answer.
func (c *client) post(path, body string) error {
	c.out = append(append(append(c.out[:0], "POST "...), path...), c.head...)
	c.out = append(c.out, "Content-Type: application/json\r\nContent-Length: "...)
	c.out = append(strconv.AppendInt(c.out, int64(len(body)), 10), "\r\n\r\n"...)
	c.out = append(c.out, body...)
	return c.answer("POST " + path)
}

// answer sends what is written and reads the whole answer, which must be a success.
func (c *client) answer(what string) error {
	if _, err := c.conn.Write(c.out); err != nil {
		return err
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 20")) {
		return fmt.Errorf("%s: %s", what, bytes.TrimSpace(line))
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

// traffic is what a group of clients asks.
type traffic struct {
	to      *server
	clients int
	span    time.Duration
	pace    pace
	next    paths
	body    bodies
}

// drive lets clients ask for a while, each at least once, and gives every request's time. At a pace, a request that could not leave in time because
// the one before was still running counts from when it was due: who queues waits too. What the generator itself is late does not count.
func drive(ctx context.Context, t traffic) ([]time.Duration, time.Duration, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	samples, errs := make([][]time.Duration, t.clients), make([]error, t.clients)
	conns := make([]*client, t.clients)
	for i := range conns {
		c, err := dial(ctx, t.to, i)
		if err != nil {
			return nil, 0, err
		}
		defer func() { _ = c.conn.Close() }()
		conns[i] = c
	}
	var wg sync.WaitGroup
	began := time.Now()
	for i, c := range conns {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), uint64(t.span)))
			if samples[i], errs[i] = c.drive(ctx, began, t, r); errs[i] != nil {
				cancel()
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	return slices.Concat(samples...), took, errors.Join(errs...)
}

func (c *client) drive(ctx context.Context, began time.Time, t traffic, r *rand.Rand) (out []time.Duration, err error) {
	due := began.Add(t.pace.next(r))
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		path, body := t.next(r), ""
		if t.body != nil {
			body = t.body(r)
		}
		start := time.Now()
		if t.pace > 0 {
			if due.Sub(began) >= t.span && len(out) > 0 {
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
			due = due.Add(t.pace.next(r))
		} else if start.Sub(began) >= t.span && len(out) > 0 {
			break
		}
		var err error
		if t.body == nil {
			err = c.get(path)
		} else {
			err = c.post(path, body)
		}
		if err != nil {
			if ctx.Err() != nil { // another client failed first
				return out, nil
			}
			return out, err
		}
		out = append(out, time.Since(start))
	}
	return out, nil
}

// rounds is how often product and floor take turns, so that a slow moment of the machine meets both.
const rounds = 2

// side is the product or its floor: a handler and what it is asked.
type side struct {
	handler http.Handler
	next    paths
	plain   bool
	body    bodies   // none = GET
	lines   []string // of each client in turn: further lines in the head of every request, each with its end
}

// compare measures the product against its floor over HTTP: at full load with each number of connections, then at half of the best rate.
func (r *runner) compare(ctx context.Context, product, floor side) (HTTPFigures, error) {
	return r.compareAll(ctx, product, floor, true)
}

// compareLoads measures at full load alone.
func (r *runner) compareLoads(ctx context.Context, product, floor side) (HTTPFigures, error) {
	return r.compareAll(ctx, product, floor, false)
}

func (r *runner) compareAll(ctx context.Context, product, floor side, half bool) (out HTTPFigures, err error) {
	var to [2]traffic
	for i, x := range []side{product, floor} {
		s, err := serve(ctx, x)
		if err != nil {
			return out, err
		}
		defer func() { _ = s.stop() }()
		to[i] = traffic{to: s, next: x.next, body: x.body}
	}
	for _, n := range r.Clients {
		l, err := r.inTurn(ctx, to, n, 0)
		if err != nil {
			return out, err
		}
		out.Loads = append(out.Loads, Load{n, l[0], l[1], l[0].PerSecond / max(l[1].PerSecond, 1e-9)})
	}
	if !half {
		return out, nil
	}
	// More connections than requests under way: whoever comes meets the server, not the queue of one connection.
	clients, rate := slices.Max(r.Clients), out.best().Product.PerSecond/2
	l, err := r.inTurn(ctx, to, clients, pace(float64(time.Second)*float64(clients)/max(rate, 1e-3)))
	out.Half = Half{clients, rate, l[0], l[1]}
	return out, err
}

// inTurn measures product and floor, each for the span of one measurement, after warming both up.
func (r *runner) inTurn(ctx context.Context, to [2]traffic, clients int, p pace) (l [2]Latency, err error) {
	var samples [2][]time.Duration
	var took [2]time.Duration
	for round := range 1 + rounds {
		for i, t := range to {
			t.clients, t.pace, t.span = clients, p, r.span(1)/rounds
			if round == 0 {
				t.span = r.span(warming)
			}
			s, d, err := drive(ctx, t)
			if err != nil {
				return l, err
			}
			if round > 0 {
				samples[i], took[i] = append(samples[i], s...), took[i]+d
			}
		}
	}
	for i := range l {
		l[i] = latency(samples[i], took[i])
	}
	return l, nil
}

// warming is the share of a measurement that goes before it and does not count.
const warming = 0.2

// alone measures one connection at full load.
func (r *runner) alone(ctx context.Context, x side, share float64) (Latency, error) {
	s, err := serve(ctx, x)
	if err != nil {
		return Latency{}, err
	}
	defer func() { _ = s.stop() }()
	t := traffic{to: s, clients: 1, span: r.span(share * warming), next: x.next, body: x.body}
	if _, _, err := drive(ctx, t); err != nil {
		return Latency{}, err
	}
	t.span = r.span(share)
	samples, took, err := drive(ctx, t)
	return latency(samples, took), err
}

// direct measures calls within the process, one after the other, after warming up. At least a few calls are made however slow they are.
func direct(ctx context.Context, span time.Duration, f func(*rand.Rand) error) (Latency, error) {
	const least = 5
	r := rand.New(rand.NewPCG(7, uint64(span)))
	for began, n := time.Now(), 0; n < 1 || time.Since(began).Seconds() < warming*span.Seconds(); n++ {
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
