package me

import (
	"context"
	"net/http"

	"gongxin/internal/check"
	"gongxin/internal/web/ui"
)

// Measures gives what was done to, or for, a subject because of its record; *check.Service does.
type Measures interface {
	OfSubject(ctx context.Context, subject int64, limit int) ([]check.Measured, error)
}

// measuresShown is how many measures the page lists.
const measuresShown = 200

// measuresView is the list of measures.
type measuresView struct {
	around
	rows []measureRow
}

// measureRow is a measure in words.
type measureRow struct {
	check.Measured
	matter string
}

// measures answers which measures units applied to the subject, newest first.
func (c *Centre) measures(w http.ResponseWriter, r *http.Request) error {
	a, err := c.around(r, "measures", "/me/measures")
	if err != nil {
		return err
	}
	a.keeps = true
	v := &measuresView{around: a}
	list, err := c.Measures.OfSubject(r.Context(), a.subject, measuresShown)
	if err != nil {
		return err
	}
	names := map[string]string{}
	for i := range list {
		v.rows = append(v.rows, measureRow{list[i], c.matterName(r.Context(), names, list[i].Matter)})
	}
	return c.show(w, r, http.StatusOK, c.page(r, "采取的措施", ui.Link{Label: "采取的措施"}), measuresPage(v))
}

// measureFacts say by whom, for what and on which law.
func measureFacts(m *measureRow) []ui.Fact {
	return []ui.Fact{
		{Label: "单位", Value: m.Unit},
		{Label: "日期", Value: moment(m.At)},
		{Label: "办理的事项", Value: m.matter},
		{Label: "案号", Value: m.CaseNo},
		{Label: "因为", Value: m.Because, Wide: true},
		{Label: "法律依据", Value: m.Law, Wide: true},
		{Label: "理由", Value: m.Reason, Wide: true},
	}
}
