package bench

import (
	"context"
	"fmt"
	"io"
	"math"
	"sync"
)

// Options of a run of the bench.
type Options struct {
	Seed     uint64
	Runs     int       // per case, where its full version has 10,000
	Progress io.Writer // what is being played; nil = silent
}

// DefaultRuns is the number of runs of a quick look, FullRuns that of the full version.
const (
	DefaultRuns = 200
	FullRuns    = fullRuns
)

// Full tells whether bars must hold at 99 % confidence; a smaller run can only refute them.
func (o Options) Full() bool { return o.Runs >= fullRuns }

// judges tells whether means, medians and sums over cases are held to their bars: not
// in runs that are smaller than the quick look.
func (o Options) judges() bool { return o.Runs >= DefaultRuns }

// runs scales the number of runs of a case.
func (o Options) runs(c Case) int { return max(1, c.Runs*o.Runs/fullRuns) }

// Result is a case with what its rules answered.
type Result struct {
	Case
	Tallies []Tally
}

// Find returns the tally of a rule.
func (r Result) Find(rule string) (Tally, bool) {
	for _, t := range r.Tallies {
		if t.Rule == rule {
			return t, true
		}
	}
	return Tally{}, false
}

// PlayAll plays cases one after the other, and says so.
func (o Options) PlayAll(ctx context.Context, what string, cases []Case) ([]Result, error) {
	var out []Result
	for i, c := range cases {
		n := o.runs(c)
		p := Plan{Seed: o.Seed, Runs: n, Done: o.progress(fmt.Sprintf("%s %d of %d, %s", what, i+1, len(cases), c.Name), n)}
		tallies, err := c.Play(ctx, p)
		if err != nil {
			return nil, err
		}
		out = append(out, Result{c, tallies})
	}
	return out, nil
}

// progress rewrites one line for each tenth of the runs.
func (o Options) progress(what string, runs int) func(int) {
	if o.Progress == nil {
		return nil
	}
	var mu sync.Mutex
	done, shown := 0, -1
	return func(n int) {
		mu.Lock()
		defer mu.Unlock()
		done += n
		if tenth := 10 * done / runs; tenth > shown {
			shown = tenth
			fmt.Fprintf(o.Progress, "%s: %s of %s runs\n", what, Thousands(done), Thousands(runs))
		}
	}
}

// Broken tells whether ours, counted k times in n, breaks a bar: in the full version if
// its upper bound lies above, in a smaller one only if its lower bound does.
func (o Options) Broken(k, n int, bar float64) bool {
	if o.Full() {
		return Upper(k, n, confidence) > bar
	}
	return Lower(k, n, confidence) > bar
}

// pooledBroken tells whether the exact cases of one bar, taken together, break it: small
// runs of many cases have the confidence that none has alone.
func (o Options) pooledBroken(results []Result, a Answer) (k, n int, bad bool) {
	bar := 0.0
	for _, r := range results {
		if r.Exact {
			k, n, bar = k+r.Tallies[0].Count(a), n+r.Tallies[0].Runs(), r.Bar()
		}
	}
	return k, n, n > 0 && o.judges() && Upper(k, n, confidence) > bar
}

// ratio is the ratio of two rules' mean delays in the same histories, and its standard
// error.
func ratio(a, b Tally, length int) (r, se float64) {
	ma, mb := a.Mean(length), b.Mean(length)
	r = ma / mb
	sum := 0.0
	looks := func(t Tally, i int) float64 {
		if t.First[i] == 0 {
			return float64(length)
		}
		return float64(t.First[i])
	}
	for i := range a.First {
		d := looks(a, i) - r*looks(b, i)
		sum += d * d
	}
	return r, math.Sqrt(sum) / (float64(a.Runs()) * mb)
}
