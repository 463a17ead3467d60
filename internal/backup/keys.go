package backup

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/emmansun/gmsm/sm4"
	"golang.org/x/crypto/argon2"

	"gongxin/internal/gm"
)

// Where keys lie in the data folder.
const (
	keyFile   = "keys.json"
	keyFolder = "keys"
)

const shortest = 12

func strongEnough(passphrase string) bool { return utf8.RuneCountInString(passphrase) >= shortest }

// sealedKeys is the file of keys under a passphrase: argon2id (RFC 9106) makes the key, SM4-GCM (GM/T 0002) seals.
type sealedKeys struct {
	Format  int    `json:"format"`
	Salt    []byte `json:"salt"`
	Time    uint32 `json:"time"`
	Memory  uint32 `json:"memory_kib"`
	Threads uint8  `json:"threads"`
	Sealed  []byte `json:"sealed"` // nonce, then path → content as JSON
}

// The cost of one try at a passphrase: the second choice of RFC 9106 §4, 64 MiB and three passes.
const (
	argonTime    = 3
	argonMemory  = 64 << 10
	argonThreads = 4
	maxMemory    = 1 << 20 // KiB; a file must not make us take more
)

const keysLabel = "backup/keys/1"

func (s *sealedKeys) aead(passphrase string) (cipher.AEAD, error) {
	block, err := sm4.NewCipher(argon2.IDKey([]byte(passphrase), s.Salt, s.Time, s.Memory, s.Threads, 16))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// keyPaths lists the installation's key files.
func keyPaths(data string) ([]string, error) {
	list, err := folder(filepath.Join(data, keyFolder), nil)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i] = keyFolder + "/" + list[i]
	}
	if _, err := os.Stat(filepath.Join(data, keyFile)); err == nil {
		list = append(list, keyFile)
	}
	return list, nil
}

// sealKeys writes the installation's keys into one file under a passphrase.
func sealKeys(data, to, passphrase string) (File, error) {
	paths, err := keyPaths(data)
	if err != nil {
		return File{}, err
	}
	content := map[string][]byte{}
	for _, p := range paths {
		if content[p], err = os.ReadFile(filepath.Join(data, p)); err != nil {
			return File{}, fmt.Errorf("backup: keys: %w", err)
		}
	}
	plain, err := json.Marshal(content)
	if err != nil {
		return File{}, err
	}
	s := &sealedKeys{Format: 1, Salt: make([]byte, 16), Time: argonTime, Memory: argonMemory, Threads: argonThreads}
	_, _ = rand.Read(s.Salt)
	aead, err := s.aead(passphrase)
	if err != nil {
		return File{}, err
	}
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce)
	s.Sealed = aead.Seal(nonce, nonce, plain, []byte(keysLabel))
	raw, err := json.Marshal(s)
	if err != nil {
		return File{}, err
	}
	if err := writeSynced(to, raw); err != nil {
		return File{}, err
	}
	return sumOf(raw), nil
}

// openKeys reads what sealKeys wrote.
func openKeys(raw []byte, passphrase string) (map[string][]byte, error) {
	var s sealedKeys
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, ErrBroken.With(err)
	}
	if s.Format != 1 || s.Time < 1 || s.Time > 100 || s.Memory < 8 || s.Memory > maxMemory || s.Threads < 1 || len(s.Salt) < 8 {
		return nil, ErrBroken.Messagef("密封的密钥文件格式无法识别")
	}
	aead, err := s.aead(passphrase)
	if err != nil {
		return nil, err
	}
	if len(s.Sealed) < aead.NonceSize() {
		return nil, ErrBroken.Messagef("密封的密钥文件不完整")
	}
	plain, err := aead.Open(nil, s.Sealed[:aead.NonceSize()], s.Sealed[aead.NonceSize():], []byte(keysLabel))
	if err != nil {
		return nil, ErrPassword
	}
	var content map[string][]byte
	if err := json.Unmarshal(plain, &content); err != nil {
		return nil, ErrBroken.With(err)
	}
	for p := range content {
		if p != keyFile && !(strings.HasPrefix(p, keyFolder+"/") && filepath.IsLocal(p)) {
			return nil, ErrBroken.Messagef("密封的密钥文件中有越出目录的路径")
		}
	}
	return content, nil
}

// placeKeys puts keys into the data folder. A key file that is there already and says something else is never overwritten.
func placeKeys(data string, content map[string][]byte) error {
	for p, raw := range content {
		to := filepath.Join(data, p)
		have, err := os.ReadFile(to)
		switch {
		case err == nil && string(have) == string(raw):
			continue
		case err == nil:
			return ErrWrongKeys.Messagef("数据目录中已有另一份密钥文件 %s，没有覆盖", filepath.Base(p))
		case !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("backup: keys: %w", err)
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return fmt.Errorf("backup: keys: %w", err)
		}
		if err := writeSynced(to, raw); err != nil {
			return err
		}
	}
	return syncDir(data)
}

// checkRing opens the key ring of a data folder, which must exist, and holds it against what the backup needs.
func checkRing(data string, need *Keys) (*gm.KeyRing, error) {
	path := filepath.Join(data, keyFile)
	if _, err := os.Stat(path); err != nil { // opening would make a new ring, which opens nothing
		return nil, ErrKeys.With(err)
	}
	ring, err := gm.OpenKeyRing(path)
	if err != nil {
		return nil, ErrWrongKeys.With(err)
	}
	if !slices.Contains(ring.Tokens(keyCheck, keyCheck), need.Token) { // the token key may have been exchanged since
		return nil, ErrWrongKeys
	}
	if plain, err := ring.Open(keyCheck, need.Sample); err != nil || plain != keyCheck {
		return nil, ErrWrongKeys.With(err)
	}
	have, err := ringNames(path)
	if err != nil {
		return nil, err
	}
	for _, name := range need.Names {
		if !slices.Contains(have, name) {
			return nil, ErrWrongKeys.Messagef("密钥文件中没有密钥 %s，用它密封的内容打不开", name)
		}
	}
	return ring, nil
}

// ringNames lists the names of a ring's keys.
func ringNames(path string) ([]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, ErrKeys.With(err)
	}
	var ring struct {
		Keys map[string]json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &ring); err != nil {
		return nil, ErrWrongKeys.With(err)
	}
	var out []string
	for name := range ring.Keys {
		out = append(out, name)
	}
	return out, nil
}

// streamKey reads the name of the key under which a received file is sealed: it stands in clear behind four letters and a length.
func streamKey(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, 5)
	if _, err := io.ReadFull(f, head); err != nil || string(head[:4]) != "GXS1" {
		return "", ErrBroken.Messagef("一个收到的文件没有密封或已损坏").With(err)
	}
	name := make([]byte, head[4])
	if _, err := io.ReadFull(f, name); err != nil {
		return "", ErrBroken.Messagef("一个收到的文件没有密封或已损坏").With(err)
	}
	return string(name), nil
}
