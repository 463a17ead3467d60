package audit

import (
	"strings"

	log "gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

var kindWords = map[string]string{
	"account": "账号", "key": "接口密钥", "local": "本机操作员", "system": "定时任务", "anonymous": "未登录",
}

var kindOptions = options("account", "账号", "key", "接口密钥", "local", "本机操作员", "system", "定时任务", "anonymous", "未登录")

var whatWords = map[string]string{
	"subject": "查一个主体", "record": "查一条记录", "consented": "凭授权查询", "own": "本人查询", "check": "信用核查", "check_again": "再看核查结果", "claim": "审核认领时看材料",
	"queue": "看待匹配的行", "workbook": "下载错误表", "file": "下载报送原文件", "listing": "看名单条目", "order": "看联合奖惩指令", "task": "看联合奖惩任务", "repair": "办理信用修复", "objection": "办理异议", "report": "再次查看信用报告", "correction": "看更正告知", "consent": "审计时看授权书", "declaration": "审查自主申报",
}

var whatOptions = options("subject", "查一个主体", "record", "查一条记录", "consented", "凭授权查询", "own", "本人查询", "check", "信用核查", "check_again", "再看核查结果", "claim", "审核认领时看材料",
	"queue", "看待匹配的行", "workbook", "下载错误表", "file", "下载报送原文件", "listing", "看名单条目", "order", "看联合奖惩指令", "task", "看联合奖惩任务", "repair", "办理信用修复", "objection", "办理异议", "report", "再次查看信用报告", "correction", "看更正告知", "consent", "审计时看授权书", "declaration", "审查自主申报")

var outcomeWords = map[string]string{log.Answered: "已作答", log.Refused: "已拒绝"}

var outcomeOptions = options(log.Answered, "已作答", log.Refused, "已拒绝")

// WhatWord names a kind of look-up, and ActWord an act, as the auditor's pages do.
func WhatWord(what string) string { return whatWord(what) }

// ActWord names an act; one of a later version shows its code.
func ActWord(action string) string { return desk.Word(actionWords, action) }

// whatWord names a kind of look-up; a refused look at what is somebody else's is kept by its action.
func whatWord(what string) string {
	if w, ok := whatWords[what]; ok {
		return w
	}
	if a := authz.Action(what); a.Known() {
		return a.Label()
	}
	return what
}

// missingWords name the elements for lack of which look-ups are refused.
var missingWords = map[string]string{
	"sign_in": "登录", "role": "角色", "factor": "第二步验证", "purpose": "应用事项或者授权", "subject": "主体（没有查到）", "record": "记录（没有查到）", "item": "信息事项",
	"rate": "查询次数（本小时已用完）", "matter": "应用事项", "matter_agency": "本单位的应用事项", "matter_lapsed": "在有效期内的应用事项", "matter_basis": "生效的法律依据",
	"matter_item": "应用事项列出的信息事项", "matter_kind": "应用事项包括的主体种类", "consent": "授权书", "consent_grantee": "给本单位的授权", "consent_purpose": "授权书写明的用途",
	"consent_revoked": "未撤销的授权", "consent_early": "已生效的授权", "consent_expired": "有效期内的授权", "consent_used": "授权的剩余次数", "consent_item": "授权书列出的信息事项",
	"reach": "办理范围（不是本单位、本辖区或者本人的）",
}

// detailWords puts the codes of elements in an alert's sentence into words.
func detailWords(s string) string {
	before, rest, ok := strings.Cut(s, "“")
	code, after, closed := strings.Cut(rest, "”")
	if word, known := missingWords[code]; ok && closed && known {
		return before + "“" + word + "”" + after
	}
	return s
}

func outcomeTone(o string) ui.Tone {
	if o == log.Answered {
		return ui.Good
	}
	return ui.Warn
}

// whoWords name an actor by kind and number; a number never becomes a name in a list.
func whoWords(w log.Who) string {
	kind := desk.Word(kindWords, w.Kind)
	if w.ID == 0 {
		return desk.Dash(kind)
	}
	return kind + " " + desk.Dec(w.ID)
}

func options(pairs ...string) []ui.Option {
	var out []ui.Option
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, ui.Option{Value: pairs[i], Label: pairs[i+1]})
	}
	return out
}
