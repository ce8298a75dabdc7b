package arch

import (
	"go/ast"
	"go/types"
	"testing"
)

// ordered says that no map's order can reach an output of the core.
func ordered(t *tree) []string {
	var found []string
	info := t.types()
	for _, s := range t.code() {
		if !isCore(s.dir) {
			continue
		}
		free := t.marked(s.ast, "order-free")
		sorted := map[ast.Node]bool{} // arguments of slices.Sorted…
		ast.Inspect(s.ast, func(n ast.Node) bool {
			what := ""
			switch n := n.(type) {
			case *ast.RangeStmt:
				if info.isMap(n.X) {
					what = "range over a map"
				}
			case *ast.CallExpr:
				if isSelector(s.ast, n.Fun, "slices", "Sorted", "SortedFunc", "SortedStableFunc") {
					sorted[n.Args[0]] = true
				}
				if isSelector(s.ast, n.Fun, "maps", "Keys", "Values", "All") && !sorted[n] {
					what = "iterator over a map"
				}
			}
			if what != "" && !free[t.line(n.Pos())] {
				found = append(found, t.at(n.Pos(), "%s in the core: sort the keys first, or say in a comment \"// order-free: why\" that its order cannot be seen", what))
			}
			return true
		})
	}
	return found
}

// isMap tells whether e is a map. Maps that other modules hand out are not seen.
func (c *typed) isMap(e ast.Expr) bool {
	if c.unknown(e) {
		return false
	}
	t := c.TypeOf(e)
	if p, ok := t.(*types.TypeParam); ok {
		t = p.Constraint()
		iface, _ := t.Underlying().(*types.Interface)
		for i := range iface.NumEmbeddeds() {
			if u, ok := iface.EmbeddedType(i).(*types.Union); ok && u.Len() == 1 {
				t = u.Term(0).Type()
			}
		}
	}
	_, ok := t.Underlying().(*types.Map)
	return ok
}

func TestMapOrderIsNeverSeen(t *testing.T) { holds(t, ordered) }

func TestOrderedBites(t *testing.T) {
	for src, want := range map[string]string{
		"func f(m map[int]int) { for range m {} }":                                                      "range over a map",
		"type set map[int]bool; type s struct{ m set }; func f(x s) { for k := range x.m { _ = k } }":   "range over a map",
		"func f[M ~map[K]V, K comparable, V any](m M) { for range m {} }":                               "range over a map",
		`import "maps"; func f(m map[int]int) { for range maps.Keys(m) {} }`:                            "iterator over a map",
		"func f(m map[int]int) {\n// order-free:\nfor range m {} }":                                     "range over a map",
		"func f(m map[int]int) {\n// order-free: a sum of integers\nfor range m {} }":                   "",
		"func f(m map[int]int) { for range m {} // order-free: a count\n}":                              "",
		"func f(m []int) { for range m {} }":                                                            "",
		`import ("maps"; "slices"); func f(m map[int]int) { for range slices.Sorted(maps.Keys(m)) {} }`: "",
	} {
		bites(t, ordered, "drift/a.go", "package drift; "+src, want)
	}
	bites(t, ordered, "publish/log/a.go", "package log; func f(m map[int]int) { for range m {} }", "")
}
