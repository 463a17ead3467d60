package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"

	"gongxin/internal/app"
	"gongxin/internal/authz"
	"gongxin/internal/fault"
	"gongxin/internal/ingest"
)

// ImportCmd files one file and prints its receipt.
type ImportCmd struct {
	File    string `arg:"" help:"要报送的文件。" placeholder:"FILE"`
	Item    string `required:"" help:"目录事项代码，例如 XZCF。" placeholder:"CODE"`
	Unit    string `required:"" help:"报送单位的统一社会信用代码。" placeholder:"USCC"`
	DryRun  bool   `help:"只检查，不入库。"`
	Errors  string `help:"把退回的行写成错误表（XLSX）。" placeholder:"OUT.xlsx"`
	AllRows bool   `help:"回执列出每一行，包括直接通过的。"`

	// BatchRows makes the transactions small and the progress fine, so that a test can end the program between and within them.
	BatchRows int `hidden:""`
}

// openApp opens the installation that the settings name; an empty database gets its tables.
func (e *Env) openApp(o app.Options) (*app.App, error) {
	c, err := e.settings()
	if err != nil {
		return nil, err
	}
	if c, err = c.Defaults(); err != nil {
		return nil, err
	}
	o.Version = version
	return app.Open(e, c, o, false)
}

// Run files the file.
func (c *ImportCmd) Run(e *Env) (err error) {
	f, err := os.Open(c.File)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return usage{fmt.Errorf("文件 %s 不存在，请核对路径", filepath.Base(c.File))}
		}
		return usage{fmt.Errorf("文件 %s 无法读取：%w", filepath.Base(c.File), err)}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return usage{fmt.Errorf("%s 是目录，请指定一个文件", filepath.Base(c.File))}
	}
	if err := c.errorsFit(); err != nil {
		return err
	}
	a, err := e.openApp(app.Options{BatchRows: c.BatchRows})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	sub, err := a.Ingest.Submit(e, ingest.Request{Item: c.Item, Unit: c.Unit, FileName: filepath.Base(c.File), Actor: actor(), Hold: true, DryRun: c.DryRun}, f)
	if err != nil {
		return err
	}
	if sub.DryRun {
		id := sub.ID
		defer func() { err = errors.Join(err, a.Ingest.Forget(context.WithoutCancel(e), id)) }()
	}
	bar := newLine(e.Msg)
	bar.each = c.BatchRows > 0
	sub, err = a.Ingest.Run(e, sub.ID, bar.filing)
	bar.end()
	if err != nil {
		return err
	}
	if c.Errors != "" && sub.Rejected > 0 {
		if err := c.writeErrors(e, a, sub.ID); err != nil {
			return err
		}
	}
	if err := e.printReceipt(a, sub, c.AllRows); err != nil {
		return err
	}
	if sub.State == ingest.Failed {
		return printed{usage{fault.New(fault.Invalid, sub.Failure.Code, sub.Failure.Message, sub.Failure.Fix)}}
	}
	if sub.Rejected > 0 {
		return errRefused
	}
	return nil
}

// errorsFit asks, before anything is filed, whether the error workbook has a folder to go to.
func (c *ImportCmd) errorsFit() error {
	if c.Errors == "" {
		return nil
	}
	if dir, err := os.Stat(filepath.Dir(c.Errors)); err != nil || !dir.IsDir() {
		return usage{fmt.Errorf("错误表无法写到 %s：没有这个文件夹，请先建立", filepath.Base(c.Errors))}
	}
	return nil
}

// writeErrors puts the workbook beside its name first, so that an interrupted run leaves no half file.
func (c *ImportCmd) writeErrors(e *Env, a *app.App, id string) error {
	tmp, err := os.CreateTemp(filepath.Dir(c.Errors), ".errors-*")
	if err != nil {
		return usage{fmt.Errorf("错误表无法写到 %s：%w", filepath.Base(c.Errors), err)}
	}
	err = ingest.NewDesk(a.Ingest).WriteErrors(authz.With(e, authz.LocalActor("import")), tmp, id)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), c.Errors)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	e.say("错误表已写到 %s，请按批注修改后重新报送。", c.Errors)
	return nil
}

// actor names who runs the command.
func actor() string {
	if u, err := user.Current(); err == nil {
		return "cli:" + u.Username
	}
	return "cli"
}

// ReceiptCmd prints the receipt of a filing.
type ReceiptCmd struct {
	ID      string `arg:"" help:"批次编号。"`
	AllRows bool   `help:"列出每一行，包括直接通过的。"`
	Errors  string `help:"把退回的行写成错误表（XLSX）。" placeholder:"OUT.xlsx"`
}

// Run prints the receipt.
func (c *ReceiptCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	sub, err := a.Ingest.Get(e, c.ID)
	if err != nil {
		return err
	}
	if c.Errors != "" {
		if err := (&ImportCmd{Errors: c.Errors}).writeErrors(e, a, c.ID); err != nil {
			return err
		}
	}
	return e.printReceipt(a, sub, c.AllRows)
}

// printedRows is how many rows of a receipt are printed for people; the error workbook and --json have them all.
const printedRows = 50

func (e *Env) printReceipt(a *app.App, sub *ingest.Submission, all bool) error {
	if e.CLI.JSON {
		return a.Ingest.WriteReceipt(e, e.Out, sub.ID, all)
	}
	r, err := a.Ingest.Receipt(e, sub.ID, 0, receiptPage)
	if err != nil {
		return err
	}
	t := newTable(e.Out)
	printHead(t, r, sub.DryRun)
	if err := e.printRows(t, a, r, all); err != nil {
		return err
	}
	return t.Flush()
}

// receiptPage is how many rows are read at a time.
const receiptPage = 1000

// printRows prints the rows that need somebody's eye: those with reasons. Rows that are only late or repeated are counted in the head; all prints them too.
func (e *Env) printRows(w io.Writer, a *app.App, r *ingest.Receipt, all bool) error {
	printed := 0
	for {
		for i := range r.Rows {
			row := &r.Rows[i]
			if len(row.Reasons) == 0 && !all {
				continue
			}
			if printed == printedRows && !all {
				fmt.Fprintf(w, "……\t其余行略，完整内容见错误表（--errors）或 --json\n")
				return nil
			}
			printed++
			printRow(w, row)
		}
		if r.NextRow == 0 {
			return nil
		}
		var err error
		if r, err = a.Ingest.Receipt(e, r.ID, r.NextRow, receiptPage); err != nil {
			return err
		}
	}
}

func printRow(w io.Writer, row *ingest.ReceiptRow) {
	late := ""
	if row.Late {
		late = "，迟报"
	}
	fmt.Fprintf(w, "第 %d 行（文件第 %d 行）\t%s%s\n", row.Row, row.Line, outcomeNames[row.Outcome], late)
	for _, reason := range row.Reasons {
		fmt.Fprintf(w, "  %d %s\t%s。%s\n", reason.Code, reason.Field, reason.Message, reason.Fix)
	}
}

var stateNames = map[ingest.State]string{ingest.Received: "已接收，尚未处理", ingest.Running: "处理中", ingest.Done: "处理完成", ingest.Failed: "文件无法处理"}

var outcomeNames = map[string]string{"accepted": "新增", "updated": "更新", "duplicate": "重复", "withdrawn": "撤回", "rejected": "退回"}

func printHead(t io.Writer, r *ingest.Receipt, dry bool) {
	title := "报送回执"
	if dry {
		title = "检查结果（未入库）"
	}
	fmt.Fprintf(t, "%s\t%s\n", title, r.ID)
	fmt.Fprintf(t, "文件\t%s\n事项\t%s\n单位\t%s\n状态\t%s\n", r.File, r.Item, r.Unit, stateNames[r.State])
	fmt.Fprintf(t, "收到\t%d 行：新增 %d，更新 %d，重复 %d，撤回 %d，退回 %d\n", r.Received, r.Accepted, r.Updated, r.Duplicate, r.Withdrawn, r.Rejected)
	fmt.Fprintf(t, "其中\t迟报 %d，提示 %d\n", r.Late, r.Warnings)
	if r.SameAs != "" {
		fmt.Fprintf(t, "说明\t同一文件此前已报送，批次 %s\n", r.SameAs)
	}
	for _, n := range r.Mapping.Notices {
		fmt.Fprintf(t, "列\t%s（%d）。%s\n", n.Message, n.Code, n.Fix)
	}
	for _, note := range r.Mapping.Notes {
		fmt.Fprintf(t, "文件说明\t%s\n", note)
	}
	if r.Failure != nil {
		fmt.Fprintf(t, "原因\t%s\n处理\t%s\n", r.Failure.Message, r.Failure.Fix)
	}
}
