package sequential

// Counts are the units of one arm in one block, and those among them that count: N ≥ Y ≥ 0.
type Counts struct{ N, Y int64 }

func (c Counts) lawful() bool { return 0 <= c.Y && c.Y <= c.N }

// Moments returns the moments of Y ones and N − Y zeros.
func (c Counts) Moments() Moments {
	if c.N <= 0 || !c.lawful() {
		return Moments{}
	}
	n, y := float64(c.N), float64(c.Y)
	return Moments{N: c.N, Mean: y / n, M2: y * (n - y) / n}
}

// Worse says which direction of a metric is harm.
type Worse int

const (
	Higher Worse = iota
	Lower
)

// Null is a bound on harm. Margin is a harm, ≥ 0: in the metric's unit, or, where
// Relative, as a part of the stable arm's value (0.1 = 10 %). Lower outcomes with an
// absolute margin are mirrored (failures are counted); relative margins stay in the
// metric's own space: 10 % of a success rate is not 10 % of the failure rate.
type Null struct {
	Worse    Worse
	Relative bool
	Margin   float64
}

// maxMargin bounds margins so that every product stays finite.
const maxMargin = 1e12

func (n Null) margin() float64 {
	if n.Margin > 0 {
		return min(n.Margin, maxMargin)
	}
	return 0
}

// ratio is the canary's value at the margin as a multiple of the stable arm's.
func (n Null) ratio() float64 {
	switch {
	case !n.Relative:
		return 1
	case n.Worse == Lower:
		return 1 - n.margin()
	}
	return 1 + n.margin()
}

// half is a null hypothesis on two rates, a half-plane: the points on or below the
// line θb = slope·θa + shift, or those on or above it.
type half struct {
	slope, shift float64
	above        bool
	mirror       bool // rates are those of failures: y → n − y
}

// harm is the null "harm ≤ margin".
func (n Null) harm() half {
	h := half{slope: n.ratio()}
	if n.Relative {
		h.above = n.Worse == Lower
		return h
	}
	h.shift, h.mirror = n.margin(), n.Worse == Lower
	return h
}

// safe is the null "harm ≥ margin".
func (n Null) safe() half {
	h := n.harm()
	h.above = !h.above
	return h
}

func (h half) at(a float64) float64 { return float64(h.slope*a) + h.shift }

func (h half) contains(a, b float64) bool {
	if h.above {
		return b >= h.at(a)
	}
	return b <= h.at(a)
}

func (h half) counts(c Counts) Counts {
	if h.mirror {
		c.Y = c.N - c.Y
	}
	return c
}

func (h half) rate(p float64) float64 {
	if h.mirror {
		return 1 - p
	}
	return p
}
