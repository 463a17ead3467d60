package flow

import (
	"fmt"
	"strings"
)

// Diagram draws a table as a Mermaid state diagram.
func Diagram(t *Table) string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	for _, s := range t.States {
		fmt.Fprintf(&b, "  %s: %s\n", s.Code, s.Name)
	}
	for i := range t.Moves {
		m := &t.Moves[i]
		label := m.Name
		if m.Reopens {
			label += "（重新打开）"
		}
		if m.Auto {
			label += "（到期自动）"
		}
		if len(m.From) == 0 {
			fmt.Fprintf(&b, "  [*] --> %s: %s\n", m.To, label)
		}
		for _, from := range m.From {
			fmt.Fprintf(&b, "  %s --> %s: %s\n", from, m.To, label)
		}
	}
	for _, s := range t.States {
		if s.Final {
			fmt.Fprintf(&b, "  %s --> [*]\n", s.Code)
		}
	}
	return b.String()
}

// Document writes a table as a page of Markdown: the diagram, and each step with who may take it and by when. label gives an action of the permission table
// in words; nil leaves its code.
func Document(t *Table, label func(action string) string) string {
	if label == nil {
		label = func(action string) string { return action }
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n由流程表 `%s` 生成，不要手工修改。\n\n```mermaid\n%s```\n\n", t.Title, t.Kind, Diagram(t))
	b.WriteString("| 步骤 | 从 | 到 | 谁可以办 | 期限 | 其他 |\n|---|---|---|---|---|---|\n")
	for i := range t.Moves {
		m := &t.Moves[i]
		var from []string
		for _, s := range m.From {
			from = append(from, t.StateName(s))
		}
		who := "系统，到期自动"
		if !m.Auto {
			who = label(m.May)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", m.Name, strings.Join(from, "、"), t.StateName(m.To), who, t.dueText(m), t.rest(m))
	}
	b.WriteString("\n")
	for _, r := range []struct {
		rule Rule
		text string
	}{{t.Pause, "中止计时"}, {t.Extend, "延长期限"}, {t.Assign, "指定和移交经办人"}} {
		if r.rule.May == "" {
			continue
		}
		fmt.Fprintf(&b, "- %s：%s", r.text, label(r.rule.May))
		if r.rule.Once {
			b.WriteString("，只能一次")
		}
		if r.rule.Days > 0 {
			fmt.Fprintf(&b, "，最长 %d 个工作日，期满自动恢复", r.rule.Days)
		}
		b.WriteString("\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func (t *Table) dueText(m *Move) string {
	d := m.Due
	switch {
	case m.Keep:
		return "原期限继续"
	case d == nil:
		return ""
	}
	text := fmt.Sprintf("%d %s", d.Days, d.Unit.Word())
	if d.Key != "" {
		text = "按规则 `" + d.Key + "`"
	}
	if d.From != "" {
		text += "，从“" + t.named(d.From).Name + "”起算"
	}
	if d.OnDue != "" {
		text += "，到期“" + t.named(d.OnDue).Name + "”"
	} else {
		text += "，过期标记逾期"
	}
	switch {
	case d.ExtendKey != "":
		text += "，可按规则 `" + d.ExtendKey + "` 延长"
	case d.Extend > 0:
		text += fmt.Sprintf("，可延长共 %d", d.Extend)
	}
	if d.Carry {
		text += "，此前的延长计入"
	}
	return text
}

func (t *Table) rest(m *Move) string {
	var out []string
	if m.Reason {
		out = append(out, "写明理由")
	}
	if m.Separate {
		who := []string{"提出的人"}
		for _, e := range m.Not {
			who = append(who, "办理“"+t.named(e).Name+"”的人")
		}
		out = append(out, "不能由"+strings.Join(who, "和")+"办")
	}
	return strings.Join(out, "；")
}
