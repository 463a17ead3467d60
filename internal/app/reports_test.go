package app

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/verify"
)

// A report goes the whole way: ordered, read as data and as PDF, verified from paper and offline, seen on its page, and many at once.
func TestReportsOverHTTP(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	nobody := authz.Actor{}
	var made struct{ Number, Code, Page string }
	w := d.call(jsonCall("/api/v1/reports", `{"subject":"`+d.own.firm.Code+`","kind":"standard"}`), nobody)
	if w.Code != http.StatusCreated || json.Unmarshal(w.Body.Bytes(), &made) != nil || len(made.Number) != 22 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Location") != "/api/v1/reports/"+made.Number {
		t.Errorf("headers %v", w.Header())
	}
	at := w.Header().Get("Location")
	data := d.call(httptest.NewRequest(http.MethodGet, at, nil), nobody)
	if data.Code != http.StatusOK || verify.SortOf(data.Body.Bytes()) != verify.SortReport {
		t.Fatalf("%d %.200s", data.Code, data.Body)
	}
	key := d.call(httptest.NewRequest(http.MethodGet, "/report/key", nil), nobody)
	signers, err := verify.ParseSigners(key.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if r := verify.Report(data.Body.Bytes(), nil, signers); !r.OK() {
		t.Error(r.FailureWords())
	}
	if _, err := d.app.Reports.PDF(t.Context(), nobody, made.Number); err == nil { // fonts are there
		ask := httptest.NewRequest(http.MethodGet, at, nil)
		ask.Header.Set("Accept", "application/pdf")
		pdf := d.call(ask, nobody)
		if pdf.Code != http.StatusOK || pdf.Header().Get("Content-Type") != "application/pdf" {
			t.Fatalf("%d %v", pdf.Code, pdf.Header())
		}
		if r := verify.Report(pdf.Body.Bytes(), nil, signers); !r.OK() {
			t.Error(r.FailureWords())
		}
		page := d.call(httptest.NewRequest(http.MethodGet, made.Page+"/report.pdf", nil), nobody)
		if !bytes.Equal(page.Body.Bytes(), pdf.Body.Bytes()) {
			t.Error("the page gives another file")
		}
		batch := d.call(jsonCall("/api/v1/reports/batch", `{"unit":"`+d.own.unit.Code+`","subjects":[{"subject":"`+d.own.firm.Code+`"},{"subject":"X"}]}`),
			authz.Actor{ID: d.caller, Kind: authz.Key, Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: d.own.unit.ID}}})
		z, err := zip.NewReader(bytes.NewReader(batch.Body.Bytes()), int64(batch.Body.Len()))
		if err != nil || len(z.File) != 3 { // the report, the table, the manifest
			t.Errorf("%d %v", batch.Code, err)
		}
	}
	for path, want := range map[string]string{
		at + "/verify?code=" + made.Code:                              `"state":"valid"`,
		at + "/verify?code=AAAAA-AAAAA":                               "report.code",
		"/verify/report?number=" + made.Number + "&code=" + made.Code: "到现在没有变化",
		"/verify/report?number=" + made.Number + "&code=AAAAAAAAAA":   "对不上",
		"/verify/report":       "核验码",
		made.Page:              "信用状况提升建议",
		"/api/v1/report-areas": "市场监管",
		"/api/v1/reports/" + strings.Repeat("0", 22): "report.none",
		"/s/" + d.own.firm.Code:                      `action="/report"`,
	} {
		if w := d.call(httptest.NewRequest(http.MethodGet, path, nil), nobody); !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d without %q", path, w.Code, want)
		}
	}
	for _, bad := range []string{
		`{"subject":"` + d.own.firm.Code + `","kind":"special","from":"x"}`, `{"kind":"standard"}`, `{"kind":"score"}`, `{"kind":"person"}`,
		`{"subject":"` + d.own.firm.Code + `","kind":"special","consent":"1"}`,
	} {
		if w := d.call(jsonCall("/api/v1/reports", bad), nobody); w.Code < 400 || w.Code >= 500 {
			t.Errorf("%s: %d %s", bad, w.Code, w.Body)
		}
	}
}

func jsonCall(path, text string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	return r
}
