package reports

import (
	"context"
	"io"
	"net/http"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/report"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

const (
	maxListFile = 4 << 20 // bytes of a list; a thousand codes in a workbook are far smaller
	shownJobs   = 20
	shownRows   = 200
	batchUnit   = "以其名义的单位"
)

var errBatchForm = fault.New(fault.Invalid, "reports.batch_form", "提交的内容不是批量报告的表单，或者文件超过 4 MB", "请从批量报告页面选择文件或者粘贴代码")

var listForm = desk.ListForm[*report.List]{Text: report.ReadText, File: report.ReadFile, None: "粘贴的名单", Bad: errBatchForm}

// Jobs makes reports by the list; report.Service does.
type Jobs interface {
	Plan(ctx context.Context, o report.JobOrder) (int64, error)
	Begin(ctx context.Context, who authz.Actor, job int64) error
	Cancel(ctx context.Context, who authz.Actor, job int64) error
	Job(ctx context.Context, who authz.Actor, job int64) (*report.Job, error)
	Jobs(ctx context.Context, who authz.Actor, limit int) ([]report.Job, error)
	JobRows(ctx context.Context, who authz.Actor, job int64, refused bool, after, limit int) ([]report.Row, error)
	Archive(ctx context.Context, who authz.Actor, job int64, w io.Writer) error
}

// Units knows the units; *agency.Store is one.
type Units interface {
	agency.Lister
	ByID(ctx context.Context, id agency.ID) (agency.Agency, error)
}

// batchRoutes hangs the desk of lists in.
func (d *Desk) batchRoutes(rt *web.Router) {
	page := func(pattern string, g web.Guard, h web.Handler) { rt.Handle(pattern, g, d.Site.Handle(h)) }
	of := web.Asked(authz.ReportBatch, batchUnit)
	page("GET /desk/reports", web.Among(authz.ReportBatch, batchUnit), d.batches)
	page("POST /desk/reports", of, d.plan)
	page("GET /desk/reports/{id}", of, d.batch)
	page("POST /desk/reports/{id}/begin", of, d.begin)
	page("POST /desk/reports/{id}/cancel", of, d.cancel)
	rt.Handle("GET /desk/reports/{id}/reports.zip", of, d.Site.Stream(d.archive))
}

type batchesView struct {
	units  []agency.Agency
	unit   string
	pasted string
	use    string
	fault  string
	list   []report.Job
}

func (v *batchesView) options() []ui.Option {
	out := make([]ui.Option, len(v.units))
	for i, u := range v.units {
		out[i] = ui.Option{Value: desk.Dec(u.ID), Label: u.Name}
	}
	return out
}

// batches shows the form and what the caller ordered.
func (d *Desk) batches(w http.ResponseWriter, r *http.Request) error {
	return d.showBatches(w, r, http.StatusOK, &batchesView{})
}

func (d *Desk) showBatches(w http.ResponseWriter, r *http.Request, status int, v *batchesView) error {
	ctx := r.Context()
	var err error
	if v.units, err = desk.Units(ctx, d.Site, d.Units, authz.ReportBatch); err != nil {
		return err
	}
	if v.list, err = d.Jobs.Jobs(ctx, authz.From(ctx), shownJobs); err != nil {
		return err
	}
	p := desk.Page(d.Site, r, "批量报告", ui.Link{Label: "批量报告"})
	for i := range v.list {
		if v.list[i].Open() && r.Method == http.MethodGet {
			p.Refresh = 5
		}
	}
	return desk.Show(d.Site, w, r, status, p, batchesPage(v))
}

// plan takes a list in, from a file or pasted, and leads to what would come of it.
func (d *Desk) plan(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxListFile+1<<16)
	if err := r.ParseMultipartForm(maxListFile); err != nil { //nolint:gosec // G120: MaxBytesReader above bounds it
		return errBatchForm.With(err)
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	ctx := r.Context()
	v := &batchesView{unit: desk.Cut(r.PostFormValue("unit"), 20), pasted: r.PostFormValue("codes"), use: desk.Cut(r.PostFormValue("use"), 200)}
	id, _ := desk.Number(v.unit)
	unit, err := d.Units.ByID(ctx, id)
	if err != nil {
		return err
	}
	if err := d.Site.Check(ctx, authz.Scope{Agency: unit.ID, Region: unit.Region}); err != nil {
		return err
	}
	list, name, err := listForm.Read(r, v.pasted)
	var job int64
	if err == nil {
		job, err = d.Jobs.Plan(ctx, report.JobOrder{Who: authz.From(ctx), Unit: unit, Name: name, Use: v.use, List: list})
	}
	if err == nil {
		return desk.See(w, r, jobLink(job))
	}
	f, ok := desk.Refusal(err)
	if !ok {
		return err
	}
	v.fault = desk.Words(f)
	return d.showBatches(w, r, web.Status(err), v)
}

// job finds the job that an address names, and asks whether its unit's jobs are the caller's to see.
func (d *Desk) job(r *http.Request) (*report.Job, agency.Agency, error) {
	ctx := r.Context()
	id, ok := desk.Number(r.PathValue("id"))
	if !ok {
		return nil, agency.Agency{}, report.ErrJob
	}
	j, err := d.Jobs.Job(ctx, authz.From(ctx), id)
	if err != nil {
		return nil, agency.Agency{}, err
	}
	unit, err := d.Units.ByID(ctx, j.Agency)
	if err != nil {
		return nil, unit, err
	}
	return j, unit, d.Site.See(ctx, authz.Scope{Agency: unit.ID, Region: unit.Region}, report.ErrJob)
}

type batchView struct {
	*report.Job
	unit    string
	rows    []report.Row // without a report
	special int          // of those to be made, how many by consent
	fault   string
}

func (v *batchView) possible() int { return v.Total - v.Refused }

// batch shows what would come of a list, how far it is, or what came of it.
func (d *Desk) batch(w http.ResponseWriter, r *http.Request) error {
	j, unit, err := d.job(r)
	if err != nil {
		return err
	}
	return d.showBatch(w, r, http.StatusOK, &batchView{Job: j, unit: unit.Name})
}

func (d *Desk) showBatch(w http.ResponseWriter, r *http.Request, status int, v *batchView) error {
	ctx := r.Context()
	var err error
	if v.rows, err = d.Jobs.JobRows(ctx, authz.From(ctx), v.ID, true, 0, shownRows); err != nil {
		return err
	}
	if v.State == report.Draft {
		all, err := d.Jobs.JobRows(ctx, authz.From(ctx), v.ID, false, 0, v.Total)
		if err != nil {
			return err
		}
		for i := range all {
			if all[i].Why == "" && all[i].Consent != 0 {
				v.special++
			}
		}
	}
	title := "批次进度"
	if v.State == report.Draft {
		title = "生成前的预检"
	}
	p := desk.Page(d.Site, r, title, ui.Link{Href: "/desk/reports", Label: "批量报告"}, ui.Link{Label: title})
	if v.Open() && r.Method == http.MethodGet {
		p.Refresh = 2
	}
	return desk.Show(d.Site, w, r, status, p, batchPage(v))
}

func (d *Desk) begin(w http.ResponseWriter, r *http.Request) error {
	return d.turn(w, r, d.Jobs.Begin)
}

func (d *Desk) cancel(w http.ResponseWriter, r *http.Request) error {
	return d.turn(w, r, d.Jobs.Cancel)
}

// turn begins or cancels a job; what is refused is said on its page.
func (d *Desk) turn(w http.ResponseWriter, r *http.Request, do func(context.Context, authz.Actor, int64) error) error {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	j, unit, err := d.job(r)
	if err != nil {
		return err
	}
	err = do(r.Context(), authz.From(r.Context()), j.ID)
	if err == nil {
		if d.Wake != nil {
			d.Wake()
		}
		return desk.See(w, r, jobLink(j.ID))
	}
	f, ok := desk.Refusal(err)
	if !ok {
		return err
	}
	return d.showBatch(w, r, web.Status(err), &batchView{Job: j, unit: unit.Name, fault: desk.Words(f)})
}

// archive hands the reports out as one file.
func (d *Desk) archive(w http.ResponseWriter, r *http.Request) error {
	j, _, err := d.job(r)
	if err != nil {
		return err
	}
	out := &lateFile{w: w, rc: http.NewResponseController(w), begin: func() {
		h := w.Header()
		h.Set("Content-Type", "application/zip")
		h.Set("Content-Disposition", `attachment; filename="reports-`+desk.Dec(j.ID)+`.zip"`)
		h.Set("Cache-Control", "no-store")
	}}
	err = d.Jobs.Archive(r.Context(), authz.From(r.Context()), j.ID, out)
	if err != nil && out.begin == nil {
		panic(http.ErrAbortHandler) // a part must not be taken for the whole
	}
	return err
}

// lateFile sets the header of a file with its first byte, so that a fault before it is still a page, and moves the connection's deadline with every part: a
// thousand reports take longer than a page may.
type lateFile struct {
	w     io.Writer
	rc    *http.ResponseController
	begin func()
	until time.Time
}

// patience is how long one part of a download may take.
const patience = time.Minute

func (l *lateFile) Write(p []byte) (int, error) {
	if l.begin != nil {
		l.begin()
		l.begin = nil
	}
	if now := (clock.System{}).Now(); l.until.Sub(now) < patience-time.Second {
		l.until = now.Add(patience)
		_ = l.rc.SetWriteDeadline(l.until) // a recorder in a test has none
	}
	return l.w.Write(p)
}

func jobLink(id int64) string { return "/desk/reports/" + desk.Dec(id) }

var jobWords = map[report.JobState]string{
	report.Draft: "等待确认", report.Waiting: "等待中", report.Running: "生成中", report.Done: "已完成", report.Stopped: "已停止", report.Cancelled: "已取消", report.Gone: "已过期",
}

func jobTone(s report.JobState) ui.Tone {
	switch s {
	case report.Done:
		return ui.Good
	case report.Stopped:
		return ui.Bad
	case report.Cancelled, report.Gone:
		return ui.Plain
	default:
		return ui.Accent
	}
}

func (v *batchView) facts() []ui.Fact {
	facts := []ui.Fact{
		{Label: "来源", Value: v.Name, Wide: true},
		{Label: "以哪个单位的名义", Value: v.unit},
		{Label: "用途", Value: desk.Dash(v.Use)},
		{Label: "提交时间", Value: desk.Moment(v.CreatedAt)},
		{Label: "主体", Value: ui.Num(v.Total)},
	}
	if v.State != report.Draft {
		facts = append(facts, ui.Fact{Label: "已生成", Value: ui.Num(v.Made)})
	}
	facts = append(facts, ui.Fact{Label: "没有生成", Value: ui.Num(v.Refused)})
	if v.State == report.Draft {
		facts[len(facts)-1].Label = "不能生成"
	}
	if v.Repeated > 0 {
		facts = append(facts, ui.Fact{Label: "重复的代码（只算一次）", Value: ui.Num(v.Repeated)})
	}
	if v.Without > 0 {
		facts = append(facts, ui.Fact{Label: "没有代码的行（略过）", Value: ui.Num(v.Without)})
	}
	if !v.FinishedAt.IsZero() {
		facts = append(facts, ui.Fact{Label: "结束时间", Value: desk.Moment(v.FinishedAt)})
	}
	if !v.ExpiresAt.IsZero() && v.State != report.Draft {
		facts = append(facts, ui.Fact{Label: "压缩包保留到", Value: desk.Moment(v.ExpiresAt)})
	}
	return facts
}

// kind says what report a line asks for.
func kindOfRow(r *report.Row) string {
	if r.Consent != 0 {
		return report.KindName(report.Special)
	}
	return report.KindName(report.Standard)
}
