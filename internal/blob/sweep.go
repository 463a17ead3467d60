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

// Sweep removes what killed processes left half received, when nothing was written to it since an instant nor for the time that keep says, and gives how
// many files that were. A file that is still being received is younger: every piece that arrives renews its time. The instant is the caller's; keep is held
// against the file system's own clock, so that a caller whose clock is ahead takes nothing away that has just come.
func (s *Store) Sweep(since time.Time, keep time.Duration) (int, error) {
	since, err := s.rested(since, keep)
	if err != nil {
		return 0, err
	}
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

// Alone gives the names of what PutAlone kept before an instant and for the time that keep says, as Sweep understands them, in the order of their names.
func (s *Store) Alone(before time.Time, keep time.Duration) ([]string, error) {
	before, err := s.rested(before, keep)
	if err != nil {
		return nil, err
	}
	var names []string
	err = filepath.WalkDir(s.dir, func(path string, e fs.DirEntry, err error) error {
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

// Rested reports whether nothing was written to what is kept under a name for so long, by the file system's own clock; what is not there rests.
func (s *Store) Rested(name string, keep time.Duration) (bool, error) {
	now, err := s.now()
	if err != nil {
		return false, err
	}
	info, err := os.Stat(s.Path(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("blob: %w", err)
	}
	return info.ModTime().Before(now.Add(-keep)), nil
}

// rested gives the earlier of an instant and of that which lies keep back by the file system's clock.
func (s *Store) rested(since time.Time, keep time.Duration) (time.Time, error) {
	now, err := s.now()
	if err != nil {
		return time.Time{}, err
	}
	if at := now.Add(-keep); at.Before(since) {
		return at, nil
	}
	return since, nil
}

// now is the file system's own time: that of a file which was just made.
func (s *Store) now() (time.Time, error) {
	f, err := os.CreateTemp(filepath.Join(s.dir, "tmp"), "in-now-")
	if err != nil {
		return time.Time{}, fmt.Errorf("blob: sweep: %w", err)
	}
	info, err := f.Stat()
	if err = errors.Join(err, f.Close(), os.Remove(f.Name())); err != nil {
		return time.Time{}, fmt.Errorf("blob: sweep: %w", err)
	}
	return info.ModTime(), nil
}

// untouched reports whether nothing was written to a plain file since an instant.
func untouched(e fs.DirEntry, since time.Time) bool {
	info, err := e.Info()
	return err == nil && info.Mode().IsRegular() && info.ModTime().Before(since)
}
