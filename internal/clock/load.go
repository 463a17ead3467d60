package clock

import (
	"bytes"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"

	"gongxin/internal/fault"
)

// holidayFiles holds one arrangement of the State Council per year.
//
//go:embed holidays/*.toml
var holidayFiles embed.FS

// maxCalendarBytes bounds an operator's file; a real year is about one kilobyte.
const maxCalendarBytes = 1 << 20

// yearFile is the form of a holiday file.
type yearFile struct {
	Year     int       `toml:"year"`
	Document string    `toml:"document"`
	Issued   Date      `toml:"issued"`
	Work     []Date    `toml:"work"`
	Off      []offFile `toml:"off"`
}

type offFile struct {
	Name string `toml:"name"`
	From Date   `toml:"from"`
	To   Date   `toml:"to"`
}

var errCalendar = fault.New(fault.Invalid, "clock.calendar", "节假日表有误", "请对照国务院办公厅当年的放假通知修改后重新加载")

// LoadCalendar reads the holiday table of one year (TOML: year, document, issued, work, and off ranges
// with name, from and to; days are quoted). It refuses unknown keys, days outside the year, overlaps and make-up days that
// are not at a weekend, and says which entry is wrong.
func LoadCalendar(r io.Reader) (*Calendar, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxCalendarBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read holiday table: %w", err)
	}
	if len(data) > maxCalendarBytes {
		return nil, errCalendar.Messagef("节假日表超过 1 MB，不是一年的放假安排")
	}
	var f yearFile
	meta, err := toml.NewDecoder(bytes.NewReader(data)).Decode(&f)
	if err != nil {
		return nil, errCalendar.Messagef("节假日表不是正确的 TOML 文件或日期写错（日期写成带引号的 \"2027-10-01\"）").With(err)
	}
	if extra := meta.Undecoded(); len(extra) > 0 {
		return nil, errCalendar.Messagef("节假日表里有不认识的项“%s”", extra[0])
	}
	year := Year{Year: f.Year, Document: strings.TrimSpace(f.Document), Issued: f.Issued, Work: f.Work}
	for _, o := range f.Off {
		year.Off = append(year.Off, Off{Name: strings.TrimSpace(o.Name), From: o.From, To: o.To})
	}
	if err := year.check(); err != nil {
		return nil, err
	}
	return newCalendar([]Year{year}), nil
}

// check holds the rules of a year's arrangement.
func (y *Year) check() error {
	switch {
	case y.Year < 1949 || y.Year > 2999:
		return errCalendar.Messagef("节假日表的 year 应为四位年份，这里是 %d", y.Year)
	case y.Document == "":
		return errCalendar.Messagef("%d 年节假日表缺少依据 document（放假通知的文号）", y.Year)
	case len(y.Off) == 0:
		return errCalendar.Messagef("%d 年节假日表没有任何放假安排 [[off]]", y.Year)
	}
	taken := make(map[Date]string)
	for _, off := range y.Off {
		if err := y.checkOff(off, taken); err != nil {
			return err
		}
	}
	for _, d := range y.Work {
		w := d.String()
		switch name, ok := taken[d]; {
		case !y.contains(d):
			return errCalendar.Messagef("调休上班日“%s”不在 %d 年内", w, y.Year)
		case isWeekday(d):
			return errCalendar.Messagef("调休上班日 %s 不是星期六或星期日", w)
		case ok:
			return errCalendar.Messagef("%s 既是上班日又属于“%s”，或重复列出", w, name)
		}
		taken[d] = "调休上班"
	}
	slices.Sort(y.Work)
	slices.SortFunc(y.Off, func(a, b Off) int { return int(a.From) - int(b.From) })
	return nil
}

func (y *Year) checkOff(off Off, taken map[Date]string) error {
	switch {
	case off.Name == "":
		return errCalendar.Messagef("%d 年节假日表有一段放假没有名称 name", y.Year)
	case !y.contains(off.From) || !y.contains(off.To):
		return errCalendar.Messagef("“%s”的起止日期“%s”至“%s”不在 %d 年内", off.Name, off.From, off.To, y.Year)
	case off.From > off.To:
		return errCalendar.Messagef("“%s”的开始日期 %s 晚于结束日期 %s", off.Name, off.From, off.To)
	}
	for d := off.From; d <= off.To; d = d.AddDays(1) {
		if name, ok := taken[d]; ok {
			return errCalendar.Messagef("%s 同时属于“%s”和“%s”", d, name, off.Name)
		}
		taken[d] = off.Name
	}
	return nil
}

func (y *Year) contains(d Date) bool {
	year, _, _ := d.YMD()
	return d.Valid() && year == y.Year
}

// DefaultCalendar gives the calendar that the program carries: 2024 to 2026. Each caller gets one of its own, so that replacing it touches nobody
// else's.
func DefaultCalendar() *Calendar {
	c := &Calendar{}
	c.Replace(defaultCalendar())
	return c
}

var defaultCalendar = sync.OnceValue(func() *Calendar {
	calendar, err := loadEmbedded(holidayFiles)
	if err != nil {
		panic("clock: embedded holiday table: " + err.Error()) // a defect of the build, which the tests rule out
	}
	return calendar
})

func loadEmbedded(files fs.FS) (*Calendar, error) {
	names, err := fs.Glob(files, "holidays/*.toml")
	if err != nil {
		return nil, fmt.Errorf("list holiday tables: %w", err)
	}
	calendar := newCalendar(nil)
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		year, err := LoadCalendar(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("load %s: %w", name, err)
		}
		calendar = calendar.With(year)
	}
	return calendar, nil
}
