package decision_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"verdin/decision"
	"verdin/internal/scenario"
	"verdin/schemas"
	"verdin/stats"
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

// Text, JSON and Markdown carry the same account: every check with its numbers and what
// would change it. Numbers that are none are left out, and text of a spec or an operator
// is no Markdown.
func TestExplanationsInThreeForms(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	in := good(s, time.Hour)
	evidence(&in, "errors/harm", shown)
	evidence(&in, "accuracy/safe", notYet)
	evidence(&in, "tokens/harm", func(e *stats.Evidence) { e.LogE = math.NaN() })
	evidence(&in, "scores/drift", func(e *stats.Evidence) { e.Threshold = math.Inf(1); e.Segment = "tags.a=<b>|*" })
	v := r.look(in)
	text, md := decision.Explain(v), decision.ExplainMarkdown(v)
	var back struct {
		Verdict string
		Checks  []map[string]any
	}
	if err := json.Unmarshal(decision.ExplainJSON(v), &back); err != nil {
		t.Fatal(err)
	}
	if back.Verdict != rollback || len(back.Checks) != len(in.Evidence) {
		t.Errorf("JSON: %+v", back)
	}
	for i, e := range in.Evidence {
		c := back.Checks[i]
		if c["name"] != e.Name || c["what_would_change_it"] == "" || !strings.Contains(text, e.Name) || !strings.Contains(md, strings.ReplaceAll(e.Name, "_", "\\_")) {
			t.Errorf("%s: %v", e.Name, c)
		}
	}
	for check, want := range map[int]string{
		0: "evidence smaller by a factor of e^44.6, or a wider tolerance",
		4: "evidence 12.1 times as strong: then safety is shown",
		7: "evidence that is a number",
		8: "nothing: it has no share of the error budget",
	} {
		if got := back.Checks[check]["what_would_change_it"]; got != want {
			t.Errorf("%s: %v, want %q", in.Evidence[check].Name, got, want)
		}
	}
	if strings.Contains(md, "<b>") || strings.Contains(md, "=<") || !strings.Contains(md, `\|\*`) {
		t.Errorf("Markdown takes text for markup:\n%s", md)
	}
}

// R38: a rule counts windows. Nothing that is said of it is a power of e, a p-value, a share
// of the error budget, or called asymptotic.
func TestARuleIsExplainedByItsWindows(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	in := good(s, time.Hour)
	rule := func(now, most float64) {
		evidence(&in, "errors/harm", func(e *stats.Evidence) {
			e.Method, e.Exact, e.LogE, e.LogEMax, e.Threshold, e.P, e.Blocks = decision.Rule, false, now, most, 3, 1, 9
			e.Null, e.Result = "harm > 20 % in fewer than 3 of 5 windows", stats.Unknown
			if most >= 3 {
				e.Result = stats.Harm
			}
		})
	}
	about := func(v *schemas.Verdict) (text string) {
		for _, form := range []string{decision.Explain(v), decision.ExplainMarkdown(v)} {
			for line := range strings.Lines(form) {
				if strings.Contains(line, "windows") && !strings.Contains(line, "errors/safe") {
					text += line
				}
			}
		}
		if strings.Contains(text, "e^") || strings.Contains(text, "asymptotic") || strings.Contains(text, "error budget") || strings.Contains(text, "evidence") {
			t.Errorf("a rule is explained as a test:\n%s", text)
		}
		var back struct{ Checks []map[string]any }
		if err := json.Unmarshal(decision.ExplainJSON(v), &back); err != nil {
			t.Fatal(err)
		}
		if c := back.Checks[0]; c["budget"] != nil || c["p_value"] != nil {
			t.Errorf("a rule has a budget of %v and p %v", c["budget"], c["p_value"])
		}
		return text
	}
	says := func(text string, want ...string) {
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("no %q in:\n%s", w, text)
			}
		}
	}
	rule(1, 2)
	says(about(r.look(in)), "1 window against", "3 windows needed", "a rule without error control; at most 2 windows", "2 more of the last windows beyond the margin: then harm is shown")
	rule(1, 4)
	says(about(r.look(in)), `4 windows beyond the margin against "harm > 20 % in fewer than 3 of 5 windows", a rule without error control`,
		"1 window against", "3 windows needed", "fewer windows beyond the margin, or a wider one", "fewer than 3 windows beyond the margin (it was 4)")
}

func TestAnExplainedHoldSaysWhatIsMissingAndWhen(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	in := good(s, time.Hour)
	in.Stage = decision.StageData{Bake: 10 * time.Minute, Samples: [2]int64{900, 50}, LabelBake: 10 * time.Minute, LabelSamples: [2]int64{900, 50}}
	v := r.look(in)
	if v.Next.ETASeconds != 600 {
		t.Errorf("50 of 100 samples came in 10 minutes: the rest in %d s", v.Next.ETASeconds)
	}
	for _, text := range []string{decision.Explain(v), decision.ExplainMarkdown(v)} {
		for _, want := range []string{"samples: 50 of 100 in the smaller arm", "in about 10m"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in:\n%s", want, text)
			}
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
		{"  assignment: request\n", "", "assignment is missing"},
		{"strategy: canary", "strategy: shadow", "a shadow has one stage of weight 0"},
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
		for _, m := range []string{"errors", "accuracy"} { // 60 windows of 10 s, each an alarm's chance
			total += 60 * math.Exp(-b.Threshold(m, "holdback"))
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
	b.WriteString("\nA drift check with role guardrail and a tolerance can roll back, and must be shown to be alike before each step forward.\n")
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

// Every number of a verdict stands in the JSON account, and every text in it too.
func TestTheAccountHasEveryNumber(t *testing.T) {
	payload, err := os.ReadFile("../testdata/events/verdict.json")
	if err != nil {
		t.Fatal(err)
	}
	v, err := schemas.ParseVerdict(payload)
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	leaves(t, decision.ExplainJSON(v), func(x string) { have[x] = true })
	leaves(t, payload, func(x string) {
		if !have[x] && !strings.Contains("1 "+fmt.Sprint(v.Stage.Index, " ", v.Namespace, " ", v.Rollout), x) && !strings.Contains("unit_id murmur3_32 "+v.Sticky.Salt, x) {
			t.Errorf("%s of the verdict is not in its account", x)
		}
	})
	if len(have) < 30 {
		t.Errorf("only %d leaves", len(have))
	}
}

// leaves calls each with every number and text of a JSON document, kinds of tests aside.
func leaves(t *testing.T, doc []byte, each func(string)) {
	t.Helper()
	var x any
	if err := json.Unmarshal(doc, &x); err != nil {
		t.Fatal(err)
	}
	var walk func(any)
	walk = func(x any) {
		switch x := x.(type) {
		case map[string]any:
			for name, member := range x {
				if name != "kind" && name != "test" && name != "metric" {
					walk(member)
				}
			}
		case []any:
			for _, member := range x {
				walk(member)
			}
		case float64, string:
			each(fmt.Sprint(x))
		}
	}
	walk(x)
}

// What would have changed a verdict names what decided: the check that showed harm, what
// a hold lacks, the guardrail that was nearest to stopping a step.
func TestWhatWouldHaveChangedItNamesWhatDecided(t *testing.T) {
	harm := schemas.Check{Name: "errors/harm", Test: "harm", Role: decision.Guardrail, Result: "harm", LogEMax: 9, LogE: 8, Threshold: 5, Blocks: 2, N: [2]int64{9, 9}}
	near := schemas.Check{Name: "errors/safe", Test: "safe", Role: decision.Guardrail, Result: "safe", LogE: 3.5, LogEMax: 3.5, Threshold: 3, Blocks: 2, N: [2]int64{9, 9}}
	calm := harm
	calm.Name, calm.Result, calm.LogEMax = "latency/harm", "unknown", -2
	for code, c := range map[string]struct {
		checks []schemas.Check
		want   string
	}{
		decision.ReasonHarm:         {[]schemas.Check{near, harm}, "errors/harm: evidence below e^5.0 (it was e^9.0)"},
		decision.ReasonStagePassed:  {[]schemas.Check{calm, near}, "closest was errors/safe: evidence of safety weaker by a factor of 1.65"},
		decision.ReasonPromoted:     {[]schemas.Check{calm}, "closest was latency/harm: evidence of harm stronger by a factor of 1.1e+03"},
		decision.ReasonInsufficient: {nil, "2 things that are missing, first samples"},
		decision.ReasonMaxDuration:  {nil, "in time; policy.onMaxDuration says what follows"},
		decision.ReasonCanarySilent: {nil, "any event of the canary"},
	} {
		v := &schemas.Verdict{Reason: schemas.Reason{Code: code}, Checks: c.checks, Next: schemas.Next{Missing: []string{"samples", "bake"}}}
		if got := decision.Explained(v).Changed; !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %q", code, got, c.want)
		}
	}
	for _, r := range decision.Reasons {
		if got := decision.Explained(&schemas.Verdict{Reason: schemas.Reason{Code: r.Code}}).Changed; len(got) < 30 {
			t.Errorf("%s: %q", r.Code, got)
		}
	}
}

// What stands beside an effect is told whether the effect has an interval or not: of a
// distance it is the feature and what the distance lies between.
func TestTheNoteOfAnEffectIsTold(t *testing.T) {
	for _, level := range []float64{0, 0.95} {
		s := spec(t)
		r := begun(t, s)
		in := good(s, time.Hour)
		evidence(&in, "scores/drift", func(e *stats.Evidence) {
			e.Effect = stats.Interval{Estimate: 0.3, Level: level, Scale: "psi", Method: "sequential", Note: "raw index 0.31"}
		})
		if text := decision.Explain(r.look(in)); strings.Count(text, "; raw index 0.31") != 1 {
			t.Errorf("level %v:\n%s", level, text)
		}
	}
}
