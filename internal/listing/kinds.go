package listing

import (
	_ "embed"
	"fmt"
	"io"
	"slices"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/ruleset"
)

// Polarity says whether a list restrains or rewards.
type Polarity string

// The polarities.
const (
	Adverse   Polarity = "adverse"   // 惩戒
	Incentive Polarity = "incentive" // 激励
)

// Name gives the polarity in Chinese.
func (p Polarity) Name() string {
	if p == Incentive {
		return "守信激励"
	}
	return "失信惩戒"
}

// Basis is the law that a list rests on, with the days on which it holds.
type Basis struct {
	Law     string     `toml:"law"`
	Article string     `toml:"article"`
	From    clock.Date `toml:"from"`
	Until   clock.Date `toml:"until"` // first day on which it no longer holds; 0 = open
}

// String gives law and article in one text.
func (b Basis) String() string { return b.Law + b.Article }

// InForce reports whether the law holds on a day.
func (b Basis) InForce(on clock.Date) bool {
	return b.Law != "" && on >= b.From && (b.Until.IsZero() || on < b.Until)
}

// NoEarly is the EarlyAfter of lists that know no early removal.
const NoEarly = -1

// Kind is one list: who may put whom on it, on what basis, for how long, and how one leaves it. It is data.
type Kind struct {
	Code         string                `toml:"code"`
	Name         string                `toml:"name"`
	Polarity     Polarity              `toml:"polarity"`
	Domain       string                `toml:"domain"`        // 领域
	SubjectKinds []catalog.SubjectKind `toml:"subject_kinds"` // whom it may name
	Item         catalog.ItemCode      `toml:"item"`          // under which an entry is a record of the register
	Match        []string              `toml:"match"`         // category values of the item's records that are entries of this list; "*" = every record of the item
	Decider      string                `toml:"decider"`       // in words: which bodies decide; the units themselves stand in the list of deciders
	Criteria     string                `toml:"criteria"`
	Notice       int                   `toml:"notice"`      // working days to state one's case before the decision; 0 = none asked for
	Hearing      bool                  `toml:"hearing"`     // a hearing may be asked for
	Months       int                   `toml:"months"`      // how long an entry stands; 0 = until it is removed
	EarlyAfter   int                   `toml:"early_after"` // months after which early removal may be asked for; NoEarly = never
	Removal      string                `toml:"removal"`
	Basis        Basis                 `toml:"basis"`
	// Representative is the law that says an entry names the legal representative or the person in charge; without a law an entry names nobody.
	Representative Basis  `toml:"representative"`
	Sure           string `toml:"sure"`
}

// Admits reports whether the list may name subjects of a kind.
func (k *Kind) Admits(kind catalog.SubjectKind) bool { return slices.Contains(k.SubjectKinds, kind) }

// Until gives the first day on which an entry of from no longer stands; 0 = it stands until it is removed.
func (k *Kind) Until(from clock.Date) clock.Date {
	if k.Months == 0 {
		return 0
	}
	return from.AddMonths(k.Months)
}

// Kinds is a whole file of kinds.
type Kinds struct {
	text []byte
	list []Kind
	by   map[string]*Kind
}

//go:embed data/kinds.toml
var shipped []byte

// ErrKinds refuses a file of kinds.
var ErrKinds = fault.New(fault.Invalid, "listing.kinds", "名单种类文件有误", "请对照随程序附带的名单种类文件修改")

// maxKinds bounds a file; there are some forty lists in the country.
const (
	maxKinds    = 500
	maxKindFile = 1 << 20
)

// LoadKinds reads a file of kinds and refuses, with the place, a list without a legal basis, without criteria or a way out, and unknown keys.
func LoadKinds(r io.Reader) (*Kinds, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxKindFile+1))
	if err != nil {
		return nil, ErrKinds.With(err)
	}
	if len(text) > maxKindFile {
		return nil, ErrKinds.Messagef("名单种类文件超过 %d KB", maxKindFile>>10)
	}
	var f struct {
		Kind []Kind `toml:"kind"`
	}
	if err := ruleset.Decode(text, &f, ErrKinds, "名单种类文件"); err != nil {
		return nil, err
	}
	if len(f.Kind) == 0 || len(f.Kind) > maxKinds {
		return nil, ErrKinds.Messagef("名单种类文件有 %d 个种类，应为 1 至 %d 个", len(f.Kind), maxKinds)
	}
	k := &Kinds{text: text, list: f.Kind, by: make(map[string]*Kind, len(f.Kind))}
	for i := range k.list {
		kind := &k.list[i]
		problem := kind.problem()
		if problem == "" && k.by[kind.Code] != nil {
			problem = "代码重复"
		}
		if problem != "" {
			return nil, ErrKinds.Messagef("第 %d 行：第 %d 个名单种类 %s：%s", ruleset.Line(text, "kind", i), i+1, kind.Code, problem)
		}
		k.by[kind.Code] = kind
	}
	return k, k.disjoint()
}

var subjectKinds = []catalog.SubjectKind{catalog.LegalEntity, catalog.OtherOrg, catalog.IndividualBusiness, catalog.Person}

// problem says what a list lacks, or "".
func (k *Kind) problem() string {
	switch {
	case !codeLike(k.Code):
		return "代码须为 2 至 40 个大写字母、数字或连字符"
	case k.Name == "" || k.Domain == "":
		return "没有名称或领域"
	case k.Polarity != Adverse && k.Polarity != Incentive:
		return "polarity 须为 adverse（惩戒）或 incentive（激励）"
	case k.Basis.Law == "" || k.Basis.Article == "" || k.Basis.From.IsZero():
		return "没有写明设列的法律依据、条款和施行日期：没有依据的名单不得设立"
	case !k.Basis.Until.IsZero() && k.Basis.Until <= k.Basis.From:
		return "法律依据的失效日期不晚于施行日期"
	case k.Criteria == "" || k.Removal == "" || k.Decider == "":
		return "没有写明列入条件、移出条件或认定单位"
	case k.Item == "":
		return "没有写明目录事项"
	case len(k.SubjectKinds) == 0:
		return "没有写明适用的主体种类"
	case k.Months < 0 || k.Months > 600 || k.Notice < 0 || k.Notice > 365 || k.EarlyAfter < NoEarly || k.EarlyAfter > 600:
		return "期限超出范围"
	case k.Months > 0 && k.EarlyAfter > k.Months:
		return "可以申请提前移出的时间晚于期满"
	case k.Representative.Law == "" && (k.Representative.Article != "" || !k.Representative.From.IsZero()), k.Representative.Law != "" && k.Representative.Article == "":
		return "列明法定代表人的依据没有写明法律或条款"
	}
	for _, kind := range k.SubjectKinds {
		if !slices.Contains(subjectKinds, kind) {
			return fmt.Sprintf("主体种类 %q 不存在", kind)
		}
		if kind == catalog.Person && k.Polarity == Incentive {
			return "激励名单不得列入自然人：自然人只参加自愿的激励项目"
		}
	}
	return ""
}

func codeLike(code string) bool {
	if len(code) < 2 || len(code) > 40 {
		return false
	}
	for _, c := range code {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && c != '-' {
			return false
		}
	}
	return true
}

// disjoint refuses records that would be entries of two lists.
func (k *Kinds) disjoint() error {
	seen := map[string]string{}
	for i := range k.list {
		kind := &k.list[i]
		for _, value := range kind.Match {
			for _, key := range []string{string(kind.Item) + "/" + value, string(kind.Item) + "/*"} {
				if other := seen[key]; other != "" && other != kind.Code {
					return ErrKinds.Messagef("名单种类 %s 和 %s 都包括事项 %s 的“%s”", other, kind.Code, kind.Item, value)
				}
			}
			seen[string(kind.Item)+"/"+value] = kind.Code
		}
	}
	return nil
}

// ByCode gives a kind.
func (k *Kinds) ByCode(code string) (*Kind, bool) {
	kind, ok := k.by[code]
	return kind, ok
}

// List gives all kinds in the order of the file. The answer is shared: do not change it.
func (k *Kinds) List() []Kind { return k.list }

// Of gives the list on which a record of an item with these category values stands.
func (k *Kinds) Of(item catalog.ItemCode, categories []string) (*Kind, bool) {
	for i := range k.list {
		kind := &k.list[i]
		if kind.Item != item {
			continue
		}
		for _, value := range kind.Match {
			if value == "*" || slices.Contains(categories, value) {
				return kind, true
			}
		}
	}
	return nil, false
}

// Text gives the file.
func (k *Kinds) Text() []byte { return k.text }
