package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/sheet"
)

// Receipt answers a filing: every row received is counted once, and every row that is not plainly accepted is named with its reasons.
type Receipt struct {
	ID         string           `json:"id"`
	Item       catalog.ItemCode `json:"item"`
	Unit       string           `json:"unit"`
	State      State            `json:"state"`
	File       string           `json:"file"`
	Edition    string           `json:"edition"`
	ReceivedAt time.Time        `json:"receivedAt"`
	FinishedAt time.Time        `json:"finishedAt,omitzero"`
	SameAs     string           `json:"sameAs,omitempty"` // an earlier filing of the same file
	Received   int              `json:"received"`
	Counts
	Failure  *Failure     `json:"failure,omitempty"`
	Mapping  Mapping      `json:"mapping"`
	Progress float64      `json:"progress"` // share of the file's bytes that are answered, 0…1
	Rows     []ReceiptRow `json:"rows"`
	NextRow  int          `json:"nextRow,omitempty"` // rows behind this one follow; ask with after=
}

// ReceiptRow is the answer to one row.
type ReceiptRow struct {
	Row     int              `json:"row"`  // data rows from 1
	Line    int              `json:"line"` // where it stands in the file
	Outcome string           `json:"outcome"`
	Late    bool             `json:"late"`
	Reasons []catalog.Reason `json:"reasons"`
}

// Receipt gives a submission's receipt with rows behind one, at most limit of them.
func (s *Service) Receipt(ctx context.Context, id string, after, limit int) (*Receipt, error) {
	sub, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	r, err := s.head(ctx, sub)
	if err != nil {
		return nil, err
	}
	r.Rows = []ReceiptRow{}
	for row, err := range s.rows(ctx, id, after, limit+1) {
		if err != nil {
			return nil, err
		}
		if len(r.Rows) == limit {
			r.NextRow = r.Rows[limit-1].Row
			break
		}
		r.Rows = append(r.Rows, row)
	}
	return r, nil
}

func (s *Service) head(ctx context.Context, sub *Submission) (*Receipt, error) {
	unit, err := s.Agencies.ByID(ctx, sub.Agency)
	if err != nil {
		return nil, err
	}
	r := &Receipt{
		ID: sub.ID, Item: sub.Item, Unit: unit.Code, State: sub.State, File: sub.FileName, Edition: sub.Edition, ReceivedAt: sub.ReceivedAt,
		FinishedAt: sub.FinishedAt, SameAs: sub.SameAs, Received: sub.Counts.Received(), Counts: sub.Counts, Failure: sub.Failure, Mapping: sub.Mapping,
	}
	switch {
	case sub.State == Done:
		r.Progress = 1
	case sub.FileBytes > 0:
		r.Progress = min(1, float64(sub.BytesDone)/float64(sub.FileBytes))
	}
	return r, nil
}

// rows gives the kept rows behind one, in order.
func (s *Service) rows(ctx context.Context, id string, after, limit int) iter.Seq2[ReceiptRow, error] {
	return func(yield func(ReceiptRow, error) bool) {
		rows, err := s.db.Read().QueryContext(ctx, `SELECT row_no, line_no, outcome, late, reasons FROM submission_row WHERE submission_id = $1 AND row_no > $2
			ORDER BY row_no LIMIT $3+0`, id, after, limit)
		if err != nil {
			yield(ReceiptRow{}, fmt.Errorf("ingest: receipt rows: %w", err))
			return
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var r ReceiptRow
			var late int
			var reasons string
			err := rows.Scan(&r.Row, &r.Line, &r.Outcome, &late, &reasons)
			if err == nil {
				err = json.Unmarshal([]byte(reasons), &r.Reasons)
			}
			r.Late = late == 1
			if !yield(r, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(ReceiptRow{}, err)
		}
	}
}

// unlimited is more rows than any file has.
const unlimited = 1<<31 - 1

// WriteReceipt writes the whole receipt as JSON, row by row, so that its size does not matter; all adds the plainly accepted rows.
func (s *Service) WriteReceipt(ctx context.Context, w io.Writer, id string, all bool) error {
	sub, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	head, err := s.head(ctx, sub)
	if err != nil {
		return err
	}
	head.Rows = []ReceiptRow{}
	raw, err := json.Marshal(head)
	if err != nil {
		return err
	}
	const mark = `"rows":[]`
	cut := lastIndex(raw, mark) + len(mark) - 1
	if _, err := w.Write(raw[:cut]); err != nil {
		return err
	}
	rows := s.rows(ctx, id, 0, unlimited)
	if all && sub.State == Done {
		rows = s.everyRow(ctx, sub)
	}
	first := true
	for row, err := range rows {
		if err != nil {
			return err
		}
		line, err := json.Marshal(row)
		if err != nil {
			return err
		}
		if !first {
			line = append([]byte(","), line...)
		}
		first = false
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	_, err = w.Write(append(raw[cut:], '\n'))
	return err
}

func lastIndex(raw []byte, mark string) int {
	for i := len(raw) - len(mark); i >= 0; i-- {
		if string(raw[i:i+len(mark)]) == mark {
			return i
		}
	}
	return -1
}

// everyRow gives every row of the file: the kept ones, and between them the plainly accepted ones, whose lines are read from the file again.
func (s *Service) everyRow(ctx context.Context, sub *Submission) iter.Seq2[ReceiptRow, error] {
	return func(yield func(ReceiptRow, error) bool) {
		f, err := s.filing(ctx, sub)
		if err != nil {
			yield(ReceiptRow{}, err)
			return
		}
		reader, err := s.open(sub, f.Item)
		if err != nil {
			yield(ReceiptRow{}, err)
			return
		}
		defer func() { _ = reader.Close() }()
		next, stop := iter.Pull2(s.rows(ctx, sub.ID, 0, unlimited))
		defer stop()
		kept, err, more := next()
		var row sheet.Row
		for {
			if more && err != nil {
				yield(ReceiptRow{}, err)
				return
			}
			readErr := reader.Next(&row)
			if errors.Is(readErr, io.EOF) {
				return
			}
			if readErr != nil {
				yield(ReceiptRow{}, readErr)
				return
			}
			out := ReceiptRow{Row: row.N, Line: row.Line, Outcome: accepted, Reasons: []catalog.Reason{}}
			if more && kept.Row == row.N {
				out = kept
				kept, err, more = next()
			}
			if !yield(out, nil) {
				return
			}
		}
	}
}

// marked turns a row's reasons into marks on its cells.
func marked(row *ReceiptRow, columns map[string]int) sheet.MarkedRow {
	m := sheet.MarkedRow{Row: row.Row}
	for _, r := range row.Reasons {
		column, ok := columns[r.Field]
		if !ok {
			column = -1
		}
		m.Marks = append(m.Marks, sheet.Mark{Column: column, Code: r.Code, Severity: r.Severity, Message: r.Message, Fix: r.Fix})
	}
	return m
}
