package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// A spec is checked at the traffic that a caller states, or that was recorded: the message
// points at the stage that cannot decide, and the spec is printed as it stands.
func TestValidateAtATraffic(t *testing.T) {
	dir := t.TempDir()
	stream := filepath.Join(dir, "aa.ndjson.zst")
	if got := verdin(t, "simulate", "--scenario", "errors", "--out", stream); got.code != exitOK {
		t.Fatal(got.diag)
	}
	text := func(duration string) string {
		return strings.NewReplacer("DURATION", duration).Replace(`apiVersion: verdin/v1alpha1
kind: Rollout
metadata: {name: assistant}
spec:
  arms: {stable: assistant-v41, canary: assistant-v42}
  assignment: request
  source: {time: {window: 30s, lateness: 10s}}
  stages: [{weight: 10, bake: 10m, maxDuration: DURATION}, {weight: 100, bake: 10m}]
  metrics:
    - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.002}}
    - {name: tokens, kind: mean, field: metrics.tokens, cap: 1000, worse: higher, role: guardrail, margin: {relative: 20%}}
`)
	}
	short, long := write(t, dir, "short.yaml", text("20m")), write(t, dir, "long.yaml", text("60h"))
	plain := verdin(t, "validate", short)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{short}, exitOK, ""},
		{[]string{short, "--traffic", "20/min"}, exitUsage, "short.yaml:8:49: stage 1: about 40 predictions of the smaller arm come within 20m"},
		{[]string{short, "--traffic", "2000/min"}, exitOK, ""}, // nothing is known of the rates
		{[]string{short, "--traffic", "2000/min", "--rate", "errors=1%"}, exitUsage, "short.yaml:8:49: stage 1 cannot decide within 20m: showing errors safe takes about"},
		{[]string{short, "--traffic", "2000000/min", "--rate", "errors=1%", "--rate", "tokens=200:100"}, exitOK, ""},
		{[]string{short, "--recording", stream}, exitUsage, "stage 1 cannot decide within 20m: showing errors safe takes about"},
		{[]string{long, "--recording", stream}, exitOK, ""},
		{[]string{short, "--recording", stream, "--traffic", "2000000/min"}, exitOK, ""}, // what is stated wins
		{[]string{short, "--traffic", "20"}, exitUsage, `--traffic "20": write a number per s, min or h`},
		{[]string{short, "--rate", "clicks=1%"}, exitUsage, `--rate "clicks=1%": no metric is called "clicks"; there are errors, tokens`},
		{[]string{short, "--recording", filepath.Join(dir, "none.ndjson")}, exitRuntime, "none.ndjson: no such file"},
	} {
		got := verdin(t, append([]string{"validate"}, c.args...)...)
		if got.code != c.code || !strings.Contains(got.diag, c.says) {
			t.Errorf("%v: exit code %d, want %d with %q:\n%s", c.args[1:], got.code, c.code, c.says, got.diag)
		}
		if c.code == exitOK && c.args[0] == short && got.out != plain.out {
			t.Errorf("%v: the spec is printed with the traffic that was only asked about", c.args[1:])
		}
	}
}
