package publish_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/consent"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/publish"
)

// TestForeseenIsWhatIsGiven: what the subject is told that a consent would open is field by field what its grantee then gets, whatever items and classes it
// names; the telling is on file as the subject's own reading, and it uses nothing up.
func TestForeseenIsWhatIsGiven(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, ctx := newWorld(t, d), context.Background()
		for name, who := range map[string]struct {
			by    authz.Actor
			about int64
			whom  publish.Whom
		}{
			"firm":   {w.agent(), w.firm, publish.Whom{Code: firmCode}},
			"person": {w.resident(), w.human, publish.Whom{DocKind: docKind, Number: number}},
		} {
			for _, items := range [][]catalog.ItemCode{{"XZCF"}, {"XZJF"}, {"XZCF", "XZJF"}} {
				for _, classes := range [][]catalog.Class{{"A"}, {"B"}, {"A", "B"}} {
					foreseen, err := w.Disclose(ctx, publish.Ask{
						Who: who.by, Subject: publish.Whom{ID: who.about}, Purpose: publish.Purpose{Own: true, Foresee: &publish.Opening{Items: items, Classes: classes}},
					})
					if err != nil {
						t.Fatal(err)
					}
					if e := w.entries(t)[0]; e.What != audit.Own || e.Consent != 0 || len(e.Records) != len(foreseen.Records) {
						t.Errorf("%s: the entry says otherwise: %+v", name, e)
					}
					given := w.consent(t, func(c *consent.Terms) { c.Subject, c.Items, c.Classes, c.Uses = who.about, items, classes, 1 })
					banker := w.banker()
					banker.ID = given // an account of its own, so that no rate stands in the way
					got, err := w.Disclose(ctx, publish.Ask{Who: banker, Subject: who.whom, Purpose: publish.Purpose{Consent: given, Aim: "credit"}})
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(got.Records, foreseen.Records); diff != "" {
						t.Errorf("%s %v %v: foreseen is not what is given (-given +foreseen):\n%s", name, items, classes, diff)
					}
					if diff := cmp.Diff(got.Subject, foreseen.Subject); diff != "" {
						t.Errorf("%s: the grantee sees another name:\n%s", name, diff)
					}
				}
			}
		}
		// What only departments share opens to nobody by a consent, and another's file is not foreseen either.
		shared, err := w.Disclose(ctx, publish.Ask{
			Who: w.agent(), Subject: publish.Whom{ID: w.firm},
			Purpose: publish.Purpose{Own: true, Foresee: &publish.Opening{Items: filed, Classes: []catalog.Class{"A", "B", "C"}}},
		})
		if err != nil || len(shared.Records) != 2 || items(shared)["XZBC"] {
			t.Errorf("%v %v", items(shared), err)
		}
		_, err = w.Disclose(ctx, publish.Ask{
			Who: w.agent(), Subject: publish.Whom{ID: w.human}, Purpose: publish.Purpose{Own: true, Foresee: &publish.Opening{Items: filed, Classes: []catalog.Class{"A", "B"}}},
		})
		if got := missingOf(err); got != "role" {
			t.Errorf("another's file: %q", got)
		}
		// An opening without Own opens nothing: the purpose decides.
		_, err = w.Disclose(ctx, publish.Ask{Who: w.officer(), Subject: publish.Whom{Code: firmCode}, Purpose: publish.Purpose{Foresee: &publish.Opening{Items: filed}}})
		if got := missingOf(err); got != "purpose" {
			t.Errorf("without a purpose: %q", got)
		}
	})
}
