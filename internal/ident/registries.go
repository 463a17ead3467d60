package ident

import (
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"

	"gongxin/internal/fault"
)

//go:embed data/registries.toml
var registriesFile string

// The subject kinds that a code can suggest. A person has no USCC.
const (
	KindLegalEntity        = "legal_entity"        // 法人
	KindOtherOrg           = "other_org"           // 非法人组织
	KindIndividualBusiness = "individual_business" // 个体工商户
)

// maxTableBytes bounds an operator's file; the largest real one, all divisions, is under a megabyte.
const maxTableBytes = 8 << 20

// Registries is the table of registering departments and their categories (positions 1 and 2 of a USCC)
// with the patterns of pilot-era codes. It is data because departments are added by circular.
type Registries struct {
	departments [31]string
	categories  [31][31]category
	legacy      []string
}

type category struct{ name, kind string }

type registriesTOML struct {
	Department []struct {
		Code     string `toml:"code"`
		Name     string `toml:"name"`
		Category []struct {
			Code string `toml:"code"`
			Name string `toml:"name"`
			Kind string `toml:"kind"`
		} `toml:"category"`
	} `toml:"department"`
	Legacy []struct {
		Body string `toml:"body"`
		Note string `toml:"note"`
	} `toml:"legacy"`
}

var errRegistries = fault.New(fault.Invalid, "ident.registries", "登记部门与类别表有误", "请对照 GB 32100 及登记管理部门的通知修改后重新加载")

// LoadRegistries reads a whole table from TOML; it replaces the embedded one, so it must list every
// department. Unknown keys, repeated codes and unknown kinds are refused.
func LoadRegistries(r io.Reader) (*Registries, error) {
	var f registriesTOML
	if err := decodeTable(r, &f, errRegistries); err != nil {
		return nil, err
	}
	if len(f.Department) == 0 {
		return nil, errRegistries.Messagef("登记部门与类别表里没有任何 [[department]]")
	}
	t := &Registries{}
	for _, d := range f.Department {
		dv, ok := tableCode(d.Code)
		if !ok || d.Name == "" {
			return nil, errRegistries.Messagef("登记部门代码“%s”应是一位数字或大写字母，并且要有名称", d.Code)
		}
		if t.departments[dv] != "" {
			return nil, errRegistries.Messagef("登记部门代码“%s”重复", d.Code)
		}
		t.departments[dv] = d.Name
		for _, c := range d.Category {
			cv, ok := tableCode(c.Code)
			if !ok || c.Name == "" {
				return nil, errRegistries.Messagef("部门“%s”的类别代码“%s”应是一位数字或大写字母，并且要有名称", d.Code, c.Code)
			}
			if t.categories[dv][cv].name != "" {
				return nil, errRegistries.Messagef("部门“%s”的类别代码“%s”重复", d.Code, c.Code)
			}
			if !slices.Contains([]string{KindLegalEntity, KindOtherOrg, KindIndividualBusiness}, c.Kind) {
				return nil, errRegistries.Messagef("部门“%s”类别“%s”的主体类型“%s”不认识", d.Code, c.Code, c.Kind)
			}
			t.categories[dv][cv] = category{c.Name, c.Kind}
		}
	}
	for _, l := range f.Legacy {
		if len(l.Body) == 0 || len(l.Body) > 9 || strings.Trim(l.Body, usccAlphabet) != "" {
			return nil, errRegistries.Messagef("试点代码特征“%s”应为1至9位数字或大写字母", l.Body)
		}
		t.legacy = append(t.legacy, l.Body)
	}
	return t, nil
}

// DefaultRegistries gives the embedded table.
func DefaultRegistries() *Registries { return defaultRegistries() }

var defaultRegistries = sync.OnceValue(func() *Registries {
	t, err := LoadRegistries(strings.NewReader(registriesFile))
	if err != nil {
		panic("ident: embedded registries: " + err.Error()) // a defect of the build, which the tests rule out
	}
	return t
})

// DepartmentName gives the registering department of a code, or "" when it is unknown.
func (t *Registries) DepartmentName(u USCC) string {
	if len(u) != 18 || usccValue[u[0]] == noValue {
		return ""
	}
	return t.departments[usccValue[u[0]]]
}

// CategoryName gives the category of a code within its department (企业, 基层工会), or "" when it is unknown.
func (t *Registries) CategoryName(u USCC) string { return t.category(string(u)).name }

// KindOf suggests the subject kind of a code, or "" for an unknown category. Only 92, the sole traders, is
// certain; whether an organisation is a legal person is for its registration to say.
func (t *Registries) KindOf(u USCC) string { return t.category(string(u)).kind }

func (t *Registries) category(s string) category {
	if len(s) != 18 || usccValue[s[0]] == noValue || usccValue[s[1]] == noValue {
		return category{}
	}
	return t.categories[usccValue[s[0]]][usccValue[s[1]]]
}

// known says whether positions 1 and 2 are in the table; both are characters of the alphabet.
func (t *Registries) known(s string) bool {
	return t.categories[usccValue[s[0]]][usccValue[s[1]]].name != ""
}

// isLegacy says whether the part from position 9 begins like a pilot-era code.
func (t *Registries) isLegacy(s string) bool {
	for _, body := range t.legacy {
		if strings.HasPrefix(s[8:], body) {
			return true
		}
	}
	return false
}

func tableCode(s string) (int, bool) {
	if len(s) != 1 || usccValue[s[0]] == noValue {
		return 0, false
	}
	return int(usccValue[s[0]]), true
}

// decodeTable reads TOML strictly into dst; refusals are copies of refuse.
func decodeTable(r io.Reader, dst any, refuse *fault.Error) error {
	data, err := io.ReadAll(io.LimitReader(r, maxTableBytes+1))
	if err != nil {
		return fmt.Errorf("read table: %w", err)
	}
	if len(data) > maxTableBytes {
		return refuse.Messagef("文件超过 8 MB")
	}
	meta, err := toml.Decode(string(data), dst)
	if err != nil {
		return refuse.Messagef("不是正确的 TOML 文件").With(err)
	}
	if extra := meta.Undecoded(); len(extra) > 0 {
		return refuse.Messagef("有不认识的项“%s”", extra[0])
	}
	return nil
}
