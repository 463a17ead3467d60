package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gongxin/internal/app"
	"gongxin/internal/authz"
	"gongxin/internal/fault"
	"gongxin/internal/gm"
	"gongxin/internal/publish"
	reports "gongxin/internal/report"
	"gongxin/internal/verify"
)

// ReportCmd makes the standard report of a business, or of every business of a list. Special and personal reports are their subjects' to make: at the
// command line nobody is anybody.
type ReportCmd struct {
	Code   string `arg:"" optional:"" help:"统一社会信用代码。"`
	Batch  string `help:"名单文件：CSV 或文本每行一个代码，或者 XLSX；报告打成一个压缩包。" type:"existingfile" placeholder:"FILE"`
	DryRun bool   `help:"与 --batch 一起用：只预检，不生成。" name:"dry-run"`
	Output string `help:"PDF 文件，与 --batch 一起用时为 ZIP 文件；默认按报告编号或名单命名。" short:"o" type:"path" placeholder:"FILE"`
	Data   string `help:"同时写出报告数据（JSON）的文件。" name:"data-file" type:"path" placeholder:"FILE.json"`
}

var errReportWhich = fault.New(fault.Invalid, "report.which", "请写一个统一社会信用代码，或者用 --batch 给出名单", "--dry-run 只与 --batch 一起用，--data-file 只与一个代码一起用")

var errReportFile = fault.New(fault.Invalid, "report.file", "报告文件写不了", "请检查路径和权限；已有的文件不会覆盖，请换一个名字")

// Run makes the report, signs it and writes it to a new file.
func (c *ReportCmd) Run(e *Env) (err error) {
	if (c.Code == "") == (c.Batch == "") || c.Code != "" && c.DryRun || c.Batch != "" && c.Data != "" {
		return errReportWhich
	}
	if c.Batch != "" {
		return c.batch(e)
	}
	for _, name := range []string{c.Output, c.Data} { // before a report is on file that nobody has
		if _, err := os.Stat(name); name != "" && err == nil {
			return errReportFile
		}
	}
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	r, err := a.Reports.Create(e, reports.Order{Who: authz.LocalActor("report"), Kind: reports.Standard, Subject: publish.Whom{Code: c.Code}})
	if err != nil {
		return err
	}
	if d, err := reports.Decode(r.Document); err == nil && d.Proofs.Checkpoint == "" {
		_, _ = fmt.Fprintln(e.Msg, "提示：没有打开公开日志，这份报告不附日志证明。请用 -c 给出运行服务的配置文件，其中写明城市")
	}
	raw, err := a.Reports.Print(e, r)
	if err != nil {
		return err
	}
	if c.Output == "" {
		c.Output = "信用报告-" + r.Number + ".pdf"
	}
	if err := writeNew(c.Output, raw); err != nil {
		return err
	}
	if c.Data != "" {
		data, err := r.File()
		if err != nil {
			return err
		}
		if err := writeNew(c.Data, data); err != nil {
			return err
		}
	}
	if e.CLI.JSON {
		return e.answer(map[string]string{"number": r.Number, "code": r.Code, "kind": string(r.Kind), "file": c.Output, "digest": r.Digest, "keyId": r.KeyID})
	}
	_, _ = fmt.Fprintf(e.Out, "报告编号：%s\n核验码：%s\n文件：%s\n", r.Number, r.Code, c.Output)
	return nil
}

// writeNew writes a file that must not be there yet.
func writeNew(name string, raw []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return errReportFile.With(err)
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Close()); err != nil {
		return errReportFile.With(err)
	}
	return nil
}

var errReportKey = fault.New(fault.Invalid, "verify.report_key", "没有可用的信用报告公钥", "请用 --key 给出平台公布的公钥文件（网站的 /report/key，PEM），并同另外的来源核对")

// report verifies a credit report, as PDF or as data. Among the keys, PEM is of who signs reports, lines are of the log; without those of the log its proofs
// are not checked, and the answer says so.
func (c *VerifyCmd) report(e *Env, raw []byte) error {
	var pems [][]byte
	var lines []string
	for _, k := range c.Key {
		text, err := os.ReadFile(k)
		if err != nil {
			lines = append(lines, k)
			continue
		}
		if _, _, err := gm.ParsePublic(text); err == nil {
			pems = append(pems, text)
		} else {
			lines = append(lines, k)
		}
	}
	if len(pems) == 0 {
		own, err := c.ownReportKey(e)
		if err != nil {
			return err
		}
		pems = append(pems, own)
	}
	signers, err := verify.ParseSigners(pems...)
	if err != nil {
		return errReportKey.With(err)
	}
	keys, err := (&LogVerifyCmd{Key: lines}).keys(e)
	if err != nil && len(lines) > 0 {
		return err
	}
	return e.verdict(verify.Report(raw, keys, signers))
}

// ownReportKey is the public half of this machine's key.
func (*VerifyCmd) ownReportKey(e *Env) ([]byte, error) {
	data, err := e.dataDir()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(data, "keys", "report.pem")
	if _, err := os.Stat(file); err != nil { // opening would make one
		return nil, errReportKey.With(err)
	}
	key, err := gm.OpenSigningKey(file)
	if err != nil {
		return nil, errReportKey.With(err)
	}
	return key.Public(), nil
}
