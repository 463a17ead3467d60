package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/publish"
)

// Format is the format of Document, FileFormat that of the file around it.
const (
	Format     = "gongxin/report/1"
	FileFormat = "gongxin/report-file/1"
	algorithm  = "SM2-SM3"
)

// Kind is the kind of a report.
type Kind string

// The kinds.
const (
	Standard Kind = "standard" // of an organisation or an individual business, from what is public
	Person   Kind = "person"   // of a natural person: self, or with consent
	Special  Kind = "special"  // 信用代证: in place of certificates of no violation; self, or with consent
)

// Document is a report as data. Its JSON is canonical: fields in this order, no spaces, UTF-8.
type Document struct {
	Format    string        `json:"format"`
	Number    string        `json:"number"`
	Code      string        `json:"code"` // for checking from paper
	Kind      Kind          `json:"kind"`
	Title     string        `json:"title"`
	Layout    string        `json:"layout"` // V2.0
	City      string        `json:"city"`
	Issuer    string        `json:"issuer"`
	IssuedAt  time.Time     `json:"issuedAt"`
	AsOf      time.Time     `json:"asOf"`
	Edition   string        `json:"edition"` // of the catalogue
	VerifyURL string        `json:"verifyUrl,omitempty"`
	Subject   Subject       `json:"subject"`
	Labels    []string      `json:"labels"`
	Basics    []Fact        `json:"basics"`
	From      clock.Date    `json:"from,omitzero"` // special: the period, both days in it
	To        clock.Date    `json:"to,omitzero"`
	Purpose   string        `json:"purpose,omitempty"`
	Basis     string        `json:"basis,omitempty"` // on which more than the public was read
	Summary   []SummaryLine `json:"summary"`
	Chapters  []Chapter     `json:"chapters"`
	Statement []Statement   `json:"statements,omitempty"`
	Notes     []string      `json:"notes"`
	Proofs    Proofs        `json:"proofs"`
	consented bool
}

// Subject is whom the report is about. A person has a name and nothing else.
type Subject struct {
	Code   string              `json:"code,omitempty"`
	Name   string              `json:"name"`
	Kind   catalog.SubjectKind `json:"kind"`
	Number string              `json:"number,omitempty"` // in the register, as the proofs name it; only with proofs over all its records
}

// Fact is a label with its value.
type Fact struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// SummaryLine is a line of the summary.
type SummaryLine struct {
	Chapter int    `json:"chapter"`
	Name    string `json:"name"`
	Count   int    `json:"count"`
}

// Chapter is a chapter; Empty holds the sentence of one without content.
type Chapter struct {
	Number  int      `json:"number"`
	Numeral string   `json:"numeral,omitempty"`
	Name    string   `json:"name"`
	Empty   string   `json:"empty,omitempty"`
	Lines   []string `json:"lines,omitempty"`
	Items   []Item   `json:"items,omitempty"`
}

// Item is the records of one item of the catalogue.
type Item struct {
	Code    catalog.ItemCode `json:"code"`
	Name    string           `json:"name"`
	Count   int              `json:"count"` // all; more than Records holds when there are very many
	Records []Record         `json:"records"`
}

// Record is one record.
type Record struct {
	ID          string         `json:"id"`
	Version     int            `json:"version"`
	Title       string         `json:"title"`
	Mark        string         `json:"mark,omitempty"` // 已修复, 公示期满, 异议中
	Procedure   string         `json:"procedure,omitempty"`
	DecidedOn   clock.Date     `json:"decidedOn"`
	PublicUntil clock.Date     `json:"publicUntil,omitzero"`
	Source      publish.Source `json:"source"`
	RecordedAt  time.Time      `json:"recordedAt"`
	Fields      []Field        `json:"fields"`
	repaired    bool
}

// Field is one field of a record. Value is what stands on file, Shown how people read it.
type Field struct {
	Code   string `json:"code"`
	Name   string `json:"name"`
	Value  string `json:"value"`
	Shown  string `json:"shown"`
	Masked bool   `json:"masked,omitempty"`
}

// Statement says of one field of activity (领域) whether there is anything on file in the period.
type Statement struct {
	Field    string `json:"field"`
	Name     string `json:"name"`
	Count    int    `json:"count"`
	Repaired int    `json:"repaired"` // of these
	Text     string `json:"text"`
}

// Proofs tie the report to the public log. Records proves each listed record; Sets proves, item by item, that the subject has no further ones: bundles of
// format gongxin/bundle/1.
type Proofs struct {
	Checkpoint string            `json:"checkpoint,omitempty"`
	Records    []RecordProof     `json:"records,omitempty"`
	Sets       []json.RawMessage `json:"sets,omitempty"`
	Missing    int               `json:"missing,omitempty"` // records that were not in the log yet
}

// RecordProof proves that the leaf of a record's version is in the log.
type RecordProof struct {
	Record  string   `json:"record"`
	Version int      `json:"version"`
	Index   int64    `json:"index"`
	Entry   []byte   `json:"entry"`
	Hashes  [][]byte `json:"hashes"`
}

// Encode gives the canonical JSON.
func (d *Document) Encode() ([]byte, error) { return encode(d) }

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("report: encode: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Decode reads a document.
func Decode(raw []byte) (*Document, error) {
	var d Document
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, fmt.Errorf("report: decode: %w", err)
	}
	return &d, nil
}

// File is a document with its signature, as it is downloaded and attached to the PDF.
type File struct {
	Format    string          `json:"format"`
	Document  json.RawMessage `json:"document"`
	Signature Signature       `json:"signature"`
}

// Signature is over the document's bytes as they stand in the file.
type Signature struct {
	Algorithm string `json:"algorithm"`
	KeyID     string `json:"keyId"`
	Value     []byte `json:"value"`
}

// encodeFile writes a file; the document's bytes stand in it unchanged.
func encodeFile(document []byte, keyID string, signature []byte) ([]byte, error) {
	tail, err := encode(Signature{algorithm, keyID, signature})
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(document)+len(tail)+80)
	out = append(out, `{"format":"`+FileFormat+`","document":`...)
	out = append(out, document...)
	out = append(out, `,"signature":`...)
	return append(append(out, tail...), "}\n"...), nil
}

// rows are what of a document was handed out.
func (d *Document) records(yield func(*Item, *Record)) {
	for i := range d.Chapters {
		for j := range d.Chapters[i].Items {
			item := &d.Chapters[i].Items[j]
			for k := range item.Records {
				yield(item, &item.Records[k])
			}
		}
	}
}

// Line is a line of a record as people read it.
type Line struct {
	Label, Value string
	Masked       bool
}

// codeOf is how the name of a body's code begins with the body's own: 许可机关, 许可机关统一社会信用代码.
const codeOf = "统一社会信用代码"

// Lines gives a record as people read it: a body and its code stand in one line, and where it came from stands once.
func (r *Record) Lines() []Line {
	codes := map[string]string{}
	for _, f := range r.Fields {
		if body, ok := strings.CutSuffix(f.Name, codeOf); ok && body != "" {
			codes[body] = f.Shown
		}
	}
	out := make([]Line, 0, len(r.Fields)+1)
	source := false
	for _, f := range r.Fields {
		if body, ok := strings.CutSuffix(f.Name, codeOf); ok && r.has(body) {
			continue
		}
		value := amount(f.Name, f.Shown)
		if code := codes[f.Name]; code != "" {
			value += "（" + code + "）"
		}
		source = source || strings.HasPrefix(f.Name, "数据来源")
		out = append(out, Line{f.Name, value, f.Masked})
	}
	if !source {
		out = append(out, Line{Label: "数据来源单位", Value: r.Source.Name + "（" + r.Source.Code + "）"})
	}
	return out
}

func (r *Record) has(name string) bool {
	return name != "" && slices.ContainsFunc(r.Fields, func(f Field) bool { return f.Name == name })
}
