package audit

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"gongxin/internal/cntext"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/ident"
)

// Order is an order of lawful secrecy: what an agency looks up about a subject while it is in force is shown to the subject when it ends, not
// before. It is given by somebody else than the officers whose look-ups it covers, it rests on a law, and it ends.
type Order struct {
	ID      int64
	Agency  int64
	Subject int64
	Basis   string // law and article
	From    time.Time
	Until   time.Time // the covered lines appear at this instant
	By      Who
	Ended   time.Time // called off early; zero = not
}

// ErrNoOrder is the answer for an order that is not there or has ended.
var ErrNoOrder = fault.New(fault.NotFound, "audit.no_order", "没有这项延迟告知，或者它已经结束", "请从列表重新选择")

// OrderSecrecy puts an order on file.
func (l *Log) OrderSecrecy(ctx context.Context, o Order) (int64, error) {
	o.Basis = strings.TrimSpace(o.Basis)
	now := l.stamp(time.Time{})
	if n := utf8.RuneCountInString(o.Basis); n < 4 || n > 200 || o.Agency == 0 || o.Subject == 0 || o.By.Kind == "" || !o.Until.After(now) || o.Until.Sub(now) > MaxSecrecy {
		return 0, ErrSecrecy
	}
	if ident.HoldsPersonNumber(cntext.Fold(o.Basis)) {
		return 0, ErrNumber
	}
	o.ID = l.ids.Next()
	err := l.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO access_secrecy (order_id, agency_id, subject_id, basis, from_at, until_at, by_kind, by_id, ended_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)`, o.ID, o.Agency, o.Subject, o.Basis, db.Micros(now), db.Micros(o.Until), o.By.Kind, o.By.ID)
		if err != nil {
			return err
		}
		return l.WriteAct(ctx, tx, Act{Who: o.By, Action: "access.secrecy", Entity: "secrecy:" + dec(o.ID), Detail: "agency=" + dec(o.Agency) + " until=" + dec(db.Micros(o.Until))})
	})
	if err != nil {
		return 0, fmt.Errorf("audit: order secrecy: %w", err)
	}
	return o.ID, nil
}

// EndSecrecy calls an order off: it covers no further look-up. What it covered appears on the day it was written with.
func (l *Log) EndSecrecy(ctx context.Context, who Who, order int64) error {
	err := l.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now := db.Micros(l.stamp(time.Time{}))
		res, err := tx.ExecContext(ctx, `UPDATE access_secrecy SET ended_at = $2 WHERE order_id = $1 AND ended_at = 0 AND until_at > $2`, order, now)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return ErrNoOrder
		}
		return l.WriteAct(ctx, tx, Act{Who: who, Action: "access.secrecy_end", Entity: "secrecy:" + dec(order)})
	})
	if err != nil {
		return fmt.Errorf("audit: end secrecy: %w", err)
	}
	return nil
}

// Secrecy gives until when, and on what basis, a look-up of the subject by the agency is hidden from it at an instant; the zero time is not at all.
func (l *Log) Secrecy(ctx context.Context, q db.Querier, agency, subject int64, at time.Time) (until time.Time, basis string, err error) {
	var v int64
	err = q.QueryRowContext(ctx, `SELECT until_at, basis FROM access_secrecy WHERE subject_id = $1 AND agency_id = $2 AND from_at <= $3 AND until_at > $3 AND ended_at = 0
		ORDER BY until_at DESC, order_id LIMIT 1`, subject, agency, db.Micros(at)).Scan(&v, &basis)
	if noRows(err) {
		return time.Time{}, "", nil
	}
	if err != nil {
		return time.Time{}, "", fmt.Errorf("audit: secrecy: %w", err)
	}
	return db.Instant(v), basis, nil
}

// Orders gives every order in force, the one that ends soonest first.
func (l *Log) Orders(ctx context.Context) ([]Order, error) {
	rows, err := l.db.Read().QueryContext(ctx, `SELECT order_id, agency_id, subject_id, basis, from_at, until_at, by_kind, by_id, ended_at FROM access_secrecy
		WHERE ended_at = 0 AND until_at > $1 ORDER BY until_at, order_id`, db.Micros(l.clock.Now()))
	if err != nil {
		return nil, fmt.Errorf("audit: orders: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Order
	for rows.Next() {
		var o Order
		var from, until, ended int64
		if err := rows.Scan(&o.ID, &o.Agency, &o.Subject, &o.Basis, &from, &until, &o.By.Kind, &o.By.ID, &ended); err != nil {
			return nil, err
		}
		o.From, o.Until, o.Ended = db.Instant(from), db.Instant(until), db.Instant(ended)
		out = append(out, o)
	}
	return out, rows.Err()
}
