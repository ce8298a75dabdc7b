//go:build !race

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The workers behind this command are shown to the race detector by internal/bench.
func TestBenchRolloutsWritesItsPartOfThePage(t *testing.T) {
	dir := t.TempDir()
	got := verdin(t, "bench", "rollouts", "--runs", "1", "--seed", "7", "--out", dir)
	if got.code != exitOK {
		t.Fatalf("exit code %d\n%s", got.code, got.diag)
	}
	page, err := os.ReadFile(filepath.Join(dir, benchPage))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"seed 7 and 1 runs", "### Whole rollouts: harmless canaries", "| users who come back |", "### Whole rollouts: canaries at the margin", "### Whole rollouts: harmful canaries", "| Argo Rollouts |"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page has no %q", want)
		}
	}
	for _, name := range []string{"rollouts-harmless.svg", "rollouts-harmful.svg"} {
		if svg, err := os.ReadFile(filepath.Join(dir, "figures", name)); err != nil || !strings.HasPrefix(string(svg), "<svg ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
