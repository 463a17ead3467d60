package audit

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	log "gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/cntext"
	"gongxin/internal/fault"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// accessFilter is how the log of look-ups is narrowed. Persons are named by the register's number: their documents stand in no address.
type accessFilter struct {
	who, kind, unit, code, subject, what, outcome, from, to, cursor string
}

func accessFilterOf(r *http.Request) accessFilter {
	q := r.URL.Query()
	return accessFilter{
		who: q.Get("who"), kind: q.Get("kind"), unit: q.Get("unit"), code: strings.ToUpper(cntext.Fold(q.Get("code"))), subject: q.Get("subject"), what: q.Get("what"),
		outcome: q.Get("outcome"), from: q.Get("from"), to: q.Get("to"), cursor: q.Get("after"),
	}
}

func (f accessFilter) active() bool {
	return f.who+f.kind+f.unit+f.code+f.subject+f.what+f.outcome+f.from+f.to != ""
}

func (f accessFilter) at(path, cursor string) string {
	return desk.Query(path, "who", f.who, "kind", f.kind, "unit", f.unit, "code", f.code, "subject", f.subject, "what", f.what, "outcome", f.outcome, "from", f.from, "to", f.to, "after", cursor)
}

// accessView is a page of the log of look-ups.
type accessView struct {
	accessFilter
	units                            []ui.Option
	docKinds                         []ui.Option
	rows                             []log.Access
	names                            *names
	pager                            ui.PagerSpec
	person                           string // whom the filter names by number, masked
	searched                         bool
	whoFault, codeFault, numberFault string
	receipt, receiptFault            string // a number of a receipt or an alert, and why it leads nowhere
}

func (v *accessView) link(a *log.Access) string { return "/desk/audit/access/" + place(a.At, a.ID) }

// access searches the log of look-ups.
func (d *Desk) access(w http.ResponseWriter, r *http.Request) error {
	return d.showAccess(w, r, http.StatusOK, &accessView{accessFilter: accessFilterOf(r)})
}

func (d *Desk) showAccess(w http.ResponseWriter, r *http.Request, status int, v *accessView) error {
	ctx := r.Context()
	f, ok, err := d.accessSearch(ctx, v)
	if err != nil {
		return err
	}
	if !ok {
		status = http.StatusBadRequest
	}
	var next string
	if v.searched = ok && status == http.StatusOK; v.searched { // what cannot be meant is not searched for
		if v.rows, next, err = d.Log.Search(ctx, who(ctx), f, v.cursor, rowsPerPage); err != nil {
			return err
		}
	}
	subjects := []int64{f.Subject}
	for i := range v.rows {
		subjects = append(subjects, v.rows[i].Subject)
	}
	if v.names, err = d.names(ctx, subjects); err != nil {
		return err
	}
	if v.subject != "" && f.Subject != 0 {
		v.person = v.names.subject(f.Subject)
	}
	if v.units, err = d.unitOptions(ctx, authz.AccessAudit); err != nil {
		return err
	}
	v.docKinds = d.docKinds()
	if v.cursor != "" {
		v.pager.First = v.at("/desk/audit/access", "")
	}
	if next != "" {
		v.pager.Next = v.at("/desk/audit/access", next)
	}
	return desk.Show(d.site, w, r, status, desk.Page(d.site, r, "查询日志", ui.Link{Label: "查询日志"}), accessPage(v))
}

// accessSearch makes the search that a filter asks for; ok is false when a part of it cannot be meant.
func (d *Desk) accessSearch(ctx context.Context, v *accessView) (f log.Filter, ok bool, err error) {
	f = log.Filter{WhoKind: v.kind, What: v.what, Outcome: v.outcome}
	if f.Agencies, err = d.reach(ctx, authz.AccessAudit); err != nil {
		return f, false, err
	}
	ok = true
	if v.who != "" {
		if f.WhoID, ok = desk.Number(v.who); !ok {
			v.whoFault = "账号编号是一串数字，可以从账号页面复制。"
		}
	}
	f.Agency, _ = desk.Number(v.unit)
	f.From, f.To = period(v.from, v.to)
	if v.subject != "" {
		f.Subject, _ = desk.Number(v.subject)
	}
	if v.code == "" {
		return f, ok, nil
	}
	sub, found, err := d.Register.ByCode(ctx, v.code)
	if err != nil {
		return f, false, err
	}
	if !found {
		v.codeFault = "库中没有这个统一社会信用代码，请核对。"
		return f, false, nil
	}
	f.Subject = sub.ID
	return f, ok, nil
}

// byPerson leads to the look-ups of a person that a whole document number names. The number comes in the body and goes no farther.
func (d *Desk) byPerson(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	kind, number := cntext.Fold(form.Get("doc_kind")), strings.ToUpper(cntext.Fold(form.Get("number")))
	v := &accessView{}
	if kind == "" || number == "" {
		v.numberFault = "请选择证件类型，填写完整的证件号码。"
		return d.showAccess(w, r, http.StatusBadRequest, v)
	}
	sub, found, err := d.Register.ByPerson(r.Context(), kind, number)
	if err != nil {
		return err
	}
	if !found {
		v.numberFault = "库中没有这个证件号码的人。请核对证件类型和完整的号码；为保护隐私，页面不显示刚才填写的号码。"
		return d.showAccess(w, r, http.StatusNotFound, v)
	}
	return desk.See(w, r, desk.Query("/desk/audit/access", "subject", desk.Dec(sub.ID)))
}

// byNumber leads to the look-up of a receipt, or to the alert of a number. What lies outside the reader's reach is not there; that it was looked for is an
// act like every search.
func (d *Desk) byNumber(w http.ResponseWriter, r *http.Request) error {
	ctx, v := r.Context(), &accessView{receipt: desk.Cut(cntext.Fold(r.URL.Query().Get("number")), 20)}
	n, ok := desk.Number(v.receipt)
	if !ok {
		v.receiptFault = "请填写回执或者提醒的编号，是一串数字。"
		return d.showAccess(w, r, http.StatusBadRequest, v)
	}
	units, err := d.reach(ctx, authz.AccessAudit)
	if err != nil {
		return err
	}
	list, _, err := d.Log.Search(ctx, who(ctx), log.Filter{ID: n, Agencies: units}, "", 1)
	if err != nil {
		return err
	}
	if len(list) > 0 {
		return desk.See(w, r, "/desk/audit/access/"+place(list[0].At, list[0].ID))
	}
	if desk.Could(ctx, d.site, authz.AlertRead) {
		a, err := d.alertOf(ctx, n)
		if err == nil {
			return desk.See(w, r, alertLink(a))
		}
		if !errors.Is(err, errNoAlert) {
			return err
		}
	}
	v.receiptFault = "您的范围内没有这个编号的查询或者提醒，请核对。"
	return d.showAccess(w, r, http.StatusNotFound, v)
}

// alertOf gives an alert within the reader's reach by its number.
func (d *Desk) alertOf(ctx context.Context, n int64) (*log.Alert, error) {
	units, err := d.reach(ctx, authz.AlertRead)
	if err != nil {
		return nil, err
	}
	return d.Log.Alert(ctx, n, units)
}

// downloadTime bounds a download.
const downloadTime = 10 * time.Minute

// download gives every entry that fits as CSV. That it was asked for is an act, on file before the first line.
func (d *Desk) download(w http.ResponseWriter, r *http.Request) error {
	v := &accessView{accessFilter: accessFilterOf(r)}
	f, ok, err := d.accessSearch(r.Context(), v)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Invalid, "desk_audit.filter", "筛选条件有误，没有下载", "请回到查询日志，改好条件后再下载")
	}
	ctx, cancel := context.WithTimeout(r.Context(), downloadTime)
	defer cancel()
	_ = http.NewResponseController(w).SetWriteDeadline(clock.System{}.Now().Add(downloadTime)) // a recorder in a test has none
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="access-`+d.Clock.Now().UTC().Format("20060102T150405")+`.csv"`)
	h.Set("Cache-Control", "no-store")
	out := &begun{w: w}
	if _, err := d.Log.Export(ctx, who(ctx), f, out); err != nil {
		if out.any {
			panic(http.ErrAbortHandler) // nobody takes a torn file for a whole one
		}
		return err
	}
	return nil
}

// begun notes whether anything left.
type begun struct {
	w   http.ResponseWriter
	any bool
}

func (b *begun) Write(p []byte) (int, error) {
	b.any = true
	return b.w.Write(p)
}

// entryView is one look-up with everything that is on file of it.
type entryView struct {
	log.Access
	names   *names
	account string // of whoever looked, to those who may see accounts
	code    string // of the subject, unless it is a person
}

// entry shows one look-up. Reading it is an act, also when it then turns out to lie outside the reader's reach.
func (d *Desk) entry(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	at, id, before, ok := parsePlace(r.PathValue("place"))
	if !ok {
		return errNoEntry
	}
	list, _, err := d.Log.Search(ctx, who(ctx), log.Filter{From: at, To: at.Add(time.Microsecond)}, before, 1)
	if err != nil {
		return err
	}
	if len(list) == 0 || list[0].ID != id {
		return errNoEntry
	}
	v := &entryView{Access: list[0]}
	scope, err := d.unitScope(ctx, v.Who.Agency)
	if err != nil {
		return err
	}
	if err := d.site.See(ctx, scope, errNoEntry); err != nil {
		return err
	}
	if v.names, err = d.names(ctx, []int64{v.Subject}); err != nil {
		return err
	}
	if v.Subject != 0 {
		if v.code, _, err = d.Register.CodeOf(ctx, v.Subject); err != nil {
			return err
		}
	}
	v.account = d.accountName(ctx, v.Who)
	p := desk.Page(d.site, r, "一次查询", ui.Link{Href: "/desk/audit/access", Label: "查询日志"}, ui.Link{Label: "一次查询"})
	return desk.Show(d.site, w, r, http.StatusOK, p, entryPage(v))
}

// accountName names whoever looked to a reader who may see accounts; "" otherwise.
func (d *Desk) accountName(ctx context.Context, w log.Who) string {
	if d.Accounts == nil || w.ID == 0 || w.Kind != string(authz.Account) && w.Kind != string(authz.Key) {
		return ""
	}
	a, _, err := d.Accounts.Show(ctx, authz.From(ctx), w.ID)
	if err != nil {
		return ""
	}
	return a.Name
}
