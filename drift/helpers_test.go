package drift

import (
	"math"
	"math/rand/v2"
)

// outcomes calls f with every count vector of n events in the given bins.
func outcomes(bins int, n int64, f func(counts []int64)) {
	counts := make([]int64, bins)
	var fill func(bin int, left int64)
	fill = func(bin int, left int64) {
		if bin == bins-1 {
			counts[bin] = left
			f(counts)
			return
		}
		for c := int64(0); c <= left; c++ {
			counts[bin] = c
			fill(bin+1, left-c)
		}
	}
	fill(0, n)
}

// chance is the multinomial probability of counts under law p.
func chance(counts []int64, p []float64) float64 {
	n, log := 0.0, 0.0
	for i, c := range counts {
		if c == 0 {
			continue
		}
		n += float64(c)
		lg, _ := math.Lgamma(float64(c) + 1)
		log += float64(c)*math.Log(p[i]) - lg
	}
	lg, _ := math.Lgamma(n + 1)
	return math.Exp(log + lg)
}

// law returns a random distribution; a small even makes some bins rare.
func law(r *rand.Rand, bins int, even float64) []float64 {
	p, sum := make([]float64, bins), 0.0
	for i := range p {
		p[i] = math.Pow(r.ExpFloat64(), 1/even) + 1e-9
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// towards moves from p to q as far as distance stays at most d; at d the pair lies
// on the boundary of the null.
func towards(p, q []float64, d float64, distance func(p, q []float64) float64) []float64 {
	at := func(part float64) []float64 {
		mixed := make([]float64, len(q))
		for i := range q {
			mixed[i] = p[i] + part*(q[i]-p[i])
		}
		return mixed
	}
	low, high := 0.0, 1.0
	if distance(p, q) <= d {
		low = 1
	}
	for low < 1 && high-low > 1e-15 {
		if half := (low + high) / 2; distance(p, at(half)) <= d {
			low = half
		} else {
			high = half
		}
	}
	return at(low)
}

// tilted is an even law and its exponential tilt at the given distance.
func tilted(bins int, d float64, distance func(p, q []float64) float64) (p, q []float64) {
	p, q = make([]float64, bins), make([]float64, bins)
	low, high := 0.0, 50.0
	for range 60 {
		strength, sum := (low+high)/2, 0.0
		for i := range q {
			p[i] = 1 / float64(bins)
			q[i] = math.Exp(strength * (float64(i)/float64(bins) - 0.5))
			sum += q[i]
		}
		for i := range q {
			q[i] /= sum
		}
		if distance(p, q) < d {
			low = strength
		} else {
			high = strength
		}
	}
	return p, q
}

// apart is the KS distance of two laws.
func apart(p, q []float64) (d float64) {
	sum := 0.0
	for i := range p {
		sum += q[i] - p[i]
		d = math.Max(d, math.Abs(sum))
	}
	return d
}

// fill draws n events of law p into the parts of a window at random.
func fill(r *rand.Rand, counts []uint64, p []float64, n int) {
	parts := len(counts) / len(p)
	for range n {
		u, i := r.Float64(), 0
		for ; i < len(p)-1 && u >= p[i]; i++ {
			u -= p[i]
		}
		counts[r.IntN(parts)*len(p)+i]++
	}
}

// window draws a window of n stable and m canary events.
func window(r *rand.Rand, sub int, p, q []float64, n, m int) Block {
	b := Block{Sub: sub, Bins: len(p), Stable: make([]uint64, sub*len(p)), Canary: make([]uint64, sub*len(p))}
	fill(r, b.Stable, p, n)
	fill(r, b.Canary, q, m)
	return b
}

// whole makes a window of one part.
func whole(stable, canary []int64) Block {
	b := Block{Sub: 1, Bins: len(stable)}
	for i := range stable {
		b.Stable = append(b.Stable, uint64(stable[i]))
		b.Canary = append(b.Canary, uint64(canary[i]))
	}
	return b
}

// distances names the distance that a method bounds.
var distances = map[string]func(p, q []float64) float64{"psi": distance, "ks": apart}
