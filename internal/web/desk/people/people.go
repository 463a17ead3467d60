// Package people keeps the rule that accounts are managed by others than their owners, that a password handed out is shown once and never again, and that
// whoever reviews a claim has seen its evidence and left an entry for it. It holds the desks of the security administrator (账号和角色) and
// of the office for claims (认领审核).
package people

import (
	"context"
	"net/http"
	"os"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/identity"
	"gongxin/internal/subject"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// Accounts keeps accounts; *identity.Service does. It decides every call by itself once more.
type Accounts interface {
	List(ctx context.Context, by authz.Actor, f identity.Filter) ([]identity.Account, error)
	Find(ctx context.Context, by authz.Actor, login string) (*identity.Account, error)
	Show(ctx context.Context, by authz.Actor, account int64) (*identity.Account, []identity.Held, error)
	Open(ctx context.Context, by authz.Actor, n identity.NewAccount) (*identity.Account, string, error)
	Disable(ctx context.Context, by authz.Actor, account int64) error
	Enable(ctx context.Context, by authz.Actor, account int64) error
	Reset(ctx context.Context, by authz.Actor, account int64) (password string, err error)
	ResetFactor(ctx context.Context, by authz.Actor, account int64) error
	EndAll(ctx context.Context, by authz.Actor, account int64) error
	Grant(ctx context.Context, by authz.Actor, account int64, g authz.Grant) error
	Revoke(ctx context.Context, by authz.Actor, account, grant int64) error
	Keys(ctx context.Context, by authz.Actor, account int64) ([]identity.Key, error)
	RevokeKey(ctx context.Context, by authz.Actor, key int64) error
	Waiting(ctx context.Context, by authz.Actor, after int64) ([]identity.Claim, error)
	DecideClaim(ctx context.Context, by authz.Actor, claim int64, approve bool, why string) error
}

// Agencies knows the units; *agency.Store is one.
type Agencies interface {
	List(ctx context.Context) ([]agency.Agency, error)
	ByID(ctx context.Context, id agency.ID) (agency.Agency, error)
}

// Register gives the subjects of numbers; *subject.Store is one.
type Register interface {
	ByIDs(ctx context.Context, ids []int64) (map[int64]subject.Subject, error)
}

// Labels gives what internal lists may show of subjects; *publish.Service does.
type Labels interface {
	Labels(ctx context.Context, ids []int64) (map[int64]string, error)
}

// Evidence opens what claims were made with; *blob.Store is one.
type Evidence interface {
	Open(name string) (*os.File, error)
}

// Log takes the entry that somebody looked at evidence; *audit.Log is one.
type Log interface {
	Record(ctx context.Context, a audit.Access) (int64, error)
}

// Divisions names the divisions of the city; *ident.Divisions is one.
type Divisions interface {
	Name(code string) string
	Children(code string) []string
}

// Cases counts what accounts deal with; *flow.Engine does.
type Cases interface {
	Holders(ctx context.Context, f flow.Filter) (map[string]int, error)
}

// Deps are what the desks are made of.
type Deps struct {
	Cases     Cases // nil = nothing is dealt with here
	Site      *web.Site
	Accounts  Accounts
	Agencies  Agencies
	Register  Register
	Labels    Labels
	Evidence  Evidence
	Log       Log
	Divisions Divisions
	City      string // division code of the city, whose districts can be chosen
	Clock     clock.Clock
}

// Desk is the desks.
type Desk struct {
	Deps
	site *web.Site
}

// New makes the desks.
func New(d Deps) *Desk { return &Desk{Deps: d, site: d.Site} }

// whose says whose an account and a claim are, in the published list of routes.
const (
	accountPlace = "账号所属辖区"
	claimPlace   = "所认领主体的辖区"
)

var (
	errNoAccount = fault.New(fault.NotFound, "people.no_account", "没有这个账号", "请从账号列表重新打开")
	errNoClaim   = fault.New(fault.NotFound, "people.no_claim", "没有等待审核的这一项认领，可能已由他人办结", "请从认领审核列表重新打开")
	errEvidence  = fault.New(fault.NotFound, "people.no_evidence", "这项认领没有附材料，或者材料已经取不出来", "请退回申请人，写明要补交的材料")
)

// Routes hangs the desks into the site.
func (d *Desk) Routes(rt *web.Router) {
	page := func(pattern string, g web.Guard, h web.Handler) { rt.Handle(pattern, g, d.site.Handle(h)) }
	list := web.Among(authz.AccountRead, accountPlace)
	manage := d.ofAccount(authz.AccountManage)
	page("GET /desk/people", list, d.list)
	page("POST /desk/people/find", list, d.find)
	page("GET /desk/people/new", web.Among(authz.AccountManage, accountPlace), d.newForm)
	page("POST /desk/people", web.Asked(authz.AccountManage, accountPlace), d.open)
	page("GET /desk/people/{id}", d.ofAccount(authz.AccountRead), d.person)
	page("POST /desk/people/{id}/disable", manage, d.step("disable", d.Accounts.Disable))
	page("POST /desk/people/{id}/enable", manage, d.step("enable", d.Accounts.Enable))
	page("POST /desk/people/{id}/factor", manage, d.step("factor", d.Accounts.ResetFactor))
	page("POST /desk/people/{id}/sessions", d.ofAccount(authz.SessionManage), d.step("sessions", d.Accounts.EndAll))
	page("POST /desk/people/{id}/password", manage, d.reset)
	page("POST /desk/people/{id}/grants", manage, d.grant)
	page("POST /desk/people/{id}/grants/{grant}/revoke", manage, d.revoke)
	page("POST /desk/people/{id}/keys/{key}/revoke", d.ofAccount(authz.KeyManage), d.revokeKey)
	page("GET /desk/claims", web.Among(authz.ClaimReview, claimPlace), d.claims)
	page("GET /desk/claims/{id}", d.ofClaim(), d.claim)
	page("GET /desk/claims/{id}/evidence", d.ofClaim(), d.evidence)
	page("POST /desk/claims/{id}/approve", web.Asked(authz.ClaimReview, claimPlace), d.approve)
	page("POST /desk/claims/{id}/reject", web.Asked(authz.ClaimReview, claimPlace), d.reject)
}

// ofAccount guards what concerns the account that the address names. It is another's: the table keeps owners from managing their own.
func (d *Desk) ofAccount(a authz.Action) web.Guard {
	return web.Of(a, accountPlace, func(r *http.Request) (authz.Scope, error) {
		id, ok := desk.Number(r.PathValue("id"))
		if !ok {
			return authz.Scope{}, errNoAccount
		}
		acc, _, err := d.Accounts.Show(r.Context(), authz.From(r.Context()), id)
		if err != nil {
			return authz.Scope{}, err
		}
		return scopeOf(acc), nil
	})
}

func scopeOf(a *identity.Account) authz.Scope {
	return authz.Scope{Agency: a.Agency, Region: a.Region, Account: a.ID}
}

// unitName names the unit of a number; "" for none.
func (d *Desk) unitName(ctx context.Context, id agency.ID) string {
	if id == 0 {
		return ""
	}
	a, err := d.Agencies.ByID(ctx, id)
	if err != nil {
		return "（单位信息缺失）"
	}
	return a.Name
}

// regionName names a division; everything for none.
func (d *Desk) regionName(code string) string {
	if code == "" {
		return "全市"
	}
	if name := d.Divisions.Name(code); name != "" {
		return name
	}
	return code
}

// units gives every active unit to choose from.
func (d *Desk) units(ctx context.Context) ([]ui.Option, error) {
	list, err := d.Agencies.List(ctx)
	if err != nil {
		return nil, err
	}
	var out []ui.Option
	for _, a := range list {
		if a.Active {
			out = append(out, ui.Option{Value: desk.Dec(a.ID), Label: a.Name})
		}
	}
	return out, nil
}

// regions gives the districts of the city to choose from.
func (d *Desk) regions() []ui.Option {
	var out []ui.Option
	for _, code := range d.Divisions.Children(d.City) {
		out = append(out, ui.Option{Value: code, Label: d.regionName(code)})
	}
	return out
}
