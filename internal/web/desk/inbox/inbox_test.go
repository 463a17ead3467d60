package inbox

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
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
	"gongxin/internal/web/desk/desktest"
)

type units struct{}

func (units) List(context.Context) ([]agency.Agency, error) {
	return []agency.Agency{{ID: 3, Name: "临溪市生态环境局"}, {ID: 4, Name: "临溪市住房和城乡建设局"}}, nil
}

type world struct {
	handler http.Handler
	engine  *flow.Engine
	db      *db.DB
	clock   *clock.Manual
}

// newWorld makes a site with one procedure that reviewers of a unit and the office of a region move.
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
		Who: func(context.Context) audit.Who { return audit.Who{Kind: "account", ID: 1} }, May: func(context.Context, string, *flow.Case) error { return nil },
	})
	desktest.Must(t, w.engine.Register(flow.Table{
		Kind: "remark", Title: "意见办理", Page: "/desk/remarks/{ref}",
		States: []flow.State{{Code: "open", Name: "待答复"}, {Code: "done", Name: "已答复", Final: true}},
		Moves: []flow.Move{
			{Event: "make", Name: "提出", To: "open", May: string(authz.ConsentGrant), Due: &flow.Due{Days: 3, Unit: flow.Working}},
			{Event: "answer", Name: "答复", From: []string{"open"}, To: "done", May: string(authz.QueueDecide)},
		},
		Pause: flow.Rule{May: string(authz.QueueDecide), Days: 10}, Assign: flow.Rule{May: string(authz.QueueDecide)},
	}, flow.Hooks{}))
	rt := site.Router()
	New(Deps{Site: site, DB: w.db, Cases: w.engine, Agencies: units{}, Divisions: divisions}).Routes(rt)
	w.handler = site.Wrap(rt)
	return w
}

func (w *world) open(t *testing.T, title, ref string, unit int64, change func(ctx context.Context, tx *db.Tx, c *flow.Case) error) {
	t.Helper()
	desktest.Must(t, w.db.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		c, err := w.engine.Open(ctx, tx, flow.NewCase{Kind: "remark", Title: title, Ref: ref, Agency: unit, Region: "990102"})
		if err != nil || change == nil {
			return err
		}
		return change(ctx, tx, c)
	}))
}

var reviewer = desktest.As(9, authz.Grant{Role: authz.Reviewer, Agency: 3})

// Overdue ones lead, deadlines are said in words, another unit's cases are nobody's business.
func TestInbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.open(t, "关于处罚公示的意见", "R 1", 3, nil)
	w.clock.Set(time.Date(2026, 3, 9, 9, 0, 0, 0, clock.Zone))
	if _, err := w.engine.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.open(t, "等待材料的意见", "R2", 3, func(ctx context.Context, tx *db.Tx, c *flow.Case) error {
		_, err := w.engine.Pause(ctx, tx, c.ID, "等待材料")
		return err
	})
	w.open(t, "由九号经办的意见", "R3", 3, func(ctx context.Context, tx *db.Tx, c *flow.Case) error {
		_, err := w.engine.Assign(ctx, tx, c.ID, "account:9", "")
		return err
	})
	w.open(t, "别的单位的意见", "R4", 4, nil)

	answer := desktest.Visit(t, w.handler, reviewer, path, nil)
	said := desktest.Want(t, answer, http.StatusOK, "有 1 件已经逾期", "已逾期 2 个工作日", "还剩 3 个工作日", "中止计时，到 2026-03-23", "临溪市生态环境局", "待答复", "意见办理")
	if first, second, third := strings.Index(said, "关于处罚公示的意见"), strings.Index(said, "由九号经办的意见"), strings.Index(said, "等待材料的意见"); first < 0 || second < first || third < second {
		t.Errorf("the order is %d, %d, %d", first, second, third)
	}
	if strings.Contains(said, "别的单位") {
		t.Error("the page shows another unit's case")
	}
	if !strings.Contains(answer.Body.String(), `href="/desk/remarks/R%201"`) {
		t.Error("the case has no link to its page")
	}

	mine := desktest.Want(t, desktest.Visit(t, w.handler, reviewer, path+"?side=mine", nil), http.StatusOK, "由九号经办的意见")
	if strings.Contains(mine, "关于处罚公示的意见") {
		t.Error("mine holds another's case")
	}
	late := desktest.Want(t, desktest.Visit(t, w.handler, reviewer, path+"?side=overdue&kind=remark", nil), http.StatusOK, "关于处罚公示的意见")
	if strings.Contains(late, "由九号经办的意见") {
		t.Error("overdue holds one in time")
	}
	office := desktest.As(8, authz.Grant{Role: authz.OfficeOperator, Region: "990100"})
	desktest.Want(t, desktest.Visit(t, w.handler, office, path, nil), http.StatusOK, "别的单位的意见", "关于处罚公示的意见")
}

// A page from before takes no case out of a colleague's hands, and gives none back that is a colleague's.
func TestTakenMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var id int64
	w.open(t, "一条意见", "R1", 3, func(_ context.Context, _ *db.Tx, c *flow.Case) error { id = c.ID; return nil })
	at, colleague := path+"/"+strconv.FormatInt(id, 10)+"/take", desktest.As(10, authz.Grant{Role: authz.Reviewer, Agency: 3})
	back := url.Values{"back": {"1"}}
	for i, x := range []struct {
		who      authz.Actor
		form     url.Values
		status   int
		assignee string
	}{
		{reviewer, url.Values{}, http.StatusSeeOther, "account:9"},
		{colleague, url.Values{}, http.StatusConflict, "account:9"},
		{colleague, back, http.StatusConflict, "account:9"},
		{reviewer, back, http.StatusSeeOther, ""},
		{colleague, url.Values{}, http.StatusSeeOther, "account:10"},
	} {
		answer := desktest.Visit(t, w.handler, x.who, at, x.form)
		c, err := w.engine.Get(t.Context(), id)
		desktest.Must(t, err)
		if answer.Code != x.status || c.Assignee != x.assignee {
			t.Errorf("%d: %d, in the hands of %q", i, answer.Code, c.Assignee)
		}
	}
}

func TestInboxOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	desktest.Want(t, desktest.Visit(t, w.handler, reviewer, path, nil), http.StatusOK, "没有等您办理的事项")
	w.open(t, "一条意见", "R1", 3, nil)
	for name, who := range map[string]authz.Actor{
		"of another unit": desktest.As(9, authz.Grant{Role: authz.Reviewer, Agency: 4}),
		"elsewhere":       desktest.As(9, authz.Grant{Role: authz.OfficeOperator, Region: "110000"}),
	} {
		if said := desktest.Want(t, desktest.Visit(t, w.handler, who, path, nil), http.StatusOK, "没有等您办理的事项"); strings.Contains(said, "一条意见") {
			t.Errorf("%s: %s", name, said)
		}
	}
	clerk := desktest.As(9, authz.Grant{Role: authz.FilingClerk, Agency: 3})
	desktest.Want(t, desktest.Visit(t, w.handler, clerk, path, nil), http.StatusOK, "您的岗位没有按流程办理的事项")
	if answer := desktest.Visit(t, w.handler, authz.Actor{}, path, nil); answer.Code != http.StatusSeeOther {
		t.Errorf("a reader gets %d", answer.Code)
	}
	for _, q := range []string{"?after=x", "?kind=none&side=none", "?" + url.Values{"kind": {"' OR 1=1"}}.Encode()} {
		if answer := desktest.Visit(t, w.handler, reviewer, path+q, nil); answer.Code >= 500 {
			t.Errorf("%s gives %d", q, answer.Code)
		}
	}
}
