package api

import (
	"context"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"gongxin/internal/fault"
	"gongxin/internal/flow"
)

// Attacher takes in what goes with a step of a procedure; *flow.Engine does. It tells the kind of a file by its content, bounds it and has it scanned.
type Attacher interface {
	Attach(ctx context.Context, title string, r io.Reader) (flow.Attachment, error)
}

// Attached is a file that was taken in, before a step names it.
type Attached struct {
	Hash  string `json:"hash" doc:"SHA-256，反馈时写进 evidence"`
	Type  string `json:"type" doc:"按内容辨认的类型" example:"application/pdf"`
	Bytes int64  `json:"bytes" doc:"字节数"`
}

// errEvidenceType refuses a body that is said to be something else than a proof can be.
var errEvidenceType = fault.New(fault.Invalid, "api.evidence_type", "证明材料的内容类型不对", "请用 multipart/form-data 的 file 项，或者 application/pdf、application/ofd、image/jpeg、image/png，并在 Content-Type 中写明；不要压缩正文")

type evidenceInput struct {
	Exchange
	ID string `path:"id" maxLength:"32" doc:"任务编号"`
}

// evidenceTypes are the media types that a body may have without multipart. The content decides what is taken.
var evidenceTypes = map[string]bool{"application/pdf": true, "application/ofd": true, "image/jpeg": true, "image/png": true, "application/octet-stream": true}

// taskEvidence takes in a proof of what was done, for a feedback that names it.
func (s *server) taskEvidence(ctx context.Context, in *evidenceInput) (*body[Attached], error) {
	if _, err := s.myTask(ctx, in.ID); err != nil {
		return nil, err
	}
	content, err := openEvidence(in.w, in.r)
	if err != nil {
		return nil, err
	}
	a, err := s.Files.Attach(ctx, "证明材料", content)
	in.allow(0)
	if err != nil {
		return nil, uploadError(err)
	}
	return &body[Attached]{Attached{Hash: a.Hash, Type: a.Type, Bytes: a.Bytes}}, nil
}

// openEvidence understands the head of an upload of one file.
func openEvidence(w http.ResponseWriter, r *http.Request) (io.Reader, error) {
	if r.ContentLength > flow.MaxAttachment+overhead {
		return nil, flow.ErrFileLarge
	}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return nil, errEvidenceType
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, errEvidenceType
	}
	content := &callerBody{r: http.MaxBytesReader(w, r.Body, flow.MaxAttachment+overhead), rc: http.NewResponseController(w)}
	switch {
	case kind == "multipart/form-data" && params["boundary"] == "":
		return nil, errMultipart
	case kind != "multipart/form-data" && evidenceTypes[kind]:
		return content, nil
	case kind != "multipart/form-data":
		return nil, errEvidenceType
	}
	f := &form{parts: multipart.NewReader(content, params["boundary"]), lone: true}
	part, err := f.next()
	switch {
	case err == io.EOF: //nolint:errorlint // next gives it bare behind the closing boundary
		return nil, errNoFile
	case err != nil:
		return nil, err
	case part.FormName() != "file":
		return nil, errPart
	}
	f.file = part
	return f, nil
}

// describeEvidence adds the body that streams in.
func (s *server) describeEvidence(doc *huma.OpenAPI) {
	path := doc.Paths[prefix+"/measures/tasks/{id}/evidence"]
	if path == nil {
		return
	}
	bytes := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	kinds := map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{Type: huma.TypeObject, Required: []string{"file"}, Properties: map[string]*huma.Schema{"file": bytes}}}}
	for kind := range evidenceTypes {
		kinds[kind] = &huma.MediaType{Schema: bytes}
	}
	path.Post.RequestBody = &huma.RequestBody{Required: true, Description: "一个文件", Content: kinds}
}
