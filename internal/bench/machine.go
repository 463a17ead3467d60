package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gongxin/internal/db"
	"gongxin/internal/ingest"
)

// Machine is where the figures were taken.
type Machine struct {
	CPU        string            `json:"cpu"`
	Cores      int               `json:"cores"`
	GOMAXPROCS int               `json:"gomaxprocs"`
	Memory     int64             `json:"memoryBytes"`
	OS         string            `json:"os"`
	Go         string            `json:"go"`
	Program    string            `json:"program"`
	Engine     string            `json:"engine"`
	Settings   map[string]string `json:"settings"`   // of the engine, those on which durability and speed hang
	FileSystem string            `json:"fileSystem"` // of the run's folder
	FlushMS    float64           `json:"flushMs"`    // median of writing 4 KiB and waiting for the disk
	Load       float64           `json:"load"`       // of the last minute before the run, by others
}

func (r *runner) newReport(ctx context.Context) (*Report, error) {
	m := Machine{
		CPU: field("/proc/cpuinfo", "model name"), Cores: runtime.NumCPU(), GOMAXPROCS: runtime.GOMAXPROCS(0), Memory: kilobytes("/proc/meminfo", "MemTotal"),
		OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), Program: r.Version, FileSystem: fileSystem(r.dir),
	}
	if kernel, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.OS += " " + strings.TrimSpace(string(kernel))
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		if m.Load, err = strconv.ParseFloat(strings.Fields(string(load))[0], 64); err != nil {
			return nil, err
		}
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				m.Program += " " + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	var err error
	if m.FlushMS, err = flushTime(r.dir); err != nil {
		return nil, err
	}
	if m.Engine, m.Settings, err = engine(ctx, r.app.DB); err != nil {
		return nil, err
	}
	rep := &Report{At: time.Now(), Machine: m, Run: Settings{Seed: r.Seed, Sizes: r.Sizes, Clients: r.Clients, Seconds: r.Seconds, Batch: ingest.DefaultBatchRows, Parts: r.Only}}
	rep.Notes = slices.Clone(notes)
	if m.Load > busy*float64(m.Cores) {
		rep.Notes = append(rep.Notes, fmt.Sprintf("开始时机器另有负载（%.1f），数字不能作准。", m.Load))
	}
	return rep, nil
}

// busy is the load per core from which others disturb the figures.
const busy = 0.25

// notes say what the figures mean and where they flatter or wrong somebody.
var notes = []string{
	"信用核查的第一个下限是一条 SELECT，不写任何东西；核查在回答之前先把查询记录、加密的回答和两片日志叶子写进数据库并落盘，第二个下限因此是同一条 SELECT 加提交一行。",
	"核查和报告测量时，公开日志在同一进程里照常运行。",
	"记录查询和核查不压缩，与下限相同；页面和搜索按浏览器的习惯用 gzip 压缩。",
	"客户端与服务端在同一进程、同一机器，共用处理器；下限在同样条件下测得。",
	"报送的下限：取最近一周大文件实际写入的行（不含主体变更、栏目计数和批次本身的更新），按同样的批次，用 COPY 或预编译 INSERT 写入该库在报送前的副本。",
	"登记注册和存量只为造库：每 32,768 行一个事务；报送速度以“最近一周”为准，它与平时运行的设置相同。",
	"各阶段的城市种子不同，合在一个库里；个别代码可能相撞，会被正常退回。",
}

// engine names the database engine and the settings that count.
func engine(ctx context.Context, d *db.DB) (name string, settings map[string]string, err error) {
	settings = map[string]string{}
	err = d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		query, names := `SELECT 'SQLite ' || sqlite_version()`, []string{"journal_mode", "synchronous", "cache_size", "page_size", "wal_autocheckpoint"}
		if d.Engine() == db.Postgres {
			query, names = `SELECT 'PostgreSQL ' || current_setting('server_version')`,
				[]string{"shared_buffers", "fsync", "synchronous_commit", "full_page_writes", "wal_level", "max_wal_size", "work_mem", "autovacuum"}
		}
		if err := tx.QueryRowContext(ctx, query).Scan(&name); err != nil {
			return err
		}
		for _, n := range names {
			query := "PRAGMA " + n
			if d.Engine() == db.Postgres {
				query = "SELECT current_setting('" + n + "')"
			}
			var value string
			if err := tx.QueryRowContext(ctx, query).Scan(&value); err != nil {
				return err
			}
			settings[n] = value
		}
		return nil
	})
	return name, settings, err
}

// field reads the first "name : value" of a text file of the kernel; "" where there is none.
func field(path, name string) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(raw)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func kilobytes(path, name string) int64 {
	n, err := strconv.ParseInt(strings.TrimSuffix(field(path, name), " kB"), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}

// resetPeak lets the peak of resident memory begin anew, where the kernel can.
func resetPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// peak is the most resident memory since resetPeak.
func peak() int64 { return kilobytes("/proc/self/status", "VmHWM") }

// cpuTime is what this process has used so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// freeBytes is what the file system of dir has left.
func freeBytes(dir string) int64 {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0
	}
	return int64(st.Bavail) * int64(st.Bsize) //nolint:unconvert // the widths differ by platform
}

// fileSystem names the kind of the mount that holds dir.
func fileSystem(dir string) string {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	best, kind := -1, ""
	for line := range strings.Lines(string(mounts)) {
		left, right, ok := strings.Cut(line, " - ")
		f, g := strings.Fields(left), strings.Fields(right)
		if !ok || len(f) < 5 || len(g) < 2 {
			continue
		}
		if at := f[4]; (at == "/" || dir == at || strings.HasPrefix(dir, at+"/")) && len(at) >= best {
			best, kind = len(at), g[0]+" "+g[1]
		}
	}
	return kind
}

// flushTime is the price of one durable write in dir.
func flushTime(dir string) (float64, error) {
	const writes = 21
	f, err := os.Create(filepath.Join(dir, "flush"))
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	defer func() { _ = f.Close() }()
	samples, page := make([]time.Duration, 0, writes), make([]byte, 4096)
	for range writes {
		began := time.Now()
		if _, err := f.Write(page); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		samples = append(samples, time.Since(began))
	}
	return latency(samples, 0).P50, nil
}
