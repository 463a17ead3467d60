package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/catalog"
)

// Each field that an order names is one of the catalogue, once, and what it does not name keeps its place before the deciding body.
func TestArrange(t *testing.T) {
	t.Parallel()
	for code, order := range orders {
		item, ok := catalog.Default().Item(catalog.ItemCode(code))
		if !ok {
			t.Fatalf("%s: no item", code)
		}
		seen := map[string]bool{}
		for _, f := range order {
			if _, ok := item.Field(f); seen[f] || !ok && f != others {
				t.Errorf("%s: %s", code, f)
			}
			seen[f] = true
		}
		if !seen[others] {
			t.Errorf("%s has no place for others", code)
		}
	}
	var fields []Field
	for _, code := range strings.Fields("CF_WFXW CF_SY CF_YJ CF_CFLB CF_NR CF_NR_FK CF_JDRQ CF_YXQ CF_WSH CF_SJLYDM CF_CFJG CF_ZT CF_SJLY") {
		fields = append(fields, Field{Code: code})
	}
	arrange("XZCF", fields)
	var got []string
	for _, f := range fields {
		got = append(got, f.Code)
	}
	if diff := cmp.Diff("CF_WSH CF_CFLB CF_JDRQ CF_NR CF_NR_FK CF_WFXW CF_SY CF_YJ CF_YXQ CF_ZT CF_CFJG CF_SJLY CF_SJLYDM", strings.Join(got, " ")); diff != "" {
		t.Error(diff)
	}
	arrange("DJJC", fields) // has none
	if fields[0].Code != "CF_WSH" {
		t.Error("another item's order is used")
	}
}

func TestAmount(t *testing.T) {
	t.Parallel()
	for _, x := range [][3]string{
		{"罚款金额（万元）", "0.5万元", "0.5"},
		{"罚款金额（万元）", "0.5", "0.5"},
		{"处罚内容", "罚款5000元", "罚款5000元"},
		{"单位（万元）", "万元", "万元"},
		{"（）", "x", "x"},
		{"）（", "x", "x"},
		{"", "", ""},
	} {
		if got := amount(x[0], x[1]); got != x[2] {
			t.Errorf("%s %s: %s", x[0], x[1], got)
		}
	}
}
