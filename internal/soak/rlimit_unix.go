//go:build linux || darwin

package soak

import (
	"os/signal"
	"syscall"
)

// ignoreFileLimit makes writing beyond the limit an error of the write instead of the end of the process.
func ignoreFileLimit() { signal.Ignore(syscall.SIGXFSZ) }

// limitFiles makes every write behind so many bytes of a file fail, as on a disk that is full.
func limitFiles(most uint64) error { return setFileLimit(most) }

func freeFiles() error {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &r); err != nil {
		return err
	}
	return setFileLimit(r.Max)
}

func setFileLimit(most uint64) error {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &r); err != nil {
		return err
	}
	r.Cur = most
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &r)
}
