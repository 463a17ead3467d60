package app

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"gongxin/internal/api"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/web"
	"gongxin/internal/web/me"
	"gongxin/internal/web/portal"
	"gongxin/internal/web/ui"
)

// evenStep is longer than what finding out whose a thing is takes.
const evenStep = 25 * time.Millisecond

// Handler builds everything that is served.
func (a *App) Handler() (http.Handler, error) {
	site, rt, err := a.site(a.Trust.Identity)
	if err != nil {
		return nil, err
	}
	site.Before = func(next http.Handler) http.Handler { return a.bounded(site, a.proxies, next) }
	return site.Wrap(rt), nil
}

// site hangs every route in. actors finds out who calls.
func (a *App) site(actors authz.Actors) (*web.Site, *web.Router, error) {
	assets, err := ui.LoadAssets()
	if err != nil {
		return nil, nil, err
	}
	site := &web.Site{
		City: a.Config.City.Name, Assets: assets, Log: a.Log, Nav: append(portal.Nav(), me.Nav()...), Footer: portal.Footer(), Licence: "Apache-2.0",
		Secure: strings.HasPrefix(a.Config.BaseURL, "https://"), Timeout: time.Duration(a.Config.Limits.RequestSeconds) * time.Second, AsOf: a.asOf, Now: a.Clock.Now,
		Notice: a.notice, Actors: actors, Authority: a.Trust.Authority, ClientAddr: a.clientAddr, Edition: func() string { return a.Editions.Current(clock.Today(a.Clock)).ID },
	}
	site.Refused, site.Even = a.refusals.see, evenStep
	shapes := a.options.Map
	if a.Config.Map != "" {
		if shapes, err = os.ReadFile(a.Config.Map); err != nil {
			return nil, nil, err
		}
	}
	rt := site.Router()
	site.Mount(rt)
	portal.New(portal.Deps{Site: site, Source: a.Publish, Catalog: a.Editions, Clock: a.Clock, BaseURL: a.Config.BaseURL, Map: shapes, Lists: a.Lists.kinds.Today, Measures: a.Lists.base.Today, Repair: a.Procedures.Repairs.Rules, Changes: a.Corrections}).Routes(rt)
	a.pages(site, rt)
	deps := a.interfaceDeps(site)
	deps.Limits = a.callLimits()
	calls, err := api.New(deps)
	if err != nil {
		return nil, nil, err
	}
	rt.Mount("/api/", calls)
	log, err := a.publicLog(context.Background())
	if err != nil {
		return nil, nil, err
	}
	rt.Handle("GET /log/{rest...}", web.Public(authz.LogRead), log.Handler("/log/", proofs{a}))
	health := web.Public(authz.HealthRead)
	rt.Handle("GET /healthz", health, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") }))
	rt.Handle("GET /readyz", health, http.HandlerFunc(a.readyz))
	rt.Handle("GET /metrics", web.Anywhere(authz.MetricsRead), a.metrics())
	return site, rt, nil
}

// clientAddr is the caller's network address, behind proxies that the configuration trusts.
func (a *App) clientAddr(r *http.Request) string { return a.proxies.Client(r).String() }

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}

// readyz says whether this node can answer: the database does, and the name index is built.
func (a *App) readyz(w http.ResponseWriter, r *http.Request) {
	switch {
	case a.DB.Ping(r.Context()) != nil:
		plain(w, http.StatusServiceUnavailable, "database")
	case !a.Names.Ready():
		plain(w, http.StatusServiceUnavailable, "name index")
	default:
		text := "ready"
		if since := a.Trust.watch.PausedSince(r.Context()); !since.IsZero() { // the node answers; what it may not show yet, no other node may either
			text += "\npublication paused since " + since.UTC().Format(time.RFC3339)
		}
		plain(w, http.StatusOK, text)
	}
}

// notice says on every page that publication pauses.
func (a *App) notice(ctx context.Context) *ui.Notice {
	since := a.Trust.watch.PausedSince(ctx)
	if since.IsZero() {
		return nil
	}
	return &ui.Notice{Title: "公示暂停更新，自 " + since.In(clock.Zone).Format("2006-01-02 15:04") + " 起", Lines: []string{
		"公开日志自这一时刻起没有前进。每一条公示都要能对照日志核验，所以此后报送和变更的记录，在写入日志之前暂不显示。",
		"已经写入日志的记录照常显示，报送、凭事项和凭授权的查询照常办理。日志恢复后自动补齐，不必重报。",
	}}
}

// asOf is the moment up to which the pages know: now, or when publication began to pause. The watch remembers its answer for a second.
func (a *App) asOf() time.Time {
	if since := a.Trust.watch.PausedSince(context.Background()); !since.IsZero() {
		return since
	}
	return a.Clock.Now()
}

func (a *App) server(h http.Handler) *http.Server {
	s := web.NewServer(a.Config.Listen, h, a.Log)
	s.ErrorLog = slog.NewLogLogger(a.Log.Handler(), slog.LevelDebug)
	return s
}
