package declarations

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"gongxin/internal/catalog"
	"gongxin/internal/declaration"
	"gongxin/internal/flow"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// step is a step that a person takes on the page of a declaration.
type step struct {
	name string
	do   func(d *Desk, ctx context.Context, id int64, form url.Values, in declaration.Step) error
}

var steps = []step{
	{"accept", func(d *Desk, ctx context.Context, id int64, _ url.Values, in declaration.Step) error {
		_, err := d.Declarations.Accept(ctx, id, in)
		return err
	}},
	{"return", func(d *Desk, ctx context.Context, id int64, _ url.Values, in declaration.Step) error {
		_, err := d.Declarations.Return(ctx, id, in)
		return err
	}},
	{"refuse", func(d *Desk, ctx context.Context, id int64, form url.Values, in declaration.Step) error {
		_, err := d.Declarations.Refuse(ctx, id, form.Get("code"), in)
		return err
	}},
}

// caseView is a declaration with everything about it.
type caseView struct {
	row
	desk.Attempt
	content []ui.Fact
	events  []ui.Event
	files   []desk.File
	could   map[flow.Event]bool
	rules   *declaration.Rules
	class   catalog.Class
	seen    string
	done    string
}

func (v *caseView) to(name string) string { return v.link() + "/" + name }

func (d *Desk) one(w http.ResponseWriter, r *http.Request) error {
	return d.show(w, r, http.StatusOK, &caseView{done: doneWords[r.URL.Query().Get("done")]})
}

// take makes the handler of a step.
func (d *Desk) take(s step) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		form, err := desk.Form(w, r)
		id, ok := desk.Number(r.PathValue("id"))
		if !ok {
			return declaration.ErrNone
		}
		if err == nil {
			seen, _ := strconv.Atoi(form.Get("seen"))
			err = s.do(d, r.Context(), id, form, declaration.Step{Text: form.Get("reason"), Note: form.Get("note"), Seen: seen})
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

// show shows a declaration with its history, and the steps that its reader may take.
func (d *Desk) show(w http.ResponseWriter, r *http.Request, status int, v *caseView) error {
	ctx := r.Context()
	x, err := d.find(r)
	if err != nil {
		return err
	}
	rows, err := d.rows(ctx, []declaration.Declaration{x})
	if err != nil {
		return err
	}
	v.row, v.rules = rows[0], d.Rules.On(x.ReceivedOn)
	if v.could, err = desk.Steps(ctx, d.Cases, x.Case); err != nil {
		return err
	}
	c, err := d.Cases.Get(ctx, x.Case)
	if err != nil {
		return err
	}
	v.seen = strconv.Itoa(c.Version)
	if item := d.item(&x); item != nil {
		v.class = x.Public(item)
		for i := range item.Fields {
			if f := &item.Fields[i]; x.Content[f.Code] != "" {
				v.content = append(v.content, ui.Fact{Label: f.Name, Value: x.Content[f.Code], Wide: len(x.Content[f.Code]) > 60})
			}
		}
	}
	if err := d.history(ctx, v); err != nil {
		return err
	}
	p := desk.Page(d.site, r, "申报 "+x.No, ui.Link{Href: path, Label: "自主申报"}, ui.Link{Label: x.No})
	return desk.Show(d.site, w, r, status, p, casePage(v))
}

// history puts the steps into sentences, with the files that went with them.
func (d *Desk) history(ctx context.Context, v *caseView) error {
	cases := []int64{v.Case}
	if v.EndCase != 0 {
		cases = append(cases, v.EndCase)
	}
	for _, id := range cases {
		list, err := d.Cases.Timeline(ctx, id)
		if err != nil {
			return err
		}
		events, files := desk.Told(list, v.link())
		v.events, v.files = append(v.events, events...), append(v.files, files...)
	}
	return nil
}

// file hands out what went with a step.
func (d *Desk) file(w http.ResponseWriter, r *http.Request) error {
	x, err := d.find(r)
	if err != nil {
		return err
	}
	return desk.Filed{Cases: d.Cases, Looks: d.Looks}.Hand(w, r, x.Case, d.lookAt(x))
}
