package arch

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// direct lists the modules that a go.mod requires for our own code.
func direct(mod string) []string {
	var all []string
	block := false
	for line := range strings.Lines(mod) {
		line = strings.TrimSpace(line)
		one, single := strings.CutPrefix(line, "require ")
		switch {
		case line == "require (":
			block = true
		case line == ")":
			block = false
		case strings.HasSuffix(line, "// indirect") || line == "" || strings.HasPrefix(line, "//"):
		case block:
			all = append(all, strings.Fields(line)[0])
		case single:
			all = append(all, strings.Fields(one)[0])
		}
	}
	return all
}

func TestDirectDependenciesStayFew(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(moduleRoot, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	all := direct(string(mod))
	t.Logf("%d direct dependencies", len(all))
	if len(all) == 0 || len(all) > maxDirect {
		t.Errorf("go.mod requires %d modules directly, want 1 to %d: %s", len(all), maxDirect, strings.Join(all, " "))
	}
}

func TestDirectCountsWhatGoModRequires(t *testing.T) {
	mod := "module m\n\nrequire one.example/a v1.0.0\n\nrequire (\n\ttwo.example/b v1.0.0\n\t// note\n\tthree.example/c v0.1.0 // indirect\n)\n"
	if got := fmt.Sprint(direct(mod)); got != "[one.example/a two.example/b]" {
		t.Errorf("direct dependencies %s, want those of lines 3 and 6", got)
	}
}
