package arch

import (
	"go/ast"
	"go/token"
	"slices"
	"testing"
)

// outside lists the packages through which the world leaks into a fold; each
// stands for all below it.
var outside = []string{
	"context", "net", "os", "log", "sync", "math/rand", "crypto/rand", "hash/maphash", "runtime", "unsafe",
}

// calls lists functions of lawful packages that read the clock or write output.
var calls = map[string][]string{
	"time": {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"},
	"fmt":  {"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"},
}

// pure says that the core has no clock, no I/O, no goroutine, no lock and no randomness.
func pure(t *tree) []string {
	var found []string
	for _, s := range t.code() {
		if !isCore(s.dir) {
			continue
		}
		for _, spec := range s.ast.Imports {
			p := importPath(spec)
			if slices.ContainsFunc(outside, func(o string) bool { return below(p, o) }) {
				found = append(found, t.at(spec.Pos(), "core package %s may not import %s: take the value as an argument, or move the code to an edge package", s.dir, p))
			}
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			if what := impure(s.ast, n); what != "" {
				found = append(found, t.at(n.Pos(), "core package %s has %s: time and input are arguments, effects are results", s.dir, what))
			}
			return true
		})
	}
	return found
}

// impure names what is not allowed about n, or "".
func impure(f *ast.File, n ast.Node) string {
	switch n := n.(type) {
	case *ast.GoStmt:
		return "a go statement"
	case *ast.SelectStmt:
		return "a select statement"
	case *ast.ChanType:
		return "a channel type"
	case *ast.SendStmt:
		return "a channel send"
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			return "a channel receive"
		}
	case *ast.CallExpr:
		if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "println" || id.Name == "print") {
			return id.Name
		}
	case *ast.SelectorExpr:
		for pkg, names := range calls {
			if isSelector(f, n, pkg, names...) {
				return pkg + "." + n.Sel.Name
			}
		}
	}
	return ""
}

// isSelector tells whether e is one of the named members of a standard package.
func isSelector(f *ast.File, e ast.Expr, pkg string, names ...string) bool {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok || !slices.Contains(names, sel.Sel.Name) {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == importName(f, pkg)
}

// awake says that tests wait for events, never for the clock.
func awake(t *tree) []string {
	var found []string
	for _, s := range t.files {
		if !s.test {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			if e, ok := n.(ast.Expr); ok && isSelector(s.ast, e, "time", "Sleep") {
				found = append(found, t.at(n.Pos(), "time.Sleep in a test: wait for the event, or use testing/synctest"))
			}
			return true
		})
	}
	return found
}

func TestCoreIsPure(t *testing.T) { holds(t, pure) }

func TestPureBites(t *testing.T) {
	for src, want := range map[string]string{
		`import "context"`:                                    "may not import context",
		`import "net/http"`:                                   "may not import net/http",
		`import "log/slog"`:                                   "may not import log/slog",
		`import "math/rand/v2"`:                               "may not import math/rand/v2",
		`import "sync/atomic"`:                                "may not import sync/atomic",
		`import "time"; var t = time.Now()`:                   "time.Now",
		`import clock "time"; var f = clock.NewTimer`:         "time.NewTimer",
		`import "fmt"; func f() { fmt.Println() }`:            "fmt.Println",
		`func f() { go f() }`:                                 "a go statement",
		`func f() { select {} }`:                              "a select statement",
		`var c chan int`:                                      "a channel type",
		`func f(c C) { c <- 1 }`:                              "a channel send",
		`func f(c C) { <-c }`:                                 "a channel receive",
		`func f() { println() }`:                              "println",
		`import "time"; const d = time.Second`:                "",
		`import ("math"; "math/bits"; "strings")`:             "",
		`type l struct{ Now int }; func f(x l) { x.Now = 1 }`: "",
	} {
		bites(t, pure, "internal/engine/a.go", "package engine; "+src, want)
	}
	bites(t, pure, "internal/pump/a.go", `package pump; import "context"; func f() { go f() }`, "")
}

func TestNoTestSleeps(t *testing.T) { holds(t, awake) }

func TestAwakeBites(t *testing.T) {
	bites(t, awake, "internal/pump/a_test.go", `package pump; import "time"; func f() { time.Sleep(1) }`, "time.Sleep in a test")
	bites(t, awake, "internal/pump/a.go", `package pump; import "time"; func f() { time.Sleep(1) }`, "")
}
