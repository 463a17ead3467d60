package identity

import (
	"context"
	"sync"
	"time"

	"gongxin/internal/db"
)

// seenEvery bounds how often the last use of a session or key is written.
const seenEvery = time.Minute

// maxSeen bounds the memory of last uses; beyond it the oldest knowledge, of at most seenEvery, is given up.
const maxSeen = 100_000

// mark is one use: of a session, or of a key from an address.
type mark struct {
	at      time.Time
	stored  time.Time // last use as the database has it
	session bool
	address string // of a key's use, masked
}

// seenQueue remembers last uses between writes.
type seenQueue struct {
	mu      sync.Mutex
	uses    map[int64]mark
	dirty   map[int64]mark
	running bool
	wait    sync.WaitGroup
}

func newSeenQueue() *seenQueue { return &seenQueue{uses: map[int64]mark{}, dirty: map[int64]mark{}} }

// latest gives the last use that is known of.
func (q *seenQueue) latest(id int64, stored time.Time) time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	if m, ok := q.uses[id]; ok && m.at.After(stored) {
		return m.at
	}
	return stored
}

// touch notes a use and says whether there is something to write and nobody writing.
func (q *seenQueue) touch(id int64, m mark) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if old, ok := q.uses[id]; ok {
		if old.stored.After(m.stored) {
			m.stored = old.stored
		}
		if old.at.After(m.at) {
			m.at = old.at
		}
	} else if len(q.uses) >= maxSeen {
		clear(q.uses)
	}
	due := m.at.Sub(m.stored) >= seenEvery
	if due {
		q.dirty[id] = m
		m.stored = m.at
	}
	q.uses[id] = m
	if !due || q.running {
		return false
	}
	q.running = true
	q.wait.Add(1)
	return true
}

func (q *seenQueue) take() map[int64]mark {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := q.dirty
	q.dirty = map[int64]mark{}
	if len(out) == 0 {
		q.running = false
	}
	return out
}

// flushSoon writes last uses beside the request, which does not wait for the database's writer.
func (s *Service) flushSoon(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	go func() {
		defer s.seen.wait.Done()
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		for {
			batch := s.seen.take()
			if len(batch) == 0 {
				return
			}
			if err := s.writeSeen(ctx, batch); err != nil {
				s.Log.WarnContext(ctx, "last uses not written")
			}
		}
	}()
}

func (s *Service) writeSeen(ctx context.Context, batch map[int64]mark) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for id, m := range batch {
			var err error
			if m.session {
				_, err = tx.ExecContext(ctx, `UPDATE session SET seen_at = $2 WHERE session_id = $1 AND seen_at < $3`, id, m.at.UnixMicro(), m.at.UnixMicro())
			} else {
				_, err = tx.ExecContext(ctx, `UPDATE apikey SET used_at = $2, used_address = $4 WHERE key_id = $1 AND used_at < $3`, id, m.at.UnixMicro(), m.at.UnixMicro(), m.address)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}, db.ReadCommitted)
}

// Close waits for what is being written. The service must not be used afterwards.
func (s *Service) Close() { s.seen.wait.Wait() }
