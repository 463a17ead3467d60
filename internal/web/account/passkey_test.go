package account

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	vw "github.com/descope/virtualwebauthn"

	"gongxin/internal/authz"
	"gongxin/internal/identity"
)

var rp = vw.RelyingParty{ID: host, Name: "公信", Origin: "https://" + host}

// stick is a security key of somebody.
type stick struct {
	vw.Authenticator
	key vw.Credential
}

// newStick makes a key whose coordinates both have 32 bytes: the helper writes them without their leading zeros, which no authenticator does.
func newStick() *stick {
	for {
		if key := vw.NewCredential(vw.KeyTypeEC2); len(key.Key.AttestationData()) == 77 {
			return &stick{vw.NewAuthenticator(), key}
		}
	}
}

// challenge asks a page for a challenge, as its script does.
func (b *browser) challenge(path string) challenge {
	b.t.Helper()
	var c challenge
	decode(b.t, b.post(path, http.StatusOK), &c)
	return c
}

func (b *browser) attest(s *stick, site vw.RelyingParty) (ceremony, answer string) {
	b.t.Helper()
	c := b.challenge("/account/passkeys/begin")
	options, err := vw.ParseAttestationOptions(string(c.Options))
	must(b.t, err)
	s.Options.UserHandle = []byte(options.UserID)
	return c.Ceremony, vw.CreateAttestationResponse(site, s.Authenticator, s.key, *options)
}

func (b *browser) assert(s *stick, path string) (ceremony, answer string) {
	b.t.Helper()
	c := b.challenge(path + "/begin")
	options, err := vw.ParseAssertionOptions(string(c.Options))
	must(b.t, err)
	s.key.Counter++
	return c.Ceremony, vw.CreateAssertionResponse(rp, s.Authenticator, s.key, *options)
}

// TestPasskeys walks a passkey through the pages: added, in place of the password, as second step, removed.
func TestPasskeys(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, identity.StaffAccount, "admin", authz.Grant{Role: authz.SystemAdmin})
	b := h.browser(t)
	b.posts("/sign-in", "/sign-in/factor", "login", "admin", "password", goodPass)
	first := newStick()
	ceremony, answer := b.attest(first, rp)
	page := b.post("/account/passkeys", http.StatusBadRequest, "ceremony", ceremony, "answer", answer, "label", " ").Body.String()
	wantText(t, page, "通行密钥的名称要 1 到 50 个字符")
	wantMarks(t, page, `id="label-fault"`)
	page = b.post("/account/passkeys", http.StatusOK, "ceremony", ceremony, "answer", answer, "label", "办公室<电脑>", "back", "/desk").Body.String()
	wantText(t, page, "通行密钥已经登记", "请保存恢复码")
	wantMarks(t, page, `href="/desk"`)
	codes := recoveryCodes(page)
	if len(codes) != 10 {
		t.Fatal(codes)
	}
	page = b.get("/account/factors", http.StatusOK)
	wantText(t, page, "办公室<电脑>", "须保留")
	b.leads("/account/passkeys", "/account/factors")
	b.posts("/sign-out", "/")

	ceremony, answer = b.assert(first, "/sign-in/passkey")
	b.posts("/sign-in/passkey", "/desk", "ceremony", ceremony, "answer", answer, "back", "/desk")
	b.get("/account", http.StatusOK) // strong: an administrator gets in
	b.posts("/sign-out", "/")
	wantText(t, b.post("/sign-in/passkey", http.StatusConflict, "ceremony", ceremony, "answer", answer).Body.String(), "这一步已经过期，或者已经用过")

	b.posts("/sign-in", "/sign-in/factor", "login", "admin", "password", goodPass)
	page = b.get("/sign-in/factor", http.StatusOK)
	wantMarks(t, page, `data-begin="/sign-in/factor/passkey/begin"`)
	wantText(t, page, "这个账号登记的是通行密钥")
	ceremony, answer = b.assert(first, "/sign-in/factor/passkey")
	b.posts("/sign-in/factor/passkey", "/account", "ceremony", ceremony, "answer", answer)

	second := newStick()
	ceremony, answer = b.attest(second, rp)
	b.posts("/account/passkeys", "/account/factors?done=passkey", "ceremony", ceremony, "answer", answer, "label", "备用")
	page = b.get("/account/factors?done=passkey", http.StatusOK)
	wantText(t, page, "通行密钥已经登记", "备用")
	remove := regexp.MustCompile(`/account/passkeys/[0-9]+/remove`).FindAllString(page, -1)
	if len(remove) != 2 {
		t.Fatal(remove)
	}
	b.posts(remove[0], "/account/factors?done=passkey-removed")
	b.post(remove[0], http.StatusNotFound)
	wantText(t, b.post(remove[1], http.StatusConflict).Body.String(), "必须保留至少一种第二步验证")
	b.posts("/sign-out", "/")
	ceremony, answer = b.assert(first, "/sign-in/passkey")
	wantText(t, b.post("/sign-in/passkey", http.StatusForbidden, "ceremony", ceremony, "answer", answer).Body.String(), "通行密钥没有通过验证")
	b.posts("/sign-in", "/sign-in/factor", "login", "admin", "password", goodPass)
	b.posts("/sign-in/factor", "/account", "code", codes[0])
}

// TestPasskeyRefusals holds what the endpoints must not take, and that the script gets words it can show.
func TestPasskeyRefusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, identity.StaffAccount, "clerk", clerk)
	b := h.browser(t).signIn("clerk")
	key := newStick()
	ceremony, answer := b.attest(key, vw.RelyingParty{ID: host, Name: "公信", Origin: "https://" + host + ".evil.example"})
	page := b.post("/account/passkeys", http.StatusForbidden, "ceremony", ceremony, "answer", answer, "label", "我的").Body.String()
	wantText(t, page, "通行密钥没有通过验证")
	wantMarks(t, page, `value="我的"`)
	for _, junk := range []string{"", "{}", "null", strings.Repeat("[", 1000)} {
		c := b.challenge("/account/passkeys/begin")
		b.post("/account/passkeys", http.StatusForbidden, "ceremony", c.Ceremony, "answer", junk, "label", "我的")
		out := h.browser(t)
		c = out.challenge("/sign-in/passkey/begin")
		out.post("/sign-in/passkey", http.StatusForbidden, "ceremony", c.Ceremony, "answer", junk)
		out.post("/sign-in/passkey", http.StatusConflict, "ceremony", "gxc_x", "answer", junk)
	}
	out := h.browser(t)
	out.posts("/sign-in/factor/passkey", "/sign-in", "ceremony", "x", "answer", "y")
	var r refusal
	decode(t, out.post("/sign-in/factor/passkey/begin", http.StatusForbidden), &r)
	if r.Message != "登录已经失效。" {
		t.Fatal(r)
	}
	out.post("/account/passkeys/begin", http.StatusSeeOther) // nobody is signed in

	off := newHouse(t, change{identity: func(c *identity.Config) { c.Passkeys = identity.PasskeySite{} }, deps: func(d *Deps) { d.Passkeys = false }})
	off.open(t, identity.StaffAccount, "clerk", clerk)
	out = off.browser(t)
	wantNone(t, out.get("/sign-in", http.StatusOK), "data-passkey")
	decode(t, out.post("/sign-in/passkey/begin", http.StatusServiceUnavailable), &r)
	if !strings.HasPrefix(r.Message, "本站没有启用通行密钥") {
		t.Fatal(r)
	}
	wantText(t, out.signIn("clerk").get("/account/factors", http.StatusOK), "本站没有启用通行密钥")
}
