package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/ingest"
)

const submitURL = "/api/v1/submissions?item=XZCF&unit=" + unitCode

func header(kind string) http.Header { return http.Header{"Content-Type": {kind}} }

// Each way to send a file reaches the register byte by byte, with a name that tells its format.
func TestSubmit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, disposition, name string
	}{
		{"text/csv", "", "rows.csv"},
		{"text/csv; charset=gb18030", "", "rows.csv"},
		{"application/x-ndjson", "", "rows.ndjson"},
		{"application/json", "", "rows.json"},
		{xlsxType, "", "rows.xlsx"},
		{"text/csv", `attachment; filename="a.csv"`, "a.csv"},
		{"text/csv", "attachment; filename*=UTF-8''%E5%A4%84%E7%BD%9A.csv", "处罚.csv"},
		{"text/csv", `attachment; filename="../../etc/passwd"`, "passwd"},
	} {
		a := newTestAPI(t)
		h := header(c.kind)
		h.Set("Idempotency-Key", "k-1")
		if c.disposition != "" {
			h.Set("Content-Disposition", c.disposition)
		}
		content := strings.Repeat("内容\n", 50_000)
		res := a.do(t, "POST", submitURL, strings.NewReader(content), h)
		if res.status != http.StatusAccepted || res.header.Get("Location") != "/api/v1/submissions/suba0123456789" {
			t.Fatalf("%s: status %d, Location %q: %s", c.kind, res.status, res.header.Get("Location"), res.body)
		}
		want := []ingest.Request{{Item: "XZCF", Unit: unitCode, FileName: c.name, IdemKey: "k-1", Actor: actor}}
		if diff := cmp.Diff(want, a.filer.requests); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.kind, diff)
		}
		if string(a.filer.content) != content || *a.woken != 1 {
			t.Errorf("%s: %d bytes arrived, woken %d times", c.kind, len(a.filer.content), *a.woken)
		}
		if got := decode[map[string]any](t, res); got["id"] != "suba0123456789" || got["state"] != "received" || got["received"] != 0.0 || res.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v", got)
		}
	}
}

func TestSubmitForm(t *testing.T) {
	t.Parallel()
	const content = "a,b\n1,2\n"
	for _, c := range []struct {
		name   string
		target string
		parts  []part
		file   string
	}{
		{"unit in the address", submitURL, []part{{"file", "处罚.csv", content}}, "处罚.csv"},
		{"unit before the file", "/api/v1/submissions?item=XZCF", []part{{"unit", "", " " + unitCode + "\n"}, {"file", "a.csv", content}}, "a.csv"},
		{"unit twice alike", submitURL, []part{{"unit", "", unitCode}, {"file", "a.csv", content}, {"unit", "", unitCode}}, "a.csv"},
		{"file without a name", submitURL, []part{{"file", "", content}}, "rows"},
		{"path as name", submitURL, []part{{"file", `C:\数据\三月.xlsx`, content}}, "三月.xlsx"},
		{"long name", submitURL, []part{{"file", strings.Repeat("长", 300) + ".csv", content}}, strings.Repeat("长", maxName-4) + ".csv"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := newTestAPI(t)
			body, h := formOf(t, c.parts...)
			res := a.do(t, "POST", c.target, body, h)
			if res.status != http.StatusAccepted || string(a.filer.content) != content || a.filer.requests[0].FileName != c.file || a.filer.requests[0].Unit != unitCode {
				t.Errorf("%d %s; content %q, request %+v", res.status, res.body, a.filer.content, a.filer.requests)
			}
		})
	}
}

// A refused upload leaves nothing behind: either it never reached the register, or its content ended with an error there.
func TestSubmitRefusals(t *testing.T) {
	t.Parallel()
	form := func(parts ...part) func(t *testing.T) (io.Reader, http.Header) {
		return func(t *testing.T) (io.Reader, http.Header) { return formOf(t, parts...) }
	}
	plain := func(kind, content string, more ...string) func(t *testing.T) (io.Reader, http.Header) {
		return func(*testing.T) (io.Reader, http.Header) {
			h := header(kind)
			for i := 0; i+1 < len(more); i += 2 {
				h.Set(more[i], more[i+1])
			}
			return strings.NewReader(content), h
		}
	}
	cut := func(n int, parts ...part) func(t *testing.T) (io.Reader, http.Header) {
		return func(t *testing.T) (io.Reader, http.Header) {
			body, h := formOf(t, parts...)
			raw, err := io.ReadAll(body)
			if err != nil {
				t.Fatal(err)
			}
			return bytes.NewReader(raw[:len(raw)-n]), h
		}
	}
	const noUnit, content = "/api/v1/submissions?item=XZCF", "a,b\n1,2\n"
	for _, c := range []struct {
		name   string
		target string
		send   func(t *testing.T) (io.Reader, http.Header)
		status int
		code   string
	}{
		{"no item", "/api/v1/submissions?unit=" + unitCode, plain("text/csv", content), 400, "api.parameter"},
		{"unknown item", "/api/v1/submissions?item=NONE&unit=" + unitCode, plain("text/csv", content), 404, "ingest.item"},
		{"no unit", noUnit, plain("text/csv", content), 400, "api.unit"},
		{"no unit in the form", noUnit, form(part{"file", "a.csv", content}), 400, "api.unit"},
		{"unit behind the file", noUnit, form(part{"file", "a.csv", content}, part{"unit", "", unitCode}), 400, "api.unit"},
		{"unknown unit", noUnit + "&unit=1", plain("text/csv", content), 404, "agency.unknown"},
		{"units differ", submitURL, form(part{"unit", "", "1"}, part{"file", "a.csv", content}), 400, "api.unit_twice"},
		{"units differ behind the file", submitURL, form(part{"file", "a.csv", content}, part{"unit", "", "1"}), 400, "api.unit_twice"},
		{"long unit", noUnit, form(part{"unit", "", strings.Repeat("1", 1000)}, part{"file", "a.csv", content}), 400, "api.field"},
		{"no file in the form", submitURL, form(part{"unit", "", unitCode}), 400, "api.no_file"},
		{"empty form", submitURL, form(), 400, "api.no_file"},
		{"two files", submitURL, form(part{"file", "a.csv", content}, part{"file", "b.csv", content}), 400, "api.two_files"},
		{"unknown part", submitURL, form(part{"upload", "a.csv", content}), 400, "api.part"},
		{"unknown part behind the file", submitURL, form(part{"file", "a.csv", content}, part{"more", "", "x"}), 400, "api.part"},
		{"form without its end", submitURL, cut(3, part{"file", "a.csv", content}), 400, "api.broken_off"},
		{"form cut within the file", submitURL, cut(70, part{"file", "a.csv", strings.Repeat(content, 9)}), 400, "api.broken_off"},
		{"form cut in its head", submitURL, cut(160, part{"file", "a.csv", ""}), 400, "api.multipart"},
		{"boundary of another form", submitURL, plain("multipart/form-data; boundary=x", "--y\r\n\r\n--y--"), 400, "api.no_file"},
		{"broken part head", submitURL, plain("multipart/form-data; boundary=x", "--x\r\nno head\r\n\r\nz\r\n--x--\r\n"), 400, "api.multipart"},
		{"form without boundary", submitURL, plain("multipart/form-data", content), 400, "api.multipart"},
		{"form of a page", submitURL, plain("application/x-www-form-urlencoded", "file=a"), 415, "api.media_type"},
		{"no type", submitURL, plain("", content), 415, "api.media_type"},
		{"broken type", submitURL, plain("text/csv; =", content), 415, "api.media_type"},
		{"old spreadsheet type", submitURL, plain("application/vnd.ms-excel", content), 415, "api.media_type"},
		{"packed", submitURL, plain("text/csv", content, "Content-Encoding", "gzip"), 415, "api.media_type"},
		{"broken disposition", submitURL, plain("text/csv", content, "Content-Disposition", `a; filename="`), 400, "api.file_name"},
		{"no content", submitURL, plain("text/csv", ""), 400, "api.no_file"},
		{"wait no number", submitURL + "&wait=soon", plain("text/csv", content), 400, "api.parameter"},
		{"wait too long", submitURL + "&wait=31", plain("text/csv", content), 400, "api.parameter"},
		{"broken key", submitURL, plain("text/csv", content, "Idempotency-Key", "a b"), 400, "api.parameter"},
		{"long key", submitURL, plain("text/csv", content, "Idempotency-Key", strings.Repeat("k", 201)), 400, "api.parameter"},
		{"too large", submitURL, plain("text/csv", strings.Repeat("x", 3<<20)), 413, "api.too_large"},
		{"too large form", submitURL, form(part{"file", "a.csv", strings.Repeat("x", 3<<20)}), 413, "api.too_large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, length := range []string{"known", "unknown"} {
				if length == "unknown" && c.code == errNoFile.Code && !strings.Contains(c.name, "form") {
					continue // without a length an empty body is found by the register
				}
				a := newTestAPI(t, func(d *Deps) { d.MaxBytes = 1 << 20 })
				body, h := c.send(t)
				if length == "unknown" {
					body = io.MultiReader(body)
				}
				res := a.do(t, "POST", c.target, body, h)
				if p := res.problem(t); res.status != c.status || p.Code != c.code || p.Fix == "" {
					t.Errorf("length %s: %d %+v", length, res.status, p)
				}
				if len(a.filer.order) != 0 || *a.woken != 0 {
					t.Errorf("length %s: something was acknowledged", length)
				}
			}
		})
	}
}

// A body that the network tears is the network's fault, and nothing is acknowledged; a disk of ours that fails is ours.
func TestSubmitTorn(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	res := a.do(t, "POST", submitURL, io.MultiReader(strings.NewReader("a,b\n"), brokenReader{}), header("text/csv"))
	if res.status != 400 || res.problem(t).Code != "api.broken_off" || len(a.filer.order) != 0 {
		t.Errorf("%d %s", res.status, res.body)
	}
	a = newTestAPI(t)
	a.filer.submitErr = io.ErrUnexpectedEOF // from our own files
	if res := a.do(t, "POST", submitURL, strings.NewReader("a"), header("text/csv")); res.status != 500 {
		t.Errorf("%d %s", res.status, res.body)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

// A part whose lines are broken is a matter of the receipt: the interface takes the file as it is.
func TestSubmitTakesBrokenLines(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	const content = "{\"CF_WSH\":\"1\"}\n{broken\n"
	if res := a.do(t, "POST", submitURL, strings.NewReader(content), header("application/x-ndjson")); res.status != 202 || string(a.filer.content) != content {
		t.Errorf("%d %s", res.status, res.body)
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	send := func(content string) answer {
		h := header("text/csv")
		h.Set("Idempotency-Key", "march")
		return a.do(t, "POST", submitURL, strings.NewReader(content), h)
	}
	first, again := send("a,b\n"), send("a,b\n")
	if first.status != 202 || again.status != 202 || first.header.Get("Location") != again.header.Get("Location") {
		t.Errorf("%d %q, then %d %q", first.status, first.header.Get("Location"), again.status, again.header.Get("Location"))
	}
	if res := send("c,d\n"); res.status != 409 || res.problem(t).Code != "ingest.idempotency" {
		t.Errorf("%d %s", res.status, res.body)
	}
	a.filer.subs["suba0123456789"].State = ingest.Done
	if res := send("a,b\n"); res.status != 200 || res.header.Get("Location") != first.header.Get("Location") {
		t.Errorf("a filing that is done answers %d", res.status)
	}
}

// Filing and everything that is not public is closed unless the demo runs and the caller names this machine.
func TestFilingClosed(t *testing.T) {
	t.Parallel()
	id := "suba0123456789"
	for _, target := range []string{"GET /api/v1/submissions", "GET /api/v1/submissions/" + id, "GET /api/v1/submissions/" + id + "/errors.xlsx",
		"GET /api/v1/submissions/" + id + "/file", "POST " + submitURL, "POST /api/v1/submissions", "GET /api/v1/submissions?limit=x", "HEAD /api/v1/submissions"} {
		method, path, _ := strings.Cut(target, " ")
		closed := newTestAPI(t, func(d *Deps) { d.FilingOpen = false })
		res := closed.do(t, method, path, strings.NewReader("a,b\n"), header("text/csv"))
		if p := res.problem(t); res.status != 403 || p.Code != "api.filing_closed" || !strings.Contains(p.Detail, "演示") || len(closed.filer.requests) != 0 {
			t.Errorf("%s: %d %+v", target, res.status, p)
		}
		open := newTestAPI(t)
		for host, want := range map[string]bool{"localhost:8080": true, "127.0.0.1": true, "[::1]:80": true, "[::1]": true, "127.8.9.1:1": true, "demo.localhost": true,
			"LOCALHOST.": true, "evil.example": false, "10.0.0.1:8080": false, "localhost.evil.example": false, "": false, "127.0.0.1.nip.io": false} {
			r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader("a,b\n"))
			r.Host, r.Header = host, header("text/csv")
			w := httptest.NewRecorder()
			open.ServeHTTP(w, r)
			if got := w.Code != 403; got != want {
				t.Errorf("%s to %q: %d", target, host, w.Code)
			}
		}
	}
	if res := newTestAPI(t, func(d *Deps) { d.FilingOpen = false }).get(t, "/api/v1/stats"); res.status != 200 {
		t.Errorf("public figures answer %d", res.status)
	}
}

func submitted(t *testing.T, a *testAPI, file, content string) string {
	t.Helper()
	body, h := formOf(t, part{"file", file, content})
	res := a.do(t, "POST", submitURL, body, h)
	return decode[struct{ ID string }](t, res).ID
}

func TestReceipt(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	id := submitted(t, a, "a.csv", "x")
	for i := range 5 {
		a.filer.rows = append(a.filer.rows, ingest.ReceiptRow{Row: i + 1, Line: i + 2, Outcome: "rejected"})
	}
	type receipt struct {
		Item, Unit, State string
		Received          *int
		Progress          *float64
		Mapping           *struct{}
		Rows              []ingest.ReceiptRow
		NextRow           int
	}
	got := decode[receipt](t, a.get(t, "/api/v1/submissions/"+id+"?limit=2"))
	if len(got.Rows) != 2 || got.NextRow != 2 || got.Received == nil || got.Progress == nil || got.Mapping == nil || got.Item != "XZCF" || got.Unit != unitCode {
		t.Errorf("%+v", got)
	}
	if got := decode[receipt](t, a.get(t, "/api/v1/submissions/"+id+"?after=4&limit=99999")); len(got.Rows) != 1 || got.NextRow != 0 {
		t.Errorf("%+v", got)
	}
	res := a.get(t, "/api/v1/submissions/"+id+"?all=true")
	if res.status != 200 || res.header.Get("Content-Type") != "application/json" || string(res.body) != `{"id":"`+id+`","rows":[]}`+"\n" {
		t.Errorf("%d %q %s", res.status, res.header.Get("Content-Type"), res.body)
	}
	for target, want := range map[string]string{"/none": "ingest.not_found", "/none?all=true": "ingest.not_found", "/" + id + "?all=true&after=3": "api.all_and_page", "/" + id + "?all=maybe": "api.parameter",
		"/" + id + "?after=-1": "api.parameter", "/" + id + "?limit=0": "api.parameter", "/none/file": "ingest.not_found", "/none/errors.xlsx": "ingest.not_found"} {
		if code := a.get(t, "/api/v1/submissions"+target).problem(t).Code; code != want {
			t.Errorf("%s: %s, want %s", target, code, want)
		}
	}
}

func TestRecent(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	if got := decode[map[string]any](t, a.get(t, "/api/v1/submissions")); len(got["items"].([]any)) != 0 {
		t.Errorf("%v", got)
	}
	id := submitted(t, a, "a.csv", "x")
	a.filer.subs[id].Rejected = 2
	got := decode[struct{ Items []map[string]any }](t, a.get(t, "/api/v1/submissions?limit=5"))
	if len(got.Items) != 1 || got.Items[0]["id"] != id || got.Items[0]["unit"] != unitCode || got.Items[0]["received"] != 2.0 || got.Items[0]["rejected"] != 2.0 || got.Items[0]["finishedAt"] != nil {
		t.Errorf("%v", got.Items)
	}
}

func TestDownloads(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	id := submitted(t, a, "三月 “处罚”.CSV", "内容")
	errorsURL, fileURL := "/api/v1/submissions/"+id+"/errors.xlsx", "/api/v1/submissions/"+id+"/file"
	if res := a.get(t, errorsURL); res.status != 409 || res.problem(t).Code != "ingest.unfinished" || res.header.Get("Content-Disposition") != "" {
		t.Errorf("%d %s", res.status, res.body)
	}
	a.filer.subs[id].State = ingest.Done
	res := a.get(t, errorsURL)
	if res.status != 200 || string(res.body) != "PK a workbook" || res.header.Get("Content-Type") != xlsxType || res.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %v %q", res.status, res.header, res.body)
	}
	checkName(t, res, "errors-XZCF-suba0123.xlsx", "三月 “处罚”-错误表.xlsx")
	if res := a.do(t, "HEAD", errorsURL, nil, nil); res.status != 200 || len(res.body) != 0 || res.header.Get("Content-Type") != xlsxType {
		t.Errorf("HEAD: %d %v", res.status, res.header)
	}
	res = a.get(t, fileURL)
	if res.status != 200 || string(res.body) != "内容" || res.header.Get("Content-Type") != "application/octet-stream" || res.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v %q", res.status, res.header, res.body)
	}
	checkName(t, res, "submission-suba0123.csv", "三月 “处罚”.CSV")
	if res := a.do(t, "GET", fileURL, nil, http.Header{"Range": {"bytes=0-2"}}); res.status != 206 || string(res.body) != "内" {
		t.Errorf("%d %q", res.status, res.body)
	}
}

// checkName reads a Content-Disposition as old and as new clients do.
func checkName(t *testing.T, res answer, ascii, name string) {
	t.Helper()
	d := res.header.Get("Content-Disposition")
	if strings.IndexFunc(d, func(r rune) bool { return r < ' ' || r > '~' }) >= 0 {
		t.Errorf("not ASCII: %q", d)
	}
	kind, params, err := mime.ParseMediaType(d)
	if err != nil || kind != "attachment" || params["filename"] != name {
		t.Errorf("%q is read as %q, %v (%v)", d, kind, params, err)
	}
	old, _, _ := strings.Cut(d, "; filename*=")
	if _, params, err := mime.ParseMediaType(old); err != nil || params["filename"] != ascii {
		t.Errorf("%q is read as %v (%v)", old, params, err)
	}
}

// A download that fails before its first byte is a problem; one that fails later breaks the connection.
func TestTornDownload(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"/errors.xlsx", "?all=true"} {
		a := newTestAPI(t)
		id := submitted(t, a, "a.csv", "x")
		a.filer.subs[id].State = ingest.Done
		a.filer.tornErr = errors.New("disk")
		if res := a.get(t, "/api/v1/submissions/"+id+target); res.status != 500 || res.problem(t).Code != "internal" {
			t.Errorf("%s: %d %s", target, res.status, res.body)
		}
		a.filer.breakAt = 3
		server := httptest.NewServer(a)
		defer server.Close()
		res, err := server.Client().Get(server.URL + "/api/v1/submissions/" + id + target)
		if err == nil {
			_, err = io.ReadAll(res.Body)
			_ = res.Body.Close()
		}
		if err == nil {
			t.Errorf("%s: a torn answer looks whole", target)
		}
	}
}

// Waiting hears the signal of its own process at once, and looks from time to time for other processes' work.
func TestWait(t *testing.T) {
	t.Parallel()
	submit := func(t *testing.T, a *testAPI, wait string) (answer, time.Duration) {
		start := time.Now()
		res := a.do(t, "POST", submitURL+"&wait="+wait, strings.NewReader("a"), header("text/csv"))
		return res, time.Since(start)
	}
	t.Run("signal", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			done := make(chan struct{})
			a := newTestAPI(t, func(d *Deps) { d.Done = func(string) <-chan struct{} { return done } })
			a.filer.doneAfter = 2
			time.AfterFunc(100*time.Millisecond, func() { close(done) })
			if res, took := submit(t, a, "30"); res.status != 200 || took != 100*time.Millisecond || decode[map[string]any](t, res)["state"] != "done" {
				t.Errorf("%d after %v: %s", res.status, took, res.body)
			}
		})
	})
	t.Run("another process", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := newTestAPI(t)
			a.filer.doneAfter = 5
			if res, took := submit(t, a, "30"); res.status != 200 || took != 4*lookEvery {
				t.Errorf("%d after %v", res.status, took)
			}
		})
	})
	t.Run("not in time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			done := make(chan struct{})
			close(done) // a signal that is early must not be asked again and again
			a := newTestAPI(t, func(d *Deps) { d.Done = func(string) <-chan struct{} { return done } })
			res, took := submit(t, a, "2")
			if res.status != 202 || took != 2*time.Second || a.filer.looked > 12 {
				t.Errorf("%d after %v and %d looks", res.status, took, a.filer.looked)
			}
			id := decode[struct{ ID string }](t, res).ID
			start := time.Now()
			if res := a.get(t, "/api/v1/submissions/"+id+"?wait=3"); res.status != 200 || time.Since(start) != 3*time.Second {
				t.Errorf("%d after %v", res.status, time.Since(start))
			}
		})
	})
	t.Run("no wait", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			if res, took := submit(t, newTestAPI(t), "0"); res.status != 202 || took != 0 {
				t.Errorf("%d after %v", res.status, took)
			}
		})
	})
}

// The file goes to the register while it still arrives: what was sent is there before the rest is.
func TestSubmitStreams(t *testing.T) {
	t.Parallel()
	for _, form := range []bool{false, true} {
		a := newTestAPI(t)
		seen := make(chan string)
		probe := &streamProbe{Filer: a.filer, seen: seen}
		b := newTestAPI(t, func(d *Deps) { d.Filer = probe })
		server := httptest.NewServer(b)
		defer server.Close()
		in, out := io.Pipe()
		kind := "text/csv"
		head, tail := "", ""
		if form {
			kind = "multipart/form-data; boundary=x"
			head, tail = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n", "\r\n--x--\r\n"
		}
		result := make(chan int)
		go func() {
			res, err := server.Client().Post(server.URL+submitURL, kind, in)
			if err != nil {
				t.Error(err)
				close(result)
				return
			}
			_ = res.Body.Close()
			result <- res.StatusCode
		}()
		first := strings.Repeat("first\n", 4000)
		if _, err := io.WriteString(out, head+first); err != nil {
			t.Fatal(err)
		}
		if got := <-seen; !strings.HasPrefix(got, "first") {
			t.Errorf("form %v: %.20q", form, got)
		}
		if _, err := io.WriteString(out, "last\n"+tail); err != nil {
			t.Fatal(err)
		}
		_ = out.Close()
		if status := <-result; status != 202 || string(a.filer.content) != first[len("first\n"):]+"last\n" {
			t.Errorf("form %v: status %d, %d bytes", form, status, len(a.filer.content))
		}
	}
}

// streamProbe tells of the first bytes before it reads on.
type streamProbe struct {
	Filer
	seen chan string
}

func (p *streamProbe) Submit(ctx context.Context, req ingest.Request, r io.Reader) (*ingest.Submission, error) {
	head := make([]byte, len("first\n"))
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	p.seen <- string(head)
	return p.Filer.Submit(ctx, req, r)
}
