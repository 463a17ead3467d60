package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/app"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/sheet"
	words "gongxin/internal/web/desk/audit"
)

// AuditCmd holds the auditor's commands. At the command line nobody is anybody: an auditor signs in with password and second factor, sees what its roles reach,
// and every look is on file under its account, as on the pages.
type AuditCmd struct {
	Access AuditAccessCmd `cmd:"" help:"查询日志：谁、哪个单位、为什么事项、看了谁的非公开信息。"`
	Acts   AuditActsCmd   `cmd:"" help:"操作日志：谁改变了什么。"`
}

// auditFlags are what both logs are searched by.
type auditFlags struct {
	signFlags `embed:""`

	Account string `help:"只看这个账号做的：编号，见查询日志和 user list。" placeholder:"N"`
	Unit    string `help:"只看这个单位做的（统一社会信用代码）。" placeholder:"USCC"`
	From    string `help:"从这一天起，如 2026-11-01。" placeholder:"DAY"`
	To      string `help:"到这一天止（含）。" placeholder:"DAY"`
	Limit   int    `help:"最多列出多少条，从最新的起；导出不受此限。" default:"50"`
	CSV     string `help:"把全部符合的条目导出为 CSV 文件；- 是标准输出。" placeholder:"FILE"`
}

// The faults of these commands.
var (
	errAuditDay     = fault.New(fault.Invalid, "audit.day", "日期写得不对，或者起止颠倒", "请按 2026-11-18 的格式填写 --from 和 --to")
	errAuditAccount = fault.New(fault.Invalid, "audit.account", "账号编号应为数字", "编号见查询日志、操作日志和 gongxin user list；登录名不写入日志")
	errAuditSubject = fault.New(fault.NotFound, "audit.subject", "没有这个主体", "请核对统一社会信用代码；自然人请在网站的查询日志页面按证件查")
	errAuditLimit   = fault.New(fault.Invalid, "audit.limit", "--limit 应在 1 到 10000 之间", "要全部条目的，请用 --csv 导出")
	errAuditFile    = fault.New(fault.Invalid, "audit.file", "导出的文件已经存在，或者不能写入", "请换一个文件名，或者检查目录的权限")
)

// auditDesk is a signed-in auditor over an open installation.
type auditDesk struct {
	*app.App
	who authz.Actor
	f   audit.Filter
}

// sign has the auditor sign in and asks whether its roles may read a log; the session ends with the command.
func (f *auditFlags) open(e *Env, act authz.Action, run func(*auditDesk) error) (err error) {
	if f.Limit < 1 || f.Limit > 10000 {
		return errAuditLimit
	}
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	d := &auditDesk{App: a}
	if d.f, err = f.filter(e, a); err != nil {
		return err
	}
	who, end, err := f.sign(e, a)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	d.who = who
	if err := a.Trust.Authority.Could(d.who, act).Err(); err != nil {
		return err
	}
	if d.f.Agencies, err = agency.Reach(e, a.Agencies, a.Trust.Authority.Bounds(d.who, act)); err != nil {
		return err
	}
	return run(d)
}

// filter reads what both logs are searched by.
func (f *auditFlags) filter(e *Env, a *app.App) (out audit.Filter, err error) {
	if f.Account != "" {
		if out.WhoID, err = strconv.ParseInt(strings.TrimPrefix(f.Account, "#"), 10, 64); err != nil || out.WhoID <= 0 {
			return out, errAuditAccount
		}
	}
	if f.Unit != "" {
		unit, err := a.Agencies.ByCode(e, f.Unit)
		if err != nil {
			return out, err
		}
		out.Agency = unit.ID
	}
	for _, day := range []struct {
		text string
		into *time.Time
		more int
	}{{f.From, &out.From, 0}, {f.To, &out.To, 1}} {
		if day.text == "" {
			continue
		}
		on, err := clock.ParseDate(day.text)
		if err != nil {
			return out, errAuditDay
		}
		*day.into = on.AddDays(day.more).Start()
	}
	if !out.From.IsZero() && !out.To.IsZero() && !out.From.Before(out.To) {
		return out, errAuditDay
	}
	return out, nil
}

func (d *auditDesk) unit(ctx context.Context, id int64) string {
	if u, err := d.Agencies.ByID(ctx, id); err == nil && id != 0 {
		return u.Name
	}
	return "—"
}

// file opens where an export goes; a file is new and for its owner alone.
func (f *auditFlags) file(e *Env, write func(io.Writer) (int, error)) error {
	if f.CSV == "-" {
		_, err := write(e.Out)
		return err
	}
	out, err := os.OpenFile(f.CSV, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return errAuditFile.With(err)
	}
	n, err := write(out)
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(e.Msg, "已导出 %d 条到 %s。这次导出已记入操作日志。\n", n, f.CSV)
	return nil
}

// AuditAccessCmd reads the log of look-ups.
type AuditAccessCmd struct {
	auditFlags `embed:""`

	Subject string `help:"只看查这个主体的（统一社会信用代码）。" placeholder:"USCC"`
	Purpose string `help:"只看为这个应用事项查的（事项代码）。" placeholder:"CODE"`
	What    string `help:"查询种类的代码，如 check、task、objection。" placeholder:"CODE"`
	Outcome string `help:"answered（已作答）或 refused（已拒绝）。" enum:",answered,refused" default:""`
}

// Run lists or exports.
func (c *AuditAccessCmd) Run(e *Env) error {
	return c.open(e, authz.AccessAudit, func(d *auditDesk) error {
		d.f.Matter, d.f.What, d.f.Outcome = c.Purpose, c.What, c.Outcome
		if c.Subject != "" {
			sub, ok, err := d.Subjects.ByCode(e, c.Subject)
			if err != nil {
				return err
			}
			if !ok {
				return errAuditSubject
			}
			d.f.Subject = sub.ID
		}
		if c.CSV != "" {
			return c.file(e, func(w io.Writer) (int, error) { return d.Trust.Audit.Export(e, d.who.Who(0), d.f, w) })
		}
		list, err := pages(c.Limit, func(cursor string, n int) ([]audit.Access, string, error) {
			return d.Trust.Audit.Search(e, d.who.Who(0), d.f, cursor, n)
		})
		if err != nil {
			return err
		}
		if e.CLI.JSON {
			return json.NewEncoder(e.Out).Encode(map[string]any{"entries": d.looks(e, list)})
		}
		w := newTable(e.Out)
		_, _ = fmt.Fprintln(w, "编号\t时间\t账号\t单位\t种类\t事项\t主体\t结果")
		for _, l := range d.looks(e, list) {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.ID, local(l.At), l.Who, l.Unit, l.Kind, dash(l.Matter), dash(l.Subject), l.Outcome+l.missing())
		}
		return errors.Join(w.Flush(), d.done(e, len(list)))
	})
}

// look is an entry as it is printed. A natural person is a number, never a name or a document.
type look struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Who     string    `json:"who"`
	UnitID  string    `json:"unitId"`
	Unit    string    `json:"unit"`
	What    string    `json:"what"`
	Kind    string    `json:"kind"`
	Matter  string    `json:"matter,omitempty"`
	Basis   string    `json:"basis,omitempty"`
	Subject string    `json:"subject,omitempty"`
	Records int       `json:"records"`
	Outcome string    `json:"outcome"`
	Missing string    `json:"missing,omitempty"`
	Hidden  string    `json:"hiddenUntil,omitempty"`
}

func (l *look) missing() string {
	if l.Missing == "" {
		return ""
	}
	return "：" + l.Missing
}

func (d *auditDesk) looks(ctx context.Context, list []audit.Access) []look {
	out := make([]look, len(list))
	for i := range list {
		a := &list[i]
		out[i] = look{
			ID: strconv.FormatInt(a.ID, 10), At: a.At.In(clock.Zone), Who: a.Who.String(), UnitID: strconv.FormatInt(a.Who.Agency, 10), Unit: d.unit(ctx, a.Who.Agency),
			What: a.What, Kind: words.WhatWord(a.What), Matter: a.Matter, Basis: a.Basis, Records: len(a.Records), Outcome: a.Outcome, Missing: a.Missing,
		}
		if a.Subject != 0 {
			out[i].Subject = "#" + strconv.FormatInt(a.Subject, 10)
			if code, ok, err := d.Subjects.CodeOf(ctx, a.Subject); err == nil && ok {
				out[i].Subject = code
			}
		}
		if !a.HiddenUntil.IsZero() {
			out[i].Hidden = a.HiddenUntil.In(clock.Zone).Format(time.RFC3339)
		}
	}
	return out
}

// AuditActsCmd reads the log of acts.
type AuditActsCmd struct {
	auditFlags `embed:""`

	Action string `help:"操作的代码，如 account.grant、consent.revoke。" placeholder:"CODE"`
	Entity string `help:"对象，如 account:12、case:34。" placeholder:"KIND:N"`
}

// actLine is an act as it is printed.
type actLine struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Who    string    `json:"who"`
	UnitID string    `json:"unitId"`
	Unit   string    `json:"unit"`
	Action string    `json:"action"`
	Word   string    `json:"word"`
	Entity string    `json:"entity"`
	Detail string    `json:"detail,omitempty"`
}

// Run lists or exports.
func (c *AuditActsCmd) Run(e *Env) error {
	return c.open(e, authz.ActRead, func(d *auditDesk) error {
		d.f.Action, d.f.Entity = c.Action, c.Entity
		read := func(cursor string, n int) ([]audit.Act, string, error) {
			return d.Trust.Audit.Acts(e, d.who.Who(0), d.f, cursor, n)
		}
		if c.CSV != "" {
			return c.file(e, func(w io.Writer) (int, error) { return d.actsCSV(e, w, read) })
		}
		list, err := pages(c.Limit, read)
		if err != nil {
			return err
		}
		if e.CLI.JSON {
			return json.NewEncoder(e.Out).Encode(map[string]any{"acts": d.acts(e, list)})
		}
		w := newTable(e.Out)
		_, _ = fmt.Fprintln(w, "编号\t时间\t账号\t单位\t操作\t对象\t说明")
		for _, a := range d.acts(e, list) {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.ID, local(a.At), a.Who, a.Unit, a.Word, a.Entity, dash(a.Detail))
		}
		return errors.Join(w.Flush(), d.done(e, len(list)))
	})
}

func (d *auditDesk) acts(ctx context.Context, list []audit.Act) []actLine {
	out := make([]actLine, len(list))
	for i := range list {
		a := &list[i]
		out[i] = actLine{
			ID: strconv.FormatInt(a.ID, 10), At: a.At.In(clock.Zone), Who: a.Who.String(), UnitID: strconv.FormatInt(a.Who.Agency, 10), Unit: d.unit(ctx, a.Who.Agency),
			Action: a.Action, Word: words.ActWord(a.Action), Entity: a.Entity, Detail: a.Detail,
		}
	}
	return out
}

// actsCSV writes every act that fits, a page at a time.
func (d *auditDesk) actsCSV(ctx context.Context, w io.Writer, read func(string, int) ([]audit.Act, string, error)) (n int, err error) {
	if _, err := io.WriteString(w, "\uFEFF"); err != nil {
		return 0, err
	}
	out := csv.NewWriter(w)
	_ = out.Write([]string{"编号", "时间", "账号", "单位", "操作代码", "操作", "对象", "说明"})
	for cursor := ""; ; {
		list, next, err := read(cursor, audit.MaxPage)
		if err != nil {
			return n, err
		}
		for _, a := range d.acts(ctx, list) {
			line := []string{a.ID, local(a.At), a.Who, a.Unit, a.Action, a.Word, a.Entity, a.Detail}
			_ = out.Write(sheet.PlainAll(line))
			n++
		}
		if out.Flush(); out.Error() != nil {
			return n, out.Error()
		}
		if cursor = next; next == "" {
			return n, nil
		}
	}
}

// done says how much there was and that the look is on file.
func (d *auditDesk) done(e *Env, n int) error {
	_, err := fmt.Fprintf(e.Msg, "%d 条。这次查阅已记入操作日志。\n", n)
	return err
}

// pages reads pages until there are limit lines, or no more.
func pages[T any](limit int, read func(cursor string, n int) ([]T, string, error)) ([]T, error) {
	var out []T
	for cursor := ""; ; {
		list, next, err := read(cursor, min(limit-len(out), audit.MaxPage))
		if err != nil {
			return nil, err
		}
		if out = append(out, list...); next == "" || len(out) >= limit {
			return out, nil
		}
		cursor = next
	}
}

func local(t time.Time) string { return t.In(clock.Zone).Format("2006-01-02 15:04:05") }

func dash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}
