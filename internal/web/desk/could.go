package desk

import (
	"context"

	"gongxin/internal/authz"
	"gongxin/internal/flow"
	"gongxin/internal/web"
)

// Could reports whether the caller reaches anything with an action. It chooses what a page offers; the route behind decides.
func Could(ctx context.Context, s *web.Site, a authz.Action) bool {
	b := s.Bounds(ctx, a)
	return b.All || len(b.Agencies) > 0 || len(b.Regions) > 0 || len(b.Subjects) > 0
}

// Cases gives cases, and what the caller may do with one; *flow.Engine does.
type Cases interface {
	Get(ctx context.Context, id int64) (*flow.Case, error)
	Could(ctx context.Context, c *flow.Case) ([]*flow.Move, error)
}

// Steps gives the events of a case that the caller could cause.
func Steps(ctx context.Context, cases Cases, id int64) (map[flow.Event]bool, error) {
	c, err := cases.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	moves, err := cases.Could(ctx, c)
	if err != nil {
		return nil, err
	}
	could := map[flow.Event]bool{}
	for _, m := range moves {
		could[m.Event] = true
	}
	return could, nil
}
