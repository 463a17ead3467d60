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
// answers each time; that it was taken is an act, on file before the first line leaves,
// and each subject's answer that is given again a look of its own, on file before its part of the lines is made.
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
		given, err := s.openAll(rows)
		if err != nil {
			return err
		}
		if err := s.handOut(ctx, who, b, rows, given); err != nil {
			return err
		}
		for i := range rows {
			line := resultLine(&rows[i], given[i])
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
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT receipt_id, subject_id, digest, document FROM check_answer WHERE receipt_id IN `+db.In(len(receipts), 1), receipts...)
	if err != nil {
		return nil, fmt.Errorf("check: result: %w", err)
	}
	defer func() { _ = rows.Close() }()
	out := map[int64]*stored{}
	for rows.Next() {
		var r stored
		if err := rows.Scan(&r.receipt, &r.subject, &r.digest, &r.sealed); err != nil {
			return nil, err
		}
		out[r.receipt] = &r
	}
	return out, rows.Err()
}

// openAll unseals the answers of some lines; nil stands for a line without one, and for one whose text is gone.
func (s *Service) openAll(rows []resultRow) ([]*Given, error) {
	out := make([]*Given, len(rows))
	for i := range rows {
		if rows[i].stored == nil {
			continue
		}
		g, err := s.open(rows[i].stored)
		if err != nil && err != ErrGone { //nolint:errorlint // open gives it as it is
			return nil, err
		}
		out[i] = g
	}
	return out, nil
}

// handOut puts on file that the answers of some lines are given again: each subject sees it, for the matter and on the basis of the check itself.
func (s *Service) handOut(ctx context.Context, who authz.Actor, b *Batch, rows []resultRow, given []*Given) error {
	now := s.Clock.Now()
	var list []audit.Access
	var asked []audit.Looked
	for i, g := range given {
		if g == nil {
			continue
		}
		of := rows[i].stored.subject
		list = append(list, audit.Access{
			At: now, Who: who.Who(b.Agency), Subject: of, Matter: b.Matter, Basis: g.Answer.Basis, What: ReadAgain, Outcome: audit.Answered, Records: refs(g.Answer),
		})
		asked = append(asked, audit.Looked{Agency: b.Agency, Subject: of})
	}
	if len(list) == 0 {
		return nil
	}
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		hidden, err := s.Log.SecrecyOf(ctx, tx, asked, now)
		if err != nil {
			return err
		}
		for i := range list {
			h := hidden[asked[i]]
			list[i].HiddenUntil, list[i].SecrecyBasis = h.Until, h.Basis
		}
		_, err = s.Log.WriteMany(ctx, tx, list)
		return err
	}, db.ReadCommitted)
	if err != nil {
		return fmt.Errorf("check: result: %w", err)
	}
	return nil
}

func resultLine(r *resultRow, g *Given) []string {
	line := []string{strconv.Itoa(r.place.at), r.place.code, "", "未作答", r.why, "", "", "", "", "", ""}
	if r.stored == nil {
		return cells(line)
	}
	line[9] = strconv.FormatInt(r.receipt, 10)
	if g == nil {
		line[3], line[4] = "已过保存期限", ErrGone.Message
		return cells(line)
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
	return cells(line)
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
