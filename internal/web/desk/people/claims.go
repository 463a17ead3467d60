package people

import (
	"context"
	"io"
	"net/http"
	"os"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/fault"
	"gongxin/internal/identity"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// claimRow is a claim that waits, in words.
type claimRow struct {
	identity.Claim
	label  string // of the subject: a person's name is masked
	code   string // unified code; "" for a person
	region string
	waited time.Duration
}

func (c *claimRow) link() string { return "/desk/claims/" + desk.Dec(c.ID) }

type claimsView struct {
	rows  []claimRow
	pager ui.PagerSpec
	done  string
}

type claimView struct {
	claimRow
	image    bool // the evidence can be shown on the page
	why      string
	whyFault string
	fault    *fault.Error
}

// claims shows what waits, oldest first.
func (d *Desk) claims(w http.ResponseWriter, r *http.Request) error {
	after, _ := desk.Number(r.URL.Query().Get("after"))
	list, err := d.Accounts.Waiting(r.Context(), authz.From(r.Context()), after)
	if err != nil {
		return err
	}
	v := &claimsView{done: doneWords[r.URL.Query().Get("done")]}
	if after > 0 {
		v.pager.First = "/desk/claims"
	}
	if len(list) > rowsPerPage {
		list = list[:rowsPerPage]
		v.pager.Next = desk.Query("/desk/claims", "after", desk.Dec(list[rowsPerPage-1].ID))
	}
	if v.rows, err = d.claimRows(r.Context(), list); err != nil {
		return err
	}
	return desk.Show(d.site, w, r, http.StatusOK, desk.Page(d.site, r, "认领审核", ui.Link{Label: "认领审核"}), claimsPage(v))
}

// claimRows puts claims into words.
func (d *Desk) claimRows(ctx context.Context, list []identity.Claim) ([]claimRow, error) {
	var ids []int64
	for _, c := range list {
		if c.Subject != 0 {
			ids = append(ids, c.Subject)
		}
	}
	subjects, err := d.Register.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	labels, err := d.Labels.Labels(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]claimRow, len(list))
	for i, c := range list {
		out[i] = claimRow{Claim: c, label: labels[c.Subject], region: d.regionName(c.Region), waited: d.Clock.Now().Sub(c.CreatedAt)}
		if sub, ok := subjects[c.Subject]; ok && sub.Kind != catalog.Person {
			out[i].code = sub.Code
		}
		if out[i].label == "" {
			out[i].label = "库中还没有信息的自然人"
		}
	}
	return out, nil
}

// waiting gives a claim that the caller may decide.
func (d *Desk) waiting(ctx context.Context, claim int64) (identity.Claim, bool, error) {
	list, err := d.Accounts.Waiting(ctx, authz.From(ctx), claim-1)
	if err != nil || len(list) == 0 || list[0].ID != claim {
		return identity.Claim{}, false, err
	}
	return list[0], true, nil
}

func claimScope(c *identity.Claim) authz.Scope {
	return authz.Scope{Region: c.Region, Subject: c.Subject, Author: c.Account, Account: c.Account}
}

// ofClaim guards reading a claim that waits. Whoever works for a part of the city is not told which numbers exist elsewhere.
func (d *Desk) ofClaim() web.Guard {
	return web.Of(authz.ClaimReview, claimPlace, func(r *http.Request) (authz.Scope, error) {
		id, ok := desk.Number(r.PathValue("id"))
		if !ok {
			return authz.Scope{}, errNoClaim
		}
		c, ok, err := d.waiting(r.Context(), id)
		switch {
		case err != nil:
			return authz.Scope{}, err
		case ok:
			return claimScope(&c), nil
		}
		return authz.Scope{}, errNoClaim
	})
}

func (d *Desk) claim(w http.ResponseWriter, r *http.Request) error {
	return d.showClaim(w, r, http.StatusOK, &claimView{})
}

func (d *Desk) showClaim(w http.ResponseWriter, r *http.Request, status int, v *claimView) error {
	id, _ := desk.Number(r.PathValue("id"))
	c, ok, err := d.waiting(r.Context(), id)
	if err != nil {
		return err
	}
	if !ok {
		return errNoClaim
	}
	rows, err := d.claimRows(r.Context(), []identity.Claim{c})
	if err != nil {
		return err
	}
	v.claimRow = rows[0]
	if c.Evidence != "" {
		v.image = d.isImage(c.Evidence)
	}
	p := desk.Page(d.site, r, "审核认领", ui.Link{Href: "/desk/claims", Label: "认领审核"}, ui.Link{Label: "审核认领"})
	return desk.Show(d.site, w, r, status, p, claimPage(v))
}

// pictures are what a browser shows by itself; everything else is handed out as a file.
var pictures = map[string]string{"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}

// kindOfFile says what a file is by its first bytes, whatever it was called.
func kindOfFile(f *os.File) (string, error) {
	var head [512]byte
	n, err := io.ReadFull(f, head[:])
	if err != nil && n == 0 {
		return "", err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	return http.DetectContentType(head[:n]), nil
}

func (d *Desk) isImage(name string) bool {
	f, err := d.Evidence.Open(name)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	kind, err := kindOfFile(f)
	return err == nil && pictures[kind] != ""
}

// evidence gives what the claim was made with. That somebody looked is on file before the first byte leaves.
func (d *Desk) evidence(w http.ResponseWriter, r *http.Request) error {
	id, _ := desk.Number(r.PathValue("id"))
	c, ok, err := d.waiting(r.Context(), id)
	switch {
	case err != nil:
		return err
	case !ok:
		return errNoClaim
	case c.Evidence == "":
		return errEvidence
	}
	f, err := d.Evidence.Open(c.Evidence)
	if err != nil {
		return errEvidence.With(err)
	}
	defer func() { _ = f.Close() }()
	kind, err := kindOfFile(f)
	if err != nil {
		return errEvidence.With(err)
	}
	a := authz.From(r.Context())
	if _, err := d.Log.Record(r.Context(), audit.Access{
		Who: a.Who(0), Subject: c.Subject, What: "claim", Basis: "审核认领，核对申请人提交的材料", Outcome: audit.Answered,
	}); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	if ext, ok := pictures[kind]; ok {
		h.Set("Content-Type", kind)
		h.Set("Content-Disposition", `inline; filename="evidence`+ext+`"`)
	} else {
		ext := ".bin"
		if kind == "application/pdf" {
			ext = ".pdf"
		}
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Content-Disposition", `attachment; filename="evidence`+ext+`"`)
	}
	http.ServeContent(w, r, "", time.Time{}, f)
	return nil
}

func (d *Desk) approve(w http.ResponseWriter, r *http.Request) error { return d.decide(w, r, true) }

func (d *Desk) reject(w http.ResponseWriter, r *http.Request) error { return d.decide(w, r, false) }

// decide approves or rejects. What the caller cannot see it is told as far as its reach goes; the service knows whose the claim is.
func (d *Desk) decide(w http.ResponseWriter, r *http.Request, yes bool) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	ctx, by := r.Context(), authz.From(r.Context())
	id, ok := desk.Number(r.PathValue("id"))
	if !ok {
		return errNoClaim
	}
	c, ok, err := d.waiting(ctx, id)
	if err != nil {
		return err
	}
	why := desk.Cut(form.Get("why"), 500)
	scope := authz.Scope{Author: authz.NoAccount}
	switch {
	case ok:
		scope = claimScope(&c)
	case !d.site.Bounds(ctx, authz.ClaimReview).All:
		return errNoClaim
	}
	if err := d.site.See(ctx, scope, errNoClaim); err != nil {
		return err
	}
	err = d.Accounts.DecideClaim(ctx, by, id, yes, why)
	done := "reject"
	if yes {
		done = "approve"
	}
	if err == nil {
		return desk.See(w, r, desk.Query("/desk/claims", "done", done))
	}
	f, known := desk.Refusal(err)
	if !known || !ok {
		return err
	}
	v := &claimView{why: why, fault: f}
	if f.Is(identity.ErrWhy) {
		v.fault, v.whyFault = nil, desk.Words(f)
	}
	return d.showClaim(w, r, web.Status(err), v)
}
