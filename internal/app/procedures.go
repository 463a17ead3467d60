package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/config"
	"gongxin/internal/correction"
	"gongxin/internal/db"
	"gongxin/internal/declaration"
	"gongxin/internal/flow"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/measure"
	"gongxin/internal/notice"
	"gongxin/internal/objection"
)

// Procedures is what moves by tables and clocks, and who is told.
type Procedures struct {
	Flow    *flow.Engine
	Notices *notice.Service

	Objections   Objections
	Repairs      Repairs
	Declarations Declarations

	calendars string // the holiday tables that deadlines were counted by; "" = not known
}

// Intervals of the clock of procedures and of the post.
const (
	dueEvery     = 20 * time.Second
	deliverEvery = 5 * time.Second
)

// openProcedures builds the engine and the post. What permissions and the log need is there already; features register their tables afterwards.
func (a *App) openProcedures(ids *id.Maker, ring *gm.KeyRing) error {
	c, err := a.post(ids, ring)
	if err != nil {
		return err
	}
	p := &a.Procedures
	if err := errors.Join(a.openObjectionRules(), a.openRepairRules(), a.openDeclarationRules(), a.openTerms()); err != nil {
		return err
	}
	p.Notices = notice.New(c)
	p.Flow = flow.New(flow.Config{
		DB: a.DB, IDs: ids, Clock: a.Clock, Calendar: a.Calendar, Log: a.Trust.Audit, Who: asker, May: a.mayStep, Ring: a.Trust.Ring, Files: a.blobs, Scanner: a.scan(), Overdue: a.escalate, Periods: a.periods(),
		AsSystem: func(ctx context.Context) context.Context { return authz.With(ctx, authz.SystemActor("flow")) },
	})
	return nil
}

// periods gives named periods from the data of the feature that a name begins with.
func (a *App) periods() func(key string, on clock.Date) (int, flow.Unit, error) {
	measures, objections, repairs := measure.Periods(a.Lists.base), objection.Periods(a.Procedures.Objections.rules), a.repairPeriods()
	declarations := declaration.Periods(a.Procedures.Declarations.rules)
	corrections := correction.Periods(a.terms)
	return func(key string, on clock.Date) (int, flow.Unit, error) {
		if strings.HasPrefix(key, "correction.") {
			return corrections(key, on)
		}
		if strings.HasPrefix(key, declaration.FlowKind+".") {
			return declarations(key, on)
		}
		if strings.HasPrefix(key, "repair.") {
			return repairs(key, on)
		}
		if strings.HasPrefix(key, objection.FlowKind+".") {
			return objections(key, on)
		}
		return measures(key, on)
	}
}

// noHooks is for features that change their own rows around the step instead of in it.
var noHooks = flow.Hooks{}

// asker says who asks, as the log has it.
func asker(ctx context.Context) audit.Who { return authz.From(ctx).Who(0) }

// mayStep asks the permission table about a step of a case. A case that is not opened yet has no author but who asks.
func (a *App) mayStep(ctx context.Context, action string, c *flow.Case) error {
	author := authz.AuthorOf(c.Author)
	return a.Trust.Authority.Decide(authz.From(ctx), authz.Action(action), authz.Scope{
		Agency: c.Agency, Region: c.Region, Subject: c.Subject, Author: author, Account: max(author, 0),
	}).Err()
}

// escalate tells the unit that a case of it is overdue; the office has it at the head of its inbox.
func (a *App) escalate(ctx context.Context, tx *db.Tx, c *flow.Case) error {
	if c.Agency <= 0 || c.Kind == objection.FlowKind { // an objection is late where the office is; what a source owes lapses by itself
		return nil
	}
	title := "已逾期：" + c.Title
	if runes := []rune(title); len(runes) > 100 {
		title = string(runes[:99]) + "…"
	}
	return a.Procedures.Notices.Send(ctx, tx, notice.Notice{
		To: notice.Recipient{Kind: notice.Agency, ID: c.Agency}, Topic: "flow.overdue", Title: title,
		Body: "这件事项最迟应在 " + c.Due.String() + " 办结，现已逾期。请尽快办理；逾期情况计入考核指标。", Link: "/desk/inbox", Ref: fmt.Sprint("case:", c.ID),
	})
}

// members gives the accounts that are told, at their own addresses, what is sent to a subject or a unit.
func (a *App) members(ctx context.Context, q db.Querier, to notice.Recipient) ([]int64, error) {
	if to.Kind == notice.Subject {
		return a.Trust.Identity.ActFor(ctx, q, to.ID)
	}
	return a.Trust.Identity.WorkFor(ctx, q, to.ID)
}

// post reads how notices leave the house.
func (a *App) post(ids *id.Maker, ring *gm.KeyRing) (notice.Config, error) {
	set := a.Config.Notice
	c := notice.Config{
		DB: a.DB, IDs: ids, Clock: a.Clock, Ring: ring, Acts: a.Trust.Audit, Who: asker, Log: a.Log, Site: a.Config.BaseURL, Name: "公信·" + a.Config.City.Name, Members: a.members,
	}
	var err error
	if c.Outward.Networks, err = set.Prefixes(); err != nil {
		return c, err
	}
	c.Outward.Loopback = a.options.Demo && a.Config.Loopback()
	if set.Mail.Server != "" {
		c.Mail = &notice.Mail{Address: set.Mail.Server, Security: set.Mail.Security, User: set.Mail.User, From: set.Mail.From}
		if set.Mail.PasswordFile != "" {
			if c.Mail.Password, err = secretIn(set.Mail.PasswordFile, "notice.mail.password_file"); err != nil {
				return c, err
			}
		}
		if err := c.Mail.Check(); err != nil {
			return c, err
		}
	}
	if set.SMS.URL != "" {
		secret, err := secretIn(set.SMS.SecretFile, "notice.sms.secret_file")
		if err != nil {
			return c, err
		}
		c.SMS = &notice.Hook{URL: set.SMS.URL, Secret: secret}
	}
	return c, nil
}

// secretIn reads a secret from its file.
func secretIn(path, key string) (string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", config.ErrValue.Messagef("%s 所指的文件无法读取", key).With(err)
	}
	secret := strings.TrimSpace(string(raw))
	if secret == "" {
		return "", config.ErrValue.Messagef("%s 所指的文件是空的", key)
	}
	return secret, nil
}

// runProcedures lets the clock take its steps, until ctx ends. Any number of processes may do so at once.
func (a *App) runProcedures(ctx context.Context) {
	p := &a.Procedures
	if lost, err := p.Flow.Unknown(ctx); err != nil || len(lost) > 0 {
		a.Log.ErrorContext(ctx, "cases that no table of this program can move", slog.Any("places", lost), slog.Any("error", err))
	}
	a.every(ctx, dueEvery, "procedures", func() error {
		if err := p.recount(ctx, a.Calendar); err != nil {
			return err
		}
		tended := errors.Join(a.tendObjections(ctx), a.tendDeclarations(ctx))
		_, err := p.Flow.RunDue(ctx)
		return errors.Join(tended, err)
	})
}

// recount computes deadlines anew when other holiday tables hold than those they were counted by, before the clock looks at what is due. What held when
// the program stopped nobody knows, so it is done once at the start too.
func (p *Procedures) recount(ctx context.Context, cal *clock.Calendar) error {
	now := fmt.Sprint(cal.Years())
	if now == p.calendars {
		return nil
	}
	if _, err := p.Flow.SetCalendar(ctx, cal); err != nil {
		return err
	}
	p.calendars = now
	return nil
}

// deliverNotices sends what is due, until ctx ends.
func (a *App) deliverNotices(ctx context.Context) {
	a.every(ctx, deliverEvery, "notices", func() error {
		_, err := a.Procedures.Notices.Deliver(ctx)
		return err
	})
}
