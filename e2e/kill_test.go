package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/app"
	"gongxin/internal/clock"
	"gongxin/internal/db/dbtest"
)

// How the killed imports run: batches as small as they come, and this many kills before a file may end.
const (
	smallBatch   = "512"
	killsPerFile = 5
	enoughKills  = 15
)

// TestKilledImportsEndAlike files the same files into two databases: once in peace, in large batches, and once killed again and again without
// warning, in small ones. What is on file afterwards, and every receipt, is the same.
func TestKilledImportsEndAlike(t *testing.T) {
	t.Parallel()
	today := clock.Today(clock.System{})
	filings := makeFilings(t, today)
	dbtest.EachURL(t, func(t *testing.T, url string) {
		t.Parallel()
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		k := &killer{random: rand.New(rand.NewPCG(seed, 1))}

		hurt := newInstall(t, url)
		k.firstCommands(t, hurt)
		calm := newInstall(t, secondDatabase(t, url))
		copyFile(t, filepath.Join(hurt.dir, "keys.json"), filepath.Join(calm.dir, "keys.json")) // digests are keyed: with one key they can be compared
		registerAgencies(t, filings, hurt, calm)

		began := time.Now()
		for _, f := range filings {
			if r := calm.run(t, f.args()...); r.code != f.code {
				t.Fatalf("%s: exit code %d\n%s", f.path, r.code, r.msg)
			}
		}
		calmTime := time.Since(began)
		for _, f := range filings {
			k.file(t, hurt, f)
		}
		t.Logf("%d kills, %d at the end of a filing; in peace %.1f s", k.kills, k.late, calmTime.Seconds())
		if k.kills < enoughKills {
			t.Errorf("only %d kills, want %d", k.kills, enoughKills)
		}
		if clock.Today(clock.System{}) != today {
			t.Skip("midnight passed: rows became late on the way")
		}
		for name, n := range compareRegisters(t, calm, hurt) {
			if n == 0 {
				t.Errorf("%s: nothing to compare", name)
			}
		}
	})
}

// secondDatabase gives a database beside another one, of the same engine.
func secondDatabase(t *testing.T, url string) string {
	if filepath.IsAbs(url) {
		return ""
	}
	return dbtest.PostgresURL(t)
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, raw, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// killer ends processes at random points.
type killer struct {
	random *rand.Rand
	kills  int
	late   int // kills after which the filing was done already
}

// firstCommands kills the first command on an empty database, which makes keys, tables and the catalogue, until it is let through.
func (k *killer) firstCommands(t *testing.T, in *install) {
	t.Helper()
	args := []string{"agency", "add", "--code", ownUnit, "--name", "临溪市市场监督管理局"}
	for _, most := range []int{40, 120, 240} {
		k.start(t, in, args, -1, time.Duration(k.random.IntN(most))*time.Millisecond)
	}
	in.must(t, args...)
}

// file runs one import again and again until it ends, killing it as often as it may be killed.
func (k *killer) file(t *testing.T, in *install, f filing) {
	t.Helper()
	points := []int{0}
	for range killsPerFile - 1 {
		points = append(points, k.random.IntN(f.rows))
	}
	slices.Sort(points)
	args := append(f.args(), "--batch-rows", smallBatch)
	for _, rows := range points {
		wait := time.Duration(k.random.IntN(60)) * time.Millisecond
		if rows == 0 {
			wait = time.Duration(k.random.IntN(400)) * time.Millisecond // before the first batch
		}
		if code := k.start(t, in, args, rows, wait); code >= 0 {
			if code != f.code {
				t.Fatalf("%s: exit code %d", f.path, code)
			}
			return
		}
		k.kills++
		if len(in.look(t, `SELECT 1 FROM submission WHERE state = 'done' AND file_name = '`+filepath.Base(f.path)+`'`)) > 0 {
			k.late++ // the answer was lost, the filing was not; whoever does not know files again
			k.again(t, in, f)
			return
		}
	}
	if r := in.run(t, args...); r.code != f.code {
		t.Fatalf("%s: exit code %d\n%s", f.path, r.code, r.msg)
	}
	k.again(t, in, f)
}

// again files a file that is on file: nothing may change, whatever its rows do to each other.
func (k *killer) again(t *testing.T, in *install, f filing) {
	t.Helper()
	if r := in.run(t, append(f.args(), "--batch-rows", smallBatch)...); r.code != f.code {
		t.Fatalf("%s again: exit code %d\n%s", f.path, r.code, r.msg)
	}
	if changed := in.look(t, `SELECT accepted, updated, withdrawn FROM submission WHERE same_as <> '' AND (accepted > 0 OR updated > 0 OR withdrawn > 0)`); len(changed) > 0 {
		t.Errorf("%s again: accepted, updated, withdrawn %v, want none", f.path, changed)
	}
}

var rowsShown = regexp.MustCompile(`(\d+) 行`)

// start starts a command and kills it: once it has shown that many rows, or from the beginning when rows is not positive, and then a while later.
// It gives the exit code of a command that was faster, or -1.
func (k *killer) start(t *testing.T, in *install, args []string, rows int, wait time.Duration) int {
	t.Helper()
	cmd := in.command(context.WithoutCancel(t.Context()), args...)
	messages, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = io.Discard
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	reached, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		waiting := rows > 0
		for lines := bufio.NewScanner(messages); lines.Scan(); {
			said.WriteString(lines.Text() + "\n")
			if m := rowsShown.FindStringSubmatch(lines.Text()); m != nil && waiting {
				if n, _ := strconv.Atoi(m[1]); n >= rows {
					waiting = false
					close(reached)
				}
			}
		}
	}()
	if rows <= 0 {
		close(reached)
	}
	select {
	case <-reached:
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ended:
		}
	case <-ended:
	}
	_ = cmd.Process.Kill() // the process that this test started; SIGKILL, as a power cut
	<-ended
	_ = cmd.Wait()
	if cmd.ProcessState.Exited() {
		if code := cmd.ProcessState.ExitCode(); code == 1 {
			t.Fatalf("gongxin %v: exit code 1\n%s", args, said.String())
		}
		return cmd.ProcessState.ExitCode()
	}
	return -1
}

// compareRegisters compares all that has a meaning; numbers made at random and the moments of writing differ. It gives how much there was of each.
func compareRegisters(t *testing.T, calm, hurt *install) map[string]int {
	t.Helper()
	sizes := map[string]int{}
	left, right := calm.open(t), hurt.open(t)
	for _, q := range registerQueries {
		want, have := table(t, left.DB, q.sql), table(t, right.DB, q.sql)
		sizes[q.name] = len(want)
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("%s differ (- in peace, + killed):\n%.4000s", q.name, diff)
		}
	}
	for _, q := range invariants {
		for name, a := range map[string]*app.App{"in peace": left, "killed": right} {
			if bad := table(t, a.DB, q.sql); len(bad) > 0 {
				t.Errorf("%s, %s: %s", q.name, name, bad)
			}
		}
	}
	want, have := receipts(t, left), receipts(t, right)
	for name, text := range want {
		if at := differAt(text, have[name]); at >= 0 {
			t.Errorf("the receipts of %s differ:\n  in peace …%s\n  killed   …%s", name, around(text, at), around(have[name], at))
		}
	}
	if len(want) != len(have) {
		t.Errorf("%d receipts in peace, %d killed", len(want), len(have))
	}
	return sizes
}

// differAt gives where two texts begin to differ, or -1.
func differAt(a, b string) int {
	if a == b {
		return -1
	}
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return i
}

func around(s string, at int) string {
	return strings.ToValidUTF8(s[max(0, at-200):min(len(s), at+200)], "")
}

type query struct{ name, sql string }

// who names a subject by its identifiers, which are kept as keyed digests where they are personal.
const who = `WITH who AS (SELECT subject_id, min(kind || ':' || token || ':' || dup) AS name FROM subject_identifier GROUP BY subject_id) `

var registerQueries = []query{
	{name: "subjects", sql: who + `SELECT who.name, kind, code, s.name, region, status, provisional FROM subject s JOIN who USING (subject_id) ORDER BY 1`},
	{name: "identifiers", sql: who + `SELECT who.name, kind, token, dup FROM subject_identifier JOIN who USING (subject_id) ORDER BY kind, token, dup`},
	{name: "names", sql: who + `SELECT who.name, seq, n.name, name_key, since FROM subject_name n JOIN who USING (subject_id) ORDER BY 1, 2`},
	{name: "records", sql: who + `SELECT who.name, r.item, nkey, version, r.status, r.listed, r.decided_on, r.public_from, r.public_until, code, r.region, r.kinds, digest
		FROM record r JOIN record_version v USING (version_id) JOIN who ON who.subject_id = r.subject_id JOIN agency ON agency.agency_id = r.agency_id ORDER BY 1, 2, 3`},
	{name: "versions", sql: who + `SELECT who.name, v.item, nkey, version, v.edition, class, status, listed, decided_on, public_from, public_until, v.region, kinds, procedure, severity,
		rule_set, length(body), action, c.actor, basis, why, f.file_name FROM record_version v JOIN who USING (subject_id) JOIN record_change c ON c.change_id = v.outbox_id
		JOIN submission f ON f.submission_id = c.submission
		ORDER BY 1, 2, 3, 4`},
	{name: "filters", sql: `SELECT item, code, f.region, kinds, n FROM record_facet f JOIN agency USING (agency_id) WHERE n <> 0 ORDER BY 1, 2, 3, 4`},
	{name: "queue", sql: `SELECT q.item, q.edition, code, reason, q.state, row_no, fingerprint, file_name FROM ingest_queue q JOIN agency USING (agency_id)
		JOIN submission s ON s.submission_id = q.submission_id ORDER BY fingerprint`},
	{name: "filings", sql: `SELECT item, code, file_name, file_hash, file_bytes, same_as, dry, state, rows_done, accepted, updated, duplicate, withdrawn, rejected, late, warnings,
		mapping, failure FROM submission JOIN agency USING (agency_id) WHERE same_as = '' ORDER BY file_name`},
}

// invariants are questions that a sound register answers with nothing.
var invariants = []query{
	{name: "filters that do not add up to the listed records", sql: `SELECT * FROM (SELECT item, agency_id, region, kinds, count(*) AS n FROM record WHERE listed = 1 GROUP BY 1, 2, 3, 4) r
		FULL JOIN (SELECT * FROM record_facet WHERE n <> 0) f USING (item, agency_id, region, kinds) WHERE r.n IS NULL OR f.n IS NULL OR r.n <> f.n`},
	{name: "records whose versions are not one to the newest", sql: `SELECT r.record_key FROM record r JOIN record_version n USING (version_id)
		JOIN record_version v ON v.subject_id = r.subject_id AND v.record_key = r.record_key
		GROUP BY r.subject_id, r.record_key, n.version HAVING count(*) <> n.version OR max(v.version) <> n.version`},
	{name: "versions that are not chained to the one before", sql: `SELECT v.version_id FROM record_version v LEFT JOIN record_version p ON p.version_id = v.prev_id AND p.subject_id = v.subject_id
		WHERE (v.version = 1) <> (v.prev_id = 0) OR (v.version > 1 AND (p.record_key IS NULL OR p.record_key <> v.record_key OR p.version <> v.version - 1))`},
	{name: "versions of no change", sql: `SELECT v.version_id FROM record_version v LEFT JOIN record_change c ON c.change_id = v.outbox_id WHERE c.change_id IS NULL OR c.recorded_at <> v.recorded_at`},
	{name: "versions without a record", sql: `SELECT v.record_key FROM record_version v LEFT JOIN record r ON v.subject_id = r.subject_id AND v.record_key = r.record_key WHERE r.record_key IS NULL`},
	{name: "leaves that are not one for each version", sql: `SELECT o.outbox_id FROM log_outbox o WHERE o.kind = 'record' AND o.n <> (SELECT count(*) FROM record_version v WHERE v.outbox_id = o.outbox_id)`},
	{name: "versions without a leaf", sql: `SELECT v.record_key FROM record_version v LEFT JOIN log_outbox o ON o.outbox_id = v.outbox_id WHERE o.outbox_id IS NULL OR v.outbox_pos >= o.n`},
	{name: "records of nobody", sql: `SELECT r.record_key FROM record r LEFT JOIN subject s ON s.subject_id = r.subject_id WHERE s.subject_id IS NULL`},
	{name: "subjects without an identifier", sql: `SELECT s.subject_id FROM subject s LEFT JOIN subject_identifier i ON i.subject_id = s.subject_id WHERE i.subject_id IS NULL`},
	{name: "filings whose counts are not their rows", sql: `SELECT submission_id FROM submission WHERE state = 'done' AND rows_done <> accepted + updated + duplicate + withdrawn + rejected`},
	{name: "outcomes beyond the answered rows", sql: `SELECT r.submission_id, r.row_no FROM submission_row r JOIN submission s ON s.submission_id = r.submission_id WHERE r.row_no > s.rows_done`},
}
