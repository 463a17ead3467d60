package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/record"
	"gongxin/internal/ruleset"
)

// Batches: records of one transaction.
const (
	endBatch     = 4096
	destroyBatch = 256
)

// Config is what a Service is made of.
type Config struct {
	DB       *db.DB
	Clock    clock.Clock
	Records  *record.Store
	Editions *catalog.Store
	Archive  *ruleset.Book[*Archive]
	Forget   func(ctx context.Context, tx *db.Tx, at record.ID) error // takes the content from copies, such as reports; nil = there are none
}

// Service ends and destroys. It is safe to run in several processes at once: each record is turned once.
type Service struct{ Config }

// New makes a Service.
func New(c Config) *Service { return &Service{c} }

// Tally is what one run did.
type Tally struct {
	Ended     int `json:"ended"`
	Destroyed int `json:"destroyed"`
}

// Run ends what is over today and destroys what no archive keeps any longer. progress, which may be nil, hears the sums after each transaction. A run that is broken
// off has done whole batches; the next one goes on.
func (s *Service) Run(ctx context.Context, progress func(Tally)) (t Tally, err error) {
	if progress == nil {
		progress = func(Tally) {}
	}
	err = s.end(ctx, func(n int) { t.Ended += n; progress(t) })
	if err == nil {
		err = s.DB.Erasing(ctx, func() error { return s.destroy(ctx, func(n int) { t.Destroyed += n; progress(t) }) })
	}
	if err == nil && t.Destroyed > 0 { // the write-ahead log holds what stood there before; with a reader on an older snapshot it is emptied later
		if err = s.DB.Checkpoint(ctx); errors.Is(err, db.ErrBusy) {
			err = nil
		}
	}
	return t, err
}

// end writes 期满 to every failure whose period is over. Only the clock of the register and the window that was computed at filing decide; nobody is asked.
func (s *Service) end(ctx context.Context, done func(int)) error {
	today := clock.Today(s.Clock)
	var items []string
	for _, item := range s.Editions.Current(today).Items {
		if item.Polarity == catalog.Negative {
			items = append(items, string(item.Code))
		}
	}
	after := record.ID{}
	for {
		due, next, err := s.Records.Due(ctx, items, today, after, endBatch)
		if err != nil || len(due) == 0 {
			return err
		}
		turns := make([]record.Turn, len(due))
		for i := range due {
			turns[i] = record.Turn{ID: due[i], To: record.Ended, If: func(v *record.Version) bool { // another process or a correction may have been first
				return (v.Status == record.Active || v.Status == record.Shielded) && !v.PublicUntil.IsZero() && v.PublicUntil <= today
			}}
		}
		n := 0
		err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			out, err := s.Records.Turn(ctx, tx, turns, record.Change{
				At: s.Clock.Now(), Actor: authz.SystemActor("lifecycle").String(), Basis: "公示规则所定的期限", Why: "期限届满，停止公示、共享和使用",
			})
			n = count(out)
			return err
		})
		if err != nil {
			return fmt.Errorf("lifecycle: end: %w", err)
		}
		done(n)
		if next == (record.ID{}) {
			return nil
		}
		after = next
	}
}

// destroy destroys what the archive's periods in force today let go.
func (s *Service) destroy(ctx context.Context, done func(int)) error {
	today, now := clock.Today(s.Clock), s.Clock.Now()
	periods := s.Archive.Today()
	for _, item := range s.Editions.Current(today).Items {
		for _, k := range periods.of(item) {
			before := today.AddMonths(-k.Months).Start()
			after := record.ID{}
			for {
				list, next, err := s.Records.Archived(ctx, string(item.Code), k.statuses, before, after, destroyBatch)
				if err != nil {
					return err
				}
				if len(list) == 0 {
					break
				}
				n := 0
				err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
					out, err := s.Records.Destroy(ctx, tx, list, record.Change{
						At: now, Actor: authz.SystemActor("lifecycle").String(), Basis: k.basis(), Why: fmt.Sprintf("归档满 %d 个月，依规定销毁", k.Months),
					})
					if n = count(out); err != nil || s.Forget == nil {
						return err
					}
					for i := range out {
						if out[i] != record.Turned {
							continue
						}
						if err := s.Forget(ctx, tx, list[i]); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					return fmt.Errorf("lifecycle: destroy: %w", err)
				}
				done(n)
				if next == (record.ID{}) {
					break
				}
				after = next
			}
		}
	}
	return nil
}

func count(out []record.Outcome) (n int) {
	for _, o := range out {
		if o == record.Turned {
			n++
		}
	}
	return n
}
