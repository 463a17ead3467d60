package desk

import (
	"net/url"

	"gongxin/internal/authz"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/web/ui"
)

// File leads to what went with a step.
type File struct{ Link, Title, When string }

// Told puts the steps of a case into sentences for the desks, one event a step, with the files that went with them; page is the address of the case.
func Told(list []flow.Step, page string) (events []ui.Event, files []File) {
	seen := map[string]bool{}
	for i := range list {
		s := &list[i]
		e := ui.Event{When: Moment(s.At), What: s.Said, Tone: ui.Plain}
		if s.Note != "" {
			e.Why = "内部备注：" + s.Note
		}
		if s.Late {
			e.Tone = ui.Bad
		}
		events = append(events, e)
		for _, a := range s.Files {
			if !seen[a.Hash] {
				seen[a.Hash] = true
				files = append(files, File{page + "/files/" + url.PathEscape(a.Hash), a.Title, Moment(s.Recorded)})
			}
		}
	}
	return events, files
}

// Attempt is a step that was refused: the page opens its form again, with what was typed and why it was refused.
type Attempt struct {
	Step  string
	Typed url.Values
	Fault *fault.Error
}

// Opens reports whether the form of a step is open.
func (a *Attempt) Opens(step string) bool { return a.Step == step }

// Value is what was typed into a field of a step's form, or what the form proposes instead.
func (a *Attempt) Value(step, field, instead string) string {
	if a.Step == step && a.Typed != nil {
		return a.Typed.Get(field)
	}
	return instead
}

// ScopeOf is the scope of what somebody handed in about a subject: by names the actor who did, as authz.Actor.String writes it.
func ScopeOf(unit int64, region string, of int64, by string) authz.Scope {
	author := authz.AuthorOf(by)
	return authz.Scope{Agency: unit, Region: region, Subject: of, Author: author, Account: max(author, 0)}
}
