// Package proofs keeps the rule that nobody needs the platform to check the platform: its page verifies proofs of the public log in the reader's own
// browser, can be kept as one file that works without any server, and says which keys it trusted. Only who has no JavaScript sends the file
// here, where package verify checks it and nothing is kept.
package proofs

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/verify"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// Bounds of what is sent here to be checked: the file, the form around it, how long that may take and how many at once.
const (
	maxFile    = 16 << 20
	maxForm    = maxFile + 256<<10
	sendTime   = 2 * time.Minute
	turnTime   = 15 * time.Second
	answerTime = 45 * time.Second
	atOnce     = 2  // files that are checked
	sending    = 16 // forms that are being sent
	eachSends  = 2  // of them from one address: who sends slowly keeps nobody else from it
)

// Scripts of the page, in the order in which they are loaded.
var scripts = []string{"js/verify-sm2.js", "js/verify.js", "js/verify-page.js"}

// Deps are what the page is made of.
type Deps struct {
	Site *web.Site
	Keys func(ctx context.Context) ([]string, error) // the log's public keys in note format
}

// Pages are the pages under /verify.
type Pages struct {
	site *web.Site
	keys func(ctx context.Context) ([]string, error)
	turn chan struct{}

	mu   sync.Mutex
	from map[string]int // forms that are being sent, by address
	all  int
}

// New makes the pages.
func New(d Deps) *Pages {
	return &Pages{site: d.Site, keys: d.Keys, turn: make(chan struct{}, atOnce), from: map[string]int{}}
}

// Routes hangs the pages into the site. They are for everyone.
func (p *Pages) Routes(rt *web.Router) {
	rt.Handle("GET /verify", web.Public(authz.LogRead), p.site.Handle(p.page))
	rt.Handle("POST /verify", web.Public(authz.LogRead), p.site.Stream(p.check))
	rt.Handle("GET /verify/offline.html", web.Public(authz.LogRead), p.site.Handle(p.offline))
}

// view is the page with what stands in its form, and the answer if the server checked.
type view struct {
	keys    string // in the form
	ours    string // of this site
	old     string
	text    string
	fault   string
	result  *verify.Result
	scripts []string
	local   bool // the page is a file of its own
}

var (
	errForm = fault.New(fault.Invalid, "proofs.form", "提交的内容不完整，可能是网络中断", "请回到页面重新选择文件")
	errBusy = fault.New(fault.Busy, "proofs.busy", "正在核验的文件太多", "请稍后再试，或者启用 JavaScript 在自己的浏览器里核验")
	errKeys = fault.New(fault.Unavailable, "proofs.keys", "这个平台没有开通公开日志", "请联系平台管理员")
)

func (p *Pages) view(r *http.Request) (*view, error) {
	keys, err := p.keys(r.Context())
	if err != nil {
		return nil, errKeys.With(err)
	}
	v := &view{ours: strings.Join(keys, "\n")}
	v.keys = v.ours
	for _, name := range scripts {
		v.scripts = append(v.scripts, p.site.Assets.URL(name))
	}
	return v, nil
}

func (p *Pages) page(w http.ResponseWriter, r *http.Request) error {
	v, err := p.view(r)
	if err != nil {
		return err
	}
	return p.show(w, r, http.StatusOK, v)
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request, status int, v *view) error {
	page := p.site.Page(r, "核验证明", ui.Link{Label: "核验证明"})
	page.Description = "在自己的浏览器里核验公开日志的证明：记录在日志中、所列即全部、日志只增未改。"
	return p.site.Render(w, r, status, web.Frame(page, body(v)))
}

// offline hands the page out as one file that needs nothing else.
func (p *Pages) offline(w http.ResponseWriter, r *http.Request) error {
	v, err := p.view(r)
	if err != nil {
		return err
	}
	v.local, v.scripts = true, nil
	var script strings.Builder
	for _, name := range scripts {
		script.Write(p.site.Assets.Bytes(name))
		script.WriteByte('\n')
	}
	w.Header().Set("Content-Disposition", `attachment; filename="gongxin-verify.html"`)
	return p.site.Render(w, r, http.StatusOK, whole(v, string(p.site.Assets.Bytes(ui.StyleSheet)), script.String()))
}

// check is for readers without JavaScript: the file is sent here, checked in memory, and forgotten.
func (p *Pages) check(w http.ResponseWriter, r *http.Request) error {
	v, err := p.view(r)
	if err != nil {
		return err
	}
	raw, err := p.receive(w, r, v)
	if err != nil {
		return err
	}
	if err := p.wait(r.Context()); err != nil {
		return err
	}
	defer func() { <-p.turn }()
	status := http.StatusOK
	if v.fault != "" {
		status = http.StatusBadRequest
	} else if keys, err := verify.ParseKeys(strings.Split(v.keys, "\n")...); err != nil {
		v.fault, status = "公钥的格式不对。每行一个，形如“名称+编号+内容”；其中要有日志的 Ed25519 公钥。", http.StatusBadRequest
	} else {
		v.result = verify.File(raw, keys, v.old)
	}
	w.Header().Set("Cache-Control", "no-store")
	return p.show(w, r, status, v)
}

// receive takes the form from a caller who is not sending too many already.
func (p *Pages) receive(w http.ResponseWriter, r *http.Request, v *view) ([]byte, error) {
	address := authz.From(r.Context()).Address
	p.mu.Lock()
	busy := p.all >= sending || p.from[address] >= eachSends
	if !busy {
		p.all++
		p.from[address]++
	}
	p.mu.Unlock()
	if busy {
		return nil, errBusy
	}
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.all--
		if p.from[address]--; p.from[address] == 0 {
			delete(p.from, address)
		}
	}()
	return v.read(w, r)
}

// wait takes a turn to check a file that is here.
func (p *Pages) wait(ctx context.Context) error {
	patience := time.NewTimer(turnTime)
	defer patience.Stop()
	select {
	case p.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-patience.C:
		return errBusy
	}
}

// read takes the form. All of it stays in memory.
func (v *view) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	until := (clock.System{}).Now().Add(sendTime) // the machine's clock, whatever day the pages live in
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(until) // a recorder in a test has no deadlines; a real connection does
	_ = rc.SetWriteDeadline(until.Add(answerTime))
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	err := r.ParseMultipartForm(maxForm) //nolint:gosec // G120: the line above bounds it
	if errors.Is(err, http.ErrNotMultipart) {
		err = r.ParseForm()
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, err
	case err != nil:
		return nil, errForm.With(err)
	}
	v.text, v.old = r.PostFormValue("text"), newlines(r.PostFormValue("old"))
	if keys := newlines(r.PostFormValue("keys")); strings.TrimSpace(keys) != "" {
		v.keys = keys
	}
	raw := []byte(newlines(v.text))
	if r.MultipartForm != nil {
		if files := r.MultipartForm.File["file"]; len(files) > 0 && files[0].Filename != "" {
			v.text = ""
			if raw, err = readFile(files[0]); err != nil {
				return nil, err
			}
		}
	}
	if len(strings.TrimSpace(string(raw))) == 0 {
		v.fault = "请选择证明文件，或者粘贴它的内容。"
	}
	return raw, nil
}

func readFile(h *multipart.FileHeader) ([]byte, error) {
	f, err := h.Open()
	if err != nil {
		return nil, errForm.With(err)
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, errForm.With(err)
	}
	return raw, nil
}

// newlines undoes what forms do to the ends of lines: a signature covers every byte. A note ends with one.
func newlines(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	if trimmed := strings.TrimRight(s, "\n"); trimmed != "" && !strings.HasPrefix(strings.TrimSpace(s), "{") {
		return trimmed + "\n"
	}
	return s
}

// tone and words of an answer.
func (v *view) tone() ui.Tone {
	if v.result.OK() {
		return ui.Good
	}
	return ui.Bad
}

func (v *view) title() string {
	if v.result.OK() {
		return "核验通过"
	}
	return "核验未通过：不要相信这份文件"
}

// action is where the form is sent without JavaScript; a file of its own has no server.
func (v *view) action() templ.SafeURL {
	if v.local {
		return "#"
	}
	return "/verify"
}

// link is an address of the site; a file of its own only names it.
func (v *view) link(path string) string {
	if v.local {
		return "#how-h"
	}
	return path
}
