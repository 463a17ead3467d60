package authz

import (
	"slices"

	"gongxin/internal/fault"
)

// family sorts the roles by what may stand together on one account.
type family uint8

const (
	none     family = iota // no role that anyone can hold
	business               // staff of units, the office and institutions
	watch                  // who runs, guards and audits; apart from business
	citizen                // businesses' agents and residents, about themselves only
)

// bound says what a grant of the role must name, and what it may.
type bound struct {
	role    Role
	name    string
	family  family
	agency  bool // a unit must be named; otherwise it may
	region  bool // a region may be named
	subject bool // a subject must be named; otherwise it must not
	does    string
}

var roles = []bound{
	{FilingClerk, "报送员", business, true, true, false, "代表本单位报送数据，看回执"},
	{Reviewer, "复核员", business, true, true, false, "复核本单位报送的数据，认定系统认不出主体的行"},
	{WindowOfficer, "窗口人员", business, true, true, false, "办理事项时查有关信息"},
	{OfficeOperator, "信用办经办", business, false, true, false, "管理目录、单位、事项，起草规则，审核认领"},
	{ListApprover, "名单审批人", business, false, true, false, "审批名单、目录版本、规则和措施"},
	{InstitutionOfficer, "机构查询员", business, true, false, false, "金融等机构经本人同意查询"},
	{Auditor, "审计员", watch, false, true, false, "查阅查询日志和操作日志，处理异常提醒"},
	{SystemAdmin, "系统管理员", watch, false, false, false, "管系统运行、设置和备份，看不到业务内容"},
	{SecurityAdmin, "安全管理员", watch, false, true, false, "管账号、角色和密钥，看不到业务内容"},
	{AuditAdmin, "审计管理员", watch, false, false, false, "管审计策略和公开日志，监督另外两个管理员"},
	{BusinessAgent, "企业代理人", citizen, false, false, true, "办理所代理企业的事"},
	{Resident, "居民", citizen, false, false, true, "办理自己的事；一个账号只对应一个人"},
}

var others = []bound{
	{role: Everyone, name: "任何人"},
	{role: SignedIn, name: "已登录的账号"},
	{role: Operator, name: "本机操作员", does: "在服务器上运行 gongxin 命令的人"},
	{role: Scheduler, name: "定时任务", does: "程序自己按时做的事"},
}

func (r Role) bound() bound {
	for _, b := range roles {
		if b.role == r {
			return b
		}
	}
	for _, b := range others {
		if b.role == r {
			return b
		}
	}
	return bound{}
}

// Roles lists the roles that an account can be given.
func Roles() []Role {
	out := make([]Role, len(roles))
	for i, b := range roles {
		out[i] = b.role
	}
	return out
}

// Name gives the role in Chinese; "" when there is no such role.
func (r Role) Name() string { return r.bound().name }

// Valid reports whether an account can be given the role.
func (r Role) Valid() bool { return r.bound().family != none }

// Watches reports whether the role runs, guards or audits the others: an auditor or one of the three administrators. Such an account does
// nothing without a second factor but enrol it.
func (r Role) Watches() bool {
	return r == Auditor || r == SystemAdmin || r == SecurityAdmin || r == AuditAdmin
}

// Staff reports whether the role is held for a unit, the office or an institution.
func (r Role) Staff() bool { return r.bound().family == business }

// What Compatible and Grant.Check refuse with.
var (
	ErrGrant = fault.New(fault.Invalid, "authz.grant", "授予的角色不完整或不成立", "请按角色说明选择单位、区域或主体")
	ErrApart = fault.New(fault.Conflict, "authz.apart", "这些角色不能由同一个账号兼任",
		"系统、安全、审计三个管理员分别由不同的人担任，也不兼任业务角色；工作账号和个人账号分开")
)

// Check says whether the grant names what its role needs and nothing that the role cannot have.
func (g Grant) Check() error {
	b := g.Role.bound()
	switch {
	case b.family == none:
		return ErrGrant.Messagef("没有这个角色")
	case b.agency && g.Agency <= 0:
		return ErrGrant.Messagef("授予%s要写明单位", b.name)
	case b.subject && g.Subject <= 0:
		return ErrGrant.Messagef("授予%s要写明认领的主体", b.name)
	case !b.subject && g.Subject != 0:
		return ErrGrant.Messagef("%s不对应某个主体", b.name)
	case !b.region && g.Region != "":
		return ErrGrant.Messagef("%s不按区域划分", b.name)
	case g.Agency < 0 || b.family == citizen && g.Agency != 0:
		return ErrGrant.Messagef("%s不属于某个单位", b.name)
	}
	return nil
}

// Compatible says whether one account may hold all of these. The three administrators are kept apart from each other, and with the auditors
// apart from the roles that they watch; staff do their own errands with another account; a resident is one person.
func Compatible(grants []Grant) error {
	var admins, auditors, staff, citizens int
	held := map[Role]bool{}
	people := map[int64]bool{}
	for _, g := range grants {
		if err := g.Check(); err != nil {
			return err
		}
		if g.Role == Resident {
			people[g.Subject] = true
		}
		if held[g.Role] {
			continue
		}
		held[g.Role] = true
		switch {
		case g.Role == Auditor:
			auditors++
		case g.Role.Watches():
			admins++
		case g.Role.Staff():
			staff++
		default:
			citizens++
		}
	}
	switch {
	case admins > 1:
		return ErrApart.Messagef("系统管理员、安全管理员、审计管理员不能由同一个账号兼任")
	case admins > 0 && staff > 0:
		return ErrApart.Messagef("管理员不能兼任业务角色")
	case auditors > 0 && staff > 0:
		return ErrApart.Messagef("审计员不能兼任被审计的业务角色")
	case auditors > 0 && (held[SystemAdmin] || held[SecurityAdmin]):
		return ErrApart.Messagef("审计员不能兼任系统管理员或安全管理员")
	case citizens > 0 && admins+auditors+staff > 0:
		return ErrApart.Messagef("工作角色和个人角色不能在同一个账号上")
	case len(people) > 1:
		return ErrApart.Messagef("一个居民账号只能对应一个人")
	}
	return nil
}

// Known reports whether the table has the action.
func (a Action) Known() bool { return index[a] != nil }

// Label says in Chinese what the action is; "" when the table lacks it.
func (a Action) Label() string {
	if e := index[a]; e != nil {
		return e.Label
	}
	return ""
}

// ByKey reports whether a program may do it with an API key, as far as the key's scopes allow.
func (a Action) ByKey() bool {
	e := index[a]
	return e != nil && e.Key
}

// Public reports whether everyone may do it.
func (a Action) Public() bool {
	e := index[a]
	return e != nil && e.everyone.ok()
}

// Actions lists the actions of the table in its order.
func Actions() []Action {
	var out []Action
	for _, g := range Table() {
		for _, d := range g.Actions {
			out = append(out, d.Action)
		}
	}
	return slices.Clip(out)
}
