package repair

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/pdf"
	"gongxin/internal/record"
)

// Paper is 信用修复告知书: what goes with a penalty decision (两书同达), with the record's own days.
type Paper struct {
	Title    string
	City     string
	Subject  string // name; of a person masked
	Code     string // "" for a person
	Item     string
	DocNo    string
	Unit     string
	On       clock.Date
	Class    string // minor, ordinary, serious
	Shown    bool
	Earliest clock.Date
	End      clock.Date
	Excluded string
	Why      string
	Rules    string
	Needs    []string
	Free     string
	Record   string // number in the register
	penalty  bool
	Accept   int // working days
	Answer   int
}

// ErrFonts says that no PDF can be made.
var ErrFonts = fault.New(fault.Unavailable, "repair.fonts", "没有可用的字体，或者文字里有字体没有的字，不能生成 PDF", "请改用网页打印，或者联系系统管理员补充字体")

// classWords name the classes as the order does.
var classWords = map[string]string{"minor": "轻微失信", "ordinary": "一般失信", "serious": "严重失信"}

// PaperOf writes the notice of a judged failure.
func (s *Service) PaperOf(f *Finding, name, code string) Paper {
	rules := s.Rules.Today()
	p := Paper{
		Title: "信用修复告知书", City: s.City, Subject: name, Code: code, Item: f.ItemName, DocNo: f.DocNo, Unit: f.Unit, On: f.On, Class: f.Class, Shown: f.Shown, Earliest: f.Earliest, End: f.End,
		Excluded: f.Excluded, Why: f.Why, Rules: f.Name, Needs: f.Needs, Free: rules.Free, penalty: f.Item == penalty, Accept: rules.Clocks.Accept, Answer: rules.Clocks.Answer,
	}
	if f.At.Key != 0 {
		p.Record = f.At.String()
	}
	return p
}

// OwnPaper gives the notice of one of a subject's own records.
func (s *Service) OwnPaper(ctx context.Context, of int64, at record.ID) (_ Paper, err error) {
	defer fault.Wrap(&err, "repair.OwnPaper")
	r, err := s.Review(ctx, of)
	if err != nil {
		return Paper{}, err
	}
	for i := range r.Findings {
		if f := &r.Findings[i]; f.At == at && at.Key != 0 {
			return s.PaperOf(f, r.Name, r.Code), nil
		}
	}
	return Paper{}, ErrTarget
}

// UnitPapers gives the notices of records for the unit that filed them; says gives what is known of their texts, which tells their domain. Records that are no
// failures, or another unit's, are left out. Whether the caller may see the records is the caller's to ask, and name whom they are about.
func (s *Service) UnitPapers(ctx context.Context, unit int64, ids []record.ID, says map[record.ID]string, names map[int64]string) (_ []Paper, err error) {
	defer fault.Wrap(&err, "repair.UnitPapers")
	now, err := s.Records.Standing(ctx, s.DB.Read(), ids)
	if err != nil {
		return nil, err
	}
	var of []int64
	for _, at := range ids {
		of = append(of, at.Subject)
	}
	subjects, err := s.Subjects.ByIDs(ctx, of)
	if err != nil {
		return nil, err
	}
	var out []Paper
	for _, at := range ids {
		v, ok := now[at]
		if !ok || v.Agency != unit || !s.failure(&v) {
			continue
		}
		var entry *Entry
		if v.Item != penalty { // an entry has the terms of its list
			entries, err := s.Lists.Of(ctx, s.DB.Read(), at.Subject)
			if err != nil {
				return nil, err
			}
			entry = entryOf(entries, &v)
		}
		f, err := s.finding(ctx, s.Rules.Today(), &v, text{says: says[at]}, entry)
		if err != nil {
			return nil, err
		}
		sub := subjects[at.Subject]
		code := sub.Code
		if sub.Kind == catalog.Person {
			code = ""
		}
		out = append(out, s.PaperOf(&f, names[at.Subject], code))
	}
	return out, nil
}

// Lines are the paragraphs of a notice behind its table, on the page as on paper.
func (p *Paper) Lines() []string {
	var out []string
	add := func(text string) { out = append(out, text) }
	add("上述决定形成的信用信息" + p.dates())
	if p.Excluded == "" && p.Shown {
		add("申请信用修复要提交：" + strings.Join(p.Needs, "；") + "。平台已有的证明不用提交。")
		add(fmt.Sprintf("申请办法：登录“信用中国”网站，或者%s公共信用信息平台“我的信用—信用修复”，在网上一次提交；也可以到信用服务窗口办理。作出决定的单位在 %d 个工作日内决定是否受理，受理后 %d 个工作日内答复。", p.City, p.Accept, p.Answer))
	}
	add(p.Free)
	add("对信息内容、公示期限或者修复结果有异议的，可以提出异议；对决定本身不服的，可以依法申请行政复议或者提起行政诉讼。")
	return out
}

func (p *Paper) dates() string {
	switch {
	case p.Excluded != "":
		return "不能申请提前停止公示：" + p.Excluded + "。" + p.ends()
	case !p.Shown:
		return "不向社会公示，不需要申请修复。"
	}
	return "属于" + classWords[p.Class] + "，自 " + p.Earliest.String() + " 起，履行义务、纠正失信行为以后可以申请信用修复，提前停止公示。" + p.ends()
}

func (p *Paper) ends() string {
	if p.End.IsZero() {
		return ""
	}
	return "不申请修复的，自 " + p.End.String() + " 起自动停止公示。"
}

// Rows are the facts of a notice.
func (p *Paper) Rows() [][2]string {
	out := [][2]string{{"当事人", p.Subject}}
	add := func(label, value string) {
		if value != "" {
			out = append(out, [2]string{label, value})
		}
	}
	add("统一社会信用代码", p.Code)
	add("信息种类", p.Item)
	add("决定书文号", p.DocNo)
	add("决定日期", p.On.String())
	add("作出决定的单位", p.Unit)
	add("失信程度", classWords[p.Class])
	if p.Excluded == "" && p.Shown {
		add("最早可以申请修复", p.Earliest.String())
	}
	if p.Shown {
		add("自动停止公示", p.End.String())
	}
	add("依据", p.Why+"（"+p.Rules+"）")
	add("记录编号", p.Record)
	return out
}

// served names the document that the notice goes with.
func (p *Paper) served() string {
	if p.penalty {
		return "行政处罚决定书"
	}
	return "认定（列入）决定书"
}

// PDF sets a notice. The same notice gives the same bytes.
func (s *Service) PDF(p *Paper, made time.Time) ([]byte, error) {
	if s.Fonts == nil {
		return nil, ErrFonts
	}
	fonts, err := s.Fonts()
	if err != nil {
		return nil, ErrFonts.With(err)
	}
	b := pdf.New(pdf.Options{
		Title: p.Title + "：" + p.Subject, Author: p.Unit, Subject: "决定书文号 " + p.DocNo, Creator: "公信", At: made, Regular: fonts.Regular, Bold: fonts.Bold,
		Header: p.Title, HeaderEnd: p.DocNo, Footer: "信用修复不收取任何费用",
	})
	b.Heading(1, p.Title)
	b.Para("（与"+p.served()+"一并送达）", pdf.Style{Align: pdf.Center, Gray: true, After: 10 * pdf.Pt})
	var rows [][]pdf.Cell
	for _, r := range p.Rows() {
		rows = append(rows, []pdf.Cell{{Text: r[0], Label: true}, {Text: r[1]}})
	}
	b.Table(pdf.Table{Columns: []int{2, 5}, Rows: rows, Size: 11 * pdf.Pt, Summary: "处罚决定和它的修复期限"})
	b.Skip(12 * pdf.Pt)
	for _, line := range p.Lines() {
		b.Para(line, pdf.Style{Size: 12 * pdf.Pt, After: 8 * pdf.Pt})
	}
	b.Skip(24 * pdf.Pt)
	b.Para(p.Unit+"（印章）", pdf.Style{Size: 12 * pdf.Pt, Align: pdf.End})
	b.Para(clock.DateOf(made).String(), pdf.Style{Size: 12 * pdf.Pt, Align: pdf.End})
	raw, err := b.Bytes()
	var missing *pdf.MissingGlyph
	if errors.As(err, &missing) {
		return nil, ErrFonts.With(err)
	}
	if err != nil {
		return nil, fmt.Errorf("repair: notice: %w", err)
	}
	return raw, nil
}
