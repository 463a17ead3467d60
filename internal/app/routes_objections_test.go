package app

import (
	"context"
	"maps"
	"strconv"

	"gongxin/internal/authz"
	"gongxin/internal/objection"
)

// object has the firm's agent, who is not the caller, object to the entry on which the firm stands.
func (d *desks) object(h *holding) {
	d.t.Helper()
	ctx := authz.With(context.Background(), agentOf(h))
	o, err := d.app.Procedures.Objections.Submit(ctx, objection.Submission{
		Subject: h.firm.ID, Kind: objection.OfEntry, Target: strconv.FormatInt(h.listed, 10), Ask: objection.AskRemove, Statement: "列入的事实有误",
	})
	must(d.t, err)
	h.objected, h.objectedCase, h.objectedNo = o.ID, o.Case, o.No
}

// The calls of objections.
func init() {
	own, desk := "/me/objections/{objected}", "/desk/objections/{objected}"
	maps.Copy(samples, map[string]sample{
		"GET /me/objections":                      get("/me/objections?of={subject}"),
		"GET /me/objections/new":                  get("/me/objections/new?of={subject}&entry={listed}"),
		"POST /me/objections/new":                 post("/me/objections/new?of={subject}", "entry={listed}&want="),
		"POST /me/objections/drafts/{draft}/drop": post("/me/objections/drafts/1/drop?of={subject}", ""),
		"GET /me/objections/{id}":                 get(own),
		"GET /me/objections/{id}/files/{hash}":    get(own + "/files/none"),
		"POST /me/objections/{id}/supplement":     post(own+"/supplement", "reason="),
		"POST /me/objections/{id}/withdraw":       post(own+"/withdraw", "reason=11010519491231002X"),
		"POST /me/objections/{id}/appeal":         post(own+"/appeal", "reason="),
		"GET /desk/objections":                    get("/desk/objections"),
		"GET /desk/objections/statistics":         get("/desk/objections/statistics"),
		"GET /desk/objections/{id}":               get(desk),
		"GET /desk/objections/{id}/files/{hash}":  get(desk + "/files/none"),
		"GET /desk/objections/{id}/correct":       get(desk + "/correct"),
		"POST /desk/objections/{id}/correct":      post(desk+"/correct", "reason="),
		"POST /desk/objections/{id}/ask":          post(desk+"/ask", "reason="),
		"POST /desk/objections/{id}/accept":       post(desk+"/accept", "seen=99"),
		"POST /desk/objections/{id}/refuse":       post(desk+"/refuse", "code="),
		"POST /desk/objections/{id}/extend":       post(desk+"/extend", "days=x"),
		"POST /desk/objections/{id}/refer":        post(desk+"/refer", ""),
		"POST /desk/objections/{id}/reply":        post(desk+"/reply", "reply="),
		"POST /desk/objections/{id}/decide":       post(desk+"/decide", "result="),
		"POST /desk/objections/{id}/conclude":     post(desk+"/conclude", "result="),
		"POST /api/v1/objections":                 body("/api/v1/objections", `{"subject":"{firm}","kind":"evaluation","target":"{listed}","ask":"remove","statement":"列入的事实有误"}`),
		"GET /api/v1/objections":                  get("/api/v1/objections?subject={firm}"),
		"GET /api/v1/objections/{no}":             get("/api/v1/objections/{objectedNo}"),
	})
	listsOfLists = append(listsOfLists, "GET /desk/objections", "GET /desk/objections/statistics")
	gone = append(gone, "GET /me/objections/{id}/files/{hash}", "GET /desk/objections/{id}/files/{hash}", "POST /me/objections/drafts/{draft}/drop")
}
