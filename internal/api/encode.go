package api

import (
	"io"
	"slices"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"gongxin/internal/clock"
)

// jsonFormat writes answers as encoding/json does. Lists of records, which carry most bytes of this interface, are written without
// reflection; a test holds the two spellings equal byte for byte.
var jsonFormat = huma.Format{Marshal: marshal, Unmarshal: unmarshal}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// keptBuffer is the largest buffer that is kept for the next answer.
const keptBuffer = 1 << 20

func marshal(w io.Writer, v any) error {
	page, ok := v.(subjectRecords)
	if !ok || page.Disclosure != nil {
		return huma.DefaultJSONFormat.Marshal(w, v)
	}
	b, _ := buffers.Get().(*[]byte)
	buf := appendRecords((*b)[:0], &page.List)
	_, err := w.Write(append(buf, '\n'))
	if cap(buf) <= keptBuffer {
		*b = buf
		buffers.Put(b)
	}
	return err
}

func appendRecords(b []byte, list *List[Record]) []byte {
	if list.Items == nil {
		b = append(b, `{"items":null`...)
	} else {
		b = append(b, `{"items":[`...)
		for i := range list.Items {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendRecord(b, &list.Items[i])
		}
		b = append(b, ']')
	}
	b = appendFilled(b, `,"next":`, list.Next)
	return append(b, '}')
}

func appendRecord(b []byte, r *Record) []byte {
	b = appendText(append(b, `{"id":`...), r.ID)
	b = appendText(append(b, `,"item":`...), string(r.Item))
	b = appendText(append(b, `,"itemName":`...), r.ItemName)
	b = appendText(append(b, `,"class":`...), string(r.Class))
	b = appendText(append(b, `,"status":`...), r.Status)
	if r.Disputed {
		b = append(b, `,"disputed":true`...)
	}
	b = appendText(append(b, `,"subject":{"code":`...), r.Subject.Code)
	b = appendText(append(b, `,"name":`...), r.Subject.Name)
	b = appendText(append(b, `,"kind":`...), string(r.Subject.Kind))
	b = appendText(append(b, `,"region":`...), r.Subject.Region)
	b = appendText(append(b, `,"status":`...), r.Subject.Status)
	b = appendText(append(b, `},"title":`...), r.Title)
	b = appendFilled(b, `,"docNo":`, r.DocNo)
	b = append(b, `,"categories":`...)
	b = appendTexts(b, r.Categories)
	b = append(b, `,"body":`...)
	b = appendBody(b, r.Body)
	b = append(b, `,"fields":`...)
	b = appendFields(b, r.Fields)
	b = appendDay(append(b, `,"decidedOn":`...), r.DecidedOn)
	b = appendDay(append(b, `,"publicFrom":`...), r.PublicFrom)
	b = appendDay(append(b, `,"publicUntil":`...), r.PublicUntil)
	b = appendText(append(b, `,"authority":`...), r.Authority)
	b = appendText(append(b, `,"source":{"code":`...), r.Source.Code)
	b = appendText(append(b, `,"name":`...), r.Source.Name)
	b = append(b, '}')
	b = appendFilled(b, `,"severity":`, r.Severity)
	b = appendFilled(b, `,"ruleSet":`, r.RuleSet)
	b = appendFilled(b, `,"windowWhy":`, r.WindowWhy)
	b = appendText(append(b, `,"edition":`...), r.Edition)
	b = strconv.AppendInt(append(b, `,"version":`...), int64(r.Version), 10)
	b = appendTime(append(b, `,"recordedAt":`...), r.RecordedAt)
	for i := range r.Versions {
		m := &r.Versions[i]
		if i == 0 {
			b = append(b, `,"versions":[`...)
		} else {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, `{"version":`...), int64(m.Version), 10)
		b = appendTime(append(b, `,"recordedAt":`...), m.RecordedAt)
		b = appendText(append(b, `,"action":`...), m.Action)
		b = append(appendFilled(b, `,"why":`, m.Why), '}')
		if i == len(r.Versions)-1 {
			b = append(b, ']')
		}
	}
	return append(b, '}')
}

func appendFields(b []byte, fields []RecordField) []byte {
	if fields == nil {
		return append(b, `null`...)
	}
	b = append(b, '[')
	for i := range fields {
		f := &fields[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(append(b, `{"code":`...), f.Code)
		b = appendText(append(b, `,"name":`...), f.Name)
		b = appendText(append(b, `,"value":`...), f.Value)
		b = appendText(append(b, `,"shown":`...), f.Shown)
		if f.Masked {
			b = append(b, `,"masked":true`...)
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

// appendBody writes an object with its names in order.
func appendBody(b []byte, body map[string]string) []byte {
	if body == nil {
		return append(b, `null`...)
	}
	var few [48]string
	names := few[:0]
	for name := range body {
		names = append(names, name)
	}
	slices.Sort(names)
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(append(appendText(b, name), ':'), body[name])
	}
	return append(b, '}')
}

func appendTexts(b []byte, list []string) []byte {
	if list == nil {
		return append(b, `null`...)
	}
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, s)
	}
	return append(b, ']')
}

// appendFilled writes a member that is left out when it is empty.
func appendFilled(b []byte, name, s string) []byte {
	if s == "" {
		return b
	}
	return appendText(append(b, name...), s)
}

func appendDay(b []byte, d Day) []byte {
	if clock.Date(d).IsZero() {
		return append(b, `null`...)
	}
	return appendText(b, clock.Date(d).String())
}

func appendTime(b []byte, t time.Time) []byte {
	return append(t.AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
}

// appendText writes a string as RFC 8259 asks: quotes, backslashes and control characters escaped; beside them the two line separators that
// scripts trip over, and broken UTF-8 replaced.
func appendText(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			switch {
			case r == utf8.RuneError && size == 1:
				b = append(append(b, s[start:i]...), `\ufffd`...)
				start = i + 1
			case r == '\u2028' || r == '\u2029':
				b = append(append(b, s[start:i]...), `\u202`...)
				b = append(b, hex[r&0xf])
				start = i + size
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, `\b`...)
		case '\f':
			b = append(b, `\f`...)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
