package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The contract is a file: who changes it sees the change.
func TestOpenAPIGolden(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	res := a.get(t, documentPath)
	if res.status != http.StatusOK || res.header.Get("Content-Type") != "application/json" {
		t.Fatalf("status %d, type %q", res.status, res.header.Get("Content-Type"))
	}
	var got bytes.Buffer
	if err := json.Indent(&got, res.body, "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	golden := filepath.Join("testdata", "openapi.json")
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("the document differs from %s; if that is meant, run go test ./internal/api -update (-want +got):\n%s", golden, diff)
	}
}

// The document is whole: every reference leads somewhere, every call is described, has an id of its own and may answer a problem.
func TestOpenAPIIsWhole(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	raw := a.get(t, documentPath).body
	var doc struct {
		OpenAPI string
		Info    struct{ Version string }
		Paths   map[string]map[string]struct {
			OperationID string
			Summary     string
			Tags        []string
			Parameters  []struct{ Name, In, Description string }
			Responses   map[string]struct {
				Description string
				Content     map[string]any
			}
		}
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" || doc.Info.Version != "0.1.0-test" {
		t.Errorf("openapi %q, version %q", doc.OpenAPI, doc.Info.Version)
	}
	for _, m := range regexp.MustCompile(`"#/components/schemas/([^"]+)"`).FindAllSubmatch(raw, -1) {
		if doc.Components.Schemas[string(m[1])] == nil {
			t.Errorf("schema %s is referred to and missing", m[1])
		}
	}
	ids := map[string]bool{}
	for path, calls := range doc.Paths {
		for method, op := range calls {
			where := method + " " + path
			if ids[op.OperationID] || op.OperationID == "" || op.Summary == "" || len(op.Tags) != 1 {
				t.Errorf("%s: id %q, summary %q, tags %v", where, op.OperationID, op.Summary, op.Tags)
			}
			ids[op.OperationID] = true
			for _, p := range op.Parameters {
				if p.Description == "" && p.In != "header" {
					t.Errorf("%s: parameter %s is not described", where, p.Name)
				}
			}
			if op.Responses["default"].Content["application/problem+json"] == nil || op.Responses["422"].Description != "" {
				t.Errorf("%s: problems are not described", where)
			}
			for status, r := range op.Responses {
				if r.Description == "" || strings.ContainsAny(r.Description[:1], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
					t.Errorf("%s: answer %s is described as %q", where, status, r.Description)
				}
			}
			path := strings.NewReplacer("{item}", "XZCF", "{code}", codeA, "{id}", "none").Replace(path)
			if res := a.do(t, strings.ToUpper(method), path, nil, nil); res.code(t) == errPath.Code || res.code(t) == errMethod.Code {
				t.Errorf("%s is described and does not exist", where)
			}
		}
	}
	if !bytes.Contains(raw, []byte("不再公示的第一天")) {
		t.Error("publicUntil is not explained")
	}
}

func TestOpenAPIETag(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	tag := a.get(t, documentPath).header.Get("ETag")
	if res := a.do(t, "GET", documentPath, nil, http.Header{"If-None-Match": {tag}}); res.status != http.StatusNotModified || len(res.body) != 0 {
		t.Errorf("status %d, %d bytes", res.status, len(res.body))
	}
}
