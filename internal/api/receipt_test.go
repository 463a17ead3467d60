package api

import (
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

	"gongxin/internal/ingest"
)

// submitted files a form and gives the id of its receipt.
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
	for target, want := range map[string]string{
		"/none": "ingest.not_found", "/none?all=true": "ingest.not_found", "/" + id + "?all=true&after=3": "api.all_and_page", "/" + id + "?all=maybe": "api.parameter",
		"/" + id + "?after=-1": "api.parameter", "/" + id + "?limit=0": "api.parameter", "/none/file": "ingest.not_found", "/none/errors.xlsx": "ingest.not_found",
	} {
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
