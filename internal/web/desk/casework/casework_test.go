package casework

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/flow"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/identity"
	"gongxin/internal/web/desk/desktest"
)

type units struct{}

func (units) List(context.Context) ([]agency.Agency, error) {
	return []agency.Agency{{ID: 3, Name: "临溪市生态环境局"}, {ID: 4, Name: "临溪市住房和城乡建设局"}}, nil
}

// staff is who works where.
type staff []identity.Colleague

func (s staff) Staff(_ context.Context, unit int64) (out []identity.Colleague, _ error) {
	for _, c := range s {
		if c.Active && slices.ContainsFunc(c.Grants, func(g authz.Grant) bool { return g.Agency == unit }) {
			out = append(out, c)
		}
	}
	return out, nil
}

func (s staff) Colleagues(_ context.Context, ids []int64) (map[int64]identity.Colleague, error) {
	out := map[int64]identity.Colleague{}
	for _, c := range s {
		if slices.Contains(ids, c.ID) {
			out[c.ID] = c
		}
	}
	return out, nil
}

func reviews(unit int64) []authz.Grant {
	return []authz.Grant{{Role: authz.Reviewer, Agency: unit}}
}

var people = staff{
	{ID: 11, Name: "李复核", Active: true, Grants: reviews(3)},
	{ID: 12, Name: "王离岗", Active: false, Grants: reviews(3)},
	{ID: 13, Name: "赵接手", Active: true, Grants: reviews(3)},
	{ID: 14, Name: "钱报送", Active: true, Grants: []authz.Grant{{Role: authz.FilingClerk, Agency: 3}}},
	{ID: 15, Name: "孙住建", Active: true, Grants: reviews(4)},
}

func as(id int64) authz.Actor {
	for _, c := range people {
		if c.ID == id {
			return desktest.As(id, c.Grants...)
		}
	}
	panic("nobody")
}

type world struct {
	handler http.Handler
	engine  *flow.Engine
	db      *db.DB
	clock   *clock.Manual
}

func newWorld(t *testing.T) *world {
	t.Helper()
	site := desktest.NewSite(t)
	divisions, err := ident.DefaultDivisions().Extend(strings.NewReader("[[division]]\ncode = \"990100\"\nname = \"临溪市\"\n\n[[division]]\ncode = \"990102\"\nname = \"临东区\"\n"))
	desktest.Must(t, err)
	site.Authority = authz.New(divisions)
	w := &world{db: dbtest.SQLite(t), clock: clock.NewManual(time.Date(2026, 3, 2, 10, 0, 0, 0, clock.Zone))}
	ids := id.NewMaker(time.Now)
	w.engine = flow.New(flow.Config{
		DB: w.db, IDs: ids, Clock: w.clock, Log: audit.New(audit.Config{DB: w.db, IDs: ids, Clock: w.clock}),
		Who: func(ctx context.Context) audit.Who { return authz.From(ctx).Who(0) },
		May: func(ctx context.Context, action string, c *flow.Case) error {
			if c.State == "" {
				return nil
			}
			return site.Authority.Decide(authz.From(ctx), authz.Action(action), authz.Scope{Agency: c.Agency, Region: c.Region}).Err()
		},
	})
	for kind, assign := range map[string]authz.Action{"remark": authz.QueueUndo, "fixed": ""} {
		desktest.Must(t, w.engine.Register(flow.Table{
			Kind: kind, Title: map[string]string{"remark": "意见办理", "fixed": "专办事项"}[kind], Page: "/desk/remarks/{ref}",
			States: []flow.State{{Code: "open", Name: "待答复"}, {Code: "done", Name: "已答复", Final: true}},
			Moves: []flow.Move{
				{Event: "make", Name: "提出", To: "open", May: string(authz.ConsentGrant), Due: &flow.Due{Days: 3, Unit: flow.Working}},
				{Event: "answer", Name: "答复", From: []string{"open"}, To: "done", May: string(authz.QueueUndo)},
			},
			Assign: flow.Rule{May: string(assign)},
		}, flow.Hooks{}))
	}
	rt := site.Router()
	New(Deps{Site: site, Cases: w.engine, People: people, Agencies: units{}, Divisions: divisions, Clock: w.clock}).Routes(rt)
	w.handler = site.Wrap(rt)
	return w
}

// open opens a case and gives it to an account.
func (w *world) open(t *testing.T, kind, title string, unit, to int64) {
	t.Helper()
	desktest.Must(t, w.db.Tx(authz.With(t.Context(), as(11)), func(ctx context.Context, tx *db.Tx) error {
		c, err := w.engine.Open(ctx, tx, flow.NewCase{Kind: kind, Title: title, Ref: "R", Agency: unit, Region: "990102"})
		if err != nil || to == 0 {
			return err
		}
		if kind == "fixed" { // whose table lets nobody assign: as a case that an older table gave to somebody
			_, err = tx.ExecContext(ctx, `UPDATE flow_case SET assignee = $1 WHERE case_id = $2`, spelt(to), c.ID)
			return err
		}
		_, err = w.engine.Assign(authz.With(ctx, desktest.As(99, reviews(unit)...)), tx, c.ID, spelt(to), "")
		return err
	}))
}

// What a clerk who left was dealing with goes over in one act, after a preview that says what does not.
func TestHandover(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	desktest.Want(t, desktest.Visit(t, w.handler, as(11), handoverPath, nil), http.StatusOK, "没有指定了经办人的事项")
	for _, title := range []string{"甲", "乙", "丙"} {
		w.open(t, "remark", title, 3, 12)
	}
	w.open(t, "fixed", "丁", 3, 12)
	w.open(t, "remark", "戊", 3, 13)
	w.open(t, "remark", "己", 4, 15)

	said := desktest.Want(t, desktest.Visit(t, w.handler, as(11), handoverPath, nil), http.StatusOK, "王离岗", "已停用", "赵接手")
	if strings.Contains(said, "孙住建") || strings.Index(said, "王离岗") > strings.Index(said, "赵接手") {
		t.Errorf("another unit's clerk, or the wrong order: %s", said)
	}
	page := handoverPath + "/12"
	said = desktest.Want(t, desktest.Visit(t, w.handler, as(11), page, nil), http.StatusOK, "在办 4 件", "意见办理", "专办事项", "有 1 件不由您的岗位转交")
	if strings.Contains(said, "第三步") {
		t.Error("there is something to confirm before anybody was chosen")
	}
	desktest.Want(t, desktest.Visit(t, w.handler, as(11), page+"?to=14", nil), http.StatusOK, "把 3 件转交给钱报送", "3 件事项，钱报送没有办理的岗位")
	said = desktest.Want(t, desktest.Visit(t, w.handler, as(11), page+"?to=13", nil), http.StatusOK, "把 3 件转交给赵接手")
	if strings.Contains(said, "没有办理的岗位") {
		t.Error("the successor is called a stranger")
	}
	for name, form := range map[string]url.Values{
		"nobody": {"reason": {"调离岗位"}}, "of another unit": {"to": {"15"}, "reason": {"调离岗位"}}, "without a reason": {"to": {"13"}}, "himself": {"to": {"12"}, "reason": {"调离岗位"}},
		"a personal number": {"to": {"13"}, "reason": {"证件11010519491231002X"}},
	} {
		if answer := desktest.Visit(t, w.handler, as(11), page, form); answer.Code < 400 || answer.Code >= 500 || !strings.Contains(answer.Body.String(), "没有办成") {
			t.Errorf("%s: %d", name, answer.Code)
		}
	}
	answer := desktest.Visit(t, w.handler, as(11), page, url.Values{"to": {"13"}, "reason": {"调离岗位"}})
	if answer.Code != http.StatusSeeOther {
		t.Fatalf("status %d: %s", answer.Code, desktest.Text(answer.Body.String()))
	}
	desktest.Want(t, desktest.Visit(t, w.handler, as(11), answer.Header().Get("Location"), nil), http.StatusOK, "已转交 3 件", "有 1 件没有转交")
	counts, err := w.engine.Holders(t.Context(), flow.Filter{})
	desktest.Must(t, err)
	if counts[spelt(12)] != 1 || counts[spelt(13)] != 4 || counts[spelt(15)] != 1 {
		t.Errorf("held now: %v", counts)
	}
}

func TestHandoverOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.open(t, "remark", "甲", 3, 12)
	for name, who := range map[string]authz.Actor{"of another unit": as(15), "a clerk": as(14), "nobody": {}} {
		for _, path := range []string{handoverPath + "/12", handoverPath + "/x", handoverPath + "/99"} {
			if answer := desktest.Visit(t, w.handler, who, path, nil); answer.Code == http.StatusOK {
				t.Errorf("%s sees %s", name, path)
			}
		}
		if answer := desktest.Visit(t, w.handler, who, handoverPath+"/12", url.Values{"to": {"13"}, "reason": {"调离"}}); answer.Code < 400 && answer.Header().Get("Location") != "/sign-in?next=%2Fdesk%2Fhandover%2F12" && who.ID != 0 {
			t.Errorf("%s hands over: %d", name, answer.Code)
		}
	}
	if counts, _ := w.engine.Holders(t.Context(), flow.Filter{}); counts[spelt(12)] != 1 {
		t.Errorf("held now: %v", counts)
	}
	office := desktest.As(8, authz.Grant{Role: authz.OfficeOperator, Region: "990100"})
	desktest.Want(t, desktest.Visit(t, w.handler, office, handoverPath+"/12?to=13", nil), http.StatusOK, "把 1 件转交给赵接手")
}

// Who is away names a deputy for some days, sees it, and ends it; a superior names one for somebody who cannot.
func TestDeputies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	desktest.Want(t, desktest.Visit(t, w.handler, as(11), deputyPath, nil), http.StatusOK, "现在没有代办人", "赵接手")
	form := url.Values{"by": {"13"}, "from": {"2026-03-02"}, "until": {"2026-03-06"}}
	if answer := desktest.Visit(t, w.handler, as(11), deputyPath, form); answer.Code != http.StatusSeeOther {
		t.Fatalf("status %d: %s", answer.Code, desktest.Text(answer.Body.String()))
	}
	desktest.Want(t, desktest.Visit(t, w.handler, as(11), deputyPath+"?done=set", nil), http.StatusOK, "代办人已经设定", "2026-03-02 至 2026-03-06", "代办中")
	desktest.Want(t, desktest.Visit(t, w.handler, as(13), deputyPath, nil), http.StatusOK, "您正在代办", "李复核经办的事项")
	for name, bad := range map[string]url.Values{
		"no day": {"by": {"13"}, "from": {"2026-03-02"}}, "the wrong way": {"by": {"13"}, "from": {"2026-03-06"}, "until": {"2026-03-02"}},
		"of another unit": {"by": {"15"}, "from": {"2026-03-02"}, "until": {"2026-03-06"}}, "nobody": {"from": {"2026-03-02"}, "until": {"2026-03-06"}},
	} {
		if answer := desktest.Visit(t, w.handler, as(11), deputyPath, bad); answer.Code < 400 || answer.Code >= 500 {
			t.Errorf("%s: %d", name, answer.Code)
		}
	}
	desktest.Visit(t, w.handler, as(11), deputyPath+"/end", url.Values{"by": {"13"}})
	desktest.Want(t, desktest.Visit(t, w.handler, as(11), deputyPath+"?done=ended", nil), http.StatusOK, "代办已经结束", "现在没有代办人")

	w.open(t, "remark", "甲", 3, 13)
	if answer := desktest.Visit(t, w.handler, as(11), handoverPath+"/13/deputy", url.Values{"by": {"11"}, "from": {"2026-03-03"}, "until": {"2026-03-06"}}); answer.Code != http.StatusSeeOther {
		t.Fatalf("status %d: %s", answer.Code, desktest.Text(answer.Body.String()))
	}
	desktest.Want(t, desktest.Visit(t, w.handler, as(11), handoverPath+"/13?done=deputy", nil), http.StatusOK, "还没有开始", "李复核")
	if answer := desktest.Visit(t, w.handler, desktest.As(5, authz.Grant{Role: authz.Auditor}), deputyPath, nil); answer.Code != http.StatusForbidden {
		t.Errorf("an auditor's deputies: %d", answer.Code)
	}
}

// The office sees what is overdue where, the oldest first; a unit its own.
func TestOverdue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	office := desktest.As(8, authz.Grant{Role: authz.OfficeOperator, Region: "990100"})
	desktest.Want(t, desktest.Visit(t, w.handler, office, overduePath, nil), http.StatusOK, "没有逾期的事项")
	w.open(t, "remark", "住建的意见", 4, 0)
	w.clock.Set(time.Date(2026, 3, 4, 10, 0, 0, 0, clock.Zone))
	w.open(t, "remark", "环境的意见", 3, 0)
	w.open(t, "fixed", "环境的专办", 3, 0)
	w.clock.Set(time.Date(2026, 3, 12, 10, 0, 0, 0, clock.Zone))
	if _, err := w.engine.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.open(t, "remark", "还没有到期的", 3, 0)
	answer := desktest.Visit(t, w.handler, office, overduePath, nil)
	said := desktest.Want(t, answer, http.StatusOK, "逾期事项", "2026-03-05", "2026-03-09", "已逾期 5 个工作日", "住建的意见", "环境的专办")
	if strings.Contains(said, "还没有到期的") || strings.Index(said, "住建的意见") > strings.Index(said, "环境的意见") {
		t.Errorf("what is in time, or the wrong order: %s", said)
	}
	if !strings.Contains(answer.Body.String(), `href="/desk/overdue?kind=fixed&amp;unit=3"`) || !strings.Contains(answer.Body.String(), `href="/desk/remarks/R"`) {
		t.Error("the ways on are missing")
	}
	said = desktest.Want(t, desktest.Visit(t, w.handler, office, overduePath+"?unit=3&kind=fixed", nil), http.StatusOK, "环境的专办")
	if strings.Contains(said, "环境的意见") {
		t.Errorf("the filter lets through: %s", said)
	}
	said = desktest.Want(t, desktest.Visit(t, w.handler, as(11), overduePath, nil), http.StatusOK, "环境的意见")
	if strings.Contains(said, "住建的意见") || strings.Contains(said, "住房和城乡建设局") {
		t.Errorf("a unit sees another's: %s", said)
	}
	for _, q := range []string{"?after=x", "?unit=-5&kind=none", "?unit=999"} {
		if answer := desktest.Visit(t, w.handler, office, overduePath+q, nil); answer.Code >= 500 {
			t.Errorf("%s gives %d", q, answer.Code)
		}
	}
}
