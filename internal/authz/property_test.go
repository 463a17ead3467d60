package authz

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"gongxin/internal/ident"
)

var (
	everyAction = Actions()
	everyRole   = append(Roles(), Everyone, SignedIn, Operator, Scheduler, "", "root")
	codes       = []string{"", "990000", city, district, other, "990106", "110000", "000000", "x"}
)

func genGrant(t *rapid.T) Grant {
	return Grant{
		Role:    rapid.SampledFrom(everyRole).Draw(t, "role"),
		Agency:  rapid.Int64Range(-1, 4).Draw(t, "agency"),
		Region:  rapid.SampledFrom(codes).Draw(t, "region"),
		Subject: rapid.Int64Range(-1, 4).Draw(t, "subject"),
	}
}

func genActor(t *rapid.T) Actor {
	a := Actor{
		ID:     rapid.Int64Range(0, 4).Draw(t, "id"),
		Kind:   rapid.SampledFrom([]Kind{"", Anonymous, Account, Account, Account, Key, Key, Local, System, "root"}).Draw(t, "kind"),
		Strong: rapid.Bool().Draw(t, "strong"),
		Grants: rapid.SliceOfN(rapid.Custom(genGrant), 0, 4).Draw(t, "grants"),
	}
	if rapid.Bool().Draw(t, "bounded") {
		a.Scopes = rapid.SliceOfN(rapid.SampledFrom(everyAction), 0, 4).Draw(t, "scopes")
		if a.Scopes == nil {
			a.Scopes = []Action{}
		}
	}
	return a
}

func genScope(t *rapid.T) Scope {
	return Scope{
		Agency:  rapid.Int64Range(-1, 4).Draw(t, "of"),
		Region:  rapid.SampledFrom(codes).Draw(t, "in"),
		Subject: rapid.Int64Range(-1, 4).Draw(t, "about"),
		Author:  rapid.Int64Range(-1, 4).Draw(t, "author"),
		Account: rapid.Int64Range(0, 4).Draw(t, "account"),
	}
}

func rule(id string) (Rule, bool) {
	for _, g := range Table() {
		for _, d := range g.Actions {
			for _, r := range d.Rules {
				if r.ID() == id {
					return r, true
				}
			}
		}
	}
	return Rule{}, false
}

// Whatever is allowed is allowed by a row whose every bound holds, told apart here from the code that decides.
func TestPropertyEveryYesHasItsRow(t *testing.T) {
	t.Parallel()
	tree := ident.DefaultDivisions()
	rapid.Check(t, func(t *rapid.T) {
		a, act, s := genActor(t), rapid.SampledFrom(everyAction).Draw(t, "action"), genScope(t)
		d := testAuthority.Decide(a, act, s)
		if d.Why == "" {
			t.Fatal("no explanation")
		}
		if !d.Allowed {
			if d.Err() == nil {
				t.Fatal("refused without an error")
			}
			return
		}
		r, ok := rule(d.Rule)
		if !ok || r.Action != act {
			t.Fatalf("%s by the row %q", act, d.Rule)
		}
		switch r.Role {
		case Everyone:
			return
		case Operator:
			if a.Kind != Local {
				t.Fatalf("%s as operator", a)
			}
			return
		case Scheduler:
			if a.Kind != System {
				t.Fatalf("%s as scheduler", a)
			}
			return
		}
		if a.ID == 0 || a.Kind != Account && a.Kind != Key {
			t.Fatalf("%q without account does %s", a.Kind, act)
		}
		holds := func(g Grant) bool {
			switch r.Reach {
			case OwnAgency:
				return g.Agency > 0 && g.Agency == s.Agency
			case OwnRegion:
				return g.Region == "" || tree.Within(s.Region, g.Region)
			case OwnSubject:
				return g.Subject > 0 && g.Subject == s.Subject
			case Any:
				return g.Region == ""
			default:
				return false
			}
		}
		switch {
		case r.Role == SignedIn && r.Reach == OwnAccount && s.Account != a.ID:
			t.Fatalf("%s on the account %d", a, s.Account)
		case r.Role != SignedIn && r.Reach == OwnAccount && (s.Account != a.ID || !a.Has(r.Role)):
			t.Fatalf("%s on the account %d", a, s.Account)
		case r.Role != SignedIn && r.Reach != OwnAccount && !slices.ContainsFunc(a.Grants, func(g Grant) bool { return g.Role == r.Role && holds(g) }):
			t.Fatalf("%s by %s with %+v on %+v", a, d.Rule, a.Grants, s)
		case r.Strong && (!a.Strong || a.Kind == Key):
			t.Fatalf("%s by %s without second factor", a, d.Rule)
		}
	})
}

// No role of one agency passes for another's scope: an account whose every grant names another unit gets nothing that is bound to a unit.
func TestPropertyAgenciesAreApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, s := genActor(t), genScope(t)
		a.Kind = rapid.SampledFrom([]Kind{Account, Key}).Draw(t, "staff")
		s.Agency = rapid.Int64Range(1, 4).Draw(t, "of")
		for i := range a.Grants {
			if a.Grants[i].Agency == s.Agency {
				a.Grants[i].Agency += 10
			}
		}
		d := testAuthority.Decide(a, rapid.SampledFrom(everyAction).Draw(t, "action"), s)
		if r, _ := rule(d.Rule); d.Allowed && r.Reach == OwnAgency {
			t.Fatalf("%+v passes for agency %d by %s", a.Grants, s.Agency, d.Rule)
		}
	})
}

// Nobody decides on what they submitted or on their own account, whatever they hold.
func TestPropertyDutiesAreSeparate(t *testing.T) {
	t.Parallel()
	var acts []Action
	for _, g := range Table() {
		for _, d := range g.Actions {
			if slices.ContainsFunc(d.Rules, func(r Rule) bool { return r.Separate }) {
				acts = append(acts, d.Action)
			}
		}
	}
	if len(acts) < 8 {
		t.Fatalf("only %v are separated", acts)
	}
	rapid.Check(t, func(t *rapid.T) {
		a, s := genActor(t), genScope(t)
		a.Kind, a.ID = rapid.SampledFrom([]Kind{Account, Key}).Draw(t, "staff"), rapid.Int64Range(1, 4).Draw(t, "id")
		switch rapid.IntRange(0, 2).Draw(t, "own") {
		case 0:
			s.Author = a.ID
		case 1:
			s.Account = a.ID
		default:
			s.Author, s.Account = 0, 0 // nobody knows whose it is
		}
		if d := testAuthority.Decide(a, rapid.SampledFrom(acts).Draw(t, "action"), s); d.Allowed {
			t.Fatalf("%+v on %+v: %s", a, s, d.Rule)
		}
	})
}

// A key does what its scopes name and its account may, and nothing else beyond the public.
func TestPropertyKeysStayWithinTheirScopes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, act, s := genActor(t), rapid.SampledFrom(everyAction).Draw(t, "action"), genScope(t)
		a.Kind = Key
		if !testAuthority.Decide(a, act, s).Allowed || act.Public() {
			return
		}
		person := a
		person.Kind, person.Scopes = Account, nil
		if a.Scopes != nil && !slices.Contains(a.Scopes, act) || !act.ByKey() || !testAuthority.Decide(person, act, s).Allowed {
			t.Fatalf("%+v does %s", a, act)
		}
	})
}

// An auditor or administrator without second factor gets what everyone gets, and may enrol one.
func TestPropertyWatchersNeedASecondFactor(t *testing.T) {
	t.Parallel()
	watchers := []Role{Auditor, SystemAdmin, SecurityAdmin, AuditAdmin}
	rapid.Check(t, func(t *rapid.T) {
		a, act, s := genActor(t), rapid.SampledFrom(everyAction).Draw(t, "action"), genScope(t)
		a.Kind, a.Strong = rapid.SampledFrom([]Kind{Account, Key}).Draw(t, "staff"), false
		a.Grants = append(a.Grants, Grant{Role: rapid.SampledFrom(watchers).Draw(t, "watch")})
		if d := testAuthority.Decide(a, act, s); d.Allowed && !act.Public() && (act != FactorEnrol || s.Account != a.ID) {
			t.Fatalf("%+v does %s", a, act)
		}
	})
}
