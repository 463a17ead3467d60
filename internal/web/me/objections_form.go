package me

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"gongxin/internal/catalog"
	"gongxin/internal/fault"
	"gongxin/internal/objection"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// objectForm is the form of an objection.
type objectForm struct {
	about    string // what it is about
	facts    []ui.Fact
	groups   []ui.Group
	want     string // kind and ask
	text     string
	record   string
	entry    string
	draft    int64
	to       string
	back     string
	saved    bool
	kept     []string // attachments that go with it, by hash
	files    []ui.Pick
	fault    *fault.Error
	slip     slip
	received []string // the promise, in words
}

// form begins an objection, or goes on with a draft. Record or entry are chosen already.
func (x *objections) form(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	return x.showForm(w, r, http.StatusOK, &objectForm{record: q.Get("record"), entry: q.Get("entry"), saved: q.Get("saved") != ""})
}

func (x *objections) showForm(w http.ResponseWriter, r *http.Request, status int, v *objectForm) error {
	ctx := r.Context()
	p, err := x.c.Place(r, objectionsName, objectionsPath)
	if err != nil {
		return err
	}
	if err := x.about(ctx, &p, v); err != nil {
		return err
	}
	drafts, err := x.Objections.Drafts(ctx, p.Subject)
	if err != nil {
		return err
	}
	for i := range drafts {
		if d := &drafts[i]; d.Target == v.record+v.entry {
			if v.draft = d.ID; v.text == "" && v.want == "" && v.fault == nil {
				if err := x.look(ctx, p.Subject); err != nil {
					return err
				}
				v.text, v.want = d.Statement, wanted(d.Kind, d.Ask)
				v.kept = d.Files
			}
		}
	}
	v.files = keptPicks(ctx, x.Cases, v.kept, nil)
	today := x.c.today()
	rules := x.Rules.Today()
	v.to = p.Link(objectPath)
	v.received = []string{
		"受理以后，这条信息立即标注“异议中”。",
		"最迟 " + rules.AnswerBy(x.Calendar, today, false).String() + " 答复您；需要来源单位核查的，最迟 " + rules.AnswerBy(x.Calendar, today, true).String() + "。",
		"进展和结果在“通知”里告诉您，联系方式按账号登记的，不用另外填写。",
	}
	return x.c.Show(w, r, status, p, Sheet{Title: "提出异议", Crumbs: []ui.Link{{Href: p.Link(objectionsPath), Label: "异议"}, {Label: "提出异议"}}}, objectPage(v))
}

// about reads what is disputed. A record of the own file is read as such, which stands in the access log.
func (x *objections) about(ctx context.Context, p *Place, v *objectForm) error {
	if v.entry != "" {
		if x.Entries == nil {
			return objection.ErrTarget
		}
		list, err := x.Entries.OwnEntries(ctx, p.Subject)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(e Entry) bool { return strconv.FormatInt(e.ID, 10) == v.entry })
		if i < 0 {
			return objection.ErrTarget
		}
		v.about, v.facts, v.back = "名单条目", []ui.Fact{{Label: "名单", Value: list[i].List}, {Label: "列入日期", Value: list[i].On.String()}}, p.Link(objectionsPath)
		v.groups = askGroups(objection.OfEntry)
		return nil
	}
	ask := x.c.ownAsk(&p.around)
	ask.Record = v.record
	answer, err := x.c.Files.Disclose(ctx, ask)
	if err != nil {
		return err
	}
	if len(answer.Records) != 1 {
		return objection.ErrTarget
	}
	rec := &answer.Records[0]
	v.about, v.back = rec.ItemName, p.Link("/me/file/"+rec.ID)
	_, until := windowLabels(p.Resident)
	for _, f := range []ui.Fact{
		{Label: "信息", Value: rec.Title},
		{Label: "文书号", Value: rec.DocNo},
		{Label: "决定日期", Value: rec.DecidedOn.String()},
		{Label: "来源单位", Value: rec.Source.Name},
		{Label: until, Value: lastDay(rec.PublicUntil)},
	} {
		if f.Value != "" {
			v.facts = append(v.facts, f)
		}
	}
	kinds := []objection.Kind{objection.OfRecord}
	item := x.c.item(rec.Item, rec.Edition)
	if rec.Class == catalog.Public && !p.Resident {
		kinds = append(kinds, objection.OfWindow)
	}
	if item != nil && item.Polarity == catalog.Negative {
		if _, answered, err := x.Objections.RepairOf(ctx, x.DB.Read(), rec.ID); err != nil {
			return err
		} else if answered {
			kinds = append(kinds, objection.OfRepair)
		}
	}
	v.groups = askGroups(kinds...)
	return nil
}

// askGroups are the things that can be asked for, by what they are about.
func askGroups(kinds ...objection.Kind) []ui.Group {
	var out []ui.Group
	for _, k := range kinds {
		g := ui.Group{Label: "对" + k.Name()}
		for _, a := range k.Asks() {
			g.Options = append(g.Options, ui.Option{Value: wanted(k, a), Label: a.Word()})
		}
		out = append(out, g)
	}
	return out
}

func wanted(k objection.Kind, a objection.Ask) string { return string(k) + " " + string(a) }

// submit hands the objection in, or keeps it as a draft.
func (x *objections) submit(w http.ResponseWriter, r *http.Request) error {
	p, err := x.c.Place(r, objectionsName, objectionsPath)
	if err != nil {
		return err
	}
	form, files, err := desk.FormWithFile(w, r, x.Cases, "异议材料")
	v := &objectForm{record: form.Get("record"), entry: form.Get("entry"), want: form.Get("want"), text: form.Get("text"), kept: append(form[keptField], files...)}
	if err == nil {
		return x.handIn(w, r, &p, v, form)
	}
	if v.record == "" && v.entry == "" { // nothing of the form could be read
		return err
	}
	return x.refuse(w, r, v, err)
}

func (x *objections) refuse(w http.ResponseWriter, r *http.Request, v *objectForm, err error) error {
	f, known := desk.Refusal(err)
	if !known {
		return err
	}
	v.fault, v.slip = f, slipOf(err)
	return x.showForm(w, r, web.Status(err), v)
}

func (x *objections) handIn(w http.ResponseWriter, r *http.Request, p *Place, v *objectForm, form url.Values) error {
	kind, ask, _ := strings.Cut(v.want, " ")
	if kind == "" { // nothing is chosen yet
		kind = string(objection.OfRecord)
		if v.entry != "" {
			kind = string(objection.OfEntry)
		}
	}
	if form.Get("save") != "" {
		_, err := x.Objections.SaveDraft(r.Context(), objection.Draft{
			Subject: p.Subject, Kind: objection.Kind(kind), Target: v.record + v.entry, Ask: objection.Ask(ask), Statement: v.text, Files: v.kept,
		})
		if err != nil {
			return x.refuse(w, r, v, err)
		}
		return done(w, r, p.Link(objectPath, "record", v.record, "entry", v.entry, "saved", "1"))
	}
	o, err := x.Objections.Submit(r.Context(), objection.Submission{
		Subject: p.Subject, Kind: objection.Kind(kind), Target: v.record + v.entry, Ask: objection.Ask(ask), Statement: v.text, Files: v.kept, Draft: number(form.Get("draft")),
	})
	if err != nil {
		return x.refuse(w, r, v, err)
	}
	return done(w, r, p.Link(objectionsPath+"/"+strconv.FormatInt(o.ID, 10), "done", "submit"))
}

// drop deletes a draft.
func (x *objections) drop(w http.ResponseWriter, r *http.Request) error {
	p, err := x.c.Place(r, objectionsName, objectionsPath)
	if err != nil {
		return err
	}
	if err := x.Objections.DropDraft(r.Context(), p.Subject, number(r.PathValue("draft"))); err != nil {
		return err
	}
	return done(w, r, p.Link(objectionsPath, "done", "drop"))
}
