package sheet

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"gongxin/internal/fault"
)

const (
	// A workbook has a few dozen parts; pictures may make it some thousands.
	zipMaxEntries   = 60_000
	zipMaxDirectory = 8 << 20
	// A part that inflates to more than this must not be packed denser than zipMaxRatio. Sheets reach 20 to 50,
	// the limit of the method is 1032.
	zipRatioFrom = 64 << 20
	zipMaxRatio  = 300
)

// archive gives the parts of a workbook package by name and keeps count of what they inflate to.
type archive struct {
	parts map[string]*zip.File // by lower-case name with forward slashes
	limit int64                // Options.MaxUnzipped
	used  int64
	seen  map[string]bool
}

func openArchive(f *os.File, size, limit int64) (*archive, error) {
	if n := directoryRecords(f, size); n > zipMaxEntries {
		return nil, detail(errBomb, "压缩包里声明了 %d 个文件，正常的工作簿远没有这么多", n)
	}
	guard := &guardedReader{r: f, left: zipMaxDirectory}
	zr, err := zip.NewReader(guard, size)
	if guard.spent {
		return nil, detail(errBomb, "压缩包的目录异常庞大，为安全起见不予读取")
	}
	if err != nil {
		return nil, errDamaged.With(err)
	}
	guard.open = true
	a := &archive{parts: make(map[string]*zip.File, len(zr.File)), limit: limit, seen: map[string]bool{}}
	for _, p := range zr.File {
		name := strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(p.Name, "\\", "/"), "/"))
		if _, twice := a.parts[name]; !twice {
			a.parts[name] = p
		}
	}
	return a, nil
}

// directoryRecords reads how many entries the end of the directory claims, because archive/zip makes room for them
// before it has seen any. It gives 0 if there is no such end; archive/zip then says so itself.
func directoryRecords(r io.ReaderAt, size int64) uint64 {
	tail := make([]byte, min(size, 66<<10))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return 0
	}
	at := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if at < 0 || len(tail)-at < 22 {
		return 0
	}
	n := uint64(binary.LittleEndian.Uint16(tail[at+10:]))
	if at < 20 || string(tail[at-20:at-16]) != "PK\x06\x07" {
		return n
	}
	end := make([]byte, 56)
	off := binary.LittleEndian.Uint64(tail[at-12:])
	if off > uint64(size) {
		return n
	}
	if _, err := r.ReadAt(end, int64(off)); err != nil || string(end[:4]) != "PK\x06\x06" {
		return n
	}
	return max(n, binary.LittleEndian.Uint64(end[32:]))
}

// guardedReader bounds what reading the directory may take.
type guardedReader struct {
	r     io.ReaderAt
	left  int
	spent bool
	open  bool // the directory has been read
}

func (g *guardedReader) ReadAt(p []byte, off int64) (int, error) {
	if !g.open {
		if g.left -= len(p); g.left < 0 {
			g.spent = true
			return 0, io.ErrUnexpectedEOF
		}
	}
	return g.r.ReadAt(p, off)
}

func (a *archive) has(name string) bool { return a.parts[strings.ToLower(name)] != nil }

// resolve makes a relationship's target a part name.
func resolve(base, target string) string {
	target = strings.ReplaceAll(target, "\\", "/")
	if strings.HasPrefix(target, "/") {
		return strings.TrimPrefix(path.Clean(target), "/")
	}
	return path.Join(path.Dir(base), target)
}

// open starts reading a part. Its declared size counts against the limit once, its real size may not exceed it.
func (a *archive) open(name string) (*part, error) {
	name = strings.ToLower(name)
	z := a.parts[name]
	if z == nil {
		return nil, detail(errDamaged, "工作簿里缺少必需的部分")
	}
	if z.Flags&1 != 0 {
		return nil, errEncrypted
	}
	size := z.UncompressedSize64
	if size > zipRatioFrom && size/zipMaxRatio > z.CompressedSize64 {
		return nil, detail(errBomb, "文件里有一部分压缩了 %d 倍以上，正常的工作簿不会这样，为安全起见不予读取", zipMaxRatio)
	}
	if !a.seen[name] {
		a.seen[name] = true
		if size > uint64(a.limit) || a.used+int64(size) > a.limit {
			return nil, a.tooLarge()
		}
		a.used += int64(size)
	}
	rc, err := z.Open()
	if err != nil {
		return nil, errDamaged.With(err)
	}
	return &part{rc: rc, left: int64(size), size: int64(size)}, nil
}

func (a *archive) tooLarge() error {
	return detail(errBomb, "工作簿解压后超过上限 %s", byteSize(a.limit))
}

// part reads one part and turns every way in which it can be broken into a refusal.
type part struct {
	rc   io.ReadCloser
	left int64
	size int64
	err  error // a refusal, kept because decoders in between may hide it
}

func (p *part) Read(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.rc.Read(b)
	p.left -= int64(n)
	if err == nil || err == io.EOF {
		return n, err
	}
	var corrupt flate.CorruptInputError
	switch {
	case p.left < 0 || errors.Is(err, zip.ErrFormat):
		err = detail(errBomb, "文件里有一部分解压后比声明的大，为安全起见不予读取")
	case errors.Is(err, zip.ErrChecksum), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &corrupt):
		err = errDamaged.With(err)
	default:
		err = fmt.Errorf("sheet: read part: %w", err)
	}
	p.err = err
	return n, err
}

func (p *part) Close() error { return p.rc.Close() }

// partError makes a refusal of an error met while scanning a part.
func partError(err error) error {
	var e *fault.Error
	switch {
	case err == nil || errors.As(err, &e):
		return err
	case errors.Is(err, errXMLTag), errors.Is(err, errXMLEntity), errors.Is(err, errXMLName), errors.Is(err, io.ErrUnexpectedEOF):
		return errDamaged.With(err)
	}
	return err
}
