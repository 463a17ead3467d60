package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/fault"
)

// keys knows a clerk's key of the test's unit, and one of another unit.
type keys struct{ authz.Actors }

func (keys) KeyActor(_ context.Context, raw, address string) (authz.Actor, error) {
	a := authz.Actor{ID: 5, Kind: authz.Key, Grants: []authz.Grant{{Role: authz.FilingClerk, Agency: 7}}}
	switch {
	case strings.ContainsAny(address, "[]"), raw == "down":
		return authz.Actor{}, errors.New("pg: down")
	case raw == "clerk":
	case raw == "other":
		a.Grants[0].Agency = 8
	case raw == "reader":
		a.Scopes = []authz.Action{authz.SubmissionRead}
	default:
		return authz.Actor{}, fault.New(fault.Denied, "test.key", "无效", "")
	}
	return a, nil
}

func TestKeysFile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, header string
		status       int
		code, asks   string // WWW-Authenticate
	}{
		{"no key", "", 401, "authz.sign_in", "Bearer"},
		{"wrong key", "Bearer nobody", 401, "api.key", `Bearer error="invalid_token"`},
		{"no bearer", "Basic Y2xlcms6", 401, "api.key", `Bearer error="invalid_token"`},
		{"empty", "Bearer ", 401, "api.key", `Bearer error="invalid_token"`},
		{"too long", "Bearer " + strings.Repeat("k", maxKey+1), 401, "api.key", `Bearer error="invalid_token"`},
		{"accounts down", "Bearer down", 500, "internal", ""},
		{"another unit's", "Bearer other", 403, "authz.denied", ""},
		{"one for reading", "Bearer reader", 403, "authz.denied", ""},
		{"the unit's", "bearer clerk", 202, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := newTestAPI(t, func(d *Deps) { d.Actors = keys{} })
			h := http.Header{"Content-Type": {"text/csv"}, "X-Nobody": {"1"}}
			if c.header != "" {
				h.Set("Authorization", c.header)
			}
			res := a.do(t, "POST", submitURL, strings.NewReader("甲,乙\n"), h)
			if res.status != c.status || res.header.Get("WWW-Authenticate") != c.asks {
				t.Fatalf("%d with %q: %s", res.status, res.header.Get("WWW-Authenticate"), res.body)
			}
			if c.code != "" {
				if p := res.problem(t); p.Code != c.code || p.Detail == "" || strings.Contains(string(res.body), "pg:") {
					t.Errorf("problem %+v", p)
				}
				if len(a.filer.requests) != 0 {
					t.Error("something was filed")
				}
				return
			}
			if got := a.filer.requests[0].Actor; got != "key:5" {
				t.Errorf("filed by %q", got)
			}
		})
	}
}

// A wrong key is refused where none is needed: its owner should know.
func TestWrongKeyOnPublicCall(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t, func(d *Deps) { d.Actors = keys{} })
	if res := a.do(t, "GET", "/api/v1/stats", nil, http.Header{"Authorization": {"Bearer nobody"}}); res.status != http.StatusUnauthorized {
		t.Errorf("%d", res.status)
	}
	if res := a.do(t, "GET", "/api/v1/stats", nil, http.Header{"Authorization": {"Bearer reader"}}); res.status != http.StatusOK {
		t.Errorf("%d: %s", res.status, res.body)
	}
}
