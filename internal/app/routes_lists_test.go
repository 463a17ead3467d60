package app

import (
	"context"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/listing"
	"gongxin/internal/measure"
)

// The lists and the measure that the samples are about. The first asks for no notice of its own.
const (
	sampleList    = "YZSX-ZFCG"
	sampleNoticed = "YZSX-SCJG"
	sampleMeasure = "CF-11-01"
)

// list puts the firm onto a list, lets an order follow, and begins another entry that waits. All of it is done by others than the caller.
func (d *desks) list(h *holding) {
	d.t.Helper()
	l, local := &d.app.Lists, authz.With(context.Background(), authz.LocalActor("test"))
	for _, kind := range []string{sampleList, sampleNoticed} {
		must(d.t, l.Listing.Empower(local, listing.Decider{Kind: kind, Agency: h.unit.ID, From: 20200101, Basis: "权责清单"}))
	}
	as := func(id int64, role authz.Role) context.Context {
		return authz.With(context.Background(), authz.Actor{ID: id, Kind: authz.Account, Strong: true, Session: 2, Grants: []authz.Grant{{Role: role, Agency: h.unit.ID}}})
	}
	clerk, approver := as(filer, authz.Reviewer), as(filer+50, authz.ListApprover)
	propose := func(kind string) int64 {
		e, err := l.Listing.Propose(clerk, listing.Proposal{Kind: kind, Subject: h.firm.ID, Agency: h.unit.ID, Cause: "有列入情形，证据确凿"})
		must(d.t, err)
		return e.ID
	}
	h.proposal, h.listed = propose(sampleNoticed), propose(sampleList)
	_, err := l.Listing.Decide(approver, h.listed, listing.Decision{Document: listing.Document{No: "列1号", On: clock.Today(d.app.Clock)}, Reason: "证据确凿"})
	must(d.t, err)
	must(d.t, l.Measures.SaveMatter(local, measure.MatterLists{Matter: h.matter, Lists: []string{sampleList}, Measures: []string{sampleMeasure}, From: 20260101}))
	o, err := l.Measures.Issue(approver, measure.Issue{Entry: h.listed, Measure: sampleMeasure, Reason: "列入名单"})
	must(d.t, err)
	h.order = o.ID
	list, err := l.Measures.Tasks(context.Background(), measure.Filter{Order: o.ID, Agencies: []int64{h.unit.ID}})
	must(d.t, err)
	h.task = list[0].ID
}

// withLists adds the calls of lists and joint action.
func withLists(m map[string]sample) map[string]sample {
	entry, task := "/desk/lists/entries/{proposal}", "/desk/tasks/{task}"
	for pattern, s := range map[string]sample{
		"GET /desk/lists":                           get("/desk/lists"),
		"GET /desk/lists/kinds":                     get("/desk/lists/kinds"),
		"POST /desk/lists/deciders":                 post("/desk/lists/deciders", "unit={unitID}&kind="+sampleList+"&basis="),
		"GET /desk/lists/new":                       get("/desk/lists/new"),
		"POST /desk/lists/new":                      post("/desk/lists/new", "unit={unitID}&kind="),
		"GET /desk/lists/entries/{id}":              get(entry),
		"GET /desk/lists/entries/{id}/notice":       get(entry + "/notice"),
		"GET /desk/lists/entries/{id}/files/{hash}": get(entry + "/files/none"),
		"POST /desk/lists/entries/{id}/notify":      post(entry+"/notify", "no="),
		"POST /desk/lists/entries/{id}/statement":   post(entry+"/statement", "reason="),
		"POST /desk/lists/entries/{id}/hearing":     post(entry+"/hearing", "reason="),
		"POST /desk/lists/entries/{id}/drop":        post(entry+"/drop", "reason="),
		"POST /desk/lists/entries/{id}/decide":      post(entry+"/decide", "no="),
		"POST /desk/lists/entries/{id}/remove":      post(entry+"/remove", "no="),
		"POST /desk/lists/entries/{id}/demand":      post(entry+"/demand", "reason="),
		"POST /desk/lists/entries/{id}/leave":       post(entry+"/leave", "reason="),
		"POST /desk/lists/entries/{id}/stay":        post(entry+"/stay", "reason="),
		"GET /desk/tasks":                           get("/desk/tasks"),
		"GET /desk/tasks/statistics":                get("/desk/tasks/statistics"),
		"GET /desk/tasks/statistics.csv":            get("/desk/tasks/statistics.csv"),
		"GET /desk/orders/{id}/report.csv":          get("/desk/orders/{order}/report.csv"),
		"GET /desk/tasks/{id}":                      get(task),
		"GET /desk/tasks/{id}/files/{hash}":         get(task + "/files/none"),
		"POST /desk/tasks/{id}/respond":             post(task+"/respond", ""),
		"POST /desk/tasks/{id}/feedback":            post(task+"/feedback", "result="),
		"POST /desk/tasks/{id}/release":             post(task+"/release", ""),
		"GET /desk/orders":                          get("/desk/orders"),
		"GET /desk/lists/entries/{entry}/orders":    get("/desk/lists/entries/{listed}/orders"),
		"POST /desk/lists/entries/{entry}/orders":   post("/desk/lists/entries/{listed}/orders", "measure="+sampleMeasure+"&reason="),
		"GET /desk/orders/{id}":                     get("/desk/orders/{order}"),
		"POST /desk/orders/{id}/withdraw":           post("/desk/orders/{order}/withdraw", "reason="),
		"GET /api/v1/measures/tasks":                get("/api/v1/measures/tasks"),
		"POST /api/v1/measures/tasks/{id}/respond":  post("/api/v1/measures/tasks/{task}/respond", ""),
		"POST /api/v1/measures/tasks/{id}/feedback": body("/api/v1/measures/tasks/{task}/feedback", `{"result":"executed","reason":"已办"}`),
		"POST /api/v1/measures/tasks/{id}/evidence": typed("/api/v1/measures/tasks/{task}/evidence", png, "image/png"),
		"POST /api/v1/measures/tasks/{id}/release":  post("/api/v1/measures/tasks/{task}/release", ""),
		"GET /desk/matters":                         get("/desk/matters"),
		"GET /desk/matters/{code}":                  get("/desk/matters/{matter}"),
		"POST /desk/matters/{code}":                 post("/desk/matters/{matter}", "from="),
	} {
		m[pattern] = s
	}
	return m
}

// listsOfLists are the pages that show what their caller may see.
var listsOfLists = []string{
	"GET /desk/lists", "GET /desk/lists/kinds", "GET /desk/lists/new", "GET /desk/tasks", "GET /desk/tasks/statistics", "GET /desk/tasks/statistics.csv", "GET /desk/orders", "GET /desk/matters",
	"GET /api/v1/measures/tasks",
}

func init() {
	gone = append(gone, "GET /desk/lists/entries/{id}/files/{hash}", "GET /desk/tasks/{id}/files/{hash}")
}
