package people

import (
	"gongxin/internal/authz"
	"gongxin/internal/identity"
	"gongxin/internal/web/ui"
)

var kindWords = map[string]string{
	string(identity.StaffAccount): "工作人员", string(identity.InstitutionAccount): "机构", string(identity.BusinessAccount): "企业代理人", string(identity.ResidentAccount): "居民",
}

var kindOptions = []ui.Option{
	{Value: string(identity.StaffAccount), Label: "工作人员"},
	{Value: string(identity.InstitutionAccount), Label: "机构"},
	{Value: string(identity.BusinessAccount), Label: "企业代理人"},
	{Value: string(identity.ResidentAccount), Label: "居民"},
}

var stateWords = map[string]string{string(identity.Active): "可用", string(identity.Disabled): "已停用", string(identity.Closed): "本人已注销"}

var stateOptions = []ui.Option{{Value: string(identity.Active), Label: "可用"}, {Value: string(identity.Disabled), Label: "已停用"}, {Value: string(identity.Closed), Label: "本人已注销"}}

var methodWords = map[string]string{"licence": "上传证照，由信用办核对", "demo": "演示验证码"}

func stateTone(s identity.State) ui.Tone {
	if s == identity.Active {
		return ui.Good
	}
	return ui.Warn
}

// staffRoles are the roles that an administrator gives; those of residents and businesses' agents come from claims.
func staffRoles() []ui.Option {
	var out []ui.Option
	for _, r := range authz.Roles() {
		if r != authz.Resident && r != authz.BusinessAgent {
			out = append(out, ui.Option{Value: string(r), Label: r.Name()})
		}
	}
	return out
}

func allRoles() []ui.Option {
	var out []ui.Option
	for _, r := range authz.Roles() {
		out = append(out, ui.Option{Value: string(r), Label: r.Name()})
	}
	return out
}

// kindOf is the only kind of account that can hold a role; a filter by role need not look at the others.
func kindOf(r authz.Role) identity.AccountKind {
	switch r {
	case authz.InstitutionOfficer:
		return identity.InstitutionAccount
	case authz.BusinessAgent:
		return identity.BusinessAccount
	case authz.Resident:
		return identity.ResidentAccount
	default:
		return identity.StaffAccount
	}
}

// doneWords are what a page says after a step; the address carries the key alone.
var doneWords = map[string]string{
	"disable": "账号已停用，它的登录和接口密钥都已失效", "enable": "账号已恢复使用", "factor": "第二步验证已清除，本人下次登录时重新登记", "sessions": "它的登录已全部结束",
	"grant": "角色已授予，本人重新登录后生效", "revoke": "角色已收回", "key": "接口密钥已停用", "approve": "认领已通过，申请人重新登录后生效", "reject": "认领已退回，申请人会看到原因",
}

// factorWord says what second factor an account has.
func factorWord(a *identity.Account) string {
	switch {
	case a.TOTP && a.Passkeys > 0:
		return "动态口令、通行密钥 " + ui.Num(a.Passkeys) + " 把"
	case a.TOTP:
		return "动态口令"
	case a.Passkeys > 0:
		return "通行密钥 " + ui.Num(a.Passkeys) + " 把"
	default:
		return "没有登记"
	}
}

// passwordWord says what password an account has.
func passwordWord(a *identity.Account) string {
	switch {
	case !a.Password:
		return "没有口令，只能用统一身份认证登录"
	case a.MustChange:
		return "临时口令，本人下次登录时必须更换"
	default:
		return "本人设定"
	}
}
