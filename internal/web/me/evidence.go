package me

import (
	"bytes"
	"errors"
	"image"
	_ "image/jpeg" // the forms of pictures that phones make
	_ "image/png"
	"io"
	"mime/multipart"
	"net/http"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/fault"
)

const (
	// uploadTime is how long a phone may take to send a picture, claimTime how long the claim itself may take.
	uploadTime = 2 * time.Minute
	claimTime  = 10 * time.Second
	// formRoom is what the fields and boundaries of the form may take beside the file, in bytes.
	formRoom = 64 << 10
	// maxSide bounds a picture's sides in pixels: what opens to more is made to exhaust the one who looks at it.
	maxSide = 20_000
)

var errForm = fault.New(fault.Invalid, "me.form", "提交的内容不完整，可能是网络中断", "请回到页面重新填写后提交")

// evidence is an uploaded file that has passed the look at its form.
type evidence struct{ data []byte }

func (e *evidence) reader() io.Reader { return bytes.NewReader(e.data) }

// readClaim reads the form with its file. All of it stays in memory: nothing that was uploaded reaches the disk unsealed.
func (c *Centre) readClaim(w http.ResponseWriter, r *http.Request) (claimForm, *evidence, error) {
	var f claimForm
	rc := http.NewResponseController(w)
	until := (clock.System{}).Now().Add(uploadTime) // the machine's clock, whatever day the pages live in
	_ = rc.SetReadDeadline(until)                   // a recorder in a test has no deadlines; a real connection does
	_ = rc.SetWriteDeadline(until.Add(claimTime))
	room := c.MaxEvidence + formRoom
	r.Body = http.MaxBytesReader(w, r.Body, 2*room) // so that a file somewhat too large is refused beside its field
	err := r.ParseMultipartForm(2 * room)           //nolint:gosec // G120: the line above bounds it
	if errors.Is(err, http.ErrNotMultipart) {
		err = r.ParseForm()
	}
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return f, nil, err
		}
		return f, nil, errForm.With(err)
	}
	f.fill(r.PostFormValue)
	if r.MultipartForm == nil || f.method != methodLicence {
		return f, nil, nil
	}
	files := r.MultipartForm.File["file"]
	if len(files) == 0 || files[0].Filename == "" {
		return f, nil, nil
	}
	data, err := c.readFile(files[0])
	if err != nil {
		return f, nil, err
	}
	if f.fileFault = checkEvidence(data, c.MaxEvidence); f.fileFault != "" {
		return f, nil, nil
	}
	return f, &evidence{data}, nil
}

func (c *Centre) readFile(h *multipart.FileHeader) ([]byte, error) {
	file, err := h.Open()
	if err != nil {
		return nil, errForm.With(err)
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, c.MaxEvidence+1))
	if err != nil {
		return nil, errForm.With(err)
	}
	return data, nil
}

// checkEvidence says in a sentence what is wrong with an uploaded file, or "". It goes by the content, never by the name.
func checkEvidence(data []byte, most int64) string {
	const kinds = "请上传 JPG、PNG 照片或者 PDF。"
	switch {
	case len(data) == 0:
		return "这个文件是空的，请重新选择。"
	case int64(len(data)) > most:
		return "文件超过 " + byteSize(most) + "。请缩小照片后重新选择。"
	}
	switch http.DetectContentType(data) {
	case "image/jpeg", "image/png":
		p, _, err := image.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			return "照片已损坏，打不开。" + kinds
		}
		if p.Width < 1 || p.Height < 1 || p.Width > maxSide || p.Height > maxSide {
			return "照片的尺寸不正常。请重新拍照后选择。"
		}
	case "application/pdf":
		if tail := data[max(0, len(data)-2048):]; !bytes.Contains(tail, []byte("%%EOF")) {
			return "PDF 不完整，打不开。请重新导出后选择。"
		}
	default:
		return "不是照片或者 PDF。" + kinds
	}
	return ""
}
