package scenario

import (
	"math"
	"math/rand/v2"
	"time"

	"verdin/schemas"
)

// The world of the assistant, as stable serves it.
const (
	errorRate     = 0.01
	timeouts      = 0.6 // share of the failures that are timeouts
	timeout       = 2.0 // seconds
	medianLatency = 0.12
	spreadLatency = 0.5  // standard deviation of log latency
	z99           = 2.33 // 99th percentile of the normal distribution
	scoreSpread   = 2.32 // standard deviation of the log odds of buying: E[1/(1+e^−|x|)] = 0.80 is the accuracy
	basketPull    = 0.6  // correlation of the log odds with the log basket value
	labelled      = 0.25 // share of the answers whose label arrives
	ordered       = 0.10 // share of the buyers who order at once
	meanDelay     = 2 * time.Minute
	longestDelay  = 8 * time.Minute
)

// swing is the daily pattern at t: 1 at 20:00 UTC, −1 at 08:00.
func swing(t schemas.Time) float64 {
	const day = schemas.Time(24 * time.Hour)
	return math.Sin(2 * math.Pi * (float64(t%day)/float64(day) - 14.0/24))
}

// chance is all the randomness of one request, drawn before the arm is known.
type chance struct {
	gap                             float64 // exponential: time since the previous request, in mean gaps
	visitor, fail, mend, lost       float64 // uniform
	buys, label, order              float64 // uniform
	labelDelay, orderDelay          float64 // uniform
	latency, basket, score, verbose float64 // normal
	session                         float64 // exponential
	id                              [2]uint64
}

func (c *chance) draw(rng *rand.Rand) {
	c.gap, c.session = rng.ExpFloat64(), rng.ExpFloat64()
	c.visitor, c.fail, c.mend, c.lost = rng.Float64(), rng.Float64(), rng.Float64(), rng.Float64()
	c.buys, c.label, c.order = rng.Float64(), rng.Float64(), rng.Float64()
	c.labelDelay, c.orderDelay = rng.Float64(), rng.Float64()
	c.latency, c.basket = rng.NormFloat64(), rng.NormFloat64()
	c.score, c.verbose = rng.NormFloat64(), rng.NormFloat64()
	c.id = [2]uint64{rng.Uint64(), rng.Uint64()}
}

// answer is what an arm makes of a request.
type answer struct {
	failure string // "", "timeout" or "upstream"
	latency float64
	score   float64 // probability that the visitor buys
	buys    bool    // the label given
	right   bool    // the label is true
	tokens  float64
	basket  float64 // the true value of the basket
	logged  float64 // the value of the basket as the arm logs it
}

// answer computes what an arm with departure d answers at time t.
func (c *chance) answer(d *departure, t schemas.Time) answer {
	a := answer{basket: cents(35 * math.Exp(0.8*c.basket))}
	a.logged = a.basket
	if d.baskets != 0 {
		a.logged = cents(a.basket * d.baskets)
	}
	spread := spreadLatency + math.Log1p(d.tail)/z99
	a.latency = medianLatency * (1 + 0.15*swing(t)) * math.Exp(spread*c.latency)
	a.latency = math.Round(min(a.latency, timeout)*1e6) / 1e6
	if rate := errorRate + d.errors; c.fail < rate {
		a.failure = "upstream"
		if c.fail < rate*timeouts {
			a.failure, a.latency = "timeout", timeout
		}
		return a
	}
	z := float64(basketPull*c.basket) + float64(math.Sqrt(1-basketPull*basketPull)*c.score)
	truth := c.buys < logistic(scoreSpread*z)
	a.score = logistic(float64(scoreSpread*z) + d.shift)
	a.buys = a.score >= 0.5
	a.right = a.buys == truth
	if !a.right && c.mend < d.mend || a.right && c.mend < d.spoil {
		a.score, a.buys, a.right = 1-a.score, !a.buys, !a.right
	}
	a.score = math.Round(a.score*1e4) / 1e4
	a.tokens = math.Ceil(180 * (1 + d.tokens) * math.Exp(0.4*c.verbose))
	return a
}

// delay turns u, uniform in [0, 1), into an exponential delay cut off at the
// longest: −m·log(1 − u·(1 − e^(−longest/m))), and never under a second.
func delay(u float64) time.Duration {
	within := -math.Expm1(-float64(longestDelay) / float64(meanDelay))
	d := time.Duration(-math.Log1p(-u*within) * float64(meanDelay))
	return min(max(d, time.Second), longestDelay).Truncate(time.Millisecond)
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func cents(x float64) float64 { return math.Round(x*100) / 100 }
