package ident

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/clock"
)

const today clock.Date = 20261122

// Facts §12 #1–9, the part that concerns the code itself, with those very inputs.
func TestFactsUSCC(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule, in, want string
		code           int
		message        string
	}{
		{"1", "91370303MA3C000118", "91370303MA3C000118", 0, ""},
		{"2", "91370303MA3C000119", "", ReasonUSCCCheck, "第18位校验码应为 8，实际为 9"},
		{"3", "91370303MA3C00018", "", ReasonUSCCLength, "统一社会信用代码应为18位，实际为17位"},
		{"4", "91370303MA3C0O0118", "", ReasonUSCCCharacter, "第14位是字母 O，统一社会信用代码不使用字母 I、O、Z、S、V"},
		{"4 I", "9I370303MA3C000118", "", ReasonUSCCCharacter, "第2位是字母 I，统一社会信用代码不使用字母 I、O、Z、S、V"},
		{"4 Z", "91370303MA3C00011Z", "", ReasonUSCCCharacter, "第18位是字母 Z，统一社会信用代码不使用字母 I、O、Z、S、V"},
		{"4 S", "91370303MA3CS00118", "", ReasonUSCCCharacter, "第13位是字母 S，统一社会信用代码不使用字母 I、O、Z、S、V"},
		{"4 V", "91370303MA3CV00118", "", ReasonUSCCCharacter, "第13位是字母 V，统一社会信用代码不使用字母 I、O、Z、S、V"},
		{"5", "91370303MA3C00012B", "", ReasonUSCCOrgCode, "第9至17位的组织机构代码不成立：第17位校验码应为 1，实际为 2"},
		{"6", "94370303MA3C00011Y", "", ReasonUSCCRegistry, "第2位“4”不是登记部门“市场监管”（第1位 9）的机构类别"},
		{"6 union", "81370303MA3C000119", "81370303MA3C000119", 0, ""},
		{"7", "91350100M0001TGQXM", "", ReasonUSCCLegacy, "这是试点时期发放的代码，第18位按国家标准应为 1，实际为 M；它不在许可清单里"},
		{"8", " 91370303ma3c000118 ", "91370303MA3C000118", 0, ""},
		{"8 full width", "９１３７０３０３ＭＡ３Ｃ０００１１８", "91370303MA3C000118", 0, ""},
		{"8 full width, small, spaces", "\u3000９１３７０３０３ ｍａ３ｃ０００１１８\u00a0\u200b", "91370303MA3C000118", 0, ""},
		{"9", "92370306MA3D000126", "92370306MA3D000126", 0, ""},
		{"9 firm", "91370302MA3C0002XH", "91370302MA3C0002XH", 0, ""},
	}
	for _, tt := range tests {
		got, p := ParseUSCC(tt.in)
		checkProblem(t, "#"+tt.rule, p, tt.code, tt.message)
		if string(got) != tt.want {
			t.Errorf("#%s: ParseUSCC(%q) = %q, want %q", tt.rule, tt.in, got, tt.want)
		}
	}
}

func checkProblem(t *testing.T, rule string, p *Problem, code int, message string) {
	t.Helper()
	if p == nil {
		p = &Problem{}
	}
	if p.Code != code || p.Message != message {
		t.Errorf("%s: problem %d %q, want %d %q", rule, p.Code, p.Message, code, message)
	}
	if (p.Fix == "") != (code == 0) {
		t.Errorf("%s: fix %q", rule, p.Fix)
	}
}

func TestFactsUSCCParts(t *testing.T) {
	t.Parallel()
	u, p := ParseUSCC("91370303MA3C000118")
	if p != nil {
		t.Fatal(p)
	}
	r, d := DefaultRegistries(), DefaultDivisions()
	got := []string{
		u.Department(), u.Category(), u.Division(), string(u.OrgCode()), u.OrgCode().Hyphenated(),
		r.DepartmentName(u), r.CategoryName(u), d.Name(u.Division()), strings.Join(d.Path(u.Division()), ""),
	}
	want := []string{"9", "1", "370303", "MA3C00011", "MA3C0001-1", "市场监管", "企业", "张店区", "山东省淄博市张店区"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("#1 (-want +got):\n%s", diff)
	}
	if name := r.CategoryName("81370303MA3C000119"); name != "基层工会" {
		t.Errorf("#6: %q", name)
	}
}

// #7: the allow-list, and only it, lets the pilot-era code in; it opens no other door.
func TestFactsLegacy(t *testing.T) {
	t.Parallel()
	list := []string{"91350100M0001TGQXM", "91370303MA3C000119"}
	allowed := func(code string) bool { return slices.Contains(list, code) }
	if u, p := ParseUSCCWith(" 91350100m0001tgqxm", allowed); p != nil || u != "91350100M0001TGQXM" {
		t.Errorf("listed code: %q, %v", u, p)
	}
	if _, p := ParseUSCCWith("91350100M0001TGQXN", allowed); p == nil || p.Code != ReasonUSCCLegacy {
		t.Errorf("unlisted code: %v", p)
	}
	if _, p := ParseUSCCWith("91370303MA3C000119", allowed); p == nil || p.Code != ReasonUSCCCheck {
		t.Errorf("a listed code that is not of the pilot kind: %v", p)
	}
	if u, p := ParseUSCCWith("91370303MA3C000118", nil); p != nil || u == "" {
		t.Errorf("ordinary code: %q, %v", u, p)
	}
}

// #9 rests on this: 92 is a sole trader, 91 is not.
func TestFactsKinds(t *testing.T) {
	t.Parallel()
	for code, want := range map[USCC]string{
		"92370306MA3D000126": KindIndividualBusiness,
		"91370302MA3C0002XH": KindLegalEntity,
		"31370303MA3C000119": KindOtherOrg,
		"94370303MA3C00011Y": "",
		"":                   "",
	} {
		if got := KindOf(code); got != want {
			t.Errorf("KindOf(%s) = %q, want %q", code, got, want)
		}
	}
}

// Facts §12 #10–12.
func TestFactsCitizenID(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule, in, want string
		code           int
		message        string
	}{
		{"10", "370303199001010017", "370303199001010017", 0, ""},
		{"10 check", "37030319900101001X", "", ReasonCitizenForm, "第18位校验码应为 7，实际为 X"},
		{"11", "37030219850229001X", "", ReasonCitizenBirth, "第7至14位的出生日期不存在"},
		{"12", "11010519491231002x", "11010519491231002X", 0, ""},
		{"length", "3703031990010100", "", ReasonCitizenForm, "身份证号码应为18位，实际为16位"},
		{"old", "370303900101001", "", ReasonCitizenForm, "这是15位的旧身份证号码，已停止使用"},
		{"letter", "3703O3199001010017", "", ReasonCitizenForm, "第5位是“O”，应为数字"},
		{"last", "37030319900101001A", "", ReasonCitizenForm, "第18位是“A”，应为数字或 X"},
		{"province", "170303199001010017", "", ReasonCitizenProvince, "前两位不是省级行政区划代码"},
		{"national", "100000199001010017", "", ReasonCitizenProvince, "前两位不是省级行政区划代码"},
		{"spreadsheet", "3.70303E+17", "", ReasonCitizenForm, "号码被表格软件改成了科学计数，后面的数字已经丢失"},
		{"empty", " ", "", ReasonCitizenForm, "没有填写号码"},
	}
	for _, tt := range tests {
		got, p := ParseCitizenID(tt.in, today)
		checkProblem(t, "#"+tt.rule, p, tt.code, tt.message)
		if string(got) != tt.want {
			t.Errorf("#%s: got %q, want %q", tt.rule, got, tt.want)
		}
	}
	if CitizenCheck("37030219850229001") != 'X' {
		t.Error("#11: the check digit must be right, so that only the date is wrong")
	}
	c := CitizenID("11010519491231002X")
	if c.Birth() != 19491231 || c.Sex() != Female || c.Division() != "110105" {
		t.Errorf("#12: %v %v %v", c.Birth(), c.Sex(), c.Division())
	}
	if CitizenID("370303199001010017").Sex() != Male || Male.String() != "男" || Female.String() != "女" {
		t.Error("#10: 17th digit 1 is male")
	}
}

// No format verb and neither form of log shows a number whole.
func TestCitizenIDIsNotPrinted(t *testing.T) {
	t.Parallel()
	const number, masked = "11010519491231002X", "110105********002X"
	id, p := ParseCitizenID(number, today)
	if p != nil {
		t.Fatal(p)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%v %s %q %+v %v\n", id, id, id, struct{ ID CitizenID }{id}, []CitizenID{id})
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", slog.Any("id", id))
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", slog.Any("id", id))
	if out := b.String(); strings.Contains(out, number) || strings.Count(out, masked) != 7 {
		t.Errorf("printed:\n%s", out)
	}
	if string(id) != number {
		t.Errorf("string(id) = %q", string(id))
	}
}

// Facts §12 #13.
func TestFactsOrgCodeAndRegNo(t *testing.T) {
	t.Parallel()
	if o, p := ParseOrgCode("MA3C00011"); p != nil || o != "MA3C00011" {
		t.Errorf("MA3C00011: %q, %v", o, p)
	}
	_, p := ParseOrgCode("MA3C00012")
	checkProblem(t, "MA3C00012", p, ReasonOrgCode, "第9位校验码应为 1，实际为 2")
	if r, p := ParseRegNo("370303200000010"); p != nil || r != "370303200000010" {
		t.Errorf("370303200000010: %q, %v", r, p)
	}
	_, p = ParseRegNo("370303200000011")
	checkProblem(t, "370303200000011", p, ReasonRegNo, "第15位校验码应为 0，实际为 1")
}
