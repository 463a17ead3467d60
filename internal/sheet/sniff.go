package sheet

import (
	"bytes"
	"strings"
)

// sniffLen is how much of a file the first look takes.
const sniffLen = 64 << 10

type sniffed uint8

const (
	sniffText sniffed = iota
	sniffZip
	sniffOLE
)

// magic lists the beginnings of files that people send by mistake.
var magic = []struct {
	prefix string
	what   string
}{
	{"%PDF-", "PDF 文档"},
	{"\x89PNG\r\n\x1a\n", "PNG 图片"},
	{"\xff\xd8\xff", "JPEG 图片"},
	{"GIF87a", "GIF 图片"},
	{"GIF89a", "GIF 图片"},
	{"II*\x00", "TIFF 图片"},
	{"MM\x00*", "TIFF 图片"},
	{"{\\rtf", "RTF 文档"},
}

// archives lists packed files other than zip.
var archives = []string{"Rar!\x1a\x07", "7z\xbc\xaf\x27\x1c", "\x1f\x8b", "BZh", "\xfd7zXZ\x00"}

// sniff tells the kind of file by its beginning, or refuses it. name only makes the wording more helpful.
func sniff(head []byte, name string) (sniffed, error) {
	if len(head) == 0 {
		return 0, errEmpty
	}
	for _, m := range magic {
		if bytes.HasPrefix(head, []byte(m.prefix)) {
			return 0, detail(errDocument, "文件不是表格，而是%s", m.what)
		}
	}
	if bytes.HasPrefix(head, []byte("RIFF")) && len(head) > 12 && string(head[8:12]) == "WEBP" {
		return 0, detail(errDocument, "文件不是表格，而是 WebP 图片")
	}
	for _, a := range archives {
		if bytes.HasPrefix(head, []byte(a)) {
			return 0, detail(errNotWorkbook, "文件是压缩包，不是表格")
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return sniffZip, nil
	case bytes.HasPrefix(head, []byte(oleMagic)):
		return sniffOLE, nil
	}
	if err := refuseMarkup(head); err != nil {
		return 0, err
	}
	return sniffText, refuseBinary(head, name)
}

// refuseMarkup recognises HTML and XML tables that carry the suffix .xls.
func refuseMarkup(head []byte) error {
	if utf16BOM(head) != 0 {
		head = bytes.ReplaceAll(head[2:], []byte{0}, nil) // enough to see ASCII mark-up
	}
	b := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	low := bytes.ToLower(b[:min(len(b), 4096)])
	if bytes.HasPrefix(low, []byte("mime-version:")) {
		return errHTML
	}
	if !bytes.HasPrefix(low, []byte("<")) {
		return nil
	}
	if bytes.Contains(low, []byte("urn:schemas-microsoft-com:office:spreadsheet")) || bytes.Contains(low, []byte("progid=\"excel.sheet\"")) {
		return errXML2003
	}
	for _, tag := range []string{"<!doctype html", "<html", "<head", "<meta", "<table", "<style", "<body", "<div", "<script"} {
		if bytes.HasPrefix(low, []byte(tag)) || bytes.Contains(low, []byte("\n"+tag)) {
			return errHTML
		}
	}
	if bytes.HasPrefix(low, []byte("<?xml")) || bytes.HasPrefix(low, []byte("<!--")) {
		if bytes.Contains(low, []byte("<html")) || bytes.Contains(low, []byte("<table")) {
			return errHTML
		}
		return detail(errUnreadable, "文件是 XML，不是表格")
	}
	return nil
}

// refuseBinary refuses what is no text: more than one byte in a hundred, and more than two, are control characters.
func refuseBinary(head []byte, name string) error {
	if utf16BOM(head) != 0 {
		return nil
	}
	control, zeros := 0, [2]int{}
	for i, c := range head {
		switch {
		case c == 0:
			zeros[i%2]++
			control++
		case c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\v' && c != 0x1a:
			control++
		}
	}
	some, most := min(zeros[0], zeros[1]), max(zeros[0], zeros[1])
	switch {
	case some+most == len(head):
		return detail(errEmpty, "文件里全是空字节，没有内容")
	case most*3 > len(head) && some*10 < most: // every other byte is zero
		return detail(errEncoding, "文件像是没有标志的 UTF-16 编码，系统无法确认")
	case control*100 <= len(head), control <= 2:
		return nil
	case strings.HasPrefix(name, "~$"):
		return detail(errUnreadable, "这是 Excel 打开表格时生成的临时文件（名称以 ~$ 开头），不是表格本身")
	}
	return errUnreadable
}

// utf16BOM gives 1 for little endian, 2 for big endian, 0 for none. A UTF-32 mark is none.
func utf16BOM(b []byte) int {
	switch {
	case len(b) >= 4 && b[0] == 0xff && b[1] == 0xfe && b[2] == 0 && b[3] == 0:
		return 0
	case len(b) >= 2 && b[0] == 0xff && b[1] == 0xfe:
		return 1
	case len(b) >= 2 && b[0] == 0xfe && b[1] == 0xff:
		return 2
	}
	return 0
}
