package authz

import "context"

type actorKey struct{}

// With gives a context that carries who asks.
func With(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, actorKey{}, a) }

// From gives who asks; an anonymous reader when the context does not say.
func From(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}
