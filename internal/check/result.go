package check

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
)

// WriteResult writes the answers of a finished batch as CSV (UTF-8 with its mark, for spreadsheets), in the order of the list. It is made anew of the sealed
// answers each time; that it was taken is an act, on file before the first line leaves.
func (s *Service) WriteResult(ctx context.Context, who authz.Actor, batch int64, w io.Writer) error {
	b, err := s.Batch(ctx, who, batch)
	if err != nil {
		return err
	}
	if b.State == Waiting || b.State == Running {
		return ErrUnfinished
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return s.Log.WriteAct(ctx, tx, audit.Act{Who: who.Who(b.Agency), Action: "check.batch_result", Entity: "check_batch:" + strconv.FormatInt(batch, 10)})
	})
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	_, _ = out.WriteString("\ufeff")
	lines := csv.NewWriter(out)
	_ = lines.Write([]string{"序号", "统一社会信用代码", "主体", "结果", "说明", "失信记录", "守信记录", "名单", "本事项可以采取的措施", "回执编号", "查询时点"})
	for after := 0; ; {
		rows, err := s.resultRows(ctx, batch, after)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			lines.Flush()
			if err := lines.Error(); err != nil {
				return err
			}
			return out.Flush()
		}
		for i := range rows {
			line, err := s.resultLine(&rows[i])
			if err != nil {
				return err
			}
			if err := lines.Write(line); err != nil {
				return err
			}
			after = rows[i].place.at
		}
	}
}

type resultRow struct {
	tick
	stored *stored
}

const resultPart = 500

// resultRows gives the next lines with their answers: the lines first, then their answers by number.
func (s *Service) resultRows(ctx context.Context, batch int64, after int) ([]resultRow, error) {
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT place, code, receipt_id, why FROM check_batch_row WHERE batch_id = $1 AND place > $2 ORDER BY place LIMIT $3+0`, batch, after, resultPart)
	if err != nil {
		return nil, fmt.Errorf("check: result: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []resultRow
	var receipts []any
	for rows.Next() {
		var r resultRow
		if err := rows.Scan(&r.place.at, &r.place.code, &r.receipt, &r.why); err != nil {
			return nil, err
		}
		if r.receipt > 0 {
			receipts = append(receipts, r.receipt)
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil || len(receipts) == 0 {
		return out, err
	}
	answers, err := s.answers(ctx, receipts)
	for i := range out {
		out[i].stored = answers[out[i].receipt]
	}
	return out, err
}

func (s *Service) answers(ctx context.Context, receipts []any) (map[int64]*stored, error) {
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT receipt_id, digest, document FROM check_answer WHERE receipt_id IN `+db.In(len(receipts), 1), receipts...)
	if err != nil {
		return nil, fmt.Errorf("check: result: %w", err)
	}
	defer func() { _ = rows.Close() }()
	out := map[int64]*stored{}
	for rows.Next() {
		var r stored
		if err := rows.Scan(&r.receipt, &r.digest, &r.sealed); err != nil {
			return nil, err
		}
		out[r.receipt] = &r
	}
	return out, rows.Err()
}

func (s *Service) resultLine(r *resultRow) ([]string, error) {
	line := []string{strconv.Itoa(r.place.at), r.place.code, "", "未作答", r.why, "", "", "", "", "", ""}
	if r.stored == nil {
		return cells(line), nil
	}
	line[9] = strconv.FormatInt(r.receipt, 10)
	g, err := s.open(r.stored)
	if err == ErrGone { //nolint:errorlint // open gives it as it is
		line[3], line[4] = "已过保存期限", ErrGone.Message
		return cells(line), nil
	}
	if err != nil {
		return nil, err
	}
	a := g.Answer
	adverse, good := 0, 0
	for i := range a.Hits {
		if a.Hits[i].Polarity == Adverse {
			adverse++
		} else {
			good++
		}
	}
	var lists, measures []string
	for i := range a.Lists {
		if name := a.Lists[i].shown(); !slices.Contains(lists, name) {
			lists = append(lists, name)
		}
	}
	for i := range a.Measures {
		measures = append(measures, a.Measures[i].Content)
	}
	line[2], line[3], line[4] = a.Subject.Name, "未命中", a.Result
	if a.Outcome == Hit {
		line[3] = "命中"
	}
	line[5], line[6], line[7], line[8] = strconv.Itoa(adverse), strconv.Itoa(good), strings.Join(lists, "、"), strings.Join(measures, "；")
	line[10] = a.AsOf.In(clock.Zone).Format("2006-01-02 15:04:05")
	return cells(line), nil
}

// cells keeps spreadsheets from taking a text for a formula, and long numbers from losing their last digits.
func cells(line []string) []string {
	for i, c := range line {
		if c != "" && strings.ContainsRune("=+-@\t", rune(c[0])) {
			line[i] = "'" + c
		}
	}
	if line[9] != "" {
		line[9] = "\t" + line[9]
	}
	return line
}
