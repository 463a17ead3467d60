package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/ingest"
	"gongxin/internal/publish"
)

// Reader answers what everyone may see. A zero asOf is now.
type Reader interface {
	Search(ctx context.Context, q, cursor string, limit int) (*publish.SearchPage, error)
	Subject(ctx context.Context, code string, asOf time.Time) (*publish.SubjectView, error)
	SubjectRecords(ctx context.Context, code string, item catalog.ItemCode, asOf time.Time, cursor string, limit int) ([]publish.RecordView, string, error)
	Record(ctx context.Context, id string, asOf time.Time) (*publish.RecordView, error)
	ListRecords(ctx context.Context, item catalog.ItemCode, f publish.ListFilter, cursor string, limit int) (*publish.RecordPage, error)
	Facets(ctx context.Context, item catalog.ItemCode) (*publish.Facets, error)
	Stats(ctx context.Context) (*publish.Stats, error)
}

// Filer takes filings in and answers them. Submit acknowledges only what survives a crash; a worker runs it.
type Filer interface {
	Submit(ctx context.Context, req ingest.Request, r io.Reader) (*ingest.Submission, error)
	Get(ctx context.Context, id string) (*ingest.Submission, error)
	Recent(ctx context.Context, unit agency.ID, limit int) ([]*ingest.Submission, error)
	Receipt(ctx context.Context, id string, after, limit int) (*ingest.Receipt, error)
	WriteReceipt(ctx context.Context, w io.Writer, id string, all bool) error
	// WriteErrors and File hand out what was filed. They put the look on file first, under the caller whom the context names.
	WriteErrors(ctx context.Context, w io.Writer, id string) error
	File(ctx context.Context, sub *ingest.Submission) (*os.File, error)
}

// Agencies names the units that filed.
type Agencies interface {
	ByID(ctx context.Context, id agency.ID) (agency.Agency, error)
	ByCode(ctx context.Context, code string) (agency.Agency, error)
	List(ctx context.Context) ([]agency.Agency, error)
}

// Catalogue gives the edition in force on a day, and the one that something was checked under.
type Catalogue interface {
	Current(day clock.Date) *catalog.Edition
	ByID(id string) (*catalog.Edition, bool)
}

// Deps are what the interface is made of. Reader, Filer, Agencies, Catalogue, Clock and Actors are needed; the zero values of the
// others are safe.
type Deps struct {
	Version   string // of the program, shown in the OpenAPI document
	Reader    Reader
	Filer     Filer
	Agencies  Agencies
	Catalogue Catalogue
	Clock     clock.Clock
	Log       *slog.Logger // nil = none

	// What lies beyond the public. Without a part its calls are not there; Disclosures alone leaves the public calls, which then refuse a purpose.
	Disclosures Discloser // publish.Service
	Consents    Consents  // consent.Store
	Audit       AuditLog  // audit.Log
	Queue       Queue     // ingest.Desk
	Subjects    Subjects  // subject.Store; needed with Consents, Audit and Queue
	Labels      Labels    // publish.Service; nil = auditors see numbers alone
	Reports     Reports   // report.Service
	Checks      Checks    // check.Service
	Measures    Measures  // measure.Service; nil leaves joint action out
	MeasureDB   db.Querier
	Files       Attacher // flow.Engine; nil = no evidence is taken in

	Objections     Objections     // objection.Service; nil leaves objections out
	ObjectionCases ObjectionCases // flow.Engine; needed with Objections
	Repairs        Repairs        // repair.Service; nil leaves repair out
	RepairCases    RepairCases    // flow.Engine; needed with Repairs

	Corrections Corrections   // correction.Service; nil leaves corrections that travel out
	Looks       publish.Looks // puts on file who reads what is not public
	// KeyExpires gives the day on which an API key ends; nil leaves it out of GET /me.
	KeyExpires func(ctx context.Context, key int64) (time.Time, error)
	// PausedSince gives since when publication pauses because the public log stands still, the zero time when it does not; every answer then says so in
	// a header. Nil = it never does.
	PausedSince func(ctx context.Context) time.Time
	// RegionName names a division; nil leaves the name out.
	RegionName func(code string) string
	// Session gives the token of a session of the site's pages; nil = only keys count. A session counts only where the browser says that a page of this
	// site makes the call.
	Session func(*http.Request) string

	// Actors finds out whose key, or whose session, a call carries.
	Actors authz.Actors
	// Authority decides; without one, grants of a part of the city reach nothing.
	Authority *authz.Authority
	// Wake tells the worker of this process that a filing was acknowledged; nil when it finds out by itself.
	Wake func()
	// Done gives a channel that closes when a filing has ended, so that waiting callers hear of it at once; nil = they look from time to time.
	Done func(id string) <-chan struct{}

	MaxBytes   int64                      // of one file; 0 = ingest.DefaultMaxBytes
	Timeout    time.Duration              // of one answer that is neither a file nor waited for; 0 = 10 s
	Limits     Limits                     // per client
	ClientAddr func(*http.Request) string // address that limits count by; nil = the connection's
}

// server answers everything under /api/.
type server struct {
	Deps
	mux      *http.ServeMux
	huma     huma.API
	searches *limiter
	uploads  *limiter
	document []byte // OpenAPI
	etag     string // of the document
	routes   []authz.Route
}

// prefix begins every call; the OpenAPI document stands beside the versions.
const (
	prefix       = "/api/v1"
	documentPath = "/api/openapi.json"
)

const defaultTimeout = 10 * time.Second

// Handler answers everything under /api/ and says what each of its routes asks of a caller.
type Handler interface {
	http.Handler
	Routes() []authz.Route
}

// New makes the handler of everything under /api/, unknown addresses included: mux.Handle("/api/", handler).
func New(d Deps) (Handler, error) {
	if d.Reader == nil || d.Filer == nil || d.Agencies == nil || d.Catalogue == nil || d.Clock == nil || d.Actors == nil {
		return nil, errors.New("api: Reader, Filer, Agencies, Catalogue, Clock and Actors are needed")
	}
	if d.Subjects == nil && (d.Consents != nil || d.Audit != nil || d.Queue != nil) {
		return nil, errors.New("api: Consents, Audit and Queue need Subjects")
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Wake == nil {
		d.Wake = func() {}
	}
	if d.MaxBytes <= 0 {
		d.MaxBytes = ingest.DefaultMaxBytes
	}
	if d.Timeout <= 0 {
		d.Timeout = defaultTimeout
	}
	if d.Authority == nil {
		d.Authority = authz.New(nil)
	}
	if d.ClientAddr == nil {
		d.ClientAddr = connectionAddr
	}
	d.Limits = d.Limits.withDefaults()
	s := &server{
		Deps: d, mux: http.NewServeMux(),
		searches: newLimiter(d.Limits.SearchesPerSecond, d.Limits.SearchBurst), uploads: newLimiter(d.Limits.UploadsPerSecond, d.Limits.UploadBurst),
	}
	s.huma = huma.NewAPI(s.config(), humago.NewAdapter(s.mux, ""))
	s.catalogueRoutes()
	s.subjectRoutes()
	s.recordRoutes()
	s.submissionRoutes()
	s.disclosureRoutes()
	s.consentRoutes()
	s.accessRoutes()
	s.auditRoutes()
	s.queueRoutes()
	s.selfRoutes()
	s.reportRoutes()
	s.checkRoutes()
	s.measureRoutes()
	s.correctionRoutes()
	s.objectionRoutes()
	s.repairRoutes()
	if err := s.describe(); err != nil {
		return nil, err
	}
	return s, nil
}

// route is one call with what guards it.
type route struct {
	huma.Operation
	guard  guard
	search bool // counts as a search of its client
	upload bool // counts as an upload of its client
	long   bool // no bound on the whole time

	personal bool // the answer depends on who calls, or on a code that only some have, although everyone may ask
}

// register hangs a call in behind its guard. Errors of h become problems.
func register[I, O any](s *server, g guard, r route, h func(context.Context, *I) (*O, error)) {
	r.Path = prefix + r.Path
	r.guard = g
	describeGuard(&r.Operation, g)
	s.note(r.Method+" "+r.Path, g)
	r.Middlewares = append(r.Middlewares, s.before(r))
	if fields := bodyFields(reflect.TypeFor[I]()); fields != "" {
		r.Metadata = map[string]any{fieldsKey: fields}
	}
	huma.Register(s.huma, r.Operation, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		var unchanged *notModified
		switch {
		case err == nil:
			return out, nil
		case errors.As(err, &unchanged):
			return nil, unchanged
		}
		return nil, problemOf(ctx, err)
	})
}

// before refuses what may not go on, before a parameter is read.
func (s *server) before(route route) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		cache := "no-cache" // public answers change with the day: ask again, take 304 where there is an ETag
		if !route.guard.action.Public() || route.guard.kind == forPurpose && namesPurpose(r) || route.personal {
			cache = "no-store"
		}
		w.Header().Set("Cache-Control", cache)
		who, err := s.admit(r, route)
		if err != nil {
			if who != nil {
				r = r.WithContext(who) // for the log
			}
			s.fail(w, r, err)
			return
		}
		ctx = huma.WithContext(ctx, who)
		if !route.long {
			limited, cancel := context.WithTimeout(ctx.Context(), s.Timeout)
			defer cancel()
			ctx = huma.WithContext(ctx, limited)
		}
		next(ctx)
	}
}

// Exchange gives a handler the request and the writer, for bodies that stream in and out.
type Exchange struct {
	r *http.Request
	w http.ResponseWriter
}

// Resolve takes both from the call.
func (e *Exchange) Resolve(ctx huma.Context) []error {
	e.r, e.w = humago.Unwrap(ctx)
	return nil
}
