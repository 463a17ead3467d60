package app

import (
	"context"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/config"
	"gongxin/internal/identity"
	"gongxin/internal/listing"
	"gongxin/internal/measure"
)

// TestDemoAccounts opens the demo's accounts and signs in with each: every one has its role, those that watch have their second factor, the
// firm's agent has a firm and the resident a person. Asked again nothing is opened anew.
func TestDemoAccounts(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	c, err := config.Config{Data: t.TempDir(), City: config.City{Name: "临溪市", Code: "990100"}}.Defaults()
	if err != nil {
		t.Fatal(err)
	}
	if err := MakeCity(ctx, c, Options{Demo: true}, CityOptions{Seed: 1, Subjects: 60, Records: 400}, nil); err != nil {
		t.Fatal(err)
	}
	now := clock.NewManual(time.Now())
	a, err := Open(ctx, c, Options{Demo: true, Clock: now}, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	for turn := range 2 {
		list, err := a.DemoAccounts(ctx)
		if err != nil || len(list) != len(demoRoles) {
			t.Fatalf("%d accounts: %v", len(list), err)
		}
		if n, err := a.Lists.Listing.FileDue(ctx); turn == 0 && n != 3 || turn == 1 && n != 0 || err != nil {
			t.Errorf("%d entries became records: %v", n, err)
		}
		for i, d := range list {
			s, err := a.SignInDemo(ctx, d, identity.Attempt{Address: "127.0.0.1", Agent: "test"})
			if err != nil {
				t.Fatalf("%s: %v", d.Login, err)
			}
			who, err := a.Trust.Identity.Actor(ctx, s.Token)
			if err != nil {
				t.Fatalf("%s: %v", d.Login, err)
			}
			if len(who.Grants) != 1 || who.Grants[0].Role != demoRoles[i].role || who.Strong != demoRoles[i].strong {
				t.Errorf("%s: %+v", d.Login, who)
			}
			if r := who.Grants[0].Role; (r == authz.BusinessAgent || r == authz.Resident) && who.Grants[0].Subject == 0 {
				t.Errorf("%s acts for nobody", d.Login)
			}
		}
		now.Advance(time.Minute) // each code of an authenticator counts once
	}
	entries, err := a.Lists.Listing.List(ctx, listing.Filter{})
	if err != nil || len(entries) != 4 {
		t.Errorf("%d entries on lists: %v", len(entries), err)
	}
	states := map[string]int{}
	tasks, err := a.Lists.Measures.Tasks(ctx, measure.Filter{})
	for i := range tasks {
		states[tasks[i].State]++
	}
	if err != nil || states["done"] != 1 || states["pushed"] != 1 || states["recalled"] != 2 {
		t.Errorf("tasks %v: %v", states, err)
	}
	o := a.options
	o.Demo = false
	a.options = o
	if _, err := a.DemoAccounts(ctx); err == nil {
		t.Error("accounts with a known password outside the demo")
	}
}
