package audit

import (
	"net/http"
	"slices"
	"strings"

	log "gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// actsView is a page of the log of acts.
type actsView struct {
	who, kind, action, entity, from, to, cursor string

	whoFault string
	rows     []log.Act
	names    *names
	pager    ui.PagerSpec
	searched bool
}

func (v *actsView) active() bool { return v.who+v.kind+v.action+v.entity+v.from+v.to != "" }

func (v *actsView) at(cursor string) string {
	return desk.Query("/desk/audit/acts", "who", v.who, "kind", v.kind, "action", v.action, "entity", v.entity, "from", v.from, "to", v.to, "after", cursor)
}

// actionOptions are the acts that have a word, by word.
func actionOptions() []ui.Option {
	out := make([]ui.Option, 0, len(actionWords))
	for code, word := range actionWords {
		out = append(out, ui.Option{Value: code, Label: word})
	}
	slices.SortFunc(out, func(a, b ui.Option) int { return strings.Compare(a.Value, b.Value) })
	return out
}

// acts searches the log of acts.
func (d *Desk) acts(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	v := &actsView{
		who: q.Get("who"), kind: q.Get("kind"), action: q.Get("action"), entity: strings.TrimSpace(q.Get("entity")), from: q.Get("from"), to: q.Get("to"), cursor: q.Get("after"),
	}
	f := log.Filter{WhoKind: v.kind, Action: v.action, Entity: v.entity}
	f.From, f.To = period(v.from, v.to)
	var err error
	if f.Agencies, err = d.reach(ctx, authz.ActRead); err != nil {
		return err
	}
	status, next := http.StatusOK, ""
	if v.who != "" {
		var ok bool
		if f.WhoID, ok = desk.Number(v.who); !ok {
			v.whoFault, status = "账号编号是一串数字，可以从账号页面复制。", http.StatusBadRequest
		}
	}
	if v.searched = status == http.StatusOK; v.searched {
		if v.rows, next, err = d.Log.Acts(ctx, who(ctx), f, v.cursor, rowsPerPage); err != nil {
			return err
		}
	}
	if v.names, err = d.names(ctx, nil); err != nil {
		return err
	}
	if v.cursor != "" {
		v.pager.First = v.at("")
	}
	if next != "" {
		v.pager.Next = v.at(next)
	}
	return desk.Show(d.site, w, r, status, desk.Page(d.site, r, "操作日志", ui.Link{Label: "操作日志"}), actsPage(v))
}
