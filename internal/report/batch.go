package report

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"

	"gongxin/internal/fault"
)

// maxBatch is how many reports one archive holds at most.
const maxBatch = 1000

// Batch writes one archive with a report for each order, as PDF, and a table of what became of each. It streams: a report is in the archive as soon as it is
// made. An order that is refused is a line of the table and no error; what stops everything is one.
func (s *Service) Batch(ctx context.Context, orders []Order, w io.Writer, name func(i int) string) error {
	if err := CheckBatch(len(orders)); err != nil {
		return err
	}
	if _, err := s.c.Fonts(); err != nil {
		return err
	}
	z := zip.NewWriter(w)
	var table bytes.Buffer
	table.WriteString("\ufeff")
	rows := csv.NewWriter(&table)
	_ = rows.Write([]string{"序号", "主体", "结果", "报告编号", "核验码", "说明"}) // a buffer takes everything
	for i := range orders {
		r, err := s.oneOf(ctx, &orders[i], z)
		var f *fault.Error
		switch {
		case err == nil:
			_ = rows.Write([]string{fmt.Sprint(i + 1), name(i), "已生成", r.Number, r.Code, ""})
		case errors.As(err, &f) && f.Kind != fault.Internal && ctx.Err() == nil:
			_ = rows.Write([]string{fmt.Sprint(i + 1), name(i), "未生成", "", "", f.Message})
		default:
			return err
		}
		if err := z.Flush(); err != nil {
			return fmt.Errorf("report: batch: %w", err)
		}
	}
	rows.Flush()
	entry, err := z.Create("结果.csv")
	if err != nil {
		return fmt.Errorf("report: batch: %w", err)
	}
	if _, err := entry.Write(table.Bytes()); err != nil {
		return fmt.Errorf("report: batch: %w", err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("report: batch: %w", err)
	}
	return nil
}

// CheckBatch refuses an empty batch and one that is too long.
func CheckBatch(n int) error {
	if n < 1 || n > maxBatch {
		return ErrMany
	}
	return nil
}

// oneOf makes one report of a batch and puts it into the archive. A PDF does not get smaller by packing.
func (s *Service) oneOf(ctx context.Context, o *Order, z *zip.Writer) (*Report, error) {
	r, err := s.Create(ctx, *o)
	if err != nil {
		return nil, err
	}
	raw, err := s.Print(ctx, r)
	if err != nil {
		return nil, err
	}
	entry, err := z.CreateHeader(&zip.FileHeader{Name: r.Number + ".pdf", Method: zip.Store, Modified: r.CreatedAt})
	if err != nil {
		return nil, fmt.Errorf("report: batch: %w", err)
	}
	if _, err := entry.Write(raw); err != nil {
		return nil, fmt.Errorf("report: batch: %w", err)
	}
	return r, nil
}
