package app

import (
	"context"
	"maps"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/correction"
	"gongxin/internal/db"
	"gongxin/internal/record"
)

// correct has a record of the firm annulled after the unit was answered it, so that the unit is told.
func (d *desks) correct(h *holding) {
	d.t.Helper()
	ctx := context.Background()
	draft := record.Draft{Subject: h.firm.ID, Body: "{}", Facts: record.Facts{
		Item: "XZCF", Edition: d.app.Editions.Current(clock.Today(d.app.Clock)).ID, NaturalKey: "更正样本", Class: "A", Status: record.Active,
		DecidedOn: 20260302, PublicFrom: 20260302, PublicUntil: 20270302, Agency: h.unit.ID, Region: h.unit.Region, Procedure: record.Ordinary, Severity: record.Moderate,
	}}
	copy(draft.Digest[:], "更正样本")
	var ids []record.ID
	must(d.t, d.app.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		_, ids, err = d.app.Records.Apply(ctx, tx, []record.Draft{draft}, record.Change{At: d.app.Clock.Now(), Actor: "account:900", Basis: "某法"})
		return err
	}))
	_, err := d.app.Trust.Audit.Record(ctx, audit.Access{
		Who: audit.Who{Kind: string(authz.Account), ID: filer, Agency: h.unit.ID}, Subject: h.firm.ID, Matter: h.matter, Basis: "某法", What: "subject", Outcome: audit.Answered,
		Records: []audit.Ref{{Subject: ids[0].Subject, Key: ids[0].Key, Version: 1}},
	})
	must(d.t, err)
	must(d.t, d.app.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := d.app.Records.Turn(ctx, tx, []record.Turn{{ID: ids[0], To: record.Annulled}}, record.Change{At: d.app.Clock.Now(), Actor: "account:900", Basis: "某法", Why: h.unit.Name + "的样本"})
		return err
	}))
	_, err = d.app.TellCorrections(ctx)
	must(d.t, err)
	list, _, err := d.app.Corrections.OfUnits(ctx, correction.Since{Agencies: []int64{h.unit.ID}})
	must(d.t, err)
	if len(list) != 1 {
		d.t.Fatalf("the unit is told %d times", len(list))
	}
	h.told, h.correction = list[0].Told, list[0].ID
}

// The calls of corrections.
func init() {
	maps.Copy(samples, map[string]sample{
		"GET /desk/corrections":                 get("/desk/corrections"),
		"GET /desk/corrections/{id}":            get("/desk/corrections/{told}"),
		"POST /desk/corrections/{id}/applied":   post("/desk/corrections/{told}/applied", "note="),
		"GET /me/corrections":                   get("/me/corrections?of={subject}"),
		"GET /api/v1/corrections":               get("/api/v1/corrections"),
		"POST /api/v1/corrections/{id}/applied": body("/api/v1/corrections/{correction}/applied", `{"note":"已停止使用"}`),
	})
	listsOfLists = append(listsOfLists, "GET /desk/corrections", "GET /api/v1/corrections")
}
