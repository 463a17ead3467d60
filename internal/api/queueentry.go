package api

import (
	"context"
	"strings"

	"gongxin/internal/catalog"
	"gongxin/internal/ident"
	"gongxin/internal/ingest"
	"gongxin/internal/mask"
	"gongxin/internal/subject"
)

// itemOf gives the item of the edition that a row was checked under; without it nobody knows which value needs a mask, and none is shown.
func (s *server) itemOf(e *ingest.QueueEntry) *catalog.Item {
	edition, ok := s.Catalogue.ByID(e.Edition)
	if !ok {
		return nil
	}
	item, _ := edition.Item(e.Item)
	return item
}

// personWord is how a row says that it is about a natural person.
const personWord = "自然人"

// aboutPerson says whether a row is about a natural person.
func aboutPerson(item *catalog.Item, values catalog.Values) bool {
	return item.Get(values, catalog.RoleKind) == personWord || item.Get(values, catalog.RolePersonID) != "" ||
		len(item.SubjectKinds) == 1 && item.SubjectKinds[0] == catalog.Person
}

// shownValue masks what is about a natural person, as the desks do. Kinds of documents and other values of lists tell nothing about anybody.
func shownValue(f *catalog.Field, value string, person bool) string {
	if value == "" || f.Type == catalog.Enum || f.Type == catalog.EnumSet || f.Type == catalog.DateType {
		return value
	}
	switch {
	case len(f.Mask) == 2:
		return mask.Keep(value, f.Mask[0], f.Mask[1])
	case f.Type == catalog.IDDoc, f.Sensitive:
		return mask.ID(value)
	case f.Personal, person && f.Role == catalog.RoleName:
		return mask.PersonName(value)
	}
	return value
}

// roleShown gives the value of a role as a list may show it.
func roleShown(item *catalog.Item, values catalog.Values, role catalog.Role) string {
	f, ok := item.ByRole(role)
	if !ok {
		return ""
	}
	return shownValue(f, item.Get(values, role), aboutPerson(item, values))
}

func (s *server) queueEntry(ctx context.Context, in *entryInput) (*body[QueueEntry], error) {
	e, err := s.entry(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.showEntry(ctx, e)
}

func (s *server) showEntry(ctx context.Context, e *ingest.QueueEntry) (*body[QueueEntry], error) {
	values, err := s.Queue.Content(e)
	if err != nil {
		return nil, err
	}
	out := &body[QueueEntry]{Body: QueueEntry{Fields: []QueueField{}, Pointers: []PointsAt{}}}
	if out.Body.QueueRow, err = s.rowOf(ctx, e, values); err != nil {
		return nil, err
	}
	if item := s.itemOf(e); item != nil {
		person := aboutPerson(item, values)
		out.Body.Person = person
		for i := range item.Fields {
			if f := &item.Fields[i]; i < len(values) && values[i] != "" {
				out.Body.Fields = append(out.Body.Fields, QueueField{f.Code, f.Name, shownValue(f, values[i], person)})
			}
		}
	}
	if e.State != ingest.Waiting {
		return out, nil
	}
	pointers, err := s.Queue.Pointers(ctx, e)
	if err != nil {
		return nil, err
	}
	for i := range pointers {
		out.Body.Pointers = append(out.Body.Pointers, pointsAt(&pointers[i]))
	}
	return out, nil
}

// pointsAt says whose a number is; of a person it gives the kind alone.
func pointsAt(p *ingest.Pointer) PointsAt {
	out := PointsAt{Field: p.Field, Name: p.Name, Value: p.Value, Subjects: make([]SubjectRef, 0, len(p.Subjects))}
	for i := range p.Subjects {
		sub := &p.Subjects[i]
		if sub.Kind == catalog.Person {
			out.Subjects = append(out.Subjects, SubjectRef{Kind: sub.Kind})
			continue
		}
		out.Subjects = append(out.Subjects, SubjectRef{Code: sub.Code, Name: sub.Name, Kind: sub.Kind, Region: sub.Region, Status: string(sub.Status)})
	}
	return out
}

func (s *server) decideEntry(ctx context.Context, in *decideInput) (*body[QueueEntry], error) {
	note := strings.TrimSpace(in.Body.Note)
	if err := bodyTexts(in.Body.Subject, note); err != nil {
		return nil, err
	}
	e, err := s.entry(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if (in.Body.Decision == "match") != (in.Body.Subject != "") {
		return nil, errDecision
	}
	if in.Body.Decision == "refuse" {
		err = s.Queue.Refuse(ctx, e.ID, whoActs(ctx), note)
	} else {
		err = s.match(ctx, e, in.Body.Subject, note)
	}
	if err != nil {
		return nil, err
	}
	return s.entryNow(ctx, e.ID)
}

// match files a row under an organisation. What is about a person goes under nobody here.
func (s *server) match(ctx context.Context, e *ingest.QueueEntry, code, note string) error {
	target, err := s.target(ctx, code)
	if err != nil {
		return err
	}
	values, err := s.Queue.Content(e)
	if err != nil {
		return err
	}
	if item := s.itemOf(e); item != nil && aboutPerson(item, values) {
		return ingest.ErrPerson
	}
	return s.Queue.Match(ctx, e.ID, target.ID, whoActs(ctx), note)
}

// target finds the subject of a code; persons cannot be found by one.
func (s *server) target(ctx context.Context, code string) (subject.Subject, error) {
	// Pilot-era codes fail the check digit and are lawful; the register knows which of them it holds.
	uscc, problem := ident.ParseUSCCWith(code, func(string) bool { return true })
	if problem != nil {
		return subject.Subject{}, ingest.ErrNoTarget
	}
	sub, ok, err := s.Subjects.ByCode(ctx, string(uscc))
	if err == nil && (!ok || sub.Kind == catalog.Person) {
		err = ingest.ErrNoTarget
	}
	return sub, err
}

func (s *server) undoEntry(ctx context.Context, in *undoInput) (*body[QueueEntry], error) {
	note := strings.TrimSpace(in.Body.Note)
	if err := bodyTexts(note); err != nil {
		return nil, err
	}
	e, err := s.entry(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.Queue.Undo(ctx, e.ID, whoActs(ctx), note); err != nil {
		return nil, err
	}
	return s.entryNow(ctx, e.ID)
}

// entryNow shows a row as it stands after a decision.
func (s *server) entryNow(ctx context.Context, n int64) (*body[QueueEntry], error) {
	e, err := s.Queue.Entry(ctx, n)
	if err != nil {
		return nil, err
	}
	return s.showEntry(ctx, e)
}
