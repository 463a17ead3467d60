//go:build !linux && !darwin

package soak

import "errors"

func ignoreFileLimit() {}

var errNoLimit = errors.New("soak: this system has no limit on the size of files")

func limitFiles(uint64) error { return errNoLimit }

func freeFiles() error { return errNoLimit }
