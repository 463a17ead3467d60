package synth

import (
	"cmp"
	"fmt"
	"slices"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
)

// Layout is how a file's columns are headed.
type Layout string

// The layouts.
const (
	Chinese Layout = "chinese" // the Chinese names of the standard in force
	Codes   Layout = "codes"   // its field codes
	Old2015 Layout = "2015"    // the template of 2015/16
	Titled  Layout = "titled"  // Chinese names under title lines; dates as date cells, amounts as numbers (XLSX)
)

// Encoding is how a CSV file is encoded.
type Encoding string

// The encodings.
const (
	UTF8    Encoding = "utf-8"
	UTF8BOM Encoding = "utf-8-bom"
	GB18030 Encoding = "gb18030"
)

// FileSpec is one file of the city.
type FileSpec struct {
	Name     string           `json:"file"`
	Item     catalog.ItemCode `json:"item"`
	UnitCode string           `json:"unit"`
	UnitName string           `json:"unitName"`
	Format   Format           `json:"format"`
	Layout   Layout           `json:"layout"`
	Encoding Encoding         `json:"encoding"`
	Rows     int              `json:"rows"`
	// Received is the day on which the file is filed, from which its late rows are counted.
	Received clock.Date `json:"received"`

	plan  *plan
	part  part
	first int // number of the first row within the plan, the stock or the events
	id    uint64
	by    int // registrar, of a registration file
}

// part says what a file holds.
type part uint8

const (
	decisions part = iota
	stock
	changes
)

// Limits of one file. A sheet of XLSX ends at 1,048,576 lines.
const (
	maxRows     = 2_000_000
	maxRowsXLSX = 1_000_000
)

// Files lists the files in the order in which they are to be filed: registrations before what refers to them.
func (c *City) Files() []FileSpec {
	files := c.registrations()
	for _, p := range c.plans {
		for _, span := range c.spans(p) {
			f := FileSpec{Item: p.item.Code, UnitCode: p.agency.Code, UnitName: p.agency.Name, Rows: span.rows, Received: span.received, plan: p, first: span.first}
			f.Name = fmt.Sprintf("%s-%s-%s%s", p.item.Code, p.agency.Region, p.agency.dept.slug, span.suffix)
			files = append(files, f)
		}
	}
	files = c.split(files)
	c.vary(files)
	if c.opt.Every != Once {
		// Stable: of one day, registrations stay before decisions.
		slices.SortStableFunc(files, func(a, b FileSpec) int { return cmp.Compare(a.Received, b.Received) })
	}
	return files
}

// registrations lists the files of DJJC: what each registrar has on its books, and what changed.
func (c *City) registrations() []FileSpec {
	item, ok := c.edition.Item("DJJC")
	if !ok {
		return nil
	}
	var files []FileSpec
	add := func(by int, part part, span span) {
		a := c.registrars[by][0]
		p := &plan{item: item, agency: a}
		name := fmt.Sprintf("DJJC-%s-%s%s", a.Region, a.dept.slug, span.suffix)
		files = append(files, FileSpec{Name: name, Item: item.Code, UnitCode: a.Code, UnitName: a.Name, Rows: span.rows, Received: span.received, plan: p, part: part, first: span.first, by: by})
	}
	received := c.opt.Received
	if c.opt.Every != Once {
		received = c.window.days[0]
	}
	for by := range registrarCount {
		if n := c.deck.count(c.stockPlaces(by)); n > 0 {
			add(by, stock, span{rows: n, received: received})
		}
	}
	events := c.eventsOf()
	if c.opt.Every == Once {
		if len(events) > 0 {
			add(byMarket, changes, span{rows: len(events), received: received, suffix: "-bg"})
		}
		return files
	}
	starts := make([]int32, len(c.window.days)+1)
	for d := range starts {
		at, _ := slices.BinarySearchFunc(events, d, func(e event, d int) int { return int(e.day) - d })
		starts[d] = int32(at)
	}
	for _, s := range c.periods(starts, registryLag) {
		s.suffix = "-bg" + s.suffix
		add(byMarket, changes, s)
	}
	return files
}

func (c *City) stockPlaces(by int) []uint16 {
	if c.opt.Every == Once {
		return c.deck.stock[by]
	}
	return c.deck.old[by]
}

// span is a run of rows that one file has.
type span struct {
	first, rows int
	received    clock.Date
	suffix      string
}

// spans cuts what an agency files under an item by the periods in which it files.
func (c *City) spans(p *plan) []span {
	if c.opt.Every == Once {
		return []span{{rows: p.rows, received: c.opt.Received}}
	}
	// Most agencies file within three working days of the period's end; one in eight is slow.
	habit := mix(uint64(p.agency.number), forAgency)
	lag := 1 + int(habit%3)
	if habit>>8%8 == 0 {
		lag = 6
	}
	return c.periods(c.begin(p), lag)
}

// periods cuts rows that run with time at the ends of weeks or months. starts has the row that begins each day. A
// file is filed lag working days after its period, or today.
func (c *City) periods(starts []int32, lag int) []span {
	var all []span
	days := c.window.days
	for from := 0; from < len(days); {
		to := from + 1
		for to < len(days) && !c.beginsPeriod(days[to]) {
			to++
		}
		if n := int(starts[to] - starts[from]); n > 0 {
			received := min(c.opt.Today, c.calendar.AddWorkdays(days[to-1], lag))
			all = append(all, span{first: int(starts[from]), rows: n, received: received, suffix: "-" + compact(days[to-1])})
		}
		from = to
	}
	return all
}

// registryLag is within how many working days after a period the changes of the business register are filed.
const registryLag = 1

// entered says whether what the business register entered on day d is filed before the file f.
func (c *City) entered(d clock.Date, f *FileSpec) bool {
	if c.opt.Every == Once || d < c.window.days[0] {
		return true
	}
	for d < c.opt.Today && !c.beginsPeriod(d.AddDays(1)) {
		d = d.AddDays(1)
	}
	return min(c.opt.Today, c.calendar.AddWorkdays(d, registryLag)) <= f.Received
}

// quickerMonths is for how many months the agencies of a Quicker city have filed by weeks.
const quickerMonths = 12

func (c *City) beginsPeriod(d clock.Date) bool {
	if c.opt.Every == Monthly || c.opt.Every == Quicker && d < c.opt.Today.AddMonths(-quickerMonths) {
		_, _, day := d.YMD()
		return day == 1
	}
	return d.Weekday() == 1
}

func compact(d clock.Date) string { return fmt.Sprintf("%08d", int(d)) }

// split cuts files that have more rows than one may have, and numbers all of them.
func (c *City) split(files []FileSpec) []FileSpec {
	limit := maxRows
	if c.opt.Format == XLSX {
		limit = maxRowsXLSX
	}
	out := make([]FileSpec, 0, len(files))
	for _, f := range files {
		for part := 1; ; part++ {
			g := f
			if f.Rows > limit || part > 1 {
				g.Name = fmt.Sprintf("%s-%02d", f.Name, part)
			}
			g.Rows = min(f.Rows, limit)
			g.id = uint64(len(out))
			out = append(out, g)
			if f.Rows -= g.Rows; f.Rows == 0 {
				break
			}
			f.first += g.Rows
		}
	}
	return out
}

// vary gives the files their forms. Every fifth agency writes codes over its columns, as systems do; a few have peculiar
// habits: the template of 2015, GB 18030, a workbook with title lines.
func (c *City) vary(files []FileSpec) {
	habits := c.habits(files)
	for i := range files {
		f := &files[i]
		f.Format, f.Layout, f.Encoding = c.opt.Format, Chinese, UTF8
		switch n := f.plan.agency.number + len(f.Item); {
		case f.part == decisions && n%5 == 2 || c.opt.Format == NDJSON:
			f.Layout = Codes
		case n%3 == 0:
			f.Encoding = UTF8BOM
		}
		switch habits[f.plan] {
		case Old2015:
			f.Layout, f.Encoding = Old2015, UTF8
		case Titled:
			f.Layout = Titled
			if c.opt.Format == CSV {
				f.Format = XLSX
			}
		case layoutGB:
			f.Encoding = GB18030
		}
		if f.Format != CSV {
			f.Encoding = UTF8
		}
		f.Name += map[Format]string{CSV: ".csv", XLSX: ".xlsx", NDJSON: ".ndjson"}[f.Format]
	}
}

// layoutGB marks the agency that writes GB 18030; it is no layout of its own.
const layoutGB Layout = "gb18030"

// modest is the size of file that is best for a peculiar form: neither a handful of rows nor slow to write.
const modest = 50_000

// habits picks the plans with peculiar forms: among the smaller ones, for workbooks are slow and old templates rare.
func (c *City) habits(files []FileSpec) map[*plan]Layout {
	habits := map[*plan]Layout{}
	take := func(layout Layout, item catalog.ItemCode, key string) {
		var best *plan
		for i := range files {
			p := files[i].plan
			if p.item.Code != item || p.agency.dept.key != key || habits[p] != "" || files[i].part != decisions {
				continue
			}
			if best == nil || p.rows <= modest && (best.rows > modest || p.rows > best.rows) || p.rows > modest && p.rows < best.rows {
				best = p
			}
		}
		if best != nil && best.rows <= maxRowsXLSX {
			habits[best] = layout
		}
	}
	if c.opt.Format == NDJSON {
		return habits
	}
	take(Old2015, "XZCF", "交通")
	take(Old2015, "XZXK", "交通")
	take(Old2015, "XZXK", "卫健")
	take(layoutGB, "XZCF", "城管")
	take(Titled, "XZCF", "消防")
	take(Titled, "XZXK", "农业")
	return habits
}
