package blob

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Sweep removes what killed processes left half received, when nothing was written to it since an instant, and gives how many files
// that were. A file that is still being received is younger: every piece that arrives renews its time.
func (s *Store) Sweep(since time.Time) (int, error) {
	dir := filepath.Join(s.dir, "tmp")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, fmt.Errorf("blob: sweep: %w", err)
	}
	n := 0
	var failed error
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "in-") && !strings.HasPrefix(e.Name(), "out-") || !untouched(e, since) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = errors.Join(failed, fmt.Errorf("blob: sweep: %w", err))
			continue
		}
		n++
	}
	return n, failed
}

// Alone gives the names of what PutAlone kept before an instant, in the order of their names.
func (s *Store) Alone(before time.Time) ([]string, error) {
	var names []string
	err := filepath.WalkDir(s.dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // removed meanwhile
			return nil
		case err != nil:
			return err
		case e.IsDir() && path == filepath.Join(s.dir, "tmp"):
			return fs.SkipDir
		case !e.IsDir() && strings.Contains(e.Name(), aloneMark) && untouched(e, before):
			names = append(names, e.Name())
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	return names, nil
}

// untouched reports whether nothing was written to a plain file since an instant.
func untouched(e fs.DirEntry, since time.Time) bool {
	info, err := e.Info()
	return err == nil && info.Mode().IsRegular() && info.ModTime().Before(since)
}
