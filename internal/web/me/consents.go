package me

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"gongxin/internal/consent"
	"gongxin/internal/fault"
	"gongxin/internal/id"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// consentsShown is how many consents a page of the list shows.
const consentsShown = 20

// maxWhy bounds the reason of a revocation, in characters; consent has the same bound.
const maxWhy = 200

// consentsView is the list of consents.
type consentsView struct {
	around
	rows  []consentRow
	first bool
	pager ui.PagerSpec
}

// consentRow is one consent in plain words.
type consentRow struct {
	*consent.Consent
	state   string
	grantee string
	purpose string
	items   []string
	href    string
}

// live says whether the consent can still be used, now or later, and so can be revoked.
func (row *consentRow) live() bool { return row.state == consent.Live || row.state == consent.Early }

// consents answers the list of consents, newest first.
func (c *Centre) consents(w http.ResponseWriter, r *http.Request) error {
	a, err := c.around(r, "consents", "/me/consents")
	if err != nil {
		return err
	}
	cursor := r.URL.Query().Get("cursor")
	list, next, err := c.Consents.OfSubject(r.Context(), a.who, a.subject, cursor, consentsShown)
	if err != nil {
		return err
	}
	a.keeps = true
	v := &consentsView{around: a, first: cursor == ""}
	for i := range list {
		v.rows = append(v.rows, c.consentRow(r, &a, &list[i]))
	}
	if !v.first {
		v.pager.First = v.link("/me/consents")
	}
	if next != "" {
		v.pager.Next = v.link("/me/consents", "cursor", next)
	}
	return c.show(w, r, http.StatusOK, c.page(r, "我的授权", ui.Link{Label: "我的授权"}), consentsPage(v))
}

func (c *Centre) consentRow(r *http.Request, a *around, k *consent.Consent) consentRow {
	row := consentRow{
		Consent: k, state: k.State(c.now()), grantee: c.unit(r.Context(), k.Grantee), purpose: purposeName(c.Consents.Bounds().Purposes, k.Purpose),
		href: a.link("/me/consents/" + strconv.FormatInt(k.ID, 10)),
	}
	for _, code := range k.Items {
		row.items = append(row.items, c.itemName(code))
	}
	return row
}

// path gives an address below the consent's own.
func (row *consentRow) path(a *around, rest string) string {
	return a.link("/me/consents/" + strconv.FormatInt(row.ID, 10) + rest)
}

// consentView is one consent: its receipt on paper.
type consentView struct {
	around
	consentRow
	receipt *consent.Receipt
	revoked *consent.Receipt // nil: it is not, or its revocation was not kept
	done    string
	why     string // a reason of revocation that was refused
	fault   string
}

// found reads the consent that an address names. One of another subject does not exist here.
func (c *Centre) found(r *http.Request) (*consentView, error) {
	a, err := c.around(r, "consents", "/me/consents")
	if err != nil {
		return nil, err
	}
	n := number(r.PathValue("id"))
	if n == 0 {
		return nil, consent.ErrNone
	}
	k, receipt, err := c.Consents.Get(r.Context(), a.who, n)
	if err != nil {
		return nil, err
	}
	if k.Subject != a.subject {
		return nil, consent.ErrNone
	}
	return &consentView{around: a, consentRow: c.consentRow(r, &a, k), receipt: receipt, done: r.URL.Query().Get("done")}, nil
}

// consent answers one consent with what proves it.
func (c *Centre) consent(w http.ResponseWriter, r *http.Request) error {
	v, err := c.found(r)
	if err != nil {
		return err
	}
	if v.revoked, err = c.Consents.Revocation(r.Context(), v.who, v.ID); err != nil {
		return err
	}
	v.keeps = true
	page := c.page(r, "授权书", ui.Link{Href: v.link("/me/consents"), Label: "我的授权"}, ui.Link{Label: "授权书"})
	return c.show(w, r, http.StatusOK, page, consentPage(v))
}

// receipt hands the receipt out as a file that anyone can verify without the platform.
func (c *Centre) receipt(w http.ResponseWriter, r *http.Request) error {
	v, err := c.found(r)
	if err != nil {
		return err
	}
	return web.HandJSON(w, "consent-"+strconv.FormatInt(v.ID, 10), v.receipt)
}

// revocation hands out the receipt of the revocation in the same way.
func (c *Centre) revocation(w http.ResponseWriter, r *http.Request) error {
	v, err := c.found(r)
	if err != nil {
		return err
	}
	receipt, err := c.Consents.Revocation(r.Context(), v.who, v.ID)
	if err != nil {
		return err
	}
	if receipt == nil {
		return errNoRevocation
	}
	return web.HandJSON(w, "revocation-"+strconv.FormatInt(v.ID, 10), receipt)
}

var errNoRevocation = fault.New(fault.NotFound, "me.no_revocation", "这份授权没有撤销回执", "没有撤销的授权没有撤销回执；请查看授权书")

func receiptText(receipt *consent.Receipt) ([]byte, error) {
	text, err := json.MarshalIndent(receipt, "", "  ")
	return append(text, '\n'), err
}

// askRevoke asks whether the consent is really to be revoked.
func (c *Centre) askRevoke(w http.ResponseWriter, r *http.Request) error {
	v, err := c.found(r)
	if err != nil {
		return err
	}
	return c.showRevoke(w, r, http.StatusOK, v)
}

func (c *Centre) showRevoke(w http.ResponseWriter, r *http.Request, status int, v *consentView) error {
	page := c.page(r, "撤销授权", ui.Link{Href: v.link("/me/consents"), Label: "我的授权"}, ui.Link{Href: v.href, Label: "授权书"}, ui.Link{Label: "撤销"})
	return c.show(w, r, status, page, revokePage(v))
}

// revokedView is what a revocation leaves in the subject's hands.
type revokedView struct {
	*consentView
	receipt string // as JSON
}

// revoke ends a consent at once and answers the receipt of the revocation, which can be read again on the page of the consent.
func (c *Centre) revoke(w http.ResponseWriter, r *http.Request) error {
	v, err := c.found(r)
	if err != nil {
		return err
	}
	if err := readForm(w, r); err != nil {
		return err
	}
	v.why = strings.TrimSpace(r.PostForm.Get("why"))
	receipt, err := c.Consents.Revoke(r.Context(), v.who, v.ID, v.why)
	if err != nil {
		if fault.KindOf(err) != fault.Invalid {
			return err
		}
		v.fault = sentence(err)
		return c.showRevoke(w, r, web.Status(err), v)
	}
	text, err := receiptText(receipt)
	if err != nil {
		return err
	}
	v.keeps = true
	page := c.page(r, "授权已撤销", ui.Link{Href: v.link("/me/consents"), Label: "我的授权"}, ui.Link{Label: "授权已撤销"})
	return c.show(w, r, http.StatusOK, page, revokedPage(&revokedView{v, string(text)}))
}

// formSize bounds a form without files, in bytes.
const formSize = 64 << 10

func readForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, formSize)
	if err := r.ParseForm(); err != nil {
		return errForm.With(err)
	}
	return nil
}

// facts are what the consent says.
func (row *consentRow) facts() []ui.Fact {
	facts := []ui.Fact{
		{Label: "授权书编号", Value: strconv.FormatInt(row.ID, 10), Code: true, Wide: true},
		{Label: "授权给", Value: row.grantee},
		{Label: "用途", Value: row.purpose},
		{Label: "信息事项", Value: strings.Join(row.items, "、"), Wide: true},
		{Label: "自", Value: moment(row.From)},
		{Label: "至", Value: moment(row.Until)},
		{Label: "可以查询", Value: strconv.Itoa(row.Uses) + " 次"},
		{Label: "还剩", Value: strconv.Itoa(row.UsesLeft) + " 次"},
		{Label: "授权时间", Value: moment(row.CreatedAt)},
	}
	if !row.RevokedAt.IsZero() {
		facts = append(facts, ui.Fact{Label: "撤销时间", Value: moment(row.RevokedAt)})
		if row.RevokedWhy != "" {
			facts = append(facts, ui.Fact{Label: "撤销原因", Value: row.RevokedWhy, Wide: true})
		}
	}
	return facts
}

// proof is what makes the consent verifiable.
func (v *consentView) proof() []ui.Fact {
	sum := sha256.Sum256(v.Document)
	return []ui.Fact{
		{Label: "文件编号", Value: id.Pair(v.Subject, v.ID), Code: true, Wide: true},
		{Label: "文件摘要", Value: "sha256:" + hex.EncodeToString(sum[:]), Code: true, Wide: true},
		{Label: "签名算法", Value: v.receipt.Algorithm},
		{Label: "签名密钥", Value: v.KeyID, Code: true},
	}
}

var consentColumns = []ui.Column{
	{Label: "授权给"}, {Label: "可以看什么"}, {Label: "用途", Class: "short"}, {Label: "有效期"}, {Label: "次数", Class: "short"}, {Label: "状态", Class: "short"},
}
