package doctor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gongxin/internal/blob"
	"gongxin/internal/catalog"
	"gongxin/internal/clamd"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/id"
	"gongxin/internal/ingest"
	"gongxin/internal/notice"
	"gongxin/internal/report"
	"gongxin/internal/translog"
)

// engine asks the engine about itself.
func (x *exam) engine(ctx context.Context) {
	if x.db.Engine() == db.Postgres {
		x.postgres(ctx)
		return
	}
	pragma := "PRAGMA quick_check(5)"
	if x.Deep {
		pragma = "PRAGMA integrity_check(5)"
	}
	var said string
	if err := x.db.Read().QueryRowContext(ctx, pragma).Scan(&said); err != nil || said != "ok" {
		x.say("数据库文件", Fault, fmt.Sprintf("数据库文件损坏：%.200s", said), "请停止服务，保留现有文件，从最近的备份恢复到新的数据库")
		return
	}
	x.fine("数据库文件", "完整性检查通过")
}

// pgSettings lists what a register may not run without.
var pgSettings = []struct {
	name, want string
	verdict    Verdict
	why        string
}{
	{"fsync", "on", Fault, "断电后数据库可能损坏"},
	{"full_page_writes", "on", Fault, "断电后数据页可能残缺"},
	{"synchronous_commit", "on", Fault, "断电后可能丢失已确认的写入"},
	{"data_checksums", "on", Warn, "磁盘的静默错误不会被发现"},
}

func (x *exam) postgres(ctx context.Context) {
	var version string
	if err := x.db.Read().QueryRowContext(ctx, `SHOW server_version`).Scan(&version); err != nil {
		x.failed("PostgreSQL", err)
		return
	}
	bad := 0
	for _, s := range pgSettings {
		var have string
		if err := x.db.Read().QueryRowContext(ctx, `SELECT current_setting($1)`, s.name).Scan(&have); err != nil {
			x.failed("PostgreSQL", err)
			return
		}
		if have == s.want || s.name == "synchronous_commit" && strings.HasPrefix(have, "remote_") {
			continue
		}
		bad++
		x.say("PostgreSQL", s.verdict, fmt.Sprintf("设置 %s = %s：%s", s.name, have, s.why), fmt.Sprintf("请设为 %s；data_checksums 用 pg_checksums --enable 开启（需停库）", s.want))
	}
	if bad == 0 {
		x.fine("PostgreSQL", "版本 %s，与持久性有关的设置正确", version)
	}
}

// newestAt gives when anything was put on file last, zero if never. The outbox's newest id says it: ids begin with milliseconds.
func newestAt(ctx context.Context, d *db.DB) (time.Time, error) {
	newest, err := translog.Newest(ctx, d.Read())
	if err != nil || newest == 0 {
		return time.Time{}, err
	}
	origin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	first := id.NewMaker(func() time.Time { return origin }).Next()
	return origin.Add(time.Duration(newest>>22-first>>22) * time.Millisecond), nil
}

func (x *exam) holidays(ctx context.Context) {
	c, err := catalog.Calendars(ctx, x.db.Read())
	if err != nil {
		x.failed("节假日表", err)
		return
	}
	year := x.Clock.Now().In(clock.Zone).Year()
	switch {
	case !c.Covers(year):
		x.say("节假日表", Fault, fmt.Sprintf("没有 %d 年的节假日表，工作日期限无法计算", year), "请按国务院办公厅的通知制作后执行 gongxin calendar load；见 docs/operate/calendar.md")
	case !c.Covers(year + 1):
		x.say("节假日表", Warn, fmt.Sprintf("没有 %d 年的节假日表，跨年的工作日期限无法计算", year+1), "通知通常在十一月前后发布，发布后请执行 gongxin calendar load；见 docs/operate/calendar.md")
	default:
		x.fine("节假日表", "已有 %d 年和 %d 年", year, year+1)
	}
}

func (x *exam) catalogue(ctx context.Context) {
	s, err := catalog.NewStore(catalog.Default())
	if err == nil {
		err = s.Refresh(ctx, x.db.Read())
	}
	if err != nil {
		x.failed("信用目录", err)
		return
	}
	e := s.Current(clock.Today(x.Clock))
	if e == nil {
		x.say("信用目录", Fault, "没有现行的信用目录", "请执行 gongxin catalog load")
		return
	}
	x.fine("信用目录", "现行版本 %s，%d 个事项", e.ID, len(e.Items))
}

// filings finds filings that were acknowledged and that nobody finishes.
func (x *exam) filings(ctx context.Context) {
	s := ingest.NewService(ingest.Config{DB: x.db, Clock: x.Clock, Owner: ingest.Owner("doctor")})
	ids, err := s.Waiting(ctx)
	if err != nil {
		x.failed("报送", err)
		return
	}
	now, old := x.Clock.Now(), 0
	for _, one := range ids {
		sub, err := s.Get(ctx, one)
		if err != nil {
			x.failed("报送", err)
			return
		}
		if now.Sub(sub.ReceivedAt) > time.Hour {
			old++
		}
	}
	if old > 0 {
		x.say("报送", Warn, fmt.Sprintf("%d 个批次一小时前已确认，仍没有处理", old), "请确认服务在运行且没有用 --no-work 启动；反复失败的原因在服务日志里（filing stopped）")
		return
	}
	x.fine("报送", "没有积压的批次（等待处理 %d 个）", len(ids))
}

// post finds notices that nobody could be sent.
func (x *exam) post(ctx context.Context) {
	waiting, dead, err := notice.New(notice.Config{DB: x.db, Clock: x.Clock}).Backlog(ctx)
	switch {
	case err != nil:
		x.failed("通知", err)
	case dead > 0:
		x.say("通知", Warn, fmt.Sprintf("%d 条外发的通知多次发送失败，已停止重发（本站里的通知不受影响）", dead), "请检查配置 [notice] 里的邮件服务器和短信网关，以及各单位接收系统的地址；失败的原因在服务日志里")
	default:
		x.fine("通知", "没有发不出去的通知（等待发送 %d 条）", waiting)
	}
}

// reports says how many reports are on file, and whether those whose time is over have lost their content.
func (x *exam) reports(ctx context.Context) {
	keep := report.Keep{Standard: x.Config.Report.KeepMonths, Others: x.Config.Report.KeepOwnMonths}
	s, err := report.New(report.Config{DB: x.db, Clock: x.Clock, Keep: keep})
	if err != nil {
		x.failed("信用报告", err)
		return
	}
	stock, err := s.Stock(ctx)
	switch {
	case err != nil:
		x.failed("信用报告", err)
	case stock.Overdue > 0:
		x.say("信用报告", Warn, fmt.Sprintf("%d 份报告过了保存期限，内容还没有删除", stock.Overdue), "服务运行时每小时清理一次；服务在运行而数字不减少的，请看服务日志")
	default:
		x.fine("信用报告", "在册 %d 份；另有 %d 份过了保存期限，只留编号和摘要", stock.Whole, stock.Pruned)
	}
}

// Bounds of the virus scanner.
const (
	scannerWait   = 5 * time.Second
	oldSignatures = 7 * 24 * time.Hour // the age of signatures at which the operator is told
)

// scanner asks the virus scanner what it is, and how old its signatures are.
func (x *exam) scanner(ctx context.Context) {
	const check = "病毒检查"
	if x.Config.Scan.Address == "" {
		x.say(check, Warn, "没有设置病毒检查，办事人上传的附件和认领材料不经检查就收下", "请安装 ClamAV 的 clamd，并在配置里写明 scan.address；见 docs/operate/config.md")
		return
	}
	c, err := clamd.New(x.Config.Scan.Address)
	if err != nil {
		x.failed(check, err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, scannerWait)
	defer cancel()
	v, err := c.Version(ctx)
	var probed error
	if err == nil {
		probed = c.Probe(ctx)
	}
	switch {
	case err != nil:
		x.say(check, Fault, "连不上病毒检查服务，现在上传附件会被拒绝", "请检查 clamd 是否在运行、scan.address 是否正确、本程序的用户能不能读写它的套接字")
	case errors.Is(probed, clamd.ErrBlind):
		x.say(check, Fault, v.Program+" 查不出标准的测试文件（EICAR）", "请运行 freshclam 装上官方病毒库，并设置它每天更新")
	case probed != nil && !errors.Is(probed, clamd.ErrLax):
		x.failed(check, probed)
	case v.Day.IsZero():
		x.say(check, Fault, v.Program+" 没有官方病毒库，只有自制的特征", "请运行 freshclam，并设置它每天更新")
	case probed != nil:
		x.say(check, Warn, v.Program+" 遇到超过它上限的文件，不检查就当作没有病毒", "请在 clamd.conf 里写上 AlertExceedsMax yes，然后重新启动 clamd")
	case x.Clock.Now().Sub(v.Day) > oldSignatures:
		x.say(check, Warn, fmt.Sprintf("%s 的病毒库是 %s 的，超过 7 天没有更新", v.Program, v.Day.Format(time.DateOnly)), "请检查 freshclam 能不能更新；不能联网的，请定期把病毒库复制进来")
	default:
		x.fine(check, "%s，病毒库 %s（%s）", v.Program, v.Signatures, v.Day.Format(time.DateOnly))
	}
}

// sampleFiles is how many received files are opened unless all are asked for.
const sampleFiles = 20

// received opens received files and holds their content against their names.
func (x *exam) received(ctx context.Context) {
	if x.ring == nil {
		return
	}
	dir := filepath.Join(x.Config.Data, "blobs")
	var names []string
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // what cannot be listed is not sampled
		}
		if e.IsDir() && e.Name() == "tmp" {
			return fs.SkipDir
		}
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
		return nil
	})
	if len(names) == 0 {
		return
	}
	rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	if !x.Deep && len(names) > sampleFiles {
		names = names[:sampleFiles]
	}
	store, err := blob.Open(dir, x.ring)
	if err != nil {
		x.failed("原始文件", err)
		return
	}
	bad := 0
	for _, name := range names {
		if ctx.Err() != nil {
			return
		}
		if !sound(store, name) {
			bad++
		}
	}
	if bad > 0 {
		x.say("原始文件", Fault, fmt.Sprintf("检查 %d 个报送的原始文件，%d 个打不开或内容与名称不符", len(names), bad), "请检查磁盘与密钥文件，从备份的 blobs 目录取回这些文件；用 gongxin doctor --deep 检查全部")
		return
	}
	x.fine("原始文件", "检查了 %d 个，全部完好", len(names))
}

// sound reports whether a received file opens and hashes to its name.
func sound(store *blob.Store, name string) bool {
	f, err := store.Open(name)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return false
	}
	return strings.HasPrefix(name, hex.EncodeToString(sum.Sum(nil)))
}

// leftovers finds what broken-off work left behind, and removes it when asked.
func (x *exam) leftovers() {
	before := x.Clock.Now().Add(-leftoverAfter)
	var old []string
	look := func(pattern string) {
		found, _ := filepath.Glob(filepath.Join(x.Config.Data, pattern))
		for _, path := range found {
			if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() && st.ModTime().Before(before) {
				old = append(old, path)
			}
		}
	}
	for _, pattern := range []string{"blobs/tmp/in-*", "blobs/tmp/out-*", ".keys-*", "*.new", ".copy-*", "blobs/*/*/.copy-*", "log/.copy-*"} {
		look(pattern)
	}
	switch {
	case len(old) == 0:
		x.fine("临时文件", "没有遗留")
	case !x.Sweep:
		x.say("临时文件", Warn, fmt.Sprintf("有 %d 个一天前中断的操作留下的临时文件", len(old)), "请执行 gongxin doctor --fix 清理")
	default:
		for _, path := range old {
			if err := os.Remove(path); err != nil {
				x.failed("临时文件", err)
				return
			}
		}
		x.fine("临时文件", "已清理 %d 个", len(old))
	}
}
