package correction

import (
	"context"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/flow"
	"gongxin/internal/id"
	"gongxin/internal/notice"
	"gongxin/internal/record"
	"gongxin/internal/ruleset"
)

// Records tells of changes; *record.Store does.
type Records interface {
	Events(ctx context.Context, limit int) ([]record.Event, error)
	DropEvents(ctx context.Context, tx *db.Tx, ids ...int64) error
	Effects(ctx context.Context, q db.Querier, list []record.Changed) (map[record.Changed]record.Effect, error)
}

// Cases moves the cases of units; *flow.Engine does.
type Cases interface {
	Open(ctx context.Context, tx *db.Tx, n flow.NewCase) (*flow.Case, error)
	Fire(ctx context.Context, tx *db.Tx, id int64, event flow.Event, in flow.Input) (*flow.Case, error)
}

// Notices tells people; *notice.Service does.
type Notices interface {
	Send(ctx context.Context, tx *db.Tx, n notice.Notice) error
}

// Agencies knows units; *agency.Store does.
type Agencies interface {
	ByID(ctx context.Context, id agency.ID) (agency.Agency, error)
}

// Acts puts an act into the log; *audit.Log is one.
type Acts interface {
	WriteAct(ctx context.Context, tx *db.Tx, a audit.Act) error
}

// Stopped is a record that was in use and may not be used any more.
type Stopped struct {
	record.ID
	record.Effect
	Now record.Status
	Why string
}

// Config is what a Service is made of.
type Config struct {
	DB        *db.DB
	IDs       *id.Maker
	Clock     clock.Clock
	Records   Records
	Outlets   []Outlet
	Cases     Cases
	Notices   Notices
	Agencies  Agencies
	Authority *authz.Authority
	Acts      Acts
	Terms     *ruleset.Book[*Terms]
	// Ended is told, in the transaction that passes changes on, which records may not be used any more, for whatever else rests on them. nil = nothing does.
	Ended func(ctx context.Context, tx *db.Tx, list []Stopped) error
	// Batch is how many changed records one transaction passes on; 0 = 10,000.
	Batch int
}

// Service passes changes on, and keeps who has applied them.
type Service struct{ Config }

// New makes a Service.
func New(c Config) *Service {
	if c.Batch <= 0 {
		c.Batch = 10_000
	}
	return &Service{c}
}

// eventsAtOnce is how many changes are read from the list at a time.
const eventsAtOnce = 256

// Tell passes on every change that was made before an instant, and gives how many records that were. An answer that was read before a change may be written into
// the access log after it: whoever calls gives such answers the time they can take. A change stays on the list until the transaction that passes it on commits;
// any number of processes may call at once, and calling again does nothing twice.
func (s *Service) Tell(ctx context.Context, until time.Time) (n int, err error) {
	ctx = authz.With(ctx, authz.SystemActor("corrections"))
	for {
		list, err := s.Records.Events(ctx, eventsAtOnce)
		if err != nil {
			return n, err
		}
		list = s.part(list, until)
		if len(list) == 0 {
			return n, nil
		}
		told, err := s.pass(ctx, list)
		if n += told; err != nil {
			return n, err
		}
	}
}

// skew is how far ahead of the clock a change may lie before it is taken for one that was made while the clock was wrong. Such a change is passed on at once:
// waiting until the clock has caught up would leave those who hold copies in the dark for that long.
const skew = time.Minute

// part takes as many settled changes as one transaction passes on, at least one.
func (s *Service) part(list []record.Event, until time.Time) []record.Event {
	var out []record.Event
	wrong := s.now().Add(skew)
	rows := 0
	for i := range list {
		switch {
		case !list[i].At.Before(until) && !list[i].At.After(wrong):
		case len(out) > 0 && rows+len(list[i].Records) > s.Batch:
			return out
		default:
			rows += len(list[i].Records)
			out = append(out, list[i])
		}
	}
	return out
}

func (s *Service) now() time.Time { return s.Clock.Now().Truncate(time.Microsecond).UTC() }
