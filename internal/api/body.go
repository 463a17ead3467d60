package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// fieldsKey is where a call's operation names the fields of its body, for whoever sent another one.
const fieldsKey = "gongxin-fields"

// errTwice is what is wrong with an object that names a member twice: which of the two counts is for the reader to choose (RFC 8259, 4), so that a proxy, a log and
// this program could each see another subject or another matter.
var errTwice = errors.New("里有一个对象把同一个名称写了两次，哪一个算数说不清，没有处理")

// errEncoding is what is wrong with a body that is no UTF-8: encoding/json would put signs of its own for what it cannot read.
var errEncoding = errors.New("不是 UTF-8 编码，有的字读不出来")

// unmarshal reads a body; huma asks for it as plain values first, which is when names are looked at.
func unmarshal(raw []byte, v any) error {
	if _, plain := v.(*any); plain {
		if !utf8.Valid(raw) {
			return errEncoding
		}
		if err := onceNamed(raw); err != nil {
			return err
		}
	}
	return huma.DefaultJSONFormat.Unmarshal(raw, v)
}

// onceNamed refuses JSON in which an object has two members of one name. What is no JSON is left to whoever reads it next.
func onceNamed(raw []byte) error {
	type level struct {
		names map[string]bool // nil in a list
		value bool            // the next token is a member's value
	}
	var open []level
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err != nil {
			return nil //nolint:nilerr // the end, or no JSON, which the next reader says
		}
		if n := len(open); n > 0 && open[n-1].names != nil {
			if name, ok := token.(string); ok && !open[n-1].value {
				if open[n-1].names[name] {
					return errTwice
				}
				open[n-1].names[name], open[n-1].value = true, true
				continue
			}
			open[n-1].value = false
		}
		switch token {
		case json.Delim('{'):
			open = append(open, level{names: map[string]bool{}})
		case json.Delim('['):
			open = append(open, level{})
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
	}
}

// bodyFields names the fields that a call's body can have, those of its parts in brackets; "" when it has none.
func bodyFields(in reflect.Type) string {
	if in.Kind() != reflect.Struct {
		return ""
	}
	body, ok := in.FieldByName("Body")
	if !ok {
		return ""
	}
	return fieldNames(body.Type)
}

func fieldNames(t reflect.Type) string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.PkgPath() != reflect.TypeFor[server]().PkgPath() {
		return ""
	}
	var names []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		if parts := fieldNames(f.Type); parts != "" {
			name += "（" + parts + "）"
		}
		names = append(names, name)
	}
	return strings.Join(names, "、")
}
