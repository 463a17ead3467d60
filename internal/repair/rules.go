package repair

import (
	"bytes"
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
	"gongxin/internal/record"
	"gongxin/internal/ruleset"
)

//go:embed data/rules.toml
var shipped []byte

// ErrRules refuses a file of rules.
var ErrRules = fault.New(fault.Invalid, "repair.rules", "信用修复规则文件有误", "请对照随程序附带的信用修复规则文件修改")

// maxRules bounds a file; a real one is some ten kilobytes.
const maxRules = 1 << 20

// Clocks are the lengths of the procedure: working days, and months where the name says so.
type Clocks struct {
	Accept int    `toml:"accept"`
	Answer int    `toml:"answer"`
	Extend int    `toml:"extend"`
	Supply int    `toml:"supply"`
	Object int    `toml:"object"`
	Again  int    `toml:"again_months"`
	Barred int    `toml:"barred_months"`
	Sure   string `toml:"sure"`
}

// Letter is the one template of the commitment.
type Letter struct {
	Title string `toml:"title"`
	Text  string `toml:"text"`
	Sure  string `toml:"sure"`
}

// Local is the bound of the region's own regulation: nothing is shown longer, and where the national ceiling is shorter that one holds.
type Local struct {
	Name    string     `toml:"name"`
	Article string     `toml:"article"`
	Years   int        `toml:"years"`
	From    clock.Date `toml:"from"`
	Sure    string     `toml:"sure"`
}

// Domain is a field of administration with rules of its own.
type Domain struct {
	Code  string   `toml:"code"`
	Name  string   `toml:"name"`
	Units []string `toml:"units"` // parts of the names of units that decide in it
	Words []string `toml:"words"` // what a record in it says
}

// Held says which records of the platform itself show that a duty was performed, so that nobody hands them in again.
type Held struct {
	Items []catalog.ItemCode `toml:"items"`
	From  []catalog.ItemCode `toml:"from"`
	Note  string             `toml:"note"`
	Sure  string             `toml:"sure"`
}

// Set is the rules for what was decided within some days, of one domain or of all.
type Set struct {
	Code   string     `toml:"code"`
	Name   string     `toml:"name"`
	Domain string     `toml:"domain"` // "" = every one; a set of a domain goes before
	Other  bool       `toml:"other"`  // for what is no penalty
	From   clock.Date `toml:"from"`
	To     clock.Date `toml:"to"`
	Sure   string     `toml:"sure"`
	Lines  []Line     `toml:"line"`
}

// Line is a class of failures with its dates. Empty conditions fit everything.
type Line struct {
	Items    []catalog.ItemCode `toml:"items"`
	Severity string             `toml:"severity"` // minor, ordinary, serious
	Simple   bool               `toml:"simple"`
	Any      []string           `toml:"any"`
	Only     []string           `toml:"only"`
	Domains  []string           `toml:"domains"`

	Class    string   `toml:"class"`
	Shown    bool     `toml:"shown"`
	Earliest int      `toml:"earliest"`
	End      int      `toml:"end"`
	Excluded string   `toml:"excluded"`
	Why      string   `toml:"why"`
	Needs    []string `toml:"needs"`
}

// Rules is a whole file.
type Rules struct {
	text []byte
	file
}

type file struct {
	FirstDay      string   `toml:"first_day"`
	SecondOfficer []string `toml:"second_officer"`
	Free          string   `toml:"free"`
	Clocks        Clocks   `toml:"clocks"`
	Letter        Letter   `toml:"letter"`
	Local         Local    `toml:"local"`
	Domains       []Domain `toml:"domain"`
	Held          []Held   `toml:"held"`
	Sets          []Set    `toml:"set"`
}

// Text gives the file.
func (r *Rules) Text() []byte { return bytes.Clone(r.text) }

// ErrUncorrected refuses a rule by which what was not corrected goes on being shown at the end of its period: nobody is shown one day longer without a decision (0019).
var ErrUncorrected = fault.New(fault.Invalid, "repair.uncorrected", "信用修复规则文件：uncorrected（期满没有改正的怎么办）已经取消，期满一律停止公示、共享和使用", "请删去 [[uncorrected]] 各节；行业主管部门认为应当继续公示的，由它另行作出决定并报送")

// LoadRules reads a file of rules and refuses, with the place, unknown keys, sets that leave a gap or meet, and lines that could never be used.
func LoadRules(in io.Reader) (*Rules, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxRules+1))
	if err != nil {
		return nil, ErrRules.With(err)
	}
	if len(text) > maxRules {
		return nil, ErrRules.Messagef("信用修复规则文件超过 1 MB")
	}
	r := &Rules{text: text}
	meta, err := toml.Decode(string(text), &r.file)
	if err != nil {
		return nil, ErrRules.Messagef("信用修复规则文件不是正确的 TOML：%v", err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		if unknown[0][0] == "uncorrected" {
			return nil, ErrUncorrected
		}
		return nil, ErrRules.Messagef("信用修复规则文件含有未知的键 %s", unknown[0])
	}
	for _, problem := range []string{r.head(), r.domains(), r.sets()} {
		if problem != "" {
			return nil, ErrRules.Messagef("信用修复规则文件：%s", problem)
		}
	}
	return r, nil
}

// maxDays and maxMonths bound lengths; the law's own are far below.
const (
	maxDays   = 365
	maxMonths = 600
)

func (r *Rules) head() string {
	c := r.Clocks
	for _, n := range []int{c.Accept, c.Answer, c.Supply, c.Object} {
		if n < 1 || n > maxDays {
			return "clocks 里的期限须为 1 至 365 个工作日"
		}
	}
	switch {
	case r.FirstDay != "end" && r.FirstDay != "next":
		return "first_day 须为 end（期满当日）或 next（期满次日）"
	case c.Extend < 0 || c.Extend > maxExtend:
		return fmt.Sprintf("clocks 里的 extend 须为 0 至 %d 个工作日", maxExtend)
	case c.Again < 0 || c.Again > maxMonths || c.Barred < 0 || c.Barred > maxMonths:
		return "clocks 里的月数超出范围"
	case r.Free == "":
		return "没有写明不收费"
	case r.Letter.Title == "" || !strings.Contains(r.Letter.Text, "{主体}") || !strings.Contains(r.Letter.Text, "{记录}"):
		return "承诺书没有标题，或者没有 {主体}、{记录} 两处"
	case r.Local.Years < 0 || r.Local.Years > 50 || r.Local.Years > 0 && (r.Local.Name == "" || r.Local.Article == ""):
		return "local 的年数超出范围，或者没有写明法规和条款"
	}
	for _, class := range r.SecondOfficer {
		if severityOf(class) == record.NoSeverity {
			return "second_officer 只能是 minor、ordinary、serious"
		}
	}
	return ""
}

func (r *Rules) domains() string {
	seen := map[string]bool{}
	for _, d := range r.Domains {
		if d.Code == "" || d.Code == "*" || seen[d.Code] || d.Name == "" || len(d.Units)+len(d.Words) == 0 || slices.Contains(d.Units, "") || slices.Contains(d.Words, "") {
			return "领域 " + d.Code + " 重复，或者没有名称和识别词"
		}
		seen[d.Code] = true
	}
	for _, h := range r.Held {
		if len(h.Items) == 0 || len(h.From) == 0 || h.Note == "" {
			return "held 没有写明事项、来源或说明"
		}
	}
	return ""
}

func (r *Rules) sets() string {
	codes, last, other := map[string]bool{}, clock.Date(0), false
	for i := range r.Sets {
		s := &r.Sets[i]
		switch {
		case s.Code == "" || codes[s.Code] || s.Name == "":
			return "规则集 " + s.Code + " 重复或者没有名称"
		case !s.From.Valid() || !s.To.Valid() || s.To < s.From:
			return "规则集 " + s.Code + " 的起止日期有误"
		case s.Domain != "" && !slices.ContainsFunc(r.Domains, func(d Domain) bool { return d.Code == s.Domain }):
			return "规则集 " + s.Code + " 的领域不存在"
		case s.Domain == "" && !s.Other && last != 0 && last.AddDays(1) != s.From:
			return "规则集 " + s.Code + " 的起止日期与前一个规则集不衔接"
		}
		if s.Domain == "" && !s.Other {
			last = s.To
		}
		codes[s.Code], other = true, other || s.Other
		if problem := r.lines(s); problem != "" {
			return problem
		}
	}
	if last == 0 || !other {
		return "缺少适用于行政处罚或者其他失信信息的规则集"
	}
	return ""
}

func (r *Rules) lines(s *Set) string {
	if len(s.Lines) == 0 {
		return "规则集 " + s.Code + " 没有内容"
	}
	for i := range s.Lines {
		l := &s.Lines[i]
		bad := ""
		switch {
		case severityOf(l.Class) == record.NoSeverity:
			bad = "class 须为 minor、ordinary 或 serious"
		case l.Severity != "" && severityOf(l.Severity) == record.NoSeverity:
			bad = "severity 须为 minor、ordinary 或 serious"
		case len(l.Items) == 0 || l.Why == "":
			bad = "没有写明事项或理由"
		case l.Earliest < 0 || l.Earliest > maxMonths || l.End < 0 || l.End > maxMonths || l.End > 0 && l.Earliest > l.End:
			bad = "月数超出范围，或者最早可以申请的时间晚于自动停止"
		case slices.ContainsFunc(l.Domains, func(code string) bool { return r.domain(code) == nil }):
			bad = "领域不存在"
		case l.Shown && l.Excluded == "" && len(l.Needs) == 0:
			bad = "没有写明要提交什么"
		}
		if bad != "" {
			return fmt.Sprintf("规则集 %s 第 %d 行：%s", s.Code, i+1, bad)
		}
	}
	if l := &s.Lines[len(s.Lines)-1]; l.Severity != "" || l.Simple || l.Any != nil || l.Only != nil || l.Domains != nil {
		return "规则集 " + s.Code + " 的最后一行必须不带条件"
	}
	return ""
}

func (r *Rules) domain(code string) *Domain {
	for i := range r.Domains {
		if r.Domains[i].Code == code {
			return &r.Domains[i]
		}
	}
	return nil
}

func severityOf(class string) record.Severity {
	for _, s := range []record.Severity{record.Minor, record.Moderate, record.Serious} {
		if s.String() == class {
			return s
		}
	}
	return record.NoSeverity
}

// NewBook makes the series of files of rules. known says whether the catalogue in force has an item.
func NewBook(d *db.DB, c clock.Clock, known func(catalog.ItemCode) bool) (*ruleset.Book[*Rules], error) {
	check := ruleset.Config[*Rules]{Name: "repair", Load: LoadRules, Shipped: shipped, DB: d, Clock: c}
	check.Also = alsoKnown(known)
	return ruleset.New(check)
}

// Periods gives the periods that cases are counted by, for flow; they are named repair.accept, repair.answer and repair.object; repair.extend is by how much
// an answer can be put off, which may be 0.
func Periods(book *ruleset.Book[*Rules]) func(key string, on clock.Date) (int, flow.Unit, error) {
	return func(key string, on clock.Date) (int, flow.Unit, error) {
		c := book.On(on).Clocks
		if key == "repair.extend" {
			return c.Extend, flow.Working, nil
		}
		n := map[string]int{"repair.accept": c.Accept, "repair.answer": c.Answer, "repair.object": c.Object}[key]
		if n == 0 {
			return 0, "", fmt.Errorf("repair: no period %s", key)
		}
		return n, flow.Working, nil
	}
}

// DefaultRules gives the rules that ship with the program.
func DefaultRules() (*Rules, error) { return LoadRules(bytes.NewReader(shipped)) }

// DomainName gives a domain in words.
func (r *Rules) DomainName(code string) string {
	if d := r.domain(code); d != nil {
		return d.Name
	}
	return code
}

// In gives a matter the marks of a domain, for those who say which one it is instead of naming unit and words.
func (r *Rules) In(m Matter, domain string) Matter {
	if d := r.domain(domain); d != nil {
		if len(d.Units) > 0 {
			m.Unit = d.Units[0]
		}
		if len(d.Words) > 0 {
			m.Text = d.Words[0]
		}
	}
	return m
}
