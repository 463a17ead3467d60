package app

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
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
	ask := func() *httptest.ResponseRecorder {
		return d.call(jsonCall("/api/v1/checks", `{"subject":"`+other.firm.Code+`","matter":"LISTED"}`), window)
	}
	w := ask()
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

	// An objection to the entry shows wherever the entry does, until it is settled.
	dispute := func(on bool) {
		t.Helper()
		must(t, d.app.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return l.Dispute(ctx, tx, other.listed, "objection:1", on) }))
	}
	office := authz.Actor{ID: 704, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.OfficeOperator}}}
	for _, on := range []bool{true, false} {
		dispute(on)
		now.Advance(time.Second)
		for _, path := range []string{"/lists/" + sampleList, "/desk/lists?state=listed", "/desk/lists/entries/" + strconv.FormatInt(other.listed, 10)} {
			if said := d.ask(office, path, nil, http.StatusOK); strings.Contains(said, "异议中") != on {
				t.Errorf("%s says 异议中: %v, want %v", path, !on, on)
			}
		}
		var answer check.Answer
		must(t, json.Unmarshal(ask().Body.Bytes(), &answer))
		if len(answer.Lists) != 1 || len(answer.Hits) != 1 || answer.Lists[0].Disputed != on || answer.Hits[0].Disputed != on || strings.Contains(answer.Result, "异议中") != on {
			t.Errorf("disputed %v, the check answers %+v", on, answer)
		}
	}
}

// What is disputed before its record is on file is disputed when it comes there.
func TestDisputedBeforeItIsFiled(t *testing.T) {
	t.Parallel()
	d, ctx := newDesks(t), context.Background()
	h := &d.own
	must(t, d.app.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return d.app.Lists.Listing.Dispute(ctx, tx, h.listed, "objection:1", true)
	}))
	d.work()
	list, err := d.app.Records.StandingOf(ctx, d.app.DB.Read(), h.firm.ID)
	must(t, err)
	marked := 0
	for i := range list {
		marks, err := d.app.Records.MarksOf(ctx, d.app.DB.Read(), []record.ID{list[i].ID})
		must(t, err)
		if list[i].Item == "YZSX" {
			for _, m := range marks[list[i].ID] {
				if m.Mark == record.Disputed && m.Ref == "objection:1" {
					marked++
				}
			}
		} else if len(marks) > 0 {
			t.Errorf("a record of %s is marked", list[i].Item)
		}
	}
	if marked != 1 {
		t.Errorf("%d marks", marked)
	}
}
