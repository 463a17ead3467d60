package tasks

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"strconv"

	"gongxin/internal/measure"
	"gongxin/internal/sheet"
	"gongxin/internal/web/desk"
)

// handCSV hands a table out as a file that spreadsheets open.
func handCSV(w http.ResponseWriter, name string, rows [][]string) error {
	var b bytes.Buffer
	b.WriteString("\ufeff")
	out := csv.NewWriter(&b)
	for _, row := range rows {
		_ = out.Write(sheet.PlainAll(row))
	}
	if out.Flush(); out.Error() != nil {
		return out.Error()
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	_, err := w.Write(b.Bytes())
	return err
}

// statisticsCSV hands out the figures: counts by unit and measure.
func (d *Desk) statisticsCSV(w http.ResponseWriter, r *http.Request) error {
	v, err := d.readStatistics(r)
	if err != nil {
		return err
	}
	rows := [][]string{{"响应单位", "措施编号", "措施", "推送", "按期", "逾期", "已执行", "不适用", "未执行", "待反馈", "反馈前召回", "召回未确认"}}
	for i := range v.detail {
		f := &v.detail[i]
		row := []string{f.unit, f.measure, f.content}
		for _, n := range []int{f.pushed, f.inTime, f.late, f.executed, f.notApplicable, f.not, f.open, f.early, f.waits} {
			row = append(row, strconv.Itoa(n))
		}
		rows = append(rows, row)
	}
	return handCSV(w, "joint-action.csv", rows)
}

// orderCSV hands out the report of one order: a line for each unit's task, in the items that joint action is reported in.
func (d *Desk) orderCSV(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	o, err := d.findOrder(r)
	if err != nil {
		return err
	}
	orders, err := d.orderRows(ctx, []measure.Order{o})
	if err != nil {
		return err
	}
	list, err := d.Measures.TasksOf(ctx, &o)
	if err != nil {
		return err
	}
	tasks, err := d.rows(ctx, list)
	if err != nil {
		return err
	}
	head := &orders[0]
	until := ""
	if !o.Until.IsZero() {
		until = o.Until.AddDays(-1).String()
	}
	rows := [][]string{{
		"指令编号", "批次", "主体", "统一社会信用代码", "名单", "应用事项", "措施编号", "措施", "依据", "原因", "生效", "截止", "发起单位", "响应单位", "推送时间", "响应时间", "逾期",
		"状态", "执行结果", "情况说明", "案号", "执行日期", "附件SHA-256", "召回时间", "解除时间", "解除原因",
	}}
	for i := range tasks {
		t := &tasks[i]
		late, done := "", ""
		if t.Late {
			late = "是"
		}
		if !t.ExecutedOn.IsZero() {
			done = t.ExecutedOn.String()
		}
		rows = append(rows, []string{
			desk.Dec(o.ID), desk.Dec(o.Entry), head.who, head.code, head.list, t.matter, o.Measure, head.what.Content, o.Law, o.Reason, o.From.String(), until, head.issuer, t.unit,
			desk.Moment(t.PushedAt), desk.Moment(t.RespondedAt), late, t.state(), t.Result.Word(), t.Reason, t.CaseNo, done, t.Evidence, desk.Moment(t.RecalledAt), desk.Moment(t.ReleasedAt), o.RecallWhy.Word(),
		})
	}
	return handCSV(w, "order-"+desk.Dec(o.ID)+".csv", rows)
}
