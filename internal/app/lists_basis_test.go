package app

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/check"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/ingest"
)

// Whoever is put onto a list by a file is held to the same rule as by a decision made here: without a basis in force nobody is. What was filed before the basis
// lapsed is no entry of the list any more.
func TestFiledEntryNeedsABasis(t *testing.T) {
	t.Parallel()
	d, ctx := newDesks(t), context.Background()
	h, now := &d.own, d.app.Clock.(*clock.Manual)
	today := clock.Today(now)
	d.registered(h)
	file := func(no, flag string) *ingest.Submission {
		t.Helper()
		item, _ := d.app.Editions.Current(today).Item("YZSX")
		row := map[string]string{"操作标识": flag}
		for k, v := range item.Example {
			row[k] = v
		}
		row["YZ_XDR_MC"], row["YZ_XDR_SHXYM"], row["YZ_LRWH"], row["YZ_JGDM"], row["YZ_LYDWDM"] = h.firm.Name, h.firm.Code, no, h.unit.Code, h.unit.Code
		text, err := json.Marshal([]map[string]string{row})
		must(t, err)
		sub, err := d.app.Ingest.Submit(ctx, ingest.Request{Item: "YZSX", Unit: h.unit.Code, FileName: "a.json", Actor: "account:900"}, bytes.NewReader(text))
		must(t, err)
		sub, err = d.app.Ingest.Run(ctx, sub.ID, nil)
		must(t, err)
		return sub
	}
	if sub := file("列90号", "I"); sub.Accepted != 1 {
		t.Fatalf("while the basis holds: %+v", sub)
	}
	_, _, err := d.app.Trust.Matters.Save(ctx, audit.Who{Kind: string(authz.Local)}, agency.Matter{
		Code: "LISTED", Name: "名单核查", Agency: h.unit.ID, Law: "《中华人民共和国食品安全法》", Article: "第三十五条", BasisFrom: clock.Date(20151001),
		Items: []string{"YZSX"}, Kinds: []string{string(catalog.LegalEntity)}, ValidFrom: clock.Date(20220101),
	})
	must(t, err)
	window := authz.Actor{ID: d.caller, Kind: authz.Key, Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: h.unit.ID}}}
	entries := func() int {
		t.Helper()
		var answer check.Answer
		w := d.call(jsonCall("/api/v1/checks", `{"subject":"`+h.firm.Code+`","matter":"LISTED"}`), window)
		if w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		must(t, json.Unmarshal(w.Body.Bytes(), &answer))
		n := 0
		for _, l := range answer.Lists {
			if l.List == sampleNoticed {
				n++
			}
		}
		return n
	}
	if n := entries(); n == 0 {
		t.Error("a filed entry is not on its list")
	}

	law := `from = "2021-09-01"`
	lapsed := strings.Replace(string(d.app.Lists.kinds.Text()), law, law+"\n  until = \""+today.AddDays(1).String()+`"`, 1)
	must(t, d.app.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return d.app.Lists.kinds.Apply(ctx, tx, []byte(lapsed), today, "draft:1")
	}))
	must(t, d.app.Lists.refresh(ctx))
	now.Advance(24 * time.Hour)
	sub := file("列91号", "I")
	if sub.Accepted != 0 || sub.Rejected != 1 {
		t.Errorf("without a basis: %+v", sub)
	}
	if n := entries(); n != 0 {
		t.Errorf("%d entries on a list without a basis", n)
	}
	if sub := file("列90号", "D"); sub.Withdrawn != 1 {
		t.Errorf("what is on file cannot be withdrawn: %+v", sub)
	}
}
