package authz

// Reach says how far a row of the table goes.
type Reach uint8

// The reaches. Each but Any meets a zero in the scope with a refusal.
const (
	Any        Reach = iota // everything; for a role only when its grant reaches the whole city
	OwnAgency               // things of the grant's unit; within the grant's region too, where grant and scope both name one
	OwnRegion               // things in the grant's subtree of divisions
	OwnSubject              // things about the grant's claimed subject
	OwnAccount              // the actor's own account, or what it submitted
)

// Rule is one row of the permission table: this role may do this, this far.
type Rule struct {
	Action   Action
	Role     Role
	Reach    Reach
	Strong   bool // only in a session with a second factor
	Separate bool // never on what the actor itself submitted, nor on its own account
}

// ID names the row, as "queue.decide/reviewer".
func (r Rule) ID() string { return string(r.Action) + "/" + string(r.Role) }

// Described is an action with its words and its rows.
type Described struct {
	Action Action
	Label  string // what it is, in Chinese
	Key    bool   // a program may do it with an API key
	Rules  []Rule
}

// Group is a part of the table as people read it.
type Group struct {
	Title   string
	Actions []Described
}

// The short forms in which the rows below are written.
func row(reach Reach, roles ...Role) []Rule {
	rules := make([]Rule, len(roles))
	for i, role := range roles {
		rules[i] = Rule{Role: role, Reach: reach}
	}
	return rules
}

func separate(rules []Rule) []Rule {
	for i := range rules {
		rules[i].Separate = true
	}
	return rules
}

func strong(rules []Rule) []Rule {
	for i := range rules {
		rules[i].Strong = true
	}
	return rules
}

func action(a Action, label string, rows ...[]Rule) Described {
	d := Described{Action: a, Label: label}
	for _, rules := range rows {
		for _, r := range rules {
			r.Action = a
			r.Strong = r.Strong || r.Role.Watches()
			d.Rules = append(d.Rules, r)
		}
	}
	return d
}

func (d Described) byKey() Described {
	d.Key = true
	return d
}

func public(a Action, label string) Described {
	return action(a, label, row(Any, Everyone)).byKey()
}

// Table gives the permission table. The caller may change its copy.
func Table() []Group {
	return []Group{
		{"公开", publicActions()},
		{"报送", filingActions()},
		{"信用报告", reportActions()},
		{"非公开信息、同意和查询日志", disclosureActions()},
		{"信用核查", checkActions()},
		{"账号", accountActions()},
		{"起草和审批", draftActions()},
		{"名单", listingActions()},
		{"联合奖惩", measureActions()},
		{"异议", objectionActions()},
		{"信用修复", repairActions()},
		{"自主申报", declarationActions()},
		{"更正告知", correctionActions()},
		{"办理事项", caseActions()},
		{"运行", operationActions()},
	}
}

func publicActions() []Described {
	return []Described{
		public(PortalRead, "打开公开网站的页面"),
		public(SubjectSearch, "按名称或代码查找法人和个体工商户"),
		public(SubjectRead, "看一个主体的公开信息"),
		public(RecordRead, "看一条公开的记录"),
		public(ColumnRead, "看公示栏目"),
		public(OpenDataRead, "下载开放数据"),
		public(CatalogRead, "看目录和填报模板"),
		public(StatisticsRead, "看公开统计"),
		public(LogRead, "读公开日志、检查点和证明"),
		public(HealthRead, "查询服务是否正常"),
		public(SelfRead, "看自己是谁、有哪些权限"),
		action(SessionOpen, "登录", row(Any, Everyone)),
		action(SessionClose, "退出登录", row(Any, Everyone)),
		action(AccountOpen, "居民和企业代理人开立账号", row(Any, Everyone)),
	}
}

// Filing is the unit's own affair; whether a row that nothing links belongs to a subject is decided by someone who did not file it.
func filingActions() []Described {
	return []Described{
		action(SubmissionCreate, "报送数据", row(OwnAgency, FilingClerk), row(Any, Operator)).byKey(),
		action(SubmissionRead, "看报送批次和回执", row(OwnAgency, FilingClerk, Reviewer), row(OwnRegion, OfficeOperator), row(Any, Operator)).byKey(),
		action(SubmissionErrors, "下载错误工作簿（含报送原文）", row(OwnAgency, FilingClerk, Reviewer), row(Any, Operator)).byKey(),
		action(QueueRead, "看待人工认定的行", row(OwnAgency, FilingClerk, Reviewer), row(OwnRegion, OfficeOperator), row(Any, Operator)).byKey(),
		action(QueueDecide, "认定一行属于哪个主体，或退回", separate(row(OwnAgency, Reviewer)), separate(row(OwnRegion, OfficeOperator)), row(Any, Operator)),
		action(QueueUndo, "撤回一次认定", row(OwnAgency, Reviewer), row(OwnRegion, OfficeOperator), row(Any, Operator)),
	}
}

// A standard report holds what is public anyway. Any other is read through the gate besides: as the subject's own file, or with a live consent.
func reportActions() []Described {
	return []Described{
		public(ReportCreate, "生成法人、非法人组织和个体工商户的标准信用报告"),
		public(ReportRead, "按编号查看和下载标准信用报告"),
		public(ReportVerify, "按编号和核验码核验报告"),
		action(ReportOwn, "生成和查看自己的专项报告（信用代证）、个人报告", row(OwnSubject, BusinessAgent, Resident)),
		action(ReportConsented, "经本人同意生成专项报告、个人报告（另需有效的同意）", row(OwnAgency, InstitutionOfficer, WindowOfficer)).byKey(),
		action(ReportBatch, "批量生成信用报告", row(OwnAgency, InstitutionOfficer, WindowOfficer), row(OwnRegion, OfficeOperator), row(Any, Operator)).byKey(),
	}
}

// Reading beyond the public needs, besides the row, what publish asks for: a matter with its basis, or a live consent.
func disclosureActions() []Described {
	return []Described{
		action(DiscloseDepartment, "为办理事项查部门共享信息（丙类，另需事项和依据）", row(OwnAgency, WindowOfficer, OfficeOperator)).byKey(),
		action(DiscloseConsented, "经本人同意查授权信息（乙类，另需有效的同意）", row(OwnAgency, InstitutionOfficer, WindowOfficer)).byKey(),
		action(DiscloseOwn, "看自己的全部信息", row(OwnSubject, BusinessAgent, Resident)),
		action(MatterRead, "看办理事项清单", row(OwnAgency, WindowOfficer, InstitutionOfficer), row(OwnRegion, OfficeOperator, Auditor), row(Any, Operator)).byKey(),
		action(MatterManage, "设立和停用办理事项", row(OwnRegion, OfficeOperator), row(Any, Operator)),
		action(ConsentGrant, "同意他人查询自己的信息", row(OwnSubject, BusinessAgent, Resident)),
		action(ConsentRevoke, "撤回同意", row(OwnSubject, BusinessAgent, Resident)),
		action(ConsentRead, "看同意书", row(OwnSubject, BusinessAgent, Resident), row(OwnAgency, InstitutionOfficer, WindowOfficer), row(OwnRegion, Auditor)).byKey(),
		action(AccessOwn, "看谁查过自己", row(OwnSubject, BusinessAgent, Resident)),
		action(AccessAudit, "查阅查询日志", row(OwnRegion, Auditor)),
		action(AccessSecrecy, "依法推迟向本人显示一次查询", separate(row(Any, AuditAdmin))),
		action(ActRead, "查阅操作日志", row(OwnRegion, Auditor), row(Any, AuditAdmin)),
		action(AlertRead, "看异常查询提醒", row(OwnRegion, Auditor), row(Any, AuditAdmin)),
		action(AlertHandle, "处理异常查询提醒", separate(row(OwnRegion, Auditor)), separate(row(Any, AuditAdmin))),
		action(AlertManage, "设定异常查询的判断标准", row(Any, AuditAdmin), row(Any, Operator)),
	}
}

// Whether a check is answered is decided on by its matter and basis besides, as for any look-up beyond the public (disclosure.department).
func checkActions() []Described {
	return []Described{
		action(CheckMake, "按应用事项核查一个主体（另需事项和依据）", row(OwnAgency, WindowOfficer, OfficeOperator)).byKey(),
		action(CheckRead, "再看本单位的核查结果", row(OwnAgency, WindowOfficer, OfficeOperator)).byKey(),
		action(CheckBatch, "批量核查，看进度和结果", row(OwnAgency, WindowOfficer, OfficeOperator)).byKey(),
		action(CheckFeedback, "反馈核查结果怎么用、采取了什么措施", row(OwnAgency, WindowOfficer, OfficeOperator)).byKey(),
		public(CheckEmbedded, "打开业务系统里嵌入的核查窗口（凭一次性票据；票据由本单位的接口密钥换取，每次核查仍核对密钥、应用事项和网站来源）"),
		action(CheckCoverage, "看查询使用指标（只有数量）", row(OwnAgency, WindowOfficer, ListApprover), row(OwnRegion, OfficeOperator, Auditor), row(Any, Operator)).byKey(),
	}
}

func accountActions() []Described {
	return []Described{
		action(DeskOpen, "打开工作台首页", row(Any, SignedIn), row(Any, Operator)),
		action(AccountOwn, "看和改自己的账号、口令", row(OwnAccount, SignedIn)),
		action(FactorEnrol, "登记和验证自己的第二因素", row(OwnAccount, SignedIn)),
		action(SessionOwn, "看和结束自己的登录", row(OwnAccount, SignedIn)),
		action(KeyOwn, "申领、更换和停用自己的接口密钥", strong(row(OwnAccount, FilingClerk, WindowOfficer, OfficeOperator, InstitutionOfficer))),
		action(ClaimMake, "认领企业或验证本人身份", row(OwnAccount, SignedIn)),
		action(ClaimReview, "审核认领", separate(row(OwnRegion, OfficeOperator))),
		action(AccountRead, "看账号和角色清单", row(OwnRegion, SecurityAdmin, Auditor), row(Any, AuditAdmin), row(Any, Operator)),
		action(AccountManage, "开立、停用账号和授予角色", separate(row(OwnRegion, SecurityAdmin)), row(Any, Operator)),
		action(SessionManage, "结束他人的登录", separate(row(OwnRegion, SecurityAdmin)), row(Any, Operator)),
		action(KeyManage, "看和停用他人的接口密钥", separate(row(OwnRegion, SecurityAdmin)), row(Any, Operator)),
	}
}

// Who approves is another account than who drafted, on the same machine or not: an operator at the command line is nobody in
// particular and so approves nothing.
func draftActions() []Described {
	business := func(draft, approve Action, what string) []Described {
		return []Described{
			action(draft, "起草"+what, row(Any, OfficeOperator), row(Any, Operator)),
			action(approve, "审批"+what, strong(separate(row(Any, OfficeOperator, ListApprover)))),
		}
	}
	var all []Described
	all = append(all, business(CatalogDraft, CatalogApprove, "目录版本")...)
	all = append(all,
		action(CalendarDraft, "起草节假日表", row(Any, OfficeOperator, SystemAdmin), row(Any, Operator)),
		action(CalendarApprove, "审批节假日表", strong(separate(row(Any, OfficeOperator, ListApprover)))))
	all = append(all, business(RulesDraft, RulesApprove, "公示规则")...)
	all = append(all, business(ListsDraft, ListsApprove, "名单种类")...)
	all = append(all, business(MeasuresDraft, MeasuresApprove, "惩戒措施清单")...)
	all = append(all, business(ObjectionDraft, ObjectionApprove, "异议规则")...)
	all = append(all, business(RepairDraft, RepairApprove, "信用修复规则")...)
	all = append(all, business(DeclarationDraft, DeclarationApprove, "自主申报规则")...)
	return append(all,
		action(DraftRead, "看草案、差异和审批经过", row(Any, OfficeOperator, ListApprover, SystemAdmin, Auditor, Operator)),
		action(DraftWithdraw, "撤回自己的草案", row(OwnAccount, OfficeOperator, SystemAdmin), row(Any, Operator)),
		action(DraftApply, "到施行日使审批过的草案生效", row(Any, Scheduler, Operator)))
}

// Who decides on an entry is another person than who proposed it or served the notice (国办发〔2020〕49号: 告知、听取陈述申辩、决定); nothing but time ends an entry
// without a person.
func listingActions() []Described {
	return []Described{
		action(ListingRead, "看未决定的名单条目和办理经过", row(OwnAgency, FilingClerk, Reviewer, ListApprover), row(OwnRegion, OfficeOperator, Auditor), row(Any, Operator)),
		action(ListingPropose, "提出列入名单、送达告知、记录陈述申辩", row(OwnAgency, FilingClerk, Reviewer)),
		action(ListingDecide, "决定列入或者移出名单", strong(separate(row(OwnAgency, ListApprover)))),
		action(ListingExpire, "名单期满自动移出", row(Any, Scheduler)),
		action(ListingManage, "维护认定清单：哪个单位可以认定哪种名单", row(OwnRegion, OfficeOperator), row(Any, Operator)),
	}
}

// A measure is ordered by a person of the unit that decided on the entry; pushing it to the other units, and recalling it when its cause ends, follows by itself.
func measureActions() []Described {
	return []Described{
		action(MeasureRead, "看联合奖惩的指令和任务", row(OwnAgency, FilingClerk, Reviewer, WindowOfficer, ListApprover), row(OwnRegion, OfficeOperator, Auditor), row(Any, Operator)).byKey(),
		action(MeasureIssue, "发起联合奖惩指令", strong(row(OwnAgency, ListApprover, Reviewer))),
		action(MeasurePush, "推送指令的任务，原因消除时召回", row(Any, Scheduler)),
		action(MeasureRespond, "响应任务、反馈执行情况、确认解除", row(OwnAgency, WindowOfficer, Reviewer, FilingClerk)).byKey(),
		action(MeasureMatter, "维护应用事项的奖惩对象清单和奖惩措施清单", row(OwnRegion, OfficeOperator), row(Any, Operator)),
	}
}

// Whoever stands for the subject objects; the office checks, compares and decides; the source verifies what it filed. Nobody handles what they objected to
// themselves, and the procedure keeps the review from whoever decided.
func objectionActions() []Described {
	return []Described{
		action(ObjectionMake, "提出异议、补正、撤回、申请复核", row(OwnSubject, BusinessAgent, Resident)),
		action(ObjectionOwn, "看自己提出的异议和办理进展", row(OwnSubject, BusinessAgent, Resident)),
		action(ObjectionRead, "在工作台看异议和办理经过", row(OwnAgency, FilingClerk, Reviewer), row(OwnRegion, OfficeOperator, Auditor), row(Any, Operator)),
		action(ObjectionAccept, "审查和受理异议、比对、转办、作出结论", separate(row(OwnRegion, OfficeOperator))),
		action(ObjectionHandle, "来源单位核查异议、答复、更正", separate(row(OwnAgency, FilingClerk, Reviewer))),
		action(ObjectionReview, "复核异议结论", separate(row(OwnRegion, OfficeOperator))),
	}
}

// Whoever found a failure decides on its repair (谁认定、谁修复); who decides has not applied, and gives a second factor: what is decided disappears for everyone.
// The office decides on shielding, which rests on a court's ruling and concerns the findings of every unit.
func repairActions() []Described {
	return []Described{
		action(RepairApply, "看自己的哪些信息何时可以修复，申请、补正、撤回、陈述申辩，凭裁定申请屏蔽", row(OwnSubject, BusinessAgent, Resident)),
		action(RepairRead, "看信用修复申请和办理经过", row(OwnAgency, FilingClerk, Reviewer, ListApprover), row(OwnRegion, OfficeOperator, Auditor), row(Any, Operator)),
		action(RepairHandle, "受理或者不予受理修复申请、要求补正", separate(row(OwnAgency, FilingClerk, Reviewer, ListApprover))),
		action(RepairBreach, "告知拟撤销修复结果", row(OwnAgency, FilingClerk, Reviewer, ListApprover)),
		action(RepairDecide, "决定准予或者不予修复", strong(separate(row(OwnAgency, Reviewer, ListApprover)))),
		action(RepairCancel, "决定撤销或者维持修复结果", strong(separate(row(OwnAgency, Reviewer, ListApprover)))),
		action(RepairShield, "审核和结束重整期间的信息屏蔽", strong(separate(row(OwnRegion, OfficeOperator)))),
		action(RepairNotice, "生成信用修复告知书（两书同达）", row(OwnAgency, FilingClerk, Reviewer, ListApprover), row(Any, Operator)),
		action(RepairRun, "记录停止公示后终止修复、到期结束屏蔽、到期提醒", row(Any, Scheduler)),
	}
}

// A subject declares for itself alone; a person of the unit that receives declarations, who did not hand this one in, checks its form. What was accepted goes onto
// the file by itself, and what its subject takes back goes from there without anybody's consent.
func declarationActions() []Described {
	return []Described{
		action(DeclarationMake, "自主申报、补正、撤回、更新、撤下", row(OwnSubject, BusinessAgent, Resident)),
		action(DeclarationOwn, "看自己的申报和办理进展", row(OwnSubject, BusinessAgent, Resident)),
		action(DeclarationRead, "在工作台看自主申报和办理经过", row(OwnAgency, FilingClerk, Reviewer), row(OwnRegion, OfficeOperator, Auditor), row(Any, Operator)),
		action(DeclarationCheck, "形式审查自主申报：通过、退回补正、不予接收", separate(row(OwnAgency, FilingClerk, Reviewer)), separate(row(OwnRegion, OfficeOperator))),
		action(DeclarationFile, "把审查通过的申报入库，把申报人撤下的从信用库撤下", row(Any, Scheduler)),
	}
}

// Whoever works where a copy is held says that the change is applied there; nobody says so for another unit. That units are told follows from the change by itself.
func correctionActions() []Described {
	return []Described{
		action(CorrectionRead, "看本单位收到的更正告知和落实情况", row(OwnAgency, WindowOfficer, InstitutionOfficer, FilingClerk, Reviewer), row(OwnRegion, OfficeOperator, Auditor), row(Any, Operator)).byKey(),
		action(CorrectionApply, "确认本单位已经落实更正", row(OwnAgency, WindowOfficer, InstitutionOfficer, FilingClerk, Reviewer, OfficeOperator)).byKey(),
		action(CorrectionTell, "记录变更后告知取得过它的单位", row(Any, Scheduler)),
	}
}

// Who hands cases over needs, for each, the permission that its procedure names besides; a deputy gains none.
func caseActions() []Described {
	return []Described{
		action(CaseHandover, "转交离岗人员经办的事项，为他人设代办人", row(OwnAgency, Reviewer, ListApprover), row(OwnRegion, OfficeOperator)),
		action(CaseOverdue, "看各单位逾期的办理事项", row(OwnAgency, Reviewer, ListApprover), row(OwnRegion, OfficeOperator, Auditor)),
		action(DeputyOwn, "为自己经办的事项设代办人", row(OwnAccount, FilingClerk, Reviewer, WindowOfficer, OfficeOperator, ListApprover)),
	}
}

func operationActions() []Described {
	return []Described{
		action(AgencyManage, "增加和修改单位", row(OwnRegion, OfficeOperator), row(Any, Operator)),
		action(SettingRead, "看系统设置", row(Any, SystemAdmin, SecurityAdmin, AuditAdmin, Operator)),
		action(SettingManage, "改系统设置", row(Any, SystemAdmin, Operator)),
		action(MetricsRead, "读运行指标（只有数量，没有内容）", row(Any, OfficeOperator, SystemAdmin, Operator)).byKey(),
		action(NoticeOperate, "看没有送达的通知（不含地址和正文），重新发送", row(Any, SystemAdmin, Operator)),
		action(DoctorRead, "看自检结果", row(Any, SystemAdmin, Operator)),
		action(BackupCreate, "备份", row(Any, SystemAdmin, Operator, Scheduler)),
		action(BackupRestore, "从备份恢复", row(Any, Operator)),
		action(LogAdminister, "管理公开日志：见证方、暂停和恢复公示", row(Any, AuditAdmin, Operator)),
		action(SecretRotate, "更换加密密钥", row(Any, SecurityAdmin, Operator)),
	}
}
