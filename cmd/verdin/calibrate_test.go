package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"verdin/drift"
	"verdin/internal/calibrate"
	"verdin/internal/scenario"
)

// simulated writes a short recording of two equal arms and returns its path.
func simulated(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "history.ndjson")
	if r := verdin(t, "simulate", "--scenario", "errors", "--rate", "2", "--out", path); r.code != exitOK {
		t.Fatalf("exit code %d: %s", r.code, r.diag)
	}
	return path
}

func TestCalibrateWritesWhatOtherCommandsRead(t *testing.T) {
	history := simulated(t)
	out := filepath.Join(t.TempDir(), "calibration")
	spec := specPath(history)
	text, err := os.ReadFile(spec)
	if err != nil {
		t.Fatal(err)
	}
	from := strings.Index(string(text), "      of:\n")
	to := strings.Index(string(text), "      between: arms\n      method: psi")
	if from < 0 || to < from {
		t.Fatal("the scenario's spec has no list of features")
	}
	wild := filepath.Join(t.TempDir(), "wild.yaml")
	if err := os.WriteFile(wild, []byte(string(text[:from])+"      of: features.*\n"+string(text[to:])), 0o644); err != nil {
		t.Fatal(err)
	}
	ran := verdin(t, "calibrate", history, "--spec", wild, "--out", out, "--splits", "3", "--power", "0", "-o", "json")
	if ran.code != exitOK {
		t.Fatalf("exit code %d: %s", ran.code, ran.diag)
	}
	var r calibrate.Report
	if err := json.Unmarshal([]byte(ran.out), &r); err != nil || r.Splits != 3 || len(r.Before) == 0 || r.LeftOut == 0 {
		t.Errorf("report: %v, %+v", err, r)
	}
	if want := fmt.Sprintf("7 splits of %d rows are played", r.Predictions+r.Outcomes+r.Resources); !strings.Contains(ran.diag, want) {
		t.Errorf("%q does not tell of %s", ran.diag, want)
	}
	file, err := os.ReadFile(filepath.Join(out, "baseline.json"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := drift.ReadBaseline(file)
	if err != nil {
		t.Fatal(err)
	}
	if country, ok := b.Feature("features.country"); !ok || country.Categories == nil {
		t.Error("the baseline has no categories of the country")
	}
	valid := verdin(t, "validate", filepath.Join(out, "spec.yaml"))
	if valid.code != exitOK || !strings.Contains(valid.out, "reference: baseline.json") || !strings.Contains(valid.out, "- features.country") {
		t.Errorf("validate of the suggested spec: exit code %d: %s", valid.code, valid.diag)
	}
	if page, err := os.ReadFile(filepath.Join(out, "report.html")); err != nil || !strings.Contains(string(page), "<svg") {
		t.Errorf("report.html: %v", err)
	}
}

func TestCalibrateRefusesWhatItCannotUse(t *testing.T) {
	dir := t.TempDir()
	spec := filepath.Join(dir, "history.yaml")
	empty := filepath.Join(dir, "empty.ndjson")
	sc, err := scenario.Lookup("aa")
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{empty: "", spec: string(sc.Spec)} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"no spec", []string{"calibrate", empty}, exitUsage, "--spec"},
		{"an output", []string{"calibrate", empty, "--spec", spec, "-o", "xml"}, exitUsage, "table or json"},
		{"a target", []string{"calibrate", empty, "--spec", spec, "--target", "2"}, exitUsage, "--target"},
		{"no events", []string{"calibrate", empty, "--spec", spec, "--out", dir}, exitRuntime, "no history"},
		{"no file", []string{"calibrate", filepath.Join(dir, "none"), "--spec", spec}, exitRuntime, "none"},
	} {
		if r := verdin(t, c.args...); r.code != c.code || !strings.Contains(r.diag, c.says) {
			t.Errorf("%s: exit code %d, %q; want %d and %q", c.name, r.code, r.diag, c.code, c.says)
		}
	}
}
