package ident

import (
	_ "embed"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"gongxin/internal/fault"
)

//go:embed data/divisions.toml
var divisionsFile string

// Divisions is the table of administrative divisions (GB/T 2260: two digits each for province, prefecture
// and county) with local area codes, for zones that have no national code, under a parent. It does not
// change once made and may be shared.
type Divisions struct {
	table     map[string]division
	children  map[string][]string
	provinces [100]bool // known first two digits
	noPersons [100]bool // of these, the ones that issue no citizen IDs
}

type division struct {
	name, parent string
	local        bool
	noPersons    bool
}

type divisionsTOML struct {
	Division []struct {
		Code    string `toml:"code"`
		Name    string `toml:"name"`
		Parent  string `toml:"parent"`
		Local   bool   `toml:"local"`
		Persons *bool  `toml:"persons"`
	} `toml:"division"`
}

var errDivisions = fault.New(fault.Invalid, "ident.divisions", "行政区划表有误", "请对照 GB/T 2260 修改后重新加载")

// LoadDivisions reads a whole table from TOML. Each entry has code and name; a local code also has
// local = true and its parent. Unknown keys, repeated codes and entries without a province are refused.
func LoadDivisions(r io.Reader) (*Divisions, error) {
	return (&Divisions{}).Extend(r)
}

// Extend gives a table with the entries of d and those read from r; a code that both have takes its name
// and place from r. So an operator adds its own region to the embedded provinces.
func (d *Divisions) Extend(r io.Reader) (*Divisions, error) {
	var f divisionsTOML
	if err := decodeTable(r, &f, errDivisions); err != nil {
		return nil, err
	}
	table := make(map[string]division, len(d.table)+len(f.Division))
	maps.Copy(table, d.table)
	seen := make(map[string]bool, len(f.Division))
	for _, e := range f.Division {
		switch {
		case len(e.Code) != 6 || !isDigits(e.Code) || e.Code[:2] == "00":
			return nil, errDivisions.Messagef("区划代码“%s”应为6位数字", e.Code)
		case strings.TrimSpace(e.Name) == "":
			return nil, errDivisions.Messagef("区划代码 %s 没有名称", e.Code)
		case seen[e.Code]:
			return nil, errDivisions.Messagef("区划代码 %s 重复", e.Code)
		case e.Local != (e.Parent != ""):
			return nil, errDivisions.Messagef("%s：本地代码要同时写 local = true 和 parent，国家代码都不写", e.Code)
		}
		seen[e.Code] = true
		table[e.Code] = division{
			name: strings.TrimSpace(e.Name), parent: e.Parent, local: e.Local, noPersons: e.Persons != nil && !*e.Persons,
		}
	}
	return newDivisions(table)
}

// newDivisions finds each entry's parent and checks that the table is a forest of provinces.
func newDivisions(table map[string]division) (*Divisions, error) {
	d := &Divisions{table: table, children: make(map[string][]string)}
	for _, code := range slices.Sorted(maps.Keys(table)) {
		e := table[code]
		if e.local {
			if p, ok := table[e.parent]; !ok || p.local {
				return nil, errDivisions.Messagef("本地代码 %s 的上级 %s 不在表里或也是本地代码", code, e.parent)
			}
		} else {
			e.parent = d.ancestor(code)
			if e.parent == "" && code[2:] != "0000" {
				return nil, errDivisions.Messagef("区划代码 %s 缺少省级上级 %s0000", code, code[:2])
			}
		}
		table[code] = e
		if e.parent == "" {
			p := provinceIndex(code)
			d.provinces[p], d.noPersons[p] = true, e.noPersons
		}
		d.children[e.parent] = append(d.children[e.parent], code)
	}
	return d, nil
}

// ancestor gives the nearest national code above code that the table has: its prefecture, its province, or
// "". A county may lack a prefecture of its own, as in municipalities and counties under a province.
func (d *Divisions) ancestor(code string) string {
	for _, up := range [...]string{code[:4] + "00", code[:2] + "0000"} {
		if up != code {
			if e, ok := d.table[up]; ok && !e.local {
				return up
			}
		}
	}
	return ""
}

// DefaultDivisions gives the embedded table: the provinces, one worked example and the demo city.
func DefaultDivisions() *Divisions { return defaultDivisions() }

var defaultDivisions = sync.OnceValue(func() *Divisions {
	d, err := LoadDivisions(strings.NewReader(divisionsFile))
	if err != nil {
		panic("ident: embedded divisions: " + err.Error()) // a defect of the build, which the tests rule out
	}
	return d
})

// HasPrefix says whether code6 is six digits of a known province. Codes of divisions that were merged or
// renamed stay on certificates, so the rest of the code need not be in the table.
func (d *Divisions) HasPrefix(code6 string) bool {
	return len(code6) == 6 && isDigits(code6) && d.provinces[provinceIndex(code6)]
}

// persons is HasPrefix for a citizen ID; code6 is six digits.
func (d *Divisions) persons(code6 string) bool {
	p := provinceIndex(code6)
	return d.provinces[p] && !d.noPersons[p]
}

func provinceIndex(code string) int { return int(code[0]-'0')*10 + int(code[1]-'0') }

// Has says whether the table lists code itself.
func (d *Divisions) Has(code string) bool {
	_, ok := d.table[code]
	return ok
}

// IsLocal says whether code is a local area code that GB/T 2260 lacks.
func (d *Divisions) IsLocal(code string) bool { return d.table[code].local }

// Name gives the division's own name, or "" when the table lacks it.
func (d *Divisions) Name(code string) string { return d.table[code].name }

// Parent gives the code above, or "" for a province. For a code that the table lacks it is the nearest
// listed one above.
func (d *Divisions) Parent(code string) string {
	if e, ok := d.table[code]; ok {
		return e.parent
	}
	if len(code) != 6 {
		return ""
	}
	return d.ancestor(code)
}

// Path gives the names from the province down to the code: 山东省, 淄博市, 张店区. For a code that the table
// lacks it ends at the nearest listed one above.
func (d *Divisions) Path(code string) []string {
	if !d.Has(code) {
		if code = d.Parent(code); code == "" {
			return nil
		}
	}
	var names []string
	for ; code != ""; code = d.table[code].parent {
		names = append(names, d.table[code].name)
	}
	slices.Reverse(names)
	return names
}

// Children gives the codes directly under code, in order; under "" the provinces. The caller must not
// change the slice.
func (d *Divisions) Children(code string) []string { return d.children[code] }

// Within says whether code is top itself or lies anywhere under it, local codes included.
func (d *Divisions) Within(code, top string) bool {
	for code != "" {
		if code == top {
			return true
		}
		code = d.Parent(code)
	}
	return false
}
