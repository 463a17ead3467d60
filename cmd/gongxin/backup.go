package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"

	"gongxin/internal/app"
	"gongxin/internal/backup"
	"gongxin/internal/clock"
	"gongxin/internal/config"
	"gongxin/internal/db"
)

// BackupCmd holds the commands on backups.
type BackupCmd struct {
	Make   BackupMakeCmd   `cmd:"" default:"withargs" help:"在线备份：数据库、公开日志和原始文件，一次一致的备份。"`
	Verify BackupVerifyCmd `cmd:"" help:"从头到尾核对一份备份，不需要数据库和密钥。"`
	List   BackupListCmd   `cmd:"" help:"列出一个目录中的完整备份。"`
}

// BackupMakeCmd saves the installation.
type BackupMakeCmd struct {
	Dir        string `arg:"" help:"存放备份的目录，应在另一块磁盘上。" type:"path"`
	Keep       int    `help:"保留最近的几份，0 为全部保留。" default:"0" placeholder:"N"`
	WithKeys   bool   `help:"连同密钥一起备份，用口令密封。"`
	Passphrase string `name:"passphrase-file" help:"口令文件（第一行）；不给出则在终端输入。" type:"existingfile" placeholder:"FILE"`
}

// Run saves.
func (c *BackupMakeCmd) Run(e *Env) (err error) {
	if c.Keep < 0 {
		return usage{errors.New("--keep 不能小于 0")}
	}
	conf, d, err := e.database(db.Options{Readers: 2})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.CheckSchema(e); err != nil && !errors.Is(err, db.ErrSchemaOlder) { // before an upgrade there should be a backup
		return err
	}
	if n, err := d.SchemaVersion(e); err != nil || n == 0 {
		return errors.Join(err, backup.ErrNone.Messagef("数据库是空的，没有可备份的内容"))
	}
	if half, err := backup.Restoring(e, d.Read()); err != nil || half {
		return errors.Join(err, backup.ErrOther.Messagef("这个数据库正在恢复，没有完成，不能备份"))
	}
	o := backup.Options{Dir: c.Dir, Keep: c.Keep}
	if c.WithKeys {
		if o.Passphrase, err = passphrase(e, c.Passphrase, true); err != nil {
			return err
		}
	}
	ring, err := app.OpenRing(e, d, conf.KeyFile())
	if err != nil {
		return err
	}
	line := newLine(e.Msg)
	o.Progress = line.backup
	m, err := backup.Create(e, backup.Source{DB: d, Data: conf.Data, Ring: ring, Clock: clock.System{}, Program: version}, o)
	line.end()
	if err != nil {
		return err
	}
	if e.CLI.JSON {
		return e.answer(m)
	}
	took := m.Ended.Sub(m.Begun)
	e.say("备份完成：%s\n  %d 张表 %d 行，原始文件 %d 个，共 %.1f MB（新写 %.1f MB），用时 %.1f 秒，%.1f MB/秒，%.0f 行/秒。", m.Dir, len(m.Tables), m.Rows(), m.Blobs.Files,
		float64(m.Bytes)/1e6, float64(m.NewBytes)/1e6, took.Seconds(), float64(m.NewBytes)/1e6/took.Seconds(), float64(m.Rows())/took.Seconds())
	if !m.Keys.Included {
		e.say("  备份中没有密钥。恢复时需要密钥 %s：请另行妥善保管 %s。", strings.Join(m.Keys.Names, "、"), filepath.Join(conf.Data, "keys.json"))
	}
	return nil
}

// BackupVerifyCmd checks a backup.
type BackupVerifyCmd struct {
	Dir string `arg:"" help:"一份备份，或存放备份的目录（核对最新的一份）。" type:"existingdir"`
}

// Run checks.
func (c *BackupVerifyCmd) Run(e *Env) error {
	m, err := backup.Find(c.Dir)
	if err != nil {
		return err
	}
	line := newLine(e.Msg)
	err = backup.Verify(e, m, line.backup)
	line.end()
	if err != nil {
		return err
	}
	if e.CLI.JSON {
		return e.answer(m)
	}
	e.say("备份 %s 完好：%d 行，原始文件 %d 个。", m.ID, m.Rows(), m.Blobs.Files)
	return nil
}

// BackupListCmd lists backups.
type BackupListCmd struct {
	Dir string `arg:"" help:"存放备份的目录。" type:"existingdir"`
}

// Run lists.
func (c *BackupListCmd) Run(e *Env) error {
	list, err := backup.List(c.Dir)
	if err != nil {
		return err
	}
	if e.CLI.JSON {
		return e.answer(map[string]any{"items": list})
	}
	for _, m := range list {
		keys := "不含密钥"
		if m.Keys.Included {
			keys = "含密钥"
		}
		fmt.Fprintf(e.Out, "%s  结构 %d  %s  %d 行  %.1f MB  %s\n", m.ID, m.Schema, m.Engine, m.Rows(), float64(m.Bytes)/1e6, keys)
	}
	return nil
}

// RestoreCmd restores a backup into an empty database.
type RestoreCmd struct {
	Dir        string `arg:"" help:"一份备份，或存放备份的目录（恢复最新的一份）。" type:"existingdir"`
	WithKeys   bool   `help:"用备份中密封的密钥。"`
	Passphrase string `name:"passphrase-file" help:"口令文件（第一行）；不给出则在终端输入。" type:"existingfile" placeholder:"FILE"`
}

// Run restores.
func (c *RestoreCmd) Run(e *Env) (err error) {
	m, err := backup.Find(c.Dir)
	if err != nil {
		return err
	}
	t := backup.Target{}
	if c.WithKeys {
		if t.Passphrase, err = passphrase(e, c.Passphrase, false); err != nil {
			return err
		}
	}
	conf, d, err := e.database(db.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	line := newLine(e.Msg)
	t.DB, t.Data, t.Progress = d, conf.Data, line.backup
	begun := time.Now()
	r, err := backup.Restore(e, m, t)
	line.end()
	if err != nil {
		return err
	}
	if e.CLI.JSON {
		return e.answer(r)
	}
	took := time.Since(begun).Seconds()
	e.say("恢复完成：备份 %s，%d 张表 %d 行逐行核对一致，原始文件 %d 个，用时 %.1f 秒，%.0f 行/秒。", m.ID, r.Tables, r.Rows, r.Blobs, took, float64(r.Rows)/took)
	if r.LogAhead > 0 {
		e.say("数据目录中的公开日志比备份多 %d 条：这份备份之后登记过的内容没有恢复，日志已保留，没有删短。有更新的备份时，请换一个空库恢复那一份；没有时见 docs/operate/backup.md“日志比备份新”。", r.LogAhead)
	}
	e.say("启动服务前请执行 gongxin doctor。")
	return nil
}

// backup shows how far a backup or restore has come.
func (b *line) backup(stage backup.Stage, share float64, n int64) {
	what := map[backup.Stage]string{
		backup.StageLog: "公开日志", backup.StageTables: "数据库", backup.StageBlobs: "原始文件", backup.StageVerify: "核对备份", backup.StageCheck: "核对恢复结果",
	}[stage]
	if n > 0 {
		what = fmt.Sprintf("%s %d", what, n)
	}
	b.show(share, what)
}

// database opens the configured database without building an application over it.
func (e *Env) database(o db.Options) (config.Config, *db.DB, error) {
	c, err := e.settings()
	if err == nil {
		c, err = c.Defaults()
	}
	if err != nil {
		return c, nil, usage{err}
	}
	if err := c.MakeData(); err != nil {
		return c, nil, err
	}
	d, err := db.Open(e, c.Database, o)
	return c, d, err
}

// passphrase reads a passphrase from the first line of a file, or from the terminal, where a new one is asked for twice.
func passphrase(e *Env, path string, twice bool) (string, error) {
	if path != "" {
		raw, err := os.ReadFile(path)
		if err != nil {
			return "", usage{fmt.Errorf("口令文件无法读取：%w", err)}
		}
		text, _, _ := bytes.Cut(raw, []byte("\n"))
		return strings.TrimSuffix(string(text), "\r"), nil
	}
	in := int(os.Stdin.Fd())
	if !term.IsTerminal(in) {
		return "", usage{errors.New("没有终端可以输入口令，请用 --passphrase-file 给出口令文件")}
	}
	ask := func(prompt string) (string, error) {
		_, _ = fmt.Fprint(e.Msg, prompt)
		raw, err := term.ReadPassword(in)
		_, _ = fmt.Fprintln(e.Msg)
		if err == nil && e.Err() != nil {
			err = context.Cause(e)
		}
		return string(raw), err
	}
	first, err := ask("口令：")
	if err != nil || !twice {
		return first, err
	}
	second, err := ask("再输入一次：")
	if err == nil && first != second {
		err = usage{errors.New("两次输入的口令不同")}
	}
	return first, err
}
