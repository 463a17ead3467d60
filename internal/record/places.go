package record

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"gongxin/internal/clock"
)

// path is a way to read a column in order: one index range a group, merged.
type path struct {
	column string // "", agency_id or kinds
	groups []group
	cost   float64 // index rows read for one page, roughly
}

type group struct {
	value      int64
	all, match int
}

// rangeCost stands for the fixed price of one more index range, in rows.
const rangeCost = 20

// Matches reports whether a combination can hold rows of the filter.
func (f *Filter) Matches(c Combination) bool {
	return (f.Agency == 0 || c.Agency == f.Agency) && (f.Kinds == 0 || c.Kinds&f.Kinds != 0) &&
		(len(f.Regions) == 0 || slices.Contains(f.Regions, c.Region))
}

// plan chooses the path that reads the fewest rows for a page of limit rows.
func plan(f Filter, combos []Combination, limit int) path {
	best := path{cost: -1}
	for _, column := range []string{"", "agency_id", "kinds"} {
		groups := map[int64]*group{}
		for _, c := range combos {
			v := int64(0)
			switch column {
			case "agency_id":
				v = c.Agency
			case "kinds":
				v = c.Kinds
			}
			g := groups[v]
			if g == nil {
				g = &group{value: v}
				groups[v] = g
			}
			g.all += c.N
			if f.Matches(c) {
				g.match += c.N
			}
		}
		p := path{column: column}
		for _, g := range groups {
			if g.match > 0 {
				p.groups = append(p.groups, *g)
				p.cost += rangeCost + min(float64(g.all), float64(limit)*float64(g.all)/float64(g.match))
			}
		}
		if best.cost < 0 || p.cost < best.cost {
			best = p
		}
	}
	sort.Slice(best.groups, func(i, j int) bool { return best.groups[i].value < best.groups[j].value })
	return best
}

// places gives the next places of a column after one, newest first.
func (s *Store) places(ctx context.Context, f Filter, after Place, limit int) ([]Place, error) {
	combos, err := s.Combinations(ctx, f.Item)
	if err != nil {
		return nil, err
	}
	var out []Place
	p := plan(f, combos, limit)
	for _, g := range p.groups {
		list, err := s.placesOf(ctx, f, p.column, g.value, after, limit)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	sort.Slice(out, func(i, j int) bool { return out[j].less(out[i]) })
	return out[:min(limit, len(out))], nil
}

func (p Place) less(o Place) bool {
	if p.DecidedOn != o.DecidedOn {
		return p.DecidedOn < o.DecidedOn
	}
	if p.Subject != o.Subject {
		return p.Subject < o.Subject
	}
	return p.Key < o.Key
}

func (s *Store) placesOf(ctx context.Context, f Filter, column string, value int64, after Place, limit int) ([]Place, error) {
	var q strings.Builder
	args := []any{string(f.Item), int64(f.Today)}
	bind := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	q.WriteString(`SELECT decided_on, subject_id, record_key FROM record WHERE listed = 1 AND item = $1 AND public_from <= $2 AND public_until > $2`)
	if column != "" {
		q.WriteString(" AND " + column + " = " + bind(value))
	}
	if f.Agency != 0 && column != "agency_id" {
		q.WriteString(" AND agency_id = " + bind(f.Agency))
	}
	if f.Kinds != 0 && column != "kinds" {
		q.WriteString(" AND kinds & " + bind(f.Kinds) + " <> 0")
	}
	if len(f.Regions) > 0 {
		marks := make([]string, len(f.Regions))
		for i, r := range f.Regions {
			marks[i] = bind(r)
		}
		q.WriteString(" AND region IN (" + strings.Join(marks, ",") + ")")
	}
	if f.From != 0 {
		q.WriteString(" AND decided_on >= " + bind(int64(f.From)))
	}
	if f.To != 0 {
		q.WriteString(" AND decided_on <= " + bind(int64(f.To)))
	}
	if after != (Place{}) {
		// The first comparison lets the index start there; the row comparison settles ties.
		q.WriteString(" AND decided_on <= " + bind(int64(after.DecidedOn)))
		q.WriteString(" AND (decided_on, subject_id, record_key) < (" + bind(int64(after.DecidedOn)) + "," + bind(after.Subject) + "," + bind(after.Key) + ")")
	}
	q.WriteString(" ORDER BY decided_on DESC, subject_id DESC, record_key DESC LIMIT " + bind(limit) + "+0")
	rows, err := s.db.Read().QueryContext(ctx, q.String(), args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []Place
	for rows.Next() {
		var p Place
		if err := rows.Scan(&p.DecidedOn, &p.Subject, &p.Key); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// Tally is the number of rows visible on a day, by what the public figures need.
type Tally struct {
	Item   string
	Agency int64
	Region string
	Kinds  int64
	Month  int // yyyymm of the decision
	N      int
}

// Tallies counts what the window lets through on a day, over every item. It reads one index from end to end: for a job, not for a page.
func (s *Store) Tallies(ctx context.Context, today clock.Date, yield func(Tally) error) (err error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT item, agency_id, region, kinds, decided_on / 100, count(*) FROM record
		WHERE listed = 1 AND public_from <= $1 AND public_until > $1 GROUP BY item, agency_id, region, kinds, decided_on / 100`, int64(today))
	if err != nil {
		return fmt.Errorf("record: tallies: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var t Tally
		if err := rows.Scan(&t.Item, &t.Agency, &t.Region, &t.Kinds, &t.Month, &t.N); err != nil {
			return err
		}
		if err := yield(t); err != nil {
			return err
		}
	}
	return rows.Err()
}
