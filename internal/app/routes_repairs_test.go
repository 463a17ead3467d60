package app

import (
	"context"
	"crypto/sha256"
	"maps"
	"strconv"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/record"
	"gongxin/internal/repair"
)

// repaired is what a firm has of repair: a penalty under way, a draft, a repair that is to be taken back, and a request for shielding.
type repaired struct {
	record               string
	form, draft, one     int64
	breach, shield, gone int64
}

// repair has the firm's agent, who is not the caller, apply for penalties of the unit.
func (d *desks) repair(h *holding) {
	d.t.Helper()
	r, agent := d.app.Procedures.Repairs.Service, authz.With(context.Background(), agentOf(h))
	file, err := d.app.Procedures.Flow.Attach(agent, "证明", strings.NewReader("%PDF-1.7\nproof of "+h.firm.Code))
	must(d.t, err)
	var at []record.ID
	for i := range 3 {
		at = append(at, d.penalty(h, i))
	}
	save := func(i int) repair.Application {
		a, err := r.Save(agent, h.firm.ID, 0, repair.DraftIn{
			Targets: []repair.Target{{Record: at[i]}}, Statement: "罚款已经缴清", Files: []repair.File{{Hash: file.Hash, Title: "证明"}},
		})
		must(d.t, err)
		return a
	}
	send := func(i int) (int64, int64) {
		a := save(i)
		_, err := r.Send(agent, h.firm.ID, a.ID, a.ChangedAt, true)
		must(d.t, err)
		list, err := r.CasesOf(agent, a.ID)
		must(d.t, err)
		return a.ID, list[0].ID
	}
	x := &h.repair
	x.record, x.draft = at[0].String(), save(2).ID
	x.form, x.one = send(0)
	_, x.gone = send(1)
	as := func(id int64) context.Context {
		return authz.With(context.Background(), authz.Actor{ID: id, Kind: authz.Account, Strong: true, Session: 2, Grants: []authz.Grant{{Role: authz.Reviewer, Agency: h.unit.ID}}})
	}
	answer := repair.Answer{No: "修1号", On: clock.Today(d.app.Clock), Reason: "义务已经履行"}
	_, err = r.Accept(as(filer+1), x.gone, 0)
	must(d.t, err)
	_, err = r.Grant(as(filer+2), x.gone, answer)
	must(d.t, err)
	b, err := r.Notify(as(filer+1), x.gone, "材料不真实", answer)
	must(d.t, err)
	x.breach = b.ID
	s, err := r.AskShield(agent, h.firm.ID, repair.Ruling{
		Court: "中级人民法院", No: "破1号", On: clock.Today(d.app.Clock), Until: clock.Today(d.app.Clock).AddMonths(6), Text: "批准重整计划", Files: []string{file.Hash},
	})
	must(d.t, err)
	x.shield = s.ID
}

// penalty puts a penalty of the firm on file that can be repaired.
func (d *desks) penalty(h *holding, n int) record.ID {
	d.t.Helper()
	edition := d.app.Editions.Current(clock.Today(d.app.Clock))
	item, _ := edition.Item("XZCF")
	values := make(catalog.Values, len(item.Fields))
	for i, f := range item.Fields {
		if f.Role == catalog.RoleDocNo {
			values[i] = h.unit.Name + "罚" + strconv.Itoa(n)
		}
	}
	sum := sha256.Sum256([]byte(h.firm.Code + strconv.Itoa(n)))
	draft := record.Draft{Subject: h.firm.ID, Digest: [16]byte(sum[:16]), Facts: record.Facts{
		Item: "XZCF", Edition: edition.ID, NaturalKey: item.Key(values), Class: catalog.Public, Status: record.Active, Listed: true, DecidedOn: 20251103, PublicFrom: 20251103,
		PublicUntil: 20281103, Agency: h.unit.ID, Region: h.unit.Region, Procedure: record.Ordinary, Severity: record.Moderate, RuleSet: "order58",
	}}
	draft.Body = record.EncodeBody(item.Fields, values, make([]bool, len(values)), func(_, plain string) string { return plain })
	var ids []record.ID
	must(d.t, d.app.DB.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) (err error) {
		_, ids, err = d.app.Records.Apply(ctx, tx, []record.Draft{draft}, record.Change{At: d.app.Clock.Now(), Actor: "test"})
		return err
	}))
	return ids[0]
}

// names fills the holes of what is about repair.
func (x *repaired) names() []string {
	n := func(i int64) string { return strconv.FormatInt(i, 10) }
	return []string{
		"{penalty}", x.record, "{repairForm}", n(x.form), "{repairDraft}", n(x.draft), "{repair}", n(x.one), "{repaired}", n(x.gone), "{breach}", n(x.breach), "{shield}", n(x.shield),
	}
}

// The calls of repair.
func init() {
	own, form, draft, desk := "/me/repairs/cases/{repair}", "/me/repairs/forms/{repairForm}", "/me/repairs/forms/{repairDraft}", "/desk/repairs/{repair}"
	maps.Copy(samples, map[string]sample{
		"POST /me/repairs/reminders":                   post("/me/repairs/reminders?of={subject}", "off=x"),
		"GET /me/repairs":                              get("/me/repairs?of={subject}"),
		"GET /me/repairs/forms/new":                    get("/me/repairs/forms/new?of={subject}&pick=r:{penalty}"),
		"POST /me/repairs/forms/new":                   post("/me/repairs/forms/new?of={subject}", "pick=r:{penalty}&statement="),
		"GET /me/repairs/forms/{id}":                   get(form),
		"GET /me/repairs/forms/{id}/edit":              get(draft + "/edit"),
		"POST /me/repairs/forms/{id}/edit":             post(draft+"/edit", "statement="),
		"POST /me/repairs/forms/{id}/file":             upload(draft + "/file"),
		"POST /me/repairs/forms/{id}/send":             post(draft+"/send", "agree="),
		"POST /me/repairs/forms/{id}/drop":             post(form+"/drop", ""),
		"GET /me/repairs/forms/{id}/letter.json":       get(form + "/letter.json"),
		"GET /me/repairs/forms/{id}/files/{hash}":      get(draft + "/files/none"),
		"GET /me/repairs/cases/{id}":                   get(own),
		"POST /me/repairs/cases/{id}/supply":           post(own+"/supply", "reason="),
		"POST /me/repairs/cases/{id}/withdraw":         post(own+"/withdraw", "seen=99"),
		"GET /me/repairs/cases/{id}/files/{hash}":      get(own + "/files/none"),
		"GET /me/repairs/breaches/{id}":                get("/me/repairs/breaches/{breach}"),
		"POST /me/repairs/breaches/{id}/state":         post("/me/repairs/breaches/{breach}/state", "reason="),
		"GET /me/repairs/breaches/{id}/files/{hash}":   get("/me/repairs/breaches/{breach}/files/none"),
		"GET /me/repairs/shields/new":                  get("/me/repairs/shields/new?of={subject}"),
		"POST /me/repairs/shields/new":                 post("/me/repairs/shields/new?of={subject}", "court="),
		"GET /me/repairs/shields/{id}":                 get("/me/repairs/shields/{shield}"),
		"POST /me/repairs/shields/{id}/withdraw":       post("/me/repairs/shields/{shield}/withdraw", "seen=99"),
		"GET /me/repairs/shields/{id}/files/{hash}":    get("/me/repairs/shields/{shield}/files/none"),
		"GET /me/repairs/notices/{record}":             get("/me/repairs/notices/{penalty}?of={subject}"),
		"GET /me/repairs/notices/{record}/notice.pdf":  get("/me/repairs/notices/{penalty}/notice.pdf?of={subject}"),
		"GET /desk/repairs":                            get("/desk/repairs"),
		"GET /desk/repairs/{id}":                       get(desk),
		"GET /desk/repairs/{id}/files/{hash}":          get(desk + "/files/none"),
		"POST /desk/repairs/{id}/accept":               post(desk+"/accept", "seen=99"),
		"POST /desk/repairs/{id}/reject":               post(desk+"/reject", "reason="),
		"POST /desk/repairs/{id}/ask":                  post(desk+"/ask", "reason="),
		"POST /desk/repairs/{id}/extend":               post(desk+"/extend", "days="),
		"POST /desk/repairs/{id}/grant":                post(desk+"/grant", "no="),
		"POST /desk/repairs/{id}/refuse":               post(desk+"/refuse", "no="),
		"POST /desk/repairs/{id}/breach":               post("/desk/repairs/{repaired}/breach", "no="),
		"GET /desk/repairs/breaches/{id}":              get("/desk/repairs/breaches/{breach}"),
		"GET /desk/repairs/breaches/{id}/files/{hash}": get("/desk/repairs/breaches/{breach}/files/none"),
		"POST /desk/repairs/breaches/{id}/cancel":      post("/desk/repairs/breaches/{breach}/cancel", "no="),
		"POST /desk/repairs/breaches/{id}/keep":        post("/desk/repairs/breaches/{breach}/keep", "no="),
		"GET /desk/repairs/shields":                    get("/desk/repairs/shields"),
		"GET /desk/repairs/shields/{id}":               get("/desk/repairs/shields/{shield}"),
		"GET /desk/repairs/shields/{id}/files/{hash}":  get("/desk/repairs/shields/{shield}/files/none"),
		"POST /desk/repairs/shields/{id}/shield":       post("/desk/repairs/shields/{shield}/shield", "reason=&seen=99"),
		"POST /desk/repairs/shields/{id}/deny":         post("/desk/repairs/shields/{shield}/deny", "reason="),
		"POST /desk/repairs/shields/{id}/end":          post("/desk/repairs/shields/{shield}/end", "reason="),
		"GET /desk/repair-notices":                     get("/desk/repair-notices"),
		"GET /desk/repair-notices/batch.zip":           get("/desk/repair-notices/batch.zip?unit={unitID}"),
		"GET /desk/repair-notices/{record}":            get("/desk/repair-notices/{penalty}"),
		"GET /desk/repair-notices/{record}/notice.pdf": get("/desk/repair-notices/{penalty}/notice.pdf"),
		"GET /api/v1/repairs/eligibility":              get("/api/v1/repairs/eligibility?subject={firm}"),
		"POST /api/v1/repairs":                         body("/api/v1/repairs", `{"subject":"{firm}","targets":["r:{penalty}"],"statement":"罚款已经缴清","agree":true}`),
		"GET /api/v1/repairs/{no}":                     get("/api/v1/repairs/{repairForm}"),
	})
	listsOfLists = append(listsOfLists, "GET /desk/repairs", "GET /desk/repairs/shields", "GET /desk/repair-notices", "GET /desk/repair-notices/batch.zip", "GET /desk/repair-notices/{record}",
		"GET /desk/repair-notices/{record}/notice.pdf")
	gone = append(gone, "GET /me/repairs/forms/{id}/files/{hash}", "GET /me/repairs/cases/{id}/files/{hash}", "GET /me/repairs/breaches/{id}/files/{hash}", "GET /me/repairs/shields/{id}/files/{hash}", "GET /desk/repairs/{id}/files/{hash}",
		"GET /desk/repairs/breaches/{id}/files/{hash}", "GET /desk/repairs/shields/{id}/files/{hash}")
}
