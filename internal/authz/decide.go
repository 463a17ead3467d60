package authz

import "slices"

// ready is a row with everything that a decision needs of it made before, so that deciding allocates nothing.
type ready struct {
	Rule
	id, allowed                     string
	reach, separate, author, factor string
}

func (r ready) ok() bool { return r.id != "" }

// entry is one action, its rows sorted by whom they are for, with its refusals.
type entry struct {
	Described
	everyone, signedIn, operator, scheduler ready
	byRole                                  []ready
	signIn, noKey, noScope, noRole          string
	notOperator, notScheduler, watcher      string
}

var index = makeIndex(Table())

const unknown = "权限表里没有这项操作，一律不准"

func makeIndex(table []Group) map[Action]*entry {
	m := make(map[Action]*entry)
	for _, g := range table {
		for _, d := range g.Actions {
			m[d.Action] = makeEntry(d)
		}
	}
	return m
}

func makeEntry(d Described) *entry {
	what := "“" + d.Label + "”"
	e := &entry{
		Described: d,
		signIn:    what + "要先登录",
		noKey:     "接口密钥不能用于" + what + "，请登录网站操作",
		noScope:   "这把接口密钥的范围不含" + what,
		noRole:    what + "需要的角色，这个账号没有" + holders(d.Rules),
		watcher:   "审计员和管理员要先完成第二因素验证，才能" + what,

		notOperator:  what + "要由有角色的账号在网站上做，命令行不能代替",
		notScheduler: "定时任务不能" + what,
	}
	for _, rule := range d.Rules {
		r := makeReady(rule, what)
		switch rule.Role {
		case Everyone:
			e.everyone = r
		case SignedIn:
			e.signedIn = r
		case Operator:
			e.operator = r
		case Scheduler:
			e.scheduler = r
		default:
			e.byRole = append(e.byRole, r)
		}
	}
	return e
}

// holders names the roles that would do.
func holders(rules []Rule) string {
	s := ""
	for _, r := range rules {
		if r.Role.Valid() {
			if s != "" {
				s += "、"
			}
			s += r.Role.Name()
		}
	}
	if s == "" {
		return ""
	}
	return "：" + s
}

func makeReady(rule Rule, what string) ready {
	name := rule.Role.Name()
	return ready{
		Rule: rule, id: rule.ID(),
		allowed:  name + "可以" + what + "：" + rule.Reach.String(),
		reach:    name + what + "只限" + rule.Reach.String() + "，这一项不在范围内",
		separate: "提交的人不能自己" + what + "，要换一个账号办",
		author:   what + "要知道是谁提交的，这里没有记载，不能办",
		factor:   name + what + "要先完成第二因素验证",
	}
}

// String gives the reach in Chinese.
func (r Reach) String() string {
	switch r {
	case Any:
		return "不限"
	case OwnAgency:
		return "本单位"
	case OwnRegion:
		return "本辖区"
	case OwnSubject:
		return "本人或本企业"
	case OwnAccount:
		return "本账号"
	default:
		return "未知"
	}
}

// Decide answers whether a may do act on what s describes. Whatever the table does not allow in so many words is refused.
func (x *Authority) Decide(a Actor, act Action, s Scope) Decision {
	return x.decide(a, act, s, false)
}

// decide answers; with anywhere it leaves out what depends on the scope.
func (x *Authority) decide(a Actor, act Action, s Scope, anywhere bool) Decision {
	e := index[act]
	switch {
	case e == nil:
		return Decision{Why: unknown}
	case e.everyone.ok():
		return Decision{Allowed: true, Rule: e.everyone.id, Why: e.everyone.allowed}
	case a.Kind == Local:
		return machine(e.operator, e.notOperator)
	case a.Kind == System:
		return machine(e.scheduler, e.notScheduler)
	case !a.SignedIn():
		return Decision{Why: e.signIn, signIn: true}
	}
	if a.Kind == Key {
		if !e.Key {
			return Decision{Why: e.noKey}
		}
		if a.Scopes != nil && !slices.Contains(a.Scopes, act) {
			return Decision{Why: e.noScope}
		}
	}
	if !a.strong() && act != FactorEnrol && watches(a.Grants) {
		return Decision{Why: e.watcher, factor: true}
	}
	return x.weigh(e, a, s, anywhere)
}

// strong says whether a second factor counts: nobody proves presence with a key.
func (a *Actor) strong() bool { return a.Strong && a.Kind == Account }

func machine(r ready, no string) Decision {
	if !r.ok() {
		return Decision{Why: no}
	}
	return Decision{Allowed: true, Rule: r.id, Why: r.allowed}
}

func watches(grants []Grant) bool {
	for i := range grants {
		if grants[i].Role.Watches() {
			return true
		}
	}
	return false
}

// weigh tries the row of every account and then the rows of the roles held. Of the refusals it gives the one that was nearest to a yes.
func (x *Authority) weigh(e *entry, a Actor, s Scope, anywhere bool) Decision {
	best, nearness := Decision{Why: e.noRole}, 0
	try := func(r *ready, g Grant) bool {
		d, near := x.apply(r, &a, g, s, anywhere)
		if d.Allowed || near > nearness {
			best, nearness = d, near
		}
		return d.Allowed
	}
	if e.signedIn.ok() && try(&e.signedIn, Grant{}) {
		return best
	}
	for _, g := range a.Grants {
		for i := range e.byRole {
			if e.byRole[i].Role == g.Role && try(&e.byRole[i], g) {
				return best
			}
		}
	}
	return best
}

// somewhere is a scope in the midst of a grant's bounds.
func somewhere(a *Actor, g Grant) Scope {
	return Scope{Agency: g.Agency, Region: g.Region, Subject: g.Subject, Author: NoAccount, Account: a.ID}
}

// apply holds one row with one grant against the scope. The second result orders refusals: farther from nothing is nearer to a yes.
func (x *Authority) apply(r *ready, a *Actor, g Grant, s Scope, anywhere bool) (Decision, int) {
	if anywhere {
		s = somewhere(a, g)
	}
	switch {
	case !x.reaches(r.Reach, a, g, s):
		return Decision{Rule: r.id, Why: r.reach, beyond: true}, 1
	case r.Separate && s.Author == 0 && s.Account == 0:
		return Decision{Rule: r.id, Why: r.author}, 2
	case r.Separate && !anywhere && (s.Author == a.ID || s.Account == a.ID):
		return Decision{Rule: r.id, Why: r.separate}, 3
	case r.Strong && !a.strong():
		return Decision{Rule: r.id, Why: r.factor, factor: true}, 4
	}
	return Decision{Allowed: true, Rule: r.id, Why: r.allowed}, 5
}

// reaches says whether the bounds of the grant hold what the scope describes. A zero on either side never matches.
func (x *Authority) reaches(reach Reach, a *Actor, g Grant, s Scope) bool {
	switch reach {
	case Any:
		return g.Region == ""
	case OwnAgency:
		return g.Agency > 0 && g.Agency == s.Agency && (s.Region == "" || x.within(s.Region, g.Region))
	case OwnRegion:
		return x.within(s.Region, g.Region)
	case OwnSubject:
		return g.Subject > 0 && g.Subject == s.Subject
	case OwnAccount:
		return a.ID != 0 && a.ID == s.Account
	default:
		return false
	}
}

// within says whether a division lies in a grant's subtree. A grant without a region reaches the whole city, also what has no division.
func (x *Authority) within(code, top string) bool {
	switch {
	case top == "":
		return true
	case code == "" || x.regions == nil:
		return false
	}
	return x.regions.Within(code, top)
}
