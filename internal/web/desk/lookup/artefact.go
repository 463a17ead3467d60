package lookup

import (
	"net/http"
	"strconv"

	"gongxin/internal/authz"
	"gongxin/internal/consent"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// artefactView is one consent as its grantee keeps it: the terms, and what proves them and their end. Why it was revoked is the subject's own affair.
type artefactView struct {
	consentRow
	state   string
	grantee string
	receipt *consent.Receipt
	revoked *consent.Receipt // nil: it is not, or its revocation was not kept
}

var errNoRevocation = fault.New(fault.NotFound, "desk_lookup.no_revocation", "这份授权没有撤销回执", "没有撤销的授权没有撤销回执；请查看授权书")

// found reads the consent that an address names; one that the caller may not read is not there.
func (d *Desk) found(r *http.Request) (*artefactView, error) {
	ctx := r.Context()
	n, ok := desk.Number(r.PathValue("id"))
	if !ok {
		return nil, consent.ErrNone
	}
	c, receipt, err := d.Consents.Get(ctx, authz.From(ctx), n)
	if err != nil {
		return nil, err
	}
	unit, err := d.Agencies.ByID(ctx, c.Grantee)
	if err != nil {
		return nil, err
	}
	if err := d.site.See(ctx, authz.Scope{Subject: c.Subject, Agency: c.Grantee, Region: unit.Region}, consent.ErrNone); err != nil {
		return nil, err
	}
	if err := d.Looks.Record(ctx, publish.Each(consent.Foreign(authz.From(ctx), []consent.Consent{*c}), consent.Look)...); err != nil {
		return nil, err
	}
	v := &artefactView{consentRow: consentRow{Consent: *c}, state: c.State(d.Clock.Now()), grantee: unit.Name, receipt: receipt}
	v.revoked, err = d.Consents.Revocation(ctx, authz.From(ctx), n)
	return v, err
}

// artefact shows a consent.
func (d *Desk) artefact(w http.ResponseWriter, r *http.Request) error {
	v, err := d.found(r)
	if err != nil {
		return err
	}
	rows := []consentRow{v.consentRow}
	if err := d.describe(r.Context(), rows); err != nil {
		return err
	}
	v.consentRow = rows[0]
	p := desk.Page(d.site, r, "授权书", ui.Link{Href: "/desk/lookup/consent", Label: "凭授权查询"}, ui.Link{Label: "授权书"})
	return desk.Show(d.site, w, r, http.StatusOK, p, artefactPage(v))
}

// receipt hands out the receipt of a consent as a file that anyone can verify without the platform.
func (d *Desk) receipt(w http.ResponseWriter, r *http.Request) error {
	v, err := d.found(r)
	if err != nil {
		return err
	}
	return web.HandJSON(w, "consent-"+desk.Dec(v.ID), v.receipt)
}

// revocation hands out the receipt of its revocation in the same way.
func (d *Desk) revocation(w http.ResponseWriter, r *http.Request) error {
	v, err := d.found(r)
	if err != nil {
		return err
	}
	if v.revoked == nil {
		return errNoRevocation
	}
	return web.HandJSON(w, "revocation-"+desk.Dec(v.ID), v.revoked)
}

var stateWords = map[string]string{
	consent.Live: "有效", consent.Early: "未生效", consent.Expired: "已过期", consent.UsedUp: "次数已用完", consent.Revoked: "已撤销",
}

func stateTone(state string) ui.Tone {
	if state == consent.Live {
		return ui.Good
	}
	return ui.Warn
}

func (v *artefactView) facts() []ui.Fact {
	facts := []ui.Fact{
		{Label: "授权书编号", Value: desk.Dec(v.ID), Code: true, Wide: true},
		{Label: "授权人", Value: desk.Dash(v.label)},
		{Label: "授权给", Value: v.grantee},
		{Label: "信息事项", Value: v.items, Wide: true},
		{Label: "用途", Value: v.aim},
		{Label: "自", Value: desk.Moment(v.From)},
		{Label: "至", Value: desk.Moment(v.Until)},
		{Label: "次数", Value: "剩 " + strconv.Itoa(v.UsesLeft) + " / " + strconv.Itoa(v.Uses)},
		{Label: "授权时间", Value: desk.Moment(v.CreatedAt)},
	}
	if !v.RevokedAt.IsZero() {
		facts = append(facts, ui.Fact{Label: "撤销时间", Value: desk.Exact(v.RevokedAt)})
	}
	return facts
}
