// Package audit keeps the rule that no answer about anything that is not public leaves without an entry, and no state changes without an
// act: both are rows that are never changed or deleted, and both are bound into the public log by a salted leaf in the same transaction.
// The subject of a look-up sees it; lawful secrecy may delay a line until a day that is known beforehand, and never drops one.
package audit

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/id"
	"gongxin/internal/translog"
)

// Who is somebody who looked or acted, as values: the package knows no accounts.
type Who struct {
	Kind    string // account, key, local, system, anonymous
	ID      int64
	Agency  int64  // on whose behalf; 0 = none
	Address string // network address
	Session int64
}

// String gives "account:12", never a name.
func (w Who) String() string { return w.Kind + ":" + strconv.FormatInt(w.ID, 10) }

// Ref names a version of a record that an answer held.
type Ref struct {
	Subject int64
	Key     int64
	Version int
}

// String gives "RECORD@VERSION", as it stands in the entry.
func (r Ref) String() string { return id.Pair(r.Subject, r.Key) + "@" + strconv.Itoa(r.Version) }

// The outcomes of a look-up.
const (
	Answered = "answered"
	Refused  = "refused"
)

// Own is the What of subjects reading their own file. It is logged like every look-up and is never unusual.
const Own = "own"

// MaxSecrecy is the longest delay of a line in its subject's view: what is hidden for ever would be dropped.
const MaxSecrecy = 366 * 24 * time.Hour

// Access is one look-up of something that is not public, answered or refused.
type Access struct {
	ID           int64 // given by Write, unless it was taken from Number before
	At           time.Time
	Who          Who
	Subject      int64  // 0: the look-up found nobody
	Matter       string // code of the matter (应用事项)
	Basis        string // law and article, or why the subject's consent was needed
	Consent      int64  // 0 = none
	What         string // kind of look-up: subject, record, person, own …
	Records      []Ref
	Outcome      string // Answered or Refused
	Missing      string // refused: code of the element that is missing
	HiddenUntil  time.Time
	SecrecyBasis string // law and article that HiddenUntil rests on

	// Outside says that the subject lies outside the region the officer works for. It is for the watch alone and is not kept.
	Outside bool
}

// Act is one change of state. Detail holds no personal data.
type Act struct {
	ID     int64 // given by WriteAct
	At     time.Time
	Who    Who
	Action string // "consent.revoke": what was done
	Entity string // "consent:123": to what
	Detail string
}

// Faults of entries. They are defects of the caller, or of a request for secrecy.
var (
	ErrEntry   = fault.New(fault.Internal, "audit.entry", "访问记录不完整，查询没有作答", "请联系系统管理员")
	ErrSecrecy = fault.New(fault.Invalid, "audit.secrecy", "延迟告知必须写明法律依据和解除日期，且最长一年", "请填写依据的法律条款和解除日期")
)

// Log writes and reads entries and acts.
type Log struct {
	db       *db.DB
	ids      *id.Maker
	clock    clock.Clock
	calendar *clock.Calendar
	rules    []Rule
}

// Config is what a Log is made of.
type Config struct {
	DB       *db.DB
	IDs      *id.Maker
	Clock    clock.Clock
	Calendar *clock.Calendar // working days, for the watch; nil = the one that ships
	Rules    []Rule          // what is unusual; nil = the rules that ship
}

// New makes a Log.
func New(c Config) *Log {
	if c.Calendar == nil {
		c.Calendar = clock.DefaultCalendar()
	}
	if c.Rules == nil {
		c.Rules = DefaultRules()
	}
	return &Log{db: c.DB, ids: c.IDs, clock: c.Clock, calendar: c.Calendar, rules: c.Rules}
}

// Write puts an entry on file within tx, queues its leaf and lets the watch look at it. The caller commits before the answer leaves.
func (l *Log) Write(ctx context.Context, tx *db.Tx, a Access) (int64, error) {
	if err := a.check(); err != nil {
		return 0, err
	}
	if a.ID == 0 {
		a.ID = l.ids.Next()
	}
	a.At = l.stamp(a.At)
	salt, outbox := newSalt(), l.ids.Next()
	_, err := tx.ExecContext(ctx, `INSERT INTO access_log (subject_id, access_id, at, who_kind, who_id, agency_id, address, session_id, matter, basis, consent_id,
		what, records, outcome, missing, hidden_until, secrecy_basis, salt, outbox_id, outbox_pos) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
		$14, $15, $16, $17, $18, $19, 0)`,
		a.Subject, a.ID, db.Micros(a.At), a.Who.Kind, a.Who.ID, a.Who.Agency, a.Who.Address, a.Who.Session, a.Matter, a.Basis, a.Consent,
		a.What, refsText(a.Records), a.Outcome, a.Missing, db.Micros(a.HiddenUntil), a.SecrecyBasis, salt, outbox)
	if err != nil {
		return 0, fmt.Errorf("audit: write access: %w", err)
	}
	if err := translog.Queue(ctx, tx, outbox, "access", []translog.Leaf{translog.Hash(salt, a.Parts()...)}, db.Micros(a.At)); err != nil {
		return 0, fmt.Errorf("audit: write access: %w", err)
	}
	if err := l.watch(ctx, tx, &a); err != nil {
		return 0, fmt.Errorf("audit: watch: %w", err)
	}
	return a.ID, nil
}

// Record writes an entry in a transaction of its own, for readers that change nothing else: they call it before they answer, and do not answer when it
// fails.
func (l *Log) Record(ctx context.Context, a Access) (id int64, err error) {
	err = l.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		id, err = l.Write(ctx, tx, a)
		return err
	}, db.ReadCommitted)
	if err != nil {
		return 0, fmt.Errorf("audit: record: %w", err)
	}
	return id, nil
}

// WriteAct puts an act on file within the transaction that changes the state, and queues its leaf.
func (l *Log) WriteAct(ctx context.Context, tx *db.Tx, a Act) error {
	if a.Action == "" || a.Who.Kind == "" {
		return ErrEntry
	}
	a.ID, a.At = l.ids.Next(), l.stamp(a.At)
	salt, outbox := newSalt(), l.ids.Next()
	_, err := tx.ExecContext(ctx, `INSERT INTO audit_act (act_id, at, who_kind, who_id, agency_id, address, session_id, action, entity, detail, salt, outbox_id, outbox_pos)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0)`,
		a.ID, db.Micros(a.At), a.Who.Kind, a.Who.ID, a.Who.Agency, a.Who.Address, a.Who.Session, a.Action, a.Entity, a.Detail, salt, outbox)
	if err != nil {
		return fmt.Errorf("audit: write act: %w", err)
	}
	if err := translog.Queue(ctx, tx, outbox, "act", []translog.Leaf{translog.Hash(salt, a.Parts()...)}, db.Micros(a.At)); err != nil {
		return fmt.Errorf("audit: write act: %w", err)
	}
	return nil
}

// Parts gives what the leaf of an entry hashes beside the salt, in the order of the format "access/1": the format's name, access_id, at, who_kind,
// who_id, agency_id, address, session_id, subject_id, matter, basis, consent_id, what, records, outcome, missing, hidden_until, secrecy_basis, each as
// the column's text: numbers in decimal, instants in microseconds since 1970 (0 = none), records as "RECORD@VERSION" joined by single spaces.
func (a *Access) Parts() []string {
	return []string{
		"access/1", dec(a.ID), dec(db.Micros(a.At)), a.Who.Kind, dec(a.Who.ID), dec(a.Who.Agency), a.Who.Address, dec(a.Who.Session), dec(a.Subject),
		a.Matter, a.Basis, dec(a.Consent), a.What, refsText(a.Records), a.Outcome, a.Missing, dec(db.Micros(a.HiddenUntil)), a.SecrecyBasis,
	}
}

// Parts gives what the leaf of an act hashes beside the salt, in the order of the format "act/1": the format's name, act_id, at, who_kind, who_id,
// agency_id, address, session_id, action, entity, detail, spelt as in "access/1".
func (a *Act) Parts() []string {
	return []string{
		"act/1", dec(a.ID), dec(db.Micros(a.At)), a.Who.Kind, dec(a.Who.ID), dec(a.Who.Agency), a.Who.Address, dec(a.Who.Session), a.Action, a.Entity, a.Detail,
	}
}

// check refuses an entry that says too little, and secrecy without a law or without an end.
func (a *Access) check() error {
	switch {
	case a.Who.Kind == "" || a.What == "":
		return ErrEntry
	case a.Outcome != Answered && a.Outcome != Refused, a.Outcome == Refused && a.Missing == "", a.Outcome == Answered && a.Missing != "":
		return ErrEntry
	case a.Outcome == Refused && len(a.Records) > 0:
		return ErrEntry
	case a.HiddenUntil.IsZero() != (a.SecrecyBasis == ""):
		return ErrSecrecy
	case !a.HiddenUntil.IsZero() && !a.At.IsZero() && a.HiddenUntil.Sub(a.At) > MaxSecrecy:
		return ErrSecrecy
	}
	return nil
}

func (l *Log) stamp(t time.Time) time.Time {
	if t.IsZero() {
		t = l.clock.Now()
	}
	return t.Truncate(time.Microsecond).UTC()
}

func newSalt() []byte {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails since Go 1.24
	return salt
}

func dec(n int64) string { return strconv.FormatInt(n, 10) }

// micros writes an instant; the zero time is 0.

func refsText(list []Ref) string {
	texts := make([]string, len(list))
	for i, r := range list {
		texts[i] = r.String()
	}
	return strings.Join(texts, " ")
}

func parseRefs(text string) ([]Ref, error) {
	var out []Ref
	for part := range strings.FieldsSeq(text) {
		record, version, ok := strings.Cut(part, "@")
		subject, key, err := id.ParsePair(record)
		n, nerr := strconv.Atoi(version)
		if !ok || err != nil || nerr != nil {
			return nil, fmt.Errorf("audit: unreadable reference")
		}
		out = append(out, Ref{subject, key, n})
	}
	return out, nil
}
