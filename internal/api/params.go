package api

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gongxin/internal/clock"
	"gongxin/internal/fault"
)

// The pages of public lists. A larger limit is answered with the largest page, as clients that follow next do not mind.
const (
	defaultPage = 20
	maxPage     = 100
)

// Paging is what every public list understands.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" default:"20" doc:"每页条数，超过 100 按 100 处理" example:"20"`
	Cursor string `query:"cursor" maxLength:"200" doc:"上一页回答中的 next；第一页不写。内容不是约定的一部分，请原样带回"`
}

func (p Paging) limit() int { return min(p.Limit, maxPage) }

// Moment is the instant that a question is asked about.
type Moment struct {
	AsOf string `query:"asOf" maxLength:"40" doc:"查询时点：RFC 3339 时刻，或者一天（2026-03-02，指该日在中国结束的时刻，当天则为现在）。回答当时已知、当时在公示期内、且今天仍允许公开的内容；不写为现在" example:"2026-03-02"`
}

// at gives the instant, the zero time for now.
func (m Moment) at(now time.Time) (time.Time, error) {
	if m.AsOf == "" {
		return time.Time{}, nil
	}
	text := m.AsOf
	if at := strings.LastIndexByte(text, ' '); at > 10 { // a + that was not escaped arrives as a space
		text = text[:at] + "+" + text[at+1:]
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	day, err := parseDay("asOf", m.AsOf)
	if err != nil {
		return time.Time{}, badParameter("asOf", "应为 RFC 3339 时刻（2026-03-02T10:00:00+08:00）或日期（2026-03-02）")
	}
	end := day.AddDays(1).Start().Add(-time.Microsecond) // the register counts in microseconds
	if day == clock.DateOf(now) {
		return now, nil
	}
	return end, nil
}

// bodyMoment is Moment for an instant that stands in a body.
func bodyMoment(text string, now time.Time) (time.Time, error) {
	at, err := Moment{AsOf: text}.at(now)
	var p *Problem
	if errors.As(err, &p) && len(p.Errors) == 1 {
		d := ProblemDetail{Place: "body.asOf", Message: p.Errors[0].Message}
		p.Code, p.Detail, p.Errors = errBody.Code, sentence(d), []ProblemDetail{d}
	}
	return at, err
}

// parseDay reads a day; "" is none.
func parseDay(name, text string) (clock.Date, error) {
	if text == "" {
		return 0, nil
	}
	day, err := clock.ParseDate(text)
	if err != nil {
		return 0, badParameter(name, "应为日期，写成 2026-03-02")
	}
	return day, nil
}

// badParameter refuses a query parameter that huma's schema cannot judge.
func badParameter(name, message string) *Problem {
	d := ProblemDetail{Place: "query." + name, Message: message}
	p := problemOf(contextOf(nil), errParameter)
	p.Detail, p.Errors = sentence(d), []ProblemDetail{d}
	return p
}

var errDates = fault.New(fault.Invalid, "api.dates", "起始日期 from 晚于截止日期 to", "请对调或修改 from、to；两端都包含在内")

// Day is a date in China, null when there is none.
type Day clock.Date

// MarshalJSON writes 2026-03-02 or null.
func (d Day) MarshalJSON() ([]byte, error) {
	if clock.Date(d).IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(clock.Date(d).String())
}

// Schema describes a day in the OpenAPI document.
func (Day) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date", Nullable: true}
}

// filled gives an empty list instead of none, so that callers never meet null.
func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
