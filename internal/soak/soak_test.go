package soak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gongxin/internal/config"
	"gongxin/internal/db"
	"gongxin/internal/obs"
	"gongxin/internal/record"
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
	report, err := r.run(t.Context(), Options{Program: program, Dir: dir, Engine: engine, Duration: 18 * time.Second, Every: 2 * time.Second, Filers: 2, Readers: 2, Seed: 5})
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "server.log"))
		t.Fatalf("%v\n%.2000s", err, log)
	}
	for _, p := range report.Problems {
		t.Error(p)
	}
	for _, u := range report.Unchecked {
		t.Error("not looked at: " + u)
	}
	if report.Filings.Acknowledged < 1 || len(report.Faults) < 2 || report.Versions < 1 || report.Looks.Answered < 1 || report.Looks.Refused < 1 || report.Looks.Own < 1 || report.Log.Checkpoints < 2 {
		t.Errorf("too little was done to say anything: %+v", report)
	}
	if !report.Passed {
		t.Error("not passed")
	}
	for _, kind := range []string{kindFile, kindNew, kindCorrect, kindWithdraw, kindReceipt, kindSearch, kindSubject, kindColumn, kindQueue, kindMatter, kindNoMatter, kindConsent, kindNoGrant, kindGrant, kindRevoke, kindOwn} {
		if !slices.ContainsFunc(report.Requests, func(q Requests) bool {
			return q.Kind == kind && q.ByAnswer["200"]+q.ByAnswer["201"]+q.ByAnswer["202"] > 0 || q.Kind == kind && (kind == kindNoMatter || kind == kindNoGrant) && q.Answered > 0
		}) {
			t.Errorf("nobody got an answer: %s", kind)
		}
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
		"a version":           {`DELETE FROM record_version WHERE version_id = (SELECT max(version_id) FROM record)`, "找不到它的当前版本"},
		"an outbox row":       {`DELETE FROM log_outbox WHERE outbox_id = (SELECT max(outbox_id) FROM record_version)`, "没有排入公开日志"},
		"a record":            {`DELETE FROM record WHERE listed = 1 AND version_id = (SELECT max(version_id) FROM record WHERE listed = 1)`, "计数不符"},
		"a subject":           {`DELETE FROM subject WHERE subject_id = (SELECT max(subject_id) FROM record)`, "没有主体"},
		"a version in a gap":  {`UPDATE record_version SET version = version + 1 WHERE version_id = (SELECT max(version_id) FROM record)`, "序号不连续"},
		"half an outbox row":  {`UPDATE log_outbox SET n = n + 1 WHERE outbox_id = (SELECT max(outbox_id) FROM record_version)`, "条数与版本数不符"},
		"an answer's entry":   {`DELETE FROM access_log WHERE access_id = (SELECT max(access_id) FROM access_log WHERE matter = '` + soakMatter + `' AND outcome = 'answered')`, "不在查询日志中"},
		"another matter":      {`UPDATE access_log SET matter = 'X' WHERE matter = '` + soakMatter + `' AND outcome = 'answered'`, "与当时的查询不符"},
		"what was shown":      {`UPDATE access_log SET records = '' WHERE matter = '` + soakMatter + `' AND outcome = 'answered'`, "记了 0 条"},
		"the refusals":        {`DELETE FROM access_log WHERE outcome = 'refused' AND missing = 'matter'`, "被拒（matter）"},
		"the own readings":    {`DELETE FROM access_log WHERE what = 'own'`, "本企业档案看过"},
		"a look at the queue": {`DELETE FROM access_log WHERE what = 'queue'`, "看过待认定的行"},
		"an invented look":    {`UPDATE access_log SET who_id = 424242, outcome = 'answered' WHERE what = 'own'`, "最多只应有"}, // nobody of the load
		"a use of a consent":  {`UPDATE consent SET uses_left = uses_left - 1 WHERE consent_id = (SELECT max(consent_id) FROM consent)`, "用掉的次数"},
		"a revocation":        {`UPDATE consent SET revoked_at = 0`, "撤销授权"},
		"a consent":           {`DELETE FROM consent WHERE consent_id = (SELECT max(consent_id) FROM consent)`, "授权书"},
		"a paper's last word": {`UPDATE record_version SET body = replace(body, '（更正）', '') WHERE version = 2`, "内容与最后确认的不同"},
		"a withdrawal":        {`UPDATE record_version SET status = 1 WHERE version = 3`, "状态与最后确认的不同"},
		"a paper":             {`DELETE FROM record_version WHERE version_id = (SELECT max(version_id) FROM record_version WHERE body LIKE '%临试许%-0号%')`, "不在登记簿中"},
		"a leaf":              {`UPDATE access_log SET address = 'elsewhere' WHERE access_id = (SELECT max(access_id) FROM access_log)`, "公开日志"},
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
			k := r.inspect(t.Context(), d)
			if what == "a leaf" || c.want == "" { // it takes long
				r.watch.prove(t.Context(), r.srv.data, d, k)
			}
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

// What everyone can download and the register withdrew is a problem, and so is a paper that is on file twice.
func TestPapers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		p    paper
		r    *licence
		want string
	}{
		"as said":       {paper{versions: 2, content: "b"}, &licence{1, 2, "b", record.Active}, ""},
		"withdrawn":     {paper{versions: 3, content: "b", withdrawn: true}, &licence{1, 3, "b", record.Withdrawn}, ""},
		"never sent":    {paper{}, nil, ""},
		"lost":          {paper{versions: 1}, nil, "不在登记簿中"},
		"twice":         {paper{versions: 1, content: "a"}, &licence{2, 1, "a", record.Active}, "在册 2 次"},
		"once too much": {paper{versions: 1, content: "a"}, &licence{1, 2, "a", record.Active}, "有 2 个版本"},
		"one more sent": {paper{versions: 1, content: "a", open: true}, &licence{1, 2, "b", record.Active}, ""},
		"still there":   {paper{versions: 3, content: "b", withdrawn: true}, &licence{1, 3, "b", record.Active}, "状态"},
		"older":         {paper{versions: 2, content: "b"}, &licence{1, 2, "a", record.Active}, "内容"},
	} {
		k := &checker{}
		k.paper(&c.p, c.r)
		if said := strings.Join(k.problems, "\n"); (c.want == "") != (said == "") || !strings.Contains(said, c.want) {
			t.Errorf("%s: %q, want %q", name, said, c.want)
		}
	}
}

// The causes name what became of a request and nothing else.
func TestCause(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		status int
		raw    string
		err    error
	}{
		"200":              {200, "{}", nil},
		"403 disclosure.x": {403, `{"code":"disclosure.x"}`, nil},
		"500":              {500, "oops", nil},
		"没有回答：服务不在":        {0, "", fmt.Errorf("dial: %w", syscall.ECONNREFUSED)},
		"没有回答：连接中断":        {0, "", io.ErrUnexpectedEOF},
		"没有回答：超时":          {0, "", context.DeadlineExceeded},
		"没有回答：其他":          {0, "", errors.New("x")},
	} {
		if got := cause(c.status, []byte(c.raw), c.err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Recoveries are summed up by kind; one that never came shows.
func TestRecoveries(t *testing.T) {
	t.Parallel()
	got := recoveries([]Fault{{"a", 1, 3}, {"b", 2, 1}, {"a", 3, 5}, {"a", 4, 4}, {"b", 5, -1}})
	want := []Recovery{{"a", 3, 4, 5}, {"b", 2, 0, -1}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// A checkpoint that shrinks, or says two things about one size, is a problem.
func TestLogWatch(t *testing.T) {
	t.Parallel()
	if _, _, ok := sizeAndRoot("x\ny\nz\n\n"); ok {
		t.Error("a size that is no number")
	}
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
