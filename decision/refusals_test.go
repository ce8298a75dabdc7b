package decision_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"verdin/decision"
)

// refusalsFile holds specs that are refused, each as a change to a good one with the
// whole message: place, what is wrong, what to do, the line, and a caret.
const refusalsFile = "../testdata/specs/refusals.txt"

// refused is one of them.
type refused struct {
	title, base string
	edits       [][2]string // a text of the base → what stands there instead
	want        string
	source      string // all of it but the message
}

// refusals reads the file:
//
//	== title: base.yaml
//	- text of the base
//	+ what stands there instead; +N* repeats a line N times, with # for its number
//	the message
func refusals(t testing.TB) (all []refused) {
	t.Helper()
	for line := range strings.Lines(string(read(t, refusalsFile))) {
		line = strings.TrimSuffix(line, "\n")
		n := len(all) - 1
		if strings.HasPrefix(line, "== ") {
			title, base, _ := strings.Cut(line[3:], ": ")
			all = append(all, refused{title: title, base: base, source: line + "\n"})
			continue
		}
		if n < 0 || line == "" { // the head of the file
			continue
		}
		r := &all[n]
		switch more := repeated.FindStringSubmatch(line); {
		case strings.HasPrefix(line, "- "):
			r.edits = append(r.edits, [2]string{line[2:]})
		case strings.HasPrefix(line, "+ "):
			r.add(line[2:])
		case more != nil:
			times, _ := strconv.Atoi(more[1])
			for i := range times {
				r.add("    " + strings.ReplaceAll(more[2], "#", strconv.Itoa(i)))
			}
		default:
			r.want += line + "\n"
			continue
		}
		r.source += line + "\n"
	}
	return all
}

var repeated = regexp.MustCompile(`^\+(\d+)\* (.*)$`)

// add puts another line into the place of the last text that is replaced.
func (r *refused) add(line string) {
	e := &r.edits[len(r.edits)-1][1]
	if *e != "" {
		*e += "\n"
	}
	*e += line
}

// spec is the text that is refused.
func (r *refused) spec(t testing.TB) string {
	t.Helper()
	text := string(read(t, filepath.Join("../testdata/specs/good", r.base)))
	for _, e := range r.edits {
		if strings.Count(text, e[0]) != 1 {
			t.Fatalf("%s: %q stands %d times in the spec", r.title, e[0], strings.Count(text, e[0]))
		}
		text = strings.Replace(text, e[0], e[1], 1)
	}
	return text
}

// Each contradiction is refused at its line and column, with the line and a caret under
// what is wrong.
func TestContradictionsAreRefusedAtTheirPlace(t *testing.T) {
	var out strings.Builder
	for _, r := range refusals(t) {
		text := r.spec(t)
		_, err := decision.Parse([]byte(text), "spec.yaml")
		if err == nil {
			t.Errorf("%s: accepted", r.title)
			continue
		}
		placed(t, err, []byte(text))
		if got := err.Error() + "\n"; got != r.want {
			t.Errorf("%s:\n%swant:\n%s", r.title, got, r.want)
			r.want = got
		}
		out.WriteString("\n" + r.source + r.want)
	}
	rewrite(t, out.String())
}

// call is one refusal in the source.
type call struct {
	place   token.Position
	message *regexp.Regexp
	hit     bool
}

// calls are all refusals of the semantic checks: every call of refuse, fail and wants in
// a method of the checker.
func calls(t *testing.T) (all []*call) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || fn.Name.Name == "refuse" || !isChecker(fn.Recv.List[0].Type) {
				continue
			}
			ast.Inspect(fn, func(n ast.Node) bool {
				if c, ok := n.(*ast.CallExpr); ok {
					if want, ok := wanted(c); ok {
						all = append(all, &call{place: set.Position(c.Pos()), message: want})
					}
				}
				return true
			})
		}
	}
	return all
}

func isChecker(x ast.Expr) bool {
	star, ok := x.(*ast.StarExpr)
	if !ok {
		return false
	}
	name, ok := star.X.(*ast.Ident)
	return ok && name.Name == "checker"
}

var verbs = regexp.MustCompile(`%[.0-9]*[a-z]`)

// wanted is what a call of refuse or fail says: its format, and its remedy where that is
// written out.
func wanted(c *ast.CallExpr) (*regexp.Regexp, bool) {
	sel, ok := c.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil, false
	}
	at := map[string]int{"refuse": 2, "fail": 1}[sel.Sel.Name]
	if at == 0 || len(c.Args) < at+2 {
		return nil, false
	}
	format := text(c.Args[at+1])
	var parts []string
	for _, p := range verbs.Split(strings.ReplaceAll(format, "%%", "%"), -1) {
		parts = append(parts, regexp.QuoteMeta(p))
	}
	want := strings.Join(parts, ".*")
	if remedy := text(c.Args[at]); remedy != "" {
		want += ": " + regexp.QuoteMeta(remedy)
	}
	return regexp.MustCompile(`^\S+:\d+:\d+: ` + want), true
}

// text is a string that is written out, "" for any other expression.
func text(x ast.Expr) string {
	lit, ok := x.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	s, _ := strconv.Unquote(lit.Value)
	return s
}

// Every refusal of every check has a spec that is refused with it.
func TestEveryCheckRefusesASpec(t *testing.T) {
	all := calls(t)
	heard := func(message string) {
		for _, c := range all {
			c.hit = c.hit || c.message.MatchString(message)
		}
	}
	for _, r := range refusals(t) {
		heard(r.want)
	}
	for _, file := range specFiles(t, "bad") {
		heard(string(read(t, strings.TrimSuffix(file, ".yaml")+".err")))
	}
	if len(all) < 100 {
		t.Fatalf("only %d refusals are found in the source", len(all))
	}
	for _, c := range all {
		if !c.hit {
			t.Errorf("%s: no spec is refused with %s", c.place, c.message)
		}
	}
}

// rewrite puts the messages as they are into the file, after its head.
func rewrite(t *testing.T, body string) {
	t.Helper()
	head, _, _ := strings.Cut(string(read(t, refusalsFile)), "\n== ")
	if *update {
		if err := os.WriteFile(refusalsFile, []byte(head+body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
