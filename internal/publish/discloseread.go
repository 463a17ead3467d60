package publish

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/record"
	"gongxin/internal/subject"
)

// read makes the answer; nothing of it has left yet.
func (s *Service) read(ctx context.Context, ask *Ask, g *grounds, sub *subject.Subject, m moment) (*Answer, error) {
	a := &Answer{Matter: g.matter.Code, Basis: g.basis, Records: []RecordView{}, AsOf: m.asOf, Subject: ref(sub)}
	if m.asOf.IsZero() {
		a.AsOf = s.clock.Now()
	}
	if err := s.nameFor(ctx, g, sub, &a.Subject); err != nil {
		return nil, err
	}
	// The right to see is today's, whatever day is asked about.
	m.day = clock.Today(s.clock)
	for _, item := range ask.Items {
		if _, ok := m.edition.Item(item); !ok && !g.viewer.own {
			g.missing = MissingItem
			return nil, nil
		}
	}
	if ask.Record != "" {
		return a, s.readRecord(ctx, ask, g, a, sub, m)
	}
	return a, s.readAll(ctx, ask, g, a, sub, m)
}

func (s *Service) readRecord(ctx context.Context, ask *Ask, g *grounds, a *Answer, sub *subject.Subject, m moment) error {
	at, err := record.ParseID(ask.Record)
	if err != nil || at.Subject != sub.ID {
		g.missing = MissingRecord
		return nil
	}
	v, ok, err := s.records.Get(ctx, at, m.asOf)
	if err != nil {
		return err
	}
	if ok && g.viewer.covers(v.Item) && ask.wants(v.Item) {
		view, passes, err := s.view(ctx, g.viewer, &v, &a.Subject, m)
		if err != nil {
			return err
		}
		if passes {
			a.Records = append(a.Records, view)
			return nil
		}
	}
	g.missing = MissingRecord
	return nil
}

func (s *Service) readAll(ctx context.Context, ask *Ask, g *grounds, a *Answer, sub *subject.Subject, m moment) error {
	skip := 0
	if ask.Cursor != "" {
		var err error
		if skip, err = strconv.Atoi(ask.Cursor); err != nil || skip < 0 {
			return ErrCursor
		}
	}
	limit := pageSize(ask.Limit)
	for range emptyPages {
		more, err := s.readPage(ctx, ask, g, a, sub, m, page{skip, limit})
		if err != nil || !more {
			return err
		}
		if len(a.Records) > 0 { // a page that holds nothing for the asker is read past: who sees nothing takes it for all
			break
		}
		skip += limit
	}
	return s.readWhole(ctx, ask, g, a, sub, m)
}

// readWhole adds, newest first, what lies behind the page of the items that the question wants whole. More than wholeMost records are not read.
func (s *Service) readWhole(ctx context.Context, ask *Ask, g *grounds, a *Answer, sub *subject.Subject, m moment) error {
	have := make(map[string]bool, len(a.Records))
	for i := range a.Records {
		have[a.Records[i].ID] = true
	}
	page := len(a.Records)
	for _, item := range ask.Whole {
		if !g.viewer.covers(item) || !ask.wants(item) {
			continue
		}
		for skip := 0; len(a.Records) < page+wholeMost; skip += discloseMax {
			versions, err := s.records.OfSubject(ctx, record.Query{Subject: sub.ID, Item: item, AsOf: m.asOf, Offset: skip, Limit: discloseMax})
			if err != nil {
				return err
			}
			for i := range versions {
				if have[versions[i].ID.String()] {
					continue
				}
				view, ok, err := s.view(ctx, g.viewer, &versions[i], &a.Subject, m)
				if err != nil {
					return err
				}
				if ok {
					a.Records = append(a.Records, view)
				}
			}
			if len(versions) < discloseMax {
				break
			}
		}
	}
	slices.SortStableFunc(a.Records[page:], func(x, y RecordView) int { return cmp.Compare(y.DecidedOn, x.DecidedOn) })
	return nil
}

// pageSize is how many records a page looks at.
func pageSize(limit int) int {
	if limit <= 0 {
		limit = discloseDefault
	}
	return min(limit, discloseMax)
}

// onlyItem is the item to which the reading narrows.
func (a *Ask) onlyItem() catalog.ItemCode {
	if len(a.Items) == 1 {
		return a.Items[0]
	}
	return ""
}

// page is a part of a subject's records.
type page struct{ skip, limit int }

// readPage adds to the answer what the asker may see of a page, and reports whether there are further pages.
func (s *Service) readPage(ctx context.Context, ask *Ask, g *grounds, a *Answer, sub *subject.Subject, m moment, p page) (more bool, err error) {
	query := record.Query{Subject: sub.ID, Item: ask.onlyItem(), AsOf: m.asOf, Offset: p.skip, Limit: p.limit + 1}
	versions, err := ask.ahead.records(ctx, s.records, query)
	if err != nil {
		return false, err
	}
	if a.Next = ""; len(versions) > p.limit {
		versions = versions[:p.limit]
		a.Next = strconv.Itoa(p.skip + p.limit)
	}
	for i := range versions {
		if !g.viewer.covers(versions[i].Item) || !ask.wants(versions[i].Item) { // public or not: no more than the purpose needs
			continue
		}
		view, ok, err := s.view(ctx, g.viewer, &versions[i], &a.Subject, m)
		if err != nil {
			return false, err
		}
		if ok {
			a.Records = append(a.Records, view)
		}
	}
	return a.Next != "", nil
}
