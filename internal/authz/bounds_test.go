package authz

import (
	"testing"

	"pgregory.net/rapid"
)

func TestBounds(t *testing.T) {
	t.Parallel()
	clerk := account(1, false, Grant{Role: FilingClerk, Agency: 7}, Grant{Role: FilingClerk, Agency: 8}, Grant{Role: OfficeOperator, Region: district})
	b := testAuthority.Bounds(clerk, SubmissionRead)
	for _, c := range []struct {
		agency int64
		region string
		want   bool
	}{{7, "", true}, {8, other, true}, {9, district, true}, {9, other, false}, {9, "", false}, {0, "", false}} {
		if b.Unit(c.agency, c.region) != c.want {
			t.Errorf("unit %d in %q: %v", c.agency, c.region, !c.want)
		}
	}
	if b := testAuthority.Bounds(Actor{}, SubmissionRead); b.All || b.Unit(7, "") {
		t.Errorf("anonymous: %+v", b)
	}
	if b := testAuthority.Bounds(LocalActor("x"), SubmissionRead); !b.Unit(9, "") {
		t.Errorf("operator: %+v", b)
	}
	if b := testAuthority.Bounds(account(3, false, Grant{Role: Resident, Subject: 5}), AccessOwn); b.All || len(b.Subjects) != 1 || b.Subjects[0] != 5 {
		t.Errorf("resident: %+v", b)
	}
	if b := testAuthority.Bounds(account(3, false), SessionOwn); b.Account != 3 || b.All {
		t.Errorf("own account: %+v", b)
	}
}

func TestAuthorOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"account:42": 42, "key:7": 7, "": NoAccount, "api": NoAccount, "local:import": NoAccount, "account:": NoAccount, "account:-1": NoAccount, "account:0": NoAccount,
	} {
		if got := AuthorOf(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// Whoever may do it somewhere could do it, and what the bounds hold of units is what Decide allows.
func TestPropertyBoundsAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, act, s := genActor(t), rapid.SampledFrom(everyAction).Draw(t, "action"), genScope(t)
		d := testAuthority.Decide(a, act, s)
		if d.Allowed && !testAuthority.Could(a, act).Allowed {
			t.Fatalf("%+v may %s on %+v and could not", a, act, s)
		}
		if act != SubmissionRead && act != QueueRead && act != SubmissionCreate {
			return
		}
		if in := testAuthority.Bounds(a, act).Unit(s.Agency, s.Region); in != d.Allowed {
			t.Fatalf("%+v, %s on %+v: within %v, decided %+v", a, act, s, in, d)
		}
	})
}
