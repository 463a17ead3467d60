// Package me keeps the rule that everyone sees the whole of what is kept about themselves, who looked at it and what they consented to, and nothing
// of anybody else: every page is about one subject that the caller's own claim reaches, and what is not public is read through publish.Disclose
// alone, which puts the reading on file before it answers. It is the centre of businesses' agents and of residents; it works without JavaScript.
//
// Other features add to the centre by a Part in Deps.Parts: its pages, its tab, a card on the overview, and what can be done at a record. Their handlers
// stand behind Centre.Mine, ask Centre.Place whom the page is about, and write by Centre.Show.
package me

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/consent"
	"gongxin/internal/identity"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// Accounts knows the caller's account and its claims; *identity.Service is one.
type Accounts interface {
	Show(ctx context.Context, by authz.Actor, account int64) (*identity.Account, []identity.Held, error)
	Claims(ctx context.Context, a authz.Actor) ([]identity.Claim, error)
	Claim(ctx context.Context, a authz.Actor, in identity.ClaimIn) (*identity.Claim, *identity.Session, error)
	EndClaim(ctx context.Context, a authz.Actor, claim int64) error
}

// Files gives the own file, each reading of which it logs, and what a list may name; *publish.Service is one.
type Files interface {
	Disclose(ctx context.Context, ask publish.Ask) (*publish.Answer, error)
	Record(ctx context.Context, recordID string, asOf time.Time) (*publish.RecordView, error)
	Labels(ctx context.Context, ids []int64) (map[int64]string, error)
}

// Records gives what stands beside a record's body: its history's marks, and to which item it belongs; *record.Store is one. The centre reads no body
// from it.
type Records interface {
	History(ctx context.Context, at record.ID) ([]record.Mark, error)
	OfSubject(ctx context.Context, q record.Query) ([]record.Version, error)
}

// Looks gives who looked; *audit.Log is one.
type Looks interface {
	OfSubject(ctx context.Context, subject int64, cursor string, limit int) ([]audit.Access, string, error)
}

// Consents keeps consents; *consent.Store is one.
type Consents interface {
	Bounds() consent.Bounds
	Grant(ctx context.Context, who authz.Actor, t consent.Terms) (*consent.Consent, *consent.Receipt, error)
	Revoke(ctx context.Context, who authz.Actor, id int64, why string) (*consent.Receipt, error)
	Get(ctx context.Context, who authz.Actor, id int64) (*consent.Consent, *consent.Receipt, error)
	Revocation(ctx context.Context, who authz.Actor, id int64) (*consent.Receipt, error)
	OfSubject(ctx context.Context, who authz.Actor, subject int64, cursor string, limit int) ([]consent.Consent, string, error)
}

// Agencies knows departments and institutions; *agency.Store is one.
type Agencies interface {
	List(ctx context.Context) ([]agency.Agency, error)
	ByCode(ctx context.Context, code string) (agency.Agency, error)
	ByID(ctx context.Context, id agency.ID) (agency.Agency, error)
}

// Matters names the matters that look-ups rest on; *agency.Matters is one.
type Matters interface {
	ByCode(ctx context.Context, code string) (agency.Matter, error)
}

// Editions gives the catalogue; *catalog.Store is one.
type Editions interface {
	Current(day clock.Date) *catalog.Edition
	ByID(id string) (*catalog.Edition, bool)
}

// Evidence keeps the pictures of licences and documents, sealed, until the office has looked at them.
type Evidence interface {
	// Put keeps at most limit bytes and gives the name they are found again by, of 64 characters or more without dots and slashes.
	Put(ctx context.Context, r io.Reader, limit int64) (ref string, err error)
	// Remove takes it away again when no claim came of it.
	Remove(ref string) error
}

// The methods of claims that the centre has a form for.
const (
	methodDemo    = "demo"
	methodLicence = "licence"
)

// Deps are what the centre is made of.
type Deps struct {
	Site     *web.Site
	Accounts Accounts
	Files    Files
	Records  Records
	Looks    Looks
	Consents Consents
	Agencies Agencies
	Matters  Matters
	Editions Editions
	Clock    clock.Clock
	// Measures gives what was applied because of the record; nil = nobody applies anything here.
	Measures Measures
	// Proofs gives the proof of the own records; nil = there is no public log.
	Proofs Prover
	// Methods are the methods of claims that this installation knows, by their names.
	Methods []string
	// Evidence keeps what is uploaded; without it the licence is not offered.
	Evidence Evidence
	// MaxEvidence is the largest file that is taken; 5 MB when zero.
	MaxEvidence int64
	// DemoCode tells the code that the demo city shows for a claim; nil everywhere else.
	DemoCode func(ctx context.Context, kind identity.AccountKind, in identity.ClaimIn) (string, error)
	// Unified leads to the sign-in by unified identity, one link a provider.
	Unified []ui.Link
	// Settings leads to password, second factor and sessions; without address it is left out.
	Settings ui.Link
	// Notices leads to the caller's notices, and Reports to the subject's own reports; without address they are left out.
	Notices, Reports ui.Link
	// Unread says in a few words how many notices are unread; "" = none. nil = nobody counts.
	Unread func(ctx context.Context, who authz.Actor) (string, error)
	// Parts are what other features add.
	Parts []Part
}

// Centre is the pages under /me.
type Centre struct {
	Deps
	site    *web.Site
	proving chan struct{}
}

// section marks the centre's entry of the main navigation.
const section = "me"

// Nav is the centre's entry of the main navigation, for callers who may be somebody's agent or a resident.
func Nav() []ui.NavItem {
	return []ui.NavItem{{Href: "/me", Label: "我的信用", Section: section}}
}

const defaultEvidence = 5 << 20

// New makes the centre.
func New(d Deps) *Centre {
	if d.MaxEvidence <= 0 {
		d.MaxEvidence = defaultEvidence
	}
	return &Centre{Deps: d, site: d.Site, proving: make(chan struct{}, proofsAtOnce)}
}

// Routes hangs the centre into the site. What concerns a subject is guarded by actions that only the subject's own roles have: consents are read here under
// the rule for giving and revoking them, which is narrower than the one for reading.
func (c *Centre) Routes(rt *web.Router) {
	page := func(pattern string, g web.Guard, h web.Handler) { rt.Handle(pattern, g, c.site.Handle(h)) }
	page("GET /me", web.Own(authz.AccountOwn), c.home)

	page("GET /me/claim", web.Own(authz.ClaimMake), c.claims)
	rt.Handle("POST /me/claim", web.Own(authz.ClaimMake), c.site.Stream(c.claim))
	page("GET /me/claim/{id}/withdraw", web.Own(authz.ClaimMake), c.askWithdraw)
	page("POST /me/claim/{id}/withdraw", web.Own(authz.ClaimMake), c.withdraw)

	page("GET /me/file", c.mine(authz.DiscloseOwn), c.file)
	page("GET /me/file/{record}", c.mine(authz.DiscloseOwn), c.record)
	page("GET /me/looked", c.mine(authz.AccessOwn), c.looked)

	if c.Measures != nil {
		page("GET /me/measures", c.mine(authz.DiscloseOwn), c.measures)
	}
	c.proofRoutes(rt, c.mine(authz.DiscloseOwn))

	page("GET /me/consents", c.mine(authz.ConsentGrant), c.consents)
	page("GET /me/consents/new", c.mine(authz.ConsentGrant), c.newConsent)
	page("POST /me/consents", c.mine(authz.ConsentGrant), c.grant)
	page("GET /me/consents/{id}", c.mine(authz.ConsentRevoke), c.consent)
	page("GET /me/consents/{id}/receipt.json", c.mine(authz.ConsentRevoke), c.receipt)
	page("GET /me/consents/{id}/revocation.json", c.mine(authz.ConsentRevoke), c.revocation)
	page("GET /me/consents/{id}/revoke", c.mine(authz.ConsentRevoke), c.askRevoke)
	page("POST /me/consents/{id}/revoke", c.mine(authz.ConsentRevoke), c.revoke)

	for i := range c.Parts {
		if c.Parts[i].Routes != nil {
			c.Parts[i].Routes(c, rt)
		}
	}
}

// page makes the frame of a page of the centre.
func (c *Centre) page(r *http.Request, title string, crumbs ...ui.Link) *ui.Page {
	p := c.site.Page(r, title, append([]ui.Link{{Href: "/me", Label: "我的信用"}}, crumbs...)...)
	p.Section, p.NoIndex = section, true
	return p
}

// show writes a page that no cache keeps.
func (c *Centre) show(w http.ResponseWriter, r *http.Request, status int, p *ui.Page, body templ.Component) error {
	w.Header().Set("Cache-Control", "no-store")
	return c.site.Render(w, r, status, web.Frame(p, body))
}

// done leads on after a form, so that a reload does not send it again.
func done(w http.ResponseWriter, r *http.Request, to string) error {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // G710: every caller gives a path below /me; what was typed stands in no path
	return nil
}

func (c *Centre) now() time.Time { return c.Clock.Now() }

func (c *Centre) today() clock.Date { return clock.DateOf(c.now()) }

// edition is the catalogue in force today.
func (c *Centre) edition() *catalog.Edition { return c.Editions.Current(c.today()) }

// item gives an item as the catalogue in force has it, or the edition it was filed under; nil when neither has it.
func (c *Centre) item(code catalog.ItemCode, edition string) *catalog.Item {
	if item, ok := c.edition().Item(code); ok {
		return item
	}
	if e, ok := c.Editions.ByID(edition); ok {
		if item, ok := e.Item(code); ok {
			return item
		}
	}
	return nil
}

func (c *Centre) itemName(code catalog.ItemCode) string {
	if item := c.item(code, ""); item != nil {
		return item.Name
	}
	return string(code)
}

// unit names an agency; one that is gone does not break the page.
func (c *Centre) unit(ctx context.Context, id agency.ID) string {
	if id == 0 {
		return ""
	}
	a, err := c.Agencies.ByID(ctx, id)
	if err != nil {
		return "（单位信息缺失）"
	}
	return a.Name
}
