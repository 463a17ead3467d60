package identity

import (
	"bytes"
	_ "embed"
	"io"

	"github.com/BurntSushi/toml"

	"gongxin/internal/clock"
	"gongxin/internal/fault"
)

//go:embed data/retention.toml
var shippedRetention []byte

// Retention says how long what proved a claim is kept after the claim has ended. It is data with dates: the period in force on the day of
// the decision counts.
type Retention struct{ evidence []Period }

// Period is how long evidence is kept of claims decided from a day on.
type Period struct {
	From  clock.Date `toml:"from"`
	Days  int        `toml:"days"`
	Basis string     `toml:"basis"` // law and reason, for whoever asks why
}

// maxRetention bounds a period, in days: evidence that is kept longer than the log of look-ups serves nothing any more.
const maxRetention = 3653

// ErrRetention refuses a file of periods.
var ErrRetention = fault.New(fault.Invalid, "identity.retention", "认领材料的保存期限文件有误",
	"请对照随程序附带的文件：每个 [[evidence]] 写明 from（日期，从早到晚）、days（1 至 3653 天）、basis（依据）")

// DefaultRetention gives the periods that ship with the program.
func DefaultRetention() *Retention {
	r, err := LoadRetention(bytes.NewReader(shippedRetention))
	if err != nil {
		panic(err) // the embedded file is tested
	}
	return r
}

// LoadRetention reads periods and refuses unknown keys, days out of bounds and dates that do not follow each other.
func LoadRetention(r io.Reader) (*Retention, error) {
	var f struct {
		Evidence []Period `toml:"evidence"`
	}
	meta, err := toml.NewDecoder(r).Decode(&f)
	if err != nil {
		return nil, ErrRetention.With(err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, ErrRetention.Messagef("认领材料的保存期限文件含有未知的键 %s", unknown[0])
	}
	if len(f.Evidence) == 0 {
		return nil, ErrRetention.Messagef("认领材料的保存期限文件里没有 [[evidence]]")
	}
	for i, p := range f.Evidence {
		switch {
		case !p.From.Valid() || i > 0 && p.From <= f.Evidence[i-1].From:
			return nil, ErrRetention.Messagef("第 %d 个期限的起始日期不对，或者不晚于前一个", i+1)
		case p.Days < 1 || p.Days > maxRetention || p.Basis == "":
			return nil, ErrRetention.Messagef("第 %d 个期限的天数不在 1 至 %d 之间，或者没有写明依据", i+1, maxRetention)
		}
	}
	return &Retention{f.Evidence}, nil
}

// Evidence gives the period for claims that ended on a day; before the first one began, the first one counts.
func (r *Retention) Evidence(ended clock.Date) Period {
	p := r.evidence[0]
	for _, next := range r.evidence[1:] {
		if next.From > ended {
			break
		}
		p = next
	}
	return p
}
