package ident

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/fault"
)

// Facts §2.1: every department and category of the table, no more.
func TestDefaultRegistries(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"1": "1239", "2": "19", "3": "123459", "4": "19", "5": "1239", "6": "129", "7": "129", "8": "19",
		"9": "1239", "A": "19", "N": "1239", "Y": "1",
	}
	got := make(map[string]string)
	r := DefaultRegistries()
	for i := range usccAlphabet {
		for j := range usccAlphabet {
			if r.categories[i][j].name != "" {
				got[usccAlphabet[i:i+1]] += usccAlphabet[j : j+1]
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The weights of GB 32100 and GB 11643 follow from powers; the tables are checked against them.
func TestWeights(t *testing.T) {
	t.Parallel()
	power := 1
	for i, w := range usccWeights {
		if w != power {
			t.Errorf("USCC weight %d is %d, want %d", i+1, w, power)
		}
		power = power * 3 % 31
	}
	power = 1
	for i := len(citizenWeights) - 1; i >= 0; i-- {
		power = power * 2 % 11
		if citizenWeights[i] != power {
			t.Errorf("citizen weight %d is %d, want %d", i+1, citizenWeights[i], power)
		}
	}
}

func TestCheckHelpersRefuseOtherInput(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "x", strings.Repeat("I", 17), strings.Repeat("张", 17), strings.Repeat("a", 8), strings.Repeat("-", 14)} {
		if got := [4]byte{USCCCheck(s), OrgCheck(s), CitizenCheck(s), RegNoCheck(s)}; got != [4]byte{} {
			t.Errorf("check digits of %q: %v", s, got)
		}
	}
}

func TestMoreProblems(t *testing.T) {
	t.Parallel()
	parse := map[string]func(string) *Problem{
		"uscc":    func(s string) *Problem { _, p := ParseUSCC(s); return p },
		"org":     func(s string) *Problem { _, p := ParseOrgCode(s); return p },
		"reg":     func(s string) *Problem { _, p := ParseRegNo(s); return p },
		"citizen": func(s string) *Problem { _, p := ParseCitizenID(s, today); return p },
	}
	tests := []struct {
		what, in string
		code     int
		message  string
		fix      string
	}{
		{"uscc", "", 2101, "没有填写号码", "请填写号码"},
		{"uscc", "9.13703E+17", 2101, "号码被表格软件改成了科学计数，后面的数字已经丢失", scientificFix},
		{"uscc", "91370303MA3C000118 91370303MA3C000118", 2101, "统一社会信用代码应为18位，实际为36位", "请对照证照检查是否多填，一格只填一个号码"},
		{"uscc", "91370303MA3C0O0118", 2102, "第14位是字母 O，统一社会信用代码不使用字母 I、O、Z、S、V", "请对照证照核对，是否应为数字 0"},
		{"uscc", "91370303-MA3C00011", 2102, "第9位有不能使用的字符“-”", "代码只由数字和大写字母组成（不含 I、O、Z、S、V），请对照证照重新填写"},
		{"uscc", "91370303张A3C000118", 2102, "第9位有不能使用的字符“张”", "代码只由数字和大写字母组成（不含 I、O、Z、S、V），请对照证照重新填写"},
		{"uscc", "91370303\x00A3C000118", 2102, "第9位有不能使用的字符（U+0000）", "代码只由数字和大写字母组成（不含 I、O、Z、S、V），请对照证照重新填写"},
		{"uscc", "X1370303MA3C000118", 2105, "第1位“X”不是已知的登记管理部门", "请对照证照核对前两位；确属新增类别的，请系统管理员更新登记部门与类别表"},
		{"uscc", "91380303MA3C000118", 2108, "第3、4位“38”不是省级行政区划代码", "请对照证照核对第3至8位"},
		{"uscc", "9137A303MA3C000118", 2108, "第3至8位的行政区划代码应全是数字", "请对照证照核对第3至8位"},
		{"uscc", "91370303000000000F", 2104, "第9至17位全是 0，是占位号码", "请填写证照上的统一社会信用代码；没有的请留空"},
		{"uscc", "91370303MA3C000119", 2103, "第18位校验码应为 8，实际为 9", "请对照证照逐位核对；前面各位无误时第18位应为 8"},
		{"org", "MA3C0001", 2111, "组织机构代码（不算连字符）应为9位，实际为8位", "请对照证照检查是否漏填"},
		{"org", "MA3C000-1", 2111, "第8位有不能使用的字符“-”", "组织机构代码只由数字和大写字母组成，请对照证书重新填写"},
		{"org", "MA3C0001A", 2111, "第9位是校验码，只能是数字或 X，实际为 A", "请对照证书核对第9位"},
		{"org", "000000000", 2111, "号码全是 0，是占位号码", "没有组织机构代码的请留空"},
		{"reg", "37030320000001", 2112, "工商注册号应为15位，实际为14位", "请对照证照检查是否漏填"},
		{"reg", "37030320000001A", 2112, "第15位有不能使用的字符“A”", "工商注册号只由15位数字组成，请对照营业执照重新填写"},
		{"reg", "00000000000000" + string(RegNoCheck("00000000000000")), 2112, "号码全是 0，是占位号码", "没有工商注册号的请留空"},
		{"citizen", "370303199001010000", 2113, "第18位校验码应为 9，实际为 0", roundedFix},
		{"citizen", "370303209901010019", 2114, "第7至14位的出生日期晚于今天", "请对照证件核对第7至14位"},
	}
	for _, tt := range tests {
		p := parse[tt.what](tt.in)
		if p == nil {
			t.Errorf("%s %q passed", tt.what, tt.in)
			continue
		}
		if diff := cmp.Diff(&Problem{tt.code, tt.message, tt.fix}, p); diff != "" {
			t.Errorf("%s %q (-want +got):\n%s", tt.what, tt.in, diff)
		}
	}
	var err error = parse["org"]("")
	if got := err.Error(); got != "没有填写号码。请填写号码" {
		t.Errorf("Error() = %q", got)
	}
}

// Without a "today" a later birth cannot be judged.
func TestCitizenWithoutToday(t *testing.T) {
	t.Parallel()
	first17 := "37030320990101001"
	id := first17 + string(CitizenCheck(first17))
	if _, p := ParseCitizenID(id, 0); p != nil {
		t.Errorf("no today: %v", p)
	}
	if _, p := ParseCitizenID(id, 20990101); p != nil {
		t.Errorf("born today: %v", p)
	}
}

func TestDefaultDivisions(t *testing.T) {
	t.Parallel()
	d := DefaultDivisions()
	provinces := 0
	for _, code := range d.Children("") {
		if code != "100000" && code != "830000" && code != "990000" {
			provinces++
		}
	}
	if provinces != 34 {
		t.Errorf("%d provinces, want 34", provinces)
	}
	for code, want := range map[string]string{
		"370303": "山东省 淄博市 张店区", "370323": "山东省 淄博市 沂源县", "370399": "山东省 淄博市", "379900": "山东省", "370000": "山东省",
		"990171": "示例省（虚构） 临溪市 临溪经济开发区", "990104": "示例省（虚构） 临溪市 石渡区", "380000": "", "": "", "37030": "", "x": "",
	} {
		if got := strings.Join(d.Path(code), " "); got != want {
			t.Errorf("Path(%s) = %q, want %q", code, got, want)
		}
	}
	if diff := cmp.Diff([]string{"990102", "990103", "990104", "990105", "990106", "990171"}, d.Children("990100")); diff != "" {
		t.Errorf("the demo city's districts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"370302", "370303", "370304", "370305", "370306", "370321", "370322", "370323"}, d.Children("370300")); diff != "" {
		t.Errorf("Zibo's districts (-want +got):\n%s", diff)
	}
	for code, want := range map[string]bool{
		"370303": true, "379999": true, "990171": true, "100000": true, "380303": false,
		"37030": false, "3703A3": false, "": false, "3703030": false, "３７０３０３": false,
	} {
		if got := d.HasPrefix(code); got != want {
			t.Errorf("HasPrefix(%q) = %v", code, got)
		}
	}
	if !d.IsLocal("990171") || d.IsLocal("990102") || !d.Within("990171", "990100") || d.Within("370303", "990100") ||
		!d.Within("370399", "370300") || d.Within("380000", "370000") || d.Parent("990171") != "990100" || d.Name("370303") != "张店区" {
		t.Error("places of the divisions")
	}
}

// An operator adds its own region and the zones without a national code.
func TestExtendDivisions(t *testing.T) {
	t.Parallel()
	base := DefaultDivisions()
	d, err := base.Extend(strings.NewReader(`
[[division]]
code = "370100"
name = "济南市"
[[division]]
code = "370191"
name = "高新区"
parent = "370100"
local = true
[[division]]
code = "370303"
name = "张店区（更名）"
`))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(d.Path("370191"), ""); got != "山东省济南市高新区" {
		t.Errorf("Path = %s", got)
	}
	if d.Name("370303") != "张店区（更名）" || base.Name("370303") != "张店区" || base.Has("370100") {
		t.Error("Extend must change the new table only")
	}
}

func TestTableRefusals(t *testing.T) {
	t.Parallel()
	entry := func(s string) string {
		return "[[division]]\ncode = \"370000\"\nname = \"山东省\"\n[[division]]\n" + s
	}
	registry := func(s string) string {
		return "[[department]]\ncode = \"9\"\nname = \"市场监管\"\n[[department.category]]\ncode = \"1\"\nname = \"企业\"\nkind = \"legal_entity\"\n" + s
	}
	divisions := func(s string) error { _, err := LoadDivisions(strings.NewReader(s)); return err }
	registries := func(s string) error { _, err := LoadRegistries(strings.NewReader(s)); return err }
	tests := []struct {
		load          func(string) error
		text, message string
	}{
		{divisions, entry("code = \"3703\"\nname = \"x\""), "“3703”应为6位数字"},
		{divisions, entry("code = \"003703\"\nname = \"x\""), "“003703”应为6位数字"},
		{divisions, entry("code = \"370300\"\nname = \" \""), "370300 没有名称"},
		{divisions, entry("code = \"370000\"\nname = \"x\""), "370000 重复"},
		{divisions, entry("code = \"380300\"\nname = \"x\""), "缺少省级上级 380000"},
		{divisions, entry("code = \"370391\"\nname = \"x\"\nlocal = true"), "local = true 和 parent"},
		{divisions, entry("code = \"370391\"\nname = \"x\"\nparent = \"370000\""), "local = true 和 parent"},
		{divisions, entry("code = \"370391\"\nname = \"x\"\nlocal = true\nparent = \"370300\""), "370391 的上级 370300 不在表里"},
		{divisions, entry("code = \"370391\"\nname = \"x\"\nlocal = true\nparent = \"370391\""), "370391 的上级 370391 不在表里或也是本地代码"},
		{divisions, entry("code = \"370300\"\nname = \"x\"\nlevel = 2"), "不认识的项“division.level”"},
		{divisions, "[[division", "不是正确的 TOML"},
		{divisions, "#" + strings.Repeat("x", maxTableBytes), "超过 8 MB"},
		{registries, "", "没有任何 [[department]]"},
		{registries, registry("[[department]]\ncode = \"9\"\nname = \"x\""), "部门代码“9”重复"},
		{registries, registry("[[department]]\ncode = \"I\"\nname = \"x\""), "“I”应是一位"},
		{registries, registry("[[department]]\ncode = \"5\"\nname = \"\""), "“5”应是一位"},
		{registries, registry("[[department.category]]\ncode = \"1\"\nname = \"x\"\nkind = \"legal_entity\""), "类别代码“1”重复"},
		{registries, registry("[[department.category]]\ncode = \"22\"\nname = \"x\"\nkind = \"legal_entity\""), "类别代码“22”应是一位"},
		{registries, registry("[[department.category]]\ncode = \"2\"\nname = \"x\"\nkind = \"firm\""), "主体类型“firm”不认识"},
		{registries, registry("[[legacy]]\nbody = \"m0001\""), "试点代码特征“m0001”"},
		{registries, registry("[[legacy]]\nbody = \"\""), "试点代码特征“”"},
		{registries, registry("[[legacy]]\nbody = \"M0001\"\nuntil = 3"), "不认识的项“legacy.until”"},
	}
	for _, tt := range tests {
		err := tt.load(tt.text)
		var e *fault.Error
		if !errors.As(err, &e) || e.Kind != fault.Invalid || !strings.Contains(e.Message, tt.message) {
			t.Errorf("got %v, want a refusal with %q", err, tt.message)
		}
	}
	if err := registries(registry("")); err != nil {
		t.Errorf("the table that the refusals start from: %v", err)
	}
}

// An operator's table replaces the embedded one: a category that is added is accepted, the others are gone.
func TestOperatorRegistries(t *testing.T) {
	t.Parallel()
	r, err := LoadRegistries(strings.NewReader("[[department]]\ncode = \"9\"\nname = \"市场监管\"\n[[department.category]]\ncode = \"4\"\nname = \"新类别\"\nkind = \"other_org\""))
	if err != nil {
		t.Fatal(err)
	}
	c := &Checker{Registries: r, Divisions: DefaultDivisions()}
	if u, p := c.ParseUSCC("94370303MA3C00011Y"); p != nil || r.KindOf(u) != KindOtherOrg || r.CategoryName(u) != "新类别" {
		t.Errorf("94: %q, %v", u, p)
	}
	if _, p := c.ParseUSCC("91370303MA3C000118"); p == nil || p.Code != ReasonUSCCRegistry {
		t.Errorf("91: %v", p)
	}
	// Without the pattern a pilot-era code is an ordinary mistake.
	if _, p := (&Checker{Registries: r, Divisions: DefaultDivisions(), LegacyAllowed: func(string) bool { return true }}).
		ParseUSCC("94350100M0001TGQXM"); p == nil || p.Code != ReasonUSCCCheck {
		t.Errorf("pilot code: %v", p)
	}
}
