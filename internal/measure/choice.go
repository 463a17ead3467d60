package measure

import (
	"context"
	"slices"

	"gongxin/internal/clock"
)

// Choice is a measure that an entry may be followed by, with who would get a task.
type Choice struct {
	Row
	KindName string
	Adverse  bool
	Matters  []MatterLists // empty = nobody has the measure: an order would reach nobody and is refused
	Open     int64         // the order that is open already; 0 = none
}

// Choices gives the measures of the base list that are valid today and name the entry's list and its kind of subject. It is what an order is chosen from;
// Issue asks everything again. ok is false when the entry does not stand.
func (s *Service) Choices(ctx context.Context, entry int64) (list []Choice, ok bool, err error) {
	today, q := clock.Today(s.Clock), s.DB.Read()
	cause, ok, err := s.cause(ctx, q, entry, today)
	if err != nil || !ok {
		return nil, false, err
	}
	subjects, err := s.Subjects.ByIDs(ctx, []int64{cause.Subject})
	if err != nil {
		return nil, false, err
	}
	open, err := s.orders(ctx, q, `entry_id = $1 AND state = 'open'`, entry)
	if err != nil {
		return nil, false, err
	}
	base := s.Base.Today()
	matters, err := s.MattersInUse(ctx) // once for all rows
	if err != nil {
		return nil, false, err
	}
	if matters, err = s.live(ctx, matters, subjects[cause.Subject].Kind, today); err != nil {
		return nil, false, err
	}
	for i := range base.rows {
		row := &base.rows[i]
		if !row.Fits(cause.List, subjects[cause.Subject].Kind, today) {
			continue
		}
		c := Choice{Row: *row, KindName: base.KindOf(row).Name, Adverse: base.Adverse(row), Matters: withMeasure(matters, cause.List, row.Code, today)}
		for j := range open {
			if open[j].Measure == row.Code {
				c.Open = open[j].ID
			}
		}
		list = append(list, c)
	}
	return list, true, nil
}

// withMeasure picks the matters that look at a list and have a measure on a day.
func withMeasure(all []MatterLists, list, code string, on clock.Date) []MatterLists {
	var out []MatterLists
	for i := range all {
		m := &all[i]
		if on >= m.From && (m.Until.IsZero() || on < m.Until) && slices.Contains(m.Lists, list) && slices.Contains(m.Measures, code) {
			out = append(out, *m)
		}
	}
	return out
}

// MattersInUse gives the lists of every matter that has any, as they are in use.
func (s *Service) MattersInUse(ctx context.Context) ([]MatterLists, error) {
	return matterLists(ctx, s.DB.Read(), `seq = (SELECT max(n.seq) FROM measure_matter AS n WHERE n.matter = measure_matter.matter) ORDER BY agency_id, matter`)
}

// RowOf gives the measure of an order as it stood when the order was issued.
func (s *Service) RowOf(o *Order) Row {
	for _, base := range []*Base{s.Base.KnownOn(o.BaseOn, o.IssuedAt), s.Base.On(o.BaseOn), s.Base.Today()} {
		if row, ok := base.Row(o.Measure); ok {
			return *row
		}
	}
	return Row{Code: o.Measure, Content: o.Measure, Law: o.Law}
}
