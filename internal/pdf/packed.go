package pdf

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
)

// perStream is how many objects one object stream holds (ISO 32000-1 7.5.7).
const perStream = 500

// rowSize is the size of a row of the table of objects: a kind, a place or the number of an object stream, an index.
const rowSize = 1 + 4 + 2

// Kinds of rows.
const (
	rowFree  = 0
	rowPlain = 1
	rowIn    = 2 // within an object stream
)

// file puts the objects one after the other, small ones packed together, with the table of where they are as a stream (7.5.8).
func (o *objects) file(catalog, info int) ([]byte, error) {
	size := 64
	for _, body := range o.list {
		size += len(body) + 48
	}
	out := make([]byte, 0, size)
	out = append(out, "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"...)
	rows := make([][rowSize]byte, 1, len(o.list)+8)
	binary.BigEndian.PutUint16(rows[0][5:], 0xffff)
	var small []int
	for i, body := range o.list {
		rows = append(rows, [rowSize]byte{rowPlain})
		if !o.plain[i+1] {
			small = append(small, i+1)
			continue
		}
		binary.BigEndian.PutUint32(rows[i+1][1:], uint32(len(out)))
		out = object(out, i+1, body)
	}
	for len(small) > 0 {
		part := small[:min(perStream, len(small))]
		small = small[len(part):]
		body, err := o.pack(part)
		if err != nil {
			return nil, err
		}
		n := len(rows)
		for i, at := range part {
			rows[at] = [rowSize]byte{rowIn}
			binary.BigEndian.PutUint32(rows[at][1:], uint32(n))
			binary.BigEndian.PutUint16(rows[at][5:], uint16(i))
		}
		rows = append(rows, [rowSize]byte{rowPlain})
		binary.BigEndian.PutUint32(rows[n][1:], uint32(len(out)))
		out = object(out, n, body)
	}
	return table(out, rows, catalog, info)
}

func object(out []byte, n int, body []byte) []byte {
	out = strconv.AppendInt(out, int64(n), 10)
	out = append(out, " 0 obj\n"...)
	out = append(out, body...)
	return append(out, "\nendobj\n"...)
}

// pack makes one object stream: the numbers and places of its objects, then the objects.
func (o *objects) pack(list []int) ([]byte, error) {
	var head, body []byte
	for _, n := range list {
		head = strconv.AppendInt(head, int64(n), 10)
		head = append(head, ' ')
		head = strconv.AppendInt(head, int64(len(body)), 10)
		head = append(head, ' ')
		body = append(append(body, o.list[n-1]...), '\n')
	}
	return stream(fmt.Sprintf("/Type /ObjStm /N %d /First %d", len(list), len(head)), append(head, body...))
}

// stream packs data into the body of an object.
func stream(dict string, data []byte) ([]byte, error) {
	packed, err := deflate(data)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(packed)+len(dict)+80)
	out = fmt.Appendf(out, "<<%s /Length %d /Filter /FlateDecode>>\nstream\n", dict, len(packed))
	return append(append(out, packed...), "\nendstream"...), nil
}

// table ends a file with the table of its objects.
func table(out []byte, rows [][rowSize]byte, catalog, info int) ([]byte, error) {
	id := sha256.Sum256(out)
	name, start, n := hex.EncodeToString(id[:16]), len(out), len(rows)
	rows = append(rows, [rowSize]byte{rowPlain})
	binary.BigEndian.PutUint32(rows[n][1:], uint32(start))
	data := make([]byte, 0, len(rows)*rowSize)
	for i := range rows {
		data = append(data, rows[i][:]...)
	}
	body, err := stream(fmt.Sprintf("/Type /XRef /Size %d /W [1 4 2] /Root %s /Info %s /ID [<%s> <%s>]", len(rows), ref(catalog), ref(info), name, name), data)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(object(out, n, body), "startxref\n%d\n%%%%EOF\n", start), nil
}
