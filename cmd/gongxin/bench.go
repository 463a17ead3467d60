package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"

	"gongxin/internal/bench"
	"gongxin/internal/fault"
)

// BenchCmd measures the product against floors taken in the same run. It reads neither the configuration file nor the environment: nobody
// shall measure on a register in service by mistake. The flags --database and --data of every command say where.
type BenchCmd struct {
	Records  int      `default:"100000" help:"记录数（不含登记注册）。"`
	Sizes    []int    `help:"依次测量的记录数，同一个库逐步增大，用于比较增长；代替 --records。" placeholder:"N,…"`
	Subjects int      `help:"主体数，默认为记录数的十分之一。"`
	Seed     uint64   `default:"1" help:"合成城市的种子。"`
	Only     []string `help:"只测这些项：filing、query、search、page、list、check、report、windows（并发窗口）、ends（批量撤回和期满，改动数据），后两项只在写明时测。" placeholder:"PART,…"`
	Clients  []int    `default:"1,8,32" help:"满载时的连接数。" placeholder:"N,…"`
	Seconds  float64  `default:"5" help:"每项测量的秒数。"`
	Sample   int      `default:"200000" help:"与下限相比的文件共有多少行，不超过记录数的四分之一。"`
	Out      string   `help:"把结果写成 JSON 文件。" placeholder:"FILE"`
	Keep     bool     `help:"保留数据库和目录。"`

	Windows int           `default:"200" help:"并发窗口：多少个窗口同时核查。"`
	For     time.Duration `default:"10m" help:"并发窗口：多长时间，如 10m、20s。"`
	Think   time.Duration `default:"2s" help:"并发窗口：一个窗口得到回答以后，平均隔多久再问。"`
	Desks   int           `default:"4" help:"并发窗口：每几个窗口有一个用页面（登录），其余用接口（密钥）；负数为全部用接口。"`
	Server  string        `help:"并发窗口：不造城市，测这个正在运行的服务（写明 --keys、--codes）。" placeholder:"URL"`
	Keys    string        `help:"与 --server 一起：文件，每行一个接口密钥和它的应用事项代码，用空格隔开。" type:"existingfile" placeholder:"FILE"`
	Codes   string        `help:"与 --server 一起：文件，每行一个统一社会信用代码。" type:"existingfile" placeholder:"FILE"`
	PID     int           `name:"pid" help:"与 --server 一起：服务在本机的进程号，用来测它的处理器和内存。"`

	CPUProfile string `name:"cpuprofile" help:"写处理器剖析文件；各项以标签 part 区分。" placeholder:"FILE"`
	MemProfile string `name:"memprofile" help:"写内存剖析文件。" placeholder:"FILE"`
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
	o.Load = bench.WindowLoad{Windows: c.Windows, For: c.For, Think: c.Think, Desks: c.Desks, Server: c.Server, PID: c.PID}
	bar := newLine(e.Msg)
	if c.Server != "" {
		return c.against(e, o.Load, bar)
	}
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
	if err := c.write(report); err != nil {
		return err
	}
	if e.CLI.JSON {
		return e.answer(report)
	}
	return report.Print(e.Out)
}

// write puts the figures into the file, when one is named.
func (c *BenchCmd) write(figures any) error {
	if c.Out == "" {
		return nil
	}
	raw, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Out, append(raw, '\n'), 0o644); err != nil {
		return fmt.Errorf("结果无法写到 %s：%w", c.Out, err)
	}
	return nil
}

// errBenchErrors is the exit of windows that were not all served.
var errBenchErrors = fault.New(fault.Conflict, "bench.errors", "并发窗口测量中有差错", "差错的种类和次数见上")

// against lets windows work against a running server.
func (c *BenchCmd) against(e *Env, l bench.WindowLoad, bar *line) error {
	keys, err := linesOf(c.Keys)
	if err != nil {
		return usage{err}
	}
	for _, k := range keys {
		key, matter, _ := strings.Cut(k, " ")
		l.Who = append(l.Who, bench.WindowKey{Key: key, Matter: strings.TrimSpace(matter)})
	}
	if l.Codes, err = linesOf(c.Codes); err != nil {
		return usage{err}
	}
	l.Progress = func(what string, share float64) { bar.show(share, what) }
	figures, err := bench.Against(e, l)
	bar.end()
	if err != nil {
		return err
	}
	if err := c.write(figures); err != nil {
		return err
	}
	if e.CLI.JSON {
		err = e.answer(figures)
	} else {
		_, err = fmt.Fprint(e.Out, figures)
	}
	if err == nil && len(figures.Errors) > 0 {
		err = errBenchErrors
	}
	return err
}

// linesOf reads the lines of a file that are not empty.
func linesOf(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(string(raw), func(r rune) bool { return r == '\n' || r == '\r' }), nil
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
