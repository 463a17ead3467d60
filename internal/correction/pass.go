package correction

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/notice"
	"gongxin/internal/record"
)

// change is one record of an event, with who holds an older version.
type change struct {
	record.Changed
	record.Effect
	event   *record.Event
	does    Does
	holders map[notice.Recipient]*held
}

// held is what one recipient holds of a record, as its subject may come to know it.
type held struct {
	hidden time.Time // of the entries that the other fields speak of
	copies int
	what   []string
	matter string
	at     time.Time
}

// take adds a copy. Entries that are shown earlier displace those that are shown later: what is said of a recipient on a day rests on nothing that is still
// hidden on that day.
func (c *change) take(k *Copy) {
	h := c.holders[k.To]
	switch {
	case h == nil || k.Hidden.Before(h.hidden):
		h = &held{hidden: k.Hidden}
		if c.holders == nil {
			c.holders = map[notice.Recipient]*held{}
		}
		c.holders[k.To] = h
	case h.hidden.Before(k.Hidden):
		return
	}
	h.copies++
	if !slices.Contains(h.what, k.What) {
		h.what = append(h.what, k.What)
	}
	if !k.Handed.Before(h.at) {
		h.at, h.matter = k.Handed, cmp.Or(k.Matter, h.matter)
	}
}

// pass makes the rows of some changes and takes them off the list, in one transaction. Everything is read before it begins, so that no writer waits for the reading.
func (s *Service) pass(ctx context.Context, events []record.Event) (int, error) {
	list, err := s.changes(ctx, events)
	if err != nil {
		return 0, err
	}
	if err := s.holders(ctx, list); err != nil {
		return 0, err
	}
	n := 0
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		w := &writer{s: s, now: s.now()}
		w.day = clock.DateOf(w.now)
		mine, err := w.claim(ctx, tx, events)
		if err != nil {
			return err
		}
		own := make([]*change, 0, len(list))
		for i := range list {
			if mine[list[i].event.ID] {
				own = append(own, &list[i])
			}
		}
		n = len(own)
		if err := w.write(ctx, tx, own); err != nil {
			return err
		}
		ids := make([]int64, len(events))
		for i := range events {
			ids[i] = events[i].ID
		}
		return s.Records.DropEvents(ctx, tx, ids...)
	})
	if err != nil {
		return 0, fmt.Errorf("correction: pass on: %w", err)
	}
	return n, nil
}

// changes gives each record of the events once per event, in its newest version there.
func (s *Service) changes(ctx context.Context, events []record.Event) ([]change, error) {
	var list []change
	for i := range events {
		e := &events[i]
		at := make(map[record.ID]int, len(e.Records))
		for _, c := range e.Records {
			if j, ok := at[c.ID]; ok {
				if list[j].Number < c.Number {
					list[j].Changed = c
				}
				continue
			}
			at[c.ID] = len(list)
			list = append(list, change{Changed: c, event: e})
		}
	}
	changed := make([]record.Changed, len(list))
	for i := range list {
		changed[i] = list[i].Changed
	}
	effects, err := s.Records.Effects(ctx, s.DB.Read(), changed)
	if err != nil {
		return nil, err
	}
	for i := range list {
		c := &list[i]
		if e, ok := effects[c.Changed]; ok {
			c.Effect = e
		} else { // it is on file no longer: whoever holds it shall not use it
			c.Effect.Before = record.Active
			c.Status = max(c.Status, record.Withdrawn)
		}
		c.does = doesOf(c.Before, c.Status)
	}
	return list, nil
}

// holders finds out who holds an older version of what changed.
func (s *Service) holders(ctx context.Context, list []change) error {
	byRecord := make(map[record.ID][]*change, len(list))
	var subjects []int64
	seen := map[int64]bool{}
	for i := range list {
		c := &list[i]
		if c.does == Nothing {
			continue
		}
		byRecord[c.ID] = append(byRecord[c.ID], c)
		if !seen[c.Subject] {
			seen[c.Subject] = true
			subjects = append(subjects, c.Subject)
		}
	}
	slices.Sort(subjects)
	for _, o := range s.Outlets {
		err := o.Copies(ctx, s.DB.Read(), subjects, func(k Copy) {
			for _, c := range byRecord[k.At] {
				if k.Version < c.Number {
					c.take(&k)
				}
			}
		})
		if err != nil {
			return fmt.Errorf("correction: holders: %w", err)
		}
	}
	return nil
}
