package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"rsc.io/qr"

	"gongxin/internal/authz"
	"gongxin/internal/gm"
	"gongxin/internal/pdf"
)

// AttachmentName is the file in the PDF that holds the report as data.
const AttachmentName = "report.json"

// PDF gives a report as a signed PDF. The signature is kept: every download is the same file.
func (s *Service) PDF(ctx context.Context, actor authz.Actor, number string) ([]byte, error) {
	f, err := s.read(ctx, actor, number)
	if err != nil {
		return nil, err
	}
	return s.print(ctx, &f.row.Report, f.row.pdfSigned, false)
}

// Print gives the PDF of a report that was just made.
func (s *Service) Print(ctx context.Context, r *Report) ([]byte, error) {
	return s.print(ctx, r, nil, false)
}

// print renders and signs. A kept signature is used as long as it holds over the bytes: another version of the program may render otherwise, then it signs
// anew.
func (s *Service) print(ctx context.Context, r *Report, kept []byte, again bool) ([]byte, error) {
	fonts, err := s.c.Fonts()
	if err != nil {
		return nil, err
	}
	var signed []byte
	raw, err := render(r, fonts, func(message []byte) ([]byte, error) {
		if len(kept) > 0 && gm.VerifySignature(s.c.Key.Public(), message, kept) == nil {
			return kept, nil
		}
		var err error
		signed, err = s.c.Key.Sign(message)
		return signed, err
	})
	var missing *pdf.MissingGlyph
	if errors.As(err, &missing) {
		return nil, ErrGlyph.Messagef("字体没有 U+%04X“%c”，不能生成 PDF", missing.Rune, missing.Rune).With(err)
	}
	if err != nil || signed == nil {
		return raw, err
	}
	if first, err := s.store.signedPDF(ctx, r.Number, kept, signed); err != nil || first {
		return raw, err
	}
	stored, ok, err := s.store.byNumber(ctx, r.Number)
	switch {
	case err != nil:
		return nil, err
	case !ok || bytes.Equal(stored.pdfSigned, signed) || again:
		return raw, nil
	}
	return s.print(ctx, r, stored.pdfSigned, true) // another download was first
}

// render sets a report. Its bytes depend on the report, the fonts and the signature alone.
func render(r *Report, fonts *Fonts, sign func([]byte) ([]byte, error)) ([]byte, error) {
	d, err := Decode(r.Document)
	if err != nil {
		return nil, err
	}
	file, err := r.File()
	if err != nil {
		return nil, err
	}
	b := pdf.New(pdf.Options{
		Title: d.Title + "：" + d.Subject.Name, Author: d.Issuer, Subject: "报告编号 " + d.Number, Creator: "公信", At: d.IssuedAt,
		Regular: fonts.Regular, Bold: fonts.Bold,
		Header: d.City + d.Title, HeaderEnd: "编号 " + d.Number, Footer: d.Issuer, Watermark: d.Number,
	})
	l := layout{b, d}
	if err := l.head(); err != nil {
		return nil, err
	}
	l.body()
	l.foot()
	b.Attach(AttachmentName, "application/json", "本报告的数据、签名和日志证明，供机器核验", file)
	b.Sign(pdf.Signer{KeyID: r.KeyID, Name: d.Issuer, Reason: "出具" + d.Title, At: d.IssuedAt, Sign: sign})
	raw, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("report: render: %w", err)
	}
	return raw, nil
}

// layout sets the parts of a report.
type layout struct {
	b *pdf.Builder
	d *Document
}

const sideQR = 92 * pdf.Pt

func (l *layout) head() error {
	d := l.d
	l.b.Heading(1, d.Title)
	l.b.Para(d.Subject.Name, pdf.Style{Size: 13 * pdf.Pt, Align: pdf.Center, After: 10 * pdf.Pt})
	width := pdf.Length(0)
	if d.VerifyURL != "" {
		code, err := qr.Encode(d.VerifyURL, qr.M)
		if err != nil {
			return fmt.Errorf("report: qr: %w", err)
		}
		l.b.Corner(pdf.Modules{Size: code.Size, Black: code.Black}, sideQR, "核验这份报告的网址的二维码："+d.VerifyURL, "扫码核验真伪")
		width = 370 * pdf.Pt
	}
	rows := [][]pdf.Cell{
		fact("报告编号", d.Number), fact("核验码", d.Code[:5]+"-"+d.Code[5:]), fact("报告版本", d.Layout+" "+KindName(d.Kind)),
		fact("生成时间", chinaTime(d.IssuedAt)), fact("出具单位", d.Issuer),
	}
	if d.Kind == Special {
		rows = append(rows, fact("报告期间", d.From.String()+" 至 "+d.To.String()))
	}
	if d.Purpose != "" {
		rows = append(rows, fact("申请用途", d.Purpose))
	}
	if d.Basis != "" {
		rows = append(rows, fact("查询依据", d.Basis))
	}
	if len(d.Labels) > 0 {
		rows = append(rows, fact("主体标签", join(d.Labels)))
	}
	l.b.Table(pdf.Table{Columns: []int{1, 3}, Width: width, Rows: rows, Summary: "报告的编号、时间和出具单位"})
	l.b.Heading(2, "基础信息")
	var basics [][]pdf.Cell
	for _, f := range d.Basics {
		basics = append(basics, fact(f.Label, f.Value))
	}
	l.b.Table(pdf.Table{Columns: []int{2, 7}, Rows: basics, Summary: "主体的基础信息"})
	return nil
}

func join(list []string) string {
	out := ""
	for i, s := range list {
		if i > 0 {
			out += "、"
		}
		out += s
	}
	return out
}

func fact(label, value string) []pdf.Cell {
	return []pdf.Cell{{Text: label, Label: true}, {Text: value}}
}

// body sets the summary and the chapters.
func (l *layout) body() {
	d := l.d
	if d.Kind == Special {
		l.statements()
	} else {
		l.b.Heading(2, "信用信息概要")
		var rows [][]pdf.Cell
		for _, c := range d.Summary {
			rows = append(rows, []pdf.Cell{{Text: c.Name, Label: true}, {Text: fmt.Sprintf("%d 条", c.Count)}})
		}
		l.b.Table(pdf.Table{Columns: []int{3, 1}, Head: []string{"信息类别", "数量"}, Rows: rows})
	}
	for i := range d.Chapters {
		l.chapter(&d.Chapters[i])
	}
}

func (l *layout) statements() {
	l.b.Heading(2, "按领域的查询结果")
	var rows [][]pdf.Cell
	for _, s := range l.d.Statement {
		rows = append(rows, []pdf.Cell{{Text: s.Name, Label: true}, {Text: s.Text}})
	}
	l.b.Table(pdf.Table{Columns: []int{1, 4}, Head: []string{"领域", "结果"}, Rows: rows})
	if l.d.Summary != nil && len(l.d.Summary) == 0 {
		l.b.Para(noneFound+"。", pdf.Style{After: 4 * pdf.Pt})
	}
}

func (l *layout) chapter(c *Chapter) {
	name := c.Name
	if c.Numeral != "" {
		name = c.Numeral + "、" + c.Name
	}
	l.b.Heading(2, name)
	if c.Empty != "" {
		l.b.Para(c.Empty, pdf.Style{Gray: true, After: 4 * pdf.Pt})
	}
	for _, line := range c.Lines {
		l.b.Para("· "+line, pdf.Style{After: 2 * pdf.Pt})
	}
	for i := range c.Items {
		item := &c.Items[i]
		l.b.Heading(3, fmt.Sprintf("%s（%d 条）", item.Name, item.Count))
		for k := range item.Records {
			l.record(k+1, &item.Records[k])
		}
		if len(item.Records) < item.Count {
			l.b.Para(fmt.Sprintf("共 %d 条，以上为最近的 %d 条。", item.Count, len(item.Records)), pdf.Style{Gray: true})
		}
	}
}

// record sets one record: short fields two in a row, long ones over the width.
func (l *layout) record(n int, r *Record) {
	title := fmt.Sprintf("%d. %s", n, r.Title)
	if r.Mark != "" {
		title += "【" + r.Mark + "】"
	}
	rows := [][]pdf.Cell{{{Text: title, Bold: true, Label: true, Span: 4}}}
	var open []pdf.Cell
	flush := func() {
		if len(open) == 2 {
			open[1].Span = 3
		}
		if open != nil {
			rows = append(rows, open)
		}
		open = nil
	}
	for _, f := range r.Lines() {
		if len([]rune(f.Value)) > 18 || len([]rune(f.Label)) > 10 {
			flush()
			rows = append(rows, []pdf.Cell{{Text: f.Label, Label: true}, {Text: f.Value, Span: 3}})
			continue
		}
		open = append(open, pdf.Cell{Text: f.Label, Label: true}, pdf.Cell{Text: f.Value})
		if len(open) == 4 {
			flush()
		}
	}
	flush()
	if !r.PublicUntil.IsZero() && l.d.Kind == Standard {
		rows = append(rows, []pdf.Cell{{Text: "公示截止", Label: true}, {Text: r.PublicUntil.String() + "（当日起不再公示）", Span: 3}})
	}
	l.b.Table(pdf.Table{Columns: []int{22, 33, 22, 33}, Rows: rows, Size: 8500, Summary: r.Title})
}

// foot sets the explanation and what proves the report.
func (l *layout) foot() {
	d := l.d
	l.b.Heading(2, "报告说明")
	for i, n := range d.Notes {
		l.b.Para(fmt.Sprintf("%d. %s", i+1, n), pdf.Style{Size: 9 * pdf.Pt, After: 2 * pdf.Pt})
	}
	proof := "本报告生成时没有可用的公开日志证明。"
	if d.Proofs.Checkpoint != "" {
		proof = fmt.Sprintf("随报告附有 %d 条记录在公开日志中的证明", len(d.Proofs.Records))
		if len(d.Proofs.Sets) > 0 {
			proof += fmt.Sprintf("，以及 %d 类信息“没有少列”的完整性证明", len(d.Proofs.Sets))
		}
		if d.Proofs.Missing > 0 {
			proof += fmt.Sprintf("；另有 %d 条记录生成报告时还没有写入日志", d.Proofs.Missing)
		}
		proof += "。"
	}
	l.b.Para(fmt.Sprintf("%d. %s", len(d.Notes)+1, proof), pdf.Style{Size: 9 * pdf.Pt})
}
