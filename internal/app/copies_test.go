package app

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/record"
)

// Every way by which a copy leaves the house: each recipient is told of the change once, the receipt names each way, silence shows on the day after the last one, and
// whoever downloaded finds the number in the list for everyone.
func TestEveryCopyIsTold(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	h, now := &d.own, d.app.Clock.(*clock.Manual)
	ctx, stop := context.WithCancel(context.Background())
	log, err := d.app.publicLog(ctx)
	must(t, err)
	done := make(chan struct{})
	go func() { defer close(done); _ = log.Run(ctx, nil) }()
	defer func() { stop(); <-done }()
	d.registered(h)
	penalty := d.penalise(h, "甲罚〔2026〕78号")
	d.logged(log)
	at := func(kind authz.Kind, id int64, role authz.Role, unit int64) authz.Actor {
		return authz.Actor{ID: id, Kind: kind, Session: 3, Strong: true, Grants: []authz.Grant{{Role: role, Agency: unit}}}
	}
	unit, other := h.unit.ID, d.alt.unit.ID
	agent := authz.Actor{ID: 811, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.BusinessAgent, Subject: h.firm.ID}}}
	nobody := authz.Actor{}
	given := d.consent(h)
	for name, ask := range map[string]struct {
		who        authz.Actor
		path, body string
	}{
		"a check":                    {at(authz.Account, 812, authz.WindowOfficer, unit), "/api/v1/checks", `{"subject":"{firm}","matter":"{matter}"}`},
		"a check by a program's key": {at(authz.Key, 813, authz.WindowOfficer, unit), "/api/v1/checks", `{"subject":"{firm}","matter":"{matter}"}`},
		"a list of codes":            {at(authz.Account, 814, authz.WindowOfficer, other), "/api/v1/checks", `{"subjects":["{firm}"],"matter":"` + d.alt.matter + `"}`},
		"a query for a matter":       {at(authz.Account, 815, authz.WindowOfficer, unit), "/api/v1/disclosures", `{"subject":"{firm}","matter":"{matter}"}`},
		"a query on a consent":       {at(authz.Account, 816, authz.InstitutionOfficer, unit), "/api/v1/disclosures", fmt.Sprintf(`{"subject":"{firm}","consent":"%d","purpose":"credit","unit":"{unit}"}`, given)},
		"a report":                   {at(authz.Account, 817, authz.InstitutionOfficer, unit), "/api/v1/reports", `{"kind":"standard","subject":"{firm}"}`},
		"the own report":             {agent, "/api/v1/reports", `{"kind":"standard","subject":"{firm}"}`},
	} {
		if w := d.call(body(ask.path, ask.body)(h), ask.who); w.Code/100 != 2 || name != "a report" && name != "the own report" && !strings.Contains(w.Body.String(), penalty) && name != "a list of codes" {
			t.Fatalf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	for _, path := range []string{"/open-data", "/c/XZCF"} {
		d.ask(nobody, path, nil, http.StatusOK)
	}

	now.Advance(time.Minute)
	id, err := record.ParseID(penalty)
	must(t, err)
	must(t, d.app.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := d.app.Records.Turn(ctx, tx, []record.Turn{{ID: id, To: record.Annulled}}, record.Change{At: now.Now(), Actor: "account:814", Basis: "某法", Why: "处罚决定被撤销"})
		return err
	}))
	_, err = d.app.TellCorrections(ctx)
	must(t, err)

	list, _, err := d.app.Corrections.Receipts(ctx, h.firm.ID, 0, "", 100)
	must(t, err)
	ways := map[string][]string{}
	for i := range list {
		if list[i].Record != id {
			continue
		}
		for j := range list[i].To {
			n := &list[i].To[j]
			if _, twice := ways[n.To.String()]; twice {
				t.Errorf("%s is told twice", n.To)
			}
			slices.Sort(n.What)
			ways[n.To.String()] = n.What
			if n.To.Kind == "agency" && n.Due.IsZero() {
				t.Errorf("%s has no last day", n.To)
			}
		}
	}
	want := map[string][]string{
		fmt.Sprint("agency:", unit): {"check", "consented", "subject"}, fmt.Sprint("agency:", other): {"check"}, "account:811": {"report"}, "account:817": {"report"},
	}
	if diff := cmp.Diff(want, ways); diff != "" {
		t.Errorf("who is told of what (-want +got):\n%s", diff)
	}
	now.Advance(7 * 24 * time.Hour)
	_, err = d.app.Procedures.Flow.RunDue(ctx)
	must(t, err)
	d.ask(agent, "/me/corrections?record="+penalty, nil, http.StatusOK, h.unit.Name, "逾期未确认")
	if w := d.call(httptest.NewRequest(http.MethodGet, "/api/v1/records/changes?since=2026-03-12", nil), nobody); !strings.Contains(w.Body.String(), penalty) {
		t.Errorf("who downloaded finds nothing: %s", w.Body)
	}
}
