package docs_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"gongxin/internal/config"
)

// TestConfigPage asks that the manual names every key, and no key that the program would refuse.
func TestConfigPage(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("operate/config.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	known := map[string]bool{}
	var walk func(prefix string, typ reflect.Type)
	walk = func(prefix string, typ reflect.Type) {
		for i := range typ.NumField() {
			f := typ.Field(i)
			key := prefix + f.Tag.Get("toml")
			if f.Type.Kind() == reflect.Struct {
				walk(key+".", f.Type)
				continue
			}
			known[key] = true
			if !strings.Contains(page, "| `"+key+"` |") {
				t.Errorf("operate/config.md has no line for %s", key)
			}
		}
	}
	walk("", reflect.TypeFor[config.Config]())
	if len(known) == 0 {
		t.Fatal("no key found: the test sees nothing")
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\|").FindAllStringSubmatch(page, -1) {
		if !known[m[1]] {
			t.Errorf("operate/config.md explains %s, which the program does not know", m[1])
		}
	}
}

// TestConfigExample loads the example of the manual as the program would.
func TestConfigExample(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("operate/config.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?s)```toml\n(.*?)```").FindSubmatch(raw)
	if m == nil {
		t.Fatal("operate/config.md has no example")
	}
	path := filepath.Join(t.TempDir(), "gongxin.toml")
	if err := os.WriteFile(path, m[1], 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Defaults(); err != nil {
		t.Fatal(err)
	}
}
