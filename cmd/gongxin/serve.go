package main

import (
	"errors"

	"gongxin/internal/app"
	"gongxin/internal/obs"
)

// ServeCmd serves the portal and the interfaces.
type ServeCmd struct {
	Listen string `help:"监听地址（环境变量 GONGXIN_LISTEN）。" placeholder:"HOST:PORT"`
	NoWork bool   `help:"不运行后台任务（由别的进程运行）。"`
}

// Run serves until it is told to stop.
func (c *ServeCmd) Run(e *Env) (err error) {
	conf, err := e.settings()
	if err != nil {
		return usage{err}
	}
	if c.Listen != "" {
		conf.Listen = c.Listen
	}
	if conf, err = conf.Defaults(); err != nil {
		return usage{err}
	}
	a, err := app.Open(e, conf, app.Options{Version: version, Log: obs.Logger(e.Msg, conf.Log.Level, conf.Log.Format)}, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return a.Serve(e, !c.NoWork, func(address string) {
		e.say("服务已启动：%s", address)
	})
}
