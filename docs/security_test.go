package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What the pages on security claim to lie somewhere, or to be tested somewhere, is there: a path, or a path and a test's name behind a colon.
func TestSecurityClaims(t *testing.T) {
	t.Parallel()
	claim := regexp.MustCompile("`((?:internal|docs|e2e|cmd)/[^`:*…]+)(?::((?:Test|Fuzz)[A-Za-z0-9]+))?`")
	for _, page := range append(securityPages(t), "security.md", "privacy-impact.md", "reliability.md", "operate/backup.md", "operate/doctor.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		found := claim.FindAllStringSubmatch(string(text), -1)
		if len(found) == 0 {
			t.Errorf("%s claims nothing", page)
		}
		for _, f := range found {
			path := filepath.Join("..", f[1])
			st, err := os.Stat(path)
			if err != nil {
				t.Errorf("%s: %s does not exist", page, f[1])
				continue
			}
			if f[2] != "" && !tested(t, path, st.IsDir(), f[2]) {
				t.Errorf("%s: %s has no %s", page, f[1], f[2])
			}
		}
	}
}

// securityPages are the pages below security/.
func securityPages(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("security/*.md")
	if err != nil || len(pages) < 5 {
		t.Fatalf("%d pages on security: %v", len(pages), err)
	}
	return pages
}

// tested reports whether a file, or a folder's tests, declare a test.
func tested(t *testing.T, path string, dir bool, name string) bool {
	t.Helper()
	files := []string{path}
	if dir {
		var err error
		if files, err = filepath.Glob(filepath.Join(path, "*_test.go")); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "func "+name+"(") {
			return true
		}
	}
	return false
}
