package gm

import (
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
)

// SigningKey signs with SM2 over SM3 (GM/T 0003), under the default user id 1234567812345678 of GM/T 0009; signatures are ASN.1 DER. It is kept as a
// PKCS #8 PEM file that its owner alone may read.
type SigningKey struct {
	private *sm2.PrivateKey
	public  []byte // PEM
	id      string
}

// ErrSignature is the error of a signature or key that does not hold.
var ErrSignature = errors.New("gm: the signature does not hold")

// OpenSigningKey reads the key at path, or makes one there (mode 0600) when none exists. Two processes that start at once get the same key.
func OpenSigningKey(path string) (*SigningKey, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if raw, err = makeSigningKey(path); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, fmt.Errorf("gm: read signing key: %w", err)
	}
	block, _ := pem.Decode(raw)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("gm: signing key %s is no PKCS #8 PEM file", filepath.Base(path))
	}
	parsed, err := smx509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("gm: signing key %s is unreadable", filepath.Base(path)) // the cause could quote the key
	}
	private, ok := parsed.(*sm2.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("gm: signing key %s is not of SM2", filepath.Base(path))
	}
	public, id, err := publicPEM(&private.PublicKey)
	if err != nil {
		return nil, err
	}
	return &SigningKey{private: private, public: public, id: id}, nil
}

func makeSigningKey(path string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("gm: make signing key: %w", err)
	}
	private, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("gm: make signing key: %w", err)
	}
	der, err := smx509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("gm: make signing key: %w", err)
	}
	return place(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func publicPEM(key *ecdsa.PublicKey) (text []byte, id string, err error) {
	der, err := smx509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, "", fmt.Errorf("gm: public key: %w", err)
	}
	sum := sm3.Sum(der)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), hex.EncodeToString(sum[:8]), nil
}

// ID names the key: the first 8 bytes of the SM3 hash of its public key (DER, SubjectPublicKeyInfo), in hexadecimal.
func (k *SigningKey) ID() string { return k.id }

// Public gives the public key as PEM.
func (k *SigningKey) Public() []byte { return k.public }

// Sign signs a message.
func (k *SigningKey) Sign(message []byte) ([]byte, error) {
	signature, err := k.private.SignWithSM2(rand.Reader, nil, message)
	if err != nil {
		return nil, fmt.Errorf("gm: sign: %w", err)
	}
	return signature, nil
}

// VerifySignature checks what Sign made, with the public key as PEM.
func VerifySignature(public, message, signature []byte) error {
	key, _, err := ParsePublic(public)
	if err != nil {
		return err
	}
	if !sm2.VerifyASN1WithSM2(key, nil, message, signature) {
		return ErrSignature
	}
	return nil
}

// ParsePublic reads a public key from PEM and gives its id.
func ParsePublic(text []byte) (*ecdsa.PublicKey, string, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, "", ErrSignature
	}
	parsed, err := smx509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, "", ErrSignature
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok || !sm2.IsSM2PublicKey(key) {
		return nil, "", ErrSignature
	}
	_, id, err := publicPEM(key)
	return key, id, err
}
