package audit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gongxin/internal/web/desk"
)

// actCode is the shape of an act's code.
var (
	actCode  = regexp.MustCompile(`^[a-z]+\.[a-z_]+$`)
	actStart = regexp.MustCompile(`^[a-z]+\.([a-z_]+_)?$`)
)

// written are the acts that the program's source writes, and the kinds of procedures in it.
type written struct {
	acts  map[string]string // where, by code
	parts map[string]string // where, by the beginning of a code whose end is computed
	kinds map[string]string // where, by the value of a FlowKind
}

// readSource walks the program's own source, without tests and generated pages.
func readSource(t *testing.T) *written {
	t.Helper()
	out := &written{map[string]string{}, map[string]string{}, map[string]string{}}
	for _, root := range []string{"../../..", "../../../../cmd"} {
		must(t, filepath.WalkDir(root, out.file))
	}
	return out
}

// file reads one file of the walk.
func (w *written) file(path string, d fs.DirEntry, err error) error {
	if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_templ.go") {
		return err
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	approval := filepath.Base(filepath.Dir(path)) == "approval"
	ast.Inspect(file, func(n ast.Node) bool {
		w.node(path, approval, n)
		return true
	})
	return nil
}

// writers are the functions that take the code of an act as an argument; those of the drafts take its last word.
var writers = []string{"act", "setState", "deputyTx", "step"}

func (w *written) node(path string, approval bool, n ast.Node) {
	switch n := n.(type) {
	case *ast.KeyValueExpr: // Action: "report.create"
		if k, ok := n.Key.(*ast.Ident); ok && k.Name == "Action" {
			w.code(path, "", n.Value)
		}
	case *ast.AssignStmt: // action = "session.first_factor"
		if k, ok := n.Lhs[0].(*ast.Ident); ok && k.Name == "action" {
			w.code(path, "", n.Rhs[0])
		}
	case *ast.CallExpr: // s.act(ctx, tx, by, "account.grant", …)
		f, ok := n.Fun.(*ast.SelectorExpr)
		if !ok || !slices.Contains(writers, f.Sel.Name) {
			return
		}
		for _, arg := range n.Args {
			if approval {
				w.code(path, "approval.", arg)
			} else {
				w.code(path, "", arg)
			}
		}
	case *ast.ValueSpec: // const FlowKind = "listing"
		if n.Names[0].Name == "FlowKind" && len(n.Values) == 1 {
			if lit, ok := n.Values[0].(*ast.BasicLit); ok {
				kind, _ := strconv.Unquote(lit.Value)
				w.kinds[kind] = path
			}
		}
	}
}

func (w *written) code(path, prefix string, e ast.Expr) {
	if sum, ok := e.(*ast.BinaryExpr); ok { // "key.token_"+step
		if lit, ok := sum.X.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if code, err := strconv.Unquote(lit.Value); err == nil && actStart.MatchString(code) {
				w.parts[code] = path
			}
		}
		return
	}
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return
	}
	if code, err := strconv.Unquote(lit.Value); err == nil && actCode.MatchString(prefix+code) {
		w.acts[prefix+code] = path
	}
}

// begins reports whether a code is one of those whose end is computed.
func (w *written) begins(code string) bool {
	for part := range w.parts {
		if strings.HasPrefix(code, part) && strings.Contains(part, "_") {
			return true
		}
	}
	return false
}

// The auditor reads words: every act that the source writes has one, and every word is of an act that is written.
func TestEveryActHasAWord(t *testing.T) {
	t.Parallel()
	source := readSource(t)
	for _, code := range slices.Sorted(maps.Keys(source.acts)) {
		if actionWords[code] == "" {
			t.Errorf("%s writes %q, for which actwords.go has no word", source.acts[code], code)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(plainWords)) {
		if source.acts[code] == "" && !source.begins(code) {
			t.Errorf("actwords.go has a word for %q, which nothing writes", code)
		}
	}
	for part, path := range source.parts {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(plainWords)), func(code string) bool { return strings.HasPrefix(code, part) }) {
			t.Errorf("%s writes acts that begin with %q, and none has a word", path, part)
		}
	}
	if len(source.acts) < 50 {
		t.Errorf("the walk finds only %d acts", len(source.acts))
	}
}

// Every procedure's steps have words, those that all procedures share among them.
func TestEveryStepHasAWord(t *testing.T) {
	t.Parallel()
	source, known := readSource(t), map[string]bool{}
	for _, table := range procedures() {
		known[table.Kind] = true
		for _, m := range table.Moves {
			if word := actionWords[table.Kind+"."+string(m.Event)]; word != table.Title+"："+m.Name {
				t.Errorf("%s.%s is %q", table.Kind, m.Event, word)
			}
		}
	}
	for kind, path := range source.kinds {
		if !known[kind] {
			t.Errorf("the procedure %q of %s is not among those with words", kind, path)
		}
	}
	if len(source.kinds) < 2 {
		t.Errorf("the walk finds only the procedures %v", source.kinds)
	}
	if got := desk.Word(actionWords, "measure_task.flow.overdue"); got != "联合奖惩任务：超过期限" {
		t.Errorf("a step that all procedures have is %q", got)
	}
}

// A note's words are put into Chinese; what is a number, a hash or a name=value stays.
func TestNote(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "totp": "动态口令", "demo filing_clerk": "演示 报送员", "kind=standard digest=ab": "kind=standard digest=ab", "claim:7 resident approved": "claim:7 居民 通过",
	} {
		if got := note(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}
