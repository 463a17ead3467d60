package catalog

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/clock"
)

const received clock.Date = 20260305

// row makes a row of an item: its example with changes.
func row(t testing.TB, code ItemCode, changes map[string]string) (*Item, Values) {
	t.Helper()
	it, ok := Default().Item(code)
	if !ok {
		t.Fatalf("no item %s", code)
	}
	values := maps.Clone(it.Example)
	maps.Copy(values, changes)
	v := make(Values, len(it.Fields))
	for c, s := range values {
		f, ok := it.Field(c)
		if !ok {
			t.Fatalf("%s has no field %s", code, c)
		}
		v[f.Index] = s
	}
	return it, v
}

// get gives a value by its field's code.
func get(t testing.TB, it *Item, v Values, code string) string {
	t.Helper()
	f, ok := it.Field(code)
	if !ok {
		t.Fatalf("no field %s", code)
	}
	return v[f.Index]
}

// brief writes reasons as "2103 CF_XDR_SHXYM", warnings with a "w".
func brief(reasons []Reason) []string {
	out := make([]string, 0, len(reasons))
	for _, r := range reasons {
		s := itoa(r.Code) + " " + r.Field
		if r.Severity == Warning {
			s = "w" + s
		}
		out = append(out, s)
	}
	return out
}

// person turns an example into a row about a natural person.
func person(prefix string, id string) map[string]string {
	return map[string]string{
		prefix + "XDR_MC": "示例", prefix + "XDR_LB": "自然人", prefix + "XDR_SHXYM": "", prefix + "FRDB": "",
		prefix + "XDR_ZJLX": "身份证", prefix + "XDR_ZJHM": id,
	}
}

func merged(ms ...map[string]string) map[string]string {
	out := map[string]string{}
	for _, m := range ms {
		maps.Copy(out, m)
	}
	return out
}

func TestCheck(t *testing.T) {
	t.Parallel()
	type change = map[string]string
	tests := []struct {
		name   string
		item   ItemCode
		change change
		in     CheckInput
		want   []string // reasons
		values change   // values afterwards
		kind   SubjectKind
	}{
		{name: "licence", item: "XZXK", kind: LegalEntity},
		{name: "penalty", item: "XZCF", kind: LegalEntity},

		// Facts, section 12, with those very inputs.
		{name: "rule 1 good code", item: "XZCF", change: change{"CF_XDR_SHXYM": "91370303MA3C000118"}},
		{name: "rule 2 check digit", item: "XZCF", change: change{"CF_XDR_SHXYM": "91370303MA3C000119"}, want: []string{"2103 CF_XDR_SHXYM"}},
		{name: "rule 3 length", item: "XZCF", change: change{"CF_XDR_SHXYM": "91370303MA3C00018"}, want: []string{"2101 CF_XDR_SHXYM"}},
		{name: "rule 4 character", item: "XZCF", change: change{"CF_XDR_SHXYM": "91370303MA3C0O0118"}, want: []string{"2102 CF_XDR_SHXYM"}},
		{name: "rule 5 inner code", item: "XZCF", change: change{"CF_XDR_SHXYM": "91370303MA3C00012B"}, want: []string{"2104 CF_XDR_SHXYM"}},
		{name: "rule 6 unknown category", item: "XZCF", change: change{"CF_XDR_SHXYM": "94370303MA3C00011Y"}, want: []string{"2105 CF_XDR_SHXYM"}},
		{name: "rule 6 union", item: "XZCF", change: change{"CF_XDR_SHXYM": "81370303MA3C000119"}},
		{name: "rule 7 legacy", item: "XZCF", change: change{"CF_XDR_SHXYM": "91350100M0001TGQXM"}, want: []string{"2106 CF_XDR_SHXYM"}},
		{name: "rule 7 allowed", item: "XZCF", change: change{"CF_XDR_SHXYM": "91350100M0001TGQXM"}, in: CheckInput{LegacyAllowed: func(string) bool { return true }}},
		{name: "rule 8 normalised", item: "XZCF", change: change{"CF_XDR_SHXYM": " 91370303ma3c000118 "}, values: change{"CF_XDR_SHXYM": "91370303MA3C000118"}},
		{name: "rule 8 full width", item: "XZCF", change: change{"CF_XDR_SHXYM": "９１３７０３０３ＭＡ３Ｃ０００１１８"}, values: change{"CF_XDR_SHXYM": "91370303MA3C000118"}},
		{name: "rule 9 sole trader as organisation", item: "XZCF", change: change{"CF_XDR_SHXYM": "92370306MA3D000126"}, want: []string{"2107 CF_XDR_SHXYM"}, kind: LegalEntity},
		{name: "rule 9 organisation as sole trader", item: "XZCF", change: change{"CF_XDR_SHXYM": "91370302MA3C0002XH", "CF_XDR_LB": "个体工商户"}, want: []string{"2107 CF_XDR_SHXYM"}, kind: IndividualBusiness},
		{name: "rule 9 sole trader", item: "XZCF", change: change{"CF_XDR_SHXYM": "92370306MA3D000126", "CF_XDR_LB": "个体工商户"}, kind: IndividualBusiness},
		{name: "rule 10 good ID", item: "XZCF", change: person("CF_", "370303199001010017"), kind: Person},
		{name: "rule 10 bad ID", item: "XZCF", change: person("CF_", "37030319900101001X"), want: []string{"2113 CF_XDR_ZJHM"}, kind: Person},
		{name: "rule 11 no such day", item: "XZCF", change: person("CF_", "37030219850229001X"), want: []string{"2114 CF_XDR_ZJHM"}},
		{name: "rule 12 lower case", item: "XZCF", change: person("CF_", "11010519491231002x"), values: change{"CF_XDR_ZJHM": "11010519491231002X"}},
		{name: "rule 13 good numbers", item: "XZXK", change: change{"XK_XDR_ZZJG": "MA3C0001-1", "XK_XDR_GSZC": "370303200000010"}, values: change{"XK_XDR_ZZJG": "MA3C00011"}},
		{name: "rule 13 bad numbers", item: "XZXK", change: change{"XK_XDR_ZZJG": "MA3C00012", "XK_XDR_GSZC": "370303200000011"}, want: []string{"2112 XK_XDR_GSZC", "2111 XK_XDR_ZZJG"}},
		{name: "rule 18 tomorrow", item: "XZCF", change: change{"CF_JDRQ": "2026-03-06", "CF_YXQ": "2026-12-31"}, want: []string{"2201 CF_JDRQ"}},
		{name: "rule 18 today", item: "XZCF", change: change{"CF_JDRQ": "2026-03-05", "CF_YXQ": "2026-12-31"}},
		{name: "rule 19 valid from before decision", item: "XZXK", change: change{"XK_YXQZ": "2003-03-24", "XK_JDRQ": "2025-01-16", "XK_YXQZI": "2053-03-24"}},
		{name: "rule 19 valid to before from", item: "XZXK", change: change{"XK_YXQZ": "2025-03-24", "XK_YXQZI": "2025-03-23"}, want: []string{"2202 XK_YXQZI"}},
		{name: "rule 19 long term", item: "XZXK", change: change{"XK_YXQZI": "2099-12-31"}, values: change{"XK_YXQZI": "2099-12-31"}},
		{name: "rule 20 number from licence", item: "XZXK", change: change{"XK_WSH": "", "XK_XKBH": "JY13703030000001"}, values: change{"XK_WSH": "JY13703030000001"}},
		{name: "rule 20 both empty", item: "XZXK", change: change{"XK_WSH": "", "XK_XKBH": " ", "XK_XKZS": ""}, want: []string{"2401 XK_WSH"}},
		{name: "rule 21 amount in 万元", item: "XZCF", change: fine("罚款", "罚款2000元", "0.2")},
		{name: "rule 21 amount empty", item: "XZCF", change: fine("罚款", "罚款2000元", ""), want: []string{"2301 CF_NR_FK"}},
		{name: "rule 21 amount in 元", item: "XZCF", change: fine("罚款", "罚款2000元", "2000"), want: []string{"w2302 CF_NR_FK"}},
		{name: "rule 22 nothing named", item: "XZCF", change: change{"CF_CFLB": "吊销许可证件", "CF_NR_FK": "", "CF_NR_WFFF": "", "CF_NR": "吊销许可证"}, want: []string{"2304 CF_NR_ZKDX"}},

		// Section 1.5 and the rest.
		{name: "empty", item: "XZCF", change: change{"CF_WSH": " 　", "CF_SY": "\t"}, want: []string{"2001 CF_WSH", "2001 CF_SY"}},
		{name: "marks for nothing", item: "XZCF", change: change{"CF_XDR_GSZC": "/", "CF_XDR_SWDJ": "无", "CF_NR_ZKDX": "—", "BZ": "无"}, values: change{"CF_XDR_GSZC": "", "CF_XDR_SWDJ": "", "CF_NR_ZKDX": "", "BZ": "无"}},
		{name: "too long", item: "XZCF", change: change{"CF_WSH": strings.Repeat("字", 129)}, want: []string{"2003 CF_WSH"}},
		{name: "as long as allowed", item: "XZCF", change: change{"CF_WSH": strings.Repeat("字", 128)}},
		{name: "unknown kind of subject", item: "XZCF", change: change{"CF_XDR_LB": "外星人"}, want: []string{"2004 CF_XDR_LB"}},
		{name: "kind by its bit", item: "XZCF", change: change{"CF_XDR_LB": "1"}, values: change{"CF_XDR_LB": "法人及非法人组织"}},
		{name: "figure that no list has", item: "XZCF", change: change{"CF_XDR_LB": "3"}, want: []string{"2004 CF_XDR_LB"}},
		{name: "old spelling of a kind", item: "XZCF", change: change{"CF_XDR_LB": "法人及其他组织"}, values: change{"CF_XDR_LB": "法人及非法人组织"}},
		{
			name: "several faults in one row", item: "XZCF", change: change{"CF_XDR_SHXYM": "91370303MA3C000119", "CF_WSH": "", "CF_JDRQ": "2026-02-30", "CF_NR_FK": "很多"},
			want: []string{"2103 CF_XDR_SHXYM", "2001 CF_WSH", "2005 CF_NR_FK", "2008 CF_JDRQ"},
		},
		{name: "names with markup", item: "XZCF", change: change{"CF_XDR_MC": "甲<b>公司"}, want: []string{"2009 CF_XDR_MC"}},
		{name: "lost characters", item: "XZCF", change: change{"CF_SY": "甲\uFFFD"}, want: []string{"2009 CF_SY"}},
		{name: "bullet from an office document", item: "XZCF", change: change{"CF_SY": "\uF0B7 甲"}, want: []string{"w2009 CF_SY"}},
		{name: "inequality in text", item: "XZCF", change: change{"CF_SY": "PM2.5<35，甲>乙"}},
		{
			name: "dates in other spellings", item: "XZCF", change: change{"CF_JDRQ": "2025年6月3日", "CF_YXQ": "20251231", "CF_GSJZQ": "2025/12/1"},
			values: change{"CF_JDRQ": "2025-06-03", "CF_YXQ": "2025-12-31", "CF_GSJZQ": "2025-12-01"},
		},
		{name: "words for long term", item: "XZXK", change: change{"XK_YXQZI": "长期"}, values: change{"XK_YXQZI": "2099-12-31"}},
		{name: "year 9999", item: "XZXK", change: change{"XK_YXQZI": "9999/12/31"}, values: change{"XK_YXQZI": "2099-12-31"}},
		{name: "year 9999 in normal form", item: "XZXK", change: change{"XK_YXQZI": "9999-12-31"}, values: change{"XK_YXQZI": "2099-12-31"}},
		{name: "long term nowhere else", item: "XZXK", change: change{"XK_JDRQ": "长期"}, want: []string{"2008 XK_JDRQ"}},
		{name: "beyond the last day", item: "XZXK", change: change{"XK_YXQZI": "2100-01-01"}, want: []string{"2007 XK_YXQZI"}},
		{name: "before all days", item: "XZXK", change: change{"XK_YXQZ": "1025-01-01"}, want: []string{"2007 XK_YXQZ"}},
		{name: "penalty ends before it begins", item: "XZCF", change: change{"CF_YXQ": "2025-06-02"}, want: []string{"2203 CF_YXQ"}},
		{name: "penalty of one day", item: "XZCF", change: change{"CF_YXQ": "2025-06-03"}},
		{name: "publicity ends on the day", item: "XZCF", change: change{"CF_GSJZQ": "2025-06-03"}, want: []string{"2204 CF_GSJZQ"}},
		{name: "amount with noise", item: "XZCF", change: fine("罚款", "罚款2000元", "0.20"), values: change{"CF_NR_FK": "0.2"}},
		{name: "amount with thousands", item: "XZCF", change: fine("罚款", "罚款1234.5万元", "1,234.5"), values: change{"CF_NR_FK": "1234.5"}},
		{name: "amount with a comma that may mean two things", item: "XZCF", change: fine("罚款", "罚款", "1,5"), want: []string{"2005 CF_NR_FK"}},
		{name: "amount with its unit", item: "XZCF", change: fine("罚款", "罚款2000元", "0.2万元"), values: change{"CF_NR_FK": "0.2"}},
		{name: "amount in yuan with the word", item: "XZCF", change: fine("罚款", "罚款2000元", "2000元"), want: []string{"2005 CF_NR_FK"}},
		{name: "amount with seven decimals", item: "XZCF", change: fine("罚款", "罚款", "0.1234567"), want: []string{"2006 CF_NR_FK"}},
		{name: "negative amount", item: "XZCF", change: fine("罚款", "罚款", "-1"), want: []string{"2007 CF_NR_FK"}},
		{name: "fine of nothing", item: "XZCF", change: fine("罚款", "罚款", "0"), want: []string{"2301 CF_NR_FK"}},
		{name: "fine without its kind", item: "XZCF", change: fine("警告", "警告", "0.2"), want: []string{"w2305 CF_NR_FK"}},
		{name: "confiscation without amount", item: "XZCF", change: merged(fine("没收非法财物", "没收", ""), change{"CF_NR_WFFF": ""}), want: []string{"2303 CF_NR_WFFF"}},
		{name: "confiscation of unpriced goods", item: "XZCF", change: merged(fine("没收非法财物", "没收", ""), change{"CF_NR_WFFF": "0"})},
		{name: "large fine that the text names", item: "XZCF", change: fine("罚款", "罚款2亿元", "20000")},
		{name: "large fine that the text does not name", item: "XZCF", change: fine("罚款", "依法罚款", "20000"), want: []string{"w2302 CF_NR_FK"}},
		{name: "fine in Chinese numerals", item: "XZCF", change: fine("罚款", "罚款人民币贰仟元整", "2000"), want: []string{"w2302 CF_NR_FK"}},
		{
			name: "kinds in any order and spelling", item: "XZCF", change: fine("没收违法所得，罚款；吊销执照 警告", "罚款2000元", "0.2"),
			values: change{"CF_CFLB": "警告、罚款、没收违法所得、吊销许可证件"}, want: []string{"2304 CF_NR_ZKDX"},
		},
		{
			name: "old two-in-one kind", item: "XZCF", change: merged(fine("暂扣/吊销许可证", "吊销经营许可证", ""), change{"CF_NR_ZKDX": "食品经营许可证", "CF_NR_WFFF": ""}),
			values: change{"CF_CFLB": "吊销许可证件"},
		},
		{name: "old two-in-one kind that nothing decides", item: "XZCF", change: merged(fine("暂扣/吊销许可证", "按规定处罚", ""), change{"CF_NR_WFFF": ""}), want: []string{"2004 CF_CFLB"}},
		{name: "other kind named", item: "XZCF", change: fine("罚款、其他：责令改正、恢复原状", "罚款2000元", "0.2"), values: change{"CF_CFLB": "罚款、其他-责令改正，恢复原状"}},
		{name: "other kind not named", item: "XZCF", change: fine("罚款、其他", "罚款2000元", "0.2"), want: []string{"2004 CF_CFLB"}},
		{name: "licence category other", item: "XZXK", change: change{"XK_XKLB": "其他（备案）"}, values: change{"XK_XKLB": "其他-备案"}},
		{name: "licence category other not named", item: "XZXK", change: change{"XK_XKLB": "其他"}, want: []string{"2004 XK_XKLB"}},
		{name: "certificate without number", item: "XZXK", change: change{"XK_XKBH": ""}, want: []string{"w2002 XK_XKBH"}},
		{name: "organisation without code", item: "XZCF", change: change{"CF_XDR_SHXYM": ""}, want: []string{"2002 CF_XDR_SHXYM"}},
		{name: "sole trader without code", item: "XZCF", change: change{"CF_XDR_SHXYM": "", "CF_XDR_LB": "个体工商户"}, kind: IndividualBusiness},
		{name: "organisation without representative", item: "XZCF", change: change{"CF_FRDB": ""}, want: []string{"2002 CF_FRDB"}},
		{
			name: "person with what persons do not have", item: "XZCF", change: merged(person("CF_", "370303199001010017"), change{"CF_XDR_SHXYM": "91370303MA3C000118", "CF_FRDB": "示例"}),
			want: []string{"w2010 CF_XDR_SHXYM", "w2010 CF_FRDB"}, values: change{"CF_XDR_SHXYM": "", "CF_FRDB": ""}, kind: Person,
		},
		{name: "person without number", item: "XZCF", change: person("CF_", ""), want: []string{"2002 CF_XDR_ZJHM"}, kind: Person},
		{name: "organisation with a person's number", item: "XZCF", change: change{"CF_XDR_ZJHM": "370303199001010017"}, want: []string{"w2010 CF_XDR_ZJHM"}, values: change{"CF_XDR_ZJHM": ""}},
		{name: "person's number for a code", item: "XZCF", change: change{"CF_XDR_SHXYM": "370303199001010017"}, want: []string{"2117 CF_XDR_SHXYM"}},
		{name: "person's number in public text", item: "XZCF", change: change{"CF_SY": "当事人（身份证号37030319900101001７）无证经营"}, want: []string{"2117 CF_SY"}},
		{name: "person's number in groups", item: "XZCF", change: change{"CF_SY": "当事人2（身份证号 370303 19900101 0017）无证经营"}, want: []string{"2117 CF_SY"}},
		{name: "person's number with strokes", item: "XZCF", change: change{"CF_SY": "身份证号370303－1990·0101/001 7无证经营"}, want: []string{"2117 CF_SY"}},
		{name: "number of a document in groups", item: "XZCF", change: change{"CF_SY": "编号370303-20240101-0010的检查"}},
		{name: "person's number as a person's licence", item: "XZXK", change: merged(person("XK_", "370303199001010017"), change{"XK_XKBH": "370303199001010017"}), want: []string{"w2117 XK_XKBH"}},
		{name: "long number that is nobody's", item: "XZCF", change: change{"CF_SY": "货号37030319900101001234"}},
		{name: "registration number that repeats the code", item: "XZCF", change: change{"CF_XDR_GSZC": "91990102ma0a00014h"}, want: []string{"w2010 CF_XDR_GSZC"}, values: change{"CF_XDR_GSZC": ""}},
		{name: "passport", item: "XZCF", change: merged(person("CF_", "e12345678"), change{"CF_XDR_ZJLX": "护照"}), values: change{"CF_XDR_ZJHM": "E12345678", "CF_XDR_ZJLX": "护照号"}},
		{name: "not a travel permit", item: "XZCF", change: merged(person("CF_", "A1"), change{"CF_XDR_ZJLX": "港澳居民来往内地通行证"}), want: []string{"2116 CF_XDR_ZJHM"}},
		{name: "representative's ID without kind", item: "XZCF", change: change{"CF_FR_ZJHM": "37030319900101001X"}, want: []string{"2113 CF_FR_ZJHM"}},
		{name: "state by its figure", item: "XZXK", change: change{"XK_ZT": "0"}, values: change{"XK_ZT": "无效"}},
		{name: "state by its figure in 2015", item: "XZXK", change: change{"XK_ZT": "0"}, in: CheckInput{Template: Template2015}, values: change{"XK_ZT": "有效"}},
		{name: "simple procedure within its limit", item: "XZCF", change: merged(fine("罚款", "罚款2000元", "0.2"), change{"CF_CFCX": "简易", "CF_YZCD": "轻微"}), values: change{"CF_CFCX": "简易程序"}},
		{name: "simple procedure beyond its limit", item: "XZCF", change: merged(fine("罚款", "罚款4000元", "0.4"), change{"CF_CFCX": "简易程序"}), want: []string{"w2403 CF_CFCX"}},
		{name: "simple procedure for a person", item: "XZCF", change: merged(person("CF_", "370303199001010017"), fine("罚款", "罚款300元", "0.03"), change{"CF_CFCX": "简易程序"}), want: []string{"w2403 CF_CFCX"}},
		{name: "simple procedure that closes", item: "XZCF", change: merged(fine("责令关闭", "关闭", ""), change{"CF_CFCX": "简易程序", "CF_NR_WFFF": ""}), want: []string{"w2403 CF_CFCX"}},
		{name: "code of the authority", item: "XZXK", change: change{"XK_XKJGDM": "11990100001000010A"}, want: []string{"2103 XK_XKJGDM"}},
		{name: "division of a register entry", item: "DJJC", change: change{"DJ_XZQH": "003030"}, want: []string{"2108 DJ_XZQH"}},
		{name: "register entry about a sole trader", item: "DJJC", change: change{"DJ_SHXYM": "92990103MA0B00015J", "DJ_LB": "", "DJ_GSZC": "", "DJ_ZZJG": ""}, kind: IndividualBusiness},
		{name: "other organisation by its registration", item: "DJJC", change: change{"DJ_LB": "合伙企业"}, kind: OtherOrg, values: change{"DJ_LB": "非法人企业"}},
		{name: "person in an item that admits none", item: "HTLY", change: change{"HT_XDR_LB": "自然人"}, want: []string{"2004 HT_XDR_LB", "w2010 HT_XDR_SHXYM", "w2010 HT_FRDB"}},
		{name: "commitment code with month 13", item: "XYCN", change: change{"CN_BM": "99010220251303000001"}, want: []string{"2403 CN_BM"}},
		{name: "commitment code of another day", item: "XYCN", change: change{"CN_BM": "99010220250604000001"}, want: []string{"w2403 CN_BM"}},
		{name: "commitment in part without content", item: "XYCN", change: change{"CN_LXZT": "部分履行"}, want: []string{"2002 CN_WLXNR", "2002 CN_ZRZJ"}},
		{name: "commitment in full with breach", item: "XYCN", change: change{"CN_WLXNR": "未履行"}, want: []string{"w2010 CN_WLXNR"}, values: change{"CN_WLXNR": ""}},
		{
			name: "commitment of a person", item: "XYCN", change: change{"CN_MC": "示例", "CN_LB": "自然人", "CN_DM": "37030319900101001７"},
			values: change{"CN_DM": "", "CN_ZJHM": "370303199001010017", "CN_ZJLX": "身份证"}, kind: Person,
		},
		{name: "contract in breach without proof", item: "HTLY", change: change{"HT_LXZT": "违约"}, want: []string{"2002 HT_WYQX", "2002 HT_RDYJ"}},
		{name: "removal without reason", item: "JYYC", change: change{"JY_YCRQ": "2025-12-01"}, want: []string{"2002 JY_YCYY"}},
		{name: "removal before entry", item: "JYYC", change: change{"JY_YCRQ": "2025-06-01", "JY_YCYY": "已补报"}, want: []string{"2202 JY_YCRQ"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			it, v := row(t, tt.item, tt.change)
			in := tt.in
			in.Received = received
			var kind SubjectKind
			in.Kind = &kind
			got := brief(it.Check(v, &in))
			want := tt.want
			if want == nil {
				want = []string{}
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
			for code, want := range tt.values {
				if got := get(t, it, v, code); got != want {
					t.Errorf("%s = %q, want %q", code, got, want)
				}
			}
			if tt.kind != "" && kind != tt.kind {
				t.Errorf("kind = %q, want %q", kind, tt.kind)
			}
		})
	}
}

// fine is a decision with these kinds, this text and this amount.
func fine(kinds, text, amount string) map[string]string {
	return map[string]string{"CF_CFLB": kinds, "CF_NR": text, "CF_NR_FK": amount, "CF_NR_WFFF": confiscated(kinds)}
}

func confiscated(kinds string) string {
	if strings.Contains(kinds, "没收") {
		return "0.05"
	}
	return ""
}
