package translog

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/fault"
	"gongxin/internal/verify"
)

type testReader struct {
	at      Location
	subject int64
}

func (r testReader) Locate(_ context.Context, record string, version int) (Location, error) {
	if record != "known" || version > 1 {
		return Location{}, ErrNoLog
	}
	return r.at, nil
}

func (r testReader) Subject(_ context.Context, code string) (int64, error) {
	if code != "known" {
		return 0, fault.New(fault.Denied, "test.denied", "无权查看", "")
	}
	return r.subject, nil
}

func TestServed(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	l := b.open()
	var at Location
	b.term(l, func(s *session) {
		at.Event = b.queue(300, one(5, "XZCF"))
		b.drain(s)
		b.published(l, s.size)
	})
	if err := os.WriteFile(filepath.Join(b.conf.Dir, "tile", "secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(l.Handler("/log/", testReader{at, 5}))
	defer server.Close()
	get := func(path string) (int, []byte, http.Header) {
		t.Helper()
		req := httptest.NewRequest(http.MethodGet, path, nil)
		w := httptest.NewRecorder()
		server.Config.Handler.ServeHTTP(w, req)
		return w.Code, w.Body.Bytes(), w.Header()
	}
	for path, want := range map[string]int{
		"/log/checkpoint": 200, "/log/key": 200, "/log/status": 200, "/log/tile/0/000": 200, "/log/tile/entries/000": 200,
		"/log/proof?record=known": 200, "/log/proof?record=known&version=1": 200, "/log/proof?record=known&version=2": 404, "/log/proof?record=known&version=x": 400,
		"/log/proof?record=other": 404, "/log/proof?subject=known&item=XZCF": 200, "/log/proof?subject=other&item=XZCF": 403, "/log/proof": 400,
		"/log/": 404, "/log/tile/secret": 404, "/log/tile/0/../../sequencer.lock": 404, "/log/tile/0/x000": 404, "/log/sequencer.lock": 404,
		"/log/set/set.db": 404, "/log/.state/treeState": 404, "/log/tile/64/000": 404, "/log/tile/entries/%2e%2e/%2e%2e/checkpoint": 404, "/other": 404,
	} {
		if got, body, _ := get(path); got != want {
			t.Errorf("%s: %d, want %d: %.100s", path, got, want, body)
		}
	}
	if _, _, h := get("/log/tile/0/000"); !strings.Contains(h.Get("Cache-Control"), "immutable") {
		t.Error("a full tile may be kept for ever")
	}
	if _, _, h := get("/log/checkpoint"); h.Get("Cache-Control") != "no-cache" {
		t.Error("a checkpoint changes")
	}
	k := b.keys(l)
	for _, path := range []string{"/log/proof?record=known", "/log/proof?subject=known&item=XZCF", "/log/proof?subject=known&item=XZXK"} {
		_, body, _ := get(path)
		if r := verify.Proof(body, k); !r.OK() {
			t.Errorf("%s: %+v", path, r.Failures)
		}
	}
	if r, state := verify.Log(t.Context(), verify.Site{Address: server.URL + "/log/"}, k, "", nil); !r.OK() || state == nil {
		t.Errorf("over HTTP: %+v", r.Failures)
	}
}

func TestCheckpointsGoOn(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	l := b.open()
	k := b.keys(l)
	source := verify.Folder(b.conf.Dir)
	var first, second *verify.State
	b.term(l, func(s *session) {
		b.queue(600, one(5, "XZCF"))
		b.drain(s)
		b.published(l, s.size)
		var r *verify.Result
		if r, first = verify.Log(t.Context(), source, k, "", nil); !r.OK() {
			t.Fatal(r.Failures)
		}
		b.queue(700, one(6, "XZCF"))
		b.drain(s)
		b.published(l, s.size)
	})
	for name, check := range map[string]func() (*verify.Result, *verify.State){
		"full": func() (*verify.Result, *verify.State) {
			return verify.Log(t.Context(), source, k, first.Checkpoint, nil)
		},
		"quick": func() (*verify.Result, *verify.State) { return verify.Quick(t.Context(), source, k, first.Checkpoint) },
	} {
		r, state := check()
		if !r.OK() || state == nil || !strings.Contains(strings.Join(r.Proven, "\n"), "只增未改") {
			t.Errorf("%s: %+v %v", name, r.Failures, r.Proven)
		}
		second = state
	}
	// The same keys over another history: another log directory and database.
	fork := newBench(t, dbtest.SQLite(t))
	fork.conf.Keys = b.conf.Keys
	fl := fork.open()
	fork.term(fl, func(s *session) {
		fork.queue(2000, one(5, "XZCF"))
		fork.drain(s)
		fork.published(fl, s.size)
	})
	for name, check := range map[string]func() (*verify.Result, *verify.State){
		"full": func() (*verify.Result, *verify.State) {
			return verify.Log(t.Context(), verify.Folder(fork.conf.Dir), k, second.Checkpoint, nil)
		},
		"quick": func() (*verify.Result, *verify.State) {
			return verify.Quick(t.Context(), verify.Folder(fork.conf.Dir), k, second.Checkpoint)
		},
	} {
		if r, state := check(); r.OK() || state != nil || r.Failures[0].Code != "consistency.changed" {
			t.Errorf("%s: a fork passed: %+v", name, r.Failures)
		}
	}
	if r, _ := verify.Log(t.Context(), source, k, "", nil); !r.OK() {
		t.Error(r.Failures)
	}
	older := filepath.Join(b.conf.Dir, "checkpoint")
	if err := os.WriteFile(older, []byte(first.Checkpoint), 0o600); err != nil {
		t.Fatal(err)
	}
	if r, _ := verify.Log(t.Context(), source, k, second.Checkpoint, nil); r.OK() || r.Failures[0].Code != "consistency.shrunk" {
		t.Errorf("a shorter log passed: %+v", r.Failures)
	}
}

func TestPauses(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		now := clock.NewManual(time.Now())
		b.conf.Clock, b.conf.PauseAfter = now, 10*time.Minute
		l := b.open()
		ctx := t.Context()
		b.term(l, func(s *session) {
			b.queue(1, one(1, "XZCF"))
			b.drain(s)
		})
		now.Advance(time.Hour)
		if l.Paused(ctx) {
			t.Error("paused with nothing waiting")
		}
		waits := b.ids.Next()
		if err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			return Queue(ctx, tx, waits, "act", []Leaf{{1}}, now.Now().UnixMicro())
		}); err != nil {
			t.Fatal(err)
		}
		now.Advance(9 * time.Minute)
		if l.Paused(ctx) {
			t.Error("paused too early")
		}
		now.Advance(2 * time.Minute)
		if !l.Paused(ctx) {
			t.Error("not paused after eleven minutes")
		}
		s, err := l.Status(ctx)
		if err != nil || !s.Paused || s.Stalled.IsZero() || s.Pending != 1 || s.Lag < 600 {
			t.Errorf("status %+v %v", s, err)
		}
		if ok, err := l.Sequenced(ctx, waits); err != nil || ok {
			t.Errorf("the row that waits counts as sequenced: %v", err)
		}
		// A process that just started gives the sequencer a minute.
		fresh := NewWatch(d, now, 10*time.Minute)
		if fresh.Paused(ctx) {
			t.Error("paused at its start")
		}
		b.term(l, func(s *session) { b.drain(s) })
		now.Advance(2 * time.Second)
		if l.Paused(ctx) {
			t.Error("still paused after the log went on")
		}
	})
}

func TestWitnessCosigns(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	keys, err := OpenKeys(b.conf.Keys, b.conf.Origin)
	if err != nil {
		t.Fatal(err)
	}
	known, err := verify.ParseKeys(keys.Verifiers()...)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := verify.NewWitnessKey("witness.example.cn")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(b.dir, "witness.json")
	w, err := verify.NewWitness(secret, file, known, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"witness.key": secret, "log.pub": strings.Join(keys.Verifiers(), "\n")} {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.conf.Witnesses = []Witness{{Key: w.Verifier(), URL: b.witness(b.dir)}}
	b.conf.WitnessRequired = true
	l := b.open()
	b.term(l, func(s *session) {
		for range 3 {
			b.queue(400, one(5, "XZCF"))
			b.drain(s)
			b.published(l, s.size)
		}
	})
	k, err := verify.ParseKeys(append(l.Verifiers(), w.Verifier())...)
	if err != nil {
		t.Fatal(err)
	}
	r, state := verify.Log(t.Context(), verify.Folder(b.conf.Dir), k, "", nil)
	if !r.OK() || !strings.Contains(strings.Join(r.Proven, "\n"), "见证人 witness.example.cn") {
		t.Fatalf("no cosignature: %+v %v", r.Failures, r.Proven)
	}
	// A witness that has seen this log refuses another history under the same keys.
	again, err := verify.NewWitness(secret, file, known, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	fork := newBench(t, dbtest.SQLite(t))
	fork.conf.Keys = b.conf.Keys
	fl := fork.open()
	var text string
	fork.term(fl, func(s *session) {
		fork.queue(2000, one(5, "XZCF"))
		fork.drain(s)
		text = string(fork.published(fl, s.size).text)
	})
	old, err := parseCheckpoint([]byte(state.Checkpoint))
	if err != nil {
		t.Fatal(err)
	}
	ask := func(body string) int {
		rec := httptest.NewRecorder()
		again.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/add-checkpoint", strings.NewReader(body)))
		return rec.Code
	}
	size, err := json.Marshal(old.size)
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]int{
		"old " + string(size) + "\n\n" + text:               http.StatusUnprocessableEntity,
		"old 0\n\n" + text:                                  http.StatusConflict,
		"old x\n\n" + text:                                  http.StatusBadRequest,
		"old 0\n\nnonsense":                                 http.StatusBadRequest,
		"old 0\n\n" + strings.Replace(text, "\n", "x\n", 1): http.StatusForbidden,
		"old " + string(size) + "\n\n" + state.Checkpoint:   http.StatusOK,
	} {
		if got := ask(body); got != want {
			t.Errorf("%.20q…: %d, want %d", body, got, want)
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	k, err := OpenKeys(dir, "gongxin/990100")
	if err != nil {
		t.Fatal(err)
	}
	again, err := OpenKeys(dir, "gongxin/990100")
	if err != nil || strings.Join(again.Verifiers(), " ") != strings.Join(k.Verifiers(), " ") {
		t.Errorf("other keys at the second start: %v", err)
	}
	if _, err := OpenKeys(dir, "gongxin/110000"); err == nil {
		t.Error("keys of one log sign another")
	}
	for _, name := range []string{"log-ed25519.key", "log-sm2.key"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("PRIVATE+KEY+x+00000000+AA=="), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenKeys(dir, "gongxin/990100"); err == nil {
			t.Errorf("a broken %s is taken", name)
		}
	}
	for _, origin := range []string{"", "a b", "a+b", "a\nb"} {
		if _, err := OpenKeys(t.TempDir(), origin); err == nil {
			t.Errorf("origin %q", origin)
		}
	}
}
