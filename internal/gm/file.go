package gm

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/emmansun/gmsm/sm4"
)

// file is the ring as it stands on disk. With Master set every key in it is wrapped: SM4-GCM under the 16 bytes (base64) in that file, bound to its name.
type file struct {
	Current string            `json:"current"`
	Keys    map[string]string `json:"keys"`             // name → base64 of 16 bytes (SM4)
	Token   string            `json:"token,omitempty"`  // base64 of 32 bytes: the token key t1, unless it was retired
	Tokens  map[string]string `json:"tokens,omitempty"` // later token keys t2, t3, …
	Digest  string            `json:"digest"`           // base64 of 32 bytes
	Master  string            `json:"master,omitempty"` // path of the master key's file
	Seals   string            `json:"seals,omitempty"`  // name of the token key that new rows are written under; "" = t1
}

const (
	firstToken = "t1"
	wrapMark   = "wrap:"
)

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return base64.StdEncoding.EncodeToString(b)
}

func create(path string) ([]byte, error) {
	raw, err := encodeFile(file{Current: "k1", Keys: map[string]string{"k1": random(16)}, Token: random(32), Digest: random(32)})
	if err != nil {
		return nil, err
	}
	return place(path, raw)
}

func encodeFile(f file) ([]byte, error) { return json.MarshalIndent(f, "", "  ") }

// place puts a new file at path, whole and on disk, unless another process was first: then that one's bytes are the answer.
func place(path string, raw []byte) ([]byte, error) {
	tmp, err := writeBeside(path, raw)
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(tmp) }()
	if err := os.Link(tmp, path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return os.ReadFile(path)
		}
		return nil, fmt.Errorf("gm: place key file: %w", err)
	}
	return raw, nil
}

// replace changes the file at path from one content to another, or fails when it holds something else by now. A lock file keeps two changers apart.
func replace(path string, old, raw []byte) error {
	lock := path + ".lock"
	l, err := os.OpenFile(lock, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("gm: the key file is being changed (%s is there): %w", filepath.Base(lock), err)
	}
	defer func() { _, _ = l.Close(), os.Remove(lock) }()
	have, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("gm: read key file: %w", err)
	}
	if !bytes.Equal(have, old) {
		return errChanged
	}
	tmp, err := writeBeside(path, raw)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return errors.Join(fmt.Errorf("gm: place key file: %w", err), os.Remove(tmp))
	}
	return syncDir(filepath.Dir(path))
}

var errChanged = errors.New("gm: the key file was changed by another process")

func writeBeside(path string, raw []byte) (string, error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".keys-*") // mode 0600
	if err != nil {
		return "", fmt.Errorf("gm: make key file: %w", err)
	}
	_, err = tmp.Write(raw)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("gm: write key file: %w", err), os.Remove(tmp.Name()))
	}
	return tmp.Name(), nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("gm: key folder: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

func decodeFile(raw []byte, path string) (file, error) {
	var f file
	if err := json.Unmarshal(raw, &f); err != nil {
		return f, fmt.Errorf("gm: key ring %s is not valid JSON: %w", filepath.Base(path), err)
	}
	return f, nil
}

// master reads the key that wraps the others.
func master(path string) (cipher.AEAD, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("gm: read master key: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil || len(key) != sm4.BlockSize {
		return nil, errors.New("gm: the master key's file must hold 16 bytes in base64")
	}
	return newAEAD(key)
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := sm4.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// each runs fn over every key of the file by its name and keeps what it gives back.
func (f *file) each(fn func(name, value string) (string, error)) (err error) {
	keys, tokens := map[string]string{}, map[string]string{}
	for name, v := range f.Keys {
		if keys[name], err = fn("key/"+name, v); err != nil {
			return err
		}
	}
	for name, v := range f.Tokens {
		if tokens[name], err = fn("token/"+name, v); err != nil {
			return err
		}
	}
	f.Keys = keys
	if len(tokens) > 0 {
		f.Tokens = tokens
	}
	if f.Token != "" {
		if f.Token, err = fn("token/"+firstToken, f.Token); err != nil {
			return err
		}
	}
	f.Digest, err = fn("digest", f.Digest)
	return err
}

// unwrap gives the file with its keys in clear.
func (f *file) unwrap() error {
	if f.Master == "" {
		return nil
	}
	a, err := master(f.Master)
	if err != nil {
		return err
	}
	return f.each(func(name, value string) (string, error) {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(value, wrapMark))
		if err != nil || !strings.HasPrefix(value, wrapMark) || len(raw) < a.NonceSize() {
			return "", fmt.Errorf("gm: %s of the ring is not wrapped", name)
		}
		plain, err := a.Open(nil, raw[:a.NonceSize()], raw[a.NonceSize():], []byte("gongxin-ring/"+name))
		if err != nil {
			return "", fmt.Errorf("gm: %s of the ring does not open with the master key", name)
		}
		return string(plain), nil
	})
}

// wrap gives the file with its keys sealed under the master key it names.
func (f *file) wrap() error {
	if f.Master == "" {
		return nil
	}
	a, err := master(f.Master)
	if err != nil {
		return err
	}
	return f.each(func(name, value string) (string, error) {
		buf := make([]byte, a.NonceSize(), a.NonceSize()+len(value)+a.Overhead())
		_, _ = rand.Read(buf) // never fails since Go 1.24
		return wrapMark + base64.StdEncoding.EncodeToString(a.Seal(buf, buf, []byte(value), []byte("gongxin-ring/"+name))), nil
	})
}
