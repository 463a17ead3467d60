package check

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
	"gongxin/internal/record"
)

// answerColumns are the columns of an answer, in the order in which write fills them.
var answerColumns = []string{
	"receipt_id", "set_id", "subject_id", "agency_id", "matter", "month", "at", "as_of", "outcome", "hits", "lists", "measures", "who_kind", "who_id", "batch_id", "fed", "digest", "document",
}

// write puts answers on file. One act binds the digests of a set: SHA-256 over the lines "RECEIPT DIGEST" of its answers, in the order of their receipts.
func (s *Service) write(ctx context.Context, tx *db.Tx, list []publish.Keeping) error {
	var rows [][]any
	var acts []audit.Act
	at := s.Clock.Now().UTC().Truncate(time.Microsecond)
	for _, x := range list {
		k, ok := x.Keeper.(*keeper)
		if !ok || len(x.Answers) == 0 {
			continue
		}
		who, lines := k.ask.Who, sha256.New()
		first := k.rows[x.Answers[0].At]
		for _, of := range x.Answers {
			r := &k.rows[of.At]
			a := r.given.Answer
			rows = append(rows, []any{
				r.receipt, first.receipt, r.subject, r.given.Agency, a.Matter, int64(monthOf(at)), at.UnixMicro(), a.AsOf.UnixMicro(), string(a.Outcome), int64(len(a.Hits)),
				int64(len(a.Lists)), int64(len(a.Measures)), string(who.Kind), who.ID, k.batch, int64(0), r.given.Digest, r.sealed,
			})
			_, _ = fmt.Fprintf(lines, "%d %s\n", r.receipt, r.given.Digest)
		}
		acts = append(acts, audit.Act{
			Who: who.Who(first.given.Agency), Action: "check.make", Entity: "check:" + strconv.FormatInt(first.receipt, 10),
			Detail: "answers=" + strconv.Itoa(len(x.Answers)) + " digest=" + hex.EncodeToString(lines.Sum(nil)),
		})
	}
	if len(rows) == 0 {
		return nil
	}
	if err := insert(ctx, tx, rows); err != nil {
		return fmt.Errorf("check: write: %w", err)
	}
	return s.Log.WriteActs(ctx, tx, acts)
}

// insert puts one answer in by a statement and many in bulk: statements of many rows are slow on SQLite, and COPY of one row is on PostgreSQL.
func insert(ctx context.Context, tx *db.Tx, rows [][]any) error {
	if len(rows) == 1 {
		_, err := tx.ExecContext(ctx, `INSERT INTO check_answer (receipt_id, set_id, subject_id, agency_id, matter, month, at, as_of, outcome, hits, lists, measures, who_kind, who_id,
			batch_id, fed, digest, document) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`, rows[0]...)
		return err
	}
	_, err := tx.CopyFrom(ctx, "check_answer", answerColumns, func() ([]any, error) {
		if len(rows) == 0 {
			return nil, nil
		}
		row := rows[0]
		rows = rows[1:]
		return row, nil
	})
	return err
}

// monthOf is the month of an instant in China, as 202611.
func monthOf(t time.Time) int {
	y, m, _ := clock.DateOf(t).YMD()
	return y*100 + m
}

// stored is an answer as it is on file.
type stored struct {
	receipt, subject, agency int64
	matter                   string
	at                       time.Time
	outcome                  Outcome
	fed                      bool
	digest, sealed           string
}

func (s *Service) find(ctx context.Context, receipt string) (*stored, error) {
	n, err := strconv.ParseInt(receipt, 10, 64)
	if err != nil || n <= 0 || strconv.FormatInt(n, 10) != receipt {
		return nil, ErrNone
	}
	r := stored{receipt: n}
	var at int64
	var fed int
	err = s.DB.Read().QueryRowContext(ctx, `SELECT subject_id, agency_id, matter, at, outcome, fed, digest, document FROM check_answer WHERE receipt_id = $1`, n).
		Scan(&r.subject, &r.agency, &r.matter, &at, &r.outcome, &fed, &r.digest, &r.sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("check: find: %w", err)
	}
	r.at, r.fed = time.UnixMicro(at).UTC(), fed != 0
	return &r, nil
}

// unseal gives the bytes of an answer; those that are not what their digest says are a defect and are not given.
func (s *Service) unseal(r *stored) ([]byte, error) {
	if r.sealed == "" {
		return nil, ErrGone
	}
	kept, err := s.Ring.Open(label(strconv.FormatInt(r.receipt, 10)), r.sealed)
	if err != nil {
		return nil, fmt.Errorf("check: open: %w", err)
	}
	raw, err := unpack(kept)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	if hex.EncodeToString(sum[:]) != r.digest {
		return nil, errors.New("check: an answer is not what its digest says")
	}
	return raw, nil
}

// open unseals an answer and reads it.
func (s *Service) open(r *stored) (*Given, error) {
	raw, err := s.unseal(r)
	if err != nil {
		return nil, err
	}
	a := &Answer{}
	if err := json.Unmarshal(raw, a); err != nil {
		return nil, fmt.Errorf("check: open: %w", err)
	}
	return &Given{Answer: a, JSON: raw, Digest: r.digest, Agency: r.agency, FedOn: r.fed}, nil
}

// Again gives an answer once more, byte for byte, to the unit that asked for it. That is a look at what is not public, and is logged as one.
func (s *Service) Again(ctx context.Context, who authz.Actor, receipt string) (*Given, error) {
	r, err := s.find(ctx, receipt)
	if err != nil {
		return nil, err
	}
	if err := s.see(ctx, who, authz.CheckRead, r, ErrNone); err != nil {
		return nil, hidden(err)
	}
	g, err := s.open(r)
	if err != nil {
		return nil, err
	}
	entry := audit.Access{Who: who.Who(r.agency), Subject: r.subject, Matter: r.matter, Basis: g.Answer.Basis, What: ReadAgain, Outcome: audit.Answered}
	entry.Records = refs(g.Answer)
	now := s.Clock.Now()
	if entry.HiddenUntil, entry.SecrecyBasis, err = s.Log.Secrecy(ctx, s.DB.Read(), r.agency, r.subject, now); err != nil {
		return nil, err
	}
	if _, err := s.Log.Record(ctx, entry); err != nil {
		return nil, err
	}
	return g, nil
}

// hidden makes of a refusal by unit the answer that there is no such thing; who is not signed in, or has to prove more, is told so.
func hidden(err error) error {
	if errors.Is(err, authz.ErrDenied) {
		return ErrNone
	}
	return err
}

// Summary is one check of a unit in a list: what it was about and what came of it, without the answer.
type Summary struct {
	Receipt int64
	Subject int64
	Matter  string
	At      time.Time
	Outcome Outcome
	Hits    int
	Fed     bool
}

// Recent gives the newest checks of an account in a unit.
func (s *Service) Recent(ctx context.Context, who authz.Actor, unit int64, limit int) ([]Summary, error) {
	if err := s.may(ctx, who, authz.CheckRead, unit); err != nil {
		return nil, err
	}
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT receipt_id, subject_id, matter, at, outcome, hits, fed FROM check_answer
		WHERE agency_id = $1 AND who_id = $2 AND batch_id = 0 ORDER BY at DESC, receipt_id DESC LIMIT $3+0`, unit, who.ID, limit)
	if err != nil {
		return nil, fmt.Errorf("check: recent: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Summary
	for rows.Next() {
		var x Summary
		var at int64
		var fed int
		if err := rows.Scan(&x.Receipt, &x.Subject, &x.Matter, &at, &x.Outcome, &x.Hits, &fed); err != nil {
			return nil, err
		}
		x.At, x.Fed = time.UnixMicro(at).UTC(), fed != 0
		out = append(out, x)
	}
	return out, rows.Err()
}

// sweepRows is how many answers one transaction of a sweep empties.
const sweepRows = 500

// Sweep deletes the text of answers whose time is over, and gives how many those were. That they were given stays. Tickets that nobody opened go as well.
func (s *Service) Sweep(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "check.Sweep")
	for _, over := range s.Retention.over(clock.Today(s.Clock)) {
		for {
			done := 0
			err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
				res, err := tx.ExecContext(ctx, `UPDATE check_answer SET document = '' WHERE receipt_id IN (SELECT receipt_id FROM check_answer
					WHERE document <> '' AND at >= $1 AND at < $2 ORDER BY at LIMIT $3+0)`, over.from.UnixMicro(), over.until.UnixMicro(), sweepRows)
				if err != nil {
					return err
				}
				rows, err := res.RowsAffected()
				done = int(rows)
				return err
			}, db.ReadCommitted)
			if err != nil {
				return n, err
			}
			if n += done; done < sweepRows {
				break
			}
		}
	}
	return n, s.sweepTickets(ctx)
}

// refs names the records of an answer for the access log.
func refs(a *Answer) []audit.Ref {
	out := make([]audit.Ref, 0, len(a.Hits)+len(a.Others))
	for _, list := range [][]Finding{a.Hits, a.Others} {
		for i := range list {
			out = appendRef(out, list[i].Record, list[i].Version)
		}
	}
	return out
}

func appendRef(out []audit.Ref, id string, version int) []audit.Ref {
	if at, err := record.ParseID(id); err == nil { // the register made it
		out = append(out, audit.Ref{Subject: at.Subject, Key: at.Key, Version: version})
	}
	return out
}
