package portal

import (
	"context"
	"net/http"
	"net/url"

	"gongxin/internal/clock"
	"gongxin/internal/correction"
	"gongxin/internal/web/ui"
)

// Changes gives the public feed of changes; *correction.Service does.
type Changes interface {
	Feed(ctx context.Context, since clock.Date, cursor string, limit int) ([]correction.Published, string, error)
}

// changesShown is how many changes a page lists; changesDays how far back it begins when no day was asked for.
const (
	changesShown = 50
	changesDays  = 30
)

type changesView struct {
	list  []correction.Published
	since clock.Date
	last  string
	pager ui.PagerSpec
	later bool
	fault string
}

var changeColumns = []ui.Column{{Label: "列入日期", Class: "date"}, {Label: "变更日期", Class: "date"}, {Label: "记录编号", Class: "code"}, {Label: "变更"}, {Label: "请这样做"}}

// recordChanges tells whoever downloaded records which of them are public no longer, or say something else by now. It says nothing of what they say.
func (p *Portal) recordChanges(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	today := clock.Today(p.clock)
	v := &changesView{since: today.AddDays(-changesDays), last: today.String(), later: q.Get("cursor") != ""}
	if text := q.Get("since"); text != "" {
		day, err := clock.ParseDate(text)
		if err != nil {
			v.fault = "请写 2026-03-02 这样的日期。"
		} else {
			v.since = day
		}
	}
	var next string
	var err error
	if v.list, next, err = p.changes.Feed(r.Context(), v.since, q.Get("cursor"), changesShown); err != nil {
		return err
	}
	if v.later {
		v.pager.First = v.at("")
	}
	if next != "" {
		v.pager.Next = v.at(next)
	}
	page := p.site.Page(r, "公示过的记录的变更", ui.Link{Href: "/open-data", Label: "开放数据"}, ui.Link{Label: "变更清单"})
	page.Section = sectionOpen
	return p.show(w, r, page, changesPage(v))
}

func (v *changesView) at(cursor string) string {
	q := url.Values{"since": {v.since.String()}}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	return "/open-data/changes?" + q.Encode()
}

var reasonWords = map[string]string{"withdrawn": "来源单位撤回", "repaired": "已修复", "annulled": "撤下", "ended": "公示期满", "suspended": "暂停公示"}

// publishedWords say what became of a record, and what whoever downloaded it does.
func publishedWords(c *correction.Published) (what, do string, tone ui.Tone) {
	switch c.State {
	case "corrected":
		return "已更正", "重新下载，换成新的版本", ui.Accent
	case "restored":
		return "恢复公示", "可以重新下载", ui.Good
	default:
		return "不再公示：" + word(reasonWords, c.Reason), "停止展示和使用，删除", ui.Warn
	}
}
