package arch

import (
	"go/ast"
	"go/types"
	"path"
	"strings"
	"testing"
)

// catalogue is the file whose table lists every test that the judge can run.
const catalogue = "internal/engine/catalogue.go"

// testMethods make a type a test: the engine's interface (design, R39).
var testMethods = []string{"Observe", "AppendState", "Restore"}

// listed says that no test is written and then forgotten: every type with the
// methods of a test is named in the catalogue, by itself or by its constructor.
func listed(t *tree) []string {
	named := t.namedIn(catalogue)
	if named == nil {
		return nil // there is no catalogue yet
	}
	var found []string
	info := t.types()
	for _, s := range t.code() {
		if !isCore(s.dir) {
			continue
		}
		pkg, free := path.Base(s.dir), t.marked(s.ast, "no-row")
		for _, spec := range typeSpecs(s.ast) {
			obj, ok := info.Defs[spec.Name].(*types.TypeName)
			if !ok || types.IsInterface(obj.Type()) || !hasMethods(obj, testMethods) || free[t.line(spec.Pos())] {
				continue
			}
			name := strings.ToLower(pkg + "." + spec.Name.Name)
			if !named[name] {
				found = append(found, t.at(spec.Pos(), "test %s.%s has no row in %s: add it to the table, or \"// no-row: why\"", pkg, spec.Name.Name, catalogue))
			}
		}
	}
	return found
}

// namedIn collects the types that a file names, as lower-case "package.type";
// the constructor NewT names T. It returns nil when there is no such file.
func (t *tree) namedIn(file string) map[string]bool {
	var named map[string]bool
	for _, s := range t.files {
		if s.path != file {
			continue
		}
		named = map[string]bool{}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			pkg, name := path.Base(s.dir), ""
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok {
					pkg, name = x.Name, n.Sel.Name
				}
			case *ast.Ident:
				name = n.Name
			}
			named[strings.ToLower(pkg+"."+name)] = true
			named[strings.ToLower(pkg+"."+strings.TrimPrefix(strings.TrimPrefix(name, "New"), "new"))] = true
			return true
		})
	}
	return named
}

func typeSpecs(f *ast.File) []*ast.TypeSpec {
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

// hasMethods tells whether T or *T has all the methods, also by embedding.
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
	const methods = "func (*KS) Observe(int) {}; func (*KS) AppendState() {}; func (*KS) Restore() {}"
	for _, c := range []struct{ catalogue, drift, want string }{
		{`import "verdin/drift"; var _ = drift.PSI{}`, "type KS struct{}; " + methods, "test drift.KS has no row"},
		{`import "verdin/drift"; var _ = drift.PSI{}`, "type base struct{}; type KS struct{ base }; " + strings.ReplaceAll(methods, "KS", "base"), "test drift.KS has no row"},
		{`import "verdin/drift"; var _ = drift.KS{}`, "type KS struct{}; " + methods, ""},
		{`import "verdin/drift"; var _ = drift.NewKS(1)`, "type KS struct{}; " + methods, ""},
		{``, "type KS struct{}; func (KS) Observe(int) {}", ""},
		{``, "type Test interface{ Observe(int); AppendState(); Restore() }", ""},
		{``, "// no-row: only a part of others\ntype KS struct{}; " + methods, ""},
	} {
		tr := newTree()
		for name, src := range map[string]string{catalogue: "package engine; " + c.catalogue, "drift/ks.go": "package drift\n" + c.drift} {
			if err := tr.add(name, []byte(src)); err != nil {
				t.Fatal(err)
			}
		}
		got := strings.Join(listed(tr), "\n")
		if !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("finding %q, want %q\ncatalogue: %s\ndrift: %s", got, c.want, c.catalogue, c.drift)
		}
	}
}
