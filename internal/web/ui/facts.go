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
		p.text(f.Value)
	}
	if f.Note != "" {
		p.raw(` <span class="facts__note">`)
		p.text(f.Note)
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
