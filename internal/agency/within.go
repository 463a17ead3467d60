package agency

import (
	"context"

	"gongxin/internal/authz"
)

// Lister lists the units; *Store is one.
type Lister interface {
	List(ctx context.Context) ([]Agency, error)
}

// Within gives the units that lie within an actor's bounds, in the order of the register.
func Within(ctx context.Context, units Lister, b authz.Bounds) ([]Agency, error) {
	list, err := units.List(ctx)
	if err != nil {
		return nil, err
	}
	var out []Agency
	for _, u := range list {
		if b.Unit(u.ID, u.Region) {
			out = append(out, u)
		}
	}
	return out, nil
}

// Reach gives the numbers of the units within an actor's bounds, as filters take them: nil is every unit and what no unit did, an empty slice is none.
func Reach(ctx context.Context, units Lister, b authz.Bounds) ([]ID, error) {
	if b.All {
		return nil, nil
	}
	list, err := Within(ctx, units, b)
	if err != nil {
		return nil, err
	}
	out := make([]ID, len(list))
	for i := range list {
		out[i] = list[i].ID
	}
	return out, nil
}
