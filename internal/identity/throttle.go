package identity

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// gateKind says how a gate slows attempts down: some are free, then the wait doubles from base up to most. One counted attempt is forgotten
// with every leak that passes, so that the slips of a whole department behind one address do not add up for ever.
type gateKind struct {
	name string
	free int64
	base time.Duration
	most time.Duration
	leak time.Duration // 0 = none is forgotten before forget
}

// The gates; the package's documentation says what the first four are for.
var (
	gatePair    = gateKind{"pair", 5, 4 * time.Second, 15 * time.Minute, time.Hour}
	gateAddress = gateKind{"address", 40, time.Second, 5 * time.Minute, 2 * time.Minute}
	gateDevice  = gateKind{"device", 10, 4 * time.Second, 15 * time.Minute, time.Hour}
	gateCode    = gateKind{"code", 3, 30 * time.Second, time.Hour, time.Hour}            // password and code together while the pair waits
	gateFactor  = gateKind{"factor", 5, 15 * time.Second, time.Hour, time.Hour}          // codes after a right password, by address or browser
	gateFactors = gateKind{"factors", 20, time.Minute, time.Hour, time.Hour}             // the same from all browsers that are not known
	gateOpen    = gateKind{"open", 10, time.Minute, time.Hour, 10 * time.Minute}         // accounts opened by strangers, by address
	gateClaim   = gateKind{"claim", 5, time.Minute, 24 * time.Hour, 0}                   // proofs of a subject, by account
	gateConfirm = gateKind{"confirm", 10, 10 * time.Second, time.Hour, 10 * time.Minute} // own password or a first code asked for, by account
	gateLoad    = gateKind{"load", 300, time.Second, time.Minute, 2 * time.Second}       // sign-ins begun by address: nothing to guess, the bound is for load
)

// forget is the quiet time after which a gate starts anew.
const forget = 24 * time.Hour

// delay is the wait after a number of counted attempts.
func (k gateKind) delay(fails int64) time.Duration {
	if fails <= k.free {
		return 0
	}
	n := fails - k.free - 1
	if n > 30 || k.base<<n > k.most {
		return k.most
	}
	return k.base << n
}

type gate struct {
	gateKind
	key string
}

// gate names one counter without keeping what it counts by in clear.
func (s *Service) gate(k gateKind, by ...string) gate {
	return gate{k, k.name + ":" + s.keyed("throttle", by...)}
}

// ErrThrottled says that attempts come too fast. Its message says how long to wait.
var ErrThrottled = fault.New(fault.Busy, "identity.throttled", "尝试次数过多，请稍后再试",
	"账号没有被锁定；可以改用通行密钥、恢复码，或在登录过的浏览器上登录")

// Throttled is ErrThrottled with the time after which to try again.
type Throttled struct{ Wait time.Duration }

// Error gives the fault's text.
func (t *Throttled) Error() string { return t.Unwrap().Error() }

// Unwrap gives the fault that is shown.
func (t *Throttled) Unwrap() error {
	seconds := int64((t.Wait + time.Second - 1) / time.Second)
	return ErrThrottled.Messagef("尝试次数过多，请在 %d 秒后再试", max(1, seconds))
}

// admit counts an attempt at each gate, or refuses it when one of them waits; a refused attempt is not counted.
func (s *Service) admit(ctx context.Context, gates ...gate) error {
	var wait time.Duration
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		var err error
		wait, err = s.admitTx(ctx, tx, gates)
		return err
	})
	if err != nil {
		return wrap(err, "throttle")
	}
	if wait > 0 {
		// Not an act: what is refused at the door would fill a log that nobody may shorten.
		s.Log.LogAttrs(ctx, slog.LevelWarn, "throttled", slog.String("gate", gates[0].name), slog.Duration("wait", wait))
		return &Throttled{wait}
	}
	return nil
}

func (s *Service) admitTx(ctx context.Context, tx *db.Tx, gates []gate) (wait time.Duration, err error) {
	now := s.Clock.Now()
	states := make([]gateState, len(gates))
	for i, g := range gates {
		if states[i], err = s.readGate(ctx, tx, g, now); err != nil {
			return 0, err
		}
		wait = max(wait, states[i].until.Sub(now))
	}
	if wait > 0 {
		return wait, nil
	}
	for i, g := range gates {
		_, err := tx.ExecContext(ctx, `INSERT INTO account_throttle (gate, fails, until_at, last_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (gate) DO UPDATE SET fails = excluded.fails, until_at = excluded.until_at, last_at = excluded.last_at`,
			g.key, states[i].fails+1, now.Add(g.delay(states[i].fails+1)).UnixMicro(), states[i].since.UnixMicro())
		if err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// gateState is what a gate has counted: attempts that are not forgotten, the end of the wait, and since when nothing was forgotten.
type gateState struct {
	fails        int64
	until, since time.Time
}

// readGate gives the state of a gate at this moment. A clock that was set back never makes a wait longer than the longest.
func (s *Service) readGate(ctx context.Context, q db.Querier, g gate, now time.Time) (gateState, error) {
	var fails, until, last int64
	err := q.QueryRowContext(ctx, `SELECT fails, until_at, last_at FROM account_throttle WHERE gate = $1`, g.key).Scan(&fails, &until, &last)
	if errors.Is(err, sql.ErrNoRows) || err == nil && now.Sub(instant(last)) > forget {
		return gateState{until: now, since: now}, nil
	}
	st := gateState{fails: fails, until: instant(until), since: instant(last)}
	if st.until.After(now.Add(g.most)) {
		st.until = now.Add(g.most)
	}
	if quiet := now.Sub(st.since); g.leak == 0 || quiet < 0 {
		st.since = now
	} else if n := int64(quiet / g.leak); n >= st.fails {
		st.fails, st.since = 0, now
	} else {
		st.fails, st.since = st.fails-n, st.since.Add(time.Duration(n)*g.leak)
	}
	return st, err
}

// clear opens gates after a success: it forgets their attempts.
func clearGates(ctx context.Context, tx *db.Tx, gates ...gate) error {
	for _, g := range gates {
		if _, err := tx.ExecContext(ctx, `DELETE FROM account_throttle WHERE gate = $1`, g.key); err != nil {
			return err
		}
	}
	return nil
}

// release takes back the one attempt that a success had counted, so that a valid account is no way to reset an address.
func (s *Service) release(ctx context.Context, tx *db.Tx, g gate) error {
	now := s.Clock.Now()
	st, err := s.readGate(ctx, tx, g, now)
	if err != nil || st.fails == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE account_throttle SET fails = $2, until_at = $3, last_at = $4 WHERE gate = $1`,
		g.key, st.fails-1, now.Add(g.delay(st.fails-1)).UnixMicro(), st.since.UnixMicro())
	return err
}

// network gives what addresses are counted by: one address of IPv4, a /64 of IPv6, which is what one customer has.
func network(address string) string {
	a, ok := parseAddress(address)
	if !ok {
		return "unknown"
	}
	if a.Is4() {
		return a.String()
	}
	return netip.PrefixFrom(a, 64).Masked().String()
}
