package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// MaxPage is the largest page of entries, acts or alerts.
const MaxPage = 200

// ErrCursor refuses a place that no page gave.
var ErrCursor = fault.New(fault.Invalid, "audit.cursor", "翻页位置无效", "请从第一页重新查看")

const accessColumns = `subject_id, access_id, at, who_kind, who_id, agency_id, address, session_id, matter, basis, consent_id, what, records, outcome, missing,
	hidden_until, secrecy_basis, salt, outbox_id, outbox_pos`

// Entry is an Access as it stands on file, with what its leaf takes to be computed again.
type Entry struct {
	Access
	Salt   []byte
	Outbox int64
	Pos    int
}

type scanner interface{ Scan(dest ...any) error }

func scanEntry(row scanner) (Entry, error) {
	var e Entry
	var at, hidden int64
	var records string
	err := row.Scan(&e.Subject, &e.ID, &at, &e.Who.Kind, &e.Who.ID, &e.Who.Agency, &e.Who.Address, &e.Who.Session, &e.Matter, &e.Basis, &e.Consent,
		&e.What, &records, &e.Outcome, &e.Missing, &hidden, &e.SecrecyBasis, &e.Salt, &e.Outbox, &e.Pos)
	if err != nil {
		return e, err
	}
	e.At, e.HiddenUntil = db.Instant(at), db.Instant(hidden)
	e.Records, err = parseRefs(records)
	return e, err
}

func entries(ctx context.Context, q db.Querier, query string, args ...any) ([]Entry, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []Entry
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// OfSubject gives the entries that a subject may see about itself, newest first. A line under lawful secrecy comes when its day has come, at its
// place, and says on which law it was delayed. The officer's account, session and address stay with the auditor: the subject
// learns which agency, for what matter, on what basis and what was read.
func (l *Log) OfSubject(ctx context.Context, subject int64, cursor string, limit int) ([]Access, string, error) {
	at, before, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	limit = clamp(limit)
	list, err := entries(ctx, l.db.Read(), `SELECT `+accessColumns+` FROM access_log WHERE subject_id = $1 AND hidden_until <= $2 AND (at, access_id) < ($3, $4)
		ORDER BY at DESC, access_id DESC LIMIT $5+0`, subject, db.Micros(l.clock.Now()), at, before, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("audit: of subject: %w", err)
	}
	next := ""
	if len(list) > limit {
		list = list[:limit]
		next = place(list[limit-1].At, list[limit-1].ID)
	}
	out := make([]Access, len(list))
	for i := range list {
		out[i] = list[i].Access
		if out[i].What != Own {
			out[i].Who = Who{Kind: out[i].Who.Kind, Agency: out[i].Who.Agency}
		}
	}
	return out, next, nil
}

// Filter narrows the auditor's search. Zero values do not narrow.
type Filter struct {
	ID       int64 // the one entry of this number, which stands on its receipt
	WhoKind  string
	WhoID    int64
	Agency   int64
	Agencies []int64 // an auditor's reach: only what these units did; nil = the whole city. An empty list shows nothing
	Subject  int64
	Matter   string // looks only
	What     string
	Outcome  string
	Action   string // acts only
	Entity   string // acts only
	From, To time.Time
}

// String gives the filter for the act that its use is: numbers and codes only.
func (f *Filter) String() string {
	var parts []string
	add := func(name, value string) {
		if value != "" && value != "0" {
			parts = append(parts, name+"="+value)
		}
	}
	add("id", dec(f.ID))
	add("kind", f.WhoKind)
	add("who", dec(f.WhoID))
	add("agency", dec(f.Agency))
	if f.Agencies != nil {
		parts = append(parts, "agencies="+strconv.Itoa(len(f.Agencies)))
	}
	add("subject", dec(f.Subject))
	add("matter", f.Matter)
	add("what", f.What)
	add("outcome", f.Outcome)
	add("action", f.Action)
	add("entity", f.Entity)
	add("from", dec(db.Micros(f.From)))
	add("to", dec(db.Micros(f.To)))
	return strings.Join(parts, " ")
}

// where builds the conditions of a search.
type where struct {
	text strings.Builder
	args []any
}

func (w *where) and(condition string, arg any) {
	w.args = append(w.args, arg)
	w.text.WriteString(" AND " + condition + strconv.Itoa(len(w.args)))
}

// within bounds a search to units; nil does not.
func (w *where) within(agencies []int64) {
	if agencies == nil {
		return
	}
	if len(agencies) == 0 {
		w.text.WriteString(" AND 0 = 1")
		return
	}
	w.text.WriteString(" AND agency_id IN " + db.In(len(agencies), len(w.args)+1))
	for _, id := range agencies {
		w.args = append(w.args, id)
	}
}

// newest ends the conditions with order and bound.
func (w *where) newest(key string, limit int) string {
	w.args = append(w.args, limit)
	return w.text.String() + ` ORDER BY at DESC, ` + key + ` DESC LIMIT $` + strconv.Itoa(len(w.args)) + `+0`
}

// where starts with what entries and acts share, behind a place.
func (f *Filter) where(at, before int64, key string) *where {
	w := &where{args: []any{at, before}}
	w.text.WriteString(`(at, ` + key + `) < ($1, $2)`)
	if f.WhoKind != "" {
		w.and("who_kind = $", f.WhoKind)
	}
	if f.WhoID != 0 {
		w.and("who_id = $", f.WhoID)
	}
	if f.Agency != 0 {
		w.and("agency_id = $", f.Agency)
	}
	w.within(f.Agencies)
	if !f.From.IsZero() {
		w.and("at >= $", db.Micros(f.From))
	}
	if !f.To.IsZero() {
		w.and("at < $", db.Micros(f.To))
	}
	return w
}

// Search gives the auditor every entry that fits, newest first, also those whose subject cannot see them yet. The search itself is an act.
func (l *Log) Search(ctx context.Context, who Who, f Filter, cursor string, limit int) ([]Access, string, error) {
	if err := l.act(ctx, Act{Who: who, Action: "access.search", Entity: "access", Detail: f.String()}); err != nil {
		return nil, "", err
	}
	return l.search(ctx, f, cursor, clamp(limit))
}

func (l *Log) search(ctx context.Context, f Filter, cursor string, limit int) ([]Access, string, error) {
	at, before, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	w := f.where(at, before, "access_id")
	if f.ID != 0 {
		w.and("access_id = $", f.ID)
	}
	if f.Subject != 0 {
		w.and("subject_id = $", f.Subject)
	}
	if f.Matter != "" {
		w.and("matter = $", f.Matter)
	}
	if f.What != "" {
		w.and("what = $", f.What)
	}
	if f.Outcome != "" {
		w.and("outcome = $", f.Outcome)
	}
	list, err := entries(ctx, l.db.Read(), `SELECT `+accessColumns+` FROM access_log WHERE `+w.newest("access_id", limit+1), w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("audit: search: %w", err)
	}
	next := ""
	if len(list) > limit {
		list = list[:limit]
		next = place(list[limit-1].At, list[limit-1].ID)
	}
	out := make([]Access, len(list))
	for i := range list {
		out[i] = list[i].Access
	}
	return out, next, nil
}

// Acts gives the acts that fit, newest first. Reading them is an act too.
func (l *Log) Acts(ctx context.Context, who Who, f Filter, cursor string, limit int) ([]Act, string, error) {
	at, before, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	if err := l.act(ctx, Act{Who: who, Action: "act.search", Entity: "act", Detail: f.String()}); err != nil {
		return nil, "", err
	}
	w := f.where(at, before, "act_id")
	if f.Action != "" {
		w.and("action = $", f.Action)
	}
	if f.Entity != "" {
		w.and("entity = $", f.Entity)
	}
	limit = clamp(limit)
	list, err := acts(ctx, l.db.Read(), `SELECT `+actColumns+` FROM audit_act WHERE `+w.newest("act_id", limit+1), w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("audit: acts: %w", err)
	}
	next := ""
	if len(list) > limit {
		list = list[:limit]
		next = place(list[limit-1].At, list[limit-1].ID)
	}
	out := make([]Act, len(list))
	for i := range list {
		out[i] = list[i].Act
	}
	return out, next, nil
}

// ActEntry is an Act as it stands on file, with what its leaf takes to be computed again.
type ActEntry struct {
	Act
	Salt   []byte
	Outbox int64
	Pos    int
}

const actColumns = `act_id, at, who_kind, who_id, agency_id, address, session_id, action, entity, detail, salt, outbox_id, outbox_pos`

func acts(ctx context.Context, q db.Querier, query string, args ...any) ([]ActEntry, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []ActEntry
	for rows.Next() {
		var e ActEntry
		var at int64
		err := rows.Scan(&e.ID, &at, &e.Who.Kind, &e.Who.ID, &e.Who.Agency, &e.Who.Address, &e.Who.Session, &e.Action, &e.Entity, &e.Detail, &e.Salt, &e.Outbox, &e.Pos)
		if err != nil {
			return nil, err
		}
		e.At = db.Instant(at)
		out = append(out, e)
	}
	return out, rows.Err()
}

// eachPage is how many rows a walk over the whole log reads at a time.
const eachPage = 500

// EachEntry walks every entry in the order of its key, for whoever checks the log.
func (l *Log) EachEntry(ctx context.Context, yield func(*Entry) error) error {
	subject, after := int64(-1<<63), int64(0)
	for {
		list, err := entries(ctx, l.db.Read(), `SELECT `+accessColumns+` FROM access_log WHERE (subject_id, access_id) > ($1, $2) ORDER BY subject_id, access_id LIMIT $3+0`,
			subject, after, eachPage)
		if err != nil {
			return fmt.Errorf("audit: each entry: %w", err)
		}
		for i := range list {
			if err := yield(&list[i]); err != nil {
				return err
			}
		}
		if len(list) < eachPage {
			return nil
		}
		last := &list[len(list)-1]
		subject, after = last.Subject, last.ID
	}
}

// EachAct walks every act in the order of its number.
func (l *Log) EachAct(ctx context.Context, yield func(*ActEntry) error) error {
	after := int64(0)
	for {
		list, err := acts(ctx, l.db.Read(), `SELECT `+actColumns+` FROM audit_act WHERE act_id > $1 ORDER BY act_id LIMIT $2+0`, after, eachPage)
		if err != nil {
			return fmt.Errorf("audit: each act: %w", err)
		}
		for i := range list {
			if err := yield(&list[i]); err != nil {
				return err
			}
		}
		if len(list) < eachPage {
			return nil
		}
		after = list[len(list)-1].ID
	}
}

// act writes an act in a transaction of its own: for reading that leaves a trace although it changes nothing.
func (l *Log) act(ctx context.Context, a Act) error {
	err := l.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return l.WriteAct(ctx, tx, a) })
	if err != nil {
		return fmt.Errorf("audit: act: %w", err)
	}
	return nil
}

func clamp(n int) int {
	if n <= 0 {
		return 50
	}
	return min(n, MaxPage)
}

func place(at time.Time, id int64) string { return dec(db.Micros(at)) + "." + dec(id) }

func parseCursor(cursor string) (at, id int64, err error) {
	if cursor == "" {
		return 1<<63 - 1, 1<<63 - 1, nil
	}
	a, b, ok := strings.Cut(cursor, ".")
	at, aerr := strconv.ParseInt(a, 10, 64)
	id, berr := strconv.ParseInt(b, 10, 64)
	if !ok || aerr != nil || berr != nil {
		return 0, 0, ErrCursor
	}
	return at, id, nil
}

// noRows tells a missing row from a failure.
func noRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }
