package desk

import (
	"context"

	"gongxin/internal/authz"
	"gongxin/internal/web"
)

// Could reports whether the caller reaches anything with an action. It chooses what a page offers; the route behind decides.
func Could(ctx context.Context, s *web.Site, a authz.Action) bool {
	b := s.Bounds(ctx, a)
	return b.All || len(b.Agencies) > 0 || len(b.Regions) > 0 || len(b.Subjects) > 0
}
