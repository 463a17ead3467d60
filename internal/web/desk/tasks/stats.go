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
	id                                                        agency.ID
	measure, content                                          string // of figures on one measure
	pushed, inTime, late, executed, notApplicable, not, waits int    // waits: recalls that are not acknowledged
	open, early                                               int    // not fed back: still to be, and recalled before it was
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
	case "":
		if t.State == "recalled" || t.State == "released" {
			f.early += t.N
		} else {
			f.open += t.N
		}
	}
	if t.State == "recalled" {
		f.waits += t.N
	}
}

// link leads to the tasks with a result, of the unit where the figures are one unit's.
func (f *figures) link(result measure.Result) string {
	unit := ""
	if f.id != 0 {
		unit = desk.Dec(f.id)
	}
	return desk.Query(path, "unit", unit, "result", string(result), "measure", f.measure)
}

type statsView struct {
	units    []figures
	measures []figures
	detail   []figures // by unit and measure
	all      figures
}

func (v *statsView) chart() ui.ChartSpec {
	c := ui.ChartSpec{ID: "joint", Title: "各单位的联合奖惩任务", Kind: ui.BarChart, Unit: "件"}
	done, open, waits := ui.Series{Name: "已反馈"}, ui.Series{Name: "待反馈"}, ui.Series{Name: "召回未确认"}
	for i := range v.units {
		f := &v.units[i]
		c.Labels = append(c.Labels, f.unit)
		done.Values, open.Values, waits.Values = append(done.Values, f.executed+f.notApplicable+f.not), append(open.Values, f.open), append(waits.Values, f.waits)
	}
	c.Series = []ui.Series{done, open, waits}
	return c
}

// readStatistics counts joint action by unit, by measure and by both. Recalls that nobody acknowledged stand first.
func (d *Desk) readStatistics(r *http.Request) (*statsView, error) {
	ctx := r.Context()
	units, err := desk.Units(ctx, d.site, d.Agencies, authz.MeasureRead)
	if err != nil {
		return nil, err
	}
	list, err := d.Measures.Tallies(ctx)
	if err != nil {
		return nil, err
	}
	v := &statsView{}
	add := func(to *[]figures, t *measure.Tally, f figures) {
		at := slices.IndexFunc(*to, func(have figures) bool { return have.id == f.id && have.measure == f.measure })
		if at < 0 {
			at, *to = len(*to), append(*to, f)
		}
		(*to)[at].add(t)
	}
	for i := range list {
		t := &list[i]
		at := slices.IndexFunc(units, func(u agency.Agency) bool { return u.ID == t.Agency })
		if at < 0 {
			continue
		}
		content := t.Measure
		if row, ok := d.Base().Row(t.Measure); ok {
			content = row.Content
		}
		add(&v.units, t, figures{unit: units[at].Name, id: t.Agency})
		add(&v.measures, t, figures{measure: t.Measure, content: content})
		add(&v.detail, t, figures{unit: units[at].Name, id: t.Agency, measure: t.Measure, content: content})
		v.all.add(t)
	}
	for _, rows := range [][]figures{v.units, v.measures, v.detail} {
		slices.SortStableFunc(rows, func(a, b figures) int {
			if a.waits != b.waits {
				return b.waits - a.waits
			}
			return b.pushed - a.pushed
		})
	}
	return v, nil
}

// statistics shows the figures.
func (d *Desk) statistics(w http.ResponseWriter, r *http.Request) error {
	v, err := d.readStatistics(r)
	if err != nil {
		return err
	}
	p := desk.Page(d.site, r, "联合奖惩统计", ui.Link{Href: path, Label: "联合奖惩任务"}, ui.Link{Label: "统计"})
	return desk.Show(d.site, w, r, http.StatusOK, p, statsPage(v))
}
