package casework

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"gongxin/internal/authz"
	"gongxin/internal/flow"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// overdueView is what is overdue, where, and since when.
type overdueView struct {
	late    []lateRow
	cases   []caseRow
	total   int
	units   int
	oldest  string
	unit    int64
	unitOf  string
	kind    string
	kindOf  string
	pager   ui.PagerSpec
	later   bool
	options []ui.Option
	kinds   []ui.Option
}

type lateRow struct {
	flow.Late
	unit, title string
}

func (l *lateRow) href() string {
	return desk.Query(overduePath, "unit", unitText(l.Agency), "kind", l.Kind)
}

// unitText writes a unit into an address; cases of no unit are those of unit 0.
func unitText(unit int64) string { return strconv.FormatInt(unit, 10) }

// caseRow is one case.
type caseRow struct {
	*flow.Case
	table *flow.Table
	unit  string
	left  int
	runs  bool
}

// overdue shows what is overdue within the caller's reach: by unit and kind, then case by case, the oldest first.
func (d *Desk) overdue(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := r.URL.Query()
	v := &overdueView{unit: -1, kind: q.Get("kind"), later: q.Get("after") != ""}
	if n, err := strconv.ParseInt(q.Get("unit"), 10, 64); err == nil && n >= 0 {
		v.unit = n
	}
	units, err := d.units(ctx)
	if err != nil {
		return err
	}
	f := d.reach(ctx, authz.CaseOverdue)
	late, err := d.Cases.OverdueBy(ctx, f)
	if err != nil {
		return err
	}
	d.fillLate(v, late, units)
	if err := d.fillCases(ctx, v, f, units, q.Get("after")); err != nil {
		return err
	}
	return desk.Show(d.Site, w, r, http.StatusOK, desk.Page(d.Site, r, "逾期事项", ui.Link{Label: "逾期事项"}), overduePage(v))
}

func (d *Desk) fillLate(v *overdueView, late []flow.Late, units map[int64]string) {
	titles := map[string]string{}
	for _, t := range d.Cases.Tables() {
		titles[t.Kind] = t.Title
	}
	known := false
	for _, l := range late {
		row := lateRow{Late: l, unit: unitName(units, l.Agency), title: desk.Word(titles, l.Kind)}
		v.late = append(v.late, row)
		v.total += l.Count
		if v.oldest == "" {
			v.oldest = l.Oldest.String()
		}
		if at := (ui.Option{Value: unitText(l.Agency), Label: row.unit}); !slices.Contains(v.options, at) {
			v.options = append(v.options, at)
		}
		if at := (ui.Option{Value: l.Kind, Label: row.title}); !slices.Contains(v.kinds, at) {
			v.kinds = append(v.kinds, at)
		}
		known = known || l.Kind == v.kind
		if l.Agency == v.unit {
			v.unitOf = row.unit
		}
	}
	v.units = len(v.options)
	if !known {
		v.kind = ""
	}
	if v.unitOf == "" {
		v.unit = -1
	}
	v.kindOf = desk.Word(titles, v.kind)
}

func unitName(units map[int64]string, id int64) string {
	if name := units[id]; name != "" {
		return name
	}
	return "信用主管部门"
}

func (d *Desk) fillCases(ctx context.Context, v *overdueView, f flow.Filter, units map[int64]string, after string) error {
	f.Overdue, f.Kind, f.Cursor, f.Limit = true, v.kind, after, 30
	if v.unit > 0 {
		f.Agency = v.unit
	}
	page, err := d.Cases.Inbox(ctx, f)
	if err != nil {
		return err
	}
	tables := map[string]*flow.Table{}
	for _, t := range d.Cases.Tables() {
		tables[t.Kind] = t
	}
	for i := range page.Cases {
		c := &page.Cases[i]
		if v.unit == 0 && c.Agency != 0 || tables[c.Kind] == nil {
			continue
		}
		row := caseRow{Case: c, table: tables[c.Kind], unit: unitName(units, c.Agency)}
		row.left, row.runs = d.Cases.Left(c)
		v.cases = append(v.cases, row)
	}
	if page.Next != "" {
		v.pager.Next = v.at(page.Next)
	}
	if v.later {
		v.pager.First = v.at("")
	}
	return nil
}

func (v *overdueView) unitValue() string {
	if v.unit < 0 {
		return ""
	}
	return unitText(v.unit)
}

func (v *overdueView) at(after string) string {
	return desk.Query(overduePath, "unit", v.unitValue(), "kind", v.kind, "after", after)
}
