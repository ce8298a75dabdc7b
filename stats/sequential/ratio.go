package sequential

// Pairs are the values (y, m) of one arm in one block: numerator and denominator per
// unit, such as clicks and impressions of a session. The metric is Σy/Σm.
type Pairs struct {
	N            int64
	MeanY, MeanM float64
	M2Y, M2M     float64 // sums of squared deviations
	CoM          float64 // sum of products of deviations
}

// Merge returns the moments of both sets of pairs.
func (p Pairs) Merge(o Pairs) Pairs {
	switch {
	case o.N == 0:
		return p
	case p.N == 0:
		return o
	}
	y := Moments{p.N, p.MeanY, p.M2Y}.Merge(Moments{o.N, o.MeanY, o.M2Y})
	m := Moments{p.N, p.MeanM, p.M2M}.Merge(Moments{o.N, o.MeanM, o.M2M})
	k := float64(p.N) / float64(y.N) * float64(o.N)
	return Pairs{y.N, y.Mean, m.Mean, y.M2, m.M2, p.CoM + o.CoM + float64((o.MeanY-p.MeanY)*(o.MeanM-p.MeanM)*k)}
}

func (p Pairs) lawful() bool {
	return Moments{p.N, p.MeanY, p.M2Y}.lawful() && Moments{p.N, p.MeanM, p.M2M}.lawful() && p.CoM-p.CoM == 0
}

// residuals are the moments of y' − r·m with y' = (y − delta·m)/ratio.
func (p Pairs) residuals(r, ratio, delta float64) Moments {
	slope := delta/ratio + r // y/ratio − slope·m
	y2, c := p.M2Y/ratio/ratio, p.CoM/ratio
	return Moments{
		N:    p.N,
		Mean: p.MeanY/ratio - float64(slope*p.MeanM),
		M2:   max(0, y2+float64(slope*slope*p.M2M)-float64(2*slope*c)),
	}
}

// ratioPart scores the residuals about the pooled ratio of the block; the weight is
// in denominators, so that score ÷ weight is a difference of ratios.
func ratioPart(a, b Pairs, ratio, delta float64) part {
	na, nb := float64(a.N), float64(b.N)
	m := float64(na*a.MeanM) + float64(nb*b.MeanM)
	if !(m > 0) {
		return part{}
	}
	y := float64(na*a.MeanY) + float64(nb*((b.MeanY-float64(delta*b.MeanM))/ratio))
	p := partOf(a.residuals(y/m, 1, 0), b.residuals(y/m, ratio, delta), 0)
	p.w *= m / (na + nb)
	return p
}

// ObserveRatio is Observe for a ratio metric Σy/Σm: values are replaced by their
// residuals about the pooled ratio of the block. A margin is one of the ratio.
// Denominators should be positive; a block whose denominators sum to 0 is not scored.
func (t *Score) ObserveRatio(a, b Pairs, stage int) (scored bool) {
	if !(t.ratio > 0) || !a.lawful() || !b.lawful() {
		return false
	}
	return t.observe(ratioPart(a, b, t.ratio, t.delta), ratioPart(a, b, 1, 0), a.N, b.N, stage)
}

// PairsOf makes pairs from the moments of y, of m and of y + m, each of which exact
// sums give in any order of merging: the co-moment is half of what the third's spread
// has beyond the others'.
func PairsOf(y, m, sum Moments) Pairs {
	return Pairs{N: y.N, MeanY: y.Mean, MeanM: m.Mean, M2Y: y.M2, M2M: m.M2, CoM: (sum.M2 - y.M2 - m.M2) / 2}
}
