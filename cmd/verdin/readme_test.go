package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// The README's commands are run as they stand: the blocks marked "sh run" in a
// fresh folder that holds a built binary.
func TestREADMECommandsRun(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	dir := t.TempDir()
	must(t, os.Symlink(binary(t), filepath.Join(dir, "verdin")))
	lines := commands(t, "sh run")
	if len(lines) < 2 {
		t.Errorf("only %d commands were found: is a block still marked ```sh run?", len(lines))
	}
	for _, line := range lines {
		cmd := exec.CommandContext(ctx, "bash", "-c", line)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		want := exitOK
		if strings.Contains(line, " replay ") {
			want = exitRollback // the README replays a scenario that is rolled back
		}
		if code := cmd.ProcessState.ExitCode(); code != want {
			t.Errorf("%s: exit code %d, want %d: %v\n%s", line, code, want, err, out)
		}
	}
}

// Every other command of the README has a name and flags that exist, and the spec
// that it points to is valid.
func TestREADMECommandsExist(t *testing.T) {
	found := 0
	for _, line := range commands(t, "sh") {
		line, _, _ = strings.Cut(line, "#")
		args := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "go run ./cmd/verdin "):
			args = args[3:]
		case strings.HasPrefix(line, "./verdin "):
			args = args[1:]
		default:
			continue
		}
		found++
		if got := verdin(t, append(slices.Clone(args), "--help")...); got.code != exitOK {
			t.Errorf("%s: exit code %d: %s", line, got.code, got.diag)
		}
		if args[0] == "validate" {
			if got := verdin(t, "validate", filepath.Join("..", "..", args[1])); got.code != exitOK {
				t.Errorf("%s: exit code %d: %s", line, got.code, got.diag)
			}
		}
	}
	if found < 4 {
		t.Errorf("only %d commands were found", found)
	}
}

// What the README shows of a short demo is what the demo shows, to the digit. Claims of
// safety are left out: they hang on when the router acknowledges. On a busy machine a
// partition may be found silent at another tick, since a fetch did not come back in time
// by the demo's fast clock, and then windows are judged at other ticks: of three demos one
// must be the README's.
func TestREADMEShowsTheDemo(t *testing.T) {
	t.Parallel()
	_, shown, ok := strings.Cut(readme(t), "$ go run ./cmd/verdin demo --scenario errors\n")
	shown, _, _ = strings.Cut(shown, "```")
	varies := regexp.MustCompile(`^…|/safe|of traffic in`)
	var lines []string
	for _, line := range strings.Split(strings.TrimSpace(shown), "\n") {
		if line != "" && !varies.MatchString(line) {
			lines = append(lines, line)
		}
	}
	if !ok || len(lines) < 10 {
		t.Fatalf("the README shows only %d lines of the demo", len(lines))
	}
	for try := 1; ; try++ {
		got := verdin(t, "demo", "--scenario", "errors")
		i := slices.IndexFunc(lines, func(line string) bool { return !strings.Contains(got.out, line+"\n") })
		if i < 0 {
			return
		}
		if try == 3 {
			t.Fatalf("the README shows\n%s\nwhich the demo does not:\n%s", lines[i], got.out)
		}
	}
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// commands returns the lines of the README's fenced blocks with the given info string.
func commands(t *testing.T, info string) (lines []string) {
	t.Helper()
	on := false
	for line := range strings.Lines(readme(t)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "```"+info:
			on = true
		case strings.HasPrefix(line, "```"):
			on = false
		case on && line != "":
			lines = append(lines, line)
		}
	}
	return lines
}
