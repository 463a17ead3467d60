package objection

import (
	"context"
	"strconv"

	"gongxin/internal/db"
	"gongxin/internal/flow"
	"gongxin/internal/notice"
)

// tell tells the subject, and the source where it has something to do or its record was changed. A notice names the number and the sort of the information, never
// what was stated.
func (s *Service) tell(ctx context.Context, tx *db.Tx, o *Objection, c *flow.Case, st *flow.Step) error {
	if s.Notices == nil {
		return nil
	}
	id := strconv.FormatInt(o.ID, 10)
	if title, body := s.toSubject(o, c, st); title != "" {
		err := s.Notices.Send(ctx, tx, notice.Notice{
			To: notice.Recipient{Kind: notice.Subject, ID: o.Subject}, Topic: "objection." + string(st.Event), Title: title, Body: body, Link: "/me/objections/" + id, Ref: "objection:" + id,
		})
		if err != nil {
			return err
		}
	}
	if title, body := s.toSource(o, c, st); title != "" {
		return s.Notices.Send(ctx, tx, notice.Notice{
			To: notice.Recipient{Kind: notice.Agency, ID: o.Agency}, Topic: "objection." + string(st.Event), Title: title, Body: body, Link: "/desk/objections/" + id, Ref: "objection:" + id,
		})
	}
	return nil
}

func (s *Service) toSubject(o *Objection, c *flow.Case, st *flow.Step) (title, body string) {
	about := "关于“" + o.Title + "”的异议（" + o.No + "）"
	switch st.Event {
	case EventAsk:
		return "异议需要补正", about + "需要补正，请在 " + c.Due.String() + " 以前办理，逾期视为放弃本次申请。需要补正什么，请打开异议查看。"
	case EventLapse:
		return "异议因逾期没有补正而终止", about + "逾期没有补正，本次办理终止。可以重新提出。"
	case EventAccept:
		return "异议已经受理", about + "已经受理，这条信息已经标注“异议中”。最迟 " + o.AnswerBy.String() + " 答复；需要来源单位协助核查的，另行告知。"
	case EventRefuse:
		f, _ := s.rules(o).Refusal(o.Refusal)
		return "异议不予受理", about + "不予受理，原因：" + f.Text + "。依据：" + s.rules(o).Basis() + "。不服的，可以依法申请行政复议或者提起行政诉讼。"
	case EventRefer:
		return "异议已转来源单位核查", about + "已转来源单位核查，最迟 " + o.AnswerBy.String() + " 答复。"
	case flow.EventExtend:
		return "异议延长办理", about + "延长 " + strconv.Itoa(st.Days) + " 个工作日，最迟 " + o.AnswerBy.String() + " 答复。依据：" + s.rules(o).Extend.Law + "，理由请打开异议查看。"
	case EventUnproven, EventCannot:
		if o.TakenDown {
			return "没有核实的信息已经停止公示", about + "：来源单位没有核实，这条信息已经停止公示和使用。最迟 " + o.AnswerBy.String() + " 作出结论。"
		}
	case EventDecide:
		return "异议已经答复：" + o.Result.Word(), about + "已经答复：" + o.Result.Word() + "。理由请打开异议查看。不服的，可以在 " + c.Due.String() + " 以前申请复核，由另一名人员办理。"
	case EventConclude:
		return "异议复核已经答复：" + o.Review.Word(), about + "的复核已经答复：" + o.Review.Word() + "。仍不服的，可以依法申请行政复议或者提起行政诉讼。"
	}
	return "", ""
}

func (s *Service) toSource(o *Objection, c *flow.Case, st *flow.Step) (title, body string) {
	about := "对本单位报送的“" + o.Title + "”的异议（" + o.No + "）"
	switch st.Event {
	case EventRefer:
		body = about + "，请在 " + c.Due.String() + " 以前核查并答复。"
		if s.rules(o).Unproven.Act == TakeDown && o.Kind != OfRepair {
			body += "逾期没有答复或者无法核实的，这条信息停止公示和使用。"
		}
		return "异议待核查：" + o.Title, body
	case flow.EventExtend:
		if o.State == Referred {
			return "异议核查延长：" + o.Title, about + "的核查期限延长到 " + c.Due.String() + "。"
		}
	case EventUnproven, EventCannot:
		if o.TakenDown {
			return "没有核实的信息已经停止公示：" + o.Title, about + "没有核实，这条信息已经停止公示和使用。有原始材料的，请尽快补充答复。"
		}
		if st.Event == EventUnproven {
			return "异议核查逾期：" + o.Title, about + "逾期没有答复，请尽快补充答复。"
		}
	case EventDecide:
		return "异议已有结论：" + o.Title, about + "的结论：" + o.Result.Word() + "。"
	case EventConclude:
		return "异议复核已有结论：" + o.Title, about + "的复核结论：" + o.Review.Word() + "。"
	}
	return "", ""
}
