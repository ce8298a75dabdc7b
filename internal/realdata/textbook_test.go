package realdata

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"verdin/internal/shareddata"
)

// answer is a row of a table of EXPECTED.md, the answers that lie beside the data.
type answer struct {
	set  string // first word of its heading: the folder of the data
	line int
	head []string
	row  []string
}

// heading is that of a data set: its number, its name, more words.
var heading = regexp.MustCompile(`^## \d+\. ([A-Za-z0-9_/]+)`)

// textbook reads the answers. It is skipped, or fails where data are required, without
// the folder of data.
func textbook(t *testing.T) (all []answer) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(shareddata.Dir(t, "."), "EXPECTED.md"))
	if err != nil {
		t.Fatal(err)
	}
	set, head := "", []string(nil)
	for i, line := range strings.Split(string(text), "\n") {
		switch found := heading.FindStringSubmatch(line); {
		case found != nil:
			set = found[1]
		case strings.HasPrefix(line, "## "):
			t.Fatalf("EXPECTED.md:%d: a heading of another form: %s", i+1, line)
		case !strings.HasPrefix(line, "|"):
			head = nil
		case head == nil:
			head = fields(line)
		case !strings.HasPrefix(line, "|--"):
			a := answer{set, i + 1, head, fields(line)}
			if len(a.row) != len(head) {
				t.Fatalf("EXPECTED.md:%d: %d cells under %d heads", a.line, len(a.row), len(head))
			}
			all = append(all, a)
		}
	}
	return all
}

func fields(line string) []string {
	out := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return out
}

// cell is the cell below a head, "" if the table has none.
func (a *answer) cell(head string) string {
	if i := slices.Index(a.head, head); i >= 0 {
		return a.row[i]
	}
	return ""
}

// TestEveryAnswerIsTestedOrSaysWhyNot reads the whole document: a data set, a table or a
// row that came to it turns this red until somebody says what of it is tested.
func TestEveryAnswerIsTestedOrSaysWhyNot(t *testing.T) {
	all, tests := textbook(t), testNames(t)
	hits := make([]int, len(claims))
	sets := map[string]bool{}
	for _, a := range all {
		sets[a.set] = true
		found := false
		for i, c := range claims {
			if c.matches(&a) {
				hits[i]++
				found = true
			}
		}
		if !found {
			t.Errorf("EXPECTED.md:%d: nothing is said of %s | %s | %s: add a test, and a line to claims", a.line, a.set, a.row[0], a.row[1])
		}
	}
	for i, c := range claims {
		if hits[i] == 0 {
			t.Errorf("no row is %+v any more", c)
		}
		if c.why == "" && !tests[c.test] {
			t.Errorf("%s has no test %q", c.set, c.test)
		}
		if c.why != "" && c.test != "" {
			t.Errorf("%s: both tested and not: %+v", c.set, c)
		}
	}
	if len(all) < 230 {
		t.Errorf("only %d answers were found", len(all))
	}
	folders, err := os.ReadDir(shareddata.Dir(t, "."))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if f.IsDir() && !sets[f.Name()] {
			t.Errorf("the data set %s has no answers", f.Name())
		}
	}
}

// testNames are the tests of this folder.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(text), -1) {
			names[m[1]] = true
		}
	}
	return names
}
