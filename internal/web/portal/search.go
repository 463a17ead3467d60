package portal

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"github.com/a-h/templ"

	"gongxin/internal/publish"
	"gongxin/internal/web/ui"
)

// hitsPerPage is the number of answers on a page of results.
const hitsPerPage = 20

type searchView struct {
	q      string
	first  bool
	result *publish.SearchPage
	pager  ui.PagerSpec
}

func (p *Portal) search(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	v := searchView{q: clip(query.Get("q")), first: query.Get("cursor") == ""}
	if v.q != "" {
		result, err := p.source.Search(r.Context(), v.q, query.Get("cursor"), hitsPerPage)
		if err != nil {
			return err
		}
		v.result = result
		if !v.first {
			v.pager.First = searchLink(v.q, "")
		}
		if result.Next != "" {
			v.pager.Next = searchLink(v.q, result.Next)
		}
	}
	title := "查询"
	if v.q != "" {
		title = "“" + v.q + "”的查询结果"
	}
	page := p.site.Page(r, title, ui.Link{Label: "查询结果"})
	page.NoSearch, page.NoIndex = true, true
	return p.show(w, r, page, searchPage(&v))
}

func searchLink(q, cursor string) string {
	v := url.Values{"q": {q}}
	if cursor != "" {
		v.Set("cursor", cursor)
	}
	return withQuery("/search", v)
}

// sure says that a hit is the very subject that was asked for.
func sure(h *publish.Hit) bool { return h.How == "exact" || h.How == "code" }

func totalWords(s *publish.SearchPage) string {
	if s.Exact {
		return "共 " + ui.Num(s.Total) + " 个主体"
	}
	return "至少 " + ui.Num(s.Total) + " 个主体，多输入几个字可以缩小范围"
}

// piece is a run of a name, marked when it matched.
type piece struct {
	text string
	on   bool
}

// pieces cuts a name at its marks, which are ranges of runes; what does not fit the name is left out.
func pieces(name string, marks [][2]int) []piece {
	if len(marks) == 0 {
		return []piece{{text: name}}
	}
	runes := []rune(name)
	var out []piece
	at := 0
	for _, m := range marks {
		from, to := max(m[0], at), min(m[1], len(runes))
		if from >= to {
			continue
		}
		if from > at {
			out = append(out, piece{text: string(runes[at:from])})
		}
		out = append(out, piece{text: string(runes[from:to]), on: true})
		at = to
	}
	if at < len(runes) {
		out = append(out, piece{text: string(runes[at:])})
	}
	return out
}

// nameMarks are the marks of the present name: they belong to the former name when that one matched.
func nameMarks(h *publish.Hit) [][2]int {
	if h.Former != "" {
		return nil
	}
	return h.Marks
}

// marked writes a name with its marks, without a blank between the pieces.
func marked(name string, marks [][2]int) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		for _, p := range pieces(name, marks) {
			text := templ.EscapeString(p.text)
			if p.on {
				text = "<mark>" + text + "</mark>"
			}
			if _, err := io.WriteString(w, text); err != nil {
				return err
			}
		}
		return nil
	})
}
