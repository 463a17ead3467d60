// Package gm keeps the rule that a person's name and identity number never rest in clear: they are sealed with SM4-GCM under
// a key ring and found again only by an HMAC-SM3 token. GM/T 0002 (SM4), GM/T 0004 (SM3).
package gm

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/emmansun/gmsm/sm3"
)

// KeyRing holds the keys of one installation: sealing keys by name, of which one is current, token keys and one digest key.
// Whoever loses it loses every sealed value; backups hold it apart from the database. It may be shared, and takes in what another process adds.
type KeyRing struct {
	path  string
	mu    sync.Mutex // one reader of the file at a time
	state atomic.Pointer[state]
}

// state is a ring as its file had it.
type state struct {
	raw       []byte
	wrapped   bool
	current   string
	aead      map[string]cipher.AEAD
	tokens    []tokenKey // the newest first
	token     int        // index of the one that new rows are written under
	digestKey []byte
	digest    sync.Pool // of hash.Hash keyed with the digest key
}

type tokenKey struct {
	name string
	key  []byte
}

const (
	sealKeyBytes  = 16
	tokenKeyBytes = 32
)

// ErrSealed is the error of a value that does not open: wrong ring, unknown key name or changed bytes.
var ErrSealed = errors.New("gm: sealed value does not open with this key ring")

// OpenKeyRing reads the ring at path, or makes a new one there (mode 0600) when none exists. Two processes that start at once
// get the same ring: the file is linked into place, and the loser reads the winner's.
func OpenKeyRing(path string) (*KeyRing, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if raw, err = create(path); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, fmt.Errorf("gm: read key ring: %w", err)
	}
	st, err := newState(raw, path)
	if err != nil {
		return nil, err
	}
	r := &KeyRing{path: path}
	r.state.Store(st)
	return r, nil
}

func newState(raw []byte, path string) (*state, error) {
	f, err := decodeFile(raw, path)
	if err != nil {
		return nil, err
	}
	s := &state{raw: raw, current: f.Current, wrapped: f.Master != "", aead: map[string]cipher.AEAD{}}
	if err := f.unwrap(); err != nil {
		return nil, err
	}
	for name, text := range f.Keys {
		key, err := base64.StdEncoding.DecodeString(text)
		if err != nil || strings.ContainsAny(name, ":") || len(name) > 255 {
			return nil, fmt.Errorf("gm: key %q of the ring is unreadable", name)
		}
		if s.aead[name], err = newAEAD(key); err != nil {
			return nil, fmt.Errorf("gm: key %q of the ring: want 16 bytes", name)
		}
	}
	if s.aead[f.Current] == nil {
		return nil, errors.New("gm: the ring's current key is not in it")
	}
	if err := s.readTokens(&f); err != nil {
		return nil, err
	}
	s.digestKey, err = base64.StdEncoding.DecodeString(f.Digest)
	if err != nil || len(s.digestKey) < 16 {
		return nil, errors.New("gm: the ring's digest key is missing or too short")
	}
	digest := s.digestKey
	s.digest.New = func() any { return hmac.New(sha256.New, digest) }
	return s, nil
}

// readTokens puts the token keys in order, the newest first.
func (s *state) readTokens(f *file) error {
	keys := map[string]string{}
	maps.Copy(keys, f.Tokens)
	if f.Token != "" { // retired otherwise
		keys[firstToken] = f.Token
	}
	names := slices.SortedFunc(maps.Keys(keys), func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(b, a)
	})
	seals := f.Seals
	if seals == "" {
		seals = firstToken
	}
	s.token = -1
	for i, name := range names {
		key, err := base64.StdEncoding.DecodeString(keys[name])
		if err != nil || len(key) < 16 {
			return errors.New("gm: a token key of the ring is missing or too short")
		}
		s.tokens = append(s.tokens, tokenKey{name, key})
		if name == seals {
			s.token = i
		}
	}
	if s.token < 0 {
		return errors.New("gm: the ring's current token key is not in it")
	}
	return nil
}

// Seal encrypts plain under the current key. label binds the value to its place (such as "record/CF_XDR_MC"): it does not
// open elsewhere. The result is text: sm4:<key name>:<base64>.
func (r *KeyRing) Seal(label, plain string) string {
	s := r.state.Load()
	a := s.aead[s.current]
	buf := make([]byte, a.NonceSize(), a.NonceSize()+len(plain)+a.Overhead())
	_, _ = rand.Read(buf)
	buf = a.Seal(buf, buf, []byte(plain), []byte(label))
	return "sm4:" + s.current + ":" + base64.RawStdEncoding.EncodeToString(buf)
}

// Sealed reports whether s looks like a sealed value.
func Sealed(s string) bool { return strings.HasPrefix(s, "sm4:") }

// Open decrypts what Seal made under the same label.
func (r *KeyRing) Open(label, sealed string) (string, error) {
	name, text, ok := strings.Cut(strings.TrimPrefix(sealed, "sm4:"), ":")
	if !ok || !Sealed(sealed) {
		return "", ErrSealed
	}
	a := r.opener(name)
	if a == nil {
		return "", ErrSealed
	}
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(raw) < a.NonceSize() {
		return "", ErrSealed
	}
	plain, err := a.Open(nil, raw[:a.NonceSize()], raw[a.NonceSize():], []byte(label))
	if err != nil {
		return "", ErrSealed
	}
	return string(plain), nil
}

// opener gives the key of a name. One that is not known may have been added by another process since: the file is looked at once.
func (r *KeyRing) opener(name string) cipher.AEAD {
	if a := r.state.Load().aead[name]; a != nil || !keyName(name) {
		return a
	}
	if r.Refresh() != nil {
		return nil
	}
	return r.state.Load().aead[name]
}

// keyName tells a name that Rotate makes from bytes that somebody made up.
func keyName(name string) bool {
	if len(name) < 2 || len(name) > 8 || name[0] != 'k' {
		return false
	}
	return strings.Trim(name[1:], "0123456789") == ""
}

// UnderCurrent reports whether a sealed value is under the key that seals today.
func (r *KeyRing) UnderCurrent(sealed string) bool { return strings.HasPrefix(sealed, r.Prefix()) }

// Prefix is how values under the current key begin.
func (r *KeyRing) Prefix() string { return "sm4:" + r.state.Load().current + ":" }

// Reseal seals a value under the current key, unless it is already; label is the one it was sealed under.
func (r *KeyRing) Reseal(label, sealed string) (string, error) {
	if r.UnderCurrent(sealed) {
		return sealed, nil
	}
	plain, err := r.Open(label, sealed)
	if err != nil {
		return "", err
	}
	return r.Seal(label, plain), nil
}

// Token gives the look-up token of a personal value: HMAC-SM3 in base64, 128 bits. Equal values of one label give equal tokens; without the ring
// a token says nothing and cannot be tried out. New rows are written under it.
func (r *KeyRing) Token(label, value string) string {
	s := r.state.Load()
	return s.tokens[s.token].of(label, value)
}

// TokenKeys gives how many token keys the ring has, and whether new rows are written under the newest one. More than one: they are being exchanged.
func (r *KeyRing) TokenKeys() (n int, newest bool) {
	s := r.state.Load()
	return len(s.tokens), s.token == 0
}

// Tokens gives the tokens of a value under every token key, the newest key's first: while the key is exchanged, whoever looks up tries all.
func (r *KeyRing) Tokens(label, value string) []string {
	s := r.state.Load()
	out := make([]string, len(s.tokens))
	for i := range s.tokens {
		out[i] = s.tokens[i].of(label, value)
	}
	return out
}

func (k *tokenKey) of(label, value string) string {
	h := hmac.New(sm3.New, k.key)
	h.Write([]byte(label))
	h.Write([]byte{0})
	h.Write([]byte(value))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// Digest gives a keyed 128-bit digest of content, used only to see that two contents are the same. It is keyed because content
// may hold values of few possibilities, which a plain hash would give away.
func (r *KeyRing) Digest(parts ...[]byte) [16]byte {
	s := r.state.Load()
	h := s.digest.Get().(hash.Hash) //nolint:errcheck // the pool makes nothing else
	h.Reset()
	for _, p := range parts {
		h.Write(p)
	}
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	s.digest.Put(h)
	return [16]byte(sum[:16])
}
