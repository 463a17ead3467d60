package publish

import (
	"context"
	"strconv"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/record"
)

// MaxPage is the largest page of any list.
const MaxPage = 100

// SubjectRecords gives a page of a subject's visible records, newest decision first; an empty item means every item.
func (s *Service) SubjectRecords(ctx context.Context, code string, item catalog.ItemCode, asOf time.Time, cursor string, limit int) ([]RecordView, string, error) {
	m, err := s.at(asOf)
	if err != nil {
		return nil, "", err
	}
	sub, err := s.subjectRef(ctx, code)
	if err != nil {
		return nil, "", err
	}
	if item != "" {
		if _, ok := m.edition.Item(item); !ok {
			return nil, "", ErrNoItem
		}
	}
	skip := 0
	if cursor != "" {
		if skip, err = strconv.Atoi(cursor); err != nil || skip < 0 {
			return nil, "", ErrCursor
		}
	}
	limit = clampLimit(limit)
	q := record.Query{Subject: sub.ID, Item: item, AsOf: m.asOf}
	if m.asOf.IsZero() {
		q.ListedOn, q.Offset, q.Limit = m.day, skip, limit+1
	}
	versions, err := s.records.OfSubject(ctx, q)
	if err != nil {
		return nil, "", err
	}
	r := ref(&sub)
	out := make([]RecordView, 0, min(len(versions), limit+1))
	for i := range versions {
		view, ok, err := s.visible(ctx, &versions[i], &r, m)
		if err != nil {
			return nil, "", err
		}
		if ok {
			out = append(out, view)
		}
	}
	return cut(out, versions, q, skip, limit)
}

// cut ends a page and makes the cursor of the next one.
func cut(out []RecordView, versions []record.Version, q record.Query, skip, limit int) ([]RecordView, string, error) {
	if q.Limit > 0 { // the database paged
		if len(versions) > limit {
			return out[:min(limit, len(out))], strconv.Itoa(skip + limit), nil
		}
		return out, "", nil
	}
	out = out[min(skip, len(out)):]
	if len(out) > limit {
		return out[:limit], strconv.Itoa(skip + limit), nil
	}
	return out, "", nil
}

func clampLimit(n int) int {
	if n <= 0 {
		return 20
	}
	return min(n, MaxPage)
}

// Record gives the public view of one record with its history; the zero time is now.
func (s *Service) Record(ctx context.Context, recordID string, asOf time.Time) (*RecordView, error) {
	m, err := s.at(asOf)
	if err != nil {
		return nil, err
	}
	at, err := record.ParseID(recordID)
	if err != nil {
		return nil, ErrNoRecord
	}
	v, ok, err := s.records.Get(ctx, at, asOf)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrNoRecord
	}
	subjects, err := s.subjects.ByIDs(ctx, []int64{at.Subject})
	if err != nil {
		return nil, err
	}
	sub, ok := subjects[at.Subject]
	if !ok {
		return nil, ErrNoRecord
	}
	r := ref(&sub)
	view, ok, err := s.visible(ctx, &v, &r, m)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrNoRecord
	}
	marks, err := s.records.History(ctx, at)
	if err != nil {
		return nil, err
	}
	for _, mark := range marks {
		if asOf.IsZero() || !mark.RecordedAt.After(asOf) {
			view.Versions = append(view.Versions, VersionMark{Version: mark.Number, RecordedAt: mark.RecordedAt, Action: mark.Action, Why: mark.Why})
		}
	}
	return &view, nil
}

// views passes versions of several subjects through the gate, in order.
func (s *Service) views(ctx context.Context, versions []record.Version, m moment, yield func(*RecordView) error) error {
	ids, seen := make([]int64, 0, len(versions)), map[int64]bool{}
	for i := range versions {
		if id := versions[i].Subject; !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	subjects, err := s.subjects.ByIDs(ctx, ids)
	if err != nil {
		return err
	}
	for i := range versions {
		sub, ok := subjects[versions[i].Subject]
		if !ok {
			continue
		}
		r := ref(&sub)
		view, ok, err := s.visible(ctx, &versions[i], &r, m)
		if err != nil {
			return err
		}
		if ok {
			if err := yield(&view); err != nil {
				return err
			}
		}
	}
	return nil
}

// filter resolves what a page asks for to what the register filters by.
func (s *Service) filter(ctx context.Context, item *catalog.Item, f ListFilter, today clock.Date) (record.Filter, error) {
	out := record.Filter{Item: item.Code, Today: today, From: f.From, To: f.To}
	if f.Agency != "" {
		a, err := s.agencies.ByCode(ctx, f.Agency)
		if err != nil {
			return out, err
		}
		out.Agency = a.ID
	}
	if f.Region != "" {
		out.Regions = append([]string{f.Region}, s.below(f.Region)...)
	}
	if f.Category != "" {
		if out.Kinds = item.KindBits([]string{f.Category}); out.Kinds == 0 {
			return out, ErrNoCategory
		}
	}
	return out, nil
}

// below gives every division under one.
func (s *Service) below(code string) []string {
	var out []string
	for _, c := range s.divisions.Children(code) {
		out = append(append(out, c), s.below(c)...)
	}
	return out
}
