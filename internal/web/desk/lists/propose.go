package lists

import (
	"context"
	"net/http"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/listing"
	"gongxin/internal/subject"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

type newView struct {
	unit, kind, code, cause, note string
	docKind, number               string // of a person; the number is never shown again
	found                         string // who was found by it, sealed
	units, docKinds               []ui.Option
	kinds                         []ui.Group
	fault                         *fault.Error

	// What is shown before it is confirmed.
	ready    bool
	unitName string
	chosen   *kindView
	who      subject.Subject
	name     string // as it may be shown
}

// persons reports whether any list that may be chosen admits persons.
func (v *newView) persons() bool { return len(v.docKinds) > 0 }

func (d *Desk) newForm(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	return d.showNew(w, r, http.StatusOK, &newView{kind: desk.Cut(q.Get("kind"), 40), code: desk.Cut(q.Get("code"), 18)})
}

// offers fills in which units may propose on which lists today.
func (d *Desk) offers(ctx context.Context, v *newView) error {
	units, err := desk.Units(ctx, d.site, d.Agencies, authz.ListingPropose)
	if err != nil {
		return err
	}
	lines, err := d.Lists.Deciders(ctx, "")
	if err != nil {
		return err
	}
	today, may, of := clock.Today(d.Clock), map[string]bool{}, map[agency.ID]bool{}
	for _, u := range units {
		for _, line := range lines {
			if line.Agency == u.ID && today >= line.From && (line.Until.IsZero() || today < line.Until) {
				may[line.Kind], of[u.ID] = true, true
			}
		}
	}
	for _, u := range units {
		if of[u.ID] {
			v.units = append(v.units, ui.Option{Value: desk.Dec(u.ID), Label: u.Name})
		}
	}
	groups := []ui.Group{{Label: listing.Adverse.Name()}, {Label: listing.Incentive.Name()}}
	list := d.Kinds.Today().List()
	for i := range list {
		k := &list[i]
		if !may[k.Code] || !k.Basis.InForce(today) {
			continue
		}
		g := &groups[0]
		if k.Polarity == listing.Incentive {
			g = &groups[1]
		}
		g.Options = append(g.Options, ui.Option{Value: k.Code, Label: k.Name})
		if k.Admits(catalog.Person) && !v.persons() {
			for _, kind := range d.DocKinds() {
				v.docKinds = append(v.docKinds, ui.Option{Value: kind, Label: kind})
			}
		}
	}
	for _, g := range groups {
		if len(g.Options) > 0 {
			v.kinds = append(v.kinds, g)
		}
	}
	return nil
}

func (d *Desk) showNew(w http.ResponseWriter, r *http.Request, status int, v *newView) error {
	if err := d.offers(r.Context(), v); err != nil {
		return err
	}
	if v.unit == "" && len(v.units) == 1 {
		v.unit = v.units[0].Value
	}
	p := desk.Page(d.site, r, "提出列入", ui.Link{Href: path, Label: "名单"}, ui.Link{Label: "提出列入"})
	return desk.Show(d.site, w, r, status, p, newPageOf(v))
}

var errPick = fault.New(fault.Invalid, "lists.kind", "没有选择名单种类", "请从名单种类中选择")

var errMissing = fault.New(fault.Invalid, "lists.missing", "没有选择单位", "请选择以哪个单位的名义提出")

// propose shows what was chosen, and on the second step begins the entry.
func (d *Desk) propose(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := &newView{
		unit: form.Get("unit"), kind: form.Get("kind"), code: form.Get("code"), cause: form.Get("cause"), note: desk.Cut(form.Get("note"), 500),
		docKind: form.Get("doc_kind"), number: form.Get("number"), found: form.Get("found"),
	}
	id, _ := desk.Number(v.unit)
	unit, err := d.Agencies.ByID(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		if err := d.site.Check(ctx, authz.Scope{Author: authz.NoAccount}); err != nil {
			return err
		}
		v.fault = errMissing
		return d.showNew(w, r, http.StatusBadRequest, v)
	}
	if err != nil {
		return err
	}
	if err := d.site.Check(ctx, authz.Scope{Agency: unit.ID, Region: unit.Region}); err != nil {
		return err
	}
	v.unitName = unit.Name
	err = d.check(ctx, v, unit.ID)
	if err == nil && form.Get("confirm") == "1" {
		var e listing.Entry
		e, err = d.Lists.Propose(ctx, listing.Proposal{Kind: v.kind, Subject: v.who.ID, Agency: unit.ID, Cause: v.cause, Note: v.note})
		if err == nil {
			return desk.See(w, r, desk.Query(entryLink(e.ID), "done", "propose"))
		}
	}
	if err == nil {
		v.ready = true
		return d.showNew(w, r, http.StatusOK, v)
	}
	f, ok := desk.Refusal(err)
	if !ok {
		return err
	}
	v.fault = f
	return d.showNew(w, r, web.Status(err), v)
}

// check looks at what was typed, before anything is begun.
func (d *Desk) check(ctx context.Context, v *newView, unit agency.ID) error {
	k, ok := d.Kinds.Today().ByCode(v.kind)
	if !ok {
		return errPick
	}
	sub, err := d.subject(ctx, v, unit, k)
	switch {
	case err != nil:
		return err
	case !k.Admits(sub.Kind):
		return listing.ErrAdmits
	case len([]rune(v.cause)) < 5:
		return listing.ErrText
	}
	labels, err := d.Labels.Labels(ctx, []int64{sub.ID})
	if err != nil {
		return err
	}
	v.who, v.name, v.chosen = sub, labels[sub.ID], &kindView{Kind: k, inForce: k.Basis.InForce(clock.Today(d.Clock))}
	return nil
}

// subject finds whom the form is about: a business by its code, a person by its document where the list admits persons.
func (d *Desk) subject(ctx context.Context, v *newView, unit agency.ID, k *listing.Kind) (subject.Subject, error) {
	if v.number != "" || v.found != "" {
		switch {
		case v.code != "":
			return subject.Subject{}, errBoth
		case !k.Admits(catalog.Person):
			return subject.Subject{}, listing.ErrAdmits
		}
		return d.person(ctx, v, unit, k)
	}
	sub, ok, err := d.Register.ByCode(ctx, v.code)
	if err == nil && !ok {
		err = listing.ErrSubject
	}
	return sub, err
}
