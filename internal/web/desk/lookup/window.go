package lookup

import (
	"net/http"
	"slices"
	"strings"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/cntext"
	"gongxin/internal/ident"
	"gongxin/internal/publish"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

const (
	maxCode   = 64
	maxNumber = 40
	maxItems  = 200
	// largest answer on one page; a subject with more is asked about item by item.
	answerRows = 500
)

// whomForm is the part of a form that says who is asked about. The number of a document is read and never kept.
type whomForm struct {
	code, docKind          string
	codeFault, numberFault string
	docKinds               []ui.Option
	persons                bool // natural persons can be asked about
	openPerson             bool
}

// read gives whom the form names; ok is false when a field is to be mended first. Nothing has been looked up then.
func (f *whomForm) read(form map[string][]string) (publish.Whom, bool) {
	get := func(name string) string {
		if list := form[name]; len(list) > 0 {
			return list[0]
		}
		return ""
	}
	f.code, f.docKind = desk.Cut(strings.ToUpper(cntext.Fold(get("code"))), maxCode), desk.Cut(cntext.Fold(get("doc_kind")), maxCode)
	number := strings.ToUpper(cntext.Fold(get("number")))
	switch {
	case f.code == "" && number == "" && f.persons:
		f.codeFault = "请填写统一社会信用代码；查自然人的，填写证件号码。"
	case f.code == "" && number == "":
		f.codeFault = "请填写 18 位统一社会信用代码。"
	case f.code != "" && number != "":
		f.codeFault, f.openPerson = "代码和证件号码只填一种。", true
	case number != "":
		return f.readPerson(number)
	default:
		code, problem := ident.ParseUSCCWith(f.code, func(string) bool { return true })
		if problem == nil {
			return publish.Whom{Code: string(code)}, true
		}
		f.codeFault = sentence(problem.Message) + sentence(problem.Fix)
	}
	return publish.Whom{}, false
}

func (f *whomForm) readPerson(number string) (publish.Whom, bool) {
	f.openPerson = true
	switch {
	case f.docKind == "":
		f.numberFault = "请选择证件类型。" + again
	case len(number) > maxNumber || len(number) < 5:
		f.numberFault = "请填写完整的证件号码。" + again
	default:
		return publish.Whom{DocKind: f.docKind, Number: number}, true
	}
	return publish.Whom{}, false
}

const again = "为保护隐私，页面不显示刚才填写的号码，请重新填写。"

func sentence(s string) string {
	if s == "" || strings.HasSuffix(s, "。") {
		return s
	}
	return s + "。"
}

// windowView is the window desk.
type windowView struct {
	whomForm
	matters []agency.Matter
	matter  *agency.Matter
	unit    agency.Agency
	lapsed  int      // matters that are not in force
	chosen  []string // items that alone are asked about; none = all of the matter
	items   []ui.Pick
	result
}

// window shows the desk for the chosen matter.
func (d *Desk) window(w http.ResponseWriter, r *http.Request) error {
	code := r.URL.Query().Get("matter")
	if code == "" {
		code = d.rememberedMatter(r)
	}
	v := &windowView{}
	if err := d.fillWindow(r, v, code); err != nil {
		return err
	}
	if v.matter == nil && len(v.matters) > 0 {
		if err := d.fillWindow(r, v, v.matters[0].Code); err != nil {
			return err
		}
	}
	return d.showWindow(w, r, http.StatusOK, v)
}

// fillWindow puts what can be chosen into the view.
func (d *Desk) fillWindow(r *http.Request, v *windowView, code string) error {
	var err error
	if v.matters, v.lapsed, err = d.matters(r.Context()); err != nil {
		return err
	}
	for i := range v.matters {
		if v.matters[i].Code == code {
			v.matter = &v.matters[i]
		}
	}
	v.docKinds = d.docKinds()
	if v.matter == nil {
		return nil
	}
	if v.persons = persons(v.matter); v.persons && onlyPersons(v.matter) {
		v.openPerson = true
	}
	v.items = nil
	for _, item := range v.matter.Items {
		v.items = append(v.items, ui.Pick{Value: item, Label: d.itemName(item), On: slices.Contains(v.chosen, item)})
	}
	v.unit, err = d.Agencies.ByID(r.Context(), v.matter.Agency)
	return err
}

func onlyPersons(m *agency.Matter) bool {
	return !slices.ContainsFunc(m.Kinds, func(k string) bool { return k != string(catalog.Person) })
}

func (d *Desk) showWindow(w http.ResponseWriter, r *http.Request, status int, v *windowView) error {
	title := "凭事项查询"
	if v.said() != "" {
		title = v.said() + " · " + title // what a screen reader reads first
	}
	p := desk.Page(d.site, r, title, ui.Link{Label: "凭事项查询"})
	return desk.Show(d.site, w, r, status, p, windowPage(v))
}

// ask asks about one subject for a matter. A matter that is not the caller's, or not in force, is asked for all the same: the refusal is what the access
// log wants to know.
func (d *Desk) ask(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	v := &windowView{}
	for _, item := range form["item"] {
		if item = desk.Cut(item, 40); item != "" && len(v.chosen) < maxItems {
			v.chosen = append(v.chosen, item)
		}
	}
	code := desk.Cut(form.Get("matter"), 40)
	if err := d.fillWindow(r, v, code); err != nil {
		return err
	}
	v.whomForm.persons = true // whether the matter reaches persons is said by the refusal
	whom, ok := v.read(form)
	v.whomForm.persons = persons(v.matter)
	if !ok {
		return d.showWindow(w, r, http.StatusBadRequest, v)
	}
	answer, err := d.Discloser.Disclose(r.Context(), publish.Ask{
		Who: authz.From(r.Context()), Subject: whom, Purpose: publish.Purpose{Matter: code}, Items: itemCodes(v.chosen), Limit: answerRows,
	})
	status, err := v.take(answer, err)
	if err != nil {
		return err
	}
	if v.matter != nil {
		d.rememberMatter(w, v.matter.Code)
	}
	if v.forget(whom); v.answer != nil {
		v.code = "" // the next code is pasted into an empty field; the answer names the subject
	}
	return d.showWindow(w, r, status, v)
}

func itemCodes(list []string) []catalog.ItemCode {
	out := make([]catalog.ItemCode, len(list))
	for i, code := range list {
		out[i] = catalog.ItemCode(code)
	}
	return out
}

// forget leaves nothing of a person in the form.
func (f *whomForm) forget(whom publish.Whom) {
	if whom.Number != "" {
		f.code, f.openPerson = "", true
	}
}
