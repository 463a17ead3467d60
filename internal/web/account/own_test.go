package account

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/identity"
)

// TestFactors renews recovery codes and removes the authenticator; without the factor in the session nothing changes.
func TestFactors(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, identity.StaffAccount, "clerk", clerk)
	b := h.browser(t).signIn("clerk")
	wantText(t, b.post("/account/factors/recovery", http.StatusForbidden).Body.String(), "要先在本次登录中完成第二步验证")
	secret, codes := b.enrol("")
	page := b.post("/account/factors/recovery", http.StatusOK).Body.String()
	fresh := recoveryCodes(page)
	if len(fresh) != 10 || fresh[0] == codes[0] {
		t.Fatal(fresh)
	}
	wantText(t, page, "以前的恢复码全部作废")
	b.leads("/account/factors/recovery", "/account/factors")
	b.posts("/sign-out", "/")
	b.signIn("clerk")
	b.post("/sign-in/factor", http.StatusForbidden, "code", codes[1])
	h.clock.Advance(time.Minute)
	b.posts("/sign-in/factor", "/account", "code", b.code(secret))
	b.posts("/account/factors/totp/remove", "/account/factors?done=totp-removed")
	wantText(t, b.get("/account/factors?done=totp-removed", http.StatusOK), "动态口令已经停用", "设置动态口令")
	wantText(t, b.post("/account/factors/totp/remove", http.StatusNotFound).Body.String(), "没有找到这一项")
}

// TestSessions lists, ends one, ends the others.
func TestSessions(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, identity.StaffAccount, "clerk", clerk)
	h.open(t, identity.StaffAccount, "other", clerk)
	one, two, three := h.browser(t).signIn("clerk"), h.browser(t).signIn("clerk"), h.browser(t).signIn("clerk")
	stranger := h.browser(t).signIn("other")
	page := one.get("/account/sessions", http.StatusOK)
	wantText(t, page, "Chrome，Windows", "203.0.113.*", "当前", "结束其他全部登录")
	ends := regexp.MustCompile(`/account/sessions/([0-9]+)/end`).FindAllStringSubmatch(page, -1)
	if len(ends) != 2 {
		t.Fatal(ends)
	}
	wantText(t, stranger.post(ends[0][0], http.StatusNotFound).Body.String(), "没有找到这一项")
	stranger.post("/account/sessions/x/end", http.StatusNotFound)
	one.posts(ends[0][0], "/account/sessions?done=ended")
	wantText(t, one.get("/account/sessions?done=ended", http.StatusOK), "那一处登录已经结束")
	alive := 0
	for _, b := range []*browser{two, three} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/account", nil)
		r.Header.Set("Accept", "text/html")
		r.AddCookie(&http.Cookie{Name: "__Host-gx", Value: b.jar["__Host-gx"]})
		h.ServeHTTP(w, r)
		if w.Code == http.StatusOK {
			alive++
		}
	}
	if alive != 1 {
		t.Fatalf("%d of two others are open after one was ended", alive)
	}
	one.posts("/account/sessions/others", "/account/sessions?done=others")
	page = one.get("/account/sessions?done=others", http.StatusOK)
	wantNone(t, page, "/end\"", "结束其他全部登录")
	two.leads("/account", "/sign-in?back=%2Faccount")
	three.leads("/account", "/sign-in?back=%2Faccount")
	stranger.get("/account", http.StatusOK)
	// A new sign-in in the same browser leaves no session behind.
	old := stranger.jar["__Host-gx"]
	stranger.posts("/sign-in", "/account", "login", "other", "password", goodPass)
	if _, err := h.svc.Actor(ctx, old); err == nil {
		t.Fatal("the session before stayed open")
	}
}

func TestDemoAccounts(t *testing.T) {
	t.Parallel()
	var svc *identity.Service
	demo := DemoAccount{Login: "demo-clerk", Role: "报送员", SignIn: func(ctx context.Context, in identity.Attempt) (*identity.Session, error) {
		in.Login, in.Password = "demo-clerk", goodPass
		return svc.SignIn(ctx, in)
	}}
	h := newHouse(t, change{deps: func(d *Deps) { d.Demo = []DemoAccount{demo} }})
	svc = h.svc
	h.open(t, identity.StaffAccount, "demo-clerk", clerk)
	b := h.browser(t)
	wantText(t, b.get("/sign-in", http.StatusOK), "演示账号", "报送员", "demo-clerk")
	wantText(t, b.post("/sign-in/demo", http.StatusNotFound, "login", "admin").Body.String(), "演示没有这个账号")
	b.posts("/sign-in/demo", "/desk", "login", "demo-clerk", "back", "/desk")
	b.get("/desk", http.StatusOK)

	plain := newHouse(t)
	b = plain.browser(t)
	wantNone(t, b.get("/sign-in", http.StatusOK), "演示账号")
	b.post("/sign-in/demo", http.StatusMethodNotAllowed, "login", "demo-clerk")
}

// TestMenu says in the header who is signed in and what comes first.
func TestMenu(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	acc := h.open(t, identity.StaffAccount, "a-login-that-is-rather-long", clerk)
	m := h.pages.Menu()
	if got := m.Account(ctx, authz.Actor{}); got.Name != "" || got.SignOut != "" || len(got.Links) != 1 || got.Links[0].Href != "/sign-in" {
		t.Errorf("%+v", got)
	}
	if got := m.Account(ctx, authz.Actor{ID: acc.ID, Kind: authz.Key}); got.Name != "" || len(got.Links) != 0 {
		t.Errorf("%+v", got)
	}
	got := m.Account(ctx, authz.Actor{ID: acc.ID, Kind: authz.Account, Grants: []authz.Grant{clerk}})
	if got.Name != "张三a-login-th…" || got.SignOut != "/sign-out" || len(got.Links) != 1 || got.Links[0].Href != "/account" {
		t.Errorf("%+v", got)
	}
	if got := m.Account(ctx, authz.Actor{ID: acc.ID, Kind: authz.Account}); len(got.Links) != 1 || got.Links[0].Href != "/account/password" { // its roles rest
		t.Errorf("%+v", got)
	}
	watcher := authz.Actor{ID: acc.ID, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.Auditor}}}
	if got := m.Account(ctx, watcher); len(got.Links) != 1 || got.Links[0].Href != "/sign-in/factor" {
		t.Errorf("%+v", got)
	}
}

// TestLogNamesNobody holds that neither login nor secret of a whole visit stands in the log.
func TestLogNamesNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, identity.StaffAccount, "zhangsan", clerk)
	b := h.browser(t).signIn("zhangsan")
	secret, codes := b.enrol("")
	b.post("/account/keys", http.StatusOK, "label", "前置机", "scope", "submission.create", "expires", "2027-01-01")
	token := b.jar["__Host-gx"]
	b.posts("/sign-out", "/")
	h.browser(t).post("/sign-in", http.StatusForbidden, "login", "zhangsan", "password", "wrong-wrong-wrong")
	log := h.log.String()
	if !strings.Contains(log, `"route":"POST /sign-in"`) {
		t.Fatal("nothing was logged")
	}
	for _, never := range []string{"zhangsan", "张三", goodPass, "wrong-wrong", secret, codes[0], token, "gxk_", "前置机", home} {
		if strings.Contains(log, never) {
			t.Errorf("%q stands in the log", never)
		}
	}
}
