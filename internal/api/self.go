package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gongxin/internal/authz"
)

// Self says who calls and what that caller may. It names nobody.
type Self struct {
	Kind      string      `json:"kind" enum:"anonymous,account,key,local" doc:"anonymous 没有身份，account 登录的账号，key 接口密钥，local 本机演示"`
	Account   string      `json:"account,omitempty" doc:"账号编号"`
	Strong    bool        `json:"strong" doc:"这次登录完成了第二因素验证；密钥没有"`
	Address   string      `json:"address,omitempty" doc:"本站看到的网络地址，用来核对密钥的允许地址"`
	Grants    []SelfGrant `json:"grants" doc:"角色和范围"`
	Scopes    []SelfScope `json:"scopes,omitempty" doc:"密钥的范围：最多能做这些，还要角色允许；只有密钥有"`
	ExpiresAt *time.Time  `json:"expiresAt,omitempty" doc:"密钥到期的时刻；只有密钥有"`
}

// SelfGrant is one role of the caller.
type SelfGrant struct {
	Role       authz.Role `json:"role" doc:"角色的代码" example:"window_officer"`
	Name       string     `json:"name" doc:"角色" example:"窗口人员"`
	Unit       *UnitRef   `json:"unit,omitempty" doc:"所在单位"`
	Region     string     `json:"region,omitempty" doc:"区域及其下级；没有的为全市，或者不按区域"`
	RegionName string     `json:"regionName,omitempty" doc:"区域名称"`
	Subject    string     `json:"subject,omitempty" doc:"认领的企业的统一社会信用代码；居民没有"`
	Words      string     `json:"words" doc:"一句话" example:"临溪市市场监督管理局的窗口人员"`
}

// SelfScope is one thing that a key may be used for.
type SelfScope struct {
	Action authz.Action `json:"action" doc:"操作的代码，见权限表" example:"disclosure.department"`
	Name   string       `json:"name" doc:"操作" example:"为办理事项查部门共享信息"`
}

func (s *server) selfRoutes() {
	register(s, public(authz.SelfRead), route{personal: true, Operation: huma.Operation{
		OperationID: "get-self", Method: http.MethodGet, Path: "/me", Tags: []string{tagAccount},
		Summary: "我是谁：身份、角色和范围、密钥的范围和到期时间", Description: selfWords,
	}}, s.self)
}

func (s *server) self(ctx context.Context, _ *struct{}) (*body[Self], error) {
	who := authz.From(ctx)
	out := Self{Kind: string(who.Kind), Strong: who.Strong && who.Kind == authz.Account, Address: who.Address, Grants: []SelfGrant{}}
	if out.Kind == "" {
		out.Kind = string(authz.Anonymous)
	}
	if who.SignedIn() {
		out.Account = number(who.ID)
	}
	for _, g := range who.Grants {
		grant, err := s.grantOf(ctx, g)
		if err != nil {
			return nil, err
		}
		out.Grants = append(out.Grants, grant)
	}
	for _, a := range who.Scopes {
		out.Scopes = append(out.Scopes, SelfScope{a, a.Label()})
	}
	if who.Kind == authz.Key && s.KeyExpires != nil {
		at, err := s.KeyExpires(ctx, who.Session)
		if err != nil {
			return nil, err
		}
		out.ExpiresAt = when(at)
	}
	return &body[Self]{out}, nil
}

func (s *server) grantOf(ctx context.Context, g authz.Grant) (SelfGrant, error) {
	out := SelfGrant{Role: g.Role, Name: g.Role.Name(), Region: g.Region}
	var err error
	if out.Unit, err = s.unitRef(ctx, g.Agency); err != nil {
		return out, err
	}
	if g.Region != "" && s.RegionName != nil {
		out.RegionName = s.RegionName(g.Region)
	}
	if g.Subject != 0 && s.Subjects != nil {
		if out.Subject, _, err = s.Subjects.CodeOf(ctx, g.Subject); err != nil {
			return out, err
		}
	}
	out.Words = grantWords(&out)
	return out, nil
}

// grantWords says a role with its bounds in one sentence.
func grantWords(g *SelfGrant) string {
	region := g.RegionName
	if region == "" {
		region = g.Region
	}
	switch {
	case g.Unit != nil && region != "":
		return g.Unit.Name + "的" + g.Name + "，限" + region
	case g.Unit != nil:
		return g.Unit.Name + "的" + g.Name
	case g.Subject != "":
		return g.Subject + " 的" + g.Name
	case region != "":
		return region + "的" + g.Name
	}
	return g.Name
}
