package pdf

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
)

// bomb is a small file whose five object streams unpack to size bytes each; the way to its signature leads through all of them.
func bomb(t testing.TB, size int) []byte {
	t.Helper()
	var out bytes.Buffer
	out.WriteString("%PDF-1.7\n")
	const total = 110
	var table [total][rowSize]byte
	put := func(n int, kind byte, at int) {
		table[n][0] = kind
		binary.BigEndian.PutUint32(table[n][1:], uint32(at))
	}
	packed := func(data []byte) []byte {
		var b bytes.Buffer
		w, err := zlib.NewWriterLevel(&b, zlib.BestSpeed)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for i, o := range []string{"<</AcroForm 102 0 R /Names 102 0 R>>", "<</Fields 103 0 R>>", "[104 0 R]", "<</V 105 0 R>>", "<</X 1>>"} {
		head := fmt.Sprintf("%d 0 ", 101+i)
		z := packed(append([]byte(head+o), bytes.Repeat([]byte(" "), size)...))
		put(i+1, rowPlain, out.Len())
		put(101+i, rowIn, i+1)
		fmt.Fprintf(&out, "%d 0 obj\n<</Type /ObjStm /N 1 /First %d /Filter /FlateDecode /Length %d>>\nstream\n%s\nendstream\nendobj\n", i+1, len(head), len(z), z)
	}
	at := out.Len()
	put(total-1, rowPlain, at)
	var rows []byte
	for i := range table {
		rows = append(rows, table[i][:]...)
	}
	z := packed(rows)
	fmt.Fprintf(&out, "%d 0 obj\n<</Type /XRef /Size %d /W [1 4 2] /Root 101 0 R /Filter /FlateDecode /Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n", total-1, total, len(z), z, at)
	return out.Bytes()
}

// All that one file unpacks to is bounded, not each of its streams: a file of a megabyte took two gigabytes of memory.
func TestUnpackedIsBoundedForTheWholeFile(t *testing.T) {
	t.Parallel()
	small, err := Open(bomb(t, 100))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := small.Signature(); !errors.Is(err, ErrSigned) {
		t.Errorf("small: %v", err)
	}
	if len(small.packed) != 5 {
		t.Errorf("%d of 5 object streams were read", len(small.packed))
	}
	f, err := Open(bomb(t, maxUnpacked/3))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Signature(); err == nil {
		t.Error("no refusal")
	}
	sum := 0
	for _, b := range f.packed {
		sum += len(b.data)
	}
	if sum > maxUnpacked || len(f.packed) > 3 {
		t.Errorf("%d object streams with %d bytes are in memory", len(f.packed), sum)
	}
}
