package check

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/sheet"
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
	ctx, stop := context.WithCancel(ctx)
	next := s.readAhead(ctx, batch)
	defer func() {
		stop()
		for range next { // until the reader has ended
		}
	}()
	for p := range next {
		if p.err != nil {
			return p.err
		}
		if err := s.handOut(ctx, who, b, &p); err != nil {
			return err
		}
		for i := range p.rows {
			if err := lines.Write(resultLine(&p.rows[i], p.said[i])); err != nil {
				return err
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return err // the reader ended for that: a part must not be taken for the whole
	}
	lines.Flush()
	if err := lines.Error(); err != nil {
		return err
	}
	return out.Flush()
}

// part is some lines of a result, with what their answers said; nil stands for a line without an answer, and for one whose text is gone.
type part struct {
	rows []resultRow
	said []*outline
	err  error
}

// readAhead reads and unseals the lines of a batch, one part ahead of whoever puts them on file and writes them. The channel closes behind the last one, behind an
// error, and when ctx ends.
func (s *Service) readAhead(ctx context.Context, batch int64) <-chan part {
	out := make(chan part, 1)
	go func() {
		defer close(out)
		for after := 0; ; {
			p := s.readPart(ctx, batch, after)
			if p.err == nil && len(p.rows) == 0 {
				return
			}
			select {
			case out <- p:
			case <-ctx.Done():
				return
			}
			if p.err != nil {
				return
			}
			after = p.rows[len(p.rows)-1].place.at
		}
	}()
	return out
}

func (s *Service) readPart(ctx context.Context, batch int64, after int) (p part) {
	defer func() {
		if v := recover(); v != nil { // nobody above this would catch it
			p.err = fmt.Errorf("check: result: %v", v)
		}
	}()
	if p.rows, p.err = s.resultRows(ctx, batch, after); p.err == nil {
		p.said, p.err = s.outlines(p.rows)
	}
	return p
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

// outline is what of an answer stands in a line of a result and in the access log; reading no more of it takes half the time.
type outline struct {
	Result  string  `json:"result"`
	Outcome Outcome `json:"outcome"`
	Subject struct {
		Name string `json:"name"`
	} `json:"subject"`
	Basis    string    `json:"basis"`
	Hits     []mention `json:"hits"`
	Others   []mention `json:"others"`
	Lists    []Listed  `json:"lists"`
	Measures []struct {
		Content string `json:"content"`
	} `json:"measures"`
	AsOf time.Time `json:"asOf"`
}

// mention is a finding as far as an outline has it.
type mention struct {
	Record   string   `json:"record"`
	Version  int      `json:"version"`
	Polarity Polarity `json:"polarity"`
}

// outlines unseals the answers of some lines.
func (s *Service) outlines(rows []resultRow) ([]*outline, error) {
	out := make([]*outline, len(rows))
	for i := range rows {
		if rows[i].stored == nil {
			continue
		}
		raw, err := s.unseal(rows[i].stored)
		if errors.Is(err, ErrGone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out[i] = &outline{}
		if err := json.Unmarshal(withoutFields(raw), out[i]); err != nil {
			return nil, fmt.Errorf("check: result: %w", err)
		}
	}
	return out, nil
}

// fieldsName begins the fields of a finding. Within a text its quotes would have a backslash before them.
const fieldsName = `"fields":[`

// withoutFields empties the fields of an answer's findings, which are most of its bytes and of no use to an outline. raw is as json.Marshal wrote it; of anything
// else less is left out, or nothing.
func withoutFields(raw []byte) []byte {
	out := make([]byte, 0, min(len(raw), 16<<10))
	for {
		at := bytes.Index(raw, []byte(fieldsName))
		if at < 0 {
			return append(out, raw...)
		}
		at += len(fieldsName)
		end := listEnd(raw[at:])
		if end < 0 {
			return append(out, raw...)
		}
		out, raw = append(out, raw[:at]...), raw[at+end:]
	}
}

// listEnd finds the bracket that closes a list of which the opening one has been read; -1 when there is none.
func listEnd(raw []byte) int {
	depth := 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '[':
			depth++
		case ']':
			if depth == 0 {
				return i
			}
			depth--
		case '"':
			for i++; i < len(raw) && raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
		}
	}
	return -1
}

// refs names the records of an answer for the access log.
func (o *outline) refs() []audit.Ref {
	out := make([]audit.Ref, 0, len(o.Hits)+len(o.Others))
	for _, list := range [][]mention{o.Hits, o.Others} {
		for i := range list {
			out = appendRef(out, list[i].Record, list[i].Version)
		}
	}
	return out
}

// handOut puts on file that the answers of some lines are given again: each subject sees it, for the matter and on the basis of the check itself.
func (s *Service) handOut(ctx context.Context, who authz.Actor, b *Batch, p *part) error {
	now := s.Clock.Now()
	var list []audit.Access
	var asked []audit.Looked
	for i, said := range p.said {
		if said == nil {
			continue
		}
		of := p.rows[i].stored.subject
		list = append(list, audit.Access{
			At: now, Who: who.Who(b.Agency), Subject: of, Matter: b.Matter, Basis: said.Basis, What: ReadAgain, Outcome: audit.Answered, Records: said.refs(),
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

func resultLine(r *resultRow, a *outline) []string {
	line := []string{strconv.Itoa(r.place.at), r.place.code, "", "未作答", r.why, "", "", "", "", "", ""}
	if r.stored == nil {
		return cells(line)
	}
	line[9] = strconv.FormatInt(r.receipt, 10)
	if a == nil {
		line[3], line[4] = "已过保存期限", ErrGone.Message
		return cells(line)
	}
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
	sheet.PlainAll(line)
	if code := line[1]; len(code) > 15 && strings.Trim(code, "0123456789") == "" {
		line[1] = "\t" + code
	}
	if line[9] != "" {
		line[9] = "\t" + line[9]
	}
	return line
}
