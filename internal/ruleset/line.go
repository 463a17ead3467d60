package ruleset

import (
	"errors"
	"strings"

	"github.com/BurntSushi/toml"

	"gongxin/internal/fault"
)

// Line gives the line, from 1, on which the n-th [[table]] of a TOML file begins, n from 0; 0 when there is none.
func Line(text []byte, table string, n int) int {
	at, inside := 0, ""
	for line := range strings.Lines(string(text)) {
		at++
		if inside != "" { // of a text of several lines
			if strings.Contains(line, inside) {
				inside = ""
			}
			continue
		}
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "[[")
		if name, _, closed := strings.Cut(name, "]]"); ok && closed && strings.TrimSpace(name) == table {
			if n == 0 {
				return at
			}
			n--
		}
		for _, mark := range []string{`"""`, `'''`} {
			if strings.Count(line, mark)%2 == 1 {
				inside = mark
			}
		}
	}
	return 0
}

// Decode reads a TOML file and refuses, as refusal with the line, what is not TOML and, with its name, a key that nobody asked for. what names the file.
func Decode(text []byte, v any, refusal *fault.Error, what string) error {
	meta, err := toml.Decode(string(text), v)
	var at toml.ParseError
	if errors.As(err, &at) {
		return refusal.Messagef("%s第 %d 行不是正确的 TOML", what, at.Position.Line).With(err)
	}
	if err != nil {
		return refusal.Messagef("%s不是正确的 TOML，或者有的值类型不对", what).With(err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return refusal.Messagef("%s含有未知的键 %s", what, unknown[0])
	}
	return nil
}
