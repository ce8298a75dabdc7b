package bench

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
)

// TestDriftOperatingCharacteristics is the small version of "verdin bench drift": red
// where a bar is refuted at 99 % by a row, or is not met by all exact rows together.
func TestDriftOperatingCharacteristics(t *testing.T) {
	if testing.Short() {
		t.Skip("a simulation of some seconds")
	}
	ctx, r := context.Background(), Report{}
	few, more := Options{Seed: 1, Runs: testRuns / 5}, Options{Seed: 1, Runs: testRuns}
	all := harmlessDrift()
	results, err := few.driftAlarms(ctx, &r, all[:len(all)-1]) // one world with users is enough here
	if err != nil {
		t.Fatal(err)
	}
	if err := more.driftFinds(ctx, &r); err != nil {
		t.Fatal(err)
	}
	for _, b := range r.Broken {
		t.Error(b)
	}
	for rule := range 2 {
		k, n := 0, 0
		for _, x := range results {
			if x.Exact {
				k, n = k+x.Tallies[rule].Count(Harm), n+x.Tallies[rule].Runs()
			}
		}
		if more.judges() && Upper(k, n, confidence) > driftAlpha {
			t.Errorf("%s: %d false alarms in %d harmless canaries", results[0].Tallies[rule].Rule, k, n)
		}
	}
	t.Log(r.Text)
}

func TestTiltHasTheDistanceAsked(t *testing.T) {
	for _, w := range []Drifting{{Index: 0.09}, {Index: 0.02}, {KS: 0.135}} {
		p, q := tilt(driftBins, 0), tilt(driftBins, w.theta())
		index, gap, most := 0.0, 0.0, 0.0
		for i := range p {
			index += (q[i] - p[i]) * math.Log(q[i]/p[i])
			gap += q[i] - p[i]
			most = math.Max(most, math.Abs(gap))
		}
		if w.KS > 0 && math.Abs(most-w.KS) > 1e-9 || w.KS == 0 && math.Abs(index-w.Index) > 1e-9 {
			t.Errorf("%+v: PSI %v, KS %v", w, index, most)
		}
		t.Logf("%+v: PSI %.4f, KS %.4f", w, index, most)
	}
}

func TestEveryRowIsDealtOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	into := make([]uint64, driftParts*driftBins)
	for _, n := range []int64{0, 1, 7, 400} {
		deal(r, into, tilt(driftBins, 1), n)
		sum := uint64(0)
		for _, k := range into {
			sum += k
		}
		if sum != uint64(n) {
			t.Errorf("%d rows dealt as %d", n, sum)
		}
	}
}

// Rules of others do what their documentation says, in cases that can be counted.
func TestDriftRulesOfOthers(t *testing.T) {
	look := func(stable, canary []uint64) Bins {
		b := Bins{}
		b.Sub, b.Bins, b.Stable, b.Canary = 1, len(stable), stable, canary
		return b
	}
	same := []uint64{500, 500, 500, 500, 500, 500, 500, 500, 500, 500}
	moved := []uint64{0, 500, 500, 500, 500, 500, 500, 500, 500, 1000}
	few := []uint64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	for _, c := range []struct {
		rule  Rule[Bins]
		looks []Bins
		first int // 0 = never
	}{
		{FixedPSI(0.1), []Bins{look(same, same), look(same, moved), look(same, moved)}, 3}, // 0.055 of all rows at the second look
		{FixedPSI(0.1), []Bins{look(same, few), look(same, few)}, 0},                       // fewer than rowsBefore
		{KSEachLook(), []Bins{look(same, same), look(same, moved)}, 2},
		{Evidently(), []Bins{look(same, same), look(same, moved), look(same, moved), look(same, moved)}, 2}, // W1 = 0.5 × 9 × 0.1 ÷ 2.87
		{GSpending(0.01), []Bins{look(same, same), look(same, moved)}, 2},
		{AlwaysFire(), []Bins{look(same, few), look(same, few), look(same, few)}, 3},
	} {
		see, first := c.rule.Start(), 0
		for i, l := range c.looks {
			if see(l) == Harm && first == 0 {
				first = i + 1
			}
		}
		if first != c.first {
			t.Errorf("%s: first alarm at look %d, want %d", c.rule.Name, first, c.first)
		}
	}
}

// NannyML's limit comes from the reference itself: without any spread there every
// other chunk alarms, and none of the first ten can.
func TestNannyMLLearnsFromTenChunks(t *testing.T) {
	same := []uint64{50, 50}
	b := Bins{}
	b.Sub, b.Bins, b.Stable, b.Canary = 1, 2, same, []uint64{49, 51}
	see := NannyML().Start()
	for i := range 10 {
		if see(b) != None {
			t.Fatalf("alarm at look %d, while it learns", i+1)
		}
	}
	if see(b) != Harm {
		t.Error("no alarm at a chunk beyond all of the reference")
	}
}
