package identity

import (
	"context"
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// Colleagues are who works at a unit now: not those of another, not who watches, not who is disabled; by number one finds those too.
func TestStaff(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		ctx, local := context.Background(), authz.LocalActor("test")
		open := func(login string, grants ...authz.Grant) int64 {
			a, _, err := b.Open(ctx, local, NewAccount{Kind: StaffAccount, Login: login, Name: "测试" + login, Password: goodPass, Grants: grants})
			must(t, err)
			return a.ID
		}
		clerk := open("clerk", authz.Grant{Role: authz.FilingClerk, Agency: 3})
		gone := open("gone", authz.Grant{Role: authz.Reviewer, Agency: 3})
		open("other", authz.Grant{Role: authz.Reviewer, Agency: 4})
		office := open("office", authz.Grant{Role: authz.OfficeOperator})
		open("audit", authz.Grant{Role: authz.Auditor})
		must(t, b.Disable(ctx, local, gone))
		for unit, want := range map[int64]int64{3: clerk, 0: office} {
			list, err := b.Staff(ctx, unit)
			if err != nil || len(list) != 1 || list[0].ID != want || !list[0].Active || list[0].Name == "" || len(list[0].Grants) != 1 {
				t.Errorf("unit %d: %+v, %v", unit, list, err)
			}
		}
		known, err := b.Colleagues(ctx, []int64{clerk, gone, 12345})
		if err != nil || len(known) != 2 || known[gone].Active || known[gone].Name != "测试gone" {
			t.Errorf("%+v, %v", known, err)
		}
		// Those who are told what is sent to a unit or a subject: in use, each once, and nobody for no one.
		if list, err := b.WorkFor(ctx, d.Read(), 3); err != nil || len(list) != 1 || list[0] != clerk {
			t.Errorf("work for the unit: %v, %v", list, err)
		}
		agent, _, err := b.Open(ctx, local, NewAccount{Kind: BusinessAccount, Login: "agent", Name: "测试", Password: goodPass})
		must(t, err)
		must(t, d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			return b.insertGrant(ctx, tx, local, agent.ID, authz.Grant{Role: authz.BusinessAgent, Subject: 7}, 0)
		}))
		for subject, want := range map[int64]int{7: 1, 8: 0, 0: 0} {
			if list, err := b.ActFor(ctx, d.Read(), subject); err != nil || len(list) != want || want == 1 && list[0] != agent.ID {
				t.Errorf("act for %d: %v, %v", subject, list, err)
			}
		}
	})
}
