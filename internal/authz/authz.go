// Package authz keeps the rule that one place decides who may do what: the permission table in this package, read by
// Decide, which says by which row and why. What stands in no row is refused; nobody approves what they submitted; who watches others holds no power
// over the same things. The table is published as docs/operate/permissions.md, and a test holds page and table together.
//
// The package knows accounts, agencies, regions and subjects as numbers and codes only.
package authz

import (
	"strconv"

	"gongxin/internal/audit"
	"gongxin/internal/fault"
)

// Role is what an account holds within the bounds of a Grant.
type Role string

// The roles that an account can be given.
const (
	FilingClerk        Role = "filing_clerk"        // 报送员
	Reviewer           Role = "reviewer"            // 复核员
	WindowOfficer      Role = "window_officer"      // 窗口人员
	OfficeOperator     Role = "office_operator"     // 信用办经办
	ListApprover       Role = "list_approver"       // 名单审批人
	Auditor            Role = "auditor"             // 审计员
	SystemAdmin        Role = "system_admin"        // 系统管理员
	SecurityAdmin      Role = "security_admin"      // 安全管理员
	AuditAdmin         Role = "audit_admin"         // 审计管理员
	InstitutionOfficer Role = "institution_officer" // 机构查询员
	BusinessAgent      Role = "business_agent"      // 企业代理人
	Resident           Role = "resident"            // 居民
)

// Those for whom the table has rows although no grant names them. Nobody can be given one of these.
const (
	Everyone  Role = "everyone"  // whoever reaches the server, signed in or not
	SignedIn  Role = "signed_in" // every account, whatever its roles
	Operator  Role = "operator"  // who runs commands on the machine itself: Kind Local
	Scheduler Role = "scheduler" // the program's own jobs: Kind System
)

// Grant is one role of an account with its bounds.
type Grant struct {
	Role    Role
	Agency  int64  // unit that the role is held in; 0 = none
	Region  string // root of the subtree of divisions that the role reaches; "" = the whole city
	Subject int64  // the claimed subject of a business agent or resident; 0 = none
}

// Kind says what sort of caller an Actor is.
type Kind string

// The kinds. The zero Actor is anonymous too.
const (
	Anonymous Kind = "anonymous"
	Account   Kind = "account"
	Key       Kind = "key"    // a program with an API key of an account
	Local     Kind = "local"  // an operator at the command line of the machine
	System    Kind = "system" // the scheduler
)

// Actor is who asks. Its zero value is an anonymous reader.
type Actor struct {
	ID      int64 // of the account, also for a key; 0 for the others
	Kind    Kind
	Grants  []Grant
	Strong  bool     // a second factor was given in this session; a key never has one
	Scopes  []Action // of a key: what it may be used for at most; nil = all that the account may
	Session int64
	Address string // network address of the caller
	Name    string // of a local operator's command, for the log; never a person's name
}

// LocalActor is the operator who runs a command of the program on the machine itself; name says which.
func LocalActor(name string) Actor { return Actor{Kind: Local, Name: name} }

// SystemActor is the scheduler; job says which job.
func SystemActor(job string) Actor { return Actor{Kind: System, Name: job} }

// String gives kind and number, as "account:42"; never a person's name.
func (a Actor) String() string {
	switch a.Kind {
	case Account, Key:
		return string(a.Kind) + ":" + strconv.FormatInt(a.ID, 10)
	case Local, System:
		if a.Name == "" {
			return string(a.Kind)
		}
		return string(a.Kind) + ":" + a.Name
	default:
		return string(Anonymous)
	}
}

// Who gives the actor as logs keep it; agency is the unit in whose name it acts, 0 = none.
func (a Actor) Who(agency int64) audit.Who {
	kind := a.Kind
	if kind == "" {
		kind = Anonymous
	}
	return audit.Who{Kind: string(kind), ID: a.ID, Agency: agency, Address: a.Address, Session: a.Session}
}

// SignedIn reports whether an account stands behind the actor, by session or by key.
func (a Actor) SignedIn() bool { return (a.Kind == Account || a.Kind == Key) && a.ID != 0 }

// Has reports whether one of the actor's grants is of the role. It chooses what a page offers; it must not be used to
// decide: ask Decide.
func (a Actor) Has(r Role) bool {
	for i := range a.Grants {
		if a.Grants[i].Role == r {
			return true
		}
	}
	return false
}

// Scope is what an action is about. What does not apply stays zero; a bound of the table that meets a zero refuses.
type Scope struct {
	Agency  int64  // unit whose thing it is, or in whose name it is done
	Region  string // division that it belongs to
	Subject int64  // whom it is about
	Author  int64  // account that submitted what is now decided on, for the separation of duties; NoAccount when none did
	Account int64  // account that it belongs to, or that is changed
}

// NoAccount is the Author of what no account submitted: an operator's command, or a job.
const NoAccount int64 = -1

// Regions knows the tree of divisions; ident.Divisions is one.
type Regions interface {
	// Within says whether code is top itself or lies anywhere under it.
	Within(code, top string) bool
}

// Authority decides by the permission table. It does not change and may be shared.
type Authority struct{ regions Regions }

// New makes the authority over a tree of divisions.
func New(regions Regions) *Authority { return &Authority{regions: regions} }

// Decision is the answer to one question, with its explanation.
type Decision struct {
	Allowed bool
	Rule    string // the row of the table that allowed it, or that came nearest
	Why     string // one sentence in Chinese
	signIn  bool   // an anonymous caller: signing in may help
	factor  bool   // a second factor would help
	beyond  bool   // some role would do, and nothing it holds reaches the thing
}

// Err gives nil when allowed, else a fault of kind Denied with Why as its message. Its code is "authz.sign_in" when nobody is signed in,
// "authz.factor" when only the second factor is missing, and "authz.denied" otherwise.
func (d Decision) Err() error {
	switch {
	case d.Allowed:
		return nil
	case d.signIn:
		return fault.New(fault.Denied, ErrSignIn.Code, d.Why, ErrSignIn.Fix)
	case d.factor:
		return fault.New(fault.Denied, ErrFactor.Code, d.Why, ErrFactor.Fix)
	default:
		return fault.New(fault.Denied, ErrDenied.Code, d.Why, ErrDenied.Fix)
	}
}

// What Decision.Err gives, for errors.Is.
var (
	ErrSignIn = fault.New(fault.Denied, "authz.sign_in", "这项操作要先登录", "请登录后再试；程序调用请带上有效的接口密钥")
	ErrFactor = fault.New(fault.Denied, "authz.factor", "这项操作要先完成第二因素验证", "请用动态口令或通行密钥验证后再试")
	ErrDenied = fault.New(fault.Denied, "authz.denied", "没有这项操作的权限", "确有工作需要的，请联系安全管理员核对角色和范围")
)
