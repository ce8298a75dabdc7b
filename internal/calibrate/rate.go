package calibrate

import "gonum.org/v1/gonum/stat/distuv"

// Rate is a share of runs with its bounds of Clopper and Pearson (1934), 95 % together.
type Rate struct {
	Found int     `json:"found"`
	Runs  int     `json:"runs"`
	Share float64 `json:"share"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// NewRate is what k of n runs say; of no runs nothing is known.
func NewRate(k, n int) Rate {
	r := Rate{Found: k, Runs: n, High: 1}
	if n <= 0 {
		return r
	}
	const side = 0.025
	r.Share = float64(k) / float64(n)
	if k > 0 {
		r.Low = distuv.Beta{Alpha: float64(k), Beta: float64(n - k + 1)}.Quantile(side)
	}
	if k < n {
		r.High = distuv.Beta{Alpha: float64(k + 1), Beta: float64(n - k)}.Quantile(1 - side)
	}
	return r
}
