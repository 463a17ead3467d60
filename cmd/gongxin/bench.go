package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"

	"gongxin/internal/bench"
)

// BenchCmd measures the product against floors taken in the same run. It reads neither the configuration file nor the environment: nobody
// shall measure on a register in service by mistake. The flags --database and --data of every command say where.
type BenchCmd struct {
	Records    int      `default:"100000" help:"记录数（不含登记注册）。"`
	Sizes      []int    `help:"依次测量的记录数，同一个库逐步增大，用于比较增长；代替 --records。" placeholder:"N,…"`
	Subjects   int      `help:"主体数，默认为记录数的十分之一。"`
	Seed       uint64   `default:"1" help:"合成城市的种子。"`
	Only       []string `help:"只测这些项：filing、query、search、page、list。" placeholder:"PART,…"`
	Clients    []int    `default:"1,8,32" help:"满载时的连接数。" placeholder:"N,…"`
	Seconds    float64  `default:"5" help:"每项测量的秒数。"`
	Sample     int      `default:"200000" help:"与下限相比的文件共有多少行，不超过记录数的四分之一。"`
	Out        string   `help:"把结果写成 JSON 文件。" placeholder:"FILE"`
	Keep       bool     `help:"保留数据库和目录。"`
	CPUProfile string   `name:"cpuprofile" help:"写处理器剖析文件；各项以标签 part 区分。" placeholder:"FILE"`
	MemProfile string   `name:"memprofile" help:"写内存剖析文件。" placeholder:"FILE"`
}

// Run measures and prints.
func (c *BenchCmd) Run(e *Env) (err error) {
	o := bench.Options{
		Database: e.CLI.Database, Data: e.CLI.Data, Sizes: c.Sizes, Subjects: c.Subjects, Seed: c.Seed, Clients: c.Clients, Seconds: c.Seconds,
		Sample: c.Sample, Keep: c.Keep, Version: version,
	}
	if len(o.Sizes) == 0 {
		o.Sizes = []int{c.Records}
	}
	for _, p := range c.Only {
		o.Only = append(o.Only, bench.Part(p))
	}
	bar := newLine(e.Msg)
	o.Progress = func(what string, share float64) { bar.show(share, what) }
	if c.CPUProfile != "" {
		stop, e := profileCPU(c.CPUProfile)
		if e != nil {
			return usage{e}
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	report, err := bench.Run(e, o)
	bar.end()
	if err != nil {
		return err
	}
	if c.MemProfile != "" {
		if err := profileMemory(c.MemProfile); err != nil {
			return err
		}
	}
	if c.Out != "" {
		raw, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(c.Out, append(raw, '\n'), 0o644); err != nil {
			return fmt.Errorf("结果无法写到 %s：%w", c.Out, err)
		}
	}
	if e.CLI.JSON {
		return e.answer(report)
	}
	return report.Print(e.Out)
}

func profileCPU(path string) (stop func() error, err error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}

func profileMemory(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	runtime.GC()
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}
