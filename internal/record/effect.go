package record

import (
	"context"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
)

// Effect says what a change did to a record, beside its content.
type Effect struct {
	Item       catalog.ItemCode
	Agency     int64 // that filed it
	Before     Status
	Listed     bool // the public could see it before the change or can since, as far as its days allow
	PublicFrom clock.Date
}

// step is a version as Effects walks along.
type step struct {
	Effect
	version int
	status  Status
	listed  bool
	prev    int64
}

// Effects gives what changes did. A record that is no longer on file is left out. It opens no body.
func (s *Store) Effects(ctx context.Context, q db.Querier, list []Changed) (map[Changed]Effect, error) {
	lowest, ids := make(map[ID]int, len(list)), make([]ID, 0, len(list))
	for _, c := range list {
		n, ok := lowest[c.ID]
		if !ok {
			ids = append(ids, c.ID)
		}
		if !ok || c.Number-1 < n {
			lowest[c.ID] = c.Number - 1
		}
	}
	chains := make(map[ID][]step, len(ids))
	for len(ids) > 0 {
		n := min(len(ids), headsChunk)
		pairs, args := pairList(ids[:n])
		if err := steps(ctx, q, chains, stepSelect+joinHead+`WHERE (r.subject_id, r.record_key) IN (VALUES `+pairs+`)`, args...); err != nil {
			return nil, wrap(err, "record: effects")
		}
		ids = ids[n:]
	}
	for { // back to the version before each change: one round for those that changed once
		var before []any
		for at, chain := range chains {
			if last := chain[len(chain)-1]; last.prev != 0 && last.version > lowest[at] {
				before = append(before, last.prev)
			}
		}
		if len(before) == 0 {
			break
		}
		for len(before) > 0 {
			n := min(len(before), 2*headsChunk)
			if err := steps(ctx, q, chains, stepSelect+`record_version v WHERE v.version_id IN `+db.In(n, 1), before[:n]...); err != nil {
				return nil, wrap(err, "record: effects")
			}
			before = before[n:]
		}
	}
	out := make(map[Changed]Effect, len(list))
	for _, c := range list {
		if e, ok := effect(chains[c.ID], c.Number); ok {
			out[c] = e
		}
	}
	return out, nil
}

const stepSelect = `SELECT v.subject_id, v.record_key, v.version, v.item, v.agency_id, v.status, v.listed, v.public_from, v.prev_id FROM `

// steps reads versions and puts each behind the later ones of its record.
func steps(ctx context.Context, q db.Querier, chains map[ID][]step, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var at ID
		var v step
		var item string
		var listed int64
		if err := rows.Scan(&at.Subject, &at.Key, &v.version, &item, &v.Agency, &v.status, &listed, &v.PublicFrom, &v.prev); err != nil {
			return err
		}
		v.Item, v.listed = catalog.ItemCode(item), listed == 1
		chains[at] = append(chains[at], v)
	}
	return rows.Err()
}

func effect(chain []step, number int) (Effect, bool) {
	var e Effect
	found := false
	for _, v := range chain { // newest first
		switch v.version {
		case number:
			e, found = v.Effect, true
			e.Listed = v.listed
		case number - 1:
			e.Before = v.status
			e.Listed = e.Listed || v.listed
		}
	}
	return e, found
}
