package me

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/consent"
	"gongxin/internal/identity"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/web/ui"
)

func httptestGet(path string) *http.Request { return httptest.NewRequest(http.MethodGet, path, nil) }

// TestClaimByDemoCode walks a business from the empty centre to its file.
func TestClaimByDemoCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.open(t, identity.BusinessAccount, "agent")
	wantText(t, b.get(t, "/me", http.StatusOK), "还没有认领企业", "认领企业")
	wantText(t, b.get(t, "/me/claim", http.StatusOK), "还没有提交过", "用演示验证码", "上传营业执照", "64 KB")
	b.get(t, "/me/file", http.StatusForbidden)

	for name, c := range map[string]struct {
		form url.Values
		says string
	}{
		"no code":      {url.Values{"method": {"demo"}, "proof": {"1"}}, "请填写统一社会信用代码"},
		"bad code":     {url.Values{"method": {"demo"}, "code": {"91990102MA"}, "proof": {"1"}}, "18"},
		"unknown firm": {url.Values{"method": {"demo"}, "code": {uscc(77)}, "proof": {"1"}}, "没有找到这个统一社会信用代码的主体"},
		"wrong proof":  {url.Values{"method": {"demo"}, "code": {uscc(1)}, "proof": {"00000000"}}, "验证没有通过"},
		"no method":    {url.Values{"code": {uscc(1)}, "proof": {"1"}}, "没有这种验证方式"},
	} {
		r := b.do(t, formRequest("/me/claim", c.form))
		if r.Code != http.StatusBadRequest && r.Code != http.StatusNotFound || !strings.Contains(text(r.Body.String()), c.says) {
			t.Errorf("%s: %d %s", name, r.Code, text(mainPart(r.Body.String())))
		}
	}
	shown := b.post(t, "/me/claim", url.Values{"method": {"demo"}, "code": {strings.ToLower(uscc(1))}}, http.StatusOK).Body.String()
	code := between(shown, "演示验证码是 ", "<")
	if len(code) != 8 {
		t.Fatalf("the demo shows no code: %s", text(mainPart(shown)))
	}
	before := b.token
	to := b.post(t, "/me/claim", url.Values{"method": {"demo"}, "code": {uscc(1)}, "proof": {code}}, http.StatusSeeOther).Header().Get("Location")
	if b.token == before {
		t.Error("the session keeps its token although it may do more now")
	}
	wantText(t, b.get(t, to, http.StatusOK), "认领已通过", firmName, "信用档案", "谁查过", "我的授权")
	wantText(t, b.get(t, "/me/claim", http.StatusOK), firmName, "已通过", "撤回")
	again := b.post(t, "/me/claim", url.Values{"method": {"demo"}, "code": {uscc(1)}, "proof": {code}}, http.StatusConflict).Body.String()
	wantText(t, again, "没有办成", "已经有一项相同的认领")
}

// TestOwnFileInFull shows every record that is on file, logs each reading before, and every version of a record.
func TestOwnFileInFull(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.agent(t, "agent", uscc(1))
	page := b.get(t, "/me/file", http.StatusOK)
	wantText(t, page, firmName, "社会公开", "授权查询", "部门共享", "已撤回", "只有您自己能看到", "按公示规则不向社会公示", "已记入查询记录", uscc(1))
	all, err := w.records.OfSubject(ctx, record.Query{Subject: w.firm})
	must(t, err)
	if n := strings.Count(page, `<article class="record">`); n != len(all) {
		t.Errorf("%d of %d records are shown", n, len(all))
	}
	for i := range all {
		if !strings.Contains(page, "/me/file/"+all[i].ID.String()) {
			t.Errorf("no way to %s", all[i].Item)
		}
	}
	entry := w.entries(t, w.firm)[0]
	if entry.What != audit.Own || len(entry.Records) != len(all) || !strings.Contains(page, strconv.FormatInt(entry.ID, 10)) {
		t.Errorf("the reading is not on file as it was: %+v", entry)
	}
	wantText(t, b.get(t, "/me/file?item=XZJF", http.StatusOK), "只显示“", "显示全部")
	wantText(t, b.get(t, "/me/file?item=NONE", http.StatusOK), "没有记录")
	b.get(t, "/me/file?cursor=x", http.StatusBadRequest)

	gone := all[slices.IndexFunc(all, func(v record.Version) bool { return v.Status == record.Withdrawn })].ID
	before := len(w.entries(t, w.firm))
	now := b.get(t, "/me/file/"+gone.String(), http.StatusOK)
	wantText(t, now, "已撤回", "第 2 版：撤回", "报错了单位", "第 1 版：报送入库", gone.String())
	lacksText(t, now, "/guide/objection?record=") // nobody else can see it, so no address names it
	old := b.get(t, "/me/file/"+gone.String()+"?version=1", http.StatusOK)
	wantText(t, old, "这是第 1 版，不是现在的内容")
	if n := len(w.entries(t, w.firm)); n != before+2 {
		t.Errorf("two readings, %d entries", n-before)
	}
	b.get(t, "/me/file/"+gone.String()+"?version=3", http.StatusNotFound)
	b.get(t, "/me/file/nonsense", http.StatusNotFound)
	open := all[slices.IndexFunc(all, func(v record.Version) bool { return v.Item == "XZCF" && v.Listed })].ID
	wantText(t, b.get(t, "/me/file/"+open.String(), http.StatusOK), "查看它在公示页面上的样子")
}

// TestResidentSeesOnePerson: name and number in clear for the person, in no address; and a person with nothing on file.
func TestResidentSeesOnePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.resident(t, "zhang")
	page := b.get(t, "/me/file", http.StatusOK)
	wantText(t, page, person, number1, "自然人")
	for _, part := range strings.Split(page, `href="`)[1:] {
		if to, _, _ := strings.Cut(part, `"`); strings.Contains(to, number1) || strings.Contains(to, url.QueryEscape(person)) || strings.Contains(to, "of=") {
			t.Errorf("an address tells too much: %s", to)
		}
	}
	wantText(t, b.get(t, "/me", http.StatusOK), "本人", "张**")
	claims := b.get(t, "/me/claim", http.StatusOK)
	wantText(t, claims, "本人身份", "已通过")
	lacksText(t, claims, "证件号码", "张") // one account, one person: no further form, and no name

	none := w.open(t, identity.ResidentAccount, "nobody")
	proof := identity.DemoCode{Ring: w.ring}.Code(0, w.identity.DocHash(docKind, "990102199001011234"))
	wantText(t, none.get(t, "/me", http.StatusOK), "还没有验证本人身份")
	for name, form := range map[string]url.Values{
		"请选择证件类型":    {"method": {"demo"}, "number": {number1}, "proof": {"1"}},
		"请填写完整的证件号码": {"method": {"demo"}, "kind": {docKind}, "proof": {"1"}},
	} {
		wantText(t, none.post(t, "/me/claim", form, http.StatusBadRequest).Body.String(), name)
	}
	none.post(t, "/me/claim", url.Values{"method": {"demo"}, "kind": {docKind}, "number": {"990102199001011234"}, "proof": {proof}}, http.StatusSeeOther)
	wantText(t, none.get(t, "/me", http.StatusOK), "身份已经验证，目前没有关于您的信用信息")
}

// picture is a small picture as a phone would send it.
func picture(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))))
	return b.Bytes()
}

// TestClaimByLicence takes a picture, keeps it sealed, lets the office decide, and lets the claimant withdraw.
func TestClaimByLicence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.open(t, identity.BusinessAccount, "agent")
	fields := url.Values{"method": {"licence"}, "code": {uscc(1)}}
	for name, c := range map[string]struct {
		content []byte
		says    string
	}{
		"none":        {nil, "请选择证照的照片"},
		"empty":       {[]byte{}, "空的"},
		"program":     {[]byte("MZ\x90\x00这是程序"), "不是照片"},
		"page":        {[]byte("<html><script>alert(1)</script>"), "不是照片"},
		"broken":      {picture(t)[:20], "已损坏"},
		"torn pdf":    {[]byte("%PDF-1.7\n1 0 obj"), "PDF 不完整"},
		"large":       {append(picture(t), make([]byte, 65<<10)...), "文件超过 64 KB"},
		"giant sides": {giant(t), "尺寸不正常"},
	} {
		page := b.want(t, upload(fields, "licence.png", c.content), http.StatusBadRequest).Body.String()
		if !strings.Contains(text(page), c.says) || !strings.Contains(page, `value="`+uscc(1)+`"`) {
			t.Errorf("%s: %s", name, text(mainPart(page)))
		}
	}
	b.want(t, upload(fields, "x.png", make([]byte, 300<<10)), http.StatusRequestEntityTooLarge)
	wantText(t, b.post(t, "/me/claim", fields, http.StatusBadRequest).Body.String(), "请选择证照的照片") // without a file's form

	if to := b.want(t, upload(fields, "licence.png", picture(t)), http.StatusSeeOther).Header().Get("Location"); to != "/me/claim?done=sent" {
		t.Errorf("leads to %q", to)
	}
	wantText(t, b.get(t, "/me/claim?done=sent", http.StatusOK), "材料已经收到", firmName, "审核中")
	wantText(t, b.get(t, "/me", http.StatusOK), "有 1 项认领正在审核", "还没有认领企业")
	list, err := w.identity.Claims(ctx, b.actor(t))
	must(t, err)
	kept, err := w.blobs.Open(list[0].Evidence)
	must(t, err)
	defer func() { _ = kept.Close() }()
	var back bytes.Buffer
	if _, err := back.ReadFrom(kept); err != nil || !bytes.Equal(back.Bytes(), picture(t)) {
		t.Error("what was kept is not what was sent", err)
	}

	path := "/me/claim/" + strconv.FormatInt(list[0].ID, 10) + "/withdraw"
	wantText(t, b.get(t, path, http.StatusOK), "确定撤回", firmName, "审核随即停止")
	b.post(t, path, nil, http.StatusSeeOther)
	wantText(t, b.get(t, "/me/claim?done=ended", http.StatusOK), "已经撤回", "已结束")
	b.post(t, path, nil, http.StatusNotFound)
	b.get(t, path, http.StatusNotFound)

	b.want(t, upload(fields, "licence.png", picture(t)), http.StatusSeeOther)
	b.want(t, upload(fields, "licence.png", picture(t)), http.StatusConflict) // the same again
	list, err = w.identity.Claims(ctx, b.actor(t))
	must(t, err)
	have := map[string]bool{}
	for _, c := range list {
		have[filepath.Base(w.blobs.Path(c.Evidence))] = true
	}
	must(t, filepath.WalkDir(filepath.Dir(filepath.Dir(filepath.Dir(w.blobs.Path(list[0].Evidence)))), func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && !have[e.Name()] {
			t.Errorf("a picture of no claim stays: %s", e.Name())
		}
		return err
	}))
	must(t, err)
	office := authz.Actor{ID: 950, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.OfficeOperator}}}
	must(t, w.identity.DecideClaim(ctx, office, list[0].ID, false, "照片看不清，请重拍"))
	wantText(t, b.get(t, "/me/claim", http.StatusOK), "未通过", "照片看不清，请重拍")
}

// giant is the head of a picture that would open to more pixels than anyone can look at.
func giant(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, maxSide+1, 1))))
	return b.Bytes()
}

// TestWithdrawnClaimClosesTheFile: whoever gives up a claim sees nothing of the business any more; its consents stand.
func TestWithdrawnClaimClosesTheFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.agent(t, "agent", uscc(1))
	list, err := w.identity.Claims(ctx, b.actor(t))
	must(t, err)
	path := "/me/claim/" + strconv.FormatInt(list[0].ID, 10) + "/withdraw"
	wantText(t, b.get(t, path, http.StatusOK), "已经给出的授权继续有效")
	b.post(t, path, nil, http.StatusSeeOther)
	b.get(t, "/me/file", http.StatusForbidden)
	wantText(t, b.get(t, "/me", http.StatusOK), "还没有认领企业")
}

// TestLawfulDelayNeverDrops hides a look-up as long as the order says, and shows it afterwards with the law it was hidden on.
func TestLawfulDelayNeverDrops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.agent(t, "agent", uscc(1))
	until := today.Add(10 * 24 * time.Hour)
	_, err := w.log.OrderSecrecy(ctx, audit.Order{Agency: w.unit.ID, Subject: w.firm, Basis: "《中华人民共和国监察法》第十八条", Until: until, By: audit.Who{Kind: "account", ID: 7}})
	must(t, err)
	look := publish.Ask{Who: w.officer(), Subject: publish.Whom{Code: uscc(1)}, Purpose: publish.Purpose{Matter: w.matter(t)}}
	_, err = w.publish.Disclose(ctx, look)
	must(t, err)
	page := b.get(t, "/me/looked", http.StatusOK)
	wantText(t, page, "还没有别的单位查询过", "只能延迟，不能不显示")
	lacksText(t, mainPart(page), "市场监督管理局")
	w.clock.Set(until)
	s, err := w.identity.SignIn(ctx, identity.Attempt{Login: b.login, Password: password})
	must(t, err)
	b.token = s.Token
	page = b.get(t, "/me/looked", http.StatusOK)
	wantText(t, page, "临溪市市场监督管理局", "办理“食品经营许可”", "《山东省社会信用条例》第二十条", "依法延迟到 2026-11-28 10:00 才显示", "《中华人民共和国监察法》第十八条", "2026-11-18 10:00")
	lacksText(t, mainPart(page), "account:") // the officer stays with the auditor
}

// TestLookedLists tells own look-ups from others', and leads to the records in the versions that were seen.
func TestLookedLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.agent(t, "agent", uscc(1))
	b.get(t, "/me/file", http.StatusOK)
	wantText(t, b.get(t, "/me/looked", http.StatusOK), "还没有别的单位查询过")
	wantText(t, b.get(t, "/me/looked?who=all", http.StatusOK), "您自己", "查看本人档案")
	other := w.agent(t, "colleague", uscc(1))
	wantText(t, other.get(t, "/me/looked?who=all", http.StatusOK), "企业的另一位代理人")
	key := w.officer()
	key.Kind = authz.Key
	_, err := w.publish.Disclose(ctx, publish.Ask{Who: key, Subject: publish.Whom{Code: uscc(1)}, Purpose: publish.Purpose{Matter: w.matter(t)}, Items: []catalog.ItemCode{"XZBC"}})
	must(t, err)
	page := b.get(t, "/me/looked", http.StatusOK)
	item, _ := catalog.Default().Item("XZBC")
	wantText(t, page, "通过程序接口", item.Name+" 1 条", "第 1 版")
	to := strings.ReplaceAll(between(page, `points small"><li><a href="`, `"`), "&amp;", "&")
	wantText(t, b.get(t, to, http.StatusOK), item.Name)
	b.get(t, "/me/looked?cursor=x", http.StatusBadRequest)
}

// fakeLooks is a long list in which one look-up in so many is by somebody else.
type fakeLooks struct{ n, every int }

func (f fakeLooks) OfSubject(_ context.Context, subject int64, cursor string, limit int) ([]audit.Access, string, error) {
	at, _ := strconv.Atoi(cursor)
	var out []audit.Access
	for ; at < f.n && len(out) < limit; at++ {
		e := audit.Access{ID: int64(at), At: today, Subject: subject, What: audit.Own, Outcome: audit.Answered, Who: audit.Who{Kind: "account"}}
		if at%f.every == f.every-1 {
			e.What, e.Basis = "subject", "第"+strconv.Itoa(at)+"次"
		}
		out = append(out, e)
	}
	if at < f.n {
		return out, strconv.Itoa(at), nil
	}
	return out, "", nil
}

// TestLookedPagesLoseNothing leads through long lists: every look-up by others is on exactly one page, however many own ones stand between.
func TestLookedPagesLoseNothing(t *testing.T) {
	t.Parallel()
	for _, every := range []int{1, 3, 10, 100} {
		w := newWorld(t, func(d *Deps) { d.Looks = fakeLooks{1234, every} })
		b := w.agent(t, "agent", uscc(1))
		var seen []string
		path, pages := "/me/looked", 0
		for path != "" && pages < 100 {
			page := b.get(t, path, http.StatusOK)
			for _, part := range strings.Split(page, "依据：第")[1:] {
				n, _, _ := strings.Cut(part, "次")
				seen = append(seen, n)
			}
			path = strings.ReplaceAll(between(page, `rel="next" href="`, `"`), "&amp;", "&")
			pages++
		}
		if len(seen) != 1234/every || len(slices.Compact(slices.Clone(seen))) != len(seen) {
			t.Errorf("one in %d: %d look-ups on %d pages, want %d: %v", every, len(seen), pages, 1234/every, seen)
		}
		all := b.get(t, "/me/looked?who=all", http.StatusOK)
		if n := strings.Count(all, "企业的另一位代理人"); n != looksShown-looksShown/every {
			t.Errorf("one in %d: %d own look-ups among the newest twenty", every, n)
		}
	}
}

// TestSeveralFirms switches between the firms of one agent, and stays with the one that was chosen.
func TestSeveralFirms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.agent(t, "agent", uscc(1), uscc(2))
	of := "of=" + strconv.FormatInt(w.second, 10)
	page := b.get(t, "/me", http.StatusOK)
	wantText(t, page, firmName, "临溪市第二食品有限公司", "您代理 2 家企业")
	if !strings.Contains(page, "/me?"+of) {
		t.Error("no way to the second firm")
	}
	second := b.get(t, "/me/file?"+of, http.StatusOK)
	wantText(t, second, "平台没有关于您的记录", uscc(2))
	if !strings.Contains(second, "/me/looked?"+of) {
		t.Error("the other pages are about the first firm again")
	}
	k, _, err := w.consents.Grant(ctx, b.actor(t), consent.Terms{Subject: w.firm, Grantee: bankCode, Items: []catalog.ItemCode{"XZCF"}, Purpose: "credit"})
	must(t, err)
	path := "/me/consents/" + strconv.FormatInt(k.ID, 10)
	b.get(t, path+"?"+of, http.StatusNotFound) // it is the first firm's
	b.post(t, path+"/revoke?"+of, nil, http.StatusNotFound)
	b.get(t, path, http.StatusOK)
	b.get(t, "/me/file/"+mustRecord(t, w, w.firm)+"?"+of, http.StatusNotFound)
}

// TestOfferedMethods offers what the installation knows and no more.
func TestOfferedMethods(t *testing.T) {
	t.Parallel()
	none := newWorld(t, func(d *Deps) { d.Methods, d.Settings = nil, ui.Link{} })
	page := none.open(t, identity.BusinessAccount, "agent").get(t, "/me/claim", http.StatusOK)
	wantText(t, page, "这里没有开通网上认领")
	lacksText(t, page, "<form class=\"stack")
	unified := newWorld(t, func(d *Deps) {
		d.Methods, d.Evidence, d.DemoCode = []string{"licence", "other"}, nil, nil
		d.Unified = []ui.Link{{Href: "/sign-in/oidc/linxi", Label: "临溪统一身份"}}
	})
	zhang := unified.open(t, identity.ResidentAccount, "zhang")
	r := upload(url.Values{"method": {"licence"}, "kind": {docKind}, "number": {number1}}, "a.png", picture(t))
	wantText(t, zhang.want(t, r, http.StatusBadRequest).Body.String(), "没有这种验证方式")
	page = zhang.get(t, "/me/claim", http.StatusOK)
	wantText(t, page, "用统一身份认证", "临溪统一身份")
	lacksText(t, page, "上传身份证件") // nothing would keep the picture
	quiet := newWorld(t, func(d *Deps) { d.DemoCode = nil })
	b := quiet.open(t, identity.BusinessAccount, "agent")
	page = b.post(t, "/me/claim", url.Values{"method": {"demo"}, "code": {uscc(1)}}, http.StatusBadRequest).Body.String()
	wantText(t, page, "请填写验证码")
}

// TestStaffLearnWhatThisIs: a staff account has no business here and is told so.
func TestStaffLearnWhatThisIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.open(t, identity.StaffAccount, "clerk", authz.Grant{Role: authz.WindowOfficer, Agency: w.unit.ID})
	wantText(t, b.get(t, "/me", http.StatusOK), "这里是企业和居民的个人中心", "到工作台")
	wantText(t, b.get(t, "/me/claim", http.StatusOK), "工作账号不能认领")
	wantText(t, b.post(t, "/me/claim", url.Values{"method": {"demo"}, "code": {uscc(1)}, "proof": {"1"}}, http.StatusForbidden).Body.String(), "工作账号")
}

// TestNobodyElses walks every route with another's subject, record, consent and claim, by everyone who is not theirs.
func TestNobodyElses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	zhang, agent := w.resident(t, "zhang"), w.agent(t, "agent", uscc(1))
	other := w.agent(t, "other", uscc(2))
	visitor := &browser{w: w}
	clerk := w.open(t, identity.StaffAccount, "clerk", authz.Grant{Role: authz.WindowOfficer, Agency: w.unit.ID})
	theirs := map[int64]struct {
		owner   *browser
		secrets []string
	}{
		w.human: {zhang, []string{person, number1, "张**"}}, w.firm: {agent, []string{firmName, uscc(1)}},
	}
	covered := map[string]bool{}
	for about, x := range theirs {
		k, _, err := w.consents.Grant(ctx, x.owner.actor(t), consent.Terms{Subject: about, Grantee: bankCode, Items: []catalog.ItemCode{"XZCF"}, Purpose: "credit"})
		must(t, err)
		claims, err := w.identity.Claims(ctx, x.owner.actor(t))
		must(t, err)
		records, err := w.records.OfSubject(ctx, record.Query{Subject: about, Limit: 1})
		must(t, err)
		had, _, err := w.consents.OfSubject(ctx, x.owner.actor(t), about, "", 100)
		must(t, err)
		strangers := []*browser{other, visitor, clerk, zhang, agent}
		strangers = slices.DeleteFunc(strangers, func(b *browser) bool { return b == x.owner })
		for _, b := range strangers {
			for _, route := range w.rt.Routes() {
				method, path, _ := strings.Cut(route.Pattern, " ")
				if !strings.HasPrefix(path, "/me") {
					continue
				}
				covered[route.Pattern] = true
				id := strconv.FormatInt(k.ID, 10)
				if strings.HasPrefix(path, "/me/claim") {
					id = strconv.FormatInt(claims[0].ID, 10)
				}
				path = strings.NewReplacer("{record}", records[0].ID.String(), "{id}", id).Replace(path)
				for _, query := range []string{"", "?of=" + strconv.FormatInt(about, 10)} {
					r := httptestGet(path + query)
					if method == http.MethodPost {
						r = formRequest(path+query, terms("step", "grant"))
					}
					before := len(w.entries(t, about))
					page := b.do(t, r)
					reached := page.Code < 300 && (strings.Contains(path, id) || strings.Contains(path, records[0].ID.String()) || query != "")
					if reached && !strings.HasPrefix(path, "/me/claim") { // the page of claims is the caller's own whatever the address says
						t.Errorf("%s by %s: %d", r.Method+" "+r.URL.String(), b.login, page.Code)
					}
					lacksText(t, mainPart(page.Body.String()), x.secrets...)
					if n := len(w.entries(t, about)); n != before {
						t.Errorf("%s by %s: an answer about somebody else is on file", r.Method+" "+r.URL.String(), b.login)
					}
				}
			}
		}
		got, _, err := w.consents.Get(ctx, x.owner.actor(t), k.ID)
		if err != nil || got.State(w.clock.Now()) != consent.Live {
			t.Errorf("a stranger revoked it: %v", err)
		}
		if after, _ := w.identity.Claims(ctx, x.owner.actor(t)); after[0].State != identity.ClaimApproved {
			t.Error("a stranger withdrew the claim")
		}
		if list, _, err := w.consents.OfSubject(ctx, x.owner.actor(t), about, "", 100); err != nil || len(list) != len(had) {
			t.Errorf("a stranger consented for subject %d", about)
		}
	}
	if len(covered) != 18 {
		t.Errorf("%d routes walked: %v", len(covered), covered)
	}
	r := other.do(t, httptestGet("/me/file/"+mustRecord(t, w, w.human)))
	if r.Code != http.StatusNotFound {
		t.Errorf("another's record: %d", r.Code)
	}
	if e := w.entries(t, w.second)[0]; e.Outcome != audit.Refused || e.Missing != string(publish.MissingRecord) {
		t.Errorf("asking for another's record leaves no trace: %+v", e)
	}
}

func mustRecord(t testing.TB, w *world, about int64) string {
	t.Helper()
	list, err := w.records.OfSubject(ctx, record.Query{Subject: about, Limit: 1})
	must(t, err)
	return list[0].ID.String()
}

// TestNoNumberReachesAnother tries numbers: none but the own opens anything, and what exists answers like what does not.
func TestNoNumberReachesAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.agent(t, "agent", uscc(2))
	rapid.Check(t, func(r *rapid.T) {
		of := rapid.OneOf(
			rapid.Map(rapid.Int64(), func(n int64) string { return strconv.FormatInt(n, 10) }),
			rapid.SampledFrom([]string{strconv.FormatInt(w.firm, 10), strconv.FormatInt(w.human, 10), "0", "-1", " 1", "1e3", "９"}),
		).Draw(r, "of")
		path := rapid.SampledFrom([]string{"/me", "/me/file", "/me/looked", "/me/consents", "/me/consents/new"}).Draw(r, "path")
		if of == strconv.FormatInt(w.second, 10) {
			return
		}
		page := b.do(t, httptestGet(path+"?of="+url.QueryEscape(of)))
		if page.Code != http.StatusForbidden && page.Code != http.StatusNotFound {
			r.Fatalf("%s?of=%s: %d", path, of, page.Code)
		}
	})
}

// TestVisibleTo says of a record in each state who can see it.
func TestVisibleTo(t *testing.T) {
	t.Parallel()
	day := clock.Date(20261118)
	firm, human := catalog.LegalEntity, catalog.Person
	for _, c := range []struct {
		v    publish.RecordView
		kind catalog.SubjectKind
		says string
		none bool // the publicity rules do not show it
	}{
		{publish.RecordView{Status: "withdrawn", Class: "A"}, firm, "只有您自己", false},
		{publish.RecordView{Status: "active", Class: "C"}, firm, "部门之间共享", false},
		{publish.RecordView{Status: "active", Class: "B"}, firm, "经您授权", false},
		{publish.RecordView{Status: "active", Class: "A", PublicFrom: 20260101}, human, "自然人", true},
		{publish.RecordView{Status: "active", Class: "A"}, firm, "不向社会公示", true},
		{publish.RecordView{Status: "active", Class: "A", PublicFrom: 20261119}, firm, "自 2026-11-19 起", true},
		{publish.RecordView{Status: "active", Class: "A", PublicFrom: 20260101}, firm, "没有截止日期", false},
		{publish.RecordView{Status: "active", Class: "A", PublicFrom: 20260101}, firm, "不向社会公示", true},
		{publish.RecordView{Status: "active", Class: "A", PublicFrom: 20260101, PublicUntil: 20261119}, firm, "不向社会公示", true},
		{publish.RecordView{Status: "active", Class: "A", PublicFrom: 20260101, PublicUntil: 20261118}, firm, "公示期已满", true},
		{publish.RecordView{Status: "active", Class: "A", PublicFrom: 20260101, PublicUntil: 20261119}, firm, "到 2026-11-18（含当日）为止", false},
	} {
		if got := visibleTo(&c.v, c.kind, day, !c.none); !strings.Contains(got, c.says) {
			t.Errorf("%+v: %s, want %s", c.v, got, c.says)
		}
	}
}

// TestPagesAreLight keeps every page within what a phone can carry, and without script or style of its own.
func TestPagesAreLight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.agent(t, "agent", uscc(1))
	for _, path := range []string{"/me", "/me/claim", "/me/file", "/me/looked?who=all", "/me/consents", "/me/consents/new"} {
		page := b.get(t, path, http.StatusOK)
		body := mainPart(page)
		if strings.Contains(body, "<script") || strings.Contains(body, "<style") || strings.Contains(body, ` style="`) || strings.Contains(body, " onclick") {
			t.Errorf("%s carries script or style of its own", path)
		}
		if strings.Count(page, "<h1") != 1 {
			t.Errorf("%s has %d headings of the first rank", path, strings.Count(page, "<h1"))
		}
		r := httptestGet(path)
		r.Header.Set("Accept-Encoding", "gzip")
		if n := b.do(t, r).Body.Len(); n > 150<<10 {
			t.Errorf("%s is %d bytes over the wire", path, n)
		}
	}
}

// FuzzCheckEvidence: no content makes the look at it panic, and nothing passes but pictures and PDF within the bound.
func FuzzCheckEvidence(f *testing.F) {
	f.Add(picture(f))
	f.Add([]byte("%PDF-1.4\n%%EOF"))
	f.Add([]byte("\xff\xd8\xff"))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		if checkEvidence(data, 4096) != "" {
			return
		}
		kind := http.DetectContentType(data)
		if len(data) == 0 || len(data) > 4096 || kind != "image/png" && kind != "image/jpeg" && kind != "application/pdf" {
			t.Fatalf("%d bytes of %s pass", len(data), kind)
		}
	})
}

// BenchmarkOwnFile measures the whole answer: the reading, its entry, the page.
func BenchmarkOwnFile(b *testing.B) {
	w := newWorld(b)
	who := w.agent(b, "agent", uscc(1))
	b.ReportAllocs()
	for b.Loop() {
		who.do(b, httptestGet("/me/file"))
	}
}
