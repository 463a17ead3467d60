package me

import (
	"context"
	"net/http"
	"strconv"

	"gongxin/internal/flow"
	"gongxin/internal/objection"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

var objectionDone = map[string]string{
	"submit": "异议已经提交，请记下编号", "supplement": "补正已经提交", "withdraw": "已经撤回", "appeal": "复核申请已经提交", "drop": "草稿已经删除",
}

// objectionView is one objection with its history.
type objectionView struct {
	objectionRow
	attempt
	facts  []ui.Fact
	events []ui.Event
	files  []fileLink
	could  map[flow.Event]bool
	record string // address of the record in the own file
	due    string
	left   int
	runs   bool
	source string
	done   string
}

// to gives the address of a step, about the same subject.
func (v *objectionView) to(name string) string { return stepOf(v.href, name) }

func (x *objections) one(w http.ResponseWriter, r *http.Request) error {
	return x.showOne(w, r, http.StatusOK, &objectionView{done: objectionDone[r.URL.Query().Get("done")]})
}

// take makes the handler of a step of the subject.
func (x *objections) take(name string, do func(ctx context.Context, id int64, in objection.Step) (objection.Objection, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		form, files, err := desk.FormWithFile(w, r, x.Cases, "异议材料")
		o, lost := x.find(r)
		if lost != nil {
			return lost
		}
		p, lost := x.place(r, &o)
		if lost != nil {
			return lost
		}
		if err == nil {
			_, err = do(r.Context(), o.ID, objection.Step{Text: form.Get("reason"), Files: files})
		}
		if err == nil {
			return done(w, r, p.Link(objectionsPath+"/"+strconv.FormatInt(o.ID, 10), "done", name))
		}
		f, known := desk.Refusal(err)
		if !known {
			return err
		}
		return x.showOne(w, r, web.Status(err), &objectionView{attempt: attempt{name, form.Get("reason"), f}})
	}
}

func (x *objections) showOne(w http.ResponseWriter, r *http.Request, status int, v *objectionView) error {
	ctx := r.Context()
	o, err := x.find(r)
	if err != nil {
		return err
	}
	p, err := x.place(r, &o)
	if err != nil {
		return err
	}
	if err := x.look(ctx, p.Subject); err != nil {
		return err
	}
	if v.objectionRow, err = x.row(ctx, &p, &o); err != nil {
		return err
	}
	if v.could, err = desk.Steps(ctx, x.Cases, o.Case); err != nil {
		return err
	}
	c, err := x.Cases.Get(ctx, o.Case)
	if err != nil {
		return err
	}
	if v.left, v.runs = x.Cases.Left(c); v.runs {
		v.due = c.Due.String()
	}
	v.source = x.c.unit(ctx, o.Agency)
	if o.Kind != objection.OfEntry {
		v.record = p.Link("/me/file/" + o.Target)
	}
	if err := x.history(ctx, &p, v); err != nil {
		return err
	}
	v.facts = x.facts(v)
	s := Sheet{Title: "异议 " + o.No, Lead: o.Title + "：" + o.Ask.Word(), Crumbs: []ui.Link{{Href: p.Link(objectionsPath), Label: "异议"}, {Label: o.No}}, Keep: true}
	return x.c.Show(w, r, status, p, s, objectionPage(v))
}

// history tells what happened, as the subject may read it.
func (x *objections) history(ctx context.Context, p *Place, v *objectionView) error {
	list, err := x.Cases.Timeline(ctx, v.Case)
	if err != nil {
		return err
	}
	v.events, v.files = p.told(list, objectionsPath+"/"+strconv.FormatInt(v.ID, 10))
	latest(v.events)
	return nil
}

func (x *objections) facts(v *objectionView) []ui.Fact {
	rules := x.Rules.On(v.ReceivedOn)
	out := []ui.Fact{
		{Label: "编号", Value: v.No, Code: true},
		{Label: "对什么", Value: v.Title + "（" + v.Kind.Name() + "）", Link: v.record},
		{Label: "希望", Value: v.Ask.Word()},
		{Label: "来源单位", Value: v.source},
		{Label: "收到日期", Value: v.ReceivedOn.String()},
	}
	if v.Result == "" && v.Open() {
		out = append(out, ui.Fact{Label: "最迟答复", Value: v.AnswerBy.String()})
	}
	if v.Refusal != "" {
		f, _ := rules.Refusal(v.Refusal)
		out = append(out, ui.Fact{Label: "不予受理的原因", Value: f.Text, Wide: true})
	}
	if v.Reply != "" {
		out = append(out, ui.Fact{Label: "来源单位核查结果", Value: v.Kind.ReplyWord(v.Reply)})
	}
	if v.TakenDown && v.Result == "" {
		out = append(out, ui.Fact{Label: "停止公示", Value: "这条信息没有核实，已经停止公示和使用", Wide: true})
	}
	if v.Result != "" {
		out = append(out, ui.Fact{Label: "结论", Value: v.Result.Word()})
	}
	if v.Review != "" {
		out = append(out, ui.Fact{Label: "复核结论", Value: v.Review.Word()})
	}
	return append(out, ui.Fact{Label: "依据", Value: rules.Basis()})
}

// file hands out what went with a step of the own objection.
func (x *objections) file(w http.ResponseWriter, r *http.Request) error {
	o, err := x.find(r)
	if err != nil {
		return err
	}
	a, f, err := x.Cases.OpenFile(r.Context(), o.Case, r.PathValue("hash"))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := x.look(r.Context(), o.Subject); err != nil {
		return err
	}
	desk.HandFile(w, r, a, f)
	return nil
}
