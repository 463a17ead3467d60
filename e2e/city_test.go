package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/ingest"
	"gongxin/internal/synth"
)

// The acceptance of the whole intake: a city full of clerks' mistakes, as files on disk, filed by the command a department would use.
// Every row must get the answer that the sidecar foretells.
func TestCityIsAnsweredAsForetold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, subjects, records, format string
		postgres                        bool
	}{
		{"csv", "60", "250", "csv", false},
		{"csv on PostgreSQL", "30", "90", "csv", true},
		{"ndjson", "40", "90", "ndjson", false},
		{"xlsx", "40", "90", "xlsx", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			database := ""
			if c.postgres {
				database = dbtest.PostgresURL(t)
			}
			today := clock.Today(clock.System{})
			in, dir := newInstall(t, database), t.TempDir()
			in.must(t, "gen", "--subjects", c.subjects, "--records", c.records, "--format", c.format, "--messy", "0.4", "--seed", "7", "--today", today.String(), "-o", dir)
			faults := fileCity(t, in, dir)
			if clock.Today(clock.System{}) != today {
				t.Skip("midnight passed: rows became late on the way")
			}
			for _, fault := range faults {
				t.Error(fault)
			}
		})
	}
}

// fileCity files what the manifest lists, in its order, and gives every disagreement with the sidecar.
func fileCity(t *testing.T, in *install, dir string) (faults []string) {
	var files []synth.FileSpec
	var agencies []struct{ Code, Name, Region string }
	readJSON(t, filepath.Join(dir, synth.ManifestName), &files)
	readJSON(t, filepath.Join(dir, synth.AgenciesName), &agencies)
	var totals []synth.Totals
	readJSON(t, filepath.Join(dir, synth.TotalsName), &totals)
	foretold := readExpected(t, filepath.Join(dir, synth.RowsName))
	register := in.open(t)
	city, err := synth.New(synth.Options{Seed: 7, Subjects: 1}) // the departments, and what each of them lists, are those of every city
	if err == nil {
		err = register.RegisterCity(t.Context(), city)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range agencies {
		if _, err := register.Agencies.Add(t.Context(), a.Code, a.Name, a.Region); err != nil {
			t.Fatal(err)
		}
	}
	rows := 0
	for i, f := range files {
		r := in.run(t, "import", filepath.Join(dir, f.Name), "--item", string(f.Item), "--unit", f.UnitCode, "--json", "--all-rows")
		var receipt ingest.Receipt
		if err := json.Unmarshal([]byte(r.out), &receipt); err != nil {
			t.Fatalf("%s: exit code %d, %v\n%s", f.Name, r.code, err, r.msg)
		}
		if want := map[bool]int{false: 0, true: 3}[totals[i].Rejected > 0]; r.code != want {
			faults = append(faults, fmt.Sprintf("%s: exit code %d, foretold %d\n%s", f.Name, r.code, want, r.msg))
		}
		want := ingest.Counts{
			Accepted: totals[i].Accepted, Updated: totals[i].Updated, Duplicate: totals[i].Duplicate, Withdrawn: totals[i].Withdrawn,
			Rejected: totals[i].Rejected, Late: totals[i].Late, Warnings: totals[i].Warnings,
		}
		if receipt.Counts != want || receipt.Received != f.Rows || len(receipt.Rows) != f.Rows {
			faults = append(faults, fmt.Sprintf("%s: %d rows, counts %+v, foretold %+v of %d", f.Name, len(receipt.Rows), receipt.Counts, want, f.Rows))
		}
		for _, row := range receipt.Rows {
			have := answer(&row)
			if want := foretold[f.Name+" "+strconv.Itoa(row.Row)]; have != want.text {
				faults = append(faults, fmt.Sprintf("%s row %d (%s): %s, foretold %s", f.Name, row.Row, want.fault, have, want.text))
			}
		}
		rows += f.Rows
	}
	if len(foretold) != rows || rows == 0 {
		faults = append(faults, fmt.Sprintf("%d rows filed, %d foretold", rows, len(foretold)))
	}
	return faults
}

// answer is a row's outcome, whether it is late, and its numbers, each once: errors, then warnings.
func answer(row *ingest.ReceiptRow) string {
	codes, warnings := []int{}, []int{}
	for _, reason := range row.Reasons {
		if reason.Severity == catalog.Error {
			codes = append(codes, reason.Code)
		} else {
			warnings = append(warnings, reason.Code)
		}
	}
	slices.Sort(codes)
	slices.Sort(warnings)
	return fmt.Sprint(row.Outcome, " late=", row.Late, " ", slices.Compact(codes), slices.Compact(warnings))
}

type foretelling struct{ text, fault string }

func readExpected(t *testing.T, path string) map[string]foretelling {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]foretelling{}
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for lines.Scan() {
		var e synth.Expected
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		if e.Codes == nil {
			e.Codes = []int{}
		}
		out[e.File+" "+strconv.Itoa(e.Row)] = foretelling{fmt.Sprint(string(e.Outcome), " late=", e.Late, " ", e.Codes, append([]int{}, e.Warnings...)), e.Fault}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
