package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBenchDriftWritesItsPartOfThePage(t *testing.T) {
	dir := t.TempDir()
	got := verdin(t, "bench", "drift", "--runs", "1", "--seed", "7", "--out", dir)
	if got.code != exitOK {
		t.Fatalf("exit code %d\n%s", got.code, got.diag)
	}
	page, err := os.ReadFile(filepath.Join(dir, benchPage))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"seed 7 and 1 runs", "### Drift: false alarms", "sticky users, 10 % canary", "### Drift: events to a verdict", "always fire"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if svg, err := os.ReadFile(filepath.Join(dir, "figures", "drift-false-alarms.svg")); err != nil || !strings.HasPrefix(string(svg), "<svg ") {
		t.Errorf("figure: %v", err)
	}
	if got := verdin(t, "bench", "drift", "--runs", "0"); got.code != exitUsage || !strings.Contains(got.diag, "--runs is 0") {
		t.Errorf("no runs: exit code %d, %s", got.code, got.diag)
	}
}
