package notice

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// The states of a delivery.
const (
	Waiting = "waiting"
	Sent    = "sent"
	Dead    = "dead"
)

// How deliveries are tried. Twelve tries with doubled pauses take about a day and a half.
const (
	MaxAttempts  = 12
	firstPause   = time.Minute
	longestPause = 6 * time.Hour
	leaseTime    = 2 * time.Minute
	deliverBatch = 8
	sendTimeout  = 20 * time.Second
)

// failure is why a delivery did not go out: a code without anything of the message or the address, and whether trying again can help.
type failure struct {
	code  string
	final bool
	cause error
}

func (f *failure) Error() string { return "notice: " + f.code }
func (f *failure) Unwrap() error { return f.cause }

// parcel is a delivery with what it takes to send it.
type parcel struct {
	id, channel int64
	kind        string
	attempts    int
	address     string
	secret      string
	code        string
	notice      Notice
}

// Deliver sends what is due and gives how many deliveries went out. One that fails waits longer each time, and is dead after MaxAttempts. What is leased
// together goes out side by side, so that one slow receiver does not outlast the leases of others.
func (s *Service) Deliver(ctx context.Context) (int, error) {
	sent := 0
	if err := s.mend(ctx); err != nil {
		return 0, err
	}
	for {
		list, err := s.lease(ctx)
		if err != nil || len(list) == 0 {
			return sent, err
		}
		went, failed := make([]bool, len(list)), make([]error, len(list))
		var wg sync.WaitGroup
		for i := range list {
			wg.Go(func() { went[i], failed[i] = s.one(ctx, list[i]) })
		}
		wg.Wait()
		for _, ok := range went {
			if ok {
				sent++
			}
		}
		if err := errors.Join(failed...); err != nil { // what is leased still is due again when the lease ends
			return sent, err
		}
	}
}

// lease takes some due deliveries for this process. Two workers at once take different ones.
func (s *Service) lease(ctx context.Context) (out []int64, err error) {
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		out = nil
		now := s.now()
		rows, err := tx.QueryContext(ctx, `UPDATE notice_delivery SET lease_owner = $1, lease_until = $2 WHERE lease_until <= $3 AND state = 'waiting' AND next_at <= $3 AND delivery_id IN
			(SELECT delivery_id FROM notice_delivery WHERE state = 'waiting' AND next_at <= $3 AND lease_until <= $3 ORDER BY next_at, delivery_id LIMIT $4+0) RETURNING delivery_id`,
			s.Owner, db.Micros(now.Add(leaseTime)), db.Micros(now), deliverBatch)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				return err
			}
			out = append(out, id)
		}
		return rows.Err()
	}, db.ReadCommitted)
	if err != nil {
		return nil, fmt.Errorf("notice: lease: %w", err)
	}
	return out, nil
}

// mend makes due at once what waits longer than any pause lasts, or is leased for longer than any lease: the clock was ahead when that was written, and was put
// back since. Without it such a message would go out only when the clock is there again.
func (s *Service) mend(ctx context.Context) error {
	const wrong = `state = 'waiting' AND (next_at > $1 OR lease_until > $2)`
	now := s.now()
	next, lease := db.Micros(now.Add(longestPause+leaseTime)), db.Micros(now.Add(2*leaseTime))
	var n int
	err := s.DB.Read().QueryRowContext(ctx, `SELECT count(*) FROM notice_delivery WHERE `+wrong, next, lease).Scan(&n)
	if err == nil && n > 0 {
		err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE notice_delivery SET next_at = $3, lease_owner = '', lease_until = 0 WHERE `+wrong, next, lease, db.Micros(now))
			return err
		}, db.ReadCommitted)
	}
	if err != nil {
		return fmt.Errorf("notice: deliveries of another time: %w", err)
	}
	return nil
}

// one sends a leased delivery and writes what came of it. An error is the database's; what a receiver does wrong is none.
func (s *Service) one(ctx context.Context, delivery int64) (bool, error) {
	p, err := s.open(ctx, delivery)
	if errors.Is(err, sql.ErrNoRows) { // the channel was removed meanwhile
		return false, nil
	}
	var failed *failure
	if err != nil && !errors.As(err, &failed) {
		return false, fmt.Errorf("notice: delivery: %w", err)
	}
	if failed == nil {
		sending, cancel := context.WithTimeout(ctx, sendTimeout)
		failed = s.transmit(sending, p)
		cancel()
	}
	if failed != nil && ctx.Err() != nil { // we were stopped, not refused
		return false, ctx.Err()
	}
	if err := s.settle(ctx, p, failed); err != nil {
		return false, fmt.Errorf("notice: delivery: %w", err)
	}
	if failed != nil {
		s.Log.WarnContext(ctx, "notice not delivered", slog.Int64("delivery", delivery), slog.String("kind", p.kind), slog.String("failure", failed.code), slog.Int("attempt", p.attempts+1))
	}
	return failed == nil, nil
}

func (s *Service) open(ctx context.Context, delivery int64) (*parcel, error) {
	p := &parcel{id: delivery}
	n := &p.notice
	var at int64
	var address, secret, code string
	var owner Recipient
	err := s.DB.Read().QueryRowContext(ctx, `SELECT d.channel_id, d.attempts, c.kind, c.to_kind, c.to_id, c.address, c.secret, c.code, n.notice_id, n.to_kind, n.to_id, n.topic, n.title, n.body, n.link, n.ref, n.at
		FROM notice_delivery d JOIN notice_channel c ON c.channel_id = d.channel_id JOIN notice n ON n.notice_id = d.notice_id WHERE d.delivery_id = $1`, delivery).
		Scan(&p.channel, &p.attempts, &p.kind, &owner.Kind, &owner.ID, &address, &secret, &code, &n.ID, &n.To.Kind, &n.To.ID, &n.Topic, &n.Title, &n.Body, &n.Link, &n.Ref, &at)
	if err != nil {
		return p, err
	}
	n.At = db.Instant(at)
	if err := s.still(ctx, owner, n.To); err != nil {
		return p, err
	}
	for _, v := range []struct {
		to            *string
		label, sealed string
	}{{&p.address, labelAddress, address}, {&p.secret, labelSecret, secret}, {&p.code, labelCode, code}} {
		if v.sealed == "" {
			continue
		}
		if *v.to, err = s.Ring.Open(v.label, v.sealed); err != nil {
			return p, &failure{code: "sealed", cause: err}
		}
	}
	return p, nil
}

// still refuses what is on its way to an account that does not act for the recipient any more: tries go on for a day and a half, and people leave meanwhile.
func (s *Service) still(ctx context.Context, owner, to Recipient) error {
	if s.Members == nil || owner.Kind != Account || to.Kind != Subject && to.Kind != Agency {
		return nil
	}
	members, err := s.Members(ctx, s.DB.Read(), to)
	if err == nil && !slices.Contains(members, owner.ID) {
		err = &failure{code: "not_theirs", final: true}
	}
	return err
}

// transmit sends by the channel's way.
func (s *Service) transmit(ctx context.Context, p *parcel) *failure {
	n := p.notice
	if n.Topic == topicCode {
		if p.code == "" { // confirmed meanwhile
			return nil
		}
		n.Body = "验证码：" + p.code + "，一小时内有效。不是您本人操作的，请忽略这条信息。"
	}
	switch {
	case p.kind == Email && s.Mail != nil:
		return s.Mail.send(ctx, p.id, p.address, s.text(&n), s.now())
	case p.kind == Phone && s.SMS != nil:
		m := message{Delivery: dec(p.id), Topic: n.Topic, Title: n.Title, Text: s.text(&n).short(), Phone: p.address}
		return s.hooks.post(ctx, s.SMS.URL, s.SMS.Secret, &m)
	case p.kind == Webhook:
		m := message{Delivery: dec(p.id), Notice: dec(n.ID), Topic: n.Topic, Title: n.Title, Text: n.Body, Link: s.link(n.Link), Ref: n.Ref, To: p.notice.To.String(), At: n.At.Format(time.RFC3339)}
		if s.Items != nil {
			items, err := s.Items(ctx, n)
			if err != nil {
				return &failure{code: "hook_items", cause: err}
			}
			m.Items = items
		}
		return s.hooks.post(ctx, p.address, p.secret, &m)
	default:
		return &failure{code: "channel_off"}
	}
}

// settle writes what came of a try, if the lease is still ours.
func (s *Service) settle(ctx context.Context, p *parcel, failed *failure) error {
	now := s.now()
	state, code, next, sent := Sent, "", now, now
	if failed != nil {
		state, code, sent = Waiting, failed.code, time.Time{}
		next = now.Add(pause(p.attempts + 1))
		if failed.final || p.attempts+1 >= MaxAttempts {
			state = Dead
		}
	}
	return s.DB.Tx(context.WithoutCancel(ctx), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE notice_delivery SET state = $1, attempts = $2, next_at = $3, failure = $4, sent_at = $5, lease_owner = '', lease_until = 0
			WHERE delivery_id = $6 AND lease_owner = $7`, state, p.attempts+1, db.Micros(next), code, db.Micros(sent), p.id, s.Owner)
		return err
	}, db.ReadCommitted)
}

// pause is how long a delivery waits after its n-th try.
func pause(n int) time.Duration {
	d := firstPause
	for range n - 1 {
		if d *= 2; d >= longestPause {
			return longestPause
		}
	}
	return d
}

// Delivery is a try to tell somebody, as an operator sees it: without address and text.
type Delivery struct {
	ID       int64
	Notice   int64
	Topic    string
	To       Recipient
	Kind     string
	State    string
	Attempts int
	NextAt   time.Time
	Failure  string
	MadeAt   time.Time
}

// ErrNoDelivery is the fault of a delivery that is not dead, or is not there.
var ErrNoDelivery = fault.New(fault.NotFound, "notice.no_delivery", "没有这条未送达的通知", "请刷新列表")

// DeadLetters gives deliveries that nobody tries any more, oldest first, at most limit behind a number.
func (s *Service) DeadLetters(ctx context.Context, after int64, limit int) ([]Delivery, error) {
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT d.delivery_id, d.notice_id, n.topic, n.to_kind, n.to_id, c.kind, d.state, d.attempts, d.next_at, d.failure, d.made_at
		FROM notice_delivery d JOIN notice_channel c ON c.channel_id = d.channel_id JOIN notice n ON n.notice_id = d.notice_id
		WHERE d.state = 'dead' AND d.delivery_id > $1 ORDER BY d.delivery_id LIMIT $2+0`, after, min(max(limit, 1), 500))
	if err != nil {
		return nil, fmt.Errorf("notice: dead letters: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Delivery
	for rows.Next() {
		var d Delivery
		var next, made int64
		if err := rows.Scan(&d.ID, &d.Notice, &d.Topic, &d.To.Kind, &d.To.ID, &d.Kind, &d.State, &d.Attempts, &next, &d.Failure, &made); err != nil {
			return nil, fmt.Errorf("notice: dead letters: %w", err)
		}
		d.NextAt, d.MadeAt = db.Instant(next), db.Instant(made)
		out = append(out, d)
	}
	return out, rows.Err()
}

// Retry tries a dead delivery from the beginning.
func (s *Service) Retry(ctx context.Context, delivery int64) error {
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now := s.now()
		res, err := tx.ExecContext(ctx, `UPDATE notice_delivery SET state = 'waiting', attempts = 0, next_at = $2, failure = '' WHERE delivery_id = $1 AND state = 'dead'`, delivery, db.Micros(now))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrNoDelivery)
		}
		return s.Acts.WriteAct(ctx, tx, audit.Act{At: now, Who: s.Who(ctx), Action: "notice.retry", Entity: "delivery:" + dec(delivery)})
	})
	if err != nil {
		return fmt.Errorf("notice: retry: %w", err)
	}
	return nil
}

// Backlog counts deliveries that wait and that are dead.
func (s *Service) Backlog(ctx context.Context) (waiting, dead int, err error) {
	err = s.DB.Read().QueryRowContext(ctx, `SELECT (SELECT count(*) FROM notice_delivery WHERE state = 'waiting'), (SELECT count(*) FROM notice_delivery WHERE state = 'dead')`).Scan(&waiting, &dead)
	if err != nil {
		return 0, 0, fmt.Errorf("notice: backlog: %w", err)
	}
	return waiting, dead, nil
}
