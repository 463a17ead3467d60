package check

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
)

// Use is how a matter was checked in a month, or in a span of months (Month 0): counts only.
type Use struct {
	Agency     int64  `json:"-"`
	Unit       string `json:"unit"`
	Matter     string `json:"matter"`
	MatterName string `json:"matterName"`
	InForce    bool   `json:"inForce"` // the matter is handled today
	Month      int    `json:"month,omitempty"`
	Checks     int    `json:"checks"`
	Hits       int    `json:"hits"`
	Fed        int    `json:"fed"`
	Applied    int    `json:"applied"`
}

func (u *Use) add(o *Use) {
	u.Checks, u.Hits, u.Fed, u.Applied = u.Checks+o.Checks, u.Hits+o.Hits, u.Fed+o.Fed, u.Applied+o.Applied
}

// Coverage says which matters were checked how often in months, within what the asker may see.
type Coverage struct {
	From, To int // months, as 202611
	Total    Use
	Matters  []Use // every matter, those that nobody checked too
	Units    []Use
	Months   []Use
	Detail   []Use // by unit, matter and month
}

// ErrMonths refuses a span that makes no sense.
var ErrMonths = fault.New(fault.Invalid, "check.months", "月份不对", "请写 2026-11 这样的月份（接口写 202611），起月不晚于止月，最长 36 个月")

// MaxMonths is the longest span of a coverage.
const MaxMonths = 36

// Coverage counts. unit narrows it to one; 0 = every unit that the asker may see.
func (s *Service) Coverage(ctx context.Context, who authz.Actor, from, to int, unit int64) (*Coverage, error) {
	months := monthsOf(from, to)
	if months == nil {
		return nil, ErrMonths
	}
	units, err := s.visible(ctx, who, unit)
	if err != nil {
		return nil, err
	}
	detail, err := s.counts(ctx, from, to)
	if err != nil {
		return nil, err
	}
	c := &Coverage{From: from, To: to}
	names, err := s.matters(ctx, units)
	if err != nil {
		return nil, err
	}
	c.tally(detail, names, units, months)
	order := func(a, b Use) int {
		return cmp.Or(cmp.Compare(b.Checks, a.Checks), cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Matter, b.Matter))
	}
	slices.SortFunc(c.Matters, order)
	slices.SortFunc(c.Units, order)
	return c, nil
}

// tally sums the figures of units by matter, by unit and by month. names are the matters of these units, also those that nobody checked.
func (c *Coverage) tally(detail, names []Use, units map[int64]agency.Agency, months []int) {
	type key struct {
		agency int64
		matter string
	}
	matters, ofUnit, ofMonth := map[key]*Use{}, map[int64]*Use{}, map[int]*Use{}
	for i := range names {
		matters[key{names[i].Agency, names[i].Matter}] = &names[i]
	}
	for _, m := range months {
		ofMonth[m] = &Use{Month: m}
	}
	for i := range detail {
		u := &detail[i]
		a, ok := units[u.Agency]
		if !ok {
			continue
		}
		k := key{u.Agency, u.Matter}
		if matters[k] == nil { // it changed hands
			matters[k] = &Use{Agency: u.Agency, Unit: a.Name, Matter: u.Matter, MatterName: u.Matter}
		}
		u.Unit, u.MatterName, u.InForce = a.Name, matters[k].MatterName, matters[k].InForce
		if ofUnit[u.Agency] == nil {
			ofUnit[u.Agency] = &Use{Agency: u.Agency, Unit: a.Name}
		}
		matters[k].add(u)
		ofUnit[u.Agency].add(u)
		ofMonth[u.Month].add(u)
		c.Total.add(u)
		c.Detail = append(c.Detail, *u)
	}
	for _, u := range matters {
		c.Matters = append(c.Matters, *u)
	}
	for _, u := range ofUnit {
		c.Units = append(c.Units, *u)
	}
	for _, m := range months {
		c.Months = append(c.Months, *ofMonth[m])
	}
}

// monthsOf lists the months of a span, or nothing when it is none.
func monthsOf(from, to int) []int {
	if from > to || !validMonth(from) || !validMonth(to) {
		return nil
	}
	var out []int
	for m := from; m <= to; {
		if out = append(out, m); len(out) > MaxMonths {
			return nil
		}
		if m++; m%100 > 12 {
			m += 88
		}
	}
	return out
}

func validMonth(m int) bool { return m >= 200001 && m <= 209912 && m%100 >= 1 && m%100 <= 12 }

// MonthOf is the month of a day, as 202611.
func MonthOf(d clock.Date) int {
	y, m, _ := d.YMD()
	return y*100 + m
}

// visible gives the units whose figures somebody may see.
func (s *Service) visible(ctx context.Context, who authz.Actor, unit int64) (map[int64]agency.Agency, error) {
	list, err := s.Agencies.List(ctx)
	if err != nil {
		return nil, err
	}
	out := map[int64]agency.Agency{}
	denied := error(authz.ErrDenied)
	for _, a := range list {
		if unit != 0 && a.ID != unit {
			continue
		}
		if err := s.Authority.Decide(who, authz.CheckCoverage, authz.Scope{Agency: a.ID, Region: a.Region}).Err(); err != nil {
			denied = err
			continue
		}
		out[a.ID] = a
	}
	if len(out) == 0 {
		return nil, denied
	}
	return out, nil
}

// matters gives every matter in use of units.
func (s *Service) matters(ctx context.Context, units map[int64]agency.Agency) ([]Use, error) {
	list, err := s.Matters.List(ctx, 0)
	if err != nil {
		return nil, err
	}
	today := clock.Today(s.Clock)
	var out []Use
	for i := range list {
		if a, ok := units[list[i].Agency]; ok {
			out = append(out, Use{Agency: a.ID, Unit: a.Name, Matter: list[i].Code, MatterName: list[i].Name, InForce: list[i].Missing(today) == ""})
		}
	}
	return out, nil
}

// counts reads the figures by unit, matter and month, from indexes alone.
func (s *Service) counts(ctx context.Context, from, to int) ([]Use, error) {
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT agency_id, matter, month, sum(n), sum(hits), sum(fed), sum(applied) FROM (
		SELECT agency_id, matter, month, count(*) AS n, sum(CASE WHEN outcome = 'hit' THEN 1 ELSE 0 END) AS hits, sum(fed) AS fed, 0 AS applied FROM check_answer
			WHERE month >= $1 AND month <= $2 GROUP BY agency_id, matter, month
		UNION ALL SELECT agency_id, matter, month, 0, 0, 0, count(*) FROM check_feedback WHERE month >= $1 AND month <= $2 AND result = 'applied' GROUP BY agency_id, matter, month
		) AS c GROUP BY agency_id, matter, month ORDER BY agency_id, matter, month`, from, to)
	if err != nil {
		return nil, fmt.Errorf("check: coverage: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Use
	for rows.Next() {
		var u Use
		if err := rows.Scan(&u.Agency, &u.Matter, &u.Month, &u.Checks, &u.Hits, &u.Fed, &u.Applied); err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, rows.Err()
}
