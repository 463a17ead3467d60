package authz

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// Actors finds who stands behind a session or a key; identity's Service is one. What is no longer valid answers with a fault of kind Denied; any
// other error says that nobody knows.
type Actors interface {
	Actor(ctx context.Context, rawSession string) (Actor, error)
	KeyActor(ctx context.Context, rawKey, address string) (Actor, error)
}

// Route is one address with what it asks of a caller, for the published list.
type Route struct {
	Pattern string // "GET /desk/queue/{id}"
	Action  Action
	Scope   string // in Chinese, whose thing it is; "" when the action has no bounds
}

// Could answers whether there is any scope in which a may do act: what a page needs to know before the scope is. It must be followed by Decide on the
// scope itself, or by a list cut to Bounds.
func (x *Authority) Could(a Actor, act Action) Decision {
	return x.decide(a, act, Scope{}, true)
}

// Bounds says how far an actor's reach goes for an action; a list is cut to it.
type Bounds struct {
	All      bool
	Agencies []int64  // units
	Regions  []string // roots of subtrees
	Subjects []int64
	Account  int64 // the actor's own

	units     []Grant // behind Agencies
	authority *Authority
}

// Bounds gives everything that a may do act on. Separation of duties is left to Decide.
func (x *Authority) Bounds(a Actor, act Action) Bounds {
	b := Bounds{authority: x}
	e := index[act]
	if e == nil || !x.Could(a, act).Allowed {
		return b
	}
	if e.everyone.ok() || a.Kind == Local || a.Kind == System {
		b.All = true
		return b
	}
	if e.signedIn.ok() {
		b.add(e.signedIn.Rule, Grant{}, a)
	}
	for _, g := range a.Grants {
		for i := range e.byRole {
			if r := &e.byRole[i]; r.Role == g.Role && (!r.Strong || a.strong()) {
				b.add(r.Rule, g, a)
			}
		}
	}
	return b
}

func (b *Bounds) add(r Rule, g Grant, a Actor) {
	switch r.Reach {
	case Any:
		b.All = b.All || g.Region == ""
	case OwnAgency:
		if g.Agency <= 0 {
			break
		}
		b.units = append(b.units, g)
		if !slices.Contains(b.Agencies, g.Agency) {
			b.Agencies = append(b.Agencies, g.Agency)
		}
	case OwnRegion:
		b.All = b.All || g.Region == ""
		if g.Region != "" && !slices.Contains(b.Regions, g.Region) {
			b.Regions = append(b.Regions, g.Region)
		}
	case OwnSubject:
		if g.Subject > 0 && !slices.Contains(b.Subjects, g.Subject) {
			b.Subjects = append(b.Subjects, g.Subject)
		}
	case OwnAccount:
		b.Account = a.ID
	}
}

// Unit reports whether a unit's things, which lies in a region, are within.
func (b Bounds) Unit(agency int64, region string) bool {
	s := Scope{Agency: agency, Region: region}
	return b.All || slices.ContainsFunc(b.units, func(g Grant) bool { return b.authority.reaches(OwnAgency, &Actor{}, g, s) }) ||
		slices.ContainsFunc(b.Regions, func(top string) bool { return b.authority.within(region, top) })
}

// AuthorOf reads the account from an actor's text as String writes it; NoAccount when no account stands behind it.
func AuthorOf(text string) int64 {
	for _, kind := range []Kind{Account, Key} {
		if digits, ok := strings.CutPrefix(text, string(kind)+":"); ok {
			if n, err := strconv.ParseInt(digits, 10, 64); err == nil && n > 0 {
				return n
			}
		}
	}
	return NoAccount
}
