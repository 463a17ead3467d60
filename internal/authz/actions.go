package authz

// Action is one thing that can be done, as the permission table names it.
type Action string

// What everyone may read and do.
const (
	PortalRead     Action = "portal.read"
	SubjectSearch  Action = "subject.search"
	SubjectRead    Action = "subject.read"
	RecordRead     Action = "record.read"
	ColumnRead     Action = "column.read"
	OpenDataRead   Action = "opendata.read"
	CatalogRead    Action = "catalog.read"
	StatisticsRead Action = "statistics.read"
	LogRead        Action = "log.read"
	HealthRead     Action = "health.read"
	SelfRead       Action = "self.read"     // who one is and what one may: everyone about themselves
	SessionOpen    Action = "session.open"  // signing in
	SessionClose   Action = "session.close" // signing out
	AccountOpen    Action = "account.open"  // a resident or a business's agent makes an account
)

// Filing.
const (
	SubmissionCreate Action = "submission.create"
	SubmissionRead   Action = "submission.read"
	SubmissionErrors Action = "submission.errors"
	QueueRead        Action = "queue.read"
	QueueDecide      Action = "queue.decide"
	QueueUndo        Action = "queue.undo"
)

// Reading what is not public, consent, and the log of looks.
const (
	DiscloseDepartment Action = "disclosure.department" // class C
	DiscloseConsented  Action = "disclosure.consented"  // class B
	DiscloseOwn        Action = "disclosure.own"        // the subject itself
	MatterRead         Action = "matter.read"
	MatterManage       Action = "matter.manage"
	ConsentGrant       Action = "consent.grant"
	ConsentRevoke      Action = "consent.revoke"
	ConsentRead        Action = "consent.read"
	AccessOwn          Action = "access.own"
	AccessAudit        Action = "access.audit"
	AccessSecrecy      Action = "access.secrecy"
	ActRead            Action = "act.read"
	AlertRead          Action = "alert.read"
	AlertHandle        Action = "alert.handle"
	AlertManage        Action = "alert.manage"
)

// Accounts.
const (
	DeskOpen      Action = "desk.open"
	AccountOwn    Action = "account.own"
	AccountRead   Action = "account.read"
	AccountManage Action = "account.manage"
	FactorEnrol   Action = "factor.enrol"
	SessionOwn    Action = "session.own"
	SessionManage Action = "session.manage"
	KeyOwn        Action = "key.own"
	KeyManage     Action = "key.manage"
	ClaimMake     Action = "claim.make"
	ClaimReview   Action = "claim.review"
)

// Drafts and approvals.
const (
	DraftRead       Action = "draft.read"
	DraftWithdraw   Action = "draft.withdraw"
	DraftApply      Action = "draft.apply"
	CatalogDraft    Action = "catalog.draft"
	CatalogApprove  Action = "catalog.approve"
	CalendarDraft   Action = "calendar.draft"
	CalendarApprove Action = "calendar.approve"
	RulesDraft      Action = "rules.draft"
	RulesApprove    Action = "rules.approve"
	MeasuresDraft   Action = "measures.draft"
	MeasuresApprove Action = "measures.approve"
)

// Lists.
const (
	ListingRead    Action = "listing.read" // entries that are not decided on, and their procedure
	ListingPropose Action = "listing.propose"
	ListingDecide  Action = "listing.decide"
	ListingExpire  Action = "listing.expire"
	ListingManage  Action = "listing.manage" // which unit decides on which list
	ListsDraft     Action = "lists.draft"    // kinds of lists
	ListsApprove   Action = "lists.approve"
)

// Measures.
const (
	MeasureRead    Action = "measure.read"    // orders and tasks of one's unit
	MeasureIssue   Action = "measure.issue"   // 发起联合奖惩
	MeasurePush    Action = "measure.push"    // tasks that follow from an order, and their recall
	MeasureRespond Action = "measure.respond" // 响应、反馈、确认解除
	MeasureMatter  Action = "measure.matter"  // 奖惩对象清单 and 奖惩措施清单 of a matter
)

// Operation.
const (
	AgencyManage  Action = "agency.manage"
	SettingRead   Action = "setting.read"
	SettingManage Action = "setting.manage"
	MetricsRead   Action = "metrics.read"
	DoctorRead    Action = "doctor.read"
	BackupCreate  Action = "backup.create"
	BackupRestore Action = "backup.restore"
	LogAdminister Action = "log.administer"
	SecretRotate  Action = "secret.rotate"
)

// Checks.
const (
	CheckMake     Action = "check.make"
	CheckRead     Action = "check.read"  // an answer of one's unit, once more
	CheckBatch    Action = "check.batch" // a list of codes
	CheckFeedback Action = "check.feedback"
	CheckCoverage Action = "check.coverage" // 查询使用指标
	CheckEmbedded Action = "check.embedded" // a page of checks in another system: its ticket is asked, not its reader
)

// Reports.
const (
	ReportRead      Action = "report.read"      // a standard report, by its number
	ReportVerify    Action = "report.verify"    // by number and code from paper
	ReportCreate    Action = "report.create"    // a standard report, from what is public
	ReportOwn       Action = "report.own"       // a special or a person's report, by the subject itself
	ReportConsented Action = "report.consented" // the same, with the subject's consent
	ReportBatch     Action = "report.batch"
)

// Objections.
const (
	ObjectionMake    Action = "objection.make"   // also to supplement, withdraw, and ask for a review
	ObjectionOwn     Action = "objection.own"    // one's own objections
	ObjectionRead    Action = "objection.read"   // objections and their procedure, from the desks
	ObjectionAccept  Action = "objection.accept" // formal check, comparison, decision
	ObjectionHandle  Action = "objection.handle" // 来源单位核查
	ObjectionReview  Action = "objection.review"
	ObjectionDraft   Action = "objection.draft" // rules of objections
	ObjectionApprove Action = "objection.approve"
)

// Repair.
const (
	RepairApply   Action = "repair.apply"  // also to see what can be repaired, supplement, withdraw, state one's case, and ask for shielding
	RepairRead    Action = "repair.read"   // applications and their procedure
	RepairHandle  Action = "repair.handle" // accept, ask for more
	RepairBreach  Action = "repair.breach" // give notice that a repair is to be taken back
	RepairDecide  Action = "repair.decide"
	RepairCancel  Action = "repair.cancel" // take a repair back
	RepairShield  Action = "repair.shield" // while a court's reorganisation is carried out
	RepairNotice  Action = "repair.notice" // 两书同达: the repair notices that go with decisions
	RepairRun     Action = "repair.run"
	RepairDraft   Action = "repair.draft" // rules of repair
	RepairApprove Action = "repair.approve"
)

// Corrections that travel.
const (
	CorrectionRead  Action = "correction.read"  // what one's unit was told, and who is silent
	CorrectionApply Action = "correction.apply" // say that it is applied
	CorrectionTell  Action = "correction.tell"  // follows from a change of a record
)

// Declarations by subjects.
const (
	DeclarationMake    Action = "declaration.make"  // also to mend, withdraw, replace and take back from the register
	DeclarationOwn     Action = "declaration.own"   // one's own declarations
	DeclarationRead    Action = "declaration.read"  // declarations and their procedure, from the desks
	DeclarationCheck   Action = "declaration.check" // 形式审查
	DeclarationFile    Action = "declaration.file"  // follows from an acceptance, or from what its subject took back
	DeclarationDraft   Action = "declaration.draft" // rules of declarations
	DeclarationApprove Action = "declaration.approve"
)

// Cases of every procedure.
const (
	CaseHandover  Action = "case.handover" // what somebody who left was dealing with, and a deputy for others
	CaseOverdue   Action = "case.overdue"
	DeputyOwn     Action = "deputy.own"
	NoticeOperate Action = "notice.operate" // deliveries that were given up: see and send again, without address and text
)
