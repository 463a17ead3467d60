package audit

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gongxin/internal/clock"
	"gongxin/internal/cntext"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/ident"
)

// The states of an alert.
const (
	Open    = "open"
	Handled = "handled"
)

// Alert is something unusual that the auditor shall look at. One stands for a rule, an actor (or the subject, where many actors are what is
// unusual) and a day.
type Alert struct {
	ID        int64
	Rule      string
	RuleName  string
	Who       Who
	Subject   int64
	Day       clock.Date
	Count     int64  // how often the rule fitted
	Detail    string // the newest sentence; no personal data
	Access    int64  // the entry that raised it
	FirstAt   time.Time
	LastAt    time.Time
	State     string
	HandledBy Who
	HandledAt time.Time
	Reason    string
}

// Faults of handling.
var (
	ErrNoAlert = fault.New(fault.NotFound, "audit.no_alert", "没有这条预警", "请从预警列表重新打开")
	ErrHandled = fault.New(fault.Conflict, "audit.handled", "这条预警已由他人处理", "请刷新列表查看处理结果")
	ErrNumber  = fault.New(fault.Invalid, "audit.number", "文字中含有身份证件号码，不能写在理由和依据里", "请删去号码，用“当事人”等称呼")
	ErrReason  = fault.New(fault.Invalid, "audit.reason", "处理预警须写明核查结果，2 至 500 字", "请写明核查了什么、结论是什么")
)

const alertColumns = `alert_id, rule, who_kind, who_id, agency_id, subject_id, day, n, detail, access_id, first_at, last_at, state, handled_kind, handled_by, handled_at, reason`

// Alerts gives the alerts of a state (empty = every one) that units of an auditor's reach raised (nil = the whole city), newest first. What many accounts did
// together belongs to no unit and shows to the whole city's auditors alone.
func (l *Log) Alerts(ctx context.Context, state string, agencies []int64, cursor string, limit int) ([]Alert, string, error) {
	at, before, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	limit = clamp(limit)
	w := &where{args: []any{at, before}}
	w.text.WriteString("(first_at, alert_id) < ($1, $2)")
	if state != "" {
		w.and("state = $", state)
	}
	w.within(agencies)
	w.args = append(w.args, limit+1)
	rows, err := l.db.Read().QueryContext(ctx, `SELECT `+alertColumns+` FROM access_alert WHERE `+w.text.String()+` ORDER BY first_at DESC, alert_id DESC LIMIT $`+
		strconv.Itoa(len(w.args))+`+0`, w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("audit: alerts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Alert
	for rows.Next() {
		a, err := l.scanAlert(rows)
		if err != nil {
			return nil, "", fmt.Errorf("audit: alerts: %w", err)
		}
		out = append(out, a)
	}
	next := ""
	if len(out) > limit {
		out = out[:limit]
		next = place(out[limit-1].FirstAt, out[limit-1].ID)
	}
	return out, next, rows.Err()
}

// CountAlerts counts the alerts of a state within an auditor's reach, as Alerts has it.
func (l *Log) CountAlerts(ctx context.Context, state string, agencies []int64) (n int, err error) {
	w := &where{args: []any{state}}
	w.text.WriteString("state = $1")
	w.within(agencies)
	if err = l.db.Read().QueryRowContext(ctx, `SELECT count(*) FROM access_alert WHERE `+w.text.String(), w.args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("audit: alerts: %w", err)
	}
	return n, nil
}

// Alert gives the alert of a number when a unit of an auditor's reach raised it (nil = the whole city); another is not there.
func (l *Log) Alert(ctx context.Context, alert int64, agencies []int64) (*Alert, error) {
	w := &where{args: []any{alert}}
	w.text.WriteString("alert_id = $1")
	w.within(agencies)
	a, err := l.scanAlert(l.db.Read().QueryRowContext(ctx, `SELECT `+alertColumns+` FROM access_alert WHERE `+w.text.String(), w.args...))
	if noRows(err) {
		return nil, ErrNoAlert
	}
	if err != nil {
		return nil, fmt.Errorf("audit: alert: %w", err)
	}
	return &a, nil
}

func (l *Log) scanAlert(row scanner) (Alert, error) {
	var a Alert
	var first, last, handled int64
	err := row.Scan(&a.ID, &a.Rule, &a.Who.Kind, &a.Who.ID, &a.Who.Agency, &a.Subject, &a.Day, &a.Count, &a.Detail, &a.Access, &first, &last, &a.State,
		&a.HandledBy.Kind, &a.HandledBy.ID, &handled, &a.Reason)
	a.FirstAt, a.LastAt, a.HandledAt = db.Instant(first), db.Instant(last), db.Instant(handled)
	a.RuleName = a.Rule
	for i := range l.rules {
		if l.rules[i].Code == a.Rule {
			a.RuleName = l.rules[i].Name
		}
	}
	return a, err
}

// Handle closes an open alert with what the auditor found. It opens again when the rule fits once more on the same day; the act keeps
// every handling.
func (l *Log) Handle(ctx context.Context, who Who, alert int64, reason string) error {
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n < 2 || n > 500 {
		return ErrReason
	}
	if ident.HoldsPersonNumber(cntext.Fold(reason)) {
		return ErrNumber
	}
	err := l.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		var state string
		err := tx.QueryRowContext(ctx, `SELECT state FROM access_alert WHERE alert_id = $1`, alert).Scan(&state)
		switch {
		case noRows(err):
			return ErrNoAlert
		case err != nil:
			return err
		case state != Open:
			return ErrHandled
		}
		_, err = tx.ExecContext(ctx, `UPDATE access_alert SET state = $2, handled_kind = $3, handled_by = $4, handled_at = $5, reason = $6 WHERE alert_id = $1`,
			alert, Handled, who.Kind, who.ID, db.Micros(l.clock.Now()), reason)
		if err != nil {
			return err
		}
		return l.WriteAct(ctx, tx, Act{Who: who, Action: "alert.handle", Entity: "alert:" + dec(alert)})
	})
	if err != nil {
		return fmt.Errorf("audit: handle: %w", err)
	}
	return nil
}

// OpenAlerts counts what waits for the auditor.
func (l *Log) OpenAlerts(ctx context.Context) (n int, err error) {
	if err = l.db.Read().QueryRowContext(ctx, `SELECT count(*) FROM access_alert WHERE state = 'open'`).Scan(&n); err != nil {
		return 0, fmt.Errorf("audit: open alerts: %w", err)
	}
	return n, nil
}
