package declaration

import (
	"context"
	"strconv"

	"gongxin/internal/db"
	"gongxin/internal/flow"
	"gongxin/internal/notice"
)

// tell tells the subject what became of its declaration, and the unit that it has one to check. A notice names the number, never what was declared.
func (s *Service) tell(ctx context.Context, tx *db.Tx, d *Declaration, c *flow.Case, st *flow.Step) error {
	if s.Notices == nil {
		return nil
	}
	number := strconv.FormatInt(d.ID, 10)
	n := notice.Notice{Topic: "declaration." + string(st.Event), Ref: "declaration:" + number}
	if st.Event == EventSubmit {
		n.To, n.Link = notice.Recipient{Kind: notice.Agency, ID: d.Agency}, "/desk/declarations/"+number
		n.Title, n.Body = "自主申报待审查："+d.No, "收到一件自主申报 "+d.No+"，请在 "+c.Due.String()+" 以前作形式审查：通过、退回补正或者不予接收。"
		return s.Notices.Send(ctx, tx, n)
	}
	n.To, n.Link = notice.Recipient{Kind: notice.Subject, ID: d.Subject}, "/me/declarations/"+number
	if n.Title, n.Body = s.toSubject(d, c, st); n.Title == "" {
		return nil
	}
	return s.Notices.Send(ctx, tx, n)
}

func (s *Service) toSubject(d *Declaration, c *flow.Case, st *flow.Step) (title, body string) {
	about := "自主申报 " + d.No
	switch st.Event {
	case EventReturn, EventBounce:
		return "自主申报需要补正", about + "退回补正，请在 " + c.Due.String() + " 以前办理，逾期视为放弃本次申报。需要补正什么，请打开申报查看。"
	case EventLapse:
		return "自主申报因逾期没有补正而终止", about + "逾期没有补正，本次办理终止。可以重新申报。"
	case EventRefuse:
		rules := s.Rules.On(d.ReceivedOn)
		f, _ := rules.Refusal(d.Refusal)
		return "自主申报不予接收", about + "不予接收，原因：" + f.Text + "。依据：" + rules.Basis() + "。不服的，可以依法申请行政复议或者提起行政诉讼。"
	case EventFile:
		return "自主申报已经入库", about + "已经通过形式审查并入库，标明“自主申报，平台未核验”。随时可以更新或者撤下。"
	}
	return "", ""
}
