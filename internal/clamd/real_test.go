package clamd

import (
	"bytes"
	"crypto/md5" // what signatures of clamd are made of
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// realDaemon starts the operator's own clamd with signatures made by hand, on a socket of its own, until the test ends.
func realDaemon(t *testing.T, more string) *Client {
	t.Helper()
	program, err := exec.LookPath("clamd")
	if err != nil { // few users have it on their path
		program, err = exec.LookPath("/usr/sbin/clamd")
	}
	if err != nil {
		if os.Getenv("GONGXIN_TEST_CLAMD") == "required" {
			t.Fatal("there is no clamd")
		}
		t.Skip("there is no clamd on this machine")
	}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	sum := md5.Sum(eicar)
	for name, text := range map[string]string{
		"db/test.hdb": fmt.Sprintf("%x:%d:Eicar-Test-Signature\n", sum, len(eicar)),
		"db/test.ndb": "Eicar-Within:0:*:" + hex.EncodeToString(eicar) + "\n",
		"clamd.conf":  "LocalSocket " + at("s") + "\nDatabaseDirectory " + at("db") + "\nTemporaryDirectory " + dir + "\nForeground yes\nStreamMaxLength 25M\n" + more,
	} {
		if err := os.MkdirAll(filepath.Dir(at(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), program, "--config-file="+at("clamd.conf"))
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	c, err := New("unix:" + at("s"))
	if err != nil {
		t.Fatal(err)
	}
	for tick, end := time.Tick(50*time.Millisecond), time.After(time.Minute); c.Ping(t.Context()) != nil; {
		select {
		case <-tick:
		case <-end:
			t.Fatalf("clamd does not answer: %s", said.Bytes())
		}
	}
	return c
}

// What the double of the tests says is what ClamAV's own daemon says.
func TestRealDaemon(t *testing.T) {
	t.Parallel()
	c := realDaemon(t, "")
	v, err := c.Version(t.Context())
	if err != nil || !strings.HasPrefix(v.Program, "ClamAV ") {
		t.Errorf("%+v, %v", v, err)
	}
	across := append(bytes.Repeat([]byte("a"), part-10), eicar...)
	for name, tt := range map[string]struct {
		content []byte
		found   bool
	}{
		"nothing": {nil, false}, "clean": {[]byte("%PDF-1.7\n%%EOF"), false}, "alone": {eicar, true}, "across two pieces": {across, true},
		"within a PDF": {append([]byte("%PDF-1.7\n"), eicar...), true}, "20 MB": {bytes.Repeat([]byte("b"), 20<<20), false},
	} {
		if finding, err := c.Scan(t.Context(), bytes.NewReader(tt.content)); err != nil || (finding != "") != tt.found || tt.found && !strings.Contains(finding, "Eicar") {
			t.Errorf("%s: %q, %v", name, finding, err)
		}
	}
	if _, err := c.Scan(t.Context(), io.LimitReader(endless{}, 30<<20)); err == nil {
		t.Error("more than the daemon reads is called clean")
	}
	var wg sync.WaitGroup
	for i := range 40 { // more at once than it has threads
		wg.Go(func() {
			content := fmt.Appendf(nil, "%d %s", i, map[bool][]byte{true: eicar}[i%2 == 0])
			if finding, err := c.Scan(t.Context(), bytes.NewReader(content)); err != nil || (finding != "") != (i%2 == 0) {
				t.Errorf("%d: %q, %v", i, finding, err)
			}
		})
	}
	wg.Wait()
	if err := c.Probe(t.Context()); !errors.Is(err, ErrLax) {
		t.Errorf("limits that are passed over in silence: %v", err)
	}
}

// A daemon that says when it left off is one that can be believed.
func TestRealDaemonThatSaysWhenItLeftOff(t *testing.T) {
	t.Parallel()
	c := realDaemon(t, "AlertExceedsMax yes\n")
	if err := c.Probe(t.Context()); err != nil {
		t.Error(err)
	}
	deep, err := archives(deepest)
	if err != nil {
		t.Fatal(err)
	}
	if finding, err := c.Scan(t.Context(), bytes.NewReader(deep)); err != nil || !strings.Contains(finding, "Limits.Exceeded") {
		t.Errorf("%q, %v", finding, err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { clear(p); return len(p), nil }
