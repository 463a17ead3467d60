package record

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// ErrTurn refuses a step between two statuses that the law does not know, such as bringing back what is ended.
var ErrTurn = fault.New(fault.Conflict, "record.turn", "记录现在的状态不允许这样处理", "请刷新后查看这条记录的状态")

// Turn gives a record another status: what a procedure decides, or the clock.
type Turn struct {
	ID
	To    Status
	Until *clock.Date           // another first day on which it is no longer shown, which no later filing lengthens (End); nil = as it is
	If    func(v *Version) bool // asked about the newest version within the transaction; nil = turn it
	Early bool                  // it was ended before its day, by a clock that was ahead, and comes back to what it was
}

// undoes reports whether a turn brings back what no lawful end can have ended: its period goes on.
func (t *Turn) undoes(v *Version, at time.Time) bool {
	return t.Early && v.Status == Ended && (t.To == Active || t.To == Shielded) && v.PublicUntil > clock.DateOf(at)
}

// turns names what was done, by the status it led to.
var turns = map[Status]string{Repaired: "repaired", Annulled: "annulled", Ended: "ended", Shielded: "shielded", Active: "restored", Destroyed: "destroyed"}

// may reports whether a status leads to another. Only the source withdraws, by filing; what is ended stays so.
func (s Status) may(to Status) bool {
	switch s {
	case Active:
		return to == Repaired || to == Annulled || to == Ended || to == Shielded
	case Shielded:
		return to == Active || to == Repaired || to == Annulled || to == Ended
	case Repaired:
		return to == Active || to == Annulled || to == Ended || to == Shielded || to == Destroyed
	case Annulled:
		return to == Active || to == Destroyed
	case Withdrawn, Ended:
		return to == Destroyed
	default:
		return false
	}
}

// Turn writes another version of each record, with its last content and another status, and gives an outcome for each: Turned, Unchanged when it has the status
// already or If says no, Absent when it is not on file. One turn that may not be is ErrTurn, and nothing is to be committed. It is the one way to repair, annul, end,
// shield and bring back.
func (s *Store) Turn(ctx context.Context, tx *db.Tx, list []Turn, ch Change) ([]Outcome, error) {
	ids := make([]ID, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	set, newest, err := s.turnable(ctx, tx, unique(ids))
	if err != nil {
		return nil, fmt.Errorf("record: turn: %w", err)
	}
	b := batch{change: ch, drafts: make([]Draft, len(list)), ids: s.ids, outbox: s.ids.Next(), facets: map[facet]int64{}}
	out := make([]Outcome, len(list))
	for i := range list {
		t := &list[i]
		h, v := set.byID[t.ID], newest[t.ID]
		switch {
		case h == nil:
			out[i] = Absent
			continue
		case t.If != nil && !t.If(v), h.status == t.To && (t.Until == nil || *t.Until == v.PublicUntil && *t.Until == v.Decided.Until):
			out[i] = Unchanged
			continue
		case h.status != t.To && !h.status.may(t.To) && !t.undoes(v, ch.At):
			return nil, ErrTurn
		}
		d := &b.drafts[i]
		if *d, err = s.turned(ctx, tx, t, h, v); err != nil {
			return nil, fmt.Errorf("record: turn: %w", err)
		}
		out[i] = Turned
		b.add(h, d, i, Turned)
		v.Facts = d.Facts
	}
	if err := b.write(ctx, tx, set); err != nil {
		return nil, fmt.Errorf("record: turn: %w", err)
	}
	return out, nil
}

// turned is what the next version says.
func (s *Store) turned(ctx context.Context, tx *db.Tx, t *Turn, h *head, v *Version) (d Draft, err error) {
	d = Draft{Subject: t.Subject, Facts: v.Facts, Body: v.Body, Digest: h.digest}
	d.Status, d.Listed = t.To, false
	if t.Until != nil {
		ruled := v.PublicUntil
		if !v.Decided.Until.IsZero() {
			ruled = v.Decided.Ruled
		}
		d.PublicUntil, d.Decided = *t.Until, End{Until: *t.Until, Ruled: ruled}
	}
	switch t.To {
	case Destroyed:
		d.Facts, d.Body, d.Digest = Facts{Item: v.Item, Edition: v.Edition, Class: v.Class, Status: Destroyed, Agency: v.Agency, Region: v.Region}, "{}", [16]byte{}
	case Active:
		d.Listed, err = s.wasListed(ctx, tx, h.newest, t.Subject)
	}
	return d, err
}

// wasListed gives whether a record was listed when it was last in force: the versions before say so, since class, subject and procedure do not change with its status.
func (s *Store) wasListed(ctx context.Context, tx *db.Tx, version, subject int64) (bool, error) {
	for version != 0 {
		var status Status
		var listed, prev int64
		err := tx.QueryRowContext(ctx, `SELECT status, listed, prev_id FROM record_version WHERE subject_id = $1 AND version_id = $2`, subject, version).Scan(&status, &listed, &prev)
		if err != nil {
			return false, err
		}
		if status == Active {
			return listed == 1, nil
		}
		version = prev
	}
	return false, nil
}

func unique(ids []ID) []ID {
	seen := make(map[ID]struct{}, len(ids))
	out := make([]ID, 0, len(ids))
	for _, at := range ids {
		if _, ok := seen[at]; !ok {
			seen[at] = struct{}{}
			out = append(out, at)
		}
	}
	return out
}

// turnable reads the newest versions of records within a transaction, with what writing another one takes.
func (s *Store) turnable(ctx context.Context, tx *db.Tx, ids []ID) (*headSet, map[ID]*Version, error) {
	set := &headSet{byID: make(map[ID]*head, len(ids))}
	newest := make(map[ID]*Version, len(ids))
	query := strings.Replace(versionSelect, ") FROM ", "), v.version_id, v.digest FROM ", 1)
	err := s.ofIDs(ctx, tx, query, ids, func(rows *sql.Rows) error {
		h := &head{draft: -1}
		var digest []byte
		v, err := scanVersion(rows, &h.newest, &digest)
		if err != nil {
			return err
		}
		h.key, h.nkey, h.version, h.status, h.listed = v.Key, v.NaturalKey, v.Number, v.Status, v.Listed
		h.agency, h.region, h.kinds, h.item = v.Agency, v.Region, v.Kinds, v.Item
		h.until, h.decided = v.PublicUntil, v.Decided
		copy(h.digest[:], digest)
		set.byID[v.ID], newest[v.ID] = h, &v
		return nil
	})
	return set, newest, err
}

// ofIDs reads rows of the newest versions of records.
func (s *Store) ofIDs(ctx context.Context, q db.Querier, query string, ids []ID, scan func(*sql.Rows) error) error {
	for len(ids) > 0 {
		n := min(len(ids), headsChunk)
		pairs, args := pairList(ids[:n])
		where := `WHERE (r.subject_id, r.record_key) IN (VALUES ` + pairs + `)`
		if s.db.Engine() == db.Postgres {
			n = len(ids)
			subjects, keys := arrays(ids)
			where, args = `JOIN unnest($1::bigint[], $2::bigint[]) AS k(s, r) ON r.subject_id = k.s AND r.record_key = k.r`, []any{subjects, keys}
		}
		if err := db.ForEach(ctx, q, scan, query+joinHead+where, args...); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// Standing gives the newest versions of records without their bodies: what procedures decide on.
func (s *Store) Standing(ctx context.Context, q db.Querier, ids []ID) (map[ID]Version, error) {
	out := make(map[ID]Version, len(ids))
	err := s.ofIDs(ctx, q, versionSelect, unique(ids), func(rows *sql.Rows) error {
		v, err := scanVersion(rows)
		v.Body = ""
		out[v.ID] = v
		return err
	})
	return out, wrap(err, "record: standing")
}

// StandingOf gives the newest versions of all of a subject's records without their bodies, newest decision first.
func (s *Store) StandingOf(ctx context.Context, q db.Querier, subject int64) ([]Version, error) {
	out, err := versions(ctx, q, versionSelect+joinHead+`WHERE r.subject_id = $1 ORDER BY r.decided_on DESC, r.record_key DESC`, subject)
	if err != nil {
		return nil, wrap(err, "record: standing of subject")
	}
	for i := range out {
		out[i].Body = ""
	}
	return out, nil
}
