package pdf

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Bounds of a file that is read.
const (
	maxFile     = 128 << 20
	maxUnpacked = 160 << 20 // all that is unpacked of one file; a report's data have 64 MB at most
	maxObjects  = 4 << 20
)

// File is a file of this program's form: one table of objects, one revision. What others wrote is refused rather than guessed at.
type File struct {
	raw     []byte
	places  []place // of object i
	packed  map[int]*bundle
	left    int // bytes that may still be unpacked
	Trailer Dict
}

// place is where an object stands: at a byte of the file, or as one of those in an object stream.
type place struct {
	at int // 0 = none
	in int // number of the object stream; 0 = in the file itself
}

// Open reads a file's table of objects.
func Open(raw []byte) (*File, error) {
	if len(raw) > maxFile || !bytes.HasPrefix(raw, []byte("%PDF-1.7\n")) || !bytes.HasSuffix(raw, []byte("\n%%EOF\n")) {
		return nil, ErrFile
	}
	body := raw[:len(raw)-len("\n%%EOF\n")]
	i := bytes.LastIndex(body, []byte("startxref\n"))
	if i < 0 {
		return nil, ErrFile
	}
	start, err := strconv.Atoi(string(body[i+len("startxref\n"):]))
	if err != nil || start <= 0 || start >= i {
		return nil, ErrFile
	}
	f := &File{raw: raw, packed: map[int]*bundle{}, left: maxUnpacked}
	if bytes.HasPrefix(raw[start:i], []byte("xref")) {
		return f, f.classic(start, i)
	}
	return f, f.table(start)
}

// classic reads a table in text, which files had before there were object streams.
func (f *File) classic(start, end int) error {
	p := &parser{b: f.raw[:end], at: start}
	if !p.literal("xref") {
		return ErrFile
	}
	p.skip()
	first := p.word()
	p.skip()
	n, err := strconv.Atoi(p.word())
	if err != nil || first != "0" || n < 1 || n > maxObjects || p.at+1+20*n > end {
		return ErrFile
	}
	p.at++
	f.places = make([]place, n)
	for k := range n {
		line := f.raw[p.at+20*k : p.at+20*k+20]
		at, err := strconv.Atoi(string(line[:10]))
		if err != nil || at < 0 || at >= len(f.raw) || line[17] != 'n' && k > 0 {
			return ErrFile
		}
		f.places[k] = place{at: at}
	}
	p.at += 20 * n
	if !p.literal("trailer") {
		return ErrFile
	}
	v, err := p.object()
	if err != nil {
		return err
	}
	d, ok := v.(Dict)
	if !ok {
		return ErrFile
	}
	f.Trailer = d
	return nil
}

// Get reads what a value is: an indirect object when it is a reference, else itself.
func (f *File) Get(v any) (any, error) {
	for range 8 {
		r, ok := v.(Ref)
		if !ok {
			return v, nil
		}
		var err error
		if v, err = f.object(int(r)); err != nil {
			return nil, err
		}
	}
	return nil, ErrFile
}

func (f *File) object(n int) (any, error) {
	if n <= 0 || n >= len(f.places) {
		return nil, ErrFile
	}
	if f.places[n].in != 0 {
		return f.member(n)
	}
	return f.plain(n, f.places[n].at)
}

// plain reads an object that stands in the file itself.
func (f *File) plain(n, at int) (any, error) {
	p := &parser{b: f.raw, at: at}
	if p.word() != strconv.Itoa(n) || !p.literal("0") || !p.literal("obj") {
		return nil, ErrFile
	}
	v, err := p.object()
	if err != nil {
		return nil, err
	}
	d, ok := v.(Dict)
	if !ok || !p.literal("stream\n") {
		if !p.literal("endobj") {
			return nil, ErrFile
		}
		return v, nil
	}
	size, ok := d["Length"].(float64)
	if !ok || size < 0 || int(size) > len(f.raw)-p.at {
		return nil, ErrFile
	}
	raw := f.raw[p.at : p.at+int(size)]
	p.at += int(size)
	if !p.literal("endstream") {
		return nil, ErrFile
	}
	return &Stream{Dict: d, Raw: raw}, nil
}

// dict reads a dictionary, also that of a stream.
func (f *File) dict(v any) (Dict, error) {
	v, err := f.Get(v)
	if err != nil {
		return nil, err
	}
	switch d := v.(type) {
	case Dict:
		return d, nil
	case *Stream:
		return d.Dict, nil
	}
	return nil, ErrFile
}

func (f *File) array(v any) (Array, error) {
	v, err := f.Get(v)
	if err != nil {
		return nil, err
	}
	a, ok := v.(Array)
	if !ok {
		return nil, ErrFile
	}
	return a, nil
}

// Catalog gives the document's root.
func (f *File) Catalog() (Dict, error) { return f.dict(f.Trailer["Root"]) }

// Data unpacks a stream.
func (f *File) Data(v any) ([]byte, error) {
	v, err := f.Get(v)
	if err != nil {
		return nil, err
	}
	s, ok := v.(*Stream)
	if !ok {
		return nil, ErrFile
	}
	switch s.Dict["Filter"] {
	case nil:
		return s.Raw, nil
	case Name("FlateDecode"):
	default:
		return nil, ErrFile
	}
	r, err := zlib.NewReader(bytes.NewReader(s.Raw))
	if err != nil {
		return nil, ErrFile
	}
	out, err := io.ReadAll(io.LimitReader(r, int64(f.left)+1))
	if err = errors.Join(err, r.Close()); err != nil || len(out) > f.left {
		f.left = 0 // whoever asks for more of such a file gets nothing
		return nil, ErrFile
	}
	f.left -= len(out)
	return out, nil
}

// Attachment gives an embedded file by its name.
func (f *File) Attachment(name string) ([]byte, error) {
	root, err := f.Catalog()
	if err != nil {
		return nil, err
	}
	names, err := f.dict(root["Names"])
	if err != nil {
		return nil, err
	}
	embedded, err := f.dict(names["EmbeddedFiles"])
	if err != nil {
		return nil, err
	}
	list, err := f.array(embedded["Names"])
	if err != nil {
		return nil, err
	}
	for i := 0; i+1 < len(list); i += 2 {
		if s, ok := list[i].(Str); !ok || Text(s) != name {
			continue
		}
		spec, err := f.dict(list[i+1])
		if err != nil {
			return nil, err
		}
		ef, err := f.dict(spec["EF"])
		if err != nil {
			return nil, err
		}
		return f.Data(ef["F"])
	}
	return nil, ErrFile
}

// Text reads a text string.
func Text(s Str) string {
	b := s.Bytes
	if len(b) < 2 || b[0] != 0xfe || b[1] != 0xff {
		return string(b)
	}
	units := make([]uint16, 0, len(b)/2)
	for i := 2; i+1 < len(b); i += 2 {
		units = append(units, uint16(b[i])<<8|uint16(b[i+1]))
	}
	return string(utf16.Decode(units))
}

// Signed is a signature with exactly what it must cover: the whole file but itself.
type Signed struct {
	Message []byte
	DER     []byte
	KeyID   string
}

// Signature reads the signature of a file. It refuses every form but the one that leaves nothing of the file uncovered: two ranges, from the first byte to the
// signature and from it to the last byte, and between them nothing but the signature in lower-case hexadecimal, filled up with zeros.
func (f *File) Signature() (*Signed, error) {
	d, err := f.signatureDict()
	if err != nil {
		return nil, err
	}
	contents, ok := d["Contents"].(Str)
	key, ok2 := d["GXKeyID"].(Str)
	ranges, ok3 := d["ByteRange"].(Array)
	if !ok || !ok2 || !ok3 || !contents.Hex || contents.Start < 0 || len(ranges) != 4 || d["Filter"] != Name(SignatureFilter) || d["SubFilter"] != Name(SignatureSubFilter) {
		return nil, ErrSigned
	}
	want := [4]int{0, contents.Start, contents.End, len(f.raw) - contents.End}
	for i, v := range ranges {
		if n, ok := v.(float64); !ok || n != float64(want[i]) {
			return nil, ErrSigned
		}
	}
	hole := f.raw[contents.Start+1 : contents.End-1]
	if len(hole) != 2*signatureBytes || strings.Trim(string(hole), "0123456789abcdef") != "" {
		return nil, ErrSigned
	}
	der := contents.Bytes
	if der[0] != 0x30 || der[1] >= 0x80 || 2+int(der[1]) > len(der) {
		return nil, ErrSigned
	}
	end := 2 + int(der[1])
	if len(bytes.Trim(der[end:], "\x00")) > 0 {
		return nil, ErrSigned
	}
	message := make([]byte, 0, len(f.raw))
	message = append(append(message, f.raw[:contents.Start]...), f.raw[contents.End:]...)
	return &Signed{Message: message, DER: der[:end], KeyID: string(key.Bytes)}, nil
}

// signatureDict finds the one signature field's value.
func (f *File) signatureDict() (Dict, error) {
	root, err := f.Catalog()
	if err != nil {
		return nil, err
	}
	form, err := f.dict(root["AcroForm"])
	if err != nil {
		return nil, ErrSigned
	}
	fields, err := f.array(form["Fields"])
	if err != nil || len(fields) != 1 {
		return nil, ErrSigned
	}
	field, err := f.dict(fields[0])
	if err != nil {
		return nil, ErrSigned
	}
	d, err := f.dict(field["V"])
	if err != nil {
		return nil, ErrSigned
	}
	return d, nil
}
