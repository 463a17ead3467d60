package clamd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"gongxin/internal/clamd/clamdtest"
	"gongxin/internal/fault"
)

// eicar is the test file that every scanner finds.
var eicar = clamdtest.EICAR

func newDaemon(t testing.TB, network string) (*clamdtest.Daemon, *Client) {
	t.Helper()
	d := clamdtest.Start(t, network)
	c, err := New(d.Address())
	if err != nil {
		t.Fatal(err)
	}
	return d, c
}

func TestScan(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"unix", "tcp"} {
		_, c := newDaemon(t, network)
		across := append(bytes.Repeat([]byte("a"), part-10), eicar...) // over the edge of two pieces
		for name, tt := range map[string]struct {
			content []byte
			want    string
		}{
			"nothing": {nil, ""}, "clean": {[]byte("%PDF-1.7"), ""}, "one piece": {bytes.Repeat([]byte("b"), part), ""},
			"several": {bytes.Repeat([]byte("c"), 5*part+1), ""}, "found": {eicar, "Eicar-Test-Signature"}, "found across": {across, "Eicar-Test-Signature"},
		} {
			if got, err := c.Scan(t.Context(), bytes.NewReader(tt.content)); got != tt.want || err != nil {
				t.Errorf("%s %s: %q, %v", network, name, got, err)
			}
		}
		if c.Count(Clean) != 4 || c.Count(Found) != 2 || c.Count(Failed) != 0 {
			t.Errorf("%s: counted %d, %d, %d", network, c.Count(Clean), c.Count(Found), c.Count(Failed))
		}
		if c.Name() != "ClamAV 1.4.1/27464" {
			t.Errorf("name %q", c.Name())
		}
		if err := c.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// A file that was not read to its end is never clean.
func TestNotScanned(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*clamdtest.Daemon, *Client){
		"too large":       func(d *clamdtest.Daemon, _ *Client) { d.Most = 1000 },
		"error":           func(d *clamdtest.Daemon, _ *Client) { d.Answer = "stream: Can't allocate memory ERROR\x00" },
		"no answer":       func(d *clamdtest.Daemon, _ *Client) { d.Answer = clamdtest.NoAnswer },
		"half an answer":  func(d *clamdtest.Daemon, _ *Client) { d.Answer = "stream: OK" },
		"another answer":  func(d *clamdtest.Daemon, _ *Client) { d.Answer = "UNKNOWN COMMAND\x00" },
		"an odd answer":   func(d *clamdtest.Daemon, _ *Client) { d.Answer = "stream: perhaps\x00" },
		"found what":      func(d *clamdtest.Daemon, _ *Client) { d.Answer = "stream:  FOUND\x00" },
		"an empty answer": func(d *clamdtest.Daemon, _ *Client) { d.Answer = "\x00" },
		"endless answer":  func(d *clamdtest.Daemon, _ *Client) { d.Answer = strings.Repeat("x", maxAnswer*2) },
		"nobody there":    func(d *clamdtest.Daemon, _ *Client) { _ = d.Close() },
		"silence":         func(d *clamdtest.Daemon, c *Client) { d.Silent, c.Limit = true, 50*time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, c := newDaemon(t, "tcp")
			change(d, c)
			if finding, err := c.Scan(t.Context(), bytes.NewReader(bytes.Repeat([]byte("d"), 20*part))); err == nil {
				t.Errorf("called %q", finding)
			}
			if c.Count(Failed) != 1 || c.Count(Clean) != 0 {
				t.Errorf("counted %d failed, %d clean", c.Count(Failed), c.Count(Clean))
			}
		})
	}
}

type brokenFile struct{}

func (brokenFile) Read([]byte) (int, error) { return 0, errors.New("disk") }

func TestBrokenContentAndCancelled(t *testing.T) {
	t.Parallel()
	_, c := newDaemon(t, "tcp")
	if _, err := c.Scan(t.Context(), io.MultiReader(bytes.NewReader(eicar), brokenFile{})); err == nil || !strings.Contains(err.Error(), "disk") {
		t.Errorf("err = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Scan(ctx, bytes.NewReader(nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]error{
		"unix:/run/clamav/clamd.ctl": nil, "tcp:127.0.0.1:3310": nil, "tcp:10.1.2.3:3310": nil, "tcp:[::1]:3310": nil, "tcp:localhost:3310": nil, "tcp:clamav:3310": nil,
		"": ErrAddress, "unix:": ErrAddress, "unix:clamd.ctl": ErrAddress, "tcp:": ErrAddress, "tcp:3310": ErrAddress, "tcp:127.0.0.1": ErrAddress, "http://127.0.0.1:3310": ErrAddress,
		"tcp:8.8.8.8:3310": ErrOutside, "tcp:[2001:db8::1]:3310": ErrOutside, "tcp:0.0.0.0:3310": ErrOutside,
	} {
		if _, err := New(address); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", address, err, want)
		}
	}
	c, err := New("tcp:localhost:1")
	if err != nil {
		t.Fatal(err)
	}
	c.address = "192.0.2.1:3310" // as when a name points outside
	if _, err := c.Scan(t.Context(), bytes.NewReader(nil)); !errors.Is(err, ErrOutside) || fault.KindOf(err) != fault.Invalid {
		t.Errorf("err = %v", err)
	}
}

// The version is asked for once in a while, not for every file.
func TestVersion(t *testing.T) {
	t.Parallel()
	d, c := newDaemon(t, "tcp")
	if c.Name() != "clamd" {
		t.Errorf("before any scan: %q", c.Name())
	}
	v, err := c.Version(t.Context())
	if err != nil || v.Program != "ClamAV 1.4.1" || v.Signatures != "27464" || v.Day.Format(time.DateOnly) != "2026-11-21" {
		t.Errorf("version %+v, %v", v, err)
	}
	d.Version = "ClamAV 1.4.1"
	if v, err := c.Version(t.Context()); err != nil || v.Signatures != "" || !v.Day.IsZero() {
		t.Errorf("version %+v, %v", v, err)
	}
	d.Version = "something else"
	if _, err := c.Version(t.Context()); !errors.Is(err, ErrAnswer) {
		t.Errorf("err = %v", err)
	}
	if _, err := c.Scan(t.Context(), bytes.NewReader(nil)); err != nil {
		t.Errorf("a scan needs no version: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"stream: OK", "stream: Eicar FOUND", "INSTREAM size limit exceeded. ERROR", "ClamAV 1.4.1/27464/Sat Nov 21 09:29:49 2026", "stream:  FOUND", "", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		finding, err := parseScan(s)
		if err == nil && finding == "" && s != "stream: OK" && !strings.HasSuffix(s, " FOUND") {
			t.Errorf("%q is called clean", s)
		}
		if err == nil && finding == "" && strings.HasSuffix(s, " FOUND") {
			t.Errorf("%q found something and is called clean", s)
		}
		if v, err := parseVersion(s); err == nil && (v.Program == "" || strings.ContainsAny(v.Program, "\n\x00")) {
			t.Errorf("%q gives %+v", s, v)
		}
	})
}
