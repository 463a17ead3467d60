package record

import (
	"context"
	"fmt"

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
	Until *clock.Date // another first day on which it is no longer shown; nil = as it is
}

// turns names what was done, by the status it led to.
var turns = map[Status]string{Repaired: "repaired", Annulled: "annulled", Ended: "ended", Shielded: "shielded", Active: "restored"}

// may reports whether a status leads to another. Only the source withdraws, by filing; what is ended stays so.
func (s Status) may(to Status) bool {
	switch s {
	case Active:
		return to == Repaired || to == Annulled || to == Ended || to == Shielded
	case Shielded:
		return to == Active || to == Repaired || to == Annulled || to == Ended
	case Repaired:
		return to == Active || to == Annulled || to == Ended
	case Annulled:
		return to == Active
	default:
		return false
	}
}

// Turn writes another version of each record, with its last content and another status, and gives an outcome for each: Turned, Unchanged when it has the status
// already, Absent when it is not on file. One turn that may not be is ErrTurn, and nothing is to be committed. It is the one way to repair, annul, end, shield and
// bring back.
func (s *Store) Turn(ctx context.Context, tx *db.Tx, list []Turn, ch Change) ([]Outcome, error) {
	ids := make([]ID, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	set := &headSet{byID: make(map[ID]*head, len(list))}
	if err := s.readHeads(ctx, tx, unique(ids), set); err != nil {
		return nil, fmt.Errorf("record: turn: %w", err)
	}
	newest, err := s.newest(ctx, tx, unique(ids))
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
		case h.status == t.To && (t.Until == nil || *t.Until == v.PublicUntil):
			out[i] = Unchanged
			continue
		case h.status != t.To && !h.status.may(t.To):
			return nil, ErrTurn
		}
		d := &b.drafts[i]
		*d = Draft{Subject: t.Subject, Facts: v.Facts, Body: v.Body, Digest: h.digest}
		d.Status, d.Listed = t.To, false
		if t.Until != nil {
			d.PublicUntil = *t.Until
		}
		if t.To == Active {
			if d.Listed, err = s.wasListed(ctx, tx, h.newest, t.Subject); err != nil {
				return nil, fmt.Errorf("record: turn: %w", err)
			}
		}
		out[i] = Turned
		b.add(h, d, i, Turned)
		v.Facts = d.Facts
		newest[t.ID] = v
	}
	if err := b.write(ctx, tx, set); err != nil {
		return nil, fmt.Errorf("record: turn: %w", err)
	}
	return out, nil
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

// newest reads the newest versions of records within a transaction, with their bodies.
func (s *Store) newest(ctx context.Context, q db.Querier, ids []ID) (map[ID]Version, error) {
	out := make(map[ID]Version, len(ids))
	for len(ids) > 0 {
		n := min(len(ids), headsChunk)
		pairs, args := pairList(ids[:n])
		list, err := versions(ctx, q, versionSelect+joinHead+`WHERE (r.subject_id, r.record_key) IN (VALUES `+pairs+`)`, args...)
		if err != nil {
			return nil, err
		}
		for i := range list {
			out[list[i].ID] = list[i]
		}
		ids = ids[n:]
	}
	return out, nil
}

// Standing gives the newest versions of records without their bodies: what procedures decide on.
func (s *Store) Standing(ctx context.Context, q db.Querier, ids []ID) (map[ID]Version, error) {
	out, err := s.newest(ctx, q, unique(ids))
	if err != nil {
		return nil, wrap(err, "record: standing")
	}
	for at, v := range out {
		v.Body = ""
		out[at] = v
	}
	return out, nil
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

// Due gives records of some items in force whose period is over on a day, in the order of their ids behind a given one: what the nightly end walks through. It
// reads the narrow rows from end to end, for a job and not for a page; next is where the following call goes on, the zero ID when it came to the end.
func (s *Store) Due(ctx context.Context, items []string, day clock.Date, after ID, limit int) (due []ID, next ID, err error) {
	if len(items) == 0 {
		return nil, ID{}, nil
	}
	args := []any{int64(day), after.Subject, after.Key, limit}
	for _, item := range items {
		args = append(args, item)
	}
	rows, err := s.db.Read().QueryContext(ctx, `SELECT subject_id, record_key FROM record WHERE (subject_id, record_key) > ($2, $3) AND status IN (1, 3, 6) AND public_until <= $1
		AND item IN `+db.In(len(items), 5)+` ORDER BY subject_id, record_key LIMIT $4+0`, args...)
	if err != nil {
		return nil, ID{}, wrap(err, "record: due")
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var at ID
		if err := rows.Scan(&at.Subject, &at.Key); err != nil {
			return nil, ID{}, err
		}
		due = append(due, at)
	}
	if len(due) == limit {
		next = due[limit-1]
	}
	return due, next, rows.Err()
}
