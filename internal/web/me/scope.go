package me

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// errNotMine answers for what belongs to somebody else and for what does not exist alike.
var errNotMine = fault.New(fault.NotFound, "me.not_mine", "没有这一项，或者它不属于您认领的主体", "请从“我的信用”重新选择")

// whose is whose things the pages show, in the published list of routes.
const whose = "本人或本企业"

// mine guards what is about the subject that the address chooses. The subject is asked of the permission table whether it is the caller's or not, so that
// a wrong number is refused there and nowhere else.
func (c *Centre) mine(a authz.Action) web.Guard {
	return web.Of(a, whose, func(r *http.Request) (authz.Scope, error) {
		subject, err := chosen(r)
		return authz.Scope{Subject: subject}, err
	})
}

// own lists the subjects that the caller's claims reach, in the order of their grants.
func own(a authz.Actor) []int64 {
	var out []int64
	for _, g := range a.Grants {
		if (g.Role == authz.BusinessAgent || g.Role == authz.Resident) && g.Subject > 0 && !slices.Contains(out, g.Subject) {
			out = append(out, g.Subject)
		}
	}
	return out
}

// chosen gives the subject that an address is about: the one it names, else the caller's first one; 0 when the caller has none. It stands in addresses
// only for agents of several businesses, and is a number of the register that says nothing about anyone.
func chosen(r *http.Request) (int64, error) {
	text := r.URL.Query().Get("of")
	if text == "" {
		if list := own(authz.From(r.Context())); len(list) > 0 {
			return list[0], nil
		}
		return 0, nil
	}
	subject, err := strconv.ParseInt(text, 10, 64)
	if err != nil || subject <= 0 {
		return 0, errNotMine
	}
	return subject, nil
}

// party is one of the subjects that the caller acts for.
type party struct {
	id   int64
	name string // of a person: masked
}

// around is what every page of the centre knows: whom it is about, and whom else the caller acts for.
type around struct {
	who      authz.Actor
	subject  int64 // 0 = none yet
	parties  []party
	tab      string
	here     string // address of the page without its subject
	measured bool   // measures can be shown
	keeps    bool   // one prints the page to keep it
	parts    []*Part
	reports  ui.Link // to the subject's own reports
}

// ReportsTab marks the tab of the subject's own reports, whose page another package keeps.
const ReportsTab = "reports"

// around reads whom a page is about. The subject must be the caller's own: the guard has asked already where there is one.
func (c *Centre) around(r *http.Request, tab, here string) (around, error) {
	a := around{who: authz.From(r.Context()), tab: tab, here: here, measured: c.Measures != nil, reports: c.Reports}
	var err error
	if a.subject, err = chosen(r); err != nil {
		return a, err
	}
	list := own(a.who)
	if a.subject != 0 && !slices.Contains(list, a.subject) {
		return a, errNotMine
	}
	a.parties, err = c.parties(r.Context(), list)
	a.parts = c.partsOf(a.place())
	return a, err
}

// parties names subjects.
func (c *Centre) parties(ctx context.Context, list []int64) ([]party, error) {
	out := make([]party, 0, len(list))
	for part := range slices.Chunk(list, publish.MaxNames) {
		names, err := c.Files.Labels(ctx, part)
		if err != nil {
			return nil, err
		}
		for _, id := range part {
			name := names[id]
			if name == "" {
				name = "（登记信息待补）"
			}
			out = append(out, party{id, name})
		}
	}
	return out, nil
}

// name is that of the subject the page is about.
func (a *around) name() string {
	for _, p := range a.parties {
		if p.id == a.subject {
			return p.name
		}
	}
	return ""
}

// resident reports that the subject is the caller's own person.
func (a *around) resident() bool {
	return slices.ContainsFunc(a.who.Grants, func(g authz.Grant) bool { return g.Role == authz.Resident && g.Subject == a.subject })
}

// link gives an address of the centre about the same subject. Who has one subject needs no number in addresses.
func (a *around) link(path string, pairs ...string) string {
	return a.linkFor(a.subject, path, pairs...)
}

func (a *around) linkFor(subject int64, path string, pairs ...string) string {
	v := url.Values{}
	if len(a.parties) > 1 && subject != 0 {
		v.Set("of", strconv.FormatInt(subject, 10))
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// tabs lead from part to part of the centre.
func (a *around) tabs() []ui.Tab {
	tab := func(name, path, label string) ui.Tab {
		return ui.Tab{Href: a.link(path), Label: label, Count: -1, On: a.tab == name}
	}
	out := []ui.Tab{tab("home", "/me", "总览")}
	if a.subject != 0 {
		out = append(out, tab("file", "/me/file", "信用档案"), tab("looked", "/me/looked", "谁查过"))
		if a.measured {
			out = append(out, tab("measures", "/me/measures", "采取的措施"))
		}
		if a.reports.Href != "" {
			out = append(out, tab(ReportsTab, a.reports.Href, a.reports.Label))
		}
		for _, p := range a.parts {
			if !p.NoTab {
				out = append(out, tab(p.Name, p.Path, p.Label))
			}
		}
		out = append(out, tab("proof", "/me/proof", "证明"), tab("consents", "/me/consents", "授权"))
	}
	return append(out, tab("claim", "/me/claim", "认领与验证"))
}

// choices lead to the same page about the other subjects.
func (a *around) choices() []ui.Tab {
	out := make([]ui.Tab, len(a.parties))
	for i, p := range a.parties {
		out[i] = ui.Tab{Href: a.linkFor(p.id, a.here), Label: p.name, Count: -1, On: p.id == a.subject}
	}
	return out
}

// number reads a number from a path; 0 is none.
func number(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
