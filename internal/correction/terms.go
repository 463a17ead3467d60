package correction

import (
	_ "embed"
	"fmt"
	"io"
	"strings"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/ruleset"
)

//go:embed data/terms.toml
var shipped []byte

// Terms say by when a correction is to be applied, and how long it is listed for everyone. They are one place's, from a day on.
type Terms struct {
	Name  string `toml:"name"`
	Basis string `toml:"basis"`
	Sure  string `toml:"sure"`
	Apply struct {
		WorkingDays int `toml:"working_days"` // after the telling
	} `toml:"apply"`
	Feed struct {
		Months int `toml:"months"` // how far the public feed of changes goes back
	} `toml:"feed"`
}

// Bounds of terms.
const (
	maxDays   = 60
	maxMonths = 120
	maxTerms  = 64 << 10
)

// ErrTerms refuses a file of terms.
var ErrTerms = fault.New(fault.Invalid, "correction.terms", "更正落实期限的文件有误", "请对照随程序附带的更正落实期限文件修改")

// LoadTerms reads a file of terms and refuses unknown keys, lengths out of bounds and terms that rest on nothing.
func LoadTerms(r io.Reader) (*Terms, error) {
	const what = "更正落实期限文件"
	text, err := io.ReadAll(io.LimitReader(r, maxTerms+1))
	if err != nil {
		return nil, ErrTerms.With(err)
	}
	if len(text) > maxTerms {
		return nil, ErrTerms.Messagef("%s超过 %d KB", what, maxTerms>>10)
	}
	var t Terms
	if err := ruleset.Decode(text, &t, ErrTerms, what); err != nil {
		return nil, err
	}
	switch {
	case strings.TrimSpace(t.Name) == "" || strings.TrimSpace(t.Basis) == "":
		return nil, ErrTerms.Messagef("%s没有写明名称 name 和依据 basis：没有依据的期限不得施行", what)
	case t.Apply.WorkingDays < 1 || t.Apply.WorkingDays > maxDays:
		return nil, ErrTerms.Messagef("%s：落实期限 apply.working_days 应为 1 至 %d 个工作日", what, maxDays)
	case t.Feed.Months < 1 || t.Feed.Months > maxMonths:
		return nil, ErrTerms.Messagef("%s：变更清单保留的时间 feed.months 应为 1 至 %d 个月", what, maxMonths)
	}
	return &t, nil
}

// NewBook makes the series of files of terms. Those in force on the day of the telling count.
func NewBook(d *db.DB, c clock.Clock) (*ruleset.Book[*Terms], error) {
	return ruleset.New(ruleset.Config[*Terms]{Name: "correction", Load: LoadTerms, Shipped: shipped, DB: d, Clock: c})
}

// PeriodApply names the period of applying a correction, for flow.
const PeriodApply = "correction.apply"

// Periods gives the period of the procedure, for flow.Config.Periods.
func Periods(book *ruleset.Book[*Terms]) func(key string, on clock.Date) (int, flow.Unit, error) {
	return func(key string, on clock.Date) (int, flow.Unit, error) {
		if key != PeriodApply {
			return 0, "", fmt.Errorf("correction: no period %s", key)
		}
		return book.On(on).Apply.WorkingDays, flow.Working, nil
	}
}
