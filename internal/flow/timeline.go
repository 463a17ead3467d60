package flow

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gongxin/internal/clock"
)

// Timeline gives the history of a case, oldest first, each step with its sentence and its attachments. Notes and accounts are in it: give the subject
// Step.Public.
func (e *Engine) Timeline(ctx context.Context, id int64) ([]Step, error) {
	c, err := e.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	list, err := e.steps(ctx, e.DB.Read(), id)
	if err != nil {
		return nil, err
	}
	p := e.procedures[c.Kind]
	for i := range list {
		if p != nil {
			list[i].Said = p.say(&list[i], c.Author)
		}
		if err := e.fillFiles(ctx, &list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Sentence gives the step with its time, for a line of the timeline.
func (s Step) Sentence() string {
	if s.Who.Kind == system {
		return when(s.At, s.Day) + "，" + s.Said
	}
	return minute(s.Recorded) + "，" + s.Said
}

func minute(t time.Time) string {
	t = t.In(clock.Zone)
	return t.Format("2006-01-02 15:04")
}

// when writes a midnight as the end of its day.
func when(t time.Time, d clock.Date) string {
	if t.Equal(d.AddDays(1).Start()) {
		return d.String() + " 24:00"
	}
	return minute(t)
}

// say writes in plain words what a step was.
func (p *procedure) say(s *Step, author string) string {
	var b strings.Builder
	b.WriteString(p.deed(s, author))
	switch {
	case s.Event == EventOverdue || s.Event == EventPause || s.Due == 0:
	case s.Days > 0 && s.Event != EventExtend && s.Event != EventResume:
		fmt.Fprintf(&b, "。下一步最迟在 %s 办结（%d %s）", s.Due, s.Days, s.Unit.Word())
	default:
		fmt.Fprintf(&b, "。期限到 %s", s.Due)
	}
	if s.Late {
		b.WriteString("。这一步超过了期限")
	}
	if s.Reason != "" {
		b.WriteString("。理由：" + strings.TrimRight(s.Reason, "。."))
	}
	b.WriteString("。")
	return b.String()
}

func (p *procedure) deed(s *Step, author string) string {
	who := p.doer(s, author)
	switch s.Event {
	case EventOverdue:
		return "期限已过，没有办结，标记为逾期"
	case EventPause:
		return fmt.Sprintf("%s中止计时，最长 %d %s", who, s.Days, s.Unit.Word())
	case EventResume:
		return fmt.Sprintf("%s恢复计时，期限顺延 %d %s", who, s.Days, s.Unit.Word())
	case EventExtend:
		return fmt.Sprintf("%s把期限延长 %d %s", who, s.Days, s.Unit.Word())
	case EventAssign:
		return "确定了经办人"
	case EventHandover:
		return "换了经办人"
	}
	m := p.named(s.Event)
	for i := range p.Moves { // the same event may have several ways
		if n := &p.Moves[i]; n.Event == s.Event && n.To == s.To && (n.leaves(s.From) || s.From == "" && len(n.From) == 0) {
			m = n
		}
	}
	switch {
	case m == nil:
		return who + "办理了一步"
	case m.Auto && m.Say != "":
		return "期限届满，" + m.Say
	case m.Auto:
		return "期限届满，自动转为“" + p.StateName(s.To) + "”"
	case m.Say != "" && s.Who.Kind == system: // it says by itself what came about
		return m.Say
	case m.Say != "":
		return who + m.Say
	default:
		return who + "办理“" + m.Name + "”，现在是“" + p.StateName(s.To) + "”"
	}
}

// doer names who took a step by what they are, never by name.
func (p *procedure) doer(s *Step, author string) string {
	if s.Who.Kind == system {
		return "系统"
	}
	for i := range p.Moves {
		if m := &p.Moves[i]; m.Event == s.Event && m.To == s.To && m.By != "" {
			return m.By
		}
	}
	if s.Who.Kind != "" && s.Who.String() == author {
		return "申请人"
	}
	return "经办人"
}
