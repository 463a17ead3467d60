package identity

import (
	"context"
	"database/sql"
	"errors"
	"net/netip"
	"strconv"
	"time"

	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// gateKind says how a gate slows attempts down: some are free, then the wait doubles from base up to most.
type gateKind struct {
	name string
	free int64
	base time.Duration
	most time.Duration
}

// The gates; the package's documentation says what each is for.
var (
	gatePair    = gateKind{"pair", 5, 4 * time.Second, 15 * time.Minute}
	gateAddress = gateKind{"address", 40, time.Second, 5 * time.Minute}
	gateDevice  = gateKind{"device", 10, 4 * time.Second, 15 * time.Minute}
	gateCode    = gateKind{"code", 3, 30 * time.Second, time.Hour}          // password and code together while the pair waits
	gateFactor  = gateKind{"factor", 5, 15 * time.Second, time.Hour}        // codes after a right password, by address or browser
	gateFactors = gateKind{"factors", 20, time.Minute, time.Hour}           // the same from all browsers that are not known
	gateOpen    = gateKind{"open", 10, time.Minute, time.Hour}              // accounts opened by strangers, by address
	gateClaim   = gateKind{"claim", 5, time.Minute, 24 * time.Hour}         // codes for claiming a subject, by account and subject
	gateConfirm = gateKind{"confirm", 10, 10 * time.Second, time.Hour}      // own password asked again, by account's session
	gatePasskey = gateKind{"passkey", 20, 2 * time.Second, 5 * time.Minute} // passkey sign-ins by address; a signature cannot be guessed, the bound is for load
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
	text := ""
	for _, b := range by {
		text += strconv.Itoa(len(b)) + ":" + b
	}
	return gate{k, k.name + ":" + s.Ring.Token("throttle", text)}
}

// ErrThrottled says that attempts come too fast. Its message says how long to wait.
var ErrThrottled = fault.New(fault.Busy, "identity.throttled", "尝试次数过多，请稍后再试",
	"账户没有被锁定；可以改用通行密钥、恢复码，或在登录过的浏览器上登录")

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
		return &Throttled{wait}
	}
	return nil
}

func (s *Service) admitTx(ctx context.Context, tx *db.Tx, gates []gate) (wait time.Duration, err error) {
	now := s.Clock.Now()
	fails := make([]int64, len(gates))
	for i, g := range gates {
		n, until, err := s.gateState(ctx, tx, g, now)
		if err != nil {
			return 0, err
		}
		fails[i], wait = n+1, max(wait, until.Sub(now))
	}
	if wait > 0 {
		return wait, nil
	}
	for i, g := range gates {
		_, err := tx.ExecContext(ctx, `INSERT INTO account_throttle (gate, fails, until_at, last_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (gate) DO UPDATE SET fails = excluded.fails, until_at = excluded.until_at, last_at = excluded.last_at`,
			g.key, fails[i], now.Add(g.delay(fails[i])).UnixMicro(), now.UnixMicro())
		if err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// gateState gives the counted attempts and the end of the wait. A clock that was set back never makes a wait longer than the longest.
func (s *Service) gateState(ctx context.Context, q db.Querier, g gate, now time.Time) (int64, time.Time, error) {
	var fails, until, last int64
	err := q.QueryRowContext(ctx, `SELECT fails, until_at, last_at FROM account_throttle WHERE gate = $1`, g.key).Scan(&fails, &until, &last)
	if errors.Is(err, sql.ErrNoRows) || err == nil && now.Sub(instant(last)) > forget {
		return 0, now, nil
	}
	end := instant(until)
	if end.After(now.Add(g.most)) {
		end = now.Add(g.most)
	}
	return fails, end, err
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
	fails, _, err := s.gateState(ctx, tx, g, now)
	if err != nil || fails == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE account_throttle SET fails = $2, until_at = $3 WHERE gate = $1`, g.key, fails-1, now.Add(g.delay(fails-1)).UnixMicro())
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
