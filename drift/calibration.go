package drift

import (
	"fmt"
	"math"
	"math/bits"
)

// Calibration adds up how scores in [0, 1], the probability that the label is 1, agree
// with labels, in equal bins of the score: [i/B, (i+1)/B), with 1 in the last. Sums are
// integers in units of 2⁻⁶², so any order and any split of the rows gives the same.
// Rows without a label are not shown to it. Numbers in
// testdata/vectors/drift/calibration.json.
type Calibration struct {
	bins    []reliability
	odd     int64
	squares unit
}

type reliability struct {
	n, ones int64
	scores  unit
}

// unit is a sum of numbers in [0, 1], of at most 2⁶³ of them.
type unit struct{ hi, lo uint64 }

func (u *unit) add(o unit) {
	var carry uint64
	u.lo, carry = bits.Add64(u.lo, o.lo, 0)
	u.hi, _ = bits.Add64(u.hi, o.hi, carry)
}

func unitOf(x float64) unit { return unit{lo: uint64(math.RoundToEven(x * (1 << 62)))} }

func (u unit) float() float64 { return float64(u.hi)*4 + float64(u.lo)/(1<<62) } // exact: powers of two

// NewCalibration has so many bins (0 = 10).
func NewCalibration(bins int) *Calibration {
	if bins <= 0 {
		bins = 10
	}
	return &Calibration{bins: make([]reliability, min(bins, mostCuts))}
}

// Add counts a scored row whose label is known. A score outside of [0, 1], or none, is
// counted as odd.
func (c *Calibration) Add(score float64, label bool) {
	if !(score >= 0 && score <= 1) {
		c.odd++
		return
	}
	bin := &c.bins[min(int(score*float64(len(c.bins))), len(c.bins)-1)]
	bin.n++
	bin.scores.add(unitOf(score))
	miss := score
	if label {
		bin.ones++
		miss = 1 - score
	}
	c.squares.add(unitOf(miss * miss))
}

// Merge adds the rows of o. With another number of bins they count as odd.
func (c *Calibration) Merge(o *Calibration) {
	c.odd += o.odd
	if len(c.bins) != len(o.bins) {
		c.odd += o.N()
		return
	}
	for i := range c.bins {
		c.bins[i].n += o.bins[i].n
		c.bins[i].ones += o.bins[i].ones
		c.bins[i].scores.add(o.bins[i].scores)
	}
	c.squares.add(o.squares)
}

// N is the number of rows counted, Odd that of scores that are no probability.
func (c *Calibration) N() (n int64) {
	for i := range c.bins {
		n += c.bins[i].n
	}
	return n
}

// Odd is as N says.
func (c *Calibration) Odd() int64 { return c.odd }

// Reliable is one bin of a reliability diagram.
type Reliable struct {
	N            int64
	Score, Label float64 // means
}

// Bins returns the reliability diagram; empty bins are zeros.
func (c *Calibration) Bins() []Reliable {
	out := make([]Reliable, len(c.bins))
	for i, b := range c.bins {
		if b.n > 0 {
			out[i] = Reliable{b.n, b.scores.float() / float64(b.n), float64(b.ones) / float64(b.n)}
		}
	}
	return out
}

// Counts returns labels by bin: zeros in even places, ones in odd ones.
func (c *Calibration) Counts() []int64 {
	out := make([]int64, 2*len(c.bins))
	for i, b := range c.bins {
		out[2*i], out[2*i+1] = b.n-b.ones, b.ones
	}
	return out
}

// Scores is what calibration comes to. Only Brier and Debiased compare arms of
// different size: ECE and MCE shrink as rows come, also for a perfect model.
type Scores struct {
	Brier       float64 // mean squared error of the score, in [0, 1]
	ECE         float64 // mean |mean score − mean label| of bins, by rows
	MCE         float64 // the largest
	Debiased    float64 // mean squared difference less its sampling variance; may be below 0
	InTheLarge  float64 // mean score − mean label
	Reliability float64 // Murphy's parts: mean squared difference of bins,
	Resolution  float64 // how far the bins' labels are from their mean,
	Uncertainty float64 // and variance of the labels
}

// Scores are 0 without rows.
func (c *Calibration) Scores() (s Scores) {
	n := float64(c.N())
	if n == 0 {
		return s
	}
	base := 0.0
	for _, b := range c.bins {
		base += float64(b.ones) / n
	}
	for _, b := range c.Bins() {
		if b.N == 0 {
			continue
		}
		k, gap := float64(b.N), math.Abs(b.Score-b.Label)
		w := k / n
		square := float64(gap * gap)
		s.ECE += float64(w * gap)
		s.MCE = math.Max(s.MCE, gap)
		s.InTheLarge += float64(w * (b.Score - b.Label))
		s.Reliability += float64(w * square)
		s.Resolution += float64(w * (b.Label - base) * (b.Label - base))
		if b.N > 1 {
			s.Debiased += float64(w * (square - float64(b.Label*(1-b.Label))/(k-1)))
		}
	}
	s.Brier = c.squares.float() / n
	s.Uncertainty = base * (1 - base)
	return s
}

// NewReliability watches whether labels at the same score differ between the arms by
// more than a tolerance, in any bin of the score, in windows of labels that ripened:
// each bin is a feature of its own, since the arms may score different rows. Show it
// windows through ByScore.
func NewReliability(bins int, above float64, stages int) *Features {
	f, bins := &Features{}, max(bins, 1)
	for i := range bins {
		name := fmt.Sprintf("score %.3g to %.3g", float64(i)/float64(bins), float64(i+1)/float64(bins))
		f.AddFeature(name, NewKS(2, above, stages))
	}
	return f
}

// ByScore splits a window whose parts hold counts as Counts gives them, zeros and ones
// of each bin, into one window per bin. It reuses the memory of out.
func ByScore(out []Block, b Block) []Block {
	if b.Bins < 2 || b.Bins%2 != 0 || b.Sub < 1 || len(b.Stable) != b.Sub*b.Bins || len(b.Canary) != len(b.Stable) {
		return out[:0]
	}
	bins := b.Bins / 2
	for len(out) < bins {
		out = append(out, Block{})
	}
	for i := range bins {
		w := &out[i]
		w.Sub, w.Bins, w.Stage, w.Stable, w.Canary = b.Sub, 2, b.Stage, w.Stable[:0], w.Canary[:0]
		for s := range b.Sub {
			at := s*b.Bins + 2*i
			w.Stable = append(w.Stable, b.Stable[at:at+2]...)
			w.Canary = append(w.Canary, b.Canary[at:at+2]...)
		}
	}
	return out[:bins]
}
