package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// tagged lists the tests below root, as "package Test", of files that are built
// with the tag and not without it.
func tagged(root, tag string) ([]string, error) {
	module, err := modulePath(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, err
	}
	var names []string
	err = filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || file != root && strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("find tests of tag %s: %w", tag, err)
		}
		if needs(f, tag) {
			rel, err := filepath.Rel(root, filepath.Dir(file))
			if err != nil {
				return err
			}
			names = append(names, tests(f, path.Join(module, filepath.ToSlash(rel)))...)
		}
		return nil
	})
	return names, err
}

func modulePath(file string) (string, error) {
	mod, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	for line := range strings.Lines(string(mod)) {
		if p, ok := strings.CutPrefix(line, "module "); ok {
			return strings.TrimSpace(p), nil
		}
	}
	return "", errors.New("find the module: go.mod has no module line")
}

// needs tells whether the tag decides if the file is built.
func needs(f *ast.File, tag string) bool {
	for _, g := range f.Comments {
		for _, c := range g.List {
			x, err := constraint.Parse(c.Text)
			if err != nil || c.Pos() > f.Package {
				continue
			}
			with := x.Eval(func(string) bool { return true })
			without := x.Eval(func(t string) bool { return t != tag })
			return with && !without
		}
	}
	return false
}

func tests(f *ast.File, pkg string) []string {
	var names []string
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") && fn.Name.Name != "TestMain" {
			names = append(names, pkg+" "+fn.Name.Name)
		}
	}
	return names
}

// pattern matches the names of tests, and no others.
func pattern(names []string) string {
	for i, name := range names {
		_, names[i], _ = strings.Cut(name, " ")
	}
	return "^(" + strings.Join(names, "|") + ")$"
}
