package gm

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// two opens the same ring as two processes do.
func two(t *testing.T) (a, b *KeyRing, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "keys.json")
	var err error
	if a, err = OpenKeyRing(path); err != nil {
		t.Fatal(err)
	}
	if b, err = OpenKeyRing(path); err != nil {
		t.Fatal(err)
	}
	return a, b, path
}

func TestRotateKeepsWhatWasSealedAndReachesOtherProcesses(t *testing.T) {
	t.Parallel()
	a, b, _ := two(t)
	old, stream := a.Seal("l", "v"), sealStream(t, a, []byte("公信"))
	digest := a.Digest([]byte("x"))
	name, err := a.Rotate()
	if err != nil || name != "k2" {
		t.Fatal(name, err)
	}
	fresh, freshStream := a.Seal("l", "v"), sealStream(t, a, []byte("公信"))
	if !strings.HasPrefix(fresh, "sm4:k2:") || a.UnderCurrent(old) || !a.UnderCurrent(fresh) {
		t.Error("new values are sealed under the new key")
	}
	for _, r := range []*KeyRing{a, b} { // b has not been told: it meets the new key's name
		for _, sealed := range []string{old, fresh} {
			if got, err := r.Open("l", sealed); err != nil || got != "v" {
				t.Errorf("does not open: %v", err)
			}
		}
		for _, s := range [][]byte{stream, freshStream} {
			if err := r.OpenTo(io.Discard, bytes.NewReader(s), "l"); err != nil {
				t.Errorf("stream does not open: %v", err)
			}
		}
		if r.Digest([]byte("x")) != digest || r.Token("l", "v") != a.Token("l", "v") {
			t.Error("digests and tokens do not change with the sealing key")
		}
	}
	again, err := a.Reseal("l", old)
	if err != nil || !a.UnderCurrent(again) {
		t.Fatal(again, err)
	}
	if got, err := b.Open("l", again); err != nil || got != "v" {
		t.Error(err)
	}
	if same, err := a.Reseal("l", again); err != nil || same != again {
		t.Error("a value under the current key is left alone")
	}
	if _, err := a.Reseal("other", old); !errors.Is(err, ErrSealed) {
		t.Errorf("resealed under another label: %v", err)
	}
}

func TestTokensAreExchangedInSteps(t *testing.T) {
	t.Parallel()
	a, b, _ := two(t)
	first := a.Token("l", "v")
	if _, err := a.AddToken(); err != nil {
		t.Fatal(err)
	}
	if a.Token("l", "v") != first {
		t.Error("until it is promoted nothing is written under the new key")
	}
	both := a.Tokens("l", "v")
	if len(both) != 2 || both[1] != first || both[0] == first {
		t.Fatalf("both are tried, the newest first: %v", both)
	}
	if _, err := a.AddToken(); err == nil {
		t.Error("a second exchange while one is under way")
	}
	if _, err := a.PromoteToken(); err != nil {
		t.Fatal(err)
	}
	if n, newest := a.TokenKeys(); n != 2 || !newest || a.Token("l", "v") != both[0] {
		t.Error("promoted: new rows are written under the new key")
	}
	if err := b.Refresh(); err != nil || b.Token("l", "v") != both[0] {
		t.Errorf("the other process follows: %v", err)
	}
	if err := a.RetireTokens(); err != nil {
		t.Fatal(err)
	}
	if got := a.Tokens("l", "v"); len(got) != 1 || got[0] != both[0] {
		t.Errorf("one is left: %v", got)
	}
	if name, err := a.AddToken(); err != nil || name != "t3" {
		t.Errorf("names are not used twice: %s %v", name, err)
	}
}

func TestMasterKeyWrapsTheRing(t *testing.T) {
	t.Parallel()
	a, _, path := two(t)
	sealed := a.Seal("l", "v")
	dir := filepath.Dir(path)
	for _, name := range []string{"m1", "m2"} {
		text := base64.StdEncoding.EncodeToString(NewMaster()) + "\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	clear, _ := os.ReadFile(path)
	if err := a.SetMaster(filepath.Join(dir, "m1")); err != nil {
		t.Fatal(err)
	}
	raw, _ := os.ReadFile(path)
	f, _ := decodeFile(clear, path)
	for _, key := range []string{f.Keys["k1"], f.Token, f.Digest} {
		if bytes.Contains(raw, []byte(key)) {
			t.Error("a key stands in clear in the wrapped file")
		}
	}
	if err := a.SetMaster(filepath.Join(dir, "m2")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "m1")); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Rotate(); err != nil {
		t.Fatal(err)
	}
	again, err := OpenKeyRing(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Open("l", sealed); err != nil || got != "v" {
		t.Errorf("after two masters: %v", err)
	}
	if err := os.Rename(filepath.Join(dir, "m2"), filepath.Join(dir, "away")); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKeyRing(path); err == nil {
		t.Error("opens without its master key")
	}
	if err := a.SetMaster(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("took a master key that is not there")
	}
}

func TestTwoChangersLoseNoKey(t *testing.T) {
	t.Parallel()
	a, b, path := two(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for _, r := range []*KeyRing{a, b, a, b} {
		wg.Go(func() {
			sealed := ""
			if _, err := r.Rotate(); err == nil {
				sealed = r.Seal("l", "v")
			}
			mu.Lock()
			defer mu.Unlock()
			if sealed != "" {
				done++
			}
		})
	}
	wg.Wait()
	if err := a.Refresh(); err != nil {
		t.Fatal(err)
	}
	list, _ := a.List()
	keys := 0
	for _, k := range list {
		if k.Use == "seal" {
			keys++
		}
	}
	if done == 0 || keys != done+1 {
		t.Errorf("%d rotations succeeded, the ring has %d keys", done, keys)
	}
	if _, err := os.Stat(path + ".lock"); !errors.Is(err, os.ErrNotExist) {
		t.Error("the lock stays behind")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the ring: %v %v", info.Mode(), err)
	}
}

func TestRefreshRefusesARingThatLostAKey(t *testing.T) {
	t.Parallel()
	a, b, path := two(t)
	before, _ := os.ReadFile(path)
	if _, err := a.Rotate(); err != nil {
		t.Fatal(err)
	}
	if err := b.Refresh(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, before, 0o600); err != nil {
		t.Fatal(err)
	}
	sealed := b.Seal("l", "v")
	if err := b.Refresh(); err == nil {
		t.Error("took a ring in that lacks a key it seals under")
	}
	if got, err := b.Open("l", sealed); err != nil || got != "v" {
		t.Error("the ring in memory stays")
	}
}

// paper is a store of sealed values in memory.
type paper struct {
	ring   *KeyRing
	values []string
	fail   int
}

func (*paper) Name() string { return "纸" }

func (p *paper) Stale(context.Context) (n int64, err error) {
	for _, v := range p.values {
		if !p.ring.UnderCurrent(v) {
			n++
		}
	}
	return n, nil
}

func (p *paper) Reseal(_ context.Context, after string, _ int) (next string, done int, err error) {
	i := len(after)
	if p.fail == i {
		return "", 0, errors.New("broken off")
	}
	if i == len(p.values) {
		return "", 0, nil
	}
	if !p.ring.UnderCurrent(p.values[i]) {
		p.values[i], err = p.ring.Reseal("l", p.values[i])
		done = 1
	}
	return after + "x", done, err
}

func TestResealGoesOnWhereItWasBrokenOff(t *testing.T) {
	t.Parallel()
	r := ring(t)
	p := &paper{ring: r, fail: 4}
	for range 9 {
		p.values = append(p.values, r.Seal("l", "v"))
	}
	if _, err := r.Rotate(); err != nil {
		t.Fatal(err)
	}
	n, err := Reseal(context.Background(), []Resealer{p}, nil)
	if err == nil || n != 4 {
		t.Fatalf("%d, %v", n, err)
	}
	p.fail = -1
	n, err = Reseal(context.Background(), []Resealer{p}, nil)
	if err != nil || n != 5 {
		t.Fatalf("%d, %v", n, err)
	}
	if stale, _ := p.Stale(context.Background()); stale != 0 {
		t.Error("values are left behind")
	}
}

func TestSigningKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys", "consent.pem")
	k, err := OpenSigningKey(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := OpenSigningKey(path)
	if err != nil || again.ID() != k.ID() || len(k.ID()) != 16 {
		t.Fatalf("opened again: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode: %v %v", info.Mode(), err)
	}
	message := []byte("gongxin")
	signature, err := k.Sign(message)
	if err != nil {
		t.Fatal(err)
	}
	other, err := OpenSigningKey(filepath.Join(t.TempDir(), "k.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		public, message, signature []byte
		want                       error
	}{
		"holds":         {again.Public(), message, signature, nil},
		"other message": {k.Public(), []byte("gongxln"), signature, ErrSignature},
		"other key":     {other.Public(), message, signature, ErrSignature},
		"changed":       {k.Public(), message, append(bytes.Clone(signature[:len(signature)-1]), signature[len(signature)-1]^1), ErrSignature},
		"no key":        {[]byte("x"), message, signature, ErrSignature},
		"no signature":  {k.Public(), message, nil, ErrSignature},
	} {
		if err := VerifySignature(tt.public, tt.message, tt.signature); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(path, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSigningKey(path); err == nil {
		t.Error("a broken key must be refused, never replaced")
	}
}

func FuzzParsePublic(f *testing.F) {
	k, err := OpenSigningKey(filepath.Join(f.TempDir(), "k.pem"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(k.Public(), []byte("m"), []byte{0x30})
	f.Fuzz(func(_ *testing.T, public, message, signature []byte) { _ = VerifySignature(public, message, signature) })
}

func FuzzRingFile(f *testing.F) {
	r, err := OpenKeyRing(filepath.Join(f.TempDir(), "keys.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(r.state.Load().raw)
	f.Add([]byte(`{"current":"k1","keys":{"k1":""},"tokens":{"t2":"x"},"seals":"t2"}`))
	f.Fuzz(func(_ *testing.T, raw []byte) { _, _ = newState(raw, "keys.json") })
}
