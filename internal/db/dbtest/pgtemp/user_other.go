//go:build !unix

package pgtemp

import (
	"errors"
	"syscall"
)

// unprivileged refuses: the guard is a shell script.
func unprivileged(string) (*syscall.SysProcAttr, error) {
	return nil, errors.New("temporary servers need a Unix system; set GONGXIN_TEST_PG_URL")
}
