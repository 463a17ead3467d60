package app

import (
	"context"
	"strconv"
	"strings"

	"gongxin/internal/api"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/fault"
	"gongxin/internal/measure"
	"gongxin/internal/notice"
)

// hookItems gives what a webhook carries beside the notice: the message of a task of joint action to the unit whose task it is, as the interface answers it. About
// a person it names nobody. Whoever is sent it stands in the log first, as whoever asks for it does.
func (a *App) hookItems(ctx context.Context, n notice.Notice) (any, error) {
	text, ok := strings.CutPrefix(n.Ref, "task:")
	if !ok || n.To.Kind != notice.Agency {
		return nil, nil
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, nil // some other notice that calls itself so
	}
	t, err := a.Lists.Measures.Task(ctx, a.DB.Read(), id)
	if fault.KindOf(err) == fault.NotFound || err == nil && t.Agency != n.To.ID {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	w := api.TaskMessages{Measures: a.Lists.Measures, DB: a.DB.Read(), Labels: a.Publish, Subjects: a.Subjects, Agencies: a.Agencies}
	list, err := w.Of(ctx, []measure.Task{t})
	if err != nil {
		return nil, err
	}
	subjects, err := a.Subjects.ByIDs(ctx, []int64{t.Subject})
	if err != nil {
		return nil, err
	}
	m := list[0]
	if subjects[t.Subject].Kind == catalog.Person {
		m = m.Nameless()
	}
	sender := authz.SystemActor("webhook")
	sender.Grants = []authz.Grant{{Agency: t.Agency}} // on whose behalf it is sent; a grant without a role may nothing
	return m, a.looks().Record(authz.With(ctx, sender), api.LookAtTask(&t, m.Basis))
}
