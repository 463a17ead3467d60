package objections_test

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/objection"
	"gongxin/internal/record"
	"gongxin/internal/web/desk/desktest"
)

// Answered says that every application for repair was refused.
func (*world) Answered(context.Context, db.Querier, record.ID) (objection.RepairAnswer, bool, error) {
	return objection.RepairAnswer{ID: 9, Word: "不予修复", Stages: []objection.Stage{{Code: "accepted", Name: "退回认定单位，重新答复"}, {Code: "granted", Name: "准予修复", Agreed: true}}}, true, nil
}

func (w *world) Reopen(_ context.Context, _ *db.Tx, _ int64, stage, _, _ string) error {
	w.reopened = append(w.reopened, stage)
	return nil
}

// The officer sees what was answered, names the stage, and without the unit's consent cannot grant.
func TestRedo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, err := w.Submit(authz.With(t.Context(), w.agent), objection.Submission{Subject: w.firm, Kind: objection.OfRepair, Target: w.penalty(w.unit, "1"), Ask: objection.AskRedo, Statement: stated})
	desktest.Must(t, err)
	w.taken(w.post(w.officer, page(o)+"/accept"), w.officer)
	desktest.Want(t, desktest.Visit(t, w, w.officer, page(o), nil), http.StatusOK, "修复申请的答复", "不予修复", "退回到哪一步", "退回认定单位，重新答复", "修复结果有误，重新办理")
	desktest.Want(t, w.post(w.officer, page(o)+"/decide", "result", "redone", "reason", "理由不成立"), http.StatusBadRequest, "没有选择修复从哪一步重新办理")
	desktest.Want(t, w.post(w.officer, page(o)+"/decide", "result", "redone", "stage", "granted", "reason", "理由不成立"), http.StatusForbidden, "认定单位")
	w.taken(w.post(w.officer, page(o)+"/decide", "result", "redone", "stage", "accepted", "reason", "理由不成立"), w.officer, "已作出结论", "修复结果有误，重新办理")
	if len(w.reopened) != 1 || w.reopened[0] != "accepted" {
		t.Errorf("reopened %v", w.reopened)
	}
}

// The step of an extension is offered where the rules of the day know one, to the office, and once.
func TestExtend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	submit := func() objection.Objection {
		o := w.submit(w.penalty(w.unit, w.clock.Now().String()))
		w.taken(w.post(w.officer, page(o)+"/accept"), w.officer)
		return o
	}
	o := submit()
	if body := desktest.Visit(t, w, w.officer, page(o), nil).Body.String(); strings.Contains(body, "延长期限") {
		t.Error("Shandong knows no extension, and the page offers one")
	}
	raw, err := os.ReadFile("../../../../docs/user/rules/objection-zhejiang.toml")
	desktest.Must(t, err)
	desktest.Must(t, w.db.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return w.Rules.Apply(ctx, tx, raw, 20260309, "test") }))
	desktest.Must(t, w.Rules.Refresh(t.Context()))
	w.clock.Set(time.Date(2026, 3, 9, 10, 0, 0, 0, clock.Zone))
	o = submit()
	desktest.Want(t, desktest.Visit(t, w, w.officer, page(o), nil), http.StatusOK, "延长期限", "现在的期限到 2026-03-16", "最多 15 个工作日", "第三十一条")
	desktest.Want(t, w.post(w.officer, page(o)+"/extend", "days", "99", "reason", "要调取档案"), http.StatusBadRequest, "延长超过了规定的上限")
	desktest.Want(t, w.post(w.officer, page(o)+"/extend", "days", "x", "reason", "要调取档案"), http.StatusBadRequest)
	if res := w.post(w.clerk, page(o)+"/extend", "days", "3", "reason", "要调取档案"); res.Code != http.StatusForbidden {
		t.Errorf("put off by its source: %d", res.Code)
	}
	w.taken(w.post(w.officer, page(o)+"/extend", "days", "3", "reason", "要调取档案"), w.officer, "已延长", "已经延长 3 个工作日", "把期限延长 3 个工作日。期限到 2026-03-19。理由：要调取档案")
	desktest.Want(t, w.post(w.officer, page(o)+"/extend", "days", "1", "reason", "还要几天"), http.StatusConflict, "已经延长过一次")
	if body := desktest.Visit(t, w, w.officer, page(o), nil).Body.String(); strings.Contains(body, "确认延长") {
		t.Error("offered twice")
	}
}
