package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"gongxin/internal/app"
	"gongxin/internal/lifecycle"
)

// ExpireCmd does at once what the scheduler does as the clock runs.
type ExpireCmd struct {
	Compact bool `help:"完成以后整理数据库文件，使已销毁的内容不留在文件的空闲页里；期间不能写入，要有与数据库一样大的空闲磁盘。"`
}

// Run ends what is over, and says how much that was.
func (c *ExpireCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	bar := newLine(e.Msg)
	x, err := a.Expire(e, func(t lifecycle.Tally) {
		bar.count(fmt.Sprintf("已停止公示和使用 %d 条，已销毁 %d 条", t.Ended, t.Destroyed))
	})
	bar.end()
	if err == nil && c.Compact {
		if err = a.DB.Vacuum(e); err == nil {
			err = a.DB.Checkpoint(e)
		}
	}
	if err != nil {
		return err
	}
	if e.CLI.JSON {
		return json.NewEncoder(e.Out).Encode(x)
	}
	if x == (app.Expired{}) {
		_, err = fmt.Fprintln(e.Out, "没有到期的信息和事项。")
		return err
	}
	if x.Restored > 0 {
		if _, err := fmt.Fprintf(e.Out, "时钟走快时误记为期满、期限没有届满的记录 %d 条，已经恢复。\n", x.Restored); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(e.Out, "期满停止公示和使用的记录 %d 条；归档期满销毁的记录 %d 条；到期移出的名单条目 %d 条；因此召回的措施 %d 项；到期的办理步骤 %d 步；到期的修复事项 %d 件；告知持有者的变更 %d 条。\n",
		x.Ended, x.Destroyed, x.Entries, x.Measures, x.Steps, x.Repairs, x.Told)
	return err
}
