package me

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"gongxin/internal/repair"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// repairProof is what a file of an application is.
const repairProof = "履行义务的证明"

// repairFormView is an application as it is typed.
type repairFormView struct {
	Place
	to        string // address of the form
	back      string
	picks     []ui.Pick
	statement string
	kept      []string
	titles    map[string]string
	files     []ui.Pick
	fault     string
	slip      slip
	free      string
}

// split gives what is chosen, and what could be chosen too; with nothing chosen yet, everything is offered at once.
func (v *repairFormView) split() (chosen, rest []ui.Pick) {
	for _, p := range v.picks {
		if p.On {
			chosen = append(chosen, p)
		} else {
			rest = append(rest, p)
		}
	}
	if len(chosen) == 0 {
		return rest, nil
	}
	return chosen, rest
}

// newForm answers the form with what was chosen on the overview.
func (x *repairs) newForm(w http.ResponseWriter, r *http.Request) error {
	return x.showForm(w, r, http.StatusOK, 0, &repairFormView{}, r.URL.Query()["pick"])
}

// showForm shows the form of a new application, or of a draft.
func (x *repairs) showForm(w http.ResponseWriter, r *http.Request, status int, app int64, v *repairFormView, chosen []string) error {
	p, err := x.c.Place(r, repairTab, repairPath)
	if err != nil {
		return err
	}
	review, err := x.Repairs.Review(r.Context(), p.Subject)
	if err != nil {
		return err
	}
	v.files = keptPicks(r.Context(), x.Cases, v.kept, v.titles)
	v.Place, v.free, v.to, v.back = p, review.Free, p.Link(repairForms+"new"), p.Link(repairPath)
	if app != 0 {
		v.back = p.Link(repairForms + strconv.FormatInt(app, 10))
		v.to = p.Link(repairForms + strconv.FormatInt(app, 10) + "/edit")
	}
	for i := range review.Findings {
		f := &review.Findings[i]
		if f.State == repair.Now {
			v.picks = append(v.picks, repairPickOf(f, slices.Contains(chosen, f.Target.String())))
		}
	}
	crumbs := []ui.Link{{Href: p.Link(repairPath), Label: "信用修复"}, {Label: "申请"}}
	return x.c.Show(w, r, status, p, Sheet{Title: "申请信用修复", Lead: "选择信息、写明怎样改正、附上证明，下一步签承诺书。随时可以保存，以后接着办。", Crumbs: crumbs}, repairFormPage(v))
}

func (x *repairs) saveNew(w http.ResponseWriter, r *http.Request) error { return x.save(w, r, 0, nil) }

func (x *repairs) saveEdit(w http.ResponseWriter, r *http.Request) error {
	a, err := x.Repairs.Application(r.Context(), number(r.PathValue("id")))
	if err != nil {
		return err
	}
	return x.save(w, r, a.ID, a.Files)
}

// save keeps what was typed, and leads on to the letter.
func (x *repairs) save(w http.ResponseWriter, r *http.Request, app int64, files []repair.File) error {
	p, err := x.c.Place(r, repairTab, repairPath)
	if err != nil {
		return err
	}
	form, hashes, err := desk.FormWithFile(w, r, x.Cases, repairProof)
	kept := append(form[keptField], hashes...)
	if form.Get("kept_shown") == "" {
		kept = append(hashesOf(files), hashes...)
	}
	var list []repair.Target
	if err == nil {
		list, err = repairTargets(form["pick"])
	}
	if err == nil {
		files = nil
		for _, hash := range kept {
			if !slices.ContainsFunc(files, func(f repair.File) bool { return f.Hash == hash }) {
				files = append(files, repair.File{Hash: hash, Title: repairProof})
			}
		}
		var a repair.Application
		a, err = x.Repairs.Save(r.Context(), p.Subject, app, repair.DraftIn{Targets: list, Statement: form.Get("statement"), Files: files})
		if err == nil {
			return done(w, r, p.Link(repairForms+strconv.FormatInt(a.ID, 10), "done", "saved"))
		}
	}
	words, ok := repairRefusal(err)
	if !ok {
		return err
	}
	return x.showForm(w, r, web.Status(err), app, &repairFormView{statement: form.Get("statement"), kept: kept, titles: proofs(kept), fault: words, slip: slipOf(err)}, form["pick"])
}

func hashesOf(files []repair.File) []string {
	out := make([]string, len(files))
	for i := range files {
		out[i] = files[i].Hash
	}
	return out
}

// proofs name attachments of a draft that another account of the same subject has made.
func proofs(hashes []string) map[string]string {
	out := make(map[string]string, len(hashes))
	for _, hash := range hashes {
		out[hash] = repairProof
	}
	return out
}

// edit shows a draft in its form again.
func (x *repairs) edit(w http.ResponseWriter, r *http.Request) error {
	a, err := x.Repairs.Application(r.Context(), number(r.PathValue("id")))
	if err != nil {
		return err
	}
	if a.State != repair.Draft {
		return repair.ErrSent
	}
	var chosen []string
	for i := range a.Picks {
		chosen = append(chosen, a.Picks[i].Target)
	}
	return x.showForm(w, r, http.StatusOK, a.ID, &repairFormView{statement: a.Statement, kept: hashesOf(a.Files), titles: proofs(hashesOf(a.Files))}, chosen)
}

// addFile adds a proof to a draft.
func (x *repairs) addFile(w http.ResponseWriter, r *http.Request) error {
	a, err := x.Repairs.Application(r.Context(), number(r.PathValue("id")))
	if err != nil {
		return err
	}
	_, hashes, err := desk.FormWithFile(w, r, x.Cases, repairProof)
	if err == nil {
		in := repair.DraftIn{Statement: a.Statement, Files: a.Files}
		for _, hash := range hashes {
			if !slices.ContainsFunc(in.Files, func(f repair.File) bool { return f.Hash == hash }) {
				in.Files = append(in.Files, repair.File{Hash: hash, Title: repairProof})
			}
		}
		for i := range a.Picks {
			var t repair.Target
			if t, err = repair.ParseTarget(a.Picks[i].Target); err != nil {
				return err
			}
			in.Targets = append(in.Targets, t)
		}
		_, err = x.Repairs.Save(r.Context(), a.Subject, a.ID, in)
	}
	return x.after(w, r, &a, err, "saved")
}

// draftFile hands out a proof of a draft, so that whoever signs for it has seen it, also when another agent attached it.
func (x *repairs) draftFile(w http.ResponseWriter, r *http.Request) error {
	app, err := x.Repairs.Application(r.Context(), number(r.PathValue("id")))
	if err != nil {
		return err
	}
	a, f, err := x.Repairs.DraftFile(r.Context(), app.ID, r.PathValue("hash"))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := x.look(r.Context(), app.Subject); err != nil {
		return err
	}
	desk.HandFile(w, r, a, f)
	return nil
}

// send signs and sends.
func (x *repairs) send(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	a, err := x.Repairs.Application(r.Context(), number(r.PathValue("id")))
	if err != nil {
		return err
	}
	_, err = x.Repairs.Send(r.Context(), a.Subject, a.ID, repairInstant(r.PostForm.Get("seen")), r.PostForm.Get("agree") == "1")
	return x.after(w, r, &a, err, "sent")
}

// drop throws a draft away.
func (x *repairs) drop(w http.ResponseWriter, r *http.Request) error {
	a, err := x.Repairs.Application(r.Context(), number(r.PathValue("id")))
	if err != nil {
		return err
	}
	if err := x.Repairs.Drop(r.Context(), a.Subject, a.ID); err != nil {
		return x.after(w, r, &a, err, "")
	}
	p, _, err := x.place(w, r, a.Subject)
	if err != nil {
		return err
	}
	return done(w, r, p.Link(repairPath, "done", "dropped"))
}

// after leads on after a step about an application, or shows why it was refused.
func (x *repairs) after(w http.ResponseWriter, r *http.Request, a *repair.Application, err error, what string) error {
	if err == nil {
		v := url.Values{"done": {what}}
		if of := r.URL.Query().Get("of"); of != "" {
			v.Set("of", of)
		}
		return done(w, r, repairQuery(repairForms+strconv.FormatInt(a.ID, 10), v))
	}
	if _, ok := repairRefusal(err); !ok {
		return err
	}
	return x.showApp(w, r, web.Status(err), a.ID, err)
}

// repairAppView is an application: a draft with the letter to be signed, or what became of it.
type repairAppView struct {
	Place
	repair.Application
	title, letter string
	cases         []repairCaseRow
	seen          string
	fault, done   string
	free          string
	missing       bool // a proof is still missing
	slip          slip
}

func (v *repairAppView) at(tail string) string {
	return v.Link(repairForms + strconv.FormatInt(v.ID, 10) + tail)
}

// proofs lead to the proofs of a draft.
func (v *repairAppView) proofs() []ui.Link {
	var out []ui.Link
	for i, f := range v.Files {
		label := f.Title
		if len(v.Files) > 1 {
			label += " " + strconv.Itoa(i+1)
		}
		out = append(out, ui.Link{Href: v.at("/files/" + url.PathEscape(f.Hash)), Label: label})
	}
	return out
}

// lines are the paragraphs of the letter.
func (v *repairAppView) lines() []string {
	return strings.FieldsFunc(v.letter, func(r rune) bool { return r == '\n' })
}

// repairCaseRow is a case in words.
type repairCaseRow struct {
	repair.Case
	href, name, state, when string
	tone                    ui.Tone
}

// form answers an application.
func (x *repairs) form(w http.ResponseWriter, r *http.Request) error {
	return x.showApp(w, r, http.StatusOK, number(r.PathValue("id")), nil)
}

func (x *repairs) showApp(w http.ResponseWriter, r *http.Request, status int, id int64, wrong error) error {
	a, err := x.Repairs.Application(r.Context(), id)
	if err != nil {
		return err
	}
	if a.State == repair.Dropped {
		return repair.ErrNone
	}
	p, elsewhere, err := x.placeOf(w, r, a.Subject)
	if err != nil || elsewhere {
		return err
	}
	v := &repairAppView{Place: p, Application: a, seen: strconv.FormatInt(a.ChangedAt.UnixMicro(), 10), slip: slipOf(wrong), done: repairDone[r.URL.Query().Get("done")]}
	v.fault, _ = repairRefusal(wrong)
	if err := x.look(r.Context(), a.Subject); err != nil {
		return err
	}
	title := "修复申请"
	if a.State == repair.Draft {
		title = "签署承诺书"
		if v.title, v.letter, v.free, err = x.letterOf(r.Context(), &a); err != nil {
			return err
		}
		v.missing = len(a.Files) == 0 && slices.ContainsFunc(a.Picks, func(p repair.Pick) bool { return len(p.Held) == 0 })
	} else if v.cases, err = x.repairCaseRows(r.Context(), p, a.ID); err != nil {
		return err
	}
	crumbs := []ui.Link{{Href: p.Link(repairPath), Label: "信用修复"}, {Label: title}}
	return x.c.Show(w, r, status, p, Sheet{Title: title, Crumbs: crumbs, Keep: true}, repairAppPage(v))
}

// placeOf is place, also for a page that answers a refused form.
func (x *repairs) placeOf(w http.ResponseWriter, r *http.Request, subject int64) (Place, bool, error) {
	if r.Method == http.MethodGet {
		return x.place(w, r, subject)
	}
	p, err := x.c.Place(r, repairTab, repairPath)
	if err == nil && p.Subject != subject {
		err = errNotMine
	}
	return p, false, err
}

// letterOf gives the commitment of a draft in the words that will be signed.
func (x *repairs) letterOf(ctx context.Context, a *repair.Application) (title, text, free string, err error) {
	name, code, free, err := x.Repairs.Who(ctx, a.Subject)
	if err != nil {
		return "", "", "", err
	}
	title, text = x.Repairs.LetterText(name, code, a.Picks)
	return title, text, free, nil
}

func (x *repairs) repairCaseRows(ctx context.Context, p Place, app int64) ([]repairCaseRow, error) {
	list, err := x.Repairs.CasesOf(ctx, app)
	if err != nil {
		return nil, err
	}
	out := make([]repairCaseRow, len(list))
	for i := range list {
		if out[i], err = x.repairCaseRow(ctx, p, &list[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (x *repairs) repairCaseRow(ctx context.Context, p Place, k *repair.Case) (repairCaseRow, error) {
	row := repairCaseRow{Case: *k, href: p.Link(repairCase + strconv.FormatInt(k.ID, 10)), name: x.c.itemName(k.Item), state: repairCaseWords[k.State], tone: repairCaseTones[k.State]}
	if k.Title != "" && k.Title != row.name {
		row.name += "：" + k.Title
	}
	f, err := x.Cases.Get(ctx, k.Flow)
	if err != nil {
		return row, err
	}
	switch {
	case f.PausedOn != 0:
		row.state, row.tone, row.when = "等您补交材料", ui.Warn, "最迟 "+f.PauseUntil.String()
	case k.Open && !f.Due.IsZero():
		row.when = "最迟 " + f.Due.String()
		if f.Overdue {
			row.when += "，已经逾期"
		}
	case !k.AnsweredAt.IsZero():
		row.when = moment(k.AnsweredAt)
	}
	return row, nil
}

var repairCaseWords = map[string]string{
	"sent": "已推送，待受理", "accepted": "已受理，待答复", "granted": "准予修复", "refused": "不予修复", "rejected": "不予受理", "withdrawn": "已撤回", "moot": "已终止",
}

var repairCaseTones = map[string]ui.Tone{"sent": ui.Accent, "accepted": ui.Accent, "granted": ui.Good, "refused": ui.Bad, "rejected": ui.Bad, "withdrawn": ui.Plain, "moot": ui.Plain}

// letter hands out the signed commitment.
func (x *repairs) letter(w http.ResponseWriter, r *http.Request) error {
	a, err := x.Repairs.Application(r.Context(), number(r.PathValue("id")))
	if err != nil {
		return err
	}
	if a.State != repair.Sent {
		return repair.ErrNone
	}
	if err := x.look(r.Context(), a.Subject); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", `attachment; filename="repair-commitment-`+strconv.FormatInt(a.ID, 10)+`.json"`)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(x.Repairs.ReceiptOf(&a))
}
