package desk

import (
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/ident"
)

// holder is an actor with a role in a unit or a city.
func holder(role authz.Role, unit int64, region string) authz.Actor {
	return authz.Actor{ID: 1, Kind: authz.Account, Strong: true, Grants: []authz.Grant{{Role: role, Agency: unit, Region: region, Subject: 9}}}
}

var testMoves = []authz.Action{authz.ObjectionMake, authz.ObjectionAccept, authz.RepairDecide, authz.MeasureRespond}

// The head of every role is short, says nothing twice, and leads nowhere that the role does not reach.
func TestMenuOfEveryRole(t *testing.T) {
	t.Parallel()
	x := authz.New(ident.DefaultDivisions())
	actions := map[string][]authz.Action{}
	for _, g := range groups(testMoves) {
		for _, p := range g.places {
			actions[p.href] = p.actions
		}
	}
	for _, role := range authz.Roles() {
		for _, who := range []authz.Actor{holder(role, 7, ""), holder(role, 0, ""), holder(role, 7, "990102")} {
			menu, seen := Menu(x, testMoves, who, HomePath), map[string]bool{}
			if len(menu) > 6 {
				t.Errorf("%s has %d groups", role, len(menu))
			}
			for _, g := range menu {
				if len(g.Places) > 7 || len(g.Places) == 0 {
					t.Errorf("%s: %s has %d places", role, g.Label, len(g.Places))
				}
				for _, p := range g.Places {
					if seen[p.Href] {
						t.Errorf("%s: %s stands twice", role, p.Href)
					}
					seen[p.Href] = true
					if p.Href != HomePath && !reachesAny(x, who, actions[p.Href]) {
						t.Errorf("%s is led to %s", role, p.Href)
					}
				}
			}
		}
	}
	for _, nobody := range []authz.Actor{{}, holder(authz.Resident, 0, ""), holder(authz.BusinessAgent, 0, "")} {
		if menu := Menu(x, testMoves, nobody, HomePath); menu != nil {
			t.Errorf("%+v has a head: %+v", nobody.Grants, menu)
		}
	}
}

// The place that a page lies in is marked, and no other.
func TestMenuMarks(t *testing.T) {
	t.Parallel()
	x := authz.New(ident.DefaultDivisions())
	who := holder(authz.WindowOfficer, 7, "")
	for at, want := range map[string]string{
		"/desk": "工作台/首页", "/desk/inbox": "工作台/待办", "/desk/check": "核查/信用核查", "/desk/check/HC1": "核查/信用核查", "/desk/check/batch": "核查/批量核查",
		"/desk/check/batch/7": "核查/批量核查", "/desk/lookup/consent/3": "核查/凭授权查询", "/desk/tasks/5": "名单奖惩/奖惩任务", "/desk/checks": "", "/desk/people": "", "/x": "",
	} {
		got := ""
		for _, g := range Menu(x, testMoves, who, at) {
			on := ""
			for _, p := range g.Places {
				if p.On {
					on += p.Label
				}
			}
			if g.On != (on != "") {
				t.Errorf("%s: the group %s is on without a place, or the reverse", at, g.Label)
			}
			if g.On {
				got += g.Label + "/" + on
			}
		}
		if got != want {
			t.Errorf("%s is in %q, want %q", at, got, want)
		}
	}
}
