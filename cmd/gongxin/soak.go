package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gongxin/internal/obs"
	"gongxin/internal/soak"
)

// SoakCmd holds the soak test and the server that it starts.
type SoakCmd struct {
	Run_  SoakRunCmd   `cmd:"" name:"run" default:"withargs" help:"启动一套自己的服务，加上负载和故障，核对已确认的写入。"`
	Child SoakChildCmd `cmd:"" hidden:"" help:"被测的服务，由 soak 自己启动。"`
}

// SoakRunCmd runs a soak test.
type SoakRunCmd struct {
	Duration time.Duration `default:"10m" help:"负载持续多久。"`
	Every    time.Duration `default:"3m" help:"两次故障之间隔多久。"`
	Engine   string        `default:"sqlite" enum:"sqlite,postgres" help:"数据库：sqlite 或 postgres（自己启动一个，用后删除）。"`
	Bin      string        `name:"postgres-bin" help:"PostgreSQL 程序所在的目录，默认自己寻找。" type:"existingdir" placeholder:"DIR"`
	Dir      string        `help:"存放数据、日志和报告的新目录。" default:"soak-out" type:"path"`
	Filers   int           `default:"3" help:"同时报送的单位数。"`
	Readers  int           `default:"4" help:"同时查阅的读者数。"`
	Seed     uint64        `default:"1" help:"种子：决定负载的内容和故障的次序。"`
}

// Run runs.
func (c *SoakRunCmd) Run(e *Env) error {
	if c.Duration < time.Second || c.Every < time.Second || c.Filers < 1 || c.Readers < 0 {
		return usage{errors.New("--duration 和 --every 至少 1s，--filers 至少 1")}
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	o := soak.Options{Program: program, Dir: c.Dir, Engine: c.Engine, Bin: c.Bin, Duration: c.Duration, Every: c.Every, Filers: c.Filers, Readers: c.Readers, Seed: c.Seed}
	line := newLine(e.Msg)
	o.Progress = line.show
	r, err := soak.Run(e, o)
	line.end()
	if err != nil {
		return err
	}
	r.Program = version
	if e.CLI.JSON {
		err = e.answer(r)
	} else {
		c.print(e, r)
	}
	if err == nil && len(r.Problems) > 0 {
		err = soak.ErrFailed
	}
	return err
}

func (c *SoakRunCmd) print(e *Env, r *soak.Report) {
	w := e.Out
	fmt.Fprintf(w, "长时间运行与故障测试：%s，%.0f 秒，%d 个处理器，种子 %d\n", r.Engine, r.Seconds, r.CPUs, r.Seed)
	fmt.Fprintf(w, "  报送  确认 %d 个批次 %d 行，没有得到确认而重发 %d 次\n", r.Filings.Acknowledged, r.Filings.Rows, r.Filings.Repeated)
	fmt.Fprintf(w, "  查询  非公开：回答 %d 次，被拒 %d 次，看本企业档案 %d 次，没有回答 %d 次\n", r.Looks.Answered, r.Looks.Refused, r.Looks.Own, r.Looks.Unanswered)
	fmt.Fprintf(w, "  结果  %d 个版本，%d 条排入公开日志；看到 %d 个检查点；负载结束后 %.1f 秒处理完\n", r.Versions, r.Leaves, r.Log.Checkpoints, r.Drain)
	for _, x := range r.Requests {
		fmt.Fprintf(w, "  请求  %s：%d 次，毫秒 p50 %.1f p99 %.1f 最大 %.0f；%v\n", x.Kind, x.Sent, x.Latency.P50, x.Latency.P99, x.Latency.Max, x.ByAnswer)
	}
	for _, x := range r.Recoveries {
		fmt.Fprintf(w, "  故障  %s：%d 次，恢复中位 %.1f 秒，最长 %.1f 秒\n", x.Kind, x.Times, x.Median, x.Worst)
	}
	for _, x := range r.Checked {
		fmt.Fprintf(w, "  核对  %s\n", x)
	}
	for _, x := range r.Unchecked {
		fmt.Fprintf(w, "  未查  %s\n", x)
	}
	for _, x := range r.Problems {
		fmt.Fprintf(w, "  问题  %s\n", x)
	}
	if r.Passed {
		fmt.Fprintln(w, "  结论  通过：没有丢失已确认的写入，每次回答都有记录，没有发现不一致。")
	}
	if len(r.Problems) > 0 {
		fmt.Fprintln(w, "  结论  没有通过。")
	}
	fmt.Fprintf(w, "  报告  %s\n", filepath.Join(c.Dir, "report.json"))
}

// SoakChildCmd is the server under test.
type SoakChildCmd struct{}

// Run serves until the parent ends.
func (*SoakChildCmd) Run(e *Env) error {
	conf, err := e.settings()
	if err == nil {
		conf, err = conf.Defaults()
	}
	if err != nil {
		return usage{err}
	}
	conf.City.Name, conf.City.Code = "临溪市", "990100"
	return soak.Child{Config: conf, Version: version, In: os.Stdin, Out: e.Out, Log: obs.Logger(e.Msg, "warn", "json")}.Serve(e)
}
