package sheet

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"gongxin/internal/fault"
)

// oleFile512 builds a compound file of 512-byte sectors whose directory holds the given streams.
func oleFile512(names ...string) []byte {
	const sector = 512
	b := make([]byte, sector)
	copy(b, oleMagic)
	binary.LittleEndian.PutUint16(b[30:], 9)
	binary.LittleEndian.PutUint32(b[44:], 1) // sectors of the allocation table
	binary.LittleEndian.PutUint32(b[48:], 1) // first directory sector
	binary.LittleEndian.PutUint32(b[68:], oleEnd)
	table := make([]byte, sector) // sector 0
	for i := range sector / 4 {
		binary.LittleEndian.PutUint32(table[4*i:], 0xffffffff)
	}
	var dir []byte
	for _, name := range append([]string{"Root Entry"}, names...) {
		entry := make([]byte, 128)
		u := utf16.Encode([]rune(name))
		for i, c := range u {
			binary.LittleEndian.PutUint16(entry[2*i:], c)
		}
		binary.LittleEndian.PutUint16(entry[64:], uint16(2*len(u)+2))
		dir = append(dir, entry...)
	}
	for len(dir)%sector != 0 {
		dir = append(dir, 0)
	}
	n := len(dir) / sector
	for i := range n {
		next := uint32(i + 2)
		if i == n-1 {
			next = oleEnd
		}
		binary.LittleEndian.PutUint32(table[4*(i+1):], next)
	}
	return append(append(b, table...), dir...)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	small := testOptions
	small.MaxBytes, small.MaxUnzipped, small.MaxColumns = 1<<20, 1<<20, 8
	tables := inline([]string{"名称", "代码"}, []string{"甲", "1"})
	wide := make([]string, 9)
	for i := range wide {
		wide[i] = "名称"
	}
	book := rawBook(t, tables, nil)
	binaryNoise := make([]byte, 4096)
	for i := range binaryNoise {
		binaryNoise[i] = byte(i * 7)
	}
	encrypted := bytes.Clone(book)
	if i := bytes.Index(encrypted, []byte("PK\x01\x02")); i >= 0 {
		for ; i >= 0; i = next(encrypted, i+4, "PK\x01\x02") {
			encrypted[i+8] |= 1
		}
	}
	corrupt := bytes.Clone(book)
	corrupt[bytes.Index(corrupt, []byte("PK\x01\x02"))-30] ^= 0x55

	tests := []struct {
		name, in string
		reason   int
		kind     fault.Kind
		says     string
	}{
		{"empty file", "", 3005, fault.Invalid, "空"},
		{"only blanks", " \r\n\t\n", 3005, fault.Invalid, ""},
		{"only zero bytes", strings.Repeat("\x00", 100), 3005, fault.Invalid, ""},
		{"only a header", "名称,代码\n", 3006, fault.Invalid, "只有表头"},
		{"a header and empty rows", "名称,代码\n,\n\n", 3006, fault.Invalid, ""},
		{"XLSX with only a header", string(rawBook(t, inline([]string{"名称", "代码"}), nil)), 3006, fault.Invalid, ""},
		{"empty array", "[]", 3006, fault.Invalid, ""},
		{"no header", "a,b\nc,d\n", 3007, fault.Invalid, "“名称”“代码”"},
		{"XLSX without a header", string(rawBook(t, inline([]string{"a", "b"}), nil)), 3007, fault.Invalid, "“名称”“代码”"},
		{"full-width commas", "名称，代码，日期\n甲，1，2\n", 3007, fault.Invalid, "“，”"},
		{"old xls", string(oleFile512("Workbook")), 3008, fault.Invalid, ".xls"},
		{"very old xls", string(oleFile512("Book")), 3008, fault.Invalid, ""},
		{"broken compound file", oleMagic + "x", 3008, fault.Invalid, ""},
		{"password", string(oleFile512("a", "b", "c", "d", "EncryptionInfo", "EncryptedPackage")), 3009, fault.Invalid, "密码"},
		{"encrypted zip", string(encrypted), 3009, fault.Invalid, "密码"},
		{"doc", string(oleFile512("WordDocument")), 3015, fault.Invalid, "Word"},
		{"file too big", strings.Repeat("x", 1<<20+1), 3010, fault.TooLarge, "1.0 MB"},
		{"too much inflated", string(rawBook(t, tables+strings.Repeat(" ", 1<<20), nil)), 3011, fault.TooLarge, "1.0 MB"},
		{"truncated workbook", string(book[:len(book)/2]), 3012, fault.Invalid, "损坏"},
		{"corrupt part", string(corrupt), 3012, fault.Invalid, ""},
		{"sheet cut off", string(rawBook(t, tables[:len(tables)-40], nil)), 3012, fault.Invalid, ""},
		{"sheet missing", string(rawBook(t, "-", nil)), 3012, fault.Invalid, ""},
		{"unknown entity", string(rawBook(t, inline([]string{"名称", "&x;"}), nil)), 3012, fault.Invalid, ""},
		{"document type", string(rawBook(t, `<!DOCTYPE x [<!ENTITY a "b">]>`+tables, nil)), 3012, fault.Invalid, "DTD"},
		{"document type in the workbook", string(rawBook(t, tables, map[string]string{"xl/workbook.xml": `<!DOCTYPE x>`})), 3012, fault.Invalid, "DTD"},
		{"endless tag", string(rawBook(t, "<worksheet "+strings.Repeat("x", 100_000), nil)), 3012, fault.Invalid, ""},
		{"docx", string(zipOf(t, map[string]string{"word/document.xml": "<w/>"})), 3013, fault.Invalid, "Word"},
		{"xlsb", string(zipOf(t, map[string]string{"xl/workbook.bin": "x"})), 3013, fault.Invalid, ".xlsb"},
		{"ods", string(zipOf(t, map[string]string{"mimetype": "x", "content.xml": "x"})), 3013, fault.Invalid, ".ods"},
		{"ofd", string(zipOf(t, map[string]string{"OFD.xml": "x"})), 3013, fault.Invalid, "OFD"},
		{"plain zip", string(zipOf(t, map[string]string{"a.csv": "名称,代码\n"})), 3013, fault.Invalid, "解压"},
		{"empty zip", "PK\x05\x06" + strings.Repeat("\x00", 18), 3013, fault.Invalid, ""},
		{"gzip", "\x1f\x8b\x08\x00xyz", 3013, fault.Invalid, ""},
		{"rar", "Rar!\x1a\x07\x01\x00", 3013, fault.Invalid, ""},
		{"HTML", "\n<html xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><table><tr><td>名称", 3014, fault.Invalid, "HTML"},
		{"HTML with mark and doctype", "\xef\xbb\xbf<!DOCTYPE HTML><html>", 3014, fault.Invalid, ""},
		{"HTML in UTF-16", "\xff\xfe<\x00t\x00a\x00b\x00l\x00e\x00>\x00", 3014, fault.Invalid, ""},
		{"single-file web page", "MIME-Version: 1.0\r\nContent-Type: multipart/related", 3014, fault.Invalid, ""},
		{"XML 2003", "<?xml version=\"1.0\"?>\n<?mso-application progid=\"Excel.Sheet\"?>", 3014, fault.Invalid, "2003"},
		{"other XML", "<?xml version=\"1.0\"?><records/>", 3004, fault.Invalid, "XML"},
		{"PDF", "%PDF-1.7\n", 3015, fault.Invalid, "PDF"},
		{"PNG", "\x89PNG\r\n\x1a\n123", 3015, fault.Invalid, "PNG"},
		{"JPEG", "\xff\xd8\xff\xe0", 3015, fault.Invalid, "JPEG"},
		{"WebP", "RIFF1234WEBPVP8 ", 3015, fault.Invalid, "WebP"},
		{"RTF", "{\\rtf1\\ansi", 3015, fault.Invalid, "RTF"},
		{"noise", string(binaryNoise), 3004, fault.Invalid, ""},
		{"program", "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00", 3004, fault.Invalid, ""},
		{"UTF-16 without mark", "n\x00a\x00m\x00e\x00,\x00\n\x00", 3016, fault.Invalid, "UTF-16"},
		{"neither encoding", "名称,代码\n" + strings.Repeat("\xff\xfe\xff,", 50), 3016, fault.Invalid, ""},
		{"a line without an end", strings.Repeat("名称,", 300_000), 3010, fault.TooLarge, ""},
		{"too many columns", strings.Join(wide, ",") + "\n", 3018, fault.TooLarge, "8"},
		{"too many columns in XLSX", string(rawBook(t, inline(wide), nil)), 3018, fault.TooLarge, "8"},
		{"one object over lines", "{\n \"名称\": \"甲\"\n}", 3019, fault.Invalid, "每行"},
		{"broken array", "[{\"名称\":\"甲\"", 3019, fault.Invalid, "第 1 行"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := Open(writeFile(t, []byte(tt.in)), small)
			if err == nil {
				r.Close()
				t.Fatal("accepted")
			}
			checkRefusal(t, err, tt.reason, tt.kind, tt.says)
		})
	}
}

func next(b []byte, from int, mark string) int {
	if i := bytes.Index(b[from:], []byte(mark)); i >= 0 {
		return from + i
	}
	return -1
}

func checkRefusal(t *testing.T, err error, reason int, kind fault.Kind, says string) {
	t.Helper()
	var e *fault.Error
	if !errors.As(err, &e) {
		t.Fatalf("no fault: %v", err)
	}
	if Reason(err) != reason || e.Kind != kind || !strings.HasPrefix(e.Code, "sheet.") {
		t.Errorf("reason %d kind %v, want %d %v: %v", Reason(err), e.Kind, reason, kind, err)
	}
	if !strings.HasPrefix(e.Message, fmt.Sprintf("【%d】", reason)) || strings.Count(e.Message, "【") != 1 || e.Fix == "" {
		t.Errorf("message %q, fix %q", e.Message, e.Fix)
	}
	if !strings.Contains(e.Message+e.Fix, says) {
		t.Errorf("%q does not say %q", e.Message+e.Fix, says)
	}
}

func TestRefusalsThatNeedTheName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		reason   int
	}{
		{"x.json", "[1,2,3]", 3019},
		{"x.json", "名称,代码\n甲,1\n", 3019},
		{"x.ndjson", "\"a\"", 3019},
		{"~$表.xlsx", "\x05admin" + strings.Repeat("\x01\x02 ", 50), 3004},
	} {
		o := testOptions
		o.Name = tt.name
		_, err := Open(writeFile(t, []byte(tt.in)), o)
		checkRefusal(t, err, tt.reason, fault.Invalid, "")
	}
	// Without the hint a bracket is the beginning of a title.
	_, rows := readString(t, "[2026]第3号,{a\n名称,代码\n甲,1\n", testOptions)
	if len(rows) != 1 {
		t.Errorf("%d rows", len(rows))
	}
}

func TestRefuseLongLine(t *testing.T) {
	t.Parallel()
	_, err := Open(writeFile(t, []byte(strings.Repeat("名称,", 2_000_000))), testOptions)
	checkRefusal(t, err, reasonTooLong, fault.TooLarge, "8.0 MB")
	_, err = Open(writeFile(t, []byte("\""+strings.Repeat("名称,", 2_000_000))), testOptions)
	checkRefusal(t, err, reasonTooLong, fault.TooLarge, "")
	_, err = Open(writeFile(t, []byte("[{\"名称\":\""+strings.Repeat("名称,", 2_000_000))), testOptions)
	checkRefusal(t, err, reasonTooLong, fault.TooLarge, "")
}

func TestRefuseBadHeaderRow(t *testing.T) {
	t.Parallel()
	_, err := Open(writeFile(t, []byte("名称,代码,日期\xe5\xb7,金额,备注,地址\n甲,1\n")), testOptions)
	checkRefusal(t, err, reasonEncoding, fault.Invalid, "表头")
	_, err = Open(writeFile(t, []byte("名称,代码,\"日期,金额\n甲,1\n")), testOptions)
	checkRefusal(t, err, reasonNoHeader, fault.Invalid, "双引号")
}

func TestOpenMissingFile(t *testing.T) {
	t.Parallel()
	_, err := Open(t.TempDir()+"/none", Options{})
	if err == nil || Reason(err) != 0 || fault.KindOf(err) != fault.Internal {
		t.Errorf("%v", err)
	}
}

// forge builds a zip with one deflated entry whose sizes are as stated, true or not.
func forge(name string, raw []byte, declared uint64) []byte {
	var packed bytes.Buffer
	fw, _ := flate.NewWriter(&packed, 9)
	_, _ = fw.Write(raw)
	fw.Close()
	var b bytes.Buffer
	zw := zip.NewWriter(&b)
	w, _ := zw.CreateRaw(&zip.FileHeader{
		Name: name, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(raw),
		CompressedSize64: uint64(packed.Len()), UncompressedSize64: declared,
	})
	_, _ = w.Write(packed.Bytes())
	zw.Close()
	return b.Bytes()
}

func TestZipBombs(t *testing.T) {
	t.Parallel()
	blanks := bytes.Repeat([]byte(" "), 80<<20)
	head := []byte("<Relationships/>")
	for _, tt := range []struct {
		name string
		in   []byte
		o    Options
	}{
		{"ratio", forge("_rels/.rels", append(head, blanks...), uint64(len(head)+len(blanks))), Options{}},
		{"declared size", forge("_rels/.rels", head, 5<<30), Options{}},
		{"real size above the declared", forge("_rels/.rels", append(head, blanks[:1<<20]...), 1000), Options{}},
		{"above the limit", forge("_rels/.rels", append(head, blanks[:2<<20]...), uint64(len(head)+2<<20)), Options{MaxUnzipped: 1 << 20}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Open(writeFile(t, tt.in), tt.o)
			checkRefusal(t, err, reasonBomb, fault.TooLarge, "")
		})
	}
}

// A directory that claims or holds absurdly many entries is refused before memory is spent on it.
func TestZipDirectories(t *testing.T) {
	t.Parallel()
	end := make([]byte, 22)
	copy(end, "PK\x05\x06")
	loc := make([]byte, 20)
	copy(loc, "PK\x06\x07")
	end64 := make([]byte, 56)
	copy(end64, "PK\x06\x06")
	binary.LittleEndian.PutUint64(end64[4:], 44)
	binary.LittleEndian.PutUint64(end64[24:], 50_000_000)
	binary.LittleEndian.PutUint64(end64[32:], 50_000_000)
	for i := 8; i < 20; i++ {
		end[i] = 0xff
	}
	front := append([]byte("PK\x03\x04"), make([]byte, 1000)...)
	binary.LittleEndian.PutUint64(loc[8:], uint64(len(front)))
	binary.LittleEndian.PutUint32(loc[16:], 1)
	claims := bytes.Join([][]byte{front, end64, loc, end}, nil)
	_, err := Open(writeFile(t, claims), Options{})
	checkRefusal(t, err, reasonBomb, fault.TooLarge, "50000000")

	var b bytes.Buffer
	zw := zip.NewWriter(&b)
	for i := range 15_000 {
		if _, err := zw.Create(fmt.Sprintf("%0600d", i)); err != nil {
			t.Fatal(err)
		}
	}
	zw.Close()
	_, err = Open(writeFile(t, b.Bytes()), Options{})
	checkRefusal(t, err, reasonBomb, fault.TooLarge, "")
}

func TestTooManyMerges(t *testing.T) {
	t.Parallel()
	sheet := "<worksheet><sheetData/><mergeCells>" + strings.Repeat(`<mergeCell ref="A2:A3"/>`, maxMerges+1)
	_, err := Open(writeFile(t, rawBook(t, sheet, nil)), Options{})
	checkRefusal(t, err, reasonBomb, fault.TooLarge, "合并")
}

func TestEveryRefusalHasItsNumberAndCode(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for code, n := range reasons {
		if n < 3004 || n > 3019 {
			t.Errorf("%s has number %d", code, n)
		}
		seen[n] = true
	}
	for n := 3004; n <= 3019; n++ {
		if !seen[n] {
			t.Errorf("no refusal has number %d", n)
		}
	}
	if Reason(io.EOF) != 0 || Reason(nil) != 0 {
		t.Error("a foreign error has a number")
	}
}

// What excelize encrypts is known as password-protected.
func TestRefuseEncryptedByExcelize(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	defer f.Close()
	path := t.TempDir() + "/x.xlsx"
	if err := f.SaveAs(path, excelize.Options{Password: "secret"}); err != nil {
		t.Fatal(err)
	}
	_, err := Open(path, testOptions)
	checkRefusal(t, err, reasonEncrypted, fault.Invalid, "密码")
}
