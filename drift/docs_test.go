package drift

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The page names every row of every table, and every file that does not merely help.
func TestThePageNamesEveryRowAndFile(t *testing.T) {
	raw, err := os.ReadFile("../docs/drift.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	names := slices.Concat(slices.Sorted(maps.Keys(Methods)), slices.Sorted(maps.Keys(Equivalents)), slices.Sorted(maps.Keys(StickyMethods)))
	for _, d := range Distances {
		names = append(names, d.Name)
	}
	for _, name := range names {
		if !strings.Contains(page, "**"+name+"**") {
			t.Errorf("docs/drift.md does not name %s", name)
		}
	}
	for _, in := range Injections {
		if !strings.Contains(page, in.Name) {
			t.Errorf("docs/drift.md does not name the fault %s", in.Name)
		}
	}
	helpers := []string{"doc.go", "methods.go", "same.go", "distances.go", "state.go", "mixture.go", "climb.go"}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f, "_test.go") && !slices.Contains(helpers, f) && !strings.Contains(page, "`"+f+"`") {
			t.Errorf("docs/drift.md does not name %s", f)
		}
	}
}
