package console

import (
	"fmt"
	"strconv"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/ingest"
	"gongxin/internal/web/ui"
)

// The outcomes of rows as receipts name them.
const (
	accepted  = "accepted"
	updated   = "updated"
	duplicate = "duplicate"
	withdrawn = "withdrawn"
	rejected  = "rejected"
)

var outcomeWords = map[string]string{accepted: "新增", updated: "更新", duplicate: "重复", withdrawn: "撤回", rejected: "退回"}

func outcomeWord(o string) string {
	if w, ok := outcomeWords[o]; ok {
		return w
	}
	return o
}

func outcomeTone(o string) ui.Tone {
	switch o {
	case accepted:
		return ui.Good
	case updated:
		return ui.Accent
	case withdrawn:
		return ui.Warn
	case rejected:
		return ui.Bad
	default:
		return ui.Plain
	}
}

// stateWord says how far a filing is, in words that also tell its result.
func stateWord(s *ingest.Submission) (string, ui.Tone) {
	switch {
	case s.State == ingest.Received:
		return "等待处理", ui.Plain
	case s.State == ingest.Running:
		return "处理中", ui.Accent
	case s.State == ingest.Failed && s.Received() > 0:
		return "没有读完", ui.Bad
	case s.State == ingest.Failed:
		return "整份退回", ui.Bad
	case s.Rejected > 0 && s.Rejected == s.Received():
		return "全部退回", ui.Bad
	case s.Rejected > 0:
		return "有退回", ui.Warn
	default:
		return "已完成", ui.Good
	}
}

func finished(s *ingest.Submission) bool { return s.State == ingest.Done || s.State == ingest.Failed }

// severityWord says what a reason means for its row.
func severityWord(s string) string {
	if s == catalog.Error {
		return "退回"
	}
	return "提醒"
}

func severityTone(s string) ui.Tone {
	if s == catalog.Error {
		return ui.Bad
	}
	return ui.Warn
}

// sentence sums a filing up: 收到 41 行：新增 15，更新 1，重复 1，撤回 0，退回 24；其中迟报 1，有提醒 2。
func sentence(c ingest.Counts) string {
	s := fmt.Sprintf("收到 %s 行：新增 %s，更新 %s，重复 %s，撤回 %s，退回 %s", ui.Num(c.Received()), ui.Num(c.Accepted), ui.Num(c.Updated), ui.Num(c.Duplicate),
		ui.Num(c.Withdrawn), ui.Num(c.Rejected))
	switch {
	case c.Late > 0 && c.Warnings > 0:
		s += fmt.Sprintf("；其中迟报 %s，有提醒 %s", ui.Num(c.Late), ui.Num(c.Warnings))
	case c.Late > 0:
		s += "；其中迟报 " + ui.Num(c.Late)
	case c.Warnings > 0:
		s += "；其中有提醒 " + ui.Num(c.Warnings)
	}
	return s + "。"
}

// progress is the share of a file's bytes that are answered, in hundredths; 100 only at the end.
func progress(s *ingest.Submission) int {
	if finished(s) {
		return 100
	}
	if s.FileBytes <= 0 {
		return 0
	}
	return int(min(99, 100*s.BytesDone/s.FileBytes))
}

// moment writes an instant in China's time to the minute.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(clock.Zone).Format("2006-01-02 15:04")
}

// exact writes it to the second.
func exact(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(clock.Zone).Format("2006-01-02 15:04:05")
}

// took says how long something lasted.
func took(d time.Duration) string {
	switch {
	case d < 0:
		return ""
	case d < time.Second:
		return "不到 1 秒"
	case d < time.Minute:
		return strconv.Itoa(int(d.Seconds())) + " 秒"
	case d < time.Hour:
		return fmt.Sprintf("%d 分 %d 秒", int(d.Minutes()), int(d.Seconds())%60)
	default:
		return fmt.Sprintf("%d 小时 %d 分", int(d.Hours()), int(d.Minutes())%60)
	}
}

// waited says for how long something has been waiting.
func waited(d time.Duration) string {
	switch {
	case d < time.Hour:
		return "不到 1 小时"
	case d < 24*time.Hour:
		return " " + strconv.Itoa(int(d.Hours())) + " 小时"
	default:
		return " " + strconv.Itoa(int(d.Hours()/24)) + " 天"
	}
}

func byteSize(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KB", float64(n)/(1<<10))
	default:
		return fmt.Sprintf("%d 字节", n)
	}
}

// clockWords says by when rows of an item must arrive.
func clockWords(c catalog.FilingClock) string {
	switch {
	case c.WorkingDays > 0:
		return "自作出决定之日起 " + strconv.Itoa(c.WorkingDays) + " 个工作日内报送"
	case c.MonthDay > 0:
		return "次月 " + strconv.Itoa(c.MonthDay) + " 日前报送"
	default:
		return "目录没有规定报送时限"
	}
}

var kindWords = map[catalog.SubjectKind]string{
	catalog.LegalEntity: "法人", catalog.OtherOrg: "非法人组织", catalog.IndividualBusiness: "个体工商户", catalog.Person: "自然人",
}

func kindWord(k catalog.SubjectKind) string {
	if w, ok := kindWords[k]; ok {
		return w
	}
	return string(k)
}

// templateWord names the layout that the header was recognised as.
func templateWord(name string) string {
	switch name {
	case catalog.Template2015:
		return "2015 年双公示旧模板"
	case catalog.TemplateCurrent, "":
		return "现行目录的列名"
	default:
		return name
	}
}

// actorWord names who acted.
func actorWord(a string) string {
	switch a {
	case "":
		return "—"
	default:
		return a
	}
}

// reasonTitle gives a reason's short name.
func reasonTitle(code int) string {
	if info, ok := catalog.ReasonFor(code); ok {
		return info.Title
	}
	return "编号 " + strconv.Itoa(code)
}

// reasonLink leads to a reason in the manual.
func reasonLink(code int) string { return "/help/reasons#r" + strconv.Itoa(code) }

func dash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}
