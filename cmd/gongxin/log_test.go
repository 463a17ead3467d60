package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/translog"
	"gongxin/internal/verify"
)

// A log of one installation, as its own commands and a stranger's see it.
func TestLogCommands(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	env := func() (*Env, *bytes.Buffer) {
		var out bytes.Buffer
		return &Env{Context: t.Context(), CLI: &CLI{Data: data}, Out: &out, Msg: &bytes.Buffer{}}, &out
	}
	e, _ := env()
	if err := (&LogKeyCmd{}).Run(e); fault.KindOf(err) != fault.NotFound {
		t.Errorf("keys of no log: %v", err)
	}
	a := openAt(t, e)
	l, err := translog.Open(t.Context(), translog.Config{
		DB: a, Dir: filepath.Join(data, "log"), Keys: filepath.Join(data, "keys"), Origin: translog.Origin(""), Clock: clock.System{},
		CheckpointEvery: 100 * time.Millisecond, SetEvery: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	outbox := int64(1) << 40
	if err := a.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return translog.Queue(ctx, tx, outbox, "act", []translog.Leaf{{1}, {2}}, time.Now().UnixMicro())
	}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = l.Run(ctx, nil) }()
	proof := proofOf(t, l, outbox)
	stop()
	<-done

	e, out := env()
	if err := (&LogKeyCmd{}).Run(e); err != nil || strings.Count(out.String(), "\n") != 2 {
		t.Errorf("keys: %v %s", err, out)
	}
	keys := filepath.Join(data, "public.txt")
	write(t, keys, out.Bytes())
	e, out = env()
	if err := (&LogStatusCmd{}).Run(e); err != nil || !strings.Contains(out.String(), "公示：正常") {
		t.Errorf("status: %v %s", err, out)
	}
	state := filepath.Join(data, "state.json")
	for _, c := range []*LogVerifyCmd{{State: state}, {State: state}, {State: state, Quick: true}, {Place: filepath.Join(data, "log"), Key: []string{keys}}} {
		e, out = env()
		if err := c.Run(e); err != nil || !strings.Contains(out.String(), "已证明") {
			t.Errorf("%+v: %v\n%s", c, err, out)
		}
	}
	if !strings.Contains(out.String(), "与签名检查点一致") {
		t.Errorf("said: %s", out)
	}
	file := filepath.Join(data, "proof.json")
	write(t, file, proof)
	e, out = env()
	if err := (&LogVerifyCmd{Proof: file}).Run(e); err != nil || !strings.Contains(out.String(), "已证明") {
		t.Errorf("proof: %v %s", err, out)
	}
	write(t, file, bytes.Replace(proof, []byte(`"index":`), []byte(`"index":1`), 1))
	e, out = env()
	var p printed
	if err := (&LogVerifyCmd{Proof: file}).Run(e); !errors.As(err, &p) || !strings.Contains(out.String(), "不符") {
		t.Errorf("a broken proof: %v %s", err, out)
	}
	// The two leaves belong to no row: the auditor names them.
	e, out = env()
	if err := (&LogVerifyCmd{Rows: true}).Run(e); err == nil || !strings.Contains(out.String(), "audit_act 中有一行已被删除") {
		t.Errorf("rows: %v %s", err, out)
	}
	e, _ = env()
	if err := (&LogVerifyCmd{Key: []string{"nonsense"}}).Run(e); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a key that is none: %v", err)
	}
}

func openAt(t *testing.T, e *Env) *db.DB {
	t.Helper()
	d, err := db.Open(e, filepath.Join(e.CLI.Data, "gongxin.db"), db.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if err := d.Migrate(e); err != nil {
		t.Fatal(err)
	}
	return d
}

// proofOf waits until an event is in the log and gives the file of its proof.
func proofOf(t *testing.T, l *translog.Log, outbox int64) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		p, err := l.ProveRecord(ctx, translog.Location{Event: outbox, Position: 1})
		if err == nil {
			raw, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			k, err := verify.ParseKeys(l.Verifiers()...)
			if err != nil {
				t.Fatal(err)
			}
			if r := verify.Proof(raw, k); !r.OK() {
				t.Fatalf("%+v", r.Failures)
			}
			return raw
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-tick.C:
		}
	}
}

func write(t *testing.T, file string, raw []byte) {
	t.Helper()
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}
