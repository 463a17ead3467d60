package account

import (
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"time"

	"gongxin/internal/identity"
	"gongxin/internal/web/ui"
)

// TestClose says what is erased and what stays, asks for the password, and leaves whoever closed the account signed out.
func TestClose(t *testing.T) {
	t.Parallel()
	h := newHouse(t, change{deps: func(d *Deps) { d.Consents = ui.Link{Href: "/me/consents", Label: "我的授权"} }})
	h.open(t, identity.ResidentAccount, "zhou")
	b, elsewhere := h.browser(t).signIn("zhou"), h.browser(t).signIn("zhou")
	wantMarks(t, b.get("/account", http.StatusOK), `href="/account/close"`)
	page := b.get("/account/close", http.StatusOK)
	wantText(t, page, "不能恢复", "立即删除的", "依法保留的", "账号编号", "个人信息保护法第四十七条", "证照照片在一小时内删除", "还有效的授权不会因为注销而失效")
	wantMarks(t, page, `href="/me/consents"`, `name="password"`, `name="sure"`)
	wantNone(t, page, `name="code"`)
	wantText(t, b.post("/account/close", http.StatusBadRequest, "password", goodPass).Body.String(), "账号没有注销", "请勾选")
	page = b.post("/account/close", http.StatusBadRequest, "password", nextPass, "sure", "1").Body.String()
	wantText(t, page, "现用口令不对")
	wantMarks(t, page, `id="password-fault"`)
	b.get("/account", http.StatusOK)
	b.posts("/account/close", "/sign-in?done=closed", "password", goodPass, "sure", "1")
	if b.jar["__Host-gx"] != "" || b.jar["__Host-gx_device"] != "" {
		t.Error("the browser keeps the session, or its mark")
	}
	wantText(t, b.get("/sign-in?done=closed", http.StatusOK), "账号已经注销")
	wantNone(t, b.get("/sign-in?done=password", http.StatusOK), "口令已经更换")
	b.leads("/account", "/sign-in?back=%2Faccount")
	elsewhere.leads("/account", "/sign-in?back=%2Faccount")
	b.post("/sign-in", http.StatusForbidden, "login", "zhou", "password", goodPass)
}

// TestCloseWork: an account for work is not its holder's to close, and the page says who can.
func TestCloseWork(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, identity.StaffAccount, "clerk", clerk)
	b := h.browser(t).signIn("clerk")
	wantNone(t, b.get("/account", http.StatusOK), `href="/account/close"`)
	page := b.get("/account/close", http.StatusOK)
	wantText(t, page, "不能自行注销", "安全管理员停用")
	wantNone(t, page, "<form class=\"stack\" method=\"post\" action=\"/account/close\"")
	wantText(t, b.post("/account/close", http.StatusForbidden, "password", goodPass, "sure", "1").Body.String(), "由单位管理")
	b.get("/account", http.StatusOK)
}

// TestRecoveryCodesLeft are counted on the account's first page and beside the offer to make new ones; few of them are warned of.
func TestRecoveryCodesLeft(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, identity.StaffAccount, "clerk", clerk)
	b := h.browser(t).signIn("clerk")
	wantNone(t, b.get("/account", http.StatusOK), "恢复码")
	_, codes := b.enrol("")
	wantText(t, b.get("/account", http.StatusOK), "还剩 10 个")
	for n, code := range codes[:7] {
		b.posts("/sign-out", "/")
		b.signIn("clerk")
		b.posts("/sign-in/factor", "/desk", "code", code, "back", "/desk")
		page := b.get("/account", http.StatusOK)
		wantText(t, page, "还剩 "+strconv.Itoa(9-n)+" 个")
		wantMarks(t, page, `href="/account/factors#recovery"`)
	}
	wantText(t, b.get("/account", http.StatusOK), "恢复码还剩 3 个", "重新生成恢复码")
	page := b.get("/account/factors", http.StatusOK)
	wantText(t, page, "恢复码还剩 3 个")
	wantMarks(t, page, `id="recovery`)
	if fresh := recoveryCodes(b.post("/account/factors/recovery", http.StatusOK).Body.String()); len(fresh) != 10 {
		t.Fatal(fresh)
	}
	wantText(t, b.get("/account/factors", http.StatusOK), "还剩 10 个没有用过的")
}

// TestRenamePasskey gives a passkey another name through the page.
func TestRenamePasskey(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, identity.StaffAccount, "clerk", clerk)
	h.open(t, identity.StaffAccount, "other", clerk)
	b := h.browser(t).signIn("clerk")
	ceremony, answer := b.attest(newStick(), rp)
	b.post("/account/passkeys", http.StatusOK, "ceremony", ceremony, "answer", answer, "label", "旧名")
	rename := regexp.MustCompile(`/account/passkeys/[0-9]+/rename`).FindString(b.get("/account/factors", http.StatusOK))
	wantText(t, b.post(rename, http.StatusBadRequest, "label", " ").Body.String(), "1 到 50 个字符")
	h.browser(t).signIn("other").post(rename, http.StatusNotFound, "label", "我的")
	b.posts(rename, "/account/factors?done=passkey-renamed", "label", "新<名>")
	page := b.get("/account/factors?done=passkey-renamed", http.StatusOK)
	wantText(t, page, "通行密钥已经改名", "新<名>")
	wantNone(t, page, "旧名", "新<名>") // escaped
	b.leads(rename, "/account/factors")
}

// TestUntie gives a unified identity up through the page, and says why the last way in stays.
func TestUntie(t *testing.T) {
	t.Parallel()
	x := newCity(t)
	h := x.house(t)
	h.open(t, identity.BusinessAccount, "agent")
	b := h.browser(t).signIn("agent")
	page := b.get("/account", http.StatusOK)
	wantText(t, page, "关联临溪通")
	wantNone(t, page, "/account/untie")
	b.tie(x)
	page = b.get("/account", http.StatusOK)
	wantText(t, page, "已关联临溪通", "解除关联")
	wantMarks(t, page, `action="/account/untie"`, `value="`+x.URL+`"`)
	wantNone(t, page, `action="/account/oidc/city"`)
	wantText(t, b.post("/account/untie", http.StatusNotFound, "issuer", "https://none.example").Body.String(), "没有解除关联", "没有找到这一项")
	b.posts("/account/untie", "/account?done=untied", "issuer", x.URL)
	page = b.get("/account?done=untied", http.StatusOK)
	wantText(t, page, "统一身份的关联已经解除", "关联临溪通")
	b.leads("/account/untie", "/account")

	// An account that was opened by the identity has no other way in.
	h = x.house(t, func(p *identity.Provider) { p.Create = identity.ResidentAccount })
	in := h.browser(t)
	w := in.do(getRequest("/sign-in/oidc/city"), http.StatusSeeOther)
	in.do(x.from(x.visit(t, w.Header().Get("Location"))), http.StatusSeeOther)
	wantText(t, in.post("/account/untie", http.StatusConflict, "issuer", x.URL).Body.String(), "最后一种方式", "登记一把通行密钥")
	page = in.get("/account/close", http.StatusOK)
	wantText(t, page, "十分钟内")
	wantNone(t, page, `name="password"`, `name="code"`)
	h.clock.Advance(11 * time.Minute)
	wantText(t, in.post("/account/close", http.StatusForbidden, "sure", "1").Body.String(), "超过十分钟")
}
