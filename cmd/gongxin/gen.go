package main

import (
	"fmt"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/synth"
)

// GenCmd writes the synthetic city as files in the standard templates.
type GenCmd struct {
	Subjects int     `default:"10000" help:"主体数。"`
	Records  int     `default:"100000" help:"记录数（不含登记注册）。"`
	Seed     uint64  `default:"1" help:"种子：同一种子生成同样的文件。"`
	Out      string  `short:"o" required:"" help:"输出目录。" placeholder:"DIR"`
	Messy    float64 `default:"0" help:"出错行的比例，0 至 1；预期结果写在 expected.ndjson。"`
	Format   string  `enum:"csv,xlsx,ndjson" default:"csv" help:"多数文件的格式：csv、xlsx、ndjson。"`
	Every    string  `enum:"once,week,month,quicker" default:"once" help:"按周（week）、按月（month）分成多个文件，或先按月、最近一年按周（quicker）。"`
	Today    string  `help:"城市的“今天”，默认为今天。" placeholder:"DATE"`
}

// Run writes.
func (c *GenCmd) Run(e *Env) error {
	o := synth.Options{Seed: c.Seed, Subjects: c.Subjects, Records: c.Records, Messy: c.Messy, Format: synth.Format(c.Format), Today: clock.Today(clock.System{})}
	if c.Every != "once" {
		o.Every = synth.Period(c.Every)
	}
	if c.Today != "" {
		day, err := clock.ParseDate(c.Today)
		if err != nil {
			return usage{err}
		}
		o.Today = day
	}
	city, err := synth.New(o)
	if err != nil {
		return usage{err}
	}
	line := newLine(e.Msg)
	begun := time.Now()
	err = city.Write(c.Out, func(done, total int, file string) {
		line.show(float64(done)/float64(max(total, 1)), fmt.Sprintf("%d/%d 行  %s", done, total, file))
	})
	line.end()
	if err != nil {
		return err
	}
	e.say("已写到 %s，用时 %.1f 秒。文件清单见 manifest.json，单位见 agencies.json，预期回执见 expected.json。", c.Out, time.Since(begun).Seconds())
	e.say("名单类文件（YZSX、SXBZXR、JYYC）的预期，以认定单位已经登记为前提：gongxin listing empower。")
	return nil
}
