package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/catalog"
	"gongxin/internal/db"
)

// Keeping is what one keeper is to keep: answers of its own question or set.
type Keeping struct {
	Keeper  Keeper
	Answers []Kept
}

// Joint is a Keeper that keeps for others of its kind as well, in fewer statements, when their questions are settled in one transaction.
type Joint interface {
	Keeper
	// Joins says whether another keeper is of its kind.
	Joins(other Keeper) bool
	// KeepAll is Keep for all of a kind, itself among them.
	KeepAll(ctx context.Context, tx *db.Tx, list []Keeping) error
}

// settlement is a question, or a set of questions, checked and answered, on its way into the log.
type settlement struct {
	ctx     context.Context
	list    []lookup
	checked []Missing // what was missing before the transaction
	keeper  Keeper
	now     time.Time
	done    chan error
}

// settler writes what waits in one transaction: while one is written, further ones gather and go into the next. Nobody is made to wait for company, and
// each is answered only when the transaction that holds its entry is committed. Whoever fails in company is tried again alone, so that it fails for itself.
type settler struct {
	mu      sync.Mutex
	waiting []*settlement
	running int
}

// Bounds of one transaction, and of how many run side by side: SQLite has one writer.
const (
	settleMost    = 200 // questions
	settlePosters = 4   // PostgreSQL: transactions at once
)

// panicked carries a panic to whoever asked.
type panicked struct{ value any }

func (p panicked) Error() string { return fmt.Sprint("publish: settle: ", p.value) }

// settle writes the entries, uses up consents, counts and lets the keeper keep; only when that is committed are there answers. What changed since the
// questions were checked, such as a consent revoked in between, refuses here.
func (s *Service) settle(ctx context.Context, list []lookup, keeper Keeper, now time.Time) error {
	if err := prepare(ctx, list, keeper); err != nil {
		return err
	}
	m := &settlement{ctx: ctx, list: list, checked: make([]Missing, len(list)), keeper: keeper, now: now, done: make(chan error, 1)}
	for i := range list {
		m.checked[i] = list[i].g.missing
	}
	if err := s.disclosure.DB.Free(ctx); err != nil {
		return err
	}
	s.queue(m)
	select {
	case err := <-m.done:
		if p := (panicked{}); errors.As(err, &p) {
			panic(p.value) // where it is caught as one of the asker's
		}
		if err != nil {
			return err
		}
	case <-ctx.Done(): // the entry may be on file already; nothing of the answer leaves
		return ctx.Err()
	}
	for i := range list {
		s.tally.disclosed(list[i].g.what, list[i].g.missing)
	}
	return nil
}

// queue lets a settlement wait, and sees to it that somebody writes.
func (s *Service) queue(m *settlement) {
	q := &s.settling
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, m)
	most := 1
	if s.disclosure.DB.Engine() == db.Postgres {
		most = settlePosters
	}
	if q.running < most {
		q.running++
		go s.post()
	}
}

// post writes what waits until nothing does.
func (s *Service) post() {
	for {
		group := s.settling.take()
		if group == nil {
			return
		}
		err := s.commit(group)
		if err != nil && len(group) > 1 && !db.IsDown(err) && !errors.Is(err, db.ErrBusy) { // then each alone would wait in vain, one after the other
			for _, m := range group {
				m.done <- s.commit([]*settlement{m})
			}
			continue
		}
		for _, m := range group {
			m.done <- err
		}
	}
}

// take gives what is written together next: those that came first. Nobody waits for what is given; nil says that nothing waits, and that the caller ends.
// Whoever has left while waiting asked nothing: no consent of theirs is used up, and a crowd that has given up costs the others no time.
func (q *settler) take() []*settlement {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = slices.DeleteFunc(q.waiting, func(m *settlement) bool {
		err := m.ctx.Err()
		if err != nil {
			m.done <- err
		}
		return err != nil
	})
	questions, n := 0, 0
	for n < len(q.waiting) && (n == 0 || questions+len(q.waiting[n].list) <= settleMost) {
		questions += len(q.waiting[n].list)
		n++
	}
	if n == 0 {
		q.running--
		return nil
	}
	group := slices.Clone(q.waiting[:n])
	q.waiting = slices.Delete(q.waiting, 0, n)
	return group
}

// commit writes a group. One alone is written under its own context; of several none may end the others'.
func (s *Service) commit(group []*settlement) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicked{v}
		}
	}()
	ctx := group[0].ctx
	if len(group) > 1 {
		ctx = context.WithoutCancel(ctx)
		// One order for everybody, so that nobody's counters are waited for crosswise.
		slices.SortStableFunc(group, func(a, b *settlement) int {
			x, y := &a.list[0].ask.Who, &b.list[0].ask.Who
			return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.ID, y.ID))
		})
	}
	return s.disclosure.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		seen := &within{tx: tx, service: s, group: group}
		var entries []audit.Access
		for _, m := range group {
			for i := range m.list {
				m.list[i].g.missing = m.checked[i]
				entry, err := s.entry(ctx, seen, &m.list[i], m.now)
				if err != nil {
					return err
				}
				entries = append(entries, entry)
			}
		}
		if _, err := s.disclosure.Log.WriteMany(ctx, tx, entries); err != nil {
			return err
		}
		return keepAll(ctx, tx, group)
	}, db.ReadCommitted)
}

// keepAll lets the keepers keep: those of a kind at once.
func keepAll(ctx context.Context, tx *db.Tx, group []*settlement) error {
	kept := make([]bool, len(group))
	for i, m := range group {
		if kept[i] || m.keeper == nil {
			continue
		}
		joint, ok := m.keeper.(Joint)
		if !ok {
			if err := m.keeper.Keep(ctx, tx, m.answers()); err != nil {
				return err
			}
			continue
		}
		var list []Keeping
		for j := i; j < len(group); j++ {
			if other := group[j]; !kept[j] && other.keeper != nil && joint.Joins(other.keeper) {
				kept[j] = true
				list = append(list, Keeping{other.keeper, other.answers()})
			}
		}
		if err := joint.KeepAll(ctx, tx, list); err != nil {
			return err
		}
	}
	return nil
}

func (m *settlement) answers() []Kept { return kept(m.list) }

// entry makes what the log says of a question.
func (s *Service) entry(ctx context.Context, seen *within, q *lookup, now time.Time) (audit.Access, error) {
	entry := audit.Access{
		At: now, Who: q.ask.Who.Who(q.g.agency), Subject: q.sub.ID, Matter: q.g.matter.Code, Basis: q.g.basis, Consent: q.ask.Purpose.Consent, What: q.g.what,
		Outside: q.g.outside,
	}
	if q.g.missing == "" {
		if err := s.take(ctx, seen, q, &entry, now); err != nil {
			return entry, err
		}
	} else if q.g.missing == MissingSubject && q.ask.Subject.Number != "" && q.ask.Who.SignedIn() {
		if err := s.count(ctx, seen, q, &entry, now); err != nil {
			return entry, err
		}
	}
	entry.Outcome, entry.Missing = audit.Answered, string(q.g.missing)
	if q.g.missing != "" {
		entry.Outcome = audit.Refused
		return entry, nil
	}
	entry.ID, entry.Records = q.answer.Entry, refs(q.answer.Records)
	return entry, nil
}

// count counts a look-up of a person against what an account may in an hour, also when there is nobody of that number: whether somebody is on file is not to be
// found out by trying numbers.
func (s *Service) count(ctx context.Context, seen *within, q *lookup, entry *audit.Access, now time.Time) error {
	limit := s.disclosure.PersonsHour
	if limit <= 0 {
		limit = personsHour
	}
	ok, err := s.disclosure.Log.TakePerson(ctx, seen.tx, entry.Who, now, limit)
	if err == nil && !ok {
		q.g.missing = MissingRate
	}
	return err
}

// take is the part of the transaction that decides: rate, matter, consent, secrecy.
func (s *Service) take(ctx context.Context, seen *within, q *lookup, entry *audit.Access, now time.Time) error {
	if q.sub.Kind == catalog.Person && !q.ask.Purpose.Own {
		if err := s.count(ctx, seen, q, entry, now); err != nil || q.g.missing != "" {
			return err
		}
	}
	if q.g.matter.Code != "" {
		same, err := seen.unchanged(ctx, q.g.matter.Code, q.g.matter.Seq)
		if err != nil {
			return err
		}
		if !same {
			q.g.missing = MissingLapsed
			return nil
		}
		hidden, err := seen.secrecy(ctx, q.g.agency, q.sub.ID)
		if err != nil {
			return err
		}
		entry.HiddenUntil, entry.SecrecyBasis = hidden.Until, hidden.Basis
	}
	if q.g.consent != 0 {
		missing, err := s.disclosure.Consents.Take(ctx, seen.tx, q.g.consent, q.sub.ID, now)
		if err != nil {
			return err
		}
		q.g.missing = Missing(missing)
	}
	return nil
}

// within remembers what the questions of a group have in common within the transaction that settles them.
type within struct {
	tx      *db.Tx
	service *Service
	group   []*settlement

	same   map[matterAt]bool
	hidden map[audit.Looked]audit.Hidden
}

// matterAt is a matter as it was when a question was checked.
type matterAt struct {
	code string
	seq  int
}

func (w *within) unchanged(ctx context.Context, code string, seq int) (bool, error) {
	at := matterAt{code, seq}
	if same, ok := w.same[at]; ok {
		return same, nil
	}
	same, err := w.service.disclosure.Matters.Unchanged(ctx, w.tx, code, seq)
	if err != nil {
		return false, err
	}
	if w.same == nil {
		w.same = map[matterAt]bool{}
	}
	w.same[at] = same
	return same, nil
}

func (w *within) secrecy(ctx context.Context, agency, subject int64) (audit.Hidden, error) {
	if w.hidden == nil {
		var list []audit.Looked
		var at time.Time
		for _, m := range w.group {
			for i := range m.list {
				if q := &m.list[i]; q.found && q.g.matter.Code != "" {
					list = append(list, audit.Looked{Agency: q.g.agency, Subject: q.sub.ID})
				}
			}
			if m.now.After(at) {
				at = m.now
			}
		}
		var err error
		if w.hidden, err = w.service.disclosure.Log.SecrecyOf(ctx, w.tx, list, at); err != nil {
			return audit.Hidden{}, err
		}
	}
	return w.hidden[audit.Looked{Agency: agency, Subject: subject}], nil
}
