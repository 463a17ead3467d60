package app

import (
	"context"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/report"
)

// reportSamples are calls of the desk for reports by the list. The jobs are the caller's, of one unit and another.
var reportSamples = map[string]sample{
	"GET /desk/reports":                  get("/desk/reports"),
	"POST /desk/reports":                 upload("/desk/reports", "unit", "{unitID}"),
	"GET /desk/reports/{id}":             get("/desk/reports/{job}"),
	"POST /desk/reports/{id}/begin":      post("/desk/reports/{job}/begin", ""),
	"POST /desk/reports/{id}/cancel":     post("/desk/reports/{job}/cancel", ""),
	"GET /desk/reports/{id}/reports.zip": get("/desk/reports/{job}/reports.zip"),
}

func init() {
	for pattern, s := range reportSamples {
		samples[pattern] = s
	}
}

// report has the caller order reports of the firm for the unit, and cancel them.
func (d *desks) report(h *holding) {
	d.t.Helper()
	ctx := context.Background()
	who := authz.Actor{ID: d.caller, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.InstitutionOfficer, Agency: h.unit.ID}}}
	list, err := report.ReadText(strings.NewReader(h.firm.Code))
	must(d.t, err)
	h.job, err = d.app.Reports.Plan(ctx, report.JobOrder{Who: who, Unit: h.unit, Name: "名单", List: list})
	must(d.t, err)
	must(d.t, d.app.Reports.Cancel(ctx, who, h.job))
}
