package app

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/web/desk"
)

// Whatever the head and the first page lead a role to, opens for it.
func TestHeadLeadsWhereOneMay(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	visit := func(who authz.Actor, path string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.Header.Set("Accept", "text/html")
		return d.call(r, who)
	}
	for _, role := range authz.Roles() {
		for _, region := range []string{"", d.own.unit.Region} {
			who := authz.Actor{ID: d.caller, Kind: authz.Account, Session: 1, Strong: true, Grants: []authz.Grant{{Role: role, Agency: d.own.unit.ID, Region: region, Subject: d.own.firm.ID}}}
			menu := desk.Menu(d.app.Trust.Authority, d.app.moves(), who, desk.HomePath)
			if len(menu) == 0 {
				if w := visit(who, desk.HomePath); w.Code != http.StatusSeeOther {
					t.Errorf("%s without a desk gets %d", role, w.Code)
				}
				continue
			}
			if got := d.app.home(who); got != desk.HomePath {
				t.Errorf("%s starts at %s", role, got)
			}
			for _, g := range menu {
				for _, p := range g.Places {
					if w := visit(who, p.Href); w.Code != http.StatusOK {
						t.Errorf("%s in %q is led to %s: %d", role, region, p.Href, w.Code)
					}
				}
			}
			for _, s := range d.app.deskHome(nil, forms{}).Shortcuts {
				b := d.app.Trust.Authority.Bounds(who, s.Action)
				if reaches := b.All || len(b.Agencies) > 0 || len(b.Regions) > 0; !reaches {
					continue
				}
				if w := visit(who, s.Link.Href); w.Code != http.StatusOK {
					t.Errorf("%s in %q is offered %s: %d", role, region, s.Link.Href, w.Code)
				}
			}
		}
	}
}
