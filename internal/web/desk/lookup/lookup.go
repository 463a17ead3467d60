// Package lookup keeps the rule that nothing that is not public is shown without its reason on file first: a window officer asks for a matter of the own unit
// and sees its legal basis, an institution shows a consent with its purpose, and whatever is answered or refused carries which element decided
// it. A person is named by the whole number of a document, typed once; no page shows it again. It holds the desk of checks (信用核查), the look-up by
// matter (窗口核查) and the desk of institutions (授权查询); all work by keyboard alone: the field has the focus, Enter asks.
package lookup

import (
	"context"
	"net/http"
	"slices"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/consent"
	"gongxin/internal/publish"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// Discloser answers beyond the public, or refuses and says what is missing; *publish.Service does. Both are in the access log before it returns.
type Discloser interface {
	Disclose(ctx context.Context, ask publish.Ask) (*publish.Answer, error)
	Labels(ctx context.Context, ids []int64) (map[int64]string, error)
}

// Matters gives what units may ask for; *agency.Matters does.
type Matters interface {
	List(ctx context.Context, agency agency.ID) ([]agency.Matter, error)
}

// Consents gives what subjects consented to; *consent.Store does.
type Consents interface {
	Bounds() consent.Bounds
	Get(ctx context.Context, who authz.Actor, id int64) (*consent.Consent, *consent.Receipt, error)
	Revocation(ctx context.Context, who authz.Actor, id int64) (*consent.Receipt, error)
	OfGrantee(ctx context.Context, who authz.Actor, grantee int64, cursor string, limit int) ([]consent.Consent, string, error)
}

// Agencies knows the units; *agency.Store is one.
type Agencies interface {
	ByID(ctx context.Context, id agency.ID) (agency.Agency, error)
}

// Editions gives the catalogue; *catalog.Store is one.
type Editions interface {
	Current(day clock.Date) *catalog.Edition
}

// Deps are what the desks are made of.
type Deps struct {
	Site      *web.Site
	Discloser Discloser
	Matters   Matters
	Consents  Consents
	Agencies  Agencies
	Editions  Editions
	Clock     clock.Clock
	Looks     publish.Looks // puts on file who reads a consent without being a party to it

	Checks Checks // nil = this desk makes none
	Wake   func() // tells the worker that a list of codes waits; nil when it finds out by itself
}

// Desk is the desks.
type Desk struct {
	Deps
	site *web.Site
}

// New makes the desks.
func New(d Deps) *Desk { return &Desk{Deps: d, site: d.Site} }

// whose a look-up is, in the published list of routes. The routes let in whoever could ask for any unit; Disclose decides on the one that is
// asked for, so that its refusal too is in the access log.
const (
	matterUnit  = "应用事项的单位（拒绝也记入查询日志）"
	granteeUnit = "被授权的单位（拒绝也记入查询日志）"
	artefactOf  = "被授权的单位，或者授权的主体"
)

// Routes hangs the desks into the site.
func (d *Desk) Routes(rt *web.Router) {
	page := func(pattern string, g web.Guard, h web.Handler) { rt.Handle(pattern, g, d.site.Handle(h)) }
	d.checkRoutes(rt)
	page("GET /desk/lookup", web.Among(authz.DiscloseDepartment, matterUnit), d.window)
	page("POST /desk/lookup", web.Among(authz.DiscloseDepartment, matterUnit), d.ask)
	page("GET /desk/lookup/consent", web.Among(authz.DiscloseConsented, granteeUnit), d.institution)
	page("POST /desk/lookup/consent", web.Among(authz.DiscloseConsented, granteeUnit), d.askConsented)
	page("GET /desk/lookup/consent/{id}", web.Asked(authz.ConsentRead, artefactOf), d.artefact)
	page("GET /desk/lookup/consent/{id}/receipt.json", web.Asked(authz.ConsentRead, artefactOf), d.receipt)
	page("GET /desk/lookup/consent/{id}/revocation.json", web.Asked(authz.ConsentRead, artefactOf), d.revocation)
}

// edition is the catalogue in force today.
func (d *Desk) edition() *catalog.Edition { return d.Editions.Current(clock.Today(d.Clock)) }

func (d *Desk) itemName(code string) string {
	if item, ok := d.edition().Item(catalog.ItemCode(code)); ok {
		return item.Name
	}
	return code
}

// docKinds are the kinds of documents by which persons are found, as the catalogue lists them.
func (d *Desk) docKinds() []ui.Option {
	var out []ui.Option
	if list := d.edition().Lists["id_type"]; list != nil {
		for _, v := range list.Values {
			if v.Name != list.Open {
				out = append(out, ui.Option{Value: v.Name, Label: v.Name})
			}
		}
	}
	return out
}

// units gives the units in whose name the caller may ask, in the order of their grants.
func (d *Desk) units(ctx context.Context, a authz.Action) ([]agency.Agency, error) {
	var out []agency.Agency
	for _, id := range d.site.Bounds(ctx, a).Agencies {
		u, err := d.Agencies.ByID(ctx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, nil
}

// matters gives the matters of the caller's units that are in force, by unit and code.
func (d *Desk) matters(ctx context.Context) (list []agency.Matter, lapsed int, err error) {
	units, err := d.units(ctx, authz.DiscloseDepartment)
	if err != nil {
		return nil, 0, err
	}
	today := clock.Today(d.Clock)
	for _, u := range units {
		of, err := d.Matters.List(ctx, u.ID)
		if err != nil {
			return nil, 0, err
		}
		for i := range of {
			if of[i].Missing(today) != "" {
				lapsed++
				continue
			}
			list = append(list, of[i])
		}
	}
	return list, lapsed, nil
}

// persons reports whether a matter may be asked about natural persons.
func persons(m *agency.Matter) bool {
	return m != nil && slices.Contains(m.Kinds, string(catalog.Person))
}

// matterCookie remembers the matter of the last look-up. It names a matter, no person.
const matterCookie = "gx_matter"

func (d *Desk) rememberedMatter(r *http.Request) string {
	c, err := r.Cookie(d.site.CookieName(matterCookie))
	if err != nil {
		return ""
	}
	return desk.Cut(c.Value, 40)
}

func (d *Desk) rememberMatter(w http.ResponseWriter, code string) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: Secure follows the site
		Name: d.site.CookieName(matterCookie), Value: code, Path: "/", MaxAge: 365 * 24 * 60 * 60, HttpOnly: true, Secure: d.site.Secure, SameSite: http.SameSiteLaxMode,
	})
}
