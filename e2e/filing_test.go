package e2e_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"gongxin/internal/app"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/ident"
	"gongxin/internal/synth"
)

// filing is a file on its way in.
type filing struct {
	path       string
	item       catalog.ItemCode
	unit, name string // who files
	region     string
	rows       int
	code       int // exit code: 3 when rows are refused
}

func (f filing) args() []string {
	return []string{"import", f.path, "--item", string(f.item), "--unit", f.unit, "--json"}
}

// ownUnit files what the tests make themselves; it is the agency of the catalogue's examples.
const ownUnit = "11990100001000010R"

// makeFilings makes large files of every kind: of the city, with its faults, and of rows that correct, repeat and withdraw each other.
func makeFilings(t *testing.T, today clock.Date) []filing {
	t.Helper()
	dir := t.TempDir()
	options := synth.Options{Seed: 31, Subjects: 3500, Records: 45_000, Messy: 0.2, Today: today}
	out := cityFilings(t, dir, options, map[catalog.ItemCode]int{"DJJC": 2, "XZCF": 1})
	options.Format = synth.XLSX
	out = append(out, cityFilings(t, dir, options, map[catalog.ItemCode]int{"XZXK": 1})...)
	for _, name := range []string{"own.csv", "own.ndjson"} {
		out = append(out, ownFiling(t, dir, name, 4200))
	}
	return out
}

// cityFilings writes the largest files of some items, in their order.
func cityFilings(t *testing.T, dir string, options synth.Options, want map[catalog.ItemCode]int) []filing {
	t.Helper()
	city, err := synth.New(options)
	if err != nil {
		t.Fatal(err)
	}
	files := city.Files()
	large := map[catalog.ItemCode][]int{}
	for _, f := range files {
		large[f.Item] = append(large[f.Item], f.Rows)
	}
	for _, rows := range large {
		slices.SortFunc(rows, func(a, b int) int { return b - a })
	}
	var out []filing
	for _, f := range files {
		if n := want[f.Item]; n == 0 || f.Rows < large[f.Item][n-1] {
			continue
		}
		var content bytes.Buffer
		totals, err := city.WriteFile(&content, f)
		if err != nil {
			t.Fatal(err)
		}
		code := 0
		if totals.Rejected > 0 {
			code = 3
		}
		region := f.UnitCode[2:8]
		for _, a := range city.Agencies() {
			if a.Code == f.UnitCode {
				region = a.Region
			}
		}
		out = append(out, filing{keep(t, dir, f.Name, content.Bytes()), f.Item, f.UnitCode, f.UnitName, region, f.Rows, code})
	}
	return out
}

func keep(t *testing.T, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// ownFiling makes a file whose rows lean on rows far before them: corrections, repetitions, withdrawals; and among them
// persons, rows without a code, wrong codes, and columns that the catalogue does not know.
func ownFiling(t *testing.T, dir, name string, n int) filing {
	t.Helper()
	item, _ := catalog.Default().Item("XZCF")
	var rows []map[string]string
	for i := range n {
		row := map[string]string{"操作标识": "", "科室": ""}
		for code, value := range item.Example {
			row[code] = value
		}
		document := func(i int) {
			row["CF_WSH"] = fmt.Sprintf("%s〔2025〕%d号", name, i)
			row["CF_XDR_SHXYM"], row["CF_XDR_MC"] = businessCode(i%300), fmt.Sprintf("临溪市试验%d号商贸有限公司", i%300)
		}
		document(i)
		switch {
		case i%7 == 0 && i > 1500:
			document(i - 1499)
			row["CF_SY"] = "更正后的违法事实"
		case i%11 == 0 && i > 1500:
			document(i - 1211)
			row["操作标识"] = "D"
		case i%13 == 0 && i > 1500:
			document(i - 1301)
		case i%17 == 0: // nobody's code: the row waits
			row["CF_XDR_LB"], row["CF_XDR_SHXYM"], row["CF_XDR_MC"] = "个体工商户", "", fmt.Sprintf("临溪市无码%d号小吃店", i%40)
		case i%19 == 0:
			row["CF_XDR_LB"], row["CF_XDR_SHXYM"], row["CF_FRDB"], row["CF_XDR_MC"] = "自然人", "", "", fmt.Sprintf("试验人%d", i%25)
			row["CF_XDR_ZJLX"], row["CF_XDR_ZJHM"] = "身份证", citizenNumber(i%25)
		case i%23 == 0:
			row["CF_XDR_SHXYM"] = row["CF_XDR_SHXYM"][:17] + "A"
			row["科室"] = "法规科"
		case i%29 == 0:
			row["CF_XDR_MC"] = "临溪市另一家有限公司"
		}
		rows = append(rows, row)
	}
	return filing{keep(t, dir, name, encodeRows(t, item, name, rows)), "XZCF", ownUnit, "临溪市市场监督管理局", "990100", n, 3}
}

// encodeRows writes rows as CSV, or one object a line without what is empty.
func encodeRows(t *testing.T, item *catalog.Item, name string, rows []map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	if filepath.Ext(name) == ".ndjson" {
		enc := json.NewEncoder(&out)
		for _, row := range rows {
			full := map[string]string{}
			for k, v := range row {
				if v != "" {
					full[k] = v
				}
			}
			if err := enc.Encode(full); err != nil {
				t.Fatal(err)
			}
		}
		return out.Bytes()
	}
	head := []string{"操作标识", "科室"}
	for i := range item.Fields {
		head = append(head, item.Fields[i].Code)
	}
	w := csv.NewWriter(&out)
	_ = w.Write(head)
	for _, row := range rows {
		line := make([]string, len(head))
		for i, name := range head {
			line[i] = row[name]
		}
		_ = w.Write(line)
	}
	w.Flush()
	return out.Bytes()
}

// businessCode makes a valid unified code of a company that does not exist; citizenNumber the number of a person who does not.
func businessCode(n int) string {
	body := fmt.Sprintf("MA0T%04d", n)
	first := "91990102" + body + string(ident.OrgCheck(body))
	return first + string(ident.USCCCheck(first))
}

func citizenNumber(n int) string {
	first := fmt.Sprintf("37030319900101%03d", n)
	return first + string(ident.CitizenCheck(first))
}

// registerAgencies registers everybody who files.
func registerAgencies(t *testing.T, filings []filing, installs ...*install) {
	t.Helper()
	for _, in := range installs {
		a := in.open(t)
		for _, f := range filings {
			if _, err := a.Agencies.Add(t.Context(), f.unit, f.name, f.region); err != nil {
				t.Fatal(err)
			}
		}
	}
}

var (
	whenOf = regexp.MustCompile(`"(receivedAt|finishedAt)":"[^"]*"`)
	idOf   = regexp.MustCompile(`^\{"id":"[^"]*"`)
)

// receipts gives the receipt of every file that somebody filed, by its name, all rows listed, without its number and times. What the program files itself, such as the
// records of entries on lists, bears the name of the list and not of a file.
func receipts(t *testing.T, a *app.App) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, line := range table(t, a.DB, `SELECT submission_id || '/' || file_name FROM submission WHERE same_as = '' AND actor NOT LIKE 'system%' ORDER BY file_name`) {
		id, name, _ := bytes.Cut([]byte(line), []byte("/"))
		var receipt bytes.Buffer
		if err := a.Ingest.WriteReceipt(context.WithoutCancel(t.Context()), &receipt, string(id), true); err != nil {
			t.Fatal(err)
		}
		text := whenOf.ReplaceAllString(idOf.ReplaceAllString(receipt.String(), "{"), "")
		if _, twice := out[string(name)]; twice {
			t.Errorf("%s was filed twice", name)
		}
		out[string(name)] = text
	}
	return out
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
