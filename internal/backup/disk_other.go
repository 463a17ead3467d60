//go:build !unix

package backup

import (
	"errors"
	"os"
	"path/filepath"
)

// lock makes sure that one process at a time writes into a folder of backups.
func lock(dir string) (unlock func(), err error) {
	path := filepath.Join(dir, lockName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, ErrRunning.With(err)
	}
	return func() { _ = f.Close(); _ = os.Remove(path) }, nil
}

// Free is not told on this system.
func Free(string) (int64, error) { return 0, errors.New("free space is not known here") }
