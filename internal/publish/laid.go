package publish

import (
	"context"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/mask"
)

// Laid is a record that its subject itself has laid before those who handle its objection or application. The package of the procedure vouches for that, and says
// what those who handle it are asked.
type Laid struct {
	Subject int64
	Record  string
	Action  authz.Action // that the reader must be allowed on the case
	Scope   authz.Scope
	Agency  int64       // in whose name it is read; 0 = none
	What    string      // kind of look-up, for the log: objection
	Basis   string      // law and article, and the number of the case
	AsOf    []time.Time // versions as known at these instants; none = the newest
}

// LaidBefore gives a record to whoever handles what its subject asked about it, in one version or several, all in one entry of the access log, which is committed
// before it is given. It shows the record whatever its status, as the subject sees it, but for the name and the number of a person, which are masked.
func (s *Service) LaidBefore(ctx context.Context, l Laid) ([]RecordView, error) {
	if !s.discloses() {
		return nil, MissingDisabled.Err()
	}
	now := s.clock.Now().UTC().Truncate(time.Microsecond)
	ask := Ask{Who: authz.From(ctx), Subject: Whom{ID: l.Subject}, Record: l.Record, What: l.What}
	q := lookup{ask: &ask, g: grounds{what: l.What, agency: l.Agency, basis: l.Basis, viewer: asSubject()}}
	var err error
	if q.sub, q.found, err = s.whom(ctx, ask.Subject); err != nil {
		return nil, err
	}
	switch {
	case !ask.Who.SignedIn():
		q.g.missing = MissingSignIn
	case !q.found:
		q.g.missing = MissingSubject
	case s.decide(&ask, &q.g, l.Action, l.Scope):
		if err := s.readLaid(ctx, &q, l.AsOf); err != nil {
			return nil, err
		}
	}
	list := []lookup{q}
	if err := s.settle(ctx, list, nil, now); err != nil {
		return nil, err
	}
	if err := list[0].refusal(); err != nil {
		return nil, err
	}
	return list[0].answer.Records, nil
}

// readLaid reads the versions; nothing of them has left yet.
func (s *Service) readLaid(ctx context.Context, q *lookup, asOf []time.Time) error {
	if len(asOf) == 0 {
		asOf = []time.Time{{}}
	}
	var records []RecordView
	for _, at := range asOf {
		m, err := s.at(at)
		if err != nil {
			return err
		}
		answer, err := s.read(ctx, q.ask, &q.g, &q.sub, m)
		if err != nil || q.g.missing != "" {
			return err
		}
		records, q.answer = append(records, answer.Records...), answer
	}
	if q.sub.Kind == catalog.Person {
		for i := range records {
			s.maskPerson(&records[i])
		}
		q.answer.Subject.Name = mask.PersonName(q.answer.Subject.Name)
	}
	q.answer.Records, q.answer.Entry = records, s.disclosure.Log.Number()
	return nil
}

// maskPerson hides in a record about a person what only that person sees in clear.
func (s *Service) maskPerson(r *RecordView) {
	r.Subject.Name = mask.PersonName(r.Subject.Name)
	edition, ok := s.editions.ByID(r.Edition)
	var item *catalog.Item
	if ok {
		item, ok = edition.Item(r.Item)
	}
	for i := range r.Fields {
		f := &r.Fields[i]
		var field *catalog.Field
		known := false
		if ok {
			field, known = item.Field(f.Code)
		}
		switch {
		case !known:
			f.Value, f.Masked = "", true
		case aboutSelf(field.Role):
			f.Value, f.Masked = masked(field, f.Value, true)
		default:
			continue
		}
		f.Shown = f.Value
	}
}
