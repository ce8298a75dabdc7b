package bench

import (
	"math"
	"math/rand/v2"

	"verdin/drift"
)

// Bins is a look at a distribution: one closed window of both arms, cut by a hash into
// parts as in the engine.
type Bins struct {
	drift.Block
	Share float64
}

const (
	driftBins  = 10
	driftParts = 4
	driftLooks = 200
)

// Drifting is a rollout in which one feature is watched.
type Drifting struct {
	PerWindow int64     // events of both arms in a window
	Windows   int       //
	Shares    []float64 // of the canary, one per stage; stages last alike
	Index     float64   // true PSI between the arms: an exponential tilt of equal bins
	KS        float64   // instead: true KS distance of such a tilt
	Moving    bool      // both arms' law swings during the rollout
}

// Play is the rollout as a World.
func (w Drifting) Play(r *rand.Rand, see func(Bins) bool) {
	canary := tilt(driftBins, w.theta())
	stable := tilt(driftBins, 0)
	l := Bins{Block: drift.Block{Sub: driftParts, Bins: driftBins, Stable: make([]uint64, driftParts*driftBins), Canary: make([]uint64, driftParts*driftBins)}}
	for i := range w.Windows {
		l.Stage = i * len(w.Shares) / w.Windows
		l.Share = w.Shares[l.Stage]
		if w.Moving {
			stable = tilt(driftBins, 1.5*math.Sin(2*math.Pi*float64(i)/float64(w.Windows)))
			canary = stable
		}
		m := Binomial(r, w.PerWindow, l.Share)
		deal(r, l.Stable, stable, w.PerWindow-m)
		deal(r, l.Canary, canary, m)
		if !see(l) {
			return
		}
	}
}

// deal draws n events of a law in parts of about one size.
func deal(r *rand.Rand, into []uint64, p []float64, n int64) {
	for s := driftParts; s > 0; s-- {
		k := Binomial(r, n, 1/float64(s))
		multinomial(r, into[(s-1)*len(p):s*len(p)], p, k)
		n -= k
	}
}

func multinomial(r *rand.Rand, into []uint64, p []float64, n int64) {
	left := 1.0
	for i, q := range p {
		k := n
		if i < len(p)-1 && n > 0 {
			k = Binomial(r, n, math.Min(1, q/left))
		}
		into[i] = uint64(k)
		n -= k
		left -= q
	}
}

// theta is the tilt that has the distance wanted, by bisection.
func (w Drifting) theta() float64 {
	distance := func(t float64) float64 {
		p, q := tilt(driftBins, 0), tilt(driftBins, t)
		if w.KS > 0 {
			gap, most := 0.0, 0.0
			for i := range p {
				gap += q[i] - p[i]
				most = math.Max(most, math.Abs(gap))
			}
			return most - w.KS
		}
		sum := 0.0
		for i := range p {
			sum += (q[i] - p[i]) * math.Log(q[i]/p[i])
		}
		return sum - w.Index
	}
	lo, hi := 0.0, 50.0
	for range 100 {
		if mid := (lo + hi) / 2; distance(mid) < 0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

// tilt is equal bins, tilted exponentially.
func tilt(bins int, theta float64) []float64 {
	p, sum := make([]float64, bins), 0.0
	for i := range p {
		p[i] = math.Exp(theta * float64(i) / float64(bins))
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// Regulars are users who come back and keep their arm, each with habits of their own:
// rows of one user are alike, and no row is news.
type Regulars struct {
	Users   int
	Visits  float64 // of a user in a window, on average
	Windows int
	Share   float64
}

const userBuckets = 128

// Play is the world; the parts of a look are buckets of users.
func (w Regulars) Play(r *rand.Rand, see func(Bins) bool) {
	l := Bins{Share: w.Share, Block: drift.Block{Sub: userBuckets, Bins: driftBins, Stable: make([]uint64, userBuckets*driftBins), Canary: make([]uint64, userBuckets*driftBins)}}
	habit := make([]int, w.Users)
	for i := range habit {
		habit[i] = r.IntN(driftBins)
	}
	moved := r.Perm(w.Users)
	for range w.Windows {
		clear(l.Stable)
		clear(l.Canary)
		for u, bin := range habit {
			if r.Float64() >= w.Visits {
				continue
			}
			if r.Float64() < 0.3 { // now and then something else
				bin = r.IntN(driftBins)
			}
			into := l.Stable
			if float64(moved[u]) < w.Share*float64(w.Users) {
				into = l.Canary
			}
			into[u%userBuckets*driftBins+bin]++
		}
		if !see(l) {
			return
		}
	}
}
