//go:build unix

package backup

import (
	"os"
	"path/filepath"
	"syscall"
)

// lock makes sure that one process at a time writes into a folder of backups. The lock ends with the process, however it ends.
func lock(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, ErrDir.With(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, ErrRunning.With(err)
	}
	return func() { _ = f.Close() }, nil
}

// Free gives the bytes that an unprivileged user may still write on dir's disk.
func Free(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), nil //nolint:unconvert // the types differ by platform
}
