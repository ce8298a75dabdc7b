package arch

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "verdin"

// source is one Go file of the tree.
type source struct {
	path string // from the module root, with slashes
	dir  string // its package: path without the file name
	ast  *ast.File
	test bool // name ends in _test.go
	tool bool // built by hand only: //go:build ignore
}

// tree is a set of parsed Go files.
type tree struct {
	fset  *token.FileSet
	files []*source
	types func() *typed
}

// rule looks at a tree and says what is wrong, one line a finding.
type rule func(*tree) []string

func newTree() *tree {
	t := &tree{fset: token.NewFileSet()}
	t.types = sync.OnceValue(func() *typed { return check(t) })
	return t
}

func (t *tree) add(name string, src []byte) error {
	f, err := parser.ParseFile(t.fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	t.files = append(t.files, &source{
		path: name, dir: path.Dir(name), ast: f,
		test: strings.HasSuffix(name, "_test.go"), tool: isTool(f),
	})
	return nil
}

// isTool tells whether a build constraint keeps the file out of every build.
func isTool(f *ast.File) bool {
	for _, g := range f.Comments {
		if g.Pos() > f.Package {
			break
		}
		for _, c := range g.List {
			if x, err := constraint.Parse(c.Text); err == nil && !x.Eval(func(tag string) bool { return tag != "ignore" }) {
				return true
			}
		}
	}
	return false
}

// code returns the files that are built into the product.
func (t *tree) code() []*source {
	return slices.DeleteFunc(slices.Clone(t.files), func(s *source) bool { return s.test || s.tool })
}

func (t *tree) at(p token.Pos, format string, args ...any) string {
	where := t.fset.Position(p)
	return fmt.Sprintf("%s:%d: %s", where.Filename, where.Line, fmt.Sprintf(format, args...))
}

// marked returns the lines on which a comment "// word: why" answers a rule:
// those of its comment group and the one below.
func (t *tree) marked(f *ast.File, word string) map[int]bool {
	lines := map[int]bool{}
	for _, g := range f.Comments {
		for _, c := range g.List {
			why, ok := strings.CutPrefix(c.Text, "// "+word+":")
			if !ok || strings.TrimSpace(why) == "" {
				continue
			}
			for l := t.fset.Position(g.Pos()).Line; l <= t.fset.Position(g.End()).Line+1; l++ {
				lines[l] = true
			}
		}
	}
	return lines
}

func (t *tree) line(p token.Pos) int { return t.fset.Position(p).Line }

// imports returns the import path of a spec.
func importPath(s *ast.ImportSpec) string {
	p, _ := strconv.Unquote(s.Path.Value)
	return p
}

// importName returns the name under which a file knows a standard package, or "".
func importName(f *ast.File, want string) string {
	for _, s := range f.Imports {
		if importPath(s) == want {
			if s.Name != nil {
				return s.Name.Name
			}
			return path.Base(want)
		}
	}
	return ""
}

// moduleRoot is the folder of go.mod: the tests run two levels below it.
const moduleRoot = "../.."

var loadOnce = sync.OnceValues(func() (*tree, error) {
	t := newTree()
	err := walk(func(name string) error {
		if path.Ext(name) != ".go" {
			return nil
		}
		src, err := os.ReadFile(filepath.Join(moduleRoot, name))
		if err != nil {
			return fmt.Errorf("read source: %w", err)
		}
		return t.add(name, src)
	})
	return t, err
})

// walk visits every file of this module that people write, in name order.
func walk(visit func(name string) error) error {
	return filepath.WalkDir(moduleRoot, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(moduleRoot, p)
		if err != nil {
			return err
		}
		if !d.IsDir() {
			return visit(filepath.ToSlash(rel))
		}
		base := d.Name()
		hidden := rel != "." && strings.HasPrefix(base, ".") && base != ".ci"
		_, nested := os.Stat(filepath.Join(p, "go.mod"))
		if hidden || base == "testdata" || base == "target" || rel != "." && nested == nil {
			return filepath.SkipDir
		}
		return nil
	})
}

// holds runs a rule over the module.
func holds(t *testing.T, r rule) {
	t.Helper()
	tr, err := loadOnce()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r(tr) {
		t.Error(f)
	}
}

// bites runs a rule over one made-up file and wants a finding that contains
// want, or no finding if want is empty.
func bites(t *testing.T, r rule, name, src, want string) {
	t.Helper()
	tr := newTree()
	if err := tr.add(name, []byte(src)); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(r(tr), "\n")
	switch {
	case want == "" && got != "":
		t.Errorf("lawful source was rejected: %s\n%s", got, src)
	case !strings.Contains(got, want) || want != "" && got == "":
		t.Errorf("finding %q, want one with %q\n%s", got, want, src)
	}
}
