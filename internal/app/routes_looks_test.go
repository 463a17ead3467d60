package app

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
)

// unlooked are pages that name a business and leave no entry, with the reason. Papers are their parties' own: an auditor's look at them is written down.
var unlooked = map[string]string{
	"GET /api/v1/audit/access":                   "a look into the log is an act",
	"GET /desk/audit/access":                     "a look into the log is an act",
	"GET /desk/audit/access/{place}":             "a look into the log is an act",
	"GET /api/v1/consents":                       "the grantee's own papers: who gave them, and nothing of the file",
	"GET /api/v1/consents/{id}":                  "the grantee's own paper",
	"GET /desk/lookup/consent":                   "the grantee's own papers",
	"GET /desk/lookup/consent/{id}":              "the grantee's own paper",
	"GET /desk/lookup/consent/{id}/receipt.json": "the grantee's own paper",
	"GET /desk/check/batch/{id}/result.csv":      "the line has no answer: its code is what the unit sent",
	"GET /desk/claims":                           "what the claimant wrote of a business; the evidence leaves an entry",
	"GET /desk/claims/{id}":                      "what the claimant wrote of a business; the evidence leaves an entry",
}

// Whatever page names a business to an officer who could not have read that in public is in the access log.
func TestPagesThatNameABusinessAreOnFile(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	ctx := context.Background()
	newest := func() int64 {
		list, _, err := d.app.Trust.Audit.Search(ctx, audit.Who{Kind: "local"}, audit.Filter{Subject: d.own.firm.ID}, "", 1)
		must(t, err)
		if len(list) == 0 {
			return 0
		}
		return list[0].ID
	}
	named := 0
	for _, route := range d.routes {
		ask := samples[route.Pattern]
		if ask == nil || route.Action.Public() || !strings.HasPrefix(route.Pattern, "GET ") {
			continue
		}
		for _, role := range authz.Roles() {
			if role == authz.BusinessAgent || role == authz.Resident {
				continue
			}
			before := newest()
			w := d.call(ask(&d.own), authz.Actor{ID: d.caller, Kind: authz.Account, Session: 1, Strong: true, Grants: []authz.Grant{{Role: role, Agency: d.own.unit.ID, Subject: d.own.firm.ID}}})
			text := w.Body.String()
			if w.Code != http.StatusOK || !strings.Contains(text, d.own.firm.Name) && !strings.Contains(text, d.own.firm.Code) {
				continue
			}
			named++
			if newest() == before && (unlooked[route.Pattern] == "" || role == authz.Auditor && strings.Contains(route.Pattern, "consent")) {
				t.Errorf("%s names the business to %s, and nobody wrote that down", route.Pattern, role)
			}
		}
	}
	if named < 10 {
		t.Errorf("only %d answers name the business", named)
	}
}
