// Package gm keeps the rule that a person's name and identity number never rest in clear: they are sealed with SM4-GCM under
// a key ring and found again only by an HMAC-SM3 token. GM/T 0002 (SM4), GM/T 0004 (SM3).
package gm

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
)

// KeyRing holds the keys of one installation: sealing keys by name, of which one is current, one token key and one digest key.
// Whoever loses it loses every sealed value; backups hold it apart from the database.
type KeyRing struct {
	current string
	aead    map[string]cipher.AEAD
	token   []byte
	digest  sync.Pool // of hash.Hash keyed with the digest key
}

// file is the ring as it stands on disk.
type file struct {
	Current string            `json:"current"`
	Keys    map[string]string `json:"keys"`   // name → base64 of 16 bytes (SM4)
	Token   string            `json:"token"`  // base64 of 32 bytes
	Digest  string            `json:"digest"` // base64 of 32 bytes
}

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
	var f file
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("gm: key ring %s is not valid JSON: %w", filepath.Base(path), err)
	}
	return newRing(f)
}

func create(path string) ([]byte, error) {
	random := func(n int) string {
		b := make([]byte, n)
		_, _ = rand.Read(b) // never fails since Go 1.24
		return base64.StdEncoding.EncodeToString(b)
	}
	raw, err := json.MarshalIndent(file{Current: "k1", Keys: map[string]string{"k1": random(16)}, Token: random(32), Digest: random(32)}, "", "  ")
	if err != nil {
		return nil, err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".keys-*")
	if err != nil {
		return nil, fmt.Errorf("gm: make key ring: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(raw)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return nil, fmt.Errorf("gm: write key ring: %w", err)
	}
	if err := os.Link(tmp.Name(), path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return os.ReadFile(path)
		}
		return nil, fmt.Errorf("gm: place key ring: %w", err)
	}
	return raw, nil
}

func newRing(f file) (*KeyRing, error) {
	r := &KeyRing{current: f.Current, aead: map[string]cipher.AEAD{}}
	for name, text := range f.Keys {
		key, err := base64.StdEncoding.DecodeString(text)
		if err != nil || strings.ContainsAny(name, ":") {
			return nil, fmt.Errorf("gm: key %q of the ring is unreadable", name)
		}
		block, err := sm4.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("gm: key %q of the ring: want 16 bytes", name)
		}
		if r.aead[name], err = cipher.NewGCM(block); err != nil {
			return nil, err
		}
	}
	if r.aead[f.Current] == nil {
		return nil, errors.New("gm: the ring's current key is not in it")
	}
	var err error
	if r.token, err = base64.StdEncoding.DecodeString(f.Token); err != nil || len(r.token) < 16 {
		return nil, errors.New("gm: the ring's token key is missing or too short")
	}
	digest, err := base64.StdEncoding.DecodeString(f.Digest)
	if err != nil || len(digest) < 16 {
		return nil, errors.New("gm: the ring's digest key is missing or too short")
	}
	r.digest.New = func() any { return hmac.New(sha256.New, digest) }
	return r, nil
}

// Seal encrypts plain under the current key. label binds the value to its place (such as "record/CF_XDR_MC"): it does not
// open elsewhere. The result is text: sm4:<key name>:<base64>.
func (r *KeyRing) Seal(label, plain string) string {
	a := r.aead[r.current]
	buf := make([]byte, a.NonceSize(), a.NonceSize()+len(plain)+a.Overhead())
	_, _ = rand.Read(buf)
	buf = a.Seal(buf, buf, []byte(plain), []byte(label))
	return "sm4:" + r.current + ":" + base64.RawStdEncoding.EncodeToString(buf)
}

// Sealed reports whether s looks like a sealed value.
func Sealed(s string) bool { return strings.HasPrefix(s, "sm4:") }

// Open decrypts what Seal made under the same label.
func (r *KeyRing) Open(label, sealed string) (string, error) {
	name, text, ok := strings.Cut(strings.TrimPrefix(sealed, "sm4:"), ":")
	a := r.aead[name]
	if !ok || a == nil || !Sealed(sealed) {
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

// Token gives the look-up token of a personal value: HMAC-SM3 in base64, 128 bits. Equal values of one label give equal tokens; without the ring
// a token says nothing and cannot be tried out.
func (r *KeyRing) Token(label, value string) string {
	h := hmac.New(sm3.New, r.token)
	h.Write([]byte(label))
	h.Write([]byte{0})
	h.Write([]byte(value))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// Digest gives a keyed 128-bit digest of content, used only to see that two contents are the same. It is keyed because content
// may hold values of few possibilities, which a plain hash would give away.
func (r *KeyRing) Digest(parts ...[]byte) [16]byte {
	h := r.digest.Get().(hash.Hash) //nolint:errcheck // the pool makes nothing else
	h.Reset()
	for _, p := range parts {
		h.Write(p)
	}
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	r.digest.Put(h)
	return [16]byte(sum[:16])
}
