package me

import (
	"context"
	"net/http"
	"strconv"

	"gongxin/internal/catalog"
	"gongxin/internal/declaration"
	"gongxin/internal/flow"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// declarationView is one declaration with its history.
type declarationView struct {
	declarationRow
	attempt
	content []ui.Fact
	facts   []ui.Fact
	events  []ui.Event
	files   []fileLink
	could   map[flow.Event]bool
	record  string // address of the record in the own file
	mend    string
	replace string
	asked   string // why it was returned
	done    string
}

// to gives the address of a step, about the same subject.
func (v *declarationView) to(name string) string { return stepOf(v.href, name) }

func (x *declarations) one(w http.ResponseWriter, r *http.Request) error {
	return x.showOne(w, r, http.StatusOK, &declarationView{done: declarationDone[r.URL.Query().Get("done")]})
}

// take makes the handler of a step of the subject.
func (x *declarations) take(name string, do func(ctx context.Context, id int64, in declaration.Step) (declaration.Declaration, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		form, err := desk.Form(w, r)
		d, lost := x.find(r)
		if lost != nil {
			return lost
		}
		p, lost := x.place(r, &d)
		if lost != nil {
			return lost
		}
		if err == nil {
			_, err = do(r.Context(), d.ID, declaration.Step{Text: form.Get("reason")})
		}
		if err == nil {
			return done(w, r, p.Link(declarationsPath+"/"+strconv.FormatInt(d.ID, 10), "done", name))
		}
		f, known := desk.Refusal(err)
		if !known {
			return err
		}
		return x.showOne(w, r, web.Status(err), &declarationView{attempt: attempt{name, form.Get("reason"), f}})
	}
}

func (x *declarations) showOne(w http.ResponseWriter, r *http.Request, status int, v *declarationView) error {
	ctx := r.Context()
	d, err := x.find(r)
	if err != nil {
		return err
	}
	p, err := x.place(r, &d)
	if err != nil {
		return err
	}
	if err := x.look(ctx, p.Subject); err != nil {
		return err
	}
	if v.declarationRow, err = x.row(ctx, &p, &d); err != nil {
		return err
	}
	if v.could, err = desk.Steps(ctx, x.Cases, d.Case); err != nil {
		return err
	}
	if d.Record != "" && d.State == declaration.OnFile {
		v.record = p.Link("/me/file/" + d.Record)
	}
	v.mend, v.replace = v.to("mend"), p.Link(declarePath, "replaces", strconv.FormatInt(d.ID, 10))
	if err := x.history(ctx, &p, v); err != nil {
		return err
	}
	v.content, v.facts = contentFacts(x.c.item(d.Item, ""), d.Content), x.facts(ctx, v, p.Resident)
	s := Sheet{Title: "自主申报 " + d.No, Lead: v.what, Crumbs: []ui.Link{{Href: p.Link(declarationsPath), Label: "自主申报"}, {Label: d.No}}, Keep: true}
	return x.c.Show(w, r, status, p, s, declarationPage(v))
}

// contentFacts are what was declared, in the catalogue's order.
func contentFacts(item *catalog.Item, c declaration.Content) []ui.Fact {
	var out []ui.Fact
	if item == nil {
		return nil
	}
	for i := range item.Fields {
		if f := &item.Fields[i]; c[f.Code] != "" {
			out = append(out, ui.Fact{Label: f.Name, Value: c[f.Code], Wide: longValue(c[f.Code])})
		}
	}
	return out
}

// history tells what happened, as the subject may read it: the declaration, and how it was taken back.
func (x *declarations) history(ctx context.Context, p *Place, v *declarationView) error {
	cases := []int64{v.Case}
	if v.EndCase != 0 {
		cases = append(cases, v.EndCase)
	}
	for _, id := range cases {
		list, err := x.Cases.Timeline(ctx, id)
		if err != nil {
			return err
		}
		events, files := p.told(list, declarationsPath+"/"+strconv.FormatInt(v.ID, 10))
		v.events, v.files = append(v.events, events...), append(v.files, files...)
		if asked := askedFor(list); asked != "" {
			v.asked = asked
		}
	}
	latest(v.events)
	return nil
}

// askedFor gives why a declaration was returned the last time.
func askedFor(list []flow.Step) (reason string) {
	for i := range list {
		if s := &list[i]; s.Event == declaration.EventReturn || s.Event == declaration.EventBounce {
			reason = s.Reason
		}
	}
	return reason
}

func (x *declarations) facts(ctx context.Context, v *declarationView, person bool) []ui.Fact {
	rules := x.Rules.On(v.ReceivedOn)
	out := []ui.Fact{
		{Label: "编号", Value: v.No, Code: true},
		{Label: "受理单位", Value: x.c.unit(ctx, v.Agency), Note: "入库以后是这条信息的来源单位"},
		{Label: "提交日期", Value: v.ReceivedOn.String()},
	}
	if item := x.c.item(v.Item, ""); item != nil {
		out = append(out, ui.Fact{Label: "谁能看到", Value: seenBy(v.Public(item), person), Wide: true})
	}
	if v.Refusal != "" {
		f, _ := rules.Refusal(v.Refusal)
		out = append(out, ui.Fact{Label: "不予接收的情形", Value: f.Text, Wide: true})
	}
	return append(out, ui.Fact{Label: "依据", Value: rules.Basis(), Wide: true}, ui.Fact{Label: "申报不实的责任", Value: rules.Pledge.Liability, Wide: true})
}

// file hands out what went with a step of the own declaration.
func (x *declarations) file(w http.ResponseWriter, r *http.Request) error {
	d, err := x.find(r)
	if err != nil {
		return err
	}
	a, f, err := x.Cases.OpenFile(r.Context(), d.Case, r.PathValue("hash"))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := x.look(r.Context(), d.Subject); err != nil {
		return err
	}
	desk.HandFile(w, r, a, f)
	return nil
}

// mending reads a declaration that was returned into the form.
func (x *declarations) mending(r *http.Request, v *declareView) (Place, error) {
	d, err := x.find(r)
	if err != nil {
		return Place{}, err
	}
	p, err := x.place(r, &d)
	if err != nil {
		return p, err
	}
	if err := x.look(r.Context(), p.Subject); err != nil {
		return p, err
	}
	v.mend, v.item = &d, d.Item
	if v.content == nil {
		v.content = d.Content
	}
	c, err := x.Cases.Get(r.Context(), d.Case)
	if err != nil {
		return p, err
	}
	if d.State == declaration.Returned {
		v.due = c.Due.String()
	}
	list, err := x.Cases.Timeline(r.Context(), d.Case)
	v.asked, v.seen = askedFor(list), strconv.Itoa(c.Version)
	return p, err
}

// mendForm shows what was declared, to be mended.
func (x *declarations) mendForm(w http.ResponseWriter, r *http.Request) error {
	v := &declareView{}
	p, err := x.mending(r, v)
	if err != nil {
		return err
	}
	if v.mend.State != declaration.Returned {
		return done(w, r, p.Link(declarationsPath+"/"+strconv.FormatInt(v.mend.ID, 10)))
	}
	return x.showForm(w, r, http.StatusOK, p, v)
}

// mend hands the mended declaration in.
func (x *declarations) mend(w http.ResponseWriter, r *http.Request) error {
	v, form, err := x.filled(w, r)
	p, lost := x.mending(r, v)
	if lost != nil {
		return lost
	}
	if err == nil {
		err = x.check(r.Context(), p, v)
	}
	if err == nil && form.Get("check") != "" {
		v.ready = true
		return x.showForm(w, r, http.StatusOK, p, v)
	}
	if err == nil {
		seen, _ := strconv.Atoi(form.Get("seen"))
		_, err = x.Declarations.Mend(r.Context(), v.mend.ID, v.content, v.pledged, declaration.Step{Text: form.Get("reason"), Files: v.kept, Seen: seen})
	}
	if err != nil {
		return x.refuse(w, r, p, v, err)
	}
	return done(w, r, p.Link(declarationsPath+"/"+strconv.FormatInt(v.mend.ID, 10), "done", "mend"))
}
