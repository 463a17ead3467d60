package app

import (
	"cmp"
	"context"
	"slices"

	"gongxin/internal/authz"
	"gongxin/internal/objection"
	"gongxin/internal/record"
)

// demoObjections lets the firm of the demo object to two of its records, by the same service as anybody else: one waits for its source, one is answered and may be
// reviewed. Once there is one it does nothing.
func (a *App) demoObjections(ctx context.Context) error {
	o := a.Procedures.Objections
	agent, subject, err := a.demoFirm(ctx)
	if err != nil || subject == 0 {
		return err
	}
	have, err := o.List(ctx, objection.Filter{Subject: subject, Limit: 1})
	if err != nil || len(have) > 0 {
		return err
	}
	all, err := a.Records.StandingOf(ctx, a.DB.Read(), subject)
	if err != nil {
		return err
	}
	var records []record.Version
	for _, item := range []string{"XZCF", "XZXK", "DJJC"} {
		for i := range all {
			if string(all[i].Item) == item && all[i].Status == record.Active {
				records = append(records, all[i])
			}
		}
	}
	if len(records) < 2 {
		return nil // a very small city has nothing to object to
	}
	unit, err := a.unitNamed(ctx, demoRegulator)
	if err != nil {
		return err
	}
	slices.SortStableFunc(records, func(x, y record.Version) int { // the demo's clerk can answer the one that waits
		return cmp.Compare(bool01(x.Agency != unit), bool01(y.Agency != unit))
	})
	office, err := a.demoStaff(ctx, "office", authz.OfficeOperator, 0)
	if err != nil {
		return err
	}
	if _, err := a.demoObject(agent, office, records[0], "处罚内容与决定书不一致，请核对"); err != nil {
		return err
	}
	answered, err := a.demoObject(agent, office, records[1], "有效期填写有误，应当以许可证为准")
	if err != nil {
		return err
	}
	source, err := a.demoStaff(ctx, "clerk", authz.FilingClerk, records[1].Agency)
	if err != nil {
		return err
	}
	if _, err := o.Answer(source, answered, objection.FoundRight, objection.Step{Text: "已调阅案卷，与报送内容一致"}); err != nil {
		return err
	}
	_, err = o.Decide(office, answered, objection.Verdict{Result: objection.Kept, Step: objection.Step{Text: "来源单位核对案卷，与报送内容一致，予以维持"}})
	return err
}

func bool01(b bool) int {
	if b {
		return 1
	}
	return 0
}

// demoObject takes an objection as far as its source.
func (a *App) demoObject(agent, office context.Context, v record.Version, text string) (int64, error) {
	o := a.Procedures.Objections
	x, err := o.Submit(agent, objection.Submission{Subject: v.ID.Subject, Kind: objection.OfRecord, Target: v.ID.String(), Ask: objection.AskCorrect, Statement: text})
	if err != nil {
		return 0, err
	}
	if _, err := o.Accept(office, x.ID, objection.Step{}); err != nil {
		return 0, err
	}
	_, err = o.Refer(office, x.ID, objection.Step{Text: "与报送内容一致，请核对原始材料"})
	return x.ID, err
}
