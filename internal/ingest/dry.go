package ingest

import (
	"context"

	"gongxin/internal/cntext"
	"gongxin/internal/db"
	"gongxin/internal/ingest/parse"
	"gongxin/internal/record"
	"gongxin/internal/subject"
)

// dryRun remembers what the batches of a dry run would have filed: each is rolled back, and yet the next must find its rows. Its memory grows with
// the file, by less than 100 bytes a row.
type dryRun struct {
	names map[subject.Ident]string // names of subjects that would have been made
	keys  map[[16]byte][16]byte    // record → digest of its content; zero = withdrawn
}

func newDryRun() *dryRun {
	return &dryRun{names: map[subject.Ident]string{}, keys: map[[16]byte][16]byte{}}
}

// link answers a claim on a subject that an earlier batch would have made.
func (d *dryRun) link(l subject.Link, c *subject.Claim) subject.Link {
	if l != subject.Created || c.Establish {
		return l
	}
	name := cntext.Name(c.Name)
	if have, ok := d.names[c.Idents[0]]; ok && have != name {
		return subject.Contradicts
	}
	d.names[c.Idents[0]] = name
	return l
}

// outcome answers a row whose record an earlier row of the file would have filed.
func (d *dryRun) outcome(s *Service, r *parse.Row, o record.Outcome) record.Outcome {
	if len(r.Claim.Idents) == 0 {
		return o
	}
	first := r.Claim.Idents[0]
	key := s.Ring.Digest([]byte(first.Kind), []byte(first.Value), []byte(r.Draft.Item), []byte(r.Draft.NaturalKey))
	have, seen := d.keys[key]
	now := r.Draft.Digest
	switch {
	case o == record.Removed, o == record.Absent && seen && have != [16]byte{}:
		d.keys[key] = [16]byte{}
		return record.Removed
	case o == record.Absent:
		return o
	}
	d.keys[key] = now
	if o != record.Filed || !seen {
		return o
	}
	if have == now {
		return record.Unchanged
	}
	return record.Updated
}

// Forget removes a dry run with its outcomes and its file; nothing of it was filed.
func (s *Service) Forget(ctx context.Context, id string) error {
	sub, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM submission_row WHERE submission_id IN (SELECT submission_id FROM submission WHERE submission_id = $1 AND dry = 1)`, id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM submission WHERE submission_id = $1 AND dry = 1`, id)
		return err
	})
	if err != nil || !sub.DryRun {
		return err
	}
	return s.Blobs.Remove(sub.FileHash)
}
