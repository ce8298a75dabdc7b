package drift

import (
	"fmt"
	"math"

	"verdin/stats"
	"verdin/stats/sequential"
)

// PSI tests the null hypothesis "the population stability index between the arms
// is at most above", in nats, whatever the two distributions are. With above = 0
// the null is that they are equal.
//
// Each block multiplies the evidence by the factor of a bet: alternatives (p*, q*)
// for stable and canary are predicted from past blocks, and weighed against the
// member of the null that explains them best (tolerance.go). Three bets that trust
// the past to different degrees are averaged, and so are processes that begin with
// each stage and know nothing of the time before; drift that begins inside a stage is
// for the bets that forget (recent.go). The factor has mean at most 1 under every
// member of the null, so the test is exact at every look.
// Source of the case above = 0: Turner, Ly, Grünwald, "Generic E-variables for exact
// sequential k-sample tests that allow for optional stopping" (2024); numbers in
// testdata/vectors/drift/sequential.json. Proof of the rest: tolerance.go.
//
// no-row: a row of Methods, which the engine's drift check looks up by name
type PSI struct {
	above   float64
	stages  int
	pending pending
	pasts   []Counts // scored blocks from each stage on
	mix     mixture
	recent  recent
	mean    average // of both: its log and running maximum
	shown   display
	p, q    []float64 // scratch: the alternatives
	near    nearest
	score   func(Counts, int)
}

// trust lists the weights of the pooled past in a prediction, in events: the more,
// the closer the two alternatives. Part of testdata/vectors/drift/sequential.json.
var trust = [...]float64{20, 100, 500}

// NewPSI returns a test over the given number of bins, for a rollout of so many
// stages. A tolerance that is negative or not a number counts as 0.
func NewPSI(bins int, above float64, stages int) *PSI {
	bins, stages = max(bins, 1), max(stages, 1)
	t := &PSI{
		above: clean(above), stages: stages,
		pending: newPending(bins),
		mix:     newMixture(stages, len(trust)),
		recent:  newRecent(bins),
		shown:   newDisplay(bins),
		p:       make([]float64, bins), q: make([]float64, bins),
		near: newNearest(bins),
	}
	for range stages {
		t.pasts = append(t.pasts, Counts{make([]int64, bins), make([]int64, bins)})
	}
	t.score = t.block
	return t
}

// clean is a tolerance that can be computed with.
func clean(above float64) float64 {
	if above > 0 {
		return math.Min(above, math.MaxFloat32)
	}
	return 0
}

// Observe takes a window. Blocks that it completes are scored, the rest waits.
// A window whose shape is not that of the test, or without stable events, is left out.
func (t *PSI) Observe(b Block) { t.pending.observe(&b, t.score) }

// block scores a closed block; only afterwards is it part of the past.
func (t *PSI) block(c Counts, stage int) {
	n := c.Totals()
	for s, past := range t.pasts[:min(stage+1, t.stages)] {
		for k, weight := range trust {
			predict(t.p, t.q, past.Stable, past.Canary, weight)
			t.mix.add(s, k, t.near.factor(c, t.p, t.q, t.above, float64(n[0]), float64(n[1])))
		}
		for i := range c.Stable {
			past.Stable[i] += c.Stable[i]
			past.Canary[i] += c.Canary[i]
		}
	}
	t.forgetful(c, n)
	t.look()
	t.shown.add(c, stage)
}

// predict sets p and q to what the past says about stable and canary, drawn towards
// the pool of both arms by the given number of events.
func predict[N number](p, q []float64, stable, canary []N, weight float64) {
	n, m := float64(sum(stable)), float64(sum(canary))
	for i := range p {
		a, b := float64(stable[i]), float64(canary[i])
		pool := float64(weight * ((a + b + 0.5) / (n + m + float64(len(p))/2)))
		p[i] = (a + pool) / (n + weight)
		q[i] = (b + pool) / (m + weight)
	}
}

// look weighs the bets that remember with those that forget.
func (t *PSI) look() {
	t.mean.log = sequential.WithLate(t.mix.LogE(), t.recent.LogE())
	t.mean.most = math.Max(t.mean.most, t.mean.log)
}

// LogE is the log of the e-process now.
func (t *PSI) LogE() float64 { return t.mean.log }

// LogEMax is its running maximum: drift beyond the tolerance is shown once it
// reaches log(1/α).
func (t *PSI) LogEMax() float64 { return t.mean.most }

// Effect is the index in the current stage without the part that is owed to the
// sample size; the raw index stands in the note.
func (t *PSI) Effect() stats.Interval {
	raw, effect := psi(t.shown.arms())
	return stats.Interval{Estimate: effect, Scale: "psi", Note: fmt.Sprintf("raw index %.4g, current stage", raw)}
}

// N is the number of scored events: stable, canary.
func (t *PSI) N() [2]int64 { return t.shown.n }

// Blocks is the number of scored blocks.
func (t *PSI) Blocks() int64 { return t.shown.blocks }

// AppendState appends the state to b.
func (t *PSI) AppendState(b []byte) []byte {
	s := state{buf: b}
	t.walk(&s)
	return s.buf
}

// Restore replaces the state by one that AppendState wrote for a test of the same
// bins, tolerance and stages; else it returns an error that wraps ErrState.
func (t *PSI) Restore(b []byte) error {
	next, s := NewPSI(len(t.p), t.above, t.stages), state{buf: b, reading: true}
	next.walk(&s)
	if err := s.end(); err != nil {
		return err
	}
	*t = *next
	t.score = t.block
	return nil
}

func (t *PSI) walk(s *state) {
	s.head('P', len(t.p), t.stages, t.above)
	t.pending.walk(s)
	for _, past := range t.pasts {
		s.ints(past.Stable, 0, mostPast)
		s.ints(past.Canary, 0, mostPast)
	}
	t.mix.walk(s)
	t.recent.walk(s)
	s.float(&t.mean.most, 0, largest)
	if s.reading && s.err == nil {
		t.look()
	}
	t.shown.walk(s)
}
