package api

import (
	"context"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gongxin/internal/ingest"
)

// outWriter writes an answer that streams. Nothing leaves before the first byte, so that a fault until then is still a problem document,
// and the connection's deadline moves with what has been written.
type outWriter struct {
	w      http.ResponseWriter
	rc     *http.ResponseController
	header http.Header // set with the first byte
	sent   bool
}

func (o *outWriter) Write(p []byte) (int, error) {
	o.begin()
	extend(o.rc, patience)
	return o.w.Write(p)
}

func (o *outWriter) begin() {
	if o.sent {
		return
	}
	o.sent = true
	h := o.w.Header()
	for name, values := range o.header {
		h[name] = values
	}
	o.w.WriteHeader(http.StatusOK)
}

// media is the header of an answer of one type.
func media(kind string) http.Header { return http.Header{"Content-Type": {kind}} }

// stream makes an answer that write writes. A fault on the way breaks the connection, so that nobody takes a part for the whole.
func (s *server) stream(e *Exchange, header http.Header, write func(*outWriter) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(huma.Context) {
		out := &outWriter{w: bare(e.w), rc: http.NewResponseController(e.w), header: header}
		err := write(out)
		switch {
		case err == nil:
			out.begin()
		case !out.sent:
			s.fail(e.w, e.r, err)
		default:
			if e.r.Context().Err() == nil {
				s.Log.LogAttrs(e.r.Context(), slog.LevelError, "answer broke off", slog.String("request", e.w.Header().Get(requestHeader)),
					slog.String("route", e.r.Pattern), slog.String("error", err.Error()))
			}
			panic(http.ErrAbortHandler)
		}
	}}
}

// bare gives the writer under the one that swallows errors: a stream must stop when nobody reads it.
func bare(w http.ResponseWriter) http.ResponseWriter {
	if c, ok := w.(*calmWriter); ok {
		return c.ResponseWriter
	}
	return w
}

// errorBook answers with the error workbook of a filing that has ended.
func (s *server) errorBook(ctx context.Context, in *submissionInput) (*huma.StreamResponse, error) {
	sub, err := s.Filer.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !ended(sub.State) {
		return nil, ingest.ErrUnfinished
	}
	header := media(xlsxType)
	header.Set("Content-Disposition", attachment("errors-"+string(sub.Item)+"-"+short(sub.ID)+".xlsx", baseName(sub.FileName)+"-错误表.xlsx"))
	in.allow(buildTime)
	return s.stream(&in.Exchange, header, func(w *outWriter) error {
		if in.r.Method == http.MethodHead {
			return nil
		}
		return s.Filer.WriteErrors(ctx, w, in.ID)
	}), nil
}

// buildTime is how long a workbook may take until its first byte: the file is read again to its end.
const buildTime = 5 * time.Minute

// file answers with the file as it was received; parts of it can be asked for.
func (s *server) file(ctx context.Context, in *submissionInput) (*huma.StreamResponse, error) {
	sub, err := s.Filer.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	f, err := s.Filer.File(ctx, sub)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(huma.Context) {
		defer func() { _ = f.Close() }()
		h := in.w.Header()
		h.Set("Content-Type", "application/octet-stream") // never shown by a browser, whatever it holds
		h.Set("Content-Disposition", attachment("submission-"+short(sub.ID)+asciiExt(sub.FileName), sub.FileName))
		h.Set("ETag", `"`+sub.FileHash+`"`)
		http.ServeContent(&patientWriter{ResponseWriter: bare(in.w), rc: http.NewResponseController(in.w)}, in.r, "", sub.ReceivedAt, f)
	}}, nil
}

// patientWriter moves the connection's deadline with what has been written.
type patientWriter struct {
	http.ResponseWriter
	rc *http.ResponseController
}

func (p *patientWriter) Write(b []byte) (int, error) {
	extend(p.rc, patience)
	return p.ResponseWriter.Write(b)
}

// attachment names a download: for old clients in ASCII, for the others as it is (RFC 6266).
func attachment(ascii, name string) string {
	d := mime.FormatMediaType("attachment", map[string]string{"filename": ascii})
	if name == "" || name == ascii {
		return d
	}
	return d + "; filename*=UTF-8''" + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}

// short is the part of an id that a file name carries.
func short(id string) string { return id[:min(8, len(id))] }

func baseName(name string) string {
	if base := strings.TrimSuffix(name, path.Ext(name)); base != "" {
		return base
	}
	return "报送"
}

// asciiExt gives the extension of a file name when it is a plain one.
func asciiExt(name string) string {
	ext := strings.ToLower(path.Ext(name))
	if len(ext) < 2 || len(ext) > 8 || strings.Trim(ext[1:], "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return ""
	}
	return ext
}
