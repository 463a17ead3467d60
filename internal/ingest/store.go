package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/db"
	"gongxin/internal/ingest/parse"
	"gongxin/internal/record"
	"gongxin/internal/subject"
)

// Row outcomes, as receipts name them.
const (
	accepted  = "accepted"
	updated   = "updated"
	duplicate = "duplicate"
	withdrawn = "withdrawn"
	rejected  = "rejected"
)

// batch is a run of checked rows on its way on file, within one transaction.
type batch struct {
	service *Service
	sub     *Submission
	item    *catalog.Item
	now     time.Time
	rows    []parse.Row
	out     []string // outcome by row, "" while open
	queued  []bool   // waits for a person
	dry     *dryRun  // not nil: what earlier batches of this dry run would have filed
	again   map[string]bool
}

func (w *writer) newBatch() *batch {
	// A second run of the transaction starts from the checked rows again, so that nothing may be appended into their reasons.
	rows := append([]parse.Row(nil), w.batch...)
	for i := range rows {
		rows[i].Reasons = rows[i].Reasons[:len(rows[i].Reasons):len(rows[i].Reasons)]
	}
	return &batch{
		service: w.service, sub: w.sub, item: w.filing.Item, now: w.service.Clock.Now(), rows: rows, out: make([]string, len(rows)),
		queued: make([]bool, len(rows)), dry: w.dry, again: w.again,
	}
}

// errDry rolls a dry run's batch back.
var errDry = errors.New("ingest: dry run")

// file puts the rows on file within tx: links them, queues what nothing links, writes records. Afterwards every row has an outcome.
func (b *batch) file(ctx context.Context, tx *db.Tx) error {
	if err := b.link(ctx, tx); err != nil {
		return err
	}
	if err := b.queue(ctx, tx); err != nil {
		return err
	}
	if err := b.apply(ctx, tx); err != nil {
		return err
	}
	for i := range b.rows {
		if b.rows[i].Rejected {
			b.out[i] = rejected
		}
		// Only the first filing of a record can be late: a refused row is not filed, and sending it again or correcting it is not filing it.
		b.rows[i].Late = b.rows[i].Late && b.out[i] == accepted
	}
	return nil
}

// link finds each row's subject, or makes one for a code nobody had yet.
func (b *batch) link(ctx context.Context, tx *db.Tx) error {
	claims, which := make([]subject.Claim, 0, len(b.rows)), make([]int, 0, len(b.rows))
	for i := range b.rows {
		if !b.rows[i].Rejected {
			claims, which = append(claims, b.rows[i].Claim), append(which, i)
		}
	}
	answers, err := b.service.Subjects.Resolve(ctx, tx, claims, b.now)
	if err != nil {
		return err
	}
	for n, a := range answers {
		r := &b.rows[which[n]]
		if b.dry != nil {
			a.Link = b.dry.link(a.Link, &r.Claim)
		}
		r.Draft.Subject, r.Draft.Region, r.Draft.Fresh = a.Subject.ID, a.Subject.Region, a.Fresh
		switch a.Link {
		case subject.LinkedFormer:
			r.Reject(b.nameReason(1004))
		case subject.Contradicts:
			r.Reject(b.nameReason(1001))
		case subject.Nobody, subject.Ambiguous:
			b.unlinked(which[n], a.Link)
		}
	}
	return nil
}

// unlinked answers a row that no identifier links: a withdrawal has nothing to withdraw, everything else waits for a person.
func (b *batch) unlinked(i int, link subject.Link) {
	r := &b.rows[i]
	if r.Withdraw {
		r.Reject(catalog.NewReason(4001, "", "", ""))
		return
	}
	code := 1002
	if link == subject.Ambiguous {
		code = 1003
	}
	r.Reject(catalog.NewReason(code, "", "", ""))
	b.queued[i] = true
}

// nameReason is a reason at the name's cell.
func (b *batch) nameReason(code int) catalog.Reason {
	f, ok := b.item.ByRole(catalog.RoleName)
	if !ok {
		return catalog.NewReason(code, "", "", "")
	}
	return catalog.NewReason(code, f.Code, f.Name, "")
}

// apply puts the linked rows on file.
func (b *batch) apply(ctx context.Context, tx *db.Tx) error {
	drafts, which := make([]record.Draft, 0, len(b.rows)), make([]int, 0, len(b.rows))
	for i := range b.rows {
		if !b.rows[i].Rejected && !b.queued[i] {
			drafts, which = append(drafts, b.rows[i].Draft), append(which, i)
		}
	}
	change := record.Change{At: b.now, Actor: b.sub.Actor, Basis: basisOf(b.item), Submission: b.sub.ID, Again: b.again}
	outcomes, _, err := b.service.Records.Apply(ctx, tx, drafts, change)
	if err != nil {
		return err
	}
	for n, o := range outcomes {
		i := which[n]
		if b.dry != nil {
			o = b.dry.outcome(b.service, &b.rows[i], o)
		}
		switch o {
		case record.Filed:
			b.out[i] = accepted
		case record.Updated:
			b.out[i] = updated
		case record.Unchanged:
			b.out[i] = duplicate
		case record.Removed:
			b.out[i] = withdrawn
		case record.Absent:
			b.rows[i].Reject(catalog.NewReason(4001, "", "", ""))
		}
	}
	return nil
}

// basisOf is the item's first legal basis, kept with every version.
func basisOf(item *catalog.Item) string {
	if len(item.Basis) == 0 {
		return ""
	}
	return item.Basis[0].Law + item.Basis[0].Article
}

// counts adds the batch's outcomes up.
func (b *batch) counts() (c Counts) {
	for i := range b.rows {
		switch b.out[i] {
		case accepted:
			c.Accepted++
		case updated:
			c.Updated++
		case duplicate:
			c.Duplicate++
		case withdrawn:
			c.Withdrawn++
		default:
			c.Rejected++
		}
		if b.rows[i].Late {
			c.Late++
		}
		if warned(&b.rows[i]) {
			c.Warnings++
		}
	}
	return c
}

func warned(r *parse.Row) bool {
	for i := range r.Reasons {
		if r.Reasons[i].Severity == catalog.Warning {
			return true
		}
	}
	return false
}

// keep writes the outcome of each row that is not plainly accepted.
func (b *batch) keep(ctx context.Context, tx *db.Tx) error {
	i := 0
	_, err := tx.CopyFrom(ctx, "submission_row", []string{"submission_id", "row_no", "line_no", "outcome", "late", "reasons"}, func() ([]any, error) {
		for ; i < len(b.rows); i++ {
			r := &b.rows[i]
			if b.out[i] == accepted && !r.Late && len(r.Reasons) == 0 {
				continue
			}
			reasons := r.Reasons
			if reasons == nil {
				reasons = []catalog.Reason{}
			}
			raw, err := json.Marshal(reasons)
			if err != nil {
				return nil, err
			}
			i++
			return []any{b.sub.ID, int64(r.N), int64(r.Line), b.out[i-1], bit(r.Late), string(raw)}, nil
		}
		return nil, nil
	})
	if err != nil {
		return fmt.Errorf("ingest: outcomes: %w", err)
	}
	return nil
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
