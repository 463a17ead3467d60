package lookup

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/check"
	"gongxin/internal/clock"
	"gongxin/internal/sheet"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// coverageView is how matters are checked.
type coverageView struct {
	from, to string
	unit     int64
	fault    string
	c        *check.Coverage
}

// readCoverage reads the filter and counts.
func (d *Desk) readCoverage(r *http.Request) (*coverageView, error) {
	q, today := r.URL.Query(), clock.Today(d.Clock)
	v := &coverageView{from: q.Get("from"), to: q.Get("to")}
	v.unit, _ = desk.Number(q.Get("unit"))
	if v.to == "" {
		v.to = monthText(check.MonthOf(today))
	}
	if v.from == "" {
		v.from = monthText(check.MonthOf(today.AddMonths(-11)))
	}
	from, okFrom := month(v.from)
	to, okTo := month(v.to)
	if !okFrom || !okTo {
		return v, check.ErrMonths
	}
	var err error
	v.c, err = d.Checks.Coverage(r.Context(), authz.From(r.Context()), from, to, v.unit)
	return v, err
}

// coverage shows how matters are checked.
func (d *Desk) coverage(w http.ResponseWriter, r *http.Request) error {
	v, err := d.readCoverage(r)
	status := http.StatusOK
	if err != nil {
		f, ok := desk.Refusal(err)
		if !ok {
			return err
		}
		v.fault, status = desk.Words(f), web.Status(err)
	}
	p := desk.Page(d.site, r, "查询使用指标", ui.Link{Href: "/desk/check", Label: "信用核查"}, ui.Link{Label: "查询使用指标"})
	p.Charts = v.c != nil && v.c.Total.Checks > 0
	return desk.Show(d.site, w, r, status, p, coveragePage(v))
}

// coverageCSV hands the figures out: counts only.
func (d *Desk) coverageCSV(w http.ResponseWriter, r *http.Request) error {
	v, err := d.readCoverage(r)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString("\ufeff")
	out := csv.NewWriter(&b)
	_ = out.Write([]string{"单位", "应用事项代码", "应用事项", "月份", "核查次数", "命中", "反馈", "采取措施"})
	for i := range v.c.Detail {
		u := &v.c.Detail[i]
		_ = out.Write([]string{sheet.Plain(u.Unit), sheet.Plain(u.Matter), sheet.Plain(u.MatterName), monthText(u.Month), strconv.Itoa(u.Checks), strconv.Itoa(u.Hits), strconv.Itoa(u.Fed), strconv.Itoa(u.Applied)})
	}
	for i := range v.c.Matters { // matters that nobody checked are what one looks for
		if u := &v.c.Matters[i]; u.Checks == 0 {
			_ = out.Write([]string{sheet.Plain(u.Unit), sheet.Plain(u.Matter), sheet.Plain(u.MatterName), v.from + " 至 " + v.to, "0", "0", "0", "0"})
		}
	}
	if out.Flush(); out.Error() != nil {
		return out.Error()
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="check-coverage.csv"`)
	h.Set("Cache-Control", "no-store")
	_, err = w.Write(b.Bytes())
	return err
}

// month reads 2026-11.
func month(text string) (int, bool) {
	y, m, ok := strings.Cut(text, "-")
	if !ok || len(y) != 4 || len(m) != 2 {
		return 0, false
	}
	n, err := strconv.Atoi(y + m)
	return n, err == nil
}

func monthText(m int) string { return fmt.Sprintf("%04d-%02d", m/100, m%100) }

func (v *coverageView) figures() []ui.Figure {
	t := &v.c.Total
	return []ui.Figure{
		{Label: "核查次数", Value: ui.Num(t.Checks)},
		{Label: "命中率", Value: ui.Percent(t.Hits, t.Checks)},
		{Label: "反馈率", Value: ui.Percent(t.Fed, t.Checks)},
		{Label: "采取的措施", Value: ui.Num(t.Applied)},
	}
}

func (v *coverageView) chart() ui.ChartSpec {
	spec := ui.ChartSpec{ID: "by-month", Title: "每月的核查次数和命中", Kind: ui.LineChart, Unit: "次", Series: []ui.Series{{Name: "核查"}, {Name: "命中"}, {Name: "有反馈"}}}
	for _, u := range v.c.Months {
		spec.Labels = append(spec.Labels, monthText(u.Month))
		spec.Series[0].Values = append(spec.Series[0].Values, u.Checks)
		spec.Series[1].Values = append(spec.Series[1].Values, u.Hits)
		spec.Series[2].Values = append(spec.Series[2].Values, u.Fed)
	}
	return spec
}

func (v *coverageView) csv() string {
	unit := ""
	if v.unit > 0 {
		unit = desk.Dec(v.unit)
	}
	return desk.Query("/desk/check/coverage.csv", "from", v.from, "to", v.to, "unit", unit)
}
