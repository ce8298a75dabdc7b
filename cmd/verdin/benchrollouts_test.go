package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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

// One rollout of a row can be looked at again, verdict by verdict.
func TestBenchRolloutsPrintsOneRollout(t *testing.T) {
	one := verdin(t, "bench", "rollouts", "--only", "broken", "--run", "3")
	if one.code != exitOK || !strings.Contains(one.out, "window 0: advance, running at 10 %: started") || !strings.Contains(one.out, "rollback, rolled_back") || !strings.Contains(one.out, "Flagger: rolled_back") {
		t.Fatalf("exit code %d\n%s%s", one.code, one.out, one.diag)
	}
	if again := verdin(t, "bench", "rollouts", "--only", "broken", "--run", "3", "--seed", "1"); again.out != one.out {
		t.Errorf("the same rollout again prints\n%s", again.out)
	}
	if other := verdin(t, "bench", "rollouts", "--only", "broken", "--run", "3", "--seed", "2"); other.out == one.out {
		t.Error("another seed prints the same")
	}
	for _, args := range [][]string{{"--run", "3"}, {"--only", "broken", "--run", "-1"}, {"--only", "no such row"}, {"--runs", "0"}} {
		if got := verdin(t, append([]string{"bench", "rollouts"}, args...)...); got.code != exitUsage {
			t.Errorf("%v: exit code %d, %s", args, got.code, got.diag)
		}
	}
}
