package db

import "strings"

// plain is a statement in the form that SQLite's driver runs fastest. The driver finds the value of a numbered parameter by comparing
// texts with every argument, so 2,000 parameters of an IN list cost 47 ms of 55; bare ones cost a scan of integers.
type plain struct {
	text  string
	order []int // which argument each ? takes, from 0; nil: as they come
}

// plainOf replaces $1…$n outside of quotes and comments by ?.
func plainOf(query string) plain {
	var b strings.Builder
	b.Grow(len(query))
	var order []int
	straight := true
	for i := 0; i < len(query); {
		if end := quotedEnd(query, i); end > i {
			b.WriteString(query[i:end])
			i = end
			continue
		}
		n, end := parameter(query, i)
		if n == 0 {
			b.WriteByte(query[i])
			i++
			continue
		}
		b.WriteByte('?')
		straight = straight && n == len(order)+1
		order = append(order, n-1)
		i = end
	}
	if straight {
		order = nil
	}
	return plain{b.String(), order}
}

// args puts the arguments in the statement's order. An argument that is missing stays missing: the driver says so.
func (p plain) args(args []any) []any {
	if p.order == nil {
		return args
	}
	out := make([]any, 0, len(p.order))
	for _, i := range p.order {
		if i >= len(args) {
			break
		}
		out = append(out, args[i])
	}
	return out
}

// parameter reads $n at i and gives n and where it ends; 0 if there is none.
func parameter(q string, i int) (n, end int) {
	if q[i] != '$' {
		return 0, i
	}
	end = i + 1
	for end < len(q) && '0' <= q[end] && q[end] <= '9' && n < 1<<20 {
		n = n*10 + int(q[end]-'0')
		end++
	}
	return n, end
}

// quotedEnd gives the end of the string, quoted name or comment that starts at i, or i if none does. A doubled quote
// ends one string and starts the next, which comes to the same.
func quotedEnd(q string, i int) int {
	closing := ""
	switch {
	case q[i] == '\'' || q[i] == '"' || q[i] == '`':
		closing = q[i : i+1]
	case strings.HasPrefix(q[i:], "--"):
		closing = "\n"
	case strings.HasPrefix(q[i:], "/*"):
		closing = "*/"
	default:
		return i
	}
	from := i + 1
	if closing == "*/" {
		from++
	}
	if n := strings.Index(q[from:], closing); n >= 0 {
		return from + n + len(closing)
	}
	return len(q)
}
