package api

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/fault"
	"gongxin/internal/ingest"
)

// guard is what a call asks of its caller.
type guard struct {
	action authz.Action
	kind   guardKind
}

type guardKind uint8

const (
	forEveryone guardKind = iota
	forOne                // the submission in the path is the thing
	forList               // the handler cuts its list to the caller's bounds
	forBody               // the handler asks, once it has read whose it is
)

func public(a authz.Action) guard       { return guard{a, forEveryone} }
func ofSubmission(a authz.Action) guard { return guard{a, forOne} }
func among(a authz.Action) guard        { return guard{a, forList} }
func asked(a authz.Action) guard        { return guard{a, forBody} }

// note keeps a route for the published list. A call without an action of the table, or a public one that is not, is a defect of the program.
func (s *server) note(pattern string, g guard) {
	if !g.action.Known() || g.kind == forEveryone && !g.action.Public() {
		panic("api: " + pattern + " has no rule of the permission table")
	}
	r := authz.Route{Pattern: pattern, Action: g.action}
	if g.kind != forEveryone {
		r.Scope = "报送单位"
	}
	s.routes = append(s.routes, r)
}

// Routes lists the calls with what they ask.
func (s *server) Routes() []authz.Route { return slices.Clone(s.routes) }

// maxKey bounds a key; ours are far shorter.
const maxKey = 512

// identify finds out who calls: an API key in the Authorization header, or nobody. Sessions of pages do not count here, so that no other site can make
// a browser call. A key that is wrong is refused even where none is needed: its owner should know.
func (s *server) identify(r *http.Request, g guard) (context.Context, error) {
	address := s.ClientAddr(r)
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	who := authz.Actor{Address: address}
	switch header := r.Header.Get("Authorization"); {
	case s.Actors == nil && !g.action.Public():
		if !s.FilingOpen || !loopbackName(r.Host) {
			return nil, errClosed
		}
		who = authz.LocalActor(demoActor)
	case s.Actors != nil && header != "":
		scheme, key, _ := strings.Cut(header, " ")
		if key = strings.TrimSpace(key); !strings.EqualFold(scheme, "Bearer") || key == "" || len(key) > maxKey {
			return nil, errKey
		}
		var err error
		if who, err = s.Actors.KeyActor(r.Context(), key, address); err != nil {
			if kind := fault.KindOf(err); kind == fault.Denied || kind == fault.NotFound || kind == fault.Invalid {
				return nil, errKey.With(err)
			}
			return nil, err
		}
		who.Address = address
	}
	return authz.With(r.Context(), who), nil
}

// permit decides what can be decided before the call is read further.
func (s *server) permit(r *http.Request, g guard) error {
	if g.kind == forEveryone {
		return nil
	}
	who := authz.From(r.Context())
	if d := s.Authority.Could(who, g.action); !d.Allowed || g.kind != forOne {
		return d.Err()
	}
	sub, err := s.Filer.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	unit, err := s.Agencies.ByID(r.Context(), sub.Agency)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	scope := authz.Scope{Agency: sub.Agency, Region: unit.Region, Author: authz.AuthorOf(sub.Actor)}
	return s.Authority.Decide(who, g.action, scope).Err()
}

// mayFile asks whether the caller may file in the name of a unit.
func (s *server) mayFile(ctx context.Context, code string) error {
	unit, err := s.Agencies.ByCode(ctx, code)
	if err != nil {
		return err
	}
	return s.Authority.Decide(authz.From(ctx), authz.SubmissionCreate, authz.Scope{Agency: unit.ID, Region: unit.Region}).Err()
}

// newest gives the latest filings within the caller's bounds, newest first.
func (s *server) newest(ctx context.Context, limit int) ([]*ingest.Submission, error) {
	b := s.Authority.Bounds(authz.From(ctx), authz.SubmissionRead)
	if b.All {
		return s.Filer.Recent(ctx, 0, limit)
	}
	units, err := s.Agencies.List(ctx)
	if err != nil {
		return nil, err
	}
	var out []*ingest.Submission
	for _, u := range units {
		if !b.Unit(u.ID, u.Region) {
			continue
		}
		list, err := s.Filer.Recent(ctx, u.ID, limit)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	slices.SortStableFunc(out, func(a, b *ingest.Submission) int { return b.ReceivedAt.Compare(a.ReceivedAt) })
	return out[:min(limit, len(out))], nil
}

// whoActs names the caller for what is filed.
func whoActs(ctx context.Context) string {
	if a := authz.From(ctx); a.Kind != authz.Local {
		return a.String()
	}
	return demoActor
}
