package me

import (
	"context"
	"net/http"
	"strconv"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/declaration"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/publish"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// Declarers keeps declarations; *declaration.Service does. It decides every step once more.
type Declarers interface {
	Offers(ctx context.Context, subject int64) ([]declaration.Offer, error)
	Check(ctx context.Context, subject int64, item catalog.ItemCode, c declaration.Content) (declaration.Checked, error)
	Get(ctx context.Context, q db.Querier, id int64) (declaration.Declaration, error)
	List(ctx context.Context, f declaration.Filter) ([]declaration.Declaration, error)
	Submit(ctx context.Context, in declaration.Submission) (declaration.Declaration, error)
	Mend(ctx context.Context, id int64, c declaration.Content, pledged bool, in declaration.Step) (declaration.Declaration, error)
	Withdraw(ctx context.Context, id int64, in declaration.Step) (declaration.Declaration, error)
	End(ctx context.Context, id int64, in declaration.Step) (declaration.Declaration, error)
	SaveDraft(ctx context.Context, d declaration.Draft) (declaration.Draft, error)
	Drafts(ctx context.Context, subject int64) ([]declaration.Draft, error)
	DropDraft(ctx context.Context, subject, draft int64) error
}

// DeclarationRules gives the rules of a day; *ruleset.Book of them does.
type DeclarationRules interface {
	On(day clock.Date) *declaration.Rules
	Today() *declaration.Rules
}

// DeclarationDeps are what the pages of declarations are made of.
type DeclarationDeps struct {
	Declarations Declarers
	Rules        DeclarationRules
	Cases        ObjectionCases
	DB           *db.DB
	Looks        publish.Looks // puts on file who reads what is not public
}

// declarations are the pages on which subjects declare.
type declarations struct {
	DeclarationDeps
	c *Centre
}

const (
	declarationsPath = "/me/declarations"
	declarePath      = declarationsPath + "/new"
	declarationsName = "declarations"
)

// Declarations is the part of the centre in which subjects say what nobody reports about them, and follow what becomes of it.
func Declarations(d DeclarationDeps) Part {
	x := &declarations{DeclarationDeps: d}
	return Part{
		Name: declarationsName, Label: "自主申报", Path: declarationsPath,
		Words: "自己申报资质、荣誉、合同履约等信息，形式审查后入库，标明“平台未核验”；随时可以更新、撤下。不收费。",
		Count: x.count, OfRecord: x.ofRecord, Routes: x.routes,
	}
}

func (x *declarations) routes(c *Centre, rt *web.Router) {
	x.c = c
	page := func(pattern string, g web.Guard, h web.Handler) { rt.Handle(pattern, g, c.Handle(h)) }
	page("GET "+declarationsPath, c.Mine(authz.DeclarationOwn), x.list)
	page("GET "+declarePath, c.Mine(authz.DeclarationMake), x.form)
	page("POST "+declarePath, c.Mine(authz.DeclarationMake), x.submit)
	page("POST "+declarationsPath+"/drafts/{draft}/drop", c.Mine(authz.DeclarationMake), x.drop)
	at := declarationsPath + "/{id}"
	page("GET "+at, x.of(authz.DeclarationOwn), x.one)
	page("GET "+at+"/files/{hash}", x.of(authz.DeclarationOwn), x.file)
	page("GET "+at+"/mend", x.of(authz.DeclarationMake), x.mendForm)
	page("POST "+at+"/mend", x.of(authz.DeclarationMake), x.mend)
	page("POST "+at+"/withdraw", x.of(authz.DeclarationMake), x.take("withdraw", x.Declarations.Withdraw))
	page("POST "+at+"/end", x.of(authz.DeclarationMake), x.take("end", x.Declarations.End))
}

// of guards an action on the declaration that the address names: a notice leads to it whichever of the caller's subjects it is about.
func (x *declarations) of(a authz.Action) web.Guard {
	return web.Of(a, whose, func(r *http.Request) (authz.Scope, error) {
		d, err := x.find(r)
		return authz.Scope{Subject: d.Subject}, err
	})
}

func (x *declarations) find(r *http.Request) (declaration.Declaration, error) {
	id := number(r.PathValue("id"))
	if id == 0 {
		return declaration.Declaration{}, declaration.ErrNone
	}
	return x.Declarations.Get(r.Context(), x.DB.Read(), id)
}

// place finds out whom a page about a declaration is about: its subject, whatever the address says.
func (x *declarations) place(r *http.Request, d *declaration.Declaration) (Place, error) {
	return x.c.placeOf(r, d.Subject, declarationsName, declarationsPath)
}

// count says beside the card how many are under way.
func (x *declarations) count(ctx context.Context, p Place) (string, error) {
	list, err := x.Declarations.List(ctx, declaration.Filter{Subject: p.Subject, Open: true})
	if err != nil || len(list) == 0 {
		return "", err
	}
	return strconv.Itoa(len(list)) + " 件在办", nil
}

// ofRecord leads from a record that the subject declared to the declaration, where it can be replaced and taken back.
func (x *declarations) ofRecord(ctx context.Context, p Place, r *publish.RecordView) (ui.Link, error) {
	list, err := x.Declarations.List(ctx, declaration.Filter{Subject: p.Subject, Record: r.ID, State: declaration.OnFile, Limit: 1})
	if err != nil || len(list) == 0 {
		return ui.Link{}, err
	}
	return ui.Link{Href: p.Link(declarationsPath + "/" + strconv.FormatInt(list[0].ID, 10)), Label: "更新或者撤下这件申报"}, nil
}

// look is the access entry of a subject that opens what it declared.
func (x *declarations) look(ctx context.Context, subject int64) error {
	return x.Looks.Record(ctx, audit.Access{Subject: subject, What: audit.Own, Basis: "本人的自主申报"})
}

// declarationRow is a declaration in the list.
type declarationRow struct {
	declaration.Declaration
	href  string
	what  string // kind and title
	state string
	tone  ui.Tone
	next  string
	due   string
	left  int
	runs  bool
}

type declaredDraft struct {
	href, drop    string
	what, changed string
}

// offerRow is an item that can be declared.
type offerRow struct{ href, name, words string }

type declarationsView struct {
	rows    []declarationRow
	drafts  []declaredDraft
	offers  []offerRow
	why     *fault.Error // nothing can be declared
	keep    int          // days that a draft is kept
	done    string
	more    string
	pledged string
}

var declarationDone = map[string]string{
	"submit": "申报已经提交，请记下编号", "mend": "补正已经提交", "withdraw": "申报已经撤回", "end": "已经撤下，不再公示和使用", "drop": "草稿已经删除",
}

const declarationsShown = 50

// list shows the declarations of the subject, the drafts, and what can be declared.
func (x *declarations) list(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	p, err := x.c.Place(r, declarationsName, declarationsPath)
	if err != nil {
		return err
	}
	rules := x.Rules.Today()
	v := &declarationsView{keep: rules.Limit.DraftDays, pledged: rules.Pledge.Liability, done: declarationDone[r.URL.Query().Get("done")]}
	if err := x.offered(ctx, &p, v); err != nil {
		return err
	}
	list, err := x.Declarations.List(ctx, declaration.Filter{Subject: p.Subject, After: number(r.URL.Query().Get("after")), Limit: declarationsShown + 1})
	if err != nil {
		return err
	}
	drafts, err := x.Declarations.Drafts(ctx, p.Subject)
	if err != nil {
		return err
	}
	if len(list)+len(drafts) > 0 {
		if err := x.look(ctx, p.Subject); err != nil {
			return err
		}
	}
	if len(list) > declarationsShown {
		list = list[:declarationsShown]
		v.more = p.Link(declarationsPath, "after", strconv.FormatInt(list[declarationsShown-1].ID, 10))
	}
	for i := range list {
		row, err := x.row(ctx, &p, &list[i])
		if err != nil {
			return err
		}
		v.rows = append(v.rows, row)
	}
	for i := range drafts {
		d := &drafts[i]
		id := strconv.FormatInt(d.ID, 10)
		v.drafts = append(v.drafts, declaredDraft{p.Link(declarePath, "draft", id), p.Link(declarationsPath + "/drafts/" + id + "/drop"), x.what(d.Item, d.Content), moment(d.ChangedAt)})
	}
	return x.c.Show(w, r, http.StatusOK, p, Sheet{Title: "自主申报", Lead: "没有单位报送的好信息，可以自己申报。自愿、免费；公开不公开由您决定，随时可以更新、撤下。", Crumbs: []ui.Link{{Label: "自主申报"}}}, declarationsPage(v))
}

// offered reads what can be declared, or why nothing can.
func (x *declarations) offered(ctx context.Context, p *Place, v *declarationsView) error {
	offers, err := x.Declarations.Offers(ctx, p.Subject)
	if err != nil {
		f, known := desk.Refusal(err)
		if !known {
			return err
		}
		v.why = f
		return nil
	}
	for i := range offers {
		o := &offers[i]
		words := "由" + o.Unit.Name + "受理。"
		if f, ok := o.Item.ByRole(catalog.RoleCategory); ok {
			if list, ok := o.Item.ListOf(f.Code); ok {
				words += "可以申报："
				for n := range list.Values {
					if n > 0 {
						words += "、"
					}
					words += list.Values[n].Name
				}
				words += "。"
			}
		}
		name := "新申报"
		if len(offers) > 1 {
			name += "：" + o.Item.Name
		}
		v.offers = append(v.offers, offerRow{p.Link(declarePath, "item", string(o.Item.Code)), name, words})
	}
	return nil
}

// what says in a few words what is declared.
func (x *declarations) what(code catalog.ItemCode, c declaration.Content) string {
	item := x.c.item(code, "")
	if item == nil {
		return string(code)
	}
	kind, title := "", ""
	if f, ok := item.ByRole(catalog.RoleCategory); ok {
		kind = c[f.Code]
	}
	if f, ok := item.ByRole(catalog.RoleTitle); ok {
		title = c[f.Code]
	}
	switch {
	case kind != "" && title != "":
		return kind + "：" + title
	case title != "":
		return title
	case kind != "":
		return kind
	}
	return item.Name
}

func (x *declarations) row(ctx context.Context, p *Place, d *declaration.Declaration) (declarationRow, error) {
	r := declarationRow{
		Declaration: *d, href: p.Link(declarationsPath + "/" + strconv.FormatInt(d.ID, 10)), what: x.what(d.Item, d.Content), state: declaration.StateName(d.State), tone: ui.Plain,
	}
	c, err := x.Cases.Get(ctx, d.Case)
	if err != nil {
		return r, err
	}
	r.next = x.next(d, c)
	if r.left, r.runs = x.Cases.Left(c); r.runs {
		r.due = c.Due.String()
	}
	switch d.State {
	case declaration.Returned:
		r.tone = ui.Bad
	case declaration.Submitted, declaration.Accepted, declaration.Ending:
		r.tone = ui.Accent
	case declaration.OnFile:
		r.tone = ui.Good
	}
	return r, nil
}

// next says in plain words what happens next, and by when.
func (x *declarations) next(d *declaration.Declaration, c *flow.Case) string {
	switch d.State {
	case declaration.Submitted:
		return "受理单位最迟 " + c.Due.String() + " 作形式审查：通过的入库，材料不齐的退回补正。"
	case declaration.Returned:
		return "请您最迟 " + c.Due.String() + " 补正，逾期视为放弃本次申报，可以重新申报。"
	case declaration.Accepted:
		return "形式审查已经通过，正在写入信用库。"
	case declaration.Ending:
		return "正在从信用库撤下。"
	}
	return ""
}
