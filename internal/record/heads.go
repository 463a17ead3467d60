package record

import (
	"context"
	"sort"
	"strings"

	"gongxin/internal/catalog"
	"gongxin/internal/db"
)

// headSet holds the current rows of the records that a batch touches, by their place.
type headSet struct {
	byID map[ID]*head
}

// find gives the head that d belongs to, making an empty one when the record is not on file; old tells which.
func (h *headSet) find(d *Draft) (e *head, old bool) {
	at := ID{d.Subject, keyOf(d.Item, d.NaturalKey)}
	for {
		e = h.byID[at]
		if e == nil {
			e = &head{key: at.Key, nkey: d.NaturalKey, item: d.Item, fresh: true, draft: -1}
			h.byID[at] = e
			return e, false
		}
		if e.item == d.Item && e.nkey == d.NaturalKey {
			return e, true
		}
		at.Key = (at.Key + 1) & (1<<63 - 1) // another natural key has this number
	}
}

// touched gives the heads that this batch changed, in the order of the primary key: neighbours go to the same page.
func (h *headSet) touched() []*head {
	type placed struct {
		id ID
		e  *head
	}
	list := make([]placed, 0, len(h.byID))
	for at, e := range h.byID {
		if e.draft >= 0 {
			list = append(list, placed{at, e})
		}
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].id.Subject != list[j].id.Subject {
			return list[i].id.Subject < list[j].id.Subject
		}
		return list[i].id.Key < list[j].id.Key
	})
	out := make([]*head, len(list))
	for i, p := range list {
		out[i] = p.e
	}
	return out
}

const headSelect = `SELECT r.subject_id, r.record_key, r.item, v.nkey, v.version, r.version_id, c.submission, r.status, r.listed, r.agency_id, r.region, r.kinds, v.digest, v.decided_until, v.ruled_until `

// headJoin ties the wide rows of the newest version to its current row.
const headJoin = ` JOIN record_version v ON v.subject_id = r.subject_id AND v.version_id = r.version_id JOIN record_change c ON c.change_id = v.outbox_id`

// heads reads the current rows of all drafts at once, following numbers that another natural key holds.
func (s *Store) heads(ctx context.Context, tx *db.Tx, drafts []Draft) (*headSet, error) {
	set := &headSet{byID: make(map[ID]*head, len(drafts))}
	asked := make(map[ID]struct{}, len(drafts))
	want := make([]ID, 0, len(drafts))
	ask := func(at ID) {
		if _, ok := asked[at]; !ok {
			asked[at] = struct{}{}
			want = append(want, at)
		}
	}
	for i := range drafts {
		if !drafts[i].Fresh {
			ask(ID{drafts[i].Subject, keyOf(drafts[i].Item, drafts[i].NaturalKey)})
		}
	}
	for len(want) > 0 {
		round := want
		want = nil
		if err := s.readHeads(ctx, tx, round, set); err != nil {
			return nil, err
		}
		for i := range drafts {
			d := &drafts[i]
			at := ID{d.Subject, keyOf(d.Item, d.NaturalKey)}
			for e := set.byID[at]; e != nil && (e.item != d.Item || e.nkey != d.NaturalKey); e = set.byID[at] {
				at.Key = (at.Key + 1) & (1<<63 - 1)
				ask(at)
			}
		}
	}
	return set, nil
}

func (s *Store) readHeads(ctx context.Context, tx *db.Tx, ids []ID, set *headSet) error {
	scan := func(query string, args []any) error {
		rows, err := tx.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var at ID
			e := &head{draft: -1}
			var item string
			var digest []byte
			var listed, ruled int64
			if err := rows.Scan(&at.Subject, &at.Key, &item, &e.nkey, &e.version, &e.newest, &e.by, &e.status, &listed, &e.agency, &e.region, &e.kinds, &digest, &e.decided.Until, &ruled); err != nil {
				return err
			}
			e.key, e.item, e.listed = at.Key, catalog.ItemCode(item), listed == 1
			e.decided.Ruled = untilDate(ruled)
			copy(e.digest[:], digest)
			set.byID[at] = e
		}
		return rows.Err()
	}
	if tx.Engine() == db.Postgres {
		return headsPostgres(ids, scan)
	}
	return headsSQLite(ids, scan)
}

// arrays splits ids for unnest.
func arrays(ids []ID) (subjects, keys []int64) {
	subjects, keys = make([]int64, len(ids)), make([]int64, len(ids))
	for i, at := range ids {
		subjects[i], keys[i] = at.Subject, at.Key
	}
	return subjects, keys
}

func headsPostgres(ids []ID, scan func(string, []any) error) error {
	subjects, keys := arrays(ids)
	return scan(headSelect+`FROM record r JOIN unnest($1::bigint[], $2::bigint[]) AS k(s, r) ON r.subject_id = k.s AND r.record_key = k.r`+headJoin, []any{subjects, keys})
}

// headsChunk pairs are asked for in one statement; bare placeholders, which the driver binds in linear time. CROSS JOIN keeps the few
// keys on the outer side whatever the planner believes.
const headsChunk = 256

func headsSQLite(ids []ID, scan func(string, []any) error) error {
	for len(ids) > 0 {
		n := min(headsChunk, len(ids))
		args := make([]any, 0, 2*n)
		for _, at := range ids[:n] {
			args = append(args, at.Subject, at.Key)
		}
		query := `WITH k(s, r) AS (VALUES ` + strings.Repeat("(?,?),", n-1) + `(?,?)) ` + headSelect + `FROM k CROSS JOIN record r ON r.subject_id = k.s AND r.record_key = k.r` + strings.ReplaceAll(headJoin, " JOIN ", " CROSS JOIN ")
		if err := scan(query, args); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}
