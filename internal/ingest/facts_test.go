package ingest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/fault"
)

// TestFactsRows files rules 9 and 14 to 22 of the facts sheet, with those very inputs, each as a file of its own day.
func TestFactsRows(t *testing.T) {
	t.Parallel()
	licence := func(changes row) row {
		return merge(row{"XK_XDR_SHXYM": "91370303MA3C000118", "XK_XDR_MC": "甲公司"}, changes)
	}
	tests := []struct {
		name    string
		item    string
		day     string
		before  row // filed first
		changes row
		outcome string
		codes   []int
		late    bool
	}{
		{"9 code of an individual business as organisation", "XZCF", "2026-11-20", nil, row{"CF_XDR_SHXYM": "92370306MA3D000126", "CF_XDR_LB": "法人及非法人组织"}, "rejected", []int{2107}, false},
		{"9 code of an organisation as individual business", "XZCF", "2026-11-20", nil, row{"CF_XDR_SHXYM": "91370302MA3C0002XH", "CF_XDR_LB": "个体工商户"}, "rejected", []int{2107}, false},
		{"14 name registered to another code", "XZCF", "2026-11-20", row{"CF_XDR_MC": "乙公司", "CF_WSH": "before"}, row{"CF_XDR_MC": "甲公司"}, "rejected", []int{1001}, false},
		{"15 received on the seventh working day", "XZCF", "2026-03-11", nil, row{"CF_JDRQ": "2026-03-02", "CF_YXQ": "2027-03-02"}, "accepted", nil, false},
		{"16 received on the eighth", "XZCF", "2026-03-12", nil, row{"CF_JDRQ": "2026-03-02", "CF_YXQ": "2027-03-02"}, "accepted", nil, true},
		{"17 Saturday decision in time", "XZCF", "2026-03-17", nil, row{"CF_JDRQ": "2026-03-07", "CF_YXQ": "2027-03-02"}, "accepted", nil, false},
		{"17 Saturday decision late", "XZCF", "2026-03-18", nil, row{"CF_JDRQ": "2026-03-07", "CF_YXQ": "2027-03-02"}, "accepted", nil, true},
		{"17 before National Day in time", "XZCF", "2026-10-13", nil, row{"CF_JDRQ": "2026-09-28", "CF_YXQ": "2027-03-02"}, "accepted", nil, false},
		{"17 before National Day late", "XZCF", "2026-10-14", nil, row{"CF_JDRQ": "2026-09-28", "CF_YXQ": "2027-03-02"}, "accepted", nil, true},
		{"18 decided tomorrow", "XZCF", "2026-11-20", nil, row{"CF_JDRQ": "2026-11-21", "CF_YXQ": "2027-11-21"}, "rejected", []int{2201}, false},
		{"19 valid from long before the decision", "XZXK", "2025-01-17", nil, licence(row{"XK_YXQZ": "2003-03-24", "XK_JDRQ": "2025-01-16", "XK_YXQZI": "2053-03-24"}), "accepted", nil, false},
		{"19 valid to before valid from", "XZXK", "2025-01-17", nil, licence(row{"XK_YXQZ": "2053-03-24", "XK_JDRQ": "2025-01-16", "XK_YXQZI": "2003-03-24"}), "rejected", []int{2202}, false},
		{"20 document number from the licence number", "XZXK", "2025-01-17", nil, licence(row{"XK_WSH": "", "XK_XKBH": "JY13703030000001", "XK_JDRQ": "2025-01-16"}), "accepted", nil, false},
		{"20 neither number", "XZXK", "2025-01-17", nil, licence(row{"XK_WSH": "", "XK_XKBH": "", "XK_XKZS": "", "XK_JDRQ": "2025-01-16"}), "rejected", []int{2401}, false},
		{"21 fine in ten thousands", "XZCF", "2026-11-20", nil, row{"CF_CFLB": "罚款", "CF_NR": "罚款2000元", "CF_NR_FK": "0.2", "CF_NR_WFFF": ""}, "accepted", nil, true},
		{"21 fine missing", "XZCF", "2026-11-20", nil, row{"CF_CFLB": "罚款", "CF_NR": "罚款2000元", "CF_NR_FK": "", "CF_NR_WFFF": ""}, "rejected", []int{2301}, false},
		{"21 fine in yuan", "XZCF", "2026-11-20", nil, row{"CF_CFLB": "罚款", "CF_NR": "罚款2000元", "CF_NR_FK": "2000", "CF_NR_WFFF": ""}, "accepted", []int{2302}, true},
		{"22 revocation without the licence", "XZCF", "2026-11-20", nil, row{"CF_CFLB": "吊销许可证件", "CF_NR": "吊销许可证", "CF_NR_FK": "", "CF_NR_WFFF": "", "CF_NR_ZKDX": ""}, "rejected", []int{2304}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				b := newBench(t, d, tt.day)
				if tt.before != nil {
					if r := b.file(t, tt.item, "a.csv", table(b.example("XZCF", tt.before))); r.Accepted != 1 {
						t.Fatalf("the row before was not accepted: %+v", r.Rows)
					}
				}
				it := b.example("XZCF", tt.changes)
				if tt.item == "XZXK" {
					it = b.example("XZXK", tt.changes)
				}
				r := b.file(t, tt.item, "b.csv", table(it))
				out, codes, late := outcome(r, 1)
				if out != tt.outcome || late != tt.late || !cmp.Equal(codes, tt.codes) {
					t.Errorf("got %s %v late=%v, want %s %v late=%v\n%+v", out, codes, late, tt.outcome, tt.codes, tt.late, r.Rows)
				}
			})
		})
	}
}

func merge(a, b row) row {
	out := row{}
	for k, v := range a {
		out[k] = v
	}
	for k, v := range b {
		out[k] = v
	}
	return out
}

const firm = "91990102MA0A00014H"

// TestSentAgain is rule 23: the same row twice, then changed, then with flag D; seen from the public side.
func TestSentAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d, "2025-06-05")
		ctx := context.Background()
		one := b.example("XZCF", nil)
		changed := b.example("XZCF", row{"CF_NR": "1.没收违法所得500元；2.罚款2000元；3.责令改正"})
		visible := func() []string {
			t.Helper()
			list, _, err := b.portal.SubjectRecords(ctx, firm, "XZCF", time.Time{}, "", 10)
			if err != nil {
				t.Fatal(err)
			}
			out := []string{}
			for _, r := range list {
				for _, f := range r.Fields {
					if f.Code == "CF_NR" {
						out = append(out, fmt.Sprintf("v%d %s", r.Version, f.Value))
					}
				}
			}
			return out
		}
		steps := []struct {
			row  row
			want string
			seen []string
		}{
			{one, "accepted", []string{"v1 " + one["CF_NR"]}},
			{one, "duplicate", []string{"v1 " + one["CF_NR"]}},
			{changed, "updated", []string{"v2 " + changed["CF_NR"]}},
			{merge(one, row{"操作标识": "D"}), "withdrawn", []string{}},
			{merge(one, row{"操作标识": "D"}), "duplicate", []string{}},
			{merge(one, row{"操作标识": "X"}), "rejected", []string{}},
			{merge(one, row{"操作标识": "D", "CF_WSH": "没有这个文号"}), "rejected", []string{}},
		}
		for i, s := range steps {
			b.clock.Advance(time.Hour)
			r := b.file(t, "XZCF", fmt.Sprint(i), table(s.row))
			if out, codes, _ := outcome(r, 1); out != s.want {
				t.Fatalf("step %d: %s %v, want %s", i, out, codes, s.want)
			}
			if diff := cmp.Diff(s.seen, visible()); diff != "" {
				t.Fatalf("step %d: %s", i, diff)
			}
		}
		// What was known then can still be asked for.
		past, _, err := b.portal.SubjectRecords(ctx, firm, "XZCF", b.clock.Now().Add(-6*time.Hour), "", 10)
		if err != nil || len(past) != 1 || past[0].Version != 1 {
			t.Fatalf("as of the first hour: %d records, %v", len(past), err)
		}
	})
}

// TestNeverPublic is rules 24 and 25: simple-procedure penalties and persons are on file and nowhere in public.
func TestNeverPublic(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d, "2025-06-05")
		ctx := context.Background()
		simple := b.example("XZCF", row{"CF_CFCX": "简易程序", "CF_YZCD": "", "CF_WSH": "简易1号"})
		open := b.example("XZCF", nil)
		person := b.example("XZCF", row{
			"CF_XDR_MC": "张某某", "CF_XDR_LB": "自然人", "CF_XDR_SHXYM": "", "CF_FRDB": "", "CF_XDR_ZJLX": "身份证",
			"CF_XDR_ZJHM": "370303199001010017", "CF_WSH": "自然人1号",
		})
		r := b.file(t, "XZCF", "a.csv", table(simple, open, person))
		if r.Accepted != 3 {
			t.Fatalf("all three are filed: %+v", r.Rows)
		}
		page, err := b.portal.List(ctx, "XZCF", listAll, "", 10)
		if err != nil || len(page.Rows) != 1 || page.Rows[0].DocNo != open["CF_WSH"] {
			t.Fatalf("only the ordinary penalty of the firm is listed: %+v %v", page, err)
		}
		if _, err := b.names.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		for _, q := range []string{"张某某", "张某", "370303199001010017"} {
			found, err := b.portal.Search(ctx, q, "", 10)
			if err != nil || len(found.Hits) != 0 {
				t.Errorf("a person was found by %q: %v", q, err)
			}
		}
		if _, err := b.portal.Subject(ctx, "370303199001010017", time.Time{}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a person has a public page: %v", err)
		}
		// On file they are, sealed.
		var n, clear int
		if err := d.Read().QueryRowContext(ctx, `SELECT count(*) FROM record`).Scan(&n); err != nil || n != 3 {
			t.Fatalf("%d records on file, want 3 (%v)", n, err)
		}
		if err := d.Read().QueryRowContext(ctx, `SELECT count(*) FROM record_version WHERE body LIKE '%370303199001010017%' OR body LIKE '%张某某%'`).Scan(&clear); err != nil || clear != 0 {
			t.Fatalf("a person's name or number stands in clear (%v)", err)
		}
	})
}
