package pdf

import (
	"encoding/binary"
	"strconv"
)

// bundle is an object stream, unpacked: its objects by their numbers.
type bundle struct {
	data  []byte
	first map[int]int // where an object begins
}

// table reads a table of objects that is a stream, in the one form that this program writes.
func (f *File) table(start int) error {
	p := &parser{b: f.raw, at: start}
	n, err := strconv.Atoi(p.word())
	if err != nil {
		return ErrFile
	}
	v, err := f.plain(n, start)
	if err != nil {
		return err
	}
	s, ok := v.(*Stream)
	if !ok || s.Dict["Type"] != Name("XRef") || s.Dict["Index"] != nil || s.Dict["Prev"] != nil {
		return ErrFile
	}
	widths, ok := s.Dict["W"].(Array)
	if !ok || len(widths) != 3 || widths[0] != 1.0 || widths[1] != 4.0 || widths[2] != 2.0 {
		return ErrFile
	}
	size, ok := s.Dict["Size"].(float64)
	data, err := f.Data(s)
	if err != nil || !ok || size < 1 || size > maxObjects || len(data) != int(size)*rowSize {
		return ErrFile
	}
	f.places = make([]place, int(size))
	for i := range f.places {
		row := data[i*rowSize:]
		at, index := int(binary.BigEndian.Uint32(row[1:])), int(binary.BigEndian.Uint16(row[5:]))
		switch row[0] {
		case rowFree:
		case rowPlain:
			if at >= len(f.raw) {
				return ErrFile
			}
			f.places[i] = place{at: at}
		case rowIn:
			if at == 0 || at >= len(f.places) {
				return ErrFile
			}
			f.places[i] = place{at: index, in: at}
		default:
			return ErrFile
		}
	}
	f.Trailer = s.Dict
	return nil
}

// member reads an object out of its object stream. Its strings know no place in the file.
func (f *File) member(n int) (any, error) {
	of := f.places[n].in
	b := f.packed[of]
	if b == nil {
		var err error
		if b, err = f.bundle(of); err != nil {
			return nil, err
		}
		f.packed[of] = b
	}
	at, ok := b.first[n]
	if !ok {
		return nil, ErrFile
	}
	p := &parser{b: b.data, at: at, inside: true}
	return p.object()
}

// bundle unpacks an object stream.
func (f *File) bundle(n int) (*bundle, error) {
	if f.places[n].in != 0 {
		return nil, ErrFile
	}
	v, err := f.plain(n, f.places[n].at)
	if err != nil {
		return nil, err
	}
	s, ok := v.(*Stream)
	if !ok || s.Dict["Type"] != Name("ObjStm") || s.Dict["Extends"] != nil {
		return nil, ErrFile
	}
	count, ok := s.Dict["N"].(float64)
	first, ok2 := s.Dict["First"].(float64)
	data, err := f.Data(s)
	if err != nil || !ok || !ok2 || count < 0 || count > maxObjects || first < 0 || int(first) > len(data) {
		return nil, ErrFile
	}
	b := &bundle{data: data, first: map[int]int{}}
	p := &parser{b: data[:int(first)]}
	for range int(count) {
		number, err := next(p)
		if err != nil {
			return nil, err
		}
		at, err := next(p)
		if err != nil || at > len(data)-int(first) {
			return nil, ErrFile
		}
		if _, twice := b.first[number]; twice {
			return nil, ErrFile
		}
		b.first[number] = int(first) + at
	}
	return b, nil
}

// next reads a whole number.
func next(p *parser) (int, error) {
	p.skip()
	n, err := strconv.Atoi(p.word())
	if err != nil || n < 0 {
		return 0, ErrFile
	}
	return n, nil
}
