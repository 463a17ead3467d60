package soak

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gongxin/internal/config"
	"gongxin/internal/db"
	"gongxin/internal/obs"
)

// TestMain makes this binary the server under test when it is started as one.
func TestMain(m *testing.M) {
	if n := len(os.Args); n > 2 && slices.Equal(os.Args[n-2:], []string{"soak", "child"}) {
		os.Exit(child(os.Args[1 : n-2]))
	}
	os.Exit(m.Run())
}

// child is what `gongxin --data DIR --database URL soak child` does.
func child(args []string) int {
	c := config.Config{Listen: "127.0.0.1:0"}
	for i := 0; i+1 < len(args); i += 2 {
		switch args[i] {
		case "--data":
			c.Data = args[i+1]
		case "--database":
			c.Database = args[i+1]
		}
	}
	c, err := c.Defaults()
	if err == nil {
		err = Child{Config: c, Version: "test", In: os.Stdin, Out: os.Stdout, Log: obs.Logger(os.Stderr, "warn", "json")}.Serve(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// soaked runs a short soak that does one of each fault, and gives the folder and what was acknowledged.
func soaked(t *testing.T, engine string) (*run, string) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "soak")
	r := &run{}
	report, err := r.run(t.Context(), Options{Program: program, Dir: dir, Engine: engine, Duration: 25 * time.Second, Every: 2 * time.Second, Filers: 2, Readers: 2, Seed: 5})
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "server.log"))
		t.Fatalf("%v\n%.2000s", err, log)
	}
	for _, p := range report.Problems {
		t.Error(p)
	}
	if report.Filings.Acknowledged < 1 || report.Reads.Answered < 1 || len(report.Faults) < 2 || report.Versions < 1 {
		t.Errorf("too little was done to say anything: %+v", report)
	}
	t.Logf("%d filings, %d rows, %d faults, drained in %.1f s", report.Filings.Acknowledged, report.Filings.Rows, len(report.Faults), report.Drain)
	return r, dir
}

// A short soak finds nothing wrong; what is then taken away behind the product's back is missed at once.
func TestFindsWhatIsLost(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for half a minute")
	}
	t.Parallel()
	r, dir := soaked(t, "sqlite")
	acks := r.load.acknowledged()
	image, err := os.ReadFile(filepath.Join(dir, "data", "gongxin.db"))
	if err != nil {
		t.Fatal(err)
	}
	full := fmt.Sprintf(`(SELECT h.submission FROM record_version v JOIN record_change h ON h.change_id = v.outbox_id WHERE h.submission IN ('%s') LIMIT 1)`, ids(acks))
	for what, c := range map[string]struct{ sql, want string }{
		"a filing":            {`DELETE FROM submission WHERE submission_id = ` + full, "不在登记簿中"},
		"an unfinished one":   {`UPDATE submission SET state = 'running' WHERE submission_id = ` + full, "没有处理完"},
		"a count":             {`UPDATE submission SET accepted = accepted + 1 WHERE submission_id = ` + full, "之和不等于行数"},
		"another receipt":     {`UPDATE submission SET accepted = accepted - 1, rejected = rejected + 1 WHERE accepted > 0 AND submission_id = ` + full, "回执前后不同"},
		"a version":           {`DELETE FROM record_version WHERE version_id = (SELECT max(version_id) FROM record_version)`, "找不到它的当前版本"},
		"an outbox row":       {`DELETE FROM log_outbox WHERE outbox_id = (SELECT max(outbox_id) FROM record_version)`, "没有排入公开日志"},
		"a record":            {`DELETE FROM record WHERE listed = 1 AND version_id = (SELECT max(version_id) FROM record WHERE listed = 1)`, "计数不符"},
		"a subject":           {`DELETE FROM subject WHERE subject_id = (SELECT max(subject_id) FROM record)`, "没有主体"},
		"a version in a gap":  {`UPDATE record_version SET version = version + 1 WHERE version_id = (SELECT max(version_id) FROM record_version)`, "序号不连续"},
		"half an outbox row":  {`UPDATE log_outbox SET n = n + 1 WHERE outbox_id = (SELECT max(outbox_id) FROM record_version)`, "条数与版本数不符"},
		"nothing at all (ok)": {`SELECT 1`, ""},
	} {
		t.Run(what, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "gongxin.db")
			if err := os.WriteFile(path, image, 0o600); err != nil {
				t.Fatal(err)
			}
			d, err := db.Open(t.Context(), path, db.Options{NoSync: true})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = d.Close() }()
			err = d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.ExecContext(ctx, c.sql)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			k := &checker{d: d}
			k.all(t.Context(), acks)
			said := strings.Join(k.problems, "\n")
			if (c.want == "") != (said == "") || !strings.Contains(said, c.want) {
				t.Errorf("found %q, want %q", said, c.want)
			}
		})
	}
}

func ids(acks []*ack) string {
	var out []string
	for _, a := range acks {
		out = append(out, a.id)
	}
	return strings.Join(out, "','")
}

// The same on PostgreSQL, whose server is killed too.
func TestPostgresIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for half a minute")
	}
	if _, err := programs(""); err != nil || os.Getenv("GONGXIN_TEST_PG") == "off" {
		t.Skip("no PostgreSQL server programs")
	}
	t.Parallel()
	soaked(t, "postgres")
}

// Outside of a soak the child refuses: nobody moves the clock of a real register.
func TestChildRefuses(t *testing.T) {
	t.Parallel()
	c, err := config.Config{Data: t.TempDir()}.Defaults()
	if err != nil {
		t.Fatal(err)
	}
	if err := (Child{Config: c}).Serve(t.Context()); err == nil {
		t.Error("it serves a folder that belongs to no soak")
	}
	if err := os.WriteFile(filepath.Join(c.Data, markName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c.Listen = "0.0.0.0:0"
	if err := (Child{Config: c}).Serve(t.Context()); err == nil {
		t.Error("it serves the network")
	}
}

// A checkpoint that shrinks, or says two things about one size, is a problem.
func TestLogWatch(t *testing.T) {
	t.Parallel()
	point := func(size int, root string) string {
		return fmt.Sprintf("gongxin.example\n%d\n%s\n\n— x y\n", size, root)
	}
	for name, c := range map[string]struct {
		answers []string
		want    int
	}{
		"grows":   {[]string{point(1, "a"), point(1, "a"), point(5, "b")}, 0},
		"shrinks": {[]string{point(5, "a"), point(1, "b")}, 1},
		"forks":   {[]string{point(5, "a"), point(5, "b")}, 1},
		"garbage": {[]string{"x"}, 1},
	} {
		w, n := &logWatch{seen: map[int64]string{}}, 0
		for _, a := range c.answers {
			w.look(t.Context(), answering(a), func(string, ...any) { n++ })
		}
		if n != c.want {
			t.Errorf("%s: %d problems, want %d", name, n, c.want)
		}
	}
}
