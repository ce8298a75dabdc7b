package decision_test

import (
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"verdin/decision"
	"verdin/internal/scenario"
)

func TestExplainNamesDecisionNumbersAndRemedy(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	in := good(s, time.Hour)
	evidence(&in, "errors/harm", shown)
	for i := range in.Evidence {
		in.Evidence[i].Blocks = 3
	}
	text := decision.Explain(r.look(in))
	for _, want := range []string{"ROLLBACK", "errors got worse", "over 900 and 100 observations", "canary 0 %", "errors/harm", "e^50.0", "What would have changed it"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

func TestEffectiveSpecReadsBackAsItself(t *testing.T) {
	for _, name := range append(scenario.Names(), "") {
		data := []byte(testSpec)
		if name != "" {
			sc, err := scenario.Lookup(name)
			if err != nil {
				t.Fatal(err)
			}
			data = sc.Spec
		}
		s, err := decision.Parse(data, name)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decision.Parse(s.YAML(), name)
		if err != nil {
			t.Fatalf("%s: %v in\n%s", name, err, s.YAML())
		}
		if !reflect.DeepEqual(s, again) {
			t.Errorf("%s: read back differently:\n%+v\n%+v", name, s, again)
		}
	}
}

// Each refused spec is the good one with one line changed; the message names line,
// column and what is wrong, and shows the place.
func TestRefusedSpecs(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"weight: 50", "weight: 5", "weight 5 is not above the previous 10"},
		{"weight: 50", "wieght: 50", `unknown field "wieght"`},
		{"weight: 50", "weight: half", "weight"},
		{", margin: {absolute: 0.01}, limit: 0.05", "", "a guardrail needs a margin"},
		{"name: accuracy", "name: errors", `"errors" is already the name of a check`},
		{"margin: {absolute: 0.01}, limit", "margin: {absolute: 0.01}, tolerance: {absolute: 0.02}, limit", "tolerance"},
		{"worse: lower", "worse: worst", "worst"},
		{"assignment: request", "assignment: request\n  unit: user_id", "needs assignment: sticky"},
		{"  assignment: request\n", "", "assignment is missing"},
		{"strategy: canary", "strategy: shadow", "not supported yet"},
		{"of: prediction_score", "of: features.*", "features.*"},
		{"horizon: 5m", "horizon: 15m, window: 5m", "window"},
		{"kind: mean, field: metrics.tokens", "kind: mean, limit: 3, field: metrics.tokens", "limit"},
		{"name: r, namespace", "name: R_1, namespace", "R_1"},
		{"kind: proportion, field: error_type", "kind: quantile, quantile: 1.5, field: error_type", "quantile"},
		{"method: ks", "method: chi", "chi"},
		{"bake: 10m, minSamples: 100, gate", "bake: 10m, maxDuration: 5m, minSamples: 100, gate", "maxDuration"},
		{"name: r, namespace: prod", "name: r, name: r", "name"},
	} {
		if !strings.Contains(testSpec, c.old) {
			t.Fatalf("the good spec has no %q", c.old)
		}
		_, err := decision.Parse([]byte(strings.Replace(testSpec, c.old, c.new, 1)), "test.yaml")
		if err == nil {
			t.Errorf("%q was accepted", c.new)
			continue
		}
		if msg := err.Error(); !strings.Contains(msg, c.want) || !strings.HasPrefix(msg, "test.yaml:") || !strings.Contains(msg, "^") {
			t.Errorf("%q: message without place, caret or %q:\n%s", c.new, c.want, msg)
		}
	}
}

func TestBudgetIsNeverOverspent(t *testing.T) { // R33
	s := spec(t)
	total := 0.0
	for g := uint64(1); g < 2000; g++ {
		b := s.Budget(g)
		for _, m := range [][2]string{{"errors", "harm"}, {"errors", "limit"}, {"accuracy", "harm"}, {"scores", "drift"}} {
			total += math.Exp(-b.Threshold(m[0], m[1]))
		}
	}
	if total > s.Risk.FalseRollback+1e-12 || total < 0.99*s.Risk.FalseRollback {
		t.Errorf("over all generations %v is spent of %v", total, s.Risk.FalseRollback)
	}
	b := s.Budget(1)
	if got := b.Threshold("tokens", "safe_stage"); !math.IsInf(got, 1) {
		t.Errorf("a test that the spec does not ask for has threshold %v", got)
	}
	held := math.Exp(-b.Threshold("tokens", "harm")) + math.Exp(-b.Threshold("accuracy", "coverage")) + math.Exp(-b.Threshold("sample_ratio", "sample_ratio"))
	if held > s.Risk.FalseHold {
		t.Errorf("holds spend %v of %v", held, s.Risk.FalseHold)
	}
}

// The list of reasons in the documentation is written from the code.
func TestReasonsAreDocumented(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Reasons\n\nEvery verdict carries one of these codes. They are stable: build alerts on them. " +
		"The gauge `verdin_rollout_reason{rollout, reason}` is 1 for the one in force; deploy/alerts/verdin.rules.yml has one alert for each that needs a person.\n\n" +
		"| code | meaning | what to do | alert |\n|---|---|---|---|\n")
	for _, r := range decision.Reasons {
		alert := r.Severity
		if alert != "" {
			alert += fmt.Sprintf(" after %d min", r.After)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.Code, r.Meaning, r.Remedy, alert)
	}
	b.WriteString("\nA drift check with role guardrail can roll back; a step forward does not ask it for shown equivalence yet.\n")
	const path = "../docs/reasons.md"
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != b.String() {
		t.Errorf("%s is not what the code says (%v): run go test ./decision -update", path, err)
	}
}
