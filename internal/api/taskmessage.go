package api

import (
	"context"

	"gongxin/internal/agency"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/measure"
	"gongxin/internal/subject"
)

// TaskMessages writes tasks of joint action as the messages that the interface answers and webhooks carry, with a fixed number of questions for any number of tasks.
type TaskMessages struct {
	Measures interface {
		OrdersOf(ctx context.Context, q db.Querier, orders []int64) (map[int64]measure.Order, error)
		RowOf(o *measure.Order) measure.Row
	}
	DB       db.Querier
	Labels   Labels
	Subjects interface {
		ByIDs(ctx context.Context, ids []int64) (map[int64]subject.Subject, error)
	}
	Agencies interface {
		ByID(ctx context.Context, id int64) (agency.Agency, error)
	}
}

func (s *server) taskMessages() *TaskMessages {
	return &TaskMessages{Measures: s.Measures, DB: s.MeasureDB, Labels: s.Labels, Subjects: s.Subjects, Agencies: s.Agencies}
}

// Of puts tasks with their orders into messages, in their order.
func (w *TaskMessages) Of(ctx context.Context, list []measure.Task) ([]MeasureTask, error) {
	orders, subjects := make([]int64, len(list)), make([]int64, len(list))
	for i := range list {
		orders[i], subjects[i] = list[i].Order, list[i].Subject
	}
	by, err := w.Measures.OrdersOf(ctx, w.DB, orders)
	if err != nil {
		return nil, err
	}
	labels, err := w.Labels.Labels(ctx, subjects)
	if err != nil {
		return nil, err
	}
	codes, err := w.Subjects.ByIDs(ctx, subjects)
	if err != nil {
		return nil, err
	}
	units := map[int64]*UnitRef{}
	out := make([]MeasureTask, len(list))
	for i := range list {
		t, o := &list[i], by[list[i].Order]
		m := message(t, &o, w.Measures.RowOf(&o))
		m.SubjectName, m.Subject = labels[t.Subject], codes[t.Subject].Code // a person has no code
		if m.Issuer, err = w.unit(ctx, units, o.Agency); err != nil {
			return nil, err
		}
		if m.Unit, err = w.unit(ctx, units, t.Agency); err != nil {
			return nil, err
		}
		out[i] = m
	}
	return out, nil
}

// message is what a task and its order say by themselves.
func message(t *measure.Task, o *measure.Order, row measure.Row) MeasureTask {
	return MeasureTask{
		ID: number(t.ID), Order: number(t.Order), Batch: number(o.Entry), List: o.List, Matter: t.Matter, Measure: o.Measure, Content: row.Content, Basis: o.Law, Cause: o.Reason,
		From: o.From, Until: o.Until, State: t.State, PushedAt: moment(t.PushedAt), RespondedAt: moment(t.RespondedAt), Result: string(t.Result), Reason: t.Reason, CaseNo: t.CaseNo,
		ExecutedOn: t.ExecutedOn, Evidence: t.Evidence, RecalledAt: moment(t.RecalledAt), ReleasedAt: moment(t.ReleasedAt), ReleaseCause: o.RecallWhy.Word(),
	}
}

func (w *TaskMessages) unit(ctx context.Context, known map[int64]*UnitRef, id int64) (*UnitRef, error) {
	if u := known[id]; u != nil {
		return u, nil
	}
	unit, err := w.Agencies.ByID(ctx, id)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	known[id] = &UnitRef{Code: unit.Code, Name: unit.Name}
	return known[id], nil
}

// Nameless is a message that says nothing of whom it is about: what leaves the site about a person. The rest is pulled by the task's number.
func (m MeasureTask) Nameless() MeasureTask {
	m.Subject, m.SubjectName, m.Cause, m.Reason, m.CaseNo, m.Evidence = "", "", "", "", "", ""
	return m
}
