package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestThePlanInTheDocumentationIsWhatTheProgramPrints: the page has a spec, a command,
// and its output.
func TestThePlanInTheDocumentationIsWhatTheProgramPrints(t *testing.T) {
	page, err := os.ReadFile("../../docs/planning.md")
	if err != nil {
		t.Fatal(err)
	}
	spec := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(page)
	shown := regexp.MustCompile("(?s)```console\n\\$ verdin (plan rollout.yaml [^\n]*)\n(.*?)```").FindSubmatch(page)
	if spec == nil || shown == nil {
		t.Fatal("docs/planning.md has no spec in yaml, or no plan in a console block")
	}
	path := filepath.Join(t.TempDir(), "rollout.yaml")
	if err := os.WriteFile(path, spec[1], 0o644); err != nil {
		t.Fatal(err)
	}
	got := verdin(t, strings.Fields(strings.Replace(string(shown[1]), "rollout.yaml", path, 1))...)
	if got.code != exitOK || got.diag != "" || strings.TrimSpace(got.out) != strings.TrimSpace(string(shown[2])) {
		t.Errorf("exit code %d, %s\nprinted:\n%s\nshown:\n%s", got.code, got.diag, got.out, shown[2])
	}
}

const planSpec = `apiVersion: verdin/v1alpha1
kind: Rollout
metadata: {name: model}
spec:
  arms: {stable: v1, canary: v2}
  assignment: request
  stages: [{weight: 10, bake: 1h}, {weight: 100, bake: 1h}]
  metrics:
    - {name: errors, role: guardrail, kind: proportion, field: error_type, worse: higher, margin: {absolute: 0.01}}
`

func planned(t *testing.T, spec string, args ...string) result {
	t.Helper()
	path := filepath.Join(t.TempDir(), "spec.yaml")
	if err := os.WriteFile(path, []byte(spec), 0o644); err != nil {
		t.Fatal(err)
	}
	return verdin(t, append([]string{"plan", path}, args...)...)
}

func TestPlanInJSON(t *testing.T) {
	got := planned(t, planSpec, "--traffic", "10/s", "--rate", "errors=2%", "-o", "json")
	var plan struct {
		PerMinute float64
		Stages    []struct {
			BakeSeconds float64
			Metrics     []struct {
				Metric string
				Base   float64
				Safe   struct{ MedianWindows, MedianSeconds float64 }
			}
		}
	}
	if err := json.Unmarshal([]byte(got.out), &plan); err != nil || got.code != exitOK {
		t.Fatalf("exit code %d, %v\n%s%s", got.code, err, got.out, got.diag)
	}
	if plan.PerMinute != 600 || len(plan.Stages) != 2 || plan.Stages[0].BakeSeconds != 3600 {
		t.Errorf("%+v", plan)
	}
	m := plan.Stages[0].Metrics[0]
	if m.Metric != "errors" || m.Base != 0.02 || !(m.Safe.MedianWindows > 10) || m.Safe.MedianSeconds != 10*m.Safe.MedianWindows+30 {
		t.Errorf("%+v", m)
	}
}

// TestFlagsWinOverTheSpec, which may state its traffic itself.
func TestFlagsWinOverTheSpec(t *testing.T) {
	stated := planSpec + "  traffic: {perMinute: 1000, base: {errors: {value: 0.02}}}\n"
	if got := planned(t, stated); got.code != exitOK || !strings.Contains(got.out, "1000 predictions a minute") || !strings.Contains(got.out, "0.02") {
		t.Errorf("exit code %d, %s%s", got.code, got.out, got.diag)
	}
	if got := planned(t, stated, "--traffic", "500/min", "--rate", "errors=0.07"); !strings.Contains(got.out, "500 predictions a minute") || !strings.Contains(got.out, "0.07") {
		t.Errorf("exit code %d, %s%s", got.code, got.out, got.diag)
	}
}

func TestPlanRefusals(t *testing.T) {
	for want, args := range map[string][]string{
		"the traffic is not known":               nil,
		"write a number per s, min or h":         {"--traffic", "many"},
		`"1000/week": write a number`:            {"--traffic", "1000/week"},
		`"0/min": write a number`:                {"--traffic", "0/min"},
		`no metric is called "x"; there are err`: {"--traffic", "1/s", "--rate", "x=1"},
		"names no value: write NAME=VALUE":       {"--traffic", "1/s", "--rate", "errors"},
		`"two" is no number`:                     {"--traffic", "1/s", "--rate", "errors=two"},
		`"-1" is no number`:                      {"--traffic", "1/s", "--spread", "errors=-1"},
		`--output is "xml": use table or json`:   {"--traffic", "1/s", "-o", "xml"},
	} {
		if got := planned(t, planSpec, args...); got.code != exitUsage || !strings.Contains(got.diag, want) {
			t.Errorf("%v: exit code %d, %s; want %q", args, got.code, got.diag, want)
		}
	}
	if got := verdin(t, "plan"); got.code != exitUsage {
		t.Errorf("without a spec: exit code %d", got.code)
	}
}
