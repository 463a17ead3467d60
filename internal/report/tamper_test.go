package report_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gongxin/internal/db/dbtest"
	"gongxin/internal/gm"
	"gongxin/internal/pdf"
	"gongxin/internal/verify"
)

// Whatever is done to a report, it is not taken for genuine any more, and nothing breaks: bytes changed, cut out, put in, doubled, exchanged, parts of another report,
// a revision appended as other programs append it, another table of objects, another attachment, another key.
func TestTamperedReportIsRefused(t *testing.T) {
	t.Parallel()
	needFonts(t)
	w := newWorld(t, dbtest.SQLite(t))
	raw, data := w.file(t, w.special())
	other, otherData := w.file(t, w.standard())
	signers := w.signers(t)
	if !verify.Report(raw, w.keys, signers).OK() || !verify.Report(data, w.keys, signers).OK() {
		t.Fatal("not genuine to begin with")
	}
	rapid.Check(t, func(rt *rapid.T) {
		file, strange := raw, other
		if rapid.Bool().Draw(rt, "data") {
			file, strange = data, otherData
		}
		out := tamper(rt, file, strange)
		if !bytes.Equal(out, file) && !bytes.Equal(out, strange) && verify.Report(out, w.keys, signers).OK() {
			rt.Fatal("it holds")
		}
	})
	for name, out := range crafted(t, raw, data, otherData) {
		if verify.Report(out, w.keys, signers).OK() {
			t.Errorf("%s: it holds", name)
		}
	}
}

func tamper(rt *rapid.T, file, strange []byte) []byte {
	out := bytes.Clone(file)
	at := func(name string, most int) int { return rapid.IntRange(0, most).Draw(rt, name) }
	for range rapid.IntRange(1, 3).Draw(rt, "edits") {
		i := at("at", len(out)-1)
		n := min(1+at("length", 300), len(out)-i)
		switch rapid.IntRange(0, 6).Draw(rt, "edit") {
		case 0:
			out[i] ^= byte(1 + at("bits", 254))
		case 1:
			out = append(out[:i:i], out[i+n:]...)
		case 2:
			out = append(out[:i:i], append(bytes.Clone(out[i:i+n]), out[i:]...)...)
		case 3:
			out = append(out[:i:i], append(rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(rt, "new"), out[i:]...)...)
		case 4: // a part of another report
			j := at("from", len(strange)-1)
			copy(out[i:], strange[j:min(j+n, len(strange))])
		case 5: // upper for lower case, as of hexadecimal digits
			copy(out[i:i+n], bytes.ToUpper(out[i:i+n]))
		case 6:
			out = append(out, out[len(out)-n:]...)
		}
		if len(out) == 0 {
			return out
		}
	}
	return out
}

// crafted are changes that somebody makes who knows the format.
func crafted(t *testing.T, raw, data, otherData []byte) map[string][]byte {
	t.Helper()
	key, err := gm.OpenSigningKey(t.TempDir() + "/other.pem")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{
		"a revision is appended": append(bytes.Clone(raw), []byte("1 0 obj\n<</Type /Catalog>>\nendobj\nxref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 2 /Root 1 0 R /Prev "+
			strconv.Itoa(bytes.LastIndex(raw, []byte("startxref")))+">>\nstartxref\n"+strconv.Itoa(len(raw))+"\n%%EOF\n")...),
		"an end follows the end": append(bytes.Clone(raw), "\nstartxref\n10\n%%EOF\n"...),
		"other line ends":        bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n")),
		"the other's data":       bytes.Replace(data, data[:len(data)/2], otherData[:min(len(otherData), len(data)/2)], 1),
		"spaces":                 bytes.Replace(data, []byte(`,"signature"`), []byte(`, "signature"`), 1),
		"nothing":                nil,
		"head alone":             []byte("%PDF-1.7\n\n%%EOF\n"),
	}
	// Another key's signature in the place of the issuer's.
	signed := bytes.Clone(raw)
	if i := bytes.Index(signed, []byte("/GXKeyID (")); i > 0 {
		copy(signed[i+len("/GXKeyID ("):], key.ID())
		out["another key is named"] = signed
	}
	hole := bytes.Index(raw, []byte("/Contents <")) + len("/Contents <")
	f, err := pdf.Open(raw)
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.Signature()
	if err != nil {
		t.Fatal(err)
	}
	forged := bytes.Clone(raw)
	der, err := key.Sign(s.Message)
	if err != nil {
		t.Fatal(err)
	}
	copy(forged[hole:], strings.Repeat("0", 160))
	for i, b := range der {
		copy(forged[hole+2*i:], []byte{"0123456789abcdef"[b>>4], "0123456789abcdef"[b&15]})
	}
	out["signed by another key"] = forged
	// The range says less than the file.
	short := bytes.Clone(raw)
	i := bytes.Index(short, []byte("/ByteRange ["))
	copy(short[i+len("/ByteRange [0000000000 "):], "0000000001")
	out["a shorter range"] = short
	for name, x := range out {
		if bytes.Equal(x, raw) || bytes.Equal(x, data) {
			t.Errorf("%s: nothing was changed", name)
		}
	}
	return out
}
