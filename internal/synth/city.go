// Package synth keeps one rule: the invented city contains nothing real, and every row of it is a function of the seed
// and the row's number alone. So the same seed gives the same bytes, any part can be made without the rest, and ten
// million rows are written in the memory of one.
//
// The city is there to demonstrate, to test and to measure. Its rows enter the register as anybody's do, as files through
// the intake; beside them stands what the intake must say to each row.
package synth

import (
	"sync"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/ident"
)

// Options say which city is made.
type Options struct {
	Seed     uint64
	Subjects int // businesses and organisations on the register; at least 1
	Records  int // rows about them, without their registration
	// Messy is the share of rows, from 0 to 1, that get a fault such as clerks make.
	Messy float64
	// Today is the last day on which anything is decided. None means DefaultToday.
	Today clock.Date
	// Received is the day on which the files are filed, from which late rows are counted. None means Today; with
	// Every it is not used.
	Received clock.Date
	// Every cuts the filings into the files of each week or month, each with the day on which it would have been
	// filed. Without it an agency files three years at once.
	Every Period
	// Format is what most files are: CSV, XLSX or NDJSON. None means CSV.
	Format Format
}

// DefaultToday is the day on which the city lives unless told otherwise.
const DefaultToday clock.Date = 20261122

// Years is how far back the city's decisions reach.
const Years = 3

// The bounds of a city.
const (
	MaxSubjects = 20_000_000
	MaxRecords  = 2_000_000_000
)

// Period is how often the agencies file.
type Period string

// The periods.
const (
	Once    Period = ""
	Weekly  Period = "week"
	Monthly Period = "month"
	// Quicker is by months once and by weeks for the last year: the agencies have learnt to keep the seven working days.
	Quicker Period = "quicker"
)

// Format is the kind of a file.
type Format string

// The formats.
const (
	CSV    Format = "csv"
	XLSX   Format = "xlsx"
	NDJSON Format = "ndjson"
)

// City is an invented city. It does not change once made and may be used from several goroutines.
type City struct {
	opt        Options
	edition    *catalog.Edition
	calendar   *clock.Calendar
	regions    []region
	whole      []string // of each region: 临溪市望溪区
	trades     []trade
	agencies   []agency
	registrars [registrarCount][]*agency // by region
	deck       deck
	companies  [][]uint16 // of each trade: slots of companies that may have branches
	brands     brands
	bodies     permutation // organisation codes
	serials    permutation // registration numbers
	people     permutation // birth dates and serial numbers of persons
	founding   []clock.Date
	window     window
	plans      []*plan

	registry sync.Once
	events   []event // entries of the business register within the window, by day
}

var errOptions = fault.New(fault.Invalid, "synth.options", "虚构城市的参数不对", "请检查主体数、记录数、出错比例和格式")

// New makes a city. The work is little whatever its size: rows are made when they are asked for.
func New(opt Options) (*City, error) {
	if opt.Today.IsZero() {
		opt.Today = DefaultToday
	}
	if opt.Received.IsZero() {
		opt.Received = opt.Today
	}
	if opt.Format == "" {
		opt.Format = CSV
	}
	if err := opt.check(); err != nil {
		return nil, err
	}
	c := &City{opt: opt, edition: catalog.Default(), calendar: clock.DefaultCalendar(), regions: newRegions(ident.DefaultDivisions()), trades: allTrades()}
	c.brands = newBrands(opt.Seed)
	c.bodies = newPermutation(opt.Seed, forBody, bodySpace)
	c.serials = newPermutation(opt.Seed, forBody+1<<8, serialSpace)
	c.people = newPermutation(opt.Seed, forPeople, peopleSpace(c.regions))
	c.founding = daysBetween(opt.Today.AddYears(-30), opt.Today)
	c.window = newWindow(c.calendar, opt.Today)
	for i := range c.regions {
		c.whole = append(c.whole, wholeName(c.regions, i))
	}
	c.deck = newDeck(opt.Seed, c.trades, c.regions, opt.Subjects)
	c.companies = c.deck.companies()
	c.agencies = newAgencies(c.regions)
	c.registrars = c.newRegistrars()
	c.plans = c.newPlans()
	return c, nil
}

func (o *Options) check() error {
	switch {
	case o.Subjects < 1 || o.Subjects > MaxSubjects:
		return errOptions.Messagef("主体数应在 1 至 %d 之间，这里是 %d", MaxSubjects, o.Subjects)
	case o.Records < 0 || o.Records > MaxRecords:
		return errOptions.Messagef("记录数应在 0 至 %d 之间，这里是 %d", MaxRecords, o.Records)
	case !(o.Messy >= 0 && o.Messy <= 1):
		return errOptions.Messagef("出错比例应在 0 至 1 之间")
	case !o.Today.Valid() || !o.Received.Valid():
		return errOptions.Messagef("日期不对")
	case o.Received < o.Today:
		return errOptions.Messagef("报送日期 %v 早于“今天” %v", o.Received, o.Today)
	case o.Format != CSV && o.Format != XLSX && o.Format != NDJSON:
		return errOptions.Messagef("文件格式应为 csv、xlsx 或 ndjson，这里是“%s”", string(o.Format))
	case o.Every != Once && o.Every != Weekly && o.Every != Monthly && o.Every != Quicker:
		return errOptions.Messagef("报送周期应为 week 或 month，这里是“%s”", string(o.Every))
	}
	return nil
}

// Options gives the options with their defaults filled in.
func (c *City) Options() Options { return c.opt }
