package report

import (
	"context"
	"database/sql"
	"fmt"

	"gongxin/internal/db"
	"gongxin/internal/record"
)

// Copy is a record in a report that was handed out.
type Copy struct {
	At      record.ID
	Access  int64 // entry of the access log by which the report was read; 0 = it was made of what is public
	Subject int64
	Handed
}

// copiesAtOnce is how many subjects, or reports, one statement asks for.
const copiesAtOnce = 500

// Copies yields every record of some subjects that went into a report: what Holders gives of one record, of many.
func (s *Service) Copies(ctx context.Context, q db.Querier, subjects []int64, yield func(*Copy)) error {
	for len(subjects) > 0 {
		n := min(len(subjects), copiesAtOnce)
		if err := copiesOf(ctx, q, subjects[:n], yield); err != nil {
			return fmt.Errorf("report: copies: %w", err)
		}
		subjects = subjects[n:]
	}
	return nil
}

func copiesOf(ctx context.Context, q db.Querier, subjects []int64, yield func(*Copy)) error {
	rows, err := q.QueryContext(ctx, `SELECT subject_id, record_key, number, version FROM report_row WHERE subject_id IN `+db.In(len(subjects), 1)+` ORDER BY subject_id, record_key, number`,
		anys(subjects)...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var list []Copy
	var numbers []string
	seen := map[string]bool{}
	for rows.Next() {
		var c Copy
		if err := rows.Scan(&c.At.Subject, &c.At.Key, &c.Number, &c.Version); err != nil {
			return err
		}
		c.Subject = c.At.Subject
		if list = append(list, c); !seen[c.Number] {
			seen[c.Number] = true
			numbers = append(numbers, c.Number)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	heads, err := handed(ctx, q, numbers)
	if err != nil {
		return err
	}
	for i := range list {
		c := &list[i]
		if h, ok := heads[c.Number]; ok {
			h.Number, h.Version = c.Number, c.Version
			c.Handed, c.Access = h.Handed, h.access
			yield(c)
		}
	}
	return nil
}

type handedBy struct {
	Handed
	access int64
}

// handed gives by whom reports were ordered. The rows lie with their subject and the reports by their number: look up, then ask.
func handed(ctx context.Context, q db.Querier, numbers []string) (map[string]handedBy, error) {
	out := make(map[string]handedBy, len(numbers))
	for len(numbers) > 0 {
		n := min(len(numbers), copiesAtOnce)
		err := db.ForEach(ctx, q, func(rows *sql.Rows) error {
			var number, kind string
			var h handedBy
			err := rows.Scan(&number, &kind, &h.CreatedAt, &h.WhoKind, &h.WhoID, &h.Agency, &h.access)
			h.Kind = Kind(kind)
			out[number] = h
			return err
		}, `SELECT number, kind, created_at, who_kind, who_id, agency_id, access_id FROM report WHERE number IN `+db.In(n, 1), anys(numbers[:n])...)
		if err != nil {
			return nil, err
		}
		numbers = numbers[n:]
	}
	return out, nil
}

func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}
