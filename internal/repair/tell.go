package repair

import (
	"context"
	"strconv"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/flow"
	"gongxin/internal/notice"
)

// tell tells the subject, and with an application or a supplement the unit, what has happened to a case. No document's title stands in it: notices leave the house.
func (s *Service) tell(ctx context.Context, tx *db.Tx, c *Case, event flow.Event, due clock.Date) error {
	what := "信用修复申请（" + s.itemName(c) + "，" + c.On.String() + "）"
	own := "/me/repairs/cases/" + strconv.FormatInt(c.ID, 10)
	switch event {
	case EventApply:
		if err := s.send(ctx, tx, notice.Agency, c.Agency, "repair.new", "收到一件信用修复申请", "请在 "+due.String()+" 以前决定是否受理。", "/desk/repairs/"+strconv.FormatInt(c.ID, 10), c.ID); err != nil {
			return err
		}
		return s.send(ctx, tx, notice.Subject, c.Subject, "repair.sent", what+"已经提交", "申请已经推送到作出认定的单位，最迟 "+due.String()+" 决定是否受理。修复不收取任何费用。", own, c.ID)
	case EventSupply:
		return s.send(ctx, tx, notice.Agency, c.Agency, "repair.supplied", "信用修复申请人补交了材料", "计时继续，请按期办理。", "/desk/repairs/"+strconv.FormatInt(c.ID, 10), c.ID)
	case EventAccept:
		return s.send(ctx, tx, notice.Subject, c.Subject, "repair.accepted", what+"已经受理", "最迟 "+due.String()+" 答复。情况复杂需要延长的，会告知理由。", own, c.ID)
	case EventReject:
		return s.send(ctx, tx, notice.Subject, c.Subject, "repair.rejected", what+"不予受理", "理由见办理页面。改正以后可以重新申请；"+c.objects(), own, c.ID)
	case EventGrant:
		return s.send(ctx, tx, notice.Subject, c.Subject, "repair.granted", what+"准予修复", "自现在起停止公示、共享和使用，因此采取的措施同时解除。专项信用报告（信用代证）仍写明“已修复”。违背修复承诺的，会撤销修复并恢复公示。", own, c.ID)
	case EventRefuse:
		return s.send(ctx, tx, notice.Subject, c.Subject, "repair.refused", what+"不予修复", "理由见办理页面。"+c.Next.String()+" 起可以重新申请；"+c.objects(), own, c.ID)
	case EventReopen, EventReanswer:
		by := "最迟 " + due.String() + " 决定是否受理。"
		if event == EventReanswer {
			by = "最迟 " + due.String() + " 答复。"
		}
		err := s.send(ctx, tx, notice.Agency, c.Agency, "repair.reopened", "一件信用修复经异议处理退回重新办理", by+"理由见办理页面；原来作出不予受理、不予修复决定的人员回避。", "/desk/repairs/"+strconv.FormatInt(c.ID, 10), c.ID)
		if err != nil {
			return err
		}
		return s.send(ctx, tx, notice.Subject, c.Subject, "repair.reopened", what+"重新办理", "您的异议成立，申请退回作出认定的单位重新办理，不用再次提交。"+by, own, c.ID)
	case EventAward:
		err := s.send(ctx, tx, notice.Agency, c.Agency, "repair.awarded", "一件信用修复经异议处理准予修复", "记录停止公示、共享和使用。理由见办理页面。", "/desk/repairs/"+strconv.FormatInt(c.ID, 10), c.ID)
		if err != nil {
			return err
		}
		return s.send(ctx, tx, notice.Subject, c.Subject, "repair.awarded", what+"准予修复", "您的异议成立。自现在起停止公示、共享和使用，因此采取的措施同时解除。违背修复承诺的，会撤销修复并恢复公示。", own, c.ID)
	case EventMoot:
		return s.send(ctx, tx, notice.Subject, c.Subject, "repair.moot", what+"已经终止", "这条信息已经停止公示，不再需要修复。", own, c.ID)
	case flow.EventPause:
		return s.send(ctx, tx, notice.Subject, c.Subject, "repair.ask", what+"需要补充材料", "需要什么见办理页面，请在 "+due.String()+" 以前补交；不补交的，按已有材料答复。", own, c.ID)
	case flow.EventExtend:
		return s.send(ctx, tx, notice.Subject, c.Subject, "repair.extended", what+"延长办理", "情况复杂，答复期限延长到 "+due.String()+"，理由见办理页面。", own, c.ID)
	}
	return nil
}

// objects says where an answer can be disputed: of an entry that is no record, the entry itself is.
func (c *Case) objects() string {
	if c.At.Key == 0 {
		return "对结果有异议的，可以在“异议”里对这个名单条目提出。"
	}
	return "对结果有异议的，可以提出异议。"
}

func (s *Service) itemName(c *Case) string {
	if item, ok := s.Editions.Current(s.today()).Item(c.Item); ok {
		return item.Name
	}
	return string(c.Item)
}

func (s *Service) send(ctx context.Context, tx *db.Tx, kind string, to int64, topic, title, body, link string, ref int64) error {
	if s.Notices == nil || to <= 0 {
		return nil
	}
	return s.Notices.Send(ctx, tx, notice.Notice{
		To: notice.Recipient{Kind: kind, ID: to}, Topic: topic, Title: title, Body: body, Link: link, Ref: "repair:" + strconv.FormatInt(ref, 10),
	})
}
