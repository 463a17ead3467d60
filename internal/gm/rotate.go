package gm

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Rotate makes a new sealing key and seals with it from now on; what older keys sealed stays readable. Other processes take the new key in
// when they meet its name, or at their next Refresh. It gives the new key's name.
func (r *KeyRing) Rotate() (string, error) {
	var name string
	err := r.change(func(f *file) error {
		name = "k" + strconv.Itoa(next(f.Keys, "k"))
		f.Keys[name], f.Current = random(sealKeyBytes), name
		return nil
	})
	return name, err
}

// AddToken makes a new token key. Until PromoteToken both are tried when something is looked up, and new rows are still written under the old one,
// so that a process that has not taken the new key in finds everything.
func (r *KeyRing) AddToken() (string, error) {
	var name string
	err := r.change(func(f *file) error {
		if len(f.Tokens) > 0 && f.Seals != newestToken(f) {
			return errors.New("gm: an exchange of the token key is under way: finish it first")
		}
		name = "t" + strconv.Itoa(max(2, next(f.Tokens, "t")))
		if f.Tokens == nil {
			f.Tokens = map[string]string{}
		}
		if f.Seals == "" {
			f.Seals = firstToken
		}
		f.Tokens[name] = random(tokenKeyBytes)
		return nil
	})
	return name, err
}

// PromoteToken lets new rows be written under the newest token key. It comes after every row has its token under that key and every process has
// taken the key in. Older keys are still tried.
func (r *KeyRing) PromoteToken() (string, error) {
	var name string
	err := r.change(func(f *file) error {
		name = newestToken(f)
		f.Seals = name
		return nil
	})
	return name, err
}

// SetMaster wraps every key of the ring under the master key in a file, or under another one than before; "" unwraps. No sealed value changes.
func (r *KeyRing) SetMaster(path string) error {
	return r.change(func(f *file) error {
		f.Master = path
		return nil
	})
}

func next(keys map[string]string, prefix string) int {
	n := 0
	for name := range keys {
		if i, err := strconv.Atoi(strings.TrimPrefix(name, prefix)); err == nil {
			n = max(n, i)
		}
	}
	return n + 1
}

func newestToken(f *file) string {
	if n := next(f.Tokens, "t") - 1; n > 1 {
		return "t" + strconv.Itoa(n)
	}
	return firstToken
}

// change rewrites the ring's file and takes it in. A second process that changes it at the same moment is refused.
func (r *KeyRing) change(fn func(*file) error) error {
	if r.path == "" {
		return errors.New("gm: this ring has no file")
	}
	old, err := os.ReadFile(r.path)
	if err != nil {
		return fmt.Errorf("gm: read key ring: %w", err)
	}
	f, err := decodeFile(old, r.path)
	if err != nil {
		return err
	}
	if err := f.unwrap(); err != nil {
		return err
	}
	if err := fn(&f); err != nil {
		return err
	}
	if err := f.wrap(); err != nil {
		return err
	}
	raw, err := encodeFile(f)
	if err != nil {
		return err
	}
	if _, err := newState(raw, r.path); err != nil { // never put a ring in place that does not open
		return err
	}
	if err := replace(r.path, old, raw); err != nil {
		return err
	}
	return r.Refresh()
}

// Refresh takes in what another process changed in the ring's file. A ring that lost a key is refused: the one in memory stays.
func (r *KeyRing) Refresh() error {
	raw, err := os.ReadFile(r.path)
	if err != nil {
		return fmt.Errorf("gm: read key ring: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	have := r.state.Load()
	if bytes.Equal(raw, have.raw) {
		return nil
	}
	s, err := newState(raw, r.path)
	if err != nil {
		return err
	}
	for name := range have.aead {
		if s.aead[name] == nil {
			return fmt.Errorf("gm: the ring's file lacks key %s, under which values may be sealed", name)
		}
	}
	if !bytes.Equal(s.digestKey, have.digestKey) {
		return errors.New("gm: the ring's file has another digest key")
	}
	r.state.Store(s)
	return nil
}

// KeyInfo describes a key of the ring, without its bytes.
type KeyInfo struct {
	Name    string `json:"name"`
	Use     string `json:"use"` // seal, token
	Current bool   `json:"current"`
}

// List gives the keys of the ring, sealing keys first, oldest first.
func (r *KeyRing) List() (list []KeyInfo, wrapped bool) {
	s := r.state.Load()
	for name := range s.aead {
		list = append(list, KeyInfo{Name: name, Use: "seal", Current: name == s.current})
	}
	for _, t := range s.tokens {
		list = append(list, KeyInfo{Name: t.name, Use: "token", Current: t.name == s.tokens[s.token].name})
	}
	slices.SortFunc(list, func(a, b KeyInfo) int {
		if a.Use != b.Use {
			return strings.Compare(a.Use, b.Use)
		}
		if len(a.Name) != len(b.Name) {
			return len(a.Name) - len(b.Name)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list, s.wrapped
}

// Resealer is a store of sealed values in rows that may change. Records' versions are none: they are bound into the log.
type Resealer interface {
	// Name says what is resealed, in Chinese.
	Name() string
	// Stale counts the values that are not under the current keys.
	Stale(ctx context.Context) (int64, error)
	// Reseal puts up to limit values behind a place under the current keys, in one transaction, and gives the next place, "" behind the last.
	// Values that are under the current keys already are passed over, so that a run that was broken off is simply started again.
	Reseal(ctx context.Context, after string, limit int) (next string, done int, err error)
}

// ResealBatch is how many values one transaction reseals.
const ResealBatch = 500

// Reseal runs every store to its end, telling progress after each batch, and gives how many values it resealed. It may be broken off anywhere
// and run again; servers go on meanwhile.
func Reseal(ctx context.Context, stores []Resealer, progress func(name string, done int)) (int, error) {
	total := 0
	for _, s := range stores {
		for after := ""; ; {
			if err := ctx.Err(); err != nil {
				return total, err
			}
			next, n, err := s.Reseal(ctx, after, ResealBatch)
			total += n
			if err != nil {
				return total, fmt.Errorf("gm: reseal: %w", err)
			}
			if progress != nil && n > 0 {
				progress(s.Name(), n)
			}
			if next == "" {
				break
			}
			after = next
		}
	}
	return total, nil
}

// RetireTokens drops every token key but the one that new rows are written under. It comes last, when no row has a token under the others.
func (r *KeyRing) RetireTokens() error {
	return r.change(func(f *file) error {
		if f.Seals == "" || f.Seals == firstToken {
			return nil
		}
		// The key that seals takes the first one's place in the file; its name stays with its bytes.
		f.Tokens, f.Token = map[string]string{f.Seals: f.Tokens[f.Seals]}, ""
		return nil
	})
}

// NewMaster makes the bytes of a master key.
func NewMaster() []byte {
	b := make([]byte, sealKeyBytes)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return b
}
