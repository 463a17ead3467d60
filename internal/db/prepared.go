package db

import (
	"container/list"
	"context"
	"database/sql"
	"sync"
)

// prepared is the reader pool of SQLite with its statements kept prepared: parsing takes the embedded engine about as long as
// a look-up by key. It holds the texts used last; a text is a constant of the program or one with an IN list, so they are few.
type prepared struct {
	pool *sql.DB
	cap  int

	mu    sync.Mutex
	texts map[string]*list.Element // of *statement
	used  list.List                // most recently used first
	seen  map[string]bool          // texts that were asked for once by again
}

type statement struct {
	plain
	key  string
	stmt *sql.Stmt
	refs int  // calls running right now
	gone bool // evicted; the last call closes it
}

// keptTexts bounds the statements of a pool and of a transaction.
const keptTexts = 256

func newPrepared(pool *sql.DB) *prepared {
	return &prepared{pool: pool, cap: keptTexts, texts: map[string]*list.Element{}}
}

// ExecContext runs a statement; on a reader only statements that change nothing pass.
func (p *prepared) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return p.pool.ExecContext(ctx, query, args...)
}

// QueryContext runs a statement that gives rows.
func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := p.take(ctx, query)
	if err != nil {
		return nil, err
	}
	defer p.give(s)
	return s.stmt.QueryContext(ctx, s.args(args)...) //nolint:sqlclosecheck // the caller closes them
}

// QueryRowContext runs a statement that gives at most one row.
func (p *prepared) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	s, err := p.take(ctx, query)
	if err != nil {
		return p.pool.QueryRowContext(ctx, query, args...) // meets the same error and carries it in the Row
	}
	defer p.give(s)
	return s.stmt.QueryRowContext(ctx, s.args(args)...)
}

// take finds or prepares the statement. Preparing happens outside the lock; of two who prepare the same text the first stays.
func (p *prepared) take(ctx context.Context, query string) (*statement, error) {
	if s := p.find(query); s != nil {
		return s, nil
	}
	form := plainOf(query)
	stmt, err := p.pool.PrepareContext(ctx, form.text)
	if err != nil {
		return nil, err
	}
	s := &statement{plain: form, key: query, stmt: stmt, refs: 1}
	p.mu.Lock()
	var out []*sql.Stmt
	if _, ok := p.texts[query]; ok {
		s.gone = true
	} else {
		p.texts[query] = p.used.PushFront(s)
		for p.used.Len() > p.cap {
			out = p.evict(out)
		}
	}
	p.mu.Unlock()
	for _, old := range out {
		_ = old.Close()
	}
	return s, nil
}

// again reports whether a text that is not kept was asked about before: what comes a second time will come again, while a text with a
// list of some length may not. It forgets all now and then.
func (p *prepared) again(query string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.texts[query]; ok {
		return false
	}
	if p.seen[query] {
		delete(p.seen, query)
		return true
	}
	if p.seen == nil || len(p.seen) >= 4*p.cap {
		p.seen = map[string]bool{}
	}
	p.seen[query] = true
	return false
}

func (p *prepared) find(query string) *statement {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok := p.texts[query]
	if !ok {
		return nil
	}
	p.used.MoveToFront(e)
	s := e.Value.(*statement) //nolint:errcheck // the list holds nothing else
	s.refs++
	return s
}

// evict drops the text used longest ago and adds its statement to out if nobody runs it. The lock is held.
func (p *prepared) evict(out []*sql.Stmt) []*sql.Stmt {
	e := p.used.Back()
	s := p.used.Remove(e).(*statement) //nolint:errcheck // the list holds nothing else
	delete(p.texts, s.key)
	s.gone = true
	if s.refs == 0 {
		out = append(out, s.stmt)
	}
	return out
}

// give ends a call. Rows that are still open keep a closed statement alive by themselves.
func (p *prepared) give(s *statement) {
	p.mu.Lock()
	s.refs--
	last := s.gone && s.refs == 0
	p.mu.Unlock()
	if last {
		_ = s.stmt.Close()
	}
}
