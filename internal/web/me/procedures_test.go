package me

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/flow"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/notice"
	"gongxin/internal/objection"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/repair"
)

// procedures are the parts of repair and objection over the real services, in a centre of their own.
type procedures struct {
	*world
	early string // a penalty of the second firm whose earliest day is to come
	ripe  string // one that can be repaired now
}

// silent tells nobody, and keeps no lists.
type silent struct{}

func (silent) Send(context.Context, *db.Tx, notice.Notice) error { return nil }

func (silent) Of(context.Context, db.Querier, int64) ([]repair.Entry, error) { return nil, nil }

func (silent) Remove(context.Context, *db.Tx, int64, repair.Removal) error { return repair.ErrTarget }

func newProcedures(t *testing.T) *procedures {
	t.Helper()
	w := newWorld(t)
	ids, divisions, calendar := id.NewMaker(w.clock.Now), ident.DefaultDivisions(), clock.DefaultCalendar()
	editions, err := catalog.NewStore(catalog.Default())
	must(t, err)
	agencies, authority := agency.NewStore(w.db, ids, w.clock, divisions), authz.New(divisions)
	repairRules, err := repair.NewBook(w.db, w.clock, nil)
	must(t, err)
	objectionRules, err := objection.NewBook(w.db, w.clock)
	must(t, err)
	of := map[string]func(string, clock.Date) (int, flow.Unit, error){"repair": repair.Periods(repairRules), "objection": objection.Periods(objectionRules)}
	engine := flow.New(flow.Config{
		DB: w.db, IDs: ids, Clock: w.clock, Calendar: calendar, Log: w.log, Files: w.blobs,
		Periods: func(key string, on clock.Date) (int, flow.Unit, error) {
			kind, _, _ := strings.Cut(key, ".")
			return of[kind](key, on)
		},
		Who:      func(ctx context.Context) audit.Who { return authz.From(ctx).Who(0) },
		AsSystem: func(ctx context.Context) context.Context { return authz.With(ctx, authz.SystemActor("flow")) },
		May: func(ctx context.Context, action string, c *flow.Case) error {
			author := authz.AuthorOf(c.Author)
			return authority.Decide(authz.From(ctx), authz.Action(action), authz.Scope{Agency: c.Agency, Region: c.Region, Subject: c.Subject, Author: author, Account: max(author, 0)}).Err()
		},
	})
	for _, table := range []flow.Table{repair.Table(repairRules.Today().Clocks), repair.BreachTable(), repair.ShieldTable()} {
		must(t, engine.Register(table, flow.Hooks{}))
	}
	repairs := repair.New(repair.Config{
		DB: w.db, IDs: ids, Clock: w.clock, Calendar: calendar, Rules: repairRules, Records: w.records, Files: w.publish, Lists: silent{}, Subjects: w.subjects, Agencies: agencies, Editions: editions,
		Authority: authority, Flow: engine, Notices: silent{}, Acts: w.log, Key: w.key, City: "临溪市",
	})
	objecting := objection.New(objection.Config{
		DB: w.db, IDs: ids, Clock: w.clock, Calendar: calendar, Rules: objectionRules, Records: w.records, Agencies: agencies, Authority: authority, Flow: engine, Notices: silent{},
		ItemName: func(catalog.ItemCode) string { return "行政处罚" },
	})
	must(t, engine.Register(objection.Table(), objecting.Hooks()))
	deps := w.centre.Deps
	deps.Parts = []Part{
		Repairs(RepairDeps{Repairs: repairs, Cases: engine, DB: w.db, Looks: publish.Looks{DB: w.db, Log: w.log, Clock: w.clock}}),
		Objections(ObjectionDeps{Objections: objecting, Rules: objectionRules, Cases: engine, DB: w.db, Calendar: calendar, Looks: publish.Looks{DB: w.db, Log: w.log, Clock: w.clock}}),
	}
	w.rt = w.centre.site.Router()
	w.centre.site.Mount(w.rt)
	w.centre = New(deps)
	w.centre.Routes(w.rt)
	w.Handler = w.centre.site.Wrap(w.rt)
	penalty, _ := catalog.Default().Item("XZCF")
	p := &procedures{world: w}
	for _, x := range []struct {
		to  *string
		key string
		on  clock.Date
	}{{&p.early, "临市监罚〔2026〕8号", 20261110}, {&p.ripe, "临市监罚〔2026〕9号", 20260302}} {
		d := w.draft(penalty, w.second, x.key, func(d *record.Draft) {
			d.DecidedOn, d.PublicFrom, d.PublicUntil, d.Procedure, d.Severity, d.RuleSet = x.on, x.on, x.on.AddMonths(12), record.Ordinary, record.Moderate, "order36"
		})
		must(t, w.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, made, err := w.records.Apply(ctx, tx, []record.Draft{d}, record.Change{At: w.clock.Now().Add(-1), Actor: "test"})
			if err == nil {
				*x.to = made[0].String()
			}
			return err
		}))
	}
	return p
}

// multi makes the request of a form, with a file when there is content.
func multi(t *testing.T, path string, form url.Values, content string) *http.Request {
	t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for name, list := range form {
		for _, value := range list {
			must(t, m.WriteField(name, value))
		}
	}
	if content != "" {
		out, err := m.CreateFormFile("file", "凭证.pdf")
		must(t, err)
		_, err = out.Write([]byte(content))
		must(t, err)
	}
	must(t, m.Close())
	r := httptest.NewRequest(http.MethodPost, path, &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return r
}

const repaired = "罚款已经缴清，<script>alert(1)</script>并通过验收"

var pickOf = regexp.MustCompile(`name="pick" value="([^"]+)"`)

var seenOf = regexp.MustCompile(`name="seen" value="([0-9]+)"`)

// A draft is kept as it was typed, gone on with, and signed; before its earliest day a record is not applied for, and the day is named.
func TestRepairDraft(t *testing.T) {
	t.Parallel()
	w := newProcedures(t)
	b := w.agent(t, "agent2", uscc(2))
	overview := b.get(t, "/me/repairs", http.StatusOK)
	wantText(t, overview, "现在可以申请", "以后可以申请", "2027-02-10", "2026-06-02")
	form := b.get(t, "/me/repairs/forms/new", http.StatusOK)
	picks := pickOf.FindAllStringSubmatch(form, -1)
	if len(picks) != 1 || !strings.Contains(picks[0][1], w.ripe) {
		t.Fatalf("the form offers %v", picks)
	}
	pick := picks[0][1]
	before := strings.Replace(pick, w.ripe, w.early, 1)
	for name, x := range map[string]struct {
		form   url.Values
		status int
		words  string
	}{
		"before its day": {url.Values{"pick": {before}, "statement": {repaired}}, http.StatusForbidden, "2027-02-10"},
		"nothing chosen": {url.Values{"statement": {repaired}}, http.StatusBadRequest, "没有选择失信信息"},
		"nothing said":   {url.Values{"pick": {pick}}, http.StatusBadRequest, "情况说明应为 5 至 1000 字"},
		"another's":      {url.Values{"pick": {strings.Replace(pick, w.ripe, mustRecord(t, w.world, w.firm), 1)}, "statement": {repaired}}, http.StatusNotFound, "不属于您认领的主体"},
	} {
		page := b.want(t, multi(t, "/me/repairs/forms/new", x.form, ""), x.status).Body.String()
		wantText(t, page, x.words)
		if strings.Contains(page, "<script>alert(1)") || x.form.Get("statement") != "" && !strings.Contains(page, "&lt;script&gt;alert(1)") {
			t.Errorf("%s: what was typed is lost, or not escaped", name)
		}
		if beside := strings.Contains(page, `id="statement-fault"`); beside != (name == "nothing said") {
			t.Errorf("%s: a fault beside the account: %t", name, beside)
		}
	}
	saved := b.want(t, multi(t, "/me/repairs/forms/new", url.Values{"pick": {pick}, "statement": {repaired}}, "%PDF-1.7\n1 0 obj\n"), http.StatusSeeOther).Header().Get("Location")
	at, query, _ := strings.Cut(saved, "?")
	if query != "" {
		query = "?" + query
	}
	letter := b.get(t, saved, http.StatusOK)
	wantText(t, letter, "签署承诺书", "临溪市第二食品有限公司")
	wantText(t, b.get(t, "/me/repairs", http.StatusOK), "我的申请", "草稿")
	edit := b.get(t, at+"/edit"+query, http.StatusOK)
	if !strings.Contains(edit, "&lt;script&gt;alert(1)") || strings.Contains(edit, "<script>alert(1)") {
		t.Errorf("the draft is not gone on with: %s", text(edit))
	}
	b.want(t, multi(t, at+"/edit"+query, url.Values{"pick": {pick}, "statement": {"罚款已经缴清，设备已经更换"}}, ""), http.StatusSeeOther)
	wantText(t, b.get(t, at+"/edit"+query, http.StatusOK), "罚款已经缴清，设备已经更换")
	seen := seenOf.FindStringSubmatch(b.get(t, at+query, http.StatusOK))
	if len(seen) != 2 {
		t.Fatal("the letter does not say which draft it is of")
	}
	wantText(t, b.post(t, at+"/send"+query, url.Values{"seen": {seen[1]}}, http.StatusBadRequest).Body.String(), "没有签署信用修复承诺书")
	b.post(t, at+"/send"+query, url.Values{"seen": {seen[1]}, "agree": {"1"}}, http.StatusSeeOther)
	sent := b.get(t, at+query, http.StatusOK)
	wantText(t, sent, "已推送，待受理")
	wantText(t, b.get(t, at+"/edit"+query, http.StatusConflict), "已经提交，不能再修改")
	wantText(t, b.want(t, multi(t, at+"/edit"+query, url.Values{"pick": {pick}, "statement": {"再改一改说明"}}, ""), http.StatusConflict).Body.String(), "已经提交，不能再修改")
	link := regexp.MustCompile(`/me/repairs/cases/[0-9]+`).FindString(sent)
	wantText(t, b.get(t, link, http.StatusOK), "信用修复的办理进展", "提交修复申请")
	// Whoever is not of the firm reads none of it, and takes no step.
	for name, who := range map[string]*browser{"another firm": w.agent(t, "agent1", uscc(1)), "a resident": w.resident(t, "resident1")} {
		for _, path := range []string{at, at + "/edit", at + "/letter.json", link} {
			if res := who.do(t, httptestGet(path)); res.Code != http.StatusNotFound || strings.Contains(res.Body.String(), "第二食品") {
				t.Errorf("%s reads %s: %d", name, path, res.Code)
			}
		}
		for _, path := range []string{at + "/send", at + "/drop", at + "/edit", link + "/withdraw", link + "/supply"} {
			if res := who.do(t, formRequest(path, url.Values{"reason": {"不修复了"}, "agree": {"1"}})); res.Code != http.StatusNotFound {
				t.Errorf("%s takes %s: %d", name, path, res.Code)
			}
		}
		who.get(t, "/me/repairs/cases/99", http.StatusNotFound)
		who.get(t, "/me/repairs?of="+strconv.FormatInt(w.second, 10), http.StatusNotFound)
	}
	wantText(t, b.get(t, link, http.StatusOK), "已推送，待受理")
}

// TestReminders: whoever acts for the firm switches the reminders off and on again.
func TestReminders(t *testing.T) {
	t.Parallel()
	w := newProcedures(t)
	b := w.agent(t, "agent9", uscc(2))
	wantText(t, b.get(t, "/me/repairs", http.StatusOK), "关闭到期提醒", "到期会通知您")
	b.post(t, "/me/repairs/reminders", url.Values{"off": {"1"}}, http.StatusSeeOther)
	wantText(t, b.get(t, "/me/repairs?done=quiet", http.StatusOK), "到期提醒已经关闭", "重新打开到期提醒", "请自己留意日期")
	b.post(t, "/me/repairs/reminders", url.Values{}, http.StatusSeeOther)
	wantText(t, b.get(t, "/me/repairs", http.StatusOK), "关闭到期提醒")
}

// An objection is kept half-written, gone on with and handed in; it is its subject's alone.
func TestObjectionDraft(t *testing.T) {
	t.Parallel()
	w := newProcedures(t)
	b := w.agent(t, "agent2", uscc(2))
	const form = "/me/objections/new"
	wantText(t, b.get(t, "/me/objections", http.StatusOK), "还没有提出过异议")
	wantText(t, b.get(t, form+"?record="+w.ripe, http.StatusOK), "希望怎么处理", "公示至 2027-03-01（含当日）", "最迟 2026-11-23 答复您", "最迟 2026-11-27")
	typed := url.Values{"record": {w.ripe}, "want": {"record correct"}, "text": {"金额<script>alert(1)</script>"}}
	save := url.Values{"save": {"1"}}
	for name, list := range typed {
		save[name] = list
	}
	saved := b.post(t, form, save, http.StatusSeeOther).Header().Get("Location")
	page := b.get(t, saved, http.StatusOK)
	wantText(t, page, "草稿已经保存", "还没有提交")
	if strings.Contains(page, "<script>alert(1)") || !strings.Contains(page, "金额&lt;script&gt;alert(1)") {
		t.Errorf("the draft is lost, or not escaped: %s", text(page))
	}
	wantText(t, b.get(t, "/me/objections", http.StatusOK), "还没有提交的草稿", "继续填写：信息内容")
	// An attachment is kept with the draft, shown when its author comes back, also after a form was refused, and let go when the tick is taken away.
	r := multi(t, form, save, "%PDF-1.7\n1 0 obj\n")
	if res := b.want(t, r, http.StatusSeeOther); res.Header().Get("Location") == "" {
		t.Error("the draft with a file leads nowhere")
	}
	page = b.get(t, form+"?record="+w.ripe, http.StatusOK)
	wantText(t, page, "已经上传的材料", "异议材料（PDF，1 KB，2026-11-")
	kept := regexp.MustCompile(`name="kept" value="([0-9a-f]+)"`).FindStringSubmatch(page)
	if len(kept) != 2 {
		t.Fatalf("the form does not hold the file: %s", text(page))
	}
	bad := url.Values{"record": {w.ripe}, "want": {"record correct"}, "text": {"错"}, "kept": {kept[1]}}
	refused := b.post(t, form, bad, http.StatusBadRequest).Body.String()
	wantText(t, refused, "已经上传的材料", "异议材料（PDF")
	if !strings.Contains(refused, `id="text-fault"`) || strings.Contains(refused, `id="want-fault"`) {
		t.Errorf("the fault does not stand beside the field that it is about: %s", text(refused))
	}
	b.post(t, form, save, http.StatusSeeOther)
	if page := b.get(t, form+"?record="+w.ripe, http.StatusOK); strings.Contains(page, "已经上传的材料") {
		t.Error("a file that was let go is still there")
	}
	save["kept"] = []string{kept[1]}
	b.post(t, form, save, http.StatusSeeOther)
	// Nobody else has the draft, though they object to a record of the same firm.
	if page := w.agent(t, "agent3", uscc(2)).get(t, form+"?record="+w.ripe, http.StatusOK); strings.Contains(page, "alert(1)") {
		t.Error("another account reads the draft")
	}
	draft := regexp.MustCompile(`name="draft" value="([0-9]+)"`).FindStringSubmatch(page)
	if len(draft) != 2 || draft[1] == "0" {
		t.Fatalf("the form does not say which draft it is: %v", draft)
	}
	typed.Set("draft", draft[1])
	for name, x := range map[string]struct {
		change url.Values
		status int
		words  string
	}{
		"too short":       {url.Values{"text": {"错"}}, http.StatusBadRequest, "请写明哪里有误"},
		"nothing wanted":  {url.Values{"want": {""}}, http.StatusBadRequest, "没有选择希望怎么处理"},
		"another's":       {url.Values{"record": {mustRecord(t, w.world, w.firm)}}, http.StatusNotFound, "没有"},
		"a person's code": {url.Values{"text": {"当事人 " + number1 + " 有误"}}, http.StatusBadRequest, "身份证件号码"},
	} {
		bad := url.Values{}
		for field, list := range typed {
			bad[field] = list
		}
		for field, list := range x.change {
			bad[field] = list
		}
		t.Run(name, func(t *testing.T) { wantText(t, b.post(t, form, bad, x.status).Body.String(), x.words) })
	}
	typed.Set("text", "金额有误，应为一千元")
	link := b.post(t, form, typed, http.StatusSeeOther).Header().Get("Location")
	wantText(t, b.get(t, link, http.StatusOK), "异议已经提交", "已提交，待形式审查", "金额有误，应为一千元")
	lacksText(t, b.get(t, "/me/objections", http.StatusOK), "还没有提交的草稿")
	wantText(t, b.post(t, form, url.Values{"record": typed["record"], "want": typed["want"], "text": typed["text"]}, http.StatusConflict).Body.String(), "已经有一件在办的异议")
	at, _, _ := strings.Cut(link, "?")
	for name, who := range map[string]*browser{"another firm": w.agent(t, "agent1", uscc(1)), "a resident": w.resident(t, "resident1")} {
		res := who.do(t, httptestGet(at))
		if res.Code != http.StatusNotFound || strings.Contains(res.Body.String(), "一千元") {
			t.Errorf("%s reads the objection: %d", name, res.Code)
		}
		for _, step := range []string{"supplement", "withdraw", "appeal"} {
			if res := who.do(t, formRequest(at+"/"+step, url.Values{"reason": {"不同意"}})); res.Code != http.StatusNotFound {
				t.Errorf("%s takes %s: %d", name, step, res.Code)
			}
		}
		who.get(t, "/me/objections/99", http.StatusNotFound)
		who.get(t, form+"?record="+w.ripe, http.StatusNotFound)
	}
	b.post(t, at+"/withdraw", url.Values{}, http.StatusSeeOther)
	wantText(t, b.get(t, at, http.StatusOK), "已撤回")
}
