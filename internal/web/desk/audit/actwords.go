package audit

import (
	"maps"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/correction"
	"gongxin/internal/declaration"
	"gongxin/internal/flow"
	"gongxin/internal/listing"
	"gongxin/internal/measure"
	"gongxin/internal/objection"
	"gongxin/internal/repair"
)

// actionWords say what the acts are; an act of a later version shows its code.
var actionWords = func() map[string]string {
	all := procedureWords(procedures())
	maps.Copy(all, plainWords)
	return all
}()

// plainWords are the acts that features write themselves.
var plainWords = map[string]string{
	"account.open": "开立账号", "account.disable": "停用账号", "account.enable": "恢复账号", "account.close": "本人注销账号", "account.grant": "授予角色", "account.revoke": "收回角色",
	"account.change_password": "更换口令", "account.reset_password": "重置口令", "account.reset_factor": "清除第二步验证",
	"session.begin": "登录", "session.first_factor": "口令通过，等待第二步验证", "session.refuse": "登录被拒绝", "session.end": "结束一处登录", "session.end_others": "结束其他登录", "session.end_all": "结束全部登录",
	"factor.enrol": "登记第二步验证", "factor.remove": "删除第二步验证", "factor.rename": "通行密钥改名", "factor.recover": "用恢复码登录", "factor.recovery_codes": "更换恢复码",
	"oidc.tie": "关联统一身份", "oidc.untie": "解除统一身份关联",
	"claim.make": "认领主体", "claim.decide": "审核认领", "claim.end": "放弃认领", "claim.evidence_expire": "删除到期的认领材料",
	"key.new": "申领接口密钥", "key.rotate": "更换密钥",
	"key.wrap": "改换密钥环的封装", "key.token_add": "加入新的检索密钥", "key.token_promote": "启用新的检索密钥", "key.token_retire": "停用旧的检索密钥", "key.log_new": "另立日志密钥", "key.revoke": "停用接口密钥",
	"consent.grant": "授权", "consent.revoke": "撤销授权", "matter.save": "登记应用事项",
	"access.search": "查阅查询日志", "access.export": "下载查询日志", "access.refused": "查看办理范围以外的内容被拒", "act.search": "查阅操作日志", "alert.handle": "处理异常提醒",
	"access.secrecy": "设定延迟告知", "access.secrecy_end": "结束延迟告知",
	"approval.draft": "起草", "approval.revise": "修改草案", "approval.submit": "提交草案", "approval.approve": "批准草案",
	"approval.reject": "退回草案", "approval.withdraw": "撤回草案", "approval.apply": "草案施行", "approval.give_back": "草案到期未施行",
	"channel.add": "登记通知地址", "channel.confirm": "确认通知地址", "channel.remove": "删除通知地址", "notice.retry": "重发通知",
	"deputy.set": "委托代办", "deputy.end": "结束代办",
	"listing.empower": "设定名单的认定单位", "listing.dispute": "标注名单条目异议中", "listing.undispute": "撤下名单条目的异议标注", "measure.issue": "发起联合奖惩", "measure.matter": "设定事项适用的措施",
	"correction.confirm": "确认落实更正", "repair.draft": "保存修复申请草稿", "repair.drop": "删除修复申请草稿", "report.create": "生成信用报告", "report.batch": "批量生成信用报告", "report.batch_cancel": "取消批量生成信用报告", "report.batch_result": "下载批量生成的信用报告", "report.prune": "删除过了保存期限的报告内容",
	"check.make": "信用核查", "check.feedback": "反馈核查的应用结果", "check.batch": "批量核查", "check.embed": "为业务系统开嵌入核查窗口", "check.batch_result": "下载批量核查结果",
}

// procedures are the tables whose steps are acts; a test holds the list against the program.
func procedures() []flow.Table {
	return []flow.Table{listing.Table(), measure.Table(), measure.WithdrawTable(), objection.Table(), repair.Table(repair.Clocks{}), repair.BreachTable(), repair.ShieldTable(), correction.Table(), declaration.Table(), declaration.EndTable()}
}

// stepsOfAll are the steps that every procedure has.
var stepsOfAll = map[flow.Event]string{
	flow.EventOverdue: "超过期限", flow.EventPause: "期限暂停", flow.EventResume: "期限恢复", flow.EventExtend: "延长期限", flow.EventAssign: "指定经办人", flow.EventHandover: "移交经办",
}

// procedureWords name the steps of procedures, as the engine writes them: the kind of the procedure, a dot, the event.
func procedureWords(tables []flow.Table) map[string]string {
	out := map[string]string{}
	for _, t := range tables {
		for _, m := range t.Moves {
			out[t.Kind+"."+string(m.Event)] = t.Title + "：" + m.Name
		}
		for event, word := range stepsOfAll {
			out[t.Kind+"."+string(event)] = t.Title + "：" + word
		}
	}
	return out
}

// noteWords are the single words of an act's note; numbers, hashes and what stands as name=value are left as they are.
var noteWords = map[string]string{
	"password": "口令", "totp": "动态口令", "passkey": "通行密钥", "factor": "第二步验证", "staff": "工作人员", "institution": "机构", "business": "企业", "approved": "通过", "pending": "待审核", "rejected": "退回", "demo": "演示",
}

// note puts an act's note into words as far as they are known.
func note(detail string) string {
	words := strings.Fields(detail)
	for i, w := range words {
		if role := authz.Role(w); role.Valid() {
			words[i] = role.Name()
		} else if word, known := noteWords[w]; known {
			words[i] = word
		}
	}
	return strings.Join(words, " ")
}
