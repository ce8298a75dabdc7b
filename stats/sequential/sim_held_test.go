package sequential

import (
	"math"
	"math/rand/v2"
	"testing"
)

// starts is how often a watch after promotion that is no detector starts anew.
const starts = 24

// TestAWatchThatStartsAnewKeepsItsPromise: after promotion 5 % of the traffic stays on
// stable. The mean of a score's starts alarms as rarely as one score, for skewed values
// with a daily swing, and finds what begins half-way.
func TestAWatchThatStartsAnewKeepsItsPromise(t *testing.T) {
	const blocks = 240
	watched := func(from int) func(*rand.Rand) bool {
		return func(r *rand.Rand) bool {
			s := NewScore(ScoreOptions{Harm: true, Stages: starts})
			phase := 6 * r.Float64()
			for i := range blocks {
				day, shift := 1+0.3*math.Sin(phase+float64(i)/40), 1.0
				if i >= from {
					shift = 1.3
				}
				value := func(f float64) func() float64 {
					return func() float64 { return math.Min(400, 100*day*f*math.Exp(0.8*r.NormFloat64())) }
				}
				s.Observe(sampled(20, value(1)), sampled(380, value(shift)), i*starts/blocks)
				if s.LogEMax() >= -math.Log(fivePercent) {
					return true
				}
			}
			return false
		}
	}
	rare(t, 680, 400, 1.2*fivePercent, watched(blocks))
	if k := share(681, 20, watched(blocks/2)); k < 19 {
		t.Errorf("30 %% more from the middle on was found in %d of 20 runs", k)
	}
}

// TestAWatchOverUnitsKeepsItsPromise: the same users come back block after block, to the
// arm that they were once given.
func TestAWatchOverUnitsKeepsItsPromise(t *testing.T) {
	watched := func(odds float64) func(*rand.Rand) bool {
		return func(r *rand.Rand) bool {
			s, n := NewSticky(ScoreOptions{Harm: true, Stages: starts}, 0), 0
			return users{n: 1500, blocks: 48, odds: odds, shares: []float64{0.95}}.play(r, func(block []Bucket, _, _ Counts, _ int) bool {
				s.Observe(block, n/2)
				n++
				return s.LogEMax() >= -math.Log(fivePercent)
			})
		}
	}
	rare(t, 690, 300, 1.2*fivePercent, watched(1))
	if k := share(691, 10, watched(4)); k < 9 {
		t.Errorf("fourfold odds were found in %d of 10 runs", k)
	}
}
