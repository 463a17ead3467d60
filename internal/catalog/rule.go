package catalog

import (
	"errors"
	"fmt"
	"sync"

	"github.com/google/cel-go/cel"
	celcost "github.com/google/cel-go/checker"
	celast "github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"gongxin/internal/ident"
)

// maxRuleCost bounds the worst case of one rule as CEL estimates it, so that no catalogue can make a row dear. A
// comparison costs about 1, a regular expression over a text of 4,000 characters some thousands.
const maxRuleCost = 10_000

// Names that rules may use beside the item's field codes.
const (
	varToday = "today" // the day of receipt, 2026-03-02
	varKind  = "kind"  // the subject kind: legal_entity, other_org, individual_business, person
)

// program is a compiled expression over a row.
type program struct {
	run    cel.Program
	fields uint64 // the fields that it names
	it     *Item
}

// ruleEnv declares what every item's rules share. Dates are texts in the form 2026-03-02 and compare as texts.
var ruleEnv = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.Variable(varToday, cel.StringType),
		cel.Variable(varKind, cel.StringType),
		// number reads a decimal; a text that is none is 0.
		cel.Function("number", cel.Overload("number_string", []*cel.Type{cel.StringType}, cel.DoubleType,
			cel.UnaryBinding(func(v ref.Val) ref.Val { return types.Double(numberOf(textOf(v))) }))),
		// isDate says whether 20260302 or 2026-03-02 is a day of the calendar.
		cel.Function("isDate", cel.Overload("isdate_string", []*cel.Type{cel.StringType}, cel.BoolType,
			cel.UnaryBinding(func(v ref.Val) ref.Val { return types.Bool(isDate(textOf(v))) }))),
		// division says whether a 6-digit code lies in a known province.
		cel.Function("division", cel.Overload("division_string", []*cel.Type{cel.StringType}, cel.BoolType,
			cel.UnaryBinding(func(v ref.Val) ref.Val { return types.Bool(ident.DefaultDivisions().HasPrefix(textOf(v))) }))),
		// part gives the characters from one place up to another, as far as there are any.
		cel.Function("part", cel.Overload("part_string_int_int", []*cel.Type{cel.StringType, cel.IntType, cel.IntType}, cel.StringType,
			cel.FunctionBinding(func(args ...ref.Val) ref.Val {
				from, _ := args[1].(types.Int)
				to, _ := args[2].(types.Int)
				return types.String(part(textOf(args[0]), int(from), int(to)))
			}))),
	)
})

func textOf(v ref.Val) string {
	s, _ := v.(types.String)
	return string(s)
}

func numberOf(s string) float64 {
	_, value, fault := parseNumber(s, maxScale, maxIntDigits, "")
	if fault != 0 {
		return 0
	}
	return float64(value) / millionth
}

func isDate(s string) bool {
	if len(s) == 8 {
		s = s[:4] + "-" + s[4:6] + "-" + s[6:]
	}
	_, ok := parseNormalDate(s)
	return ok
}

func part(s string, from, to int) string {
	start, at := len(s), 0
	for i := range s {
		if at == from {
			start = i
		}
		if at == to {
			return s[min(start, i):i]
		}
		at++
	}
	if to < from {
		return ""
	}
	return s[start:]
}

// Errors of compiling a rule; the loader puts place and law to them.
var (
	errRuleSyntax = errors.New("does not compile")
	errRuleType   = errors.New("is not a yes-or-no expression")
	errRuleCost   = errors.New("is too costly")
)

// itemEnv declares the item's fields as texts.
func itemEnv(it *Item) (*cel.Env, error) {
	base, err := ruleEnv()
	if err != nil {
		return nil, fmt.Errorf("rule environment: %w", err)
	}
	opts := make([]cel.EnvOption, 0, len(it.Fields))
	for i := range it.Fields {
		opts = append(opts, cel.Variable(it.Fields[i].Code, cel.StringType))
	}
	return base.Extend(opts...)
}

// compileRule makes a program of expr. The error wraps one of the three above.
func compileRule(env *cel.Env, it *Item, expr string) (*program, error) {
	tree, issues := env.Compile(expr)
	if issues.Err() != nil {
		return nil, fmt.Errorf("%w: %w", errRuleSyntax, issues.Err())
	}
	if tree.OutputType() != cel.BoolType {
		return nil, errRuleType
	}
	cost, err := env.EstimateCost(tree, estimator{it})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRuleCost, err)
	}
	if cost.Max > maxRuleCost {
		return nil, errRuleCost
	}
	run, err := env.Program(tree, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRuleSyntax, err)
	}
	p := &program{run: run, it: it}
	celast.PostOrderVisit(tree.NativeRep().Expr(), celast.NewExprVisitor(func(e celast.Expr) {
		if e.Kind() != celast.IdentKind {
			return
		}
		if i, ok := it.byCode[e.AsIdent()]; ok {
			p.fields |= 1 << i
		}
	}))
	return p, nil
}

// estimator tells CEL how long the fields can be.
type estimator struct{ it *Item }

func (e estimator) EstimateSize(node celcost.AstNode) *celcost.SizeEstimate {
	path := node.Path()
	if len(path) != 1 {
		return nil
	}
	size := uint64(64) // dates, numbers, codes
	if i, ok := e.it.byCode[path[0]]; ok {
		if n := e.it.Fields[i].MaxLen; n > 0 {
			size = uint64(n)
		} else if e.it.Fields[i].Type == Text {
			size = defaultMaxLen
		}
	}
	return &celcost.SizeEstimate{Min: 0, Max: size}
}

// EstimateCallCost knows that part is as long as its places say.
func (e estimator) EstimateCallCost(function, _ string, _ *celcost.AstNode, args []celcost.AstNode) *celcost.CallEstimate {
	if function != "part" || len(args) != 3 {
		return nil
	}
	size := uint64(defaultMaxLen)
	from, to := literalInt(args[1]), literalInt(args[2])
	if from >= 0 && to >= from {
		size = min(size, uint64(to-from))
	}
	return &celcost.CallEstimate{
		CostEstimate: celcost.CostEstimate{Min: 1, Max: 1 + size/10},
		ResultSize:   &celcost.SizeEstimate{Min: 0, Max: size},
	}
}

// literalInt gives the value of a number written in the expression, or -1.
func literalInt(n celcost.AstNode) int64 {
	if n.Expr().Kind() != celast.LiteralKind {
		return -1
	}
	i, ok := n.Expr().AsLiteral().(types.Int)
	if !ok {
		return -1
	}
	return int64(i)
}

// activation gives a program the values of one row.
type activation struct {
	it    *Item
	v     Values
	kind  SubjectKind
	today string
}

var activations = sync.Pool{New: func() any { return new(activation) }}

// ResolveName gives the value of a field or of today and kind.
func (a *activation) ResolveName(name string) (any, bool) {
	if i, ok := a.it.byCode[name]; ok {
		return types.String(a.v[i]), true
	}
	switch name {
	case varKind:
		return types.String(a.kind), true
	case varToday:
		return types.String(a.today), true
	}
	return nil, false
}

// Parent says that there is no other place to look.
func (a *activation) Parent() cel.Activation { return nil }

// holds evaluates p over the row. A rule that cannot be evaluated does not hold: the row is shown to a person
// rather than let through.
func (c *checker) holds(p *program) bool {
	a := activations.Get().(*activation) //nolint:errcheck // the pool makes nothing else
	a.it, a.v, a.kind, a.today = p.it, c.v, c.kind, c.in.Received.String()
	out, _, err := p.run.Eval(a)
	a.it, a.v = nil, nil
	activations.Put(a)
	if err != nil {
		return false
	}
	yes, ok := out.(types.Bool)
	return ok && bool(yes)
}
