package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/cntext"
)

func TestMatchHeaders(t *testing.T) {
	t.Parallel()
	tests := []struct {
		item   ItemCode
		header string
		field  string // "" = not used
	}{
		{"XZCF", "行政相对人名称", "CF_XDR_MC"},
		{"XZCF", "CF_XDR_MC", "CF_XDR_MC"},
		{"XZCF", "cf_xdr_mc", "CF_XDR_MC"},
		{"XZCF", "ＣＦ＿ＸＤＲ＿ＭＣ", "CF_XDR_MC"},
		{"XZCF", " 行政相对人 名称 ", "CF_XDR_MC"},
		{"XZCF", "*行政相对人名称（必填）", "CF_XDR_MC"},
		{"XZCF", "行政相对人名称\nCF_XDR_MC", "CF_XDR_MC"},
		{"XZCF", "行政相对人名称(CF_XDR_MC)", "CF_XDR_MC"},
		{"XZCF", "CF_XDR_MC 行政相对人", "CF_XDR_MC"},
		{"XZCF", "行政相对人代码_1(统一社会信用代码)", "CF_XDR_SHXYM"},
		{"XZCF", "行政相对人代码_1（统一社会信用代码）", "CF_XDR_SHXYM"},
		{"XZCF", "行政相对人代码_1 统一社会信用代码", "CF_XDR_SHXYM"},
		{"XZCF", "行政相对人代码-统一社会信用代码", "CF_XDR_SHXYM"},
		{"XZCF", "行政相对人代码_1", "CF_XDR_SHXYM"},
		{"XZCF", "统一社会信用代码", "CF_XDR_SHXYM"},
		{"XZCF", "统一社会信用代码（18位）", "CF_XDR_SHXYM"},
		{"XZCF", "行政相对人代码_2 工商注册号", "CF_XDR_GSZC"},
		{"XZCF", "行政相对人代码_2（组织机构代码）", "CF_XDR_ZZJG"}, // 2015 counted so
		{"XZCF", "行政相对人代码_3（组织机构代码）", "CF_XDR_ZZJG"},
		{"XZCF", "行政相对人代码_3（工商登记码）", "CF_XDR_GSZC"},
		{"XZCF", "行政相对人代码_2", ""}, // the number alone does not say
		{"XZCF", "法定代表人身份证号", "CF_FR_ZJHM"},
		{"XZCF", "CF_FR_SFZH", "CF_FR_ZJHM"},
		{"XZCF", "处罚机关统一社会信用代码", "CF_CFJGDM"},
		{"XZCF", "处罚机关（统一社会信用代码）", "CF_CFJGDM"},
		{"XZCF", "罚款金额(万元)", "CF_NR_FK"},
		{"XZCF", "罚款金额（单位：万元）", "CF_NR_FK"},
		{"XZCF", "处罚类别", "CF_CFLB"},
		{"XZCF", "CF_CFLB1", "CF_CFLB"},
		{"XZCF", "CF_AJMC", "CF_WFXW"},
		{"XZCF", "CF_JG", "CF_NR"},
		{"XZCF", "CF_SXYZCD", "CF_YZCD"},
		{"XZCF", "程序类型", "CF_CFCX"},
		{"XZCF", "CXLX", "CF_CFCX"},
		{"XZCF", "SJC", ""},
		{"XZCF", "DFBM", ""},
		{"XZCF", "序号", ""},
		{"XZCF", "我不认识的列", ""},
		{"XZCF", "", ""},
		{"XZCF", "（）", ""},
		{"XZXK", "XK_SPLB", "XK_XKLB"},
		{"XZXK", "XK_XDR", "XK_XDR_MC"},
		{"XZXK", "XK_XDR_ZDM", "XK_XDR_ZZJG"},
		{"XZXK", "XK_XDR_GSDJ", "XK_XDR_GSZC"},
		{"XZXK", "XK_XDR_SFZ", "XK_XDR_ZJHM"},
		{"XZXK", "XK_JZQ", "XK_YXQZI"},
		{"XZXK", "XK_XZJG", "XK_XKJG"},
		{"XZXK", "XK_YXQZ", "XK_YXQZ"},
		{"XZXK", "XK_XMMC", "XK_XKWS"},
		{"XZXK", "XK_FR", "XK_FRDB"},
		{"DJJC", "住所（经营场所）", "DJ_ZS"},
		{"DJJC", "行政区划代码", "DJ_XZQH"},
		{"XZQZ", "强制决定书文号", "QZ_WSH"},
		{"XYCN", "承诺人代码", "CN_DM"},
	}
	for _, tt := range tests {
		t.Run(string(tt.item)+" "+tt.header, func(t *testing.T) {
			t.Parallel()
			it, _ := Default().Item(tt.item)
			m := it.MatchHeaders([]string{tt.header})
			got := ""
			if i := m.Columns[0]; i >= 0 {
				got = it.Fields[i].Code
			}
			if got != tt.field {
				t.Errorf("field %q, want %q", got, tt.field)
			}
		})
	}
}

// Every field is found by its own code, name, aliases and old headers, alone in a file.
func TestMatchHeadersOwn(t *testing.T) {
	t.Parallel()
	for _, it := range Default().Items {
		for i := range it.Fields {
			f := &it.Fields[i]
			for _, h := range slices.Concat([]string{f.Code, f.Name}, f.Aliases, f.Old) {
				if m := it.MatchHeaders([]string{h}); m.Columns[0] != i {
					t.Errorf("%s: %q is not %s", it.Code, h, f.Code)
				}
			}
		}
	}
}

func names(it *Item) []string {
	out := make([]string, len(it.Fields))
	for i := range it.Fields {
		out[i] = it.Fields[i].Name
	}
	return out
}

func TestMatchHeadersWhole(t *testing.T) {
	t.Parallel()
	for _, it := range Default().Items {
		cells := names(it)
		slices.Reverse(cells)
		m := it.MatchHeaders(cells)
		if !m.OK() || m.Template != TemplateCurrent || m.Matched != len(it.Fields) || len(m.Reasons()) != 0 {
			t.Errorf("%s: %+v", it.Code, m)
		}
	}
}

func TestMatchHeadersReports(t *testing.T) {
	t.Parallel()
	it, _ := Default().Item("XZCF")
	cells := append(names(it), "不认识的列", "公示期限", "行政相对人名称", "CF_JG")
	cells[slices.Index(cells, "违法事实")] = ""
	m := it.MatchHeaders(cells)
	if m.OK() {
		t.Error("a map with a missing and a double column is not OK")
	}
	n := len(it.Fields)
	want := HeaderMap{
		Unknown: []Column{{Index: n, Name: "不认识的列"}},
		Unused:  []Column{{Index: n + 1, Name: "公示期限", Note: "公示期限由平台按规则计算；要缩短的，请填“公示截止期”"}, {Index: n + 3, Name: "CF_JG", Field: "CF_NR", Note: "已有新模板的列“处罚内容”"}},
		Twice:   []Column{{Index: n + 2, Name: "行政相对人名称", Field: "CF_XDR_MC"}},
		Missing: []Column{{Index: -1, Name: "违法事实", Field: "CF_SY"}},
	}
	got := HeaderMap{Unknown: m.Unknown, Unused: m.Unused, Twice: m.Twice, Missing: m.Missing}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(HeaderMap{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"3002 CF_SY", "3003 CF_XDR_MC", "w3001 "}, brief(m.Reasons())); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
}

func TestMatchHeadersExcuses(t *testing.T) {
	t.Parallel()
	it, _ := Default().Item("XZXK")
	var cells []string
	for _, n := range names(it) {
		if n != "行政许可决定文书号" {
			cells = append(cells, n)
		}
	}
	if m := it.MatchHeaders(cells); !m.OK() {
		t.Errorf("the document number can be taken from the licence number: %+v", m.Missing)
	}
	cells = slices.DeleteFunc(cells, func(s string) bool { return s == "许可编号" })
	if m := it.MatchHeaders(cells); m.OK() {
		t.Error("without a licence number nothing stands in for the document number")
	}
}

// A row of the 2015/16 template is mapped, completed from what it says and from the unit, and accepted.
func TestOldTemplate(t *testing.T) {
	t.Parallel()
	unit := CheckInput{Received: received, UnitCode: "11990100001000010R", UnitName: "临溪市市场监督管理局"}
	tests := []struct {
		name string
		item ItemCode
		rows [][2]string // header, cell
		want map[string]string
		says []string
		kind SubjectKind
	}{
		{
			name: "licence", item: "XZXK",
			rows: [][2]string{
				{"XK_WSH", "临许〔2016〕1号"},
				{"XK_XMMC", "食品经营许可"},
				{"XK_SPLB", "普通"},
				{"XK_NR", "食品销售"},
				{"XK_XDR", "临溪市示例食品有限公司"},
				{"XK_XDR_SHXYM", "91990102MA0A00014H"},
				{"XK_XDR_ZDM", ""},
				{"XK_XDR_GSDJ", "/"},
				{"XK_XDR_SWDJ", "无"},
				{"XK_XDR_SFZ", ""},
				{"XK_FR", "示例"},
				{"XK_JDRQ", "2016/3/8"},
				{"XK_JZQ", "2019/3/7"},
				{"XK_XZJG", "临溪市市场监督管理局"},
				{"XK_ZT", "0"},
				{"DFBM", "990100"},
				{"SJC", "2016/3/9"},
				{"BZ", ""},
			},
			want: map[string]string{
				"XK_XDR_LB": "法人及非法人组织", "XK_YXQZ": "2016-03-08", "XK_YXQZI": "2019-03-07", "XK_ZT": "有效", "XK_XKWS": "食品经营许可",
				"XK_LYDW": "临溪市市场监督管理局", "XK_LYDWDM": "11990100001000010R", "XK_XKJGDM": "11990100001000010R",
			},
			kind: LegalEntity,
		},
		{
			name: "licence of another authority", item: "XZXK",
			rows: [][2]string{
				{"XK_WSH", "临许〔2016〕2号"},
				{"XK_XMMC", "经营许可"},
				{"XK_SPLB", "普通"},
				{"XK_NR", "销售"},
				{"XK_XDR", "临溪市示例食品有限公司"},
				{"XK_XDR_SHXYM", "92990103MA0B00015J"},
				{"XK_JDRQ", "2016/3/8"},
				{"XK_XZJG", "临溪市应急管理局"},
				{"XK_ZT", "1"},
			},
			want: map[string]string{"XK_XDR_LB": "个体工商户", "XK_ZT": "撤销", "XK_XKJGDM": ""},
			says: []string{"w2002 XK_FRDB", "w2001 XK_YXQZI", "w2001 XK_XKJGDM"},
			kind: IndividualBusiness,
		},
		{
			name: "licence of a person", item: "XZXK",
			rows: [][2]string{
				{"XK_WSH", "临许〔2016〕3号"},
				{"XK_XMMC", "从业许可"},
				{"XK_SPLB", "认可"},
				{"XK_NR", "从业"},
				{"XK_XDR", "示例"},
				{"XK_XDR_SFZ", "370303199001010017"},
				{"XK_JDRQ", "2016/3/8"},
				{"XK_JZQ", "长期"},
				{"XK_XZJG", "临溪市市场监督管理局"},
				{"XK_ZT", "正常"},
			},
			want: map[string]string{"XK_XDR_LB": "自然人", "XK_XDR_ZJLX": "身份证", "XK_YXQZI": "2099-12-31"},
			kind: Person,
		},
		{
			name: "penalty", item: "XZCF",
			rows: [][2]string{
				{"CF_WSH", "临罚〔2016〕1号"},
				{"CF_CFMC", "无证经营案"},
				{"CF_CFLB1", "罚款"},
				{"CF_CFLB2", "没收违法所得"},
				{"CF_SY", "无证经营"},
				{"CF_YJ", "某法"},
				{"CF_XDR_MC", "临溪市示例食品有限公司"},
				{"CF_XDR_SHXYM", "91990102MA0A00014H"},
				{"CF_FR", "示例"},
				{"CF_JG", "没收违法所得伍佰元，罚款人民币2000元"},
				{"CF_JDRQ", "2016/3/8"},
				{"CF_JZRQ", "2016/9/8"},
				{"CF_XZJG", "临溪市市场监督管理局"},
				{"CF_ZT", "0"},
				{"GSQX", "6个月"},
			},
			want: map[string]string{
				"CF_WFXW": "无证经营案", "CF_CFLB": "罚款、没收违法所得", "CF_NR_FK": "0.2", "CF_NR_WFFF": "0.05", "CF_YXQ": "2016-09-08", "CF_ZT": "有效",
				"CF_SJLYDM": "11990100001000010R", "CF_CFJGDM": "11990100001000010R",
			},
			kind: LegalEntity,
		},
		{
			name: "penalty whose text names no amount", item: "XZCF",
			rows: [][2]string{
				{"CF_WSH", "临罚〔2016〕2号"},
				{"CF_AJMC", "无证经营案"},
				{"CF_CFLB1", "罚款"},
				{"CF_SY", "无证经营"},
				{"CF_YJ", "某法"},
				{"CF_XDR_MC", "临溪市示例食品有限公司"},
				{"CF_XDR_SHXYM", "91990102MA0A00014H"},
				{"CF_FR", "示例"},
				{"CF_JG", "罚款"},
				{"CF_JDRQ", "2016/3/8"},
				{"CF_JZRQ", "2016/9/8"},
				{"CF_XZJG", "临溪市市场监督管理局"},
			},
			says: []string{"w2301 CF_NR_FK"}, kind: LegalEntity,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			it, _ := Default().Item(tt.item)
			var head, cells []string
			for _, r := range tt.rows {
				head, cells = append(head, r[0]), append(cells, r[1])
			}
			m := it.MatchHeaders(head)
			if m.Template != Template2015 || !m.OK() || len(m.Unknown) != 0 {
				t.Fatalf("map: template %s, missing %v, twice %v, unknown %v", m.Template, m.Missing, m.Twice, m.Unknown)
			}
			v := m.Row(cells, nil)
			var kind SubjectKind
			in := unit
			in.Template, in.Kind = m.Template, &kind
			got, want := brief(it.Check(v, &in)), tt.says
			if want == nil {
				want = []string{}
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
			for code, want := range tt.want {
				if got := get(t, it, v, code); got != want {
					t.Errorf("%s = %q, want %q", code, got, want)
				}
			}
			if kind != tt.kind {
				t.Errorf("kind %q, want %q", kind, tt.kind)
			}
		})
	}
}

func TestRowReuse(t *testing.T) {
	t.Parallel()
	it, _ := Default().Item("XZCF")
	m := it.MatchHeaders([]string{"CF_WSH", "甲", "CF_CFLB1", "CF_CFLB2"})
	v := m.Row([]string{"一号", "x", "警告", "罚款"}, nil)
	v = m.Row([]string{"二号"}, v)
	if got := get(t, it, v, "CF_WSH") + get(t, it, v, "CF_CFLB"); got != "二号" {
		t.Errorf("a reused row keeps %q", got)
	}
	if len(v) != len(it.Fields) {
		t.Errorf("%d values", len(v))
	}
}

func FuzzMatchHeaders(f *testing.F) {
	f.Add("行政相对人名称\x00CF_WSH\x00行政相对人代码_1（统一社会信用代码）\x00（\x00SJC", "甲\x00乙")
	f.Add("XK_XDR\x00XK_SPLB\x00XK_JZQ", "")
	f.Fuzz(func(t *testing.T, head, cells string) {
		header, row := strings.Split(head, "\x00"), strings.Split(cells, "\x00")
		for _, it := range Default().Items {
			m := it.MatchHeaders(header)
			seen := m.Matched + len(m.Unknown) + len(m.Unused) + len(m.Twice)
			for _, h := range header {
				if cntext.Clean(h) == "" {
					seen++
				}
			}
			if seen != len(header) {
				t.Fatalf("%s: %d columns accounted for, the file has %d", it.Code, seen, len(header))
			}
			for col, i := range m.Columns {
				if i >= len(it.Fields) || i >= 0 && m.Fields[i] < 0 {
					t.Fatalf("%s: column %d", it.Code, col)
				}
			}
			m.Reasons()
			if v := m.Row(row, nil); len(v) != len(it.Fields) {
				t.Fatalf("%s: %d values", it.Code, len(v))
			}
		}
	})
}
