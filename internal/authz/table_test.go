package authz

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// constants gives the texts of a type's constants as the source declares them.
func constants(t *testing.T, file, typ string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == typ {
			for _, v := range spec.Values {
				if lit, ok := v.(*ast.BasicLit); ok {
					text, err := strconv.Unquote(lit.Value)
					if err != nil {
						t.Fatal(err)
					}
					out = append(out, text)
				}
			}
		}
		return true
	})
	return out
}

func TestEveryActionStandsInTheTableOnce(t *testing.T) {
	t.Parallel()
	declared := constants(t, "actions.go", "Action")
	if len(declared) < 60 {
		t.Fatalf("found only %d actions in the source", len(declared))
	}
	listed := map[Action]int{}
	for _, a := range Actions() {
		listed[a]++
	}
	for _, a := range declared {
		if listed[Action(a)] != 1 {
			t.Errorf("%s stands in the table %d times", a, listed[Action(a)])
		}
	}
	if len(listed) != len(declared) {
		t.Errorf("the table has %d actions, the source declares %d", len(listed), len(declared))
	}
}

func TestEveryRoleIsDescribedAndUsed(t *testing.T) {
	t.Parallel()
	used := map[Role]bool{}
	for _, g := range Table() {
		for _, d := range g.Actions {
			for _, r := range d.Rules {
				used[r.Role] = true
			}
		}
	}
	for _, name := range constants(t, "authz.go", "Role") {
		r := Role(name)
		if r.Name() == "" || !used[r] {
			t.Errorf("%s: name %q, used %v", r, r.Name(), used[r])
		}
		special := slices.Contains([]Role{Everyone, SignedIn, Operator, Scheduler}, r)
		if r.Valid() == special {
			t.Errorf("%s: can be given: %v", r, r.Valid())
		}
	}
	if len(Roles()) != 12 {
		t.Errorf("%d roles can be given", len(Roles()))
	}
}

// The shape of the table itself: what would be a hole if someone wrote it.
func TestTableIsSound(t *testing.T) {
	t.Parallel()
	for _, g := range Table() {
		for _, d := range g.Actions {
			seen := map[Role]bool{}
			if len(d.Rules) == 0 || strings.IndexFunc(d.Label, func(r rune) bool { return unicode.Is(unicode.Han, r) }) < 0 {
				t.Errorf("%s has %d rows and the label %q", d.Action, len(d.Rules), d.Label)
			}
			for _, r := range d.Rules {
				if r.Action != d.Action || seen[r.Role] {
					t.Errorf("%s: row %s, seen before: %v", d.Action, r.ID(), seen[r.Role])
				}
				seen[r.Role] = true
				checkRow(t, r)
				if d.Key && (r.Separate || r.Role == SignedIn) {
					t.Errorf("%s: a program decides, or touches the account", r.ID())
				}
			}
			if strings.HasSuffix(string(d.Action), ".approve") && slices.ContainsFunc(d.Rules, func(r Rule) bool { return !r.Separate || !r.Strong }) {
				t.Errorf("%s: approval without separation of duties or second factor", d.Action)
			}
		}
	}
}

func checkRow(t *testing.T, r Rule) {
	t.Helper()
	switch {
	case r.Role == Everyone && (r.Reach != Any || r.Strong || r.Separate):
		t.Errorf("%s: bounds on everyone", r.ID())
	case r.Role.Watches() && !r.Strong:
		t.Errorf("%s: a watching role without second factor", r.ID())
	case (r.Role == BusinessAgent || r.Role == Resident) && r.Reach != OwnSubject:
		t.Errorf("%s: reaches %s", r.ID(), r.Reach)
	case (r.Role == FilingClerk || r.Role == WindowOfficer || r.Role == InstitutionOfficer) && r.Reach != OwnAgency && r.Reach != OwnAccount:
		t.Errorf("%s: reaches %s", r.ID(), r.Reach)
	case r.Role == SystemAdmin && (strings.HasPrefix(string(r.Action), "disclosure.") || strings.HasPrefix(string(r.Action), "account.")):
		t.Errorf("%s: who runs the system neither reads files nor gives roles", r.ID())
	}
}

func TestCompatible(t *testing.T) {
	t.Parallel()
	grant := func(r Role) Grant {
		g := Grant{Role: r}
		if r.bound().agency {
			g.Agency = 7
		}
		if r.bound().subject {
			g.Subject = 9
		}
		return g
	}
	// Pairs that may stand on one account; every other pair may not.
	together := func(a, b Role) bool {
		fa, fb := a.bound().family, b.bound().family
		switch {
		case a == b:
			return true
		case fa == business && fb == business, fa == citizen && fb == citizen:
			return true
		default:
			return a == Auditor && b == AuditAdmin || a == AuditAdmin && b == Auditor
		}
	}
	for _, a := range Roles() {
		for _, b := range Roles() {
			if err := Compatible([]Grant{grant(a), grant(b)}); (err == nil) != together(a, b) {
				t.Errorf("%s with %s: %v", a, b, err)
			}
		}
	}
	if err := Compatible([]Grant{{Role: Resident, Subject: 1}, {Role: Resident, Subject: 2}}); err == nil {
		t.Error("one resident sees two people")
	}
	if err := Compatible([]Grant{{Role: BusinessAgent, Subject: 1}, {Role: BusinessAgent, Subject: 2}, {Role: Resident, Subject: 3}}); err != nil {
		t.Errorf("an agent of two businesses: %v", err)
	}
	if err := Compatible([]Grant{{Role: FilingClerk, Agency: 1}, {Role: FilingClerk, Agency: 2}}); err != nil {
		t.Errorf("a clerk of two units: %v", err)
	}
	if err := Compatible(nil); err != nil {
		t.Errorf("no grants: %v", err)
	}
}

func TestGrantCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		g    Grant
		ok   bool
	}{
		{"clerk of a unit", Grant{Role: FilingClerk, Agency: 1}, true},
		{"clerk of nothing", Grant{Role: FilingClerk}, false},
		{"clerk of a negative unit", Grant{Role: FilingClerk, Agency: -1}, false},
		{"operator of a district", Grant{Role: OfficeOperator, Region: "990102"}, true},
		{"operator of a negative unit", Grant{Role: OfficeOperator, Agency: -3}, false},
		{"resident", Grant{Role: Resident, Subject: 4}, true},
		{"resident of nobody", Grant{Role: Resident}, false},
		{"resident with a unit", Grant{Role: Resident, Subject: 4, Agency: 1}, false},
		{"resident with a region", Grant{Role: Resident, Subject: 4, Region: "990102"}, false},
		{"clerk with a subject", Grant{Role: FilingClerk, Agency: 1, Subject: 4}, false},
		{"system administrator of a district", Grant{Role: SystemAdmin, Region: "990102"}, false},
		{"everyone", Grant{Role: Everyone}, false},
		{"operator at the machine", Grant{Role: Operator}, false},
		{"no role", Grant{}, false},
	} {
		if err := c.g.Check(); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
