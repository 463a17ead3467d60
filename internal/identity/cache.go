package identity

import (
	"crypto/sha256"
	"sync"
	"time"
)

// cacheFor bounds how long a revocation made by another process may go unseen here.
const cacheFor = 3 * time.Second

// maxCached bounds the memory of a cache; a full one starts anew.
const maxCached = 50_000

// cache keeps what tokens prove, for cacheFor. A drop takes effect at once, also against a load that was under way: what was read before
// the drop is not kept after it.
type cache[T any] struct {
	mu    sync.RWMutex
	gen   uint64
	items map[[sha256.Size]byte]cached[T]
}

type cached[T any] struct {
	value   *T
	account int64
	loaded  time.Time
}

func newCache[T any]() *cache[T] { return &cache[T]{items: map[[sha256.Size]byte]cached[T]{}} }

// get gives a kept value that is still fresh, and the generation to give to put otherwise.
func (c *cache[T]) get(key [sha256.Size]byte, now time.Time) (*T, uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if x, ok := c.items[key]; ok {
		if age := now.Sub(x.loaded); age >= 0 && age < cacheFor {
			return x.value, c.gen
		}
	}
	return nil, c.gen
}

func (c *cache[T]) put(key [sha256.Size]byte, account int64, v *T, now time.Time, gen uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gen != gen {
		return
	}
	if len(c.items) >= maxCached {
		clear(c.items)
	}
	c.items[key] = cached[T]{v, account, now}
}

// drop forgets everything of an account.
func (c *cache[T]) drop(account int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gen++
	for k, x := range c.items {
		if x.account == account {
			delete(c.items, k)
		}
	}
}

// forget drops what this process believes of an account. It is called after the commit of what changed it.
func (s *Service) forget(account int64) {
	s.sessions.drop(account)
	s.keys.drop(account)
}
