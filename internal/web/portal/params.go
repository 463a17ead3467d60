package portal

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
)

// The faults of what stands in an address.
var (
	errAsOfForm = fault.New(fault.Invalid, "portal.as_of",
		"查询时点不是有效的日期。", "请填写成 2026-03-02 这样的日期。")
	errAsOfLater = fault.New(fault.Invalid, "portal.as_of_later",
		"查询时点不能晚于今天。", "请选择今天或以前的日期。")
	errFilter = fault.New(fault.Invalid, "portal.filter",
		"筛选的日期无效，没有下载。", "请把日期填写成 2026-03-02 的样子，且起始日期不晚于截止日期。")
)

// asOf is the moment a page is asked about: now, or the end of a past day.
type asOf struct {
	day clock.Date // 0 = now
	at  time.Time  // zero = now
}

func (a asOf) past() bool { return a.day != 0 }

// query gives "?asOf=2026-03-02", or nothing for now.
func (a asOf) query() string {
	if !a.past() {
		return ""
	}
	return "?asOf=" + a.day.String()
}

// readAsOf reads the parameter asOf. A day means what was known when it ended; today means now.
func (p *Portal) readAsOf(r *http.Request) (asOf, error) {
	text := strings.TrimSpace(r.URL.Query().Get("asOf"))
	if text == "" {
		return asOf{}, nil
	}
	day, err := clock.ParseDate(text)
	if err != nil {
		return asOf{}, errAsOfForm.With(err)
	}
	switch today := p.today(); {
	case day > today:
		return asOf{}, errAsOfLater
	case day == today:
		return asOf{}, nil
	}
	return asOf{day: day, at: day.AddDays(1).Start().Add(-time.Microsecond)}, nil
}

// filter is a list filter as it stands in the address, with what is wrong with it.
type filter struct {
	publish.ListFilter
	fromText, toText   string
	fromFault, toFault string
}

func (f *filter) bad() bool { return f.fromFault != "" || f.toFault != "" }

func (f *filter) active() bool {
	return f.ListFilter != publish.ListFilter{} || f.bad()
}

// readFilter reads a filter; a bad date does not narrow, and the form says what is wrong with it.
func readFilter(q url.Values) filter {
	f := filter{fromText: clip(q.Get("from")), toText: clip(q.Get("to"))}
	f.Agency, f.Region, f.Category = clip(q.Get("agency")), clip(q.Get("region")), clip(q.Get("kind"))
	f.From, f.fromFault = readDay(f.fromText)
	f.To, f.toFault = readDay(f.toText)
	if f.From != 0 && f.To != 0 && f.From > f.To {
		f.toFault = "截止日期早于起始日期，请改成同一天或更晚。"
	}
	return f
}

func readDay(text string) (clock.Date, string) {
	if text == "" {
		return 0, ""
	}
	d, err := clock.ParseDate(text)
	if err != nil {
		return 0, "不是有效的日期，请填写成 2026-03-02 的样子。"
	}
	return d, ""
}

// values writes the filter back as a query.
func (f *filter) values() url.Values {
	v := url.Values{}
	set := func(key, value string) {
		if value != "" {
			v.Set(key, value)
		}
	}
	set("agency", f.Agency)
	set("region", f.Region)
	set("kind", f.Category)
	set("from", f.From.String())
	set("to", f.To.String())
	return v
}

// link gives a path with the filter and, when set, a cursor.
func (f *filter) link(path, cursor string) string {
	v := f.values()
	if cursor != "" {
		v.Set("cursor", cursor)
	}
	return withQuery(path, v)
}

func withQuery(path string, v url.Values) string {
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// clip trims a parameter and bounds its length, so that no address makes a page long.
func clip(s string) string {
	s = strings.TrimSpace(s)
	const most = 200
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i]
		}
	}
	return s
}
