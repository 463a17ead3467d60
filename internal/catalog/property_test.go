package catalog

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// pieces are what cells are made of in properties: right values, wrong ones, and what people type.
var pieces = []string{
	"", " ", "　", "/", "无", "-", "甲", "临溪市示例食品有限公司", "91990102MA0A00014H", "92990103MA0B00015J", "91370303MA3C000119", "990102000000012", "MA0A00014", "MA0A0001-4",
	"370303199001010017", "37030319900101001X", "E12345678", "2025-06-03", "2025/6/3", "2099-12-31", "9999-12-31", "长期", "20250603", "2026-13-01", "0.2", "2000", "0", "-1", "1,234.5",
	"1e-3", "0.30000000000000004", "0.2万元", "法人及非法人组织", "自然人", "个体工商户", "1", "2", "4", "身份证", "护照", "罚款", "没收违法所得、罚款", "暂扣/吊销许可证", "吊销许可证", "其他",
	"其他-责令改正、恢复原状", "其他（（甲））", "其它 甲/乙", "罚款2000元", "没收违法所得贰佰元，罚款2万元", "普通", "有效", "0", "简易", "一般", "全部履行", "部分履行", "可向社会公开",
	"99010220250603000001", "ａｂ１", "甲\u200b乙", "\ufeff甲", "<b>", "\uFFFD", "\uE000", "😀", "甲  乙", "\n", "\xff",
}

func drawRow(t *rapid.T, it *Item) Values {
	v := make(Values, len(it.Fields))
	example := rapid.Bool().Draw(t, "from example")
	for i := range v {
		if example {
			v[i] = it.Example[it.Fields[i].Code]
		}
		if !example || rapid.IntRange(0, 4).Draw(t, "change") == 0 {
			v[i] = strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 3).Draw(t, "cell"), rapid.SampledFrom([]string{"", "、", " ", "，"}).Draw(t, "joint"))
		}
	}
	return v
}

// checkTwice checks a row, and again what became of it: nothing may change and nothing new may be found.
func checkTwice(t interface{ Fatalf(string, ...any) }, it *Item, v Values, template string) {
	in := CheckInput{Received: received, Template: template, UnitCode: "11990100001000010R", UnitName: "临溪市市场监督管理局", Kind: new(SubjectKind)}
	first := it.Check(v, &in)
	kind := *in.Kind
	again := slices.Clone(v)
	second := it.Check(again, &in)
	for i := range v {
		if v[i] != again[i] {
			t.Fatalf("%s.%s: %q becomes %q when checked again", it.Code, it.Fields[i].Code, v[i], again[i])
		}
	}
	for _, r := range second {
		if !slices.Contains(first, r) {
			t.Fatalf("%s: checked again, the row has a new reason %+v; before %+v", it.Code, r, first)
		}
	}
	if *in.Kind != kind {
		t.Fatalf("%s: kind %q becomes %q", it.Code, kind, *in.Kind)
	}
	for _, r := range first {
		if _, known := ReasonFor(r.Code); !known || r.Severity != Error && r.Severity != Warning || r.Message == "" || strings.Contains(r.Message, "{") {
			t.Fatalf("%s: reason %+v", it.Code, r)
		}
		if _, ok := it.Field(r.Field); !ok && r.Field != "" {
			t.Fatalf("%s: reason at unknown field %q", it.Code, r.Field)
		}
	}
}

func TestCheckIsIdempotent(t *testing.T) {
	t.Parallel()
	for _, it := range Default().Items {
		t.Run(string(it.Code), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				checkTwice(t, it, drawRow(t, it), rapid.SampledFrom([]string{TemplateCurrent, Template2015, ""}).Draw(t, "template"))
			})
		})
	}
}

// A row without errors keeps the promises that later stages rely on.
func TestCheckPromises(t *testing.T) {
	t.Parallel()
	for _, it := range Default().Items {
		t.Run(string(it.Code), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				v := drawRow(t, it)
				var kind SubjectKind
				for _, r := range it.Check(v, &CheckInput{Received: received, Kind: &kind}) {
					if r.Severity == Error {
						return
					}
				}
				if !it.Admits(kind) {
					t.Fatalf("a row about %q passes", kind)
				}
				for i := range it.Fields {
					f := &it.Fields[i]
					switch {
					case f.Required && v[i] == "":
						t.Fatalf("%s is empty in a row that passes", f.Code)
					case f.Type == DateType && v[i] != "":
						if _, ok := parseNormalDate(v[i]); !ok {
							t.Fatalf("%s is %q", f.Code, v[i])
						}
					case f.Type == Number && v[i] != "":
						if _, ok := normalNumber(v[i], f.Scale, maxIntDigits); !ok {
							t.Fatalf("%s is %q", f.Code, v[i])
						}
					case kind == Person && f.Role == RoleUSCC && v[i] != "", kind != Person && f.Role == RolePersonID && v[i] != "":
						t.Fatalf("%s of a %s is kept", f.Code, kind)
					}
				}
				if it.Date(v, RoleDecidedOn) > received {
					t.Fatalf("decided in the future")
				}
				if c := it.RowClass(v); c < it.Class {
					t.Fatalf("class %s is wider than the item's", c)
				}
			})
		})
	}
}

// Reasons never repeat what stands in the row, for it may be a person's.
func TestReasonsKeepData(t *testing.T) {
	t.Parallel()
	const secret = "欧阳秘密37030319900101001"
	for _, it := range Default().Items {
		v := make(Values, len(it.Fields))
		for i := range v {
			v[i] = secret
		}
		for _, r := range it.Check(v, &CheckInput{Received: received}) {
			if strings.Contains(r.Message+r.Fix, "欧阳") || strings.Contains(r.Message+r.Fix, "199001") {
				t.Errorf("%s: %+v repeats the cell", it.Code, r)
			}
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, code := range []ItemCode{"XZXK", "XZCF", "XYCN"} {
		it, v := row(f, code, nil)
		_ = it
		f.Add(string(code), strings.Join(v, "\x00"), false)
		f.Add(string(code), strings.Join(v, "\x00"), true)
	}
	f.Add("XZCF", strings.Repeat("其他（甲）、罚款/警告 2000元\x00", 30), false)
	f.Fuzz(func(t *testing.T, code, cells string, old bool) {
		it, ok := Default().Item(ItemCode(code))
		if !ok {
			it = Default().Items[len(code)%len(Default().Items)]
		}
		v := make(Values, len(it.Fields))
		copy(v, strings.Split(cells, "\x00"))
		template := TemplateCurrent
		if old {
			template = Template2015
		}
		checkTwice(t, it, v, template)
	})
}
