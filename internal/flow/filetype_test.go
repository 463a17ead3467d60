package flow

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/fault"
)

// part is one file of an archive.
type part struct {
	name    string
	content io.Reader
}

// zipped makes an archive.
func zipped(t testing.TB, parts ...part) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range parts {
		f, err := z.Create(p.name)
		if err == nil && p.content != nil {
			_, err = io.Copy(f, p.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zeros gives so many bytes of nothing.
func zeros(n int64) io.Reader { return io.LimitReader(zeroReader{}, n) }

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func picture(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// huge gives a PNG that says it is a million pixels wide.
func huge(t testing.TB) []byte {
	t.Helper()
	b := picture(t)
	binary.BigEndian.PutUint32(b[16:], 1_000_000)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

// What is two things at once, unfolds without end, or cannot be looked through, is not taken, whatever its first bytes say.
func TestContents(t *testing.T) {
	t.Parallel()
	xml := part{"OFD.xml", strings.NewReader("<ofd:OFD/>")}
	ofd := func(parts ...part) []byte {
		xml.content = strings.NewReader("<ofd:OFD/>")
		return zipped(t, append([]part{xml}, parts...)...)
	}
	archive := zipped(t, part{"run.exe", strings.NewReader("MZ")})
	locked := ofd(part{"Doc_0/Document.xml", strings.NewReader("<a/>")})
	for i := 0; i+10 < len(locked); i++ { // the flags of every entry, in both of its headers
		switch string(locked[i : i+4]) {
		case "PK\x03\x04":
			locked[i+6] |= encrypted
		case "PK\x01\x02":
			locked[i+8] |= encrypted
		}
	}
	lying := ofd(part{"big", zeros(1 << 20)})
	at := bytes.LastIndex(lying, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(lying[at+24:], 10) // says it is ten bytes long
	many := make([]part, maxParts)
	for i := range many {
		many[i] = part{name: fmt.Sprint("f", i)}
	}
	for name, tt := range map[string]struct {
		content []byte
		kind    string
		want    error
	}{
		"pdf": {[]byte("%PDF-1.7\nx"), "application/pdf", nil}, "png": {picture(t), "image/png", nil},
		"ofd":                    {ofd(part{"Doc_0/Document.xml", strings.NewReader("<a/>")}, part{"Doc_0/empty", nil}, part{"Doc_0/b", strings.NewReader("b")}), "application/ofd", nil},
		"half a picture":         {picture(t)[:20], "", ErrFileDamaged},
		"three bytes of a photo": {[]byte("\xff\xd8\xff"), "", ErrFileDamaged},
		"a picture without end":  {huge(t), "", ErrFileDamaged},
		"pdf and archive":        {append([]byte("%PDF-1.7\n%%EOF\n"), archive...), "", ErrFileMixed},
		"picture and archive":    {append(picture(t), archive...), "", ErrFileMixed},
		"archive":                {archive, "", ErrFileType}, "half an archive": {ofd()[:40], "", ErrFileType},
		"two beginnings":       {ofd(part{"OFD.xml", strings.NewReader("<other/>")}), "", ErrFileMixed},
		"a bomb":               {ofd(part{"bomb", zeros(maxUnpacked + 1)}), "", ErrFileUnpacks},
		"a bomb in two halves": {ofd(part{"a", zeros(maxUnpacked/2 + 1)}, part{"b", zeros(maxUnpacked / 2)}), "", ErrFileUnpacks},
		"an archive within":    {ofd(part{"inner.zip", bytes.NewReader(archive)}), "", ErrFileUnpacks},
		"encrypted":            {locked, "", ErrFileUnpacks},
		"lies about its size":  {lying, "", ErrFileDamaged},
		"too many parts":       {ofd(many...), "", ErrFileUnpacks},
	} {
		got, err := typeOf(tt.content)
		if !errors.Is(err, tt.want) || err == nil && got != tt.kind {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// A title that is not seen as it is, is none.
func TestAttachmentTitles(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		mine := as(t.Context(), applicant)
		for title, want := range map[string]error{
			"营业执照（副本）　第 1 页": nil, "../../执照": nil, "执照\r\nX-Evil: 1": ErrFileTitle, "执照\x00": ErrFileTitle, "执照\u202efdp": ErrFileTitle, "执\u2028照": ErrFileTitle, "执\u200b照": ErrFileTitle,
		} {
			if _, err := w.Attach(mine, title, strings.NewReader("%PDF-1.7\nx")); !errors.Is(err, want) {
				t.Errorf("%q: %v", title, err)
			}
		}
		if _, err := w.Attach(mine, "执照", iotest.ErrReader(io.ErrClosedPipe)); err == nil {
			t.Error("a file that broke off is taken")
		}
	})
}

func FuzzTypeOf(f *testing.F) {
	f.Add([]byte("%PDF-1.7\n"))
	f.Add(zipped(f, part{"OFD.xml", strings.NewReader("<a/>")}))
	f.Add(picture(f))
	f.Fuzz(func(t *testing.T, content []byte) {
		if _, err := typeOf(content); err != nil && fault.KindOf(err) != fault.Invalid && fault.KindOf(err) != fault.TooLarge {
			t.Error(err)
		}
	})
}
