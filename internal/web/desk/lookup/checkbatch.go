package lookup

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/check"
	"gongxin/internal/fault"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

const (
	maxBatchFile = 8 << 20 // bytes of a list; ten thousand codes in a workbook are far smaller
	shownBatches = 20
)

var errBatchForm = fault.New(fault.Invalid, "desk_lookup.batch_form", "提交的内容不是批量核查的表单，或者文件超过 8 MB", "请从批量核查页面选择文件或者粘贴代码")

var codesForm = desk.ListForm[*check.Codes]{Text: check.ReadText, File: check.ReadFile, None: "粘贴的代码", Bad: errBatchForm}

// batchView is the page of lists of codes.
type batchView struct {
	matters []agency.Matter
	matter  string
	pasted  string
	fault   string
	list    []check.Batch
}

// batches shows the form and what the caller's units ordered.
func (d *Desk) batches(w http.ResponseWriter, r *http.Request) error {
	return d.showBatches(w, r, http.StatusOK, &batchView{matter: d.rememberedMatter(r)})
}

func (d *Desk) showBatches(w http.ResponseWriter, r *http.Request, status int, v *batchView) error {
	ctx := r.Context()
	var err error
	if v.matters, _, err = d.matters(ctx); err != nil {
		return err
	}
	units, err := d.units(ctx, authz.CheckBatch)
	if err != nil {
		return err
	}
	for _, u := range units {
		list, err := d.Checks.Batches(ctx, authz.From(ctx), u.ID, shownBatches)
		if err != nil {
			return err
		}
		v.list = append(v.list, list...)
	}
	p := desk.Page(d.site, r, "批量核查", ui.Link{Href: "/desk/check", Label: "信用核查"}, ui.Link{Label: "批量核查"})
	for i := range v.list {
		if running(&v.list[i]) && r.Method == http.MethodGet {
			p.Refresh = 5
		}
	}
	return desk.Show(d.site, w, r, status, p, batchesPage(v))
}

func running(b *check.Batch) bool { return b.State == check.Waiting || b.State == check.Running }

// orderBatch takes a list in, from a file or pasted.
func (d *Desk) orderBatch(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxBatchFile+1<<16)
	if err := r.ParseMultipartForm(maxBatchFile); err != nil { //nolint:gosec // G120: MaxBytesReader above bounds it
		return errBatchForm.With(err)
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	v := &batchView{matter: desk.Cut(r.PostFormValue("matter"), 40), pasted: r.PostFormValue("codes")}
	codes, name, unread := codesForm.Read(r, v.pasted)
	o := check.Order{Who: authz.From(r.Context()), Matter: v.matter, Name: name}
	if unread == nil {
		o.Codes, o.Missed = codes.List, codes.Missed()
	}
	id, err := d.Checks.Start(r.Context(), o) // whether one may is said before what is wrong with the list
	if unread != nil && errors.Is(err, check.ErrFile) {
		err = unread
	}
	if err == nil {
		d.rememberMatter(w, v.matter)
		if d.Wake != nil {
			d.Wake()
		}
		at := "/desk/check/batch/" + desk.Dec(id)
		if codes.Repeated > 0 {
			at += "?repeated=" + strconv.Itoa(codes.Repeated)
		}
		return desk.See(w, r, at)
	}
	f, ok := desk.Refusal(err)
	if !ok {
		return err
	}
	v.fault = desk.Words(f)
	return d.showBatches(w, r, web.Status(err), v)
}

// batch shows how far a list is.
func (d *Desk) batch(w http.ResponseWriter, r *http.Request) error {
	id, ok := desk.Number(r.PathValue("id"))
	if !ok {
		return check.ErrBatch
	}
	b, err := d.Checks.Batch(r.Context(), authz.From(r.Context()), id)
	if err != nil {
		return err
	}
	p := desk.Page(d.site, r, "批次进度", ui.Link{Href: "/desk/check", Label: "信用核查"}, ui.Link{Href: "/desk/check/batch", Label: "批量核查"}, ui.Link{Label: "批次进度"})
	if running(b) {
		p.Refresh = 2
	}
	repeated, _ := desk.Number(r.URL.Query().Get("repeated"))
	return desk.Show(d.site, w, r, http.StatusOK, p, batchPage(b, repeated))
}

// batchResult hands the answers out as a file.
func (d *Desk) batchResult(w http.ResponseWriter, r *http.Request) error {
	id, ok := desk.Number(r.PathValue("id"))
	if !ok {
		return check.ErrBatch
	}
	h := w.Header()
	out := &lateFile{w: w, begin: func() {
		h.Set("Content-Type", "text/csv; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="check-`+desk.Dec(id)+`.csv"`)
		h.Set("Cache-Control", "no-store")
	}}
	err := d.Checks.WriteResult(r.Context(), authz.From(r.Context()), id, out)
	if err != nil && out.begin == nil {
		panic(http.ErrAbortHandler) // a part must not be taken for the whole
	}
	return err
}

// lateFile sets the header of a file with its first byte, so that a fault before it is still a page.
type lateFile struct {
	w     io.Writer
	begin func()
}

func (l *lateFile) Write(p []byte) (int, error) {
	if l.begin != nil {
		l.begin()
		l.begin = nil
	}
	return l.w.Write(p)
}

var batchWords = map[check.BatchState]string{check.Waiting: "等待中", check.Running: "核查中", check.Done: "已完成", check.Stopped: "已停止"}

func batchTone(s check.BatchState) ui.Tone {
	switch s {
	case check.Done:
		return ui.Good
	case check.Stopped:
		return ui.Bad
	default:
		return ui.Accent
	}
}

func batchFacts(b *check.Batch) []ui.Fact {
	facts := []ui.Fact{
		{Label: "来源", Value: b.Name, Wide: true},
		{Label: "应用事项", Value: b.Matter, Code: true},
		{Label: "提交时间", Value: desk.Moment(b.CreatedAt)},
		{Label: "代码", Value: ui.Num(b.Total)},
		{Label: "命中", Value: ui.Num(b.Hits)},
		{Label: "没有作答", Value: ui.Num(b.Refused)},
	}
	if !b.FinishedAt.IsZero() {
		facts = append(facts, ui.Fact{Label: "结束时间", Value: desk.Moment(b.FinishedAt)})
	}
	return facts
}
