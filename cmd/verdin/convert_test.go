package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The verdict log of a recording does not depend on its format.
func TestReplayOfEveryFormatGivesTheSameVerdicts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in, spec := filepath.Join(dir, "x.ndjson.zst"), filepath.Join(dir, "x.yaml")
	rate := "5"
	if raceDetector {
		rate = "1" // the same formats, with fewer rows
	}
	if code, _, diag := cli(t, "simulate", "--scenario", "latency", "--rate", rate, "--out", in); code != exitOK {
		t.Fatalf("simulate: %d, %s", code, diag)
	}
	wantCode, want, _ := cli(t, "replay", in, "--spec", spec)
	if want == "" {
		t.Fatal("no verdicts")
	}
	for _, name := range []string{"x.arrow", "x.lz4.arrow", "x.csv", "x.csv.gz", "x.parquet", "x.ndjson", "x.ndjson.gz"} {
		out := filepath.Join(dir, name)
		args := []string{"convert", in, out}
		if strings.Contains(name, "lz4") {
			args = append(args, "--compression", "lz4")
		}
		code, data, diag := cli(t, args...)
		if code != exitOK || data != "" || !strings.Contains(diag, "events written to "+out) {
			t.Fatalf("convert to %s: exit %d, %q, %s", name, code, data, diag)
		}
		if code, got, diag := cli(t, "replay", out, "--spec", spec); code != wantCode || got != want {
			t.Errorf("replay of %s: exit %d, want %d; %s\n got %.300s\nwant %.300s", name, code, wantCode, diag, got, want)
		}
	}
}

// A column that --field names and no row has is most likely misspelt.
func TestConvertTellsOfColumnsThatNoRowHas(t *testing.T) {
	in := write(t, t.TempDir(), "clicks.csv", "request,ts,variant,bought\nr1,2026-03-01 12:00:00,canary,true\n")
	out := filepath.Join(t.TempDir(), "events.ndjson")
	code, _, diag := cli(t, "convert", in, out, "--set", "rollout=shop", "--field", "arm=variant", "--field", "prediction_id=request",
		"--field", "event_time=ts", "--field", "latency_seconds=secs", "--field", "outcome.purchase=bought")
	if code != exitOK || !strings.Contains(diag, "columns that --field names and no row has: secs: check their names") {
		t.Errorf("exit code %d: %s", code, diag)
	}
}

func TestConvertSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := file("good.ndjson", `{"type":"outcome","unit_id":"u","name":"n","value":1,"event_time":"2026-03-01T12:00:00Z"}`+"\n")
	bad := file("bad.ndjson", "{}\n")
	tab := file("tab.csv", "id,timestamp,prediction,target\n1,2026-03-01 12:00:00,2,3\n")
	out := filepath.Join(dir, "out.arrow")
	for _, c := range []struct {
		args []string
		code int
		diag string
	}{
		{[]string{good}, exitUsage, "convert wants the input and the output"},
		{[]string{good, "out.xml"}, exitUsage, "format of out.xml"},
		{[]string{good, out, "--compression", "brotli"}, exitUsage, `unknown --compression "brotli"`},
		{[]string{good, "x.parquet", "--compression", "lz4"}, exitUsage, "of Arrow only"},
		{[]string{tab, out, "--map", "evidently", "--set", "arm=stable"}, exitUsage, "--set rollout=NAME"},
		{[]string{tab, out, "--map", "other", "--set", "rollout=r"}, exitUsage, `unknown --map "other"`},
		{[]string{tab, out, "--map", "evidently", "--set", "rollout=r"}, exitRuntime, "tab.csv, line 2: no arm"},
		{[]string{bad, out}, exitRuntime, "bad.ndjson, line 1: no event"},
		{[]string{filepath.Join(dir, "absent.csv"), out}, exitRuntime, "no such file"},
		{[]string{bad, out, "--skip-bad"}, exitOK, "1 left out, the first: " + bad + ", line 1"},
		{[]string{tab, out, "--map", "evidently", "--set", "rollout=r", "--set", "arm=stable"}, exitOK, "2 events written"},
		{[]string{tab, out, "--field", "prediction_id=id", "--field", "event_time=timestamp", "--set", "rollout=r", "--set", "arm=stable"}, exitOK,
			"columns that no field takes: prediction (1), target (1): name them with --field"},
	} {
		before, _ := os.ReadFile(out)
		code, data, diag := cli(t, append([]string{"convert"}, c.args...)...)
		if code != c.code || !strings.Contains(diag, c.diag) || data != "" {
			t.Errorf("convert %q: exit %d, %q, want %d with %q", c.args, code, diag, c.code, c.diag)
		}
		after, _ := os.ReadFile(out)
		if code != exitOK && string(before) != string(after) {
			t.Errorf("convert %q: it failed and changed the output", c.args)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// Replay of another system's table belongs to the rollout of its spec.
func TestReplayOfAForeignTable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in, spec := filepath.Join(dir, "x.ndjson"), filepath.Join(dir, "x.yaml")
	if code, _, diag := cli(t, "simulate", "--scenario", "errors", "--rate", "5", "--out", in); code != exitOK {
		t.Fatalf("simulate: %d, %s", code, diag)
	}
	table := filepath.Join(dir, "x.csv")
	if code, _, diag := cli(t, "convert", in, table); code != exitOK {
		t.Fatal(diag)
	}
	text, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	header, rest, _ := strings.Cut(string(text), "\n")
	header = strings.NewReplacer("prediction_id", "request", "arm", "variant", "event_time", "at", "type", "kind", "rollout", "project").Replace(header) // error_type becomes error_kind
	lines := []string{header}
	for line := range strings.Lines(rest) {
		if strings.HasPrefix(line, "prediction,") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	if err := os.WriteFile(table, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, verdicts, diag := cli(t, "replay", table, "--spec", spec, "--field", "prediction_id=request", "--field", "arm=variant",
		"--field", "event_time=at", "--field", "error_type=error_kind", "--field", "status_code=status_code", "--field", "latency_seconds=latency_seconds",
		"--field", "unit_id=unit_id", "--field", "features.*=features.*")
	if code != exitRollback || verdicts == "" || !strings.Contains(diag, "columns that no field takes: ") {
		t.Errorf("exit %d, %.200s, %s", code, verdicts, diag)
	}
	if code, _, diag := cli(t, "replay", table, "--spec", spec, "--map", "other"); code != exitUsage || !strings.Contains(diag, "unknown --map") {
		t.Errorf("exit %d, %s", code, diag)
	}
}

// A recording is no spec; its lines are not poured over the terminal.
func TestValidateOfARecordingQuotesLittle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.ndjson")
	if err := os.WriteFile(path, []byte(`{"type":"prediction","prediction_id":"`+strings.Repeat("x", 3000)+"\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, diag := cli(t, "validate", path)
	if code != exitUsage || len(diag) > 1000 {
		t.Errorf("exit %d, %d bytes: %s", code, len(diag), diag)
	}
}

// cli runs verdin to its end.
func cli(t *testing.T, args ...string) (code int, data, diag string) {
	t.Helper()
	r := verdin(t, args...)
	return r.code, r.out, r.diag
}
