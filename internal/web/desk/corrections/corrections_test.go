package corrections_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/correction"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/notice"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/subject"
	"gongxin/internal/web/desk/corrections"
	"gongxin/internal/web/desk/desktest"
)

var now = time.Date(2026, 3, 12, 10, 0, 0, 0, clock.Zone) // a Thursday

// kept answers what the tests put there.
type kept struct {
	units   []agency.Agency
	told    []correction.Told
	rows    []correction.Notice
	silent  []correction.Silence
	applied []string
	filter  correction.Filter
}

func (k *kept) Told(_ context.Context, id int64) (correction.Told, error) {
	for _, t := range k.told {
		if t.ID == id {
			return t, nil
		}
	}
	return correction.Told{}, correction.ErrNone
}

func (k *kept) List(_ context.Context, f correction.Filter) (out []correction.Told, next string, err error) {
	k.filter = f
	for _, t := range k.told {
		if t.To.Kind == notice.Agency && (f.Agencies == nil || slices.Contains(f.Agencies, t.To.ID)) {
			out = append(out, t)
		}
	}
	if f.Cursor == "" && len(out) > 0 {
		next = "5.6"
	}
	return out, next, nil
}

func (k *kept) Rows(_ context.Context, told, after int64, _ int) (out []correction.Notice, err error) {
	for _, n := range k.rows {
		if n.Told == told && n.ID > after {
			out = append(out, n)
		}
	}
	return out, nil
}

func (k *kept) Silent(context.Context, clock.Date) ([]correction.Silence, error) {
	return k.silent, nil
}

func (k *kept) Apply(_ context.Context, id int64, _ []int64, note string) (int, error) {
	if note == "" {
		return 0, correction.ErrNote
	}
	k.applied = append(k.applied, fmt.Sprint(id, " ", note))
	return 1, nil
}

func (k *kept) Scope(_ context.Context, to notice.Recipient) (authz.Scope, error) {
	return authz.Scope{Agency: to.ID, Region: "990102"}, nil
}

type register struct{}

func (register) ByIDs(context.Context, []int64) (map[int64]subject.Subject, error) {
	return map[int64]subject.Subject{71: {ID: 71, Kind: catalog.LegalEntity, Code: "91990102MA0A00014H"}, 72: {ID: 72, Kind: catalog.Person, Code: "11010519491231002X"}}, nil
}

func (register) Labels(context.Context, []int64) (map[int64]string, error) {
	return map[int64]string{71: "临溪市示例食品有限公司", 72: "张*丰"}, nil
}

func (register) ByCode(_ context.Context, code string) (agency.Matter, error) {
	return agency.Matter{Code: code, Name: "食品经营许可"}, nil
}

func TestDesk(t *testing.T) {
	t.Parallel()
	d, c := dbtest.SQLite(t), clock.NewManual(now)
	ids := id.NewMaker(c.Now)
	site := desktest.NewSite(t)
	log := audit.New(audit.Config{DB: d, IDs: ids, Clock: c})
	agencies := agency.NewStore(d, ids, c, ident.DefaultDivisions())
	k := &kept{}
	for i, code := range []string{"11990100001000010R", "11990100001000029H"} {
		u, err := agencies.Add(context.Background(), withCheck(code), []string{"甲局", "乙局"}[i], "990100")
		desktest.Must(t, err)
		k.units = append(k.units, u)
	}
	own, other := notice.Recipient{Kind: notice.Agency, ID: k.units[0].ID}, notice.Recipient{Kind: notice.Agency, ID: k.units[1].ID}
	k.told = []correction.Told{
		{ID: 1, To: own, Does: correction.Stop, At: now.Add(-72 * time.Hour), Due: 20260310, N: 2, Why: "处罚决定被撤销", Basis: "行政处罚法第四十八条"},
		{ID: 2, To: other, Does: correction.Replace, At: now, Due: 20260317, N: 3, Applied: 1},
		{ID: 3, To: own, Does: correction.Resume, At: now, N: 1, ClosedAt: now},
		{ID: 4, To: notice.Recipient{Kind: notice.Account, ID: 9}, Does: correction.Stop, At: now, N: 1, ClosedAt: now},
	}
	k.rows = []correction.Notice{
		{
			ID: 11, Told: 1, Record: record.ID{Subject: 71, Key: 1}, Version: 2, Status: record.Annulled, Does: correction.Stop, Item: "XZCF", To: own, What: []string{"check", "report"},
			Matter: "SX", Copies: 2, HandedAt: now.Add(-96 * time.Hour), At: now, Due: 20260310,
		},
		{ID: 12, Told: 1, Record: record.ID{Subject: 72, Key: 1}, Version: 2, Status: record.Annulled, Does: correction.Stop, Item: "XZCF", To: own, Hidden: now.Add(time.Hour), HandedAt: now, At: now, Due: 20260310},
	}
	k.silent = []correction.Silence{{Agency: own.ID, Rows: 2, Open: 2, Silent: 2}, {Agency: other.ID, Rows: 3, Applied: 1, Open: 2}}
	rt := site.Router()
	corrections.New(corrections.Deps{
		Site: site, Corrections: k, Agencies: agencies, Register: register{}, Labels: register{}, Matters: register{}, ItemName: func(catalog.ItemCode) string { return "行政处罚" },
		Looks: publish.Looks{DB: d, Log: log, Clock: c}, Calendar: clock.DefaultCalendar(), Clock: c,
	}).Routes(rt)
	h := site.Wrap(rt)
	window := desktest.As(21, authz.Grant{Role: authz.WindowOfficer, Agency: own.ID})
	office := desktest.As(22, authz.Grant{Role: authz.OfficeOperator})
	agent := desktest.As(23, authz.Grant{Role: authz.BusinessAgent, Subject: 71})
	looks := func() int {
		n := 0
		desktest.Must(t, d.Read().QueryRowContext(context.Background(), `SELECT count(*) FROM access_log WHERE what = 'correction'`).Scan(&n))
		return n
	}

	said := desktest.Want(t, desktest.Visit(t, h, window, "/desk/corrections", nil), http.StatusOK, "有 2 条记录的更正逾期没有确认", "沉默：逾期未确认", "已逾期 2 个工作日", "处罚决定被撤销", "甲局", "已告知，无须确认", "下一页")
	if strings.Contains(said, "乙局") {
		t.Error("a window reads what another unit was told")
	}
	desktest.Want(t, desktest.Visit(t, h, office, "/desk/corrections", nil), http.StatusOK, "乙局", "部分落实", "3 条，已落实 1 条")
	desktest.Want(t, desktest.Visit(t, h, office, "/desk/corrections?state=silent&unit="+fmt.Sprint(own.ID)+"&cursor=1.2", nil), http.StatusOK, "回到第一页")
	if k.filter.State != correction.Silent || len(k.filter.Agencies) != 1 || k.filter.Cursor != "1.2" {
		t.Errorf("%+v", k.filter)
	}
	if n := looks(); n != 0 {
		t.Errorf("%d looks by a list that names nobody", n)
	}
	for _, who := range []authz.Actor{agent, {}} {
		if w := desktest.Visit(t, h, who, "/desk/corrections", nil); w.Code == http.StatusOK {
			t.Errorf("%d for somebody without a desk", w.Code)
		}
	}

	one := desktest.Want(t, desktest.Visit(t, h, window, "/desk/corrections/1", nil), http.StatusOK, "停止展示、共享和使用", "临溪市示例食品有限公司", "91990102MA0A00014H", "张*丰", "信用核查、信用报告，共 2 次（食品经营许可）",
		"已撤下", "行政处罚法第四十八条", "确认已经落实", "逾期未确认")
	if strings.Contains(one, "11010519491231002X") || strings.Contains(one, `href="/r/`) {
		t.Error("the page names a person's number, or leads to what is no longer public")
	}
	if n := looks(); n != 2 {
		t.Errorf("%d looks", n)
	}
	// Whoever is not of the unit would tell the person by looking: that line is left out.
	said = desktest.Want(t, desktest.Visit(t, h, office, "/desk/corrections/1", nil), http.StatusOK, "临溪市示例食品有限公司", "另有 1 条依法延迟告知主体", "由取得记录的单位确认")
	if strings.Contains(said, "张*丰") || looks() != 3 {
		t.Error("the office reads what is kept from the person today")
	}
	desktest.Want(t, desktest.Visit(t, h, window, "/desk/corrections/3", nil), http.StatusOK, "可以恢复使用", "现在没有要办理的步骤")
	for path, status := range map[string]int{"/desk/corrections/2": http.StatusNotFound, "/desk/corrections/4": http.StatusNotFound, "/desk/corrections/x": http.StatusNotFound, "/desk/corrections/99": http.StatusNotFound} {
		if w := desktest.Visit(t, h, window, path, nil); w.Code != status {
			t.Errorf("%s: %d", path, w.Code)
		}
	}

	desktest.Want(t, desktest.Visit(t, h, window, "/desk/corrections/1/applied", url.Values{"note": {" "}}), http.StatusBadRequest, "没有写明怎样落实的")
	if w := desktest.Visit(t, h, office, "/desk/corrections/1/applied", url.Values{"note": {"已删除"}}); w.Code != http.StatusForbidden {
		t.Errorf("the office confirms for a unit: %d", w.Code)
	}
	if w := desktest.Visit(t, h, window, "/desk/corrections/1/applied", url.Values{"note": {"已删除"}}); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/desk/corrections/1?done=applied" {
		t.Errorf("%d %s", w.Code, w.Header().Get("Location"))
	}
	if !slices.Equal(k.applied, []string{"1 已删除"}) {
		t.Errorf("%v", k.applied)
	}
	desktest.Want(t, desktest.Visit(t, h, window, "/desk/corrections/1?done=applied", nil), http.StatusOK, "已确认落实")
	k.told = nil
	desktest.Want(t, desktest.Visit(t, h, window, "/desk/corrections", nil), http.StatusOK, "没有待落实的更正")

	// No entry, no answer.
	k.told = []correction.Told{{ID: 1, To: own, Does: correction.Stop, At: now, Due: 20260317, N: 1}}
	desktest.Must(t, d.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `ALTER TABLE access_log RENAME TO access_gone`)
		return err
	}))
	if w := desktest.Visit(t, h, window, "/desk/corrections/1", nil); w.Code < 500 || strings.Contains(w.Body.String(), "示例食品") {
		t.Errorf("answered with %d though nothing keeps who reads it", w.Code)
	}
}

// withCheck gives a code its right check character.
func withCheck(code string) string {
	for _, c := range "0123456789ABCDEFGHJKLMNPQRTUWXY" {
		if _, problem := ident.ParseUSCC(code[:17] + string(c)); problem == nil {
			return code[:17] + string(c)
		}
	}
	return code
}
