package api

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

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
		want := []ingest.Request{{Item: "XZCF", Unit: unitCode, FileName: c.name, IdemKey: "k-1", Actor: "local:test"}}
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

// Filing and everything that is not public is closed to whoever nobody knows.
func TestFilingClosed(t *testing.T) {
	t.Parallel()
	id := "suba0123456789"
	for _, target := range []string{
		"GET /api/v1/submissions", "GET /api/v1/submissions/" + id, "GET /api/v1/submissions/" + id + "/errors.xlsx",
		"GET /api/v1/submissions/" + id + "/file", "POST " + submitURL, "POST /api/v1/submissions", "GET /api/v1/submissions?limit=x", "HEAD /api/v1/submissions",
		"GET /api/v1/queue", "GET /api/v1/queue/1",
	} {
		method, path, _ := strings.Cut(target, " ")
		a := newTestAPI(t)
		for _, host := range []string{"localhost:8080", "127.0.0.1", "credit.example"} {
			r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader("a,b\n"))
			r.Host, r.Header = host, header("text/csv")
			r.Header.Set("X-Nobody", "1")
			w := httptest.NewRecorder()
			a.ServeHTTP(w, r)
			res := answer{w.Code, w.Header(), w.Body.Bytes()}
			if p := res.problem(t); res.status != 401 || p.Code != "authz.sign_in" || len(a.filer.requests) != 0 {
				t.Errorf("%s to %s: %d %+v", target, host, res.status, p)
			}
		}
	}
	if res := newTestAPI(t).get(t, "/api/v1/stats"); res.status != 200 {
		t.Errorf("public figures answer %d", res.status)
	}
}
