package docs_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const asvsPage = "security/asvs-5.0-l2.md"

// asvsRow is a row of the page: | V1.2.3 | 1 | requirement | status | how | where it is tested |.
var asvsRow = regexp.MustCompile(`(?m)^\| (V[0-9]+\.[0-9]+\.[0-9]+) \| ([12]) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$`)

// The page on ASVS holds every requirement of levels 1 and 2 once, with its level, in order, and one of four answers; a yes names where it stands in
// the code, and where it is tested or that somebody read it.
func TestASVSIsWhole(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(asvsPage)
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile("testdata/asvs-5.0.0-l2.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSpace(string(list)), "\n")
	rows := asvsRow.FindAllStringSubmatch(string(page), -1)
	if lines := strings.Count(string(page), "\n| V"); lines != len(rows) {
		t.Errorf("%d of %d rows have another form", lines-len(rows), lines)
	}
	for i, row := range rows {
		id, level, status, how, tested := row[1], row[2], strings.TrimSpace(row[4]), row[5], row[6]
		if i >= len(want) || id+" "+level != want[i] {
			t.Fatalf("row %d is %s of level %s, want %v", i+1, id, level, want[min(i, len(want)-1)])
		}
		switch status {
		case "满足":
			if !strings.Contains(how+tested, "`") {
				t.Errorf("%s is met, and no file is named", id)
			}
			if !strings.Contains(tested, ":Test") && !strings.Contains(tested, ":Fuzz") && !strings.Contains(tested, "审读") {
				t.Errorf("%s is met, and neither tested nor read", id)
			}
		case "部分", "未满足", "不适用":
			if len([]rune(strings.TrimSpace(how))) < 4 {
				t.Errorf("%s is not met, and does not say why", id)
			}
		default:
			t.Errorf("%s has status %q", id, status)
		}
	}
	if len(rows) != len(want) {
		t.Errorf("%d rows, want %d", len(rows), len(want))
	}
}

// The counts that the page gives are those of its rows.
func TestASVSCounts(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(asvsPage)
	if err != nil {
		t.Fatal(err)
	}
	for _, level := range []string{"1", "2"} {
		n := map[string]int{}
		for _, row := range asvsRow.FindAllStringSubmatch(string(page), -1) {
			if row[2] == level {
				n[strings.TrimSpace(row[4])]++
			}
		}
		line := countLine(level, n)
		if !strings.Contains(string(page), "\n"+line+"\n") {
			t.Errorf("the page does not say %s", line)
		}
	}
}

func countLine(level string, n map[string]int) string {
	return strings.Join([]string{"| 第 " + level + " 级", num(n["满足"]), num(n["部分"]), num(n["未满足"]), num(n["不适用"]), num(n["满足"]+n["部分"]+n["未满足"]+n["不适用"]) + " |"}, " | ")
}

func num(n int) string { return strconv.Itoa(n) }
