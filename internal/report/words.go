package report

import (
	"fmt"

	"gongxin/internal/catalog"
)

// noneFound is what the standard prints in an empty chapter.
const noneFound = "查询期内无相关信息"

// What stands there when a consent opens some of the chapter's items, or none.
const (
	noneOpen = "授权开放的事项中，查询期内无相关信息"
	notOpen  = "不在授权范围内，没有查询"
)

var titles = map[Kind]string{
	Standard: "公共信用信息报告",
	Person:   "个人公共信用信息报告",
	Special:  "专项信用报告（信用代证）",
}

// KindName gives a kind of report for people.
func KindName(k Kind) string {
	switch k {
	case Standard:
		return "标准报告"
	case Person:
		return "个人报告"
	case Special:
		return "专项报告（信用代证）"
	default:
		return string(k)
	}
}

var subjectKinds = map[catalog.SubjectKind]string{
	catalog.LegalEntity: "法人", catalog.OtherOrg: "非法人组织", catalog.IndividualBusiness: "个体工商户", catalog.Person: "自然人",
}

var statusWords = map[string]string{
	"active": "存续", "cancelled": "已注销", "revoked": "已吊销", "moved": "已迁出", "provisional": "登记信息待补", "unknown": "登记信息待补",
}

var numerals = [...]string{1: "一", 2: "二", 3: "三", 4: "四", 5: "五", 6: "六", 7: "七", 8: "八", 9: "九", 10: "十"}

// numeral gives the number of a chapter as the standard writes it; a chapter that the standard does not number has none.
func numeral(no int) string {
	if no < 1 || no >= len(numerals) {
		return ""
	}
	return numerals[no]
}

// advice is chapter 十: what the law offers, the same for everyone, without a word on how good or bad anybody is.
func advice(adverse int) []string {
	if adverse == 0 {
		return []string{"本报告没有列出需要修复的信息。认为报告中的信息有误、遗漏或者不应列入的，可以提出异议。"}
	}
	return []string{
		"对行政处罚、严重失信主体名单、经营异常名录等信息，履行义务、纠正行为并且达到规定期限后，可以申请信用修复；修复不收费。",
		"认为信息有误、遗漏或者不应列入的，可以提出异议；异议处理期间标注“异议中”。",
		"义务已经履行但信息没有更新的，可以向作出决定的单位或者本平台提出更正。",
	}
}

// notes are the explanation at the end: neutral, with the ways to object and to repair.
func notes(d *Document, truncated bool) []string {
	out := []string{
		"本报告依法归集的信息由数据来源单位提供，平台如实列示，未作编辑，不打分，不评级，不代表对主体信用状况的评价。",
		fmt.Sprintf("本报告反映的是 %s 时平台已知的情况；此后新增、更正、修复或者撤回的信息不在其中。使用前请核验报告是否仍然有效。", chinaTime(d.AsOf)),
		"报告不含身份证件号码；涉及自然人的内容依法遮盖。",
		"认为信息有误、遗漏或者不应列入的，可以在本平台“异议指南”栏目或者向数据来源单位提出异议；符合条件的失信信息可以在“信用修复指南”栏目申请修复。均不收费。",
	}
	switch d.Kind {
	case Standard:
		out = append(out, "本报告只列依法向社会公开并且在公示期内的信息：已经修复、期满、撤回的，以及轻微的和适用简易程序的，不在其中。")
	case Person:
		out = append(out, "本报告应本人申请或者经本人授权生成，含个人信息，请妥善保管；他人未经本人同意不得查询和使用。适用简易程序的行政处罚不列入。")
	case Special:
		out = append(out, "本报告按申请人选定的领域和期间列出行政处罚（含适用简易程序的）、行政强制、严重失信主体名单和刑事裁判。")
		if d.consented {
			out = append(out, "本报告凭主体的授权生成，只列现在有效并且在公示期内的记录；已经修复、期满、撤下的依法停止共享，不在其中，完整性证明也由主体自行出具。需要列出已修复记录的，请由主体自己生成专项报告。")
		} else {
			out = append(out, "已经修复的标注“已修复”，公示期满的标注“公示期满”；被撤销、撤回、确认违法的和依法屏蔽的不列。")
		}
		out = append(out, "没有具有法律效力的文书的，不视为违法违规。“未发现记录”是指平台在所载期间没有归集到作出决定的单位属于该领域的记录。")
	}
	if truncated {
		out = append(out, "个别事项的记录很多，报告列出其中最近的一部分，总数以信用信息概要为准。")
	}
	return append(out, "报告经国密 SM2 签名，并附公开日志的证明。核验：扫描首页二维码；或者在本平台“报告核验”页面输入报告编号和核验码；或者离线运行 gongxin verify 报告文件。")
}
