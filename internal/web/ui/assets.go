package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed static
var staticFS embed.FS

// StaticPrefix is the path under which Assets serves.
const StaticPrefix = "/static/"

// layers are the style sheets in the order of their cascade layers; they leave the server as one file.
var layers = []string{"tokens", "reset", "base", "layout", "components", "desk", "print"}

// StyleSheet is the name of the one style sheet.
const StyleSheet = "app.css"

// Assets serves the static files. A file's address holds the hash of its content, so that a browser may keep it
// for a year and still never shows an old one; the plain address also works and is revalidated.
type Assets struct {
	byName map[string]*asset
	byPath map[string]*asset // path below StaticPrefix, with hash
}

type asset struct {
	name   string
	hashed string // path with hash, below StaticPrefix
	kind   string
	etag   string
	plain  []byte

	once   sync.Once
	packed []byte // gzip; nil when it would not help
}

// LoadAssets reads the embedded files and joins the style sheets.
func LoadAssets() (*Assets, error) {
	sub, err := fs.Sub(staticFS, "static")
	if err != nil {
		return nil, fmt.Errorf("ui.LoadAssets: %w", err)
	}
	return loadAssets(sub)
}

func loadAssets(files fs.FS) (*Assets, error) {
	a := &Assets{byName: map[string]*asset{}, byPath: map[string]*asset{}}
	var css bytes.Buffer
	for _, l := range layers {
		b, err := fs.ReadFile(files, "css/"+l+".css")
		if err != nil {
			return nil, fmt.Errorf("ui.LoadAssets: %w", err)
		}
		css.Write(b)
		css.WriteByte('\n')
	}
	a.add(StyleSheet, css.Bytes())
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, "css/") || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		a.add(name, b)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("ui.LoadAssets: %w", err)
	}
	return a, nil
}

func (a *Assets) add(name string, b []byte) {
	sum := sha256.Sum256(b)
	hash := hex.EncodeToString(sum[:6])
	ext := path.Ext(name)
	f := &asset{
		name:   name,
		hashed: strings.TrimSuffix(name, ext) + "." + hash + ext,
		kind:   contentType(ext),
		etag:   hash,
		plain:  b,
	}
	a.byName[name] = f
	a.byPath[f.hashed] = f
}

func contentType(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	if t := mime.TypeByExtension(ext); t != "" {
		return t
	}
	return "application/octet-stream"
}

// Has says whether a file was built in; the vendor files are absent before `make assets` has run.
func (a *Assets) Has(name string) bool { return a != nil && a.byName[name] != nil }

// URL gives the address of a file with its hash; an unknown name gives the plain address.
func (a *Assets) URL(name string) string {
	if a != nil {
		if f := a.byName[name]; f != nil {
			return StaticPrefix + f.hashed
		}
	}
	return StaticPrefix + name
}

// Bytes gives a file's content, nil when there is none.
func (a *Assets) Bytes(name string) []byte {
	if f := a.byName[name]; f != nil {
		return f.plain
	}
	return nil
}

// ServeHTTP serves one file below StaticPrefix, and answers 404 with an empty body otherwise.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, StaticPrefix)
	h := w.Header()
	f := a.byPath[name]
	if f != nil {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else if f = a.byName[name]; f != nil {
		h.Set("Cache-Control", "no-cache")
	} else {
		h.Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNotFound)
		return
	}
	f.serve(w, r)
}

// ServeFile serves a file by name under an address of its own, such as /favicon.ico.
func (a *Assets) ServeFile(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := a.byName[name]
		if f == nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=86400")
		f.serve(w, r)
	})
}

func (f *asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	body, tag := f.plain, `"`+f.etag+`"`
	h.Add("Vary", "Accept-Encoding")
	if packed := f.gzip(); packed != nil && AcceptsGzip(r) {
		body, tag = packed, `"`+f.etag+`-gz"`
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Type", f.kind)
	h.Set("ETag", tag)
	if matches(r.Header.Get("If-None-Match"), tag) {
		h.Del("Content-Encoding")
		h.Del("Content-Type")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// gzip packs the file at its first use, once, at the best level.
func (f *asset) gzip() []byte {
	f.once.Do(func() {
		if len(f.plain) < 512 || strings.HasPrefix(f.kind, "image/png") || strings.HasPrefix(f.kind, "font/") {
			return
		}
		var b bytes.Buffer
		zw, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return
		}
		if _, err := zw.Write(f.plain); err != nil || zw.Close() != nil {
			return
		}
		if b.Len() < len(f.plain)*9/10 {
			f.packed = b.Bytes()
		}
	})
	return f.packed
}

// AcceptsGzip says whether the client takes gzip.
func AcceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name = strings.TrimSpace(name); name == "gzip" || name == "*" {
			q = strings.ReplaceAll(q, " ", "")
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}

// matches compares an If-None-Match header with a strong tag; weak marks do not matter for a GET.
func matches(header, tag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimPrefix(strings.TrimSpace(part), "W/")
		if part == tag || part == "*" {
			return true
		}
	}
	return false
}
