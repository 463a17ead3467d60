package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/ident"
	"gongxin/internal/ingest"
)

// The scripts of testdata run the commands as a shell would: this binary is the program when it is called by its name.
func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"gongxin": main}) }

// unit and firm are the agency and the company of the catalogue's examples.
const (
	unit = "11990100001000010R"
	firm = "91990102MA0A00014H"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Cmds: commands, Setup: setup, RequireUniqueNames: true})
}

// Those scripts in which rows go on file hold on PostgreSQL as well.
func TestScriptsPostgres(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"outcomes", "queue", "dryrun"} {
		url := dbtest.PostgresURL(t)
		testscript.Run(t, testscript.Params{Files: []string{"testdata/script/" + name + ".txtar"}, Cmds: commands, Setup: func(e *testscript.Env) error {
			e.Setenv("GONGXIN_DATABASE", url)
			return setup(e)
		}})
	}
}

func setup(e *testscript.Env) error {
	today := clock.Today(clock.System{})
	for name, value := range map[string]string{
		"GONGXIN_DATA": filepath.Join(e.WorkDir, "data"), "UNIT": unit, "FIRM": firm, "OTHER": businessCode(7), "THIRD": businessCode(8), "TODAY": today.String(), "SOON": today.AddMonths(6).String(),
		"TOMORROW": today.AddDays(1).String(), "NEXTYEAR": today.AddYears(1).String(), "CITIZEN": citizen, "PERSON": person,
	} {
		e.Setenv(name, value)
	}
	return nil
}

// An invented person, whose name and number must not come out anywhere.
const (
	citizen = "370303199001010017"
	person  = "张测试"
)

// businessCode makes a valid unified code of a company that does not exist.
func businessCode(n int) string {
	body := fmt.Sprintf("MA0B%04d", n)
	first := "91990102" + body + string(ident.OrgCheck(body))
	return first + string(ident.USCCCheck(first))
}

// commands are the words that the scripts have beyond testscript's own.
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"exits":   exits,
	"receipt": receiptSays,
	"rows":    rows,
	"encode":  encode,
	"book":    book,
	"damage":  damage,
	"mend":    mend,
	"marked":  marked,
	"census":  census,
	"looked":  looked,
	"setid":   setID,
}

// exits runs the program and asks for its exit code: exits 3 gongxin import …
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	have := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		have = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if have != want {
		ts.Fatalf("exit code %d, want %d", have, want)
	}
}

// receiptSays reads a receipt and compares: counts by name, state, template, encoding, rows as row.3=rejected:2001,2103 with every
// number, ascending. The counts always have to add up.
func receiptSays(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: receipt FILE NAME=VALUE…")
	}
	dec := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	dec.DisallowUnknownFields()
	var r ingest.Receipt
	ts.Check(dec.Decode(&r))
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		ts.Fatalf("something stands behind the receipt")
	}
	if sum := r.Accepted + r.Updated + r.Duplicate + r.Withdrawn + r.Rejected; r.Received != sum {
		ts.Fatalf("received %d, the outcomes add up to %d", r.Received, sum)
	}
	if r.ID == "" || r.Edition == "" || r.ReceivedAt.IsZero() || r.Rows == nil {
		ts.Fatalf("the receipt lacks a field: %+v", r)
	}
	have := map[string]string{
		"item": string(r.Item), "unit": r.Unit, "state": string(r.State), "file": r.File, "received": strconv.Itoa(r.Received),
		"accepted": strconv.Itoa(r.Accepted), "updated": strconv.Itoa(r.Updated), "duplicate": strconv.Itoa(r.Duplicate), "withdrawn": strconv.Itoa(r.Withdrawn),
		"rejected": strconv.Itoa(r.Rejected), "late": strconv.Itoa(r.Late), "warnings": strconv.Itoa(r.Warnings), "rows": strconv.Itoa(len(r.Rows)),
		"template": r.Mapping.Template, "encoding": r.Mapping.Encoding, "format": string(r.Mapping.Format), "header": strconv.Itoa(r.Mapping.Header),
		"same": strconv.FormatBool(r.SameAs != ""), "notices": codesOf(r.Mapping.Notices),
	}
	if r.Failure != nil {
		have["failure"] = r.Failure.Code
	}
	for _, row := range r.Rows {
		text := row.Outcome
		if codes := codesOf(row.Reasons); codes != "" {
			text += ":" + codes
		}
		have[fmt.Sprintf("row.%d", row.Row)] = text
		have[fmt.Sprintf("line.%d", row.Row)] = strconv.Itoa(row.Line)
		have[fmt.Sprintf("late.%d", row.Row)] = strconv.FormatBool(row.Late)
		for _, reason := range row.Reasons {
			if reason.Message == "" || reason.Fix == "" || reason.Severity == "" {
				ts.Fatalf("row %d: a reason without words: %+v", row.Row, reason)
			}
		}
	}
	for _, arg := range args[1:] {
		name, want, ok := strings.Cut(arg, "=")
		if got := have[name]; !ok || got != want {
			ts.Fatalf("%s is %q, want %q", name, got, want)
		}
	}
}

func codesOf(reasons []catalog.Reason) string {
	var out []string
	for _, r := range reasons {
		out = append(out, strconv.Itoa(r.Code))
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

// register opens the database of a script.
func register(ts *testscript.TestScript) *db.DB {
	url := ts.Getenv("GONGXIN_DATABASE")
	if url == "" {
		url = filepath.Join(ts.Getenv("GONGXIN_DATA"), "gongxin.db")
	}
	d, err := db.Open(context.Background(), url, db.Options{})
	ts.Check(err)
	return d
}

// looked counts the entries of the access log about what the operator at this machine has read: looked queue 3.
func looked(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: looked WHAT COUNT")
	}
	d := register(ts)
	defer func() { ts.Check(d.Close()) }()
	var n int
	ts.Check(d.Read().QueryRowContext(context.Background(), `SELECT count(*) FROM access_log WHERE what = $1 AND who_kind = 'local' AND outcome = 'answered'`, args[0]).Scan(&n))
	if strconv.Itoa(n) != args[1] {
		ts.Fatalf("%d entries say %s, want %s", n, args[0], args[1])
	}
}

// census writes what is on file — rows by table, and the files received — so that two moments can be compared.
func census(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: census OUT")
	}
	d := register(ts)
	defer func() { ts.Check(d.Close()) }()
	var out []string
	for _, table := range []string{
		"submission", "submission_row", "subject", "subject_identifier", "subject_name", "subject_sealed", "record", "record_version",
		"record_facet", "ingest_queue", "log_outbox WHERE kind <> 'access'", // who looked is told by looked
	} {
		var n int
		ts.Check(d.Read().QueryRowContext(context.Background(), `SELECT count(*) FROM `+table).Scan(&n))
		out = append(out, fmt.Sprintf("%s %d", table, n))
	}
	files := 0
	ts.Check(filepath.WalkDir(filepath.Join(ts.Getenv("GONGXIN_DATA"), "blobs"), func(_ string, f os.DirEntry, err error) error {
		if err == nil && !f.IsDir() {
			files++
		}
		return err
	}))
	out = append(out, fmt.Sprintf("files %d", files))
	slices.Sort(out)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Join(out, "\n")+"\n"), 0o600))
}
