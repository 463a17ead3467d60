// Package clamdtest is a virus scanner for tests: it speaks clamd's protocol as its manual has it, and finds the EICAR test file.
package clamdtest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
)

// EICAR is the test file that every scanner finds, in two halves so that no scanner finds this source.
var EICAR = []byte(`X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-` + `STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`)

// NoAnswer stands in Daemon.Answer for hanging up without a word.
const NoAnswer = "-"

// Daemon answers commands that begin with z and end with a zero byte. Its fields are set before it is asked.
type Daemon struct {
	Most    int    // StreamMaxLength
	Answer  string // instead of what it would say to a stream; Reply changes it later
	Version string
	Silent  bool // takes everything and says nothing
	Blind   bool // has no signature of the test file
	Lax     bool // calls clean what is beyond its limits, as clamd does without AlertExceedsMax

	mu       sync.Mutex // of Answer
	listener net.Listener
	network  string
}

// Reply changes what it says to the streams that come.
func (d *Daemon) Reply(answer string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Answer = answer
}

func (d *Daemon) answer() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.Answer
}

// Start starts one on a unix socket or on loopback, until the test ends.
func Start(t testing.TB, network string) *Daemon {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "clamd.ctl")
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	d := &Daemon{listener: l, network: network, Most: 1 << 25, Version: "ClamAV 1.4.1/27464/Sat Nov 21 09:29:49 2026"}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go d.serve(conn)
		}
	}()
	return d
}

// Address is where it listens, as the configuration writes it.
func (d *Daemon) Address() string { return d.network + ":" + d.listener.Addr().String() }

// Close ends it.
func (d *Daemon) Close() error { return d.listener.Close() }

func (d *Daemon) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	r := bufio.NewReader(conn)
	command, err := r.ReadString(0)
	if err != nil {
		return
	}
	say := func(s string) { _, _ = io.WriteString(conn, s+"\x00") }
	switch command {
	case "zPING\x00":
		say("PONG")
	case "zVERSION\x00":
		say(d.Version)
	case "zINSTREAM\x00":
		said, whole := d.stream(r)
		switch answer := d.answer(); {
		case d.Silent:
			_, _ = r.ReadByte() // until the other side hangs up
		case answer == NoAnswer:
		case answer != "":
			_, _ = io.WriteString(conn, answer)
		default:
			say(said)
			if tcp, ok := conn.(*net.TCPConn); ok && !whole { // clamd hangs up on the rest, which the kernel answers with a reset
				_ = tcp.SetLinger(0)
			}
		}
	default:
		say("UNKNOWN COMMAND")
	}
}

// stream reads the pieces of a file; false when it stops before their end.
func (d *Daemon) stream(r io.Reader) (string, bool) {
	var all []byte
	for {
		var head [4]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return "", false
		}
		n := int(binary.BigEndian.Uint32(head[:]))
		if n == 0 {
			break
		}
		if len(all)+n > d.Most {
			return "INSTREAM size limit exceeded. ERROR", false
		}
		piece := make([]byte, n)
		if _, err := io.ReadFull(r, piece); err != nil {
			return "", false
		}
		all = append(all, piece...)
	}
	if !d.Blind && bytes.Contains(all, EICAR) {
		return "stream: Eicar-Test-Signature FOUND", true
	}
	if !d.Lax && bytes.Count(all, []byte("PK\x03\x04")) > 100 { // archives in each other
		return "stream: Heuristics.Limits.Exceeded.MaxRecursion FOUND", true
	}
	return "stream: OK", true
}
