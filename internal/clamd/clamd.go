// Package clamd keeps the rule that a file is called clean only when a virus scanner has read it to its end and said so: a scanner that cannot be
// reached, breaks off or answers what nobody understands has not scanned. It speaks the INSTREAM command of ClamAV's clamd.
//
// What is sent are files of citizens in clear, so it goes to a unix socket, to this machine or to an address of a private network, and nowhere else; the
// address is checked when the connection is made, after the name was resolved.
package clamd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/fault"
)

// Defaults of Client.
const (
	DefaultDial = 5 * time.Second
	DefaultScan = time.Minute
	atOnce      = 8                // scans side by side: clamd's own MaxThreads is 10
	versionAge  = 10 * time.Minute // how long the version of the signatures is believed
	maxAnswer   = 4 << 10
)

// Faults of the scanner.
var (
	ErrAddress = fault.New(fault.Invalid, "clamd.address", "病毒检查服务的地址无效", "写 unix:/run/clamav/clamd.ctl 或者 tcp:127.0.0.1:3310；只能是本机或者内部网络的地址")
	ErrOutside = fault.New(fault.Invalid, "clamd.outside", "病毒检查服务的地址不在本机或者内部网络", "检查的文件不加密传送，请改用本机或者内部网络的地址")
	ErrAnswer  = fault.New(fault.Unavailable, "clamd.answer", "病毒检查服务的回答不完整或者无法理解", "请检查 clamd 的日志")
	ErrScan    = fault.New(fault.Unavailable, "clamd.scan", "病毒检查服务没有查完这个文件", "请检查 clamd 的日志，以及 StreamMaxLength 是否不小于 25M")
)

// Client asks a clamd. It is safe for concurrent use; each scan is a connection of its own.
type Client struct {
	network, address string

	Dial  time.Duration // to connect; DefaultDial when zero
	Limit time.Duration // for a scan; DefaultScan when zero
	Clock clock.Clock   // nil = the machine's

	slots   chan struct{}
	counts  [3]atomic.Int64
	mu      sync.Mutex
	version Version
	at      time.Time
}

// New makes a client for an address: "unix:/path", or "tcp:host:port".
func New(address string) (*Client, error) {
	network, rest, _ := strings.Cut(address, ":")
	switch network {
	case "unix":
		if !filepath.IsAbs(rest) {
			return nil, ErrAddress
		}
	case "tcp":
		host, port, err := net.SplitHostPort(rest)
		if err != nil || host == "" || port == "" {
			return nil, ErrAddress
		}
		if ip, err := netip.ParseAddr(host); err == nil && !inner(ip) {
			return nil, ErrOutside
		}
	default:
		return nil, ErrAddress
	}
	return &Client{network: network, address: rest, slots: make(chan struct{}, atOnce)}, nil
}

// inner reports whether an address is of this machine or of a private network.
func inner(ip netip.Addr) bool { return ip.IsLoopback() || ip.IsPrivate() }

// Outcome is how a scan ended.
type Outcome int

// The outcomes.
const (
	Clean Outcome = iota
	Found
	Failed
)

// Count gives how many scans of this process ended so.
func (c *Client) Count(o Outcome) int64 { return c.counts[o].Load() }

// Scan reads content to its end and gives what the scanner found; "" is clean. An error means that it was not scanned.
func (c *Client) Scan(ctx context.Context, content io.Reader) (finding string, err error) {
	defer func() {
		switch {
		case err != nil:
			c.counts[Failed].Add(1)
		case finding != "":
			c.counts[Found].Add(1)
		default:
			c.counts[Clean].Add(1)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, or(c.Limit, DefaultScan))
	defer cancel()
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return "", fmt.Errorf("clamd: %w", ctx.Err())
	}
	answer, err := c.ask(ctx, "INSTREAM", content)
	if err != nil {
		return "", err
	}
	if finding, err = parseScan(answer); err != nil {
		return "", err
	}
	c.refresh(ctx)
	return finding, nil
}

// Ping asks whether the scanner is there.
func (c *Client) Ping(ctx context.Context) error {
	answer, err := c.ask(ctx, "PING", nil)
	if err == nil && answer != "PONG" {
		err = ErrAnswer
	}
	return err
}

// Version is what a scanner says it is.
type Version struct {
	Program    string    // ClamAV 1.4.1
	Signatures string    // 27464
	Day        time.Time // of the signatures, in UTC; zero when the scanner has none
}

// Version asks for the version of program and signatures.
func (c *Client) Version(ctx context.Context) (Version, error) {
	answer, err := c.ask(ctx, "VERSION", nil)
	if err != nil {
		return Version{}, err
	}
	return parseVersion(answer)
}

// Name names the scanner and its signatures as they were at one of the latest scans.
func (c *Client) Name() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.version.Program == "":
		return "clamd"
	case c.version.Signatures == "":
		return c.version.Program
	}
	return c.version.Program + "/" + c.version.Signatures
}

// refresh asks for the version when the known one is old. Without an answer the old one stays: what was scanned was scanned.
func (c *Client) refresh(ctx context.Context) {
	now := c.now()
	c.mu.Lock()
	fresh := !c.at.IsZero() && now.Sub(c.at) < versionAge
	c.mu.Unlock()
	if fresh {
		return
	}
	v, err := c.Version(ctx)
	if err != nil {
		return
	}
	c.mu.Lock()
	c.version, c.at = v, now
	c.mu.Unlock()
}

func (c *Client) now() time.Time {
	if c.Clock != nil {
		return c.Clock.Now()
	}
	return clock.System{}.Now()
}

// ask sends one command, with content in parts where there is some, and gives the answer without its end.
func (c *Client) ask(ctx context.Context, command string, content io.Reader) (string, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // a deadline of ctx ends reads and writes too
	defer stop()
	broken := func(err error) error {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return fmt.Errorf("clamd: %s: %w", strings.ToLower(command), err)
	}
	sent := send(conn, command, content)
	var bad *contentError
	if errors.As(sent, &bad) {
		return "", broken(bad.err)
	}
	answer, err := read(conn) // also after a broken sending: clamd answers before it hangs up on a file that is too large
	switch {
	case answer != "" && err == nil:
		return answer, nil
	case sent != nil:
		return "", broken(sent)
	case err != nil:
		return "", broken(err)
	}
	return "", ErrAnswer
}

func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	d := net.Dialer{Timeout: or(c.Dial, DefaultDial)}
	if c.network == "tcp" {
		d.Control = func(_, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil || !inner(at.Addr().Unmap()) {
				return ErrOutside
			}
			return nil
		}
	}
	conn, err := d.DialContext(ctx, c.network, c.address)
	if errors.Is(err, ErrOutside) {
		return nil, ErrOutside
	}
	if err != nil {
		return nil, fmt.Errorf("clamd: connect: %w", err)
	}
	return conn, nil
}

func or(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}
