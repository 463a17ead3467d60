// Package console keeps the rule that a desk opens on what its people have to do now, says what an action will do before it does it, and
// shows no more of a row than the one who decides needs. It holds the desks of staff: filing (报送) and the queue of rows
// that no identifier links (人工匹配). Every desk works without JavaScript.
package console

import (
	"context"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/a-h/templ"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/ingest"
	"gongxin/internal/publish"
	"gongxin/internal/subject"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// Intake takes filings in and answers for them; *ingest.Desk is one.
type Intake interface {
	Submit(ctx context.Context, req ingest.Request, r io.Reader) (*ingest.Submission, error)
	Get(ctx context.Context, id string) (*ingest.Submission, error)
	Recent(ctx context.Context, unit agency.ID, limit int) ([]*ingest.Submission, error)
	Summary(ctx context.Context, id string) (*ingest.Summary, error)
	Rows(ctx context.Context, id string, f ingest.RowFilter, after, limit int) (*ingest.RowPage, error)
	// WriteErrors and File hand out what was filed. They put the look on file first, under the caller whom the context names.
	WriteErrors(ctx context.Context, w io.Writer, id string) error
	File(ctx context.Context, sub *ingest.Submission) (*os.File, error)
}

// Queue keeps the rows that wait for a person; *ingest.Desk is one.
type Queue interface {
	QueueOf(ctx context.Context, state ingest.QueueState, f ingest.QueueFilter, after int64, limit int) ([]ingest.QueueEntry, error)
	DecidedOf(ctx context.Context, state ingest.QueueState, f ingest.QueueFilter, after *ingest.QueueEntry, limit int) ([]ingest.QueueEntry, error)
	QueueCountsOf(ctx context.Context, f ingest.QueueFilter) (map[ingest.QueueState]int, error)
	Entry(ctx context.Context, entry int64) (*ingest.QueueEntry, error)
	// Content and Contents open rows. They put the look on file first, under the caller whom the context names.
	Content(ctx context.Context, e *ingest.QueueEntry) (*ingest.Opened, error)
	Contents(ctx context.Context, list []ingest.QueueEntry) ([]ingest.Opened, error)
	Pointers(ctx context.Context, o *ingest.Opened) ([]ingest.Pointer, error)
	Preview(ctx context.Context, o *ingest.Opened, subjectID int64) (*ingest.Preview, error)
	Match(ctx context.Context, entry, subjectID int64, actor, note string) error
	Refuse(ctx context.Context, entry int64, actor, note string) error
	Undo(ctx context.Context, entry int64, actor, note string) error
}

// Agencies knows the departments that file; *agency.Store is one.
type Agencies interface {
	List(ctx context.Context) ([]agency.Agency, error)
	ByCode(ctx context.Context, code string) (agency.Agency, error)
	ByID(ctx context.Context, id agency.ID) (agency.Agency, error)
}

// Finder finds subjects by name or code; *publish.Service is one.
type Finder interface {
	Search(ctx context.Context, q string, cursor string, limit int) (*publish.SearchPage, error)
}

// Register gives the subjects of codes and numbers; *subject.Store is one.
type Register interface {
	ByCode(ctx context.Context, code string) (subject.Subject, bool, error)
	ByIDs(ctx context.Context, ids []int64) (map[int64]subject.Subject, error)
}

// Editions gives the catalogue; *catalog.Store is one.
type Editions interface {
	Current(day clock.Date) *catalog.Edition
	ByID(id string) (*catalog.Edition, bool)
}

// Deps are what the desks are made of.
type Deps struct {
	Site     *web.Site
	Intake   Intake
	Queue    Queue
	Agencies Agencies
	Finder   Finder
	Register Register
	Editions Editions
	Clock    clock.Clock
	// Wake tells the worker that a filing was just acknowledged; may be nil.
	Wake func()
	// MaxBytes is the largest file that is taken in; ingest.DefaultMaxBytes when zero.
	MaxBytes int64
	// RegionName names a division; nil shows the code.
	RegionName func(code string) string
}

// Console is the staff desks.
type Console struct {
	Deps
	site *web.Site
}

// section is the desks' entry of the main navigation.
const section = "desk"

// desks is the first of the desks' breadcrumbs.
var desks = ui.Link{Href: "/desk", Label: "工作台"}

// Nav is the desks' part of the main navigation.
func Nav() []ui.NavItem {
	return []ui.NavItem{{Href: "/desk/filing", Label: "数据报送", Section: section}}
}

// New makes the desks.
func New(d Deps) *Console {
	if d.MaxBytes <= 0 {
		d.MaxBytes = ingest.DefaultMaxBytes
	}
	if d.Wake == nil {
		d.Wake = func() {}
	}
	if d.RegionName == nil {
		d.RegionName = func(code string) string { return code }
	}
	return &Console{Deps: d, site: d.Site}
}

// Routes hangs the desks into the site.
func (c *Console) Routes(rt *web.Router) {
	page := func(pattern string, g web.Guard, h web.Handler) { rt.Handle(pattern, g, c.site.Handle(h)) }
	stream := func(pattern string, g web.Guard, h web.Handler) { rt.Handle(pattern, g, c.site.Stream(h)) }
	filings := web.Among(authz.SubmissionRead, filingUnit)
	page("GET /desk/filing", filings, c.filing)
	stream("POST /desk/filing", web.Asked(authz.SubmissionCreate, filingUnit), c.submit)
	page("GET /desk/filing/running", filings, c.running)
	page("GET /desk/filing/item", filings, c.itemNotes)
	page("GET /desk/filing/{id}", c.ofSubmission(authz.SubmissionRead), c.receipt)
	page("GET /desk/filing/{id}/live", c.ofSubmission(authz.SubmissionRead), c.live)
	stream("GET /desk/filing/{id}/errors.xlsx", c.ofSubmission(authz.SubmissionErrors), c.errorBook)
	stream("GET /desk/filing/{id}/file", c.ofSubmission(authz.SubmissionErrors), c.file)
	page("GET /desk/queue", web.Among(authz.QueueRead, filingUnit), c.queue)
	page("GET /desk/queue/{id}", c.ofEntry(authz.QueueRead), c.entry)
	page("POST /desk/queue/{id}/match", c.ofEntry(authz.QueueDecide), c.match)
	page("POST /desk/queue/{id}/refuse", c.ofEntry(authz.QueueDecide), c.refuse)
	page("POST /desk/queue/{id}/undo", c.ofEntry(authz.QueueUndo), c.undo)
}

// FilingForm gives the form of a filing for another page of the desks.
func (c *Console) FilingForm(r *http.Request) (templ.Component, error) {
	form := formView{unit: rememberedUnit(r)}
	if err := c.fill(r.Context(), &form); err != nil {
		return nil, err
	}
	return filingForm(&form), nil
}

// Returned counts the latest filings within the caller's bounds that came back and were not filed again.
func (c *Console) Returned(ctx context.Context) (int, error) {
	running, recent, err := c.filings(ctx)
	return len(returned(running, recent)), err
}

// page makes a desk's frame.
func (c *Console) page(r *http.Request, title string, crumbs ...ui.Link) *ui.Page {
	p := c.site.Page(r, title, crumbs...)
	p.Section, p.Desk, p.HTMX, p.NoIndex = section, true, true, true
	return p
}

func (c *Console) show(w http.ResponseWriter, r *http.Request, status int, p *ui.Page, body templ.Component) error {
	w.Header().Set("Cache-Control", "no-store")
	return c.site.Render(w, r, status, web.Frame(p, body))
}

// fragment answers htmx with a part of a page.
func (c *Console) fragment(w http.ResponseWriter, r *http.Request, status int, part templ.Component) error {
	return c.site.Render(w, r, status, part)
}

// byScript says that htmx asks, which wants a part and not a page.
func byScript(r *http.Request) bool { return r.Header.Get("HX-Request") == "true" }

func (c *Console) now() time.Time { return c.Clock.Now() }

// edition is the catalogue in force today.
func (c *Console) edition() *catalog.Edition { return c.Editions.Current(clock.DateOf(c.now())) }

// item gives the item of an edition, or the one in force when that edition is gone; nil when neither has it.
func (c *Console) item(edition string, code catalog.ItemCode) *catalog.Item {
	if e, ok := c.Editions.ByID(edition); ok {
		if item, ok := e.Item(code); ok {
			return item
		}
	}
	item, _ := c.edition().Item(code)
	return item
}

func (c *Console) itemName(edition string, code catalog.ItemCode) string {
	if item := c.item(edition, code); item != nil {
		return item.Name
	}
	return string(code)
}

// unit gives the agency of a number; one that is gone is shown by its absence and does not break the page.
func (c *Console) unit(ctx context.Context, id agency.ID) agency.Agency {
	a, err := c.Agencies.ByID(ctx, id)
	if err != nil {
		return agency.Agency{ID: id, Name: "（单位信息缺失）"}
	}
	return a
}
