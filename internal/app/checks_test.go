package app

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/check"
)

// TestChecksOverHTTP: one subject, many, the same bytes again, feedback and figures, by a key; refusals name what is missing.
func TestChecksOverHTTP(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	h := &d.own
	key := authz.Actor{ID: d.caller, Kind: authz.Key, Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: h.unit.ID}}}
	send := func(r *http.Request) *httptest.ResponseRecorder { return d.call(r, key) }

	w := send(body("/api/v1/checks", `{"subject":"{firm}","matter":"{matter}"}`)(h))
	var a check.Answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); w.Code != http.StatusOK || err != nil || a.Receipt == "" || a.Subject.Code != h.firm.Code || a.AsOf.IsZero() || a.Matter != h.matter {
		t.Fatalf("%d %s %v", w.Code, w.Body, err)
	}
	var shape map[string]json.RawMessage
	must(t, json.Unmarshal(w.Body.Bytes(), &shape))
	for _, name := range []string{"result", "hits", "measures", "asOf", "receipt"} {
		if _, ok := shape[name]; !ok {
			t.Errorf("no %s", name)
		}
	}
	again := send(httptest.NewRequest(http.MethodGet, "/api/v1/checks/"+a.Receipt, nil))
	if again.Body.String() != w.Body.String() || again.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("other bytes: %s", again.Body)
	}
	many := send(body("/api/v1/checks", `{"subjects":["{firm}","91990102MA0A0001","{firm}"],"matter":"{matter}"}`)(h))
	lines := strings.Split(strings.TrimSpace(many.Body.String()), "\n")
	if many.Code != http.StatusOK || many.Header().Get("Content-Type") != "application/x-ndjson" || len(lines) != 3 || !strings.Contains(lines[1], `"code":"disclosure.subject"`) {
		t.Errorf("%d %s", many.Code, many.Body)
	}
	if w := send(body("/api/v1/checks/"+a.Receipt+"/feedback", `{"result":"noted"}`)(h)); w.Code != http.StatusNoContent {
		t.Errorf("feedback: %d %s", w.Code, w.Body)
	}
	if w := send(httptest.NewRequest(http.MethodGet, "/api/v1/check-coverage", nil)); !strings.Contains(w.Body.String(), `"feedback":1`) {
		t.Errorf("figures: %s", w.Body)
	}
	for text, want := range map[string]string{
		`{"subject":"{firm}"}`:                                         "disclosure.purpose",
		`{"subject":"{firm}","matter":"NONE"}`:                         "disclosure.matter",
		`{"subject":"{firm}","matter":"{matter}","basis":"x"}`:         "disclosure.matter_basis",
		`{"matter":"{matter}"}`:                                        "api.check_of",
		`{"subject":"{firm}","subjects":["x"],"matter":"{matter}"}`:    "api.check_of",
		`{"subject":"{firm}","matter":"{matter}","asOf":"2999-01-01"}`: "publish.as_of",
	} {
		if w := send(body("/api/v1/checks", text)(h)); w.Code < 400 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", text, w.Code, w.Body)
		}
	}
}
