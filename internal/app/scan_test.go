package app

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gongxin/internal/clamd/clamdtest"
	"gongxin/internal/clock"
	"gongxin/internal/config"
	"gongxin/internal/flow"
)

// What people upload is kept only when the operator's scanner has read it, and not at all when it does not answer.
func TestUploadsAreScanned(t *testing.T) {
	t.Parallel()
	ctx, scanner := context.Background(), clamdtest.Start(t, "unix")
	c := config.Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Scan: config.Scan{Address: scanner.Address()}}
	c.Database = filepath.Join(c.Data, "s.db")
	a, err := Open(ctx, c, Options{Clock: clock.NewManual(time.Date(2026, 3, 12, 10, 0, 0, 0, clock.Zone))}, true)
	must(t, err)
	t.Cleanup(func() { _ = a.Close() })
	pdf := []byte("%PDF-1.7\n%%EOF")
	bad := append(bytes.Clone(pdf), clamdtest.EICAR...)
	ways := map[string]func(content []byte) (string, error){
		"attachment": func(content []byte) (string, error) {
			got, err := a.Procedures.Flow.Attach(ctx, "营业执照", bytes.NewReader(content))
			return got.Scan, err
		},
		"evidence": func(content []byte) (string, error) {
			_, err := evidence{a.blobs, a.scan()}.Put(ctx, bytes.NewReader(content), 1<<20)
			return a.scan().Name(), err
		},
	}
	for name, put := range ways {
		if by, err := put(pdf); err != nil || by != "ClamAV 1.4.1/27464" {
			t.Errorf("%s: %q, %v", name, by, err)
		}
		kept := files(t, filepath.Join(c.Data, "blobs"))
		if _, err := put(bad); !errors.Is(err, flow.ErrFileBad) {
			t.Errorf("%s with a virus: %v", name, err)
		}
		scanner.Reply(clamdtest.NoAnswer)
		if _, err := put(pdf); !errors.Is(err, flow.ErrFileScan) {
			t.Errorf("%s without an answer: %v", name, err)
		}
		if scanner.Reply(""); files(t, filepath.Join(c.Data, "blobs")) != kept {
			t.Errorf("%s: what was refused was kept", name)
		}
	}
	must(t, scanner.Close())
	for name, put := range ways {
		if _, err := put(pdf); !errors.Is(err, flow.ErrFileScan) {
			t.Errorf("%s without a scanner: %v", name, err)
		}
	}
	text := ask(a.metrics(), "/metrics").Body.String()
	for _, want := range []string{`gongxin_scanned_files_total{outcome="clean"} 2`, `gongxin_scanned_files_total{outcome="found"} 2`, `gongxin_scanned_files_total{outcome="failed"} 4`} {
		if !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("the figures lack %s", want)
		}
	}
}
