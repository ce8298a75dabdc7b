package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBenchStatsWritesItsPartOfThePage(t *testing.T) {
	dir := t.TempDir()
	page := filepath.Join(dir, benchPage)
	text := "# By hand\n\n<!-- bench stats: begin -->\n<!-- bench stats: end -->\n\nThe end.\n"
	if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	got := verdin(t, "bench", "stats", "--runs", "2", "--seed", "7", "--out", dir)
	if got.code != exitOK || got.out != "" || !strings.Contains(got.diag, "harmless 1 of") {
		t.Fatalf("exit code %d, %q\n%s", got.code, got.out, got.diag)
	}
	written, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# By hand\n", "seed 7 and 2 runs", "### False alarms", "### Delay", "\nThe end.\n"} {
		if !strings.Contains(string(written), want) {
			t.Errorf("the page has no %q", want)
		}
	}
	for _, name := range []string{"false-alarms.svg", "false-alarms-by-look.svg", "delay.svg"} {
		if svg, err := os.ReadFile(filepath.Join(dir, "figures", name)); err != nil || !strings.HasPrefix(string(svg), "<svg ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	again := verdin(t, "bench", "stats", "--runs", "2", "--seed", "7")
	if again.code != exitOK || !strings.Contains(string(written), strings.TrimSpace(again.out)) {
		t.Errorf("the same seed prints other tables, exit code %d", again.code)
	}
}

func TestBenchRefusals(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, benchPage), []byte("# No marks\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "--runs is 0", []string{"stats", "--runs", "0"}},
		{exitUsage, "wants no arguments", []string{"stats", "x"}},
		{exitUsage, "wants the name of a benchmark", []string{"statz"}},
		{exitRuntime, "bench stats: begin", []string{"stats", "--runs", "1", "--out", dir}},
	} {
		got := verdin(t, append([]string{"bench"}, c.args...)...)
		if got.code != c.code || !strings.Contains(got.diag, c.want) {
			t.Errorf("%v: exit code %d, %s", c.args, got.code, got.diag)
		}
	}
	if got := verdin(t, "bench"); got.code != exitOK || !strings.Contains(got.out, "stats") {
		t.Errorf("bench alone: exit code %d, %s", got.code, got.out)
	}
}
