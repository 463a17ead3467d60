package notice

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"gongxin/internal/db"
)

// Query picks notices of recipients: an account with its units and subjects. Whether the reader stands for them is the caller's to know.
type Query struct {
	To     []Recipient
	Unread bool
	Ref    string
	Cursor string
	Limit  int // 30 when zero, 200 at most
}

// Page is a part of a list.
type Page struct {
	Notices []Notice
	Next    string // cursor of the next part; "" on the last
}

// List gives notices, the latest first.
func (s *Service) List(ctx context.Context, q Query) (Page, error) {
	if len(q.To) == 0 {
		return Page{}, nil
	}
	limit := q.Limit
	if limit <= 0 {
		limit = 30
	}
	limit = min(limit, 200)
	w := recipients(q.To)
	if q.Unread {
		w.text += " AND read_at = 0"
	}
	if q.Ref != "" {
		w.text += " AND ref = " + w.arg(q.Ref)
	}
	if q.Cursor != "" {
		at, after, err := parseCursor(q.Cursor)
		if err != nil {
			return Page{}, err
		}
		w.text += " AND (at, notice_id) < (" + w.arg(at) + ", " + w.arg(after) + ")"
	}
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT notice_id, to_kind, to_id, topic, title, body, link, ref, at, read_at FROM notice WHERE `+w.text+
		` ORDER BY at DESC, notice_id DESC LIMIT `+w.arg(limit+1)+`+0`, w.args...)
	if err != nil {
		return Page{}, fmt.Errorf("notice: list: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var p Page
	for rows.Next() {
		var n Notice
		var at, read int64
		if err := rows.Scan(&n.ID, &n.To.Kind, &n.To.ID, &n.Topic, &n.Title, &n.Body, &n.Link, &n.Ref, &at, &read); err != nil {
			return Page{}, fmt.Errorf("notice: list: %w", err)
		}
		n.At, n.ReadAt = db.Instant(at), db.Instant(read)
		p.Notices = append(p.Notices, n)
	}
	if len(p.Notices) > limit {
		p.Notices = p.Notices[:limit]
		last := &p.Notices[limit-1]
		p.Next = dec(db.Micros(last.At)) + "." + dec(last.ID)
	}
	return p, rows.Err()
}

// UnreadMost is where Unread stops counting.
const UnreadMost = 100

// Unread counts what recipients have not read, up to UnreadMost.
func (s *Service) Unread(ctx context.Context, to ...Recipient) (n int, err error) {
	if len(to) == 0 {
		return 0, nil
	}
	w := recipients(to)
	err = s.DB.Read().QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM notice WHERE `+w.text+` AND read_at = 0 LIMIT `+w.arg(UnreadMost)+`+0) AS unread`, w.args...).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("notice: unread: %w", err)
	}
	return n, nil
}

// MarkRead marks notices of recipients as read: those of some numbers, or every one when there is none. It gives how many were unread.
func (s *Service) MarkRead(ctx context.Context, to []Recipient, numbers ...int64) (n int64, err error) {
	if len(to) == 0 {
		return 0, nil
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		w := recipients(to)
		if len(numbers) > 0 {
			marks := make([]string, len(numbers))
			for i, number := range numbers {
				marks[i] = w.arg(number)
			}
			w.text += " AND notice_id IN (" + strings.Join(marks, ",") + ")"
		}
		res, err := tx.ExecContext(ctx, `UPDATE notice SET read_at = `+w.arg(db.Micros(s.now()))+`, read_by = `+w.arg(s.Who(ctx).String())+` WHERE read_at = 0 AND `+w.text, w.args...)
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	}, db.ReadCommitted)
	if err != nil {
		return 0, fmt.Errorf("notice: mark read: %w", err)
	}
	return n, nil
}

type where struct {
	text string
	args []any
}

func (w *where) arg(v any) string {
	w.args = append(w.args, v)
	return "$" + strconv.Itoa(len(w.args))
}

func recipients(to []Recipient) *where {
	w := &where{}
	parts := make([]string, len(to))
	for i, r := range to {
		parts[i] = "(to_kind = " + w.arg(r.Kind) + " AND to_id = " + w.arg(r.ID) + ")"
	}
	w.text = "(" + strings.Join(parts, " OR ") + ")"
	return w
}

func parseCursor(s string) (at, after int64, err error) {
	a, b, ok := strings.Cut(s, ".")
	at, err1 := strconv.ParseInt(a, 10, 64)
	after, err2 := strconv.ParseInt(b, 10, 64)
	if !ok || err1 != nil || err2 != nil {
		return 0, 0, ErrCursor
	}
	return at, after, nil
}
