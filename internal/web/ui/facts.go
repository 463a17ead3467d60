package ui

import (
	"context"
	"io"

	"github.com/a-h/templ"
)

// Facts and badges make up most of a subject's page, hundreds of them; they are written by hand because generated code
// allocates for every value and class.

// Fact is one line of a Facts list. Wide takes the whole width, Code is set in the monospaced face with a
// copy button, Note stands beside the value.
type Fact struct {
	Label string
	Value string
	Link  string
	Note  string
	Code  bool
	Wide  bool
}

// Facts is a list of labels with their values.
func Facts(facts []Fact) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		p := printer{w: w}
		p.raw(`<dl class="facts">`)
		for i := range facts {
			p.fact(ctx, &facts[i])
		}
		p.raw(`</dl>`)
		return p.err
	})
}

func (p *printer) fact(ctx context.Context, f *Fact) {
	if f.Wide {
		p.raw(`<div class="facts__row facts__row--wide"><dt>`)
	} else {
		p.raw(`<div class="facts__row"><dt>`)
	}
	p.text(f.Label)
	p.raw(`</dt><dd>`)
	switch {
	case f.Code:
		p.component(ctx, CopyCode(f.Value))
	case f.Link != "":
		p.raw(`<a href="`)
		p.text(string(templ.URL(f.Link)))
		p.raw(`">`)
		p.text(f.Value)
		p.raw(`</a>`)
	default:
		p.dated(f.Value)
	}
	if f.Note != "" {
		p.raw(` <span class="facts__note">`)
		p.dated(f.Note)
		p.raw(`</span>`)
	}
	p.raw(`</dd></div>`)
}

// Badge is a short word about a thing.
func Badge(word string, tone Tone) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		p := printer{w: w}
		p.raw(`<span class="badge badge--`)
		p.text(string(tone))
		p.raw(`">`)
		p.text(word)
		p.raw(`</span>`)
		return p.err
	})
}

// Dated is a sentence whose days stand in one line each: browsers break 2026-11-22 behind its hyphens.
func Dated(s string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		p := printer{w: w}
		p.dated(s)
		return p.err
	})
}

func (p *printer) dated(s string) {
	from := 0
	for i := 0; i+dayLength <= len(s); i++ {
		if s[i] < '0' || s[i] > '9' || !isDay(s[i:i+dayLength]) {
			continue
		}
		p.text(s[from:i])
		p.raw(`<span class="nowrap">`)
		p.text(s[i : i+dayLength])
		p.raw(`</span>`)
		i += dayLength - 1
		from = i + 1
	}
	p.text(s[from:])
}

// dayLength is the length of a day as it is written: 2026-11-22.
const dayLength = 10

func isDay(s string) bool {
	for i := range len(s) {
		if i == 4 || i == 7 {
			if s[i] != '-' {
				return false
			}
		} else if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// printer writes until the first error.
type printer struct {
	w   io.Writer
	err error
}

// raw writes markup of our own.
func (p *printer) raw(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, s)
	}
}

// text writes what came from elsewhere, escaped for content and for quoted attributes.
func (p *printer) text(s string) { p.raw(templ.EscapeString(s)) }

func (p *printer) component(ctx context.Context, c templ.Component) {
	if p.err == nil {
		p.err = c.Render(ctx, p.w)
	}
}
