package translog

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"gongxin/internal/fault"
)

// Reader finds what a proof is asked for, as far as the caller may know of it. The composition wires it.
type Reader interface {
	// Locate finds a version of a record by the record's number; version 0 is the newest. It answers what the caller may not know of as
	// not found.
	Locate(ctx context.Context, record string, version int) (Location, error)
	// Subject gives the number of the subject with a code if the caller may see proofs of its sets, which tell how many versions it has.
	Subject(ctx context.Context, code string) (int64, error)
}

// tilePath are the paths of C2SP tlog-tiles below the log's address, and nothing else.
var tilePath = regexp.MustCompile(`^tile/(?:entries|[0-9]|[1-5][0-9]|6[0-3])/(?:x[0-9]{3}/){0,6}[0-9]{3}(?:\.p/[0-9]{1,3})?$`)

// Handler serves the log: checkpoint, tiles, keys, status and proofs. prefix is where it hangs, such as "/log/". reader may be nil: then there are no
// proofs by record or subject.
func (l *Log) Handler(prefix string, reader Reader) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutPrefix(r.URL.Path, prefix)
		if !ok {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Access-Control-Allow-Origin", "*") // anyone may check, from any page
		switch {
		case name == "checkpoint":
			l.serveFile(w, name, "text/plain; charset=utf-8", "no-cache")
		case tilePath.MatchString(name):
			l.serveFile(w, name, "application/octet-stream", "public, max-age=31536000, immutable")
		case name == "key":
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = w.Write([]byte(strings.Join(l.Verifiers(), "\n") + "\n"))
		case name == "status":
			s, err := l.Status(r.Context())
			answer(w, s, err)
		case name == "proof" && reader != nil:
			p, err := l.prove(r, reader)
			answer(w, p, err)
		default:
			http.NotFound(w, r)
		}
	})
}

func (l *Log) serveFile(w http.ResponseWriter, name, kind, cache string) {
	b, err := os.ReadFile(filepath.Join(l.c.Dir, filepath.FromSlash(name))) //nolint:gosec // name is "checkpoint" or matches tilePath
	if errors.Is(err, fs.ErrNotExist) {
		http.Error(w, "404 page not found", http.StatusNotFound)
		return
	}
	if err != nil {
		answer(w, nil, err)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", cache)
	_, _ = w.Write(b) //nolint:gosec // hashes and a note, never HTML
}

// Faults of asking for a proof.
var (
	errAsk  = fault.New(fault.Invalid, "translog.proof", "请求缺少参数：record（记录编号，可加 version），from（以前的检查点的大小），或 subject（主体代码）和 item（目录事项代码）", "例如 /log/proof?record=记录编号&version=1")
	errSize = fault.New(fault.NotFound, "translog.size", "日志没有到过这个大小", "from 是以前保存的检查点第二行的数字")
)

func (l *Log) prove(r *http.Request, reader Reader) (*Proof, error) {
	q := r.URL.Query()
	if from := q.Get("from"); from != "" {
		size, err := strconv.ParseInt(from, 10, 64)
		if err != nil {
			return nil, errAsk
		}
		return l.ProveConsistency(r.Context(), size)
	}
	if record := q.Get("record"); record != "" {
		version := 0
		if v := q.Get("version"); v != "" {
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 {
				return nil, errAsk
			}
			version = n
		}
		at, err := reader.Locate(r.Context(), record, version)
		if err != nil {
			return nil, err
		}
		return l.ProveRecord(r.Context(), at)
	}
	code, item := q.Get("subject"), q.Get("item")
	if code == "" || item == "" || len(item) > 32 {
		return nil, errAsk
	}
	subject, err := reader.Subject(r.Context(), code)
	if err != nil {
		return nil, err
	}
	return l.ProveSet(r.Context(), subject, item)
}

var statusOf = map[fault.Kind]int{
	fault.Invalid: http.StatusBadRequest, fault.NotFound: http.StatusNotFound, fault.Conflict: http.StatusConflict, fault.Denied: http.StatusForbidden,
	fault.Busy: http.StatusServiceUnavailable, fault.Unavailable: http.StatusServiceUnavailable, fault.TooLarge: http.StatusRequestEntityTooLarge,
}

// answer writes v as JSON, or err as a problem (RFC 9457).
func answer(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Cache-Control", "no-store")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err == nil {
		w.Header().Set("Content-Type", "application/json")
		_ = enc.Encode(v)
		return
	}
	status, problem := http.StatusInternalServerError, map[string]any{"title": "内部错误", "code": "internal"}
	var f *fault.Error
	if errors.As(err, &f) && f.Kind != fault.Internal {
		status = statusOf[f.Kind]
		problem = map[string]any{"title": f.Message, "detail": f.Fix, "code": f.Code}
	}
	problem["status"] = status
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = enc.Encode(problem)
}
