package portal

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"rsc.io/qr"

	"gongxin/internal/fault"
)

var errQR = fault.New(fault.Invalid, "portal.qr", "这个地址不能做成二维码。", "请直接使用页面地址。")

// quiet is the white border that ISO/IEC 18004 asks for, in modules.
const quiet = 4

// qr draws the QR code of a subject page's address.
func (p *Portal) qr(w http.ResponseWriter, r *http.Request) error {
	code := r.PathValue("code")
	// Only what exists gets a code; the answer is the same as the page's.
	s, err := p.source.Subject(r.Context(), code, asOf{}.at)
	if err != nil {
		return err
	}
	svg, err := qrSVG(p.origin(r) + subjectLink(s.Code))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Cache-Control", "public, max-age=86400")
	h.Set("Content-Length", strconv.Itoa(len(svg)))
	if r.Method == http.MethodHead {
		return nil
	}
	_, _ = w.Write([]byte(svg)) //nolint:gosec // G705: the code was drawn here
	return nil
}

// origin is the address of the site: the configured one, or what the reader used.
func (p *Portal) origin(r *http.Request) string {
	if p.baseURL != "" {
		return strings.TrimSuffix(p.baseURL, "/")
	}
	u := url.URL{Scheme: "http", Host: r.Host}
	if r.TLS != nil {
		u.Scheme = "https"
	}
	return u.String()
}

// qrSVG draws a text as one path, dark on white whatever the theme, so that every camera reads it.
func qrSVG(text string) (string, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", errQR.With(err)
	}
	side := strconv.Itoa(code.Size + 2*quiet)
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ` + side + ` ` + side +
		`" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h` + side + `v` + side + `H0z"/><path d="`)
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			if !code.Black(x, y) {
				continue
			}
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			run := strconv.Itoa(x - from)
			b.WriteString("M" + strconv.Itoa(from+quiet) + " " + strconv.Itoa(y+quiet) + "h" + run + "v1h-" + run + "z")
		}
	}
	b.WriteString(`"/></svg>`)
	return b.String(), nil
}
