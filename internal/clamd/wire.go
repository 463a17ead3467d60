package clamd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// part is how much content goes in one piece.
const part = 64 << 10

// contentError says that what was to be scanned could not be read.
type contentError struct{ err error }

func (e *contentError) Error() string { return e.err.Error() }

func (e *contentError) Unwrap() error { return e.err }

// send writes a command in the form that ends with a zero byte, and content in pieces that begin with their length; a piece of length zero ends it.
func send(w io.Writer, command string, content io.Reader) error {
	if _, err := io.WriteString(w, "z"+command+"\x00"); err != nil || content == nil {
		return err
	}
	buf := make([]byte, 4+part)
	for {
		n, err := io.ReadFull(content, buf[4:])
		if n > 0 {
			binary.BigEndian.PutUint32(buf, uint32(n)) // at most part
			if _, err := w.Write(buf[:4+n]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			_, err := w.Write(make([]byte, 4))
			return err
		case err != nil:
			return &contentError{err}
		}
	}
}

// read gives an answer up to its zero byte. An answer without one is none: the connection broke.
func read(r io.Reader) (string, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxAnswer))
	text, _, whole := bytes.Cut(raw, []byte{0})
	switch {
	case whole:
		return string(text), nil
	case err != nil:
		return "", err
	default:
		return "", ErrAnswer
	}
}

// parseScan reads the answer to INSTREAM: "stream: OK", "stream: NAME FOUND", or "… ERROR".
func parseScan(answer string) (finding string, err error) {
	if strings.HasSuffix(answer, " ERROR") {
		return "", ErrScan
	}
	rest, ok := strings.CutPrefix(answer, "stream: ")
	if !ok {
		return "", ErrAnswer
	}
	if rest == "OK" {
		return "", nil
	}
	name, ok := strings.CutSuffix(rest, " FOUND")
	if !ok || name == "" {
		return "", ErrAnswer
	}
	if finding = clean(name); finding == "" { // a finding without a name that can be shown is still one
		finding = "unnamed"
	}
	return finding, nil
}

// parseVersion reads the answer to VERSION: "ClamAV 1.4.1/27464/Sat Nov 21 09:29:49 2026", or the first part alone when there are no signatures.
func parseVersion(answer string) (Version, error) {
	parts := strings.Split(answer, "/")
	v := Version{Program: clean(parts[0])}
	if v.Program == "" || !strings.HasPrefix(v.Program, "ClamAV ") {
		return Version{}, ErrAnswer
	}
	if len(parts) == 3 {
		v.Signatures = clean(parts[1])
		if day, err := time.Parse("Mon Jan _2 15:04:05 2006", parts[2]); err == nil {
			v.Day = day
		}
	}
	return v, nil
}

// clean keeps what is printable of a short text.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
	if utf8.RuneCountInString(s) > 100 {
		s = s[:100]
	}
	return strings.TrimSpace(s)
}
