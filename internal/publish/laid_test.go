package publish_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/publish"
)

// Who handles a case reads its record, whatever its class, in one entry; a person's name and number stay masked; who does not handle it gets nothing, and that is
// in the log too.
func TestLaidBefore(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		own := func(who authz.Actor, subject int64) string {
			answer, err := w.Disclose(context.Background(), publish.Ask{Who: who, Subject: publish.Whom{ID: subject}, Purpose: publish.Purpose{Own: true}})
			if err != nil || len(answer.Records) == 0 {
				t.Fatalf("own file: %v", err)
			}
			return answer.Records[0].ID
		}
		office := authz.Actor{ID: 9, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.OfficeOperator}}}
		clerk := authz.Actor{ID: 10, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.FilingClerk, Agency: w.unit.ID}}}
		scope := authz.Scope{Agency: w.unit.ID, Region: "990100"}
		for _, c := range []struct {
			name    string
			who     authz.Actor
			subject int64
			record  string
			scope   authz.Scope
			missing string
		}{
			{"the office", office, w.firm, own(w.agent(), w.firm), scope, ""},
			{"the source", clerk, w.firm, own(w.agent(), w.firm), scope, ""},
			{"a person's", office, w.human, own(w.resident(), w.human), scope, ""},
			{"another unit's case", clerk, w.firm, own(w.agent(), w.firm), authz.Scope{Agency: w.other.ID, Region: "990100"}, "role"},
			{"a window without a case", w.officer(), w.firm, own(w.agent(), w.firm), scope, "role"},
			{"nobody signed in", authz.Actor{}, w.firm, own(w.agent(), w.firm), scope, "sign_in"},
			{"another's record", office, w.firm, own(w.resident(), w.human), scope, "record"},
			{"no such subject", office, 1, own(w.agent(), w.firm), scope, "subject"},
			{"no record", office, w.firm, "x", scope, "record"},
		} {
			before := len(w.entries(t))
			list, err := w.LaidBefore(authz.With(context.Background(), c.who), publish.Laid{
				Subject: c.subject, Record: c.record, Action: authz.ObjectionRead, Scope: c.scope, Agency: w.unit.ID, What: "objection", Basis: "异议 1", AsOf: []time.Time{{}, w.clock.Now()},
			})
			if got := missingOf(err); got != c.missing {
				t.Errorf("%s: missing %q, want %q", c.name, got, c.missing)
			}
			if (len(list) == 2) != (c.missing == "") {
				t.Errorf("%s: %d versions", c.name, len(list))
			}
			entries := w.entries(t)
			if len(entries) != before+1 {
				t.Fatalf("%s: %d entries, want one more than %d", c.name, len(entries), before)
			}
			if e := entries[0]; e.What != "objection" || e.Basis != "异议 1" || (e.Outcome == audit.Refused) != (c.missing != "") || c.missing == "" && len(e.Records) == 0 {
				t.Errorf("%s: entry %+v", c.name, e)
			}
			for i := range list {
				for _, f := range list[i].Fields {
					if strings.Contains(f.Value+f.Shown+list[i].Subject.Name, number) || strings.Contains(f.Value+f.Shown+list[i].Subject.Name, person) {
						t.Errorf("%s: %s is in clear", c.name, f.Code)
					}
				}
			}
		}
	})
}
