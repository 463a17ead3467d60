package api

import (
	"context"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/ident"
	"gongxin/internal/ingest"
	"gongxin/internal/subject"
)

func (s *server) queueEntry(ctx context.Context, in *entryInput) (*body[QueueEntry], error) {
	e, err := s.entry(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.showEntry(ctx, e)
}

func (s *server) showEntry(ctx context.Context, e *ingest.QueueEntry) (*body[QueueEntry], error) {
	opened, err := s.Queue.Content(ctx, e)
	if err != nil {
		return nil, err
	}
	out := &body[QueueEntry]{Body: QueueEntry{Person: opened.Person, Fields: make([]QueueField, 0, len(opened.Fields)), Pointers: []PointsAt{}}}
	if out.Body.QueueRow, err = s.rowOf(ctx, e, opened); err != nil {
		return nil, err
	}
	for _, f := range opened.Fields {
		out.Body.Fields = append(out.Body.Fields, QueueField{f.Code, f.Name, f.Value})
	}
	if e.State != ingest.Waiting {
		return out, nil
	}
	pointers, err := s.Queue.Pointers(ctx, opened)
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
		err = s.Queue.Refuse(ctx, e.ID, authz.From(ctx).String(), note)
	} else {
		err = s.match(ctx, e, in.Body.Subject, note)
	}
	if err != nil {
		return nil, err
	}
	return s.entryNow(ctx, e.ID)
}

// match files a row under an organisation.
func (s *server) match(ctx context.Context, e *ingest.QueueEntry, code, note string) error {
	target, err := s.target(ctx, code)
	if err != nil {
		return err
	}
	return s.Queue.Match(ctx, e.ID, target.ID, authz.From(ctx).String(), note)
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
	if err := s.Queue.Undo(ctx, e.ID, authz.From(ctx).String(), note); err != nil {
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
