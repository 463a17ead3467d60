package report_test

import (
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
