package me

import (
	"context"
	"net/http"

	"github.com/a-h/templ"

	"gongxin/internal/authz"
	"gongxin/internal/publish"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// Part is what another feature adds to the centre without changing the centre's files: its pages, a card on the overview, a tab, and what can be done
// about one record from the record's own page. The program hands the parts over in Deps.Parts, in the order of their cards.
type Part struct {
	Name  string // marks its tab: "objections"
	Label string // on tab and card, in Chinese: 异议
	Path  string // of its page: "/me/objections"
	Words string // a sentence on the card: what one does there
	// Guide is the guide that the part takes the place of on the overview and at a record: "/guide/objection"; "" = none.
	Guide string
	// NoTab leaves the part without a tab, where the card is enough.
	NoTab bool
	// For reports whether a subject of this kind has the part at all; nil = every one.
	For func(p Place) bool
	// Count gives a few words beside the card's title, such as “2 件在办”; nil = none.
	Count func(ctx context.Context, p Place) (string, error)
	// OfRecord gives what can be done about one record in its newest version; without address, nothing. nil = nothing ever.
	OfRecord func(ctx context.Context, p Place, r *publish.RecordView) (ui.Link, error)
	// Routes hangs its pages in; nil when something else does.
	Routes func(c *Centre, rt *web.Router)

	now func(ctx context.Context, p Place) ([]ownCase, error) // what is under way, for the head of the overview; Cases alone has it
}

// Place is where a page of a part stands: which subject of the caller's it is about.
type Place struct {
	Who      authz.Actor
	Subject  int64
	Name     string // of the subject; of a person masked
	Resident bool   // the subject is the caller's own person

	around around
}

// Link gives an address of the centre about the same subject; pairs are further parameters, empty ones are left out.
func (p *Place) Link(path string, pairs ...string) string { return p.around.link(path, pairs...) }

// Sheet is what a part says of a page of its own.
type Sheet struct {
	Title  string
	Lead   string    // a sentence under the heading
	Crumbs []ui.Link // behind “我的信用”
	Plain  bool      // without heading and tabs: the body brings its own
	Keep   bool      // one prints the page to keep it
}

// Mine guards a route of a part: the caller may take an action about the subject that the address chooses by ?of=, else about the caller's first one.
func (c *Centre) Mine(a authz.Action) web.Guard { return c.mine(a) }

// Handle makes a handler of a part into one that can be hung in.
func (c *Centre) Handle(h web.Handler) http.Handler { return c.site.Handle(h) }

// Place finds out whom a page of a part is about. tab is the Name of the part, path the page's address without parameters.
func (c *Centre) Place(r *http.Request, tab, path string) (Place, error) {
	a, err := c.around(r, tab, path)
	if err != nil {
		return Place{}, err
	}
	return a.place(), nil
}

// Show writes a page of a part in the centre's frame. No cache keeps it.
func (c *Centre) Show(w http.ResponseWriter, r *http.Request, status int, p Place, s Sheet, body templ.Component) error {
	p.around.keeps = s.Keep
	if !s.Plain {
		body = partPage(&p.around, s, body)
	}
	return c.show(w, r, status, c.page(r, s.Title, s.Crumbs...), body)
}

func (a *around) place() Place {
	return Place{Who: a.who, Subject: a.subject, Name: a.name(), Resident: a.resident(), around: *a}
}

// partsOf gives those parts that a place has.
func (c *Centre) partsOf(p Place) []*Part {
	var out []*Part
	for i := range c.Parts {
		if part := &c.Parts[i]; p.Subject != 0 && (part.For == nil || part.For(p)) {
			out = append(out, part)
		}
	}
	return out
}

// guides reports whether a part takes the place of a guide.
func guides(parts []*Part, guide string) bool {
	for _, p := range parts {
		if p.Guide == guide {
			return true
		}
	}
	return false
}

// acts gives what the parts can do about a record.
func (c *Centre) acts(ctx context.Context, p Place, r *publish.RecordView) ([]ui.Link, map[string]bool, error) {
	var out []ui.Link
	known := map[string]bool{}
	for _, part := range c.partsOf(p) {
		if part.OfRecord == nil {
			continue
		}
		l, err := part.OfRecord(ctx, p, r)
		if err != nil {
			return nil, nil, err
		}
		known[part.Guide] = true
		if l.Href != "" {
			out = append(out, l)
		}
	}
	return out, known, nil
}
