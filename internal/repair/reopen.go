package repair

import (
	"context"
	"slices"
	"strconv"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/notice"
	"gongxin/internal/record"
)

// Stage is where a repair goes on whose answer an objection found wrong.
type Stage string

// The stages. An application that was turned away or refused is asked anew whether it is accepted, or answered anew, or granted; a repair that was taken back is
// heard anew, or stands. Who finds repairs ("谁认定、谁修复"): what ends it without another decision of the unit needs the unit's consent.
const (
	StageAccept Stage = "sent"
	StageAnswer Stage = "accepted"
	StageGrant  Stage = "granted"
	StageHeard  Stage = "heard"
	StageKept   Stage = "kept"
)

// stages are what each stage is in the procedures.
var stages = map[Stage]struct {
	event  flow.Event
	name   string
	agreed bool
}{
	StageAccept: {EventReopen, "退回认定单位，重新审查是否受理", false},
	StageAnswer: {EventReanswer, "退回认定单位，重新答复", false},
	StageGrant:  {EventAward, "准予修复（认定单位核查后同意的）", true},
	StageHeard:  {EventRehear, "恢复修复结果，退回认定单位重新听取陈述申辩", false},
	StageKept:   {EventUndo, "恢复修复结果（认定单位核查后同意的）", true},
}

// Name says what follows, for who decides.
func (x Stage) Name() string { return stages[x].name }

// Agreed reports whether it needs the consent of the unit that made the finding.
func (x Stage) Agreed() bool { return stages[x].agreed }

// Outcome is the latest answer about the repair of a record, as far as it can be disputed.
type Outcome struct {
	Repair int64  // the case
	Word   string // what was answered
	Stages []Stage
	breach Breach
	c      Case
}

// OutcomeOf gives the latest answer about the repair of a record; ok is false when there is none that a subject could find wrong.
func (s *Service) OutcomeOf(ctx context.Context, q db.Querier, at record.ID) (out Outcome, ok bool, err error) {
	defer fault.Wrap(&err, "repair.OutcomeOf")
	list, err := s.cases(ctx, q, `subject_id = $1 AND record_key = $2 AND open = 0 AND state IN ('refused', 'rejected', 'granted') ORDER BY repair_id DESC LIMIT 1`, at.Subject, at.Key)
	if err != nil || len(list) == 0 {
		return out, false, err
	}
	return s.outcome(ctx, q, list[0])
}

func (s *Service) outcome(ctx context.Context, q db.Querier, c Case) (out Outcome, ok bool, err error) {
	out = Outcome{Repair: c.ID, Word: stateWords[c.State], c: c}
	switch c.State {
	case "refused", "rejected":
		if out.Stages = []Stage{StageAccept, StageAnswer}; c.Entry == 0 { // an entry leaves its list by its own procedure alone
			out.Stages = append(out.Stages, StageGrant)
		}
	case "granted":
		list, err := s.breaches(ctx, q, `repair_id = $1 ORDER BY breach_id DESC LIMIT 1`, c.ID)
		if err != nil || len(list) == 0 || list[0].State != "cancelled" {
			return out, false, err
		}
		out.breach, out.Word, out.Stages = list[0], "修复已撤销", []Stage{StageHeard, StageKept}
	default:
		return out, false, nil
	}
	return out, true, nil
}

var stateWords = map[string]string{"refused": "不予修复", "rejected": "不予受理", "granted": "准予修复"}

// Reopening is what an objection came to.
type Reopening struct {
	Repair int64
	Stage  Stage
	No     string // of the objection
	Reason string // everyone involved reads it
}

// Reopen takes up a case again whose answer an objection found wrong, at the stage that was decided, in the transaction of that decision. The unit and the subject are
// told; what is turned by it goes the way of every change of a record, to all who hold a copy.
func (s *Service) Reopen(ctx context.Context, tx *db.Tx, x Reopening) (err error) {
	defer fault.Wrap(&err, "repair.Reopen(%s)", x.Stage)
	c, err := one(s.cases(ctx, tx, `repair_id = $1`, x.Repair))
	if err != nil {
		return err
	}
	out, ok, err := s.outcome(ctx, tx, c)
	if err != nil || !ok || !slices.Contains(out.Stages, x.Stage) {
		return either(err, ErrStage)
	}
	if x.Stage == StageHeard || x.Stage == StageKept {
		return s.restore(ctx, tx, &out, x)
	}
	now, err := s.Records.Standing(ctx, tx, []record.ID{c.At})
	if err != nil {
		return err
	}
	if shown, err := s.shown(ctx, &c, now); err != nil || !shown {
		return either(err, ErrOver)
	}
	f, err := s.Flow.Fire(ctx, tx, c.Flow, stages[x.Stage].event, flow.Input{Reason: x.Reason})
	if err != nil {
		return err
	}
	c.State, c.Open, c.ReopenedFor = f.State, f.Open(), x.No
	c.AnsweredAt, c.AnsweredBy, c.AnswerNo, c.AnswerOn, c.Reason, c.Next = f.ClosedAt, "", "", 0, "", 0
	if x.Stage == StageAccept {
		c.AcceptedBy = ""
	}
	if x.Stage == StageGrant {
		if err := s.award(ctx, tx, &c, x); err != nil {
			return err
		}
	}
	if err := s.saveCase(ctx, tx, &c); err != nil {
		if db.IsUnique(err) { // it was applied for again meanwhile
			return ErrTwice
		}
		return err
	}
	if err := s.forget(ctx, tx, &c); err != nil {
		return err
	}
	return s.tell(ctx, tx, &c, stages[x.Stage].event, f.Due)
}

// award repairs by what the objection came to, never before the earliest day.
func (s *Service) award(ctx context.Context, tx *db.Tx, c *Case, x Reopening) error {
	if err := s.ripe(ctx, tx, c); err != nil {
		return err
	}
	c.AnsweredBy, c.AnswerNo, c.AnswerOn, c.Reason = authz.From(ctx).String(), x.No, s.today(), x.Reason
	_, err := s.turn(ctx, tx, c, record.Repaired, nil, "信用修复，经异议处理："+x.No)
	return err
}

// restore lets a repair stand again that was taken back: for good, or until its subject has been heard anew. The bar to applying falls with it.
func (s *Service) restore(ctx context.Context, tx *db.Tx, out *Outcome, x Reopening) error {
	b := out.breach
	f, err := s.Flow.Fire(ctx, tx, b.Flow, stages[x.Stage].event, flow.Input{Reason: x.Reason})
	if err != nil {
		return err
	}
	b.State, b.Until, b.Stated = f.State, 0, false
	b.DecidedBy, b.DecidedAt, b.DocNo, b.Reason = "", f.ClosedAt, "", ""
	if x.Stage == StageKept {
		b.DecidedBy, b.DocNo, b.Reason = authz.From(ctx).String(), x.No, x.Reason
	}
	if err := s.writeBreach(ctx, tx, &b); err != nil {
		return err
	}
	c := out.c
	now, err := s.Records.Standing(ctx, tx, []record.ID{c.At})
	if err != nil {
		return err
	}
	if now[c.At].Status == record.Active { // what is over or was taken down meanwhile stays so
		if _, err := s.turn(ctx, tx, &c, record.Repaired, nil, "恢复信用修复，经异议处理："+x.No); err != nil {
			return err
		}
	}
	c.ReopenedFor = x.No
	if err := s.saveCase(ctx, tx, &c); err != nil {
		return err
	}
	return s.tellRestored(ctx, tx, &b, &c, x.Stage, f)
}

func (s *Service) tellRestored(ctx context.Context, tx *db.Tx, b *Breach, c *Case, stage Stage, f *flow.Case) error {
	what, desk := "信用修复（"+s.itemName(c)+"，"+c.On.String()+"）", "/desk/repairs/breaches/"+strconv.FormatInt(b.ID, 10)
	if stage == StageKept {
		err := s.send(ctx, tx, notice.Agency, b.Agency, "repair.restored", "撤销修复的决定经异议处理改变", "修复结果恢复，记录停止公示、共享和使用。理由见办理页面。", desk, b.ID)
		if err != nil {
			return err
		}
		return s.send(ctx, tx, notice.Subject, b.Subject, "repair.restored", what+"已经恢复", "您的异议成立，修复结果恢复，记录停止公示、共享和使用，可以照常提出新的修复申请。", b.ownLink(), b.ID)
	}
	err := s.send(ctx, tx, notice.Agency, b.Agency, "repair.reheard", "撤销修复经异议处理退回重新办理", "修复结果暂时恢复。请重新听取当事人陈述申辩（到 "+f.Due.String()+" 为止），由作出撤销决定以外的人重新决定。理由见办理页面。", desk, b.ID)
	if err != nil {
		return err
	}
	return s.send(ctx, tx, notice.Subject, b.Subject, "repair.reheard", what+"暂时恢复，重新听取陈述申辩", "您的异议成立，修复结果暂时恢复。您可以在 "+f.Due.String()+" 以前陈述、申辩。", b.ownLink(), b.ID)
}
