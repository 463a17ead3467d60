package correction

import (
	"context"
	"fmt"

	"gongxin/internal/clock"
	"gongxin/internal/db"
)

// Count counts what units were told and have not applied yet, and of it what is silent past its day. agencies nil = every unit; an empty list counts nothing.
func (s *Service) Count(ctx context.Context, agencies []int64) (open, silent int, err error) {
	if agencies != nil && len(agencies) == 0 {
		return 0, 0, nil
	}
	args := []any{int64(clock.Today(s.Clock))}
	where := `t.to_kind = 'agency' AND t.closed_at = 0`
	if agencies != nil {
		where += ` AND t.to_id IN ` + db.In(len(agencies), len(args)+1)
		for _, id := range agencies {
			args = append(args, id)
		}
	}
	err = s.DB.Read().QueryRowContext(ctx, `SELECT count(*), coalesce(sum(CASE WHEN t.due_on > 0 AND t.due_on < $1 THEN 1 ELSE 0 END), 0) FROM correction_told t WHERE `+where, args...).Scan(&open, &silent)
	if err != nil {
		return 0, 0, fmt.Errorf("correction: count: %w", err)
	}
	return open, silent, nil
}
