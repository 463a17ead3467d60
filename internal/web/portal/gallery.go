package portal

import (
	"net/http"

	"gongxin/internal/web/ui"
)

// gallery shows every component in each of its states, for those who build pages.
func (p *Portal) gallery(w http.ResponseWriter, r *http.Request) error {
	page := p.site.Page(r, "组件", ui.Link{Label: "组件"})
	page.NoIndex, page.Charts = true, true
	return p.show(w, r, page, ui.Gallery())
}
