package engine

import (
	"math"
	"testing"

	"verdin/ingest/window"
	"verdin/stats"
)

// newArm is an arm without rows, of the shape that the fast lane gives it.
func newArm(c compiled) window.Arm {
	var a window.Arm
	for i := range c.plan.Metrics {
		if c.plan.Metrics[i].Lane() == window.Fast {
			a.Metrics = append(a.Metrics, stats.NewSummary(c.plan.Metrics[i].Shape))
		}
	}
	for i := range c.plan.Features {
		a.Features = append(a.Features, stats.NewSummary(stats.Shape{Kind: stats.Bins, Bins: c.plan.Features[i].Bins(), Sub: c.plan.Subs(), Fine: c.plan.Features[i].FineBins()}))
	}
	if c.plan.Sticky {
		a.Groups = make([]window.Groups, len(a.Metrics))
	}
	return a
}

// Positions of the fast lane's metrics in the spec of these tests.
const (
	atErrors = iota
	atLatency
	atTokens
	atGain
)

// block is a clean block of stage 0 without rows.
func block(c compiled) Block {
	stable, canary := newArm(c), newArm(c)
	return Block{Start: second(0), End: second(10), Lane: window.Fast, Clean: true, Share: 0.1, Stable: &stable, Canary: &canary}
}

// fill adds values of a metric to both arms.
func (b Block) fill(metric int, stable, canary []float64) Block {
	for _, x := range stable {
		b.Stable.Metrics[metric].Add(x)
	}
	for _, x := range canary {
		b.Canary.Metrics[metric].Add(x)
	}
	b.Stable.N += uint64(len(stable))
	b.Canary.N += uint64(len(canary))
	return b
}

// shares is a block in which ones of n units failed.
func shares(c compiled, ones, n [2]int) Block {
	return block(c).fill(atErrors, coins(ones[0], n[0]), coins(ones[1], n[1]))
}

func coins(ones, n int) []float64 {
	out := make([]float64, n)
	for i := range ones {
		out[i] = 1
	}
	return out
}

// some repeats values n times.
func some(n int, xs ...float64) (out []float64) {
	for range n {
		out = append(out, xs...)
	}
	return out
}

// find returns a test's evidence by its name.
func find(t testing.TB, test Test, name string) stats.Evidence {
	t.Helper()
	for _, e := range test.Evidence(nil) {
		if e.Name == name {
			return e
		}
	}
	t.Fatalf("no evidence %q", name)
	return stats.Evidence{}
}

// started makes the tests of one row of the catalogue and begins stage 0.
func started(c compiled, make func(compiled) []Test) []Test {
	tests := make(c)
	for _, t := range tests {
		t.StartStage(0)
	}
	return tests
}

// Whatever the kind: a block with an empty arm is skipped and counted; a block that
// is not clean speaks for harm, not for safety; the label lane does not see the
// fast lane's blocks.
func TestSkippedBlocksAreCountedAndNotScored(t *testing.T) {
	c := testCompiled(t, nil)
	kinds := []struct {
		name   string
		make   func(compiled) []Test
		metric int
		values []float64
	}{
		{"errors", newProportions, atErrors, append(coins(0, 90), coins(10, 10)...)},
		{"latency", newQuantiles, atLatency, some(100, 1, 2)},
		{"tokens", newMeans, atTokens, some(100, 10, 20, 30)},
	}
	for _, k := range kinds {
		test := started(c, k.make)[0]
		worse := some(1, k.values...)
		for i := range worse {
			if worse[i] *= 3; k.metric == atErrors {
				worse[i] = float64(i % 2)
			}
		}
		for range 8 { // learn the baseline, ρ and thresholds
			test.Observe(block(c).fill(k.metric, k.values, k.values))
		}
		before, safe := find(t, test, k.name+"/harm"), find(t, test, k.name+"/safe")

		test.Observe(block(c).fill(k.metric, k.values, nil))
		test.Observe(block(c).fill(k.metric, nil, k.values))
		other := block(c).fill(k.metric, k.values, worse)
		other.Lane = window.Label
		test.Observe(other)
		if got := find(t, test, k.name+"/harm"); got.LogE != before.LogE || got.Blocks != before.Blocks || got.Skipped.EmptyArm-before.Skipped.EmptyArm != 2 {
			t.Errorf("%s: empty arms: %+v, before %+v", k.name, got, before)
		}
		unclean, gap := block(c).fill(k.metric, k.values, worse), block(c).fill(k.metric, k.values, worse)
		unclean.Clean, gap.Clean, gap.Gap = false, false, true
		test.Observe(unclean)
		test.Observe(gap)
		harm, still := find(t, test, k.name+"/harm"), find(t, test, k.name+"/safe")
		if harm.LogE <= before.LogE || harm.Blocks != before.Blocks+2 {
			t.Errorf("%s: unclean blocks show no harm: %v, before %v", k.name, harm.LogE, before.LogE)
		}
		if still.LogE != safe.LogE || still.Skipped.SplitChanging != 1 || still.Skipped.Incomplete != 1 {
			t.Errorf("%s: unclean blocks speak for safety: %v, before %v; skipped %+v", k.name, still.LogE, safe.LogE, still.Skipped)
		}
	}
}

// Every check of the spec has its evidence, in the order of the catalogue, with the
// threshold that the budget gives it, before any data.
func TestEveryCheckOfTheSpecIsAsked(t *testing.T) {
	c := testCompiled(t, nil)
	var got []string
	for _, test := range newTests(c.spec, c.budget, c.plan) {
		for _, e := range test.Evidence(nil) {
			got = append(got, e.Name)
			if e.LogE != 0 || e.Result != stats.Unknown || math.IsInf(e.Threshold, 1) || e.P != 1 || e.Null == "" {
				t.Errorf("%s knows something before any data: %+v", e.Name, e)
			}
		}
	}
	want := 4 + 3 + 4 + 6 + 6 + 1 + 3 + 3 + 1 + 1 + 1 + 2 + 7 // errors, accuracy, latency, tokens and gain with their caps, slow, quotient, answers, coverage, sample ratio, drift, history of both arms, seven held back
	if len(got) != want {
		t.Errorf("%d checks, want %d: %v", len(got), want, got)
	}
}
