package me

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/consent"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// The steps of the form.
const (
	stepEdit    = "edit"
	stepPreview = "preview"
	stepGrant   = "grant"
)

// previewShown is how many of the own records are held against the terms: the most that one look-up of the grantee could give.
const previewShown = 1000

// twice is within what time the same terms again are taken for the same click.
const twice = 30 * time.Second

// openedClasses are what a consent opens: the subject's own B, and what is public anyway. What departments share is not the subject's to open.
var openedClasses = []catalog.Class{catalog.Public, catalog.Authorised}

// grantForm is a consent as it was typed, with what is wrong with it.
type grantForm struct {
	grantee, purpose string
	items            []catalog.ItemCode
	days, uses       string

	dayCount, useCount                                     int
	unit                                                   agency.Agency
	fault                                                  string
	unitFault, itemFault, purposeFault, dayFault, useFault string
}

func (f *grantForm) bad() bool {
	return f.fault != "" || f.unitFault != "" || f.itemFault != "" || f.purposeFault != "" || f.dayFault != "" || f.useFault != ""
}

// grantView is the page of the form.
type grantView struct {
	around
	form     grantForm
	units    []ui.Group
	groups   []itemGroup
	purposes []ui.Group
	bounds   consent.Bounds
}

// itemGroup is the items of a category that can be consented to.
type itemGroup struct {
	name  string
	picks []ui.Pick
}

// newConsent answers the empty form.
func (c *Centre) newConsent(w http.ResponseWriter, r *http.Request) error {
	b := c.Consents.Bounds()
	return c.showGrant(w, r, http.StatusOK, grantForm{days: strconv.Itoa(b.Default), uses: "1"})
}

func (c *Centre) showGrant(w http.ResponseWriter, r *http.Request, status int, form grantForm) error {
	a, err := c.around(r, "consents", "/me/consents/new")
	if err != nil {
		return err
	}
	list, err := c.Agencies.List(r.Context())
	if err != nil {
		return err
	}
	v := &grantView{around: a, form: form, units: unitGroups(list), bounds: c.Consents.Bounds()}
	v.groups = c.itemGroups(&a, form.items)
	options := make([]ui.Option, len(v.bounds.Purposes))
	for i, p := range v.bounds.Purposes {
		options[i] = ui.Option{Value: p.Code, Label: p.Name}
	}
	v.purposes = []ui.Group{{Options: options}}
	page := c.page(r, "新的授权", ui.Link{Href: a.link("/me/consents"), Label: "我的授权"}, ui.Link{Label: "新的授权"})
	return c.show(w, r, status, page, grantPage(v))
}

// unitGroups lays out whom one can consent to: institutions first, for whom consent is mostly asked. A unified code that begins with 1 is that of a public body.
func unitGroups(list []agency.Agency) []ui.Group {
	out := []ui.Group{{Label: "金融机构和其他单位"}, {Label: "行政机关和事业单位"}}
	for _, u := range list {
		if !u.Active {
			continue
		}
		at := 0
		if strings.HasPrefix(u.Code, "1") {
			at = 1
		}
		out[at].Options = append(out[at].Options, ui.Option{Value: u.Code, Label: u.Name})
	}
	return slices.DeleteFunc(out, func(g ui.Group) bool { return len(g.Options) == 0 })
}

// offers says whether an item can stand in a consent of such a subject.
func offers(item *catalog.Item, resident bool) bool {
	if item.Class == catalog.Shared {
		return false
	}
	if resident {
		return item.Admits(catalog.Person)
	}
	return item.Admits(catalog.LegalEntity) || item.Admits(catalog.OtherOrg) || item.Admits(catalog.IndividualBusiness)
}

func (c *Centre) itemGroups(a *around, on []catalog.ItemCode) []itemGroup {
	var out []itemGroup
	for _, item := range c.edition().Items {
		if !offers(item, a.resident()) {
			continue
		}
		at := slices.IndexFunc(out, func(g itemGroup) bool { return g.name == item.Category })
		if at < 0 {
			at = len(out)
			out = append(out, itemGroup{name: item.Category})
		}
		out[at].picks = append(out[at].picks, ui.Pick{
			Value: string(item.Code), Label: item.Name, Badge: word(classWords, item.Class), Tone: classTone(item.Class), On: slices.Contains(on, item.Code),
		})
	}
	return out
}

// grant takes the form: back to it, on to the preview, or to the consent itself. Nothing is granted that was not previewed with the same terms, unless
// somebody writes the request by hand.
func (c *Centre) grant(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	a, err := c.around(r, "consents", "/me/consents/new")
	if err != nil {
		return err
	}
	form := readGrant(r)
	step := r.PostForm.Get("step")
	if step == stepEdit {
		return c.showGrant(w, r, http.StatusOK, form)
	}
	if err := c.checkGrant(r, &a, &form); err != nil {
		return err
	}
	switch {
	case form.bad():
		return c.showGrant(w, r, http.StatusBadRequest, form)
	case step == stepGrant:
		return c.makeConsent(w, r, &a, form)
	default:
		return c.preview(w, r, &a, form)
	}
}

func readGrant(r *http.Request) grantForm {
	get := func(name string) string {
		s := strings.TrimSpace(r.PostForm.Get(name))
		if len(s) > maxDocNumber {
			return s[:0]
		}
		return s
	}
	f := grantForm{grantee: get("grantee"), purpose: get("purpose"), days: get("days"), uses: get("uses")}
	for _, code := range r.PostForm["item"] {
		if code := catalog.ItemCode(code); len(code) <= maxDocNumber && !slices.Contains(f.items, code) {
			f.items = append(f.items, code)
		}
	}
	slices.Sort(f.items)
	return f
}

// checkGrant notes what is missing or outside the bounds; its own error is of something that cannot be asked.
func (c *Centre) checkGrant(r *http.Request, a *around, f *grantForm) error {
	b := c.Consents.Bounds()
	if f.grantee == "" {
		f.unitFault = "请选择要授权的单位。"
	} else if u, err := c.Agencies.ByCode(r.Context(), f.grantee); err == nil && u.Active {
		f.unit = u
	} else if err == nil || errors.Is(err, agency.ErrUnknown) || errors.Is(err, agency.ErrCode) {
		f.unitFault = "没有这个单位，或者它已经停用。请重新选择。"
	} else {
		return err
	}
	edition := c.edition()
	if len(f.items) == 0 {
		f.itemFault = "请至少选择一个信息事项。"
	}
	for _, code := range f.items {
		if item, ok := edition.Item(code); !ok || !offers(item, a.resident()) {
			f.itemFault = "选中的事项里有不能授权的。请重新选择。"
		}
	}
	if !slices.ContainsFunc(b.Purposes, func(p consent.Purpose) bool { return p.Code == f.purpose }) {
		f.purposeFault = "请选择用途。"
	}
	f.dayCount, f.dayFault = within(f.days, b.Days, "天")
	f.useCount, f.useFault = within(f.uses, b.Uses, "次")
	return nil
}

// within reads a whole number from 1 to most.
func within(text string, most int, unit string) (n int, wrong string) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, "请填写 1 到 " + strconv.Itoa(most) + " 之间的整数（" + unit + "）。"
	}
	return n, ""
}

// terms are what the form asks for, from now on.
func (f *grantForm) terms(subject int64, now time.Time) consent.Terms {
	return consent.Terms{
		Subject: subject, Grantee: f.unit.Code, Items: f.items, Classes: openedClasses, Purpose: f.purpose,
		Until: now.UTC().Truncate(time.Second).AddDate(0, 0, f.dayCount), Uses: f.useCount,
	}
}

// makeConsent grants, and leads to the receipt.
func (c *Centre) makeConsent(w http.ResponseWriter, r *http.Request, a *around, form grantForm) error {
	terms := form.terms(a.subject, c.now())
	have, err := c.justGranted(r, a, &form)
	if err != nil {
		return err
	}
	if have == 0 {
		k, _, err := c.Consents.Grant(r.Context(), a.who, terms)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				return err
			}
			form.fault = sentence(err)
			return c.showGrant(w, r, web.Status(err), form)
		}
		have = k.ID
	}
	return done(w, r, a.link("/me/consents/"+strconv.FormatInt(have, 10), "done", "granted"))
}

// justGranted finds the consent that a second click would make again.
func (c *Centre) justGranted(r *http.Request, a *around, f *grantForm) (int64, error) {
	list, _, err := c.Consents.OfSubject(r.Context(), a.who, a.subject, "", 1)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	k := &list[0]
	same := k.Grantor.ID == a.who.ID && k.Grantor.Kind == string(authz.Account) && k.Grantee == f.unit.ID && slices.Equal(k.Items, f.items) && k.Purpose == f.purpose &&
		k.Uses == f.useCount && k.UsesLeft == k.Uses && k.State(c.now()) == consent.Live && c.now().Sub(k.CreatedAt) < twice
	if !same {
		return 0, nil
	}
	return k.ID, nil
}

// previewView shows what the grantee would see, before it is granted.
type previewView struct {
	around
	form    grantForm
	purpose string
	until   time.Time
	items   []previewItem
	total   int
	partial bool // there are more records than were held against the terms
}

// previewItem is what the grantee would see of one item.
type previewItem struct {
	name    string
	records []seenRecord
}

// preview shows exactly what the terms would open today: the gate itself says so. Reading it is a reading of the own file, and logged as one.
func (c *Centre) preview(w http.ResponseWriter, r *http.Request, a *around, form grantForm) error {
	terms := form.terms(a.subject, c.now())
	ask := c.ownAsk(a)
	ask.Limit, ask.Purpose.Foresee = previewShown, &publish.Opening{Items: terms.Items, Classes: terms.Classes}
	answer, err := c.Files.Disclose(r.Context(), ask)
	if err != nil {
		return err
	}
	v := &previewView{
		around: *a, form: form, until: terms.Until, purpose: purposeName(c.Consents.Bounds().Purposes, form.purpose), partial: answer.Next != "",
	}
	for _, code := range form.items {
		item := previewItem{name: c.itemName(code)}
		for i := range answer.Records {
			if rec := &answer.Records[i]; rec.Item == code {
				item.records = append(item.records, seenRecord{title: rec.Title, class: rec.Class, fields: rec.Fields})
			}
		}
		v.total += len(item.records)
		v.items = append(v.items, item)
	}
	page := c.page(r, "确认授权", ui.Link{Href: a.link("/me/consents"), Label: "我的授权"}, ui.Link{Label: "确认授权"})
	return c.show(w, r, http.StatusOK, page, previewPage(v))
}

// seenRecord is a record as the grantee would see it.
type seenRecord struct {
	title  string
	class  catalog.Class
	fields []publish.FieldView
}

// facts are the terms, once more in words.
func (v *previewView) facts() []ui.Fact {
	names := make([]string, len(v.items))
	for i := range v.items {
		names[i] = v.items[i].name
	}
	return []ui.Fact{
		{Label: "授权人", Value: v.name()},
		{Label: "授权给", Value: v.form.unit.Name},
		{Label: "信息事项", Value: strings.Join(names, "、"), Wide: true},
		{Label: "用途", Value: v.purpose},
		{Label: "有效期", Value: "从确认时起 " + v.form.days + " 天，约到 " + moment(v.until)},
		{Label: "次数", Value: v.form.uses + " 次"},
	}
}

// shownFacts are the fields that the grantee would see.
func shownFacts(fields []publish.FieldView) []ui.Fact {
	facts := allFacts(fields)
	for i := range facts {
		if facts[i].Note != "" {
			facts[i].Note = "对方看到的是隐去一部分以后的"
		}
	}
	return facts
}

// faultAttributes tie a fault to the group of boxes it is about.
func faultAttributes(words string) templ.Attributes {
	if words == "" {
		return nil
	}
	return templ.Attributes{"aria-describedby": "items-fault"}
}
