package report_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/publish"
	"gongxin/internal/report"
)

// Whoever is not signed in has reports made at the pace of people; this machine and accounts are not held up.
func TestStrangersAreHeldToAPace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	try := func(who authz.Actor) error {
		_, err := w.Create(t.Context(), report.Order{Who: who, Kind: report.Standard, Subject: publish.Whom{Code: firmCode}})
		return err
	}
	from := func(address string) authz.Actor { return authz.Actor{Address: address} }
	made := 0
	for i := range 40 { // addresses of one network of a household are one client
		switch err := try(from([]string{"2001:db8::1", "2001:db8::2%eth0", "2001:db8::ffff:1"}[i%3])); {
		case err == nil:
			made++
		case !errors.Is(err, report.ErrPace):
			t.Fatal(err)
		}
	}
	if made != 30 {
		t.Errorf("%d reports in one go", made)
	}
	for name, who := range map[string]authz.Actor{
		"another network": from("2001:db8:1::1"), "this machine": from("127.0.0.1"), "within the program": {}, "an account": {ID: 1, Kind: authz.Account, Address: "2001:db8::1"},
	} {
		if err := try(who); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.clock.Advance(2 * time.Second)
	if err := try(from("2001:db8::9")); err != nil {
		t.Errorf("after a while: %v", err)
	}
}

// Nobody finds a code by trying: who checks faster than people type is turned away, whether right or wrong; others are not.
func TestGuessesArePaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	r := w.create(t, w.standard())
	from := func(address string) context.Context {
		return authz.With(t.Context(), authz.Actor{Address: address})
	}
	wrong := 0
	for range 60 {
		if _, err := w.Verify(from("203.0.113.9"), r.Number, "AAAAAAAAAA"); errors.Is(err, report.ErrCode) {
			wrong++
		}
	}
	if wrong != 60 {
		t.Errorf("%d wrong codes were answered", wrong)
	}
	if _, err := w.Verify(from("203.0.113.9"), r.Number, r.Code); !errors.Is(err, report.ErrGuess) {
		t.Errorf("the sixty-first: %v", err)
	}
	for _, other := range []string{"198.51.100.7", "127.0.0.1", ""} {
		if _, err := w.Verify(from(other), r.Number, r.Code); err != nil {
			t.Errorf("from %q: %v", other, err)
		}
	}
	w.clock.Advance(time.Second)
	if _, err := w.Verify(from("203.0.113.9"), r.Number, r.Code); err != nil {
		t.Errorf("a second later: %v", err)
	}
}
