package authz

import "context"

// Refusal is a look or act that was turned away because what it is about, though it exists, lies outside of everything its caller holds.
type Refusal struct {
	Who    Actor
	Action Action
	Scope  Scope
}

type refusalKey struct{}

// OnRefusal gives a context in which see is told of every Refusal. It must not block: its time would tell the caller that the thing exists.
func OnRefusal(ctx context.Context, see func(Refusal)) context.Context {
	return context.WithValue(ctx, refusalKey{}, see)
}

// Beyond reports that a decision on one thing is no only because the thing lies outside of everything its actor holds. Whether such a thing exists is not
// its caller's to learn.
func (d Decision) Beyond() bool { return !d.Allowed && d.beyond }

// See decides about one thing that exists and that an address or a form names by its number. Where the thing lies beyond the actor's reach it gives none, which
// is what the caller answers for a number that names nothing, and the refusal is put on file; who could do the action to nothing at all is told so.
func (x *Authority) See(ctx context.Context, a Actor, act Action, s Scope, none error) error {
	d := x.Decide(a, act, s)
	if !d.Beyond() || !x.Could(a, act).Allowed {
		return d.Err()
	}
	Refused(ctx, a, act, s)
	return none
}

// Refused puts a refused look on file that the permission table does not know of.
func Refused(ctx context.Context, a Actor, act Action, s Scope) {
	if see, ok := ctx.Value(refusalKey{}).(func(Refusal)); ok {
		see(Refusal{a, act, s})
	}
}
