package repair

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/notice"
	"gongxin/internal/record"
)

// Ruling is a court's ruling on a reorganisation or a settlement.
type Ruling struct {
	Court string
	No    string
	On    clock.Date
	Until clock.Date // first day after the execution of the plan
	Text  string
	Files []string // attachments, by hash: the ruling
}

// maxPlan bounds the execution of a plan, in months.
const maxPlan = 120

// AskShield asks that a business's failures be not shown while the court's ruling is carried out.
func (s *Service) AskShield(ctx context.Context, of int64, r Ruling) (out Shield, err error) {
	defer fault.Wrap(&err, "repair.AskShield")
	if err := s.mine(ctx, of); err != nil {
		return Shield{}, err
	}
	today := s.today()
	r.Court, r.No = strings.TrimSpace(r.Court), strings.TrimSpace(r.No)
	switch {
	case r.Court == "" || len(r.Court) > 300 || r.No == "" || len(r.No) > 300 || !r.On.Valid() || r.On > today || !r.Until.Valid() || r.Until <= today || r.Until > today.AddMonths(maxPlan) || len(r.Files) == 0:
		return Shield{}, ErrRuling
	case flow.HasPersonal(r.Court + "，" + r.No):
		return Shield{}, flow.ErrPersonal
	}
	subjects, err := s.Subjects.ByIDs(ctx, []int64{of})
	if err != nil {
		return Shield{}, err
	}
	sub, ok := subjects[of]
	if !ok || sub.Kind == catalog.Person {
		return Shield{}, ErrPerson
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		have, err := shields(ctx, tx, `subject_id = $1 AND state IN ('asked', 'shielded')`, of)
		if err != nil {
			return err
		}
		if len(have) > 0 {
			return ErrShielded
		}
		x := Shield{
			ID: s.IDs.Next(), Subject: of, Region: sub.Region, State: "asked", Court: r.Court, No: r.No, On: r.On, Until: r.Until, AskedBy: authz.From(ctx).String(), AskedAt: s.now(),
		}
		f, err := s.Flow.Open(ctx, tx, flow.NewCase{
			Kind: ShieldKind, Subject: of, Ref: strconv.FormatInt(x.ID, 10), Region: sub.Region, Title: "重整期间信息屏蔽", Input: flow.Input{Reason: r.Text, Attachments: r.Files},
		})
		if err != nil {
			return err
		}
		x.Flow, out = f.ID, x
		out.Flow = f.ID
		return x.write(ctx, tx)
	})
	return out, err
}

func (s *Service) onShield(ctx context.Context, shield int64, event flow.Event, in flow.Input, change func(ctx context.Context, tx *db.Tx, x *Shield) error) (out Shield, err error) {
	defer fault.Wrap(&err, "repair.shield.%s", event)
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		x, err := one(shields(ctx, tx, `shield_id = $1`, shield))
		if err != nil {
			return err
		}
		f, err := s.Flow.Fire(ctx, tx, x.Flow, event, in)
		if err != nil {
			return err
		}
		x.State = f.State
		if change != nil {
			if err := change(ctx, tx, &x); err != nil {
				return err
			}
		}
		out = x
		return x.write(ctx, tx)
	})
	return out, err
}

func (x *Shield) ownLink() string { return "/me/repairs/shields/" + strconv.FormatInt(x.ID, 10) }

// Shield stops showing every failure of the business that is in force, until the plan is carried out or the shielding is ended.
func (s *Service) Shield(ctx context.Context, shield int64, reason string, seen int) (Shield, error) {
	return s.onShield(ctx, shield, EventShield, flow.Input{Reason: reason, Seen: seen}, func(ctx context.Context, tx *db.Tx, x *Shield) error {
		if x.Until <= s.today() {
			return ErrRuling.Messagef("执行重整计划的期限已经届满，不再屏蔽")
		}
		x.DecidedBy, x.DecidedAt = authz.From(ctx).String(), s.now()
		all, err := s.Records.StandingOf(ctx, tx, x.Subject)
		if err != nil {
			return err
		}
		var list []record.Turn
		for i := range all {
			if s.failure(&all[i]) && all[i].Status == record.Active {
				list = append(list, record.Turn{ID: all[i].ID, To: record.Shielded})
			}
		}
		if err := s.turnAll(ctx, tx, x, list, "重整期间屏蔽："+x.No); err != nil {
			return err
		}
		for _, t := range list {
			if err := x.holds(ctx, tx, t.ID); err != nil {
				return err
			}
		}
		return s.send(ctx, tx, notice.Subject, x.Subject, "repair.shield", "失信信息已经暂时屏蔽", "在执行重整计划期间不公示，到 "+x.Until.String()+" 为止。计划没有执行的，会恢复公示。", x.ownLink(), x.ID)
	})
}

// holds puts down that a record is not shown because of a shielding, so that it comes back with it.
func (x *Shield) holds(ctx context.Context, tx *db.Tx, at record.ID) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO repair_shield_record (subject_id, shield_id, record_key) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, x.Subject, x.ID, at.Key)
	if err != nil {
		return fmt.Errorf("repair: shielded: %w", err)
	}
	return nil
}

func (s *Service) turnAll(ctx context.Context, tx *db.Tx, x *Shield, list []record.Turn, why string) error {
	if len(list) == 0 {
		return nil
	}
	_, err := s.Records.Turn(ctx, tx, list, record.Change{At: s.now(), Actor: authz.From(ctx).String(), Basis: x.Court + " " + x.No, Why: why})
	return err
}

// DenyShield refuses to shield, with a reason.
func (s *Service) DenyShield(ctx context.Context, shield int64, reason string, seen int) (Shield, error) {
	return s.onShield(ctx, shield, EventDeny, flow.Input{Reason: reason, Seen: seen}, func(ctx context.Context, tx *db.Tx, x *Shield) error {
		x.DecidedBy, x.DecidedAt = authz.From(ctx).String(), s.now()
		return s.send(ctx, tx, notice.Subject, x.Subject, "repair.unshielded", "不予屏蔽失信信息", "理由见办理页面。", x.ownLink(), x.ID)
	})
}

// WithdrawShield takes the request back, by the subject.
func (s *Service) WithdrawShield(ctx context.Context, shield int64, seen int) (Shield, error) {
	return s.onShield(ctx, shield, EventWithdraw, flow.Input{Seen: seen}, nil)
}

// EndShield ends shielding before its time: the plan was carried out, or has failed.
func (s *Service) EndShield(ctx context.Context, shield int64, reason string, seen int) (Shield, error) {
	return s.onShield(ctx, shield, EventEnd, flow.Input{Reason: reason, Seen: seen}, s.unshield)
}

// unshield brings back what was shielded and is still so: what has ended meanwhile stays away.
func (s *Service) unshield(ctx context.Context, tx *db.Tx, x *Shield) error {
	x.EndedAt = s.now()
	keys, err := rowsOf(ctx, tx, `SELECT record_key FROM repair_shield_record WHERE subject_id = $1 AND shield_id = $2 ORDER BY record_key`, func(row scanner) (record.ID, error) {
		at := record.ID{Subject: x.Subject}
		return at, row.Scan(&at.Key)
	}, x.Subject, x.ID)
	if err != nil {
		return err
	}
	now, err := s.Records.Standing(ctx, tx, keys)
	if err != nil {
		return err
	}
	var list []record.Turn
	for _, at := range keys {
		v := now[at]
		if v.Status != record.Shielded {
			continue
		}
		t := record.Turn{ID: at, To: record.Active}
		if !v.PublicUntil.IsZero() && s.today() >= v.PublicUntil {
			t.To = record.Ended
		}
		list = append(list, t)
	}
	if err := s.turnAll(ctx, tx, x, list, "重整期间屏蔽结束："+x.No); err != nil {
		return err
	}
	return s.send(ctx, tx, notice.Subject, x.Subject, "repair.shield_ended", "失信信息屏蔽已经结束", "没有修复、也没有期满的信息恢复公示。已经纠正的，可以申请信用修复。", x.ownLink(), x.ID)
}

// ShieldOf gives a shielding by its number. Whether the caller may see it is the caller's to ask.
func (s *Service) ShieldOf(ctx context.Context, shield int64) (Shield, error) {
	return one(shields(ctx, s.DB.Read(), `shield_id = $1`, shield))
}

// Shields gives the shieldings of a subject, or the latest of all for 0, newest first.
func (s *Service) Shields(ctx context.Context, of int64, limit int) ([]Shield, error) {
	return shields(ctx, s.DB.Read(), `(subject_id = $1 OR $1 = 0) ORDER BY shield_id DESC LIMIT $2+0`, of, limit)
}
