package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/config"
	"gongxin/internal/identity"
)

// The picture of a claim leaves the disk when the period is over, and not before; files of another kind stay.
func TestEvidenceLeavesTheDisk(t *testing.T) {
	t.Parallel()
	ctx, at := context.Background(), clock.NewManual(time.Date(2026, 3, 12, 10, 0, 0, 0, clock.Zone))
	c := config.Config{Data: t.TempDir(), Listen: "127.0.0.1:0"}
	c.Database = filepath.Join(c.Data, "e.db")
	a, err := Open(ctx, c, Options{Clock: at}, true)
	must(t, err)
	t.Cleanup(func() { _ = a.Close() })
	accounts, blobs := a.Trust.Identity, filepath.Join(c.Data, "blobs")
	_, err = a.blobs.Put(ctx, strings.NewReader("a file that was filed"), 100)
	must(t, err)
	name, err := evidence{blobs: a.blobs}.Put(ctx, strings.NewReader("a picture"), 100)
	must(t, err)
	who, _, err := accounts.Open(ctx, authz.LocalActor("test"), identity.NewAccount{Kind: identity.ResidentAccount, Login: "zhou", Name: "周", Password: "临溪之外-不易猜-7319"})
	must(t, err)
	claim, _, err := accounts.Claim(ctx, authz.Actor{ID: who.ID, Kind: authz.Account, Session: 1}, identity.ClaimIn{
		Method: "licence", DocKind: "身份证", DocNumber: "11010519491231002X", Evidence: name,
	})
	must(t, err)
	office := authz.Actor{ID: who.ID + 1, Kind: authz.Account, Session: 1, Strong: true, Grants: []authz.Grant{{Role: authz.OfficeOperator}}}
	must(t, accounts.DecideClaim(ctx, office, claim.ID, false, "看不清"))
	days := identity.DefaultRetention().Evidence(clock.Today(at)).Days
	for _, c := range []struct{ days, gone, left int }{{0, 0, 2}, {days - 1, 0, 2}, {1, 1, 1}, {1, 0, 1}} {
		at.Advance(time.Duration(c.days) * 24 * time.Hour)
		if n, err := accounts.ExpireEvidence(ctx); err != nil || n != c.gone || files(t, blobs) != c.left {
			t.Fatalf("on %s: %d went, %d are left, %v", clock.Today(at), n, files(t, blobs), err)
		}
	}
	if _, err := os.Stat(a.blobs.Path(name)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the picture is still there: %v", err)
	}
}

func files(t *testing.T, dir string) (n int) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(_ string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			n++
		}
		return err
	}))
	return n
}

// A city's own periods are read at the start; a file that says nothing sensible stops it.
func TestRetentionIsTheCitys(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "retention.toml")
	open := func(text string) (*App, error) {
		must(t, os.WriteFile(file, []byte(text), 0o600))
		c := config.Config{Data: t.TempDir(), Listen: "127.0.0.1:0"}
		c.Database = filepath.Join(c.Data, "r.db")
		c.Accounts.Retention = file
		return Open(context.Background(), c, Options{Clock: clock.NewManual(time.Date(2026, 3, 12, 10, 0, 0, 0, clock.Zone))}, true)
	}
	a, err := open("[[evidence]]\nfrom = '2026-01-01'\ndays = 7\nbasis = '本市规定'\n")
	must(t, err)
	if p := a.Trust.Identity.Retention.Evidence(20260312); p.Days != 7 {
		t.Errorf("%+v", p)
	}
	must(t, a.Close())
	if _, err := open("[[evidence]]\nfrom = '2026-01-01'\ndays = 0\nbasis = '本市规定'\n"); !errors.Is(err, identity.ErrRetention) {
		t.Errorf("for ever: %v", err)
	}
}
