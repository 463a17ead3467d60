package bench

import (
	"bufio"
	"io"
	"math/rand/v2"
	"os"
	"slices"

	"gongxin/internal/synth"
)

// piece is some rows of a file of the city, filed as a file of their own.
type piece struct {
	city     *synth.City
	spec     synth.FileSpec
	from, to int
}

func (p *piece) rows() int { return p.to - p.from }

// write writes the piece with its header.
func (p *piece) write(w io.Writer) error {
	if p.spec.Format == synth.XLSX {
		_, err := p.city.WriteFile(w, p.spec)
		return err
	}
	if p.from > 0 {
		if _, err := p.city.WriteRange(w, p.spec, 0, 0); err != nil {
			return err
		}
	}
	_, err := p.city.WriteRange(w, p.spec, p.from, p.to)
	return err
}

// writeTemp writes the piece to a file that the caller removes.
func (p *piece) writeTemp(dir string) (name string, bytes int64, err error) {
	f, err := os.CreateTemp(dir, "file-*")
	if err != nil {
		return "", 0, err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	if err = p.write(w); err == nil {
		err = w.Flush()
	}
	if err == nil {
		bytes, err = f.Seek(0, io.SeekCurrent)
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return f.Name(), bytes, err
}

// registrationItem is what establishes subjects.
const registrationItem = "DJJC"

// stockPieces gives the city's files: registrations, in order, and the stock of records, shuffled, so that the beginning and the end of filing it
// are of the same kind. Large files are cut, which an agency with many rows would do too.
func stockPieces(city *synth.City, rng *rand.Rand) (registrations, stock []piece) {
	const most = 100_000
	for _, f := range city.Files() {
		step := f.Rows
		if f.Format != synth.XLSX {
			step = min(step, most)
		}
		for from := 0; from < f.Rows; from += step {
			p := piece{city, f, from, min(from+step, f.Rows)}
			if f.Item == registrationItem {
				registrations = append(registrations, p)
			} else {
				stock = append(stock, p)
			}
		}
	}
	rng.Shuffle(len(stock), func(i, j int) { stock[i], stock[j] = stock[j], stock[i] })
	return registrations, stock
}

// weekFiles is how many files of the last week are held against the floor.
const weekFiles = 6

// weekOf gives large files of the last week about the subjects of a city: those of a city so busy that its week has enough rows. Each has rows rows;
// spare more follow in the last piece.
func weekOf(seed uint64, subjects, rows, spare int) (files []piece, rest piece, err error) {
	records := (rows + spare) * 156 * 8 // weeks in three years; a share of all that the six largest files may have
	for {
		records = min(records, synth.MaxRecords)
		city, err := synth.New(synth.Options{Seed: seed, Subjects: subjects, Records: records, Every: synth.Weekly})
		if err != nil {
			return nil, rest, err
		}
		var all []synth.FileSpec
		for _, f := range city.Files() {
			if f.Received == city.Options().Today && f.Format == synth.CSV && f.Item != registrationItem {
				all = append(all, f)
			}
		}
		slices.SortStableFunc(all, func(a, b synth.FileSpec) int { return b.Rows - a.Rows })
		if len(all) >= weekFiles && all[weekFiles-1].Rows >= rows+spare {
			for _, f := range all[:weekFiles] {
				files = append(files, piece{city, f, 0, rows})
			}
			last := files[weekFiles-1]
			return files, piece{city, last.spec, rows, rows + spare}, nil
		}
		if records == synth.MaxRecords {
			return nil, rest, errOptions.Messagef("合成城市太小，凑不出最近一周的大文件")
		}
		records *= 2
	}
}
