package record

import (
	"context"
	"fmt"
	"strings"

	"gongxin/internal/db"
	"gongxin/internal/translog"
)

// queued is where a version's leaf was queued.
type queued struct {
	outbox int64
	pos    int
}

// Opener gives a function that opens leaves of one subject's versions: with salt and parts whoever is given them can recompute the leaf. They say everything
// about a version, also what the gate would leave out for others; only the composition may hand them on, to the subject itself. may refuses single
// versions; their leaves stay closed.
func (s *Store) Opener(may func(v *Version) bool) translog.Opener {
	var known map[queued]int64 // version ids of the subject, read once
	return func(ctx context.Context, subject int64, at []translog.Location) error {
		if known == nil {
			var err error
			if known, err = s.queuedAt(ctx, subject); err != nil {
				return wrap(err, "record: open")
			}
		}
		return wrap(s.open(ctx, subject, known, at, may), "record: open")
	}
}

const queuedSelect = `SELECT v.version_id, v.outbox_id, v.outbox_pos FROM ` + ofChain

// queuedAt finds all versions of a subject by where their leaves were queued.
func (s *Store) queuedAt(ctx context.Context, subject int64) (map[queued]int64, error) {
	rows, err := s.db.Read().QueryContext(ctx, fmt.Sprintf(knownThen, ``)+queuedSelect, subject, int64(0))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := map[queued]int64{}
	for rows.Next() {
		var id int64
		var p queued
		if err := rows.Scan(&id, &p.outbox, &p.pos); err != nil {
			return nil, err
		}
		out[p] = id
	}
	return out, rows.Err()
}

// open reads the versions of some places and fills in what their leaves are made of.
func (s *Store) open(ctx context.Context, subject int64, known map[queued]int64, at []translog.Location, may func(v *Version) bool) error {
	where := make(map[queued]*translog.Location, len(at))
	args := []any{subject}
	for i := range at {
		p := queued{at[i].Event, at[i].Position}
		if id, ok := known[p]; ok {
			where[p] = &at[i]
			args = append(args, id)
		}
	}
	if len(where) == 0 {
		return nil
	}
	query := strings.Replace(versionSelect, ") FROM ", "), v.outbox_pos, v.salt, c.actor, c.basis, c.why, c.submission FROM ", 1)
	rows, err := s.db.Read().QueryContext(ctx, query+`record_version v JOIN record_change c ON c.change_id = v.outbox_id
		WHERE v.subject_id = $1 AND v.version_id IN `+db.In(len(args)-1, 2), args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var pos int
		var salt []byte
		var ch Change
		v, err := scanVersion(rows, &pos, &salt, &ch.Actor, &ch.Basis, &ch.Why, &ch.Submission)
		if err != nil {
			return err
		}
		if l := where[queued{v.Outbox, pos}]; l != nil && len(salt) > 0 && (may == nil || may(&v)) {
			l.Opening = &translog.Opening{Salt: salt, Parts: v.parts(&ch)}
		}
	}
	return rows.Err()
}
