package ingest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/db/dbtest"
)

// Lines below a table are refused with one reason of their own; a row of data that looks like one keeps its own reasons.
func TestFooter(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t), "2025-06-05")
	good := b.example("XZCF", nil)
	only := func(cells row) row {
		r := row{"AA": "", "CF_XDR_MC": "", "CF_NR_FK": ""}
		for k := range good {
			r[k] = ""
		}
		return merge(r, cells)
	}
	tests := []struct {
		name  string
		row   row
		codes []int
	}{
		{"totals", only(row{"AA": "合计", "CF_NR_FK": "12.5"}), []int{3020}},
		{"totals spread over the cell", only(row{"AA": "合　计：", "CF_NR_FK": "12.5"}), []int{3020}},
		{"totals behind a number", only(row{"AA": "12", "CF_XDR_MC": "总计"}), []int{3020}},
		{"signature", only(row{"AA": "填表人：某人", "CF_XDR_MC": "审核人：某人"}), []int{3020}},
		{"note", only(row{"AA": "注：金额以万元计"}), []int{3020}},
		{"a company of that name", merge(good, row{"AA": "", "CF_XDR_MC": "合计", "CF_WSH": "合计1号", "CF_XDR_SHXYM": "91990102MA0A00014X"}), []int{2103}},
		{"a full row that begins so", merge(good, row{"AA": "合计", "CF_WSH": "合计2号"}), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := b.file(t, "XZCF", "a.csv", table(tt.row))
			if _, codes, _ := outcome(r, 1); !cmp.Equal(codes, tt.codes) {
				t.Errorf("%v, want %v", codes, tt.codes)
			}
		})
	}
	r := b.file(t, "XZCF", "a.csv", table(only(row{"AA": "合同部", "CF_NR_FK": "1"})))
	if _, codes, _ := outcome(r, 1); len(codes) < 5 || codes[0] != 2001 {
		t.Errorf("a nearly empty row that is no footer: %v", codes)
	}
}
