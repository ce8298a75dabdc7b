package bench

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"verdin/stats/sequential"
)

// Counts is a look at shares: one closed window of both arms. Y counts what is bad.
type Counts struct {
	Stage          int     // of the ramp, from 0
	Share          float64 // of the canary, as declared
	Stable, Canary sequential.Counts

	truth [2]float64 // rates of the arms, for oracles
}

// Ramp is a rollout of a canary through stages, on a metric that is a share.
type Ramp struct {
	PerWindow float64 // units of both arms in a window
	Windows   int
	Shares    []float64 // of the canary, one per stage; stages last alike
	Rate      Rate      // of the stable arm; nil = 0
	Canary    Effect    // nil = as the stable arm
	Lost      float64   // share of windows in which the canary sends nothing
	Jump      bool      // the share is another one in every window
}

// Rate is a stable rate: begun for one history, it gives the rate of each window.
type Rate func(r *rand.Rand, windows int) func(window int) float64

// Effect is the canary's rate where the stable arm's is p.
type Effect func(p float64, stage int) float64

// Play is the ramp as a World.
func (w Ramp) Play(r *rand.Rand, see func(Counts) bool) {
	rate := w.Rate(r, w.Windows)
	for i := range w.Windows {
		l := Counts{Stage: i * len(w.Shares) / w.Windows}
		l.Share = w.Shares[l.Stage]
		if w.Jump {
			l.Share = []float64{0.05, 0.2, 0.5, 0.9}[r.IntN(4)]
		}
		p := rate(i)
		q := p
		if w.Canary != nil {
			q = w.Canary(p, l.Stage)
		}
		l.truth = [2]float64{p, q}
		n := int64(w.PerWindow)
		nb := Binomial(r, n, l.Share)
		na := n - nb
		if w.Lost > 0 && r.Float64() < w.Lost {
			nb = 0
		}
		l.Stable = sequential.Counts{N: na, Y: Binomial(r, na, p)}
		l.Canary = sequential.Counts{N: nb, Y: Binomial(r, nb, q)}
		if !see(l) {
			return
		}
	}
}

// Binomial draws the number of successes in n trials.
func Binomial(r *rand.Rand, n int64, p float64) int64 {
	if n <= 0 || p <= 0 {
		return 0
	}
	if p >= 1 {
		return n
	}
	return int64(distuv.Binomial{N: float64(n), P: p, Src: r}.Rand())
}

const day = 1440 // windows of a minute

// Flat is a rate that never changes.
func Flat(p float64) Rate {
	return func(*rand.Rand, int) func(int) float64 { return func(int) float64 { return p } }
}

// Daily swings by a share of p up and down once a day, from a random hour on.
func Daily(p, swing float64) Rate {
	return func(r *rand.Rand, _ int) func(int) float64 {
		phase := r.Float64()
		return func(i int) float64 { return p * (1 + swing*math.Sin(2*math.Pi*(phase+float64(i)/day))) }
	}
}

// Trend goes from one rate to another over the history.
func Trend(from, to float64) Rate {
	return func(_ *rand.Rand, windows int) func(int) float64 {
		return func(i int) float64 { return from + (to-from)*float64(i)/float64(windows) }
	}
}

// Bursts are incidents that hit both arms: with a chance per window, the rate is
// multiplied for ten windows.
func Bursts(p, chance, factor float64) Rate {
	return func(r *rand.Rand, _ int) func(int) float64 {
		left := 0
		return func(int) float64 {
			if left--; left < 0 && r.Float64() < chance {
				left = 10
			}
			if left > 0 {
				return math.Min(0.99, p*factor)
			}
			return p
		}
	}
}

// Odds multiplies the odds of a rate.
func Odds(factor float64) Effect {
	return func(p float64, _ int) float64 {
		o := p / (1 - p) * factor
		return o / (1 + o)
	}
}

// Plus adds to a rate.
func Plus(d float64) Effect { return func(p float64, _ int) float64 { return p + d } }

// Times multiplies a rate.
func Times(f float64) Effect { return func(p float64, _ int) float64 { return p * f } }
