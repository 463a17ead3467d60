package app

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/ingest"
	"gongxin/internal/listing"
)

// A file puts nobody onto a list that the deciding unit could not have put there at the desk: on the day of listing the list has its basis, and the unit stands in
// the list of deciders.
func TestFiledEntryNeedsADecider(t *testing.T) {
	t.Parallel()
	d, ctx := newDesks(t), context.Background()
	h, other := &d.own, &d.alt
	today := clock.Today(d.app.Clock)
	d.registered(h)
	const away = "1137030000420000X4" // not registered here
	empower := func(from, until clock.Date) {
		t.Helper()
		must(t, d.app.Lists.Listing.Empower(authz.With(ctx, authz.LocalActor("test")), listing.Decider{Kind: "YZSX-WHLY", Agency: h.unit.ID, From: from, Until: until, Basis: "权责清单"}))
	}
	item, _ := d.app.Editions.Current(today).Item("YZSX")
	n := 0
	file := func(unit string, change map[string]string) (int, string) {
		t.Helper()
		n++
		row := map[string]string{"操作标识": "I"}
		for k, v := range item.Example {
			row[k] = v
		}
		row["YZ_XDR_MC"], row["YZ_XDR_SHXYM"], row["YZ_LRWH"] = h.firm.Name, h.firm.Code, "列"+string(rune('A'+n))+"号"
		row["YZ_JGDM"], row["YZ_LYDWDM"], row["YZ_LRRQ"] = unit, unit, today.AddDays(-40).String()
		row["YZ_YXQZI"], row["YZ_MDLB"] = today.AddMonths(30).String(), "文化和旅游市场严重失信主体名单"
		for k, v := range change {
			row[k] = v
		}
		text, err := json.Marshal([]map[string]string{row})
		must(t, err)
		sub, err := d.app.Ingest.Submit(ctx, ingest.Request{Item: "YZSX", Unit: unit, FileName: "a.json", Actor: "account:900"}, bytes.NewReader(text))
		must(t, err)
		sub, err = d.app.Ingest.Run(ctx, sub.ID, nil)
		must(t, err)
		receipt, err := d.app.Ingest.Receipt(ctx, sub.ID, 0, 10)
		must(t, err)
		for i := range receipt.Rows {
			for _, r := range receipt.Rows[i].Reasons {
				if r.Severity == catalog.Error {
					return r.Code, r.Field
				}
			}
		}
		if sub.Accepted != 1 {
			t.Fatalf("neither refused nor accepted: %+v", sub)
		}
		return 0, ""
	}
	expect := func(what string, code int, field, unit string, change map[string]string) {
		t.Helper()
		if got, at := file(unit, change); got != code || at != field {
			t.Errorf("%s: %d %s, want %d %s", what, got, at, code, field)
		}
	}
	expect("nobody may list", catalog.ReasonListDecider, "YZ_JGDM", h.unit.Code, nil)
	empower(today.AddDays(-40), 0)
	expect("on the first day", 0, "", h.unit.Code, nil)
	expect("a day before it", catalog.ReasonListDecider, "YZ_JGDM", h.unit.Code, map[string]string{"YZ_LRRQ": today.AddDays(-41).String()})
	expect("another unit", catalog.ReasonListDecider, "YZ_JGDM", other.unit.Code, nil)
	expect("in another unit's name", catalog.ReasonListDecider, "YZ_JGDM", h.unit.Code, map[string]string{"YZ_JGDM": other.unit.Code})
	expect("decided elsewhere, handed on by one that may", 0, "", h.unit.Code, map[string]string{"YZ_JGDM": away})
	expect("decided elsewhere, handed on by one that may not", catalog.ReasonListDecider, "YZ_JGDM", other.unit.Code, map[string]string{"YZ_JGDM": away})
	expect("before the law was in force", catalog.ReasonListBasis, "YZ_MDLB", h.unit.Code, map[string]string{"YZ_LRRQ": "2021-12-31"})
	expect("a list that nobody has set up", catalog.ReasonListBasis, "YZ_MDLB", h.unit.Code, map[string]string{"YZ_MDLB": "其他-本地自设名单"})
	empower(today.AddDays(-40), today.AddDays(-1))
	expect("after the line has ended, of a day before", 0, "", h.unit.Code, map[string]string{"YZ_LRRQ": today.AddDays(-2).String()})
	expect("of its last day and one", catalog.ReasonListDecider, "YZ_JGDM", h.unit.Code, map[string]string{"YZ_LRRQ": today.AddDays(-1).String()})
}
