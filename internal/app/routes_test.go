package app

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/authz"
)

var update = flag.Bool("update", false, "write the list of routes into docs/operate/permissions.md")

// refused says whether an answer turns its caller away.
func refused(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

// Every route answers every role, about its own things and another's, as the published table says.
func TestEveryRouteFollowsTheTable(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	table := map[authz.Action]authz.Described{}
	for _, g := range authz.Table() {
		for _, a := range g.Actions {
			table[a.Action] = a
		}
	}
	for _, route := range d.routes {
		ask := samples[route.Pattern]
		if ask == nil {
			if !route.Action.Public() {
				t.Errorf("%s: no sample of a call; add one", route.Pattern)
				continue
			}
			ask = everyone(route.Pattern)
		}
		d.walk(call{route.Pattern, table[route.Action], ask, list(route)}, nil)
	}
	for _, f := range further {
		d.walk(call{f.pattern, table[f.action], f.call, false}, f.roles)
	}
}

// call is a route with what its call looks like.
type call struct {
	pattern string
	act     authz.Described
	ask     sample
	list    bool // there is no other's thing to ask about
}

// walk makes a call as everybody, or as the holders of some roles alone, about the own thing and another's.
func (d *desks) walk(c call, roles []authz.Role) {
	d.t.Helper()
	for _, who := range d.everyCaller() {
		if len(roles) > 0 && len(who.Grants) > 0 && !slices.Contains(roles, who.Grants[0].Role) {
			continue
		}
		for _, own := range []bool{true, false} {
			h := &d.alt
			if own || c.list {
				h = &d.own
			}
			if strings.Contains(c.pattern, "/desk/claims/{id}") {
				d.claim(h)
			}
			w := d.call(c.ask(h), who)
			want := expected(c.act, who, own || c.list)
			if words := beyond[c.pattern]; words != "" && want && refused(w.Code) && strings.Contains(w.Body.String(), words) {
				continue
			}
			ok := w.Code < 500 && refused(w.Code) != want
			if w.Code == http.StatusNotFound && !c.act.Action.Public() {
				// What exists and is another's is not there for who could do the same to its own; TestStrangersLearnNoNumbers holds that against what does not exist.
				ok = want && slices.Contains(gone, c.pattern) || !want && (slices.Contains(hides, c.pattern) || !own && numbered(c.ask, d) && expected(c.act, who, true))
			}
			if !ok {
				d.t.Errorf("%s (%s) by %s %+v (strong %v, scopes %v) about own %v: %d, the table says %v",
					c.pattern, c.act.Action, who.Kind, who.Grants, who.Strong, who.Scopes, own, w.Code, want)
			}
		}
	}
}

// list says whether a route has no thing that could be another's: it lists what its caller may see, is about the caller's own account, or is about no thing.
func list(r authz.Route) bool {
	switch r.Pattern {
	case "GET /desk/filing", "GET /desk/filing/running", "GET /desk/filing/item", "GET /desk/queue", "GET /desk/lookup", "GET /desk/lookup/consent",
		"GET /desk/audit/access", "GET /desk/audit/access.csv", "POST /desk/audit/access/person", "GET /desk/audit/acts", "GET /desk/audit/alerts",
		"GET /desk/people", "POST /desk/people/find", "GET /desk/people/new", "GET /desk/claims",
		"GET /api/v1/submissions", "GET /api/v1/queue", "GET /api/v1/consents", "GET /api/v1/audit/access", "GET /api/v1/audit/alerts":
		return true
	}
	return slices.Contains(listsOfLists, r.Pattern) || slices.Contains(listsOfChecks, r.Pattern) || r.Scope == "" || r.Scope == "本人的账号" || r.Scope == "提交人以外的人"
}

// everyCaller gives nobody, an account without roles, and every role with its session, with and without second factor, and its key.
func (d *desks) everyCaller() []authz.Actor {
	out := []authz.Actor{{}, {ID: d.caller, Kind: authz.Account, Session: 1}, {ID: d.caller, Kind: authz.Account, Session: 1, Strong: true}}
	for _, role := range authz.Roles() {
		for _, region := range []string{"", d.own.unit.Region} {
			g := []authz.Grant{{Role: role, Agency: d.own.unit.ID, Region: region, Subject: d.own.firm.ID}}
			out = append(out,
				authz.Actor{ID: d.caller, Kind: authz.Account, Session: 1, Grants: g}, authz.Actor{ID: d.caller, Kind: authz.Account, Session: 1, Grants: g, Strong: true},
				authz.Actor{ID: d.caller, Kind: authz.Key, Grants: g}, authz.Actor{ID: d.caller, Kind: authz.Key, Grants: g, Scopes: []authz.Action{authz.ConsentRead}})
		}
	}
	return out
}

// expected reads the table as its page says to, apart from the code that decides.
func expected(act authz.Described, who authz.Actor, own bool) bool {
	held := authz.Grant{}
	if len(who.Grants) > 0 {
		held = who.Grants[0]
	}
	for _, r := range act.Rules {
		switch {
		case r.Role == authz.Everyone:
			return true
		case who.Kind != authz.Account && who.Kind != authz.Key,
			who.Kind == authz.Key && (!act.Key || len(who.Scopes) > 0 && !slices.Contains(who.Scopes, act.Action)),
			held.Role.Watches() && !who.Strong && act.Action != authz.FactorEnrol,
			r.Role != held.Role && r.Role != authz.SignedIn,
			r.Strong && !who.Strong:
			continue
		}
		switch r.Reach {
		case authz.Any:
			if held.Region == "" || r.Role == authz.SignedIn {
				return true
			}
		case authz.OwnRegion:
			if own || held.Region == "" {
				return true
			}
		default:
			if own {
				return true
			}
		}
	}
	return false
}

const (
	page  = "../../docs/operate/permissions.md"
	begin = "<!-- 路由：由 internal/app 的测试生成，不要手改 -->\n"
	end   = "<!-- 路由完 -->\n"
)

// The published list of routes is the list of routes.
func TestRoutesArePublished(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the routes", page)
	}
	var b strings.Builder
	b.WriteString("\n| 地址 | 操作 | 代码 | 按谁的判断 |\n|---|---|---|---|\n")
	for _, r := range d.routes {
		scope := r.Scope
		if scope == "" {
			scope = "—"
		}
		fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s |\n", r.Pattern, r.Action.Label(), r.Action, scope)
	}
	b.WriteString("\n")
	if *update {
		if err := os.WriteFile(page, []byte(before+begin+b.String()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(b.String(), old); diff != "" {
		t.Errorf("the published routes differ; run go test ./internal/app -run Routes -update and look at the change:\n%s", diff)
	}
}
