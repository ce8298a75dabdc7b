package arch

import (
	"go/ast"
	"go/build"
	"go/importer"
	"go/token"
	"go/types"
	"path"
	"strings"
)

// typed is what the type checker knows of the core. Packages of other modules
// are empty shells, so an expression that comes from them has no known type.
type typed struct {
	types.Info
	tree *tree
	std  types.Importer
	pkgs map[string]*types.Package
}

// check runs the type checker over the core and ignores its errors: the
// compiler reports those.
func check(t *tree) *typed {
	build.Default.CgoEnabled = false // the source importer would run cgo
	c := &typed{
		tree: t,
		std:  importer.ForCompiler(token.NewFileSet(), "source", nil),
		pkgs: map[string]*types.Package{},
		Info: types.Info{
			Types: map[ast.Expr]types.TypeAndValue{},
			Defs:  map[*ast.Ident]types.Object{},
			Uses:  map[*ast.Ident]types.Object{},
		},
	}
	for _, s := range t.code() {
		if isCore(s.dir) {
			c.Import(module + "/" + s.dir)
		}
	}
	return c
}

// Import implements types.Importer.
func (c *typed) Import(name string) (*types.Package, error) {
	if p := c.pkgs[name]; p != nil {
		return p, nil
	}
	first, rest, _ := strings.Cut(name, "/")
	if first != module && !strings.Contains(first, ".") {
		return c.std.Import(name)
	}
	shell := types.NewPackage(name, path.Base(name))
	shell.MarkComplete()
	c.pkgs[name] = shell // also ends import cycles
	if first != module {
		return shell, nil
	}
	var files []*ast.File
	for _, s := range c.tree.code() {
		if s.dir == rest {
			files = append(files, s.ast)
		}
	}
	conf := types.Config{Importer: c, Error: func(error) {}}
	if p, _ := conf.Check(name, c.tree.fset, files, &c.Info); p != nil {
		c.pkgs[name] = p
	}
	return c.pkgs[name], nil
}

// unknown tells whether the type checker could not give e a type.
func (c *typed) unknown(e ast.Expr) bool {
	t := c.TypeOf(e)
	return t == nil || t == types.Typ[types.Invalid]
}

// isFloat tells whether e is a floating-point value, or might be one.
func (c *typed) isFloat(e ast.Expr) bool {
	if c.unknown(e) {
		return true
	}
	t := c.TypeOf(e)
	if p, ok := t.(*types.TypeParam); ok {
		t = p.Constraint()
		return !strings.Contains(t.String(), "int") || strings.Contains(t.String(), "float")
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&(types.IsFloat|types.IsComplex) != 0
}

// object returns what a name or a call refers to.
func (c *typed) object(e ast.Expr) types.Object {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		if o := c.Uses[e]; o != nil {
			return o
		}
		return c.Defs[e]
	case *ast.SelectorExpr:
		if o := c.Uses[e.Sel]; o != nil && !isField(o) {
			return o
		}
	case *ast.CallExpr:
		return c.object(e.Fun)
	case *ast.IndexExpr: // a generic function with its argument
		return c.object(e.X)
	}
	return nil
}

func isField(o types.Object) bool {
	v, ok := o.(*types.Var)
	return ok && v.IsField()
}
