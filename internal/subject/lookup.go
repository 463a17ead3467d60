package subject

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"gongxin/internal/db"
)

// lookupChunk values are asked for in one statement on SQLite, with bare placeholders, which its driver binds in linear time.
const lookupChunk = 400

// byKeys runs query once for all values on PostgreSQL (as an array) and in chunks on SQLite. The query's text has the
// list's name k with the column v.
func byKeys[T any](ctx context.Context, q db.Querier, pg bool, columnType, query string, values []T, each func(*sql.Rows) error) error {
	run := func(query string, args ...any) error {
		rows, err := q.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			if err := each(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	}
	if pg {
		return run(`WITH k(v) AS (SELECT unnest($1::`+columnType+`[])) `+query, values)
	}
	for len(values) > 0 {
		n := min(lookupChunk, len(values))
		args := make([]any, n)
		for i, v := range values[:n] {
			args[i] = v
		}
		if err := run(`WITH k(v) AS (VALUES `+strings.Repeat("(?),", n-1)+`(?)) `+query, args...); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}

func (s *Store) pg() bool { return s.db.Engine() == db.Postgres }

// find gives the subjects of each identifier, and the subjects themselves in into.
func (s *Store) find(ctx context.Context, q db.Querier, idents []Ident, into map[int64]*Subject) (map[Ident][]int64, error) {
	byKind := map[IdentKind][]string{}
	seen := make(map[Ident]struct{}, len(idents))
	for _, i := range idents {
		if _, ok := seen[i]; !ok {
			seen[i] = struct{}{}
			byKind[i.Kind] = append(byKind[i.Kind], i.Value)
		}
	}
	out := make(map[Ident][]int64, len(idents))
	for kind, values := range byKind {
		slices.Sort(values) // neighbours stand on the same page
		err := byKeys(ctx, q, s.pg(), "text", `SELECT i.token, `+columnsOf("s")+` FROM k CROSS JOIN subject_identifier i JOIN subject s ON s.subject_id = i.subject_id
			WHERE i.kind = '`+string(kind)+`' AND i.token = k.v ORDER BY i.token, i.dup`, values, func(rows *sql.Rows) error {
			var token string
			sub, err := scan(withFirst{rows, &token})
			if err != nil {
				return err
			}
			ident := Ident{kind, token}
			out[ident] = append(out[ident], sub.ID)
			if into[sub.ID] == nil {
				into[sub.ID] = &sub
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ByIdents gives the subjects that each identifier points at, in the order in which they got it; an identifier that nobody has is left out. What is
// said of a person stays masked: a Subject of that kind has neither name nor code.
func (s *Store) ByIdents(ctx context.Context, idents []Ident) (map[Ident][]Subject, error) {
	subjects := map[int64]*Subject{}
	found, err := s.find(ctx, s.db.Read(), idents, subjects)
	if err != nil {
		return nil, wrap(err, "subject: by identifiers")
	}
	out := make(map[Ident][]Subject, len(found))
	for i, ids := range found {
		for _, id := range ids {
			out[i] = append(out[i], *subjects[id])
		}
	}
	return out, nil
}

// withFirst scans one column before those of a subject.
type withFirst struct {
	row   scanner
	first any
}

func (w withFirst) Scan(dest ...any) error { return w.row.Scan(append([]any{w.first}, dest...)...) }

func (s *Store) load(ctx context.Context, q db.Querier, ids []int64) (map[int64]Subject, error) {
	out := make(map[int64]Subject, len(ids))
	err := byKeys(ctx, q, s.pg(), "bigint", `SELECT `+columns+` FROM k CROSS JOIN subject WHERE subject_id = k.v`, ids, func(rows *sql.Rows) error {
		sub, err := scan(rows)
		out[sub.ID] = sub
		return err
	})
	return out, wrap(err, "subject: load")
}

// names gives every recorded name of each subject, oldest first.
func (s *Store) names(ctx context.Context, q db.Querier, ids []int64) (map[int64][]Name, error) {
	out := make(map[int64][]Name, len(ids))
	err := byKeys(ctx, q, s.pg(), "bigint", `SELECT n.subject_id, n.name, n.name_key, n.since FROM k CROSS JOIN subject_name n WHERE n.subject_id = k.v ORDER BY n.subject_id, n.seq`,
		ids, func(rows *sql.Rows) error {
			var id int64
			var n Name
			if err := rows.Scan(&id, &n.Name, &n.Key, &n.Since); err != nil {
				return err
			}
			out[id] = append(out[id], n)
			return nil
		})
	return out, err
}
