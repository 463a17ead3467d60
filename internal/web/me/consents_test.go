package me

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/consent"
	"gongxin/internal/identity"
	"gongxin/internal/publish"
)

// terms is a filled form.
func terms(change ...string) url.Values {
	v := url.Values{"grantee": {bankCode}, "item": {"XZCF", "XZJF"}, "purpose": {"credit"}, "days": {"30"}, "uses": {"1"}, "step": {"preview"}}
	for i := 0; i+1 < len(change); i += 2 {
		v[change[i]] = strings.Fields(change[i+1])
	}
	return v
}

// consentID takes the number of a consent out of the address of its page.
func consentID(t testing.TB, location string) int64 {
	t.Helper()
	path, _, _ := strings.Cut(strings.TrimPrefix(location, "/me/consents/"), "?")
	n, err := strconv.ParseInt(path, 10, 64)
	if err != nil {
		t.Fatalf("no consent in %q", location)
	}
	return n
}

// TestConsentFromGrantToRevocation walks the whole way over the real services: a claim by the demo's code, a grant with its preview, a look-up by the
// institution, the entry in the subject's list, the receipt, the revocation, and the refusal that follows and is listed too.
func TestConsentFromGrantToRevocation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.agent(t, "agent", uscc(1))
	wantText(t, b.get(t, "/me/consents", http.StatusOK), "还没有授权过", "新的授权")
	form := b.get(t, "/me/consents/new", http.StatusOK)
	wantText(t, form, "临溪银行", "行政处罚", "授信审批", "最多 366 天")
	lacksText(t, form, `value="XZBC"`) // class C cannot be consented to

	preview := b.post(t, "/me/consents", terms(), http.StatusOK).Body.String()
	wantText(t, preview, "授权 临溪银行 查询以上信息吗？", "授信审批", "30 天", "1 次", "确认授权", "返回修改", firmName)
	if n, _, _ := w.consents.OfSubject(ctx, b.actor(t), w.firm, "", 10); len(n) != 0 {
		t.Fatal("a preview granted something")
	}
	wantText(t, b.post(t, "/me/consents", terms("step", "edit"), http.StatusOK).Body.String(), "下一步：看看对方能看到什么")

	to := b.post(t, "/me/consents", terms("step", "grant"), http.StatusSeeOther).Header().Get("Location")
	given := consentID(t, to)
	page := b.get(t, to, http.StatusOK)
	wantText(t, page, "授权已经生效", strconv.FormatInt(given, 10), "临溪银行", "有效", "撤销这份授权", "SM2-SM3")
	if again := b.post(t, "/me/consents", terms("step", "grant"), http.StatusSeeOther).Header().Get("Location"); consentID(t, again) != given {
		t.Error("a second click granted a second time")
	}

	file := b.want(t, httptestGet("/me/consents/"+strconv.FormatInt(given, 10)+"/receipt.json"), http.StatusOK)
	if d := file.Header().Get("Content-Disposition"); !strings.HasPrefix(d, "attachment;") {
		t.Errorf("the receipt is no download: %q", d)
	}
	elements, err := consent.VerifyReceipt(file.Body, w.key.Public())
	if err != nil || !slices.Contains(elements, [2]string{"grantee", bankCode}) || !slices.Contains(elements, [2]string{"uses", "1"}) {
		t.Errorf("the receipt does not hold: %v %v", elements, err)
	}

	look := publish.Ask{Who: w.banker(), Subject: publish.Whom{Code: uscc(1)}, Purpose: publish.Purpose{Consent: given, Aim: "credit"}}
	if _, err := w.publish.Disclose(ctx, look); err != nil {
		t.Fatal(err)
	}
	looked := b.get(t, "/me/looked", http.StatusOK)
	wantText(t, looked, "临溪银行", "您的授权书", "行政处罚 3 条、给付 1 条", "2026-11-18 10:00")
	wantText(t, b.get(t, "/me", http.StatusOK), "别人最近的查询", "临溪银行", "0 份有效") // used up
	wantText(t, b.get(t, "/me/consents", http.StatusOK), "次数已用完")

	b.get(t, "/me/consents/"+strconv.FormatInt(given, 10)+"/revocation.json", http.StatusNotFound)
	ask := "/me/consents/" + strconv.FormatInt(given, 10) + "/revoke"
	wantText(t, b.get(t, ask, http.StatusOK), "立即失效，不能恢复", "立即撤销", "不撤销")
	wantText(t, b.post(t, ask, url.Values{"why": {strings.Repeat("长", 201)}}, http.StatusBadRequest).Body.String(), "没有撤销", "200 字")
	result := b.post(t, ask, url.Values{"why": {"贷款不办了"}}, http.StatusOK).Body.String()
	wantText(t, result, "授权已经撤销，立即生效", "gongxin-consent-revocation/1")
	b.post(t, ask, nil, http.StatusConflict)
	wantText(t, b.get(t, ask, http.StatusOK), "这份授权已经撤销")
	wantText(t, b.get(t, to, http.StatusOK), "已撤销", "贷款不办了", "撤销回执", "gongxin-consent-revocation/1")
	again := b.want(t, httptestGet("/me/consents/"+strconv.FormatInt(given, 10)+"/revocation.json"), http.StatusOK)
	if elements, err := consent.VerifyReceipt(again.Body, w.key.Public()); err != nil || elements[0][1] != "gongxin-consent-revocation/1" {
		t.Errorf("the kept revocation does not hold: %v %v", elements, err)
	}
	if _, err := w.publish.Disclose(ctx, look); err == nil {
		t.Fatal("a revoked consent still opens something")
	}
	wantText(t, b.get(t, "/me/looked", http.StatusOK), "被拒绝", "什么也没有看到", "授权书已被主体撤销")
}

// TestGrantRefusals puts each fault beside its field and grants nothing.
func TestGrantRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.agent(t, "agent", uscc(1))
	for name, c := range map[string]struct {
		change []string
		says   string
	}{
		"no unit":         {[]string{"grantee", ""}, "请选择要授权的单位"},
		"unknown unit":    {[]string{"grantee", uscc(9)}, "没有这个单位"},
		"no code":         {[]string{"grantee", "<script>"}, "没有这个单位"},
		"no item":         {[]string{"item", ""}, "请至少选择一个信息事项"},
		"shared item":     {[]string{"item", "XZBC"}, "不能授权的"},
		"unknown item":    {[]string{"item", "NONE"}, "不能授权的"},
		"no purpose":      {[]string{"purpose", ""}, "请选择用途"},
		"unknown purpose": {[]string{"purpose", "fun"}, "请选择用途"},
		"no days":         {[]string{"days", ""}, "1 到 366"},
		"too many days":   {[]string{"days", "367"}, "1 到 366"},
		"half a day":      {[]string{"days", "0.5"}, "1 到 366"},
		"no uses":         {[]string{"uses", "0"}, "1 到 1000"},
		"too many uses":   {[]string{"uses", "1001"}, "1 到 1000"},
	} {
		for _, step := range []string{"preview", "grant"} {
			page := b.post(t, "/me/consents", terms(append([]string{"step", step}, c.change...)...), http.StatusBadRequest).Body.String()
			if !strings.Contains(text(page), c.says) || !strings.Contains(text(page), "还不能继续") || strings.Contains(page, "<script>") {
				t.Errorf("%s, %s: %s", name, step, text(mainPart(page)))
			}
		}
	}
	if list, _, err := w.consents.OfSubject(ctx, b.actor(t), w.firm, "", 10); err != nil || len(list) != 0 {
		t.Errorf("something was granted: %v %v", list, err)
	}
	wantText(t, b.get(t, "/me/consents/777", http.StatusNotFound), "没有这份授权书")
	b.get(t, "/me/consents/nonsense", http.StatusNotFound)
	wantText(t, b.get(t, "/me/consents?cursor=x", http.StatusBadRequest), "翻页位置无效")
}

// TestForeseenIsWhatTheGranteeGets holds the preview to the gate: over every item of the catalogue, of a firm and of a person, the page shows the titles and
// the values that the institution is then given, and counts as many.
func TestForeseenIsWhatTheGranteeGets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		b     *browser
		about int64
		whom  publish.Whom
	}{
		{w.agent(t, "agent", uscc(1)), w.firm, publish.Whom{Code: uscc(1)}},
		{w.resident(t, "zhang"), w.human, publish.Whom{DocKind: docKind, Number: number1}},
	} {
		var codes []catalog.ItemCode
		form := url.Values{"grantee": {bankCode}, "purpose": {"credit"}, "days": {"30"}, "uses": {"1"}}
		for _, item := range catalog.Default().Items {
			if offers(item, c.about == w.human) {
				codes = append(codes, item.Code)
				form.Add("item", string(item.Code))
			}
		}
		page := c.b.post(t, "/me/consents", form, http.StatusOK).Body.String()
		k, _, err := w.consents.Grant(ctx, c.b.actor(t), consent.Terms{Subject: c.about, Grantee: bankCode, Items: codes, Classes: openedClasses, Purpose: "credit", Uses: 1})
		must(t, err)
		got, err := w.publish.Disclose(ctx, publish.Ask{Who: w.banker(), Subject: c.whom, Purpose: publish.Purpose{Consent: k.ID, Aim: "credit"}})
		must(t, err)
		if len(got.Records) < 5 {
			t.Errorf("subject %d: %d records given: the test tests little", c.about, len(got.Records))
		}
		wantText(t, page, "共 "+strconv.Itoa(len(got.Records))+" 条")
		if n := strings.Count(page, "对方能看到的内容（"); n != len(got.Records) {
			t.Errorf("%d records on the page, %d given", n, len(got.Records))
		}
		for i := range got.Records {
			wantText(t, page, got.Records[i].Title)
			for _, f := range got.Records[i].Fields {
				wantText(t, page, f.Name, strings.Join(strings.Fields(f.Shown), " "))
			}
		}
	}
}

// TestPreviewMasksThePerson shows the person how others will see the name, not the name.
func TestPreviewMasksThePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.resident(t, "zhang")
	page := mainPart(b.post(t, "/me/consents", terms("item", "XZCF"), http.StatusOK).Body.String())
	wantText(t, page, "张**", "隐去一部分")
	lacksText(t, page, person, number1)
}

// TestConsentListPages leads through a longer list and keeps the subject in the addresses of an agent of several firms.
func TestConsentListPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.agent(t, "agent", uscc(1), uscc(2))
	who := b.actor(t)
	for range consentsShown + 2 {
		_, _, err := w.consents.Grant(ctx, who, consent.Terms{Subject: w.second, Grantee: bankCode, Items: []catalog.ItemCode{"XZCF"}, Purpose: "loan", Until: today.Add(time.Hour)})
		must(t, err)
	}
	of := "of=" + strconv.FormatInt(w.second, 10)
	first := b.get(t, "/me/consents?"+of, http.StatusOK)
	if n := strings.Count(first, "贷后管理"); n != consentsShown {
		t.Errorf("%d consents on the first page", n)
	}
	next := between(first, `rel="next" href="`, `"`)
	if !strings.Contains(next, of) || !strings.Contains(next, "cursor=") {
		t.Fatalf("the next page is %q", next)
	}
	if n := strings.Count(b.get(t, strings.ReplaceAll(next, "&amp;", "&"), http.StatusOK), "贷后管理"); n != 2 {
		t.Errorf("%d consents on the second page", n)
	}
	wantText(t, b.get(t, "/me/consents", http.StatusOK), "还没有授权过") // the first firm has none
	w.clock.Advance(2 * time.Hour)
	s, err := w.identity.SignIn(ctx, identity.Attempt{Login: b.login, Password: password})
	must(t, err)
	b.token = s.Token
	wantText(t, b.get(t, "/me/consents?"+of, http.StatusOK), "已过期")
}

// TestConsentsAreNotReadByOthersHere: what only an institution or an auditor may read is not reached through the centre.
func TestConsentsAreNotReadByOthersHere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.agent(t, "agent", uscc(1))
	k, _, err := w.consents.Grant(ctx, a.actor(t), consent.Terms{Subject: w.firm, Grantee: bankCode, Items: []catalog.ItemCode{"XZCF"}, Purpose: "credit"})
	must(t, err)
	bank := w.open(t, identity.InstitutionAccount, "banker", authz.Grant{Role: authz.InstitutionOfficer, Agency: w.bank.ID})
	path := "/me/consents/" + strconv.FormatInt(k.ID, 10)
	for _, p := range []string{path, path + "/receipt.json", path + "/revoke", "/me/consents", path + "?of=" + strconv.FormatInt(w.firm, 10)} {
		bank.get(t, p, http.StatusForbidden)
	}
	bank.post(t, path+"/revoke", nil, http.StatusForbidden)
	if got, _, err := w.consents.Get(ctx, a.actor(t), k.ID); err != nil || got.State(w.clock.Now()) != consent.Live {
		t.Error("somebody else revoked it", err)
	}
}

func between(s, from, to string) string {
	_, rest, ok := strings.Cut(s, from)
	if !ok {
		return ""
	}
	out, _, _ := strings.Cut(rest, to)
	return out
}

// TestReceiptIsReadable writes the receipt as people can read it, with the signed text unchanged.
func TestReceiptIsReadable(t *testing.T) {
	t.Parallel()
	raw, err := receiptText(&consent.Receipt{Format: "f", Document: "甲\n"})
	must(t, err)
	if !bytes.HasSuffix(raw, []byte("}\n")) || !bytes.Contains(raw, []byte(`"document": "甲\n"`)) {
		t.Errorf("%s", raw)
	}
}

// FuzzReadGrant: whatever a form holds, the page answers and grants nothing by a preview.
func FuzzReadGrant(f *testing.F) {
	w := newWorld(f)
	b := w.agent(f, "agent", uscc(1))
	f.Add(bankCode, "XZCF", "credit", "30", "1")
	f.Add("", "", "", "-1", "9999999999999999999999")
	f.Fuzz(func(t *testing.T, grantee, item, purpose, days, uses string) {
		r := formRequest("/me/consents", url.Values{"grantee": {grantee}, "item": {item, item}, "purpose": {purpose}, "days": {days}, "uses": {uses}})
		if got := b.do(t, r).Code; got != http.StatusOK && got != http.StatusBadRequest {
			t.Fatalf("%d", got)
		}
	})
}
