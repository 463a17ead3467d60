package app

import (
	"context"
	"errors"
	"os"
	"testing"
)

// A used database whose key ring is lost is not opened with another ring; with the ring back it opens as before.
func TestLostRingIsNotReplaced(t *testing.T) {
	t.Parallel()
	a, _ := newApp(t, nil)
	path, options := a.Config.KeyFile(), a.options
	must(t, a.Close())
	must(t, os.Rename(path, path+".aside"))
	if again, err := Open(context.Background(), a.Config, options, true); !errors.Is(err, ErrRingGone) {
		t.Fatalf("opened without its ring: %v, %v", again, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("another ring was made: %v", err)
	}
	must(t, os.Rename(path+".aside", path))
	again, err := Open(context.Background(), a.Config, options, true)
	must(t, err)
	must(t, again.Close())
}
