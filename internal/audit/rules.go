package audit

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"

	"github.com/BurntSushi/toml"

	"gongxin/internal/fault"
)

//go:embed data/watch.toml
var shipped []byte

// Rule says what is unusual about a look-up. Rules are data; Kind chooses what is compared with what.
type Rule struct {
	Code     string   `toml:"code"`
	Kind     string   `toml:"kind"` // rate, hours, region, many, missing
	Name     string   `toml:"name"`
	Cap      int64    `toml:"cap"`      // rate: look-ups of one actor in an hour
	Floor    int64    `toml:"floor"`    // rate: fewer are never unusual
	Factor   int64    `toml:"factor"`   // rate: times the actor's own median
	Hours    int      `toml:"hours"`    // rate: over this many of the actor's hours
	From     int      `toml:"from"`     // hours: first usual hour
	To       int      `toml:"to"`       // hours: first unusual one
	Workdays bool     `toml:"workdays"` // hours: days off are unusual
	Days     int      `toml:"days"`     // many: within these days
	Readers  int64    `toml:"readers"`  // many: this many different actors
	Missing  []string `toml:"missing"`  // missing: refused for lack of one of these
}

// ErrRules refuses a file of rules.
var ErrRules = fault.New(fault.Invalid, "audit.rules", "异常查询规则文件有误", "请对照随程序附带的规则文件修改")

// DefaultRules gives the rules that ship with the program.
func DefaultRules() []Rule {
	rules, err := LoadRules(bytes.NewReader(shipped))
	if err != nil {
		panic(err) // the embedded file is tested
	}
	return rules
}

// LoadRules reads a file of rules and refuses unknown keys, codes that come twice and bounds that make no sense.
func LoadRules(r io.Reader) ([]Rule, error) {
	var f struct {
		Rule []Rule `toml:"rule"`
	}
	meta, err := toml.NewDecoder(r).Decode(&f)
	if err != nil {
		return nil, ErrRules.With(err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, ErrRules.Messagef("异常查询规则文件含有未知的键 %s", unknown[0])
	}
	seen := map[string]bool{}
	for i := range f.Rule {
		rule := &f.Rule[i]
		if rule.Code == "" || rule.Name == "" || seen[rule.Code] {
			return nil, ErrRules.Messagef("第 %d 条异常查询规则缺少代码或名称，或代码重复", i+1)
		}
		seen[rule.Code] = true
		if err := rule.check(); err != nil {
			return nil, ErrRules.Messagef("异常查询规则 %s 的界限不正确", rule.Code).With(err)
		}
	}
	return f.Rule, nil
}

func (r *Rule) check() error {
	switch r.Kind {
	case "rate":
		if r.Cap <= 0 || r.Floor <= 0 || r.Factor <= 1 || r.Hours <= 0 || r.Hours > 1000 {
			return fmt.Errorf("want cap, floor, hours above 0 and factor above 1")
		}
	case "hours":
		if r.From < 0 || r.To > 24 || r.From >= r.To {
			return fmt.Errorf("want 0 ≤ from < to ≤ 24")
		}
	case "many":
		if r.Days <= 0 || r.Days > readerDays || r.Readers <= 1 {
			return fmt.Errorf("want 1 to %d days and more than one reader", readerDays)
		}
	case "missing":
		if len(r.Missing) == 0 {
			return fmt.Errorf("want codes")
		}
	case "region":
	default:
		return fmt.Errorf("unknown kind")
	}
	return nil
}
