package app

import (
	"context"

	"gongxin/internal/authz"
	"gongxin/internal/check"
	"gongxin/internal/publish"
)

// listsOfChecks are the routes about checks that list what their caller may see.
var listsOfChecks = []string{
	"GET /desk/check", "GET /desk/check/batch", "GET /desk/check/coverage", "GET /desk/check/coverage.csv", "GET /api/v1/check-coverage", "GET /desk/reports",
}

// check has the unit check the firm, alone and in a list. The account that ordered the list is nobody's, so that the list stops; its result is there all the same.
func (d *desks) check(h *holding) {
	d.t.Helper()
	ctx := context.Background()
	who := authz.Actor{ID: filer, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: h.unit.ID}}}
	g, err := d.app.Checks.Check(ctx, check.Ask{Who: who, Subject: publish.Whom{Code: h.firm.Code}, Matter: h.matter})
	must(d.t, err)
	h.checked = g.Answer.Receipt
	h.batch, err = d.app.Checks.Start(ctx, check.Order{Who: who, Matter: h.matter, Name: "名单", Codes: []string{h.firm.Code}})
	must(d.t, err)
	_, err = d.app.Checks.RunNext(ctx)
	must(d.t, err)
	_, err = d.app.Checks.SetOrigin(ctx, authz.LocalActor("test"), h.unit.ID, "https://banshi.example", true)
	must(d.t, err)
}
