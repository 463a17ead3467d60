package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"gongxin/internal/app"
	"gongxin/internal/catalog"
	"gongxin/internal/config"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/obs"
)

// journal collects what a server logs.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) lines() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Split(strings.TrimSpace(j.text.String()), "\n")
}

// inProcess serves an installation within the test, logging everything there is to log.
func inProcess(t *testing.T, in *install, j *journal) (*server, *app.App) {
	t.Helper()
	conf, err := config.Config{Data: in.dir, Database: in.database, Listen: "127.0.0.1:0"}.Defaults()
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), conf, app.Options{Demo: true, Log: obs.Logger(j, "debug", "json"), DB: db.Options{MaxConns: 10}}, true)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	address, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		defer close(ended)
		ended <- a.Serve(ctx, true, func(url string) { address <- url })
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = a.Close()
	})
	select {
	case url := <-address:
		s := &server{in: in, url: url}
		await(t, time.Minute, "readyz", func() bool {
			res, err := http.Get(url + "/readyz")
			if err != nil {
				return false
			}
			_ = res.Body.Close()
			return res.StatusCode == http.StatusOK
		})
		return s, a
	case err := <-ended:
		t.Fatal(err)
		return nil, nil
	}
}

// TestLogsNameNobody files and reads about persons and businesses in every way that succeeds and in many that fail, also while the database is gone, with
// the most talkative log there is. What was sent is not in it: no name, no code, no identity or document number, whole or in part, no file name.
func TestLogsNameNobody(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		t.Parallel()
		j := &journal{}
		in := newInstall(t, url)
		in.must(t, "agency", "add", "--code", ownUnit, "--name", "临溪市市场监督管理局")
		s, a := inProcess(t, in, j)
		sendEverything(t, s)
		before := len(j.lines())
		_ = a.DB.Close() // everything from here on fails within
		readEverything(t, s)
		lines := j.lines()
		if len(lines) < 40 || len(lines) <= before {
			t.Fatalf("%d log lines, %d of them without a database: too few to say anything", len(lines), len(lines)-before)
		}
		routes, failed := 0, 0
		for _, line := range lines {
			var entry map[string]any
			if err := json.Unmarshal([]byte(line), &entry); err != nil {
				t.Fatalf("not structured: %.300s", line)
			}
			if entry["msg"] == "request" {
				routes++
			}
			if entry["level"] == "ERROR" {
				failed++
			}
			for _, secret := range secrets {
				if strings.Contains(line, secret) {
					t.Errorf("the log says %q: %.400s", secret, line)
				}
			}
		}
		if routes < 30 || failed == 0 {
			t.Errorf("%d requests and %d failures were logged", routes, failed)
		}
	})
}

// What the test sends and no log may say. Of long numbers a part is enough to betray somebody.
var (
	logPerson  = "张测试"
	logNumber  = citizenNumber(7)
	logFirm    = "临溪市雾里看花商贸有限公司"
	logCode    = businessCode(41)
	logDoc     = "临市监罚雾字〔2026〕77号"
	logFile    = "张测试案件"
	logHeader  = "密语表头"
	logContent = "罚款人民币柒佰柒拾元整"
	secrets    = []string{
		logPerson, logNumber, logNumber[:14], logNumber[6:], logFirm, "雾里看花", logCode, logCode[8:16], "雾字", logHeader, logContent,
		url.QueryEscape(logPerson), url.PathEscape(logFirm), url.QueryEscape("雾里看花"),
	}
)

// sendEverything files rows that are accepted, refused and torn, and reads what came of them.
func sendEverything(t *testing.T, s *server) {
	t.Helper()
	item, _ := catalog.Default().Item("XZCF")
	person := map[string]string{"CF_WSH": "四号", "CF_XDR_MC": logPerson, "CF_XDR_LB": "自然人", "CF_XDR_SHXYM": "", "CF_FRDB": "", "CF_XDR_ZJLX": "身份证", "CF_XDR_ZJHM": logNumber}
	wrong := map[string]string{"CF_WSH": logNumber, "CF_XDR_MC": logPerson, "CF_XDR_LB": logPerson, "CF_XDR_SHXYM": logNumber, "CF_NR_FK": logNumber, "CF_JDRQ": logNumber, "CF_CFLB": logPerson}
	content := encodeRows(t, item, "a.csv", []map[string]string{
		example(map[string]string{"CF_XDR_MC": logFirm, "CF_XDR_SHXYM": logCode, "CF_WSH": logDoc, "CF_NR": logContent, "CF_FRDB": logPerson}),
		example(person), example(wrong),
	})
	for name, body := range map[string][]byte{
		logFile + ".csv": content, logFile + "-半.csv": content[:len(content)/2], logNumber + ".xlsx": content, logHeader + ".csv": []byte(logHeader + "," + logNumber + "\n" + logPerson + ",x\n"),
		logFile + ".ndjson": []byte(`{"` + logHeader + `":"` + logPerson + `"`), logFile + ".txt": {0, 1, 2},
	} {
		got, err := s.upload(t, "XZCF", ownUnit, name, "", body)
		if err != nil {
			t.Fatal(err)
		}
		if got.taken() {
			s.finished(t, strings.TrimPrefix(got.header.Get("Location"), "/api/v1/submissions/"))
		}
	}
	for _, unit := range []string{logCode, logNumber, logPerson} { // units that nobody is
		if _, err := s.upload(t, "XZCF", unit, logFile+".csv", "", content); err != nil {
			t.Fatal(err)
		}
	}
	readEverything(t, s)
}

// readEverything asks for everything with names and numbers where they belong and where they do not.
func readEverything(t *testing.T, s *server) {
	t.Helper()
	for _, word := range []string{logPerson, logNumber, logFirm, logCode, logDoc, "雾里看花"} {
		q, p := url.QueryEscape(word), url.PathEscape(word)
		for _, path := range []string{
			"/search?q=" + q, "/api/v1/subjects?q=" + q, "/api/v1/subjects/" + p, "/api/v1/subjects/" + p + "/records", "/api/v1/records?item=" + q, "/api/v1/records/" + p,
			"/subjects/" + p, "/records/" + p, "/" + p, "/desk/filing/" + p, "/api/v1/submissions/" + p, "/columns/XZCF?agency=" + q, "/desk/queue?subject=" + q,
		} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Referer", s.url+"/search?q="+q)
			req.Header.Set("X-Request-Id", logNumber)
			req.AddCookie(&http.Cookie{Name: "who", Value: logNumber})
			if _, err := s.do(t, req); err != nil {
				t.Fatal(err)
			}
		}
		res, err := http.PostForm(s.url+"/prefs", url.Values{"theme": {word}, "back": {"/search?q=" + q}})
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
}
