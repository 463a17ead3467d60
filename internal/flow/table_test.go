package flow

import (
	"slices"
	"strings"
	"testing"
)

// remark is a procedure with everything in it: an application, acceptance within three working days, a decision by somebody else within ten, a hearing that
// lapses, an automatic end.
func remark() Table {
	return Table{
		Kind: "remark", Title: "意见办理",
		States: []State{
			{Code: "draft", Name: "草稿"},
			{Code: "submitted", Name: "已提交"},
			{Code: "accepted", Name: "已受理"},
			{Code: "notified", Name: "已告知"},
			{Code: "heard", Name: "可以决定"},
			{Code: "decided", Name: "已决定", Final: true},
			{Code: "refused", Name: "不予受理", Final: true},
			{Code: "withdrawn", Name: "已撤回", Final: true},
			{Code: "dropped", Name: "逾期未提交", Final: true},
		},
		Moves: []Move{
			{Event: "write", Name: "起草", To: "draft", May: "remark.make", By: "申请人", Due: &Due{Days: 1, Unit: Months, OnDue: "drop", Roll: true}},
			{Event: "submit", Name: "提交", From: []string{"draft"}, To: "submitted", May: "remark.make", By: "申请人", Say: "提交了申请", Due: &Due{Days: 3, Unit: Working}},
			{Event: "drop", Name: "作废", From: []string{"draft"}, To: "dropped", Auto: true},
			{
				Event: "accept", Name: "受理", From: []string{"submitted"}, To: "accepted", May: "remark.accept", Separate: true,
				Due: &Due{Days: 10, Unit: Working, From: "submit", Extend: 5},
			},
			{Event: "refuse", Name: "不予受理", From: []string{"submitted"}, To: "refused", May: "remark.accept", Separate: true, Reason: true},
			{Event: "note", Name: "补充", From: []string{"accepted"}, To: "accepted", May: "remark.accept", Keep: true},
			{
				Event: "notify", Name: "告知", From: []string{"accepted"}, To: "notified", May: "remark.accept", Separate: true, Reason: true,
				Due: &Due{Days: 5, Unit: Working, OnDue: "lapse"},
			},
			{Event: "lapse", Name: "未申请听证", From: []string{"notified"}, To: "heard", Auto: true, Due: &Due{Days: 7, Unit: Calendar, OnDue: "close"}},
			{Event: "hear", Name: "听证", From: []string{"notified"}, To: "heard", May: "remark.accept", Due: &Due{Days: 7, Unit: Calendar, OnDue: "close"}},
			{Event: "decide", Name: "决定", From: []string{"heard"}, To: "decided", May: "remark.decide", Separate: true, Not: []Event{"accept", "notify"}, Reason: true},
			{Event: "close", Name: "自动办结", From: []string{"heard"}, To: "decided", Auto: true},
			{Event: "withdraw", Name: "撤回", From: []string{"draft", "submitted", "accepted", "notified", "heard"}, To: "withdrawn", May: "remark.make"},
		},
		Pause: Rule{May: "remark.accept", Days: 15}, Extend: Rule{May: "remark.accept"}, Assign: Rule{May: "remark.accept"},
	}
}

func TestPageOf(t *testing.T) {
	t.Parallel()
	table := Table{Page: "/desk/remarks/{ref}", OwnPage: "/me/remarks/{id}"}
	c := &Case{ID: 12, Ref: "a/b?c"}
	if got := table.PageOf(c) + " " + table.OwnPageOf(c); got != "/desk/remarks/a%2Fb%3Fc /me/remarks/12" {
		t.Errorf("pages %s", got)
	}
}

func TestTableIsSound(t *testing.T) {
	t.Parallel()
	table := remark()
	if err := table.Check(); err != nil {
		t.Fatal(err)
	}
}

// Each change breaks the table in one way, and the refusal says in which.
func TestTableCheckRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*Table)
		want   string
	}{
		"kind":            {func(t *Table) { t.Kind = "Remark" }, "代码"},
		"page":            {func(t *Table) { t.Page = "desk" }, "页面地址"},
		"state twice":     {func(t *Table) { t.States = append(t.States, State{Code: "draft", Name: "又一"}) }, "两次"},
		"state unreached": {func(t *Table) { t.States = append(t.States, State{Code: "lost", Name: "孤", Final: true}) }, "到不了"},
		"no way out":      {func(t *Table) { t.States[1].Final = true; t.Moves[1].Due = nil }, "离开了终点"},
		"trap": {func(t *Table) {
			t.Moves = without(t.Moves, "decide", "close", "withdraw")
			t.States = only(t.States, "decided", "withdrawn")
		}, "走不到终点"},
		"unknown to":       {func(t *Table) { t.Moves[1].To = "nowhere" }, "不存在"},
		"unknown from":     {func(t *Table) { t.Moves[1].From = []string{"nowhere"} }, "不存在"},
		"two openings":     {func(t *Table) { t.Moves[1].From = nil }, "只有一个开始"},
		"two ways":         {func(t *Table) { t.Moves = append(t.Moves, t.Moves[1]) }, "两条路"},
		"nobody may":       {func(t *Table) { t.Moves[1].May = "" }, "要么自动"},
		"auto with May":    {func(t *Table) { t.Moves[2].May = "x.y" }, "要么自动"},
		"auto with reason": {func(t *Table) { t.Moves[2].Reason = true }, "是自动的"},
		"not of nothing":   {func(t *Table) { t.Moves[9].Not = []Event{"dance"} }, "不存在"},
		"not unseparated":  {func(t *Table) { t.Moves[9].Separate = false }, "没有要求换人"},
		"due at the end":   {func(t *Table) { t.Moves[9].Due = &Due{Days: 1, Unit: Working} }, "到达终点"},
		"keep and due":     {func(t *Table) { t.Moves[6].Keep = true }, "又设新期限"},
		"due of nothing":   {func(t *Table) { t.Moves[1].Due = &Due{Unit: Working} }, "要么写天数"},
		"due unit":         {func(t *Table) { t.Moves[1].Due = &Due{Days: 1, Unit: "week"} }, "单位"},
		"due from nothing": {func(t *Table) { t.Moves[3].Due.From = "dance" }, "起算步骤"},
		"due from later":   {func(t *Table) { t.Moves[3].Due.From = "notify" }, "不经过它"},
		"extend by nobody": {func(t *Table) { t.Extend = Rule{} }, "谁可以延长"},
		"pause for ever":   {func(t *Table) { t.Pause.Days = 0 }, "中止最长"},
		"on due nothing":   {func(t *Table) { t.Moves[6].Due.OnDue = "dance" }, "没有任何期限会触发"},
		"on due by hand":   {func(t *Table) { t.Moves[1].Due.OnDue = "withdraw" }, "没有这个自动步骤"},
		"clock alone":      {func(t *Table) { t.Moves[7].From = nil; t.Moves = without(t.Moves, "lapse") }, "没有这个自动步骤"},
		"clock may not run": {func(t *Table) {
			t.Moves = without(t.Moves, "decide")
			t.Moves = slices.DeleteFunc(t.Moves, func(m Move) bool { return m.Event == "withdraw" })
			t.Moves = append(t.Moves, Move{Event: "withdraw", Name: "撤回", From: []string{"submitted"}, To: "withdrawn", May: "remark.make"})
			for i := range t.Moves {
				if t.Moves[i].Event == "hear" {
					t.Moves[i].Due = nil
				}
			}
		}, "可能没有期限"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := remark()
			tt.change(&table)
			err := table.Check()
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Check() = %v, want %q", err, tt.want)
			}
		})
	}
}

func without(moves []Move, events ...Event) []Move {
	return slices.DeleteFunc(moves, func(m Move) bool { return slices.Contains(events, m.Event) })
}

// only takes states away.
func only(states []State, codes ...string) []State {
	return slices.DeleteFunc(states, func(s State) bool { return slices.Contains(codes, s.Code) })
}

// What a reader sees is what stands there.
func TestTextsDoNotTurn(t *testing.T) {
	t.Parallel()
	in := Input{Reason: " 不予\u202e支持\u202c ", Note: "\u2067见附件"}
	if err := checkTexts(&in, true); err != nil || in.Reason != "不予支持" || in.Note != "见附件" {
		t.Errorf("%q %q %v", in.Reason, in.Note, err)
	}
}

func TestHasPersonal(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"": false, "申请人有新的证据": false, "证件11010519491231002X。": true, "11010519491231002x": true, "110105194912310021": false,
		"编号 20260302000000000001 号": false, "99010519491331002X": false, "电话 13800000000": false, "0011010519491231002X": false,
		"１１０１０５１９４９１２３１００２Ｘ": true, "110105 19491231 002X": true, "110105-19491231-002x": true, "第2次 110105 19491231 002X": true,
		"2 110105\n1949.1231·002x号": true, "11010519491231002X号": true, "2026-03-02 至 2027-03-02": false,
	} {
		if got := HasPersonal(text); got != want {
			t.Errorf("HasPersonal(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestDiagram(t *testing.T) {
	t.Parallel()
	table := remark()
	page := Document(&table, func(a string) string { return "权限 " + a })
	for _, want := range []string{
		"stateDiagram-v2", "[*] --> draft: 起草", "notified --> heard: 未申请听证（到期自动）", "decided --> [*]", "| 决定 | 可以决定 | 已决定 | 权限 remark.decide |",
		"写明理由；不能由提出的人和办理“受理”的人和办理“告知”的人办", "10 个工作日，从“提交”起算，过期标记逾期，可延长共 5", "中止计时：权限 remark.accept，最长 15 个工作日，期满自动恢复",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}
