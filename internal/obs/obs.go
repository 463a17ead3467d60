// Package obs keeps the rule that logs help the operator and betray nobody: attributes only, no names, no identity numbers, no query strings.
package obs

import (
	"io"
	"log/slog"
)

// Logger makes the program's logger. format is text or json; an unknown level is info.
func Logger(w io.Writer, level, format string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: l}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
