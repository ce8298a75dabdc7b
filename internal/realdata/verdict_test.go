package realdata

import (
	"bytes"
	"context"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"verdin/decision"
	"verdin/ingest/codec"
	"verdin/internal/engine"
	"verdin/internal/pump"
	"verdin/schemas"
	"verdin/stats"
)

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// verdict is how a replayed experiment ended.
type verdict struct {
	phase    string
	reason   string
	evidence map[string]stats.Evidence // at the last cut, by name
	log      []byte
}

// specOf is the spec of an experiment: one long stage.
func specOf(window, checks string) string {
	return `apiVersion: verdin/v1alpha1
kind: Rollout
metadata: {name: experiment}
spec:
  strategy: canary
  arms: {stable: old, canary: new}
  assignment: request
  source:
    kafka: {predictions: p, outcomes: o}
    join: {key: prediction_id, horizon: 10s}
    time: {window: ` + window + `, lateness: 5s}
  stages: [{weight: 50, bake: 1000h, minSamples: 10}, {weight: 100, bake: 1h}]
  health: {sampleRatio: off, silentCanary: {after: 1000h, action: hold}}
` + checks
}

// judge replays a recording under the checks given as YAML. The split is the
// experiment's own and never moves, so one long stage stands for it.
func judge(t *testing.T, events []byte, window, checks string) verdict {
	t.Helper()
	spec, err := decision.Parse([]byte(specOf(window, checks)), "experiment.yaml")
	if err != nil {
		t.Fatal(err)
	}
	layout := engine.Layout(spec)
	r := &pump.Replay{Spec: spec, Layout: layout, Sources: []pump.Source{decode(t, events, layout)},
		Logs: []schemas.Log{{Topic: "experiment", Kinds: 1<<schemas.Kinds - 1}}}
	got := verdict{evidence: map[string]stats.Evidence{}}
	r.Each = func(o engine.Outcome) error {
		for _, e := range o.Evidence {
			got.evidence[e.Name] = e
		}
		if v := o.Verdict; v != nil {
			got.reason = v.Reason.Code
			got.log = append(v.AppendJSON(got.log), '\n')
		}
		return nil
	}
	state, err := r.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	got.phase = state.Phase
	return got
}

// chunks yields one decoded chunk.
type chunks struct{ c *schemas.Chunk }

func decode(t *testing.T, events []byte, layout *schemas.Layout) *chunks {
	c := new(schemas.Chunk)
	c.Reset(0, layout)
	d := codec.New(layout, codec.Options{Recording: true})
	for i, line := range bytes.Split(bytes.TrimSpace(events), []byte("\n")) {
		d.Append(c, codec.Record{Offset: int64(i), Value: line})
	}
	if len(c.Rejected) > 0 {
		t.Fatalf("%d events rejected, the first: %+v", len(c.Rejected), c.Rejected[0])
	}
	return &chunks{c}
}

func (s *chunks) Next(context.Context) (*schemas.Chunk, error) {
	c := s.c
	if s.c = nil; c == nil {
		return nil, io.EOF
	}
	return c, nil
}

func (s *chunks) Recycle(*schemas.Chunk) {}

// guard is a guardrail on an outcome that is 0 or 1.
func guard(name, worse, margin string) string {
	return "    - {name: " + name + ", kind: proportion, on: outcome, field: " + name + ", missing: exclude, worse: " + worse +
		", role: guardrail, tolerance: {absolute: 0}, margin: {absolute: " + margin + "}}\n"
}

const latencyGuard = "    - {name: latency, kind: quantile, quantile: 0.5, on: prediction, field: latency_seconds, worse: higher, role: guardrail, tolerance: {relative: 10%}, margin: {relative: 20%}}\n"

func metrics(checks ...string) string { return "  metrics:\n" + strings.Join(checks, "") }

// wants checks the ending and the sign of an effect: −1, 0 (any), +1.
func (v verdict) wants(t *testing.T, rolledBack bool, check string, sign float64) {
	t.Helper()
	if (v.phase == schemas.PhaseRolledBack) != rolledBack {
		t.Errorf("phase %s (%s), want rolled back %v", v.phase, v.reason, rolledBack)
	}
	e, ok := v.evidence[check]
	if !ok || e.Blocks == 0 {
		t.Fatalf("no evidence %s: %+v", check, e)
	}
	if e.Effect.Estimate*sign < 0 {
		t.Errorf("%s: estimate %v, want the sign of %v", check, e.Effect.Estimate, sign)
	}
}

func TestCookieCats(t *testing.T) {
	units := cookieCats(t)
	both := metrics(guard("retention_1", "lower", "0.01"), guard("retention_7", "lower", "0.01"))
	t.Run("gate 40 keeps fewer players", func(t *testing.T) {
		// z = −3.16 is at the very edge for a test that may look at every window:
		// the sign must be right and the evidence must point to harm; a rollback need not come.
		v := judge(t, recording(units, 10*time.Millisecond), "10s", both)
		e := v.evidence["retention_7/harm"]
		if e.Effect.Estimate > -0.006 || e.Effect.Estimate < -0.0105 {
			t.Errorf("retention_7 differs by %v, the textbook has −0.0082", e.Effect.Estimate)
		}
		if e.LogE <= 0 {
			t.Errorf("log e %v: the evidence must point to harm", e.LogE)
		}
		if r := v.evidence["retention_1/harm"]; r.Result != stats.Unknown || r.Effect.Estimate >= 0 {
			t.Errorf("retention_1: %v at %v; the textbook is undecided, below zero", r.Result, r.Effect.Estimate)
		}
	})
	t.Run("equal halves stay silent", func(t *testing.T) {
		for _, canary := range []bool{false, true} {
			judge(t, recording(halves(units, canary), 10*time.Millisecond), "10s", both).wants(t, false, "retention_7/harm", 0)
		}
	})
}

// rounds is a guardrail on what players play, with few of them beyond the cap.
const rounds = "    - {name: rounds, kind: mean, on: outcome, field: rounds, missing: exclude, cap: 2961, range: [0, 60000], worse: lower, role: guardrail, tolerance: {absolute: 0}, margin: {absolute: 5}}\n"

// t = -0.89, and one player with 49,854 rounds who moves the mean of an arm by one: nothing
// is shown, and the arm without that player is not blamed for it.
func TestRoundsOfGames(t *testing.T) {
	v := judge(t, recording(cookieCats(t), 10*time.Millisecond), "10s", metrics(rounds))
	v.wants(t, false, "rounds/harm", 0)
	if e := v.evidence["rounds/harm"]; e.Result != stats.Unknown || e.Effect.Estimate < -1.384 || e.Effect.Estimate > 1.297 {
		t.Errorf("%v at %v; without one player the textbook has -0.04, between -1.384 and 1.297", e.Result, e.Effect.Estimate)
	}
	for _, canary := range []bool{false, true} {
		judge(t, recording(halves(cookieCats(t), canary), 10*time.Millisecond), "10s", metrics(rounds)).wants(t, false, "rounds/harm", 0)
	}
}

func TestOpenBandit(t *testing.T) {
	units := openBandit(t)
	var items []string
	for i := range 34 {
		items = append(items, strconv.Quote(strconv.Itoa(i)))
	}
	checks := metrics(guard("click", "lower", "0.002")) + `  drift:
    - name: recommended
      of: [{field: prediction_label, categories: [` + strings.Join(items, ", ") + `]}]
      between: arms
      method: psi
      above: 0.25
      role: observe
    - name: position
      of: [{field: features.position, categories: ["1", "2", "3"]}]
      between: arms
      method: psi
      above: 0
      role: observe
`
	t.Run("a sampler that learns against chance", func(t *testing.T) {
		v := judge(t, recording(units, 0), "10m", checks)
		v.wants(t, false, "click/harm", +1)
		if e := v.evidence["recommended/drift"]; e.Result != stats.Harm || e.Effect.Estimate < 1 {
			t.Errorf("recommended items: %v, PSI %v; the textbook has 1.65", e.Result, e.Effect.Estimate)
		}
		if e := v.evidence["position/drift"]; e.Result == stats.Harm {
			t.Errorf("position: drift shown with log e %v; the textbook has none", e.LogEMax)
		}
	})
	t.Run("equal halves stay silent", func(t *testing.T) {
		for _, canary := range []bool{false, true} {
			judge(t, recording(halves(units, canary), 0), "10m", checks).wants(t, false, "click/harm", 0)
		}
	})
}

func TestLanguageModelUpdates(t *testing.T) {
	quality := metrics(guard("right", "lower", "0.05"), latencyGuard)
	t.Run("GPT-4 loses its reasoning although it is faster", func(t *testing.T) {
		v := judge(t, recording(happyNumbers(t, "gpt-4-0314", "gpt-4-0613"), time.Second), "20s", quality)
		v.wants(t, true, "right/harm", -1)
	})
	t.Run("GPT-3.5 gains in quality", func(t *testing.T) {
		v := judge(t, recording(happyNumbers(t, "gpt-3.5-turbo-0301", "gpt-3.5-turbo-0613"), time.Second), "20s",
			metrics(guard("right", "lower", "0.05")))
		v.wants(t, false, "right/harm", +1)
	})
	t.Run("GPT-3.5 is rolled back for its latency", func(t *testing.T) {
		v := judge(t, recording(happyNumbers(t, "gpt-3.5-turbo-0301", "gpt-3.5-turbo-0613"), time.Second), "20s", quality)
		v.wants(t, true, "latency/harm", +1)
	})
	t.Run("GPT-4 writes code that cannot be run", func(t *testing.T) {
		v := judge(t, recording(leetcode(t, "gpt-4-0314", "gpt-4-0613"), time.Second), "10s",
			metrics(guard("usable", "lower", "0.05")))
		v.wants(t, true, "usable/harm", -1)
	})
	t.Run("equal halves stay silent", func(t *testing.T) {
		units := happyNumbers(t, "gpt-4-0314", "gpt-4-0613")
		for _, canary := range []bool{false, true} {
			judge(t, recording(halves(units, canary), time.Second), "20s", quality).wants(t, false, "right/harm", 0)
		}
	})
}

func TestSummarisers(t *testing.T) {
	check := metrics(guard("any_error", "higher", "0.05"))
	mean := metrics("    - {name: factuality, kind: mean, on: outcome, field: factuality, missing: exclude, range: [0, 1], worse: lower, role: guardrail, tolerance: {absolute: 0}, margin: {absolute: 0.05}}\n")
	cases := []struct {
		dataset, stable, canary string
		rolledBack              bool
		sign                    float64
	}{
		{"cnndm", "bart", "bus", true, +1},
		{"cnndm", "bart", "s2s", true, +1},
		{"cnndm", "bart", "pgn", false, +1},      // z = 1.6: undecided
		{"cnndm", "bart", "bert_sum", false, +1}, // z = 2.6: undecided
		{"bbc", "TConvS2S", "PtGen", false, 0},
	}
	for _, c := range cases {
		t.Run(c.stable+" to "+c.canary, func(t *testing.T) {
			v := judge(t, recording(frank(t, c.dataset, c.stable, c.canary), time.Second), "10s", check)
			v.wants(t, c.rolledBack, "any_error/harm", c.sign)
			v = judge(t, recording(frank(t, c.dataset, c.stable, c.canary), time.Second), "10s", mean)
			v.wants(t, c.rolledBack, "factuality/harm", -c.sign)
		})
	}
	t.Run("equal halves stay silent", func(t *testing.T) {
		units := frank(t, "cnndm", "bart", "s2s")
		for _, canary := range []bool{false, true} {
			judge(t, recording(halves(units, canary), time.Second), "10s", check).wants(t, false, "any_error/harm", 0)
		}
	})
}
