package objections

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/objection"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// correctView is the form of the corrected row: every field of the item, as it is on file.
type correctView struct {
	row
	fields []ui.FieldSpec
	reason string
	fault  *fault.Error
}

// fieldName begins the names of the row's fields in the form.
const fieldName = "f."

func (d *Desk) correctForm(w http.ResponseWriter, r *http.Request) error {
	return d.showCorrect(w, r, http.StatusOK, &correctView{}, nil)
}

// correct files the corrected row, through the checks of the intake.
func (d *Desk) correct(w http.ResponseWriter, r *http.Request) error {
	form, files, err := desk.FormWithFile(w, r, d.Cases, "核查材料")
	o, lost := d.find(r)
	if lost != nil {
		return lost
	}
	if err == nil {
		row := map[string]string{}
		for name, values := range form {
			if code, ok := strings.CutPrefix(name, fieldName); ok && len(values) == 1 && values[0] != "" {
				row[code] = values[0]
			}
		}
		_, err = d.Objections.Correct(r.Context(), o.ID, row, input(form, files))
	}
	if err == nil {
		return desk.See(w, r, desk.Query(path+"/"+desk.Dec(o.ID), "done", "correct"))
	}
	f, known := desk.Refusal(err)
	if !known {
		return err
	}
	return d.showCorrect(w, r, web.Status(err), &correctView{fault: f, reason: form.Get("reason")}, form)
}

func (d *Desk) showCorrect(w http.ResponseWriter, r *http.Request, status int, v *correctView, form url.Values) error {
	ctx := r.Context()
	o, err := d.find(r)
	if err != nil {
		return err
	}
	if o.Kind == objection.OfEntry {
		return objection.ErrReply
	}
	if v.fields, err = d.formFields(ctx, &o, form); err != nil {
		return err
	}
	rows, err := d.words(ctx, []objection.Objection{o})
	if err != nil {
		return err
	}
	v.row = rows[0]
	p := desk.Page(d.site, r, "更正", ui.Link{Href: path, Label: "异议"}, ui.Link{Href: v.link(), Label: o.No}, ui.Link{Label: "更正"})
	return desk.Show(d.site, w, r, status, p, correctPage(v))
}

// formFields are the item's fields with what is on file, or with what was typed. A value that is masked has to be typed again.
func (d *Desk) formFields(ctx context.Context, o *objection.Objection, form url.Values) ([]ui.FieldSpec, error) {
	item, ok := d.Editions.Current(clock.Today(d.Clock)).Item(o.Item)
	if !ok {
		return nil, objection.ErrReply
	}
	views, err := d.laid(ctx, o, authz.ObjectionHandle, nil)
	if err != nil {
		return nil, err
	}
	have, hidden := map[string]string{}, map[string]bool{}
	for _, f := range views[0].Fields {
		if hidden[f.Code] = f.Masked; !f.Masked {
			have[f.Code] = f.Value
		}
	}
	out := make([]ui.FieldSpec, 0, len(item.Fields))
	for i := range item.Fields {
		f := &item.Fields[i]
		spec := ui.FieldSpec{ID: "f-" + f.Code, Name: fieldName + f.Code, Label: f.Name, Value: have[f.Code], Required: f.Required, MaxLength: f.MaxLen, Complete: "off"}
		if form != nil {
			spec.Value = form.Get(spec.Name)
		}
		if f.MaxLen > 200 {
			spec.Rows = 3
		}
		switch {
		case hidden[f.Code]:
			spec.Hint = "这一项涉及个人，不回显，须照原始材料重新填写。"
		case f.Type == catalog.DateType:
			spec.Hint = "写成 2026-12-01 这样。"
		case f.List != "":
			spec.Hint = "按目录的代码表填写。"
		}
		out = append(out, spec)
	}
	return out, nil
}
