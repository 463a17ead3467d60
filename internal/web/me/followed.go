package me

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/web/ui"
)

// What the pages share on which a subject follows something that it handed in: an objection, a declaration.

// placeOf finds out whom a page about something handed in is about: its subject, whatever the address says.
func (c *Centre) placeOf(r *http.Request, subject int64, part, path string) (Place, error) {
	q := r.URL.Query()
	q.Set("of", strconv.FormatInt(subject, 10))
	at := *r.URL
	at.RawQuery = q.Encode()
	as := r.Clone(r.Context())
	as.URL = &at
	return c.Place(as, part, path)
}

// fileLink leads to what went with a step.
type fileLink struct{ href, title, when string }

// told puts the steps of a case into sentences as its subject may read them, with the files that went with them; page is the address of what was handed in.
func (p *Place) told(list []flow.Step, page string) (events []ui.Event, files []fileLink) {
	for i := range list {
		s := list[i].Public()
		events = append(events, ui.Event{When: moment(s.At), What: s.Said, Tone: ui.Plain})
		for _, a := range s.Files {
			files = append(files, fileLink{p.Link(page + "/files/" + url.PathEscape(a.Hash)), a.Title, moment(s.Recorded)})
		}
	}
	return events, files
}

// latest marks the newest event of a history.
func latest(events []ui.Event) {
	if n := len(events); n > 0 {
		events[n-1].Tone = ui.Accent
	}
}

// attempt is a step of the subject that was refused: its form opens again, with what was typed and why.
type attempt struct {
	tried string
	text  string
	fault *fault.Error
}

func (a *attempt) open(name string) bool { return a.tried == name }

func (a *attempt) typed(name string) string {
	if a.tried == name {
		return a.text
	}
	return ""
}

// stepOf gives the address of a step of what stands at href, about the same subject.
func stepOf(href, name string) string {
	path, query, found := strings.Cut(href, "?")
	if found {
		return path + "/" + name + "?" + query
	}
	return path + "/" + name
}
