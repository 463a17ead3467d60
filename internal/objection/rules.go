package objection

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"strings"

	"github.com/BurntSushi/toml"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/ruleset"
)

// What happens when a source does not answer in time, or cannot verify what it filed.
const (
	TakeDown = "take_down" // the record is shown and used no longer, at once
	Wait     = "wait"      // until an officer decides
)

// Refusal is a reason for which an objection may be turned away.
type Refusal struct {
	Code string `toml:"code"`
	Text string `toml:"text"`
}

// Rules are the rules of one place from a day on.
type Rules struct {
	Name     string `toml:"name"`
	Law      string `toml:"law"`
	Article  string `toml:"article"`
	Sure     string `toml:"sure"`
	Period   Period `toml:"period"`
	Extend   Extend `toml:"extend"`
	Limit    Limit  `toml:"limit"`
	Unproven struct {
		Act string `toml:"act"`
	} `toml:"unproven"`
	Refusals []Refusal `toml:"refusal"`
}

// Period are the lengths of the steps in working days.
type Period struct {
	Check      int `toml:"check"`      // formal check, from receipt
	Answer     int `toml:"answer"`     // the answer, from receipt
	Assist     int `toml:"assist"`     // the answer when another unit must help, from receipt
	Source     int `toml:"source"`     // the source's reply, from the day it was asked
	Supplement int `toml:"supplement"` // for the applicant to hand in what lacks
	Review     int `toml:"review"`     // for the applicant to ask for a review, from the answer
	Reexamine  int `toml:"reexamine"`  // the review, from the day it was asked for
}

// Extend is by how many working days at most a period can be put off, once and with a reason; 0 = the law knows no extension.
type Extend struct {
	Answer int    `toml:"answer"` // the answer
	Source int    `toml:"source"` // the source's reply, and with it the answer
	Law    string `toml:"law"`    // article that allows it
}

// Limit are the other bounds.
type Limit struct {
	DraftDays int `toml:"draft_days"` // days after which a draft that nobody touched is deleted
}

//go:embed data/shandong.toml
var shipped []byte

// ErrRules refuses a file of rules.
var ErrRules = fault.New(fault.Invalid, "objection.rules", "异议规则文件有误", "请对照随程序附带的异议规则文件修改")

const maxRules = 64 << 10

// LoadRules reads a file of rules and refuses, with the place, a period that is none, periods that contradict each other, and unknown keys.
func LoadRules(r io.Reader) (*Rules, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxRules+1))
	if err != nil {
		return nil, ErrRules.With(err)
	}
	if len(text) > maxRules {
		return nil, ErrRules.Messagef("异议规则文件超过 %d KB", maxRules>>10)
	}
	var x Rules
	meta, err := toml.NewDecoder(bytes.NewReader(text)).Decode(&x)
	if err != nil {
		return nil, ErrRules.Messagef("异议规则文件不是正确的 TOML：%v", err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, ErrRules.Messagef("异议规则文件含有未知的键 %s", unknown[0])
	}
	if problem := x.problem(); problem != "" {
		return nil, ErrRules.Messagef("异议规则文件：%s", problem)
	}
	return &x, nil
}

// problem says what rules lack, or "".
func (x *Rules) problem() string {
	if strings.TrimSpace(x.Name) == "" || strings.TrimSpace(x.Law) == "" || strings.TrimSpace(x.Article) == "" {
		return "没有写明名称、法规和条款：没有依据的规则不得施行"
	}
	for _, key := range periods {
		if n := x.length(key); n < 1 || n > 250 {
			return fmt.Sprintf("期限 %s 应为 1 至 250 个工作日", key)
		}
	}
	p := &x.Period
	switch {
	case p.Check > p.Answer:
		return "形式审查的期限不能长于答复的期限"
	case p.Answer > p.Assist:
		return "需要协助核查的答复期限不能短于一般的答复期限"
	case p.Source >= p.Assist:
		return "来源单位核查的期限要短于答复的期限"
	case x.Extend.Answer < 0 || x.Extend.Answer > 250 || x.Extend.Source < 0 || x.Extend.Source > 250:
		return "extend 应为 0 至 250 个工作日"
	case x.Extend.Answer+x.Extend.Source > 0 && strings.TrimSpace(x.Extend.Law) == "":
		return "extend 可以延长，却没有写明依据的条款"
	case x.Limit.DraftDays < 1 || x.Limit.DraftDays > 365:
		return "草稿保留的日数应为 1 至 365"
	case x.Unproven.Act != TakeDown && x.Unproven.Act != Wait:
		return "unproven.act 应为 take_down 或者 wait"
	case len(x.Refusals) == 0:
		return "没有写明不予受理的情形"
	}
	seen := map[string]bool{}
	for i, f := range x.Refusals {
		if f.Code == "" || strings.TrimSpace(f.Text) == "" || seen[f.Code] {
			return fmt.Sprintf("第 %d 种不予受理的情形没有代码、说明，或者代码重复", i+1)
		}
		seen[f.Code] = true
	}
	return ""
}

// periods are the names of the periods.
var periods = []string{"check", "answer", "assist", "source", "supplement", "review", "reexamine"}

func (x *Rules) length(period string) int {
	p := &x.Period
	switch period {
	case "check":
		return p.Check
	case "answer":
		return p.Answer
	case "assist":
		return p.Assist
	case "source":
		return p.Source
	case "supplement":
		return p.Supplement
	case "review":
		return p.Review
	case "reexamine":
		return p.Reexamine
	}
	return 0
}

// Basis gives law and article in one text.
func (x *Rules) Basis() string { return x.Law + x.Article }

// Refusal gives a reason by its code.
func (x *Rules) Refusal(code string) (Refusal, bool) {
	for _, f := range x.Refusals {
		if f.Code == code {
			return f, true
		}
	}
	return Refusal{}, false
}

// AnswerBy gives the last day of the answer to what was received on a day; helped says that another unit must help.
func (x *Rules) AnswerBy(cal *clock.Calendar, received clock.Date, helped bool) clock.Date {
	return x.PutOff(cal, received, helped, 0)
}

// PutOff gives the last day of an answer that was put off by some working days.
func (x *Rules) PutOff(cal *clock.Calendar, received clock.Date, helped bool, days int) clock.Date {
	n := x.Period.Answer
	if helped {
		n = x.Period.Assist
	}
	return cal.AddWorkdays(received, n+days)
}

// NewBook makes the series of files of rules.
func NewBook(d *db.DB, c clock.Clock) (*ruleset.Book[*Rules], error) {
	return ruleset.New(ruleset.Config[*Rules]{Name: "objection", Load: LoadRules, Shipped: shipped, DB: d, Clock: c})
}

// Periods gives the periods of the procedure, for flow; they are named objection.check, objection.answer and so on; objection.extend
// and objection.extend_source are bounds of extensions and may be 0.
func Periods(book *ruleset.Book[*Rules]) func(key string, on clock.Date) (int, flow.Unit, error) {
	return func(key string, on clock.Date) (int, flow.Unit, error) {
		name, ours := strings.CutPrefix(key, periodPrefix)
		rules := book.On(on)
		switch name {
		case extendAnswer:
			return rules.Extend.Answer, flow.Working, nil
		case extendSource:
			return rules.Extend.Source, flow.Working, nil
		}
		n := rules.length(name)
		if !ours || n == 0 {
			return 0, "", fmt.Errorf("objection: no period %s", key)
		}
		return n, flow.Working, nil
	}
}

const periodPrefix = "objection."
