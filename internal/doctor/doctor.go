// Package doctor keeps the rule that an installation says itself what is wrong with it and what to do: every check has a name, a verdict and, when
// the verdict is not good, a step to take. It changes nothing unless it is asked to sweep what broken-off work left behind.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gongxin/internal/backup"
	"gongxin/internal/clock"
	"gongxin/internal/config"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/gm"
	"gongxin/internal/translog"
)

// Verdict of a check.
type Verdict string

// The verdicts, from good to bad.
const (
	OK    Verdict = "ok"
	Warn  Verdict = "warn"  // works, and will not for ever
	Fault Verdict = "fault" // broken, or data is at risk
)

// Finding is what a check found.
type Finding struct {
	Check   string  `json:"check"`
	Verdict Verdict `json:"verdict"`
	Message string  `json:"message"`
	Fix     string  `json:"fix,omitempty"`
}

// Input is what to look at.
type Input struct {
	Config config.Config
	Clock  clock.Clock
	Sweep  bool // remove what broken-off work left behind
	Deep   bool // read the whole database and every received file
	Log    func(ctx context.Context, d *db.DB) (LogState, error)
}

// LogState says how far the public log is; a hook, so that a program without the log can be examined as well.
type LogState struct {
	Size    int64
	Pending int64
	Lag     time.Duration
	Paused  bool
}

// exam is one examination.
type exam struct {
	Input
	db   *db.DB
	ring *gm.KeyRing
	out  []Finding
}

// Examine runs every check and gives what they found, in the order of the checks. What cannot be looked at because something before it is broken is
// left out.
func Examine(ctx context.Context, in Input) []Finding {
	x := &exam{Input: in}
	x.modes()
	x.disk()
	x.keys()
	x.transport()
	x.scanner(ctx)
	if d, ok := x.open(ctx); ok {
		defer func() { _ = d.Close() }()
		x.db = d
		checks := []func(context.Context){x.engine}
		if x.schema(ctx) { // the tables of another version do not answer what this one asks
			checks = append(checks, x.clock, x.holidays, x.catalogue, x.filings, x.post, x.reports, x.log, x.backups)
		}
		for _, check := range checks {
			check(ctx)
		}
	}
	x.received(ctx)
	x.leftovers()
	return x.out
}

// Worst gives the worst verdict.
func Worst(list []Finding) Verdict {
	worst := OK
	for _, f := range list {
		if f.Verdict == Fault || worst == OK {
			worst = f.Verdict
		}
	}
	return worst
}

func (x *exam) say(check string, v Verdict, message, fix string) {
	x.out = append(x.out, Finding{check, v, message, fix})
}

func (x *exam) fine(check, format string, args ...any) {
	x.say(check, OK, fmt.Sprintf(format, args...), "")
}

// failed reports an error in the words that are safe to show.
func (x *exam) failed(check string, err error) {
	var f *fault.Error
	if errors.As(err, &f) && f.Kind != fault.Internal {
		x.say(check, Fault, f.Message, f.Fix)
		return
	}
	x.say(check, Fault, "检查没有完成："+err.Error(), "请查看服务日志；如果一直如此，请联系维护者")
}

// modes holds keys and data against the rule that only the program's own user may read them.
func (x *exam) modes() {
	if _, err := os.Stat(x.Config.Data); err != nil {
		x.say("文件权限", Warn, "数据目录不存在："+x.Config.Data, "首次启动时会自动建立；如果已经运行过，请检查 --data 和配置文件中的 data")
		return
	}
	var open []string
	check := func(path string) {
		if st, err := os.Stat(path); err == nil && st.Mode().Perm()&0o077 != 0 {
			open = append(open, path)
		}
	}
	check(x.Config.Data)
	check(x.Config.KeyFile())
	if keys, err := filepath.Glob(filepath.Join(x.Config.Data, "keys", "*")); err == nil {
		for _, k := range keys {
			check(k)
		}
	}
	if !strings.Contains(x.Config.Database, "://") {
		check(strings.TrimPrefix(x.Config.Database, "sqlite:"))
	}
	if len(open) > 0 {
		x.say("文件权限", Fault, "其他用户可以读取："+strings.Join(open, "、"), "请执行 chmod go-rwx 上述路径，并确认属主是运行本程序的用户")
		return
	}
	x.fine("文件权限", "数据目录、密钥和数据库只对运行本程序的用户开放")
}

// Bounds of free disk.
const (
	littleDisk = 2 << 30
	noDisk     = 256 << 20
)

func (x *exam) disk() {
	free, err := backup.Free(x.Config.Data)
	switch {
	case err != nil:
	case free < noDisk:
		x.say("磁盘空间", Fault, fmt.Sprintf("数据目录所在磁盘只剩 %d MB，报送将失败", free>>20), "请清理磁盘或扩容")
	case free < littleDisk:
		x.say("磁盘空间", Warn, fmt.Sprintf("数据目录所在磁盘只剩 %d MB", free>>20), "请尽快清理磁盘或扩容")
	default:
		x.fine("磁盘空间", "剩余 %.1f GB", float64(free)/1e9)
	}
}

// keys opens the ring without making one: a missing ring beside a full database is a loss, not a beginning.
func (x *exam) keys() {
	if _, err := os.Stat(x.Config.KeyFile()); err != nil {
		x.say("密钥", Fault, "没有密钥文件 "+x.Config.KeyFile(), "新安装会在首次启动时生成；已有数据时，请从单独保管处放回密钥文件，切勿直接启动，否则会生成另一套打不开旧数据的密钥")
		return
	}
	ring, err := gm.OpenKeyRing(x.Config.KeyFile())
	if err != nil {
		x.say("密钥", Fault, "密钥文件无法读取", "请从单独保管处恢复密钥文件："+err.Error())
		return
	}
	const text = "doctor"
	if plain, err := ring.Open(text, ring.Seal(text, text)); err != nil || plain != text {
		x.say("密钥", Fault, "密钥文件读出后不能加密和解密", "请从单独保管处恢复密钥文件")
		return
	}
	x.ring = ring
	x.fine("密钥", "密钥文件可读，加密和解密正常")
}

// transport looks at the ways by which passwords and records travel.
func (x *exam) transport() {
	bad := false
	if !x.Config.Loopback() && !strings.HasPrefix(x.Config.BaseURL, "https://") {
		bad = true
		x.say("传输加密", Warn, "监听的地址从别的机器可以访问，而 base_url 不是 https：口令和会话可能不加密传输，Cookie 也没有 Secure",
			"请由反向代理做 TLS，监听改为 127.0.0.1（或者只有代理能访问的地址），base_url 写成 https://…")
	}
	link, err := db.LinkOf(x.Config.Database)
	switch {
	case err != nil: // opening it says so
	case link == db.LinkPlain:
		bad = true
		x.say("传输加密", Warn, "到数据库的连接不加密（sslmode=disable）", "数据库不在同一台机器上的，请给它装证书，改为 sslmode=verify-full")
	case link == db.LinkEncrypted:
		bad = true
		x.say("传输加密", Warn, "到数据库的连接加密，但不核对服务器是谁", "请改为 sslmode=verify-full，用 sslrootcert 指明签发证书的机构")
	}
	if !bad {
		x.fine("传输加密", "网站地址和到数据库的连接没有发现问题")
	}
}

// open opens the database if it is there: looking must not make one.
func (x *exam) open(ctx context.Context) (*db.DB, bool) {
	if path := strings.TrimPrefix(x.Config.Database, "sqlite:"); !strings.Contains(path, "://") {
		if _, err := os.Stat(path); err != nil {
			x.say("数据库", Fault, "数据库文件不存在："+path, "新安装请执行 gongxin migrate；如果已经运行过，请检查 --database，或从备份恢复")
			return nil, false
		}
	}
	d, err := db.Open(ctx, x.Config.Database, db.Options{Readers: 2, MaxConns: 3})
	if err != nil {
		x.failed("数据库", err)
		return nil, false
	}
	return d, true
}

func (x *exam) schema(ctx context.Context) bool {
	if err := x.db.CheckSchema(ctx); err != nil {
		x.failed("数据库结构", err)
		return false
	}
	if half, err := backup.Restoring(ctx, x.db.Read()); err != nil || half {
		x.say("数据库结构", Fault, "上一次恢复没有完成，数据不全", "请用同一份备份再次执行 gongxin restore，它会从中断处继续")
		return false
	}
	n, err := x.db.SchemaVersion(ctx)
	if err != nil {
		x.failed("数据库结构", err)
		return false
	}
	x.fine("数据库结构", "版本 %d，与本程序一致", n)
	return true
}

func (x *exam) clock(ctx context.Context) {
	newest, err := newestAt(ctx, x.db)
	now := x.Clock.Now()
	switch {
	case err != nil:
		x.failed("时钟", err)
	case now.Year() < 2026:
		x.say("时钟", Fault, "系统时间是 "+now.Format(time.DateOnly)+"，早于本程序编写之时", "请校准系统时间（建议启用 NTP）")
	case newest.Sub(now) > 5*time.Minute:
		x.say("时钟", Fault, "系统时间比最近一次登记的时刻还早 "+newest.Sub(now).Round(time.Minute).String(), "请校准系统时间（建议启用 NTP）；期限和公示日期都依赖它")
	default:
		x.fine("时钟", "系统时间 %s，不早于最近一次登记", now.In(clock.Zone).Format("2006-01-02 15:04"))
	}
}

// logKeys looks whether the keys of a log that has begun are there: without them the service does not start.
func (x *exam) logKeys(size int64) {
	dir := filepath.Join(x.Config.Data, "keys")
	if missing := translog.MissingKeys(dir); len(missing) > 0 {
		x.say("日志密钥", Fault, fmt.Sprintf("公开日志已有 %d 条，而 %s 里没有签名密钥 %s；服务不会启动，也不会另造一套", size, dir, strings.Join(missing, "、")),
			"请从单独保管的密钥备份放回这些文件（权限 600），再执行一次体检；用 --with-keys 做的备份可以由 gongxin restore 取出，见 docs/operate/backup.md。"+
				"确实找不回来的，执行 gongxin log new-keys 另立一套，并向社会公开说明")
		return
	}
	x.fine("日志密钥", "公开日志的签名密钥都在")
}

func (x *exam) log(ctx context.Context) {
	if x.Log == nil {
		return
	}
	s, err := x.Log(ctx, x.db)
	if err == nil && s.Size > 0 {
		x.logKeys(s.Size)
	}
	switch {
	case err != nil:
		x.failed("公开日志", err)
	case s.Paused:
		x.say("公开日志", Fault, fmt.Sprintf("日志停滞，公示已暂停：%d 批变更等待，最早的已等 %s", s.Pending, s.Lag.Round(time.Second)), "请检查日志目录的磁盘与权限，以及后台任务是否运行；服务日志里有原因")
	case s.Lag > time.Minute:
		x.say("公开日志", Warn, fmt.Sprintf("日志落后 %s，%d 批变更等待", s.Lag.Round(time.Second), s.Pending), "请确认服务在运行；停机时有等待的变更是正常的，启动后会追上")
	default:
		x.fine("公开日志", "共 %d 条，%d 批变更等待", s.Size, s.Pending)
	}
}

// How old the newest backup may be.
const (
	oldBackup     = 2 * 24 * time.Hour
	tooOldBackup  = 8 * 24 * time.Hour
	leftoverAfter = 24 * time.Hour
)

func (x *exam) backups(ctx context.Context) {
	last, err := backup.Newest(ctx, x.db.Read())
	const fix = "请执行 gongxin backup 目录，并列入每日的定时任务；见 docs/operate/backup.md"
	switch {
	case err != nil:
		x.failed("备份", err)
	case last == nil:
		x.say("备份", Warn, "从来没有备份过", fix)
	default:
		age := x.Clock.Now().Sub(last.At)
		text := fmt.Sprintf("最近一次备份在 %s，位于 %s", last.At.In(clock.Zone).Format("2006-01-02 15:04"), last.Dir)
		switch {
		case age > tooOldBackup:
			x.say("备份", Fault, text+"，已超过八天", fix)
		case age > oldBackup:
			x.say("备份", Warn, text+"，已超过两天", fix)
		default:
			x.fine("备份", "%s", text)
		}
	}
}
