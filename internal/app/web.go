package app

import (
	"log/slog"
	"net/http"
	"os"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/web"
	"gongxin/internal/web/portal"
	"gongxin/internal/web/ui"
)

// Handler builds everything that is served.
func (a *App) Handler() (http.Handler, error) {
	assets, err := ui.LoadAssets()
	if err != nil {
		return nil, err
	}
	site := &web.Site{City: a.Config.City.Name, Assets: assets, Log: a.Log, Nav: portal.Nav(), Footer: portal.Footer(), Licence: "Apache-2.0",
		Timeout: time.Duration(a.Config.Limits.RequestSeconds) * time.Second, AsOf: a.Clock.Now, Now: a.Clock.Now,
		Edition: func() string { return a.Editions.Current(clock.Today(a.Clock)).ID }}
	shapes := a.options.Map
	if a.Config.Map != "" {
		if shapes, err = os.ReadFile(a.Config.Map); err != nil {
			return nil, err
		}
	}
	mux := http.NewServeMux()
	site.Mount(mux)
	portal.New(portal.Deps{Site: site, Source: a.Publish, Catalog: a.Editions, Clock: a.Clock, BaseURL: a.Config.BaseURL, Map: shapes}).Routes(mux)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", a.readyz)
	return site.Wrap(mux), nil
}

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
		plain(w, http.StatusOK, "ready")
	}
}

func (a *App) server(h http.Handler) *http.Server {
	s := web.NewServer(a.Config.Listen, h, a.Log)
	s.ErrorLog = slog.NewLogLogger(a.Log.Handler(), slog.LevelDebug)
	return s
}
