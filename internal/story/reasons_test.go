package story

import (
	"go/ast"
	goparser "go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"verdin/decision"
	"verdin/internal/telemetry"
)

// codes are the reasons as the source declares them: every constant Reason… of package
// decision, whether or not it stands in the list of reasons.
func codes(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../decision/*.go")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, file := range files {
		f, err := goparser.ParseFile(token.NewFileSet(), file, nil, goparser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok {
				for i, name := range v.Names {
					if strings.HasPrefix(name.Name, "Reason") && i < len(v.Values) {
						if lit, ok := v.Values[i].(*ast.BasicLit); ok && lit.Kind == token.STRING {
							all[name.Name], _ = strconv.Unquote(lit.Value)
						}
					}
				}
			}
			return true
		})
	}
	return all
}

// seen are the reasons that the stories' verdicts have, and where a verdict cannot be
// published, those that are in force: TestStories plays every story to the word.
func seen(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, file := range scripts(t) {
		s, err := Load(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, see := range s.sees {
			all[see.Reason] = true
		}
		for _, l := range s.looks {
			all[l.Text] = all[l.Text] || l.What == "reason"
		}
	}
	return all
}

// exported are the reasons that the gauge of the reason in force can show.
func exported(t *testing.T) map[string]bool {
	t.Helper()
	m, all := telemetry.New(), map[string]bool{}
	m.Declare(telemetry.Rollout, "prod/recsys")
	for _, r := range decision.Reasons { // as the engine does for each rollout
		m.Declare(telemetry.Reason, r.Code)
	}
	for _, code := range codes(t) {
		m.InForce("prod/recsys", code)
		families, err := m.Registry().Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() != "verdin_rollout_reason" {
				continue
			}
			for _, metric := range f.GetMetric() {
				for _, l := range metric.GetLabel() {
					all[l.GetValue()] = all[l.GetValue()] || l.GetName() == string(telemetry.Reason)
				}
			}
		}
	}
	return all
}

// Every reason of the source is listed, tells people what to do on its page, is a value of
// its metric's label, and is seen in a story of the whole engine. There are no exceptions.
func TestEveryReasonIsListedDocumentedExportedAndSeen(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/reasons.md")
	if err != nil {
		t.Fatal(err)
	}
	todo := map[string]string{}
	for row := range strings.Lines(string(page)) {
		if cells := strings.Split(row, "|"); len(cells) == 6 {
			todo[strings.Trim(cells[1], " `")] = strings.TrimSpace(cells[3])
		}
	}
	told, shown, all := seen(t), exported(t), codes(t)
	for name, code := range all {
		listed := slices.ContainsFunc(decision.Reasons, func(r decision.Reason) bool { return r.Code == code })
		if !listed || todo[code] == "" || !shown[code] || !told[code] {
			t.Errorf("%s %q: listed %v, what to do %q, exported %v, seen in a story %v", name, code, listed, todo[code], shown[code], told[code])
		}
	}
	if len(all) != len(decision.Reasons) {
		t.Errorf("%d reasons in the source, %d in the list", len(all), len(decision.Reasons))
	}
}
