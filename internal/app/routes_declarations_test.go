package app

import (
	"context"
	"maps"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/declaration"
)

// declare has the firm's agent, who is not the caller, declare to the firm's unit.
func (d *desks) declare(h *holding) {
	d.t.Helper()
	ctx, p := context.Background(), &d.app.Procedures
	if book := p.Declarations.rules; len(book.Today().Receivers) == 0 {
		text := string(declaration.Shipped())
		for _, u := range []*holding{&d.own, &d.alt} {
			text += "[[receiver]]\nregion = \"" + u.unit.Region + "\"\nunit = \"" + u.unit.Code + "\"\n"
		}
		must(d.t, d.app.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			return book.Apply(ctx, tx, []byte(text), clock.Today(d.app.Clock), "test")
		}))
		must(d.t, book.Refresh(ctx))
	}
	agent := authz.With(ctx, agentOf(h))
	file, err := p.Flow.Attach(agent, "证书", strings.NewReader("%PDF-1.7\ncertificate of "+h.firm.Code))
	must(d.t, err)
	x, err := p.Declarations.Submit(agent, declaration.Submission{Subject: h.firm.ID, Item: "ZZSB", Files: []string{file.Hash}, Pledged: true, Content: declaration.Content{
		"SB_LB": "荣誉", "SB_XXMC": "守合同重信用企业", "SB_BH": h.firm.Code, "SB_RQ": "2025-05-20", "SB_GK": "不可公开",
	}})
	must(d.t, err)
	if x.Agency != h.unit.ID {
		d.t.Fatalf("%s declares to another unit", h.firm.Region)
	}
	h.declared = x.ID
}

// The calls of declarations.
func init() {
	own, desk := "/me/declarations/{declared}", "/desk/declarations/{declared}"
	maps.Copy(samples, map[string]sample{
		"GET /me/declarations":                      get("/me/declarations?of={subject}"),
		"GET /me/declarations/new":                  get("/me/declarations/new?of={subject}"),
		"POST /me/declarations/new":                 post("/me/declarations/new?of={subject}", "item=ZZSB"),
		"POST /me/declarations/drafts/{draft}/drop": post("/me/declarations/drafts/1/drop?of={subject}", ""),
		"GET /me/declarations/{id}":                 get(own),
		"GET /me/declarations/{id}/files/{hash}":    get(own + "/files/none"),
		"GET /me/declarations/{id}/mend":            get(own + "/mend"),
		"POST /me/declarations/{id}/mend":           post(own+"/mend", "item=ZZSB"),
		"POST /me/declarations/{id}/withdraw":       post(own+"/withdraw", "reason=11010519491231002X"),
		"POST /me/declarations/{id}/end":            post(own+"/end", "reason="),
		"GET /desk/declarations":                    get("/desk/declarations"),
		"GET /desk/declarations/{id}":               get(desk),
		"GET /desk/declarations/{id}/files/{hash}":  get(desk + "/files/none"),
		"POST /desk/declarations/{id}/accept":       post(desk+"/accept", "seen=99"),
		"POST /desk/declarations/{id}/return":       post(desk+"/return", "reason="),
		"POST /desk/declarations/{id}/refuse":       post(desk+"/refuse", "code="),
	})
	listsOfLists = append(listsOfLists, "GET /desk/declarations")
	gone = append(gone, "GET /me/declarations/{id}/files/{hash}", "GET /desk/declarations/{id}/files/{hash}", "POST /me/declarations/drafts/{draft}/drop")
}
