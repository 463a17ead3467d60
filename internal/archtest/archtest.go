// Package archtest keeps the house in order: imports point down, tables have one owner, time is injected, every package says
// what it is for. Its test reads the sources of the whole module, without building them, and names each breach with the
// rule. The plan itself is data, in plan.go; changing the plan is a decision, so change it there and say why.
package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// module is the parsed source of a Go module and the tables of its migrations.
type module struct {
	name   string
	fset   *token.FileSet
	files  []file
	tables map[string][]string // table to the engines whose migrations create it
}

type file struct {
	path      string // from the root, slashes
	dir       string
	unit      string // see unitOf
	test      bool
	generated bool
	lines     int
	ast       *ast.File
}

var generatedLine = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

// load reads a module. Folders with a go.mod of their own, testdata and node_modules are not part of it.
func load(root fs.FS) (*module, error) {
	mod, err := fs.ReadFile(root, "go.mod")
	if err != nil {
		return nil, fmt.Errorf("archtest: %w", err)
	}
	m := &module{fset: token.NewFileSet(), tables: map[string][]string{}}
	for line := range strings.Lines(string(mod)) {
		if name, ok := strings.CutPrefix(line, "module "); ok {
			m.name = strings.TrimSpace(name)
		}
	}
	err = fs.WalkDir(root, ".", func(p string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir():
			return m.enter(root, p, e.Name())
		case strings.HasSuffix(p, ".go"):
			return m.addGo(root, p)
		case path.Dir(path.Dir(p)) == migrationsDir && strings.HasSuffix(p, ".sql"):
			return m.addMigration(root, p)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("archtest: %w", err)
	}
	return m, nil
}

func (m *module) enter(root fs.FS, p, name string) error {
	if p == "." {
		return nil
	}
	if name == "testdata" || name == "node_modules" || name == "vendor" || strings.HasPrefix(name, ".") {
		return fs.SkipDir
	}
	if _, err := fs.Stat(root, path.Join(p, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func (m *module) addGo(root fs.FS, p string) error {
	src, err := fs.ReadFile(root, p)
	if err != nil {
		return err
	}
	tree, err := parser.ParseFile(m.fset, p, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	dir := path.Dir(p)
	m.files = append(m.files, file{
		path: p, dir: dir, unit: unitOf(dir), ast: tree,
		test:      strings.HasSuffix(p, "_test.go"),
		generated: generatedLine.Match(src),
		lines:     bytes.Count(src, []byte("\n")),
	})
	return nil
}

var createTable = regexp.MustCompile(`(?i)\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?"?([a-z_][a-z0-9_]*)"?(\s+PARTITION\s+OF\b)?`)

// addMigration notes the tables that a migration creates; a partition belongs to its table.
func (m *module) addMigration(root fs.FS, p string) error {
	src, err := fs.ReadFile(root, p)
	if err != nil {
		return err
	}
	engine := path.Base(path.Dir(p))
	for _, found := range createTable.FindAllSubmatch(sqlComment.ReplaceAll(src, nil), -1) {
		if len(found[2]) > 0 {
			continue
		}
		name := strings.ToLower(string(found[1]))
		m.tables[name] = append(m.tables[name], engine)
	}
	return nil
}

var sqlComment = regexp.MustCompile(`--[^\n]*`)

// unitOf gives the unit of the plan that a folder belongs to: the first name below internal/ (a nested package counts as its
// parent), web/ui as the one exception, or the first name of the folder itself.
func unitOf(dir string) string {
	parts := strings.Split(dir, "/")
	if parts[0] != "internal" || len(parts) < 2 {
		return parts[0]
	}
	if len(parts) > 2 && parts[1] == "web" && parts[2] == "ui" {
		return "web/ui"
	}
	return parts[1]
}

// imports gives the import paths of a file; those within the module without the module's name and a slash.
func (m *module) imports(f file) (own, outside []string) {
	for _, spec := range f.ast.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		if below, ok := strings.CutPrefix(p, m.name+"/"); ok {
			own = append(own, below)
		} else if first, _, _ := strings.Cut(p, "/"); strings.Contains(first, ".") {
			outside = append(outside, p)
		}
	}
	return own, outside
}

func (m *module) line(n ast.Node) int { return m.fset.Position(n.Pos()).Line }

// sorted gives the keys in order.
func sorted[V any](set map[string]V) []string {
	keys := make([]string, 0, len(set))
	for k := range set {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
