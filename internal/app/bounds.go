package app

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"gongxin/internal/api"
	"gongxin/internal/limit"
	"gongxin/internal/web"
)

// gateWait is how long a request waits for its turn when the server works at its bound.
const gateWait = 2 * time.Second

// bounded puts the limits of the configuration before everything that is served.
func (a *App) bounded(site *web.Site, proxies limit.Proxies, next http.Handler) http.Handler {
	l := a.Config.Limits
	rate := limit.Rate{PerSecond: l.PerSecond, Burst: l.Burst}
	gate := limit.NewGate(limit.GateOptions{
		Working: l.Working, Wait: gateWait, Free: unbounded, Deny: turnAway(site, http.StatusServiceUnavailable, "系统正忙", "请稍后再试"),
	})
	// Whoever comes from this very machine without a key is the operator, or everyone behind a proxy that proxies does not name: one bucket for
	// all of them would be worse than none.
	free := func(r *http.Request) bool { return unbounded(r) || keyName(r) == "" && proxies.Client(r).IsLoopback() }
	per := limit.PerClient{
		Addresses: proxies, ByAddress: limit.New(rate), ByKey: limit.New(rate), Key: keyName, Free: free, Now: a.Clock.Now,
		Deny: turnAway(site, http.StatusTooManyRequests, "访问太频繁", "请放慢速度；大批查询请使用开放数据或批量接口"),
	}
	return per.Wrap(gate.Wrap(next))
}

// callLimits bound searches and uploads over the interface. Whoever turns the limits off turns these off as well.
func (a *App) callLimits() api.Limits {
	if a.Config.Limits.PerSecond < 0 {
		return api.Limits{SearchesPerSecond: -1, UploadsPerSecond: -1}
	}
	return api.Limits{}
}

// unbounded are the requests that neither count nor wait: static files, the log's tiles, health, and uploads, which run for minutes and have
// bounds of their own.
func unbounded(r *http.Request) bool {
	p := r.URL.Path
	return strings.HasPrefix(p, "/static/") || strings.HasPrefix(p, "/log/tile/") || p == "/healthz" || p == "/readyz" || p == "/metrics" ||
		r.Method == http.MethodPost && (p == "/api/v1/submissions" || p == "/desk/filing")
}

// keyName tells the keys of callers apart without holding them.
func keyName(r *http.Request) string {
	key, given := web.Bearer(r)
	if !given || key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:8])
}

// turnAway answers in the form of who asks; Retry-After is set already.
func turnAway(site *web.Site, status int, title, fix string) limit.Deny {
	return func(w http.ResponseWriter, r *http.Request, wait time.Duration) {
		detail := fmt.Sprintf("%s，请 %d 秒后再试。", title, max(1, int(wait.Seconds()+0.5)))
		if !strings.HasPrefix(r.URL.Path, "/api/") {
			if strings.Contains(r.Header.Get("Accept"), "text/html") {
				site.TurnAway(w, r, status, title, detail, fix)
				return
			}
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(detail + "\n"))
			return
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "title": title, "status": status, "detail": detail, "code": "limit", "fix": fix})
	}
}
