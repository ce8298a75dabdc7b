package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"verdin/schemas"
)

// fates are what became of a launch's runs: ours first, then each of the controllers.
type fates struct {
	Launch
	runs [][]Fate // by rule, by run
}

// rate counts the runs of a rule for which something holds.
type rate struct{ k, n int }

func (r rate) share() float64 { return float64(r.k) / float64(max(1, r.n)) }
func (r rate) upper() float64 { return Upper(r.k, r.n, confidence) }
func (r rate) lower() float64 { return Lower(r.k, r.n, confidence) }

func (f *fates) count(rule int, holds func(Fate) bool) (r rate) {
	r.n = len(f.runs[rule])
	for _, x := range f.runs[rule] {
		if holds(x) {
			r.k++
		}
	}
	return r
}

// median of a number over the runs of a rule for which something holds, if there are some.
func (f *fates) median(rule int, holds func(Fate) bool, number func(Fate) int64) (x int64, some bool) {
	var all []int64
	for _, x := range f.runs[rule] {
		if holds(x) {
			all = append(all, number(x))
		}
	}
	if len(all) == 0 {
		return 0, false
	}
	slices.Sort(all)
	return all[len(all)/2], true
}

// typical writes the median, "–" where there is none.
func (f *fates) typical(rule int, holds func(Fate) bool, number func(Fate) int64) string {
	if x, some := f.median(rule, holds, number); some {
		return Thousands(int(x))
	}
	return "–"
}

// What can become of a rollout.
func rolledBack(f Fate) bool { return f.rolledBack() }
func promoted(f Fate) bool   { return f.Promoted }
func completed(f Fate) bool  { return f.completed() }
func found(f Fate) bool      { return f.rolledBack() && !f.Promoted }
func left(f Fate) bool       { return !f.rolledBack() && !f.completed() }

// seedOf makes the histories of a row its own, so that another row changes nothing here.
func (l *Launch) seedOf(seed uint64) uint64 { return Case{Name: "rollout: " + l.Name}.seed(seed) }

// playLaunch plays the runs of a row on all processors; each is a function of the seed,
// the row's name and its number.
func (o Options) playLaunch(ctx context.Context, l Launch, what string) (fates, error) {
	out := fates{Launch: l, runs: make([][]Fate, 1+len(controllers))}
	n := max(1, l.Runs*o.Runs/fullRuns)
	for i := range out.runs {
		out.runs[i] = make([]Fate, n)
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, runtime.GOMAXPROCS(0))
	done := o.progress(what, n)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for ctx.Err() == nil {
				run := int(next.Add(1)) - 1
				if run >= n {
					return
				}
				all, err := l.play(l.seedOf(o.Seed), uint64(run))
				if err != nil {
					errs <- err
					return
				}
				for i, f := range all {
					out.runs[i][run] = f
				}
				if done != nil {
					done(1)
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return out, err
	default:
		return out, ctx.Err()
	}
}

// Rollouts plays whole rollouts: from the first request through the judge and the
// decision to the end, beside the controllers of others.
func Rollouts(ctx context.Context, o Options) (Report, error) {
	r := Report{Part: "rollouts"}
	version := "quick version: it can refute a bar, not prove it"
	if o.Full() {
		version = "full version"
	}
	r.Text = fmt.Sprintf("Made by `verdin bench rollouts` with seed %d and %s runs a row where no other number stands (%s).\n\n", o.Seed, Thousands(max(1, launchRuns*o.Runs/fullRuns)), version)
	var all []fates
	rows := Launches()
	for i, l := range rows {
		f, err := o.playLaunch(ctx, l, fmt.Sprintf("rollouts %d of %d, %s", i+1, len(rows), l.Name))
		if err != nil {
			return Report{}, err
		}
		all = append(all, f)
	}
	r.Broken = o.brokenPromises(all)
	of := func(t Truth) (some []fates) {
		for _, f := range all {
			if f.Truth == t {
				some = append(some, f)
			}
		}
		return some
	}
	harmlessRollouts(&r, of(Harmless))
	marginalRollouts(&r, of(Marginal))
	harmfulRollouts(&r, of(Harmful))
	r.Text += "The worlds:\n\n"
	for _, f := range all {
		r.Text += fmt.Sprintf("- *%s*: %s\n", f.Name, f.About)
	}
	r.Text += "\n"
	return r, nil
}

// Trace plays one run of a row again and prints our verdicts and everybody's end.
func Trace(out io.Writer, seed uint64, row string, run int) error {
	rows := Launches()
	i := slices.IndexFunc(rows, func(l Launch) bool { return l.Name == row })
	if i < 0 {
		var names []string
		for _, l := range rows {
			names = append(names, l.Name)
		}
		return fmt.Errorf("bench rollouts: no row is called %q: name one of %s", row, strings.Join(names, "; "))
	}
	all, err := rows[i].trace(rows[i].seedOf(seed), uint64(run), func(window int, v *schemas.Verdict) {
		fmt.Fprintf(out, "generation %d, window %d: %s, %s at %d %%: %s: %s\n", v.Generation, window, v.Verdict, v.Phase, v.Stage.Weight, v.Reason.Code, v.Reason.Message)
	})
	if err != nil {
		return err
	}
	for i, f := range all {
		name := "Verdin"
		if i > 0 {
			name = controllers[i-1].name
		}
		fmt.Fprintf(out, "%s: %s after %d windows, promoted %v; %d windows and %d requests of a canary at a margin or beyond\n", name, cmp.Or(f.Phase, "not ended"), f.Windows, f.Promoted, f.Harmed, f.Exposed)
	}
	return nil
}
