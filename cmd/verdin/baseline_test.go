//go:build !race

package main

// Hours of traffic, played many times by commands that other tests show to the race
// detector: simulate, calibrate, validate and replay.

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shifted copies a recording with a feature of some rows changed.
func shifted(t *testing.T, from string, change func(arm string, features map[string]any)) string {
	t.Helper()
	data, err := os.ReadFile(from)
	must(t, err)
	var out strings.Builder
	for line := range strings.Lines(string(data)) {
		var event map[string]any
		must(t, json.Unmarshal([]byte(line), &event))
		inner := event
		if d, ok := event["data"].(map[string]any); ok {
			inner = d
		}
		if features, ok := inner["features"].(map[string]any); ok {
			change(inner["arm"].(string), features)
		}
		b, err := json.Marshal(event)
		must(t, err)
		out.Write(b)
		out.WriteByte('\n')
	}
	path := filepath.Join(t.TempDir(), "shifted.ndjson")
	must(t, os.WriteFile(path, []byte(out.String()), 0o644))
	return path
}

// The suggested spec and its baseline are a pair that validate and replay take: they are
// silent on the history, find a feature that breaks in the canary, and know a world that
// moved from one in which the canary is at fault. Another baseline is refused.
func TestASuggestedSpecFindsDriftByItsBaseline(t *testing.T) {
	history := filepath.Join(t.TempDir(), "history.ndjson")
	if r := verdin(t, "simulate", "--scenario", "aa", "--rate", "2", "--out", history); r.code != exitOK {
		t.Fatalf("exit code %d: %s", r.code, r.diag)
	}
	text, err := os.ReadFile(specPath(history))
	must(t, err)
	world := `  drift:
    - {name: world, of: [features.basket_value], between: reference, reference: baseline.json, method: psi, above: 0.25, role: signal}
`
	dir := t.TempDir()
	spec := filepath.Join(dir, "spec.yaml")
	must(t, os.WriteFile(filepath.Join(dir, "with.yaml"), []byte(strings.Replace(string(text), "  drift:\n", world, 1)), 0o644))
	if r := verdin(t, "calibrate", history, "--spec", filepath.Join(dir, "with.yaml"), "--out", dir, "--splits", "3", "--power", "0"); r.code != exitOK {
		t.Fatalf("calibrate: exit code %d: %s", r.code, r.diag)
	}
	if r := verdin(t, "validate", spec); r.code != exitOK {
		t.Fatalf("validate: exit code %d: %s", r.code, r.diag)
	}
	times := func(by float64, arms ...string) func(string, map[string]any) {
		return func(arm string, f map[string]any) {
			if x, ok := f["basket_value"].(float64); ok && (len(arms) == 0 || arm == arms[0]) {
				f["basket_value"] = x * by
			}
		}
	}
	for _, c := range []struct {
		name, file    string
		reason, never string
	}{
		{"history", history, "", "validity"},
		{"canary in other units", shifted(t, history, times(1000, "canary")), `"code":"validity"`, `"code":"world"`},
		{"both arms moved", shifted(t, history, times(3)), `"code":"world"`, `"code":"validity"`},
	} {
		r := verdin(t, "replay", c.file, "--spec", spec, "-o", "jsonl")
		if !strings.Contains(r.out, c.reason) || strings.Contains(r.out, c.never) || strings.Contains(r.out, `"verdict":"rollback"`) {
			t.Errorf("%s: exit code %d, want reason %s and never %s: %s\n%s", c.name, r.code, c.reason, c.never, r.diag, tail(r.out))
		}
	}
	base := filepath.Join(dir, "baseline.json")
	data, err := os.ReadFile(base)
	must(t, err)
	must(t, os.WriteFile(base, append(data, ' '), 0o644))
	if r := verdin(t, "replay", history, "--spec", spec); r.code != exitUsage || !strings.Contains(r.diag, "has changed") {
		t.Errorf("another baseline: exit code %d: %s", r.code, r.diag)
	}
	must(t, os.Remove(base))
	if r := verdin(t, "validate", spec); r.code != exitUsage || !strings.Contains(r.diag, "baseline.json: no such file or directory: verdin calibrate writes one") {
		t.Errorf("no baseline: exit code %d: %s", r.code, r.diag)
	}
}

// tail is the end of a long text.
func tail(s string) string { return s[max(0, len(s)-2000):] }
