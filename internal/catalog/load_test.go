package catalog

import (
	"errors"
	"io/fs"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"gongxin/internal/fault"
)

// small is a catalogue of one item that loads.
func small() map[string]string {
	return map[string]string{
		editionFile: "id = \"t.1\"\neffective_from = \"2026-01-01\"\nlong_term = [\"长期\"]\nheader_prefixes = [\"行政相对人代码\"]\n[[chapter]]\nno = 1\nname = \"甲\"\n",
		prohibitedFile: `harmless = ["宗教活动场所", "转基因"]
person_words = ["法定代表人", "员工"]
[[group]]
id = "religion"
title = "宗教信仰"
law = "《征信业管理条例》第十四条"
words = ["宗教信仰", "血型", "病史"]
only_persons = ["宗教", "基因", "信访"]
[[conditional]]
id = "income"
title = "个人收入"
law = "《征信业管理条例》第十四条"
words = ["收入", "不动产"]
`,
		"lists/kind.toml":  "name = \"kind\"\ntitle = \"类别\"\n[[value]]\nname = \"自然人\"\nkind = \"person\"\n[[value]]\nname = \"组织\"\n",
		"lists/idt.toml":   "name = \"idt\"\ntitle = \"证件\"\n[[value]]\nname = \"身份证\"\ncitizen = true\n",
		"lists/what.toml":  "name = \"what\"\ntitle = \"种类\"\nopen = \"其他\"\n[[value]]\nname = \"甲\"\n[[value]]\nname = \"乙\"\n[[value]]\nname = \"其他\"\n",
		"items/X.toml":     smallItem,
		"parts/extra.toml": "[[field]]\ncode = \"{p}SRC\"\nname = \"来源\"\ntype = \"text\"\nrole = \"source\"\n[[field]]\ncode = \"{p}SRCC\"\nname = \"来源代码\"\ntype = \"uscc\"\nrole = \"source_code\"\n",
	}
}

const smallItem = `code = "X"
name = "测试项"
category = "测试"
chapter = 1
subject_kinds = ["legal_entity", "person"]
class = "A"
polarity = "neutral"
providers = ["甲局"]
natural_key = ["X_NO"]
clock = { working_days = 7 }
publicity = "standing"
retention = "长期"
include = { prefix = "X_", verb = "", before = [], after = ["extra"] }
[[basis]]
law = "测试法"
article = "第一条"
from = "2020-01-01"
[[field]]
code = "X_NAME"
name = "名称"
type = "text"
required = true
role = "name"
[[field]]
code = "X_KIND"
name = "类别"
type = "enum"
list = "kind"
role = "kind"
[[field]]
code = "X_CODE"
name = "统一社会信用代码"
type = "uscc"
empty_for = ["person"]
role = "uscc"
[[field]]
code = "X_IDT"
name = "证件类型"
type = "enum"
list = "idt"
class = "C"
role = "person_id_type"
[[field]]
code = "X_ID"
name = "证件号码"
type = "iddoc"
class = "C"
sensitive = true
role = "person_id"
[[field]]
code = "X_NO"
name = "文号"
type = "text"
role = "doc_no"
[[field]]
code = "X_DAY"
name = "日期"
type = "date"
role = "decided_on"
[[field]]
code = "X_WHAT"
name = "种类"
type = "enumset"
list = "what"
open_list = true
role = "category"
[[field]]
code = "X_SUM"
name = "金额"
type = "number"
scale = 2
`

func filesOf(files map[string]string) fs.FS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

// field adds a field to the small item.
func field(lines ...string) func(string) string {
	return func(s string) string { return s + "[[field]]\n" + strings.Join(lines, "\n") + "\n" }
}

// swap replaces one text.
func swap(old, with string) func(string) string {
	return func(s string) string {
		if !strings.Contains(s, old) {
			panic("the small item has no " + old)
		}
		return strings.Replace(s, old, with, 1)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		file string // default items/X.toml
		edit func(string) string
		code string // "" = loads
		says string // part of the sentence
	}{
		{name: "nothing", edit: func(s string) string { return s }},
		{name: "no basis", edit: swap("[[basis]]\nlaw = \"测试法\"\narticle = \"第一条\"\nfrom = \"2020-01-01\"\n", ""), code: "catalog.no_basis", says: "测试项"},
		{name: "basis without article", edit: swap("article = \"第一条\"", "article = \"\""), code: "catalog.basis_period"},
		{name: "basis without day", edit: swap("from = \"2020-01-01\"", "sure = \"seen\""), code: "catalog.basis_period"},
		{name: "basis that ends before it begins", edit: swap("from = \"2020-01-01\"", "from = \"2020-01-01\"\nto = \"2019-01-01\""), code: "catalog.basis_period"},
		{name: "basis expired", edit: swap("from = \"2020-01-01\"", "from = \"2020-01-01\"\nto = \"2025-12-31\""), code: "catalog.basis_not_in_force", says: "2026-01-01"},
		{name: "basis not yet in force", edit: swap("2020-01-01", "2026-01-02"), code: "catalog.basis_not_in_force"},
		{name: "basis whose last day is the first day", edit: swap("from = \"2020-01-01\"", "from = \"2020-01-01\"\nto = \"2026-01-01\"")},

		{name: "religion of persons", edit: field(`code = "X_A"`, `name = "宗教信仰"`, `type = "text"`), code: "catalog.prohibited", says: "征信业管理条例"},
		{name: "religion by a header", edit: field(`code = "X_A"`, `name = "甲"`, `aliases = ["所属宗教"]`, `type = "text"`), code: "catalog.prohibited"},
		{name: "religion by an old header", edit: field(`code = "X_A"`, `name = "甲"`, `old = ["所属宗教"]`, `type = "text"`), code: "catalog.prohibited"},
		{name: "blood type spaced out", edit: field(`code = "X_A"`, `name = "血 型"`, `type = "text"`), code: "catalog.prohibited"},
		{name: "item about medical history", edit: swap(`name = "测试项"`, `name = "病史信息"`), code: "catalog.prohibited"},
		{name: "petitions of persons", edit: field(`code = "X_A"`, `name = "信访次数"`, `type = "integer"`), code: "catalog.prohibited"},
		{name: "place of worship", edit: field(`code = "X_A"`, `name = "宗教活动场所登记证号"`, `type = "text"`)},
		{name: "modified genes", edit: field(`code = "X_A"`, `name = "转基因标识"`, `type = "text"`)},
		{name: "religion of organisations", edit: orgOnly(field(`code = "X_A"`, `name = "宗教类别"`, `type = "text"`))},
		{name: "blood type of organisations", edit: orgOnly(field(`code = "X_A"`, `name = "血型"`, `type = "text"`)), code: "catalog.prohibited"},
		{name: "petitions of an organisation's staff", edit: orgOnly(field(`code = "X_A"`, `name = "员工信访次数"`, `type = "text"`)), code: "catalog.prohibited"},
		{name: "personal field of an organisation", edit: orgOnly(field(`code = "X_A"`, `name = "宗教"`, `personal = true`, `class = "C"`, `type = "text"`)), code: "catalog.prohibited"},
		{name: "income of persons", edit: field(`code = "X_A"`, `name = "年收入"`, `type = "number"`), code: "catalog.conditional"},
		{name: "income with a basis", edit: field(`code = "X_A"`, `name = "年收入"`, `type = "number"`, `class = "C"`, `basis = "《某条例》第一条"`)},
		{name: "income covered by the item's basis", edit: func(s string) string {
			return swap("from = \"2020-01-01\"", "from = \"2020-01-01\"\ncovers = [\"收入\"]")(field(`code = "X_A"`, `name = "年收入"`, `type = "number"`)(s))
		}},
		{name: "another kind than covered", edit: func(s string) string {
			return swap("from = \"2020-01-01\"", "from = \"2020-01-01\"\ncovers = [\"收入\"]")(field(`code = "X_A"`, `name = "不动产"`, `type = "text"`)(s))
		}, code: "catalog.conditional"},
		{name: "income of organisations", edit: orgOnly(field(`code = "X_A"`, `name = "营业收入"`, `type = "number"`))},

		{name: "public number of persons", edit: swap("class = \"C\"\nsensitive = true", "class = \"A\"\nsensitive = true"), code: "catalog.person_public"},
		{name: "public kind of document", edit: swap("list = \"idt\"\nclass = \"C\"", "list = \"idt\""), code: "catalog.person_public"},
		{name: "public personal field", edit: field(`code = "X_A"`, `name = "家庭住址"`, `personal = true`, `type = "text"`), code: "catalog.person_public"},
		{name: "public field of persons alone", edit: field(`code = "X_A"`, `name = "绰号"`, `empty_for = ["legal_entity"]`, `type = "text"`), code: "catalog.person_public"},
		{name: "public item of persons alone", edit: swap(`subject_kinds = ["legal_entity", "person"]`, `subject_kinds = ["person"]`), code: "catalog.person_public"},
		{name: "number not sensitive", edit: swap("sensitive = true\n", ""), code: "catalog.sensitive"},
		{name: "number of class B", edit: swap("class = \"C\"\nsensitive = true", "class = \"B\"\nsensitive = true"), code: "catalog.sensitive"},

		{name: "unknown class", edit: swap(`class = "A"`, `class = "D"`), code: "catalog.class"},
		{name: "unknown class of a field", edit: field(`code = "X_A"`, `name = "甲"`, `type = "text"`, `class = "a"`), code: "catalog.class"},
		{name: "wider than the item", edit: func(s string) string {
			s = swap(`class = "A"`, `class = "B"`)(swap(`publicity = "standing"`, `publicity = "none"`)(s))
			return field(`code = "X_A"`, `name = "甲"`, `type = "text"`, `class = "A"`)(s)
		}, code: "catalog.wider_class"},
		{name: "unknown type", edit: field(`code = "X_A"`, `name = "甲"`, `type = "blob"`), code: "catalog.type"},
		{name: "decimals of a text", edit: field(`code = "X_A"`, `name = "甲"`, `type = "text"`, `scale = 2`), code: "catalog.type"},
		{name: "seven decimals", edit: field(`code = "X_A"`, `name = "甲"`, `type = "number"`, `scale = 7`), code: "catalog.type"},
		{name: "open list that is closed", edit: field(`code = "X_A"`, `name = "甲"`, `type = "enum"`, `list = "idt"`, `open_list = true`), code: "catalog.type"},
		{name: "unknown role", edit: field(`code = "X_A"`, `name = "甲"`, `type = "text"`, `role = "boss"`), code: "catalog.role"},
		{name: "role of another type", edit: field(`code = "X_A"`, `name = "甲"`, `type = "text"`, `role = "valid_to"`), code: "catalog.role"},
		{name: "role twice", edit: field(`code = "X_A"`, `name = "甲"`, `type = "text"`, `role = "name"`), code: "catalog.duplicate_role", says: "X_NAME"},
		{name: "no name", edit: swap("role = \"name\"\n", ""), code: "catalog.missing_role", says: "name"},
		{name: "no day", edit: swap("role = \"decided_on\"\n", ""), code: "catalog.missing_role", says: "decided_on"},
		{name: "no code", edit: swap("role = \"uscc\"\n", ""), code: "catalog.missing_role", says: "uscc"},
		{name: "no number of persons", edit: swap("role = \"person_id\"\n", ""), code: "catalog.missing_role", says: "person_id"},
		{name: "no source", edit: swap(`after = ["extra"]`, `after = []`), code: "catalog.missing_role", says: "source"},
		{name: "unknown list", edit: field(`code = "X_A"`, `name = "甲"`, `type = "enum"`, `list = "nil"`), code: "catalog.unknown_list"},
		{name: "unknown part", edit: swap(`after = ["extra"]`, `after = ["extra", "nil"]`), code: "catalog.file"},
		{name: "field twice", edit: field(`code = "X_NO"`, `name = "甲"`, `type = "text"`), code: "catalog.duplicate_field"},
		{name: "header twice", edit: field(`code = "X_A"`, `name = "甲"`, `aliases = ["文 号"]`, `type = "text"`), code: "catalog.header_collision", says: "X_NO"},
		{name: "header twice behind its standard beginning", edit: field(`code = "X_A"`, `name = "行政相对人代码_9（文号）"`, `type = "text"`), code: "catalog.header_collision"},
		{name: "small letters", edit: field(`code = "X_a"`, `name = "甲"`, `type = "text"`), code: "catalog.field_code"},
		{name: "natural key of another item", edit: swap(`natural_key = ["X_NO"]`, `natural_key = ["Y_NO"]`), code: "catalog.natural_key", says: "Y_NO"},
		{name: "no natural key", edit: swap(`natural_key = ["X_NO"]`, `natural_key = []`), code: "catalog.natural_key"},
		{name: "publicity of a public item", edit: swap(`publicity = "standing"`, `publicity = "none"`), code: "catalog.publicity"},
		{name: "unknown publicity", edit: swap(`publicity = "standing"`, `publicity = "for ever"`), code: "catalog.publicity"},
		{name: "clock and none", edit: swap(`working_days = 7`, `working_days = 7, none = true`), code: "catalog.clock"},
		{name: "no clock", edit: swap(`working_days = 7`, `working_days = 0`), code: "catalog.clock"},
		{name: "chapter beyond the report", edit: swap(`chapter = 1`, `chapter = 2`), code: "catalog.chapter"},
		{name: "unknown kind", edit: swap(`"legal_entity", "person"`, `"legal_entity", "robot"`), code: "catalog.kind", says: "robot"},
		{name: "unknown polarity", edit: swap(`polarity = "neutral"`, `polarity = "mixed"`), code: "catalog.polarity"},
		{name: "no providers", edit: swap(`providers = ["甲局"]`, `providers = []`), code: "catalog.item"},
		{name: "required and empty", edit: field(`code = "X_A"`, `name = "甲"`, `type = "text"`, `class = "C"`, `required_for = ["person"]`, `empty_for = ["person"]`), code: "catalog.kind"},

		{name: "unknown key", edit: swap(`chapter = 1`, "chapter = 1\nchapters = 2"), code: "catalog.unknown_key", says: "chapters"},
		{name: "unknown key of a field", edit: field(`code = "X_A"`, `name = "甲"`, `type = "text"`, `requierd = true`), code: "catalog.unknown_key", says: "requierd"},
		{name: "no TOML", edit: func(string) string { return "code = " }, code: "catalog.toml", says: "items/X.toml"},
		{name: "field that a condition does not find", edit: field(`code = "X_A"`, `name = "甲"`, `type = "text"`, `required_with = "X_B"`), code: "catalog.unknown_field"},
		{name: "value that a list does not have", edit: field(`code = "X_A"`, `name = "甲"`, `type = "text"`, `required_if = { field = "X_WHAT", any = ["丙"] }`), code: "catalog.list"},
		{name: "reason without number", edit: add("[[rule]]\ncode = 9999\nseverity = \"error\"\nexpr = \"true\"\nfield = \"X_NO\"\nmessage = \"甲\""), code: "catalog.reason_code"},
		{name: "severity unknown", edit: add("[[rule]]\ncode = 2403\nseverity = \"fatal\"\nexpr = \"true\"\nfield = \"X_NO\"\nmessage = \"甲\""), code: "catalog.severity"},
		{name: "rule of a missing field", edit: add("[[rule]]\ncode = 2403\nseverity = \"error\"\nexpr = \"true\"\nfield = \"Y\"\nmessage = \"甲\""), code: "catalog.unknown_field"},
		{name: "fill from a missing field", edit: add("[[fill]]\nfield = \"X_NO\"\nfrom = \"Y\""), code: "catalog.unknown_field"},
		{name: "fill from two", edit: add("[[fill]]\nfield = \"X_NO\"\nfrom = \"X_NAME\"\nvalue = \"甲\""), code: "catalog.unknown_field"},
		{name: "order of a text", edit: add("[[order]]\nfirst = \"X_NO\"\nthen = \"X_DAY\"\ncode = 2202"), code: "catalog.type"},

		{name: "rule that does not compile", edit: rule("X_NO ="), code: "catalog.expr"},
		{name: "rule with an unknown name", edit: rule("X_NIL == ''"), code: "catalog.expr"},
		{name: "rule of mixed types", edit: rule("X_SUM > 1"), code: "catalog.expr"},
		{name: "rule that is no question", edit: rule("X_NO + 'a'"), code: "catalog.expr_type"},
		{name: "rule that is too dear", edit: rule("[1,2,3,4,5,6,7,8,9].all(a, [1,2,3,4,5,6,7,8,9].all(b, X_NO.matches('^(a+)+[b-z]*$')))"), code: "catalog.expr_cost"},
		{name: "rule", edit: rule("number(X_SUM) < 5.0 && kind != 'person' && X_DAY <= today")},
		{name: "condition that is no question", edit: field(`code = "X_A"`, `name = "甲"`, `type = "text"`, `required_when = "X_NO"`), code: "catalog.expr_type"},

		{name: "example that fails", edit: add("[example]\nX_NAME = \"甲\"\nX_CODE = \"1\""), code: "catalog.example", says: "2101"},
		{name: "example in another spelling", edit: add("[example]\nX_NAME = \"甲\"\nX_DAY = \"2025/1/1\""), code: "catalog.example"},

		{name: "edition without id", file: editionFile, edit: swap(`id = "t.1"`, `id = ""`), code: "catalog.edition"},
		{name: "edition without day", file: editionFile, edit: swap("effective_from = \"2026-01-01\"\n", ""), code: "catalog.edition"},
		{name: "list with a spelling of two values", file: "lists/what.toml", edit: swap(`name = "乙"`, "name = \"乙\"\naliases = [\"甲\"]"), code: "catalog.list", says: "甲"},
		{name: "list of an unknown kind", file: "lists/kind.toml", edit: swap(`kind = "person"`, `kind = "god"`), code: "catalog.kind"},
		{name: "list with a broken form", file: "lists/idt.toml", edit: swap("citizen = true", "form = \"(\""), code: "catalog.list"},
		{name: "list whose open value is missing", file: "lists/what.toml", edit: swap(`open = "其他"`, `open = "别的"`), code: "catalog.list"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files := small()
			name := tt.file
			if name == "" {
				name = "items/X.toml"
			}
			files[name] = tt.edit(files[name])
			_, err := Load(filesOf(files))
			if tt.code == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			if !errors.Is(err, fault.New(fault.Invalid, tt.code, "", "")) {
				t.Fatalf("want %s, got %v", tt.code, err)
			}
			var all *LoadError
			if !errors.As(err, &all) {
				t.Fatalf("not a LoadError: %v", err)
			}
			for _, f := range all.Faults {
				if f.Code == tt.code && !strings.Contains(f.Message, tt.says) {
					t.Errorf("%q does not say %q", f.Message, tt.says)
				}
				if f.Fix == "" || f.Message == "" || f.Kind != fault.Invalid {
					t.Errorf("%s without sentence, fix or kind", f.Code)
				}
			}
		})
	}
}

func orgOnly(edit func(string) string) func(string) string {
	return func(s string) string {
		s = swap(`["legal_entity", "person"]`, `["legal_entity"]`)(edit(s))
		return swap("empty_for = [\"person\"]\n", "")(s)
	}
}

func add(lines string) func(string) string { return func(s string) string { return s + lines + "\n" } }

func rule(expr string) func(string) string {
	return add("[[rule]]\ncode = 2403\nseverity = \"error\"\nexpr = \"" + expr + "\"\nfield = \"X_NO\"\nmessage = \"甲\"")
}

func TestLoadReportsAllFaults(t *testing.T) {
	t.Parallel()
	files := small()
	s := swap("[[basis]]\nlaw = \"测试法\"\narticle = \"第一条\"\nfrom = \"2020-01-01\"\n", "")(files["items/X.toml"])
	s = swap(`polarity = "neutral"`, `polarity = "mixed"`)(s)
	s = field(`code = "X_A"`, `name = "血型"`, `type = "blob"`)(s)
	files["items/X.toml"] = s
	files["items/Y.toml"] = strings.ReplaceAll(smallItem, `code = "X"`, `code = "Y"`) + "[[field]]\ncode = \"Y_A\"\nname = \"甲\"\ntype = \"text\"\nrole = \"boss\"\n"
	_, err := Load(filesOf(files))
	for _, code := range []string{"catalog.no_basis", "catalog.polarity", "catalog.prohibited", "catalog.type", "catalog.role"} {
		if !errors.Is(err, fault.New(fault.Invalid, code, "", "")) {
			t.Errorf("%s is not among the faults: %v", code, err)
		}
	}
}

func TestLoadDuplicateItem(t *testing.T) {
	t.Parallel()
	files := small()
	files["items/Y.toml"] = files["items/X.toml"]
	if _, err := Load(filesOf(files)); !errors.Is(err, errDuplicateItem) {
		t.Fatalf("got %v", err)
	}
}

func TestLoadLimits(t *testing.T) {
	t.Parallel()
	files := small()
	files["items/Y.toml"] = strings.Repeat("#", maxFileBytes+1)
	if _, err := Load(filesOf(files)); !errors.Is(err, errFile) {
		t.Errorf("large file: %v", err)
	}
	if _, err := Load(fstest.MapFS{}); !errors.Is(err, errFile) {
		t.Errorf("empty folder: %v", err)
	}
	var many strings.Builder
	many.WriteString(smallItem)
	for i := range maxFields {
		many.WriteString("[[field]]\ncode = \"F" + itoa(i) + "\"\nname = \"字段" + itoa(i) + "甲\"\ntype = \"text\"\n")
	}
	files = small()
	files["items/X.toml"] = many.String()
	if _, err := Load(filesOf(files)); !errors.Is(err, errItem) {
		t.Errorf("too many fields: %v", err)
	}
}

func TestLoadOver(t *testing.T) {
	t.Parallel()
	base, err := Load(filesOf(small()))
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]string{"items/Y.toml": strings.ReplaceAll(strings.ReplaceAll(smallItem, "X_", "Y_"), `code = "X"`, `code = "Y"`)}
	if _, err := LoadOver(base, filesOf(own)); !errors.Is(err, ErrSameID) {
		t.Fatalf("changed catalogue under the same id: %v", err)
	}
	own[editionFile] = strings.Replace(small()[editionFile], "t.1", "t.2", 1)
	ed, err := LoadOver(base, filesOf(own))
	if err != nil {
		t.Fatal(err)
	}
	if len(ed.Items) != 2 || ed.ID != "t.2" || len(base.Items) != 1 {
		t.Errorf("edition %s has %d items, base %d", ed.ID, len(ed.Items), len(base.Items))
	}
	for _, it := range ed.Items {
		if it.Edition != "t.2" {
			t.Errorf("%s belongs to %s", it.Code, it.Edition)
		}
	}
}

// Every item of the interfaces that others rely on is in the shipped edition, with an example that passes.
func TestShippedItems(t *testing.T) {
	t.Parallel()
	codes := strings.Fields("XZXK XZCF XZQZ XZQR XZJL XZCJ XZJC XZZS XZJF XZBC DJJC SFPJ SXBZXR JYYC YZSX XYCN HTLY XYPJ RYXX ZSCQ ZYZG ZZSB")
	ed := Default()
	if len(ed.Items) != len(codes) {
		t.Errorf("%d items, want %d", len(ed.Items), len(codes))
	}
	for i, code := range codes {
		it, ok := ed.Item(ItemCode(code))
		if !ok {
			t.Errorf("no item %s", code)
			continue
		}
		if ed.Items[i] != it {
			t.Errorf("%s does not stand at place %d", code, i+1)
		}
		if len(it.Example) == 0 {
			t.Errorf("%s has no example", code)
		}
		if ed.ChapterName(it.Chapter) == "" {
			t.Errorf("%s: no chapter %d", code, it.Chapter)
		}
		if !it.InForce(ed.EffectiveFrom) || it.InForce(18000101) {
			t.Errorf("%s: bases", code)
		}
		for j := range it.Fields {
			if it.Fields[j].Sure == "" {
				t.Errorf("%s does not say how sure %s is", code, it.Fields[j].Code)
			}
		}
		it, v := row(t, ItemCode(code), nil)
		if got := brief(it.Check(v, &CheckInput{Received: received})); len(got) > 0 {
			t.Errorf("%s: the example gives %v", code, got)
		}
	}
	for code, want := range map[ItemCode]FilingClock{"XZXK": {WorkingDays: 7, Sure: "seen"}, "XZCF": {WorkingDays: 7, Sure: "seen"}} {
		if it, _ := ed.Item(code); it.Clock != want {
			t.Errorf("%s: clock %v", code, it.Clock)
		}
	}
}

// A catalogue that loads keeps persons' numbers sealed and out of public sight, whatever else changes.
func TestShippedPrivacy(t *testing.T) {
	t.Parallel()
	for _, it := range Default().Items {
		for i := range it.Fields {
			f := &it.Fields[i]
			switch f.Role {
			case RolePersonID, RoleRepID:
				if !f.Sensitive || it.FieldClass(f) != Shared || len(f.Mask) != 2 {
					t.Errorf("%s.%s is not protected", it.Code, f.Code)
				}
			case RolePersonIDType, RoleRepIDType:
				if it.FieldClass(f) == Public {
					t.Errorf("%s.%s is public", it.Code, f.Code)
				}
			}
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(smallItem), []byte(small()[editionFile]), []byte(small()["lists/what.toml"]))
	f.Fuzz(func(t *testing.T, item, edition, list []byte) {
		files := map[string][]byte{}
		for name, text := range small() {
			files[name] = []byte(text)
		}
		files["items/X.toml"], files[editionFile], files["lists/what.toml"] = item, edition, list
		ed, err := build(maps.Clone(files))
		if err != nil {
			return
		}
		for _, it := range ed.Items {
			v := make(Values, len(it.Fields))
			for i := range v {
				v[i] = "甲1"
			}
			it.Check(v, &CheckInput{Received: received})
		}
	})
}
