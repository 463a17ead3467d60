package repairs

import (
	"archive/zip"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/repair"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// papersMost is how many notices one archive holds.
const papersMost = 200

var (
	errUnit = fault.New(fault.Invalid, "repairs.unit", "没有选择单位，或者不是本单位", "请选择作出决定的单位")
	errMany = fault.New(fault.TooLarge, "repairs.many", "这段时间的处罚决定超过 200 件", "请缩短日期范围，分几次下载")
)

type papersView struct {
	unit, from, to string
	units          []ui.Option
	rows           []publish.RecordView
	zip            string
	more           bool
	fault          *fault.Error
}

// choose reads unit and days, cut to the units that the caller makes notices for.
func (d *Desk) choose(r *http.Request) (v *papersView, unit agency.Agency, f publish.ListFilter, err error) {
	q := r.URL.Query()
	v = &papersView{unit: q.Get("unit"), from: q.Get("from"), to: q.Get("to")}
	units, err := desk.Units(r.Context(), d.site, d.Agencies, authz.RepairNotice)
	if err != nil {
		return v, unit, f, err
	}
	if v.unit == "" && len(units) == 1 {
		v.unit = desk.Dec(units[0].ID)
	}
	for _, u := range units {
		v.units = append(v.units, ui.Option{Value: desk.Dec(u.ID), Label: u.Name})
		if v.unit == desk.Dec(u.ID) {
			unit = u
		}
	}
	if unit.ID == 0 {
		return v, unit, f, errUnit
	}
	f.Agency = unit.Code
	if f.From, err = day(v.from); err != nil {
		return v, unit, f, err
	}
	if f.To, err = day(v.to); err != nil {
		return v, unit, f, err
	}
	if f.From.IsZero() {
		f.From = clock.Today(d.Clock).AddDays(-30)
		v.from = f.From.String()
	}
	return v, unit, f, nil
}

// papers shows the public penalties of a unit, whose notices can be made one by one or all at once.
func (d *Desk) papers(w http.ResponseWriter, r *http.Request) error {
	v, _, f, err := d.choose(r)
	if err == nil {
		v.rows, err = d.penalties(r.Context(), f, 100)
	}
	if err != nil {
		known, ok := desk.Refusal(err)
		if !ok {
			return err
		}
		if r.URL.Query().Has("unit") || !strings.HasPrefix(known.Code, "repairs.unit") {
			v.fault = known
		}
	}
	if len(v.rows) > 0 {
		v.zip = desk.Query(paperPath+"/batch.zip", "unit", v.unit, "from", v.from, "to", v.to)
		v.more = len(v.rows) == 100
	}
	p := desk.Page(d.site, r, "修复告知书", ui.Link{Href: path, Label: "信用修复"}, ui.Link{Label: "修复告知书"})
	return desk.Show(d.site, w, r, http.StatusOK, p, papersPage(v))
}

// penalties reads a unit's public penalties.
func (d *Desk) penalties(ctx context.Context, f publish.ListFilter, most int) ([]publish.RecordView, error) {
	var out []publish.RecordView
	for cursor := ""; ; {
		page, err := d.Columns.ListRecords(ctx, "XZCF", f, cursor, min(publish.MaxPage, most-len(out)))
		if err != nil {
			return nil, err
		}
		if out = append(out, page.Records...); page.Next == "" || len(out) >= most {
			return out, nil
		}
		cursor = page.Next
	}
}

// batch hands out the notices of a unit's penalties as one archive.
func (d *Desk) batch(w http.ResponseWriter, r *http.Request) error {
	_, unit, f, err := d.choose(r)
	if err != nil {
		return err
	}
	list, err := d.penalties(r.Context(), f, papersMost+1)
	if err != nil {
		return err
	}
	if len(list) > papersMost {
		return errMany
	}
	papers, err := d.papersOf(r.Context(), unit.ID, list)
	if err != nil {
		return err
	}
	at := d.Clock.Now()
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", `attachment; filename="repair-notices-`+clock.DateOf(at).String()+`.zip"`)
	z := zip.NewWriter(w)
	for i := range papers {
		raw, err := d.Repairs.PDF(&papers[i], at)
		if err != nil {
			return err
		}
		out, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("%03d-%s.pdf", i+1, fileName(papers[i].DocNo)), Method: zip.Store, Modified: at})
		if err != nil {
			return err
		}
		if _, err := out.Write(raw); err != nil {
			return err
		}
	}
	return z.Close()
}

// fileName keeps of a document's number what every file system takes.
func fileName(no string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) || r < ' ' {
			return '-'
		}
		return r
	}, desk.Cut(no, 60))
}

// papersOf makes the notices of public records.
func (d *Desk) papersOf(ctx context.Context, unit int64, list []publish.RecordView) ([]repair.Paper, error) {
	ids, says, names := make([]record.ID, len(list)), map[record.ID]string{}, map[int64]string{}
	for i := range list {
		at, err := record.ParseID(list[i].ID)
		if err != nil {
			return nil, err
		}
		ids[i], says[at], names[at.Subject] = at, saysOf(&list[i]), list[i].Subject.Name
	}
	return d.Repairs.UnitPapers(ctx, unit, ids, says, names)
}

// saysOf joins what a public record says, which tells the domain of older decisions.
func saysOf(v *publish.RecordView) string {
	var text strings.Builder
	for _, f := range v.Fields {
		text.WriteString(f.Value + "\n")
	}
	return repair.Nameless(text.String(), v.Subject.Name)
}

// says gives what a record says that is public; of one that is not, nothing is read for a notice.
func (d *Desk) says(ctx context.Context, at record.ID) (map[record.ID]string, error) {
	v, err := d.Columns.Record(ctx, at.String(), time.Time{})
	if fault.KindOf(err) == fault.NotFound {
		return map[record.ID]string{}, nil
	}
	if err != nil {
		return nil, err
	}
	return map[record.ID]string{at: saysOf(v)}, nil
}

// findPaper gives the notice of one record of a unit of the caller's, which need not be public: then the look stands in the access log first.
func (d *Desk) findPaper(r *http.Request) (*repair.Paper, error) {
	ctx := r.Context()
	at, err := record.ParseID(r.PathValue("record"))
	if err != nil {
		return nil, repair.ErrTarget
	}
	names, err := d.Labels.Labels(ctx, []int64{at.Subject})
	if err != nil {
		return nil, err
	}
	units, err := desk.Units(ctx, d.site, d.Agencies, authz.RepairNotice)
	if err != nil {
		return nil, err
	}
	says, err := d.says(ctx, at)
	if err != nil {
		return nil, err
	}
	for _, u := range units {
		list, err := d.Repairs.UnitPapers(ctx, u.ID, []record.ID{at}, says, names)
		if err != nil {
			return nil, err
		}
		if len(list) == 1 {
			return &list[0], d.Looks.Record(ctx, lookAt(at.Subject, u.ID))
		}
	}
	return nil, repair.ErrTarget
}

func (d *Desk) paper(w http.ResponseWriter, r *http.Request) error {
	paper, err := d.findPaper(r)
	if err != nil {
		return err
	}
	p := desk.Page(d.site, r, "信用修复告知书", ui.Link{Href: path, Label: "信用修复"}, ui.Link{Href: paperPath, Label: "修复告知书"}, ui.Link{Label: paper.DocNo})
	return desk.Show(d.site, w, r, http.StatusOK, p, paperPage(paper, paperPath+"/"+r.PathValue("record")+"/notice.pdf"))
}

func (d *Desk) paperPDF(w http.ResponseWriter, r *http.Request) error {
	paper, err := d.findPaper(r)
	if err != nil {
		return err
	}
	raw, err := d.Repairs.PDF(paper, d.Clock.Now().Truncate(time.Second))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", `attachment; filename="repair-notice.pdf"`)
	h.Set("Content-Length", strconv.Itoa(len(raw)))
	_, err = w.Write(raw) //nolint:gosec // G705: a file to be kept, with its type and nosniff, is no page
	return err
}

func paperFacts(p *repair.Paper) []ui.Fact {
	var out []ui.Fact
	for _, r := range p.Rows() {
		out = append(out, ui.Fact{Label: r[0], Value: r[1], Wide: len([]rune(r[1])) > 24})
	}
	return out
}
