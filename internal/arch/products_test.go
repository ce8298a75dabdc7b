package arch

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"math"
	"testing"
)

// rounded says that the core rounds every float product before it is added.
//
// The compiler may fuse x*y + z into one operation that rounds once, also when
// the product went through a variable or came out of an inlined function; some
// machines do it and some do not. float64(x*y) + z forbids it (Go specification,
// "Floating-point operators"). The rule sees products that stand in the sum,
// that a variable of the sum was set to, or that a function of the core returns.
// It does not see those that pass through a field or an element.
func rounded(t *tree) []string {
	var found []string
	info := t.types()
	loose := map[types.Object]bool{}
	for _, s := range t.code() {
		if isCore(s.dir) {
			info.findLoose(s.ast, loose)
		}
	}
	for _, s := range t.code() {
		if !isCore(s.dir) {
			continue
		}
		exact := t.marked(s.ast, "exact")
		ast.Inspect(s.ast, func(n ast.Node) bool {
			for _, e := range summands(n) {
				if !info.isFloat(e) || exact[t.line(n.Pos())] || exact[t.line(e.Pos())] {
					continue
				}
				if info.isProduct(e) || loose[info.object(e)] {
					found = append(found, t.at(e.Pos(), "float product %s is added unrounded: write float64(x*y) where it is made, or \"// exact: why\"", types.ExprString(e)))
				}
			}
			return true
		})
	}
	return found
}

// summands returns the operands of a sum or a difference, signs stripped.
func summands(n ast.Node) []ast.Expr {
	var all []ast.Expr
	switch n := n.(type) {
	case *ast.BinaryExpr:
		if n.Op == token.ADD || n.Op == token.SUB {
			all = []ast.Expr{n.X, n.Y}
		}
	case *ast.AssignStmt:
		if n.Tok == token.ADD_ASSIGN || n.Tok == token.SUB_ASSIGN {
			all = []ast.Expr{n.Rhs[0]}
		}
	}
	for i := range all {
		all[i] = unsigned(all[i])
	}
	return all
}

func unsigned(e ast.Expr) ast.Expr {
	for {
		e = ast.Unparen(e)
		u, ok := e.(*ast.UnaryExpr)
		if !ok || u.Op != token.SUB && u.Op != token.ADD {
			return e
		}
		e = u.X
	}
}

// isProduct tells whether e is a float multiplication that rounds at run time.
// Doubling does not round.
func (c *typed) isProduct(e ast.Expr) bool {
	b, ok := unsigned(e).(*ast.BinaryExpr)
	return ok && b.Op == token.MUL && c.isFloat(b) && c.Types[b].Value == nil && !c.doubles(b.X) && !c.doubles(b.Y)
}

// doubles tells whether e is a constant 1, 2, 4, 8 …
func (c *typed) doubles(e ast.Expr) bool {
	v := c.Types[e].Value
	if v == nil {
		return false
	}
	x, _ := constant.Float64Val(constant.ToFloat(v))
	frac, exp := math.Frexp(math.Abs(x))
	return frac == 0.5 && exp >= 1
}

// findLoose collects the variables that are set to a bare product, and the
// functions that return one.
func (c *typed) findLoose(f *ast.File, loose map[types.Object]bool) {
	mark := func(o types.Object, e ast.Expr) {
		if o != nil && c.isProduct(e) {
			loose[o] = true
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, l := range n.Lhs {
				if len(n.Lhs) == len(n.Rhs) {
					mark(c.object(l), n.Rhs[i])
				}
			}
			if n.Tok == token.MUL_ASSIGN && c.isFloat(n.Lhs[0]) {
				if o := c.object(n.Lhs[0]); o != nil {
					loose[o] = true
				}
			}
		case *ast.ValueSpec:
			for i, e := range n.Values {
				if len(n.Values) == len(n.Names) {
					mark(c.Defs[n.Names[i]], e)
				}
			}
		case *ast.FuncDecl:
			for _, e := range returned(n) {
				mark(c.Defs[n.Name], e)
			}
		}
		return true
	})
}

// returned lists what a function returns, function literals inside it apart.
func returned(fn *ast.FuncDecl) []ast.Expr {
	var all []ast.Expr
	ast.Inspect(fn, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) == 1 {
			all = append(all, r.Results[0])
		}
		_, lit := n.(*ast.FuncLit)
		return !lit
	})
	return all
}

func TestProductsAreRoundedBeforeTheyAreAdded(t *testing.T) { holds(t, rounded) }

func TestRoundedBites(t *testing.T) {
	const bad = "added unrounded"
	for src, want := range map[string]string{
		"func f(x, y, z float64) float64 { return x*y + z }":                                                      bad,
		"func f(x, y, z float64) float64 { return z - (x * y) }":                                                  bad,
		"func f(x, y, z float64) float64 { return -x*y + z }":                                                     bad,
		"func f(x, y, z float64) float64 { z += x * y; return z }":                                                bad,
		"func f(x, y, z float64) float64 { t := x * y; return t + z }":                                            bad,
		"func f(x, y, z float64) float64 { var t = x * y; return z - t }":                                         bad,
		"func f(x, y, z float64) float64 { x *= y; return x + z }":                                                bad,
		"func sq(x float64) float64 { return x * x }; func f(x, z float64) float64 { return sq(x) + z }":          bad,
		`import "gonum.org/v1/gonum/stat"; func f(x, z float64) float64 { return stat.Mean(nil, nil)*x + z }`:     bad,
		`import "math"; func f(x, z float64) float64 { return 3*math.Log(x) + z }`:                                bad,
		"func f(x, y, z float64) float64 { return float64(x*y) + z }":                                             "",
		"func f(x, y, z float64) float64 { t := float64(x * y); return t + z }":                                   "",
		"func f(x, y, z int) int { return x*y + z }":                                                              "",
		"func f(x, y, z float64) float64 { return x * (y + z) }":                                                  "",
		"func f(z float64) float64 { return 2*3.5 + z }":                                                          "",
		"func f(x, y, z float64) float64 { return x*y/2 + z }":                                                    "",
		"func f(x, z float64) float64 { return -2*x + z }":                                                        "",
		"func f(x, z float64) float64 { return 3*x + z }":                                                         bad,
		"func f(x, z float64) float64 { return 0.5*x + z }":                                                       bad, // rounds where numbers end
		"func f(x, z float64) float64 {\n// exact: x is a small integer\nreturn 3*x + z }":                        "",
		`import "time"; func f(t time.Duration, n int) time.Duration { return t + time.Duration(n)*time.Second }`: "",
	} {
		bites(t, rounded, "stats/sequential/a.go", "package sequential; "+src, want)
	}
	bites(t, rounded, "internal/scenario/a.go", "package scenario; func f(x, y, z float64) float64 { return x*y + z }", "")
}
