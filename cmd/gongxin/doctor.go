package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/doctor"
	"gongxin/internal/translog"
)

// DoctorCmd says what is wrong with an installation and what to do.
type DoctorCmd struct {
	Fix  bool `help:"清理中断的操作留下的临时文件。"`
	Deep bool `help:"读遍整个数据库和全部原始文件。"`
}

// errUnwell says that something is broken; the findings are printed already.
var errUnwell = errors.New("体检发现故障，见上")

// Run examines.
func (c *DoctorCmd) Run(e *Env) error {
	conf, err := e.settings()
	if err == nil {
		conf, err = conf.Defaults()
	}
	if err != nil {
		return usage{err}
	}
	list := doctor.Examine(e, doctor.Input{Config: conf, Clock: clock.System{}, Sweep: c.Fix, Deep: c.Deep, Log: logState})
	worst := doctor.Worst(list)
	if e.CLI.JSON {
		err = e.answer(map[string]any{"verdict": worst, "findings": list})
	} else {
		for _, f := range list {
			fmt.Fprintf(e.Out, "%s  %s：%s\n", map[doctor.Verdict]string{doctor.OK: "正常", doctor.Warn: "注意", doctor.Fault: "故障"}[f.Verdict], f.Check, f.Message)
			if f.Fix != "" {
				fmt.Fprintf(e.Out, "      处理：%s\n", f.Fix)
			}
		}
	}
	if err == nil && worst == doctor.Fault {
		err = printed{errUnwell}
	}
	return err
}

// logState asks the database how far the public log is.
func logState(ctx context.Context, d *db.DB) (doctor.LogState, error) {
	s, err := translog.NewWatch(d, clock.System{}, translog.DefaultPauseAfter).Status(ctx)
	return doctor.LogState{Size: s.Size, Pending: s.Pending, Lag: time.Duration(s.Lag * float64(time.Second)), Paused: s.Paused || !s.Stalled.IsZero() && s.Lag > translog.DefaultPauseAfter.Seconds()}, err
}
