package app

import (
	"context"
	"strings"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/declaration"
)

// demoReceiver is the unit that receives declarations in the demo.
const demoReceiver = "临溪市发展和改革委员会"

// demoDeclarations lets the firm of the demo declare two things by the same service as anybody else: one is accepted and on file, one waits. The unit that receives
// them is named by a file of rules, as a city names it. Once there is one it does nothing.
func (a *App) demoDeclarations(ctx context.Context) error {
	d := &a.Procedures.Declarations
	agent, of, err := a.demoFirm(ctx)
	if err != nil || of == 0 {
		return err
	}
	have, err := d.List(ctx, declaration.Filter{Subject: of, Limit: 1})
	if err != nil || len(have) > 0 {
		return err
	}
	if err := a.demoReceives(ctx); err != nil {
		return err
	}
	today := clock.Today(a.Clock)
	first, err := a.demoDeclare(agent, of, declaration.Content{
		"SB_LB": "资质", "SB_XXMC": "食品安全管理体系认证", "SB_BH": "LX-FSMS-0008", "SB_NR": "预包装食品的销售", "SB_BFDW": "示例认证中心",
		"SB_RQ": today.AddMonths(-8).String(), "SB_YXQZI": today.AddMonths(28).String(), "SB_GK": "可向社会公开",
	})
	if err != nil {
		return err
	}
	office, err := a.demoStaff(ctx, "office", authz.OfficeOperator, 0)
	if err != nil {
		return err
	}
	if _, err := d.Accept(office, first, declaration.Step{}); err != nil {
		return err
	}
	_, err = a.demoDeclare(agent, of, declaration.Content{
		"SB_LB": "荣誉", "SB_XXMC": "诚信示范商户", "SB_BH": "LX-CX-2026-031", "SB_BFDW": "临溪市食品行业协会", "SB_RQ": today.AddMonths(-2).String(), "SB_GK": "特定范围内公开",
	})
	return err
}

// demoDeclare hands one in, with something that looks like a certificate.
func (a *App) demoDeclare(agent context.Context, of int64, c declaration.Content) (int64, error) {
	file, err := a.Procedures.Flow.Attach(agent, "佐证材料", strings.NewReader("%PDF-1.7\n% 演示用的证书\n"))
	if err != nil {
		return 0, err
	}
	x, err := a.Procedures.Declarations.Submit(agent, declaration.Submission{Subject: of, Item: "ZZSB", Content: c, Files: []string{file.Hash}, Pledged: true})
	return x.ID, err
}

// demoReceives puts the rules of the demo in force where they are not.
func (a *App) demoReceives(ctx context.Context) error {
	book := a.Procedures.Declarations.rules
	if len(book.Today().Receivers) > 0 {
		return nil
	}
	number, err := a.unitNamed(ctx, demoReceiver)
	if err != nil {
		return err
	}
	var unit agency.Agency
	if unit, err = a.Agencies.ByID(ctx, number); err != nil {
		return err
	}
	text := string(declaration.Shipped()) + "\n[[receiver]]\nunit = \"" + unit.Code + "\"\n"
	today := clock.Today(a.Clock)
	if err := book.Check(ctx, []byte(text), today); err != nil {
		return err
	}
	if err := a.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return book.Apply(ctx, tx, []byte(text), today, "demo") }); err != nil {
		return err
	}
	return book.Refresh(ctx)
}
