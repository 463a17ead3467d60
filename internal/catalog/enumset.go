package catalog

import (
	"math/bits"
	"strings"
)

// setSeparators part the values of a set; a slash and a blank do so only where the whole is no value.
const setSeparators = "、,;，；|\t\n"

// enumSet reads several values of a list: 罚款、没收违法所得. The normal form has each value once, in the list's
// order, with what 其他 stands for at the end, joined by "、".
func (c *checker) enumSet(i int) {
	p := &c.it.plan[i]
	if set, ok := p.list.normalSet(c.v[i]); ok && !c.old {
		c.num[i] = int64(set)
		c.tooLong(i)
		return
	}
	r := setReader{list: p.list, old: c.old, open: p.openList}
	if p.eitherIn >= 0 {
		r.text = c.v[p.eitherIn]
	}
	r.read(c.v[i])
	if r.undecided {
		f := &c.it.Fields[i]
		c.note(i, Reason{
			Field: f.Code, Code: ReasonNotInList, Severity: Error,
			Message: "“" + f.Name + "”是旧代码表里两种处罚合用的值，从决定的内容看不出是哪一种",
			Fix:     "请从下列值中选填：" + p.list.shown,
		})
		return
	}
	if r.unknown || r.set == 0 && len(r.others) == 0 {
		c.add(i, ReasonNotInList, p.list.shown)
		return
	}
	c.num[i] = int64(r.set)
	if len(r.others) > 0 {
		c.num[i] |= 1 << p.list.openAt
	}
	c.openValue(i, r.joined())
}

// normalSet gives the bits of a set that is in its normal form and has no open value.
func (l *List) normalSet(s string) (set uint64, ok bool) {
	last := -1
	for {
		part, rest, more := strings.Cut(s, "、")
		at := l.Index(part)
		if at <= last || at == l.openAt {
			return 0, false
		}
		set |= 1 << at
		last = at
		if !more {
			return set, true
		}
		s = rest
	}
}

// setReader collects the values of one set.
type setReader struct {
	list      *List
	old       bool
	open      bool
	text      string // what decides an old two-in-one value
	set       uint64
	others    []string // 其他-……
	unknown   bool
	undecided bool
}

// read takes s apart, whole values first, so that a value that contains a separator is found.
func (r *setReader) read(s string) {
	if r.one(s) {
		return
	}
	for _, part := range strings.FieldsFunc(s, func(c rune) bool { return strings.ContainsRune(setSeparators, c) }) {
		part = strings.TrimSpace(part)
		if part == "" || r.one(part) {
			continue
		}
		smaller := strings.FieldsFunc(part, func(c rune) bool { return c == '/' || c == ' ' || c == '／' })
		if len(r.others) > 0 && !r.anyKnown(smaller) {
			last := len(r.others) - 1
			r.others[last] += "，" + part // goes on naming what 其他 is
			continue
		}
		if len(smaller) < 2 {
			r.unknown = true
			continue
		}
		for _, p := range smaller {
			if !r.one(p) {
				r.unknown = true
			}
		}
	}
}

func (r *setReader) anyKnown(parts []string) bool {
	for _, p := range parts {
		if r.list.find(p, r.old) >= 0 {
			return true
		}
	}
	return false
}

// one takes a single value.
func (r *setReader) one(s string) bool {
	if at := r.list.find(s, r.old); at >= 0 {
		r.set |= 1 << at
		return true
	}
	if len(r.list.Either) > 0 {
		switch at := r.list.choose(s, r.text); at {
		case -1:
		case -2:
			r.undecided = true
			return true
		default:
			r.set |= 1 << at
			return true
		}
	}
	if !r.open || strings.ContainsAny(s, setSeparators) {
		return false
	}
	if other, ok := r.list.open(s); ok {
		r.others = append(r.others, other)
		return true
	}
	return false
}

func (r *setReader) joined() string {
	parts := make([]string, 0, bits.OnesCount64(r.set)+len(r.others))
	for set := r.set; set != 0; set &= set - 1 {
		parts = append(parts, r.list.Values[bits.TrailingZeros64(set)].Name)
	}
	return strings.Join(append(parts, r.others...), "、")
}
