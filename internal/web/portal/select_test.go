package portal

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// page is a parsed page with checks by selectors: "tag", ".class", "#id", "[attr]" and "[attr=value]" in any
// combination, separated by blanks for descendants.
type page struct {
	t    *testing.T
	name string
	root *html.Node
}

func parsePage(t *testing.T, name, text string) page {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return page{t, name, root}
}

func (p page) all(selector string) []*html.Node {
	nodes := []*html.Node{p.root}
	for part := range strings.FieldsSeq(selector) {
		var next []*html.Node
		seen := map[*html.Node]bool{}
		for _, n := range nodes {
			for d := range n.Descendants() {
				if d.Type == html.ElementNode && !seen[d] && fits(d, part) {
					seen[d] = true
					next = append(next, d)
				}
			}
		}
		nodes = next
	}
	return nodes
}

// count asks for exactly n elements.
func (p page) count(selector string, n int) {
	p.t.Helper()
	if got := len(p.all(selector)); got != n {
		p.t.Errorf("%s: %d of %q, want %d", p.name, got, selector, n)
	}
}

// has asks for an element whose text contains words.
func (p page) has(selector, words string) {
	p.t.Helper()
	var texts []string
	for _, n := range p.all(selector) {
		s := textOf(n)
		if strings.Contains(s, words) {
			return
		}
		texts = append(texts, s)
	}
	p.t.Errorf("%s: no %q says %q; found %q", p.name, selector, words, texts)
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func attr(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

func fits(n *html.Node, part string) bool {
	for part != "" {
		kind := part[0]
		if kind == '[' {
			cond, rest, _ := strings.Cut(part[1:], "]")
			key, want, valued := strings.Cut(cond, "=")
			got, ok := attr(n, key)
			if !ok || valued && got != want {
				return false
			}
			part = rest
			continue
		}
		end := 1
		for end < len(part) && !strings.ContainsRune(".#[", rune(part[end])) {
			end++
		}
		word := part[:end]
		part = part[end:]
		switch kind {
		case '.':
			class, _ := attr(n, "class")
			if !strings.Contains(" "+class+" ", " "+word[1:]+" ") {
				return false
			}
		case '#':
			if id, _ := attr(n, "id"); id != word[1:] {
				return false
			}
		default:
			if n.Data != word {
				return false
			}
		}
	}
	return true
}
