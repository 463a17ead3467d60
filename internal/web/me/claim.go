package me

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/cntext"
	"gongxin/internal/fault"
	"gongxin/internal/ident"
	"gongxin/internal/identity"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// maxProof bounds a code, maxDocNumber a document's number, in characters.
const (
	maxProof     = 32
	maxDocNumber = 40
)

// errNoAccount answers those whose account makes no claims.
var errNoAccount = fault.New(fault.Denied, "me.no_account", "这个账号是工作账号，不能认领企业或者验证身份", "请用企业代理人或者居民账号登录")

// claimsView is the page of claims: what was claimed, and the forms for another one.
type claimsView struct {
	around
	kind    identity.AccountKind
	claims  []claimRow
	form    claimForm
	methods []string
	demo    bool // the demo shows its codes on this page
	kinds   []ui.Group
	unified []ui.Link
	max     int64
	done    string
	closed  bool // a resident whose claim stands or waits: there is nothing more to claim
}

// claimRow is one claim.
type claimRow struct {
	identity.Claim
	about string
}

// claimForm is a claim as it was typed, with what is wrong with it.
type claimForm struct {
	method          string
	code            string
	docKind, number string
	proof           string
	shown           string // the code that the demo shows for what was typed

	fault                                         string // about the whole
	codeFault, kindFault, numberFault, proofFault string
	fileFault                                     string
}

func (f *claimForm) bad() bool {
	return f.fault != "" || f.codeFault != "" || f.kindFault != "" || f.numberFault != "" || f.proofFault != "" || f.fileFault != ""
}

// claims answers the page of claims.
func (c *Centre) claims(w http.ResponseWriter, r *http.Request) error {
	return c.showClaims(w, r, http.StatusOK, claimForm{})
}

func (c *Centre) showClaims(w http.ResponseWriter, r *http.Request, status int, form claimForm) error {
	a, err := c.around(r, "claim", "/me/claim")
	if err != nil {
		return err
	}
	account, _, err := c.Accounts.Show(r.Context(), a.who, a.who.ID)
	if err != nil {
		return err
	}
	v := &claimsView{
		around: a, kind: account.Kind, form: form, methods: c.offered(), demo: c.DemoCode != nil, unified: c.Unified, max: c.MaxEvidence, done: r.URL.Query().Get("done"),
	}
	if v.claims, err = c.claimRows(r.Context(), &a); err != nil {
		return err
	}
	if v.kind == identity.ResidentAccount {
		v.closed = slices.ContainsFunc(v.claims, func(row claimRow) bool { return row.open() })
		v.kinds = c.docKinds()
	}
	return c.show(w, r, status, c.page(r, "认领与验证", ui.Link{Label: "认领与验证"}), claimsPage(v))
}

// offered are the methods that this installation knows and the page has a form for.
func (c *Centre) offered() []string {
	var out []string
	for _, m := range []string{methodDemo, methodLicence} {
		if slices.Contains(c.Methods, m) && (m != methodLicence || c.Evidence != nil) {
			out = append(out, m)
		}
	}
	return out
}

// docKinds are the kinds of persons' documents as the catalogue names them.
func (c *Centre) docKinds() []ui.Group {
	var options []ui.Option
	if list := c.edition().Lists["id_type"]; list != nil {
		for i := range list.Values {
			if name := list.Values[i].Name; name != list.Open {
				options = append(options, ui.Option{Value: name, Label: name})
			}
		}
	}
	if options == nil {
		options = []ui.Option{{Value: "身份证", Label: "身份证"}}
	}
	return []ui.Group{{Options: options}}
}

// claimRows lists the caller's claims. A person is never named here: the name behind a number that somebody typed is not theirs to read before the claim is
// approved, and afterwards they know it.
func (c *Centre) claimRows(ctx context.Context, a *around) ([]claimRow, error) {
	list, err := c.Accounts.Claims(ctx, a.who)
	if err != nil {
		return nil, err
	}
	var firms []int64
	for i := range list {
		if id := list[i].Subject; list[i].Kind == identity.BusinessAccount && id != 0 && !slices.Contains(firms, id) {
			firms = append(firms, id)
		}
	}
	parties, err := c.parties(ctx, firms)
	if err != nil {
		return nil, err
	}
	out := make([]claimRow, len(list))
	for i := range list {
		out[i] = claimRow{list[i], "本人身份"}
		for _, p := range parties {
			if list[i].Kind == identity.BusinessAccount && p.id == list[i].Subject {
				out[i].about = p.name
			}
		}
	}
	return out, nil
}

// open says whether a claim stands or waits.
func (row *claimRow) open() bool {
	return row.State == identity.ClaimPending || row.State == identity.ClaimApproved
}

func (row *claimRow) withdrawLink() string {
	return "/me/claim/" + strconv.FormatInt(row.ID, 10) + "/withdraw"
}

// claim takes a claim. What is uploaded is looked at before it is kept, and kept before the claim is made.
func (c *Centre) claim(w http.ResponseWriter, r *http.Request) error {
	who := authz.From(r.Context())
	account, _, err := c.Accounts.Show(r.Context(), who, who.ID)
	if err != nil {
		return err
	}
	if !citizen(account.Kind) {
		return errNoAccount
	}
	form, picture, err := c.readClaim(w, r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), claimTime)
	defer cancel()
	r = r.WithContext(ctx)
	if !slices.Contains(c.offered(), form.method) {
		form.blame(identity.ErrClaimMethod)
		return c.showClaims(w, r, http.StatusBadRequest, form)
	}
	in := form.check(account.Kind, picture)
	if form.bad() {
		return c.showClaims(w, r, http.StatusBadRequest, form)
	}
	if form.method == methodDemo && form.proof == "" {
		return c.tellCode(w, r, account.Kind, in, form)
	}
	if picture != nil {
		if in.Evidence, err = c.Evidence.Put(ctx, picture.reader(), c.MaxEvidence); err != nil {
			if fault.KindOf(err) != fault.Invalid { // such as a scanner that does not answer
				return err
			}
			form.fileFault = sentence(err)
			return c.showClaims(w, r, http.StatusUnprocessableEntity, form)
		}
	}
	claim, session, err := c.Accounts.Claim(ctx, who, in)
	if err != nil {
		if !form.blame(err) {
			return err
		}
		if in.Evidence != "" { // refused: nobody is to look at it
			if err := c.Evidence.Remove(in.Evidence); err != nil {
				return err
			}
		}
		return c.showClaims(w, r, web.Status(err), form)
	}
	if session != nil {
		c.site.SetSession(w, session.Token, session.EndsAt)
	}
	if claim.State == identity.ClaimApproved {
		return done(w, r, "/me?done=claimed")
	}
	return done(w, r, "/me/claim?done=sent")
}

// tellCode shows the demo's code for what was typed; it is the step between typing and proving in the demo city alone.
func (c *Centre) tellCode(w http.ResponseWriter, r *http.Request, kind identity.AccountKind, in identity.ClaimIn, form claimForm) error {
	form.proofFault = "请填写验证码。"
	if c.DemoCode == nil {
		return c.showClaims(w, r, http.StatusBadRequest, form)
	}
	code, err := c.DemoCode(r.Context(), kind, in)
	if err != nil {
		if !form.blame(err) {
			return err
		}
		return c.showClaims(w, r, web.Status(err), form)
	}
	form.shown, form.proofFault = code, ""
	return c.showClaims(w, r, http.StatusOK, form)
}

// check notes what is missing or wrong before anything is asked, and gives the claim to make.
func (f *claimForm) check(kind identity.AccountKind, picture *evidence) identity.ClaimIn {
	in := identity.ClaimIn{Method: f.method, Proof: f.proof}
	if kind == identity.BusinessAccount {
		code, problem := ident.ParseUSCCWith(f.code, func(string) bool { return true })
		switch {
		case f.code == "":
			f.codeFault = "请填写统一社会信用代码。"
		case problem != nil:
			f.codeFault = strings.TrimRight(problem.Error(), "。") + "。"
		}
		in.Code = string(code)
	} else {
		if f.docKind == "" {
			f.kindFault = "请选择证件类型。"
		}
		if f.number == "" {
			f.numberFault = "请填写完整的证件号码。"
		}
		in.DocKind, in.DocNumber = f.docKind, f.number
	}
	if f.method == methodLicence && picture == nil && f.fileFault == "" {
		f.fileFault = "请选择证照的照片或者 PDF 文件。"
	}
	return in
}

// blame puts a refusal beside the field that it is about; false when the form is not to blame.
func (f *claimForm) blame(err error) bool {
	words := sentence(err)
	switch {
	case words == "":
		return false
	case errors.Is(err, identity.ErrClaimSubject):
		f.codeFault = words
	case errors.Is(err, identity.ErrProof) && f.method == methodLicence:
		f.fileFault = words
	case errors.Is(err, identity.ErrProof):
		f.proofFault = words
	default:
		switch fault.KindOf(err) {
		case fault.Invalid, fault.Conflict, fault.Busy:
			f.fault = words
		default:
			return false
		}
	}
	return true
}

// fill takes the typed fields, brought into one spelling.
func (f *claimForm) fill(get func(string) string) {
	short := func(s string, most int) string {
		s = cntext.Fold(s)
		if r := []rune(s); len(r) > most {
			return string(r[:most])
		}
		return s
	}
	f.method = get("method")
	f.code, f.proof = strings.ToUpper(short(get("code"), maxDocNumber)), short(get("proof"), maxProof)
	f.docKind, f.number = short(get("kind"), maxDocNumber), strings.ToUpper(short(get("number"), maxDocNumber))
}

// withdrawView asks before a claim is given up.
type withdrawView struct {
	around
	claimRow
}

// findClaim gives a claim of the caller's own that can be given up.
func (c *Centre) findClaim(r *http.Request, a *around) (*claimRow, error) {
	list, err := c.claimRows(r.Context(), a)
	if err != nil {
		return nil, err
	}
	id := number(r.PathValue("id"))
	for i := range list {
		if list[i].ID == id && list[i].open() {
			return &list[i], nil
		}
	}
	return nil, errNotMine
}

// askWithdraw asks whether the claim is really to be given up.
func (c *Centre) askWithdraw(w http.ResponseWriter, r *http.Request) error {
	a, err := c.around(r, "claim", "/me/claim")
	if err != nil {
		return err
	}
	row, err := c.findClaim(r, &a)
	if err != nil {
		return err
	}
	page := c.page(r, "撤回认领", ui.Link{Href: "/me/claim", Label: "认领与验证"}, ui.Link{Label: "撤回"})
	return c.show(w, r, http.StatusOK, page, withdrawPage(&withdrawView{a, *row}))
}

// withdraw gives a claim up.
func (c *Centre) withdraw(w http.ResponseWriter, r *http.Request) error {
	a, err := c.around(r, "claim", "/me/claim")
	if err != nil {
		return err
	}
	row, err := c.findClaim(r, &a)
	if err != nil {
		return err
	}
	if err := c.Accounts.EndClaim(r.Context(), a.who, row.ID); err != nil {
		return err
	}
	return done(w, r, "/me/claim?done=ended")
}

// typed gives what was typed into the form of a method, so that one page can hold several forms.
func (v *claimsView) typed(method string) *claimForm {
	if v.form.method == method {
		return &v.form
	}
	return &claimForm{method: method}
}

var claimColumns = []ui.Column{{Label: "认领"}, {Label: "提交时间", Class: "date"}, {Label: "进度"}, {Label: "办理", Class: "short"}}

func claimWord(k identity.AccountKind) string {
	if k == identity.ResidentAccount {
		return "验证"
	}
	return "认领"
}

func licenceTitle(k identity.AccountKind) string {
	if k == identity.ResidentAccount {
		return "上传身份证件"
	}
	return "上传营业执照"
}

func licenceLabel(k identity.AccountKind) string {
	if k == identity.ResidentAccount {
		return "本人证件的照片，拍有号码和姓名的一面"
	}
	return "营业执照的照片，四角拍全、字看得清"
}

func demoHint(shown bool) string {
	if shown {
		return "不知道就空着，点一次按钮，页面会显示出来。"
	}
	return "由演示城市的管理人员告诉您。"
}
