package report

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/BurntSushi/toml"

	"gongxin/internal/catalog"
	"gongxin/internal/fault"
)

//go:embed data/fields.toml
var fieldsText []byte

// Area is a field of activity (领域) that a special report speaks of.
type Area struct {
	Code     string   `toml:"code" json:"code"`
	Name     string   `toml:"name" json:"name"`
	Words    []string `toml:"words" json:"-"`
	Agencies []string `toml:"agencies" json:"-"`
}

// Areas are the fields of activity, with the items that a special report must look through.
type Areas struct {
	Items        []catalog.ItemCode `toml:"items"`
	JudgmentKind string             `toml:"judgment_kind"`
	Years        int                `toml:"years"` // longest period
	Sure         string             `toml:"sure"`
	List         []Area             `toml:"field"`
}

// ErrAreas refuses a file of areas.
var ErrAreas = fault.New(fault.Invalid, "report.areas", "领域清单文件不合格", "请对照随程序提供的清单修改：每个领域有不重复的代码和名称，恰有一个领域不写 words 和 agencies")

// ParseAreas reads a file of areas: codes are unique, and exactly one area takes what no other does.
func ParseAreas(text []byte) (*Areas, error) {
	var a Areas
	meta, err := toml.Decode(string(text), &a)
	if err != nil {
		return nil, ErrAreas.With(err)
	}
	rest, seen := 0, map[string]bool{}
	for _, x := range a.List {
		if x.Code == "" || x.Name == "" || seen[x.Code] {
			return nil, ErrAreas
		}
		seen[x.Code] = true
		if len(x.Words)+len(x.Agencies) == 0 {
			rest++
		}
	}
	if len(meta.Undecoded()) > 0 || rest != 1 || len(a.Items) == 0 || a.Years < 1 {
		return nil, ErrAreas
	}
	return &a, nil
}

// DefaultAreas are the areas that ship with the program.
var DefaultAreas = sync.OnceValues(func() (*Areas, error) {
	a, err := ParseAreas(fieldsText)
	if err != nil {
		return nil, fmt.Errorf("report: areas: %w", err)
	}
	return a, nil
})

// Of gives the code of the area to which a deciding body belongs: named by its code, else by the longest word in its name, else the rest.
func (a *Areas) Of(name, code string) string {
	best, long, rest := "", 0, ""
	for i := range a.List {
		x := &a.List[i]
		if code != "" && slices.Contains(x.Agencies, code) {
			return x.Code
		}
		if len(x.Words)+len(x.Agencies) == 0 {
			rest = x.Code
		}
		for _, w := range x.Words {
			if n := utf8.RuneCountInString(w); n > long && strings.Contains(name, w) {
				best, long = x.Code, n
			}
		}
	}
	if best == "" {
		return rest
	}
	return best
}

// pick gives the areas of some codes in the order of the list; none = all.
func (a *Areas) pick(codes []string) ([]Area, error) {
	var out []Area
	for _, x := range a.List {
		if len(codes) == 0 || slices.Contains(codes, x.Code) {
			out = append(out, x)
		}
	}
	for _, c := range codes {
		if !slices.ContainsFunc(a.List, func(x Area) bool { return x.Code == c }) {
			return nil, ErrArea
		}
	}
	return out, nil
}
