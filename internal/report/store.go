package report

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"gongxin/internal/db"
	"gongxin/internal/gm"
	"gongxin/internal/record"
)

// store keeps reports.
type store struct {
	db   *db.DB
	ring *gm.KeyRing
}

// stored is a row of the table.
type stored struct {
	Report
	asOf      int64
	whoKind   string
	whoID     int64
	agency    int64
	codeHash  string
	sealed    string
	pdfSigned []byte
	prunedAt  int64
}

// maxDocument bounds a document when it is unpacked.
const maxDocument = 64 << 20

func label(number string) string { return "report/document/" + number }

// seal packs and seals a document. Standard reports too: their verification code stands in them.
func (s *store) seal(number string, document []byte) (string, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return "", fmt.Errorf("report: pack: %w", err)
	}
	if _, err = w.Write(document); err == nil {
		err = w.Close()
	}
	if err != nil {
		return "", fmt.Errorf("report: pack: %w", err)
	}
	return s.ring.Seal(label(number), base64.RawStdEncoding.EncodeToString(b.Bytes())), nil
}

// open reads the document of a row.
func (s *store) open(r *stored) error {
	if r.prunedAt != 0 {
		return ErrPruned
	}
	var err error
	if r.Document, err = s.unseal(r); err != nil {
		return err
	}
	d, err := Decode(r.Document)
	if err != nil {
		return err
	}
	r.Code = d.Code
	return nil
}

// unseal reads what stands in a row in place of the document, which is it as a rule.
func (s *store) unseal(r *stored) ([]byte, error) {
	text, err := s.ring.Open(label(r.Number), r.sealed)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	packed, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, errBroken
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, errBroken
	}
	raw, err := io.ReadAll(io.LimitReader(z, maxDocument))
	if err = errors.Join(err, z.Close()); err != nil {
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	return raw, nil
}

func (s *store) insert(ctx context.Context, tx *db.Tx, o *Order, d *Document, r *Report, codeHash string, access int64) error {
	sealed, err := s.seal(r.Number, r.Document)
	if err != nil {
		return err
	}
	w := o.Who.Who(cmp.Or(o.Purpose.Agency, o.Unit))
	_, err = tx.ExecContext(ctx, `INSERT INTO report (number, kind, subject_id, created_at, as_of, period_from, period_to, fields, who_kind, who_id, agency_id, consent_id,
		access_id, batch, code_hash, digest, document, key_id, signature, pdf_signature)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
		r.Number, string(r.Kind), r.Subject, r.CreatedAt.UnixMicro(), d.AsOf.UnixMicro(), int64(o.From), int64(o.To), strings.Join(o.Areas, " "), w.Kind, w.ID, w.Agency,
		o.Purpose.Consent, access, o.Batch, codeHash, r.Digest, sealed, r.KeyID, r.Signature, []byte{})
	if err != nil {
		return fmt.Errorf("report: insert: %w", err)
	}
	var rows [][]any
	d.records(func(_ *Item, rec *Record) {
		if at, err := record.ParseID(rec.ID); err == nil {
			rows = append(rows, []any{at.Subject, at.Key, r.Number, int64(rec.Version)})
		}
	})
	if len(rows) == 0 {
		return nil
	}
	if _, err := tx.CopyFrom(ctx, "report_row", []string{"subject_id", "record_key", "number", "version"}, each(rows)); err != nil {
		return fmt.Errorf("report: insert rows: %w", err)
	}
	return nil
}

// each gives rows to CopyFrom.
func each(rows [][]any) db.Rows {
	i := -1
	return func() ([]any, error) {
		if i++; i >= len(rows) {
			return nil, nil
		}
		return rows[i], nil
	}
}

func (s *store) byNumber(ctx context.Context, number string) (r stored, ok bool, err error) {
	return s.byNumberIn(ctx, s.db.Read(), number)
}

func (s *store) byNumberIn(ctx context.Context, q db.Querier, number string) (r stored, ok bool, err error) {
	var kind string
	var created int64
	err = q.QueryRowContext(ctx, `SELECT number, kind, subject_id, created_at, as_of, who_kind, who_id, agency_id, code_hash, digest, document, key_id, signature,
		pdf_signature, pruned_at FROM report WHERE number = $1`, number).Scan(&r.Number, &kind, &r.Subject, &created, &r.asOf, &r.whoKind, &r.whoID, &r.agency, &r.codeHash, &r.Digest,
		&r.sealed, &r.KeyID, &r.Signature, &r.pdfSigned, &r.prunedAt)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	if err != nil {
		return r, false, fmt.Errorf("report: by number: %w", err)
	}
	r.Kind, r.CreatedAt = Kind(kind), record.Micros(created)
	return r, true, nil
}

func (s *store) ofSubject(ctx context.Context, of int64, limit int) ([]Report, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT number, kind, created_at FROM report WHERE subject_id = $1 AND kind <> $2 ORDER BY created_at DESC, number DESC LIMIT $3`,
		of, string(Standard), limit)
	if err != nil {
		return nil, fmt.Errorf("report: list: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Report
	for rows.Next() {
		r := Report{Subject: of}
		var kind string
		var created int64
		if err := rows.Scan(&r.Number, &kind, &created); err != nil {
			return nil, fmt.Errorf("report: list: %w", err)
		}
		r.Kind, r.CreatedAt = Kind(kind), record.Micros(created)
		out = append(out, r)
	}
	return out, rows.Err()
}

// texts reads rows of one text.
func texts(rows *sql.Rows) (out []string, err error) {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("report: numbers: %w", err)
		}
		out = append(out, text)
	}
	return out, rows.Err()
}

// rows gives what was handed out with a report.
func (s *store) rows(ctx context.Context, subject int64, number string) (map[int64]int, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT record_key, version FROM report_row WHERE subject_id = $1 AND number = $2`, subject, number)
	if err != nil {
		return nil, fmt.Errorf("report: rows: %w", err)
	}
	defer func() { _ = rows.Close() }()
	out := map[int64]int{}
	for rows.Next() {
		var key int64
		var version int
		if err := rows.Scan(&key, &version); err != nil {
			return nil, fmt.Errorf("report: rows: %w", err)
		}
		out[key] = version
	}
	return out, rows.Err()
}

// signedPDF keeps the signature of a report's PDF. The first one stays, so that every download is the same.
func (s *store) signedPDF(ctx context.Context, number string, old, signature []byte) (first bool, err error) {
	if old == nil {
		old = []byte{} // NULL equals nothing
	}
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE report SET pdf_signature = $3 WHERE number = $1 AND pdf_signature = $2`, number, old, signature)
		if err != nil {
			return fmt.Errorf("report: keep signature: %w", err)
		}
		n, err := res.RowsAffected()
		first = n == 1
		return err
	}, db.ReadCommitted)
	return first, err
}

// Handed is a report that a record went into.
type Handed struct {
	Number    string
	Kind      Kind
	CreatedAt int64 // microseconds since 1970
	Version   int   // of the record
	WhoKind   string
	WhoID     int64 // account that it was made for; 0 = nobody signed in
	Agency    int64
}

// Holders lists the reports that a record was handed out with, oldest first: whom a correction of it must be told.
func (s *Service) Holders(ctx context.Context, q db.Querier, at record.ID) ([]Handed, error) {
	rows, err := q.QueryContext(ctx, `SELECT number, version FROM report_row WHERE subject_id = $1 AND record_key = $2 ORDER BY number`, at.Subject, at.Key)
	if err != nil {
		return nil, fmt.Errorf("report: holders: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Handed
	for rows.Next() {
		var h Handed
		if err := rows.Scan(&h.Number, &h.Version); err != nil {
			return nil, fmt.Errorf("report: holders: %w", err)
		}
		out = append(out, h)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, fmt.Errorf("report: holders: %w", err)
	}
	// The rows lie with their subject and the reports by their number: look up, then ask. A number begins with its moment, so the order is that of time.
	for i := range out {
		h := &out[i]
		var kind string
		err := q.QueryRowContext(ctx, `SELECT kind, created_at, who_kind, who_id, agency_id FROM report WHERE number = $1`, h.Number).
			Scan(&kind, &h.CreatedAt, &h.WhoKind, &h.WhoID, &h.Agency)
		if err != nil {
			return nil, fmt.Errorf("report: holders: %w", err)
		}
		h.Kind = Kind(kind)
	}
	return out, nil
}

// Resealer gives the store of documents, for the exchange of keys.
func (s *Service) Resealer() gm.Resealer { return resealer{&s.store} }

type resealer struct{ s *store }

// Name says what is resealed.
func (resealer) Name() string { return "报告" }

// Stale counts the documents under older keys.
func (r resealer) Stale(ctx context.Context) (n int64, err error) {
	prefix := r.s.ring.Prefix()
	err = r.s.db.Read().QueryRowContext(ctx, `SELECT count(*) FROM report WHERE substr(document, 1, $1) <> $2`, len(prefix), prefix).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("report: stale: %w", err)
	}
	return n, nil
}

// Reseal puts documents behind a number under the current key.
func (r resealer) Reseal(ctx context.Context, after string, limit int) (next string, done int, err error) {
	err = r.s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		next, done = "", 0
		list, err := sealedAfter(ctx, tx, after, limit)
		if err != nil {
			return err
		}
		for _, x := range list {
			sealed, err := r.s.ring.Reseal(label(x[0]), x[1])
			if err != nil {
				return err
			}
			if sealed == x[1] {
				continue
			}
			if _, err := tx.ExecContext(ctx, `UPDATE report SET document = $2 WHERE number = $1`, x[0], sealed); err != nil {
				return err
			}
			done++
		}
		if len(list) == limit {
			next = list[len(list)-1][0]
		}
		return nil
	})
	if err != nil {
		return "", 0, fmt.Errorf("report: reseal: %w", err)
	}
	return next, done, nil
}

func sealedAfter(ctx context.Context, tx *db.Tx, after string, limit int) (list [][2]string, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT number, document FROM report WHERE number > $1 ORDER BY number LIMIT $2`, after, limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var x [2]string
		if err := rows.Scan(&x[0], &x[1]); err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, rows.Err()
}
