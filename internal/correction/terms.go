package correction

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"

	"github.com/BurntSushi/toml"

	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
)

//go:embed data/terms.toml
var shipped []byte

// Term is by when a correction is to be applied, from a day on.
type Term struct {
	From        clock.Date `toml:"from"`
	WorkingDays int        `toml:"working_days"`
	FeedMonths  int        `toml:"feed_months"` // how far the public feed of changes goes back
	Basis       string     `toml:"basis"`
}

// Terms are dated; the one in force on the day of the telling counts.
type Terms struct{ list []Term }

// Bounds of terms.
const (
	maxDays   = 60
	maxMonths = 120
)

// ErrTerms refuses a file of terms.
var ErrTerms = fault.New(fault.Invalid, "correction.terms", "更正落实期限的文件有误",
	"请对照随程序附带的文件：每个 [[terms]] 写明 from（日期，从早到晚）、working_days（1 至 60 个工作日）、feed_months（1 至 120 个月）、basis（依据）")

// DefaultTerms gives the terms that ship with the program.
func DefaultTerms() (*Terms, error) { return LoadTerms(bytes.NewReader(shipped)) }

// LoadTerms reads terms and refuses unknown keys, lengths out of bounds and dates that do not follow each other.
func LoadTerms(r io.Reader) (*Terms, error) {
	var f struct {
		Terms []Term `toml:"terms"`
	}
	meta, err := toml.NewDecoder(r).Decode(&f)
	if err != nil {
		return nil, ErrTerms.With(err)
	}
	if len(meta.Undecoded()) > 0 || len(f.Terms) == 0 {
		return nil, ErrTerms
	}
	for i, t := range f.Terms {
		if !t.From.Valid() || i > 0 && t.From <= f.Terms[i-1].From || t.WorkingDays < 1 || t.WorkingDays > maxDays || t.FeedMonths < 1 || t.FeedMonths > maxMonths || t.Basis == "" {
			return nil, ErrTerms
		}
	}
	return &Terms{f.Terms}, nil
}

// On gives the term in force on a day; before the first one, the first.
func (t *Terms) On(day clock.Date) Term {
	out := t.list[0]
	for _, next := range t.list[1:] {
		if next.From > day {
			break
		}
		out = next
	}
	return out
}

// PeriodApply names the period of applying a correction, for flow.
const PeriodApply = "correction.apply"

// Period gives the period for flow.Config.Periods.
func (t *Terms) Period(key string, on clock.Date) (int, flow.Unit, error) {
	if key != PeriodApply {
		return 0, "", fmt.Errorf("correction: no period %s", key)
	}
	return t.On(on).WorkingDays, flow.Working, nil
}
