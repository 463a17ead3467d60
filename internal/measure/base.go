package measure

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/ruleset"
)

// Incentives is the class of measures that reward; 1 to 3 restrain (1: public bodies lessen rights or add duties; 2: public bodies manage; 3: others decide
// for themselves).
const Incentives = 9

// Kind is one of the kinds that the base list sorts its rows by.
type Kind struct {
	Code  string `toml:"code"`
	Class int    `toml:"class"`
	Name  string `toml:"name"`
}

// Row is one measure: what, to whom, on what basis, by whom.
type Row struct {
	Code         string                `toml:"code"`
	Kind         string                `toml:"kind"`
	Content      string                `toml:"content"`
	Targets      []string              `toml:"targets"` // lists whose entries it may follow
	SubjectKinds []catalog.SubjectKind `toml:"subject_kinds"`
	Persons      bool                  `toml:"persons"` // the national row itself names natural persons
	Law          string                `toml:"law"`
	Article      string                `toml:"article"`
	Body         string                `toml:"body"`
	Level        string                `toml:"level"` // national, provincial, local
	From         clock.Date            `toml:"from"`
	Until        clock.Date            `toml:"until"` // first day on which it no longer holds; 0 = open
	Sure         string                `toml:"sure"`
}

// Basis gives law and article in one text.
func (r *Row) Basis() string { return r.Law + r.Article }

// Valid reports whether the row holds on a day.
func (r *Row) Valid(on clock.Date) bool {
	return on >= r.From && (r.Until.IsZero() || on < r.Until)
}

// Fits reports whether the row may be applied on a day to a subject of a kind because of an entry on a list. Persons are never a matter of judgement: the row
// must be national and name them.
func (r *Row) Fits(list string, kind catalog.SubjectKind, on clock.Date) bool {
	if kind == catalog.Person && (!r.Persons || r.Level != "national") {
		return false
	}
	return r.Valid(on) && slices.Contains(r.Targets, list) && slices.Contains(r.SubjectKinds, kind)
}

// Base is an edition of the base list.
type Base struct {
	kinds   map[string]Kind
	order   []Kind
	rows    []Row
	by      map[string]*Row
	periods map[string]int
}

//go:embed data/measures.toml
var shipped []byte

// ErrBase refuses a file of measures.
var ErrBase = fault.New(fault.Invalid, "measure.base", "惩戒措施清单文件有误", "请对照随程序附带的清单文件修改")

const (
	maxFile = 2 << 20
	maxRows = 2000
)

// LoadBase reads a base list and refuses, with the place, a row without basis, body or target, and unknown keys.
func LoadBase(r io.Reader) (*Base, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, ErrBase.With(err)
	}
	if len(text) > maxFile {
		return nil, ErrBase.Messagef("惩戒措施清单文件超过 %d KB", maxFile>>10)
	}
	var f struct {
		Period map[string]int `toml:"period"`
		Kind   []Kind         `toml:"kind"`
		Row    []Row          `toml:"row"`
	}
	if err := ruleset.Decode(text, &f, ErrBase, "惩戒措施清单文件"); err != nil {
		return nil, err
	}
	if len(f.Row) == 0 || len(f.Row) > maxRows {
		return nil, ErrBase.Messagef("惩戒措施清单有 %d 项，应为 1 至 %d 项", len(f.Row), maxRows)
	}
	b := &Base{kinds: map[string]Kind{}, order: f.Kind, rows: f.Row, by: map[string]*Row{}, periods: f.Period}
	for _, name := range []string{"response", "feedback", "acknowledge"} {
		if n := f.Period[name]; n < 1 || n > 365 {
			return nil, ErrBase.Messagef("期限 %s 应为 1 至 365 个工作日", name)
		}
	}
	for i, k := range f.Kind {
		if k.Code == "" || k.Name == "" || b.kinds[k.Code].Code != "" || (k.Class < 1 || k.Class > 3) && k.Class != Incentives {
			return nil, ErrBase.Messagef("第 %d 行：第 %d 个措施种类没有代码、名称，代码重复，或者类别不是 1、2、3、9", ruleset.Line(text, "kind", i), i+1)
		}
		b.kinds[k.Code] = k
	}
	for i := range b.rows {
		row := &b.rows[i]
		if problem := b.problem(row); problem != "" {
			return nil, ErrBase.Messagef("第 %d 行：第 %d 项措施 %s：%s", ruleset.Line(text, "row", i), i+1, row.Code, problem)
		}
		b.by[row.Code] = row
	}
	return b, nil
}

// problem says what a row lacks, or "".
func (b *Base) problem(r *Row) string {
	kind, ok := b.kinds[r.Kind]
	switch {
	case r.Code == "" || len(r.Code) > 40 || strings.ContainsAny(r.Code, " \t,"):
		return "代码须为 1 至 40 个不含空格的字符"
	case b.by[r.Code] != nil:
		return "代码重复"
	case !ok:
		return "没有措施种类 " + r.Kind
	case r.Content == "" || r.Body == "":
		return "没有写明惩戒内容或实施主体"
	case r.Law == "" || r.Article == "":
		return "没有写明法规政策依据和条款：没有依据的措施不得采取"
	case len(r.Targets) == 0 || len(r.SubjectKinds) == 0:
		return "没有写明惩戒对象"
	case r.Level != "national" && r.Level != "provincial" && r.Level != "local":
		return "level 须为 national、provincial 或 local"
	case r.From.IsZero() || !r.Until.IsZero() && r.Until <= r.From:
		return "没有写明起始日期，或者截止日期不晚于起始日期"
	}
	for _, k := range r.SubjectKinds {
		switch k {
		case catalog.LegalEntity, catalog.OtherOrg, catalog.IndividualBusiness:
		case catalog.Person:
			if !r.Persons || r.Level != "national" {
				return "只有全国清单写明适用于自然人的措施才能列入自然人"
			}
			if kind.Class == Incentives {
				return "激励措施不列自然人：自然人只参加自愿的激励项目"
			}
		default:
			return fmt.Sprintf("主体种类 %q 不存在", k)
		}
	}
	return ""
}

// Row gives a measure by its code.
func (b *Base) Row(code string) (*Row, bool) {
	r, ok := b.by[code]
	return r, ok
}

// Rows gives all measures in the order of the file. The answer is shared: do not change it.
func (b *Base) Rows() []Row { return b.rows }

// KindOf gives the kind of a row.
func (b *Base) KindOf(r *Row) Kind { return b.kinds[r.Kind] }

// Adverse reports whether a row restrains.
func (b *Base) Adverse(r *Row) bool { return b.kinds[r.Kind].Class != Incentives }

// NewBook makes the series of base lists. lists says whether there is a list of a code.
func NewBook(d *db.DB, c clock.Clock, lists func(code string) bool) (*ruleset.Book[*Base], error) {
	return ruleset.New(ruleset.Config[*Base]{
		Name: "measures", Load: LoadBase, Shipped: shipped, DB: d, Clock: c,
		Also: func(_ context.Context, b *Base) error {
			for i := range b.rows {
				for _, list := range b.rows[i].Targets {
					if lists != nil && !lists(list) {
						return ErrBase.Messagef("措施 %s 的惩戒对象 %s 不是现行的名单种类", b.rows[i].Code, list)
					}
				}
			}
			return nil
		},
	})
}

// Periods gives the periods that tasks are counted by, for flow; they are named measure.response, measure.feedback and measure.acknowledge.
func Periods(book *ruleset.Book[*Base]) func(key string, on clock.Date) (int, flow.Unit, error) {
	return func(key string, on clock.Date) (int, flow.Unit, error) {
		name, ours := strings.CutPrefix(key, "measure.")
		n := book.On(on).periods[name]
		if !ours || n == 0 {
			return 0, "", fmt.Errorf("measure: no period %s", key)
		}
		return n, flow.Working, nil
	}
}
