package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/pquerna/otp/totp"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/ident"
	"gongxin/internal/identity"
	"gongxin/internal/record"
	"gongxin/internal/subject"
)

// DemoPassword is the password of every account of the demo, which answers on loopback alone.
const DemoPassword = "linxi-demo-2026"

// DemoAccount is an account that the demo opens.
type DemoAccount struct {
	Login string
	Role  string // what one can try with it, in words

	secret string // of its authenticator; "" = it needs none
}

// demoRole is what an account of the demo is opened with.
type demoRole struct {
	login, name, words string
	kind               identity.AccountKind
	role               authz.Role
	unit               string // name of its unit
	strong             bool
}

var demoRoles = []demoRole{
	{"clerk", "演示报送员", "报送员：市场监督管理局，报送文件、看回执", identity.StaffAccount, authz.FilingClerk, "临溪市市场监督管理局", false},
	{"window", "演示窗口人员", "窗口人员：市场监督管理局，信用核查、响应奖惩任务、凭事项查询", identity.StaffAccount, authz.WindowOfficer, "临溪市市场监督管理局", false},
	{"office", "演示经办", "信用办经办：受理异议、人工匹配、审核认领、起草目录", identity.StaffAccount, authz.OfficeOperator, "", false},
	{"office2", "演示复核人员", "信用办经办：复核异议结论（不能复核自己作出的）", identity.StaffAccount, authz.OfficeOperator, "", false},
	{"reviewer", "演示复核员", "复核员：市场监督管理局，认定无法关联的行、决定信用修复（须第二因素）", identity.StaffAccount, authz.Reviewer, "临溪市市场监督管理局", true},
	{"lister", "演示名单审批人", "名单审批人：市场监督管理局，决定列入和移出名单、发起联合奖惩（须第二因素）", identity.StaffAccount, authz.ListApprover, demoRegulator, true},
	{"bank", "演示机构查询员", "机构查询员：凭企业的授权查询", identity.InstitutionAccount, authz.InstitutionOfficer, demoBank, false},
	{"firm", "演示企业代理人", "企业代理人：看本企业的全部档案、谁查过、授权", identity.BusinessAccount, authz.BusinessAgent, "", false},
	{"resident", "演示居民", "居民：看本人的档案、谁查过、授权", identity.ResidentAccount, authz.Resident, "", false},
	{"approver", "演示审批人", "审批人：批准目录、节假日表和规则的草案（须第二因素）", identity.StaffAccount, authz.ListApprover, "", true},
	{"auditor", "演示审计员", "审计员：查访问日志、处理异常查询（须第二因素）", identity.StaffAccount, authz.Auditor, "", true},
	{"security", "演示安全管理员", "安全管理员：账号和角色（须第二因素）", identity.StaffAccount, authz.SecurityAdmin, "", true},
	{"system", "演示系统管理员", "系统管理员：备份、运行状态（须第二因素）", identity.StaffAccount, authz.SystemAdmin, "", true},
}

// DemoLogins gives the logins of the demo's accounts.
func (a *App) DemoLogins() []string {
	var out []string
	for _, d := range a.demo {
		out = append(out, d.Login)
	}
	return out
}

// demoBank is the institution that the demo's bank officer works for.
const demoBank = "临溪农村商业银行股份有限公司"

// demoFile remembers the secrets of the demo's authenticators, so that a visitor needs no telephone.
const demoFile = "demo-accounts.json"

// DemoAccounts opens the demo's accounts where they are missing, and gives them. It refuses anywhere but in the demo.
func (a *App) DemoAccounts(ctx context.Context) (_ []DemoAccount, err error) {
	defer fault.Wrap(&err, "app: demo accounts")
	if !a.options.Demo || !a.Config.Loopback() {
		return nil, errors.New("accounts with a known password are for the demo on loopback")
	}
	path := filepath.Join(a.Config.Data, demoFile)
	secrets := map[string]string{}
	raw, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(raw, &secrets)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := a.demoUnits(ctx); err != nil {
		return nil, err
	}
	var out []DemoAccount
	for _, r := range demoRoles {
		if _, there := secrets[r.login]; !there {
			if secrets[r.login], err = a.openDemo(ctx, r); err != nil {
				return nil, fmt.Errorf("%s: %w", r.login, err)
			}
			if raw, err = json.Marshal(secrets); err != nil {
				return nil, err
			}
			if err := os.WriteFile(path, raw, 0o600); err != nil {
				return nil, err
			}
		}
		out = append(out, DemoAccount{Login: r.login, Role: r.words, secret: secrets[r.login]})
	}
	return out, errors.Join(a.demoLists(ctx), a.demoObjections(ctx), a.demoRepairs(ctx), a.demoDeclarations(ctx))
}

// demoRegulator is the unit that most of the demo's staff work for.
const demoRegulator = "临溪市市场监督管理局"

// demoCode makes a unified code of the fictional division.
func demoCode(first17 string) string { return first17 + string(ident.USCCCheck(first17)) }

// demoUnits registers the institution and the matters of the demo.
func (a *App) demoUnits(ctx context.Context) error {
	org := "MA0DEM00"
	bank := demoCode("91990100" + org + string(ident.OrgCheck(org)))
	if _, err := a.Agencies.ByCode(ctx, bank); fault.KindOf(err) == fault.NotFound {
		if _, err := a.Agencies.Add(ctx, bank, demoBank, "990100"); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	unit, err := a.unitNamed(ctx, "临溪市市场监督管理局")
	if err != nil {
		return err
	}
	who := audit.Who{Kind: string(authz.Local)}
	for _, m := range []agency.Matter{
		{Code: "SPJYXK", Name: "食品经营许可审查", Law: "《中华人民共和国食品安全法》", Article: "第一百三十五条", Items: []string{"XZCF", "XZXK", "SXBZXR", "YZSX", "SFPJ"}},
		{Code: "SPSCXK", Name: "食品生产许可审查", Law: "《中华人民共和国食品安全法》", Article: "第三十五条", Items: []string{"XZCF", "XZXK", "XZJC"}},
	} {
		m.Agency, m.Kinds = unit, []string{"legal_entity", "other_org", "individual_business"}
		m.BasisFrom, m.ValidFrom = clock.Date(20151001), clock.Date(20220101)
		if _, _, err := a.Trust.Matters.Save(ctx, who, m); err != nil {
			return err
		}
	}
	return nil
}

// unitNamed gives a unit by its name, or the first one when a small city lacks it; 0 for no name.
func (a *App) unitNamed(ctx context.Context, name string) (agency.ID, error) {
	if name == "" {
		return 0, nil
	}
	list, err := a.Agencies.List(ctx)
	if err != nil {
		return 0, err
	}
	for _, u := range list {
		if u.Name == name {
			return u.ID, nil
		}
	}
	if len(list) == 0 {
		return 0, errors.New("no unit is registered")
	}
	return list[0].ID, nil
}

// openDemo opens an account as an operator would, gives it the demo's password as its owner would, and enrols what its role demands. It gives the
// authenticator's secret, "" for none.
func (a *App) openDemo(ctx context.Context, r demoRole) (string, error) {
	unit, err := a.unitNamed(ctx, r.unit)
	if err != nil {
		return "", err
	}
	t, by := &a.Trust, authz.LocalActor("demo")
	n := identity.NewAccount{Kind: r.kind, Login: r.login, Name: r.name, Agency: unit, Region: "990100", Password: DemoPassword}
	claims := r.role == authz.BusinessAgent || r.role == authz.Resident
	if !claims {
		n.Grants = []authz.Grant{{Role: r.role, Agency: unit}}
	}
	if n.Kind == identity.StaffAccount && unit == 0 {
		if n.Agency, err = a.unitNamed(ctx, "临溪市发展和改革委员会"); err != nil {
			return "", err
		}
	}
	_, _, err = t.Identity.Open(ctx, by, n)
	if errors.Is(err, identity.ErrLoginUsed) { // a demo that was broken off between opening and remembering
		have, err := t.Identity.Find(ctx, by, r.login)
		if err != nil {
			return "", err
		}
		if err := t.Identity.ResetFactor(ctx, by, have.ID); err != nil {
			return "", err
		}
	} else if err != nil {
		return "", err
	}
	s, err := t.Identity.SignIn(ctx, identity.Attempt{Login: r.login, Password: DemoPassword, Address: "127.0.0.1", Agent: "demo"})
	if err != nil {
		return "", err
	}
	actor, err := a.demoActor(ctx, s)
	if err != nil {
		return "", err
	}
	secret := ""
	switch {
	case r.strong:
		secret, err = a.enrolDemo(ctx, actor)
	case claims:
		err = a.claimDemo(ctx, actor, r.role)
	}
	return secret, err
}

func (a *App) demoActor(ctx context.Context, s *identity.Session) (authz.Actor, error) {
	actor, err := a.Trust.Identity.Actor(ctx, s.Token)
	actor.Address = "127.0.0.1"
	return actor, err
}

func (a *App) enrolDemo(ctx context.Context, actor authz.Actor) (string, error) {
	setup, err := a.Trust.Identity.BeginTOTP(ctx, actor)
	if err != nil {
		return "", err
	}
	// The step before this one, so that the first visitor need not wait for the next: each counts once.
	code, err := totp.GenerateCode(setup.Secret, a.Clock.Now().Add(-30*time.Second))
	if err != nil {
		return "", err
	}
	_, _, err = a.Trust.Identity.ConfirmTOTP(ctx, actor, setup.Ceremony, code)
	return setup.Secret, err
}

// claimDemo lets the firm's agent act for the firm with most records, and the resident be the person with most, by the demo's code.
func (a *App) claimDemo(ctx context.Context, actor authz.Actor, role authz.Role) error {
	sub, ok, err := a.busiest(ctx, role == authz.Resident)
	if err != nil || !ok {
		return err
	}
	proof := identity.DemoCode{Ring: a.Trust.Ring}
	in := identity.ClaimIn{Method: proof.Name(), Code: sub.Code, Proof: proof.Code(sub.ID, "")}
	if sub.Kind == catalog.Person {
		who, ok, err := a.Subjects.Identity(ctx, sub.ID)
		if err != nil || !ok {
			return err
		}
		in.Code, in.DocKind, in.DocNumber = "", who.DocKind, who.Number
		in.Proof = proof.Code(0, a.Trust.Identity.DocHash(who.DocKind, who.Number))
	}
	_, _, err = a.Trust.Identity.Claim(ctx, actor, in)
	return err
}

// demoFirm gives the demo's firm, 0 when nobody acts for one, and a context in which its agent acts.
func (a *App) demoFirm(ctx context.Context) (agent context.Context, subject int64, err error) {
	local := authz.LocalActor("demo")
	account, err := a.Trust.Identity.Find(ctx, local, "firm")
	if err != nil {
		return nil, 0, err
	}
	_, held, err := a.Trust.Identity.Show(ctx, local, account.ID)
	for _, h := range held {
		if h.Role == authz.BusinessAgent {
			subject = h.Subject
		}
	}
	return authz.With(ctx, authz.Actor{ID: account.ID, Kind: authz.Account, Session: 1, Grants: []authz.Grant{{Role: authz.BusinessAgent, Subject: subject}}}), subject, err
}

// busiest gives the person, or the firm, with most records; of equals the one that was filed first. A firm is
// preferred that has a penalty of the demo's regulator which can be repaired by now: its staff have something to decide.
func (a *App) busiest(ctx context.Context, person bool) (subject.Subject, bool, error) {
	const looked = 100_000 // a demo's subjects
	ids, err := a.Records.Busiest(ctx, looked)
	if err != nil {
		return subject.Subject{}, false, err
	}
	unit, err := a.unitNamed(ctx, demoRegulator)
	if err != nil {
		return subject.Subject{}, false, err
	}
	var first subject.Subject
	for chunk := range slices.Chunk(ids, 500) {
		subs, err := a.Subjects.ByIDs(ctx, chunk)
		if err != nil {
			return subject.Subject{}, false, err
		}
		var list []subject.Subject
		for _, id := range chunk {
			if s := subs[id]; (s.Kind == catalog.Person) == person && (person || s.Code != "") {
				list = append(list, s)
			}
		}
		for i := range list {
			if first.ID == 0 {
				first = list[i]
			}
			if person {
				return first, true, nil
			}
			ripe, err := a.ripe(ctx, list[i].ID, unit)
			if err != nil || ripe {
				return list[i], err == nil, err
			}
		}
	}
	return first, first.ID != 0, nil
}

// ripe says whether a subject has a penalty of a unit that has been shown for the shortest period of ordinary severity, and has not ended by itself.
func (a *App) ripe(ctx context.Context, sub int64, unit agency.ID) (bool, error) {
	list, err := a.Records.StandingOf(ctx, a.DB.Read(), sub)
	today := clock.Today(a.Clock)
	return slices.ContainsFunc(list, func(v record.Version) bool {
		return v.Item == "XZCF" && v.Agency == unit && v.Status == record.Active && v.Listed && v.PublicUntil > today.AddDays(30) &&
			v.DecidedOn < today.AddMonths(-4) && v.DecidedOn > today.AddMonths(-11)
	}), err
}

// SignInDemo signs a visitor in with an account of the demo, as its owner would: with the password and, where the role demands it, with the
// authenticator's code of this moment.
func (a *App) SignInDemo(ctx context.Context, d DemoAccount, in identity.Attempt) (*identity.Session, error) {
	in.Login, in.Password = d.Login, DemoPassword
	if d.secret != "" {
		code, err := totp.GenerateCode(d.secret, a.Clock.Now())
		if err != nil {
			return nil, fmt.Errorf("app: demo code: %w", err)
		}
		in.Code = code
	}
	return a.Trust.Identity.SignIn(ctx, in)
}
