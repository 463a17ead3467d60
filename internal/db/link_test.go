package db_test

import (
	"errors"
	"testing"

	"gongxin/internal/db"
)

// A server on another machine is never reached without TLS unless its address says so. Not parallel: the driver reads PGSSLMODE.
func TestLinkOf(t *testing.T) {
	t.Setenv("PGSSLMODE", "")
	for url, want := range map[string]db.Link{
		"data/gongxin.db":                            db.LinkLocal,
		"sqlite:/var/lib/gongxin.db":                 db.LinkLocal,
		"postgres://u@127.0.0.1/x":                   db.LinkLocal,
		"postgres://u@localhost/x":                   db.LinkLocal,
		"postgres://u@[::1]/x":                       db.LinkLocal,
		"postgres:///x?host=/var/run/postgresql":     db.LinkLocal,
		"postgres://u@db.example/x?sslmode=disable":  db.LinkPlain,
		"postgres://u@10.0.0.5/x?sslmode=disable":    db.LinkPlain,
		"postgres://u@db.example/x?sslmode=require":  db.LinkEncrypted,
		"postgresql://u@10.0.0.5/x?sslmode=require":  db.LinkEncrypted,
		"postgres://u@h/x?sslmode=verify-full":       db.LinkVerified,
		"postgres://u@db.example/x":                  "fallback",
		"postgres://u@db.example/x?sslmode=prefer":   "fallback",
		"postgres://u@10.0.0.5/x?sslmode=allow":      "fallback",
		"postgres://u@127.0.0.1,10.0.0.5/x":          "fallback",
		"postgres://u@127.0.0.1,h/x?sslmode=disable": db.LinkPlain,
	} {
		got, err := db.LinkOf(url)
		if err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", url, got, err, want)
		}
	}
	if _, err := db.LinkOf("postgres://u:secret@h:port/x"); !errors.Is(err, db.ErrAddress) {
		t.Errorf("an address that is none: %v", err)
	}
	for _, url := range []string{"postgres://u@192.0.2.1/x", "postgres://u@db.invalid/x?sslmode=prefer"} {
		if d, err := db.Open(t.Context(), url, db.Options{}); !errors.Is(err, db.ErrLink) || d != nil {
			t.Errorf("Open(%s) = %v, want %v", url, err, db.ErrLink)
		}
	}
}
