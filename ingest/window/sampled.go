package window

import "verdin/stats"

// sampled books a prediction that stands for rate predictions. Tests count it once.
func (a *Arm) sampled(p *Plan, hash uint64, rate float64) {
	g := Group{Cell: uint16(stats.GridCell(rate)), N: 1}
	g.Sum, _ = stats.Fix(rate)
	if p.Sticky {
		g.Bucket = uint8(hash % Buckets)
	}
	a.Rates = append(a.Rates, g)
}

// Served is how many predictions those of the arm stand for.
func (a *Arm) Served() float64 {
	n, sum := a.N, stats.Sum128{}
	for i := range a.Rates {
		n -= a.Rates[i].N
		sum.Add(a.Rates[i].Sum)
	}
	return float64(n) + sum.Float()
}
