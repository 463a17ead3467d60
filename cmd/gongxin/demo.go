package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"gongxin/internal/app"
	"gongxin/internal/clock"
	"gongxin/internal/obs"
	"gongxin/internal/synth"
)

// DemoCmd makes the synthetic city once and serves it.
type DemoCmd struct {
	Listen   string  `help:"监听地址，只能是本机（环境变量 GONGXIN_LISTEN）。" placeholder:"HOST:PORT"`
	Subjects int     `default:"3000" help:"主体数。"`
	Records  int     `default:"20000" help:"记录数。"`
	Seed     uint64  `default:"1" help:"种子：同一种子生成同一座城市。"`
	Messy    float64 `default:"0.01" help:"出错行的比例。"`
	NoServe  bool    `help:"只生成，不启动服务。"`
}

// Run makes and serves.
func (c *DemoCmd) Run(e *Env) (err error) {
	conf, err := e.settings()
	if err != nil {
		return usage{err}
	}
	if conf.Data == "" {
		conf.Data = "demo-data"
	}
	if c.Listen != "" {
		conf.Listen = c.Listen
	}
	conf.City.Name, conf.City.Code = "临溪市", "990100"
	if conf, err = conf.Defaults(); err != nil {
		return usage{err}
	}
	if !conf.Loopback() {
		return usage{errors.New("演示账号的口令人人知道，只能在本机监听，例如 --listen 127.0.0.1:8080")}
	}
	options := app.Options{Demo: true, Version: version, Log: obs.Logger(e.Msg, "warn", conf.Log.Format)}
	line := newLine(e.Msg)
	begun := time.Now()
	made := false
	err = app.MakeCity(e, conf, options, app.CityOptions{Seed: c.Seed, Subjects: c.Subjects, Records: c.Records, Messy: c.Messy}, func(files, of, rows int) {
		made = true
		line.show(float64(files)/float64(of), fmt.Sprintf("正在生成并报送合成城市：%d/%d 个文件，%d 行", files, of, rows))
	})
	line.end()
	if err != nil {
		return err
	}
	if made {
		e.say("合成城市已生成，用时 %.0f 秒。城市、单位、主体和记录全部是虚构的。", time.Since(begun).Seconds())
	}
	if c.NoServe {
		return nil
	}
	city, err := synth.New(synth.Options{Seed: c.Seed, Subjects: c.Subjects, Records: c.Records})
	if err != nil {
		return err
	}
	options.Map, options.Clock = city.GeoJSON(), clock.System{}
	a, err := app.Open(e, conf, options, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return a.Serve(e, true, func(address string) {
		e.say(`
  门户        %s/
  登录        %s/sign-in          选一个演示账号，一键登录：报送员、窗口人员、企业、居民、审计员……
  报送        %s/desk/filing      拖入一个文件，看回执和错误表（报送员）
  公开日志    %s/log/checkpoint
  接口        %s/api/openapi.json
  数据目录    %s

  演示账号：%s
  口令都是 %s；只在本机有效。按 Ctrl-C 结束。`, address, address, address, address, address, conf.Data, strings.Join(a.DemoLogins(), "、"), app.DemoPassword)
	})
}
