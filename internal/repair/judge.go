package repair

import (
	"context"
	"slices"
	"strings"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/record"
)

// Matter is what the dates of a failure depend on.
type Matter struct {
	Item      catalog.ItemCode
	DecidedOn clock.Date // of the judicial or administrative document
	Severity  record.Severity
	Procedure record.Procedure
	Kinds     []string // 处罚类别
	Unit      string   // name of the unit that decided
	Text      string   // what the record says, as far as it is known: it tells the domain

	PublicUntil clock.Date // first day on which the register shows it no longer; 0 = no end
	ConductEnd  clock.Date // where the record says it
	List        *ListTerms // of an entry on a list: the list's own terms go before
}

// ListTerms are what the basis of a list says of leaving it.
type ListTerms struct {
	Early   int // months after which one may leave early; below 0 = never
	Removal string
	Until   clock.Date // first day on which the entry no longer stands; 0 = until it is removed
}

// Verdict is what the rules say about a failure. It says nothing of whether the duty was performed: the unit decides on that.
type Verdict struct {
	Set      string // code of the rule set
	Name     string // its name
	Class    string // minor, ordinary, serious
	Shown    bool   // such records are shown at all
	Earliest clock.Date
	End      clock.Date // first day on which it is no longer shown, without anybody's doing; 0 = not known
	Max      clock.Date // the same by the class alone, however short a period the source gave: how far it runs when a repair is taken back
	Local    bool       // the end is that of the region's own regulation
	Excluded string     // why it cannot be repaired here; "" = it can
	Why      string
	Needs    []string
	Domains  []string // names
	Sure     string
}

// Open reports whether repair can be applied for on a day.
func (v *Verdict) Open(on clock.Date) bool {
	return v.Excluded == "" && v.Shown && on >= v.Earliest && (v.End.IsZero() || on < v.End)
}

// Judge gives class and dates of a failure. Several kinds in one decision follow the first line that fits, and lines stand with the longest first.
func (r *Rules) Judge(m Matter) Verdict {
	domains := r.domainsOf(m)
	set := r.setOf(m, domains)
	if set == nil {
		return Verdict{Excluded: "没有适用于这一天的信用修复规则", Why: "没有适用的规则"}
	}
	line := &set.Lines[len(set.Lines)-1]
	for i := range set.Lines {
		if set.Lines[i].fits(&m, domains) {
			line = &set.Lines[i]
			break
		}
	}
	v := Verdict{Set: set.Code, Name: set.Name, Class: line.Class, Shown: line.Shown, Excluded: line.Excluded, Why: line.Why, Needs: line.Needs, Sure: set.Sure}
	for _, code := range domains {
		v.Domains = append(v.Domains, r.domain(code).Name)
	}
	earliest, own := line.Earliest, clock.Date(0)
	if line.End > 0 {
		own = m.DecidedOn.AddMonths(line.End)
	}
	if t := m.List; t != nil {
		if t.Removal != "" {
			v.Why = "移出条件：" + t.Removal
		}
		if t.Early < 0 {
			v.Excluded = "这种名单的设列依据没有规定提前移出，期满自动移出"
		}
		earliest, own = max(earliest, t.Early), sooner(own, t.Until)
	}
	v.Earliest = m.DecidedOn.AddMonths(earliest)
	if r.FirstDay == "next" && earliest > 0 {
		v.Earliest = v.Earliest.AddDays(1)
	}
	v.End, v.Max = sooner(own, m.PublicUntil), own
	if r.Local.Years > 0 && m.DecidedOn >= r.Local.From {
		from := m.DecidedOn
		if !m.ConductEnd.IsZero() && m.ConductEnd < from {
			from = m.ConductEnd
		}
		if bound := from.AddMonths(12 * r.Local.Years); v.End.IsZero() || bound < v.End {
			v.End, v.Local = bound, true
		}
		v.Max = sooner(v.Max, from.AddMonths(12*r.Local.Years))
	}
	return v
}

// sooner gives the earlier of two days, of which 0 is none.
func sooner(a, b clock.Date) clock.Date {
	if a.IsZero() || !b.IsZero() && b < a {
		return b
	}
	return a
}

// penalty is the item whose rules go by the day of the decision.
const penalty catalog.ItemCode = "XZCF"

// setOf finds the set of a failure. A set of a domain goes before one of all; days before the first set follow it.
func (r *Rules) setOf(m Matter, domains []string) *Set {
	var found *Set
	for i := range r.Sets {
		s := &r.Sets[i]
		switch {
		case s.Other != (m.Item != penalty), s.Domain != "" && !slices.Contains(domains, s.Domain):
		case s.Domain != "":
			if m.DecidedOn >= s.From && m.DecidedOn <= s.To {
				return s
			}
		case found == nil || m.DecidedOn >= s.From:
			found = s
		}
	}
	return found
}

func (r *Rules) domainsOf(m Matter) []string {
	var out []string
	for i := range r.Domains {
		d := &r.Domains[i]
		in := func(text string) func(string) bool {
			return func(word string) bool { return strings.Contains(text, word) }
		}
		if slices.ContainsFunc(d.Units, in(m.Unit)) || slices.ContainsFunc(d.Words, in(m.Text)) {
			out = append(out, d.Code)
		}
	}
	return out
}

func (l *Line) fits(m *Matter, domains []string) bool {
	switch {
	case !slices.Contains(l.Items, m.Item) && !slices.Contains(l.Items, "*"),
		l.Simple && m.Procedure != record.Simple,
		l.Severity != "" && l.Severity != m.Severity.String(),
		len(l.Only) > 0 && (len(m.Kinds) == 0 || slices.ContainsFunc(m.Kinds, func(k string) bool { return !slices.Contains(l.Only, k) })),
		len(l.Any) > 0 && !slices.ContainsFunc(m.Kinds, func(k string) bool { return slices.Contains(l.Any, k) }),
		len(l.Domains) > 0 && !slices.ContainsFunc(l.Domains, func(d string) bool { return slices.Contains(domains, d) }):
		return false
	}
	return true
}

// heldFor gives the items of whose records the platform itself shows that a duty was performed, with the note for people.
func (r *Rules) heldFor(item catalog.ItemCode) (from []catalog.ItemCode, note string) {
	for _, h := range r.Held {
		if slices.Contains(h.Items, item) {
			from, note = append(from, h.From...), h.Note
		}
	}
	return from, note
}

// second reports whether another officer than the one who accepted must decide.
func (r *Rules) second(class string) bool { return slices.Contains(r.SecondOfficer, class) }

// alsoKnown refuses rules about items that the catalogue does not have.
func alsoKnown(known func(catalog.ItemCode) bool) func(context.Context, *Rules) error {
	return func(_ context.Context, r *Rules) error {
		var items []catalog.ItemCode
		for i := range r.Sets {
			for j := range r.Sets[i].Lines {
				items = append(items, r.Sets[i].Lines[j].Items...)
			}
		}
		for i := range r.Held {
			items = append(append(items, r.Held[i].Items...), r.Held[i].From...)
		}
		for _, item := range items {
			if item != "*" && known != nil && !known(item) {
				return ErrRules.Messagef("信用修复规则的目录事项 %s 不在现行信用目录中", item)
			}
		}
		return nil
	}
}
