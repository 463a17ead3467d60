package me

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/declaration"
	"gongxin/internal/fault"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// declareField is a column of the item in the form: a choice with, where the list is open, a field for what is not in it; or a field.
type declareField struct {
	choice *ui.ChoiceSpec
	other  *ui.FieldSpec
	field  ui.FieldSpec
}

// declareView is the form of a declaration, new or mended.
type declareView struct {
	item     catalog.ItemCode
	offer    *declaration.Offer
	content  declaration.Content
	reasons  []catalog.Reason
	fields   []declareField
	general  []string // what is wrong with no field of the form
	warnings []string
	pledge   declaration.Pledge
	pledged  bool
	proof    bool // a file must go with it
	noProof  string
	kept     []string
	draft    int64
	replaces *declaration.Declaration
	old      string // what is replaced, in words
	mend     *declaration.Declaration
	asked    string // what was to be mended
	due      string
	saved    bool
	ready    bool // it was checked, and can be handed in
	seen     string
	who      string // who will see it
	to, back string
	fault    *fault.Error
}

// law names what lets the item be collected today.
func (v *declareView) law() string {
	var out []string
	for _, b := range v.offer.Law {
		out = append(out, b.Law+b.Article)
	}
	return strings.Join(out, "；")
}

// form begins a declaration: of an item, in the place of another one, or with a draft.
func (x *declarations) form(w http.ResponseWriter, r *http.Request) error {
	q, ctx := r.URL.Query(), r.Context()
	p, err := x.c.Place(r, declarationsName, declarationsPath)
	if err != nil {
		return err
	}
	v := &declareView{item: catalog.ItemCode(q.Get("item")), saved: q.Get("saved") != "", draft: number(q.Get("draft"))}
	old := number(q.Get("replaces"))
	if v.draft != 0 {
		d, err := x.drafted(ctx, &p, v.draft)
		if err != nil {
			return err
		}
		v.item, v.content, old = d.Item, d.Content, d.Replaces
	}
	if old != 0 {
		if err := x.replacing(ctx, &p, v, old); err != nil {
			return err
		}
	}
	if v.draft != 0 || old != 0 {
		if err := x.look(ctx, p.Subject); err != nil {
			return err
		}
	}
	return x.showForm(w, r, http.StatusOK, p, v)
}

// drafted finds a draft of the caller.
func (x *declarations) drafted(ctx context.Context, p *Place, id int64) (declaration.Draft, error) {
	list, err := x.Declarations.Drafts(ctx, p.Subject)
	if err != nil {
		return declaration.Draft{}, err
	}
	for i := range list {
		if list[i].ID == id {
			return list[i], nil
		}
	}
	return declaration.Draft{}, declaration.ErrDraft
}

// replacing reads the declaration on file whose place another one is to take.
func (x *declarations) replacing(ctx context.Context, p *Place, v *declareView, id int64) error {
	old, err := x.Declarations.Get(ctx, x.DB.Read(), id)
	if fault.KindOf(err) == fault.NotFound || err == nil && (old.Subject != p.Subject || old.State != declaration.OnFile) {
		return declaration.ErrReplaces
	}
	if err != nil {
		return err
	}
	v.replaces, v.item, v.old = &old, old.Item, x.what(old.Item, old.Content)
	if v.content == nil {
		v.content = old.Content
	}
	return nil
}

// showForm writes the form with what was typed and what the checks said.
func (x *declarations) showForm(w http.ResponseWriter, r *http.Request, status int, p Place, v *declareView) error {
	offers, err := x.Declarations.Offers(r.Context(), p.Subject)
	if err != nil {
		return err
	}
	for i := range offers {
		if offers[i].Item.Code == v.item || v.item == "" && len(offers) == 1 {
			v.offer, v.item = &offers[i], offers[i].Item.Code
		}
	}
	if v.offer == nil {
		return declaration.ErrItem
	}
	rules := x.Rules.Today()
	v.pledge, v.proof = rules.Pledge, v.offer.Rule.Proof && len(v.kept) == 0 && v.mend == nil
	title := "新申报"
	v.to, v.back = p.Link(declarePath), p.Link(declarationsPath)
	switch {
	case v.mend != nil:
		title = "补正申报 " + v.mend.No
		v.back = p.Link(declarationsPath + "/" + strconv.FormatInt(v.mend.ID, 10))
		v.to = p.Link(declarationsPath + "/" + strconv.FormatInt(v.mend.ID, 10) + "/mend")
	case v.replaces != nil:
		title = "更新申报"
		v.back = p.Link(declarationsPath + "/" + strconv.FormatInt(v.replaces.ID, 10))
	}
	v.lay(p.Resident)
	return x.c.Show(w, r, status, p, Sheet{Title: title, Crumbs: []ui.Link{{Href: p.Link(declarationsPath), Label: "自主申报"}, {Label: title}}}, declarePage(v))
}

// lay makes the fields of the form from the columns of the item, each with what is wrong with it.
func (v *declareView) lay(person bool) {
	faults := map[string]string{}
	for _, r := range v.reasons {
		words := strings.TrimRight(r.Message, "。") + "。"
		if r.Fix != "" {
			words += strings.TrimRight(r.Fix, "。") + "。"
		}
		switch {
		case r.Severity != catalog.Error:
			v.warnings = append(v.warnings, words)
		case r.Field != "":
			faults[r.Field] += words
		default:
			v.general = append(v.general, words)
		}
	}
	for _, f := range v.offer.Fields() {
		v.fields = append(v.fields, v.fieldOf(f, faults[f.Code], person))
		delete(faults, f.Code)
	}
	for i := range v.offer.Item.Fields { // what is wrong with what nobody types: name or code as they are registered
		if words := faults[v.offer.Item.Fields[i].Code]; words != "" {
			v.general = append(v.general, words)
		}
	}
}

const (
	fieldPrefix = "f-"
	otherSuffix = "-other"
)

func (v *declareView) fieldOf(f *catalog.Field, wrong string, person bool) declareField {
	name, value := fieldPrefix+f.Code, v.content[f.Code]
	list, listed := v.offer.Item.ListOf(f.Code)
	if listed && f.Type == catalog.Enum {
		value, rest, _ := strings.Cut(value, "-")
		c := &ui.ChoiceSpec{ID: name, Name: name, Label: f.Name, Ask: "请选择", Value: value, Groups: []ui.Group{{Options: choices(f, list, person)}}, Fault: wrong}
		if f.Role == catalog.RoleDisclosure {
			c.Hint = "由您决定，以后可以更新。"
			if person {
				c.Hint = "自然人的信息不向社会公开。"
			}
		}
		out := declareField{choice: c}
		if f.OpenList && list.Open != "" {
			out.other = &ui.FieldSpec{ID: name + otherSuffix, Name: name + otherSuffix, Label: f.Name + "选“" + list.Open + "”的，写明是什么", Value: rest, MaxLength: 30}
		}
		return out
	}
	spec := ui.FieldSpec{ID: name, Name: name, Label: f.Name, Value: value, Required: f.Required, MaxLength: f.MaxLen, Fault: wrong, Hint: f.Note}
	switch {
	case f.Type == catalog.DateType:
		spec.Type, spec.MaxLength = "date", 0
		if f.LongTerm {
			spec.Hint = "长期有效的不填。"
			if value == clock.LongTerm.String() {
				spec.Value = ""
			}
		}
	case f.MaxLen > 300:
		spec.Rows = 4
	case f.Role == catalog.RoleDocNo:
		spec.Hint = "证书、文件或者合同的编号；没有的不填。"
	}
	return declareField{field: spec}
}

// choices are the values of a list. What the law keeps from the public cannot be chosen to be public.
func choices(f *catalog.Field, list *catalog.List, person bool) []ui.Option {
	var out []ui.Option
	for i := range list.Values {
		value := &list.Values[i]
		if person && f.Role == catalog.RoleDisclosure && value.Class == catalog.Public {
			continue
		}
		label := value.Name
		if f.Role == catalog.RoleDisclosure {
			label += disclosureWords[value.Class]
		}
		out = append(out, ui.Option{Value: value.Name, Label: label})
	}
	return out
}

var disclosureWords = map[catalog.Class]string{
	catalog.Public: "：任何人都能看到", catalog.Authorised: "：经您授权的单位才能看到", catalog.Shared: "：只有依法办事的部门能看到",
}

// typed reads the content from a form.
func typed(form url.Values) declaration.Content {
	c := declaration.Content{}
	for name := range form {
		code, ours := strings.CutPrefix(name, fieldPrefix)
		if !ours || strings.HasSuffix(code, otherSuffix) {
			continue
		}
		value := form.Get(name)
		if other := form.Get(name + otherSuffix); other != "" && value == otherValue {
			value += "-" + other
		}
		c[code] = strings.ReplaceAll(value, "\r\n", "\n")
	}
	return c
}

// otherValue is what open lists call what is not in them.
const otherValue = "其他"

// filled reads the form into a view.
func (x *declarations) filled(w http.ResponseWriter, r *http.Request) (*declareView, url.Values, error) {
	form, files, err := desk.FormWithFile(w, r, x.Cases, "佐证材料")
	v := &declareView{
		item: catalog.ItemCode(form.Get("item")), content: typed(form), draft: number(form.Get("draft")), pledged: form.Get("pledged") != "", kept: append(form["kept"], files...),
	}
	return v, form, err
}

// submit hands the declaration in, checks it only, or keeps it as a draft.
func (x *declarations) submit(w http.ResponseWriter, r *http.Request) error {
	p, err := x.c.Place(r, declarationsName, declarationsPath)
	if err != nil {
		return err
	}
	v, form, err := x.filled(w, r)
	if old := number(form.Get("replaces")); old != 0 {
		if err := x.replacing(r.Context(), &p, v, old); err != nil {
			return err
		}
	}
	if err == nil && form.Get("save") != "" {
		return x.save(w, r, p, v)
	}
	if err == nil {
		err = x.check(r.Context(), p, v)
	}
	switch {
	case err != nil:
		return x.refuse(w, r, p, v, err)
	case form.Get("check") != "":
		v.ready = true
		return x.showForm(w, r, http.StatusOK, p, v)
	}
	in := declaration.Submission{Subject: p.Subject, Item: v.item, Content: v.content, Files: v.kept, Pledged: v.pledged, Draft: v.draft}
	if v.replaces != nil {
		in.Replaces = v.replaces.ID
	}
	d, err := x.Declarations.Submit(r.Context(), in)
	if err != nil {
		return x.refuse(w, r, p, v, err)
	}
	return done(w, r, p.Link(declarationsPath+"/"+strconv.FormatInt(d.ID, 10), "done", "submit"))
}

// check asks what filing would say, and keeps it beside the fields.
func (x *declarations) check(ctx context.Context, p Place, v *declareView) error {
	c, err := x.Declarations.Check(ctx, p.Subject, v.item, v.content)
	if err != nil {
		return err
	}
	v.reasons = c.Reasons
	if c.Refused() {
		return declaration.ErrContent
	}
	v.who = seenBy(c.Class, p.Resident)
	return nil
}

// seenBy says who will see what is declared.
func seenBy(class catalog.Class, person bool) string {
	switch {
	case class == catalog.Public && !person:
		return "入库以后向社会公开，任何人都能看到。"
	case class == catalog.Shared:
		return "不公开；只有有办理事项和法律依据的部门能看到。"
	default:
		return "不公开；经您授权的单位、有办理事项和法律依据的部门能看到。"
	}
}

func (x *declarations) refuse(w http.ResponseWriter, r *http.Request, p Place, v *declareView, err error) error {
	f, known := desk.Refusal(err)
	if !known {
		return err
	}
	v.fault = f
	if errors.Is(err, declaration.ErrProof) {
		v.noProof = desk.Words(f)
	}
	return x.showForm(w, r, web.Status(err), p, v)
}

// save keeps a draft.
func (x *declarations) save(w http.ResponseWriter, r *http.Request, p Place, v *declareView) error {
	d := declaration.Draft{ID: v.draft, Subject: p.Subject, Item: v.item, Content: v.content}
	if v.replaces != nil {
		d.Replaces = v.replaces.ID
	}
	d, err := x.Declarations.SaveDraft(r.Context(), d)
	if err != nil {
		return x.refuse(w, r, p, v, err)
	}
	return done(w, r, p.Link(declarePath, "draft", strconv.FormatInt(d.ID, 10), "saved", "1"))
}

// drop deletes a draft.
func (x *declarations) drop(w http.ResponseWriter, r *http.Request) error {
	p, err := x.c.Place(r, declarationsName, declarationsPath)
	if err != nil {
		return err
	}
	if err := x.Declarations.DropDraft(r.Context(), p.Subject, number(r.PathValue("draft"))); err != nil {
		return err
	}
	return done(w, r, p.Link(declarationsPath, "done", "drop"))
}
