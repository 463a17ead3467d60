package publish

import (
	"bytes"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/BurntSushi/toml"

	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/record"
)

//go:embed data/*.toml
var ruleData embed.FS

// Rules are the publicity rules: sets for penalties by decision date, and one rule a name for everything else. They are data. A running program
// can adopt others in their place; each window is computed by the ones or the others.
type Rules struct {
	book atomic.Pointer[ruleBook]
}

// ruleBook is what one rule file holds. It does not change.
type ruleBook struct {
	sets  []ruleSet            // for all units, without a gap
	own   map[string][]ruleSet // of a domain, which hold before them
	units []domain
	rules map[string]plainRule
	bound bound
	text  []byte // as read
}

// Adopt puts the rules of other in the place of r's, for everyone who goes by r.
func (r *Rules) Adopt(other *Rules) { r.book.Store(other.book.Load()) }

// domain is a field of administration that has sets of its own, by the names of its units.
type domain struct {
	Code  string   `toml:"code"`
	Name  string   `toml:"name"`
	Units []string `toml:"units"`
}

type ruleSet struct {
	Code     string            `toml:"code"`
	Name     string            `toml:"name"`
	Domain   string            `toml:"domain"`         // "" = for all units
	NoClass  bool              `toml:"ignores_stated"` // the class that the department states does not count
	From     day               `toml:"from"`
	To       day               `toml:"to"`
	Sure     string            `toml:"sure"`
	Severity []severityRow     `toml:"severity"`
	Period   map[string]period `toml:"period"`
}

// severityRow gives a class to the first penalty that fits all its conditions.
type severityRow struct {
	Class     string   `toml:"class"`
	Stated    string   `toml:"stated"`    // the department itself says this class
	Procedure string   `toml:"procedure"` // simple
	Only      []string `toml:"only"`      // no other kind than these
	Any       []string `toml:"any"`       // at least one of these
	FineFrom  float64  `toml:"fine_from"` // 万元
	Why       string   `toml:"why"`
	Period    *period  `toml:"period"` // in place of that of the class
}

type period struct {
	Public bool `toml:"public"`
	Months int  `toml:"months"` // the day this many months after the decision is the first on which it is no longer shown; 0 = no end
}

// bound is how long at most a failure is shown, shared and used after it was decided, whatever else holds.
type bound struct {
	Months int    `toml:"months"` // 0 = no bound
	Why    string `toml:"why"`
}

type plainRule struct {
	Name   string `toml:"name"`
	Until  string `toml:"until"`
	Months int    `toml:"months"`
	Why    string `toml:"why"`
}

// day reads a TOML date as a clock.Date.
type day clock.Date

func (d *day) UnmarshalTOML(v any) error {
	t, ok := v.(interface{ Format(string) string })
	if !ok {
		return fmt.Errorf("want a date")
	}
	p, err := clock.ParseDate(t.Format("2006-01-02"))
	*d = day(p)
	return err
}

// maxRules bounds a rule file; a real one is a few kilobytes.
const maxRules = 1 << 20

// Faults of rule files.
var (
	errRules = fault.New(fault.Invalid, "publish.rules", "公示规则文件有误", "请对照 docs/operate 中的规则文件说明修改")
)

// DefaultRules gives the rules that ship with the program.
func DefaultRules() (*Rules, error) {
	text, err := DefaultRulesText()
	if err != nil {
		return nil, err
	}
	return LoadRules(bytes.NewReader(text))
}

// DefaultRulesText gives the rule file that ships with the program, to start a draft from.
func DefaultRulesText() ([]byte, error) {
	list, err := fs.Glob(ruleData, "data/*.toml")
	if err != nil || len(list) == 0 {
		return nil, fmt.Errorf("publish: no rules embedded: %w", err)
	}
	return ruleData.ReadFile(list[len(list)-1]) // names are dates: the newest file
}

// Text gives the rule file that the rules were read from.
func (r *Rules) Text() []byte { return bytes.Clone(r.book.Load().text) }

// LoadRules reads a rule file and refuses unknown keys, gaps and overlaps between sets, and classes without a period.
func LoadRules(r io.Reader) (*Rules, error) {
	var f struct {
		Domain []domain `toml:"domain"`

		Set  []ruleSet   `toml:"set"`
		Rule []plainRule `toml:"rule"`

		Failure bound `toml:"failure"`
	}
	text, err := io.ReadAll(io.LimitReader(r, maxRules+1))
	if err != nil {
		return nil, errRules.With(err)
	}
	if len(text) > maxRules {
		return nil, errRules.Messagef("公示规则文件超过 1 MB")
	}
	meta, err := toml.NewDecoder(bytes.NewReader(text)).Decode(&f)
	if err != nil {
		return nil, errRules.With(err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, errRules.Messagef("公示规则文件含有未知的键 %s", unknown[0])
	}
	book := &ruleBook{own: map[string][]ruleSet{}, units: f.Domain, rules: map[string]plainRule{"penalty": {}, "none": {}}, bound: f.Failure, text: text}
	if f.Failure.Months < 0 {
		return nil, errRules.Messagef("失信信息的最长使用期不能是负数")
	}
	if err := book.take(f.Set); err != nil {
		return nil, err
	}
	for _, r := range f.Rule {
		if _, twice := book.rules[r.Name]; twice || r.Name == "" || (r.Until != "" && r.Until != "valid_to") || r.Months < 0 {
			return nil, errRules.Messagef("公示规则 %q 重复或内容有误", r.Name)
		}
		book.rules[r.Name] = r
	}
	out := &Rules{}
	out.book.Store(book)
	return out, nil
}

// take puts the sets in their places: those for all units follow each other without a gap, those of a domain do not meet.
func (r *ruleBook) take(sets []ruleSet) error {
	for _, d := range r.units {
		if _, twice := r.own[d.Code]; twice || d.Code == "" || d.Name == "" || len(d.Units) == 0 || slices.Contains(d.Units, "") {
			return errRules.Messagef("领域 %q 重复，或者没有名称和单位", d.Code)
		}
		r.own[d.Code] = nil
	}
	codes := map[string]bool{}
	for _, s := range sets {
		before, known := r.own[s.Domain]
		if s.Domain == "" {
			before, known = r.sets, true
		}
		switch {
		case !known:
			return errRules.Messagef("规则集 %s 的领域 %q 不存在", s.Code, s.Domain)
		case s.Code == "" || codes[s.Code]:
			return errRules.Messagef("规则集 %q 没有代码，或者重复", s.Code)
		case s.From == 0 || s.To < s.From, len(before) > 0 && before[len(before)-1].To >= s.From,
			s.Domain == "" && len(before) > 0 && clock.Date(before[len(before)-1].To).AddDays(1) != clock.Date(s.From):
			return errRules.Messagef("规则集 %s 的起止日期与前一个规则集不衔接", s.Code)
		}
		if err := s.check(); err != nil {
			return err
		}
		codes[s.Code] = true
		if s.Domain == "" {
			r.sets = append(r.sets, s)
		} else {
			r.own[s.Domain] = append(before, s)
		}
	}
	if len(r.sets) == 0 {
		return errRules.Messagef("公示规则文件没有规则集")
	}
	return nil
}

func (s *ruleSet) check() error {
	if len(s.Severity) == 0 {
		return errRules.Messagef("规则集 %s 没有失信程度表", s.Code)
	}
	for _, row := range s.Severity {
		if _, ok := s.Period[row.Class]; !ok || severityOf(row.Class) == record.NoSeverity {
			return errRules.Messagef("规则集 %s 的程度 %q 没有公示期", s.Code, row.Class)
		}
		if row.Stated != "" && (row.Stated != row.Class || s.NoClass) || row.Period != nil && row.Period.Months < 0 {
			return errRules.Messagef("规则集 %s 的程度 %q 有一行的 stated 或者 period 有误", s.Code, row.Class)
		}
	}
	last := s.Severity[len(s.Severity)-1]
	if last.Procedure != "" || last.Stated != "" || last.Only != nil || last.Any != nil || last.FineFrom != 0 {
		return errRules.Messagef("规则集 %s 的最后一行必须不带条件", s.Code)
	}
	return nil
}

func severityOf(class string) record.Severity {
	switch class {
	case "minor":
		return record.Minor
	case "ordinary":
		return record.Moderate
	case "serious":
		return record.Serious
	default:
		return record.NoSeverity
	}
}

// Has reports whether a publicity rule of this name exists; a catalogue edition that names another is refused.
func (r *Rules) Has(name string) bool {
	_, ok := r.book.Load().rules[name]
	return ok
}

// Matter is what the window of a record depends on.
type Matter struct {
	Rule      string // the item's publicity rule
	DecidedOn clock.Date
	ValidTo   clock.Date
	PublicEnd clock.Date // stated by the source: the last public day; only a shorter window than the computed one is taken over
	Procedure record.Procedure
	Kinds     []string // 处罚类别
	Fine      float64  // 万元
	Severity  record.Severity
	Failure   bool   // the item is of negative polarity
	Unit      string // name of the unit that files it
	Authority string // name of the unit that decided, as the record says it; "" = it does not
}

// Window is when a record is public.
type Window struct {
	Public   bool // false: never shown to everyone, whatever the day
	From     clock.Date
	Until    clock.Date // first day on which it is no longer shown; 0 = no end
	Severity record.Severity
	RuleSet  string
	Why      string
	Longer   bool // PublicEnd was longer than the rules allow and was not taken over
}

// Window computes when a record is public. Simple-procedure penalties are never public, whatever a rule file says
// (行政处罚法 art. 51; Shandong 社会信用条例 art. 13).
func (r *Rules) Window(m Matter) Window {
	book := r.book.Load()
	w := book.window(m)
	if m.Failure && book.bound.Months > 0 && !m.DecidedOn.IsZero() {
		w.Until = sooner(w.Until, m.DecidedOn.AddMonths(book.bound.Months))
	}
	return w
}

func (r *ruleBook) window(m Matter) Window {
	w := Window{From: m.DecidedOn}
	switch m.Rule {
	case "none":
		return w
	case "penalty":
		w = r.penalty(m)
	default:
		rule, ok := r.rules[m.Rule]
		if !ok {
			return w
		}
		w.Public, w.Why, w.RuleSet = true, rule.Why, rule.Name
		if rule.Until == "valid_to" && !m.ValidTo.IsZero() && m.ValidTo < clock.LongTerm {
			w.Until = m.ValidTo.AddDays(1)
		}
		if rule.Months > 0 {
			w.Until = sooner(w.Until, m.DecidedOn.AddMonths(rule.Months))
		}
	}
	if !m.PublicEnd.IsZero() && m.PublicEnd < clock.LongTerm {
		stated := m.PublicEnd.AddDays(1)
		w.Longer = w.Public && !w.Until.IsZero() && stated > w.Until
		w.Until = sooner(w.Until, stated)
	}
	if m.Procedure == record.Simple {
		w.Public = false
	}
	return w
}

func sooner(a, b clock.Date) clock.Date {
	if a.IsZero() || (!b.IsZero() && b < a) {
		return b
	}
	return a
}

// setFor finds the set of a decision: that of its unit's domain, and else by the day alone; days before the first set follow it, days after the last one likewise.
func (r *ruleBook) setFor(m *Matter) *ruleSet {
	d := m.DecidedOn
	for i := range r.units {
		if !slices.ContainsFunc(r.units[i].Units, func(name string) bool { return strings.Contains(m.Unit, name) || strings.Contains(m.Authority, name) }) {
			continue
		}
		for j := range r.own[r.units[i].Code] {
			if s := &r.own[r.units[i].Code][j]; d >= clock.Date(s.From) && d <= clock.Date(s.To) {
				return s
			}
		}
	}
	for i := range r.sets {
		if d <= clock.Date(r.sets[i].To) {
			return &r.sets[i]
		}
	}
	return &r.sets[len(r.sets)-1]
}

func (r *ruleBook) penalty(m Matter) Window {
	set := r.setFor(&m)
	if set.NoClass || m.Procedure == record.Simple {
		m.Severity = record.NoSeverity
	}
	w := Window{From: m.DecidedOn, RuleSet: set.Code, Severity: m.Severity}
	row := set.row(m)
	switch {
	case row != nil:
		w.Severity, w.Why = severityOf(row.Class), row.Why
	default:
		w.Why = "作出决定的机关标明的失信程度"
	}
	p := set.Period[w.Severity.String()]
	if row != nil && row.Period != nil {
		p = *row.Period
	}
	w.Public = p.Public
	if p.Months > 0 {
		w.Until = m.DecidedOn.AddMonths(p.Months)
	}
	w.Why += "（" + set.Name + "）"
	return w
}

// row finds the row of a penalty: of a class that is stated the first one that names it, which there need not be.
func (s *ruleSet) row(m Matter) *severityRow {
	for i := range s.Severity {
		if row := &s.Severity[i]; row.Stated == m.Severity.String() && row.fits(m) {
			return row
		}
	}
	return nil
}

func (row *severityRow) fits(m Matter) bool {
	if row.Procedure == "simple" && m.Procedure != record.Simple {
		return false
	}
	if len(row.Only) > 0 && (len(m.Kinds) == 0 || slices.ContainsFunc(m.Kinds, func(k string) bool { return !slices.Contains(row.Only, k) })) {
		return false
	}
	if len(row.Any) > 0 && !slices.ContainsFunc(m.Kinds, func(k string) bool { return slices.Contains(row.Any, k) }) {
		return false
	}
	return m.Fine >= row.FineFrom
}

// Explain says in one sentence which rule gave a record its publicity window.
func (r *Rules) Explain(code string) string {
	book := r.book.Load()
	for i := range book.sets {
		if book.sets[i].Code == code {
			return "依据" + book.sets[i].Name + "计算"
		}
	}
	for _, d := range book.units {
		for _, s := range book.own[d.Code] {
			if s.Code == code {
				return "依据" + s.Name + "计算"
			}
		}
	}
	if rule, ok := book.rules[code]; ok && rule.Why != "" {
		return rule.Why
	}
	return ""
}

// whyOf says in one sentence what gave a record on file the end of its window: the rules, or a decision behind which filings stand back.
func (r *Rules) whyOf(f *record.Facts) string {
	switch d := f.Decided; {
	case d.Until.IsZero() || f.PublicUntil.IsZero() || f.PublicUntil > d.Until:
		return r.Explain(f.RuleSet)
	case d.Ruled.IsZero() || d.Until <= d.Ruled:
		if f.PublicUntil == d.Until {
			return "公示期经异议处理缩短，来源单位重新报送不会延长"
		}
		return r.Explain(f.RuleSet)
	default:
		return "修复结果被撤销，按最长期限公示"
	}
}
