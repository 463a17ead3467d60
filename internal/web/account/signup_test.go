package account

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/identity"
)

// applicant gives the fields of a form that is in order, with some of them changed.
func applicant(changes ...string) []string {
	fields := []string{"kind", "resident", "login", "wang.fang", "name", "王芳", "password", goodPass, "again", goodPass, "agree", "yes"}
	for i := 0; i < len(changes); i += 2 {
		for j := 0; j < len(fields); j += 2 {
			if fields[j] == changes[i] {
				fields[j+1] = changes[i+1]
			}
		}
	}
	return fields
}

// accounts counts the accounts that are open.
func (h *house) accounts(t testing.TB) int {
	t.Helper()
	list, err := h.svc.List(ctx, local, identity.Filter{Limit: 100})
	must(t, err)
	return len(list)
}

// TestSignUp opens an account of each kind that people open themselves, is signed in with it, and has no role before something is claimed.
func TestSignUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	wantMarks(t, h.browser(t).get("/sign-in", http.StatusOK), `href="/sign-up"`)
	for _, kind := range []identity.AccountKind{identity.ResidentAccount, identity.BusinessAccount} {
		b := h.browser(t)
		page := b.get("/sign-up", http.StatusOK)
		wantText(t, page, "开立账号", "《个人信息保护法》第十三条", "登录名、姓名", "90 天", "撤回同意", "至少 10 个字符")
		wantMarks(t, page, `autocomplete="username"`, `autocomplete="new-password"`, `name="agree" value="yes" required`, `value="resident"`, `value="business"`)
		wantNone(t, page, `value="staff"`, `value="institution"`, ` checked`)
		b.posts("/sign-up", "/me/claim", applicant("kind", string(kind), "login", " Wang."+string(kind))...)
		if b.jar["__Host-gx"] == "" {
			t.Fatal("not signed in")
		}
		wantText(t, b.get("/account", http.StatusOK), "王芳", "wang."+string(kind), kindWords[kind])
		a, err := h.svc.Find(ctx, local, "wang."+string(kind))
		must(t, err)
		if a, held, err := h.svc.Show(ctx, local, a.ID); err != nil || a.Kind != kind || a.MustChange || len(held) != 0 {
			t.Fatalf("%+v %v %v", a, held, err)
		}
		b.leads("/sign-up", "/account") // has one
		b.posts("/sign-up", "/account", applicant("login", "another")...)
		b.posts("/sign-out", "/")
		b.posts("/sign-in", "/account", "login", "wang."+string(kind), "password", goodPass)
	}
	if n := h.accounts(t); n != 2 {
		t.Fatalf("%d accounts", n)
	}
}

// TestSignUpRefusals holds each field against what is wrong with it; nothing is opened and no password comes back.
func TestSignUpRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		changes []string
		status  int
		says    string
		at      string
	}{
		{"no kind", []string{"kind", ""}, 400, "请选择账号的种类", "kind-fault"},
		{"staff", []string{"kind", "staff"}, 400, "工作人员和机构的账号由安全管理员开立", "kind-fault"},
		{"institution", []string{"kind", "institution"}, 400, "由安全管理员开立", "kind-fault"},
		{"no login", []string{"login", " "}, 400, "请填写登录名", "login-fault"},
		{"an identity number", []string{"login", "11010119900307001"}, 400, "不要用身份证件号码", "login-fault"},
		{"a login in use", []string{"login", "TAKEN"}, 409, "这个登录名已经有人使用", "login-fault"},
		{"no name", []string{"name", ""}, 400, "请填写姓名", "name-fault"},
		{"a long name", []string{"name", strings.Repeat("王", 101)}, 400, "1 到 100 个字符", "name-fault"},
		{"no password", []string{"password", "", "again", ""}, 400, "请填写口令", "password-fault"},
		{"two passwords", []string{"again", nextPass}, 400, "两次填写的口令不一样", "again-fault"},
		{"a short password", []string{"password", "short", "again", "short"}, 400, "口令太短", "password-fault"},
		{"a common password", []string{"password", "1234567890", "again", "1234567890"}, 400, "这个口令很常见", "password-fault"},
		{"the login as password", []string{"password", "wang.fang2026", "again", "wang.fang2026"}, 400, "口令不能是登录名", "password-fault"},
		{"no consent", []string{"agree", ""}, 400, "请阅读后决定是否同意", "agree-fault"},
	}
	h := newHouse(t)
	h.open(t, identity.ResidentAccount, "taken")
	for i, tt := range tests {
		b := h.browser(t)
		b.address = "198.51.100." + strconv.Itoa(1+i)
		page := b.post("/sign-up", tt.status, applicant(tt.changes...)...).Body.String()
		wantText(t, page, "账号没有开立", tt.says)
		wantMarks(t, page, `id="`+tt.at+`"`)
		if n := strings.Count(page, `-fault"><span`); n != 1 {
			t.Errorf("%s: %d fields are marked", tt.name, n)
		}
		wantNone(t, page, goodPass, nextPass)
		if b.jar["__Host-gx"] != "" {
			t.Errorf("%s: signed in", tt.name)
		}
	}
	b := h.browser(t)
	page := b.post("/sign-up", http.StatusBadRequest, applicant("name", `"><script>alert(1)</script>`, "agree", "no")...).Body.String()
	wantNone(t, page, "<script>alert", ` checked`)
	wantMarks(t, page, `value="wang.fang"`, `value="resident" selected`)
	wantText(t, b.post("/sign-up?kind=resident&login=x-y-z&name=x&password="+goodPass+"&again="+goodPass+"&agree=yes", http.StatusBadRequest).Body.String(), "请填写登录名") // what stands in the address is not looked at
	r := httptest.NewRequest(http.MethodPost, "/sign-up", strings.NewReader("login="+strings.Repeat("a", maxForm)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	b.do(r, http.StatusRequestEntityTooLarge)
	if n := h.accounts(t); n != 1 {
		t.Fatalf("%d accounts", n)
	}
}

// TestSignUpIsSlowedDown holds that a network tries few logins: past the free attempts it waits, and then a login that is taken and one that is free get the
// same answer. What the page itself refuses is no attempt.
func TestSignUpIsSlowedDown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, identity.ResidentAccount, "taken")
	b := h.browser(t)
	for range 20 {
		b.post("/sign-up", http.StatusBadRequest, applicant("agree", "")...)
	}
	tries := 0
	for ; tries < 30; tries++ {
		if w := b.post2("/sign-up", applicant("login", "taken")...); w.Code != http.StatusConflict {
			break
		}
	}
	if tries < 5 || tries > 15 {
		t.Fatalf("%d attempts before a wait", tries)
	}
	first := ""
	for _, login := range []string{"taken", "free"} {
		w := b.post("/sign-up", http.StatusTooManyRequests, applicant("login", login)...)
		page := changing.ReplaceAllString(strings.ReplaceAll(w.Body.String(), `value="`+login+`"`, "LOGIN"), "")
		if w.Header().Get("Retry-After") == "" || first != "" && page != first {
			t.Fatalf("%s: %q\n%s", login, w.Header().Get("Retry-After"), page)
		}
		first = page
	}
	wantText(t, first, "尝试次数过多", "同一网络地址开立账号的次数有限")
	wantNone(t, first, "已经有人使用")
	other := h.browser(t)
	other.address = "198.51.100.9"
	other.posts("/sign-up", "/me/claim", applicant("login", "free")...) // other networks do not wait
	h.clock.Advance(2 * time.Hour)
	b.posts("/sign-up", "/me/claim", applicant("login", "free2")...)
}

// TestSignUpFromElsewhere holds the form against a submission from another site, and against a browser that sends another's session along.
func TestSignUpFromElsewhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, site := range []string{"cross-site", "same-site"} {
		b := h.browser(t)
		r := httptest.NewRequest(http.MethodPost, "/sign-up", strings.NewReader("kind=resident&login=wang.fang&name=x&password="+goodPass+"&again="+goodPass+"&agree=yes"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", site)
		wantText(t, b.do(r, http.StatusForbidden).Body.String(), "这次提交来自别的网站")
		if b.jar["__Host-gx"] != "" {
			t.Fatal("signed in")
		}
	}
	if n := h.accounts(t); n != 0 {
		t.Fatalf("%d accounts", n)
	}
}

// TestSignUpThenWait holds that an account which was opened while signing in has to wait is not said to be missing.
func TestSignUpThenWait(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.browser(t)
	for i := 0; i < 60; i++ { // one password on many logins, until the address waits
		if b.post2("/sign-in", "login", "nobody"+strconv.Itoa(i), "password", "wrong-wrong-wrong").Code == http.StatusTooManyRequests {
			break
		}
	}
	page := b.post("/sign-up", http.StatusTooManyRequests, applicant()...).Body.String()
	wantText(t, page, "账号已经开立，还没有登录", "尝试次数过多")
	wantMarks(t, page, `value="wang.fang"`, `name="back" value="/me/claim"`)
	wantNone(t, page, goodPass)
	h.clock.Advance(time.Hour)
	b.posts("/sign-in", "/me/claim", "login", "wang.fang", "password", goodPass, "back", "/me/claim")
}

// TestSignUpIsLogged holds that the opening is an act on file, by nobody who was signed in, and that no name stands in the log of the program.
func TestSignUpIsLogged(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.browser(t).posts("/sign-up", "/me/claim", applicant()...)
	a, err := h.svc.Find(ctx, local, "wang.fang")
	must(t, err)
	var kind, detail string
	must(t, h.svc.DB.Read().QueryRowContext(ctx, `SELECT who_kind, detail FROM audit_act WHERE action = 'account.open' AND entity = $1`, "account:"+strconv.FormatInt(a.ID, 10)).Scan(&kind, &detail))
	if kind != string(authz.Anonymous) || detail != "resident" {
		t.Fatalf("%q %q", kind, detail)
	}
	log := h.log.String()
	if !strings.Contains(log, `"route":"POST /sign-up"`) {
		t.Fatal("nothing was logged")
	}
	for _, never := range []string{"wang.fang", "王芳", goodPass, home} {
		if strings.Contains(log, never) {
			t.Errorf("%q stands in the log", never)
		}
	}
}

// post2 sends a form and gives whatever is answered.
func (b *browser) post2(path string, pairs ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	var form []string
	for i := 0; i < len(pairs); i += 2 {
		form = append(form, pairs[i]+"="+pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(strings.Join(form, "&")))
	r.Host, r.RemoteAddr = host, b.address+":4711"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	b.h.ServeHTTP(w, r)
	return w
}
