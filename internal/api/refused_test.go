package api

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

// Refusals are in the log with who was refused what by which rule; the key, right or wrong, is not.
func TestRefusalsAreLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	a := newTestAPI(t, func(d *Deps) {
		d.Actors = keys{}
		d.Log = slog.New(slog.NewJSONHandler(&log, nil))
	})
	for _, key := range []string{"nobody-of-this-name", "other"} {
		h := http.Header{"Content-Type": {"text/csv"}, "Authorization": {"Bearer " + key}}
		if res := a.do(t, "POST", submitURL, strings.NewReader("甲,乙\n"), h); res.status != http.StatusUnauthorized && res.status != http.StatusForbidden {
			t.Fatalf("%d", res.status)
		}
	}
	got := log.String()
	for _, part := range []string{`"msg":"refused"`, `"who":"anonymous","code":"api.key"`, `"who":"key:5","code":"authz.denied"`} {
		if !strings.Contains(got, part) {
			t.Errorf("the log lacks %s: %s", part, got)
		}
	}
	if strings.Contains(got, "nobody-of-this-name") {
		t.Errorf("the log holds a key: %s", got)
	}
}
