package catalog

import (
	"slices"
	"strings"
	"testing"
)

func TestReasonTable(t *testing.T) {
	t.Parallel()
	all := Reasons()
	if !slices.IsSortedFunc(all, func(a, b ReasonInfo) int { return a.Code - b.Code }) {
		t.Error("the table is not in order, so ReasonFor cannot search it")
	}
	for i, r := range all {
		if i > 0 && all[i-1].Code == r.Code {
			t.Errorf("%d twice", r.Code)
		}
		if r.Title == "" || r.Message == "" || r.Fix == "" || r.Severity != Error && r.Severity != Warning {
			t.Errorf("%d is not complete: %+v", r.Code, r)
		}
		if got, ok := ReasonFor(r.Code); !ok || got != r {
			t.Errorf("ReasonFor(%d) = %+v", r.Code, got)
		}
		made := NewReason(r.Code, "F", "名称", "细节")
		if strings.ContainsAny(made.Message+made.Fix, "{}") || made.Code != r.Code || made.Severity != r.Severity {
			t.Errorf("%d: %+v", r.Code, made)
		}
	}
	// The numbers that packages agreed on.
	for _, code := range []int{
		1001, 1002, 1003, 1004, 2001, 2002, 2003, 2004, 2005, 2006, 2007, 2008, 2009, 2010, 2101, 2102, 2103, 2104, 2105, 2106, 2107, 2108,
		2111, 2112, 2113, 2114, 2115, 2116, 2117, 2201, 2202, 2203, 2204, 2301, 2302, 2303, 2304, 2305, 2401, 2402, 2403, 2404, 2405, 3001, 3002, 3003, 3004, 4001, 4002,
	} {
		if _, ok := ReasonFor(code); !ok {
			t.Errorf("no reason %d", code)
		}
	}
	if _, ok := ReasonFor(9999); ok {
		t.Error("9999 is no reason")
	}
	all[0].Title = "changed"
	if r, _ := ReasonFor(all[0].Code); r.Title == "changed" {
		t.Error("the table can be changed from outside")
	}
}

func TestWorded(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "甲": "甲", "{f}、{d}。": "名、细。", "{x}{f}": "{x}名", "甲{": "甲{", "{f": "{f"} {
		if got := worded(in, "名", "细"); got != want {
			t.Errorf("worded(%q) = %q, want %q", in, got, want)
		}
	}
}
