package bench

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/width"
)

// Print writes the report as tables for people. JSON has more.
func (r *Report) Print(w io.Writer) error {
	p := newPrinter(w)
	p.machine(r)
	for _, s := range r.Stages {
		p.stage(s)
	}
	p.growth(r)
	p.verdicts(r)
	p.title("说明")
	for _, n := range r.Notes {
		p.line("· %s", n)
	}
	return p.w.Flush()
}

type printer struct{ w *bufio.Writer }

func newPrinter(w io.Writer) *printer { return &printer{w: bufio.NewWriter(w)} }

func (p *printer) line(format string, args ...any) { _, _ = fmt.Fprintf(p.w, format+"\n", args...) }
func (p *printer) title(format string, args ...any) {
	p.line("")
	p.line("■ "+format, args...)
}

// table writes rows under a head, the first column to the left, the others to the right. Han characters take two places.
func (p *printer) table(rows ...[]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], places(cell))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-places(cell))
			if i == 0 {
				b.WriteString("  " + cell + pad)
			} else {
				b.WriteString("  " + pad + cell)
			}
		}
		p.line("%s", strings.TrimRight(b.String(), " "))
	}
}

func places(s string) (n int) {
	for _, c := range s {
		switch width.LookupRune(c).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

func (p *printer) machine(r *Report) {
	m := &r.Machine
	p.title("环境")
	settings := make([]string, 0, len(m.Settings))
	for k, v := range m.Settings {
		settings = append(settings, k+"="+v)
	}
	slices.Sort(settings)
	p.line("  处理器 %s，%d 核，GOMAXPROCS %d，内存 %.1f GiB", m.CPU, m.Cores, m.GOMAXPROCS, float64(m.Memory)/(1<<30))
	p.line("  %s，%s，程序 %s", m.OS, m.Go, m.Program)
	p.line("  %s，%s", m.Engine, strings.Join(settings, " "))
	p.line("  文件系统 %s，一次落盘 %.2f 毫秒，开始前的负载 %.1f", m.FileSystem, m.FlushMS, m.Load)
	p.line("  种子 %d，每批 %d 行，每项 %g 秒，并发 %v", r.Run.Seed, r.Run.Batch, r.Run.Seconds, r.Run.Clients)
}

func (p *printer) stage(s *Stage) {
	p.title("%d 条记录，%d 个主体，数据库 %.0f MB", s.Records, s.Subjects, float64(s.DatabaseBytes)/1e6)
	p.filing(&s.Filing)
	if q := s.Query; q != nil {
		p.line("")
		p.line("  记录查询（GET /api/v1/subjects/{code}/records）")
		p.http(&q.HTTPFigures)
		p.table(latencyHead("单个连接"), append([]string{"记录最多的 100 个主体"}, latencyCells(&q.Heaviest)...),
			append([]string{"任意主体，gzip 压缩"}, latencyCells(&q.Packed)...))
	}
	if s.Search != nil {
		p.search(s.Search)
	}
	for _, f := range []struct {
		name string
		*PageFigures
	}{{"主体页", s.Page}, {"公示栏目", s.List}} {
		if f.PageFigures == nil {
			continue
		}
		p.line("")
		p.line("  %s", f.name)
		rows := [][]string{append(latencyHead("服务端用时"), "字节")}
		for i := range f.Kinds {
			k := &f.Kinds[i]
			rows = append(rows, append(append([]string{k.Name}, latencyCells(&k.Server)...), fmt.Sprint(k.Bytes)))
		}
		p.table(rows...)
		p.http(&f.HTTPFigures)
	}
	if s.Check != nil {
		p.check(s.Check)
	}
	if s.Report != nil {
		p.reports(s.Report)
	}
	if s.Windows != nil {
		p.windows(s.Windows)
	}
	if s.Ends != nil {
		p.ends(s.Ends)
	}
}

func (p *printer) filing(f *FilingFigures) {
	row := func(name string, s *Speed) []string {
		return []string{name, fmt.Sprint(s.Rows), fmt.Sprintf("%.2f", s.Seconds), fmt.Sprintf("%.0f", s.PerSecond), fmt.Sprintf("%.2f", s.CPUSeconds)}
	}
	rows := [][]string{{"报送", "行", "秒", "行/秒", "处理器秒"}, row("登记注册", &f.Registrations), row(fmt.Sprintf("存量（%d 个文件）", f.StockFiles), &f.Stock)}
	if f.Week != nil {
		rows = append(rows, row(fmt.Sprintf("最近一周（%d 个大文件）", f.WeekFiles), f.Week))
	}
	if f.Floor != nil {
		rows = append(rows, row("下限：同样的行直接写入", f.Floor))
	}
	p.table(rows...)
	p.line("  存量：前十分之一 %.0f 行/秒，后十分之一 %.0f 行/秒；退回 %d，迟报 %d；内存峰值 %.0f MB；造文件另用 %.0f 秒",
		f.Begin, f.End, f.Counts["rejected"], f.Counts["late"], float64(f.PeakBytes)/1e6, f.MakeSeconds)
	if f.Floor != nil {
		p.line("  最近一周 ÷ 下限 = %.2f", f.Ratio)
	}
	if f.Single != nil {
		p.table(latencyHead("逐行报送，单个客户端"), append([]string{"一行一个文件"}, latencyCells(f.Single)...))
	}
}

func latencyHead(name string) []string {
	return []string{name, "次数", "次/秒", "p50 毫秒", "p95", "p99", "最大"}
}

func latencyCells(l *Latency) []string {
	return []string{fmt.Sprint(l.Calls), fmt.Sprintf("%.0f", l.PerSecond), fmt.Sprintf("%.3f", l.P50), fmt.Sprintf("%.3f", l.P95), fmt.Sprintf("%.3f", l.P99), fmt.Sprintf("%.3f", l.Max)}
}

func (p *printer) http(h *HTTPFigures) {
	rows := [][]string{append(latencyHead("经 HTTP"), "÷ 下限")}
	for i := range h.Loads {
		l := &h.Loads[i]
		rows = append(rows, append(append([]string{fmt.Sprintf("%d 个连接，满载", l.Clients)}, latencyCells(&l.Product)...), fmt.Sprintf("%.2f", l.Ratio)),
			append([]string{"　下限"}, latencyCells(&l.Floor)...))
	}
	rows = append(rows, append([]string{fmt.Sprintf("%d 个连接，半载 %.0f 次/秒", h.Half.Clients, h.Half.Rate)}, latencyCells(&h.Half.Product)...),
		append([]string{"　下限"}, latencyCells(&h.Half.Floor)...))
	p.table(rows...)
}

func (p *printer) search(q *SearchFigures) {
	p.line("")
	p.line("  名称搜索：%d 个名称，索引内存 %.0f MB，建立 %.1f 秒；FTS5 trigram 对照 %.0f MB，建立 %.1f 秒", q.Names, float64(q.MemoryBytes)/1e6, q.BuildSecs,
		float64(q.TrigramSize)/1e6, q.TrigramSecs)
	rows := [][]string{{"进程内", "次数", "p50 毫秒", "p99", "最大", "HTTP p50", "HTTP p99", "FTS5 p50", "FTS5 p99", "FTS5 最大"}}
	n := func(v float64) string { return fmt.Sprintf("%.3f", v) }
	for i := range q.Kinds {
		k := &q.Kinds[i]
		row := []string{k.Name, fmt.Sprint(k.Direct.Calls), n(k.Direct.P50), n(k.Direct.P99), n(k.Direct.Max), n(k.HTTP.P50), n(k.HTTP.P99)}
		if t := k.Trigram; t != nil {
			row = append(row, n(t.P50), n(t.P99), n(t.Max))
		} else {
			row = append(row, "—", "—", "—")
		}
		rows = append(rows, row)
	}
	p.table(rows...)
	p.line("  recall@10（错或漏一字）：%.4f（%d 次）；FTS5：%.4f（%d 次）", q.Recall.Share, q.Recall.Asked, q.Recall.TrigramShare, q.Recall.TrigramAsked)
	p.http(&q.Mixed)
}

func (p *printer) growth(r *Report) {
	if len(r.Growth) == 0 {
		return
	}
	p.title("增长：%d 条对 %d 条", r.Stages[len(r.Stages)-1].Records, r.Stages[0].Records)
	rows := [][]string{{"", "p50 毫秒", "→", "倍", "p99 毫秒", "→", "倍"}}
	for _, g := range r.Growth {
		rows = append(rows, []string{
			g.Name, fmt.Sprintf("%.3f", g.P50From), fmt.Sprintf("%.3f", g.P50To), fmt.Sprintf("%.2f", g.P50),
			fmt.Sprintf("%.3f", g.P99From), fmt.Sprintf("%.3f", g.P99To), fmt.Sprintf("%.2f", g.P99),
		})
	}
	p.table(rows...)
}

func (p *printer) verdicts(r *Report) {
	p.title("目标")
	rows := [][]string{{"", "实测", "目标", "达到"}}
	for _, v := range r.Verdicts {
		sign, reached := "≤", "否"
		if v.AtLeast {
			sign = "≥"
		}
		if v.Reached {
			reached = "是"
		}
		rows = append(rows, []string{v.Name, fmt.Sprintf("%.4g %s", v.Value, v.Unit), fmt.Sprintf("%s %g", sign, v.Aim), reached})
	}
	p.table(rows...)
}
