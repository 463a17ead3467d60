package flow

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gongxin/internal/fault"
)

// ErrTable refuses a table that could leave a case stuck, or whose names do not fit together.
var ErrTable = fault.New(fault.Invalid, "flow.table", "办理流程表有错误", "请改正流程表后再启动")

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// Check refuses a table in which a name is unknown, a state cannot be reached or cannot be left for an end, or a case could wait for a clock that does not
// run. It names the first thing wrong.
func (t *Table) Check() error {
	for _, check := range []func() string{t.checkStates, t.checkMoves, t.checkDues, t.checkReach, t.checkClocks} {
		if wrong := check(); wrong != "" {
			return ErrTable.Messagef("流程表“%s”：%s", t.Kind, wrong)
		}
	}
	return nil
}

func (t *Table) checkStates() string {
	if !codeForm.MatchString(t.Kind) || t.Title == "" {
		return "没有合规的代码或名称"
	}
	seen := map[string]bool{}
	for _, s := range t.States {
		switch {
		case !codeForm.MatchString(s.Code) || s.Name == "":
			return fmt.Sprintf("状态“%s”没有合规的代码或名称", s.Code)
		case seen[s.Code]:
			return fmt.Sprintf("状态“%s”出现了两次", s.Code)
		}
		seen[s.Code] = true
	}
	for _, page := range []string{t.Page, t.OwnPage} {
		if page != "" && !strings.HasPrefix(page, "/") {
			return "页面地址要从网站的根写起"
		}
	}
	if t.Pause.May != "" && t.Pause.Days < 1 {
		return "可以中止，却没有写明中止最长多少个工作日"
	}
	return ""
}

func (t *Table) checkMoves() string {
	openings := 0
	taken := map[string]bool{}
	for i := range t.Moves {
		m := &t.Moves[i]
		if wrong := t.checkMove(m); wrong != "" {
			return fmt.Sprintf("步骤“%s”%s", m.Event, wrong)
		}
		if len(m.From) == 0 {
			openings++
		}
		for _, from := range m.From {
			key := from + " " + string(m.Event)
			if taken[key] {
				return fmt.Sprintf("从“%s”走“%s”有两条路", from, m.Event)
			}
			taken[key] = true
		}
	}
	if openings != 1 {
		return fmt.Sprintf("要有且只有一个开始的步骤，现有 %d 个", openings)
	}
	return ""
}

func (t *Table) checkMove(m *Move) string {
	to, ok := t.State(m.To)
	switch {
	case !codeForm.MatchString(string(m.Event)) || m.Name == "":
		return "没有合规的代码或名称"
	case !ok:
		return "到达的状态“" + m.To + "”不存在"
	case m.Auto == (m.May != ""):
		return "要么自动，要么写明需要的权限"
	case m.Auto && (m.Reason || m.Separate || len(m.Not) > 0 || len(m.From) == 0):
		return "是自动的，不能要求理由或换人，也不能是开始"
	case len(m.Not) > 0 && !m.Separate:
		return "列出了要回避的步骤，却没有要求换人"
	case len(m.From) == 0 && (m.Separate || m.Keep):
		return "是开始，没有可回避的人，也没有在走的期限"
	case m.Reopens && (m.Auto || !m.Reason || m.Keep || len(m.From) == 0):
		return "重新打开已经办结的事项，要由人办理、写明理由，不能是开始或者保留原期限"
	case to.Final && (m.Due != nil || m.Keep):
		return "到达终点，不能有期限"
	case m.Keep && m.Due != nil:
		return "不能既保留原期限又设新期限"
	}
	for _, from := range m.From {
		switch s, ok := t.State(from); {
		case !ok:
			return "离开的状态“" + from + "”不存在"
		case s.Final && !m.Reopens:
			return "离开了终点“" + from + "”"
		case !s.Final && m.Reopens:
			return "重新打开的“" + from + "”不是终点"
		}
	}
	for _, e := range m.Not {
		if t.named(e) == nil {
			return "要回避的步骤“" + string(e) + "”不存在"
		}
	}
	return ""
}

func (t *Table) checkDues() string {
	fired := map[Event]bool{}
	for i := range t.Moves {
		m := &t.Moves[i]
		if m.Due == nil {
			continue
		}
		if wrong := t.checkDue(m); wrong != "" {
			return fmt.Sprintf("步骤“%s”的期限%s", m.Event, wrong)
		}
		fired[m.Due.OnDue] = true
	}
	for i := range t.Moves {
		if m := &t.Moves[i]; m.Auto && !fired[m.Event] {
			return fmt.Sprintf("自动步骤“%s”没有任何期限会触发", m.Event)
		}
	}
	return ""
}

func (t *Table) checkDue(m *Move) string {
	d := m.Due
	switch {
	case (d.Days > 0) == (d.Key != "") || d.Days < 0:
		return "要么写天数，要么写期限数据的名称"
	case d.Key == "" && d.Unit.Word() == "":
		return "的单位不认识"
	case d.Extend < 0 || (d.Extend > 0 || d.ExtendKey != "") && t.Extend.May == "":
		return "可以延长，却没有写明谁可以延长"
	case d.Extend > 0 && d.ExtendKey != "":
		return "的延长既写了天数，又写了期限数据的名称"
	case d.Carry && d.From == "":
		return "要计入此前的延长，却没有写明从哪一步起算"
	case d.Roll && d.Unit == Working:
		return "以工作日计算，最后一日总是工作日"
	case d.From != "" && t.named(d.From) == nil:
		return "的起算步骤“" + string(d.From) + "”不存在"
	case d.From != "" && d.From != m.Event && t.without(d.From, m):
		return "从“" + string(d.From) + "”起算，但不经过它也能走到"
	}
	return ""
}

// without reports whether a move can be taken in a case in which an event never happened.
func (t *Table) without(event Event, m *Move) bool {
	if o := t.Opening(); o == nil || o.Event == event {
		return false
	}
	reached := t.reachable(func(n *Move) bool { return n.Event != event })
	return slices.ContainsFunc(m.From, func(s string) bool { return reached[s] })
}

// reachable gives the states that moves of a choice lead to from the opening.
func (t *Table) reachable(use func(*Move) bool) map[string]bool {
	reached := map[string]bool{}
	for again := true; again; {
		again = false
		for i := range t.Moves {
			m := &t.Moves[i]
			from := len(m.From) == 0 || slices.ContainsFunc(m.From, func(s string) bool { return reached[s] })
			if from && !reached[m.To] && use(m) {
				reached[m.To], again = true, true
			}
		}
	}
	return reached
}

func (t *Table) checkReach() string {
	reached := t.reachable(func(*Move) bool { return true })
	ends := map[string]bool{} // states from which an end can be reached
	for _, s := range t.States {
		if s.Final {
			ends[s.Code] = true
		}
	}
	for again := true; again; {
		again = false
		for i := range t.Moves {
			for _, from := range t.Moves[i].From {
				if ends[t.Moves[i].To] && !ends[from] {
					ends[from], again = true, true
				}
			}
		}
	}
	for _, s := range t.States {
		switch {
		case !reached[s.Code]:
			return "状态“" + s.Code + "”到不了"
		case !ends[s.Code]:
			return "状态“" + s.Code + "”走不到终点"
		}
	}
	return ""
}

// checkClocks follows which automatic move can be pending in each state, "" standing for none: it must leave the state, and a state that only the clock
// leaves must have one on every way in.
func (t *Table) checkClocks() string {
	pending := map[string]map[Event]bool{}
	add := func(state string, e Event) bool {
		if pending[state][e] {
			return false
		}
		if pending[state] == nil {
			pending[state] = map[Event]bool{}
		}
		pending[state][e] = true
		return true
	}
	for again := true; again; {
		again = false
		for i := range t.Moves {
			m := &t.Moves[i]
			switch {
			case m.Due != nil:
				again = add(m.To, m.Due.OnDue) || again
			case !m.Keep:
				again = add(m.To, "") || again
			default:
				for _, from := range m.From {
					for e := range pending[from] {
						again = add(m.To, e) || again
					}
				}
			}
		}
	}
	for _, s := range t.States {
		if wrong := t.checkPending(s, pending[s.Code]); wrong != "" {
			return "状态“" + s.Code + "”" + wrong
		}
	}
	return ""
}

func (t *Table) checkPending(s State, pending map[Event]bool) string {
	human := slices.ContainsFunc(t.Leaving(s.Code), func(m *Move) bool { return !m.Auto })
	for e := range pending {
		switch m := t.move(s.Code, e); {
		case e == "" && !human && !s.Final:
			return "只有时钟能离开，却可能没有期限"
		case e != "" && (m == nil || !m.Auto):
			return "到期时要走“" + string(e) + "”，但没有这个自动步骤"
		}
	}
	return ""
}

// unknownStates lists which of some "kind/state" places the table does not have.
func (t *Table) unknownStates(places []string) []string {
	var out []string
	for _, p := range places {
		kind, state, _ := strings.Cut(p, "/")
		if _, ok := t.State(state); kind == t.Kind && !ok {
			out = append(out, p)
		}
	}
	return out
}
