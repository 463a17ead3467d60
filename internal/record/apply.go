package record

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/id"
	"gongxin/internal/translog"
)

// Store writes and reads records. Its reading methods return bodies and are for publish alone.
type Store struct {
	db     *db.DB
	ids    *id.Maker
	combos combinations
}

// NewStore makes a Store.
func NewStore(d *db.DB, ids *id.Maker) *Store { return &Store{db: d, ids: ids} }

// head is the current row of a record as Apply needs it.
type head struct {
	key     int64
	nkey    string
	version int
	newest  int64  // version_id of the newest version; 0 = none
	by      string // submission that wrote it
	status  Status
	listed  bool
	agency  int64
	region  string
	kinds   int64
	item    catalog.ItemCode
	digest  [16]byte
	fresh   bool       // not in the database before this Apply
	until   clock.Date // of its period, as this Apply leaves it
	decided End
	draft   int // draft whose facts the row now carries; -1 = as in the database
}

// Apply puts drafts on file within tx, in their order, and gives an outcome for each. A natural key that comes twice in one call
// gives two versions. Versions, current rows, filter counts and log leaves are written together; a concurrent writer's conflict comes back
// as db.ErrRetry, upon which the whole transaction function runs again.
func (s *Store) Apply(ctx context.Context, tx *db.Tx, drafts []Draft, ch Change) ([]Outcome, []ID, error) {
	heads, err := s.heads(ctx, tx, drafts)
	if err != nil {
		return nil, nil, fmt.Errorf("record: apply: %w", err)
	}
	b := batch{change: ch, drafts: drafts, ids: s.ids, outbox: s.ids.Next(), facets: map[facet]int64{}}
	outcomes, ids := make([]Outcome, len(drafts)), make([]ID, len(drafts))
	for i := range drafts {
		d := &drafts[i]
		h, old := heads.find(d)
		outcomes[i] = decide(old, h, d)
		if outcomes[i] != Unchanged && h.by != "" && ch.Again[h.by] {
			outcomes[i] = Unchanged // the same rows were filed already, and nobody has changed the record since
		}
		ids[i] = ID{d.Subject, h.key}
		switch outcomes[i] {
		case Unchanged, Absent:
			continue
		default:
			b.add(h, d, i, outcomes[i])
		}
	}
	if err := b.write(ctx, tx, heads); err != nil {
		if db.IsUnique(err) { // another writer filed the same record since we looked
			err = errors.Join(db.ErrRetry, err)
		}
		return nil, nil, fmt.Errorf("record: apply: %w", err)
	}
	return outcomes, ids, nil
}

func decide(old bool, h *head, d *Draft) Outcome {
	switch {
	case d.Status == Withdrawn && (!old || h.version == 0):
		return Absent
	case d.Status == Withdrawn && h.status == Withdrawn:
		return Unchanged
	case d.Status == Withdrawn:
		return Removed
	case !old || h.version == 0:
		return Filed
	case h.digest == d.Digest && (h.status == d.Status || h.status.settled()):
		return Unchanged
	default:
		return Updated
	}
}

// longer reports whether a correction gives a record whose period was over a period that is not: a decision day that was wrong, for one.
func longer(h *head, f *Facts, at time.Time) bool {
	return h.status == Ended && (f.PublicUntil.IsZero() || f.PublicUntil > clock.DateOf(at))
}

var actions = map[Outcome]string{Filed: "filed", Updated: "corrected", Removed: "withdrawn"}

// facet is one combination of filter values of a public column.
type facet struct {
	item   catalog.ItemCode
	agency int64
	region string
	kinds  int64
}

// batch collects what one Apply writes.
type batch struct {
	change   Change
	drafts   []Draft
	ids      *id.Maker
	outbox   int64
	versions [][]any
	leaves   []translog.Leaf
	subjects []int64  // of each leaf
	items    []string // of each leaf
	facets   map[facet]int64
	changed  []Changed // what was on file before and is another now
}

func (b *batch) add(h *head, d *Draft, i int, out Outcome) {
	if h.listed {
		b.facets[facet{h.item, h.agency, h.region, h.kinds}]--
	}
	prev := h.newest
	h.version, h.newest, h.by = h.version+1, b.ids.Next(), b.change.Submission
	f, body := d.Facts, d.Body
	if out == Removed {
		// The withdrawal states nothing new about the matter: the last content stays in the version before it.
		f.Listed, body = false, "{}"
	} else {
		h.digest = d.Digest
	}
	if out == Turned {
		h.decided = f.Decided
	} else {
		f.Decided, f.PublicUntil = h.decided, h.decided.Bound(f.PublicUntil)
	}
	h.until = f.PublicUntil
	if out == Updated && h.status.settled() && !longer(h, &f, b.change.At) {
		f.Status, f.Listed = h.status, false
	}
	h.status, h.listed, h.agency, h.region, h.kinds, h.item, h.draft = f.Status, f.Listed, f.Agency, f.Region, f.Kinds, f.Item, i
	if h.listed {
		b.facets[facet{h.item, h.agency, h.region, h.kinds}]++
	}
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails since Go 1.24
	at := micros(b.change.At)
	v := Version{
		ID: ID{d.Subject, h.key}, Facts: f, Number: h.version, Body: body, Action: actions[out], RecordedAt: b.change.At,
	}
	if out == Turned {
		v.Action = turns[f.Status]
	}
	if out != Filed {
		b.changed = append(b.changed, Changed{ID: v.ID, Number: v.Number, Status: f.Status})
	}
	b.versions = append(b.versions, []any{
		h.newest, prev, d.Subject, h.key, int64(h.version), string(f.Item), f.Edition, f.NaturalKey, string(f.Class), int64(f.Status), bit(f.Listed),
		int64(f.DecidedOn), int64(f.PublicFrom), untilColumn(f.PublicUntil), f.Agency, f.Region, f.Kinds, int64(f.Procedure), int64(f.Severity), f.RuleSet,
		body, v.Action, h.digest[:], at, salt, b.outbox, int64(len(b.leaves)),
		int64(f.Decided.Until), ruledColumn(f.Decided),
	})
	b.leaves = append(b.leaves, v.leaf(salt, &b.change))
	b.subjects, b.items = append(b.subjects, d.Subject), append(b.items, string(f.Item))
}

// leaf hashes what the version says.
func (v *Version) leaf(salt []byte, ch *Change) translog.Leaf {
	return translog.Hash(salt, v.parts(ch)...)
}

// parts are what a leaf of format "record/1" is made of. Their order and spelling are the format; a verifier recomputes the leaf from them and the salt.
func (v *Version) parts(ch *Change) []string {
	n := func(x int64) string { return strconv.FormatInt(x, 10) }
	return []string{
		"record/1", v.ID.String(), n(int64(v.Number)), string(v.Item), v.Edition, v.NaturalKey, string(v.Class), n(int64(v.Status)), n(bit(v.Listed)),
		n(int64(v.DecidedOn)), n(int64(v.PublicFrom)), n(untilColumn(v.PublicUntil)), n(v.Agency), v.Region, n(v.Kinds), n(int64(v.Procedure)),
		n(int64(v.Severity)), v.RuleSet, v.Body, v.Action, ch.Actor, ch.Basis, ch.Why, ch.Submission, n(micros(v.RecordedAt)),
	}
}

// ruledColumn is 0 where nothing was decided.
func ruledColumn(e End) int64 {
	if e.Until.IsZero() {
		return 0
	}
	return untilColumn(e.Ruled)
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

var versionColumns = []string{
	"version_id", "prev_id", "subject_id", "record_key", "version", "item", "edition", "nkey", "class", "status", "listed", "decided_on",
	"public_from", "public_until", "agency_id", "region", "kinds", "procedure", "severity", "rule_set", "body", "action", "digest", "recorded_at",
	"salt", "outbox_id", "outbox_pos", "decided_until", "ruled_until",
}

var headColumns = []string{
	"subject_id", "record_key", "item", "version_id", "status", "listed", "decided_on", "public_from", "public_until", "agency_id",
	"region", "kinds",
}

func (b *batch) write(ctx context.Context, tx *db.Tx, heads *headSet) error {
	if len(b.versions) == 0 {
		return nil
	}
	ch := b.change
	_, err := tx.ExecContext(ctx, `INSERT INTO record_change (change_id, recorded_at, actor, basis, why, submission) VALUES ($1, $2, $3, $4, $5, $6)`,
		b.outbox, micros(ch.At), ch.Actor, ch.Basis, ch.Why, ch.Submission)
	if err != nil {
		return err
	}
	if _, err := tx.CopyFrom(ctx, "record_version", versionColumns, each(b.versions)); err != nil {
		return err
	}
	if err := b.writeHeads(ctx, tx, heads); err != nil {
		return err
	}
	if err := b.writeFacets(ctx, tx); err != nil {
		return err
	}
	if err := b.writeEvent(ctx, tx); err != nil {
		return err
	}
	return translog.QueueRecords(ctx, tx, b.outbox, b.leaves, b.subjects, b.items, micros(b.change.At))
}

// writeHeads writes the current rows in the order of their primary key: neighbours go to the same page.
func (b *batch) writeHeads(ctx context.Context, tx *db.Tx, heads *headSet) error {
	var inserts, updates [][]any
	for _, e := range heads.touched() {
		d := &b.drafts[e.draft]
		row := []any{
			d.Subject, e.key, string(d.Item), e.newest, int64(e.status), bit(e.listed), int64(d.DecidedOn), int64(d.PublicFrom),
			untilColumn(e.until), d.Agency, d.Region, d.Kinds,
		}
		if e.fresh {
			inserts = append(inserts, row)
		} else {
			updates = append(updates, row)
		}
	}
	if _, err := tx.CopyFrom(ctx, "record", headColumns, each(inserts)); err != nil {
		return err
	}
	if tx.Engine() == db.Postgres && len(updates) > 1 {
		return updateHeads(ctx, tx, updates)
	}
	for _, r := range updates {
		_, err := tx.ExecContext(ctx, `UPDATE record SET item = $3, version_id = $4, status = $5, listed = $6, decided_on = $7, public_from = $8,
			public_until = $9, agency_id = $10, region = $11, kinds = $12 WHERE subject_id = $1 AND record_key = $2`, r...)
		if err != nil {
			return err
		}
	}
	return nil
}

// updateHeads changes many current rows of PostgreSQL in one statement: a round trip for each would cost more than the change.
func updateHeads(ctx context.Context, tx *db.Tx, rows [][]any) error {
	numbers := func(at int) []int64 { return column[int64](rows, at) }
	texts := func(at int) []string { return column[string](rows, at) }
	_, err := tx.ExecContext(ctx, `UPDATE record r SET item = u.item, version_id = u.version_id, status = u.status, listed = u.listed, decided_on = u.decided_on,
		public_from = u.public_from, public_until = u.public_until, agency_id = u.agency_id, region = u.region, kinds = u.kinds
		FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::bigint[])
		AS u(subject_id, record_key, item, version_id, status, listed, decided_on, public_from, public_until, agency_id, region, kinds)
		WHERE r.subject_id = u.subject_id AND r.record_key = u.record_key`,
		numbers(0), numbers(1), texts(2), numbers(3), numbers(4), numbers(5), numbers(6), numbers(7), numbers(8), numbers(9), texts(10), numbers(11))
	return err
}

// column gives one column of rows that writeHeads made.
func column[T any](rows [][]any, at int) []T {
	out := make([]T, len(rows))
	for i := range rows {
		out[i], _ = rows[i][at].(T)
	}
	return out
}

// writeFacets adds the batch's differences; in one order everywhere, so that two batches cannot wait for each other in a ring.
func (b *batch) writeFacets(ctx context.Context, tx *db.Tx) error {
	keys := make([]facet, 0, len(b.facets))
	for k, n := range b.facets {
		if n != 0 {
			keys = append(keys, k)
		}
	}
	sort.Slice(keys, func(i, j int) bool {
		a, z := keys[i], keys[j]
		if a.item != z.item {
			return a.item < z.item
		}
		if a.agency != z.agency {
			return a.agency < z.agency
		}
		if a.region != z.region {
			return a.region < z.region
		}
		return a.kinds < z.kinds
	})
	for _, k := range keys {
		_, err := tx.ExecContext(ctx, `INSERT INTO record_facet (item, agency_id, region, kinds, n) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (item, agency_id, region, kinds) DO UPDATE SET n = record_facet.n + excluded.n`,
			string(k.item), k.agency, k.region, k.kinds, b.facets[k])
		if err != nil {
			return err
		}
	}
	return nil
}

// each turns collected rows into what CopyFrom reads.
func each(rows [][]any) db.Rows {
	i := 0
	return func() ([]any, error) {
		if i == len(rows) {
			return nil, nil
		}
		i++
		return rows[i-1], nil
	}
}
