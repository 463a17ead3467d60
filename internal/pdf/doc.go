// Package pdf keeps the rule that what stands on paper can be read by everyone and checked by anyone: it writes tagged PDF 1.7 with its fonts inside, text
// that can be searched and copied, and the same bytes for the same input; a character that no font has is an error, never a blank box. Beside the writer
// stands a reader for these files, which shares nothing with it but the format (ISO 32000-1).
//
// Lengths are integers in thousandths of a point, so that no machine rounds differently.
package pdf

import (
	"errors"
	"fmt"
)

// Length is a length in thousandths of a point.
type Length int64

// Pt is one point (1/72 inch); MM one millimetre.
const (
	Pt Length = 1000
	MM Length = 2835
)

// A4 in portrait.
const (
	pageWidth  = 595_276
	pageHeight = 841_890
)

// Errors of fonts and files.
var (
	ErrFont     = errors.New("pdf: not a usable TrueType font")
	ErrOutlines = errors.New("pdf: the font has no TrueType outlines (glyf); fonts with CFF outlines cannot be embedded")
	ErrFile     = errors.New("pdf: not a file of this program's form")
	ErrSigned   = errors.New("pdf: the signature does not cover the file as it must")
)

// MissingGlyph is the error of a character that none of the fonts has.
type MissingGlyph struct{ Rune rune }

// Error names the code point.
func (e *MissingGlyph) Error() string {
	return fmt.Sprintf("pdf: no font has a glyph for U+%04X", e.Rune)
}
