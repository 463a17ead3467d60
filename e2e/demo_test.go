package e2e_test

import (
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db/dbtest"
)

// TestKilledDemoGoesOn kills the making of the demo city at random points. Started again it goes on, and the city is the one that an undisturbed
// run makes: nothing is filed twice.
func TestKilledDemoGoesOn(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		t.Parallel()
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		today := clock.Today(clock.System{})
		k := &killer{random: rand.New(rand.NewPCG(seed, 3))}
		hurt, calm := newInstall(t, url), newInstall(t, secondDatabase(t, url))
		args := []string{"demo", "--subjects", "60", "--records", "400", "--messy", "0.2", "--no-serve"}
		for range 4 {
			if code := k.start(t, hurt, args, -1, time.Duration(150+k.random.IntN(600))*time.Millisecond); code < 0 {
				k.kills++
			}
		}
		if k.kills == 0 {
			t.Error("the city was made before it could be killed; make it larger")
		}
		hurt.must(t, args...)
		copyFile(t, filepath.Join(hurt.dir, "keys.json"), filepath.Join(calm.dir, "keys.json"))
		calm.must(t, args...)
		if clock.Today(clock.System{}) != today {
			t.Skip("midnight passed: the second city is a day older")
		}
		compareRegisters(t, calm, hurt)
	})
}
