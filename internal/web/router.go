package web

import (
	"context"
	"net/http"
	"slices"

	"gongxin/internal/authz"
	"gongxin/internal/fault"
)

// Guard is what a route asks of its caller. It is made by Public, Anywhere, Of, Among and Asked only, so that no route can be hung in without one.
type Guard struct {
	action authz.Action
	scope  string // in Chinese, for the published list
	find   func(*http.Request) (authz.Scope, error)
	asked  bool // the handler asks with Site.Check, once it knows the scope
	among  bool // the handler cuts its list with Site.Bounds
	one    bool // find gives the scope of one thing, of which strangers do not learn that it exists
	shown  bool // whoever gets as far as find may see the thing, if not do this to it
}

// Public guards what everyone may do. It refuses to be hung in for an action that the table does not give to everyone.
func Public(a authz.Action) Guard { return Guard{action: a} }

// Anywhere guards an action that has no scope.
func Anywhere(a authz.Action) Guard {
	return Guard{action: a, find: func(*http.Request) (authz.Scope, error) { return authz.Scope{}, nil }}
}

// Own guards what concerns the caller's own account.
func Own(a authz.Action) Guard {
	return Guard{action: a, scope: "本人的账号", find: func(r *http.Request) (authz.Scope, error) {
		return authz.Scope{Account: authz.From(r.Context()).ID}, nil
	}}
}

// Of guards an action on one thing; find gives its scope from the request, and what says whose that is. A caller who could not do it to anything
// is refused before find is asked. To whoever the thing lies beyond it is not there: the answer is ErrNothing, as for a number that names nothing.
func Of(a authz.Action, whose string, find func(*http.Request) (authz.Scope, error)) Guard {
	return Guard{action: a, scope: whose, find: find, one: true}
}

// Shown says that the things of a guard can be seen by everyone who could do the action to one of them, so that a refusal says why.
func (g Guard) Shown() Guard {
	g.shown = true
	return g
}

// Among guards a list: whoever could do the action to something gets in, and the handler cuts the list to Site.Bounds.
func Among(a authz.Action, whose string) Guard { return Guard{action: a, scope: whose, among: true} }

// Asked guards an action whose scope stands in the body: whoever could do it to something gets in, and the handler asks Site.Check once it
// knows the scope. An answer that leaves without the question becomes an error.
func Asked(a authz.Action, whose string) Guard { return Guard{action: a, scope: whose, asked: true} }

// Router hangs handlers into one mux, each with its guard.
type Router struct {
	site   *Site
	mux    *http.ServeMux
	routes *[]authz.Route
}

// Router begins an empty site.
func (s *Site) Router() *Router {
	return &Router{site: s, mux: http.NewServeMux(), routes: new([]authz.Route)}
}

// Handle hangs a handler in. Like http.ServeMux it panics on what only a defect of the program can bring: a pattern twice, a guard without an action
// of the table.
func (rt *Router) Handle(pattern string, g Guard, h http.Handler) {
	if !g.action.Known() || g.find == nil && !g.asked && !g.among && !g.action.Public() {
		panic("web: " + pattern + " has no rule of the permission table")
	}
	*rt.routes = append(*rt.routes, authz.Route{Pattern: pattern, Action: g.action, Scope: g.scope})
	rt.mux.Handle(pattern, rt.guard(g, h))
}

// Sub is a part of the site that guards its own routes and says how.
type Sub interface {
	http.Handler
	Routes() []authz.Route
}

// Mount hangs a part in.
func (rt *Router) Mount(prefix string, part Sub) {
	*rt.routes = append(*rt.routes, part.Routes()...)
	rt.mux.Handle(prefix, part)
}

// Routes lists what is hung in, by pattern.
func (rt *Router) Routes() []authz.Route {
	list := slices.Clone(*rt.routes)
	slices.SortFunc(list, func(a, b authz.Route) int {
		switch {
		case a.Pattern < b.Pattern:
			return -1
		case a.Pattern > b.Pattern:
			return 1
		}
		return 0
	})
	return list
}

// guard holds a call against its rule before the handler sees it.
func (rt *Router) guard(g Guard, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := &question{action: g.action}
		r = r.WithContext(context.WithValue(r.Context(), questionKey{}, q))
		if err := rt.site.admit(r, g); err != nil {
			rt.site.Refuse(w, r, err)
			return
		}
		if !g.asked {
			h.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(&askedWriter{ResponseWriter: w, q: q, fail: func(w http.ResponseWriter) { rt.site.Problem(w, r, errNotAsked) }}, r)
	})
}

// admit decides what can be decided before the handler.
func (s *Site) admit(r *http.Request, g Guard) error {
	if g.action.Public() {
		return nil
	}
	if err := unresolved(r.Context()); err != nil {
		return err
	}
	x, who := s.authority(), authz.From(r.Context())
	if d := x.Could(who, g.action); !d.Allowed || g.find == nil {
		return d.Err()
	}
	scope, err := g.find(r)
	switch {
	case err != nil && g.one && !g.shown && fault.KindOf(err) == fault.NotFound:
		return ErrNothing.With(err)
	case err != nil:
		return err
	case g.one && !g.shown:
		return x.See(r.Context(), who, g.action, scope, ErrNothing)
	}
	return x.Decide(who, g.action, scope).Err()
}

func (s *Site) authority() *authz.Authority {
	if s.Authority == nil {
		return noRegions
	}
	return s.Authority
}

// noRegions decides where nobody gave a tree of divisions: grants of a part of the city then reach nothing.
var noRegions = authz.New(nil)

// question is what a route asks; asked notes that its handler did.
type question struct {
	action authz.Action
	asked  bool
}

type questionKey struct{}

var errNotAsked = fault.New(fault.Internal, "web.not_asked", "程序缺陷：没有核对权限就作了回答", "")

// Check asks whether the caller may do the route's action to what the scope describes. Handlers behind Asked call it before they act.
func (s *Site) Check(ctx context.Context, scope authz.Scope) error {
	q, _ := ctx.Value(questionKey{}).(*question)
	if q == nil {
		return errNotAsked
	}
	q.asked = true
	return s.authority().Decide(authz.From(ctx), q.action, scope).Err()
}

// See is Check for one thing that the address names and that exists: to whoever it lies beyond the answer is none, as for a number that names nothing.
func (s *Site) See(ctx context.Context, scope authz.Scope, none error) error {
	q, _ := ctx.Value(questionKey{}).(*question)
	if q == nil {
		return errNotAsked
	}
	q.asked = true
	return s.authority().See(ctx, authz.From(ctx), q.action, scope, none)
}

// Bounds says how far the caller reaches for an action, to cut a list to it.
func (s *Site) Bounds(ctx context.Context, a authz.Action) authz.Bounds {
	return s.authority().Bounds(authz.From(ctx), a)
}

// May reports whether the caller may do an action to what the scope describes, for pages that leave out what is of no use to their reader.
func (s *Site) May(ctx context.Context, a authz.Action, scope authz.Scope) bool {
	return s.authority().Decide(authz.From(ctx), a, scope).Allowed
}

// askedWriter lets an answer leave only once the question was asked; a refusal may leave in any case.
type askedWriter struct {
	http.ResponseWriter
	q    *question
	fail func(http.ResponseWriter)
	sent bool // a status has left
	done bool // failed: the rest is dropped
}

func (a *askedWriter) WriteHeader(status int) {
	switch {
	case a.done:
	case !a.q.asked && !a.sent && status < 400:
		a.done = true
		a.fail(a.ResponseWriter)
	default:
		a.sent = a.sent || status >= 200
		a.ResponseWriter.WriteHeader(status)
	}
}

func (a *askedWriter) Write(b []byte) (int, error) {
	if !a.sent && !a.done {
		a.WriteHeader(http.StatusOK)
	}
	if a.done {
		return len(b), nil
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *askedWriter) Unwrap() http.ResponseWriter { return a.ResponseWriter }
