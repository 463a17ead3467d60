package objections

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/flow"
	"gongxin/internal/objection"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// step is a step that a person takes on the page of an objection.
type step struct {
	name   string
	action authz.Action
	file   string // what the file that goes with it is
	do     func(d *Desk, ctx context.Context, id int64, form url.Values, in objection.Step) error
}

var steps = []step{
	{"ask", authz.ObjectionAccept, "", func(d *Desk, ctx context.Context, id int64, _ url.Values, in objection.Step) error {
		_, err := d.Objections.AskFor(ctx, id, in)
		return err
	}},
	{"accept", authz.ObjectionAccept, "", func(d *Desk, ctx context.Context, id int64, _ url.Values, in objection.Step) error {
		_, err := d.Objections.Accept(ctx, id, in)
		return err
	}},
	{"refuse", authz.ObjectionAccept, "", func(d *Desk, ctx context.Context, id int64, form url.Values, in objection.Step) error {
		_, err := d.Objections.Refuse(ctx, id, form.Get("code"), in)
		return err
	}},
	{"refer", authz.ObjectionAccept, "", func(d *Desk, ctx context.Context, id int64, _ url.Values, in objection.Step) error {
		_, err := d.Objections.Refer(ctx, id, in)
		return err
	}},
	{"extend", authz.ObjectionAccept, "", func(d *Desk, ctx context.Context, id int64, form url.Values, in objection.Step) error {
		days, err := strconv.Atoi(form.Get("days"))
		if err != nil {
			return flow.ErrExtend
		}
		_, err = d.Objections.Extend(ctx, id, days, in)
		return err
	}},
	{"reply", authz.ObjectionHandle, "核查材料", func(d *Desk, ctx context.Context, id int64, form url.Values, in objection.Step) error {
		_, err := d.Objections.Answer(ctx, id, objection.Reply(form.Get("reply")), in)
		return err
	}},
	{"decide", authz.ObjectionAccept, "处理材料", func(d *Desk, ctx context.Context, id int64, form url.Values, in objection.Step) error {
		v, err := verdict(form, in)
		if err == nil {
			_, err = d.Objections.Decide(ctx, id, v)
		}
		return err
	}},
	{"conclude", authz.ObjectionReview, "复核材料", func(d *Desk, ctx context.Context, id int64, form url.Values, in objection.Step) error {
		v, err := verdict(form, in)
		if err == nil {
			_, err = d.Objections.Conclude(ctx, id, v)
		}
		return err
	}},
}

// verdict reads a decision. The form asks for the last day; the objection has the first one after it.
func verdict(form url.Values, in objection.Step) (objection.Verdict, error) {
	v := objection.Verdict{Step: in, Result: objection.Result(form.Get("result")), Stage: form.Get("stage")}
	if v.Result != objection.Shortened {
		return v, nil
	}
	last, err := clock.ParseDate(form.Get("until"))
	if err != nil {
		return v, objection.ErrUntil
	}
	v.Until = last.AddDays(1)
	return v, nil
}

// take makes the handler of a step.
func (d *Desk) take(s step) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		form, files, err := desk.FormWithFile(w, r, d.Cases, s.file)
		id, ok := desk.Number(r.PathValue("id"))
		if !ok {
			return objection.ErrNone
		}
		if err == nil {
			err = s.do(d, r.Context(), id, form, input(form, files))
		}
		if err == nil {
			return desk.See(w, r, desk.Query(path+"/"+desk.Dec(id), "done", s.name))
		}
		f, known := desk.Refusal(err)
		if !known {
			return err
		}
		return d.show(w, r, web.Status(err), &caseView{Attempt: desk.Attempt{Step: s.name, Typed: form, Fault: f}})
	}
}

func input(form url.Values, files []string) objection.Step {
	seen, _ := strconv.Atoi(form.Get("seen"))
	return objection.Step{Text: form.Get("reason"), Note: form.Get("note"), Files: files, Seen: seen}
}

// caseView is an objection with everything about it.
type caseView struct {
	row
	desk.Attempt
	steps    []ui.Step
	events   []ui.Event
	files    []desk.File
	stated   string // what the subject said
	asked    string
	could    map[flow.Event]bool
	rules    *objection.Rules
	versions []version
	lines    []line
	filings  bool // the reader reaches the desk of filings
	seen     string
	source   string // last day of the source, if it is asked today
	longer   int    // working days by which the answer can be put off
	lasts    string // last day of the deadline that runs
	stages   []objection.Stage
	repaired string // what was answered to the application for repair
	done     string
}

// version is a version of the disputed record, as a column of the comparison.
type version struct {
	number     int
	what, when string
	submission string // that wrote it
	disputed   bool   // it is the one that is disputed
	newest     bool
}

// line is a field with its values in the versions.
type line struct {
	name    string
	values  []string
	differs bool
}

func (v *caseView) to(name string) string { return v.link() + "/" + name }

func (d *Desk) one(w http.ResponseWriter, r *http.Request) error {
	return d.show(w, r, http.StatusOK, &caseView{done: doneWords[r.URL.Query().Get("done")]})
}

// show shows an objection with its record, its history, and the steps that its reader may take.
func (d *Desk) show(w http.ResponseWriter, r *http.Request, status int, v *caseView) error {
	ctx := r.Context()
	o, err := d.find(r)
	if err != nil {
		return err
	}
	v.filings = d.site.Leads(r, "/desk/filing")
	if err := d.compare(ctx, &o, v); err != nil {
		return err
	}
	rows, err := d.words(ctx, []objection.Objection{o})
	if err != nil {
		return err
	}
	v.row, v.rules, v.asked = rows[0], d.rules(&o), o.Ask.Word()
	if v.could, err = desk.Steps(ctx, d.Cases, o.Case); err != nil {
		return err
	}
	c, err := d.Cases.Get(ctx, o.Case)
	if err != nil {
		return err
	}
	v.seen = strconv.Itoa(c.Version)
	if c.Open() && !c.Overdue && c.Due != 0 && c.Extended == 0 && c.ExtendUpTo > 0 && d.site.May(ctx, authz.ObjectionAccept, scopeOf(&o)) {
		v.longer, v.lasts = c.ExtendUpTo, c.Due.String()
	}
	if o.Kind == objection.OfRepair {
		answer, _, err := d.Objections.RepairOf(ctx, d.DB.Read(), o.Target)
		if err != nil {
			return err
		}
		if answer.ID == o.Repair {
			v.stages, v.repaired = answer.Stages, answer.Word
		}
	}
	v.source = d.Calendar.AddWorkdays(clock.Today(d.Clock), v.rules.Period.Source).String()
	if err := d.history(ctx, v); err != nil {
		return err
	}
	v.progress()
	p := desk.Page(d.site, r, "异议 "+o.No, ui.Link{Href: path, Label: "异议"}, ui.Link{Label: o.No})
	return desk.Show(d.site, w, r, status, p, casePage(v))
}

// mostVersions bounds the comparison: the first, the disputed and the newest version, and the one before it.
const mostVersions = 4

// compare puts the versions of the disputed record side by side. It is the reading that stands in the access log; an entry on a list has no record here.
func (d *Desk) compare(ctx context.Context, o *objection.Objection, v *caseView) error {
	at, err := record.ParseID(o.Target)
	if o.Kind == objection.OfEntry || err != nil {
		return d.Looks.Record(ctx, d.lookAt(*o))
	}
	marks, err := d.Records.History(ctx, at)
	if err != nil {
		return err
	}
	marks = chosen(marks, o.Version)
	asOf := make([]time.Time, len(marks))
	for i := range marks {
		asOf[i] = marks[i].RecordedAt
		v.versions = append(v.versions, version{
			number: marks[i].Number, what: desk.Word(actionWords, marks[i].Action), when: desk.Moment(marks[i].RecordedAt), submission: marks[i].Submission,
			disputed: marks[i].Number == o.Version, newest: i == len(marks)-1,
		})
	}
	views, err := d.laid(ctx, o, authz.ObjectionRead, asOf)
	if err != nil {
		return err
	}
	v.lines = lines(views)
	return nil
}

// laid reads the record that the subject has laid before the office.
func (d *Desk) laid(ctx context.Context, o *objection.Objection, a authz.Action, asOf []time.Time) ([]publish.RecordView, error) {
	look := d.lookAt(*o)
	return d.Register.LaidBefore(ctx, publish.Laid{
		Subject: o.Subject, Record: o.Target, Action: a, Scope: scopeOf(o), Agency: o.Agency, What: look.What, Basis: look.Basis, AsOf: asOf,
	})
}

// chosen picks the versions that are compared.
func chosen(marks []record.Mark, disputed int) []record.Mark {
	if len(marks) <= mostVersions {
		return marks
	}
	return slices.DeleteFunc(slices.Clone(marks), func(m record.Mark) bool {
		last := marks[len(marks)-1].Number
		return m.Number != marks[0].Number && m.Number != disputed && m.Number < last-1
	})
}

// lines lays the versions' fields side by side, in the order of the newest.
func lines(views []publish.RecordView) []line {
	var out []line
	at := map[string]int{}
	for col := len(views) - 1; col >= 0; col-- {
		for _, f := range views[col].Fields {
			i, ok := at[f.Code]
			if !ok {
				i = len(out)
				at[f.Code] = i
				out = append(out, line{name: f.Name, values: make([]string, len(views))})
			}
			out[i].values[col] = f.Shown
		}
	}
	for i := range out {
		for _, value := range out[i].values {
			out[i].differs = out[i].differs || value != out[i].values[0]
		}
	}
	return out
}

// history puts the steps into sentences, with the files that went with them.
func (d *Desk) history(ctx context.Context, v *caseView) error {
	list, err := d.Cases.Timeline(ctx, v.Case)
	if err != nil {
		return err
	}
	v.events, v.files = desk.Told(list, v.link())
	for i := range list {
		if s := &list[i]; s.Event == objection.EventSubmit || s.Event == objection.EventAppeal {
			v.stated = s.Reason
		}
	}
	return nil
}

// file hands out what went with a step.
func (d *Desk) file(w http.ResponseWriter, r *http.Request) error {
	o, err := d.find(r)
	if err != nil {
		return err
	}
	return desk.Filed{Cases: d.Cases, Looks: d.Looks}.Hand(w, r, o.Case, d.lookAt(o))
}
