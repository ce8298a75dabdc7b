package bench

import (
	"context"
	"fmt"
	"math"
	"strings"
)

var driftNames = []string{"G, α-spending", "PSI > 0.1", "PSI > 0.2", "KS, each look", "Evidently", "NannyML", "always fire"}

// Drift plays everything about the tests of distributions.
func Drift(ctx context.Context, o Options) (Report, error) {
	r := Report{Part: "drift"}
	version := "quick version: it can refute a bar, not prove it"
	if o.Full() {
		version = "full version"
	}
	r.Text = fmt.Sprintf("Made by `verdin bench drift` with seed %d and %s runs a row where no other number stands (%s).\n\n", o.Seed, Thousands(o.Runs), version)
	results, err := o.driftAlarms(ctx, &r, harmlessDrift())
	if err != nil {
		return Report{}, err
	}
	if k, n, bad := o.pooledBroken(results, Harm); bad {
		r.Break("harmless worlds of the exact PSI test together: %d false alarms in %d runs", k, n)
	}
	return r, o.driftFinds(ctx, &r)
}

func (o Options) driftAlarms(ctx context.Context, r *Report, cases []Case) ([]Result, error) {
	results, err := o.PlayAll(ctx, "harmless", cases)
	if err != nil {
		return nil, err
	}
	t := Table{Columns: append([]string{"harmless world", "runs", "Verdin psi", "upper bound", "Verdin ks", "upper bound", "bar"}, driftNames...)}
	var about strings.Builder
	for _, x := range results {
		row := []string{x.Name, Thousands(x.Tallies[0].Runs())}
		for _, ours := range x.Tallies[:2] {
			row = append(row, Percent(ours.Share(Harm)), Percent(ours.Upper(Harm)))
			if o.Broken(ours.Count(Harm), ours.Runs(), x.Bar()) {
				r.Break("%s, %s: %d false alarms in %d runs, the bar is %v", x.Name, ours.Rule, ours.Count(Harm), ours.Runs(), x.Bar())
			}
		}
		row = append(row, Percent(x.Bar()))
		for _, name := range driftNames {
			row = append(row, cell(x, name, func(t Tally) float64 { return t.Share(Harm) }))
		}
		t.Rows = append(t.Rows, row)
		fmt.Fprintf(&about, "- *%s*: %s\n", x.Name, x.About)
	}
	r.Section("Drift: false alarms", fmt.Sprintf("Share of harmless canaries that are rolled back, in percent, under %d looks, α = 5 %%, %d bins, windows cut into %d parts (128 buckets of users where they are sticky). "+
		"The upper bound is that of Clopper and Pearson at 99 %%. Exact methods have α as bar, asymptotic ones 1.2·α.", driftLooks, driftBins, driftParts), t)
	r.Draw("drift-false-alarms.svg", "false alarms of drift checks by world and rule", o.driftDots(results))
	r.Text += "The worlds:\n\n" + about.String() + "\n"
	return results, nil
}

func (o Options) driftDots(results []Result) []byte {
	return harmDots("Harmless canaries rolled back for drift (dashed: the promise of 5 %)", driftAlpha, results,
		"Verdin psi", "PSI > 0.1", "KS, each look", "Evidently", "NannyML")
}

func (o Options) driftFinds(ctx context.Context, r *Report) error {
	prompt, err := o.found(ctx, r, finds)
	if err != nil {
		return err
	}
	r.Section("Drift: events to a verdict", fmt.Sprintf("Median number of canary rows until a drift is found, α = 1 %%, %d equal bins, exponential tilt, a look every %d canary rows, %g %% canary. "+
		"The bar compares with the G test whose looks are paid for; *missed* is in percent, within the history. What fires on harmless canaries, above, is no rival here: it is soon because it always is.", driftBins, findEach, 100*findShare), prompt)
	late, err := o.found(ctx, r, lateFinds)
	if err != nil {
		return err
	}
	r.Section("Drift that begins late", "The same where the arms are equal at first, within one stage: rows are counted from the start of the drift. A quarter of the evidence is spread over such starts.", late)
	return nil
}

// found is the table of worlds with drift.
func (o Options) found(ctx context.Context, r *Report, worlds []Found) (Table, error) {
	var cases []Case
	for _, f := range worlds {
		cases = append(cases, f.Case())
	}
	results, err := o.PlayAll(ctx, "drift", cases)
	if err != nil {
		return Table{}, err
	}
	t := Table{Columns: append([]string{"true PSI", "after windows", "runs", "Verdin psi", "÷ G", "bar", "missed", "Verdin ks"}, driftNames...)}
	for i, x := range results {
		f, psi := worlds[i], x.Tallies[0]
		g, _ := x.Find("G, α-spending")
		ours, theirs := psi.Quantile(0.5)-f.After, g.Quantile(0.5)-f.After
		ratio := math.Inf(1)
		if ours > 0 && theirs > 0 {
			ratio = float64(ours) / float64(theirs)
		}
		if o.judges() && !(ratio <= f.Bar) {
			r.Break("PSI %v after %d windows: found %d windows later, by the G test with α-spending %d; the bar is %v times", f.Index, f.After, ours, theirs, f.Bar)
		}
		row := []string{Number(f.Index), Thousands(f.After), Thousands(psi.Runs()), f.rows(psi), Number(ratio), Number(f.Bar), Percent(psi.Share(None)), f.rows(x.Tallies[1])}
		for _, name := range driftNames {
			other, _ := x.Find(name)
			row = append(row, f.rows(other))
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

// rows is the median number of canary rows from the start of the drift until an answer.
func (f Found) rows(t Tally) string {
	switch q := t.Quantile(0.5); {
	case q <= 0:
		return "–"
	case q <= f.After:
		return "before"
	default:
		return Thousands((q - f.After) * findEach)
	}
}
