package lifecycle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
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
	Restored  int `json:"restored,omitempty"` // ended before their day by a clock that was ahead, and brought back
}

// quiet is for how long nobody may have changed anything before a machine destroys nothing by itself: in a city that works somebody files each day. A clock that is
// years ahead would else destroy what has to be kept for years. What is filed by the wrong clock does not tell: a gap is one until the register has lived as long behind it.
const quiet = 30 * 24 * time.Hour

// ErrQuiet refuses to destroy by itself.
var ErrQuiet = fault.New(fault.Conflict, "lifecycle.quiet", "最近 60 天里登记簿有 30 天没有人报送或者办理，或者服务器的时钟走快过，没有自动销毁到期的档案", "请核对服务器的时间；确实无误的，运行一次 gongxin expire")

// ErrEarly says that records were ended before their day. Only somebody who has looked at the clock can tell whether it was ahead then or is behind now.
var ErrEarly = fault.New(fault.Conflict, "lifecycle.early", "有信息在公示期届满以前就记为期满：服务器的时钟走快过，或者现在走慢了", "请核对服务器的时间；现在的时间无误的，运行一次 gongxin expire，恢复这些信息")

// Run ends what is over today and destroys what no archive keeps any longer, unless the clock may be wrong. What a clock that was ahead has ended it only tells of,
// with ErrEarly. It is for a job.
func (s *Service) Run(ctx context.Context, progress func(Tally)) (Tally, error) {
	now := s.Clock.Now()
	wrong := false
	for _, at := range []time.Time{now, now.Add(-quiet)} {
		last, err := s.Records.LastChange(ctx, at)
		if err != nil {
			return Tally{}, err
		}
		wrong = wrong || !last.IsZero() && at.Sub(last) > quiet
	}
	t, err := s.run(ctx, progress, wrong)
	if err == nil {
		var early []record.ID
		if early, _, err = s.Records.EndedEarly(ctx, clock.DateOf(now), record.ID{}, 1); err == nil && len(early) > 0 {
			err = ErrEarly
		}
	}
	return t, err
}

// RunByHand does the same by somebody who has looked at the clock, and first brings back what a clock that was ahead ended before its day.
func (s *Service) RunByHand(ctx context.Context, progress func(Tally)) (Tally, error) {
	restored, err := s.restore(ctx)
	if err != nil {
		return Tally{Restored: restored}, err
	}
	t, err := s.run(ctx, progress, false)
	t.Restored = restored
	return t, err
}

// restore brings what was ended before its day back to what it was before that.
func (s *Service) restore(ctx context.Context) (n int, err error) {
	today, after := clock.Today(s.Clock), record.ID{}
	for {
		early, next, err := s.Records.EndedEarly(ctx, today, after, endBatch)
		if err != nil || len(early) == 0 {
			return n, err
		}
		done := 0
		err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			turns, err := s.back(ctx, tx, early)
			if err != nil {
				return err
			}
			out, err := s.Records.Turn(ctx, tx, turns, record.Change{
				At: s.Clock.Now(), Actor: authz.SystemActor("lifecycle").String(), Basis: "公示规则所定的期限", Why: "期限没有届满，服务器的时钟走快时误记为期满，恢复原状",
			})
			done = count(out)
			return err
		})
		if err != nil {
			return n, fmt.Errorf("lifecycle: restore: %w", err)
		}
		if n, after = n+done, next; next == (record.ID{}) {
			return n, nil
		}
	}
}

// back gives the turns to what records were before they were ended; one that was neither in force nor shielded then was not ended by the clock, and stays.
func (s *Service) back(ctx context.Context, tx *db.Tx, early []record.ID) ([]record.Turn, error) {
	standing, err := s.Records.Standing(ctx, tx, early)
	if err != nil {
		return nil, err
	}
	ends := make([]record.Changed, 0, len(early))
	for _, at := range early {
		ends = append(ends, record.Changed{ID: at, Number: standing[at].Number, Status: record.Ended})
	}
	effects, err := s.Records.Effects(ctx, tx, ends)
	if err != nil {
		return nil, err
	}
	turns := make([]record.Turn, 0, len(ends))
	for _, end := range ends {
		if before := effects[end].Before; before == record.Active || before == record.Shielded {
			turns = append(turns, record.Turn{ID: end.ID, To: before, Early: true, If: func(v *record.Version) bool { return v.Status == record.Ended && v.Number == end.Number }})
		}
	}
	return turns, nil
}

// run hears progress, which may be nil, of the sums after each transaction. A run that is broken off has done whole batches; the next one goes on.
func (s *Service) run(ctx context.Context, progress func(Tally), wrong bool) (t Tally, err error) {
	if progress == nil {
		progress = func(Tally) {}
	}
	err = s.end(ctx, func(n int) { t.Ended += n; progress(t) })
	if err == nil && wrong {
		return t, s.nothingDue(ctx)
	}
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

// nothingDue gives ErrQuiet when there is something to destroy.
func (s *Service) nothingDue(ctx context.Context) error {
	today := clock.Today(s.Clock)
	periods := s.Archive.Today()
	for _, item := range s.Editions.Current(today).Items {
		for _, k := range periods.of(item) {
			list, _, err := s.Records.Archived(ctx, string(item.Code), k.statuses, today.AddMonths(-k.Months).Start(), record.ID{}, 1)
			if err != nil || len(list) > 0 {
				return cmp.Or(err, error(ErrQuiet))
			}
		}
	}
	return nil
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
