package main

import (
	"strings"
	"testing"
)

// Without a guardrail there is no proof, and validate says so; a guard takes no step.
func TestValidateWarnsOfASpecThatShowsNothing(t *testing.T) {
	head := "apiVersion: verdin/v1alpha1\nkind: Rollout\nmetadata: {name: a}\nspec:\n  arms: {stable: v1, canary: v2}\n  assignment: request\n"
	metric := func(rest string) string {
		return "  metrics: [{name: e, kind: proportion, field: error_type, worse: higher, margin: {absolute: 1%}, " + rest + "}]\n"
	}
	drifts := "  drift: [{name: s, of: prediction_score, method: ks, ROLE}]\n"
	for text, warns := range map[string]bool{
		"":                                   true,
		metric("role: signal"):               true,
		metric("role: guardrail"):            false,
		metric("role: guardrail, limit: 2%"): false,
		"  metrics: [{name: c, kind: proportion, on: outcome, field: correct, worse: lower, role: guardrail, margin: {absolute: 1%}, mode: watch}]\n": true,
		strings.Replace(drifts, "ROLE", "role: signal", 1):                true,
		strings.Replace(drifts, "ROLE", "above: 0.1, role: guardrail", 1): false,
		"  preset: service\n": false,
		"  strategy: guard\n  stages: [{weight: 50, bake: 1h}]\n" + metric("role: signal"): false,
	} {
		got := verdin(t, "validate", write(t, t.TempDir(), "a.yaml", head+text))
		if got.code != exitOK || strings.Contains(got.diag, "warning: nothing has to be shown safe") != warns {
			t.Errorf("%q: exit code %d, want a warning: %v\n%s", text, got.code, warns, got.diag)
		}
	}
}

// R44: validate tells by which test each question is asked and whether its errors are
// bounded exactly; that of recurring users is another one. The spec on standard output is
// the spec alone.
func TestValidateTellsTheTests(t *testing.T) {
	text := `apiVersion: verdin/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  arms: {stable: v1, canary: v2}
  assignment: ASSIGNMENT
  source: {kafka: {predictions: p, resources: r}}
  stages: [{weight: 10, bake: 10m}, {weight: 100, bake: 10m}]
  metrics:
    - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.002}, limit: 0.05}
    - {name: tokens, kind: mean, field: metrics.tokens, cap: 1000, worse: higher, role: signal, margin: {relative: 20%}}
    - {name: memory, kind: mean, on: resource, field: memory_bytes, worse: higher, role: guardrail, margin: {relative: 30%}, breached: {windows: 3, of: 5}}
  drift:
    - {name: scores, of: prediction_score, method: ks, above: 0.15, role: guardrail}
  segments: [{by: tags.country, values: [de, fr]}]
`
	for assignment, want := range map[string][]string{
		"request": {
			"errors/harm guardrail halfplane exact 0.0068 harm (higher is worse) ≤ 0.002",
			"errors/limit guardrail", "errors/safe guardrail halfplane exact 0.03 harm (higher is worse) ≥ 0.002",
			"tokens/harm signal score asymptotic", "sample_ratio health tilt exact",
			"memory/harm guardrail rule no control - ", "scores/drift guardrail ks exact", "scores/same guardrail ks exact",
			"and 4 tests within segments, which share their check's risk",
		},
		"sticky": {"errors/harm guardrail sticky asymptotic", "scores/drift guardrail ks asymptotic", "sample_ratio health tilt exact"},
	} {
		got := verdin(t, "validate", write(t, t.TempDir(), "shop.yaml", strings.Replace(text, "ASSIGNMENT", assignment, 1)))
		lines := strings.Join(strings.Fields(got.diag), " ")
		for _, w := range want {
			if got.code != exitOK || !strings.Contains(lines, w) {
				t.Errorf("%s: exit code %d, no %q in\n%s", assignment, got.code, w, got.diag)
			}
		}
		if strings.Contains(got.diag, "_stage") || strings.Contains(got.diag, "tags.country") {
			t.Errorf("%s: what is asked again is repeated:\n%s", assignment, got.diag)
		}
		if again := verdin(t, "validate", write(t, t.TempDir(), "again.yaml", got.out)); again.out != got.out {
			t.Errorf("%s: standard output is not the spec:\n%s", assignment, again.diag)
		}
	}
}
