package drafts

import (
	"context"
	"net/http"
	"strings"

	"gongxin/internal/approval"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// draftView is one draft with what the caller may do about it.
type draftView struct {
	*approval.Draft
	me      int64
	changes []change
	rest    int
	preview *fault.Error // why the draft could not be submitted as it stands
	early   bool         // the difference is a preview: the draft is not submitted
	form    draftForm

	revise, submit, decide, withdraw bool
	why, whyFault                    string
	fault                            *fault.Error
	done                             string
}

func (v *draftView) link() string { return draftLink(v.Draft) }

// draft shows a draft.
func (d *Desk) draft(k approval.Kind) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return d.showDraft(w, r, k, http.StatusOK, func(v *draftView) { v.done = doneWords[r.URL.Query().Get("done")] })
	}
}

func (d *Desk) showDraft(w http.ResponseWriter, r *http.Request, k approval.Kind, status int, change func(*draftView)) error {
	ctx := r.Context()
	have, err := d.find(r, k)
	if err != nil {
		return err
	}
	v := &draftView{Draft: have, me: authz.From(ctx).ID}
	v.form = draftForm{title: have.Title, day: dayText(have.EffectiveOn), today: clock.Today(d.Clock).String()}
	d.offer(ctx, v)
	if err := d.difference(ctx, v); err != nil {
		return err
	}
	if change != nil {
		change(v)
	}
	p := desk.Page(d.site, r, have.Kind.Name()+"草案", ui.Link{Href: "/desk/drafts", Label: "起草和审批"}, ui.Link{Label: have.Kind.Name() + "草案"})
	return desk.Show(d.site, w, r, status, p, draftPage(v))
}

func dayText(day clock.Date) string {
	if day.IsZero() {
		return ""
	}
	return day.String()
}

// offer says which steps the page offers; the service decides on each by itself.
func (d *Desk) offer(ctx context.Context, v *draftView) {
	a := authz.From(ctx)
	mine := a.SignedIn() && a.ID == v.Author || a.Kind == authz.Local && v.Author == authz.NoAccount
	write := mine && d.site.May(ctx, actsOf[v.Kind].draft, authz.Scope{})
	v.revise, v.submit = write && v.State == approval.Drafted, write && v.State == approval.Drafted
	v.decide = v.State == approval.Submitted && d.site.May(ctx, actsOf[v.Kind].approve, authz.Scope{Author: v.Author})
	open := v.State == approval.Drafted || v.State == approval.Submitted || v.State == approval.Approved
	v.withdraw = open && d.site.May(ctx, authz.DraftWithdraw, authz.Scope{Account: v.Author})
}

// difference puts what the draft changes into the view: as it was submitted, or as it would be.
func (d *Desk) difference(ctx context.Context, v *draftView) error {
	diff := v.Diff
	if a := d.Appliers[v.Kind]; v.State == approval.Drafted && a != nil && len(v.Content) > 0 {
		v.early = true
		text, err := preview(ctx, a, v.Draft)
		f, ok := desk.Refusal(err)
		switch {
		case err != nil && !ok:
			return err
		case err != nil:
			v.preview = f
		}
		diff = text
	}
	v.changes, v.rest = changes(diff)
	return nil
}

// preview holds a draft against what is in force, as its submission will.
func preview(ctx context.Context, a approval.Applier, x *approval.Draft) (string, error) {
	if x.EffectiveOn.IsZero() {
		return "", approval.ErrDay
	}
	if err := a.Check(ctx, x.Content, x.EffectiveOn); err != nil {
		return "", err
	}
	diff, err := a.Diff(ctx, x.Content)
	if err == nil && strings.TrimSpace(diff) == "" {
		err = approval.ErrSame
	}
	return diff, err
}

// step makes the handler of a step that takes nothing but the draft.
func (d *Desk) step(k approval.Kind, done string, do func(ctx context.Context, draft int64) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		have, err := d.find(r, k)
		if err != nil {
			return err
		}
		return d.answer(w, r, have, done, do(r.Context(), have.ID), nil)
	}
}

// answer leads back to the draft after a step, or shows there why it was not taken.
func (d *Desk) answer(w http.ResponseWriter, r *http.Request, have *approval.Draft, done string, err error, change func(*draftView, *fault.Error)) error {
	if err == nil {
		return desk.See(w, r, desk.Query(draftLink(have), "done", done))
	}
	f, ok := desk.Refusal(err)
	if !ok {
		return err
	}
	return d.showDraft(w, r, have.Kind, web.Status(err), func(v *draftView) {
		if v.fault = f; change != nil {
			change(v, f)
		}
	})
}

// reject gives a draft back with the reason.
func (d *Desk) reject(k approval.Kind) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		form, err := desk.Form(w, r)
		if err != nil {
			return err
		}
		have, err := d.find(r, k)
		if err != nil {
			return err
		}
		why := form.Get("why")
		return d.answer(w, r, have, "reject", d.Drafts.Reject(r.Context(), have.ID, why), func(v *draftView, f *fault.Error) {
			if v.why = desk.Cut(why, 600); f.Is(approval.ErrWhy) {
				v.fault, v.whyFault = nil, desk.Words(f)
			}
		})
	}
}

func (v *draftView) facts() []ui.Fact {
	facts := []ui.Fact{
		{Label: "类别", Value: v.Kind.Name()},
		{Label: "施行日期", Value: desk.Dash(dayText(v.EffectiveOn))},
		{Label: "起草", Value: byWord(v.Author, v.me)},
		{Label: "审批", Value: byWord(v.Approver, v.me)},
		{Label: "内容的 SHA-256", Value: v.Hash, Code: true, Wide: true},
	}
	return facts
}
