// Report reads "go test -json" on standard input and says in few lines what a
// reader must know. A skipped test fails the run: a suite that did not run has
// shown nothing.
//
//	go test -json ./... | go run ./.ci/report
//	go test -json -tags real ./... | go run ./.ci/report -require real
//
// With -require, every test that only a build tag brings in must have passed. With -list,
// it prints a pattern for -run of these tests, and reads nothing.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// event is one line of test2json.
type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
}

// result is what became of one test.
type result struct {
	action string
	output []string
}

// summary is what became of all.
type summary struct {
	tests  map[string]*result // "package Test"
	broken bool               // a package failed, or did not compile
}

func main() {
	tag := flag.String("require", "", "build `tag` whose tests must all have passed")
	list := flag.String("list", "", "print a pattern of the tests that a build `tag` brings in")
	flag.Parse()
	var need []string
	if t := cmp.Or(*tag, *list); t != "" {
		var err error
		if need, err = tagged(".", t); err != nil {
			fmt.Fprintln(os.Stderr, "report:", err)
			os.Exit(2)
		}
	}
	if *list != "" {
		fmt.Println(pattern(need))
		return
	}
	s, err := read(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(2)
	}
	if !s.judge(os.Stdout, *tag, need) {
		os.Exit(1)
	}
}

// read follows the tests and prints packages as they end.
func read(in io.Reader, out io.Writer) (*summary, error) {
	s := &summary{tests: map[string]*result{}}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20) // a test may print a long line
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			s.broken = true // the go command itself complained
			fmt.Fprintln(out, lines.Text())
			continue
		}
		s.add(e, out)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read test output: %w", err)
	}
	return s, nil
}

func (s *summary) add(e event, out io.Writer) {
	switch {
	case e.Action == "build-output":
		fmt.Fprint(out, e.Output)
	case e.Action == "build-fail":
		s.broken = true
	case e.Test == "" && e.Action == "output":
		// "ok" and "PASS" are told by the package's last event.
		if strings.HasPrefix(e.Output, "panic:") || strings.HasPrefix(e.Output, "FAIL\t") {
			fmt.Fprint(out, e.Output)
		}
	case e.Test == "" && e.Action == "fail":
		s.broken = true
		fmt.Fprintf(out, "FAIL  %7.1fs  %s\n", e.Elapsed, e.Package)
	case e.Test == "" && e.Action == "pass":
		fmt.Fprintf(out, "ok    %7.1fs  %s\n", e.Elapsed, e.Package)
	case e.Test != "":
		r := s.tests[e.Package+" "+e.Test]
		if r == nil {
			r = &result{}
			s.tests[e.Package+" "+e.Test] = r
		}
		if e.Action == "output" {
			r.output = append(r.output, e.Output)
		} else {
			r.action = e.Action
		}
	}
}

// judge prints what went wrong and tells whether all is well.
func (s *summary) judge(out io.Writer, tag string, need []string) bool {
	ok, count := !s.broken, map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(s.tests)) {
		r := s.tests[name]
		count[r.action]++
		if r.action != "pass" {
			ok = false
			fmt.Fprintf(out, "\n%s: %s\n%s", r.action, name, strings.Join(r.output, ""))
		}
	}
	for _, name := range need {
		if r := s.tests[name]; r == nil || r.action != "pass" {
			ok = false
			fmt.Fprintf(out, "did not pass, and -require %s wants it: %s\n", tag, name)
		}
	}
	if tag != "" && len(need) == 0 {
		ok = false
		fmt.Fprintf(out, "no test is built by the tag %s\n", tag)
	}
	if len(s.tests) == 0 {
		ok = false
		fmt.Fprintln(out, "no test ran")
	}
	fmt.Fprintf(out, "%d passed, %d failed, %d skipped (a skip fails the run)\n", count["pass"], count["fail"], count["skip"])
	return ok
}
