package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A script is played with its exit code: as written, otherwise, or not to be read.
func TestScenarioPlaysScripts(t *testing.T) {
	t.Parallel()
	const told = "title: a canary that fails is taken back\n-- story --\n0s see advance started\n1m canary error_type 50%\n1m..2m see rollback harm\n3m end\n"
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		must(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	right := write("right.story", told)
	for _, c := range []struct {
		args      []string
		code      int
		out, diag string
	}{
		{[]string{right}, exitOK, "» 1m30s    rollback canary 0%  harm:", ""},
		{[]string{right, "-o", "jsonl"}, exitOK, `"verdict":"rollback"`, ""},
		{[]string{write("other.story", strings.Replace(told, "50%", "0%", 1)), right}, exitRuntime, "canary error_type 0%", "1 of 2 scripts did not go as they say"},
		{[]string{write("odd.story", "titel: x\n")}, exitUsage, "", "odd.story:1:"},
		{[]string{filepath.Join(dir, "none.story")}, exitUsage, "", "no such file"},
		{[]string{right, "-o", "yaml"}, exitUsage, "", "use text or jsonl"},
		{[]string{"../../testdata/scenarios/default-guardrail-without-margin.story"}, exitOK, "the spec is refused", ""},
	} {
		got := verdin(t, append([]string{"scenario"}, c.args...)...)
		if got.code != c.code || !strings.Contains(got.out, c.out) || !strings.Contains(got.diag, c.diag) {
			t.Errorf("%v: exit code %d\n%s\n%s\nwant %d, %q, %q", c.args, got.code, got.out, got.diag, c.code, c.out, c.diag)
		}
	}
}
