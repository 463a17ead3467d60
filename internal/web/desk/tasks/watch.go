package tasks

import (
	"context"
	"slices"

	"gongxin/internal/agency"
	"gongxin/internal/clock"
	"gongxin/internal/flow"
	"gongxin/internal/measure"
	"gongxin/internal/web/desk"
)

// watchRow is what one unit owes: recalls that it has not acknowledged, and tasks whose day is over.
type watchRow struct {
	id               agency.ID
	unit             string
	recalls, overdue int
	oldest, since    clock.Date // of the recalls, and the last day on which the oldest task would have been in time
}

func (r *watchRow) recalled() string {
	return desk.Query(path, "unit", desk.Dec(r.id), "state", "recalled")
}
func (r *watchRow) all() string { return desk.Query(path, "unit", desk.Dec(r.id)) }

// watch counts for whoever looks after several units what each of them owes. Recalls that nobody acknowledged stand first, the oldest before the others: a measure
// that has lost its cause is still being applied.
func (d *Desk) watch(ctx context.Context, units []agency.Agency) ([]watchRow, error) {
	recalls, err := d.Measures.Unacknowledged(ctx)
	if err != nil {
		return nil, err
	}
	late, err := d.Cases.OverdueBy(ctx, flow.Filter{Kind: measure.FlowKind})
	if err != nil {
		return nil, err
	}
	by := map[agency.ID]*watchRow{}
	of := func(id agency.ID) *watchRow {
		at := slices.IndexFunc(units, func(u agency.Agency) bool { return u.ID == id })
		if at < 0 {
			return &watchRow{} // beyond the caller's reach: counted nowhere
		}
		if by[id] == nil {
			by[id] = &watchRow{id: id, unit: units[at].Name}
		}
		return by[id]
	}
	for i := range recalls {
		r := of(recalls[i].Agency)
		r.recalls, r.oldest = recalls[i].N, clock.DateOf(recalls[i].Oldest)
	}
	for i := range late {
		r := of(late[i].Agency)
		r.overdue, r.since = late[i].Count, late[i].Oldest
	}
	out := make([]watchRow, 0, len(by))
	for _, r := range by {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b watchRow) int {
		switch {
		case (a.recalls > 0) != (b.recalls > 0):
			return order(b.recalls, a.recalls)
		case a.recalls > 0 && a.oldest != b.oldest:
			return order(int(a.oldest), int(b.oldest))
		case a.since != b.since && a.overdue > 0 && b.overdue > 0:
			return order(int(a.since), int(b.since))
		case a.overdue != b.overdue:
			return order(b.overdue, a.overdue)
		}
		return order(int(a.id), int(b.id))
	})
	return out, nil
}

func order(a, b int) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
