package decision

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// Specs that use all that the format has are read, checked, printed and read back.
func TestWholeSpecsAreReadBack(t *testing.T) {
	files, _ := filepath.Glob("../testdata/specs/whole/*.yaml")
	if len(files) < 1 {
		t.Fatal("no specs")
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			s, err := Parse(data, file)
			if err != nil {
				t.Fatal(err)
			}
			again, err := Parse(s.YAML(), file)
			if err != nil {
				t.Fatalf("%v in\n%s", err, s.YAML())
			}
			if !reflect.DeepEqual(s, again) {
				t.Errorf("reads back differently:\n%s\n%s", s.YAML(), again.YAML())
			}
		})
	}
}

// Each ability refuses something: none of the table's rows is idle.
func TestEveryAbilityIsAskedFor(t *testing.T) {
	for i := range abilities {
		asked := false
		func() {
			was := append([]Ability(nil), abilities...)
			defer copy(abilities, was)
			for k := range abilities {
				abilities[k].Ready = k != i
			}
			files, _ := filepath.Glob("../testdata/specs/*/*.yaml")
			for _, file := range files {
				data, _ := os.ReadFile(file)
				if _, err := Parse(data, "x"); err != nil && strings.Contains(err.Error(), abilities[i].Name+" is not supported yet") {
					asked = true
				}
			}
		}()
		if !asked {
			t.Errorf("no spec of testdata asks for %s", abilities[i].Name)
		}
	}
}

func TestContradictionsInAWholeSpec(t *testing.T) {
	data, err := os.ReadFile("../testdata/specs/whole/everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{", per: metrics.tokens", "", "a ratio needs per"},
		{"within: 0.3, ", "", "an slo needs within"},
		{"kind: slo", "kind: quantile, quantile: 0.9", "a quantile has no within"},
		{"equals: [prediction_label, outcome.truth]", "equals: [prediction_label]", "equals reads 1 fields"},
		{", text: de", ", text: de, by: 2", "by 2 does not fit equals"},
		{"[prediction_value, outcome.truth], by: 2.5", "[prediction_value, outcome.truth]", "by 0 does not fit within"},
		{"[latency_seconds, metrics.tokens]", "[latency, metrics.tokens]", `no field "latency"`},
		{"[latency_seconds, metrics.tokens]", "[latency_seconds, outcome.tokens]", `no field "outcome.tokens"`},
		{"kind: proportion, on: outcome, expr: {equals", "kind: mean, on: outcome, expr: {equals", "equals is true or false"},
		{"expr: {difference:", "field: x, expr: {difference:", "both a field and an expr"},
		{"windows: 3, of: 5", "windows: 6, of: 5", "6 of 5 windows"},
		{"by: tags.country", "by: country", `segment by "country"`},
		{"de: 60%, fr: 25%", "de: 60%, fr: 45%", "the shares sum to 105 %"},
		{"[free, paid]", "[free, free]", `lists "free" twice`},
		{"[free, paid]", "[]", "lists no value"},
		{"minShare: 5%", "minShare: 5", "minShare 5 is out of range"},
		{"crossover: 1%", "crossover: 1", "crossover 1 is out of range"},
	} {
		if !strings.Contains(string(data), c.old) {
			t.Fatalf("no %q", c.old)
		}
		_, err := Parse([]byte(strings.Replace(string(data), c.old, c.new, 1)), "x.yaml")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.new, err, c.want)
		}
	}
}

func TestPresetsAreWrittenOut(t *testing.T) {
	base := "apiVersion: verdin/v1alpha1\nkind: Rollout\nmetadata: {name: r}\nspec:\n  arms: {stable: a, canary: b}\n  assignment: request\n"
	for _, p := range presets {
		s, err := Parse([]byte(base+"  preset: "+p.name+"\n"), p.name)
		if err != nil {
			t.Error(err)
			continue
		}
		if len(s.Metrics) < 3 || strings.Contains(string(s.YAML()), "preset") {
			t.Errorf("%s is not written out:\n%s", p.name, s.YAML())
		}
	}
	s, err := Parse([]byte(base+"  metrics: [{name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 3%}}]\n  preset: [rag, service]\n"), "own")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, m := range s.Metrics {
		seen[m.Name]++
	}
	if seen["errors"] != 1 || s.Metrics[0].Margin.Value != 0.03 || seen["groundedness"] != 1 {
		t.Errorf("the spec's own metric does not count: %v", seen)
	}
}

// The fields of a spec in the documentation are written from the code.
func TestTheSpecIsDocumented(t *testing.T) {
	var b strings.Builder
	b.WriteString(specPage)
	b.WriteString("\n## Fields\n\n" + SpecTable())
	b.WriteString("\n## Presets\n\n| preset | checks |\n|---|---|\n")
	for _, p := range presets {
		b.WriteString("| `" + p.name + "` | " + p.meaning + " |\n")
	}
	b.WriteString("\n## How a look decides\n\nAt every cut these questions are asked from top to bottom; the first yes decides. A hold is said once, when its reason is new.\n\n| question | asked while | leads to |\n|---|---|---|\n")
	for _, r := range rules {
		leads := strings.Join(r.gives, ", ")
		if leads == "" {
			leads = "nothing: the hold goes on"
		}
		b.WriteString("| " + r.name + " | " + strings.Join(r.in, ", ") + " | " + leads + " |\n")
	}
	lacking := "\n## Not yet\n\nThe format has these, and this build's engine refuses them at `verdin validate`:\n\n| asked for | until then |\n|---|---|\n"
	for _, a := range Abilities() {
		if !a.Ready {
			b.WriteString(lacking + "| " + a.Name + " | " + a.Remedy + " |\n")
			lacking = ""
		}
	}
	published(t, "../docs/spec.md", b.String())
}

const specPage = `# The spec of a rollout

One YAML file is one rollout. It is read strictly: an unknown field, a value of another type or a contradiction is
refused with its line, column and a remedy. ` + "`verdin validate`" + ` prints it with every default written out, and on
standard error the tests that it asks for: each with its method, whether its errors are bounded exactly, asymptotically
or not at all, and the risk that it may take;
` + "`verdin schema rollout`" + ` prints its JSON Schema for editors.

The digest of a spec covers all that touches the analysis: changing that begins a new generation, whose evidence
starts anew. Free to change are the name, labels, publish, traffic and dryRun. A field that the format gains later
does not change the digest while it has its default.

## Strategies

- **canary**: the ramp of its stages; at weight 100 the hold-back stays on stable and keeps the comparison fair.
- **blueGreen**: stages for the analysis, then one switch to all traffic. Stable stays warm for the last bake, and a
  rollback switches back at once. With nothing left on stable only limits on the canary, and labels of the stages
  before, can still roll back. Several analysis stages before the switch are a canary that is then switched.
- **shadow**: one stage of weight 0. Routers send the canary a copy of every request; users never see its answers. Both
  answers to a request are compared as a pair, by prediction_id; what has no answer of the canary by the label horizon
  counts against its safety, and beyond health.unpaired the rollout holds. Shares, slo and means with absolute margins
  have tests of pairs; latency is observed only. Both answers must come in one partition (record key: prediction_id), in
  a recording in one file. The rollout is complete when the canary is shown safe.
  A canary or blueGreen may begin with such a stage too: then its ramp, or its switch, follows.
- **guard**: one stage with the split that exists. It never steps, and may roll back. Over a recording it is complete
  at the end, if everything a step would need is shown.

## Clocks

bake is the sum of final, complete windows that lie wholly after the routers' acknowledgement: event time. maxDuration,
the health rules' times and policy.minStep are wall time of the cuts. While a backlog is read only a rollback is said,
and minStep keeps a backlog that was read fast from taking two steps at once. maxDuration never moves forward. A
rollout is complete when the last stage is baked and the labels of every guardrail on outcomes have come for the stages
before.

A gate: manual waits for policy.approvals different operators; what was promoted before the stage began does not count.
A pause keeps the weights, and no harm from being answered.

Without a guardrail, or with none but those of mode: watch, nothing has to be shown safe: bake and samples alone move
the rollout. Such a spec is allowed, for tests and for switches that people watch; verdin validate warns, and each step
says that nothing was shown.

## Predictions against labels

A label comes as an outcome and is compared with what the prediction said by an expr. Here fraud comes as an outcome
named truth, with the label fraud or ok, or with the value 1 or 0:

` + "```yaml" + `
metrics:
  - {name: accuracy, kind: proportion, on: outcome, expr: {equals: [prediction_label, outcome.truth]}, mode: gate, worse: lower, role: guardrail, margin: {absolute: 1%}}
  - {name: precision, kind: proportion, on: outcome, expr: {precision: [prediction_label, outcome.truth], text: fraud}, mode: gate, worse: lower, role: guardrail, margin: {absolute: 3%}}
  - {name: recall, kind: proportion, on: outcome, expr: {recall: [prediction_label, outcome.truth], text: fraud}, mode: gate, worse: lower, role: guardrail, margin: {absolute: 3%}}
  - {name: brier, kind: mean, on: outcome, expr: {squaredError: [prediction_score, outcome.truth]}, range: [0, 1], mode: gate, worse: higher, role: signal, margin: {absolute: 0.02}}
` + "```" + `

accuracy needs labels of the same words as predictions, and brier, the mean squared error of a probability, values of 1
and 0. precision is of the predictions that say fraud, recall of those that are fraud; others are not in it, so that no
label of theirs is missed. Which predictions count for precision is the model's own choice: a canary that says fraud in
the clearest cases only is precise, so judge recall beside it. absoluteError is for numbers. A score that does not add
up over observations, such as the area under a curve, has no kind: watch recall and precision at your threshold.
`

// Whatever the engine can do: a spec that reads back as itself, or an error.
func FuzzParseWhole(f *testing.F) {
	for _, folder := range []string{"whole", "good"} {
		files, _ := filepath.Glob("../testdata/specs/" + folder + "/*.yaml")
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse(data, "fuzz.yaml")
		if err != nil {
			return
		}
		again, err := Parse(s.YAML(), "fuzz.yaml")
		if err != nil {
			t.Fatalf("%v in\n%s", err, s.YAML())
		}
		if !reflect.DeepEqual(s, again) {
			t.Fatalf("reads back differently:\n%+v\n%+v", s, again)
		}
	})
}
