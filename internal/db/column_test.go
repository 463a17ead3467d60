package db

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestInstantColumns(t *testing.T) {
	t.Parallel()
	if Micros(time.Time{}) != 0 || !Instant(0).IsZero() {
		t.Error("no instant is 0")
	}
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Int64Range(1, 4e15).Draw(t, "micros")
		if got := Micros(Instant(v)); got != v || Instant(v).Location() != time.UTC {
			t.Errorf("%d came back as %d", v, got)
		}
	})
}
