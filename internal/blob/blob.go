// Package blob keeps the bytes that were received, by the SHA-256 of their content: what was acknowledged is on disk first, the same
// file is kept once, and it is sealed, for files hold names and numbers of persons.
package blob

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gongxin/internal/fault"
	"gongxin/internal/gm"
)

// Store is a folder of files named by their hash.
type Store struct {
	dir  string
	ring *gm.KeyRing
}

// ErrTooLarge refuses content over the limit given to Put.
var ErrTooLarge = fault.New(fault.TooLarge, "blob.too_large", "文件超过大小上限", "请拆分文件后分批报送")

// Open makes the folder when it is missing.
func Open(dir string, ring *gm.KeyRing) (*Store, error) {
	if err := os.MkdirAll(filepath.Join(dir, "tmp"), 0o700); err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	return &Store{dir: dir, ring: ring}, nil
}

// Info names kept content.
type Info struct {
	Hash  string // SHA-256 in hex; behind it, for content that is kept alone, a mark
	Bytes int64
}

// Put keeps what r gives, at most limit bytes. When it returns without error the content survives a crash of the machine.
func (s *Store) Put(ctx context.Context, r io.Reader, limit int64) (Info, error) {
	return s.put(ctx, r, limit, "")
}

// PutAlone keeps content under a name that it shares with nothing else, so that Remove can take it away again; Info.Hash is that name.
func (s *Store) PutAlone(ctx context.Context, r io.Reader, limit int64) (Info, error) {
	return s.put(ctx, r, limit, aloneMark+rand.Text())
}

// PutOwned keeps content under a name of its own, like PutAlone, for an owner that takes it away itself: no sweep does.
func (s *Store) PutOwned(ctx context.Context, r io.Reader, limit int64) (Info, error) {
	return s.put(ctx, r, limit, ownedMark+rand.Text())
}

// The marks stand in no hash.
const (
	aloneMark = "-"
	ownedMark = "_"
)

// Remove takes away what PutAlone or PutOwned kept. What Put kept stays: others may have been told that it is here.
func (s *Store) Remove(name string) error {
	if !strings.ContainsAny(name, aloneMark+ownedMark) || strings.ContainsAny(name, `/\.`) {
		return nil
	}
	if err := os.Remove(s.Path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("blob: %w", err)
	}
	return nil
}

// Forget takes away what Put kept, when nothing was written to it for so long. Whoever calls it has made sure that nobody else was told that it is here.
func (s *Store) Forget(hash string, keep time.Duration) (bool, error) {
	if strings.ContainsAny(hash, aloneMark+ownedMark+"/\\.") {
		return false, nil
	}
	if rested, err := s.Rested(hash, keep); err != nil || !rested {
		return false, err
	}
	switch err := os.Remove(s.Path(hash)); {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("blob: %w", err)
	}
	return true, nil
}

// label binds sealed content to this place.
const label = "blob/1"

func (s *Store) put(ctx context.Context, r io.Reader, limit int64, suffix string) (Info, error) {
	tmp, err := os.CreateTemp(filepath.Join(s.dir, "tmp"), "in-*")
	if err != nil {
		return Info{}, fmt.Errorf("blob: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	sum := sha256.New()
	sealed := s.ring.SealTo(tmp, label)
	n, err := io.Copy(io.MultiWriter(sealed, sum), io.LimitReader(readerWith{ctx, r}, limit+1))
	if err == nil && n > limit {
		err = ErrTooLarge
	}
	if err == nil {
		err = sealed.Close()
	}
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return Info{}, err
	}
	info := Info{Hash: hex.EncodeToString(sum.Sum(nil)) + suffix, Bytes: n}
	path := s.Path(info.Hash)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Info{}, fmt.Errorf("blob: %w", err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return Info{}, fmt.Errorf("blob: %w", err)
	}
	return info, syncDir(filepath.Dir(path))
}

// Open gives content that is kept, opened, as a file without a name that vanishes when it is closed: on disk it stands under its name only sealed.
func (s *Store) Open(name string) (_ *os.File, err error) {
	from, err := os.Open(s.Path(name))
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	defer func() { _ = from.Close() }()
	to, err := os.CreateTemp(filepath.Join(s.dir, "tmp"), "out-*")
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	if err = os.Remove(to.Name()); err == nil {
		err = s.ring.OpenTo(to, from, label)
	}
	if err == nil {
		_, err = to.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("blob: open: %w", err), to.Close())
	}
	return to, nil
}

// Path is where content of this hash is or would be.
func (s *Store) Path(hash string) string {
	if len(hash) < 4 {
		return filepath.Join(s.dir, "none")
	}
	return filepath.Join(s.dir, hash[:2], hash[2:4], hash)
}

// readerWith stops reading when its context ends.
type readerWith struct {
	ctx context.Context
	r   io.Reader
}

func (c readerWith) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// syncDir makes the new name itself survive a crash.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("blob: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
