package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The README's commands are run as they stand: the blocks marked "sh run" in a
// fresh folder that holds a built binary, the demo's commands as subcommands.
func TestREADMECommandsRun(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "verdin"), ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	ran := 0
	for _, line := range commands(string(readme), "sh run") {
		cmd := exec.Command("bash", "-c", line)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		ran++
		if code := cmd.ProcessState.ExitCode(); err != nil && code != exitRollback {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
	if ran < 2 {
		t.Errorf("only %d commands were found: is a block still marked ```sh run?", ran)
	}
	for _, line := range commands(string(readme), "sh") {
		if rest, ok := strings.CutPrefix(line, "./verdin validate "); ok {
			path, _, _ := strings.Cut(rest, " ")
			if out, err := exec.Command(filepath.Join(dir, "verdin"), "validate", filepath.Join("../..", path)).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", line, err, out)
			}
		}
	}
}

// commands returns the lines of the fenced blocks with the given info string.
func commands(readme, info string) (lines []string) {
	on := false
	for line := range strings.Lines(readme) {
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
