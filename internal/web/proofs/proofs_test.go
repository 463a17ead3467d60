package proofs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"gongxin/internal/web"
	"gongxin/internal/web/desk/desktest"
	"gongxin/internal/web/ui"
)

// vector is a file that every verifier must accept, or refuse for the same reason.
type vector struct {
	Name, Text, Keys, Old, Code string
	Proven, Limits              []string
}

func vectors(t *testing.T) []vector {
	t.Helper()
	raw, err := os.ReadFile("../../verify/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []vector
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func pages(t *testing.T, keys string) http.Handler {
	t.Helper()
	assets, err := ui.LoadAssets()
	if err != nil {
		t.Fatal(err)
	}
	site := &web.Site{City: "临溪市", Assets: assets, Actors: desktest.Callers{}}
	rt := site.Router()
	site.Mount(rt)
	New(Deps{Site: site, Keys: func(context.Context) ([]string, error) {
		if keys == "" {
			return nil, errors.New("none")
		}
		return strings.Split(keys, "\n"), nil
	}}).Routes(rt)
	return site.Wrap(rt)
}

func call(h http.Handler, r *http.Request) (int, string) {
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// form sends what a browser without JavaScript sends: text with the line ends of forms, or a file.
func form(t *testing.T, v *vector, asFile bool) *http.Request {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	crlf := strings.NewReplacer("\n", "\r\n")
	_ = m.WriteField("keys", crlf.Replace(v.Keys))
	_ = m.WriteField("old", crlf.Replace(v.Old))
	if asFile {
		part, err := m.CreateFormFile("file", "proof.json")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte(v.Text))
	} else {
		_ = m.WriteField("text", crlf.Replace(v.Text))
	}
	_ = m.Close()
	r := httptest.NewRequest(http.MethodPost, "/verify", &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return r
}

// Who sends slowly keeps nobody else from having a file checked.
func TestSlowSendersKeepNobodyElse(t *testing.T) {
	t.Parallel()
	list := vectors(t)
	h := pages(t, list[0].Keys)
	var wg sync.WaitGroup
	var ends []*io.PipeWriter
	for range eachSends {
		read, write := io.Pipe()
		r := form(t, &list[0], true)
		r.Body = read
		wg.Go(func() { call(h, r) })
		_, _ = write.Write([]byte("--")) // returns once it was read
		ends = append(ends, write)
	}
	if code, text := call(h, form(t, &list[0], true)); code != http.StatusServiceUnavailable || !strings.Contains(text, "正在核验的文件太多") {
		t.Errorf("one more from the same address: %d", code)
	}
	other := form(t, &list[0], true)
	other.RemoteAddr = "198.51.100.7:1"
	if code, _ := call(h, other); code != http.StatusOK {
		t.Errorf("from another address: %d", code)
	}
	for _, w := range ends {
		_ = w.CloseWithError(io.ErrUnexpectedEOF)
	}
	wg.Wait()
	if code, _ := call(h, form(t, &list[0], true)); code != http.StatusOK {
		t.Errorf("afterwards: %d", code)
	}
}

// Without JavaScript the page judges as the command does, whether the file is chosen or pasted.
func TestByForm(t *testing.T) {
	t.Parallel()
	list := vectors(t)
	h := pages(t, list[0].Keys)
	for i := range list {
		v := &list[i]
		if strings.TrimSpace(v.Text) == "" {
			continue
		}
		for _, asFile := range []bool{true, false} {
			if !asFile && strings.Contains(v.Name, "no line behind") { // pasting gives a checkpoint its last line's end
				continue
			}
			status, page := call(h, form(t, v, asFile))
			good := strings.Contains(page, "核验通过")
			if status != http.StatusOK || good != (v.Code == "") || !good && !strings.Contains(page, "（"+v.Code+"）") {
				t.Errorf("%s (file %v): %d, accepted %v, want %q", v.Name, asFile, status, good, v.Code)
			}
			for _, line := range append(v.Proven, v.Limits...) {
				if !strings.Contains(page, "<li>"+line+"</li>") {
					t.Errorf("%s: the page does not say %q", v.Name, line)
				}
			}
		}
	}
}

func TestFormFaults(t *testing.T) {
	t.Parallel()
	list := vectors(t)
	h := pages(t, list[0].Keys)
	for name, c := range map[string]struct {
		v    vector
		says string
	}{
		"nothing":   {vector{Keys: list[0].Keys}, "请选择证明文件"},
		"no key":    {vector{Keys: "nonsense", Text: "{}"}, "公钥的格式不对"},
		"a receipt": {vector{Text: `{"format":"gongxin-consent-receipt/1"}`}, "授权回执"},
	} {
		if status, page := call(h, form(t, &c.v, true)); status >= 500 || !strings.Contains(page, c.says) {
			t.Errorf("%s: %d %s", name, status, page)
		}
	}
	plain := httptest.NewRequest(http.MethodPost, "/verify", strings.NewReader(url.Values{"text": {"x"}}.Encode()))
	plain.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if status, page := call(h, plain); status != http.StatusOK || !strings.Contains(page, "file.format") {
		t.Errorf("a plain form: %d", status)
	}
	large := vector{Text: strings.Repeat("x", maxForm+1)}
	if status, _ := call(h, form(t, &large, true)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %d", status)
	}
	if status, _ := call(pages(t, ""), httptest.NewRequest(http.MethodGet, "/verify", nil)); status != http.StatusServiceUnavailable {
		t.Errorf("without a log: %d", status)
	}
}

// The page brings its scripts as files and nothing inline; the file to keep brings everything inline and asks nobody.
func TestPageAndFile(t *testing.T) {
	t.Parallel()
	list := vectors(t)
	h := pages(t, list[0].Keys)
	status, page := call(h, httptest.NewRequest(http.MethodGet, "/verify", nil))
	first, _, _ := strings.Cut(list[0].Keys, "\n")
	if status != http.StatusOK || strings.Contains(page, "<script>") || strings.Contains(page, " style=") || !strings.Contains(page, first) {
		t.Errorf("page: %d", status)
	}
	for _, name := range []string{"verify-sm2", "verify", "verify-page"} {
		if !strings.Contains(page, `src="/static/js/`+name+`.`) {
			t.Errorf("the page has no script %s", name)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/verify/offline.html", nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	whole := w.Body.String()
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("the file: %d %v", w.Code, w.Header())
	}
	for _, never := range []string{`src="`, `href="/`, "url(/", "@import", `action="/`} {
		if strings.Contains(whole, never) {
			t.Errorf("the file needs somebody: %s", never)
		}
	}
	if strings.Count(whole, "<script>") != 1 || strings.Count(whole, "</script>") != 1 || !strings.Contains(whole, "gongxinVerify") || !strings.Contains(whole, "gongxinSM2") || !strings.Contains(whole, first) {
		t.Error("the file does not hold the verifier")
	}
}
