package publish

import "gongxin/internal/fault"

// Missing is the element for lack of which a look-up is refused: a code for machines. Every refusal is logged with it.
type Missing string

// The elements.
const (
	MissingSignIn   Missing = "sign_in"
	MissingRole     Missing = "role"
	MissingFactor   Missing = "factor"
	MissingPurpose  Missing = "purpose" // neither matter nor consent
	MissingSubject  Missing = "subject" // nobody on file
	MissingRecord   Missing = "record"
	MissingItem     Missing = "item" // no such item
	MissingRate     Missing = "rate"
	MissingMatter   Missing = "matter"
	MissingAgency   Missing = "matter_agency"
	MissingLapsed   Missing = "matter_lapsed"
	MissingBasis    Missing = "matter_basis"
	MissingCovered  Missing = "matter_item"
	MissingKind     Missing = "matter_kind"
	MissingConsent  Missing = "consent"
	MissingGrantee  Missing = "consent_grantee"
	MissingAim      Missing = "consent_purpose"
	MissingRevoked  Missing = "consent_revoked"
	MissingEarly    Missing = "consent_early"
	MissingExpired  Missing = "consent_expired"
	MissingUses     Missing = "consent_used"
	MissingGiven    Missing = "consent_item"
	MissingDisabled Missing = "disabled"
	MissingReach    Missing = "reach" // what was asked for lies beyond all that the caller holds
)

// refusals are the sentences, by code.
var refusals = map[Missing]*fault.Error{
	MissingSignIn:   fault.New(fault.Denied, "disclosure.sign_in", "查询非公开信息须先登录", "请登录后再查询"),
	MissingRole:     fault.New(fault.Denied, "disclosure.role", "这个账号没有查询非公开信息的权限", "请由本单位的窗口人员或机构查询员查询"),
	MissingFactor:   fault.New(fault.Denied, "disclosure.factor", "查询前须完成第二因素验证", "请完成第二因素验证后再查询"),
	MissingPurpose:  fault.New(fault.Denied, "disclosure.purpose", "没有写明查询的应用事项，也没有出示主体的授权", "请选择应用事项，或填写授权书编号"),
	MissingSubject:  fault.New(fault.NotFound, "disclosure.subject", "没有查到这个主体", "请核对统一社会信用代码，或完整的证件类型和证件号码"),
	MissingRecord:   fault.New(fault.NotFound, "disclosure.record", "这个主体没有这条记录，或者不在本次查询的范围内", "请从查询结果中选择记录"),
	MissingItem:     fault.New(fault.NotFound, "disclosure.item", "信用目录中没有这个事项", "请从信用目录中选择事项"),
	MissingRate:     fault.New(fault.Busy, "disclosure.rate", "本账号一小时内查询自然人的次数已到上限", "请稍后再查；确有需要的，由本单位负责人安排其他人员办理"),
	MissingMatter:   fault.New(fault.Denied, "disclosure.matter", "没有这个应用事项", "请从本单位的应用事项清单中选择"),
	MissingAgency:   fault.New(fault.Denied, "disclosure.matter_agency", "这个应用事项不属于查询人的单位", "请选择本单位的应用事项"),
	MissingLapsed:   fault.New(fault.Denied, "disclosure.matter_lapsed", "这个应用事项今天不在有效期内", "请核对应用事项的起止日期"),
	MissingBasis:    fault.New(fault.Denied, "disclosure.matter_basis", "这个应用事项的法律依据今天未生效、已失效，或与填写的依据不一致", "请核对法律依据和条款"),
	MissingCovered:  fault.New(fault.Denied, "disclosure.matter_item", "应用事项没有列出要查的信息事项", "请只查应用事项列出的信息事项"),
	MissingKind:     fault.New(fault.Denied, "disclosure.matter_kind", "应用事项不包括这一类主体", "请核对主体种类"),
	MissingConsent:  fault.New(fault.Denied, "disclosure.consent", "没有该主体的这份授权书", "请核对授权书编号和主体，或请主体重新授权"),
	MissingGrantee:  fault.New(fault.Denied, "disclosure.consent_grantee", "授权书不是授权给查询人的单位的", "请主体授权给本单位"),
	MissingAim:      fault.New(fault.Denied, "disclosure.consent_purpose", "查询用途与授权书写明的用途不一致", "请按授权书的用途查询，或请主体重新授权"),
	MissingRevoked:  fault.New(fault.Denied, "disclosure.consent_revoked", "授权书已被主体撤销", "如仍需查询，请主体重新授权"),
	MissingEarly:    fault.New(fault.Denied, "disclosure.consent_early", "授权书还没有生效", "请在授权书的有效期内查询"),
	MissingExpired:  fault.New(fault.Denied, "disclosure.consent_expired", "授权书已过有效期", "如仍需查询，请主体重新授权"),
	MissingUses:     fault.New(fault.Denied, "disclosure.consent_used", "授权书的查询次数已用完", "如仍需查询，请主体重新授权"),
	MissingGiven:    fault.New(fault.Denied, "disclosure.consent_item", "授权书没有列出要查的信息事项", "请只查授权书列出的信息事项"),
	MissingReach:    fault.New(fault.Denied, "disclosure.reach", "要看的内容不在查询人的办理范围内，没有给出", "请由负责这一项的单位或者本人查看"),
	MissingDisabled: fault.New(fault.Unavailable, "disclosure.disabled", "本系统没有开通非公开信息查询", "请联系系统管理员"),
}

// Err gives the refusal as an error, with its code and sentence.
func (m Missing) Err() *fault.Error {
	if e, ok := refusals[m]; ok {
		return e
	}
	return refusals[MissingRole]
}
