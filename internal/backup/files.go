package backup

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// writeSynced writes a small file that survives a crash of the machine.
func writeSynced(path string, raw []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("backup: write: %w", err)
	}
	return nil
}

// syncDir makes names themselves survive a crash.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// copyFile copies a file under a passing name and puts it into place whole. It gives its bytes and hash.
func copyFile(ctx context.Context, from, to string) (f File, err error) {
	in, err := os.Open(from)
	if err != nil {
		return f, err
	}
	defer func() { _ = in.Close() }()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return f, fmt.Errorf("backup: %w", err)
	}
	out, err := os.CreateTemp(filepath.Dir(to), ".copy-*") // mode 0600
	if err != nil {
		return f, fmt.Errorf("backup: %w", err)
	}
	defer func() { _ = os.Remove(out.Name()) }()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, sum), &readerWith{ctx, in})
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return f, fmt.Errorf("backup: copy: %w", err)
	}
	if err := os.Rename(out.Name(), to); err != nil {
		return f, fmt.Errorf("backup: %w", err)
	}
	return File{Bytes: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}

// readerWith stops reading when its context ends.
type readerWith struct {
	ctx context.Context
	r   io.Reader
}

func (c *readerWith) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// sumOf describes a file of this content.
func sumOf(raw []byte) File {
	sum := sha256.Sum256(raw)
	return File{Bytes: int64(len(raw)), SHA256: hex.EncodeToString(sum[:])}
}

// hashFile gives a file's bytes and hash.
func hashFile(ctx context.Context, path string) (f File, err error) {
	in, err := os.Open(path)
	if err != nil {
		return f, err
	}
	defer func() { _ = in.Close() }()
	sum := sha256.New()
	f.Bytes, err = io.Copy(sum, &readerWith{ctx, in})
	f.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return f, err
}

// folder lists the regular files below dir by their path from there, leaving out folders and passing files; none when dir is missing.
func folder(dir string, skip func(rel string) bool) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a passing file is gone already
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil || rel == "." {
			return err
		}
		if skip != nil && skip(filepath.ToSlash(rel)) {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if e.Type().IsRegular() {
			out = append(out, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("backup: list: %w", err)
	}
	return out, nil
}

// sizeOf gives the bytes of all files below dir.
func sizeOf(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}

// packedWriter writes lines into a packed file and hashes what lies on disk.
type packedWriter struct {
	file *os.File
	sum  hash.Hash
	size int64
	out  *bufio.Writer
	zip  *gzip.Writer
}

func createPacked(path string) (*packedWriter, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	w := &packedWriter{file: f, sum: sha256.New()}
	w.out = bufio.NewWriterSize(w.disk(), 1<<20)
	w.zip, _ = gzip.NewWriterLevel(w.out, gzip.BestSpeed) // the level is a valid constant
	return w, nil
}

type diskWriter struct{ w *packedWriter }

func (d diskWriter) Write(p []byte) (int, error) {
	n, err := d.w.file.Write(p)
	d.w.sum.Write(p[:n])
	d.w.size += int64(n)
	return n, err
}

func (w *packedWriter) disk() io.Writer { return diskWriter{w} }

func (w *packedWriter) Write(p []byte) (int, error) { return w.zip.Write(p) }

// finish puts everything on disk.
func (w *packedWriter) finish() (File, error) {
	err := errors.Join(w.zip.Close(), w.out.Flush())
	if err == nil {
		err = w.file.Sync()
	}
	if err = errors.Join(err, w.file.Close()); err != nil {
		return File{}, fmt.Errorf("backup: write: %w", err)
	}
	return File{Bytes: w.size, SHA256: hex.EncodeToString(w.sum.Sum(nil))}, nil
}

// drop gives an unfinished file up.
func (w *packedWriter) drop() { _ = w.file.Close() }

// maxLine bounds a row; the largest real one is an edition of the catalogue, a few megabytes.
const maxLine = 512 << 20

// packedLines gives the lines of a packed file one by one, each with its end. The slice is good until the next one.
func packedLines(ctx context.Context, path string, yield func(line []byte) error) error {
	f, err := os.Open(path)
	if err != nil {
		return ErrBroken.With(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(bufio.NewReaderSize(&readerWith{ctx, f}, 1<<20))
	if err != nil {
		return ErrBroken.With(err)
	}
	in := bufio.NewReaderSize(z, 1<<20)
	var long []byte
	for {
		line, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			if long = append(long, line...); len(long) > maxLine {
				return ErrBroken.Messagef("备份中有一行过长")
			}
			continue
		case errors.Is(err, io.EOF) && len(line)+len(long) == 0:
			return nil
		case err != nil:
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return ErrBroken.With(err)
		}
		if len(long) > 0 {
			line = append(long, line...)
		}
		if err := yield(line); err != nil {
			return err
		}
		long = long[:0]
	}
}

// eachBlob gives what the list of received files names.
func eachBlob(ctx context.Context, dir string, yield func(File) error) error {
	return packedLines(ctx, filepath.Join(dir, blobsList), func(line []byte) error {
		var f File
		if err := json.Unmarshal(line, &f); err != nil || !filepath.IsLocal(f.Path) {
			return ErrBroken.Messagef("备份的原始文件清单无法读取")
		}
		return yield(f)
	})
}

// passing reports whether a file of the received files' folder is one that is just being written or read.
func passing(rel string) bool { return rel == "tmp" || strings.HasPrefix(filepath.Base(rel), ".") }
