package check

import (
	"bytes"
	_ "embed"
	"io"
	"time"

	"github.com/BurntSushi/toml"

	"gongxin/internal/clock"
	"gongxin/internal/fault"
)

//go:embed data/retention.toml
var shipped []byte

// Retention says how long answers are kept; the period in force on the day of the answer counts.
type Retention struct{ answers []Period }

// Period is how long answers given from a day on are kept.
type Period struct {
	From   clock.Date `toml:"from"`
	Months int        `toml:"months"`
	Basis  string     `toml:"basis"`
}

const maxMonths = 360

// ErrRetention refuses a file of periods.
var ErrRetention = fault.New(fault.Invalid, "check.retention", "核查结果的保存期限文件有误",
	"请对照随程序附带的文件：每个 [[answer]] 写明 from（日期，从早到晚）、months（1 至 360 个月）、basis（依据）")

// DefaultRetention gives the periods that ship with the program.
func DefaultRetention() (*Retention, error) { return LoadRetention(bytes.NewReader(shipped)) }

// RetentionOf keeps every answer for so many months, as an installation is set.
func RetentionOf(months int) (*Retention, error) {
	if months < 1 || months > maxMonths {
		return nil, ErrRetention
	}
	return &Retention{[]Period{{From: 20200101, Months: months, Basis: "本平台的配置 check.answer_months"}}}, nil
}

// LoadRetention reads periods and refuses unknown keys, months out of bounds and dates that do not follow each other.
func LoadRetention(r io.Reader) (*Retention, error) {
	var f struct {
		Answer []Period `toml:"answer"`
	}
	meta, err := toml.NewDecoder(r).Decode(&f)
	if err != nil {
		return nil, ErrRetention.With(err)
	}
	if len(meta.Undecoded()) > 0 || len(f.Answer) == 0 {
		return nil, ErrRetention
	}
	for i, p := range f.Answer {
		if !p.From.Valid() || i > 0 && p.From <= f.Answer[i-1].From || p.Months < 1 || p.Months > maxMonths || p.Basis == "" {
			return nil, ErrRetention
		}
	}
	return &Retention{f.Answer}, nil
}

// Until is the first day on which an answer of a day is no longer kept.
func (r *Retention) Until(given clock.Date) clock.Date { return given.AddMonths(r.of(given).Months) }

func (r *Retention) of(given clock.Date) Period {
	p := r.answers[0]
	for _, next := range r.answers[1:] {
		if next.From > given {
			break
		}
		p = next
	}
	return p
}

// over gives, for each period, the span of answers whose time is over on a day: given at or after from and before until.
func (r *Retention) over(today clock.Date) []span {
	var out []span
	for i, p := range r.answers {
		s := span{from: p.From.Start(), until: today.AddMonths(-p.Months).AddDays(1).Start()}
		if i == 0 {
			s.from = time.Unix(0, 0)
		}
		if i+1 < len(r.answers) {
			if end := r.answers[i+1].From.Start(); end.Before(s.until) {
				s.until = end
			}
		}
		if s.from.Before(s.until) {
			out = append(out, s)
		}
	}
	return out
}

type span struct{ from, until time.Time }
