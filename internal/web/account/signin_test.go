package account

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/identity"
)

// TestWalk goes from a page that asks for an account through password, authenticator and recovery code to the account and out again.
func TestWalk(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, identity.StaffAccount, "clerk", clerk)
	b := h.browser(t)
	b.leads("/account", "/sign-in?back=%2Faccount")
	page := b.get("/sign-in?back=%2Faccount", http.StatusOK)
	wantMarks(t, page, `name="back" value="/account"`, `autocomplete="username"`, `autocomplete="current-password"`, `data-passkey="get"`, h.pages.script())
	if !h.pages.site.Assets.Has("js/passkey.js") {
		t.Error("the script for passkeys is missing")
	}
	b.posts("/sign-in", "/account", "login", " Clerk ", "password", goodPass, "back", "/account")
	page = b.get("/account", http.StatusOK)
	wantText(t, page, "张三clerk", "退出", "临溪市市场监督管理局", "报送员（临溪市市场监督管理局）", "建议设置第二步验证", "还没有设置")
	b.leads("/sign-in", "/account") // signed in already
	b.leads("/sign-in?back=/desk", "/desk")

	before := b.jar["__Host-gx"]
	secret, codes := b.enrol("/desk")
	if len(codes) != 10 || before == b.jar["__Host-gx"] {
		t.Fatalf("%d recovery codes, the session kept its token: %v", len(codes), before == b.jar["__Host-gx"])
	}
	wantText(t, b.get("/account/factors", http.StatusOK), "已启用", "重新生成恢复码")
	b.leads("/sign-in/factor?back=/desk", "/desk")

	b.posts("/sign-out", "/")
	if b.jar["__Host-gx"] != "" {
		t.Fatal("the session stayed in the browser")
	}
	b.leads("/account", "/sign-in?back=%2Faccount")
	b.leads("/sign-in/factor", "/sign-in")

	h.clock.Advance(time.Minute)
	b.posts("/sign-in", "/sign-in/factor?back=%2Fdesk", "login", "clerk", "password", goodPass, "back", "/desk")
	if b.jar["__Host-gx"] != "" || b.jar["__Host-gx_step"] == "" {
		t.Fatalf("a session that waits stands beside the open ones: %v", b.jar)
	}
	b.leads("/account", "/sign-in?back=%2Faccount") // opens nothing yet
	page = b.get("/sign-in/factor?back=%2Fdesk", http.StatusOK)
	wantText(t, page, "动态口令或恢复码", "手机或密钥丢了")
	wantNone(t, page, "data-passkey") // this account has none
	wantText(t, b.post("/sign-in/factor", http.StatusBadRequest, "code", " ").Body.String(), "请填写动态口令")
	page = b.post("/sign-in/factor", http.StatusForbidden, "code", "000000", "back", "/desk").Body.String()
	wantText(t, page, "验证码不对，或者已经用过")
	wantMarks(t, page, `aria-invalid="true"`, `name="back" value="/desk"`)
	b.posts("/sign-in/factor", "/desk", "code", b.code(secret), "back", "/desk")
	if b.jar["__Host-gx_step"] != "" {
		t.Fatal("the waiting session stayed in the browser")
	}
	b.get("/desk", http.StatusOK)
	b.posts("/sign-out", "/")

	b.posts("/sign-in", "/sign-in/factor", "login", "clerk", "password", goodPass)
	b.posts("/sign-in/factor", "/account", "code", codes[0])
	b.posts("/sign-out", "/")
	h.clock.Advance(time.Minute)
	b.posts("/sign-in", "/account", "login", "clerk", "password", goodPass, "code", b.code(secret)) // both in one form
}

// TestTheStepEnds holds that a second step that took too long begins anew, and says so.
func TestTheStepEnds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, identity.StaffAccount, "clerk", clerk)
	b := h.browser(t).signIn("clerk")
	secret, _ := b.enrol("")
	b.posts("/sign-out", "/")
	h.clock.Advance(time.Minute)
	b.posts("/sign-in", "/sign-in/factor?back=%2Fdesk", "login", "clerk", "password", goodPass, "back", "/desk")
	h.clock.Advance(6 * time.Minute)
	page := b.post("/sign-in/factor", http.StatusForbidden, "code", b.code(secret), "back", "/desk").Body.String()
	wantText(t, page, "第二步验证没有在时限内完成", "请重新输入登录名和口令")
	wantMarks(t, page, `action="/sign-in"`, `name="back" value="/desk"`)
	if b.jar["__Host-gx_step"] != "" {
		t.Fatal("a session that is over stayed in the browser")
	}
	b.posts("/sign-in/factor", "/sign-in", "code", "123456") // without one
}

var changing = regexp.MustCompile(`[0-9a-f]{16}`) // number of the request

// TestAnswersAreAlike holds that a login that does not exist, a wrong password and a closed account get the same answer, also when they wait.
func TestAnswersAreAlike(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, identity.StaffAccount, "there", clerk)
	closed := h.open(t, identity.StaffAccount, "gone")
	must(t, h.svc.Disable(ctx, local, closed.ID))
	tries := []struct{ login, password string }{{"there", "wrong-wrong-wrong"}, {"nobody", "wrong-wrong-wrong"}, {"gone", goodPass}}
	first := ""
	for range 5 {
		for i, x := range tries {
			b := h.browser(t)
			b.address = "203.0.113." + string(rune('1'+i))
			w := b.post("/sign-in", http.StatusForbidden, "login", x.login, "password", x.password)
			page := changing.ReplaceAllString(strings.ReplaceAll(w.Body.String(), x.login, "LOGIN"), "")
			if first == "" {
				first = page
				wantText(t, page, "没有登录", "登录名、口令或验证码不对，或者账号不能使用。")
				wantMarks(t, page, `value="LOGIN"`)
				wantNone(t, page, "wrong-wrong-wrong")
			}
			if page != first {
				t.Fatalf("%s gets another answer:\n%s\n%s", x.login, page, first)
			}
		}
	}
	for i, x := range tries {
		b := h.browser(t)
		b.address = "203.0.113." + string(rune('1'+i))
		b.post("/sign-in", http.StatusForbidden, "login", x.login, "password", x.password) // the last one before the wait
		w := b.post("/sign-in", http.StatusTooManyRequests, "login", x.login, "password", x.password)
		wantText(t, w.Body.String(), "尝试次数过多，请等 4 秒再试（09:00:04 以后）", "账号没有被锁定")
		if got := w.Header().Get("Retry-After"); got != "4" {
			t.Errorf("Retry-After %q", got)
		}
	}
}

func TestEmptyFields(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.browser(t)
	wantText(t, b.post("/sign-in", http.StatusBadRequest).Body.String(), "请填写登录名", "请填写口令")
	page := b.post("/sign-in", http.StatusBadRequest, "login", `"><script>alert(1)</script>`, "password", "", "back", "/desk").Body.String()
	wantNone(t, page, "<script>alert")
	wantMarks(t, page, `name="back" value="/desk"`, `id="password-fault"`)
	r := httptest.NewRequest(http.MethodPost, "/sign-in", strings.NewReader("login="+strings.Repeat("a", maxForm)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	b.do(r, http.StatusRequestEntityTooLarge)
	r = httptest.NewRequest(http.MethodPost, "/sign-in", strings.NewReader("login=%zz"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	wantText(t, b.do(r, http.StatusBadRequest).Body.String(), "提交的内容不是这个页面的表单")
	// A password in the address is not looked at.
	wantText(t, b.post("/sign-in?login=clerk&password="+goodPass, http.StatusBadRequest).Body.String(), "请填写口令")
}

// TestBackStaysHere holds that a sign-in leads to no other site and not in a circle.
func TestBackStaysHere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, identity.StaffAccount, "clerk", clerk)
	tests := map[string]string{
		"/desk": "/desk", "/desk?unit=1&x=%2F": "/desk?unit=1&x=%2F", "": "/account", "/": "/account",
		"//evil.example": "/account", "https://evil.example/": "/account", `/\evil.example`: "/account", "javascript:alert(1)": "/account", "/\tevil": "/account",
		"///evil.example": "/account", "/\r\nLocation: https://evil.example": "/account", "evil.example": "/account",
		"/sign-in": "/account", "/sign-in?back=/x": "/account", "/sign-in/factor": "/account", "/sign-out": "/account", "/desk/../sign-in": "/account", "/./sign-in/": "/account",
		"/" + strings.Repeat("a", maxBack): "/account", "/%2fevil.example": "/%2fevil.example",
	}
	for back, want := range tests {
		b := h.browser(t)
		b.posts("/sign-in", want, "login", "clerk", "password", goodPass, "back", back)
		b.leads("/sign-in?"+url.Values{"back": {back}}.Encode(), want) // and for one who is signed in
	}
}

// TestOtherSitesCannotPost holds every form against a submission from another site, with and without a session.
func TestOtherSitesCannotPost(t *testing.T) {
	t.Parallel()
	h := newHouse(t, change{deps: func(d *Deps) { d.Demo = []DemoAccount{{Login: "x", Role: "x"}} }})
	h.open(t, identity.StaffAccount, "clerk", clerk)
	in, forms := h.browser(t).signIn("clerk"), 0
	for _, route := range h.routes {
		path, ok := strings.CutPrefix(route.Pattern, "POST ")
		if !ok {
			continue
		}
		forms++
		path = strings.NewReplacer("{id}", "1", "{provider}", "city").Replace(path)
		for _, b := range []*browser{h.browser(t), in} {
			for _, site := range []string{"cross-site", "same-site"} {
				r := httptest.NewRequest(http.MethodPost, path, strings.NewReader("login=clerk&password="+goodPass))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				r.Header.Set("Sec-Fetch-Site", site)
				wantText(t, b.do(r, http.StatusForbidden).Body.String(), "这次提交来自别的网站")
			}
		}
	}
	if forms < 18 {
		t.Fatalf("%d forms", forms)
	}
	in.get("/account", http.StatusOK) // nothing of it came through
}

// TestStrangersAreSentToSignIn holds every page of the account against a reader who is not signed in.
func TestStrangersAreSentToSignIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.browser(t)
	for _, route := range h.routes {
		method, path, _ := strings.Cut(route.Pattern, " ")
		if !strings.HasPrefix(path, "/account") {
			continue
		}
		path = strings.NewReplacer("{id}", "1", "{provider}", "city", "{rest...}", "x").Replace(path)
		if method == http.MethodGet {
			b.leads(path, "/sign-in?"+url.Values{"back": {path}}.Encode())
		} else {
			b.posts(path, "/sign-in?back=%2F")
		}
	}
}

// TestForcedPassword walks a handed-out password: nothing opens before it is changed.
func TestForcedPassword(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, temp, err := h.svc.Open(ctx, local, identity.NewAccount{Kind: identity.StaffAccount, Login: "newcomer", Name: "李四", Agency: unit, HandOut: true, Grants: []authz.Grant{clerk}})
	must(t, err)
	b := h.browser(t)
	b.posts("/sign-in", "/account/password?back=%2Fdesk", "login", "newcomer", "password", temp, "back", "/desk")
	page := b.get("/account/password?back=%2Fdesk", http.StatusOK)
	wantText(t, page, "请先更换口令", "至少 10 个字符", "李四", "更换口令")
	wantText(t, b.get("/account", http.StatusOK), "账号的角色暂不生效")
	b.get("/account/keys", http.StatusForbidden)

	tests := []struct {
		name                 string
		current, next, again string
		status               int
		says                 string
		at                   string
	}{
		{"nothing", "", "", "", 400, "请填写现用口令", "current-fault"},
		{"two texts", temp, nextPass, nextPass + "x", 400, "两次填写的新口令不一样", "again-fault"},
		{"wrong current", "not-the-password", nextPass, nextPass, 400, "现用口令不对", "current-fault"},
		{"short", temp, "short", "short", 400, "口令太短", "next-fault"},
		{"common", temp, "1234567890", "1234567890", 400, "这个口令很常见", "next-fault"},
		{"the login", temp, "newcomer2026", "newcomer2026", 400, "口令不能是登录名", "next-fault"},
		{"the same", temp, temp, temp, 400, "新口令与现用口令相同", "next-fault"},
	}
	for _, tt := range tests {
		page := b.post("/account/password", tt.status, "current", tt.current, "next", tt.next, "again", tt.again, "back", "/desk").Body.String()
		wantText(t, page, tt.says)
		wantMarks(t, page, `id="`+tt.at+`"`, `name="back" value="/desk"`)
		wantNone(t, page, temp)
	}
	before := b.jar["__Host-gx"]
	b.posts("/account/password", "/desk", "current", temp, "next", nextPass, "again", nextPass, "back", "/desk")
	if b.jar["__Host-gx"] == before {
		t.Fatal("the session kept its token")
	}
	wantText(t, b.get("/account", http.StatusOK), "报送员")
	b.posts("/account/password", "/account?done=password", "current", nextPass, "next", goodPass, "again", goodPass)
	wantText(t, b.get("/account?done=password", http.StatusOK), "口令已经更换")
}

// TestEnrolmentDemanded walks an auditor's first sign-in: the second factor comes before everything, and the page that was asked for after it.
func TestEnrolmentDemanded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, identity.StaffAccount, "auditor", authz.Grant{Role: authz.Auditor})
	b := h.browser(t)
	b.posts("/sign-in", "/sign-in/factor?back=%2Fdesk", "login", "auditor", "password", goodPass, "back", "/desk")
	page := b.get("/account", http.StatusForbidden)
	wantMarks(t, page, `href="/sign-in/factor?back=%2Faccount"`)
	page = b.get("/sign-in/factor?back=%2Fdesk", http.StatusOK)
	wantText(t, page, "您的角色必须有第二步验证", "身份验证器应用", "通行密钥", "设置第二步验证")
	wantMarks(t, page, `data-passkey="create"`, `name="back" value="/desk"`)

	page = b.post("/account/factors/totp", http.StatusOK, "back", "/desk").Body.String()
	uri, ceremony := field(t, page, "uri"), field(t, page, "ceremony")
	wantMarks(t, page, `<svg role="img"`, `name="back" value="/desk"`)
	wantNone(t, page, "data:image", "style=")
	again := b.post("/account/factors/totp/confirm", http.StatusBadRequest, "ceremony", ceremony, "uri", uri, "code", "000000", "back", "/desk").Body.String()
	wantText(t, again, "动态口令不对")
	if field(t, again, "uri") != uri || field(t, again, "ceremony") != ceremony || !strings.Contains(again, `<svg role="img"`) {
		t.Fatal("a slip shows another secret")
	}
	wantText(t, b.post("/account/factors/totp/confirm", http.StatusBadRequest, "ceremony", ceremony, "uri", uri, "code", "").Body.String(), "请填写应用里显示的 6 位动态口令")
	wantText(t, b.post("/account/factors/totp/confirm", http.StatusBadRequest, "ceremony", ceremony, "uri", "https://evil.example/", "code", "").Body.String(), "内容不完整")
	u, err := url.Parse(uri)
	must(t, err)
	page = b.post("/account/factors/totp/confirm", http.StatusOK, "ceremony", ceremony, "uri", uri, "code", b.code(u.Query().Get("secret")), "back", "/desk").Body.String()
	wantText(t, page, "请保存恢复码", "只显示这一次", "动态口令已经启用")
	wantMarks(t, page, `data-print`, `href="/desk"`)
	if n := len(recoveryCodes(page)); n != 10 {
		t.Fatalf("%d recovery codes", n)
	}
	b.get("/account", http.StatusOK)
	b.leads("/account/factors/totp/confirm", "/account/factors") // asked for again
	wantText(t, b.post("/account/factors/totp/remove", http.StatusConflict).Body.String(), "必须保留至少一种第二步验证")
	wantText(t, b.get("/account/factors", http.StatusOK), "要停用动态口令，请先登记通行密钥")
}
