package synth

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gongxin/internal/fault"
)

// Progress is told how far writing has come: rows so far, of all, and the file at hand.
type Progress func(done, total int, file string)

// The files that Write puts beside those of the departments.
const (
	ManifestName = "manifest.json"  // the files in the order of filing
	AgenciesName = "agencies.json"  // who files
	DivisionName = "divisions.json" // the city and its districts
	MapName      = "districts.geojson"
	TotalsName   = "expected.json"   // what the receipt of each file must say
	RowsName     = "expected.ndjson" // what must be said to each row; only with faults
)

var errPart = fault.New(fault.Invalid, "synth.part", "工作簿不能分段生成", "请整份生成，或者改用 csv、ndjson 格式")

// Write makes all files in dir, which it creates. Progress may be nil.
func (c *City) Write(dir string, progress Progress) (err error) {
	defer fault.Wrap(&err, "synth: write")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	files := c.Files()
	total := 0
	for i := range files {
		total += files[i].Rows
	}
	rows, err := c.openRows(dir)
	if err != nil {
		return err
	}
	totals := make([]Totals, len(files))
	done := 0
	for i := range files {
		f := &files[i]
		report := func(n int) {
			if progress != nil {
				progress(done+n, total, f.Name)
			}
		}
		if totals[i], err = c.writeTo(filepath.Join(dir, f.Name), f, rows, report); err != nil {
			return errors.Join(err, rows.Close())
		}
		done += f.Rows
	}
	if err := rows.Close(); err != nil {
		return err
	}
	return c.writeTables(dir, files, totals)
}

// writeTables writes the small files.
func (c *City) writeTables(dir string, files []FileSpec, totals []Totals) error {
	for name, v := range map[string]any{ManifestName: files, AgenciesName: c.Agencies(), DivisionName: c.Divisions(), TotalsName: totals} {
		b, err := json.MarshalIndent(v, "", " ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), append(b, '\n'), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, MapName), c.GeoJSON(), 0o644)
}

func (c *City) writeTo(path string, f *FileSpec, rows *rowFile, report func(int)) (Totals, error) {
	out, err := os.Create(path)
	if err != nil {
		return Totals{}, err
	}
	t, err := c.write(out, f, 0, f.Rows, func(e *Expected) error {
		if e.Row%8192 == 0 {
			report(e.Row)
		}
		return rows.add(e)
	})
	if e := out.Close(); err == nil {
		err = e
	}
	report(f.Rows)
	return t, err
}

// WriteFile writes one file and gives what the receipt must say.
func (c *City) WriteFile(w io.Writer, f FileSpec) (Totals, error) {
	return c.write(w, &f, 0, f.Rows, nil)
}

// WriteRange writes the rows from up to but not including to, counted from 0; the header stands before row 0. Parts put one
// after another are the whole file. Workbooks have no parts.
func (c *City) WriteRange(w io.Writer, f FileSpec, from, to int) (Totals, error) {
	if f.Format == XLSX && (from > 0 || to < f.Rows) {
		return Totals{}, errPart
	}
	return c.write(w, &f, from, min(to, f.Rows), nil)
}

// Expect yields what must be said to each row of a file, until yield says no.
func (c *City) Expect(f FileSpec, yield func(Expected) bool) {
	m := c.newMaker(&f)
	for k := range f.Rows {
		if m.make(k); !yield(m.expected.clone()) {
			return
		}
	}
}

// write writes rows of a file; note, when there is one, is told of each.
func (c *City) write(w io.Writer, f *FileSpec, from, to int, note func(*Expected) error) (Totals, error) {
	m := c.newMaker(f)
	t := Totals{FileSpec: *f}
	if m.table.remark >= 0 {
		t.FileCodes = []int{3001}
	}
	enc := newEncoder(w, f)
	err := m.header(enc, from)
	for k := from; k < to && err == nil; k++ {
		m.make(k)
		t.count(&m.expected)
		if err = enc.row(m.vals); err == nil && note != nil {
			err = note(&m.expected)
		}
	}
	if e := enc.Close(); err == nil {
		err = e
	}
	if err != nil {
		return t, fmt.Errorf("synth: write %s: %w", f.Name, err)
	}
	return t, nil
}

// header writes the header row of a file's first part. NDJSON has none, but its encoder learns the names.
func (m *maker) header(enc encoder, from int) error {
	if _, isSheet := enc.(*sheet); isSheet && from > 0 {
		return nil
	}
	return enc.header(m.table, m.f)
}

// rowFile is the sidecar that has a line for each row. Without faults there is none.
type rowFile struct {
	f    *os.File
	w    *bufio.Writer
	line []byte
}

func (c *City) openRows(dir string) (*rowFile, error) {
	if c.opt.Messy == 0 {
		return &rowFile{}, nil
	}
	f, err := os.Create(filepath.Join(dir, RowsName))
	if err != nil {
		return nil, err
	}
	return &rowFile{f: f, w: bufio.NewWriterSize(f, bufferSize)}, nil
}

func (r *rowFile) add(e *Expected) error {
	if r.w == nil {
		return nil
	}
	r.line = append(e.appendJSON(r.line[:0]), '\n')
	_, err := r.w.Write(r.line)
	return err
}

func (r *rowFile) Close() error {
	if r.f == nil {
		return nil
	}
	err := r.w.Flush()
	if e := r.f.Close(); err == nil {
		err = e
	}
	return err
}
