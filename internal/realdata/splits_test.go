package realdata

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"verdin/decision"
	"verdin/drift"
	"verdin/internal/calibrate"
	"verdin/internal/engine"
	"verdin/internal/pump"
	"verdin/schemas"
)

// Random halves of one arm: looked at again and again, z-tests alarm in 26 to 33 % of
// them. The engine's checks may in 5 % of the rollouts.
func TestRandomHalvesStaySilent(t *testing.T) {
	_, vms := machines(t, "pg_rw25_latency_ms", "short")
	tokens := columns(t, csvRows(t, "azure_llm_2023", "AzureLLMInferenceTrace_code.csv.gz"), "GeneratedTokens")
	clicks := slices.DeleteFunc(openBandit(t), func(u unit) bool { return u.canary })
	players := slices.DeleteFunc(cookieCats(t), func(u unit) bool { return u.canary })
	for _, c := range []struct {
		name   string
		units  []unit
		checks string
	}{
		{"players who come back", players, metrics(guard("retention_7", "lower", "0.01"))},
		{"rounds of games", players, metrics(rounds)},
		{"clicks", clicks, metrics(guard("click", "lower", "0.002"))},
		{"lengths of answers", tokens, drifts("    - {name: tokens, of: features.GeneratedTokens, method: psi, above: 0, role: signal}\n") + "  policy: {onSignal: rollback}\n"},
		{"latency of machines", vms, metrics(slower("0%", "3%"))},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec, err := decision.Parse([]byte(specOf("60s", c.checks)), "experiment.yaml")
			if err != nil {
				t.Fatal(err)
			}
			layout := engine.Layout(spec)
			for i := range c.units {
				c.units[i].at = time.Time{}
			}
			h, err := calibrate.Load(context.Background(), spec, layout, []schemas.Log{{Topic: "experiment", Kinds: 1<<schemas.Kinds - 1}},
				[]pump.Source{decode(t, recording(c.units, step), layout)})
			if err != nil {
				t.Fatal(err)
			}
			r, err := calibrate.Run(context.Background(), h, spec, calibrate.Options{Splits: 30, Power: -1, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range append(r.Before, r.After...) {
				if k.Alarms.Low > k.Allowed {
					t.Errorf("%s: %d alarms of %d", k.Name, k.Alarms.Found, k.Alarms.Runs)
				}
			}
			if r.Rollback.Low > 0.05 || r.Before[0].Blocks == 0 {
				t.Errorf("rolled back: %+v; %d blocks", r.Rollback, r.Before[0].Blocks)
			}
		})
	}
}

// An index above 0.1 is chance at 200 events, and a change at 10,000: the law says what
// chance exceeds at which size, and the textbook's draws agree.
func TestChanceMovesTheIndexAsTheTextbookSays(t *testing.T) {
	rows := 0
	for _, a := range textbook(t) {
		if a.cell("n each") == "" {
			continue
		}
		rows++
		n := int64(number(t, a.cell("n each")))
		for head, alpha := range map[string]float64{"median": 0.5, "95th": 0.05, "99th": 0.01} {
			if got, want := drift.PSILimit(alpha, 0, 10, n, n), number(t, a.cell(head)); math.Abs(got/want-1) > 0.1 {
				t.Errorf("%d events each, %s: %.5f, the textbook has %v", n, head, got, want)
			}
		}
	}
	if rows != 6 {
		t.Errorf("%d sizes, want six", rows)
	}
}
