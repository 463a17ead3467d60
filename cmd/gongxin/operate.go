package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gongxin/internal/app"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/subject"
)

// MigrateCmd makes or upgrades the tables.
type MigrateCmd struct{}

// Run migrates.
func (*MigrateCmd) Run(e *Env) error {
	c, err := e.settings()
	if err != nil {
		return err
	}
	if c, err = c.Defaults(); err != nil {
		return err
	}
	a, err := app.Open(e, c, app.Options{}, true)
	if err != nil {
		return err
	}
	n, err := a.DB.SchemaVersion(e)
	if err == nil {
		e.say("数据库结构是最新的：版本 %d。", n)
	}
	return errors.Join(err, a.Close())
}

// AgencyCmd holds the commands on agencies.
type AgencyCmd struct {
	Add  AgencyAddCmd  `cmd:"" help:"登记一个报送单位；已登记的改名称和区划。"`
	List AgencyListCmd `cmd:"" help:"列出报送单位。"`
	Hook AgencyHookCmd `cmd:"" help:"单位的系统地址（webhook）：登记、列出、删除。联合奖惩任务推送到这里。"`
}

// AgencyAddCmd registers an agency.
type AgencyAddCmd struct {
	Code   string `required:"" help:"统一社会信用代码。" placeholder:"USCC"`
	Name   string `required:"" help:"单位全称。"`
	Region string `help:"行政区划代码，默认取自统一社会信用代码。" placeholder:"CODE"`
}

// Run registers.
func (c *AgencyAddCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	added, err := a.Agencies.Add(e, c.Code, c.Name, c.Region)
	if err != nil {
		return err
	}
	if e.CLI.JSON {
		return e.answer(map[string]string{"code": added.Code, "name": added.Name, "region": added.Region})
	}
	e.say("已登记 %s（%s，%s）。", added.Name, added.Code, added.Region)
	return nil
}

// AgencyListCmd lists agencies.
type AgencyListCmd struct{}

// Run lists.
func (*AgencyListCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	list, err := a.Agencies.List(e)
	if err != nil {
		return err
	}
	if e.CLI.JSON {
		items := make([]map[string]any, len(list))
		for i, x := range list {
			items[i] = map[string]any{"code": x.Code, "name": x.Name, "region": x.Region, "active": x.Active}
		}
		return e.answer(map[string]any{"items": items})
	}
	if len(list) == 0 {
		e.say("还没有登记报送单位。登记：gongxin agency add --code 代码 --name 名称")
		return nil
	}
	t := newTable(e.Out)
	for _, x := range list {
		fmt.Fprintf(t, "%s\t%s\t%s\n", x.Code, x.Region, x.Name)
	}
	return t.Flush()
}

// CatalogCmd holds the commands on the catalogue.
type CatalogCmd struct {
	List  CatalogListCmd  `cmd:"" help:"列出现行目录的事项。"`
	Check CatalogCheckCmd `cmd:"" help:"检查一个目录文件夹，列出全部问题。"`
	Load  CatalogLoadCmd  `cmd:"" help:"装载一个目录文件夹，作为新的版本。"`
}

// CatalogListCmd lists the items in force.
type CatalogListCmd struct{}

// Run lists.
func (*CatalogListCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	edition := a.Editions.Current(clock.Today(a.Clock))
	if e.CLI.JSON {
		items := make([]map[string]any, len(edition.Items))
		for i, x := range edition.Items {
			items[i] = map[string]any{"code": x.Code, "name": x.Name, "class": x.Class, "category": x.Category}
		}
		return e.answer(map[string]any{"edition": edition.ID, "items": items})
	}
	e.say("目录版本 %s，自 %s 起施行。", edition.ID, edition.EffectiveFrom)
	t := newTable(e.Out)
	for _, x := range edition.Items {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", x.Code, x.Class, x.Name, x.Category)
	}
	return t.Flush()
}

// CatalogCheckCmd checks a folder of catalogue files.
type CatalogCheckCmd struct {
	Dir string `arg:"" help:"目录文件夹。" type:"existingdir"`
}

// Run checks.
func (c *CatalogCheckCmd) Run(e *Env) error {
	edition, err := catalog.LoadOver(catalog.Default(), os.DirFS(c.Dir))
	if err != nil {
		return usage{err}
	}
	e.say("目录版本 %s 检查通过：%d 个事项，自 %s 起施行。", edition.ID, len(edition.Items), edition.EffectiveFrom)
	return nil
}

// CatalogLoadCmd loads a folder of catalogue files as a new edition.
type CatalogLoadCmd struct {
	Dir string `arg:"" help:"目录文件夹。" type:"existingdir"`
}

// Run loads.
func (c *CatalogLoadCmd) Run(e *Env) (err error) {
	edition, err := catalog.LoadOver(catalog.Default(), os.DirFS(c.Dir))
	if err != nil {
		return usage{err}
	}
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := a.LoadEdition(e, edition, actor()); err != nil {
		return err
	}
	e.say("已装载目录版本 %s，自 %s 起施行。正在运行的服务在一分钟内采用。", edition.ID, edition.EffectiveFrom)
	return nil
}

// CalendarCmd holds the commands on holiday tables.
type CalendarCmd struct {
	List CalendarListCmd `cmd:"" help:"列出已有的年份。"`
	Load CalendarLoadCmd `cmd:"" help:"装载一个年份的节假日表。"`
}

// CalendarListCmd lists the years on file.
type CalendarListCmd struct{}

// Run lists.
func (*CalendarListCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	t := newTable(e.Out)
	for _, y := range a.Calendar.Years() {
		fmt.Fprintf(t, "%d\t%s\n", y.Year, y.Document)
	}
	return t.Flush()
}

// CalendarLoadCmd loads one year.
type CalendarLoadCmd struct {
	File string `arg:"" help:"节假日表（TOML）。" type:"existingfile"`
}

// Run loads.
func (c *CalendarLoadCmd) Run(e *Env) (err error) {
	raw, err := os.ReadFile(c.File)
	if err != nil {
		return usage{fmt.Errorf("文件 %s 无法读取：%w", filepath.Base(c.File), err)}
	}
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	year, err := catalog.SaveCalendar(e, a.DB, string(raw), actor(), a.Clock.Now())
	if err != nil {
		return err
	}
	e.say("已装载 %d 年节假日表。正在运行的服务一分钟内采用，不用重启。", year)
	return nil
}

// LegacyCmd holds the commands on the allow-list of pilot-era codes.
type LegacyCmd struct {
	Add LegacyAddCmd `cmd:"" help:"加入一个校验位不符的试点期代码。"`
}

// LegacyAddCmd adds a code.
type LegacyAddCmd struct {
	Code string `arg:"" help:"18位代码。"`
	Note string `required:"" help:"依据，例如核对过的营业执照。"`
}

// Run adds.
func (c *LegacyAddCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	code, err := subject.AddLegacyCode(e, a.DB, c.Code, c.Note, actor(), a.Clock.Now())
	if err != nil {
		return err
	}
	e.say("已加入白名单：%s。", code)
	return nil
}

// ConfigCmd holds the commands on the configuration.
type ConfigCmd struct {
	Check ConfigCheckCmd `cmd:"" help:"检查配置，不启动服务。"`
}

// ConfigCheckCmd checks the configuration.
type ConfigCheckCmd struct{}

// Run checks.
func (*ConfigCheckCmd) Run(e *Env) error {
	c, err := e.settings()
	if err == nil {
		c, err = c.Defaults()
	}
	if err != nil {
		return usage{err}
	}
	e.say("配置有效：监听 %s，数据目录 %s。", c.Listen, c.Data)
	return nil
}
