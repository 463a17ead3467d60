package portal

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
	"gongxin/internal/sheet"
	"gongxin/internal/web"
)

const (
	byteOrderMark = "\uFEFF"
	// flushEvery is the number of records after which what is ready is sent.
	flushEvery = 500
	// patience is how long a reader may take for one such part.
	patience = 30 * time.Second
)

var (
	errNoFile = fault.New(fault.NotFound, "portal.no_file",
		"没有这个下载文件。", "请从开放数据页面选择；文件名是事项代码加 .csv 或者 .ndjson。")
	errExports = fault.New(fault.Busy, "portal.exports",
		"同时下载的人太多，暂时排不上。", "请过一会儿再下载。")
)

// download streams what is public of an item. A fault on the way breaks the connection, so that nobody takes a part
// for the whole.
func (p *Portal) download(w http.ResponseWriter, r *http.Request) error {
	code, format, ok := splitFile(r.PathValue("file"))
	if !ok {
		return errNoFile
	}
	item, err := p.findItem(code)
	if err != nil || !hasColumn(item) {
		return errNoFile
	}
	f := readFilter(r.URL.Query())
	if f.bad() {
		return errFilter
	}
	select {
	case p.exports <- struct{}{}:
		defer func() { <-p.exports }()
	default:
		return errExports
	}
	h := w.Header()
	h.Set("Content-Disposition", `attachment; filename="`+string(item.Code)+"-"+compact(p.today())+"."+format+`"`)
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Robots-Tag", "noindex")
	out := newStream(w)
	var enc encoder
	if format == "csv" {
		h.Set("Content-Type", "text/csv; charset=utf-8")
		enc = newCSV(out, item)
	} else {
		h.Set("Content-Type", "application/x-ndjson")
		enc = newNDJSON(out)
	}
	if r.Method == http.MethodHead {
		return nil
	}
	return p.stream(r.Context(), out, enc, item.Code, f.ListFilter)
}

func (p *Portal) stream(ctx context.Context, out *stream, enc encoder, item catalog.ItemCode, f publish.ListFilter) error {
	n := 0
	err := p.source.Export(ctx, item, f, func(v *publish.RecordView) error {
		if n == 0 {
			if err := enc.head(); err != nil {
				return err
			}
		}
		if err := enc.record(v); err != nil {
			return err
		}
		if n++; n%flushEvery == 0 {
			return out.flush(enc)
		}
		return nil
	})
	if err == nil && n == 0 {
		err = enc.head()
	}
	if err == nil {
		err = out.flush(enc)
	}
	if err == nil || !out.sent {
		return err
	}
	if !errors.Is(err, context.Canceled) {
		p.log.LogAttrs(ctx, slog.LevelError, "download broke off", slog.String("item", string(item)),
			slog.Int("records", n), slog.String("request", web.RequestID(ctx)), slog.String("error", err.Error()))
	}
	panic(http.ErrAbortHandler)
}

// stream holds back what is written until a flush, and moves the connection's deadline with each one.
type stream struct {
	*bufio.Writer
	rc   *http.ResponseController
	sent bool
}

func newStream(w http.ResponseWriter) *stream {
	s := &stream{rc: http.NewResponseController(w)}
	s.Writer = bufio.NewWriterSize(&first{s: s, w: w}, 64<<10)
	return s
}

// first notes that something has left.
type first struct {
	s *stream
	w io.Writer
}

func (f *first) Write(b []byte) (int, error) {
	f.s.sent = true
	// A recorder in a test has no deadline; a real connection does.
	if err := f.s.rc.SetWriteDeadline(clock.System{}.Now().Add(patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return f.w.Write(b)
}

func (s *stream) flush(enc encoder) error {
	if err := enc.close(); err != nil {
		return err
	}
	if err := s.Flush(); err != nil {
		return err
	}
	if err := s.rc.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

type encoder interface {
	head() error
	record(v *publish.RecordView) error
	close() error // what is held back goes to the stream
}

// csvEncoder writes one row per record: columns about the record around the item's public fields.
type csvEncoder struct {
	out    *stream
	w      *csv.Writer
	fields []*catalog.Field
	index  map[string]int // field code → column
	row    []string
}

var (
	csvBefore = []string{"记录编号", "主体代码", "主体名称", "主体类型", "主体所在区划"}
	csvAfter  = []string{"公示起始日期", "公示截止日期", "数据来源单位", "版本", "入库时间", "目录版本", "异议"}
)

func newCSV(out *stream, item *catalog.Item) *csvEncoder {
	e := &csvEncoder{out: out, w: csv.NewWriter(out), index: map[string]int{}}
	e.w.UseCRLF = true
	for i := range item.Fields {
		if f := &item.Fields[i]; openField(item, f) {
			e.index[f.Code] = len(csvBefore) + len(e.fields)
			e.fields = append(e.fields, f)
		}
	}
	e.row = make([]string, len(csvBefore)+len(e.fields)+len(csvAfter))
	return e
}

func (e *csvEncoder) head() error {
	if _, err := e.out.WriteString(byteOrderMark); err != nil {
		return err
	}
	row := append([]string{}, csvBefore...)
	for _, f := range e.fields {
		row = append(row, f.Name)
	}
	return e.w.Write(append(row, csvAfter...))
}

func (e *csvEncoder) record(v *publish.RecordView) error {
	row := e.row
	clear(row)
	row[0], row[1], row[2], row[3], row[4] = v.ID, v.Subject.Code, v.Subject.Name, string(v.Subject.Kind), v.Subject.Region
	for i := range v.Fields {
		if at, ok := e.index[v.Fields[i].Code]; ok {
			row[at] = v.Fields[i].Value
		}
	}
	after := row[len(row)-len(csvAfter):]
	after[0], after[1], after[2] = v.PublicFrom.String(), v.PublicUntil.String(), v.Source.Name
	after[3], after[4], after[5] = strconv.Itoa(v.Version), v.RecordedAt.In(clock.Zone).Format(time.RFC3339), v.Edition
	if v.Disputed {
		after[6] = "异议中"
	}
	return e.w.Write(sheet.PlainAll(row))
}

func (e *csvEncoder) close() error {
	e.w.Flush()
	return e.w.Error()
}

// ndjson writes one JSON object per line, with the names of the API.
type ndjson struct{ enc *json.Encoder }

// openRecord is a record as open data: the API's fields, the body by the standard's field codes.
type openRecord struct {
	ID          string             `json:"id"`
	Item        catalog.ItemCode   `json:"item"`
	Class       catalog.Class      `json:"class"`
	Status      string             `json:"status"`
	Disputed    bool               `json:"disputed,omitempty"`
	Subject     publish.SubjectRef `json:"subject"`
	Body        map[string]string  `json:"body"`
	DecidedOn   clock.Date         `json:"decidedOn"`
	PublicFrom  clock.Date         `json:"publicFrom,omitzero"`
	PublicUntil clock.Date         `json:"publicUntil,omitzero"`
	Source      publish.Source     `json:"source"`
	Version     int                `json:"version"`
	RecordedAt  time.Time          `json:"recordedAt"`
	Edition     string             `json:"edition"`
}

func newNDJSON(out *stream) *ndjson {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	return &ndjson{enc: enc}
}

func (n *ndjson) head() error { return nil }

func (n *ndjson) record(v *publish.RecordView) error {
	o := openRecord{
		ID: v.ID, Item: v.Item, Class: v.Class, Status: v.Status, Disputed: v.Disputed, Subject: v.Subject, Body: make(map[string]string, len(v.Fields)),
		DecidedOn: v.DecidedOn, PublicFrom: v.PublicFrom, PublicUntil: v.PublicUntil, Source: v.Source,
		Version: v.Version, RecordedAt: v.RecordedAt.In(clock.Zone), Edition: v.Edition,
	}
	for i := range v.Fields {
		o.Body[v.Fields[i].Code] = v.Fields[i].Value
	}
	return n.enc.Encode(&o)
}

func (n *ndjson) close() error { return nil }

func compact(d clock.Date) string { return strings.ReplaceAll(d.String(), "-", "") }
