package catalog

import (
	"slices"
	"sync"

	"gongxin/internal/clock"
)

// Store holds the editions of a running program by the day from which each holds. It is safe for concurrent
// use.
type Store struct {
	mu       sync.RWMutex
	editions []*Edition // by EffectiveFrom, then by the order of adding
}

// NewStore makes a store of the editions given; two that contradict each other are refused.
func NewStore(editions ...*Edition) (*Store, error) {
	s := &Store{}
	for _, e := range editions {
		if err := s.Add(e); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Add puts an edition into the store. The same edition again is no change; the same id with other content is
// refused, since records point to editions by id.
func (s *Store) Add(e *Edition) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, have := range s.editions {
		if have.ID != e.ID {
			continue
		}
		if have.Hash != e.Hash {
			return ErrSameID.Messagef("版本“%s”已经存在，内容不同", e.ID)
		}
		return nil
	}
	at := len(s.editions)
	for at > 0 && s.editions[at-1].EffectiveFrom > e.EffectiveFrom {
		at--
	}
	s.editions = slices.Insert(slices.Clone(s.editions), at, e)
	return nil
}

// Current gives the edition that holds on a day. Before the first edition's day it gives the first, for older
// filings are made up under it; it gives nil only from an empty store.
func (s *Store) Current(on clock.Date) *Edition {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i := len(s.editions) - 1; i >= 0; i-- {
		if s.editions[i].EffectiveFrom <= on {
			return s.editions[i]
		}
	}
	if len(s.editions) == 0 {
		return nil
	}
	return s.editions[0]
}

// ByID gives the edition that a record was checked under; false when the store does not have it.
func (s *Store) ByID(id string) (*Edition, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, e := range s.editions {
		if e.ID == id {
			return e, true
		}
	}
	return nil, false
}

// All gives the editions by the day from which each holds.
func (s *Store) All() []*Edition {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.editions)
}
