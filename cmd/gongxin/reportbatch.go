package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gongxin/internal/app"
	"gongxin/internal/authz"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
	reports "gongxin/internal/report"
)

var errReportConsent = fault.New(fault.Invalid, "report.batch_consent", "名单中有授权书编号：命令行不代表任何单位，不能凭授权生成", "请在“批量报告”页面提交，或者只留下代码")

// batch makes the standard report of every business of a list, as one archive. The archive appears under its name when it is whole; breaking off leaves none.
func (c *ReportCmd) batch(e *Env) (err error) {
	list, err := c.list()
	if err != nil {
		return err
	}
	if c.Output == "" {
		c.Output = strings.TrimSuffix(filepath.Base(c.Batch), filepath.Ext(c.Batch)) + "-信用报告.zip"
	}
	if _, err := os.Stat(c.Output); err == nil { // before anything is made
		return errReportFile
	}
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	who := authz.LocalActor("report")
	why, err := a.Reports.Foresee(e, who, 0, list.Lines)
	if err != nil {
		return err
	}
	var orders []reports.Order
	var codes []string
	for i, l := range list.Lines {
		if why[i] != "" {
			_, _ = fmt.Fprintf(e.Msg, "不能生成 %s：%s\n", l.Code, why[i])
			continue
		}
		orders = append(orders, reports.Order{Who: who, Kind: reports.Standard, Subject: publish.Whom{Code: l.Code}, Batch: "command"})
		codes = append(codes, l.Code)
	}
	if c.DryRun {
		return c.planned(e, list, len(orders))
	}
	if list.Repeated+list.Without > 0 {
		_, _ = fmt.Fprintf(e.Msg, "名单里重复 %d 行，没有代码 %d 行，略过\n", list.Repeated, list.Without)
	}
	if len(orders) == 0 {
		return reports.ErrJobNone
	}
	if err := c.archive(e, a, orders, codes); err != nil {
		return err
	}
	if e.CLI.JSON {
		return e.answer(map[string]any{"made": len(orders), "refused": len(list.Lines) - len(orders), "file": c.Output})
	}
	_, _ = fmt.Fprintf(e.Out, "生成 %d 份，没有生成 %d 份\n文件：%s\n", len(orders), len(list.Lines)-len(orders), c.Output)
	return nil
}

func (c *ReportCmd) list() (*reports.List, error) {
	f, err := os.Open(c.Batch)
	if err != nil {
		return nil, usage{err}
	}
	list, err := reports.ReadFile(f, filepath.Base(c.Batch))
	if err != nil {
		return nil, err
	}
	for _, l := range list.Lines {
		if l.Consent != 0 {
			return nil, errReportConsent
		}
	}
	return list, nil
}

func (*ReportCmd) planned(e *Env, list *reports.List, possible int) error {
	if e.CLI.JSON {
		return e.answer(map[string]any{"possible": possible, "refused": len(list.Lines) - possible, "repeated": list.Repeated, "without": list.Without})
	}
	_, _ = fmt.Fprintf(e.Out, "可以生成 %d 份，不能生成 %d 份；重复 %d 行，没有代码 %d 行\n", possible, len(list.Lines)-possible, list.Repeated, list.Without)
	return nil
}

// archive writes the archive beside its name, and gives it the name when it is whole.
func (c *ReportCmd) archive(e *Env, a *app.App, orders []reports.Order, codes []string) (err error) {
	part := c.Output + ".part"
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return errReportFile.With(err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(part)
		}
	}()
	progress := newLine(e.Msg)
	err = a.Reports.Batch(e, orders, f, func(i int) string {
		progress.show(float64(i)/float64(len(codes)), fmt.Sprintf("第 %d 份，共 %d 份", i+1, len(codes)))
		return codes[i]
	})
	progress.end()
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(part, c.Output); err != nil {
		return errReportFile.With(err)
	}
	return nil
}
