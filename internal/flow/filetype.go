package flow

import (
	"archive/zip"
	"bytes"
	"errors"
	"image"
	_ "image/jpeg" // decoders of what is taken
	_ "image/png"
	"io"
	"net/http"
	"unicode"

	"gongxin/internal/fault"
)

// Bounds of what a file may unfold to. A virus scanner leaves off within an archive at limits of its own (MaxFileSize, MaxFiles, MaxRecursion of clamd.conf) and calls
// it clean all the same; so what is larger, or cannot be unpacked to its end, is not taken.
const (
	maxSide     = 20_000    // pixels
	maxUnpacked = 100 << 20 // bytes of all parts of an OFD file; clamd's MaxFileSize is 100 MB
	maxParts    = 5_000     // files in it; clamd's MaxFiles is 10,000
)

// Faults of contents.
var (
	ErrFileDamaged = fault.New(fault.Invalid, "flow.file_damaged", "附件已损坏，或者尺寸不正常，打不开", "请重新拍照、扫描或者导出，再上传")
	ErrFileMixed   = fault.New(fault.Invalid, "flow.file_mixed", "附件里夹带了压缩包", "请用办公软件重新导出成 PDF 或者图片，再上传")
	ErrFileUnpacks = fault.New(fault.TooLarge, "flow.file_unpacks", "OFD 附件解压后过大、文件过多、加了密或者夹带了压缩包，不能完整地做病毒检查", "请转换成不加密的 PDF 再上传")
)

// typeOf tells the media type by content, and refuses what pretends to be one.
func typeOf(content []byte) (string, error) {
	t := http.DetectContentType(content)
	switch t {
	case "application/pdf":
	case "image/jpeg", "image/png":
		p, _, err := image.DecodeConfig(bytes.NewReader(content))
		if err != nil || p.Width < 1 || p.Height < 1 || p.Width > maxSide || p.Height > maxSide {
			return "", ErrFileDamaged
		}
	case "application/zip":
		return "application/ofd", checkOFD(content)
	default:
		return "", ErrFileType
	}
	if z, err := zip.NewReader(bytes.NewReader(content), int64(len(content))); err == nil && len(z.File) > 0 {
		return "", ErrFileMixed
	}
	return t, nil
}

// encrypted is the bit of an entry's flags that says so.
const encrypted = 1

// checkOFD unpacks an OFD file (GB/T 33190) to its end, within bounds. What an entry says of its own size is not believed.
func checkOFD(content []byte) error {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return ErrFileType
	}
	found, left := false, int64(maxUnpacked)
	if len(z.File) > maxParts {
		return ErrFileUnpacks
	}
	for _, f := range z.File {
		if f.Name == "OFD.xml" {
			if found { // readers differ in which of two they take
				return ErrFileMixed
			}
			found = true
		}
	}
	if !found {
		return ErrFileType
	}
	for _, f := range z.File {
		n, err := unpack(f, left)
		if err != nil {
			return err
		}
		left -= n
	}
	return nil
}

// unpack reads a part to its end, at most so many bytes, and refuses one that holds an archive.
func unpack(f *zip.File, most int64) (int64, error) {
	if f.Flags&encrypted != 0 {
		return 0, ErrFileUnpacks
	}
	part, err := f.Open()
	if err != nil {
		return 0, ErrFileDamaged.With(err)
	}
	defer func() { _ = part.Close() }()
	var head [4]byte
	n, err := io.ReadFull(part, head[:])
	if bytes.HasPrefix(head[:n], []byte("PK\x03\x04")) {
		return 0, ErrFileUnpacks
	}
	rest := int64(0)
	if err == nil {
		rest, err = io.Copy(io.Discard, io.LimitReader(part, most+1))
	}
	switch {
	case int64(n)+rest > most:
		return 0, ErrFileUnpacks
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return 0, ErrFileDamaged.With(err)
	case errors.Is(err, io.ErrUnexpectedEOF) && uint64(n) != f.UncompressedSize64:
		return 0, ErrFileDamaged.With(err)
	}
	return int64(n) + rest, nil
}

// unseen tells characters that are not seen, or turn what is: in a title they would show another one than it is.
func unseen(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }
