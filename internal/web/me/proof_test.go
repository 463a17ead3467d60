package me

import (
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/catalog"
	"gongxin/internal/db"
	"gongxin/internal/identity"
	"gongxin/internal/record"
	"gongxin/internal/translog"
	"gongxin/internal/verify"
)

// prove starts a log over what is on file, until everything is in it under two roots, and gives its public keys.
func (w *world) prove(t *testing.T) *verify.Keys {
	t.Helper()
	dir := t.TempDir()
	var err error
	w.proofs, err = translog.Open(ctx, translog.Config{
		DB: w.db, Dir: filepath.Join(dir, "log"), Keys: filepath.Join(dir, "keys"), Origin: translog.Origin("990100"), Clock: w.clock,
		CheckpointEvery: 100 * time.Millisecond, SetEvery: time.Millisecond,
	})
	must(t, err)
	run, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- w.proofs.Run(run, nil) }()
	t.Cleanup(func() {
		stop()
		<-done
		must(t, w.proofs.Close())
	})
	for range 2 {
		w.clock.Set(w.clock.Now().Add(2 * time.Minute))
		must(t, w.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			return w.log.WriteAct(ctx, tx, audit.Act{At: w.clock.Now(), Who: audit.Who{Kind: "local"}, Action: "test"})
		}))
		w.settled(t)
	}
	k, err := verify.ParseKeys(w.proofs.Verifiers()...)
	must(t, err)
	return k
}

// settled waits until nothing waits and the newest root covers everything.
func (w *world) settled(t *testing.T) {
	t.Helper()
	wait, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		s, err := w.proofs.Status(wait)
		must(t, err)
		var highest int64
		must(t, w.db.Read().QueryRowContext(wait, `SELECT coalesce(max(log_index + n), 0) FROM log_sequence`).Scan(&highest))
		if s.Pending == 0 && s.SetCovered >= highest && s.Checkpoint == s.Size && highest > 0 {
			return
		}
		select {
		case <-wait.Done():
			t.Fatalf("not settled: %+v, %d", s, highest)
		case <-tick.C:
		}
	}
}

// holds verifies a bundle and gives what is proven.
func holds(t *testing.T, k *verify.Keys, bundle string) (*verify.Result, string) {
	t.Helper()
	r := verify.File([]byte(bundle), k, "")
	if !r.OK() {
		t.Fatalf("the bundle does not hold: %+v", r.Failures)
	}
	return r, strings.Join(r.Proven, "\n")
}

// TestProofBundle: a subject takes away the proof of all its records or of one item's, logged like any reading of the file.
func TestProofBundle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, none, zhang := w.agent(t, "agent", uscc(1)), w.agent(t, "second", uscc(2)), w.resident(t, "zhang")
	k := w.prove(t)
	wantText(t, b.get(t, "/me/proof", http.StatusOK), "下载证明包", "全部事项", "交给谁，谁就能看到", "证明不了什么")

	before := len(w.entries(t, w.firm))
	r, said := holds(t, k, b.get(t, "/me/proof/bundle.json", http.StatusOK))
	all, err := w.records.OfSubject(ctx, record.Query{Subject: w.firm})
	must(t, err)
	if len(r.Versions) != len(all)+1 || !strings.Contains(said, "所列即全部") { // one is withdrawn: two versions
		t.Errorf("%d versions of %d records: %s", len(r.Versions), len(all), said)
	}
	for _, v := range r.Versions {
		if !v.Opened || v.Record == "" || v.At == 0 {
			t.Errorf("a version came without its content: %+v", v)
		}
	}
	entries := w.entries(t, w.firm)
	if len(entries) != before+1 || entries[0].What != audit.Own || len(entries[0].Records) != len(all) {
		t.Errorf("%d entries for one bundle", len(entries)-before)
	}

	_, said = holds(t, k, b.get(t, "/me/proof/bundle.json?item=XZCF&asOf=2026-11-17", http.StatusOK))
	if !strings.Contains(said, "事项 XZCF共 6 个版本") || !strings.Contains(said, "截至日志位置") {
		t.Errorf("one item: %s", said)
	}
	if _, said = holds(t, k, none.get(t, "/me/proof/bundle.json?item=XZCF", http.StatusOK)); !strings.Contains(said, "没有任何") {
		t.Errorf("nothing on file: %s", said)
	}
	person1 := zhang.get(t, "/me/proof/bundle.json", http.StatusOK)
	if _, said = holds(t, k, person1); strings.Contains(person1, number1) || strings.Contains(person1, person) || !strings.Contains(said, "所列即全部") {
		t.Error("a person's name or number stands in the bundle in clear")
	}
}

// TestProofRefused: nobody takes away another's proof, and what is asked wrongly is explained.
func TestProofRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, nobody := w.agent(t, "agent", uscc(1)), w.open(t, identity.BusinessAccount, "nobody")
	w.prove(t)
	other := "of=" + strconv.FormatInt(w.second, 10)
	for path, want := range map[string]int{
		"/me/proof/bundle.json?" + other: http.StatusNotFound, "/me/proof?" + other: http.StatusNotFound, "/me/proof/bundle.json?item=NONE": http.StatusNotFound,
		"/me/proof/bundle.json?asOf=x": http.StatusBadRequest, "/me/proof/bundle.json?asOf=2026-11-18": http.StatusBadRequest, "/me/proof/bundle.json?asOf=2099-01-01": http.StatusBadRequest,
	} {
		before := len(w.entries(t, w.firm))
		page := b.get(t, path, want)
		if strings.Contains(page, "gongxin/bundle/1") || len(w.entries(t, w.firm)) != before {
			t.Errorf("%s gives or logs something", path)
		}
	}
	nobody.get(t, "/me/proof/bundle.json", http.StatusForbidden)
	if n := len(w.entries(t, w.second)); n != 0 {
		t.Errorf("%d entries about another", n)
	}
}

// TestProofKeepsMasked: a version in which something stands in clear that its own subject is shown masked only is proven without its content.
func TestProofKeepsMasked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.agent(t, "second", uscc(2))
	item, _ := catalog.Default().Item("XZCF")
	code := item.Fields[slices.IndexFunc(item.Fields, func(f catalog.Field) bool { return len(f.Mask) == 2 })].Code
	must(t, w.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, _, err := w.records.Apply(ctx, tx, []record.Draft{
			w.draft(item, w.second, "1", func(d *record.Draft) { d.Body = `{"` + code + `":"` + number1 + `"}` }), w.draft(item, w.second, "2", nil),
		}, record.Change{At: w.clock.Now(), Actor: "test"})
		return err
	}))
	k := w.prove(t)
	bundle := b.get(t, "/me/proof/bundle.json?item=XZCF", http.StatusOK)
	r, said := holds(t, k, bundle)
	if len(r.Versions) != 2 || r.Versions[0].Opened == r.Versions[1].Opened || strings.Contains(bundle, number1) || !strings.Contains(said, "共 2 个版本") {
		t.Errorf("%+v %s", r.Versions, said)
	}
}
