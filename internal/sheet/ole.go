package sheet

import (
	"encoding/binary"
	"io"
	"unicode/utf16"
)

const oleMagic = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

// refuseOLE tells an old .xls from a password-protected .xlsx: both are OLE compound files, and the names of their
// streams differ ([MS-CFB] §2.6, [MS-OFFCRYPTO] §2.3.2).
func refuseOLE(r io.ReaderAt, size int64) error {
	names := oleNames(r, size)
	switch {
	case names["EncryptedPackage"], names["EncryptionInfo"]:
		return errEncrypted
	case names["WordDocument"]:
		return detail(errDocument, "文件不是表格，而是旧版 Word 文档")
	case names["PowerPoint Document"]:
		return detail(errDocument, "文件不是表格，而是旧版 PowerPoint 文档")
	}
	return errOldXLS
}

// oleNames lists the directory entries of a compound file as far as they can be read. Every loop is bounded, so
// that a chain that bites its tail ends.
func oleNames(r io.ReaderAt, size int64) map[string]bool {
	names := map[string]bool{}
	head := make([]byte, 512)
	if _, err := r.ReadAt(head, 0); err != nil {
		return names
	}
	shift := binary.LittleEndian.Uint16(head[30:])
	if shift != 9 && shift != 12 {
		return names
	}
	c := oleFile{r: r, size: size, sector: 1 << shift, head: head}
	const maxDirectory = 256 // sectors
	next := binary.LittleEndian.Uint32(head[48:])
	for range maxDirectory {
		b := c.read(next)
		if b == nil {
			break
		}
		for i := 0; i+128 <= len(b); i += 128 {
			if n := oleName(b[i : i+128]); n != "" {
				names[n] = true
			}
		}
		next = c.after(next)
	}
	return names
}

func oleName(entry []byte) string {
	n := int(binary.LittleEndian.Uint16(entry[64:])) // bytes, with the closing zero
	if n < 2 || n > 64 {
		return ""
	}
	u := make([]uint16, 0, 32)
	for i := 0; i+2 <= n-2; i += 2 {
		u = append(u, binary.LittleEndian.Uint16(entry[i:]))
	}
	return string(utf16.Decode(u))
}

type oleFile struct {
	r      io.ReaderAt
	size   int64
	sector int64
	head   []byte
}

func (c oleFile) read(sect uint32) []byte {
	off := (int64(sect) + 1) * c.sector
	if off+c.sector > c.size {
		return nil
	}
	b := make([]byte, c.sector)
	if _, err := c.r.ReadAt(b, off); err != nil {
		return nil
	}
	return b
}

const oleEnd = 0xfffffffe

// after looks the next sector of a chain up in the allocation table.
func (c oleFile) after(sect uint32) uint32 {
	per := uint32(c.sector / 4)
	table := sect / per
	var at uint32
	if table < 109 {
		at = binary.LittleEndian.Uint32(c.head[76+4*table:])
	} else {
		table -= 109
		d := binary.LittleEndian.Uint32(c.head[68:])
		for range 128 {
			b := c.read(d)
			if b == nil {
				return oleEnd
			}
			if table < per-1 {
				at = binary.LittleEndian.Uint32(b[4*table:])
				break
			}
			table -= per - 1
			d = binary.LittleEndian.Uint32(b[4*(per-1):])
		}
	}
	b := c.read(at)
	if b == nil {
		return oleEnd
	}
	return binary.LittleEndian.Uint32(b[4*(sect%per):])
}
