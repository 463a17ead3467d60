package app

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/listing"
	"gongxin/internal/record"
)

// An entry whose list has no law that names the representative is a record without that name: on the record's page, on the list, for the department that checks and for
// the firm itself. Where a law says so, the record does name it.
func TestEntryNamesTheRepresentativeOnlyByLaw(t *testing.T) {
	t.Parallel()
	d, ctx := newDesks(t), context.Background()
	h, now := &d.own, d.app.Clock.(*clock.Manual)
	as := func(id int64, role authz.Role) context.Context {
		return authz.With(ctx, authz.Actor{ID: id, Kind: authz.Account, Session: 3, Strong: true, Grants: []authz.Grant{{Role: role, Agency: h.unit.ID}}})
	}
	run, stop := context.WithCancel(ctx)
	log, err := d.app.publicLog(run)
	must(t, err)
	done := make(chan struct{})
	go func() { defer close(done); _ = log.Run(run, nil) }()
	defer func() { stop(); <-done }()
	d.registered(h)
	d.registered(&d.alt)
	d.logged(log)
	l := d.app.Lists.Listing
	_, err = l.Notify(as(701, authz.Reviewer), h.proposal, listing.Document{No: "告9号", On: clock.Today(now)})
	must(t, err)
	now.Advance(14 * 24 * time.Hour)
	_, err = l.Decide(as(702, authz.ListApprover), h.proposal, listing.Decision{Document: listing.Document{No: "列9号", On: clock.Today(now)}, Reason: "属实"})
	must(t, err)
	d.work()
	d.logged(log)

	named := map[string]bool{"列1号": false, "列9号": true} // by the number of the decision
	versions, err := d.app.Records.OfSubject(ctx, record.Query{Subject: h.firm.ID, Item: "YZSX"})
	must(t, err)
	if len(versions) != len(named) {
		t.Fatalf("%d records of two entries", len(versions))
	}
	for i := range versions {
		values, err := record.DecodeBody(versions[i].Body)
		must(t, err)
		want, known := named[values["YZ_LRWH"]]
		if _, carries := values["YZ_FRDB"]; !known || carries != want || strings.Contains(versions[i].Body, representedBy) != want {
			t.Errorf("the record of %s carries %s", values["YZ_LRWH"], values["YZ_FRDB"])
		}
		page := d.ask(authz.Actor{}, "/r/"+versions[i].ID.String(), nil, http.StatusOK, values["YZ_LRWH"])
		if strings.Contains(page, representedBy) != want {
			t.Errorf("the page of %s names the representative: %v", values["YZ_LRWH"], !want)
		}
	}
	for _, path := range []string{"/lists/" + sampleList, "/desk/lists/entries/" + strconv.FormatInt(h.listed, 10)} {
		office := authz.Actor{ID: 704, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.OfficeOperator}}}
		if said := d.ask(office, path, nil, http.StatusOK); strings.Contains(said, representedBy) {
			t.Errorf("%s names the representative", path)
		}
	}
	// The check and the report are made of the same record.
	other := &d.alt
	_, _, err = d.app.Trust.Matters.Save(ctx, audit.Who{Kind: string(authz.Local)}, agency.Matter{
		Code: "LISTED", Name: "名单核查", Agency: h.unit.ID, Law: "《中华人民共和国食品安全法》", Article: "第三十五条", BasisFrom: clock.Date(20151001),
		Items: []string{"YZSX"}, Kinds: []string{string(catalog.LegalEntity)}, ValidFrom: clock.Date(20220101),
	})
	must(t, err)
	window := authz.Actor{ID: d.caller, Kind: authz.Key, Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: h.unit.ID}}}
	w := d.call(jsonCall("/api/v1/checks", `{"subject":"`+other.firm.Code+`","matter":"LISTED"}`), window)
	if said := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(said, "列1号") || strings.Contains(said, representedBy) || strings.Contains(said, "YZ_FRDB") {
		t.Errorf("the check says %d %s", w.Code, said)
	}
	w = d.call(jsonCall("/api/v1/reports", `{"subject":"`+other.firm.Code+`","kind":"standard"}`), authz.Actor{})
	var made struct{ Page string }
	must(t, json.Unmarshal(w.Body.Bytes(), &made))
	page := d.ask(authz.Actor{}, made.Page, nil, http.StatusOK, "列1号", representedBy) // the registration names it
	_, chapter, _ := strings.Cut(page[strings.Index(page, "四、"):], "严重失信主体名单信息")
	chapter, _, cut := strings.Cut(chapter, "五、")
	if !cut || !strings.Contains(chapter, "列1号") || strings.Contains(chapter, representedBy) {
		t.Errorf("the chapter of lists says %s", chapter)
	}
}
