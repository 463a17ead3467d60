package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/identity"
)

// in is an account of the caller's, with one role within the first unit or its district.
func (d *desks) in(role authz.Role, region string) authz.Actor {
	g := authz.Grant{Role: role, Region: region}
	switch role {
	case authz.FilingClerk, authz.Reviewer, authz.WindowOfficer, authz.InstitutionOfficer:
		g.Agency = d.own.unit.ID
	case authz.BusinessAgent, authz.Resident:
		g.Subject = d.own.firm.ID
	}
	return authz.Actor{ID: d.caller, Kind: authz.Account, Session: 1, Strong: true, Grants: []authz.Grant{g}}
}

// Lists hold the caller's own and nothing of another unit, district or firm.
func TestListsAreCut(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	here := d.own.unit.Region
	desk, office := d.in(authz.FilingClerk, ""), d.in(authz.OfficeOperator, here)
	auditor, keeper := d.in(authz.Auditor, here), d.in(authz.SecurityAdmin, here)
	window, agent := d.in(authz.WindowOfficer, ""), d.in(authz.BusinessAgent, "")
	for _, c := range []struct {
		who    authz.Actor
		ask    sample
		shows  string // of one's own
		hides  []string
		byKeys bool
	}{
		{desk, get("/desk/filing"), "{filed}", []string{"{filed}", "{name}"}, false},
		{desk, get("/desk/filing/running?n=1"), "", []string{"{filed}", "{name}"}, false},
		{desk, get("/desk/queue"), "/desk/queue/{entry}", []string{"/desk/queue/{entry}", "{name}"}, false},
		{desk, get("/api/v1/submissions"), "{filed}", []string{"{filed}", "{name}"}, true},
		{desk, get("/api/v1/queue"), `"{entry}"`, []string{"{entry}", "{name}"}, true},
		{office, get("/desk/filing"), "{filed}", []string{"{filed}", "{name}"}, false},
		{office, get("/desk/filing/running?n=1"), "", []string{"{filed}", "{name}"}, false},
		{office, get("/desk/queue"), "/desk/queue/{entry}", []string{"/desk/queue/{entry}", "{name}"}, false},
		{office, get("/desk/claims"), "/desk/claims/{claim}", []string{"{claim}", "{firm}"}, false},
		{office, get("/api/v1/submissions"), "{filed}", []string{"{filed}", "{name}"}, true},
		{office, get("/api/v1/queue"), `"{entry}"`, []string{"{entry}", "{name}"}, true},
		{auditor, get("/desk/audit/access"), "{access}", []string{"{access}"}, false},
		{auditor, get("/desk/audit/access.csv"), "{name}的依据", []string{"{name}"}, false},
		{auditor, get("/desk/audit/acts"), "thing:{region}", []string{"thing:{region}", "{consent}"}, false},
		{auditor, get("/desk/audit/alerts"), "{alertPlace}", []string{"{alertPlace}", "{name}"}, false},
		{auditor, get("/desk/people"), "/desk/people/{account}", []string{"/desk/people/{account}"}, false},
		{auditor, get("/api/v1/audit/access"), "{name}的依据", []string{"{name}", "{unit}"}, false},
		{auditor, get("/api/v1/audit/alerts"), `"{alert}"`, []string{"{alert}", "{name}"}, false},
		{keeper, get("/desk/people"), "/desk/people/{account}", []string{"/desk/people/{account}"}, false},
		{window, get("/desk/lookup"), "{matter}", []string{"{matter}", "{name}"}, false},
		{window, get("/desk/lookup/consent"), "{consent}", []string{"{consent}", "{name}"}, false},
		{window, get("/api/v1/consents"), `"{consent}"`, []string{"{consent}", "{unit}"}, true},
		{agent, get("/me/consents"), "{consent}", []string{"{consent}", "{name}"}, false},
		{agent, get("/me/looked"), "{name}", []string{"{name}"}, false},
		{agent, get("/api/v1/consents"), `"{consent}"`, []string{"{consent}", "{unit}"}, false},
		{agent, get("/api/v1/access-log"), "{name}", []string{"{name}"}, false},
	} {
		callers := []authz.Actor{c.who}
		if key := c.who; c.byKeys {
			key.Kind = authz.Key
			callers = append(callers, key)
		}
		for _, who := range callers {
			d.cut(c.ask, who, c.shows, c.hides)
		}
	}
}

// cut makes a call and looks for what it must and must not show.
func (d *desks) cut(ask sample, who authz.Actor, shows string, hides []string) {
	d.t.Helper()
	r := ask(&d.own)
	w := d.call(r, who)
	at, text := r.URL.String()+" by "+string(who.Kind)+" as "+string(who.Grants[0].Role), w.Body.String()
	if w.Code != http.StatusOK && w.Code != http.StatusNoContent {
		d.t.Errorf("%s: %d", at, w.Code)
	}
	if own := d.own.names().Replace(shows); !strings.Contains(text, own) {
		d.t.Errorf("%s lacks the own %s (%s)", at, shows, own)
	}
	for _, h := range hides {
		if other := d.alt.names().Replace(h); strings.Contains(text, other) {
			d.t.Errorf("%s shows another's %s (%s)", at, h, other)
		}
	}
}

// A login is found within one's own reach alone.
func TestFindingIsCut(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	for _, who := range []authz.Actor{d.in(authz.SecurityAdmin, d.own.unit.Region), d.in(authz.Auditor, d.own.unit.Region)} {
		for _, h := range []*holding{&d.own, &d.alt} {
			acc, _, err := d.app.Trust.Identity.Show(context.Background(), authz.LocalActor("test"), h.account)
			must(t, err)
			w := d.call(post("/desk/people/find", "login="+acc.Login)(h), who)
			place := "/desk/people/" + strconv.FormatInt(h.account, 10)
			if found := strings.Contains(w.Header().Get("Location")+w.Body.String(), place); found != (h == &d.own) {
				t.Errorf("%s finds %s: %v (%d)", who.Grants[0].Role, h.unit.Name, found, w.Code)
			}
		}
	}
}

// A refused filing leaves nothing behind, on the page and for programs.
func TestRefusedFilingIsNotKept(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	clerk := d.in(authz.FilingClerk, "")
	key := clerk
	key.Kind = authz.Key
	before, _ := d.app.Ingest.Recent(context.Background(), d.alt.unit.ID, 10)
	d.call(samples["POST /desk/filing"](&d.alt), clerk)
	d.call(samples["POST /api/v1/submissions"](&d.alt), key)
	after, _ := d.app.Ingest.Recent(context.Background(), d.alt.unit.ID, 10)
	if len(before) != len(after) {
		t.Error("a refused filing was kept")
	}
}

// Nobody decides on what they submitted, raised or are themselves, whatever their role.
func TestNobodyDecidesOnTheirOwn(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	as := func(who authz.Actor, id int64) authz.Actor {
		who.ID = id
		return who
	}
	list, err := d.app.Trust.Identity.Waiting(context.Background(), d.in(authz.OfficeOperator, ""), d.own.claim-1)
	if err != nil || len(list) == 0 {
		t.Fatalf("no claim waits: %v", err)
	}
	claimant := as(d.in(authz.OfficeOperator, ""), list[0].Account)
	reviewer, self := as(d.in(authz.Reviewer, ""), filer), as(d.in(authz.SecurityAdmin, ""), d.own.account)
	officer := as(d.in(authz.Auditor, ""), d.own.alert.Who.ID)
	cases := map[string]authz.Actor{
		"POST /desk/queue/{id}/refuse": reviewer, "POST /desk/queue/{id}/match": reviewer, "POST /api/v1/queue/{id}/decide": reviewer,
		"POST /desk/claims/{id}/approve": claimant, "POST /desk/claims/{id}/reject": claimant, "GET /desk/claims/{id}": claimant,
		"POST /desk/audit/alerts/{place}/handle": officer, "POST /api/v1/audit/alerts/{id}/handle": officer,
	}
	for _, route := range d.routes {
		if strings.HasPrefix(route.Pattern, "POST /desk/people/{id}/") {
			cases[route.Pattern] = self
		}
	}
	for pattern, who := range cases {
		ask := samples[pattern]
		if w := d.call(ask(&d.own), who); !refused(w.Code) && (w.Code != http.StatusNotFound || pattern != "GET /desk/claims/{id}") {
			t.Errorf("%s on one's own: %d", pattern, w.Code)
		}
		if w := d.call(ask(&d.own), as(who, filer+500)); refused(w.Code) {
			t.Errorf("%s by somebody else: %d", pattern, w.Code)
		}
	}
	for kind, id := range d.own.draft {
		for _, role := range []authz.Role{authz.OfficeOperator, authz.ListApprover} {
			for _, step := range []string{"approve", "reject"} {
				at := "/desk/drafts/" + string(kind) + "/" + strconv.FormatInt(id, 10) + "/" + step
				if w := d.call(post(at, "why=不同意")(&d.own), d.in(role, "")); w.Code != http.StatusForbidden {
					t.Errorf("%s by its author as %s: %d", at, role, w.Code)
				}
			}
		}
	}
	if w := d.call(samples["GET /desk/queue/{id}"](&d.own), reviewer); w.Code != http.StatusOK {
		t.Errorf("may not even read it: %d", w.Code)
	}
}

// A session counts for the interface on the site's own pages alone: nobody's else, and no link, uses it.
func TestSessionsCountOnOwnPagesAlone(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	for _, route := range d.routes {
		if !strings.Contains(route.Pattern, " /api/") || route.Action.Public() {
			continue
		}
		for _, role := range authz.Roles() {
			for _, site := range []string{"cross-site", "same-site", "none"} {
				r := samples[route.Pattern](&d.own)
				r.Header.Set("Sec-Fetch-Site", site)
				if w := d.call(r, d.in(role, "")); !refused(w.Code) {
					t.Errorf("%s as %s from %s: %d", route.Pattern, role, site, w.Code)
				}
			}
		}
	}
}

// What belongs to another account is out of reach: its keys, its sessions and its claims.
func TestNobodyReachesAnothersAccount(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	ctx, accounts := context.Background(), d.app.Trust.Identity
	const password = "临溪之外-不易猜-7319"
	other, _, err := accounts.Open(ctx, authz.LocalActor("test"), identity.NewAccount{
		Kind: identity.StaffAccount, Login: "other-person", Name: "别人", Agency: d.alt.unit.ID, Region: d.alt.unit.Region, Password: password,
		Grants: []authz.Grant{{Role: authz.FilingClerk, Agency: d.alt.unit.ID}},
	})
	must(t, err)
	session, err := accounts.SignIn(ctx, identity.Attempt{Login: other.Login, Password: password, Address: "127.0.0.1"})
	must(t, err)
	owner := authz.Actor{ID: other.ID, Kind: authz.Account, Session: session.ID, Strong: true, Grants: []authz.Grant{{Role: authz.FilingClerk, Agency: d.alt.unit.ID}}}
	key, raw, err := accounts.NewKey(ctx, owner, other.ID, identity.KeySpec{
		Label: "报送", Scopes: []authz.Action{authz.SubmissionRead}, Expires: d.app.Clock.Now().Add(24 * time.Hour),
	})
	must(t, err)
	n := func(i int64) string { return strconv.FormatInt(i, 10) }
	for _, role := range authz.Roles() {
		for _, path := range []string{
			"/account/keys/" + n(key.ID) + "/revoke", "/account/keys/" + n(key.ID) + "/rotate", "/account/sessions/" + n(session.ID) + "/end",
			"/account/sessions/others", "/me/claim/" + n(d.alt.claim) + "/withdraw",
		} {
			d.call(post(path, "overlap=0")(&d.own), d.in(role, ""))
		}
		w := d.call(httptest.NewRequest(http.MethodGet, "/me/claim/"+n(d.alt.claim)+"/withdraw", nil), d.in(role, ""))
		if w.Code != http.StatusNotFound {
			t.Errorf("another's claim shows to %s: %d", role, w.Code)
		}
	}
	if who, err := accounts.KeyActor(ctx, raw, "127.0.0.1"); err != nil || who.ID != other.ID {
		t.Errorf("another's key was revoked: %v", err)
	}
	if keys, err := accounts.Keys(ctx, owner, other.ID); err != nil || len(keys) != 1 || keys[0].Successor != 0 {
		t.Errorf("another's key was rotated: %v", err)
	}
	if who, err := accounts.Actor(ctx, session.Token); err != nil || who.ID != other.ID {
		t.Errorf("another's session was ended: %v", err)
	}
	was := d.alt.claim
	if d.claim(&d.alt); d.alt.claim != was {
		t.Error("another's claim was withdrawn")
	}
	// The same calls of the owner's do what they are for.
	d.call(post("/account/keys/"+n(key.ID)+"/rotate", "overlap=0")(&d.own), owner)
	if keys, err := accounts.Keys(ctx, owner, other.ID); err != nil || len(keys) != 2 {
		t.Errorf("the owner's key was not rotated: %d keys, %v", len(keys), err)
	}
	d.call(post("/account/keys/"+n(key.ID)+"/revoke", "")(&d.own), owner)
	if _, err := accounts.KeyActor(ctx, raw, "127.0.0.1"); err == nil {
		t.Error("the owner's key was not revoked")
	}
	second, err := accounts.SignIn(ctx, identity.Attempt{Login: other.Login, Password: password, Address: "127.0.0.1"})
	must(t, err)
	owner.Session = second.ID
	d.call(post("/account/sessions/"+n(session.ID)+"/end", "")(&d.own), owner)
	if _, err := accounts.Actor(ctx, session.Token); err == nil {
		t.Error("the owner's session was not ended")
	}
}
