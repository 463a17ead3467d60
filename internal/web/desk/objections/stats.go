package objections

import (
	"net/http"
	"slices"
	"strconv"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/objection"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// statsView are the figures of some days.
type statsView struct {
	from, to string
	fault    string
	rows     []statsRow
	total    statsRow
}

type statsRow struct {
	objection.Tally
	unit string
}

// onTime is the share of answers in time.
func (r *statsRow) onTime() string {
	if r.Answered == 0 {
		return "—"
	}
	return strconv.FormatFloat(100*float64(r.Answered-r.Late)/float64(r.Answered), 'f', 1, 64) + "%"
}

// changed counts the answers that gave the subject what it asked for, or part of it.
func (r *statsRow) changed() int {
	n := 0
	for result, m := range r.Results {
		if result != objection.Kept {
			n += m
		}
	}
	return n
}

// statistics counts the objections of the units that the caller reaches, by source: this year's, unless other days are asked for. It names nobody.
func (d *Desk) statistics(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	today := clock.Today(d.Clock)
	year, _, _ := today.YMD()
	from, to := clock.Date(year*10000+101), today
	v := &statsView{}
	for _, x := range []struct {
		name string
		day  *clock.Date
	}{{"from", &from}, {"to", &to}} {
		if text := q.Get(x.name); text != "" {
			on, err := clock.ParseDate(text)
			if err != nil {
				v.fault = "日期要写成 2026-12-01 这样。"
				continue
			}
			*x.day = on
		}
	}
	v.from, v.to = from.String(), to.String()
	units, err := desk.Units(ctx, d.site, d.Agencies, authz.ObjectionRead)
	if err != nil {
		return err
	}
	list, err := d.Objections.Stats(ctx, from, to)
	if err != nil {
		return err
	}
	for i := range list {
		for _, u := range units {
			if u.ID == list[i].Agency {
				v.rows = append(v.rows, statsRow{list[i], u.Name})
				v.total.Add(&list[i])
			}
		}
	}
	slices.SortStableFunc(v.rows, func(a, b statsRow) int { return b.Received - a.Received })
	p := desk.Page(d.site, r, "异议统计", ui.Link{Href: path, Label: "异议"}, ui.Link{Label: "统计"})
	return desk.Show(d.site, w, r, http.StatusOK, p, statsPage(v))
}
