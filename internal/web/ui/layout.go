package ui

import (
	"strings"
	"unicode/utf8"
)

// htmxConfig keeps htmx inside the content security policy: no eval, no style element of its own, and no page kept in the browser's storage.
const htmxConfig = `{"historyCacheSize":0,"includeIndicatorStyles":false,"allowEval":false,"allowScriptTags":false,"selfRequestsOnly":true}`

// ProblemView is what an error page says.
type ProblemView struct {
	Status  string // 404
	Title   string
	Message string
	Fix     string
	Request string // number of the request, for reports
	Links   []Link
}

func current(n NavItem, p *Page) string {
	if n.Section != "" && n.Section == p.Section {
		return "true"
	}
	return "false"
}

// current is the place's mark: the page itself, or one that lies below it.
func (n DeskPlace) current(path string) string {
	switch at, _, _ := strings.Cut(path, "?"); {
	case n.On && at == n.Href:
		return "page"
	case n.On:
		return "true"
	}
	return "false"
}

func boolWord(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// HeadedSpec describes a part of a page; its heading's id is ID with "-h".
type HeadedSpec struct {
	ID    string
	Title string
	Class string
}

// sentence ends words as a sentence ends. Refusals are written without, for they also stand in lists and in the interface's answers.
func sentence(words string) string {
	last, _ := utf8.DecodeLastRuneInString(words)
	if words == "" || strings.ContainsRune("。！？；：", last) {
		return words
	}
	return words + "。"
}
