package portal

import (
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/publish"
	"gongxin/internal/web/ui"
)

// The words of the codes that views carry; an unknown code is shown as it is, so that nothing disappears.

func word(table map[string]string, code string) string {
	if w, ok := table[code]; ok {
		return w
	}
	return code
}

var kindWords = map[string]string{
	string(catalog.LegalEntity):        "法人",
	string(catalog.OtherOrg):           "非法人组织",
	string(catalog.IndividualBusiness): "个体工商户",
	string(catalog.Person):             "自然人",
}

func kindWord(k catalog.SubjectKind) string { return word(kindWords, string(k)) }

var statusWords = map[string]string{
	"active":      "存续",
	"cancelled":   "已注销",
	"revoked":     "已吊销",
	"moved":       "已迁出",
	"provisional": "登记信息待补",
	"unknown":     "登记信息待补",
}

func statusWord(s string) string { return word(statusWords, s) }

func statusTone(s string) ui.Tone {
	switch s {
	case "active":
		return ui.Good
	case "cancelled", "revoked", "moved":
		return ui.Warn
	default:
		return ui.Plain
	}
}

var classWords = map[string]string{
	string(catalog.Public):     "社会公开",
	string(catalog.Authorised): "授权查询",
	string(catalog.Shared):     "部门共享",
}

func classWord(c catalog.Class) string { return word(classWords, string(c)) }

var severityWords = map[string]string{
	"minor":    "轻微失信",
	"ordinary": "一般失信",
	"serious":  "严重失信",
}

var polarityWords = map[string]string{
	string(catalog.Positive): "正面",
	string(catalog.Negative): "负面",
	string(catalog.Neutral):  "中性",
}

var howWords = map[string]string{
	"exact":    "名称完全一致",
	"code":     "代码一致",
	"prefix":   "名称开头一致",
	"contains": "名称中含有",
	"words":    "各词都在名称中",
	"initials": "拼音首字母一致",
	"fuzzy":    "名称相近，可能有一字之差",
}

var actionWords = map[string]string{
	"filed":     "报送入库",
	"corrected": "更正",
	"updated":   "更正",
	"withdrawn": "撤回",
	"restored":  "恢复",
	"repaired":  "信用修复",
	"ended":     "期满停止公示和使用",
	"annulled":  "撤下",
	"shielded":  "重整期间屏蔽",
	"destroyed": "内容依规定销毁",
}

var typeWords = map[string]string{
	string(catalog.Text):     "文本",
	string(catalog.DateType): "日期",
	string(catalog.Number):   "数值",
	string(catalog.Integer):  "整数",
	string(catalog.Enum):     "单选",
	string(catalog.EnumSet):  "多选",
	string(catalog.USCC):     "统一社会信用代码",
	string(catalog.OrgCode):  "组织机构代码",
	string(catalog.RegNo):    "注册号",
	string(catalog.IDDoc):    "证件号码",
	string(catalog.Division): "行政区划代码",
}

var publicityWords = map[string]string{
	"licence":      "公示至许可有效期届满；被撤回的即时停止公示。",
	"penalty":      "按行政处罚的程序、种类和数额划分轻微、一般、严重，分别确定公示期；适用简易程序的和轻微的原则上不公示。",
	"listing":      "公示至移出名单，最长不超过规定年限。",
	"abnormal":     "公示至移出异常名录，最长不超过规定年限。",
	"commitment":   "公示至承诺有效期届满，最长不超过规定年限。",
	"registration": "存续期间公示；注销后按登记机关的规定处理。",
	"standing":     "长期公示；载明有效期的，公示至有效期届满。",
	"none":         "不向社会公示。",
}

var chapterNumerals = [...]string{"", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十"}

func chapterNumeral(n int) string {
	if n > 0 && n < len(chapterNumerals) {
		return chapterNumerals[n]
	}
	return ""
}

// chapterTitle is a chapter's name with its number, if it has one.
func chapterTitle(n int, name string) string {
	if no := chapterNumeral(n); no != "" {
		return no + "、" + name
	}
	return name
}

// chapterWords names a chapter of the report; what stands behind the tenth has no number.
func chapterWords(n int) string {
	if no := chapterNumeral(n); no != "" {
		return "第" + no + "章"
	}
	return "第十章之后（公共信用信息地方补充内容）"
}

// until says when a record leaves public view. PublicUntil is the first day on which it is no longer shown.
func until(v *publish.RecordView) string {
	if v.PublicUntil.IsZero() {
		return "长期公示"
	}
	return v.PublicUntil.String() + "（当日起不再公示）"
}

// moment writes an instant in China's time to the minute.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(clock.Zone).Format("2006-01-02 15:04")
}

// dash stands for an empty value.
func dash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}
