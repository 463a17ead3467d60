package publish_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/consent"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/publish"
)

var errOwn = errors.New("this one's own fault")

// companion is a keeper that keeps together with others of its kind, and may fail.
type companion struct {
	kept  *atomic.Int64 // answers
	most  *atomic.Int64 // keepers at once
	fails bool
	falls bool
	begun func() // within the transaction
}

func (c *companion) Prepare(context.Context, []publish.Kept) error { return nil }

func (c *companion) Keep(ctx context.Context, tx *db.Tx, answers []publish.Kept) error {
	return c.KeepAll(ctx, tx, []publish.Keeping{{Keeper: c, Answers: answers}})
}

func (c *companion) Joins(other publish.Keeper) bool { _, ok := other.(*companion); return ok }

func (c *companion) KeepAll(_ context.Context, _ *db.Tx, list []publish.Keeping) error {
	n := int64(0)
	for _, x := range list {
		k, _ := x.Keeper.(*companion)
		if k.begun != nil {
			k.begun()
		}
		if k.fails {
			return errOwn
		}
		if k.falls {
			panic("a companion falls")
		}
		n += int64(len(x.Answers))
	}
	c.kept.Add(n)
	for old := c.most.Load(); int64(len(list)) > old && !c.most.CompareAndSwap(old, int64(len(list))); old = c.most.Load() {
	}
	return nil
}

// TestQuestionsSettledTogether: questions that wait for one another's transaction are settled in one, and each fares as it would alone: a consent for one use
// is used once, an hour's bound holds, who fails or falls does so for itself, and each answer has its entry.
func TestQuestionsSettledTogether(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ctx := context.Background()
		code := w.matter(t, "M-1", nil)
		once := w.consent(t, func(x *consent.Terms) { x.Uses = 1 })
		var kept, most atomic.Int64
		department := func(who authz.Actor, k *companion) publish.Ask {
			k.kept, k.most = &kept, &most
			return publish.Ask{Who: who, Subject: publish.Whom{Code: firmCode}, Purpose: publish.Purpose{Matter: code}, Keeper: k}
		}
		another := func(id int64) authz.Actor {
			who := w.officer()
			who.ID = id
			return who
		}

		// The first one holds its transaction open until the others are on their way.
		held, release := make(chan struct{}), make(chan struct{})
		var open sync.Once
		var asks []publish.Ask
		asks = append(asks, department(another(900), &companion{begun: func() { open.Do(func() { close(held); <-release }) }}))
		for i := range int64(20) {
			asks = append(asks, department(another(100-i), &companion{}))
		}
		for range 6 {
			asks = append(asks, publish.Ask{Who: w.banker(), Subject: publish.Whom{Code: firmCode}, Purpose: publish.Purpose{Consent: once, Aim: "credit"}})
		}
		for range 9 {
			asks = append(asks, publish.Ask{Who: w.officer(), Subject: publish.Whom{DocKind: docKind, Number: number}, Purpose: publish.Purpose{Matter: code}})
		}
		sound := len(asks)
		asks = append(asks, department(another(50), &companion{fails: true}), department(another(51), &companion{falls: true}))

		answers, errs, fell := make([]*publish.Answer, len(asks)), make([]error, len(asks)), make([]any, len(asks))
		before := len(w.entries(t))
		ask := func(from, to int) (wait *sync.WaitGroup) {
			wait = &sync.WaitGroup{}
			for i := from; i < to; i++ {
				wait.Go(func() {
					defer func() { fell[i] = recover() }()
					answers[i], errs[i] = w.Disclose(ctx, asks[i])
				})
			}
			return wait
		}
		first := ask(0, 1)
		<-held
		others := ask(1, sound)
		if d.Engine() == db.SQLite { // PostgreSQL writes another one beside
			for w.Waiting() < sound-1 {
				runtime.Gosched()
			}
		}
		close(release)
		first.Wait()
		others.Wait()
		if d.Engine() == db.SQLite && most.Load() < 20 {
			t.Errorf("%d were kept at once, 20 waited", most.Load())
		}
		ask(sound, len(asks)).Wait()

		count := func(from, to int) (answered int) {
			for i := from; i < to; i++ {
				if answers[i] != nil && errs[i] == nil {
					answered++
				} else if answers[i] != nil {
					t.Errorf("question %d has an answer and a refusal", i)
				}
			}
			return answered
		}
		if n := count(0, 21); n != 21 || kept.Load() != 21 {
			t.Errorf("%d of 21 checks answered, %d kept: %v", n, kept.Load(), errors.Join(errs[:21]...))
		}
		if n := count(21, 27); n != 1 {
			t.Errorf("a consent for one use was used %d times", n)
		}
		if n := count(27, 36); n != 5 {
			t.Errorf("%d look-ups of persons, 5 are allowed", n)
		}
		if !errors.Is(errs[36], errOwn) || fell[37] == nil {
			t.Errorf("the one that fails: %v; that falls: %v, %v", errs[36], errs[37], fell[37])
		}
		said := map[string]int{}
		entries := w.entries(t) // newest first
		for _, e := range entries[:len(entries)-before] {
			said[e.Outcome]++
		}
		if said[audit.Answered] != 27 || said[audit.Refused] != 9 {
			t.Errorf("entries %v, want 27 answered and 9 refused", said)
		}
	})
}

// TestSettledWithinATransactionIsRefused: asking within a transaction would wait for itself.
func TestSettledWithinATransactionIsRefused(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		code := w.matter(t, "M-1", func(*agency.Matter) {})
		err := d.Tx(context.Background(), func(ctx context.Context, _ *db.Tx) error {
			_, err := w.Disclose(ctx, publish.Ask{Who: w.officer(), Subject: publish.Whom{Code: firmCode}, Purpose: publish.Purpose{Matter: code}})
			return err
		})
		if !errors.Is(err, db.ErrNested) {
			t.Errorf("asked within a transaction: %v", err)
		}
	})
}

// TestWhoLeavesWhileWaitingAskedNothing: a question whose asker has gone before its turn is not settled: it uses up no consent and leaves no answered entry.
func TestWhoLeavesWhileWaitingAskedNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if d.Engine() != db.SQLite {
			return // PostgreSQL writes another one beside
		}
		w := newWorld(t, d)
		code := w.matter(t, "M-1", nil)
		once := w.consent(t, func(x *consent.Terms) { x.Uses = 1 })
		var kept, most atomic.Int64
		before := len(w.entries(t)) // here: searching the log is itself written down, and waits for the writer
		held, release := make(chan struct{}), make(chan struct{})
		var done sync.WaitGroup
		done.Go(func() {
			_, err := w.Disclose(context.Background(), publish.Ask{
				Who: w.officer(), Subject: publish.Whom{Code: firmCode}, Purpose: publish.Purpose{Matter: code},
				Keeper: &companion{kept: &kept, most: &most, begun: func() { close(held); <-release }},
			})
			if err != nil {
				t.Error(err)
			}
		})
		<-held
		byConsent := publish.Ask{Who: w.banker(), Subject: publish.Whom{Code: firmCode}, Purpose: publish.Purpose{Consent: once, Aim: "credit"}}
		for range 2 { // two, so that they would be company
			ctx, leave := context.WithCancel(context.Background())
			n := w.Waiting()
			done.Go(func() {
				if _, err := w.Disclose(ctx, byConsent); !errors.Is(err, context.Canceled) {
					t.Errorf("who left is told %v", err)
				}
			})
			for w.Waiting() == n {
				runtime.Gosched()
			}
			leave()
		}
		close(release)
		done.Wait()
		if _, err := w.Disclose(context.Background(), byConsent); err != nil {
			t.Errorf("the consent was used up by those who left: %v", err)
		}
		if n := len(w.entries(t)) - before; n != 2 { // the one that was held, and the last
			t.Errorf("%d entries, want 2", n)
		}
	})
}
