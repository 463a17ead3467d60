package agency_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/fault"
	"gongxin/internal/id"
	"gongxin/internal/ident"
)

const unitCode = "11990100001000010R"

type desk struct {
	*agency.Matters
	log  *audit.Log
	unit agency.Agency
	db   *db.DB
}

var operator = audit.Who{Kind: "local"}

func newDesk(t testing.TB, d *db.DB) *desk {
	t.Helper()
	c := clock.NewManual(time.Date(2026, 11, 18, 10, 0, 0, 0, clock.Zone))
	ids := id.NewMaker(c.Now)
	agencies := agency.NewStore(d, ids, c, ident.DefaultDivisions())
	unit, err := agencies.Add(context.Background(), unitCode, "临溪市市场监督管理局", "990100")
	if err != nil {
		t.Fatal(err)
	}
	log := audit.New(audit.Config{DB: d, IDs: ids, Clock: c})
	return &desk{agency.NewMatters(agencies, log, func(item string) bool { return item == "XZCF" || item == "XZBC" }), log, unit, d}
}

func (x *desk) matter() agency.Matter {
	return agency.Matter{
		Code: "zj-001", Name: "食品经营许可", Agency: x.unit.ID, Law: "《山东省社会信用条例》", Article: "第二十条", BasisFrom: 20201001,
		Items: []string{"XZCF", "XZBC", "XZCF"}, Kinds: []string{"legal_entity"}, ValidFrom: 20260101,
	}
}

func TestMattersKeepTheirHistory(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x, ctx := newDesk(t, d), context.Background()
		first, changed, err := x.Save(ctx, operator, x.matter())
		if err != nil || !changed || first.Seq != 1 || first.Code != "ZJ-001" {
			t.Fatalf("first: %+v %v %v", first, changed, err)
		}
		if diff := cmp.Diff([]string{"XZBC", "XZCF"}, first.Items); diff != "" {
			t.Error(diff)
		}
		again, changed, err := x.Save(ctx, operator, x.matter())
		if err != nil || changed || again.Seq != 1 {
			t.Errorf("the same again writes nothing: %+v %v %v", again, changed, err)
		}
		ended := x.matter()
		ended.ValidUntil = 20261118
		second, changed, err := x.Save(ctx, operator, ended)
		if err != nil || !changed || second.Seq != 2 {
			t.Fatalf("second: %+v %v", second, err)
		}
		err = d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			old, err := x.Unchanged(ctx, tx, "ZJ-001", 1)
			if err != nil {
				return err
			}
			now, err := x.Unchanged(ctx, tx, "ZJ-001", 2)
			if err != nil {
				return err
			}
			none, err := x.Unchanged(ctx, tx, "NONE", 1)
			if old || !now || none {
				t.Errorf("unchanged: %v %v %v", old, now, none)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for unit, want := range map[int64]int{0: 1, x.unit.ID: 1, 12345: 0} {
			if list, err := x.List(ctx, unit); err != nil || len(list) != want || (want == 1 && list[0].Seq != 2) {
				t.Errorf("list of %d: %v %v", unit, list, err)
			}
		}
		if list, err := x.History(ctx, "zj-001"); err != nil || len(list) != 2 || list[0].ValidUntil != 0 {
			t.Errorf("history: %v %v", list, err)
		}
		if _, err := x.ByCode(ctx, "nothing"); !errors.Is(err, agency.ErrMatterUnknown) {
			t.Errorf("unknown: %v", err)
		}
		if acts, _, err := x.log.Acts(ctx, operator, audit.Filter{Action: "matter.save"}, "", 0); err != nil || len(acts) != 2 {
			t.Errorf("two changes, two acts: %v %v", acts, err)
		}
	})
}

func TestMattersInForce(t *testing.T) {
	t.Parallel()
	m := agency.Matter{Law: "某法", BasisFrom: 20200101, BasisUntil: 20270101, ValidFrom: 20260101, ValidUntil: 20270601}
	for day, want := range map[clock.Date]string{
		20251231: agency.MatterLapsed, 20260101: "", 20261231: "", 20270101: agency.MatterBasis, 20270531: agency.MatterBasis, 20270601: agency.MatterLapsed,
	} {
		if got := m.Missing(day); got != want {
			t.Errorf("%s: %q, want %q", day, got, want)
		}
	}
	m.Law = ""
	if m.Missing(20260101) != agency.MatterBasis {
		t.Error("a matter without a law is in force")
	}
}

func TestMattersRefused(t *testing.T) {
	t.Parallel()
	x := newDesk(t, dbtest.SQLite(t))
	for name, change := range map[string]func(*agency.Matter){
		"no code": func(m *agency.Matter) { m.Code = "" }, "odd code": func(m *agency.Matter) { m.Code = "a b" }, "no name": func(m *agency.Matter) { m.Name = " " },
		"no law": func(m *agency.Matter) { m.Law = "" }, "no article": func(m *agency.Matter) { m.Article = "" }, "no day": func(m *agency.Matter) { m.BasisFrom = 0 },
		"no such day": func(m *agency.Matter) { m.ValidFrom = 20260231 }, "ends before": func(m *agency.Matter) { m.ValidUntil = 20250101 },
		"no items": func(m *agency.Matter) { m.Items = nil }, "item unknown": func(m *agency.Matter) { m.Items = []string{"NONE"} },
		"no kinds": func(m *agency.Matter) { m.Kinds = nil }, "kind unknown": func(m *agency.Matter) { m.Kinds = []string{"pet"} }, "no agency": func(m *agency.Matter) { m.Agency = 5 },
	} {
		m := x.matter()
		change(&m)
		if _, _, err := x.Save(context.Background(), operator, m); fault.KindOf(err) != fault.Invalid && fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
}

const file = `
[[matter]]
code = "ZJ-001"
name = "食品经营许可"
agency = "` + unitCode + `"
law = "《山东省社会信用条例》"
article = "第二十条"
basis_from = "2020-10-01"
items = ["XZCF"]
kinds = ["legal_entity", "person"]
valid_from = "2026-01-01"

[[matter]]
code = "ZJ-002"
name = "招标资格审查"
agency = "` + unitCode + `"
law = "《山东省社会信用条例》"
article = "第二十一条"
basis_from = "2020-10-01"
items = ["XZBC"]
kinds = ["legal_entity"]
valid_from = "2026-01-01"
valid_until = "2027-01-01"
`

func TestLoadMatters(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x, ctx := newDesk(t, d), context.Background()
		if changed, all, err := x.Load(ctx, operator, strings.NewReader(file)); err != nil || changed != 2 || all != 2 {
			t.Fatalf("load: %d of %d, %v", changed, all, err)
		}
		if changed, _, err := x.Load(ctx, operator, strings.NewReader(strings.Replace(file, "招标资格审查", "招标投标资格审查", 1))); err != nil || changed != 1 {
			t.Errorf("one changed: %d %v", changed, err)
		}
		for name, text := range map[string]string{
			"no toml": "[[", "empty": "", "unknown key": "[[matter]]\nfoo=1", "twice": file + file, "bad day": strings.Replace(file, "2026-01-01", "第一天", 1),
			"unknown unit": strings.Replace(file, unitCode, "91990102MA0A00014H", 1), "second is wrong": strings.Replace(file, `"XZBC"`, `"NONE"`, 1),
		} {
			before, _ := x.History(ctx, "ZJ-001")
			if _, _, err := x.Load(ctx, operator, strings.NewReader(text)); fault.KindOf(err) != fault.Invalid && fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s: %v", name, err)
			}
			if after, _ := x.History(ctx, "ZJ-001"); len(after) != len(before) {
				t.Errorf("%s: a refused file wrote something", name)
			}
		}
	})
}

func FuzzLoadMatters(f *testing.F) {
	x := newDesk(f, dbtest.SQLite(f))
	f.Add(file)
	f.Add("[[matter]]\ncode=1")
	f.Fuzz(func(_ *testing.T, text string) {
		_, _, _ = x.Load(context.Background(), operator, strings.NewReader(text))
	})
}
