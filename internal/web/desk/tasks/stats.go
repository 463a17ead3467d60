package tasks

import (
	"net/http"
	"slices"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/measure"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// figures are one unit's part in joint action.
type figures struct {
	unit                                                      string
	pushed, inTime, late, executed, notApplicable, not, waits int // waits: recalls that are not acknowledged
}

func (f *figures) add(t *measure.Tally) {
	f.pushed += t.N
	f.inTime += t.InTime
	f.late += t.Late
	switch t.Result {
	case measure.Executed:
		f.executed += t.N
	case measure.NotApplicable:
		f.notApplicable += t.N
	case measure.NotExecuted:
		f.not += t.N
	}
	if t.State == "recalled" {
		f.waits += t.N
	}
}

type statsView struct {
	units []figures
	all   figures
}

func (v *statsView) chart() ui.ChartSpec {
	c := ui.ChartSpec{ID: "joint", Title: "各单位的联合奖惩任务", Kind: ui.BarChart, Unit: "件"}
	done, open, waits := ui.Series{Name: "已反馈"}, ui.Series{Name: "未反馈"}, ui.Series{Name: "召回未确认"}
	for i := range v.units {
		f := &v.units[i]
		answered := f.executed + f.notApplicable + f.not
		c.Labels = append(c.Labels, f.unit)
		done.Values, open.Values, waits.Values = append(done.Values, answered), append(open.Values, f.pushed-answered), append(waits.Values, f.waits)
	}
	c.Series = []ui.Series{done, open, waits}
	return c
}

// statistics counts joint action by unit. Recalls that nobody acknowledged stand first.
func (d *Desk) statistics(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	units, err := desk.Units(ctx, d.site, d.Agencies, authz.MeasureRead)
	if err != nil {
		return err
	}
	list, err := d.Measures.Tallies(ctx)
	if err != nil {
		return err
	}
	by, v := map[agency.ID]*figures{}, &statsView{}
	for i := range list {
		t := &list[i]
		at := slices.IndexFunc(units, func(u agency.Agency) bool { return u.ID == t.Agency })
		if at < 0 {
			continue
		}
		if by[t.Agency] == nil {
			by[t.Agency] = &figures{unit: units[at].Name}
		}
		by[t.Agency].add(t)
		v.all.add(t)
	}
	for _, u := range units {
		if f := by[u.ID]; f != nil {
			v.units = append(v.units, *f)
		}
	}
	slices.SortStableFunc(v.units, func(a, b figures) int {
		if a.waits != b.waits {
			return b.waits - a.waits
		}
		return b.pushed - a.pushed
	})
	p := desk.Page(d.site, r, "联合奖惩统计", ui.Link{Href: path, Label: "联合奖惩任务"}, ui.Link{Label: "统计"})
	return desk.Show(d.site, w, r, http.StatusOK, p, statsPage(v))
}
