package lookup

import (
	"strings"

	"github.com/a-h/templ"

	"gongxin/internal/agency"
	"gongxin/internal/clock"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

func faultOf(id, fault string) templ.Attributes {
	if fault == "" {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-describedby": id + "-fault"}
}

func chosen(v *windowView) string {
	if v.matter == nil {
		return ""
	}
	return v.matter.Code
}

func matterOptions(list []agency.Matter) []ui.Option {
	out := make([]ui.Option, len(list))
	for i := range list {
		out[i] = ui.Option{Value: list[i].Code, Label: list[i].Name + "（" + list[i].Code + "）"}
	}
	return out
}

// matterFacts say for what and on which law is asked, and how far that reaches.
func (v *windowView) matterFacts() []ui.Fact {
	var items, kinds []string
	for _, o := range v.items {
		items = append(items, o.Label)
	}
	for _, k := range v.matter.Kinds {
		kinds = append(kinds, desk.Word(kindWords, k))
	}
	return []ui.Fact{
		{Label: "事项", Value: v.matter.Name, Note: v.matter.Code, Wide: true},
		{Label: "法律依据", Value: v.matter.Basis(), Wide: true},
		{Label: "单位", Value: v.unit.Name, Wide: true},
		{Label: "可查的信息事项", Value: strings.Join(items, "、"), Wide: true},
		{Label: "可查的主体", Value: strings.Join(kinds, "、"), Wide: true},
		{Label: "有效期", Value: span(v.matter.ValidFrom, v.matter.ValidUntil), Wide: true},
	}
}

// span writes a period whose end is the first day that no longer counts.
func span(from, until clock.Date) string {
	if until.IsZero() {
		return from.String() + " 起"
	}
	return from.String() + " 至 " + until.AddDays(-1).String()
}

// hitTone warns of hits; the words say the same.
func hitTone(v *result) ui.Tone {
	if len(v.answer.Records) > 0 {
		return ui.Warn
	}
	return ui.Good
}
