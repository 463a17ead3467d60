package pdf

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// The names under which signatures stand: none that a viewer knows, as viewers know no SM2. docs/standards/report-format.md describes them.
const (
	SignatureFilter    = "Gongxin.SM2"
	SignatureSubFilter = "gongxin.sm2.sm3.der.1"
)

// signatureBytes is the room for a signature: the longest DER of two 256-bit numbers is 72 bytes.
const signatureBytes = 80

// Signer signs the finished file: every byte of it but the signature itself.
type Signer struct {
	KeyID  string // of the key, in hexadecimal
	Name   string // who signs
	Reason string
	At     time.Time
	Sign   func(message []byte) (der []byte, err error)
}

// Sign lets the document be signed when it is finished.
func (b *Builder) Sign(s Signer) { b.sign = &s }

type signatureParts struct {
	widget int
	form   string
}

const rangeHole = "[0000000000 0000000000 0000000000 0000000000]"

// writeSignature makes the signature's dictionary with holes, its field, and the widget that no page shows.
func (b *Builder) writeSignature(o *objects, page int) signatureParts {
	if b.sign == nil {
		return signatureParts{}
	}
	s := b.sign
	value := o.add("<</Type /Sig /Filter /" + SignatureFilter + " /SubFilter /" + SignatureSubFilter + " /ByteRange " + rangeHole + " /Contents <" +
		strings.Repeat("0", 2*signatureBytes) + "> /GXKeyID (" + hexOnly(s.KeyID) + ") /Name " + text(s.Name) + " /Reason " + text(s.Reason) + " /M " + moment(s.At) + ">>")
	o.keep(value)
	widget := o.add("<</Type /Annot /Subtype /Widget /FT /Sig /T (signature) /V " + ref(value) + " /Rect [0 0 0 0] /F 132 /P " + ref(page) + ">>")
	return signatureParts{widget: widget, form: " /AcroForm <</Fields [" + ref(widget) + "] /SigFlags 3>>"}
}

// hexOnly keeps what may stand in a literal string without escapes.
func hexOnly(s string) string {
	if _, err := hex.DecodeString(s); err != nil {
		return ""
	}
	return s
}

// place fills the holes of a finished file.
func (s *Signer) place(file []byte) ([]byte, error) {
	at := bytes.Index(file, []byte("/ByteRange "+rangeHole))
	if at < 0 {
		return nil, ErrSigned
	}
	at += len("/ByteRange ")
	open := at + len(rangeHole) + len(" /Contents ")
	end := open + 2*signatureBytes + 2
	copy(file[at:], fmt.Sprintf("[%010d %010d %010d %010d]", 0, open, end, len(file)-end))
	message := make([]byte, 0, len(file))
	message = append(append(message, file[:open]...), file[end:]...)
	der, err := s.Sign(message)
	if err != nil {
		return nil, fmt.Errorf("pdf: sign: %w", err)
	}
	if len(der) > signatureBytes {
		return nil, ErrSigned
	}
	copy(file[open+1:], hex.EncodeToString(der))
	return file, nil
}
