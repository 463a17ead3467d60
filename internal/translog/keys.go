package translog

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/mod/sumdb/note"

	"gongxin/internal/db"
)

// sm2Type is the signature type of the SM2 line, as C2SP signed-note foresees for types without a number: 0xff and a name of its own.
// Behind it stands the point (65 bytes, uncompressed) or the secret number (32 bytes).
var sm2Type = []byte("\xffsm2sm3/v1")

// Keys are the log's signing keys: Ed25519, which every checker of the transparency world knows, and SM2 with SM3 beside it.
type Keys struct {
	ed25519, sm2     note.Signer
	ed25519V, sm2Pub string
}

// Verifiers gives the public keys in note format, Ed25519 first.
func (k *Keys) Verifiers() []string { return []string{k.ed25519V, k.sm2Pub} }

// OpenKeys reads the keys in dir, or makes them (mode 0600) when none exist. They are bound to the log's origin; keys of another origin are
// refused.
func OpenKeys(dir, origin string) (*Keys, error) {
	if err := checkOrigin(origin); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("translog: keys: %w", err)
	}
	skey, err := readOrMake(filepath.Join(dir, keyFiles[0]), func() (string, error) {
		skey, _, err := note.GenerateKey(rand.Reader, origin)
		return skey, err
	})
	if err != nil {
		return nil, err
	}
	k := &Keys{}
	if k.ed25519, err = note.NewSigner(skey); err != nil {
		return nil, ErrKeys.With(err)
	}
	if k.ed25519V, err = ed25519Verifier(skey); err != nil {
		return nil, ErrKeys.With(err)
	}
	text, err := readOrMake(filepath.Join(dir, keyFiles[1]), func() (string, error) { return makeSM2(origin) })
	if err != nil {
		return nil, err
	}
	s, err := parseSM2(text)
	if err != nil {
		return nil, ErrKeys.With(err)
	}
	k.sm2, k.sm2Pub = s, s.verifier
	if k.ed25519.Name() != origin || s.name != origin {
		return nil, ErrOrigin
	}
	return k, nil
}

// keyFiles are the names of the secret keys.
var keyFiles = [...]string{"log-ed25519.key", "log-sm2.key"}

// MissingKeys names the keys that dir lacks.
func MissingKeys(dir string) []string {
	var out []string
	for _, name := range keyFiles {
		if _, err := os.Stat(filepath.Join(dir, name)); errors.Is(err, fs.ErrNotExist) {
			out = append(out, name)
		}
	}
	return out
}

// Begun reports whether the log of this database has entries, which were signed with keys that exist somewhere.
func Begun(ctx context.Context, q db.Querier) (bool, error) {
	var size int64
	err := q.QueryRowContext(ctx, `SELECT size FROM log_state WHERE id = 1`).Scan(&size)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("translog: begun: %w", err)
	}
	return size > 0, nil
}

// checkOrigin refuses what cannot stand as a key name in a note.
func checkOrigin(origin string) error {
	if origin == "" || len(origin) > 200 || strings.ContainsAny(origin, " +\t\r\n") {
		return ErrOrigin
	}
	return nil
}

// readOrMake reads a key, or places a new one so that two processes that start at once get the same.
func readOrMake(path string, produce func() (string, error)) (string, error) {
	raw, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(raw)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("translog: read key: %w", err)
	}
	text, err := produce()
	if err != nil {
		return "", fmt.Errorf("translog: make key: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return "", fmt.Errorf("translog: make key: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.WriteString(text + "\n")
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return "", fmt.Errorf("translog: write key: %w", err)
	}
	if err := os.Link(tmp.Name(), path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return readOrMake(path, produce)
		}
		return "", fmt.Errorf("translog: place key: %w", err)
	}
	return text, nil
}

func keyHash(name string, key []byte) uint32 {
	h := sha256.Sum256(append([]byte(name+"\n"), key...))
	return binary.BigEndian.Uint32(h[:4])
}

func keyText(prefix, name string, hash uint32, key []byte) string {
	return fmt.Sprintf("%s%s+%08x+%s", prefix, name, hash, base64.StdEncoding.EncodeToString(key))
}

// splitKey reads the text form of a secret key.
func splitKey(text string) (name string, key []byte, err error) {
	rest, ok := strings.CutPrefix(text, "PRIVATE+KEY+")
	parts := strings.SplitN(rest, "+", 3)
	if !ok || len(parts) != 3 {
		return "", nil, errors.New("translog: not a secret key in note format")
	}
	key, err = base64.StdEncoding.DecodeString(parts[2])
	return parts[0], key, err
}

// sm2Signer signs notes with SM2 over SM3 and the default user id of GB/T 32918 ("1234567812345678").
type sm2Signer struct {
	name     string
	hash     uint32
	verifier string
	key      *sm2.PrivateKey
}

func (s *sm2Signer) Name() string    { return s.name }
func (s *sm2Signer) KeyHash() uint32 { return s.hash }
func (s *sm2Signer) Sign(msg []byte) ([]byte, error) {
	return s.key.Sign(rand.Reader, msg, sm2.DefaultSM2SignerOpts)
}

func makeSM2(name string) (string, error) {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return "", err
	}
	pub, err := sm2Public(&key.PublicKey)
	if err != nil {
		return "", err
	}
	secret := append(bytes.Clone(sm2Type), key.D.FillBytes(make([]byte, 32))...)
	return keyText("PRIVATE+KEY+", name, keyHash(name, pub), secret), nil
}

// sm2Public is the type and the uncompressed point.
func sm2Public(pub *ecdsa.PublicKey) ([]byte, error) {
	point, err := sm2.PublicKeyToECDH(pub)
	if err != nil {
		return nil, fmt.Errorf("translog: SM2 key: %w", err)
	}
	return append(bytes.Clone(sm2Type), point.Bytes()...), nil
}

func parseSM2(text string) (*sm2Signer, error) {
	name, raw, err := splitKey(text)
	if err != nil {
		return nil, err
	}
	secret, ok := bytes.CutPrefix(raw, sm2Type)
	if !ok {
		return nil, errors.New("translog: not an SM2 key")
	}
	key, err := sm2.NewPrivateKey(secret)
	if err != nil {
		return nil, fmt.Errorf("translog: SM2 key: %w", err)
	}
	pub, err := sm2Public(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	hash := keyHash(name, pub)
	return &sm2Signer{name: name, hash: hash, verifier: keyText("", name, hash, pub), key: key}, nil
}

func ed25519Verifier(skey string) (string, error) {
	name, raw, err := splitKey(skey)
	if err != nil {
		return "", err
	}
	if len(raw) != 1+ed25519.SeedSize || raw[0] != 1 {
		return "", errors.New("translog: not an Ed25519 key")
	}
	pub, ok := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return "", errors.New("translog: Ed25519 key without a public half")
	}
	return note.NewEd25519VerifierKey(name, pub)
}

// PublicKeys gives the public halves of the keys in dir, and makes none.
func PublicKeys(dir string) ([]string, error) {
	skey, err := os.ReadFile(filepath.Join(dir, keyFiles[0]))
	if err != nil {
		return nil, fmt.Errorf("translog: read key: %w", err)
	}
	v, err := ed25519Verifier(strings.TrimSpace(string(skey)))
	if err != nil {
		return nil, ErrKeys.With(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, keyFiles[1]))
	if err != nil {
		return nil, fmt.Errorf("translog: read key: %w", err)
	}
	s, err := parseSM2(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, ErrKeys.With(err)
	}
	return []string{v, s.verifier}, nil
}
