package account

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/identity"
)

var rawKey = regexp.MustCompile(`gxk_[0-9a-v]{13}_[A-Za-z0-9_-]{43}`)

// strongClerk is a browser of a clerk whose session has a second factor.
func strongClerk(t *testing.T, h *house) *browser {
	t.Helper()
	h.open(t, identity.StaffAccount, "clerk", clerk)
	b := h.browser(t).signIn("clerk")
	b.enrol("")
	return b
}

// TestKeys walks an API key: made, used, replaced, revoked; its secret is shown once each.
func TestKeys(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := strongClerk(t, h)
	page := b.get("/account/keys", http.StatusOK)
	wantText(t, page, "还没有接口密钥", "报送数据", "看报送批次和回执")
	wantMarks(t, page, `value="submission.create"`, `min="2026-11-23"`, `max="2027-11-22"`, `value="2027-05-21"`)
	wantNone(t, page, `value="disclosure.department"`, `value="account.manage"`, `value="queue.decide"`, `value="portal.read"`) // not the account's, or not for programs

	page = b.post("/account/keys", http.StatusOK, "label", "前置机 1 号", "scope", "submission.create", "scope", "submission.read", "expires", "2026-12-31", "networks", "203.0.113.0/24，198.51.100.9").Body.String()
	wantText(t, page, "只显示这一次", "前置机 1 号", "203.0.113.0/24、198.51.100.9", "2027-01-01 00:00", "报送数据；看报送批次和回执")
	raw := rawKey.FindString(page)
	a, err := h.svc.KeyActor(ctx, raw, home)
	must(t, err)
	if a.Kind != authz.Key || !slices.Equal(a.Scopes, []authz.Action{"submission.create", "submission.read"}) {
		t.Fatalf("%+v", a)
	}
	if _, err := h.svc.KeyActor(ctx, raw, "192.0.2.1"); err == nil {
		t.Fatal("used from elsewhere")
	}
	page = b.get("/account/keys", http.StatusOK)
	wantText(t, page, "前置机 1 号", "有效", "2026-11-22 09:00")
	wantNone(t, page, raw)

	rotate := regexp.MustCompile(`/account/keys/[0-9]+/rotate`).FindString(page)
	wantText(t, b.post(rotate, http.StatusBadRequest, "overlap", "31").Body.String(), "旧密钥最多再用 30 天")
	b.post(rotate, http.StatusBadRequest, "overlap", "")
	page = b.post(rotate, http.StatusOK, "overlap", "7").Body.String()
	next := rawKey.FindString(page)
	wantText(t, page, "旧密钥最迟用到 2026-11-29 09:00")
	if next == "" || next == raw {
		t.Fatal("no new key")
	}
	b.leads(rotate, "/account/keys")
	page = b.get("/account/keys", http.StatusOK)
	wantText(t, page, "已更换，到期前并用")
	b.post(rotate, http.StatusForbidden, "overlap", "7") // once

	revoke := regexp.MustCompile(`/account/keys/[0-9]+/revoke`).FindString(page) // the newest first
	b.posts(revoke, "/account/keys?done=key-revoked")
	wantText(t, b.get("/account/keys?done=key-revoked", http.StatusOK), "接口密钥已经停用", "已停用")
	if _, err := h.svc.KeyActor(ctx, next, home); err == nil {
		t.Fatal("a revoked key goes on")
	}
	_, err = h.svc.KeyActor(ctx, raw, home)
	must(t, err)
	h.clock.Advance(7*24*time.Hour + time.Second)
	if _, err := h.svc.KeyActor(ctx, raw, home); err == nil {
		t.Fatal("the old key outlived its overlap")
	}
}

// TestKeyForm says beside each field what is wrong with it, and keeps what was typed.
func TestKeyForm(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := strongClerk(t, h)
	good := map[string]string{"label": "前置机", "scope": "submission.create", "expires": "2027-01-01", "networks": ""}
	tests := []struct{ field, value, says, at string }{
		{"label", " ", "接口密钥的名称要 1 到 100 个字符", "label-fault"},
		{"label", strings.Repeat("名", 101), "接口密钥的名称要 1 到 100 个字符", "label-fault"},
		{"scope", "", "请至少选一项", "scope-fault"},
		{"scope", "account.manage", "超出了本账号的权限", "scope-fault"},
		{"scope", "disclosure.department", "超出了本账号的权限", "scope-fault"},
		{"expires", "", "必须写明到期时间", "expires-fault"},
		{"expires", "2026-11-22", "必须写明到期时间", "expires-fault"},
		{"expires", "2027-11-23", "最长一年", "expires-fault"},
		{"expires", "9999-99-99", "必须写明到期时间", "expires-fault"},
		{"networks", "0.0.0.0/0", "允许的网络地址写法不对", "networks-fault"},
		{"networks", "here", "允许的网络地址写法不对", "networks-fault"},
	}
	for _, tt := range tests {
		pairs := []string{}
		for k, v := range good {
			if k == tt.field {
				v = tt.value
			}
			if k != "scope" || v != "" {
				pairs = append(pairs, k, v)
			}
		}
		page := b.post("/account/keys", http.StatusBadRequest, pairs...).Body.String()
		wantText(t, page, tt.says)
		wantMarks(t, page, `id="`+tt.at+`"`)
		if tt.field != "scope" {
			wantMarks(t, page, `value="submission.create" checked`)
		}
		wantNone(t, page, "gxk_")
	}
	page := b.post("/account/keys", http.StatusOK, "label", "一年", "scope", "submission.create", "expires", "2027-11-22").Body.String()
	wantText(t, page, "2027-11-23 00:00", "不限")
}

// TestKeysNotAllowed holds who gets no keys: without the second factor, without such a role, and on another's keys.
func TestKeysNotAllowed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := strongClerk(t, h)
	b.post("/account/keys", http.StatusOK, "label", "前置机", "scope", "submission.create", "expires", "2027-01-01")
	revoke := regexp.MustCompile(`/account/keys/[0-9]+/revoke`).FindString(b.get("/account/keys", http.StatusOK))

	h.open(t, identity.StaffAccount, "weak", clerk)
	weak := h.browser(t).signIn("weak")
	page := weak.get("/account/keys", http.StatusForbidden)
	wantMarks(t, page, `href="/sign-in/factor?back=%2Faccount%2Fkeys"`)
	wantText(t, weak.get("/sign-in/factor?back=%2Faccount%2Fkeys", http.StatusOK), "这项操作要求第二步验证，您还没有设置")
	wantMarks(t, weak.get("/account", http.StatusOK), `href="/account/keys"`)
	weak.enrol("/account/keys")
	weak.get("/account/keys", http.StatusOK)
	weak.post(revoke, http.StatusForbidden)
	weak.post(strings.Replace(revoke, "revoke", "rotate", 1), http.StatusForbidden, "overlap", "7")
	weak.post("/account/keys/0/revoke", http.StatusNotFound)

	h.open(t, identity.ResidentAccount, "resident")
	resident := h.browser(t).signIn("resident")
	resident.get("/account/keys", http.StatusForbidden)
	wantNone(t, resident.get("/account", http.StatusOK), `href="/account/keys"`)
	wantText(t, resident.get("/account", http.StatusOK), "还没有角色", "居民")
	b.get("/account/keys", http.StatusOK)
}
