package drafts

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"gongxin/internal/approval"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
)

var errNoYear = fault.New(fault.NotFound, "drafts.no_year", "没有这一年的节假日表", "请从列表中选择年份；新的一年请照往年的格式另写一份")

// current gives what is in force as the file that a draft begins from.
func (d *Desk) current(k approval.Kind) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		name, content, err := d.inForce(r.Context(), k, r.URL.Query().Get("year"))
		if err != nil {
			return err
		}
		return hand(w, name, content)
	}
}

// content gives a draft's own file.
func (d *Desk) content(k approval.Kind) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		have, err := d.find(r, k)
		if err != nil {
			return err
		}
		return hand(w, "draft-"+desk.Dec(have.ID)+guides[k].ext, have.Content)
	}
}

// hand gives a file to be kept, never to be shown by the browser.
func hand(w http.ResponseWriter, name string, content []byte) error {
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Content-Length", strconv.Itoa(len(content)))
	h.Set("Cache-Control", "no-store")
	_, err := w.Write(content) //nolint:gosec // G705: a file to be kept, with its type and nosniff, is no page
	if err != nil {
		panic(http.ErrAbortHandler) // the reader left
	}
	return nil
}

func (d *Desk) inForce(ctx context.Context, k approval.Kind, year string) (name string, content []byte, err error) {
	switch k {
	case approval.Catalog:
		e := d.Editions.Current(clock.Today(d.Clock))
		content, err = e.Archive()
		return "catalog-" + plain(e.ID) + ".zip", content, err
	case approval.Rules:
		return "publicity-rules.toml", d.Rules.Text(), nil
	case approval.Calendar:
		return d.calendar(ctx, year)
	default:
		if f := d.Files[k]; f != nil {
			return string(k) + ".toml", f.Text(), nil
		}
		return "", nil, errKind
	}
}

// plain keeps what a file name may hold everywhere.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, s)
}

// calendar gives the table of a year, of the last one when none is named.
func (d *Desk) calendar(ctx context.Context, year string) (string, []byte, error) {
	c, err := d.Calendar(ctx)
	if err != nil {
		return "", nil, err
	}
	years := c.Years()
	if len(years) == 0 {
		return "", nil, errNoYear
	}
	chosen := years[len(years)-1]
	if year != "" {
		found := false
		for _, y := range years {
			if strconv.Itoa(y.Year) == year {
				chosen, found = y, true
			}
		}
		if !found {
			return "", nil, errNoYear
		}
	}
	return "holidays-" + strconv.Itoa(chosen.Year) + ".toml", []byte(calendarText(&chosen)), nil
}

// calendarText writes a year's table in the form that clock.LoadCalendar reads.
func calendarText(y *clock.Year) string {
	var b strings.Builder
	fmt.Fprintf(&b, "year = %d\ndocument = %s\n", y.Year, quote(y.Document))
	if !y.Issued.IsZero() {
		fmt.Fprintf(&b, "issued = %s\n", quote(y.Issued.String()))
	}
	days := make([]string, len(y.Work))
	for i, day := range y.Work {
		days[i] = quote(day.String())
	}
	fmt.Fprintf(&b, "work = [%s]\n", strings.Join(days, ", "))
	for _, off := range y.Off {
		fmt.Fprintf(&b, "\n[[off]]\nname = %s\nfrom = %s\nto = %s\n", quote(off.Name), quote(off.From.String()), quote(off.To.String()))
	}
	return b.String()
}

// quote writes a basic string of TOML.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, "\\u%04X", r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
