package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestArchitectureNamesEveryPackage holds the table of packages to the tree: none is missing, none has gone.
func TestArchitectureNamesEveryPackage(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("develop/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	table, _, _ := strings.Cut(string(raw), "\n## The path of one row")
	named := map[string]bool{}
	for _, code := range regexp.MustCompile("`([a-z/ ]+)`").FindAllStringSubmatch(table, -1) {
		for name := range strings.FieldsSeq(code[1]) {
			named[name] = true
		}
	}
	for _, pattern := range []string{"../internal/*", "../internal/web/*", "../internal/web/desk/*"} {
		dirs, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, dir := range dirs {
			files, err := filepath.Glob(filepath.Join(dir, "*.go"))
			if err != nil {
				t.Fatal(err)
			}
			path := strings.TrimPrefix(filepath.ToSlash(dir), "../internal/")
			if len(files) > 0 && !named[path] && !named[strings.TrimPrefix(path, "web/desk/")] && path != "web/desk/desktest" {
				t.Errorf("the table of packages lacks %s", path)
			}
		}
	}
	for name := range named {
		if !strings.Contains(name, "/") {
			continue
		}
		if _, err := os.Stat(filepath.Join("../internal", name)); err != nil {
			if _, err := os.Stat(filepath.Join("..", name)); err != nil {
				t.Errorf("the table of packages names %s, which is not there", name)
			}
		}
	}
}
