package declaration

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/ident"
	"gongxin/internal/ruleset"
)

// Rules are what may be declared, who receives it and by when each step is due, from a day on.
type Rules struct {
	Name      string     `toml:"name"`
	Law       string     `toml:"law"`
	Article   string     `toml:"article"`
	Sure      string     `toml:"sure"`
	Period    Period     `toml:"period"`
	Limit     Limit      `toml:"limit"`
	Pledge    Pledge     `toml:"pledge"`
	Items     []ItemRule `toml:"item"`
	Refusals  []Refusal  `toml:"refusal"`
	Receivers []Receiver `toml:"receiver"`
}

// Period are the lengths of the steps in working days.
type Period struct {
	Check int `toml:"check"` // the formal check, from the day it was handed in
	Fix   int `toml:"fix"`   // for the subject to mend it
	File  int `toml:"file"`  // from the acceptance to the register
}

// Limit are the other bounds.
type Limit struct {
	DraftDays int `toml:"draft_days"` // days after which a draft that nobody touched is deleted
	Open      int `toml:"open"`       // declarations of one subject that wait at a time
}

// Pledge is what whoever declares agrees to.
type Pledge struct {
	Text      string `toml:"text"`      // that it is true
	Liability string `toml:"liability"` // what follows when it is not
}

// ItemRule opens an item of the catalogue to declarations.
type ItemRule struct {
	Code   catalog.ItemCode  `toml:"code"`
	Set    map[string]string `toml:"set"`    // fields that the program fills in when the declaration is accepted
	Pledge string            `toml:"pledge"` // field that takes 是 when the pledge was given
	Omit   []string          `toml:"omit"`   // fields that nobody fills in
	Proof  bool              `toml:"proof"`  // something that proves it must be attached
}

// Refusal is a reason for which a declaration may be turned away.
type Refusal struct {
	Code string `toml:"code"`
	Text string `toml:"text"`
}

// Receiver is the unit that receives the declarations of subjects of a region, and stands as their source.
type Receiver struct {
	Region string `toml:"region"` // division code; "" = everywhere
	Unit   string `toml:"unit"`   // unified code
}

//go:embed data/rules.toml
var shipped []byte

// Shipped gives the file of rules that ships with the program, to start another one from.
func Shipped() []byte { return bytes.Clone(shipped) }

// ErrRules refuses a file of rules.
var ErrRules = fault.New(fault.Invalid, "declaration.rules", "自主申报规则文件有误", "请对照随程序附带的自主申报规则文件修改")

const maxRules = 64 << 10

// LoadRules reads a file of rules and refuses, with the place, a period that is none, an item that is opened twice, and unknown keys.
func LoadRules(r io.Reader) (*Rules, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxRules+1))
	if err != nil {
		return nil, ErrRules.With(err)
	}
	if len(text) > maxRules {
		return nil, ErrRules.Messagef("自主申报规则文件超过 %d KB", maxRules>>10)
	}
	var x Rules
	meta, err := toml.NewDecoder(bytes.NewReader(text)).Decode(&x)
	if err != nil {
		return nil, ErrRules.Messagef("自主申报规则文件不是正确的 TOML：%v", err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, ErrRules.Messagef("自主申报规则文件含有未知的键 %s", unknown[0])
	}
	for _, problem := range []string{x.bounds(), x.items(), x.people()} {
		if problem != "" {
			return nil, ErrRules.Messagef("自主申报规则文件：%s", problem)
		}
	}
	return &x, nil
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }

// bounds says what is wrong with basis, periods and limits, or "".
func (x *Rules) bounds() string {
	if blank(x.Name) || blank(x.Law) || blank(x.Article) {
		return "没有写明名称、依据和条款：没有依据的规则不得施行"
	}
	for _, key := range periods {
		if n := x.length(key); n < 1 || n > 250 {
			return fmt.Sprintf("期限 %s 应为 1 至 250 个工作日", key)
		}
	}
	switch {
	case x.Limit.DraftDays < 1 || x.Limit.DraftDays > 365:
		return "草稿保留的日数应为 1 至 365"
	case x.Limit.Open < 1 || x.Limit.Open > 100:
		return "同时在办的件数应为 1 至 100"
	case blank(x.Pledge.Text) || blank(x.Pledge.Liability):
		return "没有写明承诺的内容和申报不实的责任"
	}
	return ""
}

// items says what is wrong with what is opened, or "".
func (x *Rules) items() string {
	seen := map[catalog.ItemCode]bool{}
	for i := range x.Items {
		it := &x.Items[i]
		if it.Code == "" || seen[it.Code] {
			return fmt.Sprintf("第 %d 个事项没有代码，或者代码重复", i+1)
		}
		seen[it.Code] = true
		if _, twice := it.Set[it.Pledge]; it.Pledge == "" || twice || slices.Contains(it.Omit, it.Pledge) {
			return "事项 " + string(it.Code) + " 没有承诺字段，或者承诺字段另有取值"
		}
	}
	return ""
}

// people says what is wrong with refusals and receivers, or "".
func (x *Rules) people() string {
	if len(x.Refusals) == 0 {
		return "没有写明不予接收的情形"
	}
	codes := map[string]bool{}
	for i, f := range x.Refusals {
		if f.Code == "" || blank(f.Text) || codes[f.Code] {
			return fmt.Sprintf("第 %d 种不予接收的情形没有代码、说明，或者代码重复", i+1)
		}
		codes[f.Code] = true
	}
	regions := map[string]bool{}
	for i, r := range x.Receivers {
		if _, err := ident.ParseUSCC(r.Unit); err != nil || regions[r.Region] || r.Region != "" && (len(r.Region) != 6 || strings.Trim(r.Region, "0123456789") != "") {
			return fmt.Sprintf("第 %d 个受理单位的代码或者区划不对，或者区划重复", i+1)
		}
		regions[r.Region] = true
	}
	return ""
}

// periods are the names of the periods.
var periods = []string{"check", "fix", "file"}

func (x *Rules) length(period string) int {
	switch period {
	case "check":
		return x.Period.Check
	case "fix":
		return x.Period.Fix
	case "file":
		return x.Period.File
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

// Item gives the rule that opens an item.
func (x *Rules) Item(code catalog.ItemCode) (*ItemRule, bool) {
	for i := range x.Items {
		if x.Items[i].Code == code {
			return &x.Items[i], true
		}
	}
	return nil, false
}

// receiver gives the code of the unit that receives declarations from a region, "" when there is none. The narrowest region decides.
func (x *Rules) receiver(region string) string {
	out, best := "", -1
	for _, r := range x.Receivers {
		prefix := strings.TrimRight(r.Region, "0")
		if len(prefix)%2 == 1 {
			prefix += "0" // a division's code is three pairs
		}
		if len(prefix) > best && strings.HasPrefix(region, prefix) {
			out, best = r.Unit, len(prefix)
		}
	}
	return out
}

// NewBook makes the series of files of rules. edition gives the catalogue in force: what is opened must be in it, and every field that a rule names.
func NewBook(d *db.DB, c clock.Clock, edition func() *catalog.Edition) (*ruleset.Book[*Rules], error) {
	return ruleset.New(ruleset.Config[*Rules]{
		Name: "declaration", Load: LoadRules, Shipped: shipped, DB: d, Clock: c, Also: func(_ context.Context, x *Rules) error { return x.fits(edition()) },
	})
}

// fits refuses rules that name what the catalogue does not have.
func (x *Rules) fits(e *catalog.Edition) error {
	for i := range x.Items {
		it := &x.Items[i]
		item, ok := e.Item(it.Code)
		if !ok {
			return ErrRules.Messagef("自主申报规则文件：目录里没有事项 %s", it.Code)
		}
		fields := append([]string{it.Pledge}, it.Omit...)
		for field := range it.Set {
			fields = append(fields, field)
		}
		for _, field := range fields {
			if _, ok := item.Field(field); !ok {
				return ErrRules.Messagef("自主申报规则文件：事项 %s 没有字段 %s", it.Code, field)
			}
		}
	}
	return nil
}

const periodPrefix = "declaration."

// Periods gives the periods of the procedure, for flow; they are named declaration.check and so on.
func Periods(book *ruleset.Book[*Rules]) func(key string, on clock.Date) (int, flow.Unit, error) {
	return func(key string, on clock.Date) (int, flow.Unit, error) {
		name, ours := strings.CutPrefix(key, periodPrefix)
		n := book.On(on).length(name)
		if !ours || n == 0 {
			return 0, "", fmt.Errorf("declaration: no period %s", key)
		}
		return n, flow.Working, nil
	}
}
