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
	"gongxin/internal/publish"
)

// guard is what a call asks of its caller.
type guard struct {
	action authz.Action
	kind   guardKind
	whose  string // in Chinese, for the published list
}

type guardKind uint8

const (
	forEveryone guardKind = iota
	forOne                // the submission in the path is the thing
	forEntry              // the row of the queue in the path is the thing
	forList               // the handler cuts its list to the caller's bounds
	forBody               // the handler asks, once it knows whose it is
	forPurpose            // publish.Disclose asks, and keeps every answer and refusal
)

// Whose a thing is, as the published list says it.
const (
	filingUnit = "报送单位"
	ofPurpose  = "公开的不问；写明应用事项或授权书的，逐次核对并记录"
	ofConsent  = "授权的主体、被授权单位"
	ofSelf     = "本人或本企业"
	ofAuditor  = "查询人的单位"
)

func public(a authz.Action) guard              { return guard{a, forEveryone, ""} }
func ofSubmission(a authz.Action) guard        { return guard{a, forOne, filingUnit} }
func ofEntry(a authz.Action) guard             { return guard{a, forEntry, filingUnit} }
func among(a authz.Action, whose string) guard { return guard{a, forList, whose} }
func asked(a authz.Action, whose string) guard { return guard{a, forBody, whose} }
func withPurpose(a authz.Action) guard         { return guard{a, forPurpose, ofPurpose} }

// note keeps a route for the published list. A call without an action of the table, or a public one that is not, is a defect of the program.
func (s *server) note(pattern string, g guard) {
	if !g.action.Known() || g.kind == forEveryone && !g.action.Public() {
		panic("api: " + pattern + " has no rule of the permission table")
	}
	s.routes = append(s.routes, authz.Route{Pattern: pattern, Action: g.action, Scope: g.whose})
}

// Routes lists the calls with what they ask.
func (s *server) Routes() []authz.Route { return slices.Clone(s.routes) }

// maxKey bounds a key; ours are far shorter.
const maxKey = 512

// identify finds out who calls: an API key in the Authorization header, a session of the site's own pages, or nobody. A key that is wrong is refused
// even where none is needed: its owner should know.
func (s *server) identify(r *http.Request) (context.Context, error) {
	address := s.ClientAddr(r)
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	who := authz.Actor{Address: address}
	var err error
	switch header := r.Header.Get("Authorization"); {
	case header != "":
		who, err = s.keyActor(r.Context(), header, address)
	case s.Session != nil && fromOwnPage(r):
		who, err = s.sessionActor(r)
	}
	if err != nil {
		return nil, err
	}
	who.Address = address
	return authz.With(r.Context(), who), nil
}

func (s *server) keyActor(ctx context.Context, header, address string) (authz.Actor, error) {
	scheme, key, _ := strings.Cut(header, " ")
	if key = strings.TrimSpace(key); !strings.EqualFold(scheme, "Bearer") || key == "" || len(key) > maxKey {
		return authz.Actor{}, errKey
	}
	who, err := s.Actors.KeyActor(ctx, key, address)
	switch fault.KindOf(err) {
	case fault.Denied, fault.NotFound, fault.Invalid:
		return authz.Actor{}, errKey.With(err)
	}
	return who, err
}

// fromOwnPage reports whether a browser says that a page of this very site makes the call. Scripts cannot set the header and every browser sends it, so
// that no other site, and no link in a letter, can look something up or decide something with a reader's session.
func fromOwnPage(r *http.Request) bool { return r.Header.Get("Sec-Fetch-Site") == "same-origin" }

// sessionActor gives the account of the session that the site's pages gave the browser; one that has ended is nobody's.
func (s *server) sessionActor(r *http.Request) (authz.Actor, error) {
	raw := s.Session(r)
	if raw == "" || len(raw) > maxKey {
		return authz.Actor{}, nil
	}
	who, err := s.Actors.Actor(r.Context(), raw)
	switch fault.KindOf(err) {
	case fault.Denied, fault.NotFound, fault.Invalid:
		return authz.Actor{}, nil
	}
	return who, err
}

// permit decides what can be decided before the call is read further.
func (s *server) permit(r *http.Request, g guard) error {
	who := authz.From(r.Context())
	switch g.kind {
	case forEveryone:
		return nil
	case forPurpose:
		// Nobody in particular is turned away before anything is looked up, and leaves no entry: strangers must not fill the log.
		if !g.action.Public() && !who.SignedIn() {
			return publish.MissingSignIn.Err()
		}
		return nil
	}
	if d := s.Authority.Could(who, g.action); !d.Allowed || g.kind != forOne && g.kind != forEntry {
		return d.Err()
	}
	submission, none := r.PathValue("id"), ingest.ErrNotFound
	if g.kind == forEntry {
		none = ingest.ErrNoEntry
		e, err := s.entry(r.Context(), submission)
		if err != nil {
			return err
		}
		submission = e.Submission
	}
	scope, err := s.scopeOf(r.Context(), submission)
	if err != nil {
		return err
	}
	return s.Authority.See(r.Context(), who, g.action, scope, none)
}

// scopeOf says whose a filing is; who filed it does not decide on its rows.
func (s *server) scopeOf(ctx context.Context, submission string) (authz.Scope, error) {
	sub, err := s.Filer.Get(ctx, submission)
	if err != nil {
		return authz.Scope{}, err
	}
	unit, err := s.Agencies.ByID(ctx, sub.Agency)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return authz.Scope{}, err
	}
	return authz.Scope{Agency: sub.Agency, Region: unit.Region, Author: authz.AuthorOf(sub.Actor)}, nil
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
