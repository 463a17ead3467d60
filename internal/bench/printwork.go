package bench

import (
	"fmt"
	"slices"
	"strings"
)

func (p *printer) check(c *CheckFigures) {
	p.line("")
	p.line("  信用核查（POST /api/v1/checks）：权限、应用事项、查询记录、加密保存、日志叶子，落盘以后才回答")
	p.http(&c.HTTPFigures)
	rows := [][]string{append(latencyHead("与“同一条 SELECT 加提交一行”相比"), "÷ 下限")}
	for i := range c.Kept {
		l := &c.Kept[i]
		rows = append(rows, append(append([]string{fmt.Sprintf("%d 个连接，满载", l.Clients)}, latencyCells(&l.Product)...), fmt.Sprintf("%.2f", l.Ratio)),
			append([]string{"　下限"}, latencyCells(&l.Floor)...))
	}
	p.table(rows...)
	p.table(latencyHead("单个连接"), append([]string{"记录最多的 100 个主体"}, latencyCells(&c.Heaviest)...))
	if b := c.Batch; b != nil {
		p.line("  批量核查：%d 个代码 %.2f 秒，%.0f 个/秒，第一行 %.0f 毫秒，回答 %.1f MB，内存峰值 %.0f MB；下限（每个代码一条 SELECT，不写）%.0f 个/秒，÷ 下限 = %.2f",
			b.Rows, b.Seconds, b.PerSecond, b.FirstMS, float64(b.Bytes)/1e6, float64(b.PeakBytes)/1e6, b.FloorPerSecond, b.Ratio)
	}
}

func (p *printer) reports(f *ReportFigures) {
	p.line("")
	rows := [][]string{{"信用报告，进程内", "份", "生成 p50 毫秒", "p95", "PDF p50", "p95", "合计 p50", "p95", "p99", "离线核验 p95", "JSON 字节", "PDF 字节", "缺证明"}}
	n := func(v float64) string { return fmt.Sprintf("%.1f", v) }
	for i := range f.Kinds {
		k := &f.Kinds[i]
		rows = append(rows, []string{
			k.Name, fmt.Sprint(k.Whole.Calls), n(k.Made.P50), n(k.Made.P95), n(k.Printed.P50), n(k.Printed.P95), n(k.Whole.P50), n(k.Whole.P95), n(k.Whole.P99), n(k.Verified.P95),
			fmt.Sprint(k.JSONBytes), fmt.Sprint(k.PDFBytes), fmt.Sprint(k.Unproven),
		})
	}
	p.table(rows...)
	p.table(latencyHead("单个连接，经 HTTP"), append([]string{"生成标准报告"}, latencyCells(&f.HTTP)...), append([]string{"取数据（JSON）"}, latencyCells(&f.JSON)...),
		append([]string{"取 PDF"}, latencyCells(&f.PDF)...))
	if b := f.Batch; b != nil {
		p.line("  批量报告：%d 份 %.2f 秒，%.1f 份/秒，压缩包 %.1f MB，内存峰值 %.0f MB", b.Rows, b.Seconds, b.PerSecond, float64(b.Bytes)/1e6, float64(b.PeakBytes)/1e6)
	}
}

func (p *printer) windows(f *WindowFigures) {
	p.line("")
	p.line("  %d 个窗口同时核查 %.0f 秒，答复以后平均隔 %g 秒再问", f.Windows, f.Seconds, f.ThinkSeconds)
	rows := [][]string{latencyHead("")}
	for i := range f.Kinds {
		rows = append(rows, append([]string{f.Kinds[i].Name}, latencyCells(&f.Kinds[i].Latency)...))
	}
	p.table(append(rows, append([]string{"全部"}, latencyCells(&f.All)...))...)
	line, last := "  分布：", 0.0
	for i, b := range f.Buckets {
		if i > 0 {
			line += "，"
		}
		switch {
		case b.UpTo > 0:
			line += fmt.Sprintf("≤ %g 毫秒 %d 次", b.UpTo, b.Calls)
			last = b.UpTo
		default:
			line += fmt.Sprintf("更慢（> %g 毫秒）%d 次", last, b.Calls)
		}
	}
	p.line("%s", line)
	rows = [][]string{{"第几分钟", "次数", "p50 毫秒", "p99"}}
	for _, m := range f.Minutes {
		rows = append(rows, []string{fmt.Sprint(m.Minute), fmt.Sprint(m.Calls), fmt.Sprintf("%.3f", m.P50), fmt.Sprintf("%.3f", m.P99)})
	}
	p.table(rows...)
	p.line("  差错：%d", f.errors())
	kinds := make([]string, 0, len(f.Errors))
	for k := range f.Errors {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	for _, k := range kinds {
		p.line("    %s：%d", k, f.Errors[k])
	}
	if u := f.Process; u != nil {
		p.line("  进程：处理器 %.1f 秒（平均 %.2f 核），内存峰值 %.0f MB，数据库增加 %.1f MB", u.CPUSeconds, u.Cores, float64(u.PeakBytes)/1e6, float64(u.GrownBytes)/1e6)
	}
	if k := f.Kept; k != nil {
		p.line("  窗口得到的回答 %d 份，库中的回答 %d 份，查询日志 %d 笔；确认的反馈 %d 条，库中 %d 条", k.Answered, k.Answers, k.Entries, k.FedBack, k.Feedback)
	}
}

// String gives the figures as people read them.
func (f *WindowFigures) String() string {
	var b strings.Builder
	p := newPrinter(&b)
	p.windows(f)
	_ = p.w.Flush() // a builder takes everything
	return b.String()
}

func (p *printer) ends(f *EndFigures) {
	p.line("")
	w := &f.Withdrawn
	p.line("  批量撤回：%d 个文件 %d 条，%.1f 秒（%.0f 条/秒）；下限（删除同样的行）%.1f 秒，÷ 下限 = %.2f；进入公开日志 %.1f 秒；查找 %d 条的持有者并通知 %.1f 秒",
		w.Files, w.Rows, w.Seconds, w.PerSecond, w.Floor, w.Ratio, w.Sequenced, w.Copies, w.Told)
	p.shown("撤回以后", &w.Shown)
	n := &f.Ended
	p.shown("期满当日零时，写入之前", &n.Shown)
	p.line("  一夜期满：%d 条 %.1f 秒（%.0f 条/秒）", n.Rows, n.Seconds, n.PerSecond)
	p.shown("写入以后", &n.After)
}

func (p *printer) shown(when string, s *Shown) {
	p.line("  %s仍能看到：名单和开放数据 %d，页面 %d，核查 %d，搜索计数不符 %d（问了 %d 次，%.0f 秒）", when, s.Column, s.Pages, s.Checks, s.Search, s.Asked, s.Seconds)
}
