package ingest

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"gongxin/internal/agency"
	"gongxin/internal/catalog"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/record"
)

// QueueState is the state of a row that waits for a person.
type QueueState string

// The states. Undo leads back to Waiting.
const (
	Waiting    QueueState = "waiting"
	Matched    QueueState = "matched"    // a person named its subject; the record is on file
	Refused    QueueState = "refused"    // a person found that it is about no subject that can be named
	Superseded QueueState = "superseded" // its unit filed it again with the codes set right; that row is on file
)

// QueueEntry is a row that no identifier links. Its content is not part of it: whoever decides reads it through Desk.Content, and leaves an entry.
type QueueEntry struct {
	ID         int64
	Submission string
	Row        int
	Item       catalog.ItemCode
	Edition    string
	Agency     agency.ID
	Reason     int // 1002 or 1003
	State      QueueState
	Subject    int64
	CreatedAt  time.Time
	DecidedAt  time.Time
	DecidedBy  string
	Note       string

	sealed string
	key    int64
}

// Faults of the queue.
var (
	ErrNoEntry  = fault.New(fault.NotFound, "ingest.queue_entry", "队列中没有这一条", "请刷新人工匹配队列")
	ErrDecided  = fault.New(fault.Conflict, "ingest.queue_decided", "这一条已有处理结果", "如需改变，请先撤销原处理")
	ErrWaiting  = fault.New(fault.Conflict, "ingest.queue_waiting", "这一条还没有处理，无可撤销", "")
	ErrNoTarget = fault.New(fault.NotFound, "ingest.queue_subject", "没有这个主体", "请按代码核对要匹配的主体")
	ErrPerson   = fault.New(fault.Conflict, "ingest.queue_person", "这一行是自然人的信息，不能归到单位或者个体工商户名下", "请退回报送单位，补填证件类型和号码后重新报送")
	ErrNoteForm = fault.New(fault.Invalid, "ingest.queue_note_form", "处理理由里有读不出来的字符", "请重新填写，不要粘贴特殊符号")
	ErrNote     = fault.New(fault.Invalid, "ingest.queue_note", "请写明处理理由", "例如核对了哪份材料")
)

// queue keeps the rows that nothing links, and ends the waiting of earlier ones that a row with a subject repeats. Both go in the order of the
// rows, so that it makes no difference where batches begin and end.
func (b *batch) queue(ctx context.Context, tx *db.Tx) error {
	waiting, err := b.readWaiters(ctx, tx)
	if err != nil {
		return err
	}
	for i := range b.rows {
		if b.queued[i] {
			err = b.enqueue(ctx, tx, waiting, i)
		} else {
			err = b.supersede(ctx, tx, waiting, i)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// enqueue keeps one row that nothing links. The same row that waits already, or did, is a duplicate.
func (b *batch) enqueue(ctx context.Context, tx *db.Tx, waiting waiters, i int) error {
	s, r := b.service, &b.rows[i]
	raw, err := json.Marshal(r.Values)
	if err != nil {
		return err
	}
	id, key := s.IDs.Next(), r.Draft.NaturalKey
	print := s.Ring.Digest([]byte("queue"), []byte(b.item.Code), raw)
	res, err := tx.ExecContext(ctx, `INSERT INTO ingest_queue (queue_id, submission_id, row_no, item, edition, agency_id, reason, values_sealed, fingerprint, nkey, state,
		subject_id, record_key, created_at, decided_at, decided_by, note) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'waiting', 0, 0, $11, 0, '', '')
		ON CONFLICT (fingerprint) DO NOTHING`,
		id, b.sub.ID, r.N, string(b.item.Code), b.sub.Edition, b.sub.Agency, r.Reasons[len(r.Reasons)-1].Code, s.Ring.Seal("queue", string(raw)),
		hex.EncodeToString(print[:]), key, b.now.UnixMicro())
	if err != nil {
		return fmt.Errorf("ingest: queue: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		b.out[i] = duplicate
		return nil
	}
	b.out[i] = accepted
	waiting[key] = append(waiting[key], id)
	return nil
}

const queueColumns = `queue_id, submission_id, row_no, item, edition, agency_id, reason, state, subject_id, created_at, decided_at, decided_by, note, values_sealed, record_key`

func scanEntry(row scanner) (e QueueEntry, err error) {
	var created, decided int64
	err = row.Scan(&e.ID, &e.Submission, &e.Row, &e.Item, &e.Edition, &e.Agency, &e.Reason, &e.State, &e.Subject, &created, &decided, &e.DecidedBy, &e.Note, &e.sealed, &e.key)
	e.CreatedAt = time.UnixMicro(created).UTC()
	if decided != 0 {
		e.DecidedAt = time.UnixMicro(decided).UTC()
	}
	return e, err
}

// checkNote looks at the reason of a decision. It stays with the queue: what the register says of a version's cause is read by everyone.
func checkNote(note string) error {
	switch {
	case strings.TrimSpace(note) == "":
		return ErrNote
	case !utf8.ValidString(note) || strings.ContainsRune(note, 0):
		return ErrNoteForm
	case flow.HasPersonal(note):
		return flow.ErrPersonal
	}
	return nil
}

// Match files a waiting row under a subject that a person named, with the reason.
func (s *Service) Match(ctx context.Context, entry, subjectID int64, actor, note string) error {
	if err := checkNote(note); err != nil {
		return err
	}
	return s.decide(ctx, entry, func(ctx context.Context, tx *db.Tx, e *QueueEntry) error {
		if e.State != Waiting {
			return ErrDecided
		}
		subjects, err := s.Subjects.ByIDs(ctx, []int64{subjectID})
		if err != nil {
			return err
		}
		target, ok := subjects[subjectID]
		if !ok || target.Kind == catalog.Person {
			return ErrNoTarget
		}
		values, err := s.content(e)
		if err != nil {
			return err
		}
		if item := s.itemOf(e.Edition, e.Item); item != nil && aboutPerson(item, values) {
			return ErrPerson
		}
		draft, basis, err := s.redraft(ctx, e, values, true)
		if err != nil {
			return err
		}
		draft.Subject, draft.Region = target.ID, target.Region
		_, ids, err := s.Records.Apply(ctx, tx, []record.Draft{draft}, record.Change{At: s.Clock.Now(), Actor: actor, Basis: basis, Why: "人工匹配", Submission: e.Submission})
		if err != nil {
			return err
		}
		e.State, e.Subject, e.key, e.DecidedBy, e.Note = Matched, target.ID, ids[0].Key, actor, note
		return nil
	})
}

// Refuse ends a waiting row without a record, with the reason.
func (s *Service) Refuse(ctx context.Context, entry int64, actor, note string) error {
	if err := checkNote(note); err != nil {
		return err
	}
	return s.decide(ctx, entry, func(_ context.Context, _ *db.Tx, e *QueueEntry) error {
		if e.State != Waiting {
			return ErrDecided
		}
		e.State, e.DecidedBy, e.Note = Refused, actor, note
		return nil
	})
}

// Undo takes a decision back: the record that a match made is withdrawn as a version of its own, and the row waits again.
func (s *Service) Undo(ctx context.Context, entry int64, actor, note string) error {
	if err := checkNote(note); err != nil {
		return err
	}
	return s.decide(ctx, entry, func(ctx context.Context, tx *db.Tx, e *QueueEntry) error {
		if e.State == Waiting {
			return ErrWaiting
		}
		if e.State == Matched {
			values, err := s.content(e)
			if err != nil {
				return err
			}
			draft, basis, err := s.redraft(ctx, e, values, false)
			if err != nil {
				return err
			}
			draft.Subject, draft.Status, draft.Listed = e.Subject, record.Withdrawn, false
			_, _, err = s.Records.Apply(ctx, tx, []record.Draft{draft}, record.Change{At: s.Clock.Now(), Actor: actor, Basis: basis, Why: "撤销人工匹配", Submission: e.Submission})
			if err != nil {
				return err
			}
		}
		e.State, e.Subject, e.key, e.DecidedBy, e.Note = Waiting, 0, 0, actor, note
		return nil
	})
}

// decide changes one entry within a transaction.
func (s *Service) decide(ctx context.Context, entry int64, change func(context.Context, *db.Tx, *QueueEntry) error) (err error) {
	defer fault.Wrap(&err, "ingest: queue entry %d", entry)
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		e, err := scanEntry(tx.QueryRowContext(ctx, `SELECT `+queueColumns+` FROM ingest_queue WHERE queue_id = $1`, entry))
		if err != nil {
			return ErrNoEntry.With(err)
		}
		before := e.State
		if err := change(ctx, tx, &e); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `UPDATE ingest_queue SET state = $2, subject_id = $3, record_key = $4, decided_at = $5, decided_by = $6, note = $7
			WHERE queue_id = $1 AND state = $8`, entry, string(e.State), e.Subject, e.key, s.Clock.Now().UnixMicro(), e.DecidedBy, e.Note, string(before))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return ErrDecided
		}
		return nil
	})
}

// redraft checks a queued row again and gives what would be put on file, or, when it is not to be put there, what was.
func (s *Service) redraft(ctx context.Context, e *QueueEntry, values catalog.Values, filing bool) (record.Draft, string, error) {
	row, f, err := s.recheck(ctx, e, values, filing)
	if err != nil {
		return record.Draft{}, "", err
	}
	if row.Claim.Kind == catalog.Person {
		return record.Draft{}, "", ErrPerson // an organisation never takes over what is about a person
	}
	return row.Draft, basisOf(f.Item), nil
}
