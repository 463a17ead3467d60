package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// rule is one thing that holds for the whole module; check gives the breaches.
type rule struct {
	name  string
	check func(*module) []string
}

var rules = []rule{
	{"every unit stands in the plan", checkPlan},
	{"imports point down", checkImports},
	{"leaves use one outside library at most", checkLeaves},
	{"production code does not use test helpers", checkTestOnly},
	{"packages have telling names", checkNames},
	{"packages say what they are for", checkDocs},
	{"files stay readable", checkLength},
	{"tables have one owner", checkOwners},
	{"SQL names only its owner's tables", checkSQL},
	{"time is injected", checkClock},
	{"nothing sleeps", checkSleep},
}

// height gives the layer of a unit, counted from the ground, or -1.
func height(unit string) int {
	return slices.IndexFunc(layers, func(l layer) bool { return slices.Contains(l.units, unit) })
}

func checkPlan(m *module) (bad []string) {
	seen := map[string]bool{}
	for _, f := range m.files {
		if height(f.unit) < 0 && !seen[f.unit] {
			seen[f.unit] = true
			bad = append(bad, fmt.Sprintf("%s: no layer holds %q; add it to plan.go, or put the code where it belongs", f.dir, f.unit))
		}
	}
	return bad
}

func checkImports(m *module) (bad []string) {
	for _, f := range m.files {
		own, _ := m.imports(f)
		for _, p := range own {
			if why := refuse(f, unitOf(p)); why != "" {
				bad = append(bad, fmt.Sprintf("%s imports %s: %s", f.path, p, why))
			}
		}
	}
	return bad
}

// refuse says why a file may not import a unit, or "". Tests may look up, but not at the composition: that is what e2e is for.
func refuse(f file, to string) string {
	from := f.unit
	if from == to {
		return ""
	}
	if only, ok := importers[to]; ok && !slices.Contains(only, from) {
		return fmt.Sprintf("only %v may import %s", only, to)
	}
	if f.test {
		return ""
	}
	if only, ok := onlyImports[from]; ok && !slices.Contains(only, to) {
		return fmt.Sprintf("%s may import %v only", from, only)
	}
	a, b := height(from), height(to)
	switch {
	case a < 0 || b < 0: // checkPlan reports it
		return ""
	case a < b:
		return fmt.Sprintf("%s (%s) lies below %s (%s)", from, layers[a].name, to, layers[b].name)
	case a == b && !layers[a].free:
		return fmt.Sprintf("%s and %s lie side by side in %s", from, to, layers[a].name)
	}
	return ""
}

func checkLeaves(m *module) (bad []string) {
	libraries := map[string]map[string]bool{}
	for _, f := range m.files {
		if f.test || height(f.unit) != 0 {
			continue
		}
		_, outside := m.imports(f)
		for _, p := range outside {
			if strings.HasPrefix(p, "golang.org/x/") { // the Go project's own, nearly the standard library
				continue
			}
			if libraries[f.unit] == nil {
				libraries[f.unit] = map[string]bool{}
			}
			libraries[f.unit][repository(p)] = true
		}
	}
	for _, unit := range sorted(libraries) {
		if libs := sorted(libraries[unit]); len(libs) > 1 {
			bad = append(bad, fmt.Sprintf("%s uses %v", unit, libs))
		}
	}
	return bad
}

// repository cuts an import path to its host, owner and name.
func repository(p string) string {
	parts := strings.SplitN(p, "/", 4)
	return strings.Join(parts[:min(len(parts), 3)], "/")
}

func checkTestOnly(m *module) (bad []string) {
	for _, f := range m.files {
		if f.test || slices.ContainsFunc(testHelpers, func(h string) bool { return within(f.dir, h) }) {
			continue
		}
		own, outside := m.imports(f)
		for _, p := range append(own, outside...) {
			if slices.ContainsFunc(testOnly, func(t string) bool { return within(p, t) }) {
				bad = append(bad, fmt.Sprintf("%s imports %s", f.path, p))
			}
		}
	}
	return bad
}

func within(p, folder string) bool { return p == folder || strings.HasPrefix(p, folder+"/") }

func checkNames(m *module) (bad []string) {
	seen := map[string]bool{}
	for _, f := range m.files {
		name := strings.TrimSuffix(f.ast.Name.Name, "_test")
		if slices.Contains(emptyNames, name) && !seen[f.dir] {
			seen[f.dir] = true
			bad = append(bad, fmt.Sprintf("%s: %q says nothing about what the package is for", f.dir, name))
		}
	}
	return bad
}

func checkDocs(m *module) (bad []string) {
	has := map[string]bool{}
	for _, f := range m.files {
		want := "Package " + strings.TrimSuffix(f.ast.Name.Name, "_test") + " "
		if f.ast.Name.Name == "main" {
			want = "Command " + f.dir[strings.LastIndexByte(f.dir, '/')+1:] + " "
		}
		text := f.ast.Doc.Text() // "" without a comment
		has[f.dir] = has[f.dir] || strings.HasPrefix(strings.ReplaceAll(text, "\n", " "), want)
	}
	for _, dir := range sorted(has) {
		if !has[dir] {
			bad = append(bad, dir+`: no comment "Package … " (or "Command … ") above the package clause`)
		}
	}
	return bad
}

func checkLength(m *module) (bad []string) {
	for _, f := range m.files {
		if f.lines > maxLines && !f.generated {
			bad = append(bad, fmt.Sprintf("%s has %d lines, more than %d; split it by meaning", f.path, f.lines, maxLines))
		}
	}
	return bad
}

// ownerOf finds the owner of a table by the longest name that it is, or starts with.
func ownerOf(table string) string {
	for name := table; ; {
		if unit, ok := owners[name]; ok {
			return unit
		}
		i := strings.LastIndexByte(name, '_')
		if i < 0 {
			return ""
		}
		name = name[:i]
	}
}

func checkOwners(m *module) (bad []string) {
	for _, table := range sorted(m.tables) {
		if ownerOf(table) == "" {
			bad = append(bad, fmt.Sprintf("table %s: no owner in plan.go", table))
		}
		for _, engine := range []string{"sqlite", "postgres"} {
			if !slices.Contains(m.tables[table], engine) {
				bad = append(bad, fmt.Sprintf("table %s: the migrations of %s do not create it", table, engine))
			}
		}
	}
	return bad
}

var (
	sqlText  = regexp.MustCompile(`(?s)\b(SELECT|INSERT|UPDATE|DELETE|WITH|FROM|JOIN|INTO|TRUNCATE|ALTER|CREATE|DROP)\s`)
	sqlTable = regexp.MustCompile(`(?i)\b(?:FROM|JOIN|INTO|UPDATE|TABLE|TRUNCATE|ON)\s+(?:ONLY\s+)?"?([a-z_][a-z0-9_]*)|,\s*"?([a-z_][a-z0-9_]*)"?\s+(?:AS\s+)?[a-z]\w*\b`)
)

func checkSQL(m *module) (bad []string) {
	for _, f := range m.files {
		if f.test || slices.Contains(freeOfOwners, f.unit) {
			continue
		}
		for table, line := range m.tablesNamed(f) {
			if owner := ownerOf(table); owner != f.unit && !slices.Contains(mayName[f.unit], table) {
				bad = append(bad, fmt.Sprintf("%s:%d: SQL names %s, which belongs to %s; ask that package", f.path, line, table, owner))
			}
		}
	}
	slices.Sort(bad)
	return bad
}

// tablesNamed gives the tables that a file's SQL names, each with a line: in texts that look like SQL, and as the table of a
// bulk load.
func (m *module) tablesNamed(f file) map[string]int {
	named := map[string]int{}
	note := func(table string, n ast.Node) {
		if _, ok := m.tables[table]; ok {
			named[table] = m.line(n)
		}
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BasicLit:
			text, ok := literal(n)
			if !ok || !sqlText.MatchString(text+" ") {
				break
			}
			for _, found := range sqlTable.FindAllStringSubmatch(sqlComment.ReplaceAllString(text, ""), -1) {
				note(strings.ToLower(found[1]+found[2]), n)
			}
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "CopyFrom" && len(n.Args) > 1 {
				if lit, ok := n.Args[1].(*ast.BasicLit); ok {
					text, _ := literal(lit)
					note(text, n)
				}
			}
		}
		return true
	})
	return named
}

func literal(n *ast.BasicLit) (string, bool) {
	if n.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(n.Value)
	return text, err == nil
}

func checkClock(m *module) []string {
	return m.uses(func(f file) bool {
		return f.test || slices.Contains(ownClock, f.unit) || slices.ContainsFunc(testHelpers, func(h string) bool { return within(f.dir, h) })
	}, "time", "Now", "Since", "Until")
}

// A sleeping test is slow and still fails on a slow machine; sleeping code cannot be stopped. Wait for a signal, or
// for a timer and the context.
func checkSleep(m *module) []string {
	return m.uses(func(file) bool { return false }, "time", "Sleep")
}

// uses finds mentions of a package's functions, by the name under which each file imports it.
func (m *module) uses(exempt func(file) bool, pkg string, functions ...string) (bad []string) {
	for _, f := range m.files {
		name := importName(f, pkg)
		if name == "" || exempt(f) {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			if ok && x.Name == name && slices.Contains(functions, sel.Sel.Name) {
				bad = append(bad, fmt.Sprintf("%s:%d: %s.%s", f.path, m.line(n), pkg, sel.Sel.Name))
			}
			return true
		})
	}
	return bad
}

func importName(f file, pkg string) string {
	for _, spec := range f.ast.Imports {
		if spec.Path.Value == strconv.Quote(pkg) {
			if spec.Name != nil {
				return spec.Name.Name
			}
			return pkg
		}
	}
	return ""
}
