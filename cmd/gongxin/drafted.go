package main

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"gongxin/internal/app"
	"gongxin/internal/approval"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
)

// drafting is a file that comes into force only by two people: the command drafts it, somebody else approves it.
type drafting struct {
	kind            approval.Kind
	file, on, title string
	dry             bool
}

// draft hands a file in for approval, or says what it would change. The same file again is not drafted twice.
func (e *Env) draft(a *app.App, d drafting) error {
	content, err := os.ReadFile(d.file)
	if err != nil {
		return usage{err}
	}
	in := approval.Input{Kind: d.kind, Title: d.title, Content: content, EffectiveOn: clock.Today(a.Clock)}
	if d.on != "" {
		if in.EffectiveOn, err = clock.ParseDate(d.on); err != nil {
			return usage{approval.ErrDay.With(err)}
		}
	}
	ctx := authz.With(e, authz.LocalActor("draft"))
	diff, err := a.Trust.Drafts.Preview(ctx, in)
	if errors.Is(err, approval.ErrSame) {
		if e.CLI.JSON {
			return e.answer(map[string]any{"kind": d.kind, "changed": false, "dryRun": d.dry})
		}
		e.say("文件与现行的%s相同，没有要起草的变化。", d.kind.Name())
		return nil
	}
	if err != nil {
		return err
	}
	if d.dry {
		if e.CLI.JSON {
			return e.answer(map[string]any{"kind": d.kind, "changed": true, "dryRun": true, "diff": strings.Split(strings.TrimSpace(diff), "\n"), "on": in.EffectiveOn.String()})
		}
		_, err := e.Out.Write([]byte(diff))
		e.say("检查通过，没有起草。")
		return err
	}
	draft, fresh, err := a.Trust.Drafts.Propose(ctx, in)
	if err != nil {
		return err
	}
	if e.CLI.JSON {
		return e.answer(map[string]any{"kind": d.kind, "changed": fresh, "dryRun": false, "draft": strconv.FormatInt(draft.ID, 10), "state": draft.State, "on": draft.EffectiveOn.String()})
	}
	if !fresh {
		e.say("同样的草案 %d 已经提交（%s），没有重复起草。", draft.ID, draft.State.Word())
		return nil
	}
	e.say("已起草并提交审批：草案 %d。另一人在“起草和审批”（/desk/drafts）批准以后，从 %s 起施行。", draft.ID, draft.EffectiveOn)
	return nil
}
