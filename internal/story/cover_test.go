package story

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// cases are those that may never be without a story: what closely related programs are
// blind to, what is safe by default, and all that an operator can say.
var cases = []string{
	"stable 0 errors, canary 10 %", "canary 100 % errors", "canary conversions 0", "canary no traffic",
	"canary predictions but no outcomes", "stable stopped", "one partition silent", "labels late in one arm only",
	"no data", "canary silent", "stable silent", "watermark lag: no step forward, rollback allowed", "sample ratio off",
	"one unit too large", "labels slower than a stage", "engine catching up: one stage at most",
	"canary", "blueGreen", "canary, then switch", "shadow", "guard", "another generation",
	"lag", "late share", "coverage", "crossover", "unapplied verdict", "artifact changed", "records lost",
	"bake counts windows after the router applied", "least wall time between steps", "max duration: hold or rollback, never forward",
	"watch after promotion", "completed only when labels have matured",
	"pause, resume", "promote", "four eyes", "rollback", "kill", "abort", "restart", "kill -9", "drift from a baseline", "drift from an arm's own past", "internal error",
}

// Every case has a story in the table of the page, every story stands there under its
// title, and none is named that does not exist.
func TestEveryCaseHasItsStory(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	titles := map[string]string{}
	for _, file := range scripts(t) {
		s, err := Load(file)
		if err != nil {
			t.Fatal(err)
		}
		titles[strings.TrimSuffix(filepath.Base(file), ".story")] = s.Title
	}
	_, table, _ := strings.Cut(string(page), "## Which case is where")
	covered, named, last := map[string]bool{}, map[string]bool{}, ""
	for row := range strings.Lines(table) {
		cells := strings.Split(row, "|")
		if len(cells) != 5 || !strings.Contains(cells[2], "`") {
			continue
		}
		name := strings.Trim(cells[2], " `")
		if c := strings.TrimSpace(cells[1]); c != "" {
			last = c
		}
		if titles[name] != strings.TrimSpace(cells[3]) {
			t.Errorf("the page says of %s %q, the script %q", name, strings.TrimSpace(cells[3]), titles[name])
		}
		covered[last], named[name] = true, true
	}
	for _, c := range cases {
		if !covered[c] {
			t.Errorf("no story for: %s", c)
		}
	}
	for name := range titles {
		if !named[name] {
			t.Errorf("%s is not in the table of docs/scenarios.md", name)
		}
	}
}
