package declaration

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/record"
)

// flagColumn and flagWithdraw say in a row that its record is withdrawn.
const (
	flagColumn   = "操作标识"
	flagWithdraw = "D"
)

// Settle files what was accepted and takes down what was taken back, wherever that was broken off. What fails is tried again in the next turn; the others do not
// wait for it.
func (s *Service) Settle(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "declaration.Settle")
	var first error
	for after := int64(0); ; {
		list, err := s.query(ctx, s.DB.Read(), `declaration_id > $1 AND state IN ('accepted', 'ending') ORDER BY declaration_id LIMIT 100`, after)
		if err != nil || len(list) == 0 {
			return n, errors.Join(first, err)
		}
		for i := range list {
			after = list[i].ID
			if err := s.settle(ctx, &list[i]); err != nil {
				if first == nil {
					first = err
				}
				continue
			}
			n++
		}
	}
}

func (s *Service) settle(ctx context.Context, d *Declaration) error {
	ctx = system(ctx)
	switch d.State {
	case Accepted:
		return s.file(ctx, d)
	case Ending:
		return s.takeDown(ctx, d)
	}
	return nil
}

// rowKey names a row, so that the same one is filed once.
func rowKey(d *Declaration, flag string, row map[string]string) string {
	h := sha256.New()
	fmt.Fprintln(h, d.DecidedAt.UnixMicro()) // accepted once more, it is filed once more
	for _, field := range slices.Sorted(maps.Keys(row)) {
		fmt.Fprintf(h, "%q=%q\n", field, row[field])
	}
	return fmt.Sprintf("declaration-%d-%s-%x", d.ID, flag, h.Sum(nil)[:8])
}

// file files an accepted declaration. What the intake does not take goes back to the subject with the reasons.
func (s *Service) file(ctx context.Context, d *Declaration) error {
	checked, err := s.checkOf(ctx, d)
	if err != nil {
		return s.bounce(ctx, d, err)
	}
	reasons, err := s.Filer.File(ctx, Row{Item: d.Item, Unit: checked.Unit.Code, Key: rowKey(d, "I", checked.row), Actor: d.DecidedBy, Values: checked.row})
	if err == nil && len(reasons) > 0 {
		err = ErrContent.Messagef("%s", strings.Join(reasons, "；"))
	}
	if err != nil {
		return s.bounce(ctx, d, err)
	}
	v, ok, err := s.standing(ctx, s.DB.Read(), d.Subject, d.Item, checked.key)
	if err != nil {
		return err
	}
	if !ok || v.Status != record.Active {
		return s.bounce(ctx, d, ErrContent.Messagef("这一行没有能够归到您的主体名下"))
	}
	if err := s.supersede(ctx, d, v.ID); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now, err := s.Get(ctx, tx, d.ID)
		if err != nil || now.State != Accepted { // another process was faster
			return err
		}
		now.Record, now.OnFileAt = v.ID.String(), s.now()
		if err := s.save(ctx, tx, &now); err != nil {
			return err
		}
		if _, err := s.Flow.Fire(ctx, tx, d.Case, EventFile, flow.Input{}); err != nil {
			return err
		}
		return s.replaced(ctx, tx, d)
	})
}

// supersede takes down the record of the declaration whose place another one has taken, unless it is the same record.
func (s *Service) supersede(ctx context.Context, d *Declaration, now record.ID) error {
	if d.Replaces == 0 {
		return nil
	}
	old, err := s.Get(ctx, s.DB.Read(), d.Replaces)
	if err != nil || old.State != OnFile || old.Record == now.String() {
		return err
	}
	return s.withdrawRow(ctx, &old, d.DecidedBy)
}

// replaced says of the older declaration that another one has taken its place.
func (s *Service) replaced(ctx context.Context, tx *db.Tx, d *Declaration) error {
	if d.Replaces == 0 {
		return nil
	}
	old, err := s.Get(ctx, tx, d.Replaces)
	if err != nil || old.State != OnFile {
		return err
	}
	old.State, old.EndedAt, old.EndedBy = Replaced, s.now(), d.FiledBy
	return s.save(ctx, tx, &old)
}

// bounce gives what the intake did not take back to the subject.
func (s *Service) bounce(ctx context.Context, d *Declaration, cause error) error {
	var f *fault.Error
	if !errors.As(cause, &f) || f.Kind != fault.Invalid && f.Kind != fault.Denied {
		return cause // nothing that the subject could mend: it is tried again
	}
	reason := []rune(strings.TrimRight(f.Message, "。") + "。" + f.Fix)
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now, err := s.Get(ctx, tx, d.ID)
		if err != nil || now.State != Accepted {
			return err
		}
		_, err = s.Flow.Fire(ctx, tx, d.Case, EventBounce, flow.Input{Reason: string(reason[:min(len(reason), 900)])})
		return err
	})
}

// takeDown withdraws the record of a declaration that its subject took back.
func (s *Service) takeDown(ctx context.Context, d *Declaration) error {
	if err := s.withdrawRow(ctx, d, d.EndedBy); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now, err := s.Get(ctx, tx, d.ID)
		if err != nil || now.State != Ending {
			return err
		}
		_, err = s.Flow.Fire(ctx, tx, d.EndCase, EventGone, flow.Input{})
		return err
	})
}

// withdrawRow files the withdrawal of a declaration's record, as its source.
func (s *Service) withdrawRow(ctx context.Context, d *Declaration, actor string) error {
	at, err := record.ParseID(d.Record)
	if err != nil {
		return err
	}
	list, err := s.Records.Standing(ctx, s.DB.Read(), []record.ID{at})
	if err != nil || list[at].Status != record.Active { // its source or a procedure has taken it down already
		return err
	}
	item, ok := s.Editions.Current(s.today()).Item(d.Item)
	if !ok {
		return ErrItem
	}
	rule, ok := s.Rules.On(d.ReceivedOn).Item(d.Item)
	if !ok {
		return ErrItem
	}
	unit, err := s.Agencies.ByID(ctx, list[at].Agency)
	if err != nil {
		return err
	}
	p, err := s.party(ctx, d.Subject)
	if err != nil {
		return err
	}
	o := Offer{Item: item, Rule: rule, Unit: unit}
	row := o.row(&p, d.Content)
	row[flagColumn] = flagWithdraw
	reasons, err := s.Filer.File(ctx, Row{Item: d.Item, Unit: unit.Code, Key: rowKey(d, flagWithdraw, row), Actor: actor, Values: row})
	if err != nil || len(reasons) == 0 {
		return err
	}
	return fault.New(fault.Internal, "declaration.take_down", "没有能够从信用库撤下", "系统会再次办理").With(errors.New(strings.Join(reasons, "；")))
}
