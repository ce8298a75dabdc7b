package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"verdin/internal/scenario"
)

// recorded writes a short scenario in dir and returns the paths of the recording
// and of its spec.
func recorded(t *testing.T, dir, name string) (file, spec string) {
	t.Helper()
	file = filepath.Join(dir, name)
	if got := verdin(t, "simulate", "--scenario", "drift", "--out", file); got.code != exitOK {
		t.Fatalf("simulate: exit code %d: %s", got.code, got.diag)
	}
	return file, specPath(file)
}

// says fails unless a command ended with code and told why in one line with all
// parts, and nothing on standard output.
func says(t *testing.T, got result, code int, parts ...string) {
	t.Helper()
	if got.code != code || strings.Count(got.diag, "\n") != 1 || !strings.HasPrefix(got.diag, "verdin: ") || !containsAll(got.diag, parts) {
		t.Errorf("exit code %d and %q, want %d and one line with %q", got.code, got.diag, code, parts)
	}
	if got.out != "" {
		t.Errorf("standard output has %q", got.out)
	}
}

// Whatever a caller may get wrong is answered by one line that names it and what
// to do, and by exit code 2.
func TestUsageErrorsAreOneLineWithARemedy(t *testing.T) {
	dir := t.TempDir()
	file, spec := recorded(t, dir, "d.ndjson")
	write(t, dir, "mine.yaml", "my: spec\n")
	names := strings.Join(scenario.Names(), ", ")
	for _, c := range []struct{ args, want string }{
		{"nope", `unknown command "nope"|see verdin --help`},
		{"replya", `unknown command "replya"|did you mean "replay"?`},
		{"--nope", `unknown flag: --nope|see verdin --help`},
		{"demo --scenaro good", `unknown flag: --scenaro|see verdin demo --help`},
		{"demo --seed -1", `"-1"|--seed|see verdin demo --help`},
		{"demo good", `no arguments, got 1|see verdin demo --help`},
		{"demo --scenario nope", `"nope"|` + names},
		{"simulate --scenario nope --out x", `"nope"|` + names},
		{"simulate --scenario latency", `wants --out FILE|--out latency.ndjson.zst`},
		{"simulate --out " + dir + "/d.yaml", `d.yaml|another ending`},
		{"simulate --out " + dir + "/mine.ndjson", `mine.yaml, which differs|choose another --out`},
		{"simulate --rate -1 --out x", `--rate is -1`},
		{"simulate -o xml --out x", `"xml"|jsonl or text`},
		{"replay --spec " + spec, `at least one recording|see verdin replay --help`},
		{"replay " + file, `wants --spec SPEC`},
		{"replay " + file + " --spec " + dir + "/absent.yaml", `absent.yaml: no such file`},
		{"replay " + file + " --spec " + spec + " -o xml", `"xml"|jsonl or text`},
		{"validate", `the spec's file, got 0|see verdin validate --help`},
		{"validate " + dir + "/absent.yaml", `absent.yaml: no such file`},
		{"run now", `no arguments, got 1`},
		{"version now", `no arguments, got 1`},
	} {
		t.Run(c.args, func(t *testing.T) {
			says(t, verdin(t, strings.Fields(c.args)...), exitUsage, strings.Split(c.want, "|")...)
		})
	}
	if text, err := os.ReadFile(filepath.Join(dir, "mine.yaml")); err != nil || string(text) != "my: spec\n" {
		t.Errorf("simulate wrote over a file that was there: %q, %v", text, err)
	}
}

// A spec that is refused is shown with its place, the line, and a caret.
func TestARefusedSpecIsShownWithACaret(t *testing.T) {
	dir := t.TempDir()
	file, spec := recorded(t, dir, "d.ndjson")
	text, err := os.ReadFile(spec)
	if err != nil {
		t.Fatal(err)
	}
	bad := write(t, dir, "bad.yaml", strings.Replace(string(text), "- {weight: 25,", "- {wieght: 25,", 1))
	want := "verdin: " + bad + `:16:8: unknown field "wieght": did you mean "weight"?
 16 |     - {wieght: 25, bake: 30m, minSamples: 2000, maxDuration: 2h}
    |        ^
`
	for _, args := range [][]string{{"validate", bad}, {"replay", file, "--spec", bad}} {
		if got := verdin(t, args...); got.code != exitUsage || got.diag != want || got.out != "" {
			t.Errorf("%v: exit code %d, out %q and\n%swant\n%s", args, got.code, got.out, got.diag, want)
		}
	}
}

// What validate prints is a spec with every default, which is valid and prints the same.
func TestValidatePrintsASpecThatValidates(t *testing.T) {
	_, spec := recorded(t, t.TempDir(), "d.ndjson")
	first := verdin(t, "validate", spec)
	again := verdin(t, "validate", write(t, t.TempDir(), "again.yaml", first.out))
	if first.code != exitOK || again.code != exitOK || first.out != again.out || first.diag != again.diag {
		t.Errorf("exit codes %d and %d: %s%s\n%s\nand then\n%s", first.code, again.code, first.diag, again.diag, first.out, again.out)
	}
	if !strings.Contains(first.out, "name: assistant") || !strings.Contains(first.out, "lateness: 10s") {
		t.Errorf("the spec lacks what it was given:\n%s", first.out)
	}
}

// A recording that cannot be read to its end names the file and the place, and is
// no verdict: the exit code is 1 even where a rollback was decided before.
func TestADamagedRecordingNamesItsPlace(t *testing.T) {
	dir := t.TempDir()
	_, spec := recorded(t, dir, "d.ndjson")
	for _, ending := range []string{"", ".gz", ".zst"} {
		whole := filepath.Join(dir, "d.ndjson"+ending)
		if ending != "" {
			recorded(t, dir, "d.ndjson"+ending)
		}
		data, err := os.ReadFile(whole)
		if err != nil {
			t.Fatal(err)
		}
		for _, keep := range []int{len(data) / 3, len(data) - 2} {
			cut := write(t, dir, "cut.ndjson"+ending, string(data[:keep]))
			got := verdin(t, "replay", cut, "--spec", spec)
			got.out = "" // verdicts up to the damage may stand there
			says(t, got, exitRuntime, cut, "cut off after byte ", "in line ", "copy or record it again")
		}
	}
	for args, want := range map[string]string{
		dir + "/absent.ndjson":            "absent.ndjson: no such file",
		dir:                               "is a directory",
		write(t, dir, "empty.ndjson", ""): "no events in the recording|NDJSON",
		write(t, dir, "prose.ndjson", "Dear all,\nhi\n"): "no events in the recording|2 lines rejected, the first: |prose.ndjson, offset 0",
	} {
		says(t, verdin(t, "replay", args, "--spec", spec), exitRuntime, strings.Split(want, "|")...)
	}
}

// Lines that are no events change no verdict and are accounted for.
func TestReplayAccountsForRejectedLines(t *testing.T) {
	dir := t.TempDir()
	file, spec := recorded(t, dir, "d.ndjson")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	clean := verdin(t, "replay", file, "--spec", spec, "-o", "text")
	dirty := verdin(t, "replay", write(t, dir, "dirty.ndjson", string(data)+"{\"a\":\n{}\n"), "--spec", spec, "-o", "text")
	if dirty.code != exitRollback || dirty.out != clean.out {
		t.Errorf("exit code %d and\n%swant\n%s", dirty.code, dirty.out, clean.out)
	}
	if !strings.Contains(dirty.diag, "2 lines rejected, the first: ") || strings.Contains(clean.diag, "rejected") {
		t.Errorf("the account says %q, and of the clean recording %q", dirty.diag, clean.diag)
	}
}

// The version and the help go to standard output.
func TestVersionAndHelp(t *testing.T) {
	for args, want := range map[string]string{"version": "verdin ", "": "Available Commands", "replay --help": "Exit code: 0 promoted or completed, 3 rolled"} {
		if got := verdin(t, strings.Fields(args)...); got.code != exitOK || !strings.Contains(got.out, want) || got.diag != "" {
			t.Errorf("verdin %s: exit code %d, %q, %q", args, got.code, got.out, got.diag)
		}
	}
}
