package engine

import (
	"math/rand/v2"
	"strings"
	"testing"

	"verdin/decision"
	"verdin/ingest/window"
	"verdin/schemas"
	"verdin/stats"
)

// sampledBlock has rows of both arms; rate draws what a row of an arm stands for.
func sampledBlock(rng *rand.Rand, sticky bool, n [2]int, rate func(arm int, unit uint64) int) Block {
	var arms [2]window.Arm
	p := window.NewPool(&window.Plan{Sticky: sticky, ErrorCol: -1, VersionCol: -1}, window.Fast)
	tally := p.Tally()
	for a := range arms {
		for range n[a] {
			unit := 1 + rng.Uint64N(1<<20)
			if sticky {
				unit = 1 + 2*rng.Uint64N(400) + uint64(a)
			}
			tally.Observe(&schemas.Chunk{Kind: []schemas.Kind{schemas.KindPrediction}, Row: []int32{0}, Generation: []uint32{0}, Stage: []int32{-1},
				Rate: []int32{int32(rate(a, unit))}}, 0, int8(a), unit*0x9e3779b97f4a7c15>>3)
		}
	}
	if cells := tally.Close(); len(cells) > 0 {
		arms = cells[0].Arms
	}
	return Block{Clean: true, Share: 0.5, Stable: &arms[0], Canary: &arms[1], First: [2]int64{int64(n[0] / 20), int64(n[1] / 20)}}
}

func sampleRatioOf(t *testing.T, sticky bool) *sampleRatio {
	return newSampleRatio(testCompiled(t, func(s *decision.Spec) {
		if sticky {
			s.Assignment = "sticky"
		}
	}))[0].(*sampleRatio)
}

// R19: arms that are sampled at different rates are told from a split that is wrong, in
// any way in which the rates may differ; equal rates, however wild, are no finding.
func TestArmsThatAreSampledDifferently(t *testing.T) {
	for _, c := range []struct {
		name    string
		blocks  int
		n       [2]int
		rate    func(rng *rand.Rand, arm int, unit uint64) int
		unequal bool
	}{
		{"all are sent", 30, [2]int{200, 200}, func(*rand.Rand, int, uint64) int { return 1 }, false},
		{"one of ten of either arm", 30, [2]int{200, 200}, func(*rand.Rand, int, uint64) int { return 10 }, false},
		{"rates drawn alike", 60, [2]int{200, 200}, func(rng *rand.Rand, _ int, _ uint64) int { return 1 << rng.IntN(10) }, false},
		{"rates by unit", 60, [2]int{200, 200}, func(_ *rand.Rand, _ int, u uint64) int { return 1 + int(u/2%3)*7 }, false},
		{"one arm by ten, the other whole", 12, [2]int{200, 200}, func(_ *rand.Rand, a int, _ uint64) int { return 1 + 9*(1-a) }, true},
		{"rates that differ by a third", 12, [2]int{200, 200}, func(_ *rand.Rand, a int, _ uint64) int { return 6 + 2*a }, true},
		{"more of one arm's errors are kept", 60, [2]int{200, 200}, func(rng *rand.Rand, a int, _ uint64) int {
			if rng.Float64() < 0.05+0.15*float64(a) {
				return 1
			}
			return 10
		}, true},
	} {
		for _, sticky := range []bool{false, true} {
			s, rng := sampleRatioOf(t, sticky), rand.New(rand.NewPCG(3, 3))
			for range c.blocks {
				s.Observe(sampledBlock(rng, sticky, c.n, func(a int, u uint64) int { return c.rate(rng, a, u) }))
			}
			e := s.Evidence(nil)[0]
			if (e.Result == stats.Harm) != c.unequal || (len(e.Warnings) > 0) != c.unequal {
				t.Errorf("%s, sticky %v: %s, log E %.2f of %.2f, %q", c.name, sticky, e.Result, e.LogEMax, e.Threshold, e.Warnings)
			}
		}
	}
}

// The split of the rows is judged by rows; what is shown is that of the requests. A wrong
// split of evenly sampled rows keeps its own words.
func TestRatesAreVolume(t *testing.T) {
	s, rng := sampleRatioOf(t, false), rand.New(rand.NewPCG(3, 3))
	for range 10 { // one of ten of stable's: 2000 and 200 requests behind rows of 200 each
		s.Observe(sampledBlock(rng, false, [2]int{200, 200}, func(a int, _ uint64) int { return 1 + 9*(1-a) }))
	}
	e := s.Evidence(nil)[0]
	if e.N != [2]int64{2000, 2000} || e.Value[1] < 0.0909 || e.Value[1] > 0.091 || !strings.Contains(e.Warnings[0], "one of 10 of stable's predictions and one of 1 of") {
		t.Errorf("n %v, value %v, %q", e.N, e.Value, e.Warnings)
	}
	s = sampleRatioOf(t, false)
	for range 10 {
		s.Observe(sampledBlock(rng, false, [2]int{300, 100}, func(int, uint64) int { return 30 }))
	}
	if e := s.Evidence(nil)[0]; e.Result != stats.Harm || len(e.Warnings) > 0 || e.Value[1] != 0.25 {
		t.Errorf("a wrong split: %s, %v, %q", e.Result, e.Value, e.Warnings)
	}
}

// The product of both e-processes is one: over harmless runs it passes 20 in no more than
// one of 20 (Ville); exact with independent rows.
func TestSamplingAlikeIsNoAlarm(t *testing.T) {
	const runs = 400
	alarms, rng := 0, rand.New(rand.NewPCG(9, 9))
	for range runs {
		s := sampleRatioOf(t, false)
		for range 40 {
			n := 0
			for range 60 {
				n += rng.IntN(2)
			}
			s.Observe(sampledBlock(rng, false, [2]int{60 - n, n}, func(int, uint64) int { return 1 + 4*rng.IntN(3) }))
		}
		if s.most >= 2.995732 { // log 20
			alarms++
		}
	}
	if alarms > runs/20 {
		t.Errorf("%d of %d runs pass 20", alarms, runs)
	}
}

func TestSampledRowsKeepTheirState(t *testing.T) {
	for _, sticky := range []bool{false, true} {
		rng := rand.New(rand.NewPCG(1, 1))
		run, again := sampleRatioOf(t, sticky), sampleRatioOf(t, sticky)
		rate := func(a int, _ uint64) int { return 1 + (2+a)*rng.IntN(3) }
		for i := range 20 {
			b := sampledBlock(rng, sticky, [2]int{90, 110}, rate)
			run.Observe(b)
			again.Observe(b)
			next := sampleRatioOf(t, sticky)
			if err := next.Restore(again.AppendState(nil)); err != nil {
				t.Fatal(err)
			}
			if again = next; again.log() != run.log() || again.most != run.most || string(again.AppendState(nil)) != string(run.AppendState(nil)) {
				t.Fatalf("sticky %v, block %d: restored %v, else %v", sticky, i, again.log(), run.log())
			}
		}
	}
}
