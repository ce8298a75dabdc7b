package arch

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"
	"testing"
)

// tables lists where tests are named: every type of a folder that has the
// methods of its interface Test is made by a constructor that the table names.
var tables = []struct{ dir, variable string }{
	{"internal/engine", "catalogue"},
	{"drift", "Methods"},
}

// listed says that no test is written and then forgotten: a file that defines a
// test declares at least one function that a row of the table names.
func listed(t *tree) []string {
	var found []string
	for _, tab := range tables {
		iface, named := t.methodsOfTest(tab.dir), t.namesIn(tab.dir, tab.variable)
		if iface == nil || named == nil {
			if iface != nil {
				found = append(found, fmt.Sprintf("%s: found no table %s of its tests: change internal/arch/catalogue_test.go with it", tab.dir, tab.variable))
			}
			continue
		}
		for _, s := range t.code() {
			if s.dir != tab.dir || declaresOneOf(s.ast, named) {
				continue
			}
			free := t.marked(s.ast, "no-row")
			for _, spec := range t.testTypes(s, iface) {
				if !free[t.line(spec.Pos())] {
					found = append(found, t.at(spec.Pos(), "test %s has no row in %s of %s: name its constructor there, or \"// no-row: why\"", spec.Name.Name, tab.variable, tab.dir))
				}
			}
		}
	}
	return found
}

// methodsOfTest returns the method names of the interface Test of a folder.
func (t *tree) methodsOfTest(dir string) []string {
	var names []string
	for _, spec := range t.typeSpecs(dir) {
		i, ok := spec.Type.(*ast.InterfaceType)
		if !ok || spec.Name.Name != "Test" {
			continue
		}
		for _, m := range i.Methods.List {
			for _, n := range m.Names {
				names = append(names, n.Name)
			}
		}
	}
	return names
}

// namesIn collects every name in the value of a package variable, or nil.
func (t *tree) namesIn(dir, variable string) map[string]bool {
	var names map[string]bool
	for _, s := range t.code() {
		if s.dir != dir {
			continue
		}
		for _, d := range s.ast.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range g.Specs {
				v, ok := spec.(*ast.ValueSpec)
				if !ok || v.Names[0].Name != variable || len(v.Values) != 1 {
					continue
				}
				names = map[string]bool{}
				ast.Inspect(v.Values[0], func(n ast.Node) bool {
					if id, ok := n.(*ast.Ident); ok {
						names[id.Name] = true
					}
					return true
				})
			}
		}
	}
	return names
}

func declaresOneOf(f *ast.File, names map[string]bool) bool {
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && names[fn.Name.Name] {
			return true
		}
	}
	return false
}

// typeSpecs lists the types that the files of a folder declare.
func (t *tree) typeSpecs(dir string) []*ast.TypeSpec {
	var all []*ast.TypeSpec
	for _, s := range t.code() {
		if s.dir == dir {
			all = append(all, fileTypes(s.ast)...)
		}
	}
	return all
}

func fileTypes(f *ast.File) []*ast.TypeSpec {
	var all []*ast.TypeSpec
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok {
			for _, s := range g.Specs {
				if ts, ok := s.(*ast.TypeSpec); ok {
					all = append(all, ts)
				}
			}
		}
	}
	return all
}

// testTypes lists the types of a file that have all the methods, also by embedding.
func (t *tree) testTypes(s *source, methods []string) []*ast.TypeSpec {
	var all []*ast.TypeSpec
	for _, spec := range fileTypes(s.ast) {
		obj, ok := t.types().Defs[spec.Name].(*types.TypeName)
		if ok && !types.IsInterface(obj.Type()) && hasMethods(obj, methods) {
			all = append(all, spec)
		}
	}
	return all
}

// hasMethods tells whether T or *T has methods of all these names.
func hasMethods(t *types.TypeName, names []string) bool {
	set := types.NewMethodSet(types.NewPointer(t.Type()))
	for _, n := range names {
		if set.Lookup(t.Pkg(), n) == nil {
			return false
		}
	}
	return true
}

func TestEveryTestHasARow(t *testing.T) { holds(t, listed) }

func TestListedBites(t *testing.T) {
	const (
		face    = "type Test interface{ Observe(int); Restore() }\n"
		methods = "\nfunc (*KS) Observe(int) {}\nfunc (*KS) Restore() {}\nfunc NewKS() *KS { return nil }"
	)
	for _, c := range []struct{ table, test, want string }{
		{face + "var Methods = map[string]any{}", "type KS struct{}" + methods, "drift/ks.go:2: test KS has no row in Methods"},
		{face + "var Methods = map[string]any{}", "type base struct{}\ntype KS struct{ base }" + strings.ReplaceAll(methods, "KS", "base"), "test KS has no row"},
		{face + "var table = NewKS", "type KS struct{}" + methods, "found no table Methods"},
		{face + `var Methods = map[string]any{"ks": NewKS}`, "type KS struct{}" + methods, ""},
		{face + `var Methods = map[string]any{"ks": func() Test { return NewKS() }}`, "type KS struct{}" + methods, ""},
		{face + "var Methods = map[string]any{}", "type KS struct{}\nfunc (KS) Observe(int) {}", ""},
		{face + "var Methods = map[string]any{}", "// no-row: only a part of others\ntype KS struct{}" + methods, ""},
	} {
		tr := newTree()
		for name, src := range map[string]string{"drift/methods.go": "package drift\n" + c.table, "drift/ks.go": "package drift\n" + c.test} {
			if err := tr.add(name, []byte(src)); err != nil {
				t.Fatal(err)
			}
		}
		got := strings.Join(listed(tr), "\n")
		if !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("finding %q, want %q\ntable: %s\ntest: %s", got, c.want, c.table, c.test)
		}
	}
}
