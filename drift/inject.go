package drift

import "math"

// Profile is what injections need to know of a feature.
type Profile struct{ Mean, SD, Median, P99, Most float64 }

// ProfileOf takes ascending finite values.
func ProfileOf(values []float64) (p Profile) {
	n := len(values)
	if n == 0 || !ascending(values) {
		return p
	}
	for _, x := range values {
		p.Mean += x / float64(n)
	}
	for _, x := range values {
		d := (x - p.Mean) / math.Sqrt(float64(n))
		p.SD += float64(d * d)
	}
	p.SD = finite(math.Sqrt(p.SD))
	p.Median, p.P99, p.Most = values[n/2], values[n*99/100], values[n-1]
	return p
}

// Injection is a fault that is put into a feature to see whether, and how soon, it is
// found. Size is in the unit that Meaning names; u is uniform on [0, 1), one per row.
type Injection struct {
	Name    string
	Meaning string
	Apply   func(p Profile, x, u, size float64) (y float64, missing bool)
}

// Injections lists the faults. One that begins late is any of them, from a window on.
var Injections = []Injection{
	{"mean", "values move by size standard deviations", func(p Profile, x, _, size float64) (float64, bool) {
		return finite(x + float64(size*p.SD)), false
	}},
	{"scale", "distances from the mean grow by the part size", func(p Profile, x, _, size float64) (float64, bool) {
		return finite(p.Mean + float64((x-p.Mean)*(1+size))), false
	}},
	{"tail", "a share size of rows moves beyond the 99th percentile", func(p Profile, x, u, size float64) (float64, bool) {
		if u < size {
			x = finite(p.P99 + float64(p.SD*(u/size)))
		}
		return x, false
	}},
	{"one bin", "a share size of rows becomes the median", func(p Profile, x, u, size float64) (float64, bool) {
		if u < size {
			x = p.Median
		}
		return x, false
	}},
	{"missing", "a share size of rows loses its value", func(_ Profile, x, u, size float64) (float64, bool) {
		return x, u < size
	}},
	{"new value", "a share size of rows has a value beyond all before", func(p Profile, x, u, size float64) (float64, bool) {
		if u < size {
			x = above(p.Most)
		}
		return x, false
	}},
	{"unit", "all values are multiplied by size, as by a change of unit", func(_ Profile, x, _, size float64) (float64, bool) {
		return finite(x * size), false
	}},
}

// Pretend tells whether a row of the stable arm plays the canary in an A/A split: a
// share of all keys, by a hash of the key with a salt, so that a unit stays on its side
// and another salt makes an independent split.
func Pretend(key, salt uint64, share float64) bool {
	return float64(mix(mix(key)^mix(salt+0x9e3779b97f4a7c15))>>11)/(1<<53) < share
}
